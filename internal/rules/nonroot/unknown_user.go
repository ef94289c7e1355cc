package nonroot

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var unknownUser = &check.Check{
	Name:     "unknown-user",
	Claim:    "the user that USER names exists in the image",
	Why:      "the container engine looks the name up in the image's /etc/passwd: if it is not there, the container does not start",
	Mend:     "create the user in a RUN before USER, in the same stage or a parent stage, or use its UID",
	Quiet:    "For numbers, and where the user may come from a base image that is not known or from a source that is not read (a script, a package, a copied /etc/passwd).",
	Unfixed:  "whether the name is misspelled or the user has to be made is for you to say",
	Severity: check.Error,
	Since:    "0.1.0",
	Run:      startWithoutUser,
	Image:    builtUnknownUser,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		open := "" // a name of which nobody knows whether it is there
		walk(b, func(step *source.Step, a *accounts) {
			if step.Keyword != "USER" || !step.Value.Known {
				return
			}
			name, group, _ := strings.Cut(step.Value.Value, ":")
			what := ""
			switch {
			case name == "":
				return
			case !numeric(name) && a.hasUser(name) == base.No:
				what = "user"
			case group != "" && !numeric(group) && a.hasGroup(group) == base.No:
				what, name = "group", group
			default:
				open = cmp.Or(a.unsure(step.Value.Value), open)
				return
			}
			found = append(found, noSuch(b, step, a, what, name))
		})
		if len(found) == 0 && open != "" {
			return unsureOf(b, open)
		}
		return check.Judge(found)
	},
}

// noSuch is the finding on a USER whose user or group is not there.
func noSuch(b *source.Build, step *source.Step, a *accounts, what, name string) check.Finding {
	f := check.Finding{
		Place:   check.Place{File: b.Text(), Span: step.Rest().Span},
		Message: fmt.Sprintf("neither a RUN nor the base image %s creates the %s %q", a.image.String(), what, name),
		Stage:   step.Stage,
	}
	switch user, _, _ := strings.Cut(step.Value.Value, ":"); {
	case what == "group":
		f = recipe.OwnGroup(b, step, user).To(f)
	case a.gone[name] == nil:
		f = recipe.MakeUser(b, step, name).To(f)
	}
	if d := a.gone[name]; d != nil && what == "user" {
		f.Message = fmt.Sprintf("the user %q no longer exists: an earlier RUN deletes it", name)
		f.Related = []check.Place{{File: b.Text(), Span: d.Command.Span, Message: "the user is deleted here"}}
	}
	if user, _, _ := strings.Cut(step.Value.Value, ":"); what == "group" && user == "nobody" && a.hasGroup("nogroup") == base.Yes {
		f.Help = "write USER nobody:nogroup, which is the group of nobody in this image, or create a user of its own for the program"
	}
	return f
}
