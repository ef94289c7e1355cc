package stack

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// knowledgeOf is a framework of Python's by its name; nil = none.
func knowledgeOf(name string) *knowledge.Framework {
	for _, f := range knowledge.Frameworks() {
		if f.Language == "python" && f.Name == name {
			return f
		}
	}
	return nil
}

var pythonFileRE = regexp.MustCompile(`^(?:python-?|cpython-?)?(\d+(?:\.\d+){0,2})`)

// version tells which versions of Python the project is for.
func (p *pyProject) version() {
	s, t := p.s, p.t
	if s.Version.Spec != "" {
		return
	}
	set := func(spec, file string, line int) {
		if s.Version.Spec == "" && spec != "" {
			s.Version.Spec, s.Version.At = spec, Place{file, line}
		}
	}
	for _, dir := range []string{p.py.Root, "."} {
		file := path.Join(dir, ".python-version")
		n := 0
		for line := range strings.Lines(string(t.read(file))) {
			n++
			line, _, _ = strings.Cut(line, "#")
			if m := pythonFileRE.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				set(m[1], file, n)
				break
			}
		}
	}
	for _, file := range []string{".tool-versions", "mise.toml", ".mise.toml"} {
		n := 0
		for line := range strings.Lines(string(t.read(file))) {
			n++
			fields := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" =\"'\t\r\n", r) })
			if len(fields) > 1 && fields[0] == "python" {
				if m := pythonFileRE.FindStringSubmatch(fields[1]); m != nil {
					set(m[1], file, n)
				}
			}
		}
	}
	var specs []string
	var at Place
	for _, file := range slices.Compact([]string{"pyproject.toml", path.Join(p.py.Install.Member, "pyproject.toml")}) {
		f := p.project
		if file != "pyproject.toml" {
			f, _ = readPyproject(t, file)
		}
		if f == nil {
			continue
		}
		if f.Project != nil && f.Project.RequiresPython != "" {
			specs = append(specs, f.Project.RequiresPython)
			at = Place{file, t.lineOf(file, "requires-python")}
		}
		if f.Tool.Poetry != nil {
			v := f.Tool.Poetry.Dependencies["python"]
			if m, ok := v.(map[string]any); ok {
				v = m["version"]
			}
			if spec, ok := v.(string); ok {
				specs = append(specs, spec)
				at = Place{file, t.lineOf(file, "python =")}
			}
		}
	}
	if specs != nil {
		s.Version.Also = strings.Join(specs, ",")
		s.Version.Soft = s.Version.Spec != ""
		set(s.Version.Also, at.File, at.Line)
	} else {
		s.Version.Soft = s.Version.Spec != ""
	}
	if m := regexp.MustCompile(`python_requires\s*=\s*["']?([^"'\n]+)`).FindSubmatch(append(t.read("setup.py"), t.read("setup.cfg")...)); m != nil {
		set(strings.TrimSpace(string(m[1])), "setup.py", t.lineOf("setup.py", "python_requires"))
	}
	if m := pythonFileRE.FindSubmatch([]byte(strings.TrimSpace(string(t.read("runtime.txt"))))); m != nil {
		set(string(m[1]), "runtime.txt", 1)
	}
	if m := regexp.MustCompile(`"python_version"\s*:\s*"([0-9.]+)"`).FindSubmatch(t.read("langgraph.json")); m != nil {
		set(string(m[1]), "langgraph.json", t.lineOf("langgraph.json", "python_version"))
	}
	p.wheelsLimit()
}

var cpRE = regexp.MustCompile(`-cp3(\d+)-cp3(\d+)t?-.*manylinux.*x86_64`)

