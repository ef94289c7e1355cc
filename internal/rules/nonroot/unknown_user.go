package nonroot

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var unknownUser = &check.Check{
	Name:     "unknown-user",
	Claim:    "the user that USER names exists in the image",
	Why:      "the engine looks the name up in the image's /etc/passwd: when it is not there, the container does not start",
	Mend:     "make the user in a RUN of the same chain before USER, or give its number",
	Quiet:    "For numbers, and where the base image is not known or something that is not read (a script, a package, a copied /etc/passwd) may have made the user.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run:      startWithoutUser,
	Image:    builtUnknownUser,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		undecided := ""
		walk(b, func(step *source.Step, a *accounts) {
			name, group, _ := strings.Cut(step.Value.Value, ":")
			if step.Keyword != "USER" || !step.Value.Known || name == "" {
				return
			}
			if !numeric(name) {
				switch a.hasUser(name) {
				case base.No:
					found = append(found, check.Finding{
						Place:   check.Place{File: b.Text(), Span: step.Rest().Span},
						Message: fmt.Sprintf("no RUN of this chain and not %s makes the user %q", a.image.String(), name),
						Stage:   step.Stage,
					})
					return
				case base.Unknown:
					undecided = name
				}
			}
			if group != "" && !numeric(group) && a.hasGroup(group) == base.No {
				found = append(found, check.Finding{
					Place:   check.Place{File: b.Text(), Span: step.Rest().Span},
					Message: fmt.Sprintf("no RUN of this chain and not %s makes the group %q", a.image.String(), group),
					Stage:   step.Stage,
				})
			}
		})
		if len(found) == 0 && undecided != "" && b.Base().Known == nil {
			return check.Unknown(check.ByBases, fmt.Sprintf("whether %s has the user %q is not known", b.Base().String(), undecided))
		}
		return check.Judge(found)
	},
}
