package image

import "strings"

// ELF is what an executable or a shared library asks of the image that it is
// in, see elf(5). Object files and kernel modules are none.
type ELF struct {
	Arch    string   // as Go names it: "amd64"; "machine 1234" for one that Go has no name for
	Bits    int      // 32 or 64
	Interp  string   // the dynamic loader; "" = it is static, or a library
	Needed  []string // the libraries, as written
	RPath   []string // DT_RPATH's folders, $ORIGIN as written
	RunPath []string // DT_RUNPATH's
	Soname  string   // "" = it has none
	Exec    bool     // it has an entry point and no soname: something that is started
	// Partial says that its dynamic section could not be followed: Needed and
	// the paths may be missing.
	Partial bool
}

// Static tells whether it needs neither loader nor libraries.
func (e *ELF) Static() bool { return e.Interp == "" && len(e.Needed) == 0 && !e.Partial }

// A Script is the first line of a file that begins with #!.
type Script struct {
	Interp string // the interpreter, as written
	Arg    string // the one argument that it gets; "" = none
	// CRLF tells that the line ends in a carriage return, which the kernel
	// takes for a part of the interpreter's name or argument.
	CRLF bool
}

// Env tells whether the interpreter is looked for in PATH by env, and under
// which name.
func (s *Script) Env() (name string, ok bool) {
	if !strings.HasSuffix(s.Interp, "/env") {
		return "", false
	}
	for _, w := range strings.Fields(s.Arg) {
		if w == "-S" || strings.Contains(w, "=") {
			continue
		}
		if rest, found := strings.CutPrefix(w, "-S"); found {
			w = rest
		}
		if !strings.HasPrefix(w, "-") {
			return w, true
		}
	}
	return "", false
}
