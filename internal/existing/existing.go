// Package existing reads out of the Dockerfile that a project has what one that is
// written anew for it has to keep: how the program is started, its port and its
// probe, variables, packages of the system, labels, volumes, the files of other
// stages, and the lines that do what nothing else would do. What it cannot carry
// over it says. It judges nothing.
package existing

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A Fact is something that the Dockerfile says, and its line.
type Fact struct {
	Value string `json:"value"`
	Line  int    `json:"line,omitempty"`
}

// Known tells whether it says so.
func (f Fact) Known() bool { return f.Value != "" }

// A Setting is an environment variable.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Line  int    `json:"line"`
}

// A Package is one of the system's, as the base image's manager names it.
type Package struct {
	Name    string `json:"name"`
	Manager string `json:"manager"` // apt, apk
	Build   bool   `json:"build"`   // only the build needs it
	Line    int    `json:"line"`
}

// A Stage is one that is kept as it is written, since files are copied out of it.
type Stage struct {
	Name  string   `json:"name"`
	Text  string   `json:"text"`
	Line  int      `json:"line"`
	Takes []string `json:"takes,omitempty"` // files of the context that it needs
}

// A Step is an instruction that is kept.
type Step struct {
	Text string `json:"text"`
	Line int    `json:"line"`
	// Early tells that it stands before the project's sources are copied.
	Early bool `json:"early"`
	// System tells that it installs packages of the system, some out of a repository that
	// is not the distribution's.
	System bool `json:"system,omitempty"`
	// Args are the ARG lines of the build arguments that it uses.
	Args []string `json:"args,omitempty"`
	// Programs are those that it runs.
	Programs []string `json:"programs,omitempty"`
	// Release is the release of Debian or Ubuntu whose packages it asks for by name.
	Release string `json:"release,omitempty"`
	// Takes are the files of the context that it needs.
	Takes []string `json:"takes,omitempty"`

	copies *source.Copy // nil = it does not copy
}

// A Left is what is not carried over, and why.
type Left struct {
	What string `json:"what"`
	Why  string `json:"why"`
	Line int    `json:"line"`
}

// A Build is what a Dockerfile says of the container that it makes.
type Build struct {
	File    string `json:"file"`
	Base    Fact   `json:"base"`
	Command Fact   `json:"command,omitzero"` // the program and its arguments as a shell's line, with what runs before it
	// Replaced is who gives a whole command in place of CMD, where there is no ENTRYPOINT.
	Replaced Fact      `json:"replaced,omitzero"`
	Package  Fact      `json:"package,omitzero"` // what a compiler is told to build: ./cmd/server, a binary's name
	Port     Fact      `json:"port,omitzero"`
	Route    Fact      `json:"route,omitzero"` // what the health check asks for
	Env      []Setting `json:"env,omitempty"`
	Args     []Fact    `json:"args,omitempty"`   // ARG lines that labels and variables use
	Labels   []Fact    `json:"labels,omitempty"` // LABEL lines
	Extra    []Fact    `json:"extra,omitempty"`  // packages of the language that no manifest names, as on the command line
	Packages []Package `json:"packages,omitempty"`
	UID      Fact      `json:"uid,omitzero"` // of the user, where it is a number above 0
	Work     Fact      `json:"work,omitzero"`
	Volumes  []Fact    `json:"volumes,omitempty"`
	Writable []Fact    `json:"writable,omitempty"` // folders that it makes, or hands over to its user
	Stop     Fact      `json:"stop,omitzero"`
	Sources  []Fact    `json:"sources,omitempty"` // files and folders of the context that it copies to where the program runs
	Stages   []Stage   `json:"stages,omitempty"`
	Steps    []Step    `json:"steps,omitempty"`
	Left     []Left    `json:"left,omitempty"`
}

// A reader reads one build.
type reader struct {
	b          *source.Build
	out        *Build
	ecosystem  []string        // of the project's language
	ours       map[string]bool // stages that build the project, by their reference
	tools      map[string]bool // programs that kept lines run
	probe      string          // the health check, as it is written
	sources    bool            // the project's sources have been copied
	foreign    bool            // packages may come of others than the distribution
	release    string          // for which these are
	installing []string        // RUNs that install, and are not kept
	made       []Fact          // folders that a RUN makes
	work       string
}

// ecosystems are the package managers' worlds of each language.
var ecosystems = map[string][]string{
	"python": {"python", "conda"}, "node": {"node"}, "go": {"go"}, "rust": {"cargo"}, "java": {"maven", "gradle"},
	"dotnet": {"nuget"}, "php": {"composer"}, "ruby": {"bundle"}, "static": {"node"},
	"cpp": {"cmake", "make", "ninja", "g++", "gcc", "clang", "clang++"},
}

