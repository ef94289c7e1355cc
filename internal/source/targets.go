package source

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
)

// targets are the builds of one Dockerfile.
func (p *Snapshot) targets(v view, u Unit, parsed *dockerfile.File, trail []string) ([]*Build, *Problem) {
	cfg := p.config(path.Dir(u.Path))
	name := u.Path
	if u.Service != "" {
		name = inlineKey(u.Path, u.Service)
	}
	recipes := p.recipes(name, cfg)
	t := &targeting{
		project: p, files: v, unit: u, recipes: recipes,
		inputs: Build{Path: u.Path, File: parsed, AsOf: p.opt.AsOf, Profile: p.profile(cfg), Config: cfg, project: p, files: v, trail: trail, Inline: u.Service != "", allows: allowsOf(parsed)},
		made:   map[place]*Build{}, evaluated: map[string]*evaluated{}, development: p.development(u.Path, Dockerfile),
		work: meter.Meter{Left: freeWork + workPerRecipe*len(recipes)},
	}
	var prob *Problem
	switch named := p.configured(u.Path, cfg); {
	case len(p.opt.Targets) > 0:
		prob = t.asked(p.opt.Targets)
	case len(named) > 0:
		prob = t.named(named, len(cfg.Targets.Stages) > 0)
	}
	if prob == nil && len(t.builds) == 0 {
		prob = t.found()
	}
	if prob != nil {
		return nil, prob
	}
	return t.finish(), nil
}

// A targeting finds the builds of one Dockerfile.
type targeting struct {
	project   *Snapshot
	files     view
	unit      Unit
	recipes   []recipe
	inputs    Build // what all of them share
	builds    []*Build
	made      map[place]*Build
	evaluated map[string]*evaluated // by the arguments and named contexts
	// A hundred services with arguments of their own make a hundred builds of
	// one Dockerfile, and each is looked at for itself.
	work meter.Meter
	left int // builds that were not looked at
	// development is why nothing that is made of the file ships, as far as the names
	// of file and folder tell; "" = they do not.
	development string
}

// A place is what tells builds apart: two services that build the same thing are
// one build.
type place struct {
	target *Stage
	root   string
}

// stages are the Dockerfile's, as a recipe's arguments make them.
func (t *targeting) stages(r recipe) (*evaluated, *Problem) {
	args := t.argsOf(r)
	key := fmt.Sprint(args, r.contexts)
	e := t.evaluated[key]
	if e == nil {
		e = &evaluated{evaluator: &evaluator{file: t.inputs.File, args: args, contexts: r.contexts, bases: t.inputs.Config.base, elsewhere: t.elsewhere}}
		e.run()
		t.work.Spend(len(e.file.Data) + workOfBuild)
		e.circle = circular(t.unit.Path, e.stages)
		t.evaluated[key] = e
	}
	return e, e.circle
}

// An evaluated Dockerfile is one as some arguments make it.
type evaluated struct {
	*evaluator
	circle *Problem // of stages that need each other; nil = there is none
}

func (t *targeting) elsewhere(name string) (file string, ok bool) {
	return t.project.elsewhere(t.files, t.unit.Path, name)
}

// tired tells whether another build is more than is looked at, and counts it.
func (t *targeting) tired() bool {
	if len(t.builds) == 0 || t.work.Left >= len(t.inputs.File.Data)+workOfBuild {
		return false
	}
	t.left++
	return true
}

