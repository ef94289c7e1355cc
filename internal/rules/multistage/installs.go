package multistage

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// installed notes what one install leaves behind.
func (d *deposits) installed(sd *stageDeposits, step *source.Step, run *source.Run, in packages.Install) {
	dep := &deposit{what: in.Manager + " " + in.Verb, step: step, span: in.Command.Span}
	if in.Manager == "uv" && in.Verb == "install" {
		dep.what = "uv pip install"
	}
	dir := installDir(in)
	if nodeManager(in.Manager) {
		d.node(sd, step, in, dir, dep)
		return
	}
	switch in.Manager {
	case "pip":
		d.pip(sd, step, run, in, dep)
	case "uv":
		switch in.Verb {
		case "sync":
			d.project(sd, step, in, dir, projectEnv(step, in.Command), dep)
		case "install":
			if !in.Global {
				d.pip(sd, step, run, in, dep)
			}
		}
	case "poetry", "pdm":
		if in.Verb == "install" || in.Verb == "sync" {
			at := path.Join(dir, ".venv")
			if v, ok := step.Env.Lookup("VIRTUAL_ENV"); ok && v.Set && v.Known {
				at = v.Value
			} else if off(step, "POETRY_VIRTUALENVS_CREATE") || sd.system {
				at = systemPython
			}
			d.project(sd, step, in, dir, at, dep)
		}
	case "pipenv":
		if !in.OmitDev && len(in.Packages) == 0 {
			dep.dev, dep.why = true, "--dev installs the dev-packages of the Pipfile"
			at := path.Join(dir, ".venv")
			if in.Global {
				at = systemPython
			}
			sd.put(at, dep)
		}
	case "bundle":
		if in.Verb != "install" || in.OmitDev || sd.without || environ(step, "BUNDLE_WITHOUT", "development") {
			return
		}
		dep.why, dep.dev = d.manifests(step, dir).gemGroups()
		if img := step.Stage.Origin(); dep.dev && img != nil && img.Known == nil && !img.Scratch {
			dep.dev, dep.guess = false, true // its BUNDLE_WITHOUT may leave them out
		}
		at := "/usr/local/bundle"
		if in.Target.Text != "" {
			at = path.Join(dir, in.Target.Text)
		}
		sd.put(at, dep)
	case "composer":
		if in.Global || in.Verb != "install" && in.Verb != "update" {
			return
		}
		at := path.Join(dir, "vendor")
		if in.OmitDev {
			sd.production(at, step)
			return
		}
		dep.why, dep.dev = d.manifests(step, dir).composerDev()
		sd.put(at, dep)
	}
}

// production notes an install without development dependencies: it takes out
// what an earlier one brought.
func (sd *stageDeposits) production(at string, step *source.Step) {
	switch old := sd.at[at]; {
	case old == nil:
	case old.step == step:
		delete(sd.at, at)
	default:
		sd.prune(at, step)
	}
}

// installDir is the folder of the project that an install is for.
func installDir(in packages.Install) string {
	t := in.Target.Text
	if t != "" && (nodeManager(in.Manager) || in.Manager == "composer") {
		if strings.HasPrefix(t, "/") {
			return path.Clean(t)
		}
		return path.Join(in.Command.Dir, t)
	}
	return in.Command.Dir
}

func (d *deposits) node(sd *stageDeposits, step *source.Step, in packages.Install, dir string, dep *deposit) {
	if in.Global || in.Verb == "fetch" || in.Verb == "add" || in.Verb == "install" && len(in.Packages) > 0 {
		return
	}
	at := path.Join(dir, "node_modules")
	if in.OmitDev || sd.npmOmit && (in.Manager == "npm" || in.Manager == "pnpm") || d.settingsOmitDev(step, in, dir) {
		sd.production(at, step)
		return
	}
	dep.node = true
	if in.Verb == "deploy" {
		// What pnpm deploys is a member whose manifest this folder does not tell.
		dep.guess, dep.why = true, "its development dependencies"
	} else {
		m := d.manifests(step, dir)
		dep.why, dep.dev, dep.guess = m.nodeDev()
		dep.made = m.node == nil && sd.compiles && sd.at[at] == nil
	}
	sd.put(at, dep)
}

