package stack

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
)

var settingsRE = regexp.MustCompile(`["']DJANGO_SETTINGS_MODULE["']\s*,\s*["']([A-Za-z0-9_.]+)["']`)

// django tells whether this is a Django project, and reads its settings.
func (p *pyProject) django() bool {
	manage := ""
	for _, f := range p.t.files {
		if path.Base(f) == "manage.py" && !isSide(f) && strings.Count(f, "/") < 3 && strings.Contains(string(p.t.read(f)), "django") {
			manage = f
			break
		}
	}
	if manage == "" {
		return false
	}
	d := &Django{}
	p.py.Django = d
	root := path.Dir(manage)
	// What a server starts names the settings of production.
	candidates := []string{}
	for _, f := range p.t.files {
		if b := path.Base(f); (b == "wsgi.py" || b == "asgi.py") && strings.HasPrefix(f+"/", strings.TrimPrefix(root+"/", "./")) {
			candidates = append(candidates, f)
		}
	}
	for _, f := range append(candidates, manage) {
		if m := settingsRE.FindSubmatch(p.t.read(f)); m != nil {
			d.Settings = Fact{Value: string(m[1]), At: Place{f, p.t.lineOf(f, string(m[1]))}}
			break
		}
	}
	found := func(root string) bool {
		m, rest := p.cut(prefix(root, d.Settings.Value))
		return m != nil && rest == ""
	}
	switch {
	case !d.Settings.Known() || found("."):
	case found(root):
		p.below = root
	default:
		// manage.py puts a folder below itself on the path.
		for _, m := range p.modules {
			if before, ok := strings.CutSuffix(m.name, "."+d.Settings.Value); ok {
				root = strings.ReplaceAll(before, ".", "/")
				p.below = root
				break
			}
		}
	}
	p.py.Root = root
	p.settings(d, root)
	return true
}

// prefix is a dotted name below a root folder.
func prefix(root, dotted string) string {
	if root == "." || root == "" {
		return dotted
	}
	return strings.ReplaceAll(root, "/", ".") + "." + dotted
}

// settings reads the settings module, and what it takes with a star from others.
func (p *pyProject) settings(d *Django, root string) {
	var list []*module
	seen := map[*module]bool{}
	var follow func(m *module)
	follow = func(m *module) {
		if m == nil || seen[m] {
			return
		}
		seen[m] = true
		for _, i := range m.parsed().Imports {
			if i.Name == "*" {
				o, _ := p.find(m, i.Module)
				follow(o)
			}
		}
		list = append(list, m)
	}
	m, _ := p.cut(prefix(root, d.Settings.Value))
	follow(m)
	static, installed := Fact{}, false
	d.OpenHost = false
	hosts := false
	for _, m := range list {
		for _, a := range m.parsed().Assigns {
			switch a.Name {
			case "STATIC_ROOT":
				if a.If && !static.Known() {
					p.s.Notes = append(p.s.Notes, fmt.Sprintf("STATIC_ROOT is set on a condition only (%s:%d): static files are not collected in the build", m.file, a.Line))
					continue
				}
				static = Fact{Value: "STATIC_ROOT", At: Place{m.file, a.Line}}
				if a.Value.Form == python.Name && a.Value.Text == "None" {
					static = Fact{}
				}
			case "INSTALLED_APPS", "DJANGO_APPS", "THIRD_PARTY_APPS", "PREREQ_APPS":
				installed = installed || slices.Contains(a.Value.Literals(), "django.contrib.staticfiles")
			case "ALLOWED_HOSTS":
				hosts = true
				d.Hosts = nil
				if a.Value.Form == python.List {
					d.Hosts = a.Value.Literals()
				} else {
					d.Hosts = hostsOf(a.Value.Literals())
				}
			case "DEBUG":
				if a.Value.Form == python.Name && a.Value.Text == "True" && !hosts {
					d.OpenHost = true
				}
			}
		}
		for _, g := range m.parsed().Gets {
			if g.Of == "os.environ" && g.Index.Form == python.String {
				d.Keys = append(d.Keys, g.Index.Text)
			}
		}
	}
	for _, h := range d.Hosts {
		if h == "*" || h == "127.0.0.1" {
			d.OpenHost = true
		}
	}
	if installed && static.Known() {
		d.Static = static
	}
	for _, f := range p.t.files {
		if strings.Contains(f, "/migrations/0") {
			d.Migrate = true
		}
	}
}

func hostsOf(list []string) (hosts []string) {
	for _, s := range list {
		for _, h := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
			if strings.ContainsAny(h, ".*") || h == "localhost" {
				hosts = append(hosts, h)
			}
		}
	}
	return hosts
}

// djangoProgram is what a server starts of a Django project, where its module is
// not written down.
func (p *pyProject) djangoProgram() []*program {
	d := p.py.Django
	if d == nil {
		return nil
	}
	want := ""
	if m, _ := p.cut(prefix(p.py.Root, d.Settings.Value)); m != nil {
		for _, name := range []string{"WSGI_APPLICATION", "ASGI_APPLICATION"} {
			if a := m.parsed().Assigned(name); a != nil && want == "" {
				if s, ok := a.Value.Literal(); ok {
					want = parent(s)
				}
			}
		}
	}
	asgi := false
	for _, s := range []string{"uvicorn", "daphne", "hypercorn"} {
		_, ok := p.dep(s)
		asgi = asgi || ok
	}
	if _, ok := p.dep("gunicorn"); ok {
		if _, channels := p.dep("channels"); !channels {
			asgi = false
		}
	}
	var list []*program
	for _, m := range p.modules {
		base := path.Base(m.file)
		if base != "wsgi.py" && base != "asgi.py" || !m.mentions("application") {
			continue
		}
		a := m.parsed().Assigned("application")
		if a == nil {
			continue
		}
		call := "django.core.wsgi.get_wsgi_application"
		if base == "asgi.py" {
			call = "django.core.asgi.get_asgi_application"
		}
		c := &program{m: m, object: "application", framework: knowledge.FrameworkOf("python", call), at: Place{m.file, a.Line}, rank: rankOf(m.file), named: true, why: "Django"}
		if (base == "asgi.py") != asgi {
			c.rank += 40
			c.named = false
		}
		if want != "" && c.m.name != prefix(p.py.Root, want) && base == "wsgi.py" {
			c.rank += 10
		}
		list = append(list, c)
	}
	if len(list) == 1 {
		list[0].named = true
	}
	return list
}
