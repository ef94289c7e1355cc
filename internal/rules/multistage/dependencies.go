package multistage

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// nodeCause is the cause that development dependencies of Node share with the
// compilation that they serve.
const nodeCause check.Cause = "node-modules"

// A deposit is what an install leaves in one folder: node_modules, a virtual
// environment, vendor.
type deposit struct {
	dev    bool   // development dependencies are among it
	guess  bool   // they are if the project has some, which is not known
	made   bool   // the build wrote the manifest, so that the project's says nothing
	node   bool   // it is a node_modules
	tool   string // the one tool for development that is installed by its name
	what   string // "npm ci", "uv sync"
	why    string // what they are, in a few words
	step   *source.Step
	span   text.Span    // where it comes from: the install, or the COPY that brought it here
	origin *deposit     // before the COPY that brought it; nil = made here
	pruned *source.Step // the later step that took the development dependencies away
}

// deposits follow installed dependencies through the stages of a build.
type deposits struct {
	b      *source.Build
	stages map[*source.Stage]*stageDeposits
	files  map[fileKey]*manifests
}

type fileKey struct {
	stage *source.Stage
	dir   string
}

// stageDeposits is what lies where at the end of a stage.
type stageDeposits struct {
	at       map[string]*deposit // by folder
	order    []string
	compiles bool   // a Node project is built: it needs its development dependencies
	without  bool   // bundle config set without development
	npmOmit  bool   // npm config set omit dev
	system   bool   // poetry config virtualenvs.create false
	perhaps  string // an install of development dependencies under a condition that is not known
}

func newDeposits(b *source.Build) *deposits {
	return &deposits{b: b, stages: map[*source.Stage]*stageDeposits{}, files: map[fileKey]*manifests{}}
}

// of is what lies where at the end of a stage.
func (d *deposits) of(s *source.Stage) *stageDeposits {
	// Parents first, without recursion along the chain.
	var todo []*source.Stage
	for p := s; p != nil && d.stages[p] == nil; p = p.Parent {
		todo = append(todo, p)
	}
	for i := len(todo) - 1; i >= 0; i-- {
		st := todo[i]
		sd := &stageDeposits{at: map[string]*deposit{}}
		d.stages[st] = sd // a circle through COPY --from ends here
		if st.Parent != nil {
			up := d.stages[st.Parent]
			sd.compiles, sd.without, sd.system, sd.perhaps, sd.npmOmit = up.compiles, up.without, up.system, up.perhaps, up.npmOmit
			for _, dir := range up.order {
				if dep := up.at[dir]; dep != nil {
					sd.put(dir, dep)
				}
			}
		}
		for _, step := range st.Steps {
			d.step(sd, step)
		}
	}
	return d.stages[s]
}

func (sd *stageDeposits) put(dir string, dep *deposit) {
	if dep.origin == nil && mounted(dep.step, dir) {
		return
	}
	if _, ok := sd.at[dir]; !ok {
		sd.order = append(sd.order, dir)
	}
	sd.at[dir] = dep
}

func (d *deposits) step(sd *stageDeposits, step *source.Step) {
	if step.Copy != nil {
		d.copied(sd, step, step.Copy)
		return
	}
	run := step.Run()
	if run == nil {
		return
	}
	for _, c := range run.Commands() {
		if what, ok := packages.Compiles(c); ok && kindOf(firstWord(what)) == nodeBuild {
			sd.compiles = true
		}
		sd.configured(c)
	}
	for _, in := range run.Effects.Kept() {
		if in.When == shell.Always {
			d.installed(sd, step, run, in)
			continue
		}
		alone := &stageDeposits{at: map[string]*deposit{}, without: sd.without, system: sd.system, npmOmit: sd.npmOmit}
		d.installed(alone, step, run, in)
		for _, dep := range alone.at {
			if dep.dev {
				sd.perhaps = dep.what
			}
		}
	}
	for _, r := range run.Effects.Removes {
		if nodeManager(r.Manager) && r.Verb == "prune" && r.OmitDev && r.When == shell.Always {
			if dep := sd.at[path.Join(r.Command.Dir, "node_modules")]; dep != nil && dep.step != step {
				sd.prune(path.Join(r.Command.Dir, "node_modules"), step)
			}
		}
	}
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Delete || fx.When != shell.Always || fx.Partial {
			continue
		}
		for _, p := range fx.Paths {
			dir := path.Clean(p.Text)
			for at, dep := range sd.at { // with the project around it, too
				if dep != nil && dep.span.Start < fx.Command.Span.Start && (at == dir || fx.Recursive && dir != "/" && strings.HasPrefix(at, dir+"/")) {
					delete(sd.at, at)
				}
			}
		}
	}
}