// add is the build of a recipe, where it is another one. development is why it
// does not ship, and doubt why it does not where it runs what is for development.
func (t *targeting) add(r recipe, development, doubt string) *Problem {
	if t.tired() {
		return nil
	}
	e, prob := t.stages(r)
	if prob != nil {
		return prob
	}
	target := find(e.stages, r.target)
	if target == nil {
		return &Problem{Path: t.unit.Path, Err: fmt.Errorf("there is no stage %q; the stages are %s", r.target, names(e.stages))}
	}
	at := place{target, t.contextOf(r, e.stages)}
	if b := t.made[at]; b != nil {
		b.Services = append(b.Services, r.services...)
		b.images, b.repos = append(slices.Clip(b.images), r.images...), append(slices.Clip(b.repos), r.repos...)
		b.outcome = min(b.outcome, r.outcome)
		return nil
	}
	t.work.Spend(len(t.inputs.File.Data) + workOfBuild)
	b := t.inputs
	b.Stages, b.Target, b.Meta, b.development = e.stages, target, e.metaArgs, development
	b.Services, b.images, b.repos, b.given = r.services, r.images, r.repos, r.given
	b.outcome = r.outcome
	b.Args, b.Contexts = t.argsOf(r), r.folders
	b.contextRoot = at.root
	if !t.project.opt.NoContext && b.contextRoot != outside && b.contextRoot != unsaid && b.contextRoot != made {
		b.Context = t.project.context(t.files, b.contextRoot, t.unit.Path)
	}
	b.link()
	if doubt != "" && b.Role() == Develop {
		b.development = doubt
	}
	if b.development == "" {
		b.development = cmp.Or(b.reloads(), b.packs(), b.included(), t.unshipped(&b), t.aside(&b), t.standsIn(&b))
	}
	t.builds = append(t.builds, &b)
	t.made[at] = &b
	return nil
}

// asked are the targets that the command line names.
func (t *targeting) asked(names []string) *Problem {
	for _, name := range names {
		r := t.plain()
		for _, other := range t.recipes {
			if strings.EqualFold(other.target, name) {
				r = other
			}
		}
		r.target = name
		if prob := t.add(r, t.development, ""); prob != nil {
			return prob
		}
	}
	return nil
}

// named are the targets that the config names. A plain list is for every
// Dockerfile that has the stage.
func (t *targeting) named(names []string, plain bool) *Problem {
	e, prob := t.stages(t.plain())
	if prob != nil {
		return prob
	}
	for _, name := range names {
		if plain && find(e.stages, name) == nil {
			continue
		}
		r := t.plain()
		r.target = name
		if prob := t.add(r, t.development, ""); prob != nil {
			return prob
		}
	}
	return nil
}

// found are the targets that Compose builds; where none of them ships, the last
// stage that does by its name, too.
func (t *targeting) found() *Problem {
	type other struct {
		recipe
		why string
	}
	var dev []other
	for _, r := range t.recipes {
		if len(r.services) == 0 && r.by == "" || t.tired() {
			continue
		}
		e, prob := t.stages(r)
		if prob != nil {
			return prob
		}
		target := find(e.stages, r.target)
		if target == nil {
			continue // Compose names a stage that is gone: its own file's matter
		}
		why, doubt := t.purpose(r, target)
		if why == "" {
			why = cmp.Or(t.helps(r, target, e.stages), t.tries(r, target, e.stages))
		}
		if why != "" {
			dev = append(dev, other{r, why})
			continue
		}
		if prob := t.add(r, "", doubt); prob != nil {
			return prob
		}
	}
	if !slices.ContainsFunc(t.builds, func(b *Build) bool { return b.development == "" }) && !t.keepsNone() {
		if prob := t.last(); prob != nil {
			return prob
		}
	}
	for _, r := range dev {
		if prob := t.add(r.recipe, r.why, ""); prob != nil {
			return prob
		}
	}
	return nil
}

