package layercache

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
	"github.com/dockworthy/dockworthy/text"
)

// A view follows sources and installs through the stages of a build.
type view struct {
	b       *source.Build
	stages  map[*source.Stage]*layers
	folders map[string]bool // by folder of the context: it holds sources
	files   map[fileKey]*source.Origin
	asked   bool
	bare    bool // the context sends manifests alone
}

func newView(b *source.Build) *view {
	return &view{b: b, stages: map[*source.Stage]*layers{}, folders: map[string]bool{}, files: map[fileKey]*source.Origin{}}
}

// A fileKey is one path as the steps of one stage see it.
type fileKey struct {
	stage *source.Stage
	path  string
}

// layers is what the layers of a chain hold at one point.
type layers struct {
	brought []brought         // the copies that bring what changes with the sources
	done    map[string]bool   // what was installed before them: a family, or family:manifest
	envs    map[string]string // where what was installed before them lies: its family
	made    []string          // the folders in which something was compiled after them
	runs    []*source.Step    // the RUNs after them, a few
}

// A brought is a copy of something that changes with the sources.
type brought struct {
	step *source.Step
	span text.Span // the source word
	what string    // as written
	sort sort
	path string // of the context; "" where it comes from a stage
	dest string // where it comes to lie
	// submodule tells that it is a git submodule which is not checked out here.
	submodule bool
}

func (br brought) cause() check.Cause { return check.Cause("sources").Of(br.step.Span.Start) }

// maxBrought and maxRuns bound what is remembered of one chain: the first few
// tell.
const (
	maxBrought = 16
	maxRuns    = 32
)

// each calls fn for every step of every stage with what the layers above it
// hold.
func (v *view) each(fn func(l *layers, step *source.Step)) {
	for _, s := range v.b.Stages {
		l := v.start(s)
		for _, step := range s.Steps {
			fn(l, step)
			v.note(l, step)
		}
		v.stages[s] = l
	}
}

// start is what a stage begins with.
func (v *view) start(s *source.Stage) *layers {
	l := &layers{done: map[string]bool{}, envs: map[string]string{}}
	if s.Parent == nil || v.stages[s.Parent] == nil {
		return l
	}
	up := v.stages[s.Parent]
	l.brought = up.brought[:len(up.brought):len(up.brought)]
	l.runs = up.runs[:len(up.runs):len(up.runs)]
	l.made = up.made[:len(up.made):len(up.made)]
	for k := range up.done {
		l.done[k] = true
	}
	for k, f := range up.envs {
		l.envs[k] = f
	}
	return l
}

// note adds a step to the layers.
func (v *view) note(l *layers, step *source.Step) {
	if c := step.Copy; c != nil {
		v.copied(l, step, c)
		return
	}
	run := step.Run()
	if run == nil {
		return
	}
	// A build of the manifests alone, or of a stand-in for the sources, has
	// downloaded what the real one needs.
	for _, c := range run.Commands() {
		if what, ok := packages.Compiles(c); ok && c.When != shell.Never {
			program, _, _ := strings.Cut(what, " ")
			l.done[knowledge.CompiledEcosystem(program)] = true
		}
	}
	if len(l.brought) > 0 {
		if len(l.runs) < maxRuns {
			l.runs = append(l.runs, step)
		}
		for _, c := range run.Commands() {
			if _, ok := packages.Compiles(c); ok && len(l.made) < maxRuns && strings.HasPrefix(c.Dir, "/") && !knowledge.SystemFolders.Has(c.Dir) {
				l.made = append(l.made, c.Dir)
			}
		}
		return
	}
	for _, c := range run.Commands() {
		if f, ok := resolves(c); ok {
			l.done[f] = true
		}
	}
	for _, called := range v.b.Calls(step) {
		for _, in := range called.Effects.Installs {
			if !in.System && in.When != shell.Never && (len(in.Packages) == 0 || ownPath(in)) {
				l.done[knowledge.EcosystemOf(in.Manager)] = true
			}
		}
	}
	for _, in := range run.Effects.Installs {
		if in.System || in.When == shell.Never {
			continue
		}
		l.installed(step, in)
		f := knowledge.EcosystemOf(in.Manager)
		if len(in.Manifests) == 0 && (len(in.Packages) == 0 || ownPath(in)) {
			l.done[f] = true
		}
		for _, m := range in.Manifests {
			l.done[f], l.done[f+":"+path.Base(m.Text)] = true, true
		}
	}
}

