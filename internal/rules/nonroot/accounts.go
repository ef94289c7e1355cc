package nonroot

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// accounts are the users and groups that exist at one point of a chain, as far
// as the files tell.
type accounts struct {
	users   map[string]*effects.User // made by a RUN
	groups  map[string]bool          // made by a RUN
	member  map[[2]string]bool       // user, group
	image   *source.Image
	context *source.Context
	build   *source.Build
	open    bool // something may have made accounts that we do not see
	edited  bool // /etc/passwd or /etc/group was changed by hand or replaced

	gone    map[string]*effects.Deleted // users who were deleted, by name
	doubted map[string]bool             // users and groups that were perhaps deleted
	moved   map[string]bool             // users and groups of the base that have another number now, or none

	packages []string // system packages, which make the users of their services
}

// walk calls visit for every step of the chain with the accounts that exist
// before it.
func walk(b *source.Build, visit func(*source.Step, *accounts)) {
	a := &accounts{
		users: map[string]*effects.User{}, groups: map[string]bool{}, member: map[[2]string]bool{}, image: b.Base(), context: b.Context, build: b,
		gone: map[string]*effects.Deleted{}, doubted: map[string]bool{}, moved: map[string]bool{},
	}
	for step := range b.Steps() {
		visit(step, a)
		a.add(step)
	}
}

func (a *accounts) add(step *source.Step) {
	if c := step.Copy; c != nil {
		// A copied passwd, or a tree over the root, brings accounts along.
		t := strings.TrimSuffix(c.Target, "/")
		switch {
		case t == "" && c.FromContext() && a.context != nil:
			for _, src := range c.Sources {
				if _, err := a.context.Stat(source.Clean(src.Value + "/etc/passwd")); err == nil || !src.Known {
					a.open = true
				}
			}
		case t == "/etc/passwd" && a.copied(step):
			a.edited = true
		case t == "" || t == "/etc" || strings.HasPrefix(t, "/etc/passwd") || strings.HasPrefix(t, "/etc/group"):
			a.open = true
		}
		return
	}
	run := step.Run()
	if run == nil {
		return
	}
	if run.Opaque != "" || run.Script == nil || run.Script.Err != nil {
		a.open = true
		return
	}
	a.addEffects(run.Effects)
	if rewritesAccounts(run) {
		a.edited = true
	}
	for _, c := range run.Commands() {
		if mayMakeUsers(c) {
			a.open = true
		}
	}
}

// each calls do for every user and group that is made, changed or deleted, in the
// order of the commands. One of its arguments is not nil.
func each(e *effects.Effects, do func(*effects.User, *effects.Group, *effects.Deleted)) {
	users, groups, deleted := e.Users, e.Groups, e.Deleted
	for len(users)+len(groups)+len(deleted) > 0 {
		at := math.MaxInt
		for _, c := range []*shell.Command{first(users, userCommand), first(groups, groupCommand), first(deleted, deletedCommand)} {
			if c != nil {
				at = min(at, c.Index)
			}
		}
		switch {
		// A user who gets another name is first deleted under the old one.
		case len(deleted) > 0 && deleted[0].Command.Index == at:
			do(nil, nil, &deleted[0])
			deleted = deleted[1:]
		case len(groups) > 0 && groups[0].Command.Index == at:
			do(nil, &groups[0], nil)
			groups = groups[1:]
		default:
			do(&users[0], nil, nil)
			users = users[1:]
		}
	}
}

func userCommand(u *effects.User) *shell.Command       { return u.Command }
func groupCommand(g *effects.Group) *shell.Command     { return g.Command }
func deletedCommand(d *effects.Deleted) *shell.Command { return d.Command }

// first is the command of a list's first element; nil where it is empty.
func first[T any](list []T, command func(*T) *shell.Command) *shell.Command {
	if len(list) == 0 {
		return nil
	}
	return command(&list[0])
}

