package entrypoint

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

var overridden = &check.Check{
	Name:     "overridden",
	Claim:    "every ENTRYPOINT and CMD takes effect",
	Why:      "only the last one in a stage takes effect, and an ENTRYPOINT resets the CMD of the parent stage",
	Mend:     "keep one ENTRYPOINT and one CMD per stage, and repeat CMD after a new ENTRYPOINT",
	Quiet:    "For the default command of a base image, and where a stage sets both again.",
	Severity: check.Warning,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Contents, source.Deployments, source.Variants},
	Aliases:  []string{"hadolint DL4003", "hadolint DL4004", "trivy DS-0016", "trivy DS-0007", "BuildKit MultipleInstructionsDisallowed"},
	Source: func(b *source.Build) check.Verdict {
		if b.Target == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Chain() {
			last := map[string]*source.Step{}
			for _, step := range s.Steps {
				if step.Keyword != "CMD" && step.Keyword != "ENTRYPOINT" {
					continue
				}
				if old := last[step.Keyword]; old != nil {
					found = append(found, recipe.Remove(b, old, "take the "+step.Keyword+" out that never takes effect").To(check.Finding{
						Place:   place(b, old),
						Related: []check.Place{{File: b.Text(), Span: argumentSpan(step), Message: "this one takes effect"}},
						Message: fmt.Sprintf("this %s never takes effect: the stage has another one after it", step.Keyword),
						Stage:   s,
						Cause:   check.Cause("overridden").Of(old.Span.Start),
					}))
				}
				last[step.Keyword] = step
			}
		}
		f := b.Target.Final
		if f.CmdReset == nil || f.Cmd != nil {
			return check.Judge(found)
		}
		var cmd *source.Step
		for step := range b.Steps() {
			if step.Keyword == "CMD" && step.Stage != f.CmdReset.Stage {
				cmd = step
			}
		}
		if cmd != nil {
			found = append(found, recipe.Repeat(b, cmd, f.CmdReset).To(check.Finding{
				Place:   place(b, f.CmdReset),
				Related: []check.Place{{File: b.Text(), Span: argumentSpan(cmd), Message: "this CMD is reset"}},
				Message: fmt.Sprintf("this ENTRYPOINT resets the CMD of stage %s, and no CMD follows", stageName(cmd.Stage)),
			}))
		}
		return check.Judge(found)
	},
}

func stageName(s *source.Stage) string {
	if s.Name != "" {
		return s.Name
	}
	return fmt.Sprint(s.Index)
}
