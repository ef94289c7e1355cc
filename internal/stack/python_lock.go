package stack

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// lockFile is what a lock of uv, poetry or pdm says.
type lockFile struct {
	Package []struct {
		Name    string         `toml:"name"`
		Version string         `toml:"version"`
		Source  map[string]any `toml:"source"`
		// uv says what needs what; poetry and pdm say for which group.
		Dependencies any               `toml:"dependencies"`
		Optional     map[string][]need `toml:"optional-dependencies"`
		Category     string            `toml:"category"`
		Groups       []string          `toml:"groups"`
		Wheels       []struct {
			URL  string `toml:"url"`
			File string `toml:"filename"`
		} `toml:"wheels"`
		SDist map[string]any `toml:"sdist"`
		Files []lockedFile   `toml:"files"`
		// What uv read in the manifest when it made the lock.
		Metadata struct {
			Requires []struct {
				Name      string `toml:"name"`
				Specifier string `toml:"specifier"`
				Marker    string `toml:"marker"`
				URL       string `toml:"url"`
				Git       string `toml:"git"`
			} `toml:"requires-dist"`
		} `toml:"metadata"`
	} `toml:"package"`
	// Poetry before 1.2 lists the files apart.
	Metadata struct {
		Files any `toml:"files"`
	} `toml:"metadata"`
}

// A need is what a package of a lock needs.
type need struct {
	Name  string   `toml:"name"`
	Extra []string `toml:"extra"`
}

// installed are the packages of a lock that an install without what is for
// development brings, and of uv without some packages and what only they need.
func (l *lockFile) installed(tool string, without ...string) func(i int) bool {
	if tool != "uv.lock" {
		return func(i int) bool {
			p := &l.Package[i]
			if p.Category != "" {
				return p.Category == "main"
			}
			return len(p.Groups) == 0 || slices.Contains(p.Groups, "main") || slices.Contains(p.Groups, "default")
		}
	}
	byName := map[string][]int{}
	for i, p := range l.Package {
		byName[normal(p.Name)] = append(byName[normal(p.Name)], i)
	}
	seen := map[int]bool{}
	extras := map[string]bool{}
	var follow func(i int, want []string)
	follow = func(i int, want []string) {
		p := &l.Package[i]
		list := needs(p.Dependencies)
		if seen[i] {
			list = nil
		}
		seen[i] = true
		for _, e := range want {
			if key := p.Name + "[" + e; !extras[key] {
				extras[key] = true
				list = append(list, p.Optional[e]...)
			}
		}
		for _, n := range list {
			if slices.Contains(without, normal(n.Name)) {
				continue
			}
			for _, j := range byName[normal(n.Name)] {
				follow(j, n.Extra)
			}
		}
	}
	for i, p := range l.Package {
		// The project itself, and the members of its workspace.
		for _, kind := range []string{"virtual", "editable", "directory"} {
			if _, ok := p.Source[kind]; ok {
				follow(i, nil)
				break
			}
		}
	}
	return func(i int) bool { return len(seen) == 0 || seen[i] }
}

// needs are the dependencies of a package of uv's lock; those of others are a table,
// and are not asked.
func needs(v any) (out []need) {
	list, _ := v.([]any)
	for _, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			continue
		}
		name, _ := m["name"].(string)
		out = append(out, need{name, words(m["extra"])})
	}
	return out
}

// broughtAlong are the tools for development that only others of them bring: coverage,
// by pytest-cov.
func (p *pyProject) broughtAlong(tools []string) (list []string) {
	if p.lock == nil || len(tools) == 0 {
		return nil
	}
	all, rest := p.lock.installed("uv.lock"), p.lock.installed("uv.lock", tools...)
	for i, pkg := range p.lock.Package {
		if name := normal(pkg.Name); all(i) && !rest(i) && !slices.Contains(tools, name) && knowledge.IsDevTool("pip", name) {
			list = append(list, name)
		}
	}
	return list
}

type lockedFile struct {
	File string `toml:"file"`
	URL  string `toml:"url"`
}

// lockDeps notes what a lock holds: exact versions, and the files that there are.
func (p *pyProject) lockDeps(file string) {
	data := p.t.read(file)
	if data == nil {
		return
	}
	var lock lockFile
	if err := toml.Unmarshal(data, &lock); err != nil {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s cannot be read (%v): what it holds is not known", file, err))
		return
	}
	p.exact, p.lock = true, &lock
	apart, _ := lock.Metadata.Files.(map[string]any)
	installed := lock.installed(path.Base(file))
	for i, pkg := range lock.Package {
		if !installed(i) {
			continue
		}
		name := normal(pkg.Name)
		list, _ := apart[pkg.Name].([]any)
		for _, f := range list {
			if m, ok := f.(map[string]any); ok {
				file, _ := m["file"].(string)
				pkg.Files = append(pkg.Files, lockedFile{File: file})
			}
		}
		d, direct := p.deps[name]
		if !direct {
			d = dependency{name: name, at: Place{file, 0}}
		}
		d.version, d.pinned = pkg.Version, true
		for _, w := range pkg.Wheels {
			if w.File != "" {
				d.wheels = append(d.wheels, w.File)
			} else {
				d.wheels = append(d.wheels, path.Base(w.URL))
			}
		}
		d.sdist = pkg.SDist != nil
		for _, f := range pkg.Files {
			name := f.File
			if name == "" {
				name = path.Base(f.URL)
			}
			if strings.HasSuffix(name, ".whl") {
				d.wheels = append(d.wheels, name)
			} else {
				d.sdist = true
			}
		}
		if reg, _ := pkg.Source["registry"].(string); strings.Contains(reg, "/cpu") || strings.Contains(pkg.Version, "+cpu") {
			d.cpu = true
		}
		p.deps[name] = d
	}
}
