package stack

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// A dependency is a package that a project depends on.
type dependency struct {
	name    string
	version string // where it is exact
	spec    string
	extras  []string
	at      Place
	pinned  bool
	direct  bool
	cpu     bool     // torch of the index without CUDA
	wheels  []string // names of the files that a lock lists; nil = no lock says
	sdist   bool
}

var normalRE = regexp.MustCompile(`[-_.]+`)

// normal is a package's name as indexes compare it (PEP 503).
func normal(name string) string { return strings.ToLower(normalRE.ReplaceAllString(name, "-")) }

// pyprojectFile is what is asked of a pyproject.toml beyond what rules ask.
type pyprojectFile struct {
	Project *struct {
		Name           string              `toml:"name"`
		RequiresPython string              `toml:"requires-python"`
		Dependencies   []string            `toml:"dependencies"`
		Optional       map[string][]string `toml:"optional-dependencies"`
		Dynamic        []string            `toml:"dynamic"`
		Scripts        map[string]string   `toml:"scripts"`
		Readme         any                 `toml:"readme"`
		License        any                 `toml:"license"`
		LicenseFiles   any                 `toml:"license-files"`
	} `toml:"project"`
	Build struct {
		Backend  string   `toml:"build-backend"`
		Requires []string `toml:"requires"`
	} `toml:"build-system"`
	Groups map[string][]any `toml:"dependency-groups"`
	Tool   struct {
		UV *struct {
			Package   *bool `toml:"package"`
			Workspace *struct {
				Members []string `toml:"members"`
				Exclude []string `toml:"exclude"`
			} `toml:"workspace"`
			Sources map[string]any `toml:"sources"`
			Default any            `toml:"default-groups"` // names of groups, or "all"
		} `toml:"uv"`
		Poetry *struct {
			Name         string         `toml:"name"`
			PackageMode  *bool          `toml:"package-mode"`
			Readme       any            `toml:"readme"`
			Dependencies map[string]any `toml:"dependencies"`
			Scripts      map[string]any `toml:"scripts"`
			Packages     []struct {
				Include string `toml:"include"`
				From    string `toml:"from"`
			} `toml:"packages"`
			Group map[string]struct {
				Optional     bool           `toml:"optional"`
				Dependencies map[string]any `toml:"dependencies"`
			} `toml:"group"`
		} `toml:"poetry"`
		PDM *struct {
			Distribution *bool `toml:"distribution"`
		} `toml:"pdm"`
		Taskipy *struct {
			Tasks map[string]any `toml:"tasks"`
		} `toml:"taskipy"`
		FastAPI *struct {
			Entrypoint string `toml:"entrypoint"`
		} `toml:"fastapi"`
		Hatch *struct {
			Version struct {
				Path string `toml:"path"`
			} `toml:"version"`
			Build struct {
				Targets struct {
					Wheel struct {
						Packages []string `toml:"packages"`
						Include  []string `toml:"only-include"`
						Sources  any      `toml:"sources"`
					} `toml:"wheel"`
				} `toml:"targets"`
			} `toml:"build"`
		} `toml:"hatch"`
		Setuptools *struct {
			Packages   any               `toml:"packages"`
			PackageDir map[string]string `toml:"package-dir"`
			PyModules  []string          `toml:"py-modules"`
			Dynamic    map[string]struct {
				File any    `toml:"file"`
				Attr string `toml:"attr"`
			} `toml:"dynamic"`
		} `toml:"setuptools"`
	} `toml:"tool"`
}

