package nonroot

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// browserTools download browsers into the cache of whoever runs them, where the
// program looks for them again.
var browserTools = map[string]struct{ cache, variable string }{
	"playwright": {"/root/.cache/ms-playwright", "PLAYWRIGHT_BROWSERS_PATH"},
	"puppeteer":  {"/root/.cache/puppeteer", "PUPPETEER_CACHE_DIR"},
}

// systemBrowsers are what playwright installs as a package of the system.
var systemBrowsers = []string{"chrome", "chrome-beta", "chrome-canary", "chrome-dev", "msedge", "msedge-beta", "msedge-canary", "msedge-dev"}

// browsers speaks of browsers in root's cache: another user's program looks into his
// own and finds none.
func (v *readable) browsers(step *source.Step, c *shell.Command) {
	name, args := browserTool(c)
	tool, ok := browserTools[name]
	if !ok || v.moved(step, []string{tool.variable}) || v.taken(path.Dir(tool.cache)) {
		return
	}
	var operands []string
	for _, a := range args {
		if !a.Known || a.Text == "--dry-run" || a.Text == "--help" {
			return
		}
		if !strings.HasPrefix(a.Text, "-") {
			operands = append(operands, a.Text)
		}
	}
	if len(operands) > 0 && !slices.ContainsFunc(operands, func(b string) bool { return !slices.Contains(systemBrowsers, b) }) {
		return
	}
	if v.unsure(step) {
		return
	}
	v.add(step, c.Span, "%s install as root puts the browsers into %s, which %s cannot enter", name, tool.cache, v.who())
	v.found[len(v.found)-1].Help = "install them into a folder that every user can read: ENV " + tool.variable + "=/opt/browsers before this RUN; or install them after USER"
}

// browserTool is the tool that a command downloads browsers with, and its arguments
// behind `install`: also by npx, a package manager, or uv run.
func browserTool(c *shell.Command) (name string, args []shell.Word) {
	words := append([]shell.Word{{Text: c.Program(), Known: true}}, c.Args()...)
	for i, w := range words {
		name, _, _ := strings.Cut(path.Base(w.Text), "@")
		rest := words[i+1:]
		switch {
		case name == "playwright" && len(rest) > 0 && rest[0].Text == "install":
			return name, rest[1:]
		case name == "puppeteer" && len(rest) > 1 && rest[0].Text == "browsers" && rest[1].Text == "install":
			return name, nil
		case i == 0 && !slices.Contains([]string{"npx", "pnpm", "yarn", "bunx", "bun", "uv", "uvx", "poetry", "pipenv", "python", "python3", "npm"}, name):
			return "", nil
		}
	}
	return "", nil
}

// environment speaks of the virtual environment that poetry or pipenv makes in
// root's cache where the container's user has them run the program.
func (v *readable) environment(step *source.Step, c *shell.Command) {
	var where string
	var variables, files []string
	switch tool := c.Program(); {
	case tool == "poetry" && len(c.Args()) > 0 && (c.Args()[0].Text == "install" || c.Args()[0].Text == "sync"):
		where, variables, files = "/root/.cache/pypoetry/virtualenvs", []string{"POETRY_VIRTUALENVS_IN_PROJECT", "POETRY_VIRTUALENVS_CREATE", "POETRY_VIRTUALENVS_PATH", "POETRY_CACHE_DIR", "VIRTUAL_ENV"}, []string{"poetry.toml"}
	case tool == "pipenv" && len(c.Args()) > 0 && (c.Args()[0].Text == "install" || c.Args()[0].Text == "sync"):
		where, variables = "/root/.local/share/virtualenvs", []string{"PIPENV_VENV_IN_PROJECT", "WORKON_HOME", "VIRTUAL_ENV", "PIPENV_CUSTOM_VENV_NAME", "PIPENV_SYSTEM"}
		for _, a := range c.Args() {
			if a.Text == "--system" {
				return
			}
		}
	default:
		return
	}
	if !v.startsWith(c.Program(), "run") || v.moved(step, variables) || v.taken(path.Dir(where)) || v.unsure(step) {
		return
	}
	files = append(files, ".venv")
	for st := range v.b.Steps() {
		if run := st.Run(); run != nil && v.configures(run) {
			return
		}
	}
	for _, name := range files {
		if !strings.HasPrefix(c.Dir, "/") || v.b.FileAt(path.Join(c.Dir, name)) != nil || v.folderComes(path.Join(c.Dir, name)) {
			return
		}
	}
	v.add(step, c.Span, "%s creates the virtual environment in %s, which %s cannot enter", c.Program(), where, v.who())
	v.found[len(v.found)-1].Help = "create it in the project, POETRY_VIRTUALENVS_IN_PROJECT=1 or PIPENV_VENV_IN_PROJECT=1, and start its python"
}

// configures tells whether a RUN sets where poetry keeps its environments, or
// makes one itself.
func (v *readable) configures(run *source.Run) bool {
	for _, c := range run.Commands() {
		args := c.Args()
		switch p := c.Program(); {
		case p == "poetry" && len(args) > 0 && (args[0].Text == "config" || args[0].Text == "env"), p == "virtualenv", unseen(c):
			return true
		case slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "venv" || w.Text == ".venv" }):
			return true
		}
	}
	return false
}

// startsWith tells whether the container certainly runs a tool with this verb first.
func (v *readable) startsWith(tool, verb string) bool {
	for _, c := range v.startCommands() {
		if args := c.Args(); c.Program() == tool && len(args) > 0 && args[0].Text == verb {
			return true
		}
	}
	return false
}

// folderComes tells whether a COPY may bring a folder of the image.
func (v *readable) folderComes(dir string) bool {
	for step := range v.b.Steps() {
		c := step.Copy
		if c == nil {
			continue
		}
		t := path.Clean("/" + c.Target)
		if t == dir || strings.HasPrefix(t, dir+"/") || !c.FromContext() && strings.HasPrefix(dir, strings.TrimSuffix(t, "/")+"/") {
			return true
		}
	}
	return false
}

// taken tells whether something takes files out of one of root's folders, or gives
// others its files: then the program may find them elsewhere.
func (v *readable) taken(dir string) bool {
	if v.mayOpen() {
		return true
	}
	for step := range v.b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			for _, p := range fx.Sources {
				if inHome(p.Text) && (strings.HasPrefix(p.Text, dir) || strings.HasPrefix(dir, path.Clean(p.Text)) || !strings.HasPrefix(p.Text, "/")) {
					return true
				}
			}
		}
	}
	return false
}
