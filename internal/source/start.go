package source

import (
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// A Start is what a container of the image begins with: ENTRYPOINT and CMD put
// together as the engine does it.
type Start struct {
	Entrypoint, Cmd Command
	// Step is the instruction that names the program: ENTRYPOINT where there
	// is one, else CMD; nil where the base image does.
	Step *Step
	// Words are the argv before any shell reads it; nil in shell form.
	Words []shell.Word
	// Script is the program as far as a shell runs it: the line of a shell
	// form, the argument of sh -c, or one command. nil where nothing is known.
	Script *shell.Script
	// File is the start script that the program is, or that a shell is told to
	// run; nil where there is none in reach.
	File *StartScript
	// Unread is a shell script that is what File would be, and that is not among the
	// files of the project: a RUN may have written it, or a base image may bring it.
	// "" = there is no such.
	Unread string
	// Init is the init program in front of the program, as tini; "" = none.
	Init string
}

// A StartScript is a shell script from the build context or a heredoc that a
// container runs.
type StartScript struct {
	Path   string // in the image
	Origin *Origin
	Shell  string // the interpreter's base name
	Script *shell.Script
	Direct bool // it is executed itself, not handed to a shell
	Args   []shell.Word

	input shell.Input // of Script
}

// Called is the script as it runs with its arguments: of a case over $1 the branch
// that they take. It is Script where they are not known.
func (s *StartScript) Called() *shell.Script {
	if s.Script == nil || s.Script.Err != nil || len(s.Args) == 0 {
		return s.Script // without a CMD, whoever runs the container gives some
	}
	in := s.input
	in.Params = make([]string, 0, len(s.Args))
	for _, a := range s.Args {
		if !a.Known {
			return s.Script
		}
		in.Params = append(in.Params, a.Text)
	}
	return shell.Parse(in)
}

// Start is what the container begins with. It is worked out on the first
// question.
func (b *Build) Start() *Start {
	b.memo.once.Do(func() { b.memo.start = b.readStart(false) })
	return b.memo.start
}

// memo is what a build works out once.
type memo struct {
	calls       map[*Step][]*Called
	called      map[calledKey]*effects.Effects
	calledBytes int
	once        sync.Once
	start       *Start
	envOnce     sync.Once
	env         map[string]string // see runtimeEnv
	origins     originCache

	allowOnce sync.Once
	allowed   *allowIndex
}

func (m *memo) allowIndex(b *Build) *allowIndex {
	m.allowOnce.Do(func() { m.allowed = newAllowIndex(b) })
	return m.allowed
}

// Begins is Start as if a base image of which nothing is known had no ENTRYPOINT: what
// its author most likely means.
func (b *Build) Begins() *Start {
	if st := b.Start(); st.Known() {
		return st
	}
	return b.readStart(true)
}

func (b *Build) readStart(bare bool) *Start {
	st := &Start{Entrypoint: b.Entrypoint(), Cmd: b.Cmd()}
	st.Step = st.Entrypoint.Step
	if bare && !st.Entrypoint.Known {
		st.Entrypoint = Command{Known: true}
	}
	if !st.Entrypoint.Known {
		// An unknown base may have an ENTRYPOINT; one that takes a shell's
		// command line runs it.
		if st.Cmd.Step == nil || st.Cmd.Shell || len(st.Cmd.Words) == 0 || !knowledge.Shells.Has(path.Base(st.Cmd.Words[0])) {
			return st
		}
		st.Entrypoint.Words = nil
	}
	in := shell.Input{Lookup: b.runtimeEnv, Dir: b.Target.Final.Workdir.Value, Budget: b.Target.eval.programs}
	switch {
	case st.Entrypoint.Shell:
		st.Script, _ = st.Entrypoint.Step.Script(st.Entrypoint.Words)
	case len(st.Entrypoint.Words) == 0 && st.Cmd.Shell:
		st.Step = st.Cmd.Step
		st.Script, _ = st.Cmd.Step.Script(st.Cmd.Words)
	default:
		if len(st.Entrypoint.Words) == 0 {
			st.Step = st.Cmd.Step
		}
		words := append(st.Entrypoint.Literal(), st.Cmd.Literal()...)
		if st.Cmd.Step != nil && HandsOver(st.Entrypoint.Words) && (st.Entrypoint.Step == nil || b.baseEntrypoint(st.Entrypoint.Words)) {
			st.Step, words = st.Cmd.Step, st.Cmd.Literal()
		}
		st.Words = words
		inner, name := StripInit(words)
		st.Init = name
		if len(inner) > 0 {
			st.Script = b.followed(shell.FromWords(in, inner), "the command that the container starts with")
			// The words of ENTRYPOINT and CMD stand apart: the place of the
			// command is in the one that names it.
			if c := st.Script.Commands[0]; st.Step != nil && c.Span.Start < st.Step.Span.End && c.Span.End > st.Step.Span.End {
				c.Span.End = c.Words[0].Span.End
				for _, w := range c.Words {
					if st.Step.Span.Contains(w.Span) {
						c.Span.End = max(c.Span.End, w.Span.End)
					}
				}
			}
		}
	}
	if st.Script != nil {
		st.File = b.startFile(st)
	}
	return st
}

// Known tells whether it is known what the container begins with: an unknown base
// image may have an ENTRYPOINT, which whatever this file says is handed to.
func (st *Start) Known() bool { return st.Entrypoint.Known && st.Cmd.Known || st.Script != nil }

// HandsOver tells whether a base image's ENTRYPOINT is a script that prepares
// and then runs its arguments in its place, as the official images' do.
func HandsOver(words []string) bool {
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	return strings.HasSuffix(last, "entrypoint.sh") || last == "docker-php-entrypoint"
}

// baseEntrypoint tells whether an ENTRYPOINT repeats the base image's own.
func (b *Build) baseEntrypoint(words []string) bool {
	img := b.Base()
	return img != nil && img.Known != nil && len(words) == 1 && slices.Equal(words, img.Known.Entrypoint)
}

// runtimeEnv is what the container finds in its environment: ENV, not ARG.
func (b *Build) runtimeEnv(name string) (string, bool) {
	b.memo.envOnce.Do(func() {
		b.memo.env = map[string]string{}
		for env := b.Target.Env; env != nil; env = env.older {
			if _, newer := b.memo.env[env.Name]; !newer && !env.Arg && env.Set && env.Known {
				b.memo.env[env.Name] = env.Value
			}
		}
	})
	v, ok := b.memo.env[name]
	return v, ok
}

// RuntimeEnv is the value of a variable in the container, as ENV sets it.
func (b *Build) RuntimeEnv(name string) (string, bool) { return b.runtimeEnv(name) }

// Literal are the argv words of a command with their places. A shell-form CMD
// after an ENTRYPOINT is the three words that Docker makes of it.
func (c Command) Literal() []shell.Word {
	if c.Step == nil {
		var list []shell.Word
		for _, w := range c.Words {
			list = append(list, shell.Word{Text: w, Known: true, Quoted: true})
		}
		return list
	}
	if c.Shell {
		rest := c.Step.Rest()
		argv := []string{"/bin/sh", "-c"}
		if sh := c.Step.Before.Shell; sh != nil {
			argv = sh.Command.(*instructions.ShellCommand).Shell
		}
		var list []shell.Word
		for _, w := range argv {
			list = append(list, shell.Word{Text: w, Known: true, Span: rest.Span, Quoted: true})
		}
		return append(list, shell.Word{Text: rest.Text, Known: true, Span: rest.Span, Quoted: true})
	}
	var list []shell.Word
	for _, w := range c.Step.Words() {
		list = append(list, shell.Word{Text: w.Text, Known: true, Span: w.Span, Quoted: true})
	}
	return list
}

// StripInit takes an init program and its options off an argv.
func StripInit(words []shell.Word) ([]shell.Word, string) {
	if len(words) == 0 || !knowledge.Inits.Has(path.Base(words[0].Text)) {
		return words, ""
	}
	name := path.Base(words[0].Text)
	rest := words[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0].Text, "-") {
		flag := rest[0].Text
		rest = rest[1:]
		if flag == "--" {
			break
		}
		// tini -p SIGNAL, -e CODE, dumb-init -r FROM:TO
		if (flag == "-p" || flag == "-e" || flag == "-r" || flag == "--rewrite") && len(rest) > 0 {
			rest = rest[1:]
		}
	}
	return rest, name
}

