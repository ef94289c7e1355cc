package nonroot

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// belowRoot tells whether a path is root's home or lies in it.
func belowRoot(p string) bool { return p == "/root" || strings.HasPrefix(p, "/root/") }

// homes looks for what an installer puts into root's home, where the container's
// user has to run it.
func (v *readable) homes() {
	programs := v.startPrograms()
	for step := range v.b.Steps() {
		if !v.inRootsHome(step) {
			continue
		}
		for _, c := range step.Run().Commands() {
			if c.When != shell.Always {
				continue
			}
			v.installed(step, c, programs)
			v.browsers(step, c)
			v.environment(step, c)
		}
	}
	v.uv()
	v.pathOfStart()
}

// inRootsHome tells whether a RUN runs as root with root's home for its own.
func (v *readable) inRootsHome(step *source.Step) bool {
	run := step.Run()
	if run == nil || !v.asRoot(step) || v.opened() {
		return false
	}
	if home, ok := step.Env.Lookup("HOME"); ok && path.Clean(home.Value) != "/root" {
		return false
	}
	written := step.File().Text(step.Span)
	for _, other := range []string{"HOME=/", "HOME=\"/", "su ", "sudo ", "gosu ", "su-exec ", "runuser ", "setpriv ", "setfacl "} {
		if strings.Contains(written, other) && !strings.Contains(written, "HOME=/root") {
			return false
		}
	}
	return true
}

// unsure notes that what a user of another base than a known one may run is not
// known: the base may have the program, or not run as root.
func (v *readable) unsure(step *source.Step) bool {
	if v.guess || step.Before.User == nil && v.b.Base().Known == nil && !v.b.Base().Scratch {
		v.doubt = true
	}
	return v.doubt
}

// guessed notes that it is not known whether the base runs the command line.
func (v *readable) guessed() bool {
	v.doubt = v.doubt || v.guess
	return v.guess
}

// pathOfStart speaks of a program or a script that the command line names by a path
// in root's home.
func (v *readable) pathOfStart() {
	if len(v.found) > 0 || v.opened() || v.start.Step == nil || v.mayOpen() {
		return // one cause, one finding
	}
	for _, c := range v.startCommands() {
		words := []shell.Word{c.Words[len(c.Words)-len(c.Args())-1]}
		if p := c.Program(); (knowledge.Interpreters.Has(p) || knowledge.Shells.Has(p)) && len(c.Args()) > 0 {
			words = append(words, c.Args()[0])
		}
		for _, w := range words {
			if p := path.Clean(w.Text); w.Known && belowRoot(p) && !v.guessed() {
				v.add(v.start.Step, v.start.Step.Rest().Span, "%s is in /root, which %s cannot enter", p, v.who())
				return
			}
		}
	}
}

// startCommands are the commands that the container certainly runs, of the command
// line and of the start script. guess tells that a base image's ENTRYPOINT, which is
// not known, gets the command line.
func startCommands(b *source.Build) (list []*shell.Command, guess bool) {
	st := b.Start()
	script := st.Script
	cmd := st.Cmd
	onTop := shell.Input{Dir: b.Target.Final.Workdir.Value}
	if script == nil && cmd.Step != nil && len(cmd.Words) > 0 {
		guess = true
		if cmd.Shell {
			script, _ = cmd.Step.Script(cmd.Words)
		} else {
			script = shell.FromWords(onTop, cmd.Literal())
		}
	}
	if script != nil && script.Err == nil {
		list = append(list, script.Commands...)
	}
	if f := st.File; f != nil && f.Script != nil && f.Script.Err == nil {
		list = append(list, f.Script.Commands...)
		last := f.Script.Commands[max(0, len(f.Script.Commands)-1):]
		if len(last) > 0 && cmd.Step != nil && !cmd.Shell && st.Step != cmd.Step && slices.ContainsFunc(last[0].Words, func(w shell.Word) bool { return w.Text == "$@" }) {
			list = append(list, shell.FromWords(onTop, cmd.Literal()).Commands...) // exec "$@"
		}
	}
	return slices.DeleteFunc(list, func(c *shell.Command) bool { return c.When != shell.Always || c.Ignored || len(c.Words) == 0 }), guess
}

// startCommands are those of the build, found once.
func (v *readable) startCommands() []*shell.Command {
	if v.commands == nil {
		v.commands, v.guess = startCommands(v.b)
	}
	return v.commands
}

// startPrograms are the names of the programs that the container certainly runs and
// finds by PATH.
func (v *readable) startPrograms() map[string]bool {
	names := map[string]bool{}
	for _, c := range v.startCommands() {
		if p := c.Program(); p != "" && !strings.Contains(p, "$") && !strings.Contains(c.Words[0].Text, "/") {
			names[p] = true
		}
	}
	return names
}

// installed speaks of a program of the command line that an installer puts below
// /root.
func (v *readable) installed(step *source.Step, c *shell.Command, programs map[string]bool) {
	for _, h := range knowledge.Homes() {
		named, ok := puts(h, c)
		if !ok || v.moved(step, h.Moves) {
			continue
		}
		for _, name := range append(named, h.Programs...) {
			if !programs[name] || v.elsewhere(name) || v.unsure(step) {
				continue
			}
			v.add(step, c.Span, "%s puts %s into /root/%s, which %s cannot enter", h.Tool, name, h.Below, v.who())
			return
		}
	}
}

