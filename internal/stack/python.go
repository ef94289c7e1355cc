package stack

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
)

// Python is what is known of a Python project beyond what every stack has.
type Python struct {
	Install  Install  `json:"install"`
	Packages []string `json:"packages,omitempty"` // that it depends on, as far as is known, in normal form
	// NoMusl are packages of which the lock has wheels for Linux, and none for musl.
	NoMusl []string `json:"noMusl,omitempty"`
	// SQLAlchemy tells that the source uses it, whose URLs name the driver too.
	SQLAlchemy bool    `json:"sqlalchemy,omitempty"`
	Add        []Tool  `json:"add,omitempty"` // packages that it lacks, which the build installs
	Root       string  `json:"root"`          // the folder that its imports begin in; "." = the project
	Django     *Django `json:"django,omitempty"`
	Entry      string  `json:"entry,omitempty"` // the file that is the program
	Torch      Place   `json:"torch,omitzero"`  // where PyTorch is asked for, from an index that gives it with CUDA
}

// A Tool is a package at a version.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Why     string `json:"why,omitempty"`
}

// Django is what is known of a Django project.
type Django struct {
	Settings Fact     `json:"settings"`          // the module
	Static   Fact     `json:"static,omitzero"`   // STATIC_ROOT is set and staticfiles is installed
	Hosts    []string `json:"hosts,omitempty"`   // ALLOWED_HOSTS, where it is plain
	OpenHost bool     `json:"openHost"`          // a probe that asks 127.0.0.1 is let in
	Keys     []string `json:"keys,omitempty"`    // variables that the settings cannot do without
	Migrate  bool     `json:"migrate,omitempty"` // it has migrations of its own
}

// isPython tells whether a project is one of Python.
func isPython(t *tree) (Place, bool) {
	for _, name := range []string{"uv.lock", "poetry.lock", "pdm.lock", "Pipfile", "pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", "langgraph.json", "environment.yml", "environment.yaml"} {
		if t.has[name] {
			return Place{File: name}, true
		}
	}
	for _, name := range t.in(".") {
		if strings.HasPrefix(name, "requirements") && (strings.HasSuffix(name, ".txt") || name == "requirements/") {
			return Place{File: name}, true
		}
	}
	for _, f := range t.files {
		if strings.HasSuffix(f, ".py") && !isSide(f) && strings.Count(f, "/") < 2 {
			return Place{File: f}, true
		}
	}
	return Place{}, false
}

// sides are folders whose files are no part of the program.
var sides = map[string]bool{
	"test": true, "tests": true, "testing": true, "docs": true, "doc": true, "examples": true, "example": true, "samples": true, "benchmarks": true, "notebooks": true,
	"e2e": true, "fixtures": true, "testdata": true, "docker": true, "infra": true, "terraform": true, "ci": true, "hooks": true, "site": true,
}

// isSide tells whether a file is a test, an example, or of a tool.
func isSide(file string) bool {
	parts := strings.Split(file, "/")
	for _, p := range parts[:len(parts)-1] {
		if sides[p] {
			return true
		}
	}
	switch base := parts[len(parts)-1]; base {
	case "setup.py", "conftest.py", "noxfile.py", "tasks.py", "fabfile.py", "conf.py":
		return len(parts) == 1 && base != "tasks.py" || base == "conftest.py"
	default:
		return strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test.py")
	}
}

// A module is one file of the project's source.
type module struct {
	file   string
	name   string // dotted, from the project's folder
	source []byte
	*python.Module
}

// A pyProject is a Python project as it is looked into.
type pyProject struct {
	t       *tree
	opt     Options
	s       *Stack
	py      *Python
	project *pyprojectFile
	deps    map[string]dependency // what it depends on, by its normal name
	exact   bool                  // deps are all that is installed, by a lock
	lock    *lockFile             // nil = there is none
	modules []*module
	byName  map[string]*module
	within  string   // the function in which names are looked up first
	where   string   // the folder that setuptools finds its packages in
	extra   []string // files that its command line names
	below   string   // of Django: the folder that its settings are found from, where that is not the one of manage.py
}