// helps says why a stage that something builds makes no image that ships: it starts
// nothing, nobody reaches it, and a stage that ships copies from it. That CI pushes it
// is for its cache, or for who builds on it. "" = it may ship.
func (t *targeting) helps(r recipe, target *Stage, stages []*Stage) string {
	if starts(target) || serviceBase(target) || len(r.services) > 0 && (serves(r.services[0]) || works(r.services[0])) {
		return ""
	}
	final := shipping(stages)
	for i := -1; i < len(t.recipes); i++ {
		if i >= 0 {
			o := t.recipes[i]
			if final = find(stages, o.target); o.target == "" || o.development != "" {
				continue
			}
		}
		if final == nil || final == target || devStage(final.Name) || !starts(final) && !serviceBase(final) {
			continue
		}
		if !t.work.Spend(len(stages)) {
			return ""
		}
		if copiesFrom(final, target) {
			return fmt.Sprintf("the stage %s starts nothing and makes what stage %s copies", target.Ref(), final.Ref())
		}
	}
	return ""
}

// works tells whether a service has something to do of its own, behind others: it is
// probed, or runs what serves or waits for jobs.
func works(s *Service) bool {
	if s.Healthcheck != nil {
		return true
	}
	for _, c := range []*deploy.Command{s.Entrypoint, s.Command} {
		if c == nil {
			continue
		}
		words := make([]shell.Word, len(c.Words))
		for i, w := range c.Words {
			words[i] = shell.Word{Text: w.Text}
		}
		program, args := wordsProgram(words)
		if serverCommand(program, args) || knowledge.ServerOf(program).Role == knowledge.Works {
			return true
		}
	}
	return false
}

// copiesFrom tells whether a stage needs another one, and not as its parent.
func copiesFrom(s, other *Stage) bool {
	for p := s; p != nil; p = p.Parent {
		if p == other {
			return false
		}
	}
	seen := map[*Stage]bool{}
	todo := []*Stage{s}
	for len(todo) > 0 {
		one := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if one == other {
			return true
		}
		if !seen[one] {
			seen[one] = true
			todo = append(todo, one.needs()...)
		}
	}
	return false
}

// last is the last stage that ships by its name, else the last one.
func (t *targeting) last() *Problem {
	e, prob := t.stages(t.plain())
	if prob != nil {
		return prob
	}
	last, development := shipping(e.stages), t.development
	if last == nil {
		last = e.stages[len(e.stages)-1]
		development = unnamed(last)
	}
	r := t.plain()
	r.target, r.services = last.Ref(), nil
	for _, other := range t.recipes {
		if find(e.stages, other.target) == last {
			r.services = append(r.services, other.services...)
		}
	}
	return t.add(r, development, "")
}

// shipping is the last stage that ships by its name; nil where none does. One that
// only installs something, or hands it on, makes way for one that starts a program:
// a later one under a name such as builder, or an earlier one.
func shipping(stages []*Stage) *Stage {
	var weak, idle *Stage
	for _, s := range slices.Backward(stages) {
		switch {
		case !devStage(s.Name):
			if starts(s) || weak == nil && idle == nil && serviceBase(s) {
				return s
			}
			if weak != nil {
				return weak
			}
			if idle == nil {
				idle = s // an earlier one may start a program
			}
		case weak == nil && weakStage(s.Name) && starts(s):
			weak = s
		}
	}
	if idle != nil {
		return idle
	}
	return weak
}

// serviceBase tells whether a stage has the program of its base image to start.
func serviceBase(s *Stage) bool {
	img := s.Origin()
	return img != nil && img.Known != nil && img.Known.Kind == base.KindService
}

// starts tells whether a stage says what it runs, or where it is reached.
func starts(s *Stage) bool {
	f := s.Final
	return f.Cmd != nil || f.Entrypoint != nil || len(f.Ports) > 0
}

// How many bytes of a Dockerfile are looked at, over all of its builds: one is
// looked at whatever its size.
const (
	freeWork      = 5 << 18
	workPerRecipe = 32
	workOfBuild   = 512 // of one, besides
)

