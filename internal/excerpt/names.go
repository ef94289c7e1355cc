// Package excerpt shows parts of files and of what programs said as they may be
// shown: in one line, cut around the place that is meant, without the characters
// that act on a terminal, and without a secret.
package excerpt

import (
	"path/filepath"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/redact"
)

// Names maps the paths of a project to what is printed: relative to where the
// user stands. The zero Names prints them as they are.
type Names struct {
	Root  string // the project's folder
	From  string // where the user stands
	Stdin string // the project path that stands for standard input, or ""

	// Redactor knows what nothing that is written may show; nil = it knows
	// nothing yet.
	Redactor *redact.Redactor
}

// Guarded is Names with a Redactor.
func (n Names) Guarded() Names {
	if n.Redactor == nil {
		n.Redactor = &redact.Redactor{}
	}
	return n
}

// Of is how a project path is printed, with slashes.
func (n Names) Of(p string) string {
	if n.Stdin != "" && p == n.Stdin {
		return "<stdin>"
	}
	for _, kind := range []string{check.ImageOf, check.RunOf} {
		// What was seen of a file's build has no file of its own.
		if rest, ok := strings.CutPrefix(p, kind); ok {
			return kind + n.Of(rest)
		}
	}
	if n.Root == n.From {
		return p
	}
	rel, err := filepath.Rel(n.From, filepath.Join(n.Root, filepath.FromSlash(p)))
	if err != nil {
		return p
	}
	return filepath.ToSlash(rel)
}

// Shown is Of without the characters that could do something to a terminal.
func (n Names) Shown(p string) string { return Visible(n.Of(p)) }
