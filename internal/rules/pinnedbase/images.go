package pinnedbase

import (
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// A use is one place where a Dockerfile takes something from an image.
type use struct {
	image *source.Image
	stage *source.Stage
	place check.Place
	what  string // "FROM", "COPY --from", "RUN --mount"
	typo  string // a stage whose name is nearly that, or ""
}

// uses are the images that the stages of a file name: the reached ones and,
// as notes, the others. Named contexts, scratch, stages and what the project builds
// itself are none, nor is what lies in the local store (localhost/…).
func uses(b *source.Build) []use {
	list, _ := usesAnd(b)
	return list
}

// partOf is a name that may be a stage of the Dockerfile that takes this one in, for this
// one has no such stage; "" = there is none.
func partOf(b *source.Build) string {
	_, part := usesAnd(b)
	return part
}

// usesAnd are uses and partOf.
func usesAnd(b *source.Build) (list []use, part string) {
	add := func(u use) {
		if u.image == nil || u.image.Scratch || u.image.Context != "" || u.image.Text.Value == "" && len(u.image.Text.Missing) == 0 || u.image.Valid && (b.BuiltHere(u.image.Ref) || strings.HasPrefix(u.image.Ref.Repo, "localhost/")) {
			return
		}
		if name := u.image.Text.Value; u.image.Valid && u.image.Known == nil && !strings.ContainsAny(name, "/:@") && b.IncludedBy() != "" {
			part = name
			return
		}
		list = append(list, u)
	}
	for _, s := range b.Stages {
		if s.Image != nil {
			span := s.From.Span
			if words := s.From.Words(); len(words) > 0 {
				span = words[0].Span
			}
			add(use{image: s.Image, stage: s, place: check.Place{File: b.Text(), Span: span}, what: "FROM"})
		}
		for _, step := range s.Steps {
			if c := step.Copy; c != nil && c.Image != nil {
				add(use{image: c.Image, stage: s, place: check.Place{File: b.Text(), Span: flagValue(step.Instruction, "from")}, what: "COPY --from", typo: nearStage(b, c.From)})
			}
			if in := step.Trigger; in != nil {
				if f, ok := in.Flag("from"); ok && in.Keyword == "COPY" {
					if _, img := s.Source(f.Value); img != nil {
						add(use{image: img, stage: s, place: check.Place{File: b.Text(), Span: f.Span}, what: "ONBUILD COPY --from", typo: ""})
					}
				}
			}
			run := step.Run()
			if run == nil {
				continue
			}
			for _, m := range run.Mounts {
				if m.Image != nil {
					add(use{image: m.Image, stage: s, place: check.Place{File: b.Text(), Span: m.Place}, what: "RUN --mount", typo: nearStage(b, m.From)})
				}
			}
		}
	}
	return list, part
}

// flagValue is the place of a flag's value.
func flagValue(in *dockerfile.Instruction, name string) text.Span {
	f, ok := in.Flag(name)
	if !ok {
		return in.Span
	}
	s := f.Span
	s.Start = max(s.Start, s.End-len(f.Value))
	return s
}

// nearStage is a stage whose name differs from a name by a slip of the hand.
func nearStage(b *source.Build, name string) string {
	name = strings.ToLower(name)
	if strings.ContainsAny(name, "/:@.") {
		return ""
	}
	for _, s := range b.Stages {
		if s.Name != "" && len(name) > 2 && slip(s.Name, name) {
			return s.Name
		}
	}
	return ""
}

// slip tells whether two words differ by one letter put in, left out or
// changed, or by two neighbours swapped.
func slip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 1:
		return a[i:] == b[i+1:]
	case 0:
		if i == len(a) {
			return false
		}
		if a[i+1:] == b[i+1:] {
			return true
		}
		return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	}
	return false
}

// written is how a message shows a reference: as it stands, and as what it is
// where variables make a difference.
func (u use) written() string {
	t := u.image.Text
	if t.Raw != t.Value {
		return t.Raw + " (" + u.image.String() + ")"
	}
	return u.image.String()
}
