package stack

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
)

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
	if s.Kind = Kind(f.Kind); starter.parsed().Main > 0 && !p.scripted(starter, c) || !p.consoleScript() {
		p.runFile(starter)
	}
	if f.Kind == string(Job) && slices.ContainsFunc([]*module{starter, c.m}, func(m *module) bool { return m.mentions("uvicorn.run(", "hypercorn.asyncio") }) {
		s.Kind = Service // over HTTP, and not on standard input
	}
	if f.Kind == string(Service) || f.Name == "FastMCP" || s.Kind == Service {
		p.listens(starter, c)
	}
	if s.Kind == Job && p.opt.Kind == "" {
		if i := slices.IndexFunc([]*module{starter, c.m}, func(m *module) bool { return m.mentions("streamable-http", "streamable_http") }); i >= 0 {
			s.Notes = append(s.Notes, "it speaks on standard input and output, as it is started; it can also do so over HTTP: --kind service and --port say that it does")
		}
	}
	s.Server = Fact{Value: strings.ToLower(f.Name), At: c.at}
}

// scripted tells whether the script of the project starts a program that also a file starts.
func (p *pyProject) scripted(starter *module, c *program) bool {
	_, target := p.theScript()
	mod, _, _ := strings.Cut(target, ":")
	m, rest := p.find(nil, mod)
	return !c.named && m != nil && rest == "" && (m == starter || m == c.m || p.imports(m, c.m, 0))
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

// A madeCall is a call in a module.
type madeCall struct {
	m *module
	*python.Call
}

// beside tells whether a call listens beside the program's own place.
func (c madeCall) beside() bool {
	return besideRE.MatchString(c.In+" "+c.Func+" "+path.Base(c.m.file)) || slices.ContainsFunc(c.Args, func(a python.Arg) bool {
		return slices.Contains([]string{"", "port", "server_address", "handler_class"}, a.Name) && (besideRE.MatchString(a.Value.Text) || slices.ContainsFunc(a.Value.Parts, func(e python.Expr) bool { return besideRE.MatchString(e.Text) }))
	})
}

// listens tells where a program that starts itself listens.
func (p *pyProject) listens(starter *module, c *program) {
	s := p.s
	f := c.framework
	names := []string{"port", "server_port"}
	var calls []madeCall
	for _, m := range slices.Compact([]*module{starter, c.m}) {
		for _, call := range m.parsed().Calls {
			calls = append(calls, madeCall{m, call})
		}
	}
	unknown := Place{} // where what reaches a listener is not known
	// What is beside the program's own is asked where there is nothing else.
	beside := func(a madeCall) int {
		if a.beside() {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(calls, func(a, b madeCall) int { return beside(a) - beside(b) })
	for _, at := range calls {
		m, call := at.m, at.Call
		switch call.Method() {
		case "run_app", "WSGIServer", "Server", "launch", "run", "serve", "serve_forever", "HTTPServer", "ThreadingHTTPServer", "TCPServer", "TCPSite", "listen", "make_server", "FastMCP", "start_server", "run_async", "http_app", "bind_sockets":
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
			case "listen", "bind_sockets":
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
		n, v := p.number(m, e, call.In)
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
		if flag, def := option(m, e.Text); unknown.File == "" && !at.beside() && !(flag != "" && def == nil) {
			unknown = Place{m.file, call.Line}
		}
	}
	if s.Kind == Service && f.Port > 0 {
		s.Port = Fact{Value: strconv.Itoa(f.Port), Why: "default of " + f.Name}
		if unknown.File != "" && p.opt.Port == 0 {
			s.Notes = append(s.Notes, fmt.Sprintf("port %d is a guess: what %s listens on is not known; --port says it", f.Port, unknown))
		}
		if f.Name == "Gradio" {
			p.set("GRADIO_SERVER_NAME", "0.0.0.0")
		}
	}
}

// option is a command line option, of click, typer or argparse, by the name of what it
// fills (port, args.port), and its default. nil = no option has the name, or it has none.
func option(m *module, name string) (flag string, def *python.Expr) {
	name = name[strings.LastIndexByte(name, '.')+1:]
	for _, c := range m.parsed().Calls {
		at := -1
		switch c.Method() {
		case "option", "add_argument":
		case "Option":
			at = 0 // typer's
		default:
			continue
		}
		if slices.ContainsFunc(c.Args, func(a python.Arg) bool {
			s, ok := a.Value.Literal()
			if ok = ok && a.Name == "" && strings.ReplaceAll(strings.TrimLeft(s, "-"), "-", "_") == name; ok {
				flag = s
			}
			return ok
		}) {
			return flag, c.Arg("default", at)
		}
	}
	return "", nil
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
		if flag, def := option(m, e.Text); def != nil && e.Form == python.Name {
			if s, ok := def.Literal(); ok && isLocal(s) && strings.HasPrefix(flag, "-") {
				p.s.Args = append(p.s.Args, flag, "0.0.0.0")
				p.s.Start.Value += " " + flag + " 0.0.0.0"
				return
			}
			e = def
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

// servers are calls that make a program one that listens.
var servers = []string{"uvicorn.run", "hypercorn.asyncio.serve", "waitress.serve", "gevent.pywsgi.WSGIServer", "cheroot.wsgi.Server", "aiohttp.web.run_app", "http.server.HTTPServer", "http.server.ThreadingHTTPServer", "socketserver.TCPServer", "socketserver.ThreadingTCPServer", "wsgiref.simple_server.make_server", "asyncio.start_server", "websockets.serve", "grpc.server", "grpc.aio.server", "bottle.run", "aiohttp.web.TCPSite", "uvicorn.Server", "tornado.httpserver.HTTPServer"}

// kindOf tells what a plain program does that begins in a module, and there in a function: it
// listens, works on, or ends.
func (p *pyProject) kindOf(m *module, function string) {
	s := p.s
	s.Kind = p.opt.Kind
	if m == nil {
		if s.Kind == "" {
			s.Kind = Job
		}
		return
	}
	w := p.from(m, function)
	if list := w.listeners(); len(list) > 0 {
		l := list[0]
		if sure := l.sure || p.opt.Kind == Service; sure && s.Kind == "" {
			s.Kind = Service
		} else if !sure {
			s.Notes = append(s.Notes, fmt.Sprintf("%s:%d listens (%s) only on a condition: where it is met, --kind service and --port say so", l.m.file, l.Line, l.Func))
		}
		if s.Kind == Service {
			p.listens(l.m, &program{m: l.m, framework: &knowledge.Framework{Name: l.Method(), Kind: string(Service)}})
			s.Server = Fact{Value: l.Func, At: Place{l.m.file, l.Line}}
		}
	}
	if s.Kind != "" {
		return
	}
	if s.Kind = Job; w.worksOn() {
		s.Kind = Worker
	}
}

// worksOn tells whether a program works until it is told to end.
func (w *walker) worksOn() bool {
	if _, ok := w.loops(); ok {
		return true
	}
	for at, sure := range w.ways {
		if !sure {
			continue
		}
		for _, c := range w.of(at) {
			switch c.Method() {
			case "run_pending", "run_polling", "infinity_polling", "start_polling", "run_forever", "run_until_disconnected", "consume", "start_consuming":
				return true
			}
			if isWorker(c.Func) || slices.ContainsFunc(c.Args, func(a python.Arg) bool { return strings.HasSuffix(a.Value.Text, ".disconnected") }) {
				return true // of Telethon: until the client is disconnected
			}
		}
	}
	return false
}

// isWorker tells whether a call makes what runs until it is told to end, and serves nobody:
// a bot.
func isWorker(call string) bool {
	f := knowledge.FrameworkOf("python", call)
	return f != nil && f.Kind == string(Worker) && f.Interface == "own"
}
