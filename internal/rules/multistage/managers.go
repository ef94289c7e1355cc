package multistage

import (
	"path"
	"strings"

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
			if in.Manager != "pip" && in.Manager != "uv" || in.When != shell.Always || in.Global {
				continue
			}
			for _, p := range in.Packages {
				if classOf(in.Manager, p.Name) != projectManager {
					continue
				}
				if home := pythonHome(step, run, in); home != systemPython && home == dir {
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
