package recipe

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

// installLines are how a package is installed in a RUN of its own, by package manager.
// Source: the managers' manuals; Docker docs, building best practices, apt-get.
var installLines = map[string]string{
	"apt":      "RUN apt-get update && apt-get install -y --no-install-recommends %s && rm -rf /var/lib/apt/lists/*",
	"apk":      "RUN apk add --no-cache %s",
	"dnf":      "RUN dnf install -y %s && dnf clean all",
	"microdnf": "RUN microdnf install -y %s && microdnf clean all",
	"yum":      "RUN yum install -y %s && yum clean all",
}

// Bring installs a program that the container needs to start and the image has not.
func Bring(b *source.Build, program string) Advice {
	img := b.Base()
	if img.Known == nil || b.Inline || b.File == nil {
		return unfixed("nothing is known of the base image's packages")
	}
	manager := img.Known.PackageManager
	pkg := knowledge.StartPackage(path.Base(program), manager)
	switch {
	case installLines[manager] == "" || img.Known.HasShell() != base.Yes:
		return unfixed(fmt.Sprintf("%s has no package manager", img))
	case pkg == "":
		return unfixed(fmt.Sprintf("which package of %s has %s is not known", img, path.Base(program)))
	case path.IsAbs(program) && path.Dir(program) != "/bin" && path.Dir(program) != "/usr/bin":
		return unfixed("a package brings it to another folder")
	}
	at := b.Target.From
	if !beginsAsRoot(b) {
		if at = becomesRoot(b.Target); at == nil {
			return unfixed("no RUN is known to be run by root, who could install it")
		}
	}
	line := fmt.Sprintf(installLines[manager], pkg)
	return Advice{Fixes: []check.Fix{fix("install "+pkg, check.Unsafe, "another base image may have it already, and in the version that is wanted", b.Text(), b.File.Below(at, line))}}
}

// Environs puts the programs of a virtual environment on PATH, one of which the container starts
// by its name.
func Environs(b *source.Build) Advice {
	var at string
	var made *source.Step
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			if fx.Kind != effects.Venv || len(fx.Paths) != 1 || !path.IsAbs(fx.Paths[0].Text) {
				continue
			}
			if at != "" && at != path.Clean(fx.Paths[0].Text) {
				return unfixed("there are several virtual environments")
			}
			at, made = path.Clean(fx.Paths[0].Text), step
		}
		for _, in := range run.Effects.Installs {
			if in.Manager == "uv" && in.Verb == "sync" && at == "" && in.Command.Dir != "" {
				at, made = path.Join(in.Command.Dir, ".venv"), step
			}
		}
	}
	if made == nil || b.Inline || b.File == nil {
		return Advice{}
	}
	line := "ENV PATH=" + at + "/bin:$PATH"
	return Advice{Fixes: []check.Fix{fix("add `"+line+"`", check.Unsafe, "what is installed below it goes into the environment, too", b.Text(), b.File.Below(made.Instruction, line))}}
}

// Shebang writes the line that says by which shell a script is read.
func Shebang(b *source.Build, o *source.Origin, data string) Advice {
	if o == nil || o.Context == nil {
		return Advice{}
	}
	f, ok := o.Context.ReadFile(o.Entry.Path)
	if !ok {
		return unfixed("the script cannot be read whole")
	}
	interpreter := "#!/bin/sh"
	if script := shell.Parse(shell.Input{Src: []byte(data)}); script.Err != nil || strings.Contains(data, "[[") || strings.Contains(data, "pipefail") || strings.Contains(data, "source ") {
		if b.Base().Known.HasTool("bash") != base.Yes {
			return unfixed("it is written for a shell that is not known to be in the image")
		}
		interpreter = "#!/bin/bash"
	}
	return Advice{Fixes: []check.Fix{fix("begin it with "+interpreter, check.Unsafe, "that it is written for that shell is a guess", f, text.Edit{New: f.Lined(interpreter + "\n")})}}
}

// Startable gives a file of a COPY the mode with which it can be started by a RUN below it, where
// the COPY brings others, too.
func Startable(b *source.Build, step *source.Step, name string) Advice {
	if a := Executable(b, step); len(a.Fixes) > 0 || a.Unfixed == "" {
		return a
	}
	if b.Inline || step.Stage.Windows || step.Stage != b.Target || !shellSure(b) || !path.IsAbs(name) || strings.ContainsAny(name, " \t'\"$\\*?[") {
		return Executable(b, step)
	}
	if !rootAbove(b, step) {
		return unfixed("no RUN below the COPY is run by root, who owns the file")
	}
	line := "RUN chmod 0755 " + name
	return Advice{Fixes: []check.Fix{fix("add `"+line+"` below the COPY", check.Safe, "", b.Text(), b.File.Below(step.Instruction, line))}}
}

// Found starts a program where a COPY puts it, in the place of where it is not. step is the
// ENTRYPOINT or the CMD that names it.
func Found(b *source.Build, step *source.Step, program string) Advice {
	if b.Inline || step == nil || !path.IsAbs(program) {
		return Advice{}
	}
	at := ""
	for s := range b.Steps() {
		c := s.Copy
		if c == nil || len(c.Sources) != 1 || !c.Sources[0].Known {
			continue
		}
		target := path.Clean(c.Target)
		if strings.HasSuffix(c.Target, "/") || c.Target == "." {
			target = path.Join(target, path.Base(path.Clean("/"+c.Sources[0].Value)))
		}
		if path.Base(target) != path.Base(program) || target == program || !path.IsAbs(target) {
			continue
		}
		if at != "" && at != target {
			return Advice{}
		}
		at = target
	}
	if at == "" {
		return Advice{}
	}
	var edits []text.Edit
	for _, w := range step.Words() {
		if w.Text == program {
			edits = append(edits, text.Edit{Span: w.Span, New: strings.Replace(b.Text().Text(w.Span), program, at, 1)})
			break
		}
	}
	if len(edits) == 0 {
		return Advice{}
	}
	return Advice{Fixes: []check.Fix{fix("start "+at, check.Unsafe, "that the file is the program is a guess by its name", b.Text(), edits...)}}
}

// Unix takes the carriage returns out of a script.
func Unix(b *source.Build, o *source.Origin) Advice {
	if o == nil || o.Context == nil {
		return Advice{}
	}
	f, ok := o.Context.ReadFile(o.Entry.Path)
	if !ok {
		return unfixed("the script cannot be read whole")
	}
	var edits []text.Edit
	for i := range len(f.Data) - 1 {
		if f.Data[i] == '\r' && f.Data[i+1] == '\n' {
			edits = append(edits, text.Edit{Span: text.Span{Start: i, End: i + 1}})
		}
	}
	return Advice{Fixes: []check.Fix{fix("end its lines with LF", check.Unsafe, "an editor or git may write the carriage returns again: add `*.sh text eol=lf` to .gitattributes", f, edits...)}}
}
