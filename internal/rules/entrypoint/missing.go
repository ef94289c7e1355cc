package entrypoint

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var missing = &check.Check{
	Name:     "missing",
	Claim:    "the image sets the program that it runs in ENTRYPOINT, and the default arguments in CMD",
	Why:      "an image that sets no program starts a shell, or nothing, unless a command is given each time it is run",
	Mend:     `end the stage with ENTRYPOINT ["program"] and CMD ["default", "arguments"]`,
	Quiet:    "Where the base image sets a program that serves, and for images that do not serve.",
	Unfixed:  "what the container is to start is for you to say",
	Severity: check.Warning,
	Since:    "0.1.0",
	Image:    builtMissing,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		e, c := b.Entrypoint(), b.Cmd()
		if step, what := idle(b.Start()); step != nil && b.Role() == source.Serves && !serviceBase(b) {
			return check.Judge([]check.Finding{{Place: place(b, step), Message: what}})
		}
		switch {
		case e.Step != nil:
			return check.Judge(nil)
		case c.Step != nil && !e.Known && (len(c.Words) == 0 || len(c.Words) == 1 && !c.Shell && prompts(path.Base(c.Words[0]))):
			return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether %s has an ENTRYPOINT", b.Base().String()))
		case c.Step != nil:
			if !e.Empty() {
				return check.Judge(nil)
			}
			return check.Judge([]check.Finding{{
				Severity: check.Note,
				Place:    place(b, c.Step),
				Cause:    "cmd alone",
				Message:  "there is a CMD but no ENTRYPOINT: an argument to docker run replaces the program",
				Help:     `set the program in ENTRYPOINT and keep its arguments in CMD`,
			}})
		case !e.Known && !c.Known:
			return check.Unknown(check.ByBases, fmt.Sprintf("the command of %s is not known", b.Base().String()))
		case b.Role() != source.Serves || serviceBase(b):
			return check.Judge(nil)
		}
		words := append(append([]string{}, e.Words...), c.Words...)
		f := check.Finding{Place: check.Place{File: b.Text(), Span: imageSpan(b)}, Missing: true}
		switch {
		case len(words) == 0:
			f.Message = fmt.Sprintf("there is neither ENTRYPOINT nor CMD, and %s sets none", b.Base().String())
		case bare(words):
			f.Message = fmt.Sprintf("there is neither ENTRYPOINT nor CMD, so the container starts %s from %s", words[len(words)-1], b.Base().String())
		default:
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{f})
	},
}

// idle is the instruction that leaves the container with nothing to run, or
// with nothing but a prompt, and what it says.
func idle(st *source.Start) (step *source.Step, what string) {
	e, c := st.Entrypoint, st.Cmd
	step = e.Step
	if c.Step != nil {
		step = c.Step
	}
	if step == nil || !e.Known || !c.Known || e.Shell || c.Shell {
		return nil, ""
	}
	switch words := st.Words; {
	case len(words) == 0:
		return step, "the image starts no program: ENTRYPOINT and CMD are both empty"
	case len(words) == 1 && prompts(path.Base(words[0].Text)):
		return step, fmt.Sprintf("the container starts %s without arguments, which exits immediately when there is no terminal", path.Base(words[0].Text))
	}
	return nil, ""
}

// prompts tells whether a program without arguments asks for commands: a shell,
// an interpreter.
func prompts(program string) bool {
	return knowledge.Shells.Has(program) || knowledge.Prompts.Has(program)
}

// serviceBase tells whether the base image is a service by itself.
func serviceBase(b *source.Build) bool {
	img := b.Base()
	return img.Known != nil && img.Known.Kind == "service"
}

// bare tells whether a command is a shell or an interpreter's prompt.
func bare(words []string) bool {
	last := path.Base(words[len(words)-1])
	if prompts(last) || last == "-a" { // php -a
		return true
	}
	return strings.HasSuffix(last, "-entrypoint.sh")
}

// imageSpan is the place of the image that the target's FROM names.
func imageSpan(b *source.Build) text.Span {
	if w := b.Target.From.Words(); len(w) > 0 {
		return w[0].Span
	}
	return b.Target.From.Span
}
