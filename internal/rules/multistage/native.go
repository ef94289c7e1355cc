package multistage

import (
	_ "embed"
	"path"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed native.jsonl
var nativeData []byte

// nativeLine is one line of native.jsonl: packages that are installed as
// binaries for one C library.
type nativeLine struct {
	Ecosystem string   `json:"ecosystem"`
	Names     []string `json:"names"`
	Source    string   `json:"source"`
}

var natives = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, l := range decodeLines[nativeLine]("native.jsonl", nativeData) {
		for _, n := range l.Names {
			all[l.Ecosystem+" "+n] = true
		}
	}
	return all
})

// native is the name of a package as the list has it, where it is there.
func native(ecosystem, name string) bool {
	name = strings.ToLower(name)
	if ecosystem == "python" {
		name = strings.ReplaceAll(name, "_", "-")
	}
	return natives()[ecosystem+" "+name]
}

// foreignPackages speaks of installed packages with binaries for one C library
// that come onto a system with another: an environment of Debian on Alpine.
func (v *breaks) foreignPackages(step *source.Step, c *source.Copy, i int, p string) bool {
	src := origin(c)
	if c.Stage == nil || src == nil || src.Known == nil || v.libs {
		return false
	}
	from, to, ok := v.libcs(src)
	if !ok || to == "none" {
		return false
	}
	name := ""
	switch {
	case path.Base(p) == "node_modules":
		name = v.nativeModule(c.Stage, path.Dir(p))
	case strings.HasSuffix(p, "/site-packages"), p == "/root/.local", v.isEnvironment(c.Stage, p):
		name = v.nativeWheel(c.Stage)
	}
	if name == "" {
		return false
	}
	v.add(step, i, "install the packages in a stage with the same operating system as the final image",
		"%s of %s contains binaries for %s (%s), but %s has %s", p, stageText(c), from, name, v.img.String(), to)
	return true
}

func (v *breaks) isEnvironment(s *source.Stage, p string) bool {
	_, ok := v.envs.of(s)[p]
	return ok
}

// nativeModule is a package with binaries among the dependencies of the
// package.json of a folder.
func (v *breaks) nativeModule(s *source.Stage, dir string) string {
	o := v.b.FileIn(s, path.Join(dir, "package.json"))
	if o == nil {
		return ""
	}
	p := o.PackageJSON()
	if p == nil {
		return ""
	}
	found := ""
	for name := range p.Dependencies {
		if native("node", name) && (found == "" || name < found) {
			found = name
		}
	}
	return found
}

// nativeWheel is a package with binaries that pip or uv installs in a stage, by
// name or by a list that can be read.
func (v *breaks) nativeWheel(s *source.Stage) string {
	for step := range chain(s) {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, in := range run.Effects.Installs {
			if in.When != shell.Always || in.Manager != "pip" && in.Manager != "uv" {
				continue
			}
			if name := v.wheelOf(step, in); name != "" {
				return name
			}
		}
	}
	return ""
}

func (v *breaks) wheelOf(step *source.Step, in packages.Install) string {
	for _, p := range in.Packages {
		if p.Known && native("python", p.Name) {
			return p.Name
		}
	}
	for _, m := range in.Manifests {
		name := m.Text
		if !strings.HasPrefix(name, "/") {
			name = path.Join(in.Command.Dir, name)
		}
		o := v.b.Sees(step, name)
		if o == nil {
			continue
		}
		for _, r := range o.Requirements() {
			if native("python", r.Name) {
				return r.Name
			}
		}
	}
	return ""
}
