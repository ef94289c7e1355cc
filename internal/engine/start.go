package engine

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/run"
)

// startError is the engine's refusal to start a container, without the layers
// of programs that it passed through.
func startError(err error) string {
	s := err.Error()
	s = strings.TrimPrefix(s, "Error response from daemon: ")
	for _, prefix := range []string{"failed to create task for container: ", "failed to create shim task: ", "failed to create shim: ", "OCI runtime create failed: ",
		"runc create failed: ", "crun: ", "runc: ", "container_linux.go:380: ", "starting container process caused: ", "unable to start container process: "} {
		if _, rest, ok := strings.Cut(s, prefix); ok && rest != "" {
			s = rest
		}
	}
	return strings.TrimSuffix(strings.TrimSpace(s), ": unknown")
}

var startCauses = []struct {
	kind run.CauseKind
	re   *regexp.Regexp
	text string
}{
	// The engine's own words: nothing of the program ran.
	{run.NoUser, regexp.MustCompile(`unable to find user ([^:\s]+)`), "the user $1 is not in the image's /etc/passwd"},
	{run.NotFound, regexp.MustCompile(`exec: "([^"]+)": executable file not found in \$PATH`), "this user does not find $1 in PATH"},
	{run.NotFound, regexp.MustCompile(`exec: "([^"]+)": stat [^:]+: no such file or directory`), "$1 does not exist"},
	{run.NotExecutable, regexp.MustCompile(`exec: "([^"]+)": permission denied`), "$1 may not be executed by this user"},
	{run.NotExecutable, regexp.MustCompile(`exec ([^:\s]+): exec format error|exec format error()`), "$1 is built for another architecture, or is a script without a #! line"},
	{run.NoInterpreter, regexp.MustCompile(`exec (?:([^:\s]+)|user process caused): "?no such file or directory`), "the interpreter of the program $1 does not exist: the one in its #! line (which may end in CR), or the loader of its C library"},
	// What programs say.
	{run.NoInterpreter, regexp.MustCompile(`(?:env|/usr/bin/env): .?([^:'’]+?)(?:\\r|\r|\?)?.?: No such file or directory`), "the interpreter $1 does not exist; a #! line that ends in CR LF names one that does not exist"},
	{run.NoLibrary, regexp.MustCompile(`error while loading shared libraries: ([^:]+): cannot open`), "the shared library $1 is not found"},
	{run.NoLibrary, regexp.MustCompile(`Error loading shared library ([^:]+): No such file`), "the shared library $1 is not found"},
	{run.NoLibrary, regexp.MustCompile("version `([^']+)' not found"), "the C library is older than the program requires: $1"},
	{run.NoModule, regexp.MustCompile(`(?:ModuleNotFoundError: )?No module named '?([\w.]+)'?`), "the Python module $1 is not found"},
	{run.NoModule, regexp.MustCompile(`Cannot find (?:module|package) '([^']+)'`), "the Node.js module $1 is not found"},
	{run.NoModule, regexp.MustCompile(`java\.lang\.(?:ClassNotFoundException|NoClassDefFoundError): (\S+)`), "the Java class $1 is not found"},
	{run.NotReadable, regexp.MustCompile(`can't open file '([^']+)': \[Errno 13\] Permission denied`), "the user may not read $1"},
	{run.NotReadable, regexp.MustCompile(`EACCES: permission denied, (?:open|scandir|stat|lstat) '([^']+)'`), "the user may not read $1"},
	{run.ReadOnly, regexp.MustCompile(`(?:EROFS|[Rr]ead-only file system)[^'"/]*:? ?(?:, \w+ )?['"]?([^'"\s]*)`), "it needs to write to a read-only file system: $1"},
	{run.NoPermission, regexp.MustCompile(`(?:[Oo]peration not permitted|EPERM)`), "an operation is not permitted"},
	{run.NotReadable, regexp.MustCompile(`([^\s:'"]+)['"]?: [Pp]ermission denied`), "permission on $1 is denied"},
	{run.NotReadable, regexp.MustCompile(`[Pp]ermission denied:? ['"]?([^'"\s]*)`), "permission on $1 is denied"},
	{run.NoConfig, regexp.MustCompile(`KeyError: '([A-Z][A-Z0-9_]+)'`), "it needs the environment variable $1"},
	{run.NoConfig, regexp.MustCompile(`(?i:missing|required|must (?:be )?set|not set|undefined|provide)[^A-Z\n]{0,60}\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b`), "it needs the environment variable $1"},
	{run.NoConfig, regexp.MustCompile(`\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b[^\n]{0,40}(?i:is required|is missing|is not set|must be set|not defined|Field required)`), "it needs the environment variable $1"},
	// Words, not parts of them: FileNotFoundError holds enotfound.
	{run.NoNetwork, regexp.MustCompile(`[^\n]*?(?:\bgetaddrinfo\b|(?i:could not translate host name|name resolution|no such host|name or service not known|connection refused|network is unreachable|no route to host)|\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|UnknownHostException)\b)[^\n]*`), "it needs another service: $0"},
	{run.NoFile, regexp.MustCompile(`(?:FileNotFoundError: \[Errno 2\] No such file or directory: |ENOENT: no such file or directory, \w+ |(?i:can't open|cannot open|could not open|failed to open)[^'"/]{0,40})['"]?([^'"\s:]+)`), "the file $1 does not exist"},
	{run.NoFile, regexp.MustCompile(`(?:^|[\s'"(=])(/[^\s:'"]+)['"]?: [Nn]o such file or directory`), "the file $1 does not exist"},
	{run.NoFile, regexp.MustCompile(`(?:FileNotFoundException|NoSuchFileException): ([^\s(]+)`), "the file $1 does not exist"},
}