// startFile finds the script that the start runs.
func (b *Build) startFile(st *Start) *StartScript {
	if len(st.Script.Commands) == 0 {
		return nil
	}
	// The script is the last thing that the line runs.
	cmd := st.Script.Commands[len(st.Script.Commands)-1]
	if len(st.Words) > 0 {
		cmd = st.Script.Commands[0]
		if inner := handedOver(st); inner != nil {
			cmd = inner
		}
	}
	program, args := cmd.Program(), cmd.Args()
	if len(cmd.Words) == 0 || program == "" {
		return nil
	}
	s := &StartScript{Args: args}
	var name string
	var flags []string // of the shell that runs it
	if knowledge.Interpreters.Has(strings.TrimRight(program, "0123456789.")) {
		i := 0
		for i < len(args) && strings.HasPrefix(args[i].Text, "-") {
			if len(args[i].Text) == 2 && strings.Contains("cmep", args[i].Text[1:]) {
				return nil // a program text or a module
			}
			i++
		}
		if i >= len(args) {
			return nil
		}
		name, s.Args = args[i].Text, args[i+1:]
	} else if knowledge.Shells.Has(program) {
		i := 0
		for i < len(args) && strings.HasPrefix(args[i].Text, "-") {
			if strings.Contains(args[i].Text, "c") && !strings.HasPrefix(args[i].Text, "--") {
				return nil // sh -c: the program is in the argument
			}
			if args[i].Text == "-o" {
				i++
			}
			i++
		}
		if i >= len(args) {
			return nil
		}
		for _, a := range args[:i] {
			flags = append(flags, a.Text)
		}
		name, s.Args = args[i].Text, args[i+1:]
	} else {
		s.Direct = true
		name = programWord(cmd)
	}
	for _, p := range b.lookPath(name, !s.Direct) {
		o := b.FileAt(p)
		if o == nil {
			continue
		}
		data, ok := o.Data()
		if !ok {
			break
		}
		s.Path, s.Origin = p, o
		s.Shell = program
		if s.Direct {
			line, _, _ := strings.Cut(data, "\n")
			if !strings.HasPrefix(line, "#!") {
				if !strings.HasSuffix(p, ".sh") {
					return nil // a binary, or a program of another kind
				}
				line = "#!/bin/sh"
			}
			fields := strings.Fields(strings.TrimPrefix(line, "#!"))
			if len(fields) == 0 {
				return nil
			}
			s.Shell, flags = path.Base(fields[0]), fields[1:]
			if s.Shell == "env" && len(fields) > 1 {
				s.Shell = path.Base(fields[len(fields)-1])
			}
		}
		if knowledge.Shells.Has(s.Shell) {
			src := strings.ReplaceAll(data, "\r\n", " \n")
			s.input = shell.Input{Src: []byte(src), Base: o.Span.Start, Shell: s.Shell, Options: shell.OptionsOf(flags), Lookup: b.runtimeEnv, Dir: b.Target.Final.Workdir.Value}
			s.Script = b.followed(shell.Parse(s.input), p)
		}
		return s
	}
	if (knowledge.Shells.Has(program) || s.Direct && strings.HasSuffix(name, ".sh")) && !b.ofBase(name) {
		st.Unread = name
	}
	return nil
}

