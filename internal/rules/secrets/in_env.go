package secrets

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/source"
)

var inEnv = &check.Check{
	Name:     "in-env",
	Claim:    "no ENV contains a secret",
	Why:      "`docker inspect` shows the environment to anyone who can pull the image, and every process in the container inherits it",
	Mend:     "remove the value and rotate it; set it when the container starts (env_file, a secret of the orchestrator), or mount it for one RUN with --mount=type=secret",
	Quiet:    "For empty values, placeholders, *_FILE and *_PATH, public keys and fingerprints, references to variables that are not set, and switches such as TOKENIZERS_PARALLELISM.",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Variables, source.Variants},
	Aliases:  []string{"trivy DS-0031", "BuildKit SecretsUsedInArgOrEnv", "sonar docker:S6472", "CIS 4.10"},
	Image:    builtSettings(image.Env, envOf),
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		eachStep(b, func(s *source.Step) {
			if _, ok := s.Command.(*instructions.EnvCommand); ok {
				found = append(found, settings(b, s, "ENV")...)
			}
		})
		// A secret mount that ENV is to read is mount-misused's.
		kept := found[:0]
		for _, f := range found {
			if !strings.Contains(b.Text().Text(f.Place.Span), "/run/secrets/") {
				kept = append(kept, f)
			}
		}
		return check.Judge(kept)
	},
}
