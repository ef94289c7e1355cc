package source

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/text"
)

// An Origin is where a file of the image comes from, as far as the files of
// the project tell.
type Origin struct {
	Step    *Step    // the COPY or ADD that brings it
	Context *Context // the context it comes out of, or nil
	Path    string   // its path there
	Entry   Entry    // as it lies in the context
	File    *text.File
	Span    text.Span // the part of File that is its content; zero = all of it

	data string // what Data gives, once somebody asked
}

// Data is the file's content; ok is false where it cannot be read.
func (o *Origin) Data() (string, bool) {
	if o.File == nil && o.Context != nil {
		f, ok := o.Context.ReadFile(o.Path)
		if !ok {
			return "", false
		}
		o.File = f
	}
	if o.File == nil {
		return "", false
	}
	if o.data == "" && o.Span.IsZero() {
		o.data = string(o.File.Data)
	} else if o.data == "" {
		o.data = o.File.Text(o.Span)
	}
	return o.data, true
}

// FileAt is the origin of the file at an absolute path of the image that
// ships; nil where nothing of the project brings it. Where several do, the
// last one counts, as in the image.
func (b *Build) FileAt(p string) *Origin { return b.fileIn(b.Target, path.Clean(p)) }

// FileIn is the origin of the file at an absolute path of a stage, as FileAt
// is of the target.
func (b *Build) FileIn(s *Stage, p string) *Origin { return b.fileIn(s, path.Clean(p)) }

// Sees is the origin of the file at an absolute path as a RUN sees it: through
// its bind mounts of the build context, else as its stage has it.
func (b *Build) Sees(step *Step, p string) *Origin {
	p = path.Clean(p)
	if run := step.Run(); run != nil && b.Context != nil {
		for _, m := range run.Mounts {
			if m.Type != "bind" || m.From != "" {
				continue
			}
			target := m.Target
			if !strings.HasPrefix(target, "/") {
				target = path.Join(step.Before.Workdir.Value, target)
			}
			rel, under := relative(p, path.Clean(target))
			if !under {
				continue
			}
			name := Clean(path.Join(m.Source, rel))
			if e, err := b.Context.Stat(name); err == nil && !e.Dir {
				return &Origin{Step: step, Context: b.Context, Path: name, Entry: e}
			}
		}
	}
	return b.fileIn(step.Stage, p)
}

// SeesThen is Sees, but the file that was there when the RUN began, where a later
// COPY replaces it.
func (b *Build) SeesThen(step *Step, p string) *Origin {
	o := b.Sees(step, p)
	if o == nil || o.Step == nil || o.Step.Stage != step.Stage || o.Step.Index < step.Index {
		return o
	}
	p = path.Clean(p)
	b.memo.origins.begin(b)
	for _, earlier := range b.memo.origins.copies(step.Stage) {
		if earlier.Index >= step.Index {
			continue
		}
		if !b.memo.origins.spend(b, 1) {
			return o
		}
		if then := b.broughtBy(earlier, p); then != nil {
			return then
		}
	}
	if step.Stage.Parent != nil {
		if then := b.fileIn(step.Stage.Parent, p); then != nil {
			return then
		}
	}
	return o
}

// SeesBefore is Sees where the file is certainly there when the RUN begins: it was
// copied by then, and its context lets it through. It is nil otherwise.
func (b *Build) SeesBefore(step *Step, p string) *Origin {
	o := b.Sees(step, p)
	if o == nil || o.Step == nil || o.Step.Stage == step.Stage && o.Step.Index > step.Index || o.Context != nil && !o.Context.Has(o.Path) {
		return nil
	}
	return o
}

// An originCache keeps where the files of stages come from: a stage is asked
// again for every path through the stages that leads to it, and there may be as
// many of these as the stages have subsets.
type originCache struct {
	found map[stagePath]*Origin
	steps map[*Stage][]*Step // those with a COPY or ADD
	meter *meter.Meter
}

type stagePath struct {
	stage *Stage
	path  string
}

// How many instructions are looked at for the files of one build. Looking a
// file up in the context takes as long as many of them.
const (
	freeContents    = 200_000
	contentsPerStep = 64
	statSteps       = 16
)

const manyPaths = "its files come from more stages and instructions than the limit for a Dockerfile of its size"

func (c *originCache) begin(b *Build) {
	if c.found != nil {
		return
	}
	c.found, c.steps = map[stagePath]*Origin{}, map[*Stage][]*Step{}
	c.meter = &meter.Meter{Left: freeContents + contentsPerStep*len(b.File.Instructions)}
}

