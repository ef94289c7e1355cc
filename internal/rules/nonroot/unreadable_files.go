package nonroot

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var unreadableFiles = &check.Check{
	Name:     "unreadable-files",
	Claim:    "the user can access and read the files that it must run",
	Why:      "/root has mode 0700, so no other user can enter it, and files of root with mode 0600 or 0700 are not readable for others: at start the program is not found or permission is denied",
	Mend:     "install into a folder that every user can read, such as /opt/venv or /usr/local, and keep files readable: u=rwX,go=rX",
	Quiet:    "Where the user owns the files, where chmod makes /root accessible, and where the user is not known.",
	Unfixed:  "where the files are to lie instead is for you to say: the program may look for them by that path",
	Severity: check.Error,
	Since:    "0.1.0",
	Run:      startUnreadable,
	Image:    builtUnreadable,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		u := b.User()
		unknown := u.State == source.UserUnknown && u.Step == nil
		if unknown {
			u.Name = "1" // whoever it is but root
		} else if !u.Unprivileged() || u.Name == "" {
			return check.Judge(nil)
		}
		v := &readable{b: b, user: u}
		v.start = b.Start()
		v.paths()
		for step := range b.Steps() {
			v.step(step)
		}
		v.homes()
		if len(v.found) == 0 && v.doubt {
			return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether %s has the program, and who its user is", b.Base().String()))
		}
		if unknown && len(v.found) > 0 {
			return check.Unknown(check.ByBases, fmt.Sprintf("who runs is not known, for nobody knows the user of %s", b.Base().String()))
		}
		return check.Judge(v.found)
	},
}

// readable is the state of the question while the chain is walked.
type readable struct {
	b     *source.Build
	user  source.User
	start *source.Start
	must  []string // absolute paths that must be reached: the program, its folder
	found []check.Finding

	asked, opens bool // whether some step opens /root
	doubt        bool // an unknown base decides
	commands     []*shell.Command
	guess        bool // whether the base runs the command line is not known
}

// paths are what the container must run: where PATH leads, the program, the
// script, the working folder.
func (v *readable) paths() {
	if p, ok := v.b.RuntimeEnv("PATH"); ok {
		for _, dir := range strings.Split(p, ":") {
			if strings.HasPrefix(dir, "/") {
				v.must = append(v.must, path.Clean(dir))
			}
		}
	}
	for _, w := range v.start.Words {
		switch dir := v.b.Target.Final.Workdir.Value; {
		case strings.HasPrefix(w.Text, "/"):
			v.must = append(v.must, path.Clean(w.Text))
		case strings.HasPrefix(w.Text, "./") && strings.HasPrefix(dir, "/"):
			v.must = append(v.must, path.Join(dir, w.Text))
		}
	}
	if f := v.start.File; f != nil {
		v.must = append(v.must, f.Path)
	}
	if dir := v.b.Target.Final.Workdir.Value; strings.HasPrefix(dir, "/") && dir != "/" {
		v.must = append(v.must, dir)
	}
}

// needs tells whether the container must run something in dir, or dir holds
// part of the working folder.
func (v *readable) needs(dir string) bool {
	dir = path.Clean(dir)
	for _, m := range v.must {
		if m == dir || strings.HasPrefix(m, dir+"/") || dir == "/" {
			return true
		}
	}
	return false
}

func (v *readable) add(step *source.Step, span text.Span, format string, args ...any) {
	f := check.Finding{
		Place:   check.Place{File: v.b.Text(), Span: span},
		Message: fmt.Sprintf(format, args...),
		Stage:   step.Stage,
	}
	a := recipe.Advice{}
	if step.Copy != nil && step.Copy.Stage != nil && step.Stage == v.b.Target {
		a = recipe.UserSite(v.b, step)
	}
	if len(a.Fixes) == 0 {
		a = recipe.OpenHome(v.b)
	}
	f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
	v.found = append(v.found, f)
}

// shut is add for a mode that keeps the user out: dir tells that a folder may have it.
func (v *readable) shut(step *source.Step, span, mode text.Span, dir bool, format string, args ...any) {
	v.add(step, span, format, args...)
	f := &v.found[len(v.found)-1]
	a := recipe.Readable(v.b, mode, dir)
	f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
}

func (v *readable) who() string {
	if v.user.Step != nil {
		return "user " + v.user.Name
	}
	return "the base image's user " + v.user.Name
}

