package entrypoint

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var notExecutable = &check.Check{
	Name:     "not-executable",
	Claim:    "the program that the image starts exists and is executable",
	Why:      "the container does not start: the program is not found (127), may not be executed (126), or names an interpreter that ends in a carriage return",
	Mend:     "copy the program to the path that ENTRYPOINT names, with --chmod=0755, and save it with LF line endings",
	Quiet:    "Where the program is passed to a shell, where a RUN creates it or makes it executable, and where the file cannot be read here.",
	Severity: check.Error,
	Since:    "0.1.0",
	Image:    builtNotExecutable,
	Source:   func(b *source.Build) check.Verdict { return besides(b, absentPrograms(b), startable) },
}

// startable judges what the image itself starts.
func startable(b *source.Build) check.Verdict {
	st := b.Start()
	if !st.Known() {
		return check.Unknown(check.ByBases, fmt.Sprintf("what %s starts is not known", b.Base().String()))
	}
	if st.Step == nil {
		return check.Judge(nil)
	}
	if w := unstarted(b, st); w.msg != "" {
		f := check.Finding{Place: place(b, st.Step), Message: w.msg}
		if w.step != nil {
			f.Related = []check.Place{{File: b.Text(), Span: w.step.Span, Message: "the file comes from here"}}
		}
		if w.mend != nil {
			a := w.mend()
			f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
		}
		return check.Judge([]check.Finding{f})
	}
	if img := presence.Of(b); !img.Known() {
		if w, ok := first(st); ok && img.Program(needed(img, w)) == base.Unknown {
			return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether %s has %s", img.Base(), needed(img, w)))
		}
	}
	return check.Judge(nil)
}

// needed is the program that a command needs of the base image: itself, or the
// interpreter of a script that the project brings.
func needed(img *presence.Image, word string) string {
	if o, _ := img.File(word); o != nil {
		if data, ok := o.Data(); ok {
			if interpreter, _ := shebang(data); interpreter != "" {
				return interpreter
			}
		}
	}
	return word
}

// An obstacle is what keeps a container from starting. The zero obstacle is none.
type obstacle struct {
	msg  string
	step *source.Step         // that brings the file in question; nil = none does
	mend func() recipe.Advice // nil = nothing is known that does
}

// unstarted is what certainly keeps the container from starting.
func unstarted(b *source.Build, st *source.Start) obstacle {
	img := presence.Of(b)
	if f := st.File; f != nil {
		if w := flawOf(b, f); w.msg != "" {
			return w
		}
	}
	program, ok := first(st)
	if !ok {
		return obstacle{}
	}
	o, p := img.File(program)
	if o != nil {
		return unstartable(b, img, o, p)
	}
	if img.Program(program) != base.No {
		return obstacle{}
	}
	return obstacle{msg: missingProgram(img, program), mend: func() recipe.Advice {
		switch {
		case strings.Contains(program, "/"):
			return recipe.Found(b, st.Step, program)
		case knowledge.PythonPrograms.Has(program):
			return recipe.Environs(b)
		}
		return recipe.Bring(b, program)
	}}
}

// missingProgram is the message for a program that is not there.
func missingProgram(img *presence.Image, program string) string {
	switch {
	case strings.Contains(program, "/"):
		return fmt.Sprintf("%s does not exist: nothing adds it, and %s does not contain it", program, img.Base())
	case knowledge.PythonPrograms.Has(program):
		return fmt.Sprintf("%s is not found: it is installed in a virtual environment that PATH does not contain", program)
	}
	return fmt.Sprintf("%s is not in the image: %s does not contain it and nothing installs it", program, img.Base())
}

// first is the program that the engine executes, or the one that a shell does
// where it does nothing else; ok is false where this file does not name it.
func first(st *source.Start) (program string, ok bool) {
	if len(st.Words) > 0 {
		w := st.Words[0]
		return w.Text, w.Known && !w.Span.IsZero()
	}
	if st.Script == nil || len(st.Script.Commands) != 1 {
		return "", false
	}
	c := st.Script.Commands[0]
	if c.When != shell.Always || len(c.Words) == 0 || c.Func != "" || knowledge.Builtins.Has(c.Words[0].Text) {
		return "", false
	}
	return c.Words[0].Text, c.Words[0].Known
}

