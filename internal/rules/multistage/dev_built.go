package multistage

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// A spare is an installed package that only development needs.
type spare struct {
	name  string
	layer int
	by    string // what says so: "devDependencies of /app/package.json"; "" = its name alone
}

// mostSpares is how many of them a finding names.
const mostSpares = 4

// builtDev looks for packages that only development needs among those that the
// Dockerfile's layers bring: what the manifests in the image list as such, and
// test runners and linters that are known by their names.
func builtDev(ev check.Evidence) check.Verdict {
	if ev.Source != nil && ev.Source.Toolbox() {
		return check.Judge(nil)
	}
	byLayer := map[int][]spare{}
	told := map[string]bool{}
	for _, s := range slices.Concat(listedNode(ev.Image), listedPython(ev.Image), namedDev(ev.Image)) {
		key := fmt.Sprint(s.layer, " ", s.name)
		if ev.FromBase(s.layer) || told[key] {
			continue
		}
		told[key] = true
		byLayer[s.layer] = append(byLayer[s.layer], s)
	}
	var found []check.Finding
	for _, l := range slices.Sorted(maps.Keys(byLayer)) {
		var list, by []string
		for _, s := range byLayer[l] {
			list = append(list, s.name)
			if s.by != "" && !slices.Contains(by, s.by) {
				by = append(by, s.by)
			}
		}
		slices.Sort(list)
		if list = slices.Compact(list); len(list) > mostSpares {
			list = append(list[:mostSpares-1:mostSpares-1], fmt.Sprintf("%d more", len(list)-mostSpares+1))
		}
		message := fmt.Sprintf("the image contains %s, which only development needs", sentence(list))
		if len(by) > 2 {
			by = append(by[:2:2], "…")
		}
		if len(by) > 0 {
			message += " (" + strings.Join(by, ", ") + ")"
		}
		found = append(found, check.Finding{Place: ev.LayerPlace(l), Message: message})
	}
	return check.Judge(found)
}

// namedDev are the packages that are known as test runners and linters.
func namedDev(img *image.Image) []spare {
	var list []spare
	for _, p := range img.Packages {
		m := managersOf[p.Ecosystem]
		if m != "pip" && m != "npm" || classOf(m, p.Name) != devTool {
			continue
		}
		if m == "npm" && strings.Count(p.Path, "/node_modules/") > 1 {
			continue // what another package brings along
		}
		list = append(list, spare{name: p.Name, layer: p.Layer})
	}
	return list
}

// A nodeTree is what npm and its kin have installed in an image.
type nodeTree struct {
	img *image.Image
	at  map[string]*image.Package // by folder
}

// find is the folder of the package that is loaded under a name from a folder,
// as Node looks for it; "" = none.
func (t *nodeTree) find(dir, name string) string {
	for {
		if path.Base(dir) != "node_modules" {
			if f, err := t.img.Tree.Lookup(path.Join(dir, "node_modules", name, "package.json")); err == nil {
				return path.Dir(f.Path)
			}
		}
		if dir == "/" {
			return ""
		}
		dir = path.Dir(dir)
	}
}

// reach adds to seen what packages need that are loaded from a folder, and what
// those need. ok is false where an installed package could not be read: what it
// needs is not known.
func (t *nodeTree) reach(dir string, names []string, seen map[string]bool) (ok bool) {
	type want struct {
		dir   string
		names []string
	}
	for todo := []want{{dir, names}}; len(todo) > 0; {
		w := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, name := range w.names {
			at := t.find(w.dir, name)
			if at == "" || seen[at] {
				continue
			}
			p := t.at[at]
			if p == nil {
				return false
			}
			seen[at] = true
			todo = append(todo, want{at, p.Needs})
		}
	}
	return true
}

