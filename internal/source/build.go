package source

import (
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// A Build is the unit that is judged: one target of one Dockerfile with its
// context and all that deploys it, or one deployment file on its own, which
// has no stages. It is read once and never written again.
type Build struct {
	Path       string           // the unit's file
	File       *dockerfile.File // nil for a deployment file
	Stages     []*Stage         // all stages of the file
	Meta       []*Step          // the ARGs above the first FROM
	Target     *Stage
	Context    *Context         // nil where there is none, or it is not in the project
	Services   []*Service       // the Compose services that build the target
	Compose    *deploy.Compose  // of a Compose unit
	Kubernetes *deploy.Manifest // of a Kubernetes unit
	AsOf       time.Time
	Profile    Profile
	Config     *Config // nil where there is none
	// Args are the build arguments that the command line, the config and
	// Compose give; Contexts the named contexts, a folder of the project or
	// what the builder itself understands (docker-image://…). Nobody changes
	// them.
	Args, Contexts map[string]string
	// Inline tells that the Dockerfile stands in a Compose file, indented: what is
	// written for a Dockerfile cannot be put there.
	Inline bool

	project      *Snapshot
	files        view
	trail        []string // the Dockerfiles for whose sake this one is read
	images       []string
	repos        []string // its images without their tags
	given        []string // arguments that CI gives it, with values that are not known
	contextRoot  string
	outcome      outcome
	alike        []*Service // that build it with other arguments
	development  string
	chain        []*Stage
	inChain      map[*Stage]bool
	reached      map[*Stage]bool
	anyReached   map[*Stage]bool // by this one or a sibling; nil = there are none
	shipReached  map[*Stage]bool // by this one or a sibling that ships; nil = there are none
	allows       []*Allow
	manifestFile *text.File
	memo         *memo
	beyond       *limits
}

// link walks the stages that the target needs, once.
func (b *Build) link() {
	b.memo = &memo{}
	b.beyond = &limits{}
	for s := b.Target; s != nil; s = s.Parent {
		b.chain = append(b.chain, s)
	}
	for i, j := 0, len(b.chain)-1; i < j; i, j = i+1, j-1 {
		b.chain[i], b.chain[j] = b.chain[j], b.chain[i]
	}
	b.inChain = make(map[*Stage]bool, len(b.chain))
	for _, s := range b.chain {
		b.inChain[s] = true
	}
	b.reached = map[*Stage]bool{}
	todo := []*Stage{b.Target}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if b.reached[s] {
			continue
		}
		b.reached[s] = true
		todo = append(todo, s.needs()...)
	}
	b.resolveLocal()
}

// Given is what gives the build all of these arguments, with values that are not known
// here: CI, or a Makefile or a script by its name. "" = nothing does.
func (b *Build) Given(args []string) string {
	switch {
	case len(args) == 0:
		return ""
	case !slices.ContainsFunc(args, func(a string) bool { return !slices.Contains(b.given, a) }):
		return "CI"
	case b.project == nil:
		return ""
	}
	return b.project.passing(b.files, b.Path, args)
}

// Banking tells whether the build is judged by the banking profile.
func (b *Build) Banking() bool { return b.Profile == Banking }

// Text is the file that the unit is read from.
func (b *Build) Text() *text.File {
	switch {
	case b.File != nil:
		return b.File.File
	case b.Compose != nil:
		return b.Compose.File
	}
	return b.manifestFile
}

// Sources are the files of which a report on this build may quote a value: its
// own, the Compose files that build and run it with their .env, the config, the
// ignore file.
func (b *Build) Sources() []*text.File {
	list := []*text.File{b.Text()}
	for _, s := range b.Services {
		list = append(list, s.File.File)
	}
	if b.project != nil {
		for _, f := range slices.Clone(list) {
			if f != nil {
				list = append(list, b.project.dotenvs[path.Dir(f.Name)])
			}
		}
	}
	if b.Config != nil {
		list = append(list, b.Config.File)
	}
	if b.Context != nil {
		list = append(list, b.Context.File)
	}
	seen := map[*text.File]bool{nil: true}
	return slices.DeleteFunc(list, func(f *text.File) bool {
		known := seen[f]
		seen[f] = true
		return known
	})
}

// ContextRoot is the folder of the build context; ok is false where the
// context is not in the project.
func (b *Build) ContextRoot() (root string, ok bool) {
	return b.contextRoot, b.Context != nil
}

// NoContext says why Context is nil.
func (b *Build) NoContext() string {
	switch b.contextRoot {
	case unsaid:
		return "nothing says whether the build context is " + path.Dir(b.Path) + " or a folder above it"
	case made:
		return "CI makes the build context before it builds, and what is in it is not known"
	}
	return "the build context is outside the project"
}

// Chain is the target's stages by FROM, the one on an image first, the target
// last. What is in them is in the image that ships.
func (b *Build) Chain() []*Stage { return b.chain }

// InChain tells whether the target is built on s by FROM, or is s.
func (b *Build) InChain(s *Stage) bool { return b.inChain[s] }

