package secrets

import (
	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/source"
)

var inLabel = &check.Check{
	Name:     "in-label",
	Claim:    "no LABEL contains a secret",
	Why:      "registries, scanners and dashboards show labels even to users who do not pull the image",
	Mend:     "remove the value from the label, and rotate it",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Variables, source.Variants},
	Aliases:  []string{"CIS 4.10"},
	Image:    builtSettings(image.Label, labelsOf),
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		eachStep(b, func(s *source.Step) {
			if _, ok := s.Command.(*instructions.LabelCommand); ok {
				found = append(found, settings(b, s, "LABEL")...)
			}
		})
		return check.Judge(found)
	},
}
