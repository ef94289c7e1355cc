package excerpt

import (
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/redact"
)

// Visible is s in one line without the characters that could do something to a
// terminal.
func Visible(s string) string { return redact.OneLine(s) }

// Cut is s with no more than n characters and a sign that there were more.
func Cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// Sentence begins with a capital and ends with a full stop.
func Sentence(s string) string {
	if s == "" {
		return s
	}
	// A name, as of an image or a file, keeps its own case.
	word, _, _ := strings.Cut(s, " ")
	if c := s[0]; c >= 'a' && c <= 'z' && !strings.ContainsAny(word, "/.:@_-0123456789") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if last := s[len(s)-1]; last != '.' && last != '!' && last != '?' {
		s += "."
	}
	return s
}

// Problem is a problem in one line.
func Problem(p check.Problem) string {
	msg := p.Err.Error()
	// Errors of the file system name the path again.
	if i := strings.LastIndex(msg, p.Path+": "); i >= 0 {
		msg = msg[i+len(p.Path)+2:]
	}
	return msg
}

// Outcome is an outcome in words, as a scorecard shows it.
func Outcome(o check.Outcome) string { return strings.ReplaceAll(o.String(), "-", " ") }
