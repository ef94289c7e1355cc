package stack

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A line is one line of a Procfile.
type line struct {
	name string
	text string
	at   Place
}

var procRE = regexp.MustCompile(`^([A-Za-z0-9_-]+)\s*:\s*(.+)$`)

// procfile reads the Procfile of a project.
// Source: devcenter.heroku.com: the Procfile.
func procfile(t *tree) map[string]line {
	list := map[string]line{}
	n := 0
	for text := range strings.Lines(string(t.read("Procfile"))) {
		n++
		if m := procRE.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			list[m[1]] = line{m[1], m[2], Place{"Procfile", n}}
		}
	}
	return list
}

// A command is a command line in words.
type command struct {
	dir   string // that it changes into first
	words []string
	first []string // commands that run before it, as written
}

var assignRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// parseCommand parts a command line: what it changes into, what runs before, and
// the last command without what only starts it.
func parseCommand(text string) command {
	var c command
	parts := strings.Split(strings.ReplaceAll(text, ";", "&&"), "&&")
	for i, part := range parts {
		if at := strings.LastIndexByte(part, '|'); at >= 0 {
			part = part[at+1:] // what is piped into it answers its questions
		}
		words := split(part)
		for len(words) > 0 && (assignRE.MatchString(words[0]) || words[0] == "exec" || words[0] == "env") {
			words = words[1:]
		}
		if len(words) > 2 && (words[0] == "poetry" || words[0] == "uv" || words[0] == "pipenv" || words[0] == "pdm" || words[0] == "bundle") && (words[1] == "run" || words[1] == "exec") {
			words = words[2:]
			for len(words) > 1 && strings.HasPrefix(words[0], "-") {
				words = words[1:]
			}
		}
		switch {
		case len(words) == 0:
		case words[0] == "cd" && len(words) == 2:
			c.dir = strings.Trim(words[1], "/")
		case i == len(parts)-1:
			c.words = words
		default:
			c.first = append(c.first, strings.TrimSpace(part))
		}
	}
	return c
}

// split parts words as a shell does, without its expansions.
func split(s string) (list []string) {
	var b strings.Builder
	in, open := false, byte(0)
	for i := range len(s) {
		c := s[i]
		switch {
		case open != 0 && c == open:
			open = 0
		case open == 0 && (c == '"' || c == '\''):
			open, in = c, true
		case open == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			if in {
				list = append(list, b.String())
				b.Reset()
				in = false
			}
		default:
			b.WriteByte(c)
			in = true
		}
	}
	if in {
		list = append(list, b.String())
	}
	return list
}

// moduleRE matches a module that gunicorn takes without the name of its object.
var moduleRE = regexp.MustCompile(`^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$`)

var portRE = regexp.MustCompile(`\$\{?PORT(?::-(\d+))?\}?`)

func (p *pyProject) procfile() map[string]line { return procfile(p.t) }

