package existing

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A verdict says what becomes of one command of a RUN.
type verdict uint8

const (
	kept    verdict = iota // nobody else does it
	dropped                // the new build does it itself, or has no need of it
	neither                // it does nothing by itself: cd, set
)

// managing tells whether a package manager is one of the project's language.
func (r *reader) managing(manager string) bool {
	if slices.Contains(r.ecosystem, manager) {
		return true
	}
	e := knowledge.EcosystemOf(manager)
	return e != "" && slices.Contains(r.ecosystem, e)
}

// builds tells whether a stage installs or compiles the project.
func (r *reader) builds(st *source.Stage) bool {
	for up := range st.Upwards() {
		for _, step := range up.Steps {
			run := step.Run()
			if run == nil {
				continue
			}
			for _, in := range run.Effects.Installs {
				if !in.System && r.managing(in.Manager) {
					return true
				}
			}
			for _, c := range run.Commands() {
				if r.compiles(c) {
					return true
				}
			}
		}
	}
	return false
}

// compiles tells whether a command builds the project.
func (r *reader) compiles(c *shell.Command) bool {
	what, ok := packages.Compiles(c)
	if !ok {
		return false
	}
	program, _, _ := strings.Cut(what, " ")
	return r.managing(program) || slices.Contains(r.ecosystem, knowledge.CompiledEcosystem(program))
}

// builder reads what a stage that builds the project says: packages of the system, and
// what the compiler is told to build.
func (r *reader) builder(st *source.Stage) {
	for up := range st.Upwards() {
		if r.b.InChain(up) {
			return
		}
		for _, step := range up.Steps {
			run := step.Run()
			if run == nil {
				continue
			}
			r.extensions(run.Commands(), step.Line())
			for _, in := range run.Effects.Kept() {
				if in.System {
					r.install(in, step.Line(), true)
				} else {
					r.extra(in, step.Line())
				}
			}
			for _, c := range run.Commands() {
				if r.compiles(c) {
					r.compiled(c, step.Line())
				}
			}
		}
	}
}

// compiled keeps what a compiler is told to build.
func (r *reader) compiled(c *shell.Command, line int) {
	program, args := c.Underlying()
	for i, a := range args {
		switch {
		case program == "go" && i == len(args)-1 && i > 0 && a.Known && (strings.HasPrefix(a.Text, ".") || strings.Contains(a.Text, "/")) && args[i-1].Text != "-o":
			r.out.Package = Fact{strings.TrimPrefix(path.Clean(a.Text), "./"), line}
		case program == "cmake" && a.Text == "--target" && i+1 < len(args) && args[i+1].Known && args[i+1].Text != "install" && args[i+1].Text != "all":
			r.out.Package = Fact{args[i+1].Text, line}
		case program == "cargo" && (a.Text == "--bin" || a.Text == "-p" || a.Text == "--package") && i+1 < len(args) && args[i+1].Known:
			r.out.Package = Fact{args[i+1].Text, line}
		}
	}
}

// ofPHP are programs of PHP's images that add extensions to PHP, or set up a web server
// beside it.
var ofPHP = []string{"docker-php-ext-install", "docker-php-ext-enable", "docker-php-ext-configure", "docker-php-source", "install-php-extensions", "pecl", "phpenmod", "a2enmod", "a2dismod", "a2ensite", "a2dissite", "a2enconf"}

// extensions notes the extensions of PHP that are installed.
func (r *reader) extensions(list []*shell.Command, line int) {
	for _, c := range list {
		program, args := c.Underlying()
		add := program == "docker-php-ext-install" || program == "install-php-extensions" || program == "docker-php-ext-enable" || program == "pecl" && len(args) > 0 && args[0].Text == "install"
		if !add || !slices.Contains(r.ecosystem, "composer") {
			continue
		}
		for _, a := range args {
			name, _, _ := strings.Cut(a.Text, "-")
			if !a.Known || name == "" || name == "install" || a.Text == "pdo" || strings.HasPrefix(a.Text, "@") || name == "xdebug" || slices.Contains([]string{"1", "2", "4", "8"}, name) {
				continue
			}
			if !slices.ContainsFunc(r.out.Extra, func(f Fact) bool { return f.Value == name }) {
				r.out.Extra = append(r.out.Extra, Fact{name, line})
			}
		}
	}
}

