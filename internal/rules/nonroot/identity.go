package nonroot

import (
	"fmt"
	"strconv"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

var userNotNumeric = &check.Check{
	Name:     "user-not-numeric",
	Claim:    "USER is a numeric UID",
	Why:      "Kubernetes cannot tell whether a user name is root: with runAsNonRoot it refuses to start the container",
	Mend:     "write the number: USER 10001:10001",
	Severity: check.Note,
	Banking:  check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"checkov CKV2_DOCKER_17"},
	Image:    builtNotNumeric,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		u := b.User()
		if u.Step == nil || !u.Unprivileged() || numeric(u.Name) {
			return check.Judge(nil)
		}
		f := check.Finding{Place: check.Place{File: b.Text(), Span: u.Step.Rest().Span}}
		switch {
		case u.Name == "nobody":
			f.Message = "USER nobody is shared with other programs: create a user for this program"
		case u.State == source.UserNumbered:
			f.Message = fmt.Sprintf("USER %s is a name: its UID is %s", u.Name, u.UID)
			f.Help = "write USER " + u.UID
			if a := recipe.Numeric(b, u.Step, u.Name, u.UID); a.Fixes != nil {
				f = a.To(f)
			}
		default:
			f.Message = fmt.Sprintf("USER %s is a name, which Kubernetes cannot verify", u.Name)
		}
		return check.Judge([]check.Finding{f})
	},
}

var uidNotExplicit = &check.Check{
	Name:     "uid-not-explicit",
	Claim:    "the user is created with an explicit UID",
	Why:      "a UID that the tool chooses can change with the packages of the base image, and existing volumes then belong to another user",
	Mend:     "set the UID: useradd -u 10001, adduser --uid 10001, adduser -u 10001",
	Unfixed:  "which number is free on your hosts and volumes is for you to say",
	Severity: check.Note,
	Banking:  check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		u := b.User()
		if u.Made == nil || u.Made.UID != "" || u.Root() {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: b.Text(), Span: u.Made.Span},
			Message: fmt.Sprintf("the user %s is created without an explicit UID", u.Name),
		}})
	},
}

var lowUID = &check.Check{
	Name:     "low-uid",
	Claim:    "a user that is created here has a UID of 1000 or more",
	Why:      "UIDs below 1000 are for system accounts: another account on the host or in a volume may have the same UID",
	Mend:     "choose a high UID, such as 10001",
	Unfixed:  "files on volumes may belong to the number: it changes together with them",
	Severity: check.Note,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		u := b.User()
		made := u.Made
		if made == nil && u.UID != "" {
			made = b.Maker(u.UID)
		}
		if made == nil {
			return check.Judge(nil)
		}
		n, err := strconv.Atoi(made.UID)
		if err != nil || n == 0 || n >= 1000 {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: b.Text(), Span: made.Span},
			Message: fmt.Sprintf("the user %s is created with UID %d", made.Name, n),
		}})
	},
}
