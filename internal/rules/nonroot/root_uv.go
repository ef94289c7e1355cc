package nonroot

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/uv"
	"github.com/dockworthy/dockworthy/text"
)

// uvPythons is where uv keeps the interpreters that it downloads for root.
// Source: docs.astral.sh/uv: reference, storage.
const uvPythons = "/root/.local/share/uv/python"

// uv speaks of a virtual environment of the chain whose interpreter is one that uv
// downloads into root's home, where the container runs what is in it.
func (v *readable) uv() {
	var at text.Span // of the command that downloads it
	var in *source.Step
	for step := range v.b.Steps() {
		if !v.inRootsHome(step) {
			continue
		}
		for _, c := range step.Run().Commands() {
			if c.Program() != "uv" || c.When != shell.Always {
				continue
			}
			verb := words(c)
			if slices.Contains(verb, "--help") || len(verb) == 0 {
				continue
			}
			switch {
			case in == nil && len(verb) > 1 && verb[0] == "python" && verb[1] == "install":
				if uv.Home(step, c) == uvPythons {
					at, in = c.Span, step
				}
			case verb[0] == "sync" || verb[0] == "venv":
				python := uv.Downloads(v.b, step, c)
				if python.Home != uvPythons {
					continue
				}
				if in == nil && python.Why != "" {
					at, in = c.Span, step
				}
				env := uvEnvironment(step, c, verb)
				if in == nil && python.Open != "" && env != "" && v.runsIn(env) && !v.taken(path.Dir(uvPythons)) {
					v.doubt = true // the base may have no Python, or another one
				}
				if in == nil || env == "" || !v.runsIn(env) || v.taken(path.Dir(uvPythons)) || v.unsure(step) {
					continue
				}
				v.add(in, at, "uv puts the Python of %s into %s, which %s cannot enter", env, uvPythons, v.who())
				f := &v.found[len(v.found)-1]
				f.Help = "set UV_PYTHON_INSTALL_DIR=/opt/python before this RUN, or start from an image with that Python and set UV_PYTHON_DOWNLOADS=never"
				if at != c.Span {
					f.Related = []check.Place{{File: v.b.Text(), Span: c.Span, Message: "the virtual environment is created here"}}
				}
				return
			}
		}
	}
}

// words are the arguments of a command.
func words(c *shell.Command) []string {
	var list []string
	for _, w := range c.Args() {
		list = append(list, w.Text)
	}
	return list
}

// uvEnvironment is the folder of the environment that a uv command makes; "" where
// that is not known.
func uvEnvironment(step *source.Step, c *shell.Command, args []string) string {
	if !strings.HasPrefix(c.Dir, "/") {
		return ""
	}
	if e, ok := step.Env.Lookup("UV_PROJECT_ENVIRONMENT"); ok && args[0] == "sync" {
		if !e.Known || e.Value == "" {
			return ""
		}
		return path.Join("/", c.Dir, e.Value)
	}
	dir := path.Join(c.Dir, ".venv")
	if run := step.Run(); args[0] == "venv" && run != nil {
		for _, fx := range run.Effects.Files {
			if fx.Kind == effects.Venv && fx.Command == c && len(fx.Paths) > 0 {
				dir = path.Clean(fx.Paths[0].Text)
			}
		}
	}
	if !strings.HasPrefix(dir, "/") || belowRoot(dir) {
		return ""
	}
	return dir
}

// runsIn tells whether the container certainly runs a program of an environment: by
// its path, by uv run in the project, or by a PATH that begins with it.
func (v *readable) runsIn(env string) bool {
	bin := path.Join(env, "bin")
	first := false
	if p, ok := v.b.Target.Env.Lookup("PATH"); ok { // the base's own part may be missing in it
		dir, _, _ := strings.Cut(p.Value, ":")
		first = path.Clean(dir) == bin
	}
	for _, c := range v.startCommands() {
		word := c.Words[len(c.Words)-len(c.Args())-1].Text
		switch p := c.Program(); {
		case strings.HasPrefix(path.Join("/", c.Dir, word), bin+"/") && strings.Contains(word, "/"):
			return true
		case strings.HasPrefix(word, bin+"/"):
			return true
		case first && !strings.Contains(word, "/") && (knowledge.PythonPrograms.Has(p) || shell.IsPython(p)):
			return true
		case p == "uv" && len(c.Args()) > 0 && c.Args()[0].Text == "run" && path.Dir(env) == path.Clean(v.b.Target.Final.Workdir.Value):
			return true
		}
	}
	return false
}
