package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// workspace finds the member of a workspace that is the program.
func (p *pyProject) workspace() error {
	ws := p.project.Tool.UV.Workspace
	in := &p.py.Install
	var members []string
	for _, f := range p.t.files {
		dir := path.Dir(f)
		if path.Base(f) != "pyproject.toml" || dir == "." {
			continue
		}
		match := func(globs []string) bool {
			return slices.ContainsFunc(globs, func(g string) bool { ok, _ := path.Match(path.Clean(g), dir); return ok })
		}
		if match(ws.Members) && !match(ws.Exclude) {
			members = append(members, dir)
		}
	}
	for _, m := range members {
		in.Files = append(in.Files, m+"/pyproject.toml")
		file, err := readPyproject(p.t, m+"/pyproject.toml")
		if err != nil {
			return err
		}
		if file.Project == nil {
			continue
		}
		for _, d := range file.Project.Dependencies {
			p.take(d, Place{m + "/pyproject.toml", p.t.lineOf(m+"/pyproject.toml", d)})
		}
	}
	in.Locals = members
	return nil
}

// packaging tells whether the project itself is a package, and of what.
func (p *pyProject) packaging() {
	f, in := p.project, &p.py.Install
	if f == nil {
		return
	}
	name := ""
	if f.Project != nil {
		name = f.Project.Name
		for _, file := range append(words(f.Project.Readme), append(words(f.Project.License), words(f.Project.LicenseFiles)...)...) {
			if p.t.has[file] {
				in.Reads = append(in.Reads, file)
			}
		}
	}
	if po := f.Tool.Poetry; po != nil {
		if name == "" {
			name = po.Name
		}
		for _, file := range words(po.Readme) {
			if p.t.has[file] {
				in.Reads = append(in.Reads, file)
			}
		}
	}
	in.Package, in.Build = name, f.Build.Requires
	if f.Build.Backend == "" && len(f.Build.Requires) == 0 {
		return // setuptools' old ways: what is flat stays flat
	}
	base := strings.ReplaceAll(normal(name), "-", "_")
	add := func(dir string) {
		dir = path.Clean(dir)
		if dir != "" && (p.t.dir(dir) || p.t.has[dir]) && !slices.Contains(in.Modules, dir) {
			in.Modules = append(in.Modules, dir)
		}
	}
	if h := f.Tool.Hatch; h != nil {
		for _, d := range append(slices.Clone(h.Build.Targets.Wheel.Packages), h.Build.Targets.Wheel.Include...) {
			add(d)
		}
	}
	if po := f.Tool.Poetry; po != nil {
		for _, pkg := range po.Packages {
			add(path.Join(pkg.From, pkg.Include))
		}
	}
	if s := f.Tool.Setuptools; s != nil {
		for _, m := range s.PyModules {
			add(m + ".py")
		}
		for _, d := range words(s.Packages) {
			add(strings.ReplaceAll(d, ".", "/"))
		}
		if m, ok := s.Packages.(map[string]any); ok {
			find, _ := m["find"].(map[string]any)
			for _, where := range words(find["where"]) {
				if where = path.Clean(where); where == "." {
					continue
				}
				for _, n := range p.t.in(where) {
					if strings.HasSuffix(n, "/") && p.t.has[n+"__init__.py"] {
						add(strings.TrimSuffix(n, "/"))
						p.where = where
					}
				}
			}
		}
	}
	if len(in.Modules) == 0 {
		for _, d := range []string{"src/" + base, base, "src/" + name} {
			if base != "" && p.t.dir(d) {
				add(d)
				break
			}
		}
	}
	if len(in.Modules) == 0 && p.t.dir("src") {
		for _, n := range p.t.in("src") {
			if strings.HasSuffix(n, "/") && p.t.has[n+"__init__.py"] {
				add(strings.TrimSuffix(n, "/"))
			}
		}
	}
	in.Project = len(in.Modules) > 0
}

// readBySetup are files that a setup.py opens.
func (p *pyProject) readBySetup() (list []string) {
	data := string(p.t.read("setup.py"))
	for _, n := range p.t.in(".") {
		if !strings.HasSuffix(n, "/") && n != "setup.py" && (strings.Contains(data, `"`+n+`"`) || strings.Contains(data, `'`+n+`'`)) {
			list = append(list, n)
		}
	}
	return list
}

var setupRE = regexp.MustCompile(`["']([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?\s*(?:[=<>!~]=?[^"']*)?)["']`)

// setupDeps are the requirements that stand in a setup.py, as far as they do.
func (p *pyProject) setupDeps() {
	data := string(p.t.read("setup.py"))
	_, after, ok := strings.Cut(data, "install_requires")
	if !ok {
		return
	}
	list, _, _ := strings.Cut(after, "]")
	for _, m := range setupRE.FindAllStringSubmatch(list, -1) {
		p.take(m[1], Place{"setup.py", p.t.lineOf("setup.py", "install_requires")})
		p.py.Install.Packages = append(p.py.Install.Packages, m[1])
	}
}

// member tells which member of a workspace the program lies in, which is then what is
// installed.
func (p *pyProject) member() error {
	in := &p.py.Install
	for _, dir := range in.Locals {
		if in.By != "uv" || !strings.HasPrefix(p.py.Entry, dir+"/") {
			continue
		}
		f, err := readPyproject(p.t, dir+"/pyproject.toml")
		if err != nil {
			return err
		}
		if f == nil || f.Project == nil {
			continue
		}
		in.Member, in.Package = dir, f.Project.Name
		in.Project = f.Build.Backend != "" || len(f.Build.Requires) > 0
		in.Modules, in.Reads = nil, nil
		for _, file := range words(f.Project.Readme) {
			if p.t.has[dir+"/"+file] {
				in.Reads = append(in.Reads, dir+"/"+file)
			}
		}
	}
	return nil
}
