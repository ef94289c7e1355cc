package multistage

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"

	"github.com/dockworthy/dockworthy/source"
	"github.com/dockworthy/dockworthy/source/manifest"
)

// manifests are the dependency files of one folder as a step sees it, read
// when asked for.
type manifests struct {
	b    *source.Build
	step *source.Step
	dir  string

	node            *manifest.Package
	py              *manifest.PyProject
	nodeRead        bool
	pyRead          bool
	gemRead, phpGot bool
	gem, php        string
}

// manifests are the files of a folder in a stage; they are looked for once.
func (d *deposits) manifests(step *source.Step, dir string) *manifests {
	key := fileKey{step.Stage, dir}
	m := d.files[key]
	if m == nil {
		m = &manifests{b: d.b, step: step, dir: dir}
		d.files[key] = m
	}
	return m
}

// read is the text of a file of the folder; ok is false where nothing of the
// project is known to bring it.
func (m *manifests) read(name string) (string, bool) {
	if strings.HasPrefix(m.dir, "/") {
		if o := m.b.Sees(m.step, path.Join(m.dir, name)); o != nil {
			return o.Data()
		}
		return "", false
	}
	// The working folder is the base image's own, which is not known: the
	// file at the root of the context is the likely one.
	data, ok := m.b.Context.Read(name)
	return string(data), ok
}

// nodeDev says which development dependencies package.json has. guess is true
// where it cannot be read, or speaks for a workspace whose members may have
// some.
func (m *manifests) nodeDev() (why string, dev, guess bool) {
	if !m.nodeRead {
		m.nodeRead = true
		if data, ok := m.read("package.json"); ok {
			if p, err := manifest.ParsePackageJSON([]byte(data)); err == nil {
				m.node = p
			}
		}
	}
	switch {
	case m.node == nil:
		return "the development dependencies of package.json", false, true
	case len(m.node.DevDependencies) > 0:
		return "devDependencies: " + some(m.node.DevDependencies), true, false
	}
	return "the development dependencies of its workspaces", false, m.node.Workspaces
}

// some names a few keys of a map, in order.
func some[V any](m map[string]V) string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	sort.Strings(list)
	if len(list) > 3 {
		list = append(list[:2:2], fmt.Sprintf("%d more", len(list)-2))
	}
	return sentence(list)
}

// groups says which dependency groups the project's tool installs by itself.
func (m *manifests) groups(manager string) (why string, dev, guess bool) {
	if !m.pyRead {
		m.pyRead = true
		if data, ok := m.read("pyproject.toml"); ok {
			if p, err := manifest.ParsePyProject([]byte(data)); err == nil {
				m.py = p
			}
		}
	}
	if m.py == nil {
		return "the dependency groups of pyproject.toml", false, true
	}
	groups := m.groupsBy(manager)
	if len(groups) == 0 {
		return "", false, false
	}
	g := groups[0]
	return fmt.Sprintf("group %s of pyproject.toml: %s", g, sentence(firstNames(m.py.Groups[g]))), true, false
}

// groupsBy are the groups with something in them that this manager installs
// unless told not to.
func (m *manifests) groupsBy(manager string) []string {
	p := *m.py
	// The command says which tool it is, whatever tables the file has.
	p.Tool = manager
	var list []string
	for _, g := range p.DefaultGroups() {
		if manager == "uv" && g != "dev" {
			continue
		}
		list = append(list, g)
	}
	return list
}

// firstNames are the names of a few requirements.
func firstNames(reqs []string) []string {
	var list []string
	for _, r := range reqs {
		if len(list) == 3 {
			break
		}
		list = append(list, strings.TrimSpace(strings.FieldsFunc(r+" ", func(c rune) bool { return strings.ContainsRune("<>=!~[; ", c) })[0]))
	}
	return list
}

// gemGroup matches a group of a Gemfile that is for development.
var gemGroup = regexp.MustCompile(`(?m)^\s*group\b[^\n]*?:(development|test)\b|(?m)^\s*gem\b[^\n]*groups?:[^\n]*?:(development|test)\b`)

func (m *manifests) gemGroups() (why string, dev bool) {
	if !m.gemRead {
		m.gemRead = true
		m.gem, _ = m.read("Gemfile")
	}
	g := gemGroup.FindStringSubmatch(m.gem)
	if g == nil {
		return "", false
	}
	return fmt.Sprintf("group :%s of the Gemfile", g[1]+g[2]), true
}

func (m *manifests) composerDev() (why string, dev bool) {
	if !m.phpGot {
		m.phpGot = true
		m.php, _ = m.read("composer.json")
	}
	var c struct {
		Dev map[string]any `json:"require-dev"`
	}
	if json.Unmarshal([]byte(m.php), &c) != nil || len(c.Dev) == 0 {
		return "", false
	}
	return "require-dev: " + some(c.Dev), true
}