// systemPython is where pip installs without a virtual environment, in the
// images of Python.
const systemPython = "/usr/local/lib/python*"

// pip notes requirements, extras and packages that are for development by
// their names.
func (d *deposits) pip(sd *stageDeposits, step *source.Step, run *source.Run, in packages.Install, dep *deposit) {
	if in.Verb != "install" && in.Verb != "sync" && in.Verb != "wheel" {
		return
	}
	var why string
	for _, m := range in.Manifests {
		if devRequirements(m.Text) {
			why, dep.span = m.Text+" is a development list", m.Span
		} else if more := d.included(step, m.Text, in.Command.Dir); more != "" && why == "" {
			why, dep.span = more, m.Span
		}
	}
	args := in.Command.Args()
	for i, w := range args { // a group of pyproject.toml, or of another one: path:group
		group, joined := strings.CutPrefix(w.Text, "--group=")
		if w.Text == "--group" && i+1 < len(args) {
			group, joined = args[i+1].Text, true
		}
		group = group[strings.LastIndexByte(group, ':')+1:]
		if joined && why == "" && knowledge.DevGroups.Has(strings.ToLower(group)) {
			why, dep.span = "the group "+group+" is for development", w.Span
		}
	}
	for _, p := range in.Packages {
		switch {
		case p.Path:
			if extra := devExtra(p.Word.Text); extra != "" {
				why, dep.span = "the extra ["+extra+"] is for development", p.Span
			}
		case p.Known && classOf(in.Manager, p.Name) == devTool:
			why, dep.span, dep.tool = p.Name+" is a tool for development", p.Span, p.Name
		}
	}
	if why == "" {
		return
	}
	dep.dev, dep.why = true, why
	at := pythonHome(step, run, in)
	if old := sd.at[at]; old != nil && old.dev && old.step == step {
		return // the first of a RUN speaks for it
	}
	sd.put(at, dep)
}

// devRequirements tells whether a requirements file is for development by its
// name: requirements-dev.txt, requirements/test.txt.
func devRequirements(name string) bool {
	if info, ok := manifest.Kind(name); ok && info.Role == manifest.Manifest && info.Ecosystem == "python" {
		if info.Dev && !strings.Contains(path.Base(name), "local") {
			return true
		}
	}
	dir := strings.ToLower(path.Base(path.Dir(name)))
	stem := strings.TrimSuffix(strings.ToLower(path.Base(name)), path.Ext(name))
	return (knowledge.RequirementFolders.Has(dir) || path.Ext(name) == ".txt") && knowledge.DevGroups.Has(stem)
}

// devExtra is the first extra of .[dev,test] that is for development.
func devExtra(word string) string {
	_, rest, ok := strings.Cut(word, "[")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "]")
	for _, extra := range strings.Split(rest, ",") {
		if extra = strings.TrimSpace(extra); knowledge.DevGroups.Has(strings.ToLower(extra)) {
			return extra
		}
	}
	return ""
}

// pythonHome is the folder that a pip installs into.
func pythonHome(step *source.Step, run *source.Run, in packages.Install) string {
	if t := in.Target.Text; t != "" {
		if venv, ok := binOf(t); ok {
			return venv
		}
		return path.Join(in.Command.Dir, t)
	}
	if in.User {
		return "/root/.local"
	}
	for _, w := range in.Command.Words {
		if venv, ok := binOf(w.Text); ok {
			return venv
		}
	}
	for _, c := range run.Commands() {
		if p := c.Program(); (p == "." || p == "source") && len(c.Args()) > 0 && c.Span.Start < in.Command.Span.Start {
			if venv, ok := binOf(c.Args()[0].Text); ok {
				return path.Join("/", venv)
			}
		}
	}
	if v, ok := step.Env.Lookup("VIRTUAL_ENV"); ok && v.Set && v.Known && !madeLater(step.Stage, path.Clean(v.Value), in) {
		return path.Clean(v.Value)
	}
	if v, ok := step.Env.Lookup("PATH"); ok && v.Set {
		first, _, _ := strings.Cut(v.Value, ":")
		if venv, ok := binOf(first + "/python"); ok && !madeLater(step.Stage, venv, in) {
			return venv
		}
	}
	return systemPython
}

