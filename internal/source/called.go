package source

import (
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

// A Called is a shell script of the project that a RUN runs by its path.
type Called struct {
	Command *shell.Command // of the RUN
	Path    string         // in the stage
	Origin  *Origin
	Effects *effects.Effects // never nil
	// HandsOver tells that the script runs the command that it is given, so that the
	// effects are that command's, which stands in the RUN.
	HandsOver bool
}

// Calls are the shell scripts that a RUN runs and that can be read: those that a
// COPY or a bind mount brings. What their arguments say is not known.
func (b *Build) Calls(step *Step) []*Called {
	run := step.Run()
	if run == nil || b.memo == nil {
		return nil
	}
	if list, ok := b.memo.calls[step]; ok {
		return list
	}
	var list []*Called
	for _, c := range run.Commands() {
		if called := b.handedOver(step, c); called != nil {
			list = append(list, called)
			continue
		}
		name := scriptOf(c)
		if name == "" {
			continue
		}
		if !path.IsAbs(name) {
			if !path.IsAbs(c.Dir) {
				continue
			}
			name = path.Join(c.Dir, name)
		}
		if called := b.call(step, c, name); called != nil {
			list = append(list, called)
		}
	}
	if b.memo.calls == nil {
		b.memo.calls = map[*Step][]*Called{}
	}
	b.memo.calls[step] = list
	return list
}

// handsOver matches the end of a script that becomes the command that it is given:
// exec "$@", or exec "$bin" "$@" behind a shift.
var handsOver = regexp.MustCompile(`(?m)^\s*exec\s+(?:"?\$\{?\w+\}?"?\s+)?"?\$@"?\s*\z`)

// handedOver is a script of the project that a RUN puts in front of a package manager of
// the system, as one that sets the language and becomes apt-get; nil where it is none.
func (b *Build) handedOver(step *Step, c *shell.Command) *Called {
	program, args := c.Program(), c.Args()
	if len(args) < 2 || !knowledge.SystemManagers.Has(args[0].Text) || knowledge.SystemManagers.Has(program) || knowledge.Speakers.Has(program) || knowledge.Shells.Has(program) {
		return nil
	}
	for _, name := range b.lookPath(programWord(c), true) {
		o := b.Sees(step, name)
		if img := step.Stage.Origin(); o == nil && img != nil && img.Local != nil {
			o = img.Local.FileAt(name)
		}
		if o == nil {
			continue
		}
		if data, ok := o.Data(); !ok || len(data) > maxHandsOver || !strings.HasPrefix(data, "#!") || !handsOver.MatchString(strings.TrimRight(data, " \t\r\n")) {
			return nil
		}
		fx := effects.Of(shell.FromWords(shell.Input{Lookup: step.lookup, Watch: packages.Settings, Dir: c.Dir, Budget: step.Stage.eval.programs}, args))
		for i := range fx.Installs {
			fx.Installs[i].When = c.When
		}
		return &Called{Command: c, Path: name, Origin: o, Effects: fx, HandsOver: true}
	}
	return nil
}

// maxHandsOver is how many bytes such a script may have.
const maxHandsOver = 4 << 10

// scriptOf is the path of the script that a command runs; "" = none.
func scriptOf(c *shell.Command) string {
	program, args := c.Program(), c.Args()
	switch {
	case program == "." || program == "source" || knowledge.Shells.Has(program):
		for _, a := range args {
			switch {
			case strings.HasPrefix(a.Text, "-"):
				if strings.Contains(a.Text, "c") && !strings.HasPrefix(a.Text, "--") {
					return ""
				}
			case a.Known:
				return a.Text
			default:
				return ""
			}
		}
		return ""
	case program == "" || len(c.Words) == 0:
		return ""
	}
	if name := programWord(c); strings.Contains(name, "/") && !strings.Contains(name, "$") {
		return name
	}
	return ""
}

// call reads a script as a step sees it; nil where it is none of the project's,
// or no shell's.
func (b *Build) call(step *Step, c *shell.Command, name string) *Called {
	o := b.Sees(step, name)
	if o == nil {
		return nil
	}
	data, ok := o.Data()
	if !ok {
		return nil
	}
	sh := "sh"
	if line, _, _ := strings.Cut(data, "\n"); strings.HasPrefix(line, "#!") {
		fields := strings.Fields(strings.TrimPrefix(line, "#!"))
		if len(fields) == 0 {
			return nil
		}
		sh = path.Base(fields[0])
		if sh == "env" && len(fields) > 1 {
			sh = path.Base(fields[len(fields)-1])
		}
	} else if !knowledge.Shells.Has(c.Program()) && !strings.HasSuffix(name, ".sh") && c.Program() != "." && c.Program() != "source" {
		return nil
	}
	if !knowledge.Shells.Has(sh) {
		return nil
	}
	key := calledKey{o.File, sh, c.Dir, step.Env}
	if fx, ok := b.memo.called[key]; ok {
		return &Called{Command: c, Path: name, Origin: o, Effects: fx}
	}
	if b.memo.called == nil {
		b.memo.called = map[calledKey]*effects.Effects{}
	}
	if b.memo.calledBytes += len(data); b.memo.calledBytes > maxCalled || len(b.memo.called) >= maxCalls {
		b.beyond.note(Programs, "its RUNs call more scripts than the limit for a Dockerfile")
		return nil
	}
	// Many Dockerfiles of a project run the same script under the same variables.
	ran := b.project.scripts.get(scriptKey{data, o.Span.Start, sh, c.Dir, settings(data, step.lookup)}, func() ranScript {
		src := strings.ReplaceAll(data, "\r\n", " \n")
		script := shell.Parse(shell.Input{Src: []byte(src), Base: o.Span.Start, Shell: sh, Lookup: step.lookup, Watch: packages.Settings, Dir: c.Dir, Budget: step.Stage.eval.programs})
		return ranScript{script, effects.Of(script)}
	})
	b.followed(ran.script, name)
	b.memo.called[key] = ran.effects
	return &Called{Command: c, Path: name, Origin: o, Effects: ran.effects}
}

// A calledKey is what a script's effects hang on in one Dockerfile.
type calledKey struct {
	file *text.File
	sh   string
	dir  string
	env  *Env
}

// How many scripts of a Dockerfile's RUNs are read, and how many bytes of them.
const (
	maxCalls  = 64
	maxCalled = 1 << 20
)

// A scriptKey is what the reading of a script depends on.
type scriptKey struct {
	data       string
	base       int
	shell, dir string
	settings   string // the variables that it names and that are known
}

type ranScript struct {
	script  *shell.Script
	effects *effects.Effects
}

// maxScripts is how many readings of scripts are kept.
const maxScripts = 500

// settings are the known ones of the variables that a script names.
func settings(src string, lookup func(string) (string, bool)) string {
	var b strings.Builder
	for rest := src; ; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			return b.String()
		}
		rest = strings.TrimPrefix(rest[i+1:], "{")
		n := 0
		for n < len(rest) && (rest[n] == '_' || rest[n] >= 'a' && rest[n] <= 'z' || rest[n] >= 'A' && rest[n] <= 'Z' || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
			n++
		}
		if n == 0 {
			continue
		}
		if v, ok := lookup(rest[:n]); ok {
			b.WriteString(rest[:n])
			b.WriteByte('=')
			b.WriteString(v)
			b.WriteByte(0)
		}
		rest = rest[n:]
	}
}
