package multistage

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/uv"
)

// An environment is a Python virtual environment, which knows its own path and
// its interpreter's.
type environment struct {
	made  string        // the path that it was made at
	image *source.Image // the base image whose Python it uses; nil where that is not known
	own   bool          // it may move, or its interpreter is not the base's
	// python is the interpreter that uv downloads for it.
	python uv.Python
}

// environments follow virtual environments through stages.
type environments struct {
	b      *source.Build
	stages map[*source.Stage]map[string]environment // by where they lie
}

func newEnvironments(b *source.Build) *environments {
	return &environments{b: b, stages: map[*source.Stage]map[string]environment{}}
}

// of are the environments at the end of a stage.
func (e *environments) of(s *source.Stage) map[string]environment {
	var todo []*source.Stage
	for p := s; p != nil && e.stages[p] == nil; p = p.Parent {
		todo = append(todo, p)
	}
	for i := len(todo) - 1; i >= 0; i-- {
		st := todo[i]
		at := map[string]environment{}
		e.stages[st] = at
		if st.Parent != nil {
			for p, env := range e.stages[st.Parent] {
				at[p] = env
			}
		}
		own := false
		for _, step := range st.Steps {
			if step.Copy != nil {
				e.carry(at, step)
				continue
			}
			e.made(at, step, st.Origin(), &own)
		}
	}
	return e.stages[s]
}

// made notes the environments that a RUN makes.
func (e *environments) made(at map[string]environment, step *source.Step, img *source.Image, own *bool) {
	run := step.Run()
	if run == nil {
		return
	}
	if _, ok := step.Env.Lookup("UV_PYTHON"); ok {
		*own = true
	}
	for _, c := range run.Commands() {
		if c.Program() != "uv" {
			continue
		}
		for _, w := range c.Args() {
			if w.Text == "python" || strings.HasPrefix(w.Text, "--python") || w.Text == "-p" || w.Text == "--relocatable" {
				*own = true // a Python of uv's, or an environment made to move
			}
		}
	}
	add := func(p string, c *shell.Command) {
		if p = path.Clean(p); strings.HasPrefix(p, "/") {
			env := environment{made: p, image: img, own: *own}
			if c.Program() == "uv" {
				env.python = uv.Downloads(e.b, step, c)
			}
			at[p] = env
		}
	}
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Venv || fx.When == shell.Maybe {
			continue
		}
		for _, w := range fx.Paths {
			if w.Known {
				add(w.Text, fx.Command)
			}
		}
	}
	for _, in := range run.Effects.Installs {
		if in.When != shell.Always || !strings.HasPrefix(in.Command.Dir, "/") {
			continue
		}
		p := path.Join(in.Command.Dir, ".venv")
		switch {
		case in.Manager == "uv" && in.Verb == "sync":
			p = projectEnv(step, in.Command)
			// A later sync makes it anew where it asks for another Python.
			if old, ok := at[p]; ok {
				if m := uv.Downloads(e.b, step, in.Command); m.Home != "" && (m.Version != "" || m.Open != "") {
					old.python = m
					at[p] = old
				}
			}
		case in.Manager == "poetry" && len(in.Packages) == 0 && on(step, "POETRY_VIRTUALENVS_IN_PROJECT") && !step.Env.Has("VIRTUAL_ENV"):
		case in.Manager == "pipenv" && !in.Global && on(step, "PIPENV_VENV_IN_PROJECT"):
		default:
			continue
		}
		if _, ok := at[p]; !ok && p != systemPython {
			add(p, in.Command)
		}
	}
}

// on tells whether a variable is set to yes.
func on(step *source.Step, name string) bool {
	v, ok := step.Env.Lookup(name)
	return ok && v.Set && v.Value != "" && !off(step, name)
}

// carry moves environments along with a COPY --from.
func (e *environments) carry(at map[string]environment, step *source.Step) {
	c := step.Copy
	if c.Stage == nil || c.Stage == step.Stage || c.Parents {
		return
	}
	dest := path.Clean(c.Target)
	for _, src := range c.Sources {
		p := path.Clean("/" + strings.TrimSuffix(src.Value, "/*"))
		for dir, env := range e.of(c.Stage) {
			if to, ok := lies(p, dir, dest); ok {
				at[to] = env
			}
		}
	}
}

