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
	node, whole := listedNode(ev.Image)
	for _, s := range slices.Concat(node, listedPython(ev.Image), namedDev(ev.Image)) {
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
	if len(found) == 0 && !whole {
		return check.Unknown(check.ByEye, "the image has too many packages and manifests to tell which of them only development needs")
	}
	return check.Judge(found)
}

// mostNodeProjects is how many projects of an image are judged by their manifests: of
// Python fewer, for a pyproject.toml can take a while to read.
const (
	mostNodeProjects   = 2000
	mostPythonProjects = 50
)

// namedDev are the packages that are known as test runners and linters.
func namedDev(img *image.Image) []spare {
	var list []spare
	asked := askedFor(img)
	for _, p := range img.Packages {
		if p.Ecosystem == image.Pypi && asked[distribution(p.Name)] {
			continue
		}
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
	img  *image.Image
	at   map[string]*image.Package // by folder
	left int                       // folders on the ways of paths that may still be looked up
}

// mostLookedUp is what some thirty thousand packages take.
const mostLookedUp = 8_000_000

// spend takes the way to a folder, and from there to a package, from the budget;
// false = there is nothing left.
func (t *nodeTree) spend(dir string) bool {
	t.left -= strings.Count(dir, "/") + 4
	return t.left >= 0
}

// parent is the folder that a clean folder lies in, without making it clean again.
func parent(dir string) string { return dir[:max(1, strings.LastIndexByte(dir, '/'))] }

// find is the folder of the package that is loaded under a name from a folder,
// as Node looks for it; "" = none.
func (t *nodeTree) find(dir, name string) string {
	for {
		if !t.spend(dir) {
			return ""
		}
		if !strings.HasSuffix(dir, "/node_modules") {
			if f, err := t.img.Tree.Lookup(dir + "/node_modules/" + name + "/package.json"); err == nil {
				return path.Dir(f.Path)
			}
		}
		if dir == "/" {
			return ""
		}
		dir = parent(dir)
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
// a project in it, nor what it starts. whole is false where there was too much to
// look at.
func listedNode(img *image.Image) (list []spare, whole bool) {
	type project struct {
		path string
		*manifest.Package
	}
	var projects []project
	manifests := img.Manifests("package.json")
	for _, m := range manifests[:min(len(manifests), mostNodeProjects)] {
		if p, err := manifest.ParsePackageJSON(m.Data); err == nil {
			projects = append(projects, project{m.Path, p})
		}
	}
	if !slices.ContainsFunc(projects, func(p project) bool { return len(p.DevDependencies) > 0 }) {
		return nil, len(manifests) <= mostNodeProjects
	}
	tree := &nodeTree{img: img, at: map[string]*image.Package{}, left: mostLookedUp}
	for i := range img.Packages {
		if p := &img.Packages[i]; p.Ecosystem == image.Npm {
			tree.at[path.Dir(p.Path)] = p
		}
	}
	needed := map[string]bool{}
	for _, p := range projects {
		names := slices.Concat(slices.Collect(maps.Keys(p.Dependencies)), slices.Collect(maps.Keys(p.OptionalDependencies)), slices.Collect(maps.Keys(p.PeerDependencies)))
		if !tree.reach(path.Dir(p.path), append(names, tree.started(path.Dir(p.path), p.Package)...), needed) {
			return nil, true
		}
	}
	for _, p := range projects {
		dir := path.Dir(p.path)
		for _, name := range slices.Sorted(maps.Keys(p.DevDependencies)) {
			at := tree.find(dir, name)
			if at == "" || needed[at] || tree.at[at] == nil {
				continue
			}
			list = append(list, spare{name, tree.at[at].Layer, "devDependencies of " + p.path})
		}
	}
	if tree.left < 0 || len(manifests) > mostNodeProjects {
		return nil, false // a package that was not reached may be needed
	}
	return list, true
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
		if !t.spend(dir) {
			return ""
		}
		if f, err := t.img.Tree.Lookup(dir + "/node_modules/.bin/" + program); err == nil {
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
		dir = parent(dir)
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
	manifests := img.Manifests("pyproject.toml")
	for _, m := range manifests[:min(len(manifests), mostPythonProjects)] {
		if p, err := manifest.ParsePyProject(m.Data); err == nil && !p.Dynamic {
			projects = append(projects, projectOf(p, m.Path))
		}
	}
	local := installedProjects(img, envs)
	var list []spare
	for _, dir := range slices.Sorted(maps.Keys(envs)) {
		for _, p := range slices.Concat(projects, local[dir]) {
			list = append(list, envs[dir].spares(p)...)
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
// machine, as their metadata says, by their environments: theirs are the extras
// that somebody works with.
func installedProjects(img *image.Image, envs map[string]pythonEnv) map[string][]pythonProject {
	at := map[string]*image.Package{} // by the folder of their metadata
	for _, env := range envs {
		for _, p := range env {
			at[path.Dir(p.Path)] = p
		}
	}
	local := map[string][]pythonProject{}
	for _, m := range img.Manifests("direct_url.json") {
		var from struct {
			URL string          `json:"url"`
			Dir json.RawMessage `json:"dir_info"`
		}
		p, dir := at[path.Dir(m.Path)], path.Dir(path.Dir(m.Path))
		if p == nil || len(local[dir]) == mostPythonProjects || json.Unmarshal(m.Data, &from) != nil || from.Dir == nil || !strings.HasPrefix(from.URL, "file:") {
			continue
		}
		if strings.Contains(dir, "/conda") || img.Tree.Lstat(path.Join(dir, "../../../conda-meta")) != nil {
			continue // conda says so of every package
		}
		x := pythonProject{name: image.PypiName(p.Name), needs: slices.Clone(p.Needs)}
		var extras []string
		for _, extra := range slices.Sorted(maps.Keys(p.Extras)) {
			if knowledge.DevGroups.Has(extra) {
				x.wish, extras = append(x.wish, p.Extras[extra]...), append(extras, "extra "+extra)
			} else {
				x.needs = append(x.needs, p.Extras[extra]...)
			}
		}
		x.by = sentence(extras) + " of " + p.Name
		local[dir] = append(local[dir], x)
	}
	return local
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