// listedNode are the installed packages that package.json lists as development
// dependencies, and that nothing else of the image needs: neither a dependency of
// a project in it, nor what it starts.
func listedNode(img *image.Image) []spare {
	type project struct {
		path string
		*manifest.Package
	}
	var projects []project
	for _, m := range img.Manifests("package.json") {
		if p, err := manifest.ParsePackageJSON(m.Data); err == nil {
			projects = append(projects, project{m.Path, p})
		}
	}
	if !slices.ContainsFunc(projects, func(p project) bool { return len(p.DevDependencies) > 0 }) {
		return nil
	}
	tree := &nodeTree{img: img, at: map[string]*image.Package{}}
	for i := range img.Packages {
		if p := &img.Packages[i]; p.Ecosystem == image.Npm {
			tree.at[path.Dir(p.Path)] = p
		}
	}
	needed := map[string]bool{}
	for _, p := range projects {
		names := slices.Concat(slices.Collect(maps.Keys(p.Dependencies)), slices.Collect(maps.Keys(p.OptionalDependencies)), slices.Collect(maps.Keys(p.PeerDependencies)))
		if !tree.reach(path.Dir(p.path), append(names, tree.started(path.Dir(p.path), p.Package)...), needed) {
			return nil
		}
	}
	var list []spare
	for _, p := range projects {
		for _, name := range slices.Sorted(maps.Keys(p.DevDependencies)) {
			at := tree.find(path.Dir(p.path), name)
			if at == "" || needed[at] || tree.at[at] == nil {
				continue
			}
			list = append(list, spare{name, tree.at[at].Layer, "devDependencies of " + p.path})
		}
	}
	return list
}

// started are the names of packages that the image's command names: by a program
// of theirs, or as what node loads first.
func (t *nodeTree) started(dir string, p *manifest.Package) []string {
	c := &t.img.Config
	lines := []string{strings.Join(c.Argv(), " ")}
	if c.Healthcheck != nil {
		lines = append(lines, strings.Join(c.Healthcheck.Test, " "))
	}
	said := map[string]bool{}
	var names []string
	for len(lines) > 0 {
		words := strings.FieldsFunc(lines[0], func(r rune) bool { return strings.ContainsRune(" \t\n=;&|()'\"", r) })
		lines = lines[1:]
		for _, w := range words {
			if script, ok := p.Scripts[w]; ok && !said[w] {
				said[w] = true
				lines = append(lines, script, p.Scripts["pre"+w])
			}
			if !strings.HasPrefix(w, "-") && !strings.HasPrefix(w, ".") && !strings.HasPrefix(w, "/") {
				names = append(names, packageOf(w))
			}
			if owner := t.ownerOf(dir, path.Base(w)); owner != "" {
				names = append(names, owner)
			}
		}
	}
	return names
}

// packageOf is the package that a module's name begins with: ts-node of
// ts-node/register.
func packageOf(module string) string {
	first, rest, _ := strings.Cut(module, "/")
	if strings.HasPrefix(first, "@") {
		second, _, _ := strings.Cut(rest, "/")
		return first + "/" + second
	}
	return first
}

// ownerOf is the package of a program that npx would find from a folder.
func (t *nodeTree) ownerOf(dir, program string) string {
	for {
		if f, err := t.img.Tree.Lookup(path.Join(dir, "node_modules/.bin", program)); err == nil {
			for at := path.Dir(f.Path); at != "/"; at = path.Dir(at) {
				if p := t.at[at]; p != nil {
					return p.Name
				}
			}
			return ""
		}
		if dir == "/" {
			return ""
		}
		dir = path.Dir(dir)
	}
}

// A pythonEnv is what lies in one site-packages folder.
type pythonEnv map[string]*image.Package

// anyExtra stands for all extras of a package but those for development.
const anyExtra = "*"

// reach adds to seen the names of what requirements bring, and what that needs.
func (e pythonEnv) reach(requirements []string, seen map[string]bool) {
	for todo := slices.Clone(requirements); len(todo) > 0; {
		r := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		name := image.PypiName(r)
		p := e[name]
		if p == nil {
			continue
		}
		if !seen[name] {
			seen[name] = true
			todo = append(todo, p.Needs...)
		}
		extras := image.PypiExtras(r)
		if slices.Contains(extras, anyExtra) {
			extras = slices.DeleteFunc(slices.Collect(maps.Keys(p.Extras)), knowledge.DevGroups.Has)
		}
		for _, extra := range extras {
			if key := name + "[" + extra; !seen[key] {
				seen[key] = true
				todo = append(todo, p.Extras[extra]...)
			}
		}
	}
}

// A pythonProject is what a project in the image says of its packages.
type pythonProject struct {
	name        string
	needs, wish []string // the requirements of the program, and those of development alone
	by          string   // what says so
}