// wheelsLimit finds the newest Python for which what is compiled has wheels, by
// the lock, or by what is known of a version.
func (p *pyProject) wheelsLimit() {
	limit, why := 1000, ""
	note := func(n int, text string) {
		if n < limit {
			limit, why = n, text
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.deps)) {
		d := p.deps[name]
		if d.wheels != nil {
			newest, special, abi := 0, false, false
			for _, w := range d.wheels {
				if strings.HasSuffix(w, "-any.whl") || strings.Contains(w, "-abi3-") {
					abi = true
				}
				if m := cpRE.FindStringSubmatch(w); m != nil {
					special = true
					n := 0
					for _, c := range m[1] {
						n = n*10 + int(c-'0')
					}
					newest = max(newest, n)
				}
			}
			if special && !abi {
				note(newest, name+" "+d.version+" has no wheel for a newer one")
			}
		} else if d.pinned {
			if n := knowledge.NewestPython(name, d.version); n > 0 {
				note(n, name+" "+d.version+" has no wheel for a newer one")
			}
		}
	}
	if why != "" {
		p.s.Version.Below, p.s.Version.Why = "3."+itoa(limit+1), why
	}
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}

// graph starts a project of LangGraph, whose own server serves it.
// Source: langchain-ai.github.io/langgraph: langgraph.json, langgraph CLI.
func (p *pyProject) graph() bool {
	if !p.t.has["langgraph.json"] || len(p.served()) > 0 {
		return false
	}
	s := p.s
	s.Framework = Fact{Value: "LangGraph", At: Place{File: "langgraph.json"}}
	s.Kind = Service
	port := itoa(p.port(2024, nil))
	s.App = Fact{Value: "langgraph.json", At: Place{File: "langgraph.json"}}
	s.Health = Fact{Value: "/ok", Why: "of LangGraph's server"}
	s.Server = Fact{Value: "langgraph", Why: "its server in memory"}
	s.Writes = append(s.Writes, Fact{Value: ".langgraph_api", At: Place{File: "langgraph.json"}, Why: "its server keeps its state there"})
	if _, ok := p.dep("langgraph-cli"); !ok || !slices.Contains(p.deps["langgraph-cli"].extras, "inmem") {
		t := tool("langgraph-cli[inmem]")
		t.Why = "the project has no server of its own: the build installs LangGraph's"
		p.py.Add = append(p.py.Add, t)
	}
	p.run([]string{"python", "-m", "langgraph_cli"}, []string{"dev", "--host", "0.0.0.0", "--port", port, "--no-browser", "--no-reload"})
	s.Notes = append(s.Notes, "LangGraph's server in memory keeps no state over a restart: for production its platform image, with PostgreSQL and Redis and a licence, is what its makers offer")
	return true
}

// agents starts a folder of agents of Google's Agent Development Kit, which its own
// server serves. Source: google.github.io/adk-docs: api server, deploy.
func (p *pyProject) agents() bool {
	d, ok := p.dep("google-adk")
	if !ok || len(p.served()) > 0 {
		return false
	}
	agent := ""
	for _, m := range p.modules {
		if path.Base(m.file) == "agent.py" && m.mentions("root_agent") && (agent == "" || len(m.file) < len(agent)) {
			agent = m.file
		}
	}
	if agent == "" {
		return false
	}
	s := p.s
	s.Framework = Fact{Value: "Google ADK", At: d.at}
	s.Kind = Service
	p.py.Entry = agent
	s.App = Fact{Value: path.Dir(agent), At: Place{agent, p.t.lineOf(agent, "root_agent")}}
	s.Server = Fact{Value: "adk", At: d.at}
	s.Health = Fact{Value: "/list-apps", Why: "of ADK's server"}
	port := itoa(p.port(8000, nil))
	p.run([]string{"adk", "api_server"}, []string{"--host", "0.0.0.0", "--port", port, "/srv/" + strings.TrimPrefix(path.Dir(path.Dir(agent)), ".")})
	p.s.Args[len(p.s.Args)-1] = path.Clean(p.s.Args[len(p.s.Args)-1])
	return true
}

// served are programs of the source that answer on a port.
func (p *pyProject) served() (list []*program) {
	for _, c := range p.programs() {
		if c.framework.Kind == string(Service) {
			list = append(list, c)
		}
	}
	return list
}