// install notes packages of the system.
func (r *reader) install(in packages.Install, line int, build bool) {
	for _, p := range in.Packages {
		if !p.Known || p.Path || p.Name == "" || in.Verb == "upgrade" {
			continue
		}
		at := slices.IndexFunc(r.out.Packages, func(have Package) bool { return have.Name == p.Name })
		if at < 0 {
			r.out.Packages = append(r.out.Packages, Package{Name: p.Name, Manager: in.Manager, Build: build, Line: line})
		} else if !build {
			r.out.Packages[at].Build = false
		}
	}
}

// extra notes packages of the language that no manifest names.
func (r *reader) extra(in packages.Install, line int) {
	if !r.managing(in.Manager) || len(in.Manifests) > 0 && len(in.Packages) == 0 || in.Manager != "pip" && in.Manager != "uv" {
		return
	}
	for _, p := range in.Packages {
		if !p.Known || p.Path || slices.Contains([]string{"pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "pdm", "build", "virtualenv", "poetry-plugin-export", "Cython", "cython"}, p.Name) {
			continue
		}
		spec := p.Name + p.Version
		if !slices.ContainsFunc(r.out.Extra, func(f Fact) bool { return f.Value == spec }) {
			r.out.Extra = append(r.out.Extra, Fact{spec, line})
		}
	}
}

// run reads a RUN of the image that ships.
func (r *reader) run(s *source.Step) {
	run := s.Run()
	line := s.Line()
	if run.Script == nil || run.Script.Err != nil || run.Script.Truncated {
		r.keep(s, r.text(s))
		return
	}
	r.extensions(run.Commands(), line)
	if r.repository(s) {
		return
	}
	e := run.Effects
	judged := map[*shell.Command]verdict{}
	any := false
	for _, c := range run.Commands() {
		if c.Substitution || len(c.Words) == 0 && len(c.Redirects) == 0 {
			continue
		}
		v := r.judge(c, e)
		if p := r.ofBase(s, c); p != "" && v == kept {
			r.left(line, first(r.text(s)), "it runs "+p+", which the base image of today has")
			r.installing = append(r.installing, r.text(s))
			return
		}
		judged[c] = v
		any = any || v == kept
	}
	for _, in := range e.Kept() {
		if !in.System {
			r.extra(in, line)
		}
	}
	r.folders(e, line)
	for _, c := range run.Commands() {
		if r.compiles(c) {
			r.compiled(c, line)
		}
	}
	if !any {
		if len(e.Installs) > 0 {
			r.installing = append(r.installing, r.text(s))
		}
		r.installed(s)
		return
	}
	if text, ok := r.split(s, judged); ok {
		if len(e.Installs) > 0 {
			r.installing = append(r.installing, r.text(s))
		}
		r.installed(s)
		r.keep(s, text)
	} else {
		r.keep(s, strings.TrimRight(r.text(s), "\n"))
	}
	for c, v := range judged {
		if v == kept {
			r.tools[c.Program()] = true
		}
	}
}

// installed notes the packages of the system that are left when a RUN ends.
func (r *reader) installed(s *source.Step) {
	for _, in := range s.Run().Effects.Kept() {
		if in.System {
			r.install(in, s.Line(), false)
		}
	}
}

// first is the first line of an instruction.
func first(text string) string {
	line, _, more := strings.Cut(text, "\n")
	if line = strings.TrimSuffix(strings.TrimSpace(line), `\`); more {
		return strings.TrimSpace(line) + " …"
	}
	return line
}

// trivial are programs that change nothing in an image.
var trivial = map[string]bool{"set": true, "echo": true, "true": true, ":": true, "ls": true, "printf": true, "sleep": true, "test": true, "[": true, "pwd": true, "whoami": true, "id": true, "env": true, "sync": true, "cat": true, "exit": true, "which": true, "command": true, ".": true, "source": true, "read": true, "continue": true, "break": true, "date": true, "ldd": true}

// judge says what becomes of a command.
func (r *reader) judge(c *shell.Command, e *effects.Effects) verdict {
	program, args := c.Underlying()
	of := func(other *shell.Command) bool { return other == c }
	if program == "gem" && slices.Contains(r.ecosystem, "bundle") && (slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "bundler" }) || len(args) > 0 && args[0].Text == "update") {
		return dropped // Ruby's image has it
	}
	for _, in := range e.Installs {
		if of(in.Command) {
			if in.System || r.managing(in.Manager) {
				return dropped
			}
			return kept
		}
	}
	for _, x := range e.Removes {
		if of(x.Command) {
			return dropped
		}
	}
	for _, x := range e.Updates {
		if of(x.Command) {
			return dropped
		}
	}
	for _, x := range e.Cleans {
		if of(x.Command) {
			return dropped
		}
	}
	for _, x := range e.Users {
		if of(x.Command) && x.File.Text == "" {
			return dropped
		}
	}
	for _, x := range e.Groups {
		if of(x.Command) {
			return dropped
		}
	}
	for _, x := range e.Memberships {
		if of(x.Command) {
			return dropped
		}
	}
	if r.compiles(c) {
		return dropped
	}
	if program == "manage.py" || shell.IsPython(program) && len(args) > 1 && strings.HasSuffix(args[0].Text, "manage.py") {
		if slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "collectstatic" }) && slices.Contains(r.ecosystem, "python") {
			return dropped
		}
	}
	if shell.IsPython(program) && len(args) > 1 && args[0].Text == "-m" && (args[1].Text == "venv" || args[1].Text == "compileall") {
		return dropped
	}
	if slices.Contains(ofPHP, program) && slices.Contains(r.ecosystem, "composer") {
		return dropped
	}
	if program != "python" && program != "node" && r.managing(program) || program == "corepack" && slices.Contains(r.ecosystem, "node") || program == "virtualenv" {
		return dropped
	}
	if program == "ln" && strings.Contains(text(args), "musl") {
		return dropped // Alpine's libc is not Debian's
	}
	if v, ok := ofFiles(c, e); ok {
		return v
	}
	for _, f := range e.Fetches {
		if of(f.Command) {
			return kept
		}
	}
	if program == "git" && len(args) > 0 && args[0].Text == "config" {
		return dropped // of the build's, and where it is about a token, a mount of a secret does it
	}
	switch {
	case program == "cd" || program == "export" || program == "":
		return neither
	case trivial[program]:
		return neither
	}
	return kept
}

// ofFiles judges a command by what it does to files.
func ofFiles(c *shell.Command, e *effects.Effects) (verdict, bool) {
	v, any := dropped, false
	for _, f := range e.Files {
		if f.Command != c {
			continue
		}
		any = true
		switch f.Kind {
		case effects.Delete, effects.Chown, effects.Chmod, effects.Venv:
		case effects.Mkdir:
			for _, p := range f.Paths {
				if within(p.Text, "/etc", "/usr", "/opt") {
					v = kept
				}
			}
		case effects.Write:
			for _, p := range f.Paths {
				if !within(p.Text, "/dev") {
					v = kept
				}
			}
		default:
			v = kept
		}
	}
	return v, any
}

// folders notes the folders that a RUN makes or hands over.
func (r *reader) folders(e *effects.Effects, line int) {
	for _, f := range e.Files {
		if f.Kind != effects.Mkdir && (f.Kind != effects.Chown || f.Owner == "root" || f.Owner == "0" || f.Owner == "") {
			continue
		}
		for _, p := range f.Paths {
			if p.Known && !p.Glob && path.IsAbs(p.Text) && !r.isFile(p.Text) {
				r.made = append(r.made, Fact{p.Text, line})
			}
		}
	}
}

// isFile tells whether a path of the image is a file of the project's.
func (r *reader) isFile(p string) bool {
	return path.Ext(p) != "" || r.b.FileAt(p) != nil
}

// split is a RUN without the commands that are not kept. ok is false where its commands
// hang together, so that all of it is kept.
func (r *reader) split(s *source.Step, judged map[*shell.Command]verdict) (string, bool) {
	run := s.Run()
	file := s.File().Data
	var parts []string
	all := run.Commands()
	whole := true
	for i := 0; i < len(all); i++ {
		c := all[i]
		if c.Substitution {
			continue
		}
		if c.Inner || c.Func != "" || c.When != shell.Always || c.Before == shell.Or || c.After == shell.Or || c.Before == shell.Amp || c.Background || judged[c] == neither && (c.Program() == "cd" || c.Program() == "export" || c.Program() == "") && len(c.Assigns)+len(c.Words) > 0 {
			return "", false
		}
		// A pipeline stands or falls as one.
		begin, end, v := c.Span.Start, c.Span.End, judged[c]
		for c.PipeTo != nil && i+1 < len(all) {
			i++
			c = all[i]
			if c.Substitution {
				continue
			}
			end = c.Span.End
			if judged[c] == kept || judged[c] == dropped && v == neither {
				v = judged[c]
			}
		}
		if v != kept {
			whole = false
			continue
		}
		if begin >= end || end > len(file) {
			return "", false
		}
		parts = append(parts, strings.TrimSpace(continued.ReplaceAllString(string(file[begin:end]), " ")))
	}
	if whole || len(parts) == 0 {
		return "", false
	}
	flags := ""
	for _, f := range s.Flags() {
		flags += " " + string(file[f.Span.Start:f.Span.End])
	}
	return "RUN" + flags + " " + strings.Join(parts, " \\\n && "), true
}

var continued = regexp.MustCompile(`\\\r?\n\s*`)

// packages settles which packages of the system are kept, and for what.
func (r *reader) packages() {
	first := []string{}
	if len(r.ecosystem) > 0 {
		first = r.ecosystem
	}
	r.out.Packages = slices.DeleteFunc(r.out.Packages, func(p Package) bool {
		program := knowledge.ProgramOf(p.Name)
		if program == "" {
			program = p.Name
		}
		class := knowledge.ClassOf(p.Manager, p.Name)
		switch {
		case r.tools[program]:
			return false // a line that is kept runs it
		case isLanguage(p.Name, first):
			return true
		case (program == "curl" || program == "wget") && !p.Build && strings.Contains(r.probe, program):
			r.left(p.Line, p.Name, "only the health check used it")
			return true
		case class == knowledge.ProjectManager || class == knowledge.DevTool:
			return true
		case program == "gosu" || program == "su-exec" || program == "sudo" || program == "tini" || program == "dumb-init":
			return true // the program runs as its user from the start, behind an init where it needs one
		}
		return false
	})
	compiles := slices.ContainsFunc(r.out.Packages, func(p Package) bool {
		return p.Name == "make" || p.Name == "g++" || p.Name == "build-essential" || p.Name == "build-base"
	})
	for i, p := range r.out.Packages {
		if compiles && p.Name == "python3" && slices.Contains(r.ecosystem, "node") {
			r.out.Packages[i].Build = true // node-gyp runs it
		}
		if class := knowledge.ClassOf(p.Manager, p.Name); (class.Builds() || class == knowledge.VCS) && !r.tools[knowledge.ProgramOf(p.Name)] && !r.tools[p.Name] {
			r.out.Packages[i].Build = true
		}
	}
}

var languageRE = map[string]*regexp.Regexp{
	"python": regexp.MustCompile(`^(py3-pip|python3?(\.\d+)?(-(pip|venv|dev|full|minimal|setuptools|wheel|distutils))?)$`),
	"node":   regexp.MustCompile(`^(nodejs|npm|yarn)$`),
	"go":     regexp.MustCompile(`^(golang(-go)?|go)$`),
	"cargo":  regexp.MustCompile(`^(rustc|cargo|rustup)$`),
	"maven":  regexp.MustCompile(`^(maven|openjdk-.*|default-j(re|dk)(-headless)?)$`),
	"gradle": regexp.MustCompile(`^(gradle|openjdk-.*|default-j(re|dk)(-headless)?)$`),
	"nuget":  regexp.MustCompile(`^(dotnet|aspnetcore)-.*$`),
	"bundle": regexp.MustCompile(`^(ruby|bundler|ruby-(dev|full|bundler|rubygems))$`),
	// FrankenPHP is the web server too, and what builds extensions brings what they are
	// compiled and linked with.
	"composer": regexp.MustCompile(`^(php\d*(\.\d+)?(-.*)?|composer|nginx|apache2|supervisor|libapache2-.*|fcgi|libfcgi.*|zip|unzip|.*-dev)$`),
}

// isLanguage tells whether a package is the project's language itself, which the base
// brings.
func isLanguage(name string, of []string) bool {
	return slices.ContainsFunc(of, func(e string) bool { re := languageRE[e]; return re != nil && re.MatchString(name) })
}
