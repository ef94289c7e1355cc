package deploy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Error is the file, the line, what is wrong and what to do, in one line.
func (e *Error) Error() string {
	s := "read " + e.File + ": "
	if e.Line > 0 {
		s += fmt.Sprintf("line %d: ", e.Line)
	}
	s += e.What
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

var lineRE = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// yamlError gives an error of the YAML parser its file and a way out.
func yamlError(file string, err error) *Error {
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	e := &Error{File: file}
	if m := lineRE.FindStringSubmatch(what); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		what = what[len(m[0]):]
	}
	e.What = what
	switch {
	case strings.Contains(what, "tab"):
		e.Hint = "indent with spaces"
	case strings.Contains(what, "mapping values are not allowed"):
		e.Hint = `quote a value that holds ": ", or check the indentation`
	case strings.Contains(what, "unknown anchor"):
		e.Hint = "define the anchor before its first use"
	case strings.Contains(what, "did not find expected"):
		e.Hint = "check the indentation and the quotes on the lines before it"
	default:
		e.Hint = "check the YAML syntax of that line"
	}
	return e
}
