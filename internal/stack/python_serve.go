package stack

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
)

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

// port is the port of a server that is told it.
func (p *pyProject) port(otherwise int, says func() (int, Place)) int {
	switch {
	case p.opt.Port > 0:
		p.s.Port = p.opt.port()
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
		// for as long as it is kept. What is asked has a second at the end: an engine waits
		// ten, gunicorn thirty, also for a connection that says nothing (24 and later), as
		// those of proxies and probes do.
		exec := []string{"python", "-m", "gunicorn"}
		if d, ok := p.dep("gunicorn"); ok && d.version != "" && knowledge.Compare(d.version, "20.1") < 0 {
			exec = []string{"gunicorn"} // it has no __main__ yet. Source: docs.gunicorn.org: changelog, 20.1.0
		}
		p.run(exec, []string{app, "--bind", "0.0.0.0:" + port, "--threads", "4", "--keep-alive", "1", "--graceful-timeout", "1", "--worker-tmp-dir", "/dev/shm"})
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
			// listen="{}:{}".format(host, port)
			if f := call.Arg("listen", -1); f != nil && f.Call != nil && f.Call.Method() == "format" && len(f.Call.Args) > 0 {
				if n, _ := p.number(m, &f.Call.Args[len(f.Call.Args)-1].Value); n > 0 {
					return n, Place{m.file, call.Line}
				}
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
		if _, def := option(m, e.Text); def != nil {
			return p.numberIn(m, def, depth+1)
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