// Reaches tells whether this build or another one of the Dockerfile needs s.
func (b *Build) Reaches(s *Stage) bool {
	return b.reached[s] || b.anyReached[s]
}

// Ships tells whether this build or another one of the Dockerfile that is not for
// development needs s.
func (b *Build) Ships(s *Stage) bool {
	return b.reached[s] || b.shipReached[s]
}

// Needs tells whether this target itself needs s.
func (b *Build) Needs(s *Stage) bool { return b.reached[s] }

// Steps are the steps of the chain, in order.
func (b *Build) Steps() iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		for _, s := range b.chain {
			for _, step := range s.Steps {
				if !yield(step) {
					return
				}
			}
		}
	}
}

// Installs are the installs of the chain's RUNs, in order.
func (b *Build) Installs() iter.Seq[packages.Install] {
	return func(yield func(packages.Install) bool) {
		for step := range b.Steps() {
			run := step.Run()
			if run == nil {
				continue
			}
			for _, in := range run.Effects.Installs {
				if !yield(in) {
					return
				}
			}
		}
	}
}

// Base is the image that the chain starts from; never nil for a Dockerfile.
func (b *Build) Base() *Image { return b.chain[0].Image }

// Linux tells whether the build makes an image for Linux. It does not without a
// target, as for a workload that belongs to no Dockerfile.
func (b *Build) Linux() bool { return b.Target != nil && !b.Target.Windows }

// Runnable tells whether containers for Linux run what the build makes, rather
// than take its files.
func (b *Build) Runnable() bool { return b.Linux() && !b.Exports() }

// Final is the config of the image that ships.
func (b *Build) Final() State { return b.Target.Final }

// A UserState is how much is known of a user.
type UserState uint8

// The states. UserUnknown is the zero UserState.
const (
	UserUnknown  UserState = iota // nobody can tell who it is
	UserNamed                     // by a name whose number is not known
	UserNumbered                  // by a number other than 0
	UserRoot                      // UID 0
)

// A User is who a container's process runs as.
type User struct {
	State UserState
	Name  string        // as it stands after expansion: a name or a number
	Group string        // "" = not given
	UID   string        // in decimal without leading zeros; "" = not known
	Step  *Step         // the USER that says so; nil = the base image
	Image *Image        // the base image that says so; nil = Step does
	Made  *effects.User // the RUN effect that makes the name; nil = none does
	Unset []string      // the variables without a value that leave nothing of Step's user, which is root
}

// Root tells whether the user is known to be UID 0.
func (u User) Root() bool { return u.State == UserRoot }

// Unprivileged tells whether it is known who the user is, and not known to be
// root.
func (u User) Unprivileged() bool { return u.State == UserNamed || u.State == UserNumbered }

// number notes the user's UID.
func (u *User) number(uid string) {
	u.UID, u.State = uid, UserNumbered
	if uid == "0" {
		u.State = UserRoot
	}
}

// User is the effective user of the image that ships.
func (b *Build) User() User {
	if step := b.Target.Final.User; step != nil {
		return b.userOf(step)
	}
	return b.imageUser(b.Base())
}

// userOf resolves the argument of a USER.
func (b *Build) userOf(step *Step) User {
	u := User{Step: step}
	u.Name, u.Group, _ = strings.Cut(step.Value.Value, ":")
	if names, ok := b.unset(step, step.Value.Raw); ok && u.Name == "" && len(names) > 0 && !step.Value.Long {
		u.Unset = names
		u.number("0")
		return u
	}
	if u.Name == "" || !step.Value.Known && (len(step.Value.Missing) > 0 || step.Value.Long) {
		// An unset variable gives nothing to BuildKit, yet what sets it may be
		// the base image: unknown, not root.
		return u
	}
	u.State = UserNamed
	if uid, ok := number(u.Name); ok {
		u.number(uid)
		return u
	}
	if u.Name == "root" {
		u.number("0")
		return u
	}
	// The last RUN before USER that makes the name decides.
	for _, s := range b.chain {
		for _, st := range s.Steps {
			run := st.Run()
			if run == nil {
				continue
			}
			for i := range run.Effects.Users {
				if made := &run.Effects.Users[i]; made.Name == u.Name {
					u.Made = made
					if uid, ok := number(made.UID); ok {
						u.number(uid)
					}
				}
			}
		}
	}
	if u.Made != nil {
		return u
	}
	if uid, ok := b.passwd(step, u.Name); ok {
		u.number(uid)
		return u
	}
	if img := b.Base(); img != nil && img.Known != nil {
		if ids, ok := img.Known.Users[u.Name]; ok {
			if uid, _, _ := strings.Cut(ids, ":"); uid != "" {
				if n, ok := number(uid); ok {
					u.number(n)
				}
			}
		}
	}
	return u
}

// passwd is the UID of a name in an /etc/passwd that a COPY of the step's stage
// brings out of the project.
func (b *Build) passwd(step *Step, name string) (string, bool) {
	o := b.FileIn(step.Stage, "/etc/passwd")
	if o == nil {
		return "", false
	}
	data, ok := o.Data()
	if !ok || len(data) > maxRead {
		return "", false
	}
	for line := range strings.Lines(data) {
		if f := strings.SplitN(strings.TrimSpace(line), ":", 4); len(f) == 4 && f[0] == name {
			return number(f[2])
		}
	}
	return "", false
}