// lies is where dir comes to lie when p, which is it or holds it, is copied.
func lies(p, dir, dest string) (string, bool) {
	if p == dir {
		return dest, true
	}
	rel, ok := strings.CutPrefix(dir, strings.TrimSuffix(p, "/")+"/")
	return path.Join(dest, rel), ok
}

// movedEnvironment speaks of a virtual environment that comes to another path,
// or to another Python, than it was made for.
func (v *breaks) movedEnvironment(step *source.Step, c *source.Copy, i int, p string) bool {
	dest := path.Clean(c.Target)
	if c.Stage != nil && strings.HasPrefix(dest, "/") {
		at := v.envs.of(c.Stage)
		for _, dir := range sortedPaths(at) {
			env := at[dir]
			to, ok := lies(p, dir, dest)
			if !ok {
				continue
			}
			if v.withoutPython(step, c, i, env, to) {
				return true
			}
			if env.own || v.links[env.made] {
				continue
			}
			if to != env.made && v.asksPython(to) {
				continue
			}
			if to != env.made {
				v.add(step, i, "copy it to "+env.made+", or create it at "+to,
					"the virtual environment was created at %s and is copied to %s: its scripts still name %s/bin/python", env.made, to, env.made)
				v.mend(recipe.PutAt(v.b, step, env.made, to))
				return true
			}
			if v.otherPython(step, i, "the virtual environment "+dir, env.image) {
				return true
			}
		}
	}
	if strings.Contains(p, "/site-packages") || strings.HasPrefix(p, "/root/.local") || path.Base(p) == "python" {
		if m := pythonFolder.FindStringSubmatch(p); m != nil && !v.pythonPath() {
			if have := uv.Minor(v.img); have != "" && have != m[1] {
				v.add(step, i, "use the same minor version of Python in both stages",
					"%s contains packages for Python %s, but %s runs Python %s", p, m[1], v.img.String(), have)
				v.mend(recipe.SamePython(v.b, step))
				return true
			}
		} else if p == "/root/.local" && dest == p {
			return v.otherPython(step, i, p, origin(c))
		}
	}
	return false
}

// asksPython tells whether what is started out of an environment is its interpreter,
// by its path: that finds its packages wherever they lie, and the scripts, which name
// the old place, are only read.
func (v *breaks) asksPython(dir string) bool {
	if p, ok := v.b.RuntimeEnv("PATH"); ok && slices.Contains(strings.Split(p, ":"), dir+"/bin") {
		return false
	}
	e := v.b.Entrypoint()
	if e.Step == nil || e.Shell || len(e.Words) == 0 {
		e = v.b.Cmd()
	}
	return e.Step != nil && !e.Shell && len(e.Words) > 1 && path.Dir(e.Words[0]) == dir+"/bin" && shell.IsPython(path.Base(e.Words[0]))
}

// pythonFolder matches the version in …/lib/python3.12/site-packages.
var pythonFolder = regexp.MustCompile(`/python(3\.\d+)/`)

func sortedPaths(m map[string]environment) []string {
	list := make([]string, 0, len(m))
	for p := range m {
		list = append(list, p)
	}
	// Few, so a plain insertion keeps the order the same in every run.
	for i := range list {
		for j := i; j > 0 && list[j] < list[j-1]; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

// pythonPath tells whether PYTHONPATH leads somewhere by itself.
func (v *breaks) pythonPath() bool {
	_, ok := v.b.RuntimeEnv("PYTHONPATH")
	return ok
}

// otherPython speaks where what was made for the Python of one image comes
// onto an image with another minor version.
func (v *breaks) otherPython(step *source.Step, i int, what string, made *source.Image) bool {
	want, have := uv.Minor(made), uv.Minor(v.img)
	if want == "" || have == "" || want == have {
		return false
	}
	v.add(step, i, "use the same minor version of Python in both stages",
		"%s was created for Python %s of %s, but %s runs Python %s", what, want, made.String(), v.img.String(), have)
	v.mend(recipe.SamePython(v.b, step))
	return true
}