// delete takes a user or a group away. A user's own group goes with him, unless
// somebody else is in it.
func (a *accounts) delete(d *effects.Deleted) {
	a.moved[d.Name] = true
	switch {
	case d.When != shell.Always || strings.Contains(d.Name, "$"):
		a.doubted[d.Name] = true
	case d.Group:
		delete(a.groups, d.Name)
		a.doubted[d.Name] = true // groupdel fails where it is a user's own
	default:
		delete(a.users, d.Name)
		a.gone[d.Name] = d
	}
}

func (a *accounts) addUser(u *effects.User) {
	if !u.Known {
		a.open = true
	}
	if u.Tool == "usermod" && u.UID != "" {
		a.moved[u.Name] = true
	}
	delete(a.gone, u.Name)
	a.users[u.Name] = u
	if u.MakesGroup {
		a.groups[u.Name] = true
	}
	for _, g := range u.Groups {
		a.member[[2]string{u.Name, g}] = true
	}
}

func (a *accounts) addGroup(g *effects.Group) {
	if !g.Known {
		a.open = true
	}
	if g.Tool == "groupmod" {
		a.moved[g.Name] = true
	}
	a.groups[g.Name] = true
}

func (a *accounts) addEffects(e *effects.Effects) {
	each(e, func(u *effects.User, g *effects.Group, d *effects.Deleted) {
		switch {
		case u != nil:
			a.addUser(u)
		case g != nil:
			a.addGroup(g)
		default:
			a.delete(d)
		}
	})
	for _, m := range e.Memberships {
		a.member[[2]string{m.User, m.Group}] = true
	}
	for _, in := range e.Installs {
		if !in.System {
			continue
		}
		for _, p := range in.Packages {
			if !p.Known {
				a.open = true
			}
			a.packages = append(a.packages, p.Name)
		}
	}
}

// rewritesAccounts tells whether a RUN changes lines of /etc/passwd or /etc/group
// that are there already, or accounts whose names are not known.
func rewritesAccounts(run *source.Run) bool {
	for _, c := range run.Commands() {
		switch program, args := c.Underlying(); program {
		case "userdel", "deluser", "groupdel", "delgroup", "usermod", "groupmod":
			if c.Wrapped("xargs") || slices.ContainsFunc(args, func(w shell.Word) bool { return !w.Known }) {
				return true
			}
		}
	}
	return slices.ContainsFunc(run.Effects.Files, func(fx effects.File) bool {
		if fx.Kind != effects.Write && fx.Kind != effects.Delete || fx.Append && fx.Command.Program() != "sed" {
			return false
		}
		return slices.ContainsFunc(fx.Paths, func(p shell.Word) bool { return p.Text == "/etc/passwd" || p.Text == "/etc/group" })
	})
}

// manyPackages is how many packages make it pointless to tell which users they
// bring.
const manyPackages = 200

// copied takes the users of an /etc/passwd that a COPY brings out of the project,
// where it can be read.
func (a *accounts) copied(step *source.Step) bool {
	o := a.build.FileIn(step.Stage, "/etc/passwd")
	if o == nil {
		return false
	}
	data, ok := o.Data()
	if !ok {
		return false
	}
	for line := range strings.Lines(data) {
		if name, rest, ok := strings.Cut(line, ":"); ok {
			f := strings.Split(rest, ":")
			u := &effects.User{Name: name, Known: true, Tool: "passwd"}
			if len(f) > 2 {
				u.UID, u.Group = f[1], f[2]
			}
			a.users[name] = u
		}
	}
	return true
}

// byPackage tells whether a package that is installed makes a user or group of
// this name: the package is known to, or perhaps, where it bears the name or the
// name bears the package's.
func (a *accounts) byPackage(name string) base.Answer {
	if len(a.packages) > manyPackages {
		return base.Unknown
	}
	for _, known := range knowledge.UsersOfPackages() {
		if slices.Contains(known.Users, name) && slices.ContainsFunc(a.packages, func(p string) bool { return strings.HasPrefix(p, known.Package) }) {
			return base.Yes
		}
	}
	for _, p := range a.packages {
		head := strings.TrimRight(p, "0123456789.")
		if first, _, ok := strings.Cut(head, "-"); ok {
			head = first
		}
		if len(head) > 2 && strings.Contains(name, head) || len(name) > 2 && strings.Contains(p, name) {
			return base.Unknown
		}
	}
	return base.No
}