// listedPython are the installed packages that a project lists for development
// alone, in a group or an extra, and that nothing else in their environment needs.
func listedPython(img *image.Image) []spare {
	envs := map[string]pythonEnv{}
	for i := range img.Packages {
		p := &img.Packages[i]
		dir := path.Dir(path.Dir(p.Path))
		if p.Ecosystem != image.Pypi || !strings.HasSuffix(dir, "-packages") {
			continue
		}
		if envs[dir] == nil {
			envs[dir] = pythonEnv{}
		}
		envs[dir][image.PypiName(p.Name)] = p
	}
	var projects []pythonProject
	for _, m := range img.Manifests("pyproject.toml") {
		if p, err := manifest.ParsePyProject(m.Data); err == nil && !p.Dynamic {
			projects = append(projects, projectOf(p, m.Path))
		}
	}
	var list []spare
	for _, dir := range slices.Sorted(maps.Keys(envs)) {
		env := envs[dir]
		for _, p := range slices.Concat(projects, installedProjects(img, dir, env)) {
			list = append(list, env.spares(p)...)
		}
	}
	return list
}

// projectOf is what a pyproject.toml says.
func projectOf(p *manifest.PyProject, file string) pythonProject {
	x := pythonProject{name: image.PypiName(p.Name)}
	for _, r := range p.Dependencies {
		if p.Tool == "poetry" {
			r += "[" + anyExtra + "]" // which extras its tables ask for is not kept
		}
		x.needs = append(x.needs, r)
	}
	var groups []string
	for _, part := range []struct {
		of   map[string][]string
		what string
	}{{p.Groups, "group "}, {p.Extras, "extra "}} {
		for _, name := range slices.Sorted(maps.Keys(part.of)) {
			if knowledge.DevGroups.Has(strings.ToLower(name)) {
				x.wish = append(x.wish, part.of[name]...)
				groups = append(groups, part.what+name)
			} else {
				x.needs = append(x.needs, part.of[name]...)
			}
		}
	}
	x.by = sentence(groups) + " of " + file
	return x
}

// installedProjects are the projects that were installed from a folder of this
// machine, as their metadata says: theirs are the extras that somebody works with.
func installedProjects(img *image.Image, dir string, env pythonEnv) []pythonProject {
	if strings.Contains(dir, "/conda") || img.Tree.Lstat(path.Join(dir, "../../../conda-meta")) != nil {
		return nil // conda says so of every package
	}
	var list []pythonProject
	for _, m := range img.Manifests("direct_url.json") {
		var from struct {
			URL string          `json:"url"`
			Dir json.RawMessage `json:"dir_info"`
		}
		if path.Dir(path.Dir(m.Path)) != dir || json.Unmarshal(m.Data, &from) != nil || from.Dir == nil || !strings.HasPrefix(from.URL, "file:") {
			continue
		}
		for name, p := range env {
			if path.Dir(p.Path) != path.Dir(m.Path) {
				continue
			}
			x := pythonProject{name: name, needs: slices.Clone(p.Needs)}
			var extras []string
			for _, extra := range slices.Sorted(maps.Keys(p.Extras)) {
				if knowledge.DevGroups.Has(extra) {
					x.wish, extras = append(x.wish, p.Extras[extra]...), append(extras, "extra "+extra)
				} else {
					x.needs = append(x.needs, p.Extras[extra]...)
				}
			}
			x.by = sentence(extras) + " of " + p.Name
			list = append(list, x)
		}
	}
	return list
}

// spares are the packages of an environment that a project wishes for its
// development alone.
func (e pythonEnv) spares(p pythonProject) []spare {
	has := func(requirement string) bool { return e[image.PypiName(requirement)] != nil }
	if len(p.wish) == 0 || len(p.needs) > 0 && !has(p.name) && !slices.ContainsFunc(p.needs, has) {
		return nil // it is another project's environment
	}
	needed, wished := map[string]bool{}, map[string]bool{}
	e.reach(p.needs, needed)
	if e[p.name] != nil {
		needed[p.name] = true
	}
	e.reach(p.wish, wished)
	// What neither of them brings was asked for by somebody else.
	var others []string
	for name := range e {
		if !needed[name] && !wished[name] {
			others = append(others, name)
		}
	}
	e.reach(others, needed)
	var list []spare
	for _, requirement := range slices.Compact(slices.Sorted(slices.Values(p.wish))) {
		name := image.PypiName(requirement)
		if e[name] != nil && !needed[name] && !knowledge.Installers.Has(name) { // which every environment has
			list = append(list, spare{e[name].Name, e[name].Layer, p.by})
		}
	}
	return list
}
