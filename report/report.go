// Package report turns results into bytes: text for people, JSON for programs,
// SARIF for code hosts. A Writer takes results one by one, so that a long run
// shows what it has. It knows nothing of engines and registries.
package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/sarif"
)

// A Writer writes the results of one run.
type Writer interface {
	// Result writes one unit. The order of calls is the order of output.
	Result(*check.Result) error
	// Close writes what comes after the last result; problems are those that
	// no unit bears.
	Close(problems []check.Problem) error
}

// Names maps the paths of a project to what is printed.
type Names = excerpt.Names

// Options choose how a report is written. The zero Options write paths as they
// are in the project, without colours.
type Options struct {
	Names Names
	Color bool // of text: with ANSI colours
	// Verbose is, of the text of a proof, with each step and each layer.
	Verbose bool
	Notes   bool // of text: findings at note, too, of which else there is only a count
	Brief   bool // of text: no header for a unit without findings, and each reason and advice once
	// Compact is, of text, for many files: a finding's place in one line, without the
	// words underlined.
	Compact bool
	// Exit is asked last for the exit status that the last line of a text names; nil =
	// it names none.
	Exit func() int
}

// Formats are the names of the formats that New knows.
var Formats = []string{"text", "json", "sarif"}

// New is a writer of a format: "text", "json" or "sarif".
func New(format string, w io.Writer, opt Options) (Writer, error) {
	opt.Names = opt.Names.Guarded()
	switch format {
	case "text":
		return newText(w, opt), nil
	case "json":
		return newJSON(w, opt.Names), nil
	case "sarif":
		return newSARIF(w, opt.Names), nil
	}
	return nil, fmt.Errorf("there is no format %q: the formats are %s", format, strings.Join(Formats, ", "))
}

// Fingerprint identifies a finding across edits elsewhere in the file.
func Fingerprint(f check.Reported, u check.Unit) string {
	id := f.Identity(u)
	parts := []string{id.Check, id.Unit, id.Targets, id.File, id.Text}
	if id.Ordinal > 0 {
		parts = append(parts, strconv.Itoa(id.Ordinal))
	}
	return sarif.Fingerprint(parts...)
}

// helpOf is what to do. What the check says in general holds no value of a file, so a
// word of it that is one somewhere stays readable.
func helpOf(f check.Reported, hidden *excerpt.Hidden) string {
	if f.Help == "" {
		return f.Check.Mend
	}
	return hidden.Hide(f.Help)
}

// shownFixes are the fixes of a finding that a report can carry: none whose text
// would show a secret, for with the secret hidden it would write something else.
func shownFixes(f check.Reported, hidden *excerpt.Hidden) []check.Fix {
	return slices.DeleteFunc(slices.Clone(f.Fixes), func(x check.Fix) bool {
		for _, e := range x.Edits {
			if hidden.Hide(e.New) != e.New {
				return true
			}
		}
		return slices.ContainsFunc(x.Create, func(c check.Created) bool { return hidden.Hide(string(c.Data)) != string(c.Data) })
	})
}
