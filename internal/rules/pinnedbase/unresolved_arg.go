package pinnedbase

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var unresolvedArg = &check.Check{
	Name:     "unresolved-arg",
	Claim:    "every build argument in FROM has a value in the project",
	Why:      "without a default, the base image depends on the build command, and a plain docker build fails",
	Mend:     "give the ARG a pinned default: ARG BASE=python:3.12.8-slim-bookworm",
	Quiet:    "Where the ARG has a default, or Compose, the config or --build-arg gives a value.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		for _, u := range uses(b) {
			if len(u.image.Text.Missing) == 0 {
				continue
			}
			name := "$" + strings.Join(u.image.Text.Missing, ", $")
			found = append(found, check.Finding{
				Place:   u.place,
				Stage:   u.stage,
				Message: fmt.Sprintf("FROM %s: %s has no default here, and nothing in the project sets it", u.image.Text.Raw, name),
			})
		}
		return check.Judge(found)
	},
}