// Maker is the RUN effect of the chain that makes the user of a UID; nil where
// none does.
func (b *Build) Maker(uid string) *effects.User {
	var made *effects.User
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for i := range run.Effects.Users {
			if n, ok := number(run.Effects.Users[i].UID); ok && n == uid {
				made = &run.Effects.Users[i]
			}
		}
	}
	return made
}

// number reads a UID as Docker does: decimal, with sign and leading zeros.
func number(s string) (string, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return "", false
	}
	return strconv.FormatInt(n, 10), true
}

// imageUser is the user that an image itself starts as.
func (b *Build) imageUser(img *Image) User {
	u := User{Image: img}
	switch {
	case img == nil:
		return u
	case img.Local != nil:
		u = img.Local.User()
		u.Image = img
		return u
	case img.Scratch:
		u.Name = "root"
		u.number("0")
	case img.Known != nil:
		u.Name = img.Known.User
		u.Name, u.Group, _ = strings.Cut(u.Name, ":")
		if uid, ok := img.Known.UID(); ok {
			u.number(uid)
		} else if u.Name != "" && u.Name != "unknown" {
			u.State = UserNamed
		}
	}
	return u
}

// A Command is an ENTRYPOINT or CMD in force.
type Command struct {
	Step  *Step    // nil = the base image's
	Words []string // argv as Docker makes it; in shell form the one shell line
	Shell bool     // shell form
	Known bool     // false = the base image's, of which nothing is known
}

// Empty tells whether there is known to be no command.
func (c Command) Empty() bool { return c.Known && len(c.Words) == 0 }

// Entrypoint is the ENTRYPOINT in force.
func (b *Build) Entrypoint() Command {
	if step := b.Target.Final.Entrypoint; step != nil {
		cmd := step.Command.(*instructions.EntrypointCommand)
		return Command{Step: step, Words: cmd.CmdLine, Shell: cmd.PrependShell, Known: true}
	}
	return b.baseCommand(func(img *base.Image) []string { return img.Entrypoint }, (*Build).Entrypoint)
}

// Cmd is the CMD in force: none where an ENTRYPOINT of this file reset it.
func (b *Build) Cmd() Command {
	f := b.Target.Final
	if step := f.Cmd; step != nil {
		cmd := step.Command.(*instructions.CmdCommand)
		return Command{Step: step, Words: cmd.CmdLine, Shell: cmd.PrependShell, Known: true}
	}
	if f.CmdReset != nil || f.Entrypoint != nil {
		return Command{Known: true}
	}
	return b.baseCommand(func(img *base.Image) []string { return img.Cmd }, (*Build).Cmd)
}

func (b *Build) baseCommand(of func(*base.Image) []string, local func(*Build) Command) Command {
	img := b.Base()
	switch {
	case img.Scratch:
		return Command{Known: true}
	case img.Local != nil:
		return local(img.Local)
	case img.Known != nil:
		words := of(img.Known)
		return Command{Words: words, Known: words != nil}
	}
	return Command{}
}

// Health is the HEALTHCHECK in force: the step, or what is known of the base
// image's. known is false where only the base image could tell.
func (b *Build) Health() (step *Step, inherited, known bool) {
	if step := b.Target.Final.Health; step != nil {
		return step, false, true
	}
	img := b.Base()
	switch {
	case img.Scratch:
		return nil, false, true
	case img.Local != nil:
		s, inherited, known := img.Local.Health()
		return nil, s != nil && !s.DisablesHealth() || inherited, known
	case img.Known != nil && img.Known.Healthcheck != nil:
		return nil, *img.Known.Healthcheck, true
	}
	return nil, false, false
}

// DisablesHealth tells whether a step is HEALTHCHECK NONE.
func (s *Step) DisablesHealth() bool {
	hc, ok := s.Command.(*instructions.HealthCheckCommand)
	return ok && len(hc.Health.Test) == 1 && hc.Health.Test[0] == "NONE"
}

// Ports are the ports of every EXPOSE of the chain.
func (b *Build) Ports() []Port { return b.Target.Final.Ports }

// Toolbox tells whether the config calls this Dockerfile's image one for
// building, or it is a builder from which others copy or whose files are taken.
func (b *Build) Toolbox() bool {
	return b.outcome != keeps || b.Lent() != "" || b.Config != nil && b.Config.lists(b.Config.Toolboxes, b.Path)
}

// RootAllowed tells whether the config lets this Dockerfile run as root.
func (b *Build) RootAllowed() bool {
	return b.Config != nil && b.Config.lists(b.Config.RootAllowed, b.Path)
}

// RuntimeTool tells whether the config says that the running container needs
// a program.
func (b *Build) RuntimeTool(name string) bool {
	if b.Config == nil {
		return false
	}
	for _, t := range b.Config.RuntimeTools {
		if t == name {
			return true
		}
	}
	return false
}
