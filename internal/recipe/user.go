package recipe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// A user is who a container is to run as, and what makes him.
type user struct {
	ids  string // uid:gid
	make string // the RUN line that makes him; "" = nothing has to
	who  string // "the node user that node:20-slim already has"
}

// uid is the number of a user that is made: above those that systems and people
// have, so that it is nobody's on the host.
const uid = "10001"

// User ends a stage as a user who is not root: the base's own where it has one, one
// that the Dockerfile makes already, else a new one with an explicit UID.
func User(b *source.Build) Advice {
	img := b.Base()
	if img.Known != nil && slices.Contains(img.Known.Match.Repos, "docker.io/library/nginx") {
		return nginx(b, words("use the base image nginxinc/nginx-unprivileged, which runs as UID 101 and listens on 8080; with USER alone, nginx could not write to its folders"))
	}
	risk, work := risks(b), rootsWork(b)
	if step, name := numberless(b); step != nil && madeUser(b) == (user{}) {
		a := words(fmt.Sprintf("write -u %s where line %d creates the user %s, and end the stage with `USER %s`; afterwards %s", uid, step.Line(), name, uid, risk) + work)
		number := numbered(step, name)
		edits, why := endAs(b, user{ids: uid})
		switch {
		case why != "":
			a.Unfixed = why
		case work != "":
			a.Unfixed = strings.TrimPrefix(work, "; ")
		case number != (text.Edit{}):
			a.Fixes = []check.Fix{fix(fmt.Sprintf("give the user %s the number %s, and end the stage with `USER %s`", name, uid, uid), check.Unsafe, risk, b.Text(), append(edits, number)...)}
		}
		return a
	}
	u := userOf(b)
	if program, _ := b.Program(); program == "cron" || program == "crond" {
		return words(fmt.Sprintf("leave the schedule to the platform, as a CronJob of Kubernetes, or run supercronic in place of %s, which needs root, and end the stage with `USER %s`", program, u.ids))
	}
	help := fmt.Sprintf("end the stage with `USER %s`", u.ids)
	switch {
	case u.make != "":
		help = fmt.Sprintf("add `%s` and %s", u.make, help)
	case u.who != "":
		help += ", " + u.who
	}
	a := words(help)
	if !img.Scratch {
		a.Help += "; afterwards " + risk
	}
	a.Help += work
	if work != "" {
		a.Unfixed = strings.TrimPrefix(work, "; ")
		return a
	}
	edits, why := endAs(b, u)
	if a.Unfixed = why; why == "" {
		a.Fixes = []check.Fix{fix(help, check.Unsafe, risk, b.Text(), edits...)}
	}
	return a
}

// userOf is the user that suits a build.
func userOf(b *source.Build) user {
	if was := earlierUser(b); was != (user{}) {
		return was
	}
	if made := madeUser(b); made != (user{}) {
		return made
	}
	if own := ownUser(b); own != (user{}) {
		return own
	}
	u := user{ids: uid + ":" + uid}
	if step := groupZero(b); step != nil {
		return user{ids: uid + ":0", who: fmt.Sprintf("in the group 0, to which line %d gives the files", step.Line())}
	}
	u.make = maker(b, "app")
	if u.make == "" {
		u.who = "a number needs no entry in /etc/passwd"
	}
	return u
}

// earlierUser is the user of whom the build became root again.
func earlierUser(b *source.Build) (u user) {
	for step := range b.Steps() {
		if step.Keyword != "USER" || !step.Value.Known {
			continue
		}
		id, group, _ := strings.Cut(step.Value.Value, ":")
		if id != "" && strings.Trim(id+group, "0123456789") == "" && strings.Trim(id, "0") != "" {
			u = user{ids: step.Value.Value, who: fmt.Sprintf("as whom line %d runs already", step.Line())}
		}
	}
	return u
}

// groupZero is the step that gives files to the group 0, for any user in it; nil = none
// does. That is how images are made for users whose number the platform chooses.
// Source: docs.openshift.com: creating images, support arbitrary user ids.
func groupZero(b *source.Build) *source.Step {
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			if fx.Recursive && fx.Kind == effects.Chown && fx.Owner == "" && (fx.Group == "0" || fx.Group == "root") {
				return step
			}
		}
	}
	return nil
}