// maxSource bounds how much source is read, in bytes: what starts a program stands
// near its top.
const maxSource = 6 << 20

func detectPython(t *tree, opt Options) (*Stack, error) {
	p := &pyProject{t: t, opt: opt, s: &Stack{Dir: "."}, py: &Python{Root: "."}, deps: map[string]dependency{}, byName: map[string]*module{}}
	p.s.Python = p.py
	if err := p.manager(); err != nil {
		return nil, err
	}
	p.load()
	if err := p.entry(); err != nil {
		return nil, err
	}
	if opt.Kind != "" {
		p.s.Kind = opt.Kind
	}
	if p.s.Kind == Service && opt.Port > 0 {
		p.s.Port = opt.port()
	}
	if err := p.member(); err != nil {
		return nil, err
	}
	if in := &p.py.Install; in.Member == "" && in.Project && p.s.Framework.Value != "LangGraph" && p.py.Root == "." && in.Script == "" && len(in.Drop) == 0 && in.By != "setup" && !p.asksForItself() {
		in.Project = false // its source is copied, and found from where it runs
	}
	if in := &p.py.Install; in.Project && in.Script == "" && p.py.Root != "." && slices.Contains(in.Modules, p.py.Root) {
		in.Project = false // installed it would have another name than the one by which it is started
	}
	p.version()
	p.native()
	p.health()
	p.environment()
	p.services()
	p.writes()
	p.steps()
	p.sources()
	if err := p.assets(); err != nil {
		return nil, err
	}
	p.tell()
	for name := range p.deps {
		p.py.Packages = append(p.py.Packages, name)
	}
	slices.Sort(p.py.Packages)
	return p.s, nil
}

// steps finds the migrations that have to run before the program, where the project
// says none.
func (p *pyProject) steps() {
	if len(p.s.Steps) > 0 || p.s.Kind != Service {
		return
	}
	add := func(file string, exec ...string) {
		p.s.Steps = append(p.s.Steps, Process{Name: "migrate", Exec: exec, At: Place{File: file}})
	}
	_, alembic := p.dep("alembic")
	_, flask := p.dep("flask-migrate")
	manage := path.Join(p.py.Root, "manage.py")
	switch {
	case p.py.Django != nil && p.t.has[manage] && len(p.s.Services) > 0:
		add(manage, "python", manage, "migrate", "--noinput")
	case p.t.has["alembic.ini"] && alembic:
		add("alembic.ini", "python", "-m", "alembic", "upgrade", "head")
	case flask && p.t.dir("migrations") && p.s.App.Known():
		app, _, _ := strings.Cut(p.s.App.Value, ":")
		add("migrations/", "python", "-m", "flask", "--app", app, "db", "upgrade")
	}
}

