package multistage

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// ran tells whether a RUN may bring the path.
func (a *absence) ran(step *source.Step) bool {
	run := step.Run()
	if run.Script == nil || run.Script.Err != nil || run.Script.Truncated {
		return true
	}
	for _, m := range run.Mounts {
		target := path.Clean(m.Target)
		if !strings.HasPrefix(target, "/") {
			target = path.Join(step.Before.Workdir.Value, target)
		}
		switch {
		case m.Target == "":
		case !strings.HasPrefix(target, "/"):
			return true
		case below(target, a.path) || target == a.path:
			return true // an empty folder stays where it was mounted
		case below(a.path, target):
			if m.Type == "cache" && a.builds(run, target) {
				a.mount = target
			}
			return false
		}
	}
	last, how := a.takenAway(step, run)
	for _, fx := range run.Effects.Files {
		if fx.Command.Index > last && a.changes(fx) {
			return true
		}
	}
	for _, c := range run.Commands() {
		if c.Index > last && a.does(step, run, c) {
			return true
		}
	}
	a.gone = how
	return false
}

// takenAway is the last command of a RUN that certainly takes the path away, and
// what it does in words; -1 where none does.
func (a *absence) takenAway(step *source.Step, run *source.Run) (index int, how string) {
	index = -1
	for _, fx := range run.Effects.Files {
		if fx.When != shell.Always || fx.Partial || fx.Command.Inner || fx.Kind != effects.Delete && !fx.Move {
			continue
		}
		paths, verb := fx.Paths, "removes it"
		if fx.Move {
			paths, verb = fx.Sources, "moves it elsewhere"
		} else if !fx.Recursive && fx.Command.Program() != "rm" && fx.Command.Program() != "unlink" {
			continue
		}
		for _, w := range paths {
			q, all := strings.CutSuffix(path.Clean(w.Text), "/*")
			switch rel := strings.TrimPrefix(a.path, q+"/"); {
			case !w.Known, strings.ContainsAny(q, "*?[{$~"), q == "/", all && (q == a.path || rel[0] == '.'):
				continue
			case q != a.path && (!below(a.path, q) || !fx.Recursive && !fx.Move):
				continue
			}
			index = fx.Command.Index
			how = fmt.Sprintf("%s %s (line %d)", fx.Command.Program(), verb, step.File().Position(fx.Command.Span.Start).Line)
		}
	}
	return index, how
}

// builds tells whether a RUN compiles anything into a folder.
func (a *absence) builds(run *source.Run, dir string) bool {
	return slices.ContainsFunc(run.Commands(), func(c *shell.Command) bool {
		return c.Dir != "" && over(c.Dir, dir) || c.Program() == "cargo" || c.Program() == "go"
	})
}

// changes tells whether a change to files may bring the path.
func (a *absence) changes(fx effects.File) bool {
	switch fx.Kind {
	case effects.Delete, effects.Chmod, effects.Chown:
		return false
	}
	for _, w := range fx.Paths {
		q := w.Text
		if strings.HasPrefix(q, "~") {
			q = "/root" + strings.TrimPrefix(q, "~")
		}
		if !w.Known || !strings.HasPrefix(q, "/") || strings.ContainsAny(q, "$*?[{") {
			return true
		}
		if q = path.Clean(q); q == a.path || below(q, a.path) {
			return true
		}
		if !below(a.path, q) || fx.Kind == effects.Mkdir && !fx.Recursive {
			continue
		}
		if fx.Kind != effects.Write || fx.Link || fx.Recursive || fx.Move || len(fx.Sources) == 0 && fx.Command.Program() != "tee" {
			if fx.Kind == effects.Write && len(fx.Sources) == 0 && !fx.Link {
				continue // one file: what curl -o and > write
			}
			return true
		}
		for _, src := range fx.Sources {
			if !src.Known || strings.ContainsAny(src.Text, "*?[{$") || path.Join(q, path.Base(src.Text)) == a.path {
				return true
			}
		}
	}
	return false
}

