package nonroot

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

// rootCause is that of all that a start as root brings.
const rootCause check.Cause = "root"

var finalUserRoot = &check.Check{
	Name:     "final-user-root",
	Claim:    "the final image starts as a non-root user",
	Why:      "root in the container is root to the kernel, so an attacker has fewer barriers to escape from the container",
	Mend:     "create a user with an explicit UID (10001, or use the base image's own user) and end the stage with USER and its UID",
	Quiet:    "Where a later USER replaces root, where the base image sets a non-root user, where the image is only a set of files on scratch, and where the entrypoint switches to another user (non-root/drops-at-start reports this). Undecided where its script cannot be read and a program that switches users is installed.",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Variables, source.Programs, source.Contents, source.Deployments, source.Variants},
	Aliases:  []string{"hadolint DL3002", "trivy DS-0002", "checkov CKV_DOCKER_3", "checkov CKV_DOCKER_8", "sonar docker:S6471", "CIS 4.1"},
	Run:      rootProcesses,
	Image:    builtUserRoot,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		u := b.User()
		switch {
		case u.Unprivileged():
			return check.Judge(nil)
		case u.State == source.UserUnknown && u.Step == nil:
			return check.Unknown(check.ByBases, fmt.Sprintf("the user of %s is not known", b.Base().String()))
		case u.State == source.UserUnknown && u.Step.Value.Value == "":
			return check.Unknown(check.ByArg, fmt.Sprintf("USER %s has no value here", u.Step.Value.Raw))
		case u.State == source.UserUnknown:
			return check.Unknown(check.ByArg, fmt.Sprintf("USER %s depends on a value that is not known", u.Step.Value.Raw))
		}
		if _, ok := drop(b); ok {
			return check.Judge(nil)
		}
		if name := unread(b.Start()); name != "" {
			if by := switcher(b); by != "" {
				return check.Unknown(check.ByRun, fmt.Sprintf("%s is not among the files that could be read, and may switch to another user with %s, which is installed here", name, by))
			}
		}
		f := check.Finding{Cause: rootCause, Missing: u.Step == nil}
		if u.Step != nil {
			f.Place = check.Place{File: b.Text(), Span: u.Step.Rest().Span}
			f.Message = "the container starts as root: " + asRoot(b, u)
		} else {
			from := b.Chain()[0].From
			f.Place = check.Place{File: b.Text(), Span: imageSpan(from)}
			f.Message = fmt.Sprintf("the container starts as root: there is no USER, and %s starts as root", b.Base().String())
		}
		if len(u.Unset) > 0 {
			f = recipe.Declare(b, u.Unset).To(f)
			for _, name := range u.Unset {
				if arg := b.Declared(name); arg != nil {
					f.Related = append(f.Related, check.Place{File: b.Text(), Span: arg.Span, Message: "this ARG holds only in FROM"})
				}
			}
		} else {
			f = recipe.User(b).To(f)
		}
		if why, ok := b.IsBase(); ok {
			f.Severity = check.Warning
			f.Message += "; " + why
		} else if b.RootAllowed() {
			f.Severity = check.Warning
		}
		return check.Judge([]check.Finding{f})
	},
}

// unread is what the container starts and nobody can read here: a script that is missing, or
// a file of which it is not known whether it is one; "" = it is read, or none of a path.
func unread(st *source.Start) string {
	switch {
	case st.File != nil:
		return ""
	case st.Unread != "":
		return st.Unread
	}
	words, _ := source.StripInit(st.Words)
	if len(words) > 0 && words[0].Known && strings.Contains(words[0].Text, "/") {
		return words[0].Text
	}
	return ""
}

// switcher is a program that is installed for nothing but to start another one as another
// user; "" = none is.
func switcher(b *source.Build) string {
	for in := range b.Installs() {
		for _, p := range in.Packages {
			if p.Known && knowledge.UserSwitchers.Has(p.Name) {
				return p.Name
			}
		}
	}
	return ""
}

// asRoot says how a USER comes to be root.
func asRoot(b *source.Build, u source.User) string {
	v := u.Step.Value
	switch {
	case len(u.Unset) > 0 && b.Declared(u.Unset[0]) != nil:
		return fmt.Sprintf("USER %s is empty, because the ARG %s above FROM has no value in a stage that does not declare it again", v.Raw, u.Unset[0])
	case len(u.Unset) > 0:
		return fmt.Sprintf("USER %s is empty, because nothing sets %s", v.Raw, u.Unset[0])
	case v.Raw != v.Value:
		return fmt.Sprintf("USER %s is %s, which is UID 0", v.Raw, v.Value)
	case u.Made != nil:
		return fmt.Sprintf("the user %s is created with UID 0", u.Name)
	case u.Name == "root" || u.Name == "0":
		return "the last USER is " + v.Value
	}
	return fmt.Sprintf("USER %s is UID 0", v.Value)
}
