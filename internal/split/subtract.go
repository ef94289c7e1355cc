package split

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/text"
)

// subtract takes tools that nothing uses out of the one stage there is: an image without
// them takes the place of its base, and packages that only a build needs are not installed.
func (s *splitter) subtract() {
	if s.choose(); !s.runs.same {
		s.edits = append(s.edits, text.Edit{Span: s.image(), New: s.runs.ref})
	}
	s.unused()
	s.probes()
	if len(s.runs.adds) > 0 {
		s.edits = append(s.edits, s.b.File.Below(s.t.From, s.install(s.runs.adds)))
	}
	f := s.b.File
	for _, p := range s.parts {
		switch {
		case p.role == systems:
			was, line := s.written(p.step.Instruction), s.filtered(p.step)
			switch {
			case line == "" && len(p.step.Run().Effects.Installs) > 0:
				s.edits = append(s.edits, f.Without(p.step.Instruction))
			case line != was && line != "":
				span := p.step.Span
				for span.End > span.Start && strings.IndexByte("\r\n", f.Data[span.End-1]) >= 0 {
					span.End--
				}
				s.edits = append(s.edits, text.Edit{Span: span, New: f.Lined(line)})
			default:
				s.able(p.step)
			}
		case p.role == drops && p.step.Copy != nil:
			s.edits = append(s.edits, f.Without(p.step.Instruction))
		case p.step.Keyword == "RUN":
			s.able(p.step)
		}
	}
	if len(s.edits) == 0 {
		no("nothing here installs or compiles with these tools, so that nobody knows what they are for")
	}
}

// unused refuses where something that is not read may use the tools, or where one of them is
// named beside its install.
func (s *splitter) unused() {
	var gone []string
	for _, p := range s.parts {
		if p.role != systems {
			continue
		}
		for _, in := range p.step.Run().Effects.Kept() {
			for _, pkg := range in.Packages {
				if _, ok := s.remains(in.Manager, pkg.Name); ok && in.System {
					gone = append(gone, pkg.Name)
					if program := knowledge.ProgramOf(pkg.Name); program != "" {
						gone = append(gone, program)
					}
				}
			}
		}
	}
	for _, p := range s.parts {
		run := p.step.Run()
		if run == nil || p.role == systems {
			continue
		}
		for _, c := range run.Commands() {
			if len(c.Words) == 0 {
				continue
			}
			if program := c.Program(); strings.Contains(program, "/") || strings.Contains(c.Words[0].Text, "/") || knowledge.Shells.Has(program) || knowledge.Interpreters.Has(program) {
				no("line %d runs %s, which may use the tools", p.step.Line(), c.Words[0].Text)
			}
		}
		line := strings.FieldsFunc(s.written(p.step.Instruction), func(r rune) bool { return strings.ContainsRune(" \t\n'\"=:;/()&|", r) })
		for _, g := range gone {
			if slices.Contains(line, g) {
				no("line %d names %s", p.step.Line(), g)
			}
		}
	}
}

// image is where FROM names its image.
func (s *splitter) image() text.Span {
	for _, w := range s.t.From.Words() {
		if !strings.HasPrefix(w.Text, "--") {
			return w.Span
		}
	}
	no("FROM names no image")
	return text.Span{}
}

// subtracted says what a subtraction does.
func (s *splitter) subtracted() string {
	if s.runs.same {
		return "leave out the tools that nothing here uses"
	}
	return fmt.Sprintf("run on %s, for nothing here uses the tools of %s", s.runs.ref, s.b.Base())
}
