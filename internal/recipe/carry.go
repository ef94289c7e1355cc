package recipe

import (
	"fmt"
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// Environment is where a virtual environment is made where a Dockerfile makes none: the same
// as init's.
const Environment = "/opt/venv"

// UserSite makes a virtual environment of what `pip install --user` puts into root's home,
// where the user that the container runs as cannot come. copied is the COPY that brings it
// into the image.
func UserSite(b *source.Build, copied *source.Step) Advice {
	c := copied.Copy
	if b.Inline || c == nil || c.Stage == nil || len(c.Sources) != 1 || path.Base(path.Clean(c.Sources[0].Value)) != ".local" || copied.JSON {
		return Advice{}
	}
	from, to := path.Clean(c.Sources[0].Value), path.Clean(c.Target)
	if c.Stage.Parent != nil || copied.Stage.Parent != nil || c.Stage.Base.Value != copied.Stage.Base.Value {
		return unfixed("the two stages are built on different images, so that a virtual environment of the one may not work in the other")
	}
	var edits []text.Edit
	made := false
	for _, s := range c.Stage.Steps {
		run := s.Run()
		if run == nil {
			if strings.Contains(b.Text().Text(s.Span), from) {
				return unfixed(fmt.Sprintf("line %d names the folder", s.Line()))
			}
			continue
		}
		for _, in := range run.Effects.Installs {
			if in.Manager != "pip" || !in.User {
				continue
			}
			cut := text.Span{}
			for i, w := range in.Command.Words {
				if i > 0 && w.Text == "--user" {
					cut = text.Span{Start: in.Command.Words[i-1].Span.End, End: w.Span.End}
				}
			}
			if cut.IsZero() || cut.Start < s.Span.Start {
				return unfixed("what makes pip install into the home is not --user")
			}
			if !made {
				edits = append(edits, b.File.Above(s.Instruction, "RUN python -m venv "+Environment+"\nENV PATH="+Environment+"/bin:$PATH"))
				made = true
			}
			edits = append(edits, text.Edit{Span: cut})
		}
	}
	if !made {
		return unfixed("it is not known what puts files there")
	}
	// The words of the COPY, and every place below that names the folder.
	words := copied.Words()
	if len(words) < 2 {
		return Advice{}
	}
	edits = append(edits, text.Edit{Span: words[len(words)-2].Span, New: Environment}, text.Edit{Span: words[len(words)-1].Span, New: Environment})
	inPath := false
	for _, s := range copied.Stage.Steps[copied.Index+1:] {
		raw := b.Text().Text(s.Span)
		if !strings.Contains(raw, to) {
			continue
		}
		if _, ok := s.Command.(*instructions.EnvCommand); !ok {
			return unfixed(fmt.Sprintf("line %d names the folder", s.Line()))
		}
		for at := 0; ; {
			i := strings.Index(raw[at:], to)
			if i < 0 {
				break
			}
			start := s.Span.Start + at + i
			edits = append(edits, text.Edit{Span: text.Span{Start: start, End: start + len(to)}, New: Environment})
			at += i + len(to)
			inPath = true
		}
	}
	if !inPath {
		edits = append(edits, b.File.Below(copied.Instruction, "ENV PATH="+Environment+"/bin:$PATH"))
	}
	title := "install into the virtual environment " + Environment + ", which every user may read"
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "a program that names the home of root does not find its packages there any more", b.Text(), edits...)}}
}

// Uncarried takes a program out that a COPY brings without what it needs, where only the
// HEALTHCHECK runs it, and has that ask by a program that is there.
func Uncarried(b *source.Build, copied *source.Step, program string) Advice {
	c := copied.Copy
	health := b.Target.Final.Health
	if b.Inline || c == nil || len(c.Sources) != 1 || health == nil || !strings.Contains(health.Joined(), program) {
		return Advice{}
	}
	for _, s := range b.Target.Steps {
		if s != copied && s != health && strings.Contains(b.Text().Text(s.Span), program) {
			return unfixed(fmt.Sprintf("line %d runs %s, too", s.Line(), program))
		}
	}
	port, ok := b.ListenPort()
	if !ok {
		return Advice{}
	}
	a := reprobe(b, health, port, program)
	if len(a.Fixes) == 0 {
		return a
	}
	x := a.Fixes[0]
	x.Title = fmt.Sprintf("ask port %s by what is in the image, and copy no %s", port, program)
	x.Edits = append(x.Edits, check.Edit{File: b.Text(), Edit: b.File.Without(copied.Instruction)})
	return Advice{Fixes: []check.Fix{x}}
}
