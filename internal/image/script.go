package image

import (
	"bytes"
	"strings"
)

// A Script is the first line of a file that begins with #!.
type Script struct {
	Interp string // the interpreter, as written
	Arg    string // the one argument that it gets; "" = none
	// CRLF tells that the line ends in a carriage return, which the kernel
	// takes for a part of the interpreter's name or argument.
	CRLF bool
}

// maxShebang is how much of the first line Linux reads, since 5.1.
const maxShebang = 256

// parseScript reads a file's first line as binfmt_script does; nil = it does
// not begin with #!.
func parseScript(head []byte) *Script {
	if !bytes.HasPrefix(head, []byte("#!")) {
		return nil
	}
	line, _, _ := bytes.Cut(head[2:min(len(head), maxShebang)], []byte{'\n'})
	s := &Script{}
	text := strings.Trim(string(line), " \t")
	text, s.CRLF = strings.CutSuffix(text, "\r")
	text = strings.Trim(text, " \t")
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		s.Interp, s.Arg = text[:i], strings.TrimLeft(text[i:], " \t")
	} else {
		s.Interp = text
	}
	return s
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