// madeLater tells whether a stage makes an environment after an install, and not before:
// a variable that names it by then names nothing that is there.
func madeLater(s *source.Stage, venv string, in packages.Install) bool {
	later := false
	for step := range chain(s) {
		if step.Copy != nil && over(path.Clean(step.Copy.Target), venv) && step.Span.Start < in.Command.Span.Start {
			return false
		}
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			if fx.Kind != effects.Venv || !slices.ContainsFunc(fx.Paths, func(w shell.Word) bool { return path.Clean(w.Text) == venv }) {
				continue
			}
			if fx.Command.Span.Start < in.Command.Span.Start {
				return false
			}
			later = true
		}
	}
	return later
}

// binOf is the environment of which a path is a program: /opt/venv of
// /opt/venv/bin/pip. The system's own folders are none.
func binOf(p string) (string, bool) {
	if !strings.HasPrefix(p, "/") || path.Base(path.Dir(p)) != "bin" {
		return "", false
	}
	venv := path.Dir(path.Dir(p))
	switch venv {
	case "/", "/usr", "/usr/local", "/root/.local":
		return "", false
	}
	return venv, true
}

// projectEnv is where a uv sync installs: --active takes the environment that is
// active, which is not known where nothing names it.
func projectEnv(step *source.Step, c *shell.Command) string {
	if slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return w.Text == "--active" }) {
		if v, ok := c.Setting("VIRTUAL_ENV"); ok && strings.HasPrefix(v, "/") {
			return path.Clean(v)
		}
		return activated(step, c)
	}
	if v, ok := c.Setting("UV_PROJECT_ENVIRONMENT"); ok && v != "" {
		if v == "/usr/local" {
			return systemPython
		}
		if strings.HasPrefix(v, "/") {
			return path.Clean(v)
		}
		return path.Join(c.Dir, v)
	}
	return path.Join(c.Dir, ".venv")
}

// activated is the environment whose activate script a RUN reads before a
// command; "" = none that is known.
func activated(step *source.Step, before *shell.Command) string {
	for _, c := range step.Run().Commands() {
		if p := c.Program(); (p == "." || p == "source") && len(c.Args()) > 0 && c.Index < before.Index {
			if venv, ok := binOf(path.Join(c.Dir, c.Args()[0].Text)); ok {
				return venv
			}
		}
	}
	return ""
}

// project notes what uv, poetry and pdm install of a pyproject.toml.
func (d *deposits) project(sd *stageDeposits, step *source.Step, in packages.Install, dir, at string, dep *deposit) {
	if group := askedGroup(in.Command); group != "" {
		dep.dev, dep.why = true, group+" selects development dependencies"
		sd.put(at, dep)
		return
	}
	if in.OmitDev {
		if in.Manager == "uv" || in.Verb == "sync" {
			sd.production(at, step)
		}
		return
	}
	dep.why, dep.dev, dep.guess = d.manifests(step, dir).groups(in.Manager)
	sd.put(at, dep)
}

// askedGroup is the option by which a command asks for a group or an extra
// that is for development.
func askedGroup(c *shell.Command) string {
	args := c.Args()
	for i, w := range args {
		name, value, ok := strings.Cut(w.Text, "=")
		if !knowledge.GroupFlags.Has(name) {
			continue
		}
		if !ok && i+1 < len(args) {
			value = args[i+1].Text
		}
		for _, g := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
			if knowledge.DevGroups.Has(strings.ToLower(g)) {
				return name + " " + g
			}
		}
	}
	return ""
}

// environ tells whether a variable is set and has a word in it.
func environ(step *source.Step, name, word string) bool {
	v, ok := step.Env.Lookup(name)
	return ok && v.Set && strings.Contains(v.Value, word)
}

// off tells whether a variable is set to no.
func off(step *source.Step, name string) bool {
	v, ok := step.Env.Lookup(name)
	if !ok || !v.Set {
		return false
	}
	switch strings.ToLower(v.Value) {
	case "false", "0", "no":
		return true
	}
	return false
}
