package secrets

import (
	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var inHealthcheck = &check.Check{
	Name:     "in-healthcheck",
	Claim:    "no HEALTHCHECK contains a secret in plain text",
	Why:      "the probe's command is stored in the image's config, and `docker inspect` shows it",
	Mend:     "query an endpoint that needs no login, or let the probe read the secret from a mounted file; rotate the secret",
	Quiet:    "For variables that the container expands, and for placeholders.",
	Unfixed:  "which endpoint needs no login, or where the probe may read the secret, is for you to say",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.10"},
	Image:    builtProbe,
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		eachStep(b, func(s *source.Step) {
			if _, ok := s.Command.(*instructions.HealthCheckCommand); ok {
				found = append(found, started(b, s)...)
			}
		})
		return check.Judge(found)
	},
}
