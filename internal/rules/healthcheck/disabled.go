package healthcheck

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var disabled = &check.Check{
	Name:     "disabled",
	Claim:    "no health check is disabled",
	Why:      "HEALTHCHECK NONE removes the probe of the base image, so a program that hangs is not detected",
	Mend:     "replace the probe with one that suits the program",
	Quiet:    "For one-shot services of Compose: those that others wait for to complete, and those that are not restarted and whose command ends. A service of Compose without ports that runs a command of its own, as a worker does, is a note.",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Contents, source.Deployments, source.Variants},
	Image:    builtDisabled,
	Run:      ranDisabled,
	Source: func(b *source.Build) check.Verdict {
		if b.Compose != nil {
			var found []check.Finding
			for _, s := range b.Compose.Services {
				if s.Healthcheck != nil && s.Healthcheck.Disable && !source.RunsOnce(b.Compose, s) {
					f := check.Finding{
						Place:   check.Place{File: b.Text(), Span: s.Healthcheck.Span},
						Message: fmt.Sprintf("the service %s disables its health check", s.Name.Text),
					}
					if source.Unreached(s) {
						f.Severity = check.Note
					}
					found = append(found, f)
				}
			}
			return check.Judge(found)
		}
		if !b.Runnable() {
			return check.None()
		}
		step := b.Target.Final.Health
		if step == nil || !step.DisablesHealth() {
			return check.Judge(nil)
		}
		f := check.Finding{
			Place:   check.Place{File: b.Text(), Span: step.Span},
			Message: "HEALTHCHECK NONE disables the health check",
		}
		if r := b.Role(); r != source.Serves {
			f.Severity = check.Note
		} else {
			f = (&probe{build: b, step: step}).mended(f, "")
		}
		return check.Judge([]check.Finding{f})
	},
}
