package source

import (
	"path"
	"strings"
	"sync"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

// A Run is what a RUN does, as far as its words tell.
type Run struct {
	Mounts  []Mount
	Script  *shell.Script    // the program; nil where no shell runs it, or one we do not read
	Effects *effects.Effects // what the program does; never nil
	Opaque  string           // why the program is not read, as "PowerShell"; "" = it is

	commands []*shell.Command // of Script, without what never runs
}

// A Mount is one --mount of a RUN.
type Mount struct {
	Type     string // bind, cache, tmpfs, secret, ssh
	From     string // as written; "" for the build context
	Stage    *Stage
	Image    *Image
	Source   string
	Target   string
	ID       string
	Required bool
	Env      string // the variable that holds a secret, or ""
	Place    text.Span
}

type runCache struct {
	once sync.Once
	run  *Run
}

// Run is what the step runs; nil for another instruction than RUN. It is read
// on the first question.
func (s *Step) Run() *Run {
	cmd, ok := s.Command.(*instructions.RunCommand)
	if !ok {
		return nil
	}
	s.run.once.Do(func() { s.run.run = s.read(cmd) })
	return s.run.run
}

func (s *Step) read(cmd *instructions.RunCommand) *Run {
	r := &Run{Effects: &effects.Effects{}}
	for _, f := range s.Flags() {
		if f.Name != "mount" {
			continue
		}
		if n := len(r.Mounts); n < len(s.mounts) {
			m := s.mounts[n]
			mount := Mount{Type: string(m.Type), From: m.From, Source: m.Source, Target: m.Target, ID: m.CacheID, Required: m.Required, Place: f.Span}
			if m.Env != nil {
				mount.Env = *m.Env
				if mount.Env == "" {
					mount.Env = mount.ID
				}
			}
			if m.Type == instructions.MountTypeSecret {
				mount.secretDefaults()
			}
			if m.From != "" {
				mount.Stage, mount.Image = s.Stage.eval.source(m.From)
			}
			r.Mounts = append(r.Mounts, mount)
		}
	}
	r.Script, r.Opaque = s.Script(cmd.CmdLine)
	if r.Script != nil {
		r.Effects = effects.Of(r.Script)
		r.commands = make([]*shell.Command, 0, len(r.Script.Commands))
		for _, c := range r.Script.Commands {
			if c.When != shell.Never {
				r.commands = append(r.commands, c)
			}
		}
	}
	return r
}

// secretDefaults fills in what BuildKit takes for granted: the id is the
// target's base name and the target is /run/secrets/ID.
func (m *Mount) secretDefaults() {
	if m.ID == "" {
		m.ID = m.Source
	}
	if m.ID == "" {
		m.ID = path.Base(m.Target)
	}
	if m.Target == "" && m.Env == "" {
		m.Target = "/run/secrets/" + path.Base(m.ID)
	}
}

// Script is the shell program of a RUN, CMD, ENTRYPOINT or HEALTHCHECK: its
// text in shell form, the argument of sh -c in exec form, or the command
// itself as a program of one command. It is nil, with the reason, where the
// shell is one we do not read.
func (s *Step) Script(words []string) (*shell.Script, string) {
	in := shell.Input{Lookup: s.lookup, Watch: packages.Settings, Dir: s.Before.Workdir.Value, Budget: s.Stage.eval.programs}
	if s.JSON {
		return s.followed(s.execScript(in)), ""
	}
	in.Shell = "sh"
	if sh := s.Before.Shell; sh != nil {
		argv := sh.Command.(*instructions.ShellCommand).Shell
		in.Options = sh.ShellOptions()
		in.Shell = strings.TrimSuffix(strings.ToLower(path.Base(strings.ReplaceAll(argv[0], `\`, "/"))), ".exe")
	} else if s.Stage.Windows {
		return nil, "cmd"
	}
	m, ok := s.Masked()
	if !ok {
		return nil, "exec form"
	}
	if body := strings.TrimLeft(string(m.Src[:min(len(m.Src), 200)]), " \t\r\n"); strings.HasPrefix(body, "#!") {
		line, _, _ := strings.Cut(body, "\n")
		fields := strings.Fields(strings.TrimPrefix(line, "#!"))
		if len(fields) > 0 {
			in.Shell, in.Options = path.Base(fields[0]), shell.OptionsOf(fields[1:])
			if in.Shell == "env" && len(fields) > 1 {
				in.Shell = fields[len(fields)-1]
			}
		}
	}
	if !knowledge.Shells.Has(in.Shell) && in.Shell != "busybox" {
		return nil, in.Shell
	}
	in.Src, in.Base = m.Src, m.Base
	return s.followed(shell.Parse(in)), ""
}

// ShellOptions are those that a SHELL instruction starts its shell with.
func (s *Step) ShellOptions() shell.Options {
	if cmd, ok := s.Command.(*instructions.ShellCommand); ok && len(cmd.Shell) > 0 {
		return shell.OptionsOf(cmd.Shell[1:])
	}
	return shell.Options{}
}

// followed notes where a program was not followed to its end.
func (s *Step) followed(script *shell.Script) *shell.Script {
	if script.Beyond != "" {
		s.Stage.eval.beyond.note(Programs, "%s on line %d was not fully analyzed: %s", s.Keyword, s.Line(), script.Beyond)
	}
	return script
}

// execScript reads an exec form: each word stands where its string stands.
func (s *Step) execScript(in shell.Input) *shell.Script {
	words := s.Words()
	list := make([]shell.Word, 0, len(words))
	for _, w := range words {
		list = append(list, shell.Word{Text: w.Text, Known: true, Span: w.Span, Quoted: true})
	}
	return shell.FromWords(in, list)
}

// lookup is what a shell program finds in its environment: ARG and ENV values
// that are the same in every build.
func (s *Step) lookup(name string) (string, bool) {
	v, ok := s.Env.Lookup(name)
	if !ok || !v.Set || !v.Known {
		return "", false
	}
	return v.Value, true
}

// Commands are the commands of the program that can run; none where it is not
// read. The list is shared: it must not be changed.
func (r *Run) Commands() []*shell.Command {
	if r == nil {
		return nil
	}
	return r.commands
}
