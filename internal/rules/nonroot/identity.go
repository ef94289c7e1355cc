package nonroot

import (
	"fmt"
	"strconv"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var userNotNumeric = &check.Check{
	Name:     "user-not-numeric",
	Claim:    "USER gives a number",
	Why:      "Kubernetes cannot tell whether a name is root: with runAsNonRoot it refuses to start the pod",
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
			f.Message = "USER nobody is an identity that other programs share: make a user of the program's own"
		case u.State == source.UserNumbered:
			f.Message = fmt.Sprintf("USER %s is a name: its number is %s", u.Name, u.UID)
			f.Help = "write USER " + u.UID
		default:
			f.Message = fmt.Sprintf("USER %s is a name, which Kubernetes cannot verify", u.Name)
		}
		return check.Judge([]check.Finding{f})
	},
}

var uidNotExplicit = &check.Check{
	Name:     "uid-not-explicit",
	Claim:    "the user is made with an explicit UID",
	Why:      "a UID that the tool chose changes with the base image's packages, and volumes written before belong to somebody else then",
	Mend:     "give the number: useradd -u 10001, adduser --uid 10001, adduser -u 10001",
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
			Message: fmt.Sprintf("the user %s is made without a UID", u.Name),
		}})
	},
}

var lowUID = &check.Check{
	Name:     "low-uid",
	Claim:    "a user that is made here has a UID of 1000 or more",
	Why:      "numbers under 1000 belong to the system: on a host or in a volume somebody else may bear the same one",
	Mend:     "choose a high number, as 10001",
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
			Message: fmt.Sprintf("the user %s is made with UID %d", made.Name, n),
		}})
	},
}