func (v *readable) step(step *source.Step) {
	if c := step.Copy; c != nil {
		v.copied(step, c)
	}
	run := step.Run()
	if run == nil {
		return
	}
	root := v.asRoot(step)
	for _, fx := range run.Effects.Files {
		if fx.Kind == effects.Chmod || fx.Kind == effects.Mkdir && fx.Mode != "" && (fx.Owner == "" || fx.Owner == "root" || fx.Owner == "0") {
			v.chmod(step, fx, root)
		}
	}
	if !root || v.opened() {
		return
	}
	for _, in := range run.Effects.Installs {
		if in.User && in.Manager == "pip" && in.When != shell.Never && in.Target.Text == "" {
			v.add(step, in.Command.Span, "pip install --user as root puts the packages under /root/.local, which %s cannot enter", v.who())
		}
	}
}

// asRoot tells whether a step runs as root.
func (v *readable) asRoot(step *source.Step) bool {
	if step.Before.User == nil {
		base := v.b.Base()
		return base.Known == nil || base.Known.User == "0" || base.Known.User == "root" || base.Known.User == ""
	}
	name, _, _ := strings.Cut(step.Before.User.Value.Value, ":")
	return name == "root" || name == "0"
}

func (v *readable) copied(step *source.Step, c *source.Copy) {
	target := strings.TrimSuffix(c.Target, "/")
	if target == "" {
		return
	}
	owner, _, _ := strings.Cut(c.Chown.Value, ":")
	mine := owner != "" && (owner == v.user.Name || owner == v.user.UID)
	if (target == "/root" || strings.HasPrefix(target, "/root/")) && !v.opened() {
		if v.needs(target) || step.Copy.Stage != nil && strings.HasPrefix(target, "/root/.local") {
			v.add(step, v.destSpan(step), "%s is in /root, which %s cannot enter", target, v.who())
			return
		}
	}
	mode, err := strconv.ParseUint(c.Chmod.Value, 8, 32)
	if err != nil || !c.Chmod.Known || mine {
		return
	}
	script := v.start.File != nil && v.start.File.Origin.Step == step
	dirs := v.needs(target) || v.inWorkdir(target)
	if !script && !dirs {
		return
	}
	if v.denied(uint32(mode), c.Chown.Value) {
		f, _ := step.Flag("chmod")
		v.shut(step, f.Span, f.Span, v.bringsFolder(c), "%s has mode %s and owner %s, so %s cannot read it", strings.Join(sources(c), ", "), c.Chmod.Value, ownerName(owner), v.who())
	}
}

// bringsFolder tells whether a COPY brings a folder, or may do so.
func (v *readable) bringsFolder(c *source.Copy) bool {
	if !c.FromContext() || v.b.Context == nil {
		return true
	}
	return slices.ContainsFunc(c.Sources, func(src source.Text) bool {
		e, err := v.b.Context.Stat(source.Clean(src.Value))
		return !src.Known || err != nil || e.Dir
	})
}

// inWorkdir tells whether a path lies in the folder that the program works in,
// unless its name is that of data or settings.
func (v *readable) inWorkdir(p string) bool {
	dir := v.b.Target.Final.Workdir.Value
	if !strings.HasPrefix(dir, "/") || dir == "/" {
		return false
	}
	return p == dir || strings.HasPrefix(p, dir+"/")
}

// opened tells whether a step of the chain opens /root.
func (v *readable) opened() bool {
	if !v.asked {
		v.asked, v.opens = true, v.findOpening()
	}
	return v.opens
}

func (v *readable) findOpening() bool {
	for step := range v.b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			// Of the commands that make a folder, those with an owner give him one that is there too.
			given := fx.Kind == effects.Chown || fx.Kind == effects.Mkdir && fx.Owner != ""
			if fx.Kind != effects.Chmod && !given {
				continue
			}
			for _, p := range fx.Paths {
				// To go through a folder takes no right to read it.
				if path.Clean(p.Text) == "/root" && (given || !v.denied(parseMode(fx.Mode), "") || parseMode(fx.Mode)&0o001 != 0) {
					return true
				}
			}
		}
	}
	return false
}

