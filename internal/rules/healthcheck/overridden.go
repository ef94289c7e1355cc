package healthcheck

import (
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

var overridden = &check.Check{
	Name:     "overridden",
	Claim:    "a stage has one HEALTHCHECK",
	Why:      "only the last HEALTHCHECK in a stage takes effect",
	Mend:     "remove the one that has no effect",
	Severity: check.Warning,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Contents, source.Deployments, source.Variants},
	Aliases:  []string{"hadolint DL3012", "trivy DS-0023", "BuildKit MultipleInstructionsDisallowed"},
	Source: func(b *source.Build) check.Verdict {
		if b.Target == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Chain() {
			var old *source.Step
			for _, step := range s.Steps {
				if step.Keyword != "HEALTHCHECK" {
					continue
				}
				if old != nil {
					found = append(found, recipe.Remove(b, old, "take the HEALTHCHECK out that never takes effect").To(check.Finding{
						Place:   check.Place{File: b.Text(), Span: old.Span},
						Related: []check.Place{{File: b.Text(), Span: step.KeywordSpan(), Message: "this one takes effect"}},
						Message: "this HEALTHCHECK never takes effect: the stage has another one after it",
						Stage:   s,
					}))
				}
				old = step
			}
		}
		return check.Judge(found)
	},
}