// usualFiles are files and folders that programs read where they run, by a name
// that their framework knows.
var usualFiles = map[string]bool{
	"manage.py": true, "alembic": true, "alembic.ini": true, "migrations": true, "templates": true, "static": true, "locale": true, "langgraph.json": true,
	"gunicorn.conf.py": true, "logging.conf": true, "logging.ini": true, ".streamlit": true, "chainlit.md": true, ".chainlit": true, "prompts": true, "babel.cfg": true, "public": true,
}

// aside tells whether a module is none of the program: a script that nothing starts or
// imports, in a folder that the image does not have. It is asked with what tops gives; where
// it is not known what starts the program, any may be of it.
func (p *pyProject) aside(m *module, tops map[string]bool) bool {
	top, _, _ := strings.Cut(m.file, "/")
	entry, _, _ := strings.Cut(p.py.Entry, "/")
	return p.py.Install.Member == "" && entry != "" && tops[entry] && !tops[top] && !slices.ContainsFunc(p.extra, func(f string) bool { return f == m.file })
}

// tops are the names at the top that the program is made of, imports, starts or names.
func (p *pyProject) tops() map[string]bool {
	t := p.t
	want := map[string]bool{}
	code := map[string]bool{} // names at the top with Python in them that is no side
	for _, m := range p.modules {
		top, _, deep := strings.Cut(m.file, "/")
		if !deep || t.has[top+"/__init__.py"] || p.used(top, m) {
			code[top] = true
		}
	}
	reached := p.reached()
	for top := range code {
		if strings.HasSuffix(top, ".py") {
			m := p.byFile(top)
			if m != nil && !reached[m] && top != p.py.Entry && top != "manage.py" && top != "gunicorn.conf.py" && !strings.HasSuffix(top, "__init__.py") && !p.started(top) {
				continue // a script that nothing starts or imports
			}
			want[top] = true
			continue
		}
		if p.anyReached(top, reached) || p.py.Django != nil {
			want[top] = true
		}
	}
	// What the source names, and is there.
	for _, name := range t.in(".") {
		base := strings.TrimSuffix(name, "/")
		if want[base] || strings.HasSuffix(base, ".py") {
			continue
		}
		if usualFiles[base] || p.named(base, strings.HasSuffix(name, "/")) && !(isTests(base) && !p.namedBelow(base)) {
			want[base] = true
		}
	}
	return want
}

// sources tells which files and folders belong into the image.
func (p *pyProject) sources() {
	want := p.tops()
	for _, no := range []string{"pyproject.toml", "requirements.txt", "README.md", "Dockerfile", "compose.yaml", "docker-compose.yml", "LICENSE", ".env", ".env.example", "Makefile", "Procfile", "package.json", "package-lock.json"} {
		if !(no == "pyproject.toml" && p.named(no, false)) {
			delete(want, no)
		}
	}
	for _, w := range p.s.Writes {
		if !p.tracked(w.Value) {
			delete(want, w.Value)
		}
	}
	for _, file := range p.extra {
		if top, _, _ := strings.Cut(file, "/"); !want[top] {
			want[file] = true
		}
	}
	if p.s.Server.Value == "streamlit" {
		delete(want, ".streamlit") // which also has its secrets
		// It finds them by their names. Source: docs.streamlit.io: pages directory, config.toml.
		for _, name := range []string{"pages", ".streamlit/config.toml"} {
			if p.t.dir(name) || p.t.has[name] {
				want[name] = true
			}
		}
	}
	for name := range want {
		p.s.Sources = append(p.s.Sources, name)
	}
	slices.Sort(p.s.Sources)
}

// tracked tells whether a folder that the program writes holds something that it was
// given: files that it reads, and not only what an earlier run of it left.
func (p *pyProject) tracked(dir string) bool {
	for _, f := range p.t.below(dir) {
		switch path.Ext(f) {
		case ".db", ".sqlite", ".sqlite3", ".log", ".pid", ".lock":
		default:
			if path.Base(f) != ".gitkeep" && path.Base(f) != ".gitignore" {
				return true
			}
		}
	}
	return false
}