// does tells whether a program may bring the path in another way than by the
// changes to files that are known of it.
func (a *absence) does(step *source.Step, run *source.Run, c *shell.Command) bool {
	program, args := c.Underlying()
	switch {
	case program == "" || knowledge.Shells.Has(program) && shellText(args):
		return slices.ContainsFunc(args, unknownWord)
	case program == "." || program == "source":
		return len(args) == 0 || path.Base(args[0].Text) != "activate"
	case program == "tar" || program == "bsdtar":
		return !slices.ContainsFunc(run.Effects.Files, func(fx effects.File) bool { return fx.Command == c && fx.Kind == effects.Unpack })
	case program == "useradd" || program == "adduser" || program == "usermod":
		return slices.ContainsFunc(args, func(w shell.Word) bool {
			return !w.Known || strings.HasPrefix(w.Text, "/") && over(a.path, path.Clean(w.Text))
		})
	case program == "cp" || program == "strip" || program == "sort":
		return slices.ContainsFunc(args, func(w shell.Word) bool {
			return w.Text == "--parents" || program != "cp" && strings.HasPrefix(w.Text, "-o")
		})
	case knowledge.Quiet.Has(program) || knowledge.Speakers.Has(program) && program != "find" && program != "perl" && program != "awk":
		return a.named(run, c, program, args)
	case knowledge.SystemManagers.Has(program):
		return knowledge.StandardFolders.Has(topOf(a.path))
	case program == "find":
		return slices.ContainsFunc(args, func(w shell.Word) bool {
			return strings.HasPrefix(w.Text, "-exec") || strings.HasPrefix(w.Text, "-ok") || strings.HasPrefix(w.Text, "-fprint") || strings.HasPrefix(w.Text, "-fls")
		})
	case program == "git":
		return !strings.HasPrefix(c.Dir, "/") || below(a.path, c.Dir) || a.path == c.Dir
	}
	if program == "pip" && inEnvironment(a.path) {
		return a.python(step, run, c, program)
	}
	if !strings.HasPrefix(c.Dir, "/") || slices.ContainsFunc(args, unknownWord) || a.sentElsewhere(step) {
		return true
	}
	switch {
	case program == "go":
		return a.goes(step, c, args)
	case program == "cargo":
		return a.cargo(step, c, args)
	case knowledge.CCompilers.Has(program):
		return a.compiles(program, c, args)
	case program == "npm" || program == "yarn" || program == "pnpm" || program == "npx" || program == "bun" || program == "corepack":
		return a.node(step, c, program, args)
	case knowledge.EcosystemOf(program) == "python" || program == "virtualenv":
		return a.python(step, run, c, program)
	case shell.IsPython(program):
		return !plain(c)
	case program == "dotnet":
		return a.dotnet(c, args)
	case program == "mvn" || program == "mvnw" || program == "gradle" || program == "gradlew":
		return a.java(program, c, args)
	}
	return true
}

// named tells whether a program of which no change to files is known has the path, or
// what it makes of a file that is named so, among its words: it may be told to write
// there, as gpg -o is, and gpg --dearmor x makes x.gpg.
func (a *absence) named(run *source.Run, c *shell.Command, program string, args []shell.Word) bool {
	if knowledge.Plain.Has(program) || knowledge.Speakers.Has(program) ||
		slices.ContainsFunc(run.Effects.Files, func(fx effects.File) bool { return fx.Command == c }) {
		return false
	}
	return slices.ContainsFunc(args, func(w shell.Word) bool {
		value := strings.TrimPrefix(w.Text, "-o")
		if _, after, ok := strings.Cut(value, "="); ok {
			value = after
		}
		if value == "" || value[0] == '-' {
			return false
		}
		if !path.IsAbs(value) {
			value = path.Join("/", c.Dir, value)
		}
		value = path.Clean(value)
		return value == a.path || value != "/" && below(a.path, value) || strings.HasPrefix(a.path, value+".")
	})
}

func unknownWord(w shell.Word) bool { return !w.Known }

// shellText tells whether a shell is given its program as a text, whose commands
// are looked at themselves.
func shellText(args []shell.Word) bool {
	return slices.ContainsFunc(args, func(w shell.Word) bool { return len(w.Text) > 1 && w.Text[0] == '-' && strings.Contains(w.Text, "c") })
}

// goes is what Go's tools make: what -o names, a program in the working folder,
// modules.
func (a *absence) goes(step *source.Step, c *shell.Command, args []shell.Word) bool {
	verb := ""
	for _, w := range args {
		if !strings.HasPrefix(w.Text, "-") {
			verb = w.Text
			break
		}
	}
	switch verb {
	case "env", "fmt", "list", "version", "vet":
		return false
	case "clean", "mod", "get", "work":
		return below(a.path, "/go") || below(a.path, "/root") || moved(step, "GOMODCACHE", "GOPATH") || below(a.path, c.Dir) && verb == "mod" && len(args) > 1 && args[1].Text == "vendor"
	case "build":
	default:
		return true
	}
	if slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "-C" || strings.HasPrefix(w.Text, "-C=") }) {
		return true
	}
	out := output(c, args)
	if out == "" {
		return path.Dir(a.path) == c.Dir // named after the module or the folder
	}
	if over(a.path, out) {
		return true
	}
	a.note("go build", out)
	return false
}

