package nonroot

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

var uidTaken = &check.Check{
	Name:     "uid-taken",
	Claim:    "the users and groups that are created have names and numbers that are still free",
	Why:      "useradd, adduser and groupadd fail where the base image already has the name or the number, and so does the build",
	Mend:     "use the user that the base image has, delete it first (userdel -r ubuntu), or choose a UID that is free, such as 10001",
	Quiet:    "With -o (--non-unique), after the user of the base image is deleted or gets another number, and where the failure does not stop the RUN.",
	Unfixed:  "whether the image's own user is to be used or another number is for you to say: files outside may belong to either",
	Severity: check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		open := ""
		walk(b, func(step *source.Step, a *accounts) {
			run := step.Run()
			if run == nil || run.Script == nil || run.Script.Err != nil {
				return
			}
			t := &taken{accounts: a}
			if a.image.Local == nil {
				t.has = a.image.Known.Accounts(a.image.Ref)
			}
			if rewritesAccounts(run) {
				a.edited = true
			}
			// What the RUN itself deletes and makes counts too; that it is noted
			// twice does no harm.
			each(run.Effects, func(u *effects.User, g *effects.Group, d *effects.Deleted) {
				switch {
				case d != nil:
					a.delete(d)
				case u != nil:
					if stops(run.Script, u.Command) {
						t.user(u)
					}
					a.addUser(u)
				case g != nil:
					if stops(run.Script, g.Command) {
						t.group(g)
					}
					a.addGroup(g)
				}
			})
			open = cmp.Or(open, t.open)
			if t.what != "" {
				f := t.advice(b, step).To(check.Finding{
					Place:   check.Place{File: b.Text(), Span: t.at},
					Message: fmt.Sprintf("%s, so %s fails and the build stops", t.what, t.tool),
					Stage:   step.Stage,
					Cause:   check.Cause("taken").Of(t.name),
				})
				f.Help = t.help
				found = append(found, f)
			}
		})
		if len(found) == 0 && open != "" {
			return unsureOf(b, open)
		}
		return check.Judge(found)
	},
}

// taken is the search of one RUN for a name or a number that the base already has:
// the first one stops it.
type taken struct {
	*accounts
	has  base.Accounts
	what string // what is taken by whom; "" = nothing
	name string // by whom
	tool string
	help string
	at   text.Span
	open string // what may be taken; "" = nothing

	number  string         // that is taken; "" = a name is
	inGroup string         // that useradd would make and is there already; "" = it is not that
	command *shell.Command // that fails
}

// advice is how the RUN goes through.
func (t *taken) advice(b *source.Build, step *source.Step) recipe.Advice {
	if t.number != "" {
		return recipe.Renumber(b, t.number)
	}
	return recipe.TakenName(b, step, t.command, t.inGroup)
}

// user looks whether a command that makes or renumbers a user finds his name or his
// number taken.
func (t *taken) user(u *effects.User) {
	if t.what == "" {
		t.command = u.Command
	}
	if t.what != "" || !u.Known || u.Tool == "passwd-line" || u.Tool == "passwd" {
		return
	}
	named := u.Tool != "usermod" && !(u.Tool == "adduser" && u.System && t.content())
	if named && t.judge(u.Name, base.Accounts.SureUser, "the user "+u.Name) {
		t.found(fmt.Sprintf("%s already has the user %s", t.image, u.Name), u.Name, u.Tool, u.Span)
		return
	}
	if u.Tool == "useradd" && u.MakesGroup && !t.groups[u.Name] && t.judge(u.Name, base.Accounts.SureGroup, "the group "+u.Name) {
		t.found(fmt.Sprintf("%s already has a group %s, and useradd creates one for the user", t.image, u.Name), u.Name, u.Tool, u.Span)
		t.inGroup = u.Name
		t.help = fmt.Sprintf("put the user into that group, `useradd -g %[1]s %[1]s`, or choose another name", u.Name)
		return
	}
	if uid, ok := decimal(u.UID); ok && !u.NonUnique {
		if who := t.holder(uid, base.Accounts.UserOf, "a user with the UID "+uid); who != "" && who != u.Name {
			t.found(fmt.Sprintf("the UID %s is taken: %s has the user %s", uid, t.image, who), who, u.Tool, u.Span)
			t.number = uid
		}
	}
}

// group is the same for a group.
func (t *taken) group(g *effects.Group) {
	if t.what == "" {
		t.command = g.Command
	}
	if t.what != "" || !g.Known || g.Lenient || g.Tool == "" {
		return
	}
	named := g.Tool == "groupadd" || g.Tool == "addgroup" && !(g.System && t.content())
	if named && t.judge(g.Name, base.Accounts.SureGroup, "the group "+g.Name) {
		t.found(fmt.Sprintf("%s already has the group %s", t.image, g.Name), g.Name, g.Tool, g.Span)
		return
	}
	if gid, ok := decimal(g.GID); ok {
		if who := t.holder(gid, base.Accounts.GroupOf, "a group with the GID "+gid); who != "" && who != g.Name {
			t.found(fmt.Sprintf("the GID %s is taken: %s has the group %s", gid, t.image, who), who, g.Tool, g.Span)
			t.number = gid
		}
	}
}

// content tells whether adduser and addgroup may be Debian's, which do nothing where
// a system user or group is there already.
func (t *taken) content() bool {
	known := t.image.Known
	return known == nil || known.Shell != "busybox-ash"
}

func (t *taken) found(what, name, tool string, at text.Span) {
	t.what, t.name, t.tool, t.at = what, name, tool, at
	if ids := t.image.Known.Users[name]; ids != "" && ids != "unknown" && strings.Trim(ids, "0123456789:") == "" {
		t.help = fmt.Sprintf("use the user %s that the base image has (USER %s), delete it first, or choose a UID that is free, such as 10001", name, ids)
	}
}

// judge tells whether the base has a name for certain and still; what may be is
// noted.
func (t *taken) judge(name string, ask func(base.Accounts, string) base.Answer, what string) bool {
	switch ans := ask(t.has, name); {
	case t.image.Scratch || t.moved[name] || ans == base.No:
		return false
	case ans == base.Yes && !t.accounts.open && !t.edited:
		return true
	}
	t.open = cmp.Or(t.open, what)
	return false
}

// holder is who has a number in the base for certain and still; "" = nobody, or it
// is not known, which is noted.
func (t *taken) holder(id string, ask func(base.Accounts, string) (string, bool), what string) string {
	if t.image.Scratch {
		return ""
	}
	name, known := ask(t.has, id)
	switch {
	case name != "" && t.moved[name]:
		return ""
	case known && (name == "" || !t.accounts.open && !t.edited):
		return name
	}
	t.open = cmp.Or(t.open, what)
	return ""
}

// decimal is a number as the tools read it; ok is false for none and for a variable.
func decimal(s string) (string, bool) {
	return s, s != "" && strings.Trim(s, "0123456789") == "" && (s == "0" || s[0] != '0')
}

// stops tells whether the program certainly fails where one of its commands does:
// nothing but && comes behind it, or set -e is in force and it is not part of a
// list.
func stops(s *shell.Script, c *shell.Command) bool {
	if c.When != shell.Always || c.Ignored || c.Negated || c.Background || c.Substitution || c.Func != "" {
		return false
	}
	for i := c.Index; i < len(s.Commands); i++ {
		switch s.Commands[i].After {
		case shell.And:
		case shell.None, shell.Next:
			return i == len(s.Commands)-1 || c.Errexit && i == c.Index
		default:
			return false
		}
	}
	return false
}
