package multistage

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var unusedStage = &check.Check{
	Name:     "unused-stage",
	Claim:    "every stage is part of a build",
	Why:      "BuildKit skips a stage that no target needs: its instructions, such as running tests, are not executed",
	Mend:     "remove the stage, copy something from it, or name it under targets: in .dockworthy.yaml if it is built separately",
	Severity: check.Note,
	Since:    "0.1.0",
	Merge:    check.All, // another target may need it
	Source: func(b *source.Build) check.Verdict {
		if b.Target == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Stages {
			if b.Reaches(s) {
				continue
			}
			span, name := stageName(s)
			found = append(found, check.Finding{
				Place:   check.Place{File: b.Text(), Span: span},
				Stage:   s,
				Message: fmt.Sprintf("no target that is built here needs stage %s", name),
			})
		}
		return check.Judge(found)
	},
}

// stageName is what a stage is called, and where; its number where it has no
// name.
func stageName(s *source.Stage) (text.Span, string) {
	if words := s.From.Words(); s.Name != "" && len(words) >= 3 {
		return words[len(words)-1].Span, s.Name
	}
	return imageSpan(s.From), fmt.Sprintf("number %d", s.Index)
}