// Read reads what the build of a project in a language says.
func Read(b *source.Build, language string) *Build {
	r := &reader{b: b, out: &Build{File: b.Path}, ecosystem: ecosystems[language], ours: map[string]bool{}, tools: map[string]bool{}}
	if base := b.Base(); base != nil && len(b.Chain()) > 0 {
		first := b.Chain()[0]
		r.out.Base = Fact{base.String(), first.From.Line()}
	}
	final := b.Final()
	r.work = final.Workdir.Value
	if s := final.WorkdirStep; s != nil && final.Workdir.Known && path.IsAbs(r.work) && path.Clean(r.work) != "/" {
		r.out.Work = Fact{path.Clean(r.work), s.Line()}
	}
	if step, inherited, _ := b.Health(); step != nil && !inherited {
		r.health(step)
	}
	for _, st := range b.Stages {
		if !b.InChain(st) && b.Needs(st) {
			r.ours[st.Ref()] = r.builds(st)
			if r.ours[st.Ref()] {
				r.builder(st)
			}
		}
	}
	for step := range b.Steps() {
		r.step(step)
	}
	r.unused()
	r.user()
	r.port()
	r.start()
	r.replaced()
	r.writable()
	r.packages()
	return r.out
}

// left notes what is not carried over.
func (r *reader) left(line int, what, why string) {
	r.out.Left = append(r.out.Left, Left{what, why, line})
}

// step reads one instruction of the image that ships.
func (r *reader) step(s *source.Step) {
	line := s.Line()
	switch s.Keyword {
	case "ENV":
		for _, v := range s.Vars {
			r.variable(s, v)
		}
	case "LABEL":
		r.labels(s)
	case "VOLUME":
		for _, w := range s.Words() {
			if path.IsAbs(w.Text) && !strings.Contains(w.Text, "$") {
				r.out.Volumes = append(r.out.Volumes, Fact{path.Clean(w.Text), line})
			}
		}
	case "STOPSIGNAL":
		if s.Value.Known {
			r.out.Stop = Fact{s.Value.Value, line}
		}
	case "COPY", "ADD":
		r.copy(s)
	case "RUN":
		r.run(s)
	case "SHELL":
		r.left(line, "SHELL", "the lines are written for the shell of the base")
	case "ONBUILD":
		r.left(line, "ONBUILD", "it is about images that are built on this one")
	}
}

// settled are variables that say how packages are installed and programs are compiled:
// a build that is written anew has its own.
var settled = regexp.MustCompile(`^(PATH|HOME|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|PYTHONPATH|PYTHONFAULTHANDLER|PYTHONHASHSEED|VIRTUAL_ENV|DEBIAN_FRONTEND|TERM|NODE_ENV|PNPM_HOME|COREPACK_\w+|CI|GOPATH|GOOS|GOARCH|GO111MODULE|GOFLAGS|GOPROXY|CGO_ENABLED|CARGO_\w+|RUSTFLAGS|RUSTUP_\w+|MAVEN_\w+|GRADLE_\w+|(PIP|UV|POETRY|PDM|PIPENV|CONDA|NPM_CONFIG|YARN|BUNDLE|COMPOSER)_\w+|npm_config_\w+|(PYTHON|NODE|POETRY|UV|PIP|YARN|NPM|PNPM|GO|RUBY|BUNDLER|PHP)_?VERSION|GEM_\w+|PHP_INI_DIR|APACHE_\w+|DOTNET_\w+|ASPNETCORE_(URLS|HTTPS?_PORTS)|NUGET_\w+|APP_HOME|LC_ALL)$`)

// variable keeps a variable that is the program's.
func (r *reader) variable(s *source.Step, v source.Var) {
	if settled.MatchString(v.Name) {
		return
	}
	if (knowledge.SecretName(v.Name) || secret.Named(v.Name)) && v.Value != "" {
		r.left(s.Line(), "ENV "+v.Name, "its name is a secret's: give it when the container is started, and replace the value, which the image and its history have shown")
		return
	}
	value := v.Value
	if !v.Known || !v.Set {
		value = raw(s, v.Name)
		for _, name := range names(value) {
			r.arg(name)
		}
	}
	r.out.Env = slices.DeleteFunc(r.out.Env, func(have Setting) bool { return have.Name == v.Name })
	r.out.Env = append(r.out.Env, Setting{v.Name, value, s.Line()})
}