// started tells whether a process of the project starts a file.
func (p *pyProject) started(file string) bool {
	for _, o := range slices.Concat(p.s.Others, p.s.Steps) {
		if slices.Contains(o.Exec, file) {
			return true
		}
	}
	return false
}

// used tells whether a folder without an __init__.py is imported, as a namespace.
func (p *pyProject) used(top string, m *module) bool {
	return top == "src" || p.py.Entry == m.file || strings.HasPrefix(p.py.Entry, top+"/") || p.anyMention(top)
}

func (p *pyProject) anyMention(word string) bool {
	return slices.ContainsFunc(p.modules, func(m *module) bool {
		return m.mentions("from "+word+".", "import "+word, "from "+word+" ", `"`+word, "'"+word)
	})
}

// reached are the modules that the program imports, directly or through others.
func (p *pyProject) reached() map[*module]bool {
	seen := map[*module]bool{}
	var follow func(m *module)
	follow = func(m *module) {
		if m == nil || seen[m] {
			return
		}
		seen[m] = true
		for _, i := range m.parsed().Imports {
			full := i.Module
			if i.Name != "" && i.Name != "*" {
				full += "." + i.Name
				if strings.HasSuffix(i.Module, ".") {
					full = i.Module + i.Name
				}
			}
			o, _ := p.find(m, full)
			follow(o)
			if i.Name == "*" || o == nil {
				o, _ = p.find(m, i.Module)
				follow(o)
			}
		}
		// Modules that are named in texts: uvicorn's "app.main:app", celery's include.
		for _, s := range m.parsed().Strings {
			if !strings.Contains(s.Value, ".") && !strings.Contains(s.Value, ":") || strings.ContainsAny(s.Value, " /") {
				continue
			}
			name, _, _ := strings.Cut(s.Value, ":")
			if o := p.byName[name]; o != nil {
				follow(o)
			}
		}
	}
	follow(p.byFile(p.py.Entry))
	for _, o := range slices.Concat(p.s.Others, p.s.Steps) {
		for _, w := range o.Exec {
			name, _, _ := strings.Cut(w, ":")
			follow(p.byFile(name))
			if m, rest := p.cut(prefix(p.py.Root, name)); m != nil && rest == "" {
				follow(m)
			}
		}
	}
	if p.t.has["langgraph.json"] {
		for _, m := range p.modules {
			if strings.Contains(string(p.t.read("langgraph.json")), m.file) {
				follow(m)
			}
		}
	}
	return seen
}

func (p *pyProject) anyReached(top string, reached map[*module]bool) bool {
	for m := range reached {
		if strings.HasPrefix(m.file, top+"/") {
			return true
		}
	}
	return false
}

// named tells whether the source names a file or a folder of the project.
func (p *pyProject) named(base string, dir bool) bool {
	for _, m := range p.modules {
		if !m.mentions(base) {
			continue
		}
		for _, s := range m.parsed().Strings {
			v := strings.TrimPrefix(s.Value, "./")
			if v == base || strings.HasPrefix(v, base+"/") && dir || strings.HasSuffix(v, "/"+base) && !dir {
				return true
			}
		}
		if dir && namedInPath(m, base) {
			return true
		}
	}
	return false
}

// isTests tells whether a folder is one of tests. A text with its name alone is about
// something else: a mode, a database.
func isTests(base string) bool {
	return base == "test" || base == "tests" || base == "testing" || base == "e2e" || base == "ci"
}

// namedBelow tells whether the source names something in a folder.
func (p *pyProject) namedBelow(base string) bool {
	return slices.ContainsFunc(p.modules, func(m *module) bool { return namedInPath(m, base) })
}

// namedInPath tells whether an f-string or a path has a folder in it.
func namedInPath(m *module, base string) bool {
	return m.mentions(`f"`+base+"/", `f'`+base+"/", `"`+base+`/`, `'`+base+`/`)
}
