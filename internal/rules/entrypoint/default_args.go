package entrypoint

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

var defaultArgs = &check.Check{
	Name:     "default-args-in-entrypoint",
	Claim:    "default arguments are in CMD, where they can be replaced",
	Why:      "arguments in ENTRYPOINT are fixed: docker run IMAGE --port 9000 appends to them instead of replacing them",
	Mend:     "keep the program in ENTRYPOINT and move its flags and arguments to CMD",
	Quiet:    "For the options of an interpreter, such as python -m or java -jar, and for those of a shell.",
	Unfixed:  "which of the words somebody may want to replace is for you to say",
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
			Message: fmt.Sprintf("ENTRYPOINT contains arguments that belong in CMD, from %q on", words[i].Text),
		}})
	},
}
