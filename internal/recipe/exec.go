package recipe

import (
	"slices"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// Exec puts exec in front of the commands with which a start script ends.
func Exec(f *source.StartScript, last []*shell.Command) Advice {
	if f.Origin == nil || f.Origin.File == nil || f.Script == nil {
		return Advice{}
	}
	functions := map[string]bool{}
	for _, c := range f.Script.Commands {
		functions[c.Func] = true
	}
	if !endsOnce(f.Script, last) {
		return unfixed("what it ends in runs more than once, or a trap has something left to do")
	}
	var edits []text.Edit
	for _, c := range last {
		if c.Substitution || c.Inner || c.Negated || c.Background || c.PipeTo != nil || c.PipeFrom != nil || c.Func != "" || c.Ignored || len(c.Words) == 0 {
			return Advice{}
		}
		word := c.Words[0]
		if knowledge.Builtins.Has(word.Text) || functions[word.Text] || word.Span.IsZero() || word.Span.End > len(f.Origin.File.Data) {
			return Advice{}
		}
		edit := text.Edit{Span: text.Span{Start: word.Span.Start, End: word.Span.Start}, New: "exec "}
		if !slices.Contains(edits, edit) {
			edits = append(edits, edit)
		}
	}
	if len(edits) == 0 {
		return Advice{}
	}
	title := "put exec before the last command"
	return Advice{Help: "", Fixes: []check.Fix{fix(title, check.Safe, "", f.Origin.File, edits...)}}
}

// endsOnce tells whether a shell has nothing left to do once one of these commands of its
// program runs: no next turn of a loop, and no trap.
func endsOnce(s *shell.Script, last []*shell.Command) bool {
	ends, ok := s.Endings()
	if !ok || slices.ContainsFunc(s.Traps, func(t shell.Trap) bool { return t.When != shell.Never && !t.Reset }) {
		return false
	}
	return !slices.ContainsFunc(ends, func(e shell.Ending) bool { return e.Loop && slices.Contains(last, e.Command) })
}