// shadow makes the user with the tools of that name.
const shadow = "groupadd -g " + uid + " app && useradd -u " + uid + " -g app --no-log-init --no-create-home app"

// notToRunAs are ready-made users whom a program is not meant to run as: that of
// people on Ubuntu, those for nobody's files, those of daemons beside the service,
// and the one that an init of its own starts services as.
var notToRunAs = []string{"abc", "docker", "dockremap", "nobody", "ubuntu"}

// ownUser is the user that the base image starts as, or has ready for the program.
func ownUser(b *source.Build) user {
	img := b.Base()
	known := img.Known
	if known == nil {
		return user{}
	}
	if uid, ok := known.UID(); ok && uid != "0" {
		who := fmt.Sprintf("the default user of %s", img)
		for _, ids := range known.Users {
			if id, gid, _ := strings.Cut(ids, ":"); id == uid && gid != "unknown" && gid != "" {
				return user{ids: ids, who: who}
			}
		}
		if strings.Trim(known.User, "0123456789:") == "" {
			return user{ids: known.User, who: who} // his group is that of the image
		}
		return user{ids: uid + ":" + uid, who: who}
	}
	var names []string
	has := known.Accounts(img.Ref)
	for name, ids := range known.Users {
		if !strings.Contains(ids, ":") || strings.Contains(ids, "unknown") || slices.Contains(notToRunAs, name) || has.SureUser(name) != base.Yes {
			continue
		}
		// The user of Debian's web servers is there on every Debian.
		if name == "www-data" && known.Kind == base.KindOS && !givenTo(b, name) {
			continue
		}
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(preferred(a), preferred(b)), strings.Compare(a, b))
	})
	if len(names) == 0 {
		return user{}
	}
	return user{ids: known.Users[names[0]], who: fmt.Sprintf("the %s user that %s already has", names[0], img)}
}

// preferred is the place of a ready-made user among several: the users that
// languages and bare images bring are for programs, others for their service.
func preferred(name string) int {
	if i := slices.Index([]string{"node", "nonroot", "app"}, name); i >= 0 {
		return i
	}
	return 3
}

// madeUser is a user that the chain makes with a number and never becomes.
func madeUser(b *source.Build) user {
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, u := range run.Effects.Users {
			if ids := numbersOf(b, u); ids != "" && u.UID != "0" {
				return user{ids: ids, who: fmt.Sprintf("the user %s that line %d creates", u.Name, step.Line())}
			}
		}
	}
	return user{}
}

// numbersOf are the numbers of a made user and of his primary group; "" = they are not known.
func numbersOf(b *source.Build, u effects.User) string {
	gid, ok := groupOf(b, u.Group, u.UID)
	if !ok || u.UID == "" || strings.Trim(u.UID, "0123456789") != "" {
		return ""
	}
	return u.UID + ":" + gid
}

// numberless is a user that the target's own chain makes without a number and gives files
// to, and the step that makes him; nil = there is none. He is who the program is meant to
// run as.
func numberless(b *source.Build) (made *source.Step, name string) {
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, u := range run.Effects.Users {
			if u.UID == "" && u.Name != "" && u.Name != "root" && u.Tool != "usermod" && made == nil && givenTo(b, u.Name) {
				made, name = step, u.Name
			}
		}
	}
	return made, name
}

// numbered is the edit that gives a user whom a RUN makes a number; the zero Edit where the
// command is none that is known here.
func numbered(step *source.Step, name string) text.Edit {
	for _, u := range step.Run().Effects.Users {
		if u.Name != name || u.UID != "" || u.Command == nil || !within(step, u.Command) || u.Command.When != shell.Always || (u.Tool != "useradd" && u.Tool != "adduser") {
			continue
		}
		i := slices.IndexFunc(u.Command.Words, func(w shell.Word) bool { return w.Text == u.Tool && !w.Quoted })
		if i < 0 {
			continue
		}
		option := " -u "
		if slices.ContainsFunc(u.Command.Words, func(w shell.Word) bool { return strings.HasPrefix(w.Text, "--") && w.Text != "--" }) {
			option = " --uid " // adduser of Debian has no short one
		}
		at := u.Command.Words[i].Span.End
		return text.Edit{Span: text.Span{Start: at, End: at}, New: option + uid}
	}
	return text.Edit{}
}

