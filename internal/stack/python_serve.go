package stack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
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
