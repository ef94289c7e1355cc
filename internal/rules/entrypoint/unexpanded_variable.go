package entrypoint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// variable is a shell variable as people write it in a command.
var variable = regexp.MustCompile(`\$(\{[A-Za-z_][A-Za-z0-9_]*[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)`)

var unexpandedVariable = &check.Check{
	Name:     "unexpanded-variable",
	Claim:    "no argument in exec form relies on a shell to expand a variable",
	Why:      "exec form starts the program without a shell: the program receives the dollar sign and the name as text",
	Mend:     `let the program read the variable itself, or use a shell with exec: ["sh", "-c", "exec program --port \"$PORT\""]`,
	Quiet:    "Where the program is a shell, where the argument is code in another language (node -e), and where the start script evaluates its arguments.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		st := b.Start()
		if len(st.Words) == 0 {
			// An unknown base may bring an ENTRYPOINT that expands its words.
			return check.Judge(nil)
		}
		if st.File != nil && st.File.Script != nil {
			for _, c := range st.File.Script.Commands {
				if p := c.Program(); p == "eval" || p == "envsubst" || knowledge.Shells.Has(p) {
					return check.Judge(nil)
				}
			}
		}
		if st.Script != nil && len(st.Script.Commands) > 0 {
			program, _ := st.Script.Commands[0].Underlying()
			if knowledge.Shells.Has(program) && (st.File == nil || st.File.Script == nil) {
				return check.Judge(nil)
			}
			if strings.Contains(program, "env") && program != "env" {
				return check.Judge(nil)
			}
		}
		var found []check.Finding
		for i, w := range st.Words {
			if w.Span.IsZero() || i > 0 && knowledge.CodeFlags.Has(st.Words[i-1].Text) {
				continue
			}
			if step := st.Cmd.Step; step != nil && !step.JSON && w.Span == step.Rest().Span {
				continue
			}
			m := variable.FindString(w.Text)
			if m == "" || strings.ContainsAny(w.Text, "`\n;") {
				continue
			}
			found = append(found, recipe.Expand(b, holding(st, w.Span)).To(check.Finding{
				Place:   check.Place{File: b.Text(), Span: w.Span},
				Message: fmt.Sprintf("%s reaches the program unexpanded: in exec form no shell expands it", m),
				Cause:   "unexpanded",
			}))
		}
		return check.Judge(found)
	},
}

// holding is the instruction in which a word of a start stands; nil where it is not known.
func holding(st *source.Start, at text.Span) *source.Step {
	for _, step := range []*source.Step{st.Entrypoint.Step, st.Cmd.Step} {
		if step != nil && step.Span.Contains(at) {
			return step
		}
	}
	return nil
}
