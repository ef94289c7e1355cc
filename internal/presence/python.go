package presence

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// ofPython is the answer for a program that comes with a package of Python, as
// uvicorn: it lies beside the interpreter that it was installed for. Where all
// installs go to virtual environments that PATH does not name, nobody finds it.
func (i *Image) ofPython(name string) base.Answer {
	if !knowledge.PythonPrograms.Has(name) {
		return base.Unknown
	}
	dirs := map[string]bool{}
	if v, ok := i.b.Target.Env.Lookup("PATH"); ok {
		if v.Long {
			return base.Unknown
		}
		for dir := range strings.SplitSeq(v.Value, ":") { // the base's own part may be missing in it
			dirs[path.Clean(dir)] = true
		}
	}
	installs := 0
	for step := range i.b.Steps() {
		if c := step.Copy; c != nil && !c.FromContext() {
			// An environment, or the system's packages, out of another stage.
			t := path.Clean(c.Target)
			if dirs[path.Join(t, "bin")] || dirs[t] || !environment(t) {
				return base.Unknown
			}
			installs++
			continue
		}
		run := step.Run()
		if run == nil {
			continue
		}
		for _, in := range run.Effects.Installs {
			if knowledge.EcosystemOf(in.Manager) != "python" {
				continue
			}
			bin, ok := bin(in.Command.Words[0].Text)
			if !ok && in.Manager == "uv" && in.Verb == "sync" {
				bin, ok = path.Join(in.Command.Dir, ".venv/bin"), strings.HasPrefix(in.Command.Dir, "/")
				if v, set := step.Env.Lookup("UV_PROJECT_ENVIRONMENT"); set && v.Value != "" {
					return base.Unknown
				}
			}
			if !ok || dirs[bin] {
				return base.Unknown
			}
			installs++
		}
		for _, fx := range run.Effects.Files {
			for _, p := range fx.Paths {
				if fx.Link || fx.Kind == effects.Write && path.Base(p.Text) == name {
					return base.Unknown
				}
			}
		}
	}
	if installs == 0 {
		return base.Unknown
	}
	return base.No
}

// bin is the folder of programs of the environment whose pip or python a command
// names by its path.
func bin(word string) (string, bool) {
	if !strings.HasPrefix(word, "/") || !strings.HasSuffix(path.Dir(word), "/bin") || strings.HasPrefix(word, "/usr/") || strings.HasPrefix(word, "/bin/") {
		return "", false
	}
	return path.Dir(path.Clean(word)), true
}

// environment tells whether a folder bears the name of a virtual environment.
func environment(dir string) bool {
	switch path.Base(dir) {
	case "venv", ".venv", "env", "virtualenv":
		return true
	}
	return false
}
