package rebuild

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A Change is what lies between two builds.
type Change struct {
	Before *source.Build // of the first build; nil = the same as After
	After  *source.Build
	Files  []run.Changed // of the context, as far as they are sent; in path order
	Edit   string        // the one that was edited to see what follows; "" = none was
	// First and Again are what the builder said.
	First, Again *run.Build
}

// Unknown is the cause of a step of which neither the files nor the builder tell.
const Unknown = "no cause is seen in the files; its result may have left the build cache"

// Explain gives each step of the second build that ran again its cause, in
// BuildStep.Because: the first one that lies in the files, the instruction, the
// arguments or the base image, or the step that it follows from. A step that was
// answered from the cache although something changed, for an earlier build had
// made the same, has its cause too.
func Explain(c Change) {
	x := &causes{
		Change: c, at: Match(c.After, c.Again.Steps), prior: map[*source.Step]*source.Step{}, news: map[*source.Step]string{},
		ends: map[*source.Stage]string{}, own: map[*source.Step]string{}, begins: map[*source.Stage]*source.Step{}, told: map[*source.Step]string{}, other: map[*source.Step]bool{},
	}
	if c.Before != nil {
		for _, st := range c.After.Stages {
			x.align(counterpart(c.Before, st), st)
		}
	}
	x.hints()
	for _, st := range c.After.Stages {
		for _, s := range layers(st) {
			i, ok := x.at[s]
			if !ok || !x.moved(s) || c.Again.Steps[i].Unreached {
				continue
			}
			why := x.because(s)
			if c.Again.Steps[i].Cached {
				why += "; an earlier build had left the result in the cache"
			}
			c.Again.Steps[i].Because = why
		}
	}
}

// causes are the causes of one change, as they are found.
type causes struct {
	Change
	at     map[*source.Step]int          // in Again.Steps
	prior  map[*source.Step]*source.Step // the same instruction of the first build
	news   map[*source.Step]string       // what became of the instructions, for those at which they begin to differ
	ends   map[*source.Stage]string      // what was removed at the end of a stage
	own    map[*source.Step]string       // see itself
	begins map[*source.Stage]*source.Step
	told   map[*source.Step]string
	other  map[*source.Step]bool // see hints
}

// hints finds the steps that took something else from a stage or an image than in
// the first build, and yet were cached, for an earlier build had taken the same: a
// step below them that ran again for no other cause tells.
func (x *causes) hints() {
	if x.Before == nil {
		return
	}
	for _, st := range x.After.Stages {
		for _, s := range layers(st) {
			if i, ok := x.at[s]; !ok || x.Again.Steps[i].Cached || x.Again.Steps[i].Unreached || x.because(s) != Unknown {
				continue
			}
			if by := x.taker(s); by != nil {
				x.other[by] = true
				clear(x.begins)
				clear(x.told)
			}
		}
	}
}

// before is the last step of the chain before s that is wanted; nil = none is.
func before(s *source.Step, wanted func(*source.Step) bool) *source.Step {
	steps := s.Stage.Steps[:s.Index]
	for st := s.Stage; ; {
		for i := len(steps) - 1; i >= 0; i-- {
			if wanted(steps[i]) {
				return steps[i]
			}
		}
		if st = st.Parent; st == nil {
			return nil
		}
		steps = st.Steps
	}
}

// taker is the last step of the chain before s that takes what moved; nil = none
// does.
func (x *causes) taker(s *source.Step) *source.Step {
	return before(s, func(o *source.Step) bool {
		_, ok := x.at[o]
		return ok && x.sources(o) != ""
	})
}

// moved tells whether a step ran again, or would have if no earlier build had made
// the same.
func (x *causes) moved(s *source.Step) bool {
	i, ok := x.at[s]
	if !ok {
		// The builder makes one of equal steps of several stages, and names it
		// after one of them.
		return x.itself(s) != ""
	}
	// An edit is new to every cache, so that what was cached did not take it.
	return !x.Again.Steps[i].Cached && !x.Again.Steps[i].Unreached || x.Before != nil && (x.itself(s) != "" || x.other[s])
}

// because is the cause of a step that moved.
func (x *causes) because(s *source.Step) string {
	if why, ok := x.told[s]; ok {
		return why
	}
	x.told[s] = Unknown // for a circle, which no builder builds
	why := x.cause(s)
	x.told[s] = why
	return why
}

func (x *causes) cause(s *source.Step) string {
	above := x.above(s)
	linked := s.Copy != nil && s.Copy.Link
	if linked {
		above = nil // it has no parent: what it makes is laid over that
	}
	if above == nil && !linked {
		if why := x.base(s.Stage); why != "" {
			return why
		}
	}
	if why := x.itself(s); why != "" {
		return why
	}
	if above != nil && x.because(above) != Unknown {
		how := "ran again"
		if i, ok := x.at[above]; ok && x.Again.Steps[i].Cached {
			how = "changed"
		}
		if x.parent(s) == above {
			return fmt.Sprintf("its parent %s %s", Name(above), how)
		}
		return fmt.Sprintf("%s above it %s", Name(above), how)
	}
	if above == nil && !linked {
		for st := s.Stage.Parent; st != nil; st = st.Parent {
			if why := x.ends[st]; why != "" {
				return why
			}
		}
	}
	return cmp.Or(x.sources(s), Unknown)
}

// Name is a step as messages name it: its first words, and its line. Words stay
// whole, so that what hides secrets finds them.
func Name(s *source.Step) string {
	const most, longest = 44, 100
	short := ""
	for i, w := range strings.Fields(s.Joined()) {
		if s.Keyword == "RUN" && strings.HasPrefix(w, "--") && short == "RUN" {
			continue
		}
		if i > 1 && len(short)+len(w) > most || len(w) > longest {
			short += " …"
			break
		}
		short = strings.TrimSpace(short + " " + w)
	}
	return fmt.Sprintf("%s (line %d)", short, s.Line())
}