var warningRE = regexp.MustCompile(`\w*Warning: |\bWARN(?:ING)?\b|^\s*(?:npm )?warn\b`)

// lastFirst are the places of lines, the last first, those of warnings behind all others.
func lastFirst(lines []string) []int {
	var order, warnings []int
	for i := len(lines) - 1; i >= 0; i-- {
		if warningRE.MatchString(lines[i]) {
			warnings = append(warnings, i)
		} else {
			order = append(order, i)
		}
	}
	return append(order, warnings...)
}

var (
	fieldRE   = regexp.MustCompile(`^[A-Za-z_]\w*(?:(?:\.| -> )\w+)*$`)
	missingRE = regexp.MustCompile(`^\s*(?:Field required \[type=missing|field required \(type=value_error\.missing)`)
	typeRE    = regexp.MustCompile(`\s[\[(]type=\w+[^\n]*$`)
	furtherRE = regexp.MustCompile(`^\s*For further information visit \S+\s*$`)
)

// unbracketed is a line without the bracket in which pydantic shows its kind of error and
// the input.
func unbracketed(line string) string { return typeRE.ReplaceAllString(line, "") }

// modes are variables that are named as a condition, and have a value: "must be set when
// NODE_ENV is production".
var modes = map[string]bool{"NODE_ENV": true, "APP_ENV": true, "RAILS_ENV": true, "RACK_ENV": true, "FLASK_ENV": true, "ASPNETCORE_ENVIRONMENT": true}

// fieldOf is the field that pydantic says is wrong in a line: the line before. "" = none, as
// for what holds of all of them.
func fieldOf(lines []string, i int) string {
	if i == 0 || !typeRE.MatchString(lines[i]) || !fieldRE.MatchString(lines[i-1]) || lines[i-1] == "__root__" {
		return ""
	}
	return strings.ReplaceAll(lines[i-1], " -> ", ".")
}

// lastSaid is what a program said last, without where to read about it.
func lastSaid(lines []string) string {
	for len(lines) > 0 && (strings.TrimSpace(lines[len(lines)-1]) == "" || furtherRE.MatchString(lines[len(lines)-1])) {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return ""
	}
	said := unbracketed(lines[len(lines)-1])
	if field := fieldOf(lines, len(lines)-1); field != "" {
		said = field + ": " + strings.TrimSpace(said)
	}
	return lastWords([]string{said})
}

// startCause is why a container did not come up, by what the engine and the
// program said. nil = nothing is known but the code.
func startCause(s run.Start) *run.Cause {
	if s.OOM {
		return &run.Cause{Kind: run.OutOfMemory, Text: "it needs more memory than the limit"}
	}
	lines := append([]string{s.Error}, s.Logs...)
	// The last words count: what a program says before it dies, warnings last of all.
	for _, i := range lastFirst(lines) {
		// Pydantic says the field on one line and what is wrong with it on the next.
		if field := fieldOf(lines, i); field != "" && missingRE.MatchString(lines[i]) {
			name := strings.ToUpper(strings.ReplaceAll(field, ".", "__"))
			return &run.Cause{Kind: run.NoConfig, Path: name, Text: "it needs the environment variable " + name}
		}
		// What it shows of its input is not what it lacks.
		line := unbracketed(lines[i])
		for _, c := range startCauses {
			m := c.re.FindStringSubmatchIndex(line)
			if m == nil || c.kind == run.NoConfig && len(m) > 3 && modes[line[m[2]:m[3]]] {
				continue
			}
			cause := &run.Cause{Kind: c.kind, Text: strings.TrimSpace(string(c.re.ExpandString(nil, c.text, line, m)))}
			for g := 1; 2*g+1 < len(m); g++ {
				if m[2*g] >= 0 && m[2*g] < m[2*g+1] {
					cause.Path = line[m[2*g]:m[2*g+1]]
					break
				}
			}
			cause.Text = strings.TrimSuffix(cause.Text, ":")
			return cause
		}
	}
	switch {
	case s.Error != "":
		return &run.Cause{Kind: run.Crashed, Text: s.Error}
	case s.Ended:
		if said := lastSaid(s.Logs); said != "" {
			return &run.Cause{Kind: run.Crashed, Text: said}
		}
	}
	return nil
}