// sentElsewhere tells whether a variable by which people say where tools write
// names a folder that has to do with the path.
func (a *absence) sentElsewhere(step *source.Step) bool {
	for _, name := range knowledge.OutputVariables.Names() {
		if v, ok := step.Env.Lookup(name); ok && v.Value != "" && (!v.Known || path.IsAbs(v.Value) && over(a.path, path.Clean(v.Value))) {
			return true
		}
	}
	return false
}

// moved tells whether one of some variables sends files elsewhere.
func moved(step *source.Step, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		v, ok := step.Env.Lookup(n)
		return ok && v.Value != "/go"
	})
}

// compiles is what a C compiler makes.
func (a *absence) compiles(program string, c *shell.Command, args []shell.Word) bool {
	out := output(c, args)
	if out == "" {
		return path.Dir(a.path) == c.Dir
	}
	if over(a.path, out) {
		return true
	}
	a.note(program, out)
	return false
}

// cargo is what Rust's build tool makes: below target, in a folder for each
// target and profile.
func (a *absence) cargo(step *source.Step, c *shell.Command, args []shell.Word) bool {
	if len(args) > 0 && strings.HasPrefix(args[0].Text, "+") {
		args = args[1:]
	}
	o := getopt.Split(args, true, "--target", "--profile", "--manifest-path", "--target-dir", "--features", "-F", "-p", "--package", "--bin", "-j", "--jobs", "--config", "-Z", "--example", "--message-format", "--color")
	switch o.Verb() {
	case "fetch", "update", "check", "generate-lockfile", "metadata":
		return below(a.path, "/usr") || below(a.path, "/root") || below(a.path, path.Join(c.Dir, "target"))
	case "build", "b":
	default:
		return true
	}
	dir := path.Join(c.Dir, "target")
	if w := o.Get("--target-dir"); w.Text != "" {
		dir = path.Join("/", w.Text)
		if !path.IsAbs(w.Text) {
			dir = path.Join(c.Dir, w.Text)
		}
	} else if moved(step, "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR") {
		return true
	}
	if o.Has("--manifest-path", "--config", "--artifact-dir", "--out-dir") || moved(step, "CARGO_BUILD_TARGET") || a.cargoConfigured() || strings.Contains(step.File().Text(step.Span), "CARGO_") {
		return true
	}
	if a.workspace(c.Dir) {
		return true // the folder may be that of a workspace above
	}
	profile := "debug"
	if o.Has("--release", "-r") {
		profile = "release"
	}
	if p := o.Get("--profile").Text; p != "" && p != "dev" {
		profile = p
	}
	out := path.Join(dir, o.Get("--target").Text, profile)
	if over(a.path, out) {
		if name := a.crate(c.Dir); name != "" && path.Dir(a.path) == out && !strings.Contains(path.Base(a.path), ".") && !slices.Contains([]string{name, "build", "deps", "examples", "incremental"}, path.Base(a.path)) {
			a.note("cargo build", path.Join(out, name))
			return false
		}
		return true
	}
	if below(a.path, dir) && (path.Base(path.Dir(a.path)) == "deps" || strings.Contains(a.path, "/doc")) {
		return true
	}
	a.note("cargo build", out+"/"+path.Base(a.path))
	return false
}

// crateName is the name of a package in a Cargo.toml.
var crateName = regexp.MustCompile(`(?m)^\s*name\s*=\s*"([^"]+)"`)

// crate is the only program that the package in a folder of the stage has; ""
// where it may have others.
func (a *absence) crate(dir string) string {
	o := a.b.FileIn(a.stage, path.Join(dir, "Cargo.toml"))
	if o == nil || o.Context == nil {
		return ""
	}
	data, ok := o.Data()
	if !ok || strings.Contains(data, "[[bin]]") || strings.Contains(data, "[workspace") || strings.Contains(data, "[lib]") || o.Context.MayHold(path.Join(path.Dir(o.Path), "src/bin")) {
		return ""
	}
	_, rest, ok := strings.Cut(data, "[package]")
	m := crateName.FindStringSubmatch(rest)
	if !ok || m == nil || !a.b.Context.Has(path.Join(path.Dir(o.Path), "src/main.rs")) {
		return ""
	}
	return m[1]
}

// cargoConfigured tells whether a file of settings may change where cargo writes.
func (a *absence) cargoConfigured() bool {
	ctx := a.b.Context
	if ctx == nil {
		return true
	}
	for _, name := range []string{".cargo/config.toml", ".cargo/config"} {
		if _, err := ctx.Stat(name); err == nil {
			return true
		}
	}
	return false
}

