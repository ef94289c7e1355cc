package nonroot

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
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
			if c.Program() != "uv" || c.When != shell.Always || v.keepsSystem(step, c) {
				continue
			}
			verb := words(c)
			if slices.Contains(verb, "--help") || len(verb) == 0 {
				continue
			}
			switch {
			case in == nil && len(verb) > 1 && verb[0] == "python" && verb[1] == "install":
				at, in = c.Span, step
			case verb[0] == "sync" || verb[0] == "venv":
				if in == nil && v.downloads(step, c) {
					at, in = c.Span, step
				}
				env := uvEnvironment(step, c, verb)
				if img := v.b.Base(); in == nil && img.Known == nil && !img.Scratch && env != "" && v.runsIn(env) && !v.taken(path.Dir(uvPythons)) {
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

// keepsSystem tells whether something says which Python uv takes or where it keeps
// it, or may say so.
func (v *readable) keepsSystem(step *source.Step, c *shell.Command) bool {
	if v.moved(step, []string{"UV_PYTHON_INSTALL_DIR"}) {
		return true
	}
	written := step.File().Text(step.Span)
	for _, name := range []string{"UV_PYTHON_PREFERENCE", "UV_PYTHON_DOWNLOADS", "UV_NO_MANAGED_PYTHON", "UV_SYSTEM_PYTHON", "UV_CONFIG_FILE", "UV_OFFLINE"} {
		if _, ok := step.Env.Lookup(name); ok || strings.Contains(written, name) {
			return true
		}
	}
	for _, w := range c.Args() {
		if name, _, _ := strings.Cut(w.Text, "="); !w.Known || slices.Contains([]string{"--python-preference", "--no-python-downloads", "--no-managed-python", "--system", "--offline", "--project", "--directory", "--active", "--install-dir", "-i"}, name) {
			return true
		}
	}
	for _, name := range []string{"uv.toml", "pyproject.toml"} {
		if o := v.b.Sees(step, path.Join("/", c.Dir, name)); o != nil {
			if data, ok := o.Data(); !ok || strings.Contains(data, "python-preference") || strings.Contains(data, "python-downloads") {
				return true
			}
		}
	}
	return false
}

// downloads tells whether uv certainly downloads a Python for an environment: the
// image has none, or another one than is asked for.
func (v *readable) downloads(step *source.Step, c *shell.Command) bool {
	img := v.b.Base()
	if img.Known == nil {
		return false
	}
	if presence.Of(v.b).Program("python3") == base.No {
		return true
	}
	if img.Ref.Repo != "docker.io/library/python" || v.otherPython() {
		return false
	}
	m := taggedPython.FindStringSubmatch(img.Ref.Tag)
	if m == nil {
		return false
	}
	asked, by := v.askedPython(step, c)
	return asked != "" && !fits(m[1], asked, by)
}

// fits tells whether Python 3.have may do for the minor version that is asked for,
// compared as op says.
func fits(have, asked, op string) bool {
	h, err := strconv.Atoi(have)
	a, err2 := strconv.Atoi(asked)
	if err != nil || err2 != nil {
		return true
	}
	switch op {
	case ">=", ">":
		return h >= a
	case "<":
		return h < a
	}
	return h == a
}

// otherPython tells whether the chain may bring a further Python.
func (v *readable) otherPython() bool {
	for step := range v.b.Steps() {
		if run := step.Run(); run != nil && bringsTo(run, "python") {
			return true
		}
	}
	return false
}

var (
	taggedPython = regexp.MustCompile(`^3\.(\d+)(?:[.-]|$)`)
	askedMinor   = regexp.MustCompile(`^(?:cpython-?|python)?@?3\.(\d+)(?:\.\d+)?$`)
	exactMinor   = regexp.MustCompile(`^(?:==|~=)\s*3\.(\d+)\.[\d*]+$`)
	boundMinor   = regexp.MustCompile(`^(>=|>|<)\s*3\.(\d+)(?:\.0)?$`)
)

// askedPython is the minor version of Python 3 that a uv command asks for, and how it
// is to be compared; "" where anything does, or where that is not known.
func (v *readable) askedPython(step *source.Step, c *shell.Command) (minor, op string) {
	args := words(c)
	asked := ""
	for i, a := range args {
		name, value, joined := strings.Cut(a, "=")
		if name == "--python" || name == "-p" {
			if !joined && i+1 < len(args) {
				value = args[i+1]
			}
			asked = value
		}
	}
	if e, ok := step.Env.Lookup("UV_PYTHON"); ok && asked == "" {
		asked = e.Value
	}
	if o := v.b.Sees(step, path.Join("/", c.Dir, ".python-version")); o != nil && asked == "" {
		data, _ := o.Data()
		asked = strings.TrimSpace(data)
	}
	if asked != "" {
		if m := askedMinor.FindStringSubmatch(asked); m != nil {
			return m[1], "=="
		}
		return "", ""
	}
	o := v.b.Sees(step, path.Join("/", c.Dir, "pyproject.toml"))
	if o == nil {
		return "", ""
	}
	py := o.PyProject()
	if py == nil {
		return "", ""
	}
	img := taggedPython.FindStringSubmatch(v.b.Base().Ref.Tag)
	for _, part := range strings.Split(py.RequiresPython, ",") {
		part = strings.TrimSpace(part)
		if m := exactMinor.FindStringSubmatch(part); m != nil {
			return m[1], "=="
		}
		// Of two bounds the one that the image's Python does not keep decides.
		if m := boundMinor.FindStringSubmatch(part); m != nil && (img == nil || !fits(img[1], m[2], m[1])) {
			return m[2], m[1]
		}
	}
	return "", ""
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