// unstartable is what keeps a file of the project from being executed: its mode,
// or its first line.
func unstartable(b *source.Build, img *presence.Image, o *source.Origin, p string) obstacle {
	data, ok := o.Data()
	if !ok || len(data) == 0 {
		return obstacle{}
	}
	if o.Context == nil && o.Step.Copy != nil && !executable(b, o, p) {
		return obstacle{fmt.Sprintf("%s is a heredoc, which has mode 0644, and nothing makes it executable", p), o.Step, func() recipe.Advice { return recipe.Startable(b, o.Step, p) }}
	}
	interpreter, script := shebang(data)
	switch {
	case interpreter != "":
		if img.Program(interpreter) == base.No {
			return obstacle{fmt.Sprintf("the first line of %s starts %s, which is not in the image: %s does not contain it and nothing installs it", p, interpreter, img.Base()), o.Step, func() recipe.Advice { return recipe.Bring(b, interpreter) }}
		}
	case script && path.Ext(p) == ".sh" && !rewritten(b, p):
		return obstacle{fmt.Sprintf("%s has no #! line, so the kernel cannot execute it", p), o.Step, func() recipe.Advice { return recipe.Shebang(b, o, data) }}
	}
	return obstacle{}
}

// shebang is the interpreter that a script's first line names: a path, or a name
// that env looks up. script tells that the file is a shell script without such a
// line.
func shebang(data string) (interpreter string, script bool) {
	line, _, _ := strings.Cut(data, "\n")
	rest, ok := strings.CutPrefix(line, "#!")
	if !ok {
		return "", textual(data)
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return "", false
	}
	if path.Base(fields[0]) != "env" {
		return fields[0], false
	}
	for _, f := range fields[1:] {
		if !strings.HasPrefix(f, "-") && !strings.Contains(f, "=") {
			return f, false
		}
	}
	return "", false
}

// textual tells whether a file is a text rather than a program: no binary begins
// with printable lines.
func textual(data string) bool {
	head := data[:min(len(data), 512)]
	return strings.Contains(head, "\n") && strings.IndexFunc(head, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == utf8.RuneError }) < 0
}

// rewritten tells whether a RUN may change the content of a file.
func rewritten(b *source.Build, p string) bool {
	return touched(b, p, func(fx effects.File) bool { return fx.Kind == effects.Write }) || converted(b, p)
}

// flawOf is what keeps a start script from being started.
func flawOf(b *source.Build, f *source.StartScript) obstacle {
	data, ok := f.Origin.Data()
	if !ok {
		return obstacle{}
	}
	line, _, _ := strings.Cut(data, "\n")
	if f.Direct && strings.HasPrefix(line, "#!") && strings.HasSuffix(line, "\r") && !converted(b, f.Path) {
		return obstacle{fmt.Sprintf("the first line of %s ends in a carriage return, so its interpreter is not found", f.Path), f.Origin.Step, func() recipe.Advice { return recipe.Unix(b, f.Origin) }}
	}
	if !f.Direct || f.Origin.Context == nil || executable(b, f.Origin, f.Path) {
		return obstacle{}
	}
	if f.Origin.Entry.Mode.Perm()&0o111 != 0 {
		return obstacle{}
	}
	return obstacle{fmt.Sprintf("%s has mode %04o in the build context, and no instruction makes it executable", f.Path, f.Origin.Entry.Mode.Perm()), f.Origin.Step, func() recipe.Advice { return recipe.Startable(b, f.Origin.Step, f.Path) }}
}

// executable tells whether COPY or a later RUN gives the x bit.
func executable(b *source.Build, o *source.Origin, p string) bool {
	if mode := o.Step.Copy.Chmod.Value; mode != "" {
		if n, err := strconv.ParseUint(mode, 8, 32); err == nil {
			return n&0o111 != 0
		}
		return true
	}
	return touched(b, p, func(fx effects.File) bool { return fx.Kind == effects.Chmod || fx.Kind == effects.Write })
}

// converted tells whether a RUN may have mended the line ends.
func converted(b *source.Build, name string) bool {
	for step := range b.Steps() {
		for _, c := range step.Run().Commands() {
			if knowledge.Converters.Has(c.Program()) {
				return true
			}
		}
	}
	return touched(b, name, func(fx effects.File) bool { return fx.Kind == effects.Write })
}

// touched tells whether a RUN of any stage that is needed may have changed a
// file in the wanted way: by its name, by a pattern, by its folder, or by a
// path that is not known.
func touched(b *source.Build, name string, want func(effects.File) bool) bool {
	for _, s := range b.Stages {
		if !b.Needs(s) {
			continue
		}
		for _, step := range s.Steps {
			run := step.Run()
			if run == nil {
				continue
			}
			if run.Opaque != "" || run.Script != nil && run.Script.Err != nil {
				return true
			}
			for _, fx := range run.Effects.Files {
				if !want(fx) {
					continue
				}
				for _, p := range fx.Paths {
					q := path.Clean(p.Text)
					ok, _ := path.Match(q, name)
					if ok || !p.Known || q == name || path.Base(q) == path.Base(name) || strings.HasPrefix(name, q+"/") || strings.Contains(p.Text, "*") || !strings.HasPrefix(q, "/") {
						return true
					}
				}
			}
			for _, c := range run.Commands() {
				if p := c.Program(); p == "find" || p == "xargs" || p == "chmod" && len(c.Args()) < 2 {
					return true
				}
			}
		}
	}
	return false
}