// finish tells the builds of one Dockerfile of each other: a stage that one of
// them reaches is not an unused stage to the others.
func (t *targeting) finish() []*Build {
	if t.left > 0 {
		for _, b := range t.builds {
			b.beyond.note(Variants, "%d further builds of it, with other arguments, targets or contexts, are beyond the limit for a Dockerfile of its size", t.left)
		}
	}
	for _, b := range t.builds {
		b.shared() // all services are known by now
	}
	if len(t.builds) < 2 {
		return t.builds
	}
	// Builds that differ in arguments alone are the same image to who runs it.
	type image struct{ target, root string }
	images, repos, services := map[image][]string{}, map[image][]string{}, map[image][]*Service{}
	for _, b := range t.builds {
		key := image{b.Target.Ref(), b.contextRoot}
		images[key], repos[key], services[key] = append(images[key], b.images...), append(repos[key], b.repos...), append(services[key], b.Services...)
	}
	for _, b := range t.builds {
		key := image{b.Target.Ref(), b.contextRoot}
		b.images, b.repos = images[key], repos[key]
		for _, s := range services[key] {
			if !slices.Contains(b.Services, s) {
				b.alike = append(b.alike, s)
			}
		}
	}
	reached, ships := map[*Stage]bool{}, map[*Stage]bool{}
	for _, b := range t.builds {
		maps.Copy(reached, b.reached)
		if b.development == "" {
			maps.Copy(ships, b.reached)
		}
		b.anyReached, b.shipReached = reached, ships
	}
	return t.builds
}

// Ref is how --target names a stage: its name, or its number.
func (s *Stage) Ref() string {
	if s.Name != "" {
		return s.Name
	}
	return fmt.Sprint(s.Index)
}

// find is the stage of that name or number; the last one for "".
func find(stages []*Stage, name string) *Stage {
	if name == "" {
		return stages[len(stages)-1]
	}
	if s, ok := stages[0].eval.byName[strings.ToLower(name)]; ok {
		return s
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(stages) && strconv.Itoa(n) == name {
		return stages[n]
	}
	return nil
}

func names(stages []*Stage) string {
	var list []string
	for _, s := range stages {
		list = append(list, s.Ref())
	}
	return strings.Join(list, ", ")
}

// circular finds a stage that needs itself, which no builder can build.
func circular(file string, stages []*Stage) *Problem {
	state := make([]uint8, len(stages))
	// An explicit stack: chains of a thousand stages are allowed.
	type frame struct {
		s    *Stage
		next []*Stage
	}
	for _, start := range stages {
		if state[start.Index] != 0 {
			continue
		}
		stack := []frame{{start, start.needs()}}
		state[start.Index] = 1
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if len(top.next) == 0 {
				state[top.s.Index] = 2
				stack = stack[:len(stack)-1]
				continue
			}
			s := top.next[0]
			top.next = top.next[1:]
			switch state[s.Index] {
			case 1:
				return &Problem{Path: file, Line: needLine(top.s, s), Err: fmt.Errorf("circular dependency: stage %s needs stage %s, which in turn needs it; copy from an earlier stage", top.s.Ref(), s.Ref())}
			case 0:
				state[s.Index] = 1
				stack = append(stack, frame{s, s.needs()})
			}
		}
	}
	return nil
}

// needLine is the line on which a stage says that it needs another.
func needLine(s, needed *Stage) int {
	for _, step := range s.Steps {
		if step.Copy != nil && step.Copy.Stage == needed {
			return step.Line()
		}
		for _, m := range step.mounts {
			if st, _ := s.eval.source(m.From); m.From != "" && st == needed {
				return step.Line()
			}
		}
	}
	return s.From.Line()
}

// needs are the stages that a stage is built from: its FROM, what it copies
// from and what it mounts.
func (s *Stage) needs() []*Stage {
	var list []*Stage
	if s.Parent != nil {
		list = append(list, s.Parent)
	}
	for _, step := range s.Steps {
		if step.Copy != nil && step.Copy.Stage != nil {
			list = append(list, step.Copy.Stage)
		}
		for _, m := range step.mounts {
			if m.From != "" {
				if st, _ := s.eval.source(m.From); st != nil {
					list = append(list, st)
				}
			}
		}
	}
	return list
}