// copies are the steps of a stage that bring files, the last one first.
func (c *originCache) copies(s *Stage) []*Step {
	list, ok := c.steps[s]
	if !ok {
		for i := len(s.Steps) - 1; i >= 0; i-- {
			if s.Steps[i].Copy != nil {
				list = append(list, s.Steps[i])
			}
		}
		c.steps[s] = list
	}
	return list
}

func (b *Build) fileIn(s *Stage, p string) *Origin {
	cache := &b.memo.origins
	cache.begin(b)
	var asked []stagePath
	var found *Origin
stages:
	for ; s != nil; s = s.Parent {
		key := stagePath{s, p}
		if o, ok := cache.found[key]; ok {
			found = o
			break
		}
		// Nothing here while it is being asked: a stage that copies from itself
		// brings nothing by that.
		cache.found[key] = nil
		asked = append(asked, key)
		if !cache.spend(b, 1) {
			break
		}
		for _, step := range cache.copies(s) {
			if !cache.spend(b, 1) {
				break stages
			}
			if found = b.broughtBy(step, p); found != nil {
				break stages
			}
		}
	}
	if found != nil {
		for _, key := range asked {
			cache.found[key] = found
		}
	}
	return found
}

func (c *originCache) spend(b *Build, n int) bool {
	if c.meter.Spend(n) {
		return true
	}
	b.beyond.note(Contents, manyPaths)
	return false
}

// broughtBy is the origin of p where this step brings it.
func (b *Build) broughtBy(step *Step, p string) *Origin {
	c := step.Copy
	if c == nil || !strings.HasPrefix(c.Target, "/") {
		return nil
	}
	target := path.Clean(c.Target)
	rel, under := relative(p, target)
	if !under {
		return nil
	}
	for _, h := range c.Heredocs {
		if rel == "" || rel == h.Name {
			return &Origin{Step: step, File: step.File().File, Span: h.Body}
		}
	}
	for _, src := range c.Sources {
		for _, from := range c.sourcePaths(b, src) {
			var candidates []string
			if rel == "" {
				candidates = []string{from}
			} else {
				candidates = []string{path.Join(from, rel)}
				if path.Base(from) == rel {
					candidates = append(candidates, from)
				}
				if c.Parents {
					candidates = append(candidates, rel)
				}
			}
			for _, cand := range candidates {
				if !b.memo.origins.spend(b, 1) {
					return nil
				}
				switch {
				case c.FromContext():
					if b.Context == nil {
						continue
					}
					if !b.memo.origins.spend(b, statSteps) {
						return nil
					}
					if e, err := b.Context.Stat(Clean(cand)); err == nil && !e.Dir {
						return &Origin{Step: step, Context: b.Context, Path: Clean(cand), Entry: e}
					}
				case c.Stage != nil:
					if o := b.fileIn(c.Stage, path.Clean("/"+cand)); o != nil {
						return o
					}
				}
			}
		}
	}
	return nil
}

// sourcePaths are the paths that one source stands for.
func (c *Copy) sourcePaths(b *Build, src Text) []string {
	if c.FromContext() {
		p := Clean(src.Value)
		if strings.ContainsAny(p, "*?[") && b.Context != nil {
			return b.Context.Glob(p)
		}
		return []string{p}
	}
	return []string{path.Clean("/" + src.Value)}
}

// relative is p under dir: "" where they are the same.
func relative(p, dir string) (string, bool) {
	if p == dir {
		return "", true
	}
	if dir == "/" {
		return strings.TrimPrefix(p, "/"), strings.HasPrefix(p, "/")
	}
	rel, ok := strings.CutPrefix(p, dir+"/")
	return rel, ok
}

// MadeByRoot tells whether a folder certainly is root's: a WORKDIR or a RUN's mkdir
// makes it as root, or a COPY into it does.
func (b *Build) MadeByRoot(dir string) bool {
	made := false
	for step := range b.Steps() {
		if step.Keyword == "WORKDIR" {
			w := step.Value.Value
			if !strings.HasPrefix(w, "/") {
				w = path.Join("/", step.Before.Workdir.Value, w)
			}
			if _, under := relative(path.Clean(w), dir); !under || made {
				continue
			}
			// BuildKit makes a missing folder as the user in force.
			if step.Before.User != nil && !b.userOf(step.Before.User).Root() || step.Before.User == nil && b.imageUser(b.Base()).Unprivileged() {
				return false
			}
			made = true
			continue
		}
		if c := step.Copy; c != nil {
			if t := strings.TrimSuffix(c.Target, "/"); t == dir || path.Dir(t) == dir {
				made = true
			}
			continue
		}
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			if fx.Kind != effects.Mkdir {
				continue
			}
			for _, p := range fx.Paths {
				if path.Clean(p.Text) != dir {
					continue
				}
				if step.Before.User != nil && !b.userOf(step.Before.User).Root() {
					return false
				}
				made = true
			}
		}
	}
	return made
}