// prune notes that a step takes development dependencies out of a folder.
func (sd *stageDeposits) prune(dir string, step *source.Step) {
	dep := *sd.at[dir]
	dep.pruned = step
	sd.at[dir] = &dep
}

// configured notes the settings that outlive a RUN.
func (sd *stageDeposits) configured(c *shell.Command) {
	args := c.Args()
	switch c.Program() {
	case "bundle", "bundler":
		if len(args) == 0 || args[0].Text != "config" {
			return
		}
		line := ""
		for _, w := range args {
			line += " " + w.Text
		}
		if strings.Contains(line, "without") && strings.Contains(line, "development") {
			sd.without = true
		}
	case "npm", "pnpm":
		if c.When != shell.Always || len(args) < 2 || args[0].Text != "config" && args[0].Text != "set" {
			return
		}
		var words []string
		for _, w := range args {
			if w.Text != "config" && w.Text != "set" && !strings.HasPrefix(w.Text, "-") {
				words = append(words, w.Text)
			}
		}
		if omitsDev.MatchString(strings.Join(words, "=")) {
			sd.npmOmit = true
		}
	case "poetry":
		if len(args) >= 3 && args[0].Text == "config" && args[1].Text == "virtualenvs.create" && args[2].Text == "false" {
			sd.system = true
		}
	}
}

// copied moves deposits along with a COPY --from.
func (d *deposits) copied(sd *stageDeposits, step *source.Step, c *source.Copy) {
	if c.Stage == nil || c.Stage == step.Stage {
		return
	}
	from := d.of(c.Stage)
	if len(from.at) == 0 {
		return
	}
	dest := path.Clean(c.Target)
	for i, src := range c.Sources {
		p := path.Clean("/" + strings.TrimSuffix(src.Value, "/*"))
		for _, dir := range from.order {
			dep := from.at[dir]
			if dep == nil || excluded(c, dir) {
				continue
			}
			to, ok := carried(p, dir, dest)
			if !ok {
				continue
			}
			moved := *dep
			moved.step, moved.span, moved.origin = step, step.SourcePlace(i), dep
			needed := from.compiles && !dep.made
			moved.dev = dep.dev || dep.guess && needed
			moved.guess = dep.guess && !needed
			if dep.pruned != nil {
				moved.dev, moved.guess, moved.pruned = false, false, nil
			}
			sd.put(to, &moved)
		}
	}
}

// carried is where a folder comes to lie when p is copied to dest; ok is false
// where p does not hold it.
func carried(p, dir, dest string) (string, bool) {
	if prefix, ok := strings.CutSuffix(dir, "*"); ok { // /usr/local/lib/python*
		return dir, strings.HasPrefix(prefix, p+"/") || strings.HasPrefix(p, prefix)
	}
	if p == dir {
		return dest, true
	}
	if rel, ok := strings.CutPrefix(dir, strings.TrimSuffix(p, "/")+"/"); ok {
		return path.Join(dest, rel), true
	}
	return dest, strings.HasPrefix(p, dir+"/") && (strings.HasSuffix(p, "/site-packages") || p == dir+"/lib")
}

// excluded tells whether a COPY leaves a folder out by --exclude.
func excluded(c *source.Copy, dir string) bool {
	for _, e := range c.Exclude {
		if path.Base(strings.TrimRight(e, "/*")) == path.Base(dir) {
			return true
		}
	}
	return false
}
