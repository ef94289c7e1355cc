package entrypoint

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source"
)

var (
	nodeImport   = regexp.MustCompile(`(?:require\(|from\s|import\s*\(?)\s*['"](\.{1,2}/[^'"]+)['"]`)
	pythonImport = regexp.MustCompile(`(?m)^\s*(?:from\s+(\.*[\w.]*)\s+import\s+([\w, ]+)|import\s+([\w.]+))`)
)

// An importer looks through the modules of the project that a source imports.
type importer struct {
	b       *source.Build
	handler *regexp.Regexp // what it looks for
	root    string         // the folder of the program, in which Python looks for modules
	seen    map[string]bool
}

// maxModules bounds how many files are looked through.
const maxModules = 50

// handles tells whether a module that a source imports, or one that this imports in
// turn, handles the signal or cannot be read. name is the source's path in the
// image.
func (i *importer) handles(name, data string) bool {
	for _, m := range nodeImport.FindAllStringSubmatch(data, maxModules) {
		if !slices.ContainsFunc(nodeModule(path.Dir(name), m[1]), func(p string) bool { return i.b.FileAt(p) != nil }) {
			return true // whatever it does
		}
	}
	for _, p := range i.modules(path.Dir(name), data) {
		if i.seen[p] || len(i.seen) >= maxModules {
			continue
		}
		o := i.b.FileAt(p)
		if o == nil {
			continue
		}
		i.seen[p] = true
		if inner, ok := o.Data(); !ok || i.handler.MatchString(inner) || i.handles(p, inner) {
			return true
		}
	}
	return false
}

// modules are the paths at which the modules may lie that a source in a folder
// imports.
func (i *importer) modules(dir, data string) (list []string) {
	for _, m := range nodeImport.FindAllStringSubmatch(data, maxModules) {
		list = append(list, nodeModule(dir, m[1])...)
	}
	for _, m := range pythonImport.FindAllStringSubmatch(data, maxModules) {
		module := strings.ReplaceAll(strings.Trim(m[1]+m[3], "."), ".", "/")
		for _, from := range []string{i.root, dir} {
			p := path.Join(from, module)
			list = append(list, p+".py", p+"/__init__.py")
			for name := range strings.SplitSeq(m[2], ",") {
				if name, _, _ = strings.Cut(strings.TrimSpace(name), " "); name != "" {
					list = append(list, path.Join(p, name)+".py")
				}
			}
		}
	}
	return list
}

// nodeModule are the paths at which Node looks for a module of a relative name.
func nodeModule(dir, name string) []string {
	p := path.Join(dir, name)
	return []string{p, p + ".js", p + ".mjs", p + ".cjs", p + ".json", p + "/index.js"}
}
