package stack

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// entry tells what starts the project.
func (p *pyProject) entry() error {
	lines := p.procfile()
	django := p.django()
	if p.opt.App != "" {
		return p.asked(p.opt.App)
	}
	if p.opt.Line != "" {
		l := line{name: "web", text: p.opt.Line, at: p.opt.At}
		if p.opt.Port == 0 {
			l.name = "command"
		}
		if p.brings(l) && p.fromLine(l) {
			p.others(lines, "web")
			return nil
		}
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s starts it with %q, which is not taken over: how it is started is found out from its source", p.opt.At, p.opt.Line))
	}
	if web, ok := lines["web"]; ok && p.fromLine(web) {
		p.others(lines, "web")
		return nil
	}
	if l, ok := p.task(); ok && p.brings(l) && p.fromLine(l) {
		return nil
	}
	if p.graph() || p.agents() {
		return nil
	}
	list := p.programs()
	p.name(list)
	list = p.helpers(append(list, p.passedOn(list)...))
	if django {
		list = append(list, p.djangoProgram()...)
	}
	best, err := p.choose(list)
	if err != nil {
		return err
	}
	if best != nil {
		p.begin(best)
		p.others(lines, "web")
		return nil
	}
	for _, name := range []string{"worker", "bot", "app", "main"} {
		if line, ok := lines[name]; ok && p.fromLine(line) {
			p.others(lines, name)
			return nil
		}
	}
	return p.script()
}

// task is the task of taskipy with which people start the project.
func (p *pyProject) task() (line, bool) {
	if p.project == nil || p.project.Tool.Taskipy == nil {
		return line{}, false
	}
	for _, name := range []string{"start", "serve", "run"} {
		text, ok := p.project.Tool.Taskipy.Tasks[name].(string)
		if ok && strings.HasPrefix(text, "python -m ") {
			return line{name: "task", text: text, at: Place{"pyproject.toml", p.t.lineOf("pyproject.toml", text)}}, true
		}
	}
	return line{}, false
}

// brings tells whether the project brings the program of a command line, as far as names
// tell: an image may have any other, as a runner of tasks.
func (p *pyProject) brings(l line) bool {
	c := parseCommand(l.text)
	if len(c.words) == 0 {
		return false
	}
	name := c.words[0]
	return strings.Contains(name, "/") || shell.IsPython(name) || knowledge.Shells.Has(name) || len(knowledge.ServerOf(name).Programs) > 0 || p.scripts()[name] != "" ||
		slices.ContainsFunc(slices.Collect(maps.Keys(p.deps)), func(pkg string) bool {
			return pkg == normal(name) || strings.HasPrefix(pkg, normal(name)+"-")
		})
}

// name marks the programs that the project itself names: for fastapi, in
// uvicorn.run, in .flaskenv.
func (p *pyProject) name(list []*program) {
	mark := func(value, why string) {
		for _, c := range list {
			if c.value() == value || strings.TrimPrefix(c.value(), "src.") == value || strings.HasSuffix(c.value(), "."+value) {
				c.named, c.why = true, why
			}
		}
	}
	if f := p.project; f != nil && f.Tool.FastAPI != nil && f.Tool.FastAPI.Entrypoint != "" {
		mark(f.Tool.FastAPI.Entrypoint, "[tool.fastapi]")
	}
	for _, m := range p.modules {
		if !m.mentions("uvicorn.run", "hypercorn", "granian", "from uvicorn") {
			continue
		}
		for _, c := range m.parsed().Calls {
			if c.Func != "uvicorn.run" {
				continue
			}
			e := c.Arg("app", 0)
			if s, ok := e.Literal(); ok {
				mark(s, fmt.Sprintf("uvicorn.run, %s:%d", m.file, c.Line))
			}
		}
	}
	for line := range strings.Lines(string(p.t.read(".flaskenv"))) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "FLASK_APP="); ok {
			v = strings.Trim(strings.TrimSuffix(v, ".py"), `"'`)
			for _, c := range list {
				if c.value() == v || c.m.name == v {
					c.named, c.why = true, ".flaskenv"
				}
			}
		}
	}
}

// imported are the programs of some modules under the names by which others import them.
func (p *pyProject) imported(list []*program) (more []*program) {
	for _, m := range p.modules {
		for _, i := range m.parsed().Imports {
			if i.Name == "" || i.Name == "*" {
				continue
			}
			full := i.Module + "." + i.Name
			if strings.HasSuffix(i.Module, ".") {
				full = i.Module + i.Name
			}
			other, rest := p.find(m, full)
			for _, c := range list {
				if other == c.m && other != m && rest == c.object && rest != "" && !c.factory && (c.framework.Interface == "asgi" || c.framework.Interface == "wsgi") {
					more = append(more, &program{m: m, object: cmp.Or(i.As, i.Name), framework: c.framework, at: Place{m.file, i.Line}, rank: rankOf(m.file), full: full, made: c.m})
				}
			}
		}
	}
	return more
}

