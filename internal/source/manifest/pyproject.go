package manifest

import (
	"fmt"
	"sort"

	"github.com/pelletier/go-toml/v2"
)

// A PyProject is what rules ask of a pyproject.toml. The zero PyProject says
// nothing: it may only configure tools.
type PyProject struct {
	Name           string
	RequiresPython string
	Dependencies   []string            // of [project], or names of [tool.poetry.dependencies] without python
	Extras         map[string][]string // [project.optional-dependencies]
	Groups         map[string][]string // [dependency-groups], poetry's groups, uv's and pdm's dev dependencies
	Optional       []string            // poetry groups that are not installed unless asked for
	Dynamic        bool                // dependencies come from elsewhere (setup.py, a requirements file)
	BuildBackend   string
	BuildRequires  []string
	Scripts        []string // names of the console scripts
	Tool           string   // poetry, uv, pdm, hatch, by its table; "" where none is there
	IsProject      bool     // there is a [project] or [tool.poetry] table
}

type pyproject struct {
	Project *struct {
		Name           string              `toml:"name"`
		RequiresPython string              `toml:"requires-python"`
		Dependencies   []string            `toml:"dependencies"`
		Optional       map[string][]string `toml:"optional-dependencies"`
		Dynamic        []string            `toml:"dynamic"`
		Scripts        map[string]any      `toml:"scripts"`
	} `toml:"project"`
	BuildSystem struct {
		Backend  string   `toml:"build-backend"`
		Requires []string `toml:"requires"`
	} `toml:"build-system"`
	Groups map[string][]any `toml:"dependency-groups"`
	Tool   struct {
		Poetry *struct {
			Name         string         `toml:"name"`
			Dependencies map[string]any `toml:"dependencies"`
			Dev          map[string]any `toml:"dev-dependencies"`
			Scripts      map[string]any `toml:"scripts"`
			Group        map[string]struct {
				Optional     bool           `toml:"optional"`
				Dependencies map[string]any `toml:"dependencies"`
			} `toml:"group"`
		} `toml:"poetry"`
		UV *struct {
			Dev []string `toml:"dev-dependencies"`
		} `toml:"uv"`
		PDM *struct {
			Dev map[string][]string `toml:"dev-dependencies"`
		} `toml:"pdm"`
		Hatch map[string]any `toml:"hatch"`
	} `toml:"tool"`
}

// MaxPyProject is the largest pyproject.toml that is read, far larger than people
// write them: the time that its tables take grows faster than their number.
const MaxPyProject = 128 << 10

// ParsePyProject reads a pyproject.toml: PEP 621, PEP 735, and the tables of
// poetry, uv and pdm.
func ParsePyProject(data []byte) (*PyProject, error) {
	var in pyproject
	if len(data) > MaxPyProject {
		return nil, fmt.Errorf("read pyproject.toml: it has %d bytes, which is more than the limit", len(data))
	}
	if err := toml.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read pyproject.toml: %w", err)
	}
	p := &PyProject{BuildBackend: in.BuildSystem.Backend, BuildRequires: in.BuildSystem.Requires, Groups: map[string][]string{}}
	if pr := in.Project; pr != nil {
		p.IsProject = true
		p.Name, p.RequiresPython, p.Dependencies, p.Extras = pr.Name, pr.RequiresPython, pr.Dependencies, pr.Optional
		for _, d := range pr.Dynamic {
			p.Dynamic = p.Dynamic || d == "dependencies"
		}
		p.Scripts = keys(pr.Scripts)
	}
	for name, entries := range in.Groups {
		list := []string{}
		for _, e := range entries {
			if s, ok := e.(string); ok {
				list = append(list, s)
			}
		}
		p.Groups[name] = list
	}
	switch {
	case in.Tool.Poetry != nil:
		p.Tool = "poetry"
	case in.Tool.UV != nil:
		p.Tool = "uv"
	case in.Tool.PDM != nil:
		p.Tool = "pdm"
	case in.Tool.Hatch != nil:
		p.Tool = "hatch"
	}
	if po := in.Tool.Poetry; po != nil {
		p.IsProject = p.IsProject || po.Name != "" || po.Dependencies != nil
		if p.Name == "" {
			p.Name = po.Name
		}
		for _, name := range keys(po.Dependencies) {
			if name != "python" && !listed(p.Dependencies, name) {
				p.Dependencies = append(p.Dependencies, name)
			}
		}
		if len(po.Dev) > 0 {
			p.Groups["dev"] = append(p.Groups["dev"], keys(po.Dev)...)
		}
		for name, g := range po.Group {
			p.Groups[name] = append(p.Groups[name], keys(g.Dependencies)...)
			if g.Optional {
				p.Optional = append(p.Optional, name)
			}
		}
		sort.Strings(p.Optional)
		p.Scripts = append(p.Scripts, keys(po.Scripts)...)
	}
	if uv := in.Tool.UV; uv != nil && len(uv.Dev) > 0 {
		p.Groups["dev"] = append(p.Groups["dev"], uv.Dev...)
	}
	if pdm := in.Tool.PDM; pdm != nil {
		for name, list := range pdm.Dev {
			p.Groups[name] = append(p.Groups[name], list...)
		}
	}
	return p, nil
}

// HasDependencies tells whether installing the project brings anything beside
// itself.
func (p *PyProject) HasDependencies() bool {
	return p != nil && (len(p.Dependencies) > 0 || p.Dynamic)
}

// DefaultGroups are the groups with something in them that the project's tool
// installs unless told not to: all that are not optional for poetry and pdm,
// dev for uv. Others, pip among them, install none by themselves.
func (p *PyProject) DefaultGroups() []string {
	if p == nil {
		return nil
	}
	var list []string
	for name, deps := range p.Groups {
		switch {
		case len(deps) == 0 || listed(p.Optional, name):
		case p.Tool == "poetry" || p.Tool == "pdm" || name == "dev":
			list = append(list, name)
		}
	}
	sort.Strings(list)
	return list
}

func listed(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func keys(m map[string]any) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	sort.Strings(list)
	return list
}
