package stack

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
)

// A program is something in the source that can be started.
type program struct {
	m         *module
	object    string // the name in its module; "" = the file as such
	framework *knowledge.Framework
	factory   bool // object is a function that makes it
	at        Place
	rank      int  // the lower, the likelier it is meant
	named     bool // the project itself says that it is meant
	why       string
	full      string  // the name by which its module imports it; "" = it is made there
	made      *module // where it is made, if not in its module
}

// value is the program as its server takes it.
func (c *program) value() string {
	if c.object == "" {
		return c.m.file
	}
	return c.m.name + ":" + c.object
}

// usual are the names of files that programs start in, the likeliest first, as
// the fastapi command and flask look for them.
var usual = []string{"main", "app", "api", "server", "application", "wsgi", "asgi", "run", "streamlit_app", "index", "web", "bot", "worker", "__main__", "__init__"}

func rankOf(file string) int {
	base := strings.TrimSuffix(path.Base(file), ".py")
	rank := 50
	if i := slices.Index(usual, base); i >= 0 {
		rank = i
	}
	dir := strings.TrimPrefix(path.Dir(file)+"/", "src/")
	depth := 0
	if dir != "./" && dir != "" {
		depth = strings.Count(dir, "/")
	}
	return depth*100 + rank
}

// frameworkWords are texts without which a file holds no program of a framework.
var frameworkWords = func() []string {
	seen := map[string]bool{}
	var list []string
	for _, f := range knowledge.Frameworks() {
		if f.Language != "python" {
			continue
		}
		for _, c := range slices.Concat(f.Calls, f.Imports, f.Runs) {
			word, _, _ := strings.Cut(c, ".")
			if !seen[word] {
				seen[word] = true
				list = append(list, word)
			}
		}
	}
	return list
}

// classify tells which framework an expression makes a program of.
func (p *pyProject) classify(m *module, e *python.Expr, local []python.Assign, depth int) *knowledge.Framework {
	if e == nil || depth > 8 {
		return nil
	}
	switch e.Form {
	case python.Invoke:
		if f := knowledge.FrameworkOf("python", e.Call.Func); f != nil {
			return f
		}
		if f := p.made(m, e.Call.Func, depth); f != nil {
			return f
		}
		// What wraps a program is one: Middleware(app).
		if other, _ := p.find(m, e.Call.Func); other == nil {
			for i := range e.Call.Args {
				if a := &e.Call.Args[i]; a.Value.Form == python.Name || a.Value.Form == python.Invoke {
					if f := p.classify(m, &a.Value, local, depth+1); f != nil && (f.Interface == "asgi" || f.Interface == "wsgi") && a.Name != "celery" {
						return f
					}
				}
			}
		}
	case python.Name:
		for i := len(local) - 1; i >= 0; i-- {
			if local[i].Name == e.Text && local[i].Value.Text != e.Text {
				return p.classify(m, &local[i].Value, local[:i], depth+1)
			}
		}
		if a := m.parsed().Assigned(e.Text); a != nil {
			return p.classify(m, &a.Value, nil, depth+1)
		}
		if other, name := p.find(m, e.Text); other != nil && other != m && name != "" && !strings.Contains(name, ".") {
			if a := other.parsed().Assigned(name); a != nil {
				return p.classify(other, &a.Value, nil, depth+1)
			}
		}
	case python.List, python.Other:
		for i := range e.Parts {
			if f := p.classify(m, &e.Parts[i], local, depth+1); f != nil {
				return f
			}
		}
	}
	return nil
}

// made tells which framework a function of the project makes a program of.
func (p *pyProject) made(m *module, function string, depth int) *knowledge.Framework {
	owner, name := m, function
	d := m.parsed().Def(function)
	if d == nil {
		if owner, name = p.find(m, function); owner == nil {
			return nil
		}
		d = owner.parsed().Def(name)
	}
	if d == nil {
		// A class of the project's that is one of the framework's.
		for _, c := range owner.parsed().Classes {
			if c.Name == name {
				for _, b := range c.Bases {
					if f := knowledge.FrameworkOf("python", b); f != nil {
						return f
					}
				}
			}
		}
		return nil
	}
	for i := range d.Returns {
		if f := p.classify(owner, &d.Returns[i], d.Assigns, depth+1); f != nil {
			return f
		}
	}
	return nil
}

