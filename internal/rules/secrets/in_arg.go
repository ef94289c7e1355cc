package secrets

import (
	"fmt"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var inArg = &check.Check{
	Name:     "in-arg",
	Claim:    "no build argument contains a secret",
	Why:      "the value of a build argument is stored in the image's history, in the build cache and in max-mode provenance",
	Mend:     "mount it for the one RUN that needs it: RUN --mount=type=secret,id=token,required=true",
	Quiet:    "For arguments named *_FILE, *_PATH and similar, for switches, and for defaults that are evidently not secret (dummy).",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Variables, source.Variants},
	Aliases:  []string{"trivy DS-0031", "BuildKit SecretsUsedInArgOrEnv", "sonar docker:S6472", "CIS 4.10"},
	Image:    builtArgs,
	Run:      ranCanaries("build-arg", "the value of the build argument %s ended up in the image: %s"),
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Meta {
			found = append(found, arguments(b, s)...)
		}
		eachStep(b, func(s *source.Step) {
			if _, ok := s.Command.(*instructions.ArgCommand); ok {
				found = append(found, arguments(b, s)...)
			}
		})
		return check.Judge(found)
	},
}

// arguments judges the arguments that one ARG declares.
func arguments(b *source.Build, s *source.Step) []check.Finding {
	var found []check.Finding
	for i, p := range pairs(s.Instruction) {
		f := check.Finding{Place: check.Place{File: b.Text(), Span: p.span}, Stage: s.Stage, Cause: argCause(p.name)}
		f = mounted(b, p.name).To(f)
		if p.set && len(variables(p.raw)) == 0 {
			builder := s.Stage != nil && !b.InChain(s.Stage)
			if l, ok := setting(p.name, p.value, p.valueAt, builder); ok {
				if builder && onlyForAssets(s.Stage, l) {
					continue
				}
				f.Message = fmt.Sprintf("the default of the build argument %s %s", p.name, l.what)
				f.Secrets = []text.Span{l.hide}
				if l.what == "has a literal value" {
					f.Message = fmt.Sprintf("the build argument %s has a literal default", p.name)
				}
				found = append(found, inFile(b, s.Stage, f))
				continue
			}
		}
		if nameOf(p.name) != strong {
			continue
		}
		if i < len(s.Vars) && s.Vars[i].Name == p.name && s.Vars[i].Value != "" {
			if w := worthOf(s.Vars[i].Value); w == nothing || w == dummy {
				continue // a switch or a path, or what protects nothing
			}
		}
		f.Severity = check.Warning
		f.Message = fmt.Sprintf("the build argument %s is named like a secret, and its value stays in the image's history and the build cache", p.name)
		found = append(found, f)
	}
	return found
}
