package healthcheck

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var toolMissing = &check.Check{
	Name:     "tool-missing",
	Claim:    "the probe's program is in the image",
	Why:      "a probe that cannot start fails every time: the container never becomes healthy and is replaced again and again",
	Mend:     "use a tool that is in the image: a flag of the program, python's http.client, node's fetch, busybox wget",
	Quiet:    "Where an installed package, a COPY or a RUN may add the program, and where the base image is not known.",
	Severity: check.Error,
	Since:    "0.1.0",
	Image:    builtTool,
	Source: func(b *source.Build) check.Verdict {
		return each(b, func(p *probe) check.Verdict {
			if p.script == nil {
				return check.Judge(nil)
			}
			return p.lacks(p.image())
		})
	},
}

// lacks is the verdict on a probe by what the image has that it probes.
func (p *probe) lacks(img *presence.Image) check.Verdict {
	if p.shell && p.ownShell() == "" {
		switch img.Shell() {
		case base.No:
			return check.Judge([]check.Finding{p.orElse(p.mended(check.Finding{
				Place:   p.where(),
				Message: fmt.Sprintf("%s is in shell form, but %s has no shell", p.who, img.Base()),
				Help:    "write the probe in exec form, with a program that is in the image",
			}, ""), func() recipe.Advice { return recipe.Unshelled(p.build, p.step) })})
		case base.Unknown:
			return p.unknown(img)
		}
	}
	if name := p.ownShell(); p.shell && name != "" && img.Program(name) == base.No {
		return check.Judge([]check.Finding{{
			Place:   p.where(),
			Message: fmt.Sprintf("SHELL makes %s run the probe, but it is not in the image: %s does not contain it and nothing installs it", name, img.Base()),
			Help:    `write SHELL ["/bin/sh", "-c"], or the probe in exec form`,
		}})
	}
	alone, open := p.absent(img, p.script, p.shell, 0)
	switch {
	case alone != nil:
		f := p.mended(check.Finding{Place: alone.place, Message: alone.message(p, img), Group: p.group(alone.program)}, "")
		return check.Judge([]check.Finding{p.orElse(f, func() recipe.Advice { return recipe.Bring(p.build, alone.program) })})
	case open:
		return p.unknown(img)
	}
	return check.Judge(nil)
}

func (p *probe) unknown(img *presence.Image) check.Verdict {
	reason := fmt.Sprintf("it is not known whether %s has the probe's program", img.Base())
	if img.Known() {
		return check.Unknown(check.ByImage, reason)
	}
	return check.Unknown(check.ByBases, reason)
}

// A lack is a program that is not there.
type lack struct {
	program string
	place   check.Place
	script  string // the script that calls it; "" = the probe itself does
}

func (l *lack) message(p *probe, img *presence.Image) string {
	what := p.who + " runs " + l.program
	if l.script != "" {
		what = fmt.Sprintf("%s runs %s, which calls %s", p.who, l.script, l.program)
	}
	if strings.Contains(l.program, "/") {
		return fmt.Sprintf("%s, which does not exist: nothing adds it, and %s does not contain it", what, img.Base())
	}
	return fmt.Sprintf("%s, which is not in the image: %s does not contain it and nothing installs or copies it", what, img.Base())
}

// maxScripts is how deep a probe's scripts are followed into each other.
const maxScripts = 2

// absent is a program of a probe that certainly is not in the image; nil where
// there is none, or where one side of a || works without it. open tells that it
// is not known of some program that decides.
func (p *probe) absent(img *presence.Image, script *shell.Script, inShell bool, depth int) (missing *lack, open bool) {
	if script == nil {
		return nil, false
	}
	var runs, lacks bool // what is known of the current side
	whole := func() bool { return runs && !lacks }
	end := 0 // of what was looked at: the program in a word of sh -c is on its side
	for _, c := range script.Commands {
		if inShell && c.Before == shell.Or && end <= c.Span.Start {
			if whole() {
				return nil, open
			}
			runs, lacks = false, false
		}
		if c.When == shell.Never || len(c.Words) == 0 || depth > 0 && c.When != shell.Always {
			continue // a script may ask first what there is
		}
		end = max(end, c.Span.End)
		word := c.Words[0]
		if c.Func != "" || word.Text == "" || !word.Known || inShell && knowledge.Builtins.Has(word.Text) || strings.Contains(word.Text, "$") {
			continue
		}
		runs = true
		l, unsure := p.command(img, c, depth)
		open = open || unsure
		if l != nil {
			lacks = true
			if missing == nil {
				missing = l
			}
		}
	}
	if whole() {
		return nil, open
	}
	return missing, open
}

// command is what one command of a probe lacks: its program, or a program that a
// script of the project calls.
func (p *probe) command(img *presence.Image, c *shell.Command, depth int) (*lack, bool) {
	place := p.of(c)
	words := []string{c.Words[0].Text}
	if program := c.Program(); program != path.Base(words[0]) {
		words = append(words, program) // behind env, timeout and the like
	}
	for _, w := range words {
		switch img.Program(w) {
		case base.No:
			return &lack{program: w, place: place}, false
		case base.Unknown:
			if !strings.Contains(w, "/") || !img.Known() {
				return nil, knowledge.Clients.Has(w) || knowledge.Probes.Has(w) || !img.Known()
			}
		}
	}
	file := words[0]
	handed := knowledge.Shells.Has(c.Program()) && len(c.Args()) > 0 && !strings.HasPrefix(c.Args()[0].Text, "-")
	if handed {
		if file = c.Args()[0].Text; !strings.Contains(file, "/") {
			file = "./" + file
		}
	}
	o, _ := img.File(file)
	if o == nil || depth >= maxScripts {
		return nil, false
	}
	data, ok := o.Data()
	line, _, _ := strings.Cut(data, "\n")
	if !ok || !strings.HasPrefix(line, "#!") && !handed || strings.HasPrefix(line, "#!") && !knowledge.Shells.Has(lastWord(line)) {
		return nil, false
	}
	script := read(data, line)
	if script.Err != nil {
		return nil, false
	}
	inner, open := p.absent(img, script, true, depth+1)
	if inner == nil {
		return nil, open
	}
	if inner.script == "" {
		inner.script = strings.TrimPrefix(file, "./")
	}
	inner.place = place
	return inner, false
}

// read is a script by its text and its first line.
func read(data, line string) *shell.Script {
	return shell.Parse(shell.Input{Src: []byte(data), Shell: lastWord(line)})
}

// lastWord is the base name of the last word of a line: the interpreter of a #!
// line.
func lastWord(line string) string {
	fields := strings.Fields(line)
	if len(fields) == 0 || !strings.HasPrefix(line, "#!") {
		return "sh"
	}
	return path.Base(strings.TrimPrefix(fields[len(fields)-1], "#!"))
}