// programs are all that can be started, in the order of the files.
func (p *pyProject) programs() (list []*program) {
	words := frameworkWords()
	named := p.factories()
	defer func() {
		for _, c := range list {
			if c.framework.Kind == string(Service) && aside(c.m) {
				c.rank += 200
			}
		}
	}()
	for _, m := range p.modules {
		if !m.mentions(words...) && !m.mentions("create_app", "make_app", "get_app") {
			continue
		}
		src := m.parsed()
		found := false
		for i := range src.Assigns {
			a := &src.Assigns[i]
			if strings.Contains(a.Name, ".") || strings.HasPrefix(a.Name, "_") {
				continue
			}
			if a.Value.Form != python.Invoke && a.Value.Form != python.Other {
				continue // another name for it
			}
			if f := p.classify(m, &a.Value, nil, 0); f != nil {
				c := &program{m: m, object: a.Name, framework: f, at: Place{m.file, a.Line}, rank: rankOf(m.file)}
				if a.Name != "app" && a.Name != "application" && a.Name != "server" {
					c.rank += 5
				}
				// The last value of a name counts, and what wraps a program stands for it.
				if n := len(list); n > 0 && list[n-1].m == m && found && list[n-1].framework.Interface == f.Interface && (list[n-1].object == a.Name || wraps(&a.Value, list[n-1].object)) {
					list[n-1] = c
					continue
				}
				found = true
				list = append(list, c)
			}
		}
		if !found {
			for _, d := range src.Defs {
				if d.Class != "" || d.In != "" || d.Needs > 0 || !named[d.Name] && !slices.Contains([]string{"create_app", "make_app", "get_app", "build_app", "create_application", "get_application", "init_app", "app_factory", "create"}, d.Name) {
					continue
				}
				for i := range d.Returns {
					if f := p.classify(m, &d.Returns[i], d.Assigns, 1); f != nil {
						list = append(list, &program{m: m, object: d.Name, framework: f, factory: true, at: Place{m.file, d.Line}, rank: rankOf(m.file) + 20})
						found = true
						break
					}
				}
				if found {
					break
				}
			}
		}
		for _, f := range knowledge.Frameworks() {
			if f.Language != "python" || found {
				continue
			}
			for _, name := range f.Imports {
				line, ok := src.Takes(name)
				if !ok || strings.Contains("/"+m.file, "/pages/") {
					continue
				}
				c := &program{m: m, framework: f, at: Place{m.file, line}, rank: rankOf(m.file)}
				if f.Interface == "own" && !p.starts(m, f) {
					continue
				}
				list = append(list, c)
				found = true
			}
			for _, call := range src.Calls {
				if !found && slices.Contains(f.Runs, call.Func) {
					list = append(list, &program{m: m, framework: f, at: Place{m.file, call.Line}, rank: rankOf(m.file)})
					found = true
				}
			}
		}
	}
	return list
}

// factories are the functions that uvicorn.run names as such.
func (p *pyProject) factories() map[string]bool {
	list := map[string]bool{}
	for _, m := range p.modules {
		if !m.mentions("uvicorn") || !m.mentions("factory") {
			continue
		}
		for _, c := range m.parsed().Calls {
			if s, ok := c.Arg("app", 0).Literal(); ok && c.Func == "uvicorn.run" {
				if _, name, ok := strings.Cut(s, ":"); ok {
					list[name] = true
				}
			}
		}
	}
	return list
}

// aside tells whether a file makes a web program only to work in its surroundings: a
// worker, a script.
func aside(m *module) bool {
	base := path.Base(m.file)
	for _, w := range []string{"worker", "celery", "task", "cli", "seed", "script", "init_db", "migrate", "shell"} {
		if strings.Contains(base, w) {
			return true
		}
	}
	return m.mentions("app_context().push()", "ctx.push()", ".work(")
}

// wraps tells whether a value has a name among its arguments.
func wraps(e *python.Expr, name string) bool {
	for _, c := range e.Calls() {
		for i := range c.Args {
			if c.Args[i].Value.Form == python.Name && c.Args[i].Value.Text == name {
				return true
			}
		}
	}
	return false
}

// starts tells whether a file is a page, and not only a helper of one: others do
// not import it, and it calls the framework at its own level or has a main guard.
func (p *pyProject) starts(m *module, f *knowledge.Framework) bool {
	for _, other := range p.modules {
		if other == m || !other.mentions(m.name[strings.LastIndexByte(m.name, '.')+1:]) {
			continue
		}
		for _, i := range other.parsed().Imports {
			full := i.Module
			if i.Name != "" && i.Name != "*" {
				full += "." + i.Name
			}
			if found, _ := p.find(other, full); found == m {
				return false
			}
		}
	}
	src := m.parsed()
	if src.Main > 0 {
		return true
	}
	for _, c := range src.Calls {
		for _, name := range f.Imports {
			if c.In == "" && strings.HasPrefix(c.Func, name+".") {
				return true
			}
		}
	}
	return f.Name == "Chainlit"
}

// imports tells whether a module imports another, directly or through others of
// the project.
func (p *pyProject) imports(m, other *module, depth int) bool {
	if depth > 4 {
		return false
	}
	for _, i := range m.parsed().Imports {
		full := i.Module
		if i.Name != "" && i.Name != "*" {
			full += "." + i.Name
			if strings.HasSuffix(i.Module, ".") {
				full = i.Module + i.Name
			}
		}
		found, _ := p.find(m, full)
		if found == nil || found == m {
			continue
		}
		if found == other || p.imports(found, other, depth+1) {
			return true
		}
	}
	return false
}
