package entrypoint

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// runs tells whether there is something to judge: an image that is started.
func runs(ev check.Evidence) bool {
	return ev.Image.Platform.OS != "windows" && (ev.Source == nil || ev.Source.Runnable()) && len(ev.Image.Config.Argv()) > 0
}

// started is the place of the command in the listing.
func started(img *image.Image) check.Place {
	s := img.Span(image.Entrypoint, "")
	if s.IsZero() {
		s = img.Span(image.Cmd, "")
	}
	return check.Place{File: img.Text, Span: s}
}

// builtMissing asks the config whether it names a program.
func builtMissing(ev check.Evidence) check.Verdict {
	img := ev.Image
	switch {
	case img.Platform.OS == "windows" || ev.Source != nil && !ev.Source.Runnable():
		return check.None()
	case len(img.Config.Argv()) > 0:
		return check.Judge(nil)
	case ev.Source == nil && len(img.Config.ExposedPorts) == 0:
		return check.None()
	}
	return check.Judge([]check.Finding{{Place: check.Place{File: img.Text}, Missing: true, Message: "the image's config has neither an entrypoint nor a command"}})
}

// builtShellForm asks the config whether a shell is started in front of the
// program: a shell form is sh -c in it.
func builtShellForm(ev check.Evidence) check.Verdict {
	if !runs(ev) {
		return check.None()
	}
	img := ev.Image
	argv := img.Config.Argv()
	if len(argv) < 3 || !run.IsShell(argv[0]) || argv[1] != "-c" {
		return check.Judge(nil)
	}
	script := shell.Parse(shell.Input{Src: []byte(argv[2]), Shell: path.Base(argv[0])})
	if last := lastCommand(script); last != nil && last.Words[0].Text == "exec" {
		return check.Judge(nil)
	}
	return check.Judge([]check.Finding{{Place: started(img), Cause: signalCause, Message: fmt.Sprintf("the image starts %s -c: PID 1 is a shell, and the program below it does not receive SIGTERM", argv[0])}})
}

// lastCommand is the first command behind the last && or ; of a line; nil where
// that runs none.
func lastCommand(s *shell.Script) *shell.Command {
	var last *shell.Command
	for _, c := range s.Commands {
		if c.Inner || c.Substitution || c.Func != "" {
			continue
		}
		switch c.Before {
		case shell.None, shell.Next, shell.And:
			last = c
		}
	}
	if last == nil || len(last.Words) == 0 {
		return nil
	}
	return last
}

// builtNotExecutable asks the layers whether what the config starts can be
// started by its user.
func builtNotExecutable(ev check.Evidence) check.Verdict {
	if !runs(ev) {
		return check.None()
	}
	img := ev.Image
	if img.NotLookedAt() {
		return check.Unknown(check.ByRun, "a layer of the image could not be read")
	}
	argv := img.Config.Argv()
	f := check.Finding{Place: started(img), Cause: check.StartCause}
	program := img.LookPath(argv[0])
	switch me, err := img.User(); {
	case program == nil:
		f.Message = argv[0] + ", which the image starts, is not in the image"
		if !strings.Contains(argv[0], "/") {
			p, ok := img.Config.Getenv("PATH")
			if !ok {
				p = image.DefaultPath
			}
			f.Message += ": no folder in PATH (" + p + ") contains it"
		}
	case program.IsDir():
		f.Message = program.Path + ", which the image starts, is a folder"
	case err != nil:
		return check.Unknown(check.ByRun, err.Error())
	default:
		target, lerr := img.Tree.Lookup(program.Path)
		if lerr != nil {
			target = program
		}
		if ok, by := img.Tree.Executable(program.Path, me); !ok && (by == target || by == program) {
			f.Message = fmt.Sprintf("%s, which the image starts, is not executable by the image's user: mode %04o, UID %d", program.Path, by.Mode.Perm(), by.UID)
			f.Help = "copy it with --chmod=0755"
			break
		}
		if ok, by := img.Tree.Executable(program.Path, me); !ok && by != nil {
			f.Message = fmt.Sprintf("%s, which the image starts, is not accessible to the image's user: %s has mode %04o, UID %d", program.Path, by.Path, by.Mode.Perm(), by.UID)
			f.Help = "install it in a folder that every user can enter, such as /usr/local/bin or /opt"
			f.Cause = check.ClosedCause.Of(by.Path)
			break
		}
		lacks := img.Missing(program.Path)
		if len(lacks) == 0 {
			return check.Judge(nil)
		}
		f.Message = lacking(program.Path, lacks[0])
	}
	if program != nil {
		p := ev.LayerPlace(program.Layer)
		p.Message = "it was added here"
		f.Related = []check.Place{p}
	}
	return check.Judge([]check.Finding{f})
}

func lacking(file string, l image.Lack) string {
	switch l.Kind {
	case image.CarriageReturn:
		return fmt.Sprintf("the first line of %s ends in a carriage return, which the kernel reads as part of the interpreter's name", file)
	case image.NoInterpreter:
		return fmt.Sprintf("%s, which the image starts, needs the interpreter %s, which is not in the image", file, l.Name)
	case image.NoLibrary:
		return fmt.Sprintf("%s, which the image starts, needs %s, which is not in the image (%s)", file, l.Name, l.By)
	case image.WrongArch:
		return fmt.Sprintf("%s, which the image starts, was built for %s", file, l.Name)
	}
	return fmt.Sprintf("%s, which the image starts: %s", file, l.Kind)
}

// builtStopSignal asks the config for the signal.
func builtStopSignal(ev check.Evidence) check.Verdict {
	if !runs(ev) {
		return check.None()
	}
	img := ev.Image
	if s := knowledge.SignalOf(img.Config.StopSignal); s != nil && s.Uncaught {
		return check.Judge([]check.Finding{{Place: check.Place{File: img.Text, Span: img.Span(image.StopSignal, "")}, Message: "the image's stop signal is " + img.Config.StopSignal + ", which no program can handle"}})
	}
	return check.Judge(nil)
}