// workspace tells whether a folder of the stage may be a member of a workspace
// whose root is above it.
func (a *absence) workspace(dir string) bool {
	for up := path.Dir(dir); up != "/" && up != "."; up = path.Dir(up) {
		if a.b.FileIn(a.stage, path.Join(up, "Cargo.toml")) != nil {
			return true
		}
	}
	return false
}

// python is what Python's installers make: packages of the system, and an
// environment.
func (a *absence) python(step *source.Step, run *source.Run, c *shell.Command, program string) bool {
	if !inEnvironment(a.path) {
		return knowledge.StandardFolders.Has(topOf(a.path)) || over(a.path, c.Dir) || slices.ContainsFunc(run.Effects.Installs, func(in packages.Install) bool {
			return in.Command == c && in.Target.Text != ""
		})
	}
	for _, name := range slices.Concat(knowledge.PipTargets.Names(), []string{"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON_INSTALL_DIR"}) {
		if name == "HOME" {
			continue
		}
		if e, ok := step.Env.Lookup(name); ok && (!e.Known || over(a.path, path.Clean(e.Value)) || !path.IsAbs(e.Value)) {
			return true
		}
	}
	for _, in := range run.Effects.Installs {
		if in.Command == c && (in.Target.Text != "" || in.User) {
			return true
		}
	}
	switch program {
	case "pip", "pip3":
		return false
	case "poetry":
		return a.poetry(step, c)
	case "pipenv":
		if mentions(a.stage, "PIPENV_VENV_IN_PROJECT", "WORKON_HOME") || !a.noEnvironmentSent(c.Dir) {
			return true
		}
		a.by, a.made = "pipenv install", "its virtual environment below /root/.local/share/virtualenvs, because PIPENV_VENV_IN_PROJECT is not set"
		return false
	case "uv":
		return a.uv(step, c)
	}
	return true
}

// inEnvironment tells whether a path is that of a virtual environment, or in one.
func inEnvironment(p string) bool {
	for ; p != "/" && p != "."; p = path.Dir(p) {
		if isEnvironmentName(p) {
			return true
		}
	}
	return false
}

// poetry tells whether Poetry may make its environment at the path: in the
// project only where something says so, or where there is one already.
func (a *absence) poetry(step *source.Step, c *shell.Command) bool {
	args := c.Args()
	if len(args) > 0 && (args[0].Text == "config" || args[0].Text == "export" || args[0].Text == "--version" || args[0].Text == "check" || args[0].Text == "lock") {
		return false
	}
	if mentions(a.stage, "in-project", "IN_PROJECT", "virtualenvs.path", "VIRTUALENVS_PATH", "POETRY_CACHE_DIR", "VIRTUALENVS_CREATE", "virtualenvs.create", "config cache-dir") {
		return true
	}
	if !a.noEnvironmentSent(c.Dir) {
		return true
	}
	if ctx := a.b.Context; ctx == nil || ctx.MayHold("poetry.toml") || a.b.FileIn(a.stage, path.Join(c.Dir, "poetry.toml")) != nil {
		return true
	}
	a.by, a.made = "poetry install", "its virtual environment below /root/.cache/pypoetry, because virtualenvs.in-project is not set"
	return false
}

// noEnvironmentSent tells whether the project's folder has no .venv from the
// context, which the tools would use.
func (a *absence) noEnvironmentSent(dir string) bool {
	return a.b.FileIn(a.stage, path.Join(dir, ".venv/pyvenv.cfg")) == nil
}

// uv tells whether uv may make an environment at the path.
func (a *absence) uv(step *source.Step, c *shell.Command) bool {
	args := c.Args()
	for _, w := range args {
		switch w.Text {
		case "--active", "--project", "--directory", "--prefix", "--target", "--python", "-p":
			return true
		}
	}
	if len(args) == 0 {
		return true
	}
	switch args[0].Text {
	case "sync", "add", "run":
		env := projectEnv(step, c)
		if over(a.path, env) {
			return true
		}
		a.note("uv "+args[0].Text, env)
		return args[0].Text == "run"
	case "venv":
		if len(args) == 1 || !slices.ContainsFunc(args[1:], func(w shell.Word) bool { return !strings.HasPrefix(w.Text, "-") }) {
			return over(a.path, path.Join(c.Dir, ".venv"))
		}
		return false // its folder is a change to files
	case "lock", "export", "cache", "python", "version", "pip":
		return false
	}
	return true
}