// mayMakeUsers tells whether a command runs what we do not see into: a script,
// a downloaded program, a configuration tool.
func mayMakeUsers(c *shell.Command) bool {
	switch p := c.Program(); {
	case p == "":
		return false
	case knowledge.Shells.Has(p):
		// sh -c is followed; sh FILE and a pipe into sh are not.
		for _, a := range c.Args() {
			if strings.HasPrefix(a.Text, "-") && strings.Contains(a.Text, "c") && !strings.HasPrefix(a.Text, "--") {
				return false
			}
		}
		return true
	case knowledge.Configurers.Has(p):
		return true
	default:
		first := ""
		for _, w := range c.Words {
			if strings.HasSuffix(w.Text, p) {
				first = w.Text
				break
			}
		}
		if strings.HasSuffix(p, ".sh") || strings.HasSuffix(p, ".bash") || strings.HasPrefix(first, "./") {
			return true
		}
		return strings.Contains(p, "${")
	}
}

// hasUser tells whether a user of that name exists.
func (a *accounts) hasUser(name string) base.Answer {
	switch {
	case a.doubted[name]:
		return base.Unknown
	case a.users[name] != nil:
		return base.Yes
	case a.gone[name] != nil && !a.open:
		return base.No
	case a.gone[name] != nil:
		return base.Unknown
	}
	return a.inBase(name, base.Accounts.HasUser)
}

// unsure is the part of user[:group] of which it is not known whether it is there;
// "" = none.
func (a *accounts) unsure(owner string) string {
	user, group, _ := strings.Cut(owner, ":")
	switch {
	case user != "" && !numeric(user) && a.hasUser(user) == base.Unknown:
		return "the user " + user
	case group != "" && !numeric(group) && a.hasGroup(group) == base.Unknown:
		return "the group " + group
	}
	return ""
}

// unsureOf is the verdict where a name may be there, or not.
func unsureOf(b *source.Build, what string) check.Verdict {
	if img := b.Base(); img.Known == nil && !img.Scratch {
		return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether %s has %s", img.String(), what))
	}
	return check.Unknown(check.ByImage, fmt.Sprintf("it is not known whether %s exists: a package, a script that was not analyzed or the base image may create it", what))
}

// hasGroup tells whether a group of that name exists.
func (a *accounts) hasGroup(name string) base.Answer {
	switch {
	case a.groups[name]:
		return base.Yes
	case a.doubted[name] || a.gone[name] != nil:
		return base.Unknown
	}
	return a.inBase(name, base.Accounts.HasGroup)
}

func (a *accounts) inBase(name string, ask func(base.Accounts, string) base.Answer) base.Answer {
	if name == "root" {
		return base.Yes
	}
	switch {
	case a.image == nil:
		return base.Unknown
	case a.image.Scratch:
		if a.open {
			return base.Unknown
		}
		return base.No
	case a.image.Known == nil || a.image.Local != nil:
		return base.Unknown
	}
	ans := ask(a.image.Known.Accounts(a.image.Ref), name)
	switch by := a.byPackage(name); {
	case ans == base.Yes || by == base.Yes:
		return base.Yes
	case ans == base.No && (a.open || by == base.Unknown):
		return base.Unknown
	}
	return ans
}

// inGroup tells whether a user made here is in a group, by name.
func (a *accounts) inGroup(user, group string) base.Answer {
	u := a.users[user]
	if u == nil {
		return base.Unknown
	}
	if a.member[[2]string{user, group}] || u.Group == group || u.Group == "" && u.MakesGroup && user == group {
		return base.Yes
	}
	if u.Group == "" && !u.MakesGroup && u.Known && u.Tool == "useradd" && group != "users" {
		return base.No // useradd -N takes the group users
	}
	if u.Group == "" && !u.MakesGroup || u.Group != "" && numeric(u.Group) {
		return base.Unknown // the tool's default, or a number that some group has
	}
	return base.No
}