// givenTo tells whether the chain gives files to a user.
func givenTo(b *source.Build, name string) bool {
	for step := range b.Steps() {
		if c := step.Copy; c != nil {
			if owner, _, _ := strings.Cut(c.Chown.Value, ":"); owner == name {
				return true
			}
		}
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			if fx.Kind == effects.Chown && fx.Owner == name {
				return true
			}
		}
	}
	return false
}

// groupOf is the number of a made user's primary group.
func groupOf(b *source.Build, group, uid string) (string, bool) {
	if group == "" {
		return uid, true // useradd and adduser give a group of his own, with his number
	}
	if strings.Trim(group, "0123456789") == "" {
		return group, true
	}
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, g := range run.Effects.Groups {
			if g.Name == group && g.GID != "" && strings.Trim(g.GID, "0123456789") == "" {
				return g.GID, true
			}
		}
	}
	return "", false
}

// endAs are the edits by which a build's stage ends as a user; why says what speaks
// against that it still builds.
func endAs(b *source.Build, u user) (edits []text.Edit, why string) {
	t := b.Target
	if slices.ContainsFunc(b.Stages, func(s *source.Stage) bool { return s.Parent == t }) {
		return nil, "another stage is built on it, which may need root"
	}
	if u.make != "" {
		at := t.From
		if !beginsAsRoot(b) {
			at = becomesRoot(t)
		}
		switch {
		case at == nil:
			return nil, "the first RUN is not run by root, so that it cannot make a user"
		case takes(b, "app"):
			return nil, "there is a user or a group called app already, whose number is not known"
		}
		edits = append(edits, b.File.Below(at, u.make))
	}
	dirs, kept := dataFolders(b)
	where := inRootsHome(b)
	if where != "" {
		dirs = append(dirs, rootsHome)
	}
	folders, ok := makeFolders(b, dirs, u.ids)
	switch {
	case !ok && where != "":
		return nil, "the program may need what lies in root's home, where no other user comes: " + where
	case !ok && len(kept) > 0:
		return nil, "the volume " + kept[0] + " belongs to root, and the image has no shell that could give it to another user"
	}
	if folders != "" {
		folders += "\n"
	}
	if where != "" {
		// So that what looks in the home goes on finding it, whatever the user's own would be.
		folders += "ENV HOME=" + rootsHome + "\n"
	}
	last := lastNeedsRoot(t)
	switch {
	case last == nil:
		edits = append(edits, b.File.Below(t.From, folders+"USER "+u.ids))
	case last.Keyword == "USER" && folders != "":
		edits = append(edits, b.File.Below(last.Instruction, folders+"USER "+u.ids))
	case last.Keyword == "USER":
		edits = append(edits, text.Edit{Span: last.Rest().Span, New: u.ids})
	default:
		edits = append(edits, b.File.Below(last.Instruction, folders+"USER "+u.ids))
	}
	return edits, ""
}

// rootsHome has the mode 0700.
const rootsHome = "/root"

// inRootsHome says what the program may need of root's home, where nobody else comes; "" =
// nothing.
func inRootsHome(b *source.Build) string {
	in := func(p string) bool {
		return p == "/root" || strings.HasPrefix(p, "/root/") || strings.HasPrefix(p, "~")
	}
	if v, ok := b.Target.Env.Lookup("PATH"); ok && strings.Contains(v.Value, "/root") {
		return "PATH names it"
	}
	for step := range b.Steps() {
		if in(step.Before.Workdir.Value) || step.Copy != nil && in(step.Copy.Target) {
			return fmt.Sprintf("line %d puts something there", step.Line())
		}
		run := step.Run()
		if run == nil {
			continue
		}
		if v, ok := step.Env.Lookup("PIP_USER"); ok && v.Value != "" && v.Value != "0" {
			return "PIP_USER installs there"
		}
		for _, c := range run.Commands() {
			switch c.Program() {
			case "rm", "rmdir", "ls", "mkdir", "chmod", "chown", "touch":
				continue // nothing that a program would want
			}
			if installsHome(b, c) || slices.ContainsFunc(c.Words, func(w shell.Word) bool { return in(w.Text) || w.Text == "--user" }) {
				return fmt.Sprintf("line %d puts something there", step.Line())
			}
		}
	}
	if in(b.Target.Final.Workdir.Value) {
		return "WORKDIR is in it"
	}
	return ""
}

