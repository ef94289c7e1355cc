package pinnedbase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var unresolvedArg = &check.Check{
	Name:     "unresolved-arg",
	Claim:    "every build argument in FROM has a value in the project",
	Why:      "without a default, the base image depends on the build command, and a plain docker build fails",
	Mend:     "give the ARG a pinned default: ARG BASE=python:3.12.8-slim-bookworm",
	Quiet:    "Where the ARG has a default other than a placeholder, or Compose, CI, the config or --build-arg gives a value. Where CI gives one that it works out, or a Makefile or a script gives one, the finding is a note.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		for _, u := range uses(b) {
			missing := u.image.Text.Missing
			if len(missing) == 0 {
				continue
			}
			name := "$" + strings.Join(missing, ", $")
			why := "has no default here"
			if v := placeholder(b, missing); v != "" {
				why = fmt.Sprintf("has only the placeholder %q as its default", v)
			}
			f := check.Finding{
				Group:   name,
				Place:   u.place,
				Stage:   u.stage,
				Message: fmt.Sprintf("FROM %s: %s %s, and nothing in the project sets it", u.image.Text.Raw, name, why),
			}
			if by := b.Given(missing); by == "CI" {
				f.Severity = check.Note
				f.Message = fmt.Sprintf("FROM %s: %s %s, and CI sets it to a value that is not in the project", u.image.Text.Raw, name, why)
			} else if by != "" {
				f.Severity = check.Note
				f.Message = fmt.Sprintf("FROM %s: %s %s, and the value that %s gives is not read", u.image.Text.Raw, name, why, by)
			}
			found = append(found, f)
		}
		return check.Judge(found)
	},
}

// placeholder is the default of one of the arguments above the first FROM, where
// it has one: a value that stands for none.
func placeholder(b *source.Build, names []string) string {
	for _, step := range b.Meta {
		for _, v := range step.Vars {
			if v.Set && slices.Contains(names, v.Name) {
				return v.Value
			}
		}
	}
	return ""
}
