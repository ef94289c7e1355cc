package multistage

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// managerIn is the project manager that certainly lies in a folder of a stage,
// because it is installed into it: into an environment of its own, or by its
// publisher's script; "" where none does.
func managerIn(s *source.Stage, dir string) string {
	found := ""
	for step := range chain(s) {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, in := range run.Effects.Kept() {
			if in.Manager != "pip" && in.Manager != "uv" || in.When != shell.Always {
				continue
			}
			for _, p := range in.Packages {
				if classOf(in.Manager, p.Name) != projectManager {
					continue
				}
				home := pythonHome(step, run, in)
				if in.Global {
					home = toolsHome(step, in)
				}
				if home != systemPython && (home == dir || below(home, dir) && !knowledge.SystemFolders.Has(dir)) {
					found = p.Name
				}
			}
		}
		for _, f := range run.Effects.Fetches {
			if strings.Contains(f.URL.Text, "install.python-poetry.org") && f.When == shell.Always && poetryHome(step, run) == dir {
				found = "poetry"
			}
		}
	}
	return found
}

// toolsHome is where pipx and uv tool install put an environment for each tool.
func toolsHome(step *source.Step, in packages.Install) string {
	name, home := "PIPX_HOME", "/root/.local/share/pipx"
	if in.Manager == "uv" {
		name, home = "UV_TOOL_DIR", "/root/.local/share/uv/tools"
	}
	if v, ok := step.Env.Lookup(name); ok && v.Value != "" {
		return path.Clean(v.Value)
	}
	return home
}

// poetryHome is where Poetry's own installer puts it.
func poetryHome(step *source.Step, run *source.Run) string {
	for _, c := range run.Commands() {
		for _, a := range c.Assigns {
			if a.Name == "POETRY_HOME" {
				return path.Clean(a.Value.Text)
			}
		}
	}
	if v, ok := step.Env.Lookup("POETRY_HOME"); ok && v.Value != "" {
		return path.Clean(v.Value)
	}
	return "/root/.local/share/pypoetry"
}