// fromLine starts the project as a line of its Procfile does, and tells whether
// that can be.
func (p *pyProject) fromLine(l line) bool {
	c := parseCommand(l.text)
	words := c.words
	if len(words) > 2 && words[0] == "python" && words[1] == "-m" {
		words = words[2:]
		// A module of the project's own is run as its file is.
		for _, file := range []string{"/__main__.py", ".py"} {
			if name := path.Join(c.dir, strings.ReplaceAll(words[0], ".", "/")) + file; p.t.has[name] {
				words = append([]string{"python", strings.TrimPrefix(strings.TrimPrefix(name, c.dir), "/")}, words[1:]...)
				break
			}
		}
	}
	if len(words) == 0 {
		return false
	}
	s := p.s
	server := words[0]
	for _, w := range words[1:] {
		if name := path.Clean(path.Join(c.dir, w)); p.t.has[name] {
			p.extra = append(p.extra, name)
		}
	}
	if c.dir != "" {
		p.py.Root = c.dir
	}
	var app string
	switch server {
	case "gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve":
		for i := 1; i < len(words); i++ {
			w := words[i]
			if app == "" && server == "gunicorn" && moduleRE.MatchString(w) && !(strings.HasPrefix(words[i-1], "-") && !strings.Contains(words[i-1], "=") && isValued(words[i-1])) && !p.t.has[w] {
				app = w + ":application"
			}
			if strings.Contains(w, ":") && !strings.HasPrefix(w, "-") && !strings.ContainsAny(w, "$/[") && !(strings.HasPrefix(words[i-1], "-") && !strings.Contains(words[i-1], "=") && isValued(words[i-1])) {
				app = w
			}
			if (w == "--chdir" || w == "--pythonpath" || w == "--app-dir") && i+1 < len(words) {
				p.py.Root = strings.Trim(words[i+1], "/")
			}
		}
	case "streamlit", "chainlit", "celery", "rq", "dramatiq", "huey_consumer":
	case "python", "python3":
		if len(words) > 1 && strings.HasSuffix(words[1], "manage.py") && slices.Contains(words, "runserver") {
			return false // a development server: the real one is found out
		}
	case "flask", "fastapi", "django-admin":
		return false
	}
	if app != "" {
		name, object, _ := strings.Cut(app, ":")
		factory := strings.HasSuffix(object, "()")
		object = strings.TrimSuffix(object, "()")
		for _, candidate := range append(p.programs(), p.djangoProgram()...) {
			if candidate.object != object && !(candidate.factory && strings.HasPrefix(object, candidate.object)) {
				continue
			}
			if candidate.m.name != name && !strings.HasSuffix(candidate.m.name, "."+name) {
				continue
			}
			candidate.named, candidate.why, candidate.factory = true, l.at.String(), factory || slices.Contains(words, "--factory")
			root := p.py.Root
			saved := p.opt.Server
			if server != "waitress-serve" && !(server == "gunicorn" && candidate.framework.Interface == "asgi") && p.opt.Server == "" {
				p.opt.Server = server
			}
			p.begin(candidate)
			p.opt.Server = saved
			if root != "." {
				p.py.Root = root
			}
			if s.Server.Value == server {
				s.Server = Fact{Value: server, At: l.at}
			}
			p.configured(words)
			p.keepFlags(server, words)
			p.before(c, l)
			return true
		}
		return false
	}
	if target := p.scripts()[server]; target != "" && len(words) == 1 && p.startScript(server, target) {
		p.s.App.Why = l.at.String()
		p.before(c, l)
		return true
	}
	// A command of another kind is taken as it is written.
	args := make([]string, 0, len(words))
	port := ""
	for _, w := range words[1:] {
		if m := portRE.FindStringSubmatch(w); m != nil {
			if port = m[1]; port == "" {
				port = "8000"
			}
			if p.opt.Port > 0 {
				port = strconv.Itoa(p.opt.Port)
			}
			w = portRE.ReplaceAllLiteralString(w, port)
		}
		if strings.ContainsAny(w, "$`|><") {
			return false
		}
		args = append(args, w)
	}
	exec := []string{server}
	switch server {
	case "python", "python3":
		exec[0] = "python"
		if len(args) > 0 && strings.HasSuffix(args[0], ".py") {
			if m := p.byFile(strings.TrimPrefix(c.dir+"/"+args[0], "/")); m != nil {
				before := p.s.Kind
				found := p.programs()
				for _, candidate := range found {
					if candidate.m == m && candidate.framework.Kind == string(Service) && l.name == "web" {
						candidate.named, candidate.why = true, l.at.String()
						p.begin(candidate)
						p.before(c, l)
						return true
					}
				}
				p.s.Kind = before
				for _, candidate := range found {
					if candidate.m == m && l.name == "web" {
						// Nothing listens, whatever the line is called.
						candidate.named, candidate.why = true, l.at.String()
						p.begin(candidate)
						p.before(c, l)
						return true
					}
				}
				p.runFile(m)
				p.kindOf(m, "")
				p.before(c, l)
				p.s.App.At = l.at
				return true
			}
			return false
		}
	case "celery":
		exec = []string{"python", "-m", "celery"}
	case "uwsgi":
		for _, w := range args {
			if strings.HasSuffix(w, ".ini") && port == "" {
				port = p.uwsgiPort(path.Clean(path.Join(c.dir, w)))
			}
		}
	case "streamlit", "chainlit", "dramatiq":
		exec = []string{"python", "-m", server}
	}
	p.s.Kind = Worker
	if port != "" || l.name == "web" {
		p.s.Kind = Service
		if port != "" {
			p.s.Port = Fact{Value: port, At: l.at}
		}
	}
	p.s.App = Fact{Value: l.text, At: l.at}
	p.s.Server = Fact{Value: server, At: l.at}
	p.run(exec, args)
	p.before(c, l)
	return true
}

// isValued tells whether a flag of a server has its value in the next word.
func isValued(flag string) bool {
	switch flag {
	case "-b", "--bind", "-w", "--workers", "-k", "--worker-class", "-t", "--timeout", "-c", "--config", "--host", "--port", "-p", "--log-config", "--log-level", "--access-logfile", "--error-logfile", "--log-file", "-u", "--user":
		return true
	}
	return false
}

