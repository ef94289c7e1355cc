package multistage

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
)

// withoutPython speaks of a virtual environment whose interpreter stays behind
// in its stage.
func (v *breaks) withoutPython(step *source.Step, c *source.Copy, i int, env environment, to string) bool {
	m := env.python
	if m.Home == "" || v.pythonPath() || v.pythonComes(c.Stage, m.Home) {
		return false
	}
	if m.Open != "" {
		v.open = m.Open
		return false
	}
	version := ""
	if m.Version != "" && !strings.ContainsAny(m.Version, "<>=~!,") {
		version = " " + m.Version
	}
	v.add(step, i, "start from an image with that Python in both stages and set UV_PYTHON_DOWNLOADS=never, or copy "+m.Home+" to the same path, where the user can read it",
		"%s/bin/python of the virtual environment is a link to the Python%s that uv downloads to %s in %s, which is not copied (%s)", to, version, m.Home, stageText(c), m.Why)
	return true
}

// pythonComes tells whether the image that ships may have a folder with uv's
// Pythons, or makes its environments anew.
func (v *breaks) pythonComes(from *source.Stage, home string) bool {
	for step := range v.b.Steps() {
		if c := step.Copy; c != nil && !c.FromContext() {
			for _, src := range c.Sources {
				p := path.Clean("/" + src.Value)
				if !src.Known || p == home || below(p, home) || below(home, p) || strings.HasPrefix(p, "/root") || over(path.Clean(c.Target), home) && path.Clean(c.Target) != "/" {
					return true
				}
			}
		}
		for _, c := range step.Run().Commands() {
			if p := c.Program(); p == "uv" || p == "ln" || !knowledge.Quiet.Has(p) && !knowledge.Speakers.Has(p) && !knowledge.SystemManagers.Has(p) && p != "" && !knowledge.Plain.Has(p) {
				return true
			}
		}
	}
	return false
}
