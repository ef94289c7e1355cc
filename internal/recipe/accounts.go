package recipe

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/near"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

// MakeUser makes the user whom a USER names and nobody makes, or names the one that it must
// mean.
func MakeUser(b *source.Build, step *source.Step, name string) Advice {
	if b.Inline || b.File == nil {
		return unfixed("the Dockerfile is written inside another file")
	}
	at := step.Rest().Span
	if meant, ids := alike(b, name); meant != "" {
		title := fmt.Sprintf("write USER %s, the user %s", ids, meant)
		return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "that the name is misspelled is a guess", b.Text(), text.Edit{Span: at, New: ids})}}
	}
	ids, line := uid+":"+uid, maker(b, name)
	img := b.Base()
	if line == "" {
		if img.Known != nil && img.Known.Users["nonroot"] != "" {
			ids = img.Known.Users["nonroot"]
		}
		title := fmt.Sprintf("write USER %s: a number needs no entry in /etc/passwd", ids)
		return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "a program that looks its user up does not find him", b.Text(), text.Edit{Span: at, New: ids})}}
	}
	switch {
	case step.Stage != b.Target || !beginsAsRoot(b):
		return unfixed("no instruction above USER is known to be run by root, who could make the user")
	case takesNumber(b, uid):
		return unfixed("the number " + uid + " is somebody else's already")
	}
	title := fmt.Sprintf("make the user %s, and write USER %s", name, ids)
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "which number he is to have is a guess", b.Text(), b.File.Below(b.Target.From, line), text.Edit{Span: at, New: ids})}}
}

// alike is the user that a chain makes whose name is almost this one, and his numbers, or his
// name where they are not known; "" = none is.
func alike(b *source.Build, name string) (meant, ids string) {
	made := map[string]string{}
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, u := range run.Effects.Users {
			if !u.Known || u.When != shell.Always {
				continue
			}
			made[u.Name] = cmp.Or(numbersOf(b, u), u.Name)
		}
	}
	meant = near.Of(slices.Sorted(maps.Keys(made)), name)
	return meant, made[meant]
}

// OwnGroup writes the numbers of a user in USER, whose group is not there.
func OwnGroup(b *source.Build, step *source.Step, name string) Advice {
	ids := ""
	switch img := b.Base(); {
	case b.Inline:
		return unfixed("the Dockerfile is written inside another file")
	case name != "" && strings.Trim(name, "0123456789") == "":
		ids = name + ":" + name
	case img.Known != nil && strings.Trim(img.Known.Users[name], "0123456789:") == "" && strings.Contains(img.Known.Users[name], ":"):
		ids = img.Known.Users[name]
	default:
		for s := range b.Steps() {
			if run := s.Run(); run != nil {
				for _, u := range run.Effects.Users {
					if u.Name == name {
						ids = cmp.Or(numbersOf(b, u), ids)
					}
				}
			}
		}
	}
	if ids == "" {
		return unfixed("the numbers of the user are not known")
	}
	title := "write USER " + ids
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "what belongs to the group that was meant may have to be given to this one", b.Text(), text.Edit{Span: step.Rest().Span, New: ids})}}
}

// maker is the RUN that makes a user with the number uid and a group of his own; "" = the
// image has nothing that could.
func maker(b *source.Build, name string) string {
	img := b.Base()
	known := img.Known
	with := strings.NewReplacer(" app", " "+name)
	switch {
	case img.Scratch || known == nil || known.HasShell() != base.Yes || b.Target.Windows:
	case known.HasTool("useradd") == base.Yes && known.HasTool("groupadd") == base.Yes:
		return "RUN " + with.Replace(shadow)
	case known.HasTool("adduser") == base.Yes && known.HasTool("addgroup") == base.Yes && strings.HasPrefix(known.Shell, "busybox"):
		return fmt.Sprintf("RUN addgroup -g %[1]s %[2]s && adduser -D -H -u %[1]s -G %[2]s %[2]s", uid, name)
	default:
		// Where it is there already, the install does nothing.
		if t := knowledge.UserToolsBy(known.PackageManager); t != nil {
			return fmt.Sprintf("RUN %s && %s && %s", t.Install, with.Replace(shadow), t.Clean)
		}
	}
	return ""
}

// takesNumber tells whether the chain gives a number to a user or a group.
func takesNumber(b *source.Build, id string) bool {
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		if slices.ContainsFunc(run.Effects.Users, func(u effects.User) bool { return u.UID == id }) || slices.ContainsFunc(run.Effects.Groups, func(g effects.Group) bool { return g.GID == id }) {
			return true
		}
	}
	return false
}