func (v *view) copied(l *layers, step *source.Step, c *source.Copy) {
	if len(l.brought) >= maxBrought {
		return
	}
	for i := range c.Sources {
		br := brought{step: step, span: step.SourcePlace(i), what: written(c.Sources[i]), dest: path.Clean(c.Target)}
		if c.FromContext() {
			br.path = source.Clean(c.Sources[i].Value)
			if br.sort = v.takes(c, i); br.sort == other {
				if br.submodule = c.Sources[i].Known && v.b.Context.Submodule(br.path); !br.submodule {
					continue
				}
				br.sort = sources
			}
		} else {
			p := path.Clean("/" + strings.TrimSuffix(c.Sources[i].Value, "/*"))
			if installedFolder(p) {
				v.dependencies(l, p)
				continue
			}
			v.carried(l, c, p)
			if c.Stage == nil || !v.changes(c.Stage, p) {
				continue
			}
			br.sort = sources
			br.what = "--from=" + c.From + " " + br.what
		}
		l.brought = append(l.brought, br)
		return
	}
}

// written is a source as people know it: as it is written where it stands for
// nothing, which takes the whole context.
func written(src source.Text) string {
	if src.Value == "" {
		return src.Raw + " (not set, so the whole context)"
	}
	return src.Value
}

// installedFolder tells whether a path holds installed packages and nothing of
// the project.
func installedFolder(p string) bool {
	return knowledge.InstalledFolders.Has(path.Base(p)) || strings.Contains(p, "/site-packages/")
}

// dependencies notes installed packages that come from another stage.
func (v *view) dependencies(l *layers, p string) {
	if len(l.brought) > 0 {
		return
	}
	switch path.Base(p) {
	case "node_modules":
		l.done["node"] = true
	case "venv", ".venv", "site-packages", ".local":
		l.done["python"] = true
	}
}

// installed notes where an install before the sources puts what it installs.
func (l *layers) installed(step *source.Step, in packages.Install) {
	dir := in.Command.Dir
	if !strings.HasPrefix(dir, "/") {
		return
	}
	f := knowledge.EcosystemOf(in.Manager)
	switch {
	case f == "node" && !in.Global:
		l.envs[path.Join(dir, "node_modules")] = f
	case f == "composer" && !in.Global:
		l.envs[path.Join(dir, "vendor")] = f
	case f == "python" && in.Manager != "pip":
		l.envs[path.Join(dir, ".venv")] = f
		if v, ok := step.Env.Lookup("VIRTUAL_ENV"); ok && path.IsAbs(v.Value) {
			l.envs[path.Clean(v.Value)] = f
		}
	}
}

// carried notes what a folder of another stage brings that was installed there
// before any sources.
func (v *view) carried(l *layers, c *source.Copy, p string) {
	from := v.stages[c.Stage]
	if c.Stage == nil || from == nil || len(l.brought) > 0 {
		return
	}
	for dir, f := range from.envs {
		if dir == p || within(p, dir) && p != "/" {
			l.done[f] = true
		}
	}
}

// changes tells whether a path of a stage changes with the sources: it holds
// them, lies among them, or is made from them.
func (v *view) changes(s *source.Stage, p string) bool {
	l := v.stages[s]
	if l == nil || len(l.brought) == 0 {
		return false
	}
	base := path.Base(p)
	if _, ok := manifest.Kind(base); ok || base == "recipe.json" {
		return false
	}
	if p == "/usr/local" && fills(l) {
		return true
	}
	if knowledge.DataEnds.Has(path.Ext(base)) || knowledge.SystemFolders.Has(p) {
		return false
	}
	if derives(l.runs) {
		return false
	}
	for _, br := range l.brought {
		if within(p, br.dest) || within(br.dest, p) && br.dest != "/" {
			return true
		}
	}
	for _, dir := range l.made {
		if within(dir, p) {
			return true
		}
	}
	if marker(l.runs, p) {
		return false
	}
	// Else a RUN after the sources has to speak of it.
	for _, step := range l.runs {
		text := step.File().Text(step.Span)
		if strings.Contains(text, p) {
			return true
		}
		if dir := path.Dir(p); dir != "/" && !knowledge.SystemFolders.Has(dir) && strings.Contains(text, dir) {
			return true
		}
	}
	return false
}