// passedOn are imported programs that the module which imports them starts: what it does
// before belongs to it.
func (p *pyProject) passedOn(list []*program) (more []*program) {
	for _, c := range p.imported(list) {
		if p.imports(c.made, c.m, 0) || aside(c.m) || c.framework.Name == "Django" {
			continue // where it is made, that is done too; or it is one of several ways to start it
		}
		for _, call := range c.m.parsed().Calls {
			e := call.Arg("app", 0)
			runs := slices.Contains(servers, call.Func) && e != nil && e.Form == python.Name && (e.Text == c.object || e.Text == c.full)
			if !call.Main && call.In != "" && call.In != "main" {
				continue // on a way that may not be taken
			}
			if runs || call.Method() == "run" && (call.Of() == c.object || call.Of() == c.full) {
				c.named, c.why = true, fmt.Sprintf("it is started there, %s:%d", c.m.file, call.Line)
				more = append(more, c)
				break
			}
		}
	}
	return more
}

// choose takes the program that is meant.
func (p *pyProject) choose(list []*program) (*program, error) {
	serves := func(c *program) int {
		switch {
		case c.named:
			return 0
		case c.framework.Kind == string(Service):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b *program) int {
		return cmp.Or(cmp.Compare(serves(a), serves(b)), cmp.Compare(a.rank, b.rank))
	})
	if len(list) == 0 {
		return nil, nil
	}
	best := list[0]
	var rivals []*program
	for _, c := range list[1:] {
		if serves(c) != serves(best) || c.m == best.m || p.imports(best.m, c.m, 0) || p.imports(c.m, best.m, 0) && !best.named {
			if c.m != best.m && serves(c) == serves(best) && !best.named && p.imports(c.m, best.m, 0) && !p.imports(best.m, c.m, 0) && c.framework.Interface == best.framework.Interface && c.rank < best.rank+100 {
				// wsgi.py that imports the app of app.py: both are the same program.
				continue
			}
			continue
		}
		if name, _ := p.theScript(); name != "" && c.framework.Interface == "own" && c.framework.Kind == string(Job) {
			continue // parts of what the project's script starts
		}
		if c.rank == best.rank && !best.named || c.rank/100 == best.rank/100 && c.framework.Name != best.framework.Name && c.framework.Kind == best.framework.Kind && c.rank%100 < 50 && best.rank%100 < 50 {
			rivals = append(rivals, c)
		}
	}
	if len(rivals) > 0 {
		u := &Unclear{Question: "several programs of this project can be started", Flag: "--app"}
		for _, c := range append([]*program{best}, rivals...) {
			u.Choices = append(u.Choices, Choice{c.value(), fmt.Sprintf("%s, %s", c.framework.Name, c.at)})
		}
		return nil, u
	}
	return best, nil
}

// asked takes what a person names.
func (p *pyProject) asked(app string) error {
	file, object, ok := strings.Cut(app, ":")
	var m *module
	for _, c := range p.modules {
		if c.name == file || c.file == file || strings.TrimPrefix(c.name, "src.") == file || strings.HasSuffix(c.name, "."+file) && m == nil {
			m = c
		}
	}
	if m == nil {
		return fmt.Errorf("--app %s: there is no module %s in this project", app, file)
	}
	list := p.programs()
	list = append(list, p.imported(list)...)
	if p.py.Django != nil {
		list = append(list, p.djangoProgram()...)
	}
	for _, c := range list {
		if c.m == m && (!ok || c.object == object) {
			c.named, c.why = true, "--app"
			p.begin(c)
			return nil
		}
	}
	if ok {
		for _, c := range p.commands(m, "") {
			if c.name == object {
				p.runFile(m)
				p.kindOf(m, object)
				p.give(c)
				return nil
			}
		}
		// A console script whose function is a group.
		for name, target := range p.scripts() {
			mod, function, _ := strings.Cut(target, ":")
			if other, rest := p.find(nil, mod); other != m || rest != "" {
				continue
			}
			for _, c := range p.commands(m, function) {
				if c.name == object && p.startScript(name, target) {
					p.give(c)
					return nil
				}
			}
		}
		return fmt.Errorf("--app %s: %s has no %s that a server can start", app, m.file, object)
	}
	p.runFile(m)
	p.kindOf(m, "")
	return p.subcommand(m, "")
}

