package multistage

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
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
	nodeSome        string
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

// file is a file of the folder; nil where nothing of the project is known to
// bring it by then.
func (m *manifests) file(name string) *source.Origin {
	if strings.HasPrefix(m.dir, "/") {
		o := m.b.SeesThen(m.step, path.Join(m.dir, name))
		if o != nil && o.Step != nil && o.Step.Stage == m.step.Stage && o.Step.Index > m.step.Index {
			return nil
		}
		return o
	}
	// The working folder is the base image's own, which is not known: the
	// file at the root of the context is the likely one.
	return &source.Origin{Context: m.b.Context, Path: name}
}

// read is the text of such a file.
func (m *manifests) read(name string) string {
	o := m.file(name)
	if o == nil {
		return ""
	}
	data, _ := o.Data()
	return data
}

// nodeDev says which development dependencies package.json has. guess is true
// where it cannot be read, or speaks for a workspace whose members may have
// some.
func (m *manifests) nodeDev() (why string, dev, guess bool) {
	if !m.nodeRead {
		m.nodeRead = true
		if o := m.file("package.json"); o != nil {
			m.node = o.PackageJSON()
		}
		if m.node != nil && len(m.node.DevDependencies) > 0 {
			m.nodeSome = some(m.node.DevDependencies)
		}
	}
	switch {
	case m.node == nil:
		return "the development dependencies of package.json", false, true
	case len(m.node.DevDependencies) > 0:
		return "devDependencies: " + m.nodeSome, true, false
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
		if o := m.file("pyproject.toml"); o != nil {
			m.py = o.PyProject()
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
		if g := gemGroup.FindStringSubmatch(m.read("Gemfile")); g != nil {
			m.gem = fmt.Sprintf("group :%s of the Gemfile", g[1]+g[2])
		}
	}
	return m.gem, m.gem != ""
}

func (m *manifests) composerDev() (why string, dev bool) {
	if !m.phpGot {
		m.phpGot = true
		var c struct {
			Dev map[string]any `json:"require-dev"`
		}
		if json.Unmarshal([]byte(m.read("composer.json")), &c) == nil && len(c.Dev) > 0 {
			m.php = "require-dev: " + some(c.Dev)
		}
	}
	return m.php, m.php != ""
}