func readPyproject(t *tree, name string) (*pyprojectFile, error) {
	data := t.read(name)
	if data == nil {
		return nil, nil
	}
	if len(data) > manifest.MaxPyProject {
		return nil, fmt.Errorf("read %s: it has %d bytes, which is more than the limit", name, len(data))
	}
	f := &pyprojectFile{}
	if err := toml.Unmarshal(data, f); err != nil {
		var where *toml.DecodeError
		if de, ok := err.(*toml.DecodeError); ok {
			where = de
		}
		if where != nil {
			line, _ := where.Position()
			return nil, fmt.Errorf("read %s:%d: %w", name, line, err)
		}
		// A field of another type than its documentation has: the rest counts.
		if f.Project == nil && f.Tool.Poetry == nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	return f, nil
}

func lineOf(data []byte, n int) string {
	i := 0
	for line := range strings.Lines(string(data)) {
		if i++; i == n {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

var extrasRE = regexp.MustCompile(`^\s*[A-Za-z0-9._-]+\s*\[([^\]]*)\]`)

func extrasOf(spec string) (list []string) {
	m := extrasRE.FindStringSubmatch(spec)
	if m == nil {
		return nil
	}
	for _, e := range strings.Split(m[1], ",") {
		list = append(list, strings.TrimSpace(e))
	}
	return list
}

var specRE = regexp.MustCompile(`^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*(.*?)\s*(?:;.*)?$`)

// take notes a dependency as a requirement has it (PEP 508).
func (p *pyProject) take(spec string, at Place) {
	m := specRE.FindStringSubmatch(spec)
	if m == nil {
		return
	}
	d := dependency{name: normal(m[1]), extras: extrasOf(spec), spec: m[3], at: at, direct: true}
	if v, ok := strings.CutPrefix(m[3], "=="); ok && !strings.Contains(v, "*") {
		d.version, d.pinned = strings.TrimSpace(v), true
	}
	if old, ok := p.deps[d.name]; ok {
		d.version, d.wheels, d.sdist = old.version, old.wheels, old.sdist
	}
	p.deps[d.name] = d
}

// projectDeps are the dependencies of [project], and of the groups that are
// installed.
func (p *pyProject) projectDeps() {
	f := p.project
	if f == nil {
		return
	}
	if f.Project != nil {
		for _, d := range f.Project.Dependencies {
			p.take(d, Place{"pyproject.toml", p.t.lineOf("pyproject.toml", d)})
		}
		for _, name := range f.Project.Dynamic {
			if name == "dependencies" && f.Tool.Setuptools != nil {
				for _, file := range words(f.Tool.Setuptools.Dynamic["dependencies"].File) {
					p.py.Install.Reads = append(p.py.Install.Reads, file)
					for _, r := range manifest.ParseRequirements(p.t.read(file)) {
						if r.Name != "" {
							p.deps[normal(r.Name)] = dependency{name: normal(r.Name), version: r.Version, pinned: r.Pinned, direct: true, at: Place{file, r.Line}}
						}
					}
				}
			}
		}
	}
}

// words are one string, or a list of them.
func words(v any) (list []string) {
	switch v := v.(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok {
				list = append(list, s)
			}
		}
	case map[string]any:
		list = append(list, words(v["file"])...)
	}
	return list
}

// workGroupRE matches names of groups of what only people at work need.
var workGroupRE = regexp.MustCompile(`(?i)^(?:dev|tests?|testing|lint\w*|typ(?:es|ing)|type-?check\w*|mypy|docs?|documentation|ci|format\w*|style|quality|coverage|debug|bench\w*|notebooks?|jupyter|pre-?commit|release|checks?|tools|local)(?:[-_].*)?$`)

// defaultsForWork are the groups for people at work that uv installs by default, dev apart,
// which --no-dev leaves out.
// Source: docs.astral.sh/uv: dependencies, default groups.
func (f *pyprojectFile) defaultsForWork() (list []string) {
	if f == nil || f.Tool.UV == nil {
		return nil
	}
	var names []string
	switch d := f.Tool.UV.Default.(type) {
	case []any:
		for _, n := range d {
			if s, ok := n.(string); ok {
				names = append(names, s)
			}
		}
	case string:
		if d == "all" {
			names = slices.Sorted(maps.Keys(f.Groups))
		}
	}
	for _, n := range names {
		if _, there := f.Groups[n]; there && n != "dev" && workGroupRE.MatchString(n) {
			list = append(list, n)
		}
	}
	return list
}