// keepFlags keeps what a command line says of its server and that a container
// takes: workers, threads, timeouts, a config.
func (p *pyProject) keepFlags(server string, words []string) {
	if at := slices.Index(p.s.Args, "--threads"); at >= 0 && p.s.Server.Value == server && slices.ContainsFunc(words, func(w string) bool {
		w, _, _ = strings.Cut(w, "=")
		return w == "--threads" || w == "-k" || w == "--worker-class" || w == "-c" || w == "--config"
	}) {
		p.s.Args = slices.Delete(p.s.Args, at, at+4) // the project says it itself
	}
	if at := slices.Index(p.s.Args, "--graceful-timeout"); at >= 0 && p.s.Server.Value == server && slices.ContainsFunc(words, func(w string) bool {
		w, _, _ = strings.Cut(w, "=")
		return w == "--graceful-timeout" || w == "-c" || w == "--config"
	}) {
		p.s.Args = slices.Delete(p.s.Args, at, at+2)
	}
	for i := 1; i < len(words); i++ {
		name, value, joined := strings.Cut(words[i], "=")
		switch name {
		case "-w", "--workers", "--threads", "-t", "--timeout", "-c", "--config", "--worker-connections", "--keep-alive", "--log-level", "-k", "--worker-class", "--proxy-headers", "--forwarded-allow-ips", "--preload", "--max-requests", "--max-requests-jitter", "--graceful-timeout":
		default:
			continue
		}
		if p.s.Server.Value != server {
			continue
		}
		flag := []string{words[i]}
		if !joined && isFlagWithValue(name) && i+1 < len(words) {
			value = words[i+1]
			flag = append(flag, value)
		}
		if strings.ContainsAny(value, "$`") {
			continue
		}
		if (name == "-c" || name == "--config") && !p.t.has[value] {
			continue
		}
		p.s.Args = append(p.s.Args, flag...)
	}
	p.run(p.s.Exec, p.s.Args)
}

func isFlagWithValue(name string) bool { return name != "--proxy-headers" && name != "--preload" }

// before notes what a command line does first: that is a step of its own, since it
// would run in every replica.
func (p *pyProject) before(c command, l line) {
	for _, f := range c.first {
		words := parseCommand(f).words
		if len(words) > 0 {
			p.s.Steps = append(p.s.Steps, Process{Name: stepName(words), Exec: words, At: l.at})
		}
	}
}

func stepName(words []string) string {
	for _, w := range words {
		switch w {
		case "migrate", "upgrade":
			return "migrate"
		case "collectstatic":
			return "collectstatic"
		}
	}
	return "prepare"
}

// others are the lines of a Procfile beside the one that is started.
func (p *pyProject) others(lines map[string]line, started string) {
	var names []string
	for n := range lines {
		if n != started {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		words := parseCommand(lines[n].text).words
		if len(words) == 0 {
			continue
		}
		pr := Process{Name: n, Exec: words, At: lines[n].at}
		if n == "release" {
			pr.Name = stepName(words)
			p.s.Steps = append(p.s.Steps, pr)
		} else {
			p.s.Others = append(p.s.Others, pr)
		}
	}
}

var uwsgiRE = regexp.MustCompile(`(?m)^\s*(?:http|http-socket)\s*=\s*[^#\n]*?:(\d+|\$\(PORT\))\s*$`)

// uwsgiPort is the port of a settings file of uWSGI; "" = it has none.
func (p *pyProject) uwsgiPort(file string) string {
	m := uwsgiRE.FindSubmatch(p.t.read(file))
	if m == nil {
		return ""
	}
	if string(m[1]) == "$(PORT)" {
		p.set("PORT", "8000")
		return "8000"
	}
	return string(m[1])
}

var bindRE = regexp.MustCompile(`(?m)^\s*bind\s*=.*?:(\d{4,5})\b`)

// configured takes the port that a settings file of gunicorn says.
func (p *pyProject) configured(words []string) {
	for i, w := range words {
		if (w == "-c" || w == "--config") && i+1 < len(words) && p.opt.Port == 0 {
			m := bindRE.FindSubmatch(p.t.read(path.Clean(words[i+1])))
			if m == nil {
				continue
			}
			old := p.s.Port.Value
			p.s.Port = Fact{Value: string(m[1]), At: Place{path.Clean(words[i+1]), p.t.lineOf(path.Clean(words[i+1]), "bind")}}
			for j, a := range p.s.Args {
				p.s.Args[j] = strings.Replace(a, ":"+old, ":"+p.s.Port.Value, 1)
			}
		}
	}
}
