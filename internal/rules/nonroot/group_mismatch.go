package nonroot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

var groupMismatch = &check.Check{
	Name:     "group-mismatch",
	Claim:    "files are assigned to users and groups that exist, and to a group of which the user is a member",
	Why:      "if a name in --chown does not exist, some builders assign the files to root:root without an error; a group gives no access to a user who is not a member",
	Mend:     "create the user and the group before the instruction, in the same stage or a parent stage, or use numbers: --chown=10001:10001",
	Quiet:    "For numbers, which always work, and where the base image is not known. A note where the owner is the user that the container runs as.",
	Unfixed:  "whether the user or the files have to change their group is for you to say",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		open := "" // a name of which nobody knows whether it is there
		walk(b, func(step *source.Step, a *accounts) {
			if c := step.Copy; c != nil && c.Chown.Known && c.Chown.Value != "" {
				f, _ := step.Flag("chown")
				found = append(found, ownership(b, step, c.Chown.Value, f.Span, f.Span, check.Warning, a)...)
				open = cmp.Or(a.unsure(c.Chown.Value), open)
			}
			run := step.Run()
			if run == nil || !slices.ContainsFunc(run.Effects.Files, func(fx effects.File) bool { return fx.Kind == effects.Chown }) {
				return
			}
			// What the RUN itself makes counts too; that it is noted twice does
			// no harm.
			a.add(step)
			for _, fx := range run.Effects.Files {
				if fx.Kind != effects.Chown || fx.When == shell.Maybe || strings.Contains(fx.Owner+fx.Group, "${") || strings.ContainsAny(fx.Owner+fx.Group, "$*`") {
					continue
				}
				if slices.ContainsFunc(run.Effects.Deleted, func(d effects.Deleted) bool {
					return (d.Name == fx.Owner || d.Name == fx.Group) && d.Command.Index > fx.Command.Index
				}) {
					continue // it is deleted afterwards, by the same RUN
				}
				owner := fx.Owner
				if fx.Group != "" {
					owner += ":" + fx.Group
				}
				found = append(found, ownership(b, step, owner, fx.Command.Span, wordOf(fx.Command, owner), check.Error, a)...)
				open = cmp.Or(a.unsure(owner), open)
			}
		})
		if len(found) == 0 && open != "" {
			return unsureOf(b, open)
		}
		recipe.Together(found)
		return check.Judge(found)
	},
}

// ownership judges one owner as chown and --chown take it.
// word is where the owner is written.
func ownership(b *source.Build, step *source.Step, owner string, at, word text.Span, unknown check.Severity, a *accounts) []check.Finding {
	user, group, _ := strings.Cut(owner, ":")
	f := check.Finding{Place: check.Place{File: b.Text(), Span: at}, Stage: step.Stage}
	so := "the files stay owned by root:root"
	if unknown == check.Error {
		so = "chown fails and so does the build"
	}
	switch {
	case user != "" && !numeric(user) && a.hasUser(user) == base.No:
		f.Severity = unknown
		f.Message = fmt.Sprintf("the user %q does not exist at this point: %s", user, so)
	case group != "" && !numeric(group) && a.hasGroup(group) == base.No:
		f.Severity = unknown
		f.Message = fmt.Sprintf("the group %q does not exist at this point: %s", group, so)
	case user != "" && group != "" && !numeric(user) && !numeric(group) && a.groups[group] && a.inGroup(user, group) == base.No:
		f.Severity = check.Warning
		f.Cause = check.Cause("not in the group").Of(user + ":" + group)
		f.Message = fmt.Sprintf("the files are assigned to the group %s, but the user %s is not a member", group, user)
		if u := a.users[user]; u != nil && u.MakesGroup && u.Group == "" {
			f.Message += fmt.Sprintf(": %s created a separate group %s", u.Tool, user)
			f.Related = []check.Place{{File: b.Text(), Span: u.Span, Message: "the user is created here"}}
		}
		if runs := b.User(); runs.Name == user {
			// Who owns a file needs no group to read it.
			f.Severity = check.Note
			f.Message += ", and as the owner of the files does not need the group"
		}
		f.Help = fmt.Sprintf("create the user with that primary group: `useradd -g %s %s`", group, user)
		if u := a.users[user]; u != nil && u.Tool == "adduser" {
			f.Help = fmt.Sprintf("create the user in that group: `adduser -G %s %s` on Alpine, `adduser --ingroup %s %s` on Debian", group, user, group, user)
		}
	default:
		return nil
	}
	if f.Severity != check.Note {
		f.Fixes = recipe.Owned(b, owner, word).Fixes
	}
	return []check.Finding{f}
}

// wordOf is where a command has a word; zero where it has not.
func wordOf(c *shell.Command, word string) text.Span {
	for _, w := range c.Words {
		if w.Text == word {
			return w.Span
		}
	}
	return text.Span{}
}
