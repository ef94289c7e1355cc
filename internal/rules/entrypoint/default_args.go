package entrypoint

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

var defaultArgs = &check.Check{
	Name:     "default-args-in-entrypoint",
	Claim:    "default arguments stand in CMD, where they can be replaced",
	Why:      "what stands in ENTRYPOINT stays: docker run IMAGE --port 9000 adds to it instead of replacing it",
	Mend:     "leave the program in ENTRYPOINT and move its flags and arguments to CMD",
	Quiet:    "For an interpreter's own options, as python -m or java -jar, and for a shell's.",
	Severity: check.Note,
	Banking:  check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		step := b.Target.Final.Entrypoint
		if step == nil || !step.JSON {
			return check.Judge(nil)
		}
		words := step.Words()
		argv := make([]string, len(words))
		for i, w := range words {
			argv[i] = w.Text
		}
		i := recipe.Own(argv)
		if i == 0 || i >= len(words) {
			return check.Judge(nil)
		}
		span := words[i].Span.Join(words[len(words)-1].Span)
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: b.Text(), Span: span},
			Message: fmt.Sprintf("ENTRYPOINT holds arguments that belong in CMD, from %q on", words[i].Text),
		}})
	},
}