// root is the folder in which the imports of a program begin.
func (p *pyProject) root(m *module) string {
	if p.below != "" && strings.HasPrefix(m.file, p.below+"/") {
		return p.below
	}
	options := []string{"."}
	if strings.HasPrefix(m.file, "src/") {
		options = []string{"src", "."}
	}
	if p.where != "" && strings.HasPrefix(m.file, p.where+"/") {
		return p.where
	}
	for _, dir := range p.py.Install.Locals {
		if strings.HasPrefix(m.file, dir+"/src/") {
			return dir + "/src"
		}
		if strings.HasPrefix(m.file, dir+"/") {
			options = []string{dir, "."}
		}
	}
	if at := strings.Index(m.file, "/src/"); at > 0 && options[0] == "." {
		options = []string{m.file[:at] + "/src", "."}
	}
	for dir := path.Dir(m.file); dir != "." && dir != "src"; dir = path.Dir(dir) {
		options = append(options, dir)
	}
	best, most := options[0], -1
	for _, root := range options {
		n := p.resolved(m, root, map[*module]bool{})
		if n > most {
			best, most = root, n
		}
	}
	return best
}

// resolved counts the imports of a module, and of what it imports, that are found
// where imports begin in a folder.
func (p *pyProject) resolved(m *module, root string, seen map[*module]bool) int {
	if seen[m] || len(seen) > 40 {
		return 0
	}
	seen[m] = true
	n := 0
	for _, i := range m.parsed().Imports {
		if strings.HasPrefix(i.Module, ".") {
			if root != "." && path.Dir(m.file) == root {
				n-- // a relative import at the top is an error
			}
			if other, _ := p.find(m, i.Module); other != nil {
				n += p.resolved(other, root, seen)
			}
			continue
		}
		name := i.Module
		if top, _, _ := strings.Cut(name, "."); p.foreign(top) {
			continue
		}
		if root != "." {
			name = strings.ReplaceAll(root, "/", ".") + "." + name
		}
		if other, rest := p.cut(name); other != nil && (root == "." || len(other.name) > len(strings.ReplaceAll(root, "/", "."))) {
			if rest == "" || !strings.Contains(rest, ".") && other.parsed().Def(rest) != nil || i.Name != "" && rest == "" {
				n += 1 + p.resolved(other, root, seen)
			}
		}
	}
	return n
}

// foreign tells whether a module is one of a package that the project depends on, by
// its name: jobs/celery.py is not what celery means.
func (p *pyProject) foreign(top string) bool {
	_, ok := p.deps[normal(top)]
	return ok
}

// inRoot is a module's name where imports begin in the project's root folder.
func (p *pyProject) inRoot(m *module) string {
	if p.py.Root == "." {
		return m.name
	}
	return strings.TrimPrefix(m.name, strings.ReplaceAll(p.py.Root, "/", ".")+".")
}

// begin makes a program the one that is started.
func (p *pyProject) begin(c *program) {
	s := p.s
	s.Framework = Fact{Value: c.framework.Name, At: c.at}
	s.Kind = Kind(c.framework.Kind)
	p.py.Entry = c.m.file
	p.py.Root = p.root(c.m)
	app := p.inRoot(c.m)
	if c.object != "" {
		app += ":" + c.object
	}
	if c.framework.Object != "" {
		app += "." + c.framework.Object
		if s := c.m.parsed().Assigned("server"); s != nil && s.Value.Text == c.object+"."+c.framework.Object {
			app = p.inRoot(c.m) + ":server"
		}
	}
	s.App = Fact{Value: app, At: c.at, Why: c.why}
	switch c.framework.Interface {
	case "asgi", "wsgi":
		p.serve(c, app)
	case "celery":
		p.run([]string{"python", "-m", "celery"}, []string{"-A", p.celeryApp(c, app), "worker", "--loglevel=info"})
		s.Server = Fact{Value: "celery", At: c.at}
	case "dramatiq":
		s.App = Fact{Value: p.inRoot(c.m), At: c.at}
		p.run([]string{"python", "-m", "dramatiq"}, []string{p.inRoot(c.m)})
		s.Server = Fact{Value: "dramatiq", At: c.at}
	case "huey":
		p.run([]string{"python", "-m", "huey.bin.huey_consumer"}, []string{strings.Replace(app, ":", ".", 1)})
		s.Server = Fact{Value: "huey", At: c.at}
	default:
		p.own(c)
	}
}

func (p *pyProject) run(exec, args []string) {
	p.s.Exec, p.s.Args = exec, args
	p.s.Start.Value = strings.TrimPrefix(strings.Join(append(slices.Clone(exec), args...), " "), "python -m ")
}

// set is an environment variable of the image.
func (p *pyProject) set(name, value string) {
	p.s.Set = append(p.s.Set, Tool{Name: name, Version: value})
}

func (p *pyProject) byFile(file string) *module {
	for _, m := range p.modules {
		if m.file == file {
			return m
		}
	}
	return nil
}