// raw is a value of an ENV as it is written.
func raw(s *source.Step, name string) string {
	for _, w := range s.Assigned(name) {
		if _, v, ok := strings.Cut(w.Text, "="); ok {
			return strings.Trim(v, `"'`)
		}
	}
	return ""
}

var nameRE = regexp.MustCompile(`\$\{?([A-Za-z_]\w*)`)

// names are the variables that a text uses.
func names(text string) (list []string) {
	for _, m := range nameRE.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// arg keeps the ARG line of a build argument.
func (r *reader) arg(name string) {
	for step := range r.b.Steps() {
		if text := argOf(step, name); text != "" && !slices.ContainsFunc(r.out.Args, func(f Fact) bool { return f.Value == text || strings.HasPrefix(f.Value, text+"=") }) {
			r.out.Args = append(r.out.Args, Fact{text, step.Line()})
		}
	}
}

// argLine is the ARG line of a build argument as it is in force at an instruction; "" =
// there is none.
func (r *reader) argLine(at *source.Step, name string) (line string) {
	for step := range r.b.Steps() {
		if step == at {
			break
		}
		line = cmp.Or(argOf(step, name), line)
	}
	return line
}

// argOf is what an instruction says of a build argument, as a line; "" = nothing.
func argOf(s *source.Step, name string) string {
	if s.Keyword != "ARG" {
		return ""
	}
	for _, v := range s.Vars {
		switch {
		case v.Name != name:
		case v.Set && v.Known:
			return "ARG " + name + "=" + v.Value
		default:
			return "ARG " + name
		}
	}
	return ""
}

// labels keeps a LABEL.
func (r *reader) labels(s *source.Step) {
	text := s.Joined()
	if s.Keyword == "LABEL" {
		for _, name := range names(text) {
			r.arg(name)
		}
		r.out.Labels = append(r.out.Labels, Fact{"LABEL " + strings.TrimSpace(text[len("LABEL"):]), s.Line()})
	}
}

// user keeps the number of the user.
func (r *reader) user() {
	u := r.b.User()
	if u.State == source.UserNumbered && u.UID != "" && u.Step != nil {
		r.out.UID = Fact{u.UID, u.Step.Line()}
	}
}

// port keeps the port that the program listens on.
func (r *reader) port() {
	if p, ok := r.b.ListenPort(); ok {
		r.out.Port = Fact{p, 0}
	}
	for _, p := range r.b.Ports() {
		if p.Protocol != "udp" && !strings.Contains(p.Number, "-") && (r.out.Port.Value == "" || r.out.Port.Value == p.Number) {
			r.out.Port = Fact{p.Number, p.Step.Line()}
			break
		}
	}
}

var urlRE = regexp.MustCompile(`https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::[\w${}-]+)?(/[^\s"'\\)|;,]*)?`)

// health keeps the route that the health check asks for.
func (r *reader) health(s *source.Step) {
	if s.DisablesHealth() {
		return
	}
	r.probe = s.Joined()
	if m := urlRE.FindStringSubmatch(r.probe); m != nil && m[1] != "" && m[1] != "/" && !strings.Contains(m[1], "$") {
		r.out.Route = Fact{m[1], s.Line()}
	}
}

// writable are the folders that are made for the program to write: those that are
// handed over to its user, declared as volumes, or made and named nowhere else.
func (r *reader) writable() {
	for _, f := range r.made {
		dir := path.Clean(f.Value)
		if dir == r.work || dir == "/" || within(dir, "/etc", "/usr", "/opt", "/bin", "/sbin", "/lib", "/lib64", "/tmp", "/root", "/var/lib/apt", "/var/cache") || strings.ContainsAny(dir, "$*?{") || !path.IsAbs(dir) {
			continue
		}
		if !slices.ContainsFunc(r.out.Writable, func(have Fact) bool { return have.Value == dir }) {
			r.out.Writable = append(r.out.Writable, Fact{dir, f.Line})
		}
	}
	for _, v := range r.out.Volumes {
		if !slices.ContainsFunc(r.out.Writable, func(have Fact) bool { return have.Value == v.Value }) {
			r.out.Writable = append(r.out.Writable, v)
		}
	}
}

// within tells whether a path is one of some folders or lies in one.
func within(p string, dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool { return p == d || strings.HasPrefix(p, d+"/") })
}

// String is what is left out, in a line.
func (l Left) String() string { return fmt.Sprintf("%s (line %d): %s", l.What, l.Line, l.Why) }