// accountTools make users and groups.
var accountTools = []string{"useradd", "adduser", "groupadd", "addgroup", "usermod", "groupmod"}

// Renumber gives a user or a group whom a RUN makes, and whatever is given to him, a number
// that is free in the place of one that the base image has given.
func Renumber(b *source.Build, number string) Advice {
	if b.Inline || takesNumber(b, uid) {
		return unfixed("the number " + uid + " is somebody else's already")
	}
	var edits []text.Edit
	for step := range b.Steps() {
		switch {
		case step.Keyword == "USER":
			if now := renumbered(step.Value.Raw, number); now != step.Value.Raw {
				edits = append(edits, text.Edit{Span: step.Rest().Span, New: now})
			}
		case step.Copy != nil:
			if f, ok := step.Flag("chown"); ok && renumbered(step.Copy.Chown.Raw, number) != step.Copy.Chown.Raw {
				edits = append(edits, text.Edit{Span: f.Span, New: "--chown=" + renumbered(step.Copy.Chown.Raw, number)})
			}
		case step.Run() != nil:
			for _, c := range step.Run().Commands() {
				program, _ := c.Underlying()
				if !within(step, c) || !slices.Contains(accountTools, program) && program != "chown" && program != "install" {
					continue
				}
				for i, w := range c.Words {
					now := w.Text
					if name, value, ok := strings.Cut(w.Text, "="); ok && strings.HasPrefix(name, "--") && value == number {
						now = name + "=" + uid
					} else if i > 0 && !w.Quoted {
						now = renumbered(w.Text, number)
					}
					if now != w.Text && b.Text().Text(w.Span) == w.Text {
						edits = append(edits, text.Edit{Span: w.Span, New: now})
					}
				}
			}
		}
	}
	if len(edits) == 0 {
		return unfixed("the number is not written in the Dockerfile")
	}
	title := fmt.Sprintf("write %s in the place of %s", uid, number)
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "files outside, as of volumes, may belong to "+number, b.Text(), edits...)}}
}

// renumbered is an owner, user or user:group, with another number.
func renumbered(owner, number string) string {
	user, group, ok := strings.Cut(owner, ":")
	if user == number {
		user = uid
	}
	if group == number {
		group = uid
	}
	if ok {
		return user + ":" + group
	}
	return user
}

// TakenName leaves out the RUN that makes a user or a group whom the base image has, where it
// does nothing else, and puts the user into the group where that is what is in his way.
func TakenName(b *source.Build, step *source.Step, c *shell.Command, group string) Advice {
	if b.Inline {
		return Advice{}
	}
	program, _ := c.Underlying()
	if group != "" && program == "useradd" && within(step, c) {
		i := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == program })
		end := c.Words[i].Span.End
		title := fmt.Sprintf("put the user into the group %s that is there", group)
		return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "the group may have other members", b.Text(), text.Edit{Span: text.Span{Start: end, End: end}, New: " -g " + group})}}
	}
	has := base.Accounts{}
	if img := b.Base(); img.Known != nil {
		has = img.Known.Accounts(img.Ref)
	}
	for _, other := range step.Run().Commands() {
		program, _ := other.Underlying()
		if program != "useradd" && program != "adduser" && program != "groupadd" && program != "addgroup" {
			return unfixed(fmt.Sprintf("the RUN also runs %s", program))
		}
	}
	for _, u := range step.Run().Effects.Users {
		if has.SureUser(u.Name) != base.Yes {
			return unfixed(fmt.Sprintf("the RUN also makes the user %s", u.Name))
		}
	}
	title := "take the RUN out: the base image has them already"
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "they have the numbers and the home that the base image gives them", b.Text(), b.File.Without(step.Instruction))}}
}

// Owned writes the numbers of the user whom the container runs as in a --chown or a chown that
// names somebody who is not there, or a group that he is not in. at is where it is written.
func Owned(b *source.Build, owner string, at text.Span) Advice {
	u := b.User()
	ids := numbers(u)
	if ids == "" && u.Made != nil && u.Made.MakesGroup {
		ids = u.Name + ":" + u.Name
	}
	if b.Inline || ids == "" || u.UID == "0" || at.IsZero() || !strings.HasSuffix(b.Text().Text(at), owner) {
		return Advice{}
	}
	span := text.Span{Start: at.End - len(owner), End: at.End}
	title := fmt.Sprintf("write %s, as whom the container runs", ids)
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "that the files are for him is a guess", b.Text(), text.Edit{Span: span, New: ids})}}
}