// parseMode is an octal mode; a symbolic one that adds for group and others
// counts as 0755, any other as 0700.
func parseMode(mode string) uint32 {
	if n, err := strconv.ParseUint(mode, 8, 32); err == nil {
		return uint32(n)
	}
	for _, part := range strings.Split(mode, ",") {
		who, what, ok := strings.Cut(part, "+")
		if ok && (who == "" || strings.ContainsAny(who, "oa")) && strings.ContainsAny(what, "rxX") {
			return 0o755
		}
	}
	return 0o700
}

func (v *readable) chmod(step *source.Step, fx effects.File, root bool) {
	mode, err := strconv.ParseUint(fx.Mode, 8, 32)
	if err != nil && shuts(fx.Mode) {
		mode, err = 0o700, nil
	}
	if err != nil || !root || fx.When == shell.Maybe || !v.denied(uint32(mode), "") {
		return
	}
	for _, p := range fx.Paths {
		if !p.Known || !strings.HasPrefix(p.Text, "/") || strings.HasPrefix(p.Text, "/root") {
			continue
		}
		name := path.Clean(p.Text)
		script := v.start.File != nil && v.start.File.Path == name
		if !script && !v.runs(name) || v.givenAway(step, name) {
			continue
		}
		v.shut(step, fx.Command.Span, recipe.ModeOf(fx.Command, fx.Mode), v.start.File == nil || v.start.File.Path != name, "mode %s makes %s inaccessible to %s, which must run it", fx.Mode, name, v.who())
	}
}

// shuts tells whether a symbolic mode takes reading from all others: go-rwx, go=.
func shuts(mode string) bool {
	for _, part := range strings.Split(mode, ",") {
		who, what, ok := strings.Cut(part, "-")
		if ok && strings.ContainsAny(who, "oa") && strings.Contains(what, "r") {
			return true
		}
		who, what, ok = strings.Cut(part, "=")
		if ok && strings.ContainsAny(who, "oa") && !strings.Contains(what, "r") {
			return true
		}
	}
	return false
}

// runs tells whether a path is a program of the command line, or a folder that
// holds one or the working folder.
func (v *readable) runs(name string) bool {
	for _, w := range v.start.Words {
		if w.Text == name || name != "/" && strings.HasPrefix(w.Text, name+"/") {
			return true
		}
	}
	dir := v.b.Target.Final.Workdir.Value
	return strings.HasPrefix(dir, "/") && (dir == name || strings.HasPrefix(dir, name+"/"))
}

// givenAway tells whether a step of the chain gives a path to the user.
func (v *readable) givenAway(_ *source.Step, name string) bool {
	for step := range v.b.Steps() {
		if c := step.Copy; c != nil && c.Chown.Value != "" {
			owner, _, _ := strings.Cut(c.Chown.Value, ":")
			t := strings.TrimSuffix(c.Target, "/")
			if (owner == v.user.Name || owner == v.user.UID) && (name == t || strings.HasPrefix(name, t+"/")) {
				return true
			}
		}
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			if fx.Kind != effects.Chown || fx.Owner == "root" || fx.Owner == "0" {
				continue
			}
			for _, p := range fx.Paths {
				q := path.Clean(p.Text)
				if name == q || strings.HasPrefix(name, q+"/") {
					return true
				}
			}
		}
	}
	return false
}

// denied tells whether a mode keeps the user out of what root owns: by the
// bits for others, or for the group where the user's group is root's.
func (v *readable) denied(mode uint32, owner string) bool {
	if mode&0o004 != 0 {
		return false
	}
	_, group, _ := strings.Cut(owner, ":")
	shared := group != "" && group == v.user.Group || (group == "" || group == "0" || group == "root") && (v.user.Group == "0" || v.user.Group == "root" || v.user.Group == "" && v.user.Made == nil && numeric(v.user.Name))
	// A number without a group has GID 0 where /etc/passwd does not know it.
	return !(shared && mode&0o040 != 0)
}

func (v *readable) destSpan(step *source.Step) text.Span {
	words := step.Words()
	if len(words) == 0 {
		return step.Span
	}
	return words[len(words)-1].Span
}

func sources(c *source.Copy) []string {
	var list []string
	for _, s := range c.Sources {
		list = append(list, s.Value)
	}
	for _, h := range c.Heredocs {
		list = append(list, h.Name)
	}
	return list
}

func ownerName(owner string) string {
	if owner == "" {
		return "root"
	}
	return owner
}
