package stack

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
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

// entry tells what starts the project.
func (p *pyProject) entry() error {
	lines := p.procfile()
	django := p.django()
	if p.opt.App != "" {
		return p.asked(p.opt.App)
	}
	if web, ok := lines["web"]; ok && p.fromLine(web) {
		p.others(lines, "web")
		return nil
	}
	if p.graph() || p.agents() {
		return nil
	}
	list := p.programs()
	p.name(list)
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
		return fmt.Errorf("--app %s: %s has no %s that a server can start", app, m.file, object)
	}
	p.runFile(m)
	return nil
}

// root is the folder in which the imports of a program begin.
func (p *pyProject) root(m *module) string {
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

// celeryApp is the app as celery's -A takes it: the module, where it has one app.
func (p *pyProject) celeryApp(c *program, app string) string {
	name := p.inRoot(c.m)
	if base := name[strings.LastIndexByte(name, '.')+1:]; base == "celery" && (c.object == "app" || c.object == "celery") && parent(name) != "" {
		return parent(name)
	}
	if c.object == "app" || c.object == "celery" {
		return name
	}
	return strings.Replace(app, ":", ".", 1)
}

func (p *pyProject) run(exec, args []string) {
	p.s.Exec, p.s.Args = exec, args
	p.s.Start.Value = strings.TrimPrefix(strings.Join(append(slices.Clone(exec), args...), " "), "python -m ")
}

// port is the port of a server that is told it.
func (p *pyProject) port(otherwise int, says func() (int, Place)) int {
	switch {
	case p.opt.Port > 0:
		p.s.Port = Fact{Value: strconv.Itoa(p.opt.Port), Why: "--port"}
		return p.opt.Port
	case says != nil:
		if n, at := says(); n > 0 {
			p.s.Port = Fact{Value: strconv.Itoa(n), At: at}
			return n
		}
	}
	p.s.Port = Fact{Value: strconv.Itoa(otherwise), Why: "default"}
	return otherwise
}

// serve starts a program by a server for its interface: the one that the project
// declares, or one that is added.
func (p *pyProject) serve(c *program, app string) {
	s := p.s
	servers := []string{"uvicorn", "hypercorn", "granian", "daphne"}
	if c.framework.Interface == "wsgi" {
		servers = []string{"gunicorn", "waitress", "uwsgi", "granian"}
	}
	server := p.opt.Server
	if server == "" {
		for _, name := range servers {
			if at, ok := p.brought(name); ok {
				server = name
				s.Server = Fact{Value: name, At: at}
				break
			}
		}
	} else {
		s.Server = Fact{Value: server, Why: "--server"}
	}
	if g, ok := p.dep("gunicorn"); ok && server == "uvicorn" && c.framework.Interface == "asgi" && g.direct && p.opt.Server == "" {
		// Both are there on purpose only where the Procfile says so; uvicorn alone is
		// the simpler program.
		s.Notes = append(s.Notes, fmt.Sprintf("gunicorn (%s) is there too: one process for each container is what an orchestrator scales", g.at))
	}
	if server == "" {
		server = servers[0]
		s.Server = Fact{Value: server, Why: "not declared: the build installs it"}
	}
	if _, ok := p.brought(server); !ok {
		t := tool(server)
		t.Why = "the project declares no server that a container can start: the build installs it; --add-server puts it into the manifest instead"
		p.py.Add = append(p.py.Add, t)
	}
	port := strconv.Itoa(p.port(8000, func() (int, Place) { return p.saidPort(c) }))
	p.command(server, app, port, c.factory)
}

// command is the command line of a server.
func (p *pyProject) command(server, app, port string, factory bool) {
	switch server {
	case "uvicorn":
		args := []string{app, "--host", "0.0.0.0", "--port", port}
		if factory {
			args = append(args, "--factory")
		}
		p.run([]string{"python", "-m", "uvicorn"}, args)
	case "hypercorn":
		if factory {
			app += "()"
		}
		p.run([]string{"python", "-m", "hypercorn"}, []string{app, "--bind", "0.0.0.0:" + port})
	case "granian":
		kind := "asgi"
		if f := p.s.Framework; f.Value == "Flask" || f.Value == "Django" {
			kind = "wsgi"
		}
		args := []string{app, "--interface", kind, "--host", "0.0.0.0", "--port", port}
		if factory {
			args = append(args, "--factory")
		}
		p.run([]string{"python", "-m", "granian"}, args)
	case "daphne":
		p.run([]string{"python", "-m", "daphne"}, []string{app, "-b", "0.0.0.0", "-p", port})
	case "waitress":
		p.s.StopSignal, p.s.StopWhy = "SIGINT", "waitress ends in order on SIGINT; it does not hear SIGTERM as the first process."
		args := []string{"--host=0.0.0.0", "--port=" + port}
		if factory {
			args = append(args, "--call")
		}
		p.run([]string{"python", "-m", "waitress"}, append(args, app))
	case "uwsgi":
		module, object, _ := strings.Cut(app, ":")
		p.run([]string{"uwsgi"}, []string{"--http=0.0.0.0:" + port, "--module=" + module + ":" + object, "--master", "--die-on-term", "--need-app"})
	default:
		if factory {
			app += "()"
		}
		// Threads: with the one worker that gunicorn starts otherwise, a connection that
		// says nothing holds up the probe, and the end; a connection that is kept does so
		// for as long as it is kept.
		p.run([]string{"python", "-m", "gunicorn"}, []string{app, "--bind", "0.0.0.0:" + port, "--threads", "4", "--keep-alive", "1", "--worker-tmp-dir", "/dev/shm"})
	}
}

// brought tells whether a server is installed, and by what.
func (p *pyProject) brought(name string) (Place, bool) {
	if d, ok := p.dep(name); ok {
		return d.at, true
	}
	if p.exact {
		return Place{}, false
	}
	for _, f := range knowledge.Frameworks() {
		if f.Language != "python" {
			continue
		}
		for _, pkg := range f.Packages {
			d, ok := p.dep(pkg)
			if !ok {
				continue
			}
			for extra, list := range f.Brings {
				if slices.Contains(list, name) && (extra == "" || slices.Contains(d.extras, extra)) {
					return d.at, true
				}
			}
		}
	}
	return Place{}, false
}

// saidPort is the port that the source itself serves on.
func (p *pyProject) saidPort(c *program) (int, Place) {
	list := []*module{c.m}
	for _, m := range p.modules {
		if m != c.m && m.mentions("uvicorn.run", ".run(", "serve(") && strings.Count(m.file, "/") <= strings.Count(c.m.file, "/") {
			list = append(list, m)
		}
	}
	for _, m := range list {
		for _, call := range m.parsed().Calls {
			if !slices.Contains(servers, call.Func) && (call.Method() != "run" || call.Of() != c.object || c.object == "") {
				continue
			}
			if n, _ := p.number(m, call.Arg("port", -1)); n > 0 {
				return n, Place{m.file, call.Line}
			}
			for _, s := range call.Arg("listen", -1).Literals() {
				if n, err := strconv.Atoi(s[strings.LastIndexByte(s, ':')+1:]); err == nil && n > 0 {
					return n, Place{m.file, call.Line}
				}
			}
		}
	}
	return 0, Place{}
}

// number is the value of an expression that is a number, or has one to fall back
// on, and the environment variable that it is read from.
func (p *pyProject) number(m *module, e *python.Expr) (n int, variable string) {
	return p.numberIn(m, e, 0)
}

func (p *pyProject) numberIn(m *module, e *python.Expr, depth int) (n int, variable string) {
	if e == nil || depth > 6 {
		return 0, ""
	}
	switch e.Form {
	case python.Number, python.String:
		n, _ = strconv.Atoi(e.Text)
		return n, ""
	case python.Name:
		if a := m.parsed().Assigned(e.Text); a != nil {
			return p.numberIn(m, &a.Value, depth+1)
		}
		if other, name := p.find(m, e.Text); other != nil && name != "" {
			if a := other.parsed().Assigned(name); a != nil {
				return p.numberIn(other, &a.Value, depth+1)
			}
		}
		// A field of a settings class: settings.port.
		if at := strings.LastIndexByte(e.Text, '.'); at > 0 {
			for _, other := range p.modules {
				if !other.mentions(e.Text[at+1:]) || !other.mentions("class ") {
					continue
				}
				for _, c := range other.parsed().Classes {
					for _, f := range c.Fields {
						if f.Name == e.Text[at+1:] && f.Value != nil && f.In == "" {
							if n, _ := p.numberIn(other, f.Value, depth+1); n > 0 {
								return n, ""
							}
						}
					}
				}
			}
		}
	case python.Invoke:
		if v := readsVariable(e.Call); v != "" {
			n, _ := p.numberIn(m, e.Call.Arg("default", 1), depth+1)
			return n, v
		}
		for i := range e.Call.Args {
			if n, v := p.numberIn(m, &e.Call.Args[i].Value, depth+1); n > 0 || v != "" {
				return n, v
			}
		}
	case python.Index:
		if e.Get.Of == "os.environ" {
			return 0, e.Get.Index.Text
		}
	default:
		for i := range e.Parts {
			k, v := p.numberIn(m, &e.Parts[i], depth+1)
			n, variable = max(n, k), cmp.Or(variable, v)
		}
	}
	return n, variable
}

// readsVariable is the environment variable that a call reads; "" = none.
func readsVariable(c *python.Call) string {
	switch c.Func {
	case "os.environ.get", "os.getenv", "environ.get", "getenv", "os.environ.setdefault":
		s, _ := c.Arg("key", 0).Literal()
		return s
	}
	return ""
}

// own starts a program that starts itself.
func (p *pyProject) own(c *program) {
	s := p.s
	f := c.framework
	file := c.m.file
	s.App.Value = file
	switch f.Name {
	case "Streamlit":
		port := strconv.Itoa(p.port(f.Port, nil))
		p.run([]string{"python", "-m", "streamlit"}, []string{"run", file, "--server.port=" + port, "--server.address=0.0.0.0", "--server.headless=true", "--browser.gatherUsageStats=false"})
		s.Server = Fact{Value: "streamlit", At: c.at}
		return
	case "Chainlit":
		port := strconv.Itoa(p.port(f.Port, nil))
		p.run([]string{"python", "-m", "chainlit"}, []string{"run", file, "--host", "0.0.0.0", "--port", port, "--headless"})
		s.Server = Fact{Value: "chainlit", At: c.at}
		return
	case "Sanic":
		port := strconv.Itoa(p.port(f.Port, nil))
		s.App.Value = p.inRoot(c.m) + ":" + c.object
		p.run([]string{"python", "-m", "sanic"}, []string{s.App.Value, "--host=0.0.0.0", "--port=" + port, "--single-process"})
		s.Server = Fact{Value: "sanic", At: c.at}
		return
	}
	if f.Name == "aiohttp" {
		if _, ok := p.dep("gunicorn"); ok && c.object != "" && !c.factory && c.m.parsed().Main == 0 {
			port := strconv.Itoa(p.port(8080, nil))
			p.run([]string{"python", "-m", "gunicorn"}, []string{p.inRoot(c.m) + ":" + c.object, "--bind", "0.0.0.0:" + port, "--worker-class", "aiohttp.GunicornWebWorker", "--worker-tmp-dir", "/dev/shm"})
			s.Server = Fact{Value: "gunicorn"}
			return
		}
	}
	starter := p.starter(c)
	if s.Kind = Kind(f.Kind); starter.parsed().Main > 0 || !p.consoleScript() {
		p.runFile(starter)
	}
	if f.Kind == string(Job) && slices.ContainsFunc([]*module{starter, c.m}, func(m *module) bool { return m.mentions("uvicorn.run(", "hypercorn.asyncio") }) {
		s.Kind = Service // over HTTP, and not on standard input
	}
	if f.Kind == string(Service) || f.Name == "FastMCP" || s.Kind == Service {
		p.listens(starter, c)
	}
	s.Server = Fact{Value: strings.ToLower(f.Name), At: c.at}
}

// starter is the file that starts a program which starts itself: its own, or one
// that imports it.
func (p *pyProject) starter(c *program) *module {
	if c.m.parsed().Main > 0 {
		return c.m
	}
	best := c.m
	rank := 1 << 20
	for _, m := range p.modules {
		if m == c.m || m.parsed().Main == 0 || !p.imports(m, c.m, 0) {
			continue
		}
		if r := rankOf(m.file); r < rank {
			best, rank = m, r
		}
	}
	return best
}

// listens tells where a program that starts itself listens.
func (p *pyProject) listens(starter *module, c *program) {
	s := p.s
	f := c.framework
	names := []string{"port", "server_port"}
	for _, m := range []*module{starter, c.m} {
		for _, call := range m.parsed().Calls {
			switch call.Method() {
			case "run_app", "WSGIServer", "Server", "launch", "run", "serve", "serve_forever", "HTTPServer", "ThreadingHTTPServer", "TCPServer", "TCPSite", "listen", "make_server", "FastMCP", "start_server", "run_async", "http_app":
			default:
				continue
			}
			if f.Name == "FastMCP" && call.Method() == "run" {
				transport, ok := call.Arg("transport", 0).Literal()
				if ok && transport != "stdio" {
					s.Kind = Service
				}
			}
			var e *python.Expr
			for _, n := range names {
				if e == nil {
					e = call.Arg(n, -1)
				}
			}
			if e == nil {
				switch call.Method() {
				case "listen":
					e = call.Arg("", 0)
				case "HTTPServer", "ThreadingHTTPServer", "TCPServer":
					if a := call.Arg("server_address", 0); a != nil && a.Form == python.List && len(a.Parts) == 2 {
						e = &a.Parts[1]
					}
				case "make_server", "start_server", "serve", "TCPSite":
					e = call.Arg("port", 2)
					if call.Method() == "make_server" {
						e = call.Arg("port", 1)
					}
				}
			}
			if e == nil {
				continue
			}
			n, v := p.number(m, e)
			if n == 0 && v == "" && e.Form == python.Name {
				n = p.optionDefault(m, e.Text)
			}
			if v != "" {
				p.portVariable(v, n, Place{m.file, call.Line})
				p.host(m, call)
				return
			}
			if n > 0 {
				s.Port = Fact{Value: strconv.Itoa(n), At: Place{m.file, call.Line}}
				p.host(m, call)
				return
			}
		}
	}
	if s.Kind == Service && f.Port > 0 {
		s.Port = Fact{Value: strconv.Itoa(f.Port), Why: "default of " + f.Name}
		if f.Name == "Gradio" {
			p.set("GRADIO_SERVER_NAME", "0.0.0.0")
		}
	}
}

// optionDefault is the default of a command line option, of click, typer or argparse,
// that gives a function its parameter.
func (p *pyProject) optionDefault(m *module, name string) int {
	name = strings.TrimPrefix(name, "args.")
	for _, c := range m.parsed().Calls {
		switch c.Method() {
		case "option", "add_argument", "Option":
			for i := range c.Args {
				if s, ok := c.Args[i].Value.Literal(); ok && strings.TrimLeft(s, "-") == name {
					n, _ := p.number(m, c.Arg("default", -1))
					return n
				}
			}
		}
	}
	return 0
}

func (p *pyProject) portVariable(name string, n int, at Place) {
	if p.opt.Port > 0 {
		n = p.opt.Port
	}
	if n == 0 {
		n = 8000
	}
	p.s.Port = Fact{Value: strconv.Itoa(n), At: at, Why: "from " + name}
	p.set(name, strconv.Itoa(n))
}

// host looks at the address that a program binds, which has to be all of them in a
// container.
func (p *pyProject) host(m *module, call *python.Call) {
	if call.Func == "uvicorn.run" && call.Arg("host", -1) == nil && p.s.Framework.Value == "FastMCP" {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s:%d gives uvicorn no host, and it then binds 127.0.0.1: nobody outside the container reaches it", m.file, call.Line))
	}
	for _, n := range []string{"host", "server_name", "address"} {
		e := call.Arg(n, -1)
		if e == nil {
			continue
		}
		if s, ok := e.Literal(); ok && (s == "127.0.0.1" || s == "localhost") {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s:%d binds %s: nobody outside the container reaches it; read the address from a variable, or bind 0.0.0.0", m.file, call.Line, s))
			return
		}
		for _, c := range e.Calls() {
			if v := readsVariable(c); v != "" {
				p.set(v, "0.0.0.0")
			}
		}
		return
	}
	if p.s.Framework.Value == "Gradio" {
		p.set("GRADIO_SERVER_NAME", "0.0.0.0")
	}
}

// set is an environment variable of the image.
func (p *pyProject) set(name, value string) {
	p.s.Set = append(p.s.Set, Tool{Name: name, Version: value})
}

// runFile starts a file, or the package that it is the beginning of.
func (p *pyProject) runFile(m *module) {
	p.py.Entry = m.file
	p.py.Root = p.root(m)
	args := []string{m.file}
	exec := []string{"python"}
	name := p.inRoot(m)
	inPackage := strings.Contains(name, ".") && p.t.has[path.Dir(m.file)+"/__init__.py"]
	if base := path.Base(m.file); base == "__main__.py" || inPackage {
		exec, args = []string{"python", "-m"}, []string{strings.TrimSuffix(name, ".__main__")}
	} else if p.py.Root != "." {
		exec, args = []string{"python"}, []string{m.file}
	}
	if !p.handles() {
		p.s.StopSignal, p.s.StopWhy = "SIGINT", "Python ends on SIGINT; without a handler the first process of a container does not hear SIGTERM."
	}
	p.s.App = Fact{Value: m.file, At: Place{m.file, m.parsed().Main}}
	p.s.Exec, p.s.Args = exec, args
	p.s.Start.Value = strings.Join(append(slices.Clone(exec), args...), " ")
}

// handles tells whether the program does something about SIGTERM, or is made with what
// does.
func (p *pyProject) handles() bool {
	if slices.ContainsFunc(p.modules, func(m *module) bool { return m.mentions("SIGTERM", "add_signal_handler") }) {
		return true
	}
	switch p.s.Framework.Value {
	case "aiohttp", "Gradio", "NiceGUI", "Tornado":
		return p.s.Framework.Value != "Tornado" && p.s.Framework.Value != "Gradio"
	}
	return slices.ContainsFunc(p.modules, func(m *module) bool { return m.mentions("uvicorn.run(", "run_app(") })
}

// script starts what is no program of a known framework: a console script of the
// project, or a file.
func (p *pyProject) script() error {
	if p.consoleScript() {
		return nil
	}
	type option struct {
		m    *module
		rank int
	}
	var list []option
	for _, m := range p.modules {
		if m.mentions("__main__") && m.parsed().Main > 0 || path.Base(m.file) == "__main__.py" {
			list = append(list, option{m, rankOf(m.file)})
		} else if r := rankOf(m.file); r < 100 && r%100 < 50 && path.Base(m.file) != "__init__.py" && len(m.parsed().Calls) > 0 {
			list = append(list, option{m, r + 30})
		}
	}
	slices.SortStableFunc(list, func(a, b option) int { return cmp.Compare(a.rank, b.rank) })
	switch {
	case len(list) == 0:
		only := p.onlyFile()
		if only == nil {
			return &Unclear{Question: "nothing in this project looks like a program to start", Flag: "--app", Choices: []Choice{{"FILE.py", "the file that starts it"}}}
		}
		p.runFile(only)
	case len(list) > 1 && list[0].rank == list[1].rank:
		u := &Unclear{Question: "several files of this project can be started", Flag: "--app"}
		for _, o := range list {
			if o.rank == list[0].rank {
				u.Choices = append(u.Choices, Choice{o.m.file, ""})
			}
		}
		return u
	default:
		p.runFile(list[0].m)
	}
	p.kindOf(p.byFile(p.py.Entry))
	return nil
}

func (p *pyProject) onlyFile() *module {
	var found *module
	for _, m := range p.modules {
		if strings.Contains(m.file, "/") || path.Base(m.file) == "__init__.py" {
			continue
		}
		if found != nil {
			return nil
		}
		found = m
	}
	return found
}

func (p *pyProject) byFile(file string) *module {
	for _, m := range p.modules {
		if m.file == file {
			return m
		}
	}
	return nil
}

// servers are calls that make a program one that listens.
var servers = []string{"uvicorn.run", "hypercorn.asyncio.serve", "waitress.serve", "gevent.pywsgi.WSGIServer", "cheroot.wsgi.Server", "aiohttp.web.run_app", "http.server.HTTPServer", "http.server.ThreadingHTTPServer", "socketserver.TCPServer", "socketserver.ThreadingTCPServer", "wsgiref.simple_server.make_server", "asyncio.start_server", "websockets.serve", "grpc.server", "grpc.aio.server", "bottle.run"}

// kindOf tells what a plain program does: it listens, works on, or ends.
func (p *pyProject) kindOf(m *module) {
	s := p.s
	s.Kind = p.opt.Kind
	if m == nil {
		if s.Kind == "" {
			s.Kind = Job
		}
		return
	}
	seen := map[*module]bool{}
	loops := ""
	var look func(m *module, depth int)
	look = func(m *module, depth int) {
		if seen[m] || depth > 3 {
			return
		}
		seen[m] = true
		for _, c := range m.parsed().Calls {
			if slices.Contains(servers, c.Func) && s.Port.Value == "" {
				if s.Kind == "" {
					s.Kind = Service
				}
				p.listens(m, &program{m: m, framework: &knowledge.Framework{Name: c.Method(), Kind: string(Service)}})
				s.Server = Fact{Value: c.Func, At: Place{m.file, c.Line}}
			}
			if c.Method() == "run_pending" || c.Method() == "run_polling" || c.Method() == "infinity_polling" || c.Method() == "start_polling" || c.Method() == "run_forever" || c.Method() == "consume" || c.Method() == "start_consuming" {
				loops = fmt.Sprintf("%s:%d", m.file, c.Line)
			}
		}
		if loops == "" && m.mentions("while True:", "while 1:", "while running", "while not ") && m.mentions("sleep(", "poll(", "blpop(", "brpop(", "get(", "recv") {
			loops = m.file
		}
		for _, i := range m.parsed().Imports {
			full := i.Module
			if i.Name != "" && i.Name != "*" {
				full += "." + i.Name
			}
			if o, _ := p.find(m, full); o != nil {
				look(o, depth+1)
			}
		}
	}
	look(m, 0)
	switch {
	case s.Kind != "":
	case loops != "":
		s.Kind = Worker
	default:
		s.Kind = Job
	}
}

// scripts are the console scripts that the project declares: what each calls, by its
// name.
func (p *pyProject) scripts() map[string]string {
	list := map[string]string{}
	f := p.project
	if f == nil {
		return list
	}
	if f.Project != nil {
		for n, v := range f.Project.Scripts {
			list[n] = v
		}
	}
	if f.Tool.Poetry != nil {
		for n, v := range f.Tool.Poetry.Scripts {
			if s, ok := v.(string); ok {
				list[n] = s
			}
		}
	}
	return list
}

// consoleScript starts a script that the project declares: the only one, or the
// one with a name that says so.
func (p *pyProject) consoleScript() bool {
	scripts := p.scripts()
	name := ""
	for _, n := range []string{"start", "serve", "server", "web", "run", "main", "app"} {
		if scripts[n] != "" && name == "" {
			name = n
		}
	}
	for n := range scripts {
		if normal(n) == normal(p.py.Install.Package) || len(scripts) == 1 {
			name = n
		}
	}
	return name != "" && p.startScript(name, scripts[name])
}

// startScript starts a console script.
func (p *pyProject) startScript(name, target string) bool {
	mod, function, _ := strings.Cut(target, ":")
	m, rest := p.find(nil, mod)
	if m == nil || rest != "" {
		return false
	}
	at := Place{"pyproject.toml", p.t.lineOf("pyproject.toml", name+" =")}
	p.py.Entry, p.py.Root = m.file, p.root(m)
	p.s.App = Fact{Value: target, At: at}
	if p.py.Install.Project && p.py.Install.By != "" {
		p.py.Install.Script = name
		p.run([]string{name}, nil)
	} else {
		// The project is no package: what the script calls is called.
		p.run([]string{"python", "-c"}, []string{fmt.Sprintf("import %s as m; raise SystemExit(m.%s())", p.inRoot(m), function)})
	}
	p.s.Start = Fact{Value: name, At: at}
	if p.s.Kind == "" {
		p.kindOf(m)
	}
	return true
}
