package source

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
)

// A recipe is one way in which something builds a Dockerfile.
type recipe struct {
	target   string // stage name; "" = the last stage
	context  string // project path; "" = not said
	args     map[string]string
	contexts map[string]string
	folders  map[string]string // contexts, with folders as project paths
	services []*Service
	images   []string
}

// A Service is a Compose service with the file it stands in.
type Service struct {
	*deploy.Service
	File *deploy.Compose
}

// devNames are the stage names that say "not for production" (RULES, unit).
var devNames = map[string]bool{
	"dev": true, "development": true, "debug": true, "test": true, "tests": true, "testing": true,
	"ci": true, "lint": true, "builder": true, "tools": true, "devel": true, "develop": true,
	"unittest": true, "unit-test": true, "unit-tests": true, "devcontainer": true,
}

// devLike tells whether a stage name says that the stage does not ship. Words
// joined to another by a dash or underscore count for the unmistakable ones:
// api-dev, test_runner.
func devLike(name string) bool {
	if devNames[name] {
		return true
	}
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
		switch word {
		case "dev", "development", "debug", "test", "tests", "lint":
			return true
		}
	}
	return false
}

// targets are the builds of one Dockerfile.
func (p *Project) targets(u Unit, parsed *dockerfile.File, trail []string) ([]*Build, *Problem) {
	cfg := p.config(path.Dir(u.Path))
	recipes := p.recipes(u.Path, cfg)
	inputs := Build{Path: u.Path, File: parsed, AsOf: p.opt.AsOf, Profile: p.profile(cfg), Config: cfg, project: p, trail: trail}

	var builds []*Build
	type place struct {
		target  *Stage
		root    string
		lenient bool
	}
	made := map[place]*Build{}
	evaluated := map[string][]*Stage{}
	var failed *Problem
	// A hundred services with arguments of their own make a hundred builds of
	// one Dockerfile, and each is looked at for itself.
	work := meter.Meter{Left: freeWork + workPerRecipe*len(recipes)}
	left := 0
	argsOf := func(r recipe) map[string]string {
		args := map[string]string{}
		maps.Copy(args, r.args)
		maps.Copy(args, p.opt.BuildArgs)
		return args
	}
	stagesFor := func(r recipe) ([]*Stage, []*Step) {
		args := argsOf(r)
		key := fmt.Sprint(args, r.contexts)
		e := &evaluator{file: parsed, args: args, contexts: r.contexts, bases: cfg.base, elsewhere: func(name string) (string, bool) { return p.elsewhere(u.Path, name) }}
		if stages, ok := evaluated[key]; ok {
			return stages, stages[0].eval.metaArgs
		}
		e.run()
		work.Spend(len(parsed.Data) + workOfBuild)
		evaluated[key] = e.stages
		if prob := circular(u.Path, e.stages); prob != nil {
			failed = prob
		}
		return e.stages, e.metaArgs
	}
	add := func(r recipe, lenient bool) *Problem {
		if len(builds) > 0 && work.Left < len(parsed.Data)+workOfBuild {
			left++
			return nil
		}
		stages, meta := stagesFor(r)
		if failed != nil {
			return failed
		}
		target := find(stages, r.target)
		if target == nil {
			return &Problem{Path: u.Path, Err: fmt.Errorf("there is no stage %q to build; its stages are %s", r.target, names(stages))}
		}
		at := place{target, p.contextOf(u.Path, r, stages), lenient}
		if b := made[at]; b != nil {
			// Two services that build the same thing are one build.
			b.Services = append(b.Services, r.services...)
			return nil
		}
		work.Spend(len(parsed.Data) + workOfBuild)
		b := inputs
		b.Stages, b.Target, b.Meta, b.lenient = stages, target, meta, lenient
		b.Services, b.images = r.services, r.images
		b.Args, b.Contexts = argsOf(r), r.folders
		b.contextRoot = at.root
		if !p.opt.NoContext && b.contextRoot != outside {
			b.Context = p.context(b.contextRoot, u.Path)
		}
		b.link()
		builds = append(builds, &b)
		made[at] = &b
		return nil
	}
	finish := func() []*Build {
		if left > 0 {
			for _, b := range builds {
				b.beyond.note(Variants, "%d further builds of it, with other arguments, targets or contexts, are more than are looked at of a Dockerfile of its size", left)
			}
		}
		return p.finish(builds)
	}

	// What nobody says is built from the Dockerfile's own folder.
	plain := recipe{}
	if len(recipes) > 0 {
		plain = recipes[0]
		plain.target = ""
	}
	switch {
	case len(p.opt.Targets) > 0:
		for _, name := range p.opt.Targets {
			r := plain
			for _, other := range recipes {
				if strings.EqualFold(other.target, name) {
					r = other
				}
			}
			r.target = name
			if prob := add(r, false); prob != nil {
				return nil, prob
			}
		}
		return finish(), nil
	default:
		if named := p.configured(u.Path, cfg); len(named) > 0 {
			stages, _ := stagesFor(plain)
			for _, name := range named {
				if find(stages, name) == nil && len(cfg.Targets.Stages) > 0 {
					continue // a plain list is for every Dockerfile that has the stage
				}
				r := plain
				r.target = name
				if prob := add(r, false); prob != nil {
					return nil, prob
				}
			}
			if len(builds) > 0 {
				return finish(), nil
			}
		}
	}
	// What Compose builds, the stages for development at note.
	var dev []recipe
	for _, r := range recipes {
		if len(r.services) == 0 {
			continue
		}
		if len(builds) > 0 && work.Left < len(parsed.Data)+workOfBuild {
			left++
			continue
		}
		stages, _ := stagesFor(r)
		target := find(stages, r.target)
		if failed != nil {
			return nil, failed
		}
		if target == nil {
			continue // Compose names a stage that is gone: its own file's matter
		}
		if devLike(target.Name) {
			dev = append(dev, r)
			continue
		}
		if prob := add(r, false); prob != nil {
			return nil, prob
		}
	}
	if len(builds) == 0 {
		stages, _ := stagesFor(plain)
		if failed != nil {
			return nil, failed
		}
		last, lenient := stages[len(stages)-1], true
		for i := len(stages) - 1; i >= 0; i-- {
			if !devLike(stages[i].Name) {
				last, lenient = stages[i], false
				break
			}
		}
		r := plain
		r.target, r.services = last.ref(), nil
		for _, other := range recipes {
			if t := find(stages, other.target); t == last {
				r.services = append(r.services, other.services...)
			}
		}
		if prob := add(r, lenient); prob != nil {
			return nil, prob
		}
	}
	for _, r := range dev {
		if prob := add(r, true); prob != nil {
			return nil, prob
		}
	}
	return finish(), nil
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
func (p *Project) finish(builds []*Build) []*Build {
	if len(builds) < 2 {
		return builds
	}
	reached := map[*Stage]bool{}
	for _, b := range builds {
		maps.Copy(reached, b.reached)
		b.anyReached = reached
	}
	return builds
}

// ref is how --target names a stage: its name, or its number.
func (s *Stage) ref() string {
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
		list = append(list, s.ref())
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
				return &Problem{Path: file, Line: needLine(top.s, s), Err: fmt.Errorf("circular dependency: stage %s needs stage %s, which needs it in turn; copy from an earlier stage", top.s.ref(), s.ref())}
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

// configured are the targets that the config names for a Dockerfile.
func (p *Project) configured(name string, cfg *Config) []string {
	if t, ok := cfg.target(name); ok && len(t.Stages) > 0 {
		return t.Stages
	}
	if cfg != nil {
		return cfg.Targets.Stages
	}
	return nil
}

// outside is the context of a build whose files are not in the project: a git
// URL, or a folder above its root.
const outside = "\x00outside"

// recipes are the ways in which the project says that it builds a Dockerfile:
// the command line, the config, Compose.
func (p *Project) recipes(name string, cfg *Config) []recipe {
	list := slices.Clone(p.composeRecipes()[name])
	if t, ok := cfg.target(name); ok {
		if len(list) == 0 {
			list = append(list, recipe{})
		}
		for i := range list {
			list[i].images = append(slices.Clone(list[i].images), t.Images...)
			if t.Context != "" {
				list[i].context = path.Join(path.Dir(cfg.Path), t.Context)
			}
			if len(t.Args) > 0 {
				// Over Compose's, whose map other builds share.
				list[i].args = maps.Clone(list[i].args)
				if list[i].args == nil {
					list[i].args = map[string]string{}
				}
				maps.Copy(list[i].args, t.Args)
			}
		}
	}
	if p.opt.Context != "" {
		if len(list) == 0 {
			list = append(list, recipe{})
		}
		for i := range list {
			list[i].context = p.opt.Context
		}
	}
	return list
}

// contextOf is the folder that a build takes its files from: what something
// says, else the Dockerfile's own folder, unless what COPY names lies only in
// a folder above it.
func (p *Project) contextOf(name string, r recipe, stages []*Stage) string {
	if r.context != "" {
		return r.context
	}
	own := path.Dir(name)
	lonely := own != "." && (p.bare(own) || copiesAll(stages) && p.alone(own))
	best, most := own, -1
	for dir := own; ; dir = path.Dir(dir) {
		found, missing := p.supplies(dir, stages)
		if missing == 0 && (found > 0 || dir == own && !lonely) {
			return dir
		}
		if found > most && found > 0 {
			best, most = dir, found
		}
		if dir == "." || dir == "/" {
			break
		}
	}
	if most > 0 {
		return best
	}
	// Nothing is named but the whole: a folder that holds Dockerfiles only is
	// not what anybody copies.
	if lonely {
		if _, err := fs.Stat(p.fsys, path.Join(own, ".dockerignore")); err != nil {
			dir := path.Dir(own)
			for dir != "." && p.alone(dir) {
				dir = path.Dir(dir)
			}
			return dir
		}
	}
	return own
}

// supplies counts the literal COPY sources that a folder has and lacks.
func (p *Project) supplies(dir string, stages []*Stage) (found, missing int) {
	seen := map[string]bool{}
	for _, s := range stages {
		for _, step := range s.Steps {
			c := step.Copy
			if c == nil || !c.FromContext() {
				continue
			}
			for _, src := range c.Sources {
				p0 := Clean(src.Value)
				if !src.Known || p0 == "." || strings.Contains(src.Value, "://") || strings.HasPrefix(src.Value, "git@") || seen[p0] {
					continue
				}
				seen[p0] = true
				if strings.ContainsAny(p0, "*?[") {
					// COPY *.sln . tells as much as a name; the ? of an
					// optional file does not.
					if strings.HasSuffix(p0, "*") || strings.HasSuffix(p0, "?") {
						continue
					}
					if p.matches(path.Join(dir, p0)) {
						found++
					} else {
						missing++
					}
					continue
				}
				if _, err := fs.Stat(p.fsys, path.Join(dir, p0)); err == nil {
					found++
				} else {
					missing++
				}
			}
		}
	}
	return found, missing
}

// matches tells whether a pattern takes anything.
func (p *Project) matches(pattern string) bool {
	return p.remember("glob "+pattern, func() bool {
		dir, base := path.Split(pattern)
		return len(p.tree(".").glob(Clean(dir), base, 0)) > 0
	})
}

// remember asks a question of the file system once: in a folder of thousands
// of Dockerfiles each has the same few, and each would read the whole folder.
func (p *Project) remember(question string, ask func() bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if got, ok := p.answers[question]; ok {
		return got
	}
	if p.answers == nil || len(p.answers) >= maxGlobs {
		p.answers = map[string]bool{}
	}
	got := ask()
	p.answers[question] = got
	return got
}

// copiesAll tells whether a COPY takes the whole context.
func copiesAll(stages []*Stage) bool {
	for _, s := range stages {
		for _, step := range s.Steps {
			if c := step.Copy; c != nil && c.FromContext() && slices.ContainsFunc(c.Sources, func(t Text) bool { return Clean(t.Value) == "." }) {
				return true
			}
		}
	}
	return false
}

// alone tells whether a folder and those below it hold Dockerfiles and nothing
// else.
func (p *Project) alone(dir string) bool {
	left := 50 // entries that are looked at
	var only func(dir string) bool
	only = func(dir string) bool {
		entries, err := fs.ReadDir(p.fsys, dir)
		if err != nil {
			return false
		}
		for _, e := range entries {
			if left--; left < 0 {
				return false
			}
			if e.IsDir() && !only(path.Join(dir, e.Name())) || !e.IsDir() && !IsDockerfileName(e.Name()) {
				return false
			}
		}
		return true
	}
	return p.remember("alone "+dir, func() bool { return only(dir) })
}

// bare tells whether a folder holds nothing that a build could want: only
// Dockerfiles, their ignore files, scripts of the same purpose and Compose
// files, in a folder with a name for such things.
func (p *Project) bare(dir string) bool {
	base := strings.ToLower(path.Base(dir))
	if !slices.Contains([]string{"docker", ".docker", "dockerfiles", "container", "containers", "build", "deploy", "deployment", "ci", "infra"}, base) {
		return false
	}
	return p.remember("bare "+dir, func() bool {
		entries, err := fs.ReadDir(p.fsys, dir)
		if err != nil {
			return false
		}
		for _, e := range entries {
			n := e.Name()
			if e.IsDir() || !IsDockerfileName(n) && !deploy.IsComposeName(n) && !strings.HasSuffix(n, ".dockerignore") && !strings.HasSuffix(n, ".md") {
				return false
			}
		}
		return true
	})
}