// load reads the source, what lies near the top first, and what may be no part of
// the program not at all.
func (p *pyProject) load() {
	var list []string
	for _, f := range p.t.files {
		if strings.HasSuffix(f, ".py") && !isSide(f) && !strings.Contains(f, "/migrations/") && !strings.Contains(f, "alembic/versions/") {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	total := 0
	for _, f := range list {
		data := p.t.read(f)
		if total += len(data); total > maxSource {
			break
		}
		name := strings.ReplaceAll(strings.TrimSuffix(f, ".py"), "/", ".")
		name = strings.TrimSuffix(name, ".__init__")
		m := &module{file: f, name: name, source: data}
		p.modules = append(p.modules, m)
		p.byName[name] = m
	}
}

// asksForItself tells whether the source asks for the project's own metadata, which is
// there only where it is installed.
func (p *pyProject) asksForItself() bool {
	return slices.ContainsFunc(p.modules, func(m *module) bool { return m.mentions("importlib.metadata", "importlib_metadata", "pkg_resources") })
}

// parsed is a module's source, read once.
func (m *module) parsed() *python.Module {
	if m.Module == nil {
		m.Module = python.Parse(m.source)
	}
	return m.Module
}

// mentions tells whether a module's text has one of these words.
func (m *module) mentions(words ...string) bool {
	for _, w := range words {
		if bytes.Contains(m.source, []byte(w)) {
			return true
		}
	}
	return false
}

var outermostRE = regexp.MustCompile(`^(?:async\s+)?(?:def|class)\s+(\w+)`)

// outermost is the function or the class at the top of the module that a line stands in;
// "" = none.
func (m *module) outermost(line int) string {
	lines := strings.Split(string(m.source), "\n")
	for i := min(line, len(lines)) - 1; i >= 0; i-- {
		if d := outermostRE.FindStringSubmatch(lines[i]); d != nil {
			return d[1]
		}
		if l := lines[i]; strings.TrimSpace(l) != "" && !strings.ContainsAny(l[:1], " \t)#]}@\r") {
			return ""
		}
	}
	return ""
}

// find is the module that a dotted name means in another module, and what of the
// name is left over.
func (p *pyProject) find(from *module, dotted string) (*module, string) {
	if strings.HasPrefix(dotted, ".") {
		dots := len(dotted) - len(strings.TrimLeft(dotted, "."))
		base := from.name
		if path.Base(from.file) != "__init__.py" {
			base = parent(base)
		}
		for range dots - 1 {
			base = parent(base)
		}
		rest := strings.TrimLeft(dotted, ".")
		switch {
		case base == "":
			dotted = rest
		case rest == "":
			dotted = base
		default:
			dotted = base + "." + rest
		}
		return p.cut(dotted)
	}
	// From the project's folder, from src, and from each folder above the module:
	// any of them may be on the path.
	for _, root := range p.roots(from) {
		name := dotted
		if root != "" {
			name = root + "." + dotted
		}
		if m, rest := p.cut(name); m != nil && !(root != "" && m.name == root) {
			return m, rest
		}
	}
	return nil, ""
}

// roots are the folders that the imports of a module may begin in, as prefixes of
// module names.
func (p *pyProject) roots(from *module) []string {
	list := []string{""}
	if p.t.dir("src") {
		list = append(list, "src")
	}
	if p.where != "" && p.where != "src" {
		list = append(list, strings.ReplaceAll(p.where, "/", "."))
	}
	if from != nil {
		for name := parent(from.name); name != ""; name = parent(name) {
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

func parent(dotted string) string {
	at := strings.LastIndexByte(dotted, '.')
	if at < 0 {
		return ""
	}
	return dotted[:at]
}

// cut finds the longest beginning of a dotted name that is a module.
func (p *pyProject) cut(dotted string) (*module, string) {
	rest := ""
	for name := dotted; name != ""; name = parent(name) {
		if m := p.byName[name]; m != nil {
			return m, rest
		}
		last := name[strings.LastIndexByte(name, '.')+1:]
		if rest == "" {
			rest = last
		} else {
			rest = last + "." + rest
		}
	}
	return nil, ""
}

// has is a dependency by its normal name, and where it is asked for.
func (p *pyProject) dep(names ...string) (dependency, bool) {
	for _, n := range names {
		if d, ok := p.deps[n]; ok {
			return d, true
		}
	}
	return dependency{}, false
}

// tell says what a person has to know and cannot read off the files.
func (p *pyProject) tell() {
	if !p.s.Lock.Known() && !p.pinned() && len(p.deps) > 0 {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("no lock file: the versions in %s move with time; a lock makes every build the same", p.s.Manager.At.File))
	}
	if d, ok := p.dep("torch"); ok && !d.cpu {
		p.py.Torch = d.at
	}
}

// pinned tells whether every requirement names one version.
func (p *pyProject) pinned() bool {
	for _, d := range p.deps {
		if !d.pinned && d.direct {
			return false
		}
	}
	return len(p.deps) > 0
}

// tool is a package at the version that is known to be good.
func tool(name string) Tool { return Tool{Name: name, Version: knowledge.ToolVersion(name)} }