// written is a command as one line.
func written(c *shell.Command) string {
	var b strings.Builder
	b.WriteString(c.Program())
	for _, w := range c.Args() {
		b.WriteByte(' ')
		b.WriteString(w.Text)
	}
	return b.String()
}

// installsHome tells whether a command installs, or may install, into the home of
// whoever runs it: see rule 2, unreadable-files.
func installsHome(b *source.Build, c *shell.Command) bool {
	line := written(c)
	for _, h := range knowledge.Homes() {
		for _, parts := range [][]string{h.URLs, h.Commands} {
			if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(line, part) }) {
				return true
			}
		}
	}
	switch c.Program() {
	case "poetry", "pipenv":
		return true
	case "uv":
		return b.Base().Known.HasTool("python3") != base.Yes || strings.Contains(line, "python") || strings.Contains(line, " -p")
	}
	return strings.Contains(line, "playwright") && strings.Contains(line, "install") || strings.Contains(line, "puppeteer browsers")
}

// lastNeedsRoot is the last instruction of a stage that does something as the user
// in force, or that sets him; nil = none does.
func lastNeedsRoot(s *source.Stage) *source.Step {
	for _, step := range slices.Backward(s.Steps) {
		switch step.Keyword {
		case "RUN", "COPY", "ADD", "WORKDIR", "VOLUME", "USER":
			return step
		}
	}
	return nil
}

// beginsAsRoot tells whether the target's first RUN would run as root.
func beginsAsRoot(b *source.Build) bool {
	for s := b.Target.Parent; s != nil; s = s.Parent {
		if step := s.Final.User; step != nil {
			return step.Value.Value == "root" || step.Value.Value == "0" || step.Value.Value == "0:0"
		}
	}
	img := b.Base()
	if img.Known == nil {
		return false
	}
	uid, ok := img.Known.UID()
	return ok && uid == "0"
}

// becomesRoot is the first USER of a stage, where it is root; nil = it has none, or another.
func becomesRoot(s *source.Stage) *dockerfile.Instruction {
	for _, step := range s.Steps {
		if step.Keyword == "USER" {
			if name, _, _ := strings.Cut(step.Value.Value, ":"); name == "root" || name == "0" {
				return step.Instruction
			}
			return nil
		}
	}
	return nil
}

// takes tells whether the chain makes a user or a group of that name, or the base
// has one.
func takes(b *source.Build, name string) bool {
	for step := range b.Steps() {
		if run := step.Run(); run != nil {
			for _, u := range run.Effects.Users {
				if u.Name == name {
					return true
				}
			}
			for _, g := range run.Effects.Groups {
				if g.Name == name {
					return true
				}
			}
		}
	}
	img := b.Base()
	has := img.Known.Accounts(img.Ref)
	return has.HasUser(name) == base.Yes || has.HasGroup(name) == base.Yes
}

// rootsWork says what the container does at its start that only root can, and what to do
// instead; "" = nothing is known.
func rootsWork(b *source.Build) string {
	switch program, _ := b.Program(); {
	case program == "supervisord" || program == "s6-svscan" || program == "runsvdir" || program == "my_init":
		return fmt.Sprintf("; %s can then start no program as another user, so that its configuration must not name one", program)
	}
	if st := b.Start(); st.File != nil && st.File.Script != nil {
		for _, c := range st.File.Script.Commands {
			if c.When == shell.Always && knowledge.RootsTools.Has(c.Program()) {
				return fmt.Sprintf("; the start script runs %s, which only root can: do it in the build", c.Program())
			}
		}
	}
	return ""
}

// risks are what another user may change.
func risks(b *source.Build) string {
	less := "the program can no longer write files that root owns"
	if inRootsHome(b) != "" {
		less += ", nor what lies below root's home, which becomes his"
	}
	if _, kept := dataFolders(b); len(kept) > 0 {
		return less + ", and what a volume of " + kept[0] + " holds already stays root's until somebody runs `chown -R` in it once, as root"
	}
	return less
}
