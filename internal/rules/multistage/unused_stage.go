package multistage

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var unusedStage = &check.Check{
	Name:     "unused-stage",
	Claim:    "every stage is part of a build",
	Why:      "BuildKit skips a stage that no target needs: its instructions, such as running tests, are not executed",
	Mend:     "remove the stage, copy something from it, or name it under targets: in .dockworthy.yaml if it is built separately",
	Unfixed:  "somebody may build it by its name: only you know",
	Severity: check.Note,
	Since:    "0.1.0",
	Merge:    check.All, // another target may need it
	Source: func(b *source.Build) check.Verdict {
		if b.Target == nil {
			return check.None()
		}
		var found []check.Finding
		picked := pickable(b)
		for _, s := range b.Stages {
			if b.Reaches(s) || picked[s] {
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

// pickable are the stages that another value of an argument or another platform
// picks, as FROM base-${TARGETARCH} does, those that a Makefile or a pipeline builds,
// and those that they need.
func pickable(b *source.Build) map[*source.Stage]bool {
	picked := map[*source.Stage]bool{}
	var todo []*source.Stage
	pick := func(s *source.Stage) {
		if s != nil && !picked[s] {
			picked[s] = true
			todo = append(todo, s)
		}
	}
	asked := map[string]bool{}
	from := func(s *source.Stage) {
		pattern, ok := pickedBy(s)
		if !ok || asked[pattern] || len(asked) >= mostPatterns {
			return
		}
		asked[pattern] = true
		for _, other := range b.Stages {
			if match, _ := path.Match(pattern, other.Name); match && other.Name != "" {
				pick(other)
			}
		}
	}
	for _, s := range b.Stages {
		switch {
		case b.Reaches(s):
			from(s)
		case b.NamedTarget(s.Name):
			pick(s)
		}
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		from(s)
		pick(s.Parent)
		for _, step := range s.Steps {
			if step.Copy != nil {
				pick(step.Copy.Stage)
			}
			if run := step.Run(); run != nil {
				for _, m := range run.Mounts {
					pick(m.Stage)
				}
			}
		}
	}
	return picked
}

// mostPatterns bounds the names with variables that are held against all stages.
const mostPatterns = 200

// pickedBy is a FROM that a variable makes the name of a stage, as a pattern of
// such names; ok is false where it names an image.
func pickedBy(s *source.Stage) (pattern string, ok bool) {
	raw := strings.ToLower(s.Base.Raw)
	if !strings.Contains(raw, "$") || s.Parent == nil && s.Base.Value != "" && len(s.Base.Missing) == 0 && s.Base.Known {
		return "", false
	}
	pattern = variable.ReplaceAllString(raw, "*")
	return pattern, !strings.ContainsAny(pattern, "/:@$")
}

// variable is a variable in a FROM.
var variable = regexp.MustCompile(`\$(?:\{[^}]*\}|\w+)`)