// prefixed matches an option or a variable that says where an installation goes.
var prefixed = regexp.MustCompile(`(?i)(?:prefix|destdir|--root)[= ]"?([^\s"]+)`)

// fills tells whether a RUN installs what it makes of the sources, and that below /usr/local,
// where it goes by itself.
// Source: GNU Coding Standards: directory variables; cmake.org: CMAKE_INSTALL_PREFIX;
// mesonbuild.com: prefix.
func fills(l *layers) bool {
	for _, step := range l.runs {
		for _, m := range prefixed.FindAllStringSubmatch(step.File().Text(step.Span), -1) {
			if !within("/usr/local", m[1]) {
				return false
			}
		}
	}
	for _, step := range l.runs {
		for _, c := range step.Run().Commands() {
			program, args := c.Underlying()
			if c.When != shell.Always || !slices.Contains([]string{"make", "gmake", "ninja", "cmake", "meson"}, program) {
				continue
			}
			if slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "install" || w.Text == "--install" }) && slices.ContainsFunc(l.brought, func(br brought) bool { return within(br.dest, c.Dir) }) {
				return true
			}
		}
	}
	return false
}

// marker tells whether a path is an empty file that a RUN leaves to say that it
// ran: it is the same whatever the sources are.
func marker(runs []*source.Step, p string) bool {
	touched := false
	for _, step := range runs {
		for _, c := range step.Run().Commands() {
			program, args := c.Underlying()
			for _, w := range args {
				if w.Text != p {
					continue
				}
				if program != "touch" {
					return false
				}
				touched = true
			}
			for _, r := range c.Redirects {
				if r.Target.Text == p {
					return false
				}
			}
		}
	}
	return touched
}

// derives tells whether RUNs pick manifests out of the sources: by find with a
// manifest's name, or by turbo prune. What is copied of them then does not
// change with each edit.
func derives(runs []*source.Step) bool {
	for _, step := range runs {
		for _, c := range step.Run().Commands() {
			program, args := c.Underlying()
			switch program {
			case "find", "fd", "rsync":
				for _, w := range args {
					if _, ok := manifest.Kind(strings.TrimPrefix(w.Text, "--include=")); ok {
						return true
					}
				}
			case "turbo", "npx", "pnpm", "yarn":
				turbo, prune := program == "turbo", false
				for _, w := range args {
					turbo = turbo || w.Text == "turbo"
					prune = prune || w.Text == "prune"
				}
				if turbo && prune {
					return true
				}
			}
		}
	}
	return false
}

// within tells whether p is dir or lies under it.
func within(dir, p string) bool {
	return p == dir || dir == "/" || strings.HasPrefix(p, dir+"/")
}

// ownPath tells whether an install is of the project itself: pip install .
func ownPath(in packages.Install) bool {
	for _, p := range in.Packages {
		if !p.Path {
			return false
		}
	}
	return len(in.Packages) > 0
}

// cached tells whether a RUN has a cache mount: what it downloads stays there,
// whatever layer changes.
func cached(run *source.Run) bool {
	for _, m := range run.Mounts {
		if m.Type == "cache" {
			return true
		}
	}
	return false
}

// called is how people call a command: its program and what it is told to do,
// as "go mod download".
func called(c *shell.Command) string {
	s, n := c.Program(), 1
	value := false // of a flag that stands before the sub-command
	for _, w := range c.Args() {
		if value {
			value = false
			continue
		}
		value = n > 0 && knowledge.ScriptFlags.Has(w.Text) && knowledge.EcosystemOf(c.Program()) == "node"
		if w.Text == "" || w.Text[0] == '-' || n == 0 || strings.Contains(w.Text, "=") {
			continue
		}
		s += " " + w.Text
		switch w.Text {
		case "mod", "work", "pip", "chef", "tool", "workspaces", "composer.phar":
		default:
			n--
		}
	}
	return s
}
