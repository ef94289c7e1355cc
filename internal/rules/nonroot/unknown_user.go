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
	Why:      "the container engine looks the name up in the image's /etc/passwd: if it is not there, the container does not start",
	Mend:     "create the user in a RUN before USER, in the same stage or a parent stage, or use its UID",
	Quiet:    "For numbers, and where the user may come from a base image that is not known or from a source that is not read (a script, a package, a copied /etc/passwd).",
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
						Message: fmt.Sprintf("neither a RUN nor the base image %s creates the user %q", a.image.String(), name),
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
					Message: fmt.Sprintf("neither a RUN nor the base image %s creates the group %q", a.image.String(), group),
					Stage:   step.Stage,
				})
			}
		})
		if len(found) == 0 && undecided != "" && b.Base().Known == nil {
			return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether %s has the user %q", b.Base().String(), undecided))
		}
		return check.Judge(found)
	},
}