// ofBase tells whether a program is one that the base image starts by itself, and
// that is known with it.
func (b *Build) ofBase(name string) bool {
	img := b.Base()
	return img != nil && img.Known != nil && slices.ContainsFunc(slices.Concat(img.Known.Entrypoint, img.Known.Cmd), func(own string) bool {
		return path.Base(own) == path.Base(name)
	})
}

// followed notes where a program was not followed to its end.
func (b *Build) followed(script *shell.Script, name string) *shell.Script {
	if script.Beyond != "" {
		b.beyond.note(Programs, "%s was not fully analyzed: %s", name, script.Beyond)
	}
	return script
}

// handedOver is the command by which sh -c in a start gives up its place, or,
// in shell form behind a base's entrypoint, the last one; nil where there is
// none.
func handedOver(st *Start) *shell.Command {
	list := st.Script.Commands
	if !knowledge.Shells.Has(list[0].Program()) || len(list) < 2 {
		return nil
	}
	last := list[len(list)-1]
	if !last.Inner || last.Substitution || last.Func != "" || !last.Exec && !st.Cmd.Shell {
		return nil
	}
	return last
}

// programWord is the word that names the program, as written.
func programWord(cmd *shell.Command) string {
	want := cmd.Program()
	for _, w := range cmd.Words {
		if path.Base(w.Text) == want {
			return w.Text
		}
	}
	return cmd.Words[0].Text
}

// lookPath are the absolute paths at which a program may lie.
func (b *Build) lookPath(name string, script bool) []string {
	if name == "" || strings.Contains(name, "${") {
		return nil
	}
	if strings.HasPrefix(name, "/") {
		return []string{path.Clean(name)}
	}
	dir := b.Target.Final.Workdir.Value
	if dir == "" && b.Target.Final.WorkdirStep == nil {
		dir = "/"
	}
	var list []string
	if strings.Contains(name, "/") || script {
		if strings.HasPrefix(dir, "/") {
			list = append(list, path.Join(dir, name))
		}
		if strings.Contains(name, "/") {
			return list
		}
	}
	dirs := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	if v, ok := b.runtimeEnv("PATH"); ok {
		dirs = v + ":" + dirs
	}
	for _, d := range strings.Split(dirs, ":") {
		if strings.HasPrefix(d, "/") {
			list = append(list, path.Join(d, name))
		}
	}
	return list
}

// LookPath are the absolute paths at which the container would look for a
// program.
func (b *Build) LookPath(name string) []string { return b.lookPath(name, false) }