// puts tells whether a command installs into the home, and which programs it names
// itself.
func puts(h *knowledge.Home, c *shell.Command) (named []string, ok bool) {
	words := make([]string, 0, len(c.Words))
	for _, w := range c.Words {
		words = append(words, w.Text)
	}
	line := strings.Join(words, " ")
	if c.Program() == "git" && !strings.Contains(line, "/"+h.Below) {
		return nil, false // cloned to another folder
	}
	for _, url := range h.URLs {
		if strings.Contains(line, url) {
			return nil, true
		}
	}
	for _, command := range h.Commands {
		verbs := strings.Fields(command)
		args := c.Args()
		if c.Program() != verbs[0] || len(args) < len(verbs) {
			continue
		}
		same := true
		for i, verb := range verbs[1:] {
			same = same && args[i].Text == verb
		}
		if !same {
			continue
		}
		for _, a := range args[len(verbs)-1:] {
			name, _, _ := strings.Cut(a.Text, "=")
			if slices.Contains(h.Options, name) || !a.Known {
				return nil, false
			}
			if h.Named && !strings.HasPrefix(a.Text, "-") {
				name, _, _ := strings.Cut(strings.NewReplacer("==", "=", "@", "=", "[", "=").Replace(a.Text), "=")
				named = append(named, name)
			}
		}
		return named, true
	}
	return nil, false
}

// moved tells whether one of an installer's variables says another folder than one
// below /root.
func (v *readable) moved(step *source.Step, variables []string) bool {
	written := step.File().Text(step.Span)
	for _, name := range append([]string{"XDG_DATA_HOME", "XDG_BIN_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"}, variables...) {
		if e, ok := step.Env.Lookup(name); ok && !(e.Known && belowRoot(path.Clean(e.Value))) {
			return true
		}
		for rest := written; ; {
			_, after, found := strings.Cut(rest, name+"=")
			if !found {
				break
			}
			if after = strings.TrimLeft(after, `"'`); !strings.HasPrefix(after, "/root/") && !strings.HasPrefix(after, "$HOME/") && !strings.HasPrefix(after, "~/") {
				return true
			}
			rest = after
		}
	}
	return false
}

// elsewhere tells whether a program may be somewhere else than in root's home.
func (v *readable) elsewhere(name string) bool {
	img := v.b.Base()
	if img.Known != nil {
		switch has := img.Known.HasTool(name); {
		case has == base.Yes, has == base.Unknown && (img.Known.Kind == base.KindService || img.Known.Kind == base.KindToolchain):
			return true
		}
	}
	for step := range v.b.Steps() {
		if c := step.Copy; c != nil {
			if copiesProgram(c, name) {
				return true
			}
			continue
		}
		if run := step.Run(); run != nil && bringsTo(run, name) {
			return true
		}
	}
	return false
}

// copiesProgram tells whether a COPY may bring a program: by its name, or in a folder
// that comes over those of the system.
func copiesProgram(c *source.Copy, name string) bool {
	t := path.Clean("/" + c.Target)
	if path.Base(t) == name {
		return true
	}
	system := knowledge.SystemFolders.Has(t) || knowledge.ProgramFolders.Has(t)
	return slices.ContainsFunc(c.Sources, func(src source.Text) bool {
		p := path.Clean("/" + src.Value)
		return !src.Known || path.Base(p) == name || system && (strings.HasSuffix(src.Value, "/") || strings.Contains(p, "*") || knowledge.SystemFolders.Has(p) || knowledge.ProgramFolders.Has(p))
	})
}

// bringsTo tells whether a RUN may put a program outside of root's home: by a
// package, by a copy of it, or by a script that is not seen.
func bringsTo(run *source.Run, name string) bool {
	if run.Opaque != "" || run.Script == nil || run.Script.Err != nil {
		return true
	}
	for _, in := range run.Effects.Installs {
		if p := in.Command.Program(); in.User || p == "pipx" || p == "cargo" || p == "uv" && in.Verb == "install" && in.Global {
			continue // into root's home
		}
		for _, p := range in.Packages {
			if !p.Known || strings.Contains(p.Name, name) || slices.ContainsFunc(knowledge.Bringers(name), func(by string) bool { return strings.Contains(p.Name, by) }) {
				return true
			}
		}
	}
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Write || fx.Link {
			continue
		}
		for _, p := range fx.Paths {
			// What comes out of root's home may be the program, or all of it.
			out := slices.ContainsFunc(fx.Sources, func(s shell.Word) bool { return inHome(s.Text) })
			if !inHome(p.Text) && (path.Base(p.Text) == name || out) {
				return true
			}
		}
	}
	return slices.ContainsFunc(run.Commands(), unseen)
}

// inHome tells whether a path of a command of root's lies in his home.
func inHome(p string) bool {
	return belowRoot(p) || strings.HasPrefix(p, "~") || strings.HasPrefix(p, "$HOME") || strings.HasPrefix(p, "${HOME}")
}

// unseen tells whether a command runs a script of the project or another that nobody
// reads. The installers that are piped into a shell, and what they put into root's
// home, are no such scripts: they do what they are known for.
func unseen(c *shell.Command) bool {
	return mayMakeUsers(c) && c.PipeFrom == nil && !slices.ContainsFunc(c.Words, func(w shell.Word) bool { return inHome(w.Text) || strings.HasPrefix(w.Text, "$NVM_DIR") })
}

// mayOpen tells whether a script that is not read may open root's home.
func (v *readable) mayOpen() bool {
	for step := range v.b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		if slices.ContainsFunc(run.Commands(), unseen) || strings.Contains(step.File().Text(step.Span), "setfacl ") {
			return true
		}
	}
	return false
}