// above is the first step of the chain before s that moved: what it depends on, in
// the end. nil = there is none.
func (x *causes) above(s *source.Step) *source.Step {
	if s.Stage.Parent != nil {
		if first := x.first(s.Stage.Parent); first != nil {
			return first
		}
	}
	for _, o := range s.Stage.Steps[:s.Index] {
		if x.moved(o) {
			return o
		}
	}
	return nil
}

// first is the first step that moved of a stage, or of those that it is based on;
// nil = there is none.
func (x *causes) first(st *source.Stage) *source.Step {
	var chain []*source.Stage
	for ; st != nil; st = st.Parent {
		if _, ok := x.begins[st]; ok {
			break
		}
		chain = append(chain, st)
	}
	var found *source.Step
	if st != nil {
		found = x.begins[st]
	}
	for i := len(chain) - 1; i >= 0; i-- {
		if found == nil {
			if n := slices.IndexFunc(chain[i].Steps, x.moved); n >= 0 {
				found = chain[i].Steps[n]
			}
		}
		x.begins[chain[i]] = found
	}
	return found
}

// parent is the step before s that the builder ran or took from its cache; nil =
// there is none.
func (x *causes) parent(s *source.Step) *source.Step {
	return before(s, func(o *source.Step) bool {
		_, ok := x.at[o]
		return ok || x.moved(o)
	})
}

// itself is the cause that lies in a step: its words, its variables, its files;
// "" = there is none.
func (x *causes) itself(s *source.Step) string {
	why, ok := x.own[s]
	if !ok {
		why = cmp.Or(x.news[s], x.differs(s), x.files(s))
		x.own[s] = why
	}
	return why
}

// files are the changed files of the context that a step takes, in words.
func (x *causes) files(s *source.Step) string {
	var first run.Changed
	var at *source.Mount
	n := 0
	for _, f := range x.Files {
		if m, ok := Takes(s, f.Path); ok {
			if n == 0 || f.Path == x.Edit {
				first, at = f, m
			}
			n++
		}
	}
	if n == 0 {
		return ""
	}
	why := first.String()
	if at != nil {
		why = fmt.Sprintf("%s of its bind mount %s", first.Path, first.How)
	}
	if first.Path == x.Edit {
		why += " (the edit)"
	}
	if n > 1 {
		why += fmt.Sprintf(", and %s more", check.Count(n-1, "file"))
	}
	return why
}

// sources is the cause that lies in what a step takes from elsewhere than the
// context: stages, images, addresses.
func (x *causes) sources(s *source.Step) string {
	if c := s.Copy; c != nil {
		if !c.FromContext() {
			return x.taken(c.From, c.Stage, c.Image)
		}
		for _, src := range c.Sources {
			if remote(src.Value) {
				return fmt.Sprintf("what %s serves changed, or the date that its server gives it", address(src.Value))
			}
		}
		return ""
	}
	r := s.Run()
	if r == nil {
		return ""
	}
	for _, m := range r.Mounts {
		if m.Type == "bind" && m.From != "" {
			if why := x.taken(m.From, m.Stage, m.Image); why != "" {
				return why
			}
		}
	}
	return ""
}

// taken is why what a step takes from a stage or an image is another.
func (x *causes) taken(from string, st *source.Stage, img *source.Image) string {
	switch {
	case st != nil:
		name := st.Name
		if name == "" {
			name = fmt.Sprint(st.Index)
		}
		if s := x.first(st); s != nil {
			if x.because(s) == Unknown {
				return ""
			}
			return fmt.Sprintf("stage %s ran again from %s", name, Name(s))
		}
		if why := cmp.Or(x.base(st), x.ends[st]); why != "" {
			return fmt.Sprintf("in stage %s, %s", name, why)
		}
	case img != nil && img.Context != "" && x.Before != nil:
		return fmt.Sprintf("no cause is seen in the files; those of the build context named %s are not compared", from)
	case img != nil:
		return x.moves(img.Text.Value)
	}
	return ""
}

// base is why the image that a stage begins with is another; "" = it is the same,
// or that is not known.
func (x *causes) base(st *source.Stage) string {
	for st.Parent != nil {
		st = st.Parent
	}
	if x.Before != nil {
		if old := counterpart(x.Before, st); old != nil && old.Base.Value != st.Base.Value {
			return fmt.Sprintf("its base image changed from %s to %s (line %d)", old.Base.Value, st.Base.Value, st.From.Line())
		}
	}
	if st.Image == nil {
		return ""
	}
	return x.moves(st.Image.Text.Value)
}

// moves tells that a name stood for another image in the second build.
func (x *causes) moves(name string) string {
	var was, is string
	for _, r := range x.First.Bases {
		if same(r.Ref, name) {
			was = r.Digest
		}
	}
	for _, r := range x.Again.Bases {
		if same(r.Ref, name) {
			is = r.Digest
		}
	}
	if was == "" || is == "" || was == is {
		return ""
	}
	return fmt.Sprintf("the image %s changed from %.19s… to %.19s…", name, was, is)
}

// same tells whether the builder's name of an image is one of the Dockerfile's: it
// adds the registry, the library and the tag, and leaves out the digest.
func same(ref, name string) bool {
	name, _, _ = strings.Cut(name, "@")
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	return strings.TrimSuffix(ref, ":latest") == strings.TrimSuffix(name, ":latest")
}

// address is a URL without what may be a password in it.
func address(u string) string {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return u
	}
	host, tail, slash := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if slash {
		host += "/" + tail
	}
	host, _, _ = strings.Cut(host, "?")
	return scheme + "://" + host
}
