package scaffold

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/existing"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// Asked are the options with which it is found out what a project is that has a container:
// what that says, where a person does not say otherwise.
func Asked(k *existing.Build, opt stack.Options) stack.Options {
	at := func(line int) stack.Place { return stack.Place{File: path.Base(k.File), Line: line} }
	if opt.App == "" {
		opt.App = k.Package.Value
		opt.Line, opt.At = k.Command.Value, at(k.Command.Line)
	}
	opt.Route, opt.RouteAt = k.Route.Value, at(k.Route.Line)
	if n, err := strconv.Atoi(k.Port.Value); err == nil && opt.Port == 0 {
		opt.Port, opt.PortAt = n, at(k.Port.Line)
	}
	return opt
}

// keep takes over what the container that the project has says.
func (p *plan) keep() {
	k, s := p.opt.Keep, p.s
	if k == nil {
		return
	}
	at := func(line int) stack.Place { return stack.Place{File: path.Base(k.File), Line: line} }
	if k.Work.Known() && !strings.HasPrefix(k.Work.Value, "/root") {
		for i, a := range s.Args {
			if a == p.work {
				s.Args[i] = k.Work.Value
			} else if rest, ok := strings.CutPrefix(a, p.work+"/"); ok {
				s.Args[i] = path.Join(k.Work.Value, rest)
			}
		}
		for i, v := range s.Set {
			if rest, ok := strings.CutPrefix(v.Version, p.work+"/"); ok {
				s.Set[i].Version = path.Join(k.Work.Value, rest)
			}
		}
		p.work = k.Work.Value
	}
	if k.UID.Known() {
		p.number = k.UID.Value
	}
	for _, v := range k.Env {
		if !slices.ContainsFunc(s.Set, func(t stack.Tool) bool { return t.Name == v.Name }) && !strings.Contains(v.Value, "$") {
			s.Set = append(s.Set, stack.Tool{Name: v.Name, Version: value(v.Value), Why: at(v.Line).String()})
		}
	}
	for _, pkg := range k.Packages {
		p.keepPackage(pkg, at(pkg.Line))
	}
	if s.PHP != nil {
		for _, f := range k.Extra {
			if !slices.Contains(s.PHP.Extensions, f.Value) {
				s.PHP.Extensions = append(s.PHP.Extensions, f.Value)
				p.chose("ext-"+f.Value, fmt.Sprintf("%s installs it, and no manifest names it", at(f.Line)))
			}
		}
		slices.Sort(s.PHP.Extensions)
	}
	for _, st := range k.Steps {
		for _, program := range st.Programs {
			n := stack.Native{Package: program, At: at(st.Line), Why: "a line that is carried over runs it", Runtime: []string{knowledge.PackageOf(program)}}
			if program == "curl" || program == "wget" {
				n.Runtime = append(n.Runtime, "ca-certificates")
			}
			s.Native = append(s.Native, n)
		}
	}
	if s.Python != nil {
		for _, f := range k.Extra {
			name := regexp.MustCompile(`[=<>!~\[].*`).ReplaceAllString(f.Value, "")
			if slices.Contains(s.Python.Packages, normal(name)) || slices.ContainsFunc(s.Python.Add, func(t stack.Tool) bool { return normal(t.Name) == normal(name) }) {
				continue
			}
			n, version, exact := strings.Cut(f.Value, "==")
			if !exact {
				n, version = f.Value, ""
			}
			s.Python.Add = append(s.Python.Add, stack.Tool{Name: n, Version: version, Why: fmt.Sprintf("%s installs it, and no manifest names it", at(f.Line))})
		}
	}
	for _, f := range k.Writable {
		dir := f.Value
		if rest, ok := strings.CutPrefix(dir, p.work+"/"); ok {
			dir = rest
		}
		if !slices.ContainsFunc(s.Writes, func(w stack.Fact) bool { return w.Value == dir }) {
			s.Writes = append(s.Writes, stack.Fact{Value: dir, At: at(f.Line)})
		}
	}
	for _, f := range k.Sources {
		name := path.Clean(f.Value)
		if !p.wants(name) {
			continue
		}
		switch {
		case s.Go != nil:
			s.Go.Data = append(s.Go.Data, name)
		case s.Rust != nil:
			s.Rust.Data = append(s.Rust.Data, name)
		case s.Java != nil:
			s.Java.Data = append(s.Java.Data, name)
		case s.DotNet != nil:
			s.DotNet.Data = append(s.DotNet.Data, name)
		case s.CPP != nil:
			s.CPP.Data = append(s.CPP.Data, name)
		default:
			s.Sources = append(s.Sources, name)
		}
	}
	for _, step := range s.Steps {
		if k.Command.Known() && step.At == at(k.Command.Line) {
			p.Unknown = append(p.Unknown, fmt.Sprintf("%s runs %s before the program, in every container: run it once, as a step of its own, where the image is deployed", step.At, strings.Join(step.Exec, " ")))
		}
	}
	if k.Stop.Known() && k.Stop.Value != "SIGTERM" && s.StopSignal == "" {
		s.StopSignal, s.StopWhy = k.Stop.Value, "As before."
	}
	for _, l := range k.Left {
		p.Unknown = append(p.Unknown, fmt.Sprintf("not carried over from %s: %s", path.Base(k.File), l))
	}
}

// likes prefers the version that the container has today, where the project asks for
// none, and the release for which repositories of packages are that it keeps.
func (p *plan) likes(w *Want, names ...string) {
	k := p.opt.Keep
	if k == nil {
		return
	}
	for _, st := range k.Steps {
		if supported(st.Release) && (w.Systems == nil || slices.Contains(w.Systems, st.Release)) {
			if w.Systems == nil && !slices.Contains(debians, st.Release) {
				continue
			}
			w.Systems = []string{st.Release} // for which the packages are that it installs
		}
	}
	if p.s.Version.Spec != "" {
		return
	}
	ref, err := base.ParseRef(k.Base.Value)
	if err != nil || !slices.Contains(names, ref.Familiar) {
		return
	}
	m := regexp.MustCompile(`^v?(\d+(?:\.\d+)?)`).FindStringSubmatch(ref.Tag)
	if m == nil {
		return
	}
	version := m[1]
	if p.s.Node != nil {
		version, _, _ = strings.Cut(version, ".")
	}
	w.Likes = func(v string) bool { return knowledge.Compare(v, version) == 0 }
}

// supported tells whether a release is one of Debian or Ubuntu that images are built on
// today.
func supported(release string) bool {
	return slices.Contains(debians[:2], release) || slices.Contains(ubuntus, release)
}

// wants tells whether a file that was copied is one that the program may need: it is
// there, nothing of what is copied has it, and no build makes its own use of it.
func (p *plan) wants(name string) bool {
	s := p.s
	if name == "." || strings.ContainsAny(name, "*?[$") || !s.Has(name) && !s.IsDir(name) {
		return false
	}
	for _, have := range s.Sources {
		if have == name || strings.HasPrefix(name, have+"/") {
			return false
		}
	}
	switch {
	case s.Python != nil:
		in := &s.Python.Install
		return !slices.Contains(in.Files, name) && !slices.Contains(in.Modules, name) && !slices.Contains(in.Locals, name) && name != "requirements.txt"
	case s.Go != nil:
		return name != "go.mod" && name != "go.sum" && !covers(s.Go.Data, name) && !strings.HasSuffix(name, ".go") && !p.onlyCode(name)
	case s.Rust != nil:
		return name != "Cargo.toml" && name != "Cargo.lock" && name != "src" && !covers(s.Rust.Data, name)
	case s.Java != nil:
		return name != "pom.xml" && name != "src" && !slices.Contains(s.Java.Files, name) && !covers(s.Java.Data, name) && !strings.Contains(name, "gradle") && !strings.Contains(name, "mvn")
	case s.Node != nil:
		return !slices.Contains(s.Node.Files, name) && !slices.Contains(s.Node.Code, name) && !slices.Contains(s.Node.Output, name) && name != "package.json"
	case s.DotNet != nil:
		return !slices.Contains(s.DotNet.Files, name) && !covers(s.DotNet.Code, name) && !covers(s.DotNet.Data, name)
	case s.CPP != nil:
		return !covers(s.CPP.Code, name) && !covers(s.CPP.Data, name)
	case s.Ruby != nil:
		return !slices.Contains(s.Ruby.Files, name) && !covers(s.Ruby.Paths, name) && !assetFile(name)
	case s.PHP != nil:
		return !slices.Contains(s.PHP.Files, name) && !covers(s.PHP.Paths, name) && !assetFile(name)
	}
	return false
}

// assetFile tells whether a file says how assets are built, or holds settings of somebody's
// own machine: no program of Ruby or PHP reads it in a container.
func assetFile(name string) bool {
	return slices.Contains([]string{"package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "vendor", "node_modules"}, name) || strings.HasPrefix(name, ".env")
}

// covers tells whether a list of files and folders has a name, or a folder around it.
func covers(list []string, name string) bool {
	return slices.ContainsFunc(list, func(have string) bool { return have == name || strings.HasPrefix(name, have+"/") })
}

// onlyCode tells whether a folder is one of Go's sources, which the build takes.
func (p *plan) onlyCode(name string) bool { return covers(p.s.Go.Code, name) }

func normal(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
}

// value is a value of ENV as it is written.
func value(v string) string {
	if v == "" || strings.ContainsAny(v, " \t\"'\\#") {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	return v
}

// keepPackage takes over a package of the system: what only a build needs goes to the
// builder, with what it is linked with where the program runs.
func (p *plan) keepPackage(pkg existing.Package, at stack.Place) {
	names := []string{pkg.Name}
	if pkg.Manager == "apk" {
		list, ok := knowledge.FromAlpine(pkg.Name, "bookworm")
		if !ok {
			p.Unknown = append(p.Unknown, fmt.Sprintf("not carried over from %s: the package %s of Alpine, for what Debian calls it is not known", at, pkg.Name))
			return
		}
		names = list
	} else if pkg.Manager != "apt" {
		p.Unknown = append(p.Unknown, fmt.Sprintf("not carried over from %s: the package %s of %s, for what Debian calls it is not known", at, pkg.Name, pkg.Manager))
		return
	}
	for _, name := range names {
		if (name == "ca-certificates" || name == "tzdata" || name == "libc6-dev") && (p.s.Go != nil || p.s.Rust != nil || p.s.CPP != nil) {
			continue // the images that its program runs in have them
		}
		if name == "build-essential" && p.s.CPP != nil {
			continue // its parts are there
		}
		n := stack.Native{Package: name, At: at, Why: "it is installed today"}
		class := knowledge.ClassOf("apt", name)
		switch {
		case class == knowledge.Header:
			n.Build = []string{name}
			n.Runtime, _ = knowledge.Twins(name, "bookworm")
			n.Why = "it is installed today: its headers for the build, its libraries where the program runs"
		case pkg.Build || class.Builds():
			n.Build = []string{name}
		default:
			n.Runtime = []string{name}
		}
		p.s.Native = append(p.s.Native, n)
	}
}

// keeps tells whether lines of the old container are written into the new one.
func (p *plan) keeps() bool {
	k := p.opt.Keep
	return k != nil && len(k.Steps) > 0
}

// ownStages are the names of stages of what is written here.
var ownStages = []string{"assets", "base", "build", "composer", "node", "packages", "runtime"}

// renamed gives stages that are kept names that are not taken.
func (p *plan) renamed(text string) string {
	for _, st := range p.opt.Keep.Stages {
		if name := st.Name; slices.Contains(ownStages, name) || regexp.MustCompile(`^\d+$`).MatchString(name) {
			q := regexp.QuoteMeta(name)
			text = regexp.MustCompile(`(?i)(--from=|from=)`+q+`\b`).ReplaceAllString(text, "${1}kept-"+name)
			text = regexp.MustCompile(`(?i)(\bAS\s+)`+q+`\b`).ReplaceAllString(text, "${1}kept-"+name)
			text = regexp.MustCompile(`(?im)^(FROM\s+)`+q+`(\s|$)`).ReplaceAllString(text, "${1}kept-"+name+"${2}")
		}
	}
	return text
}

// stages writes the stages that are kept, since files are copied out of them.
func (p *plan) stages() {
	k := p.opt.Keep
	if k == nil {
		return
	}
	for _, st := range k.Stages {
		text := st.Text
		if regexp.MustCompile(`^\d+$`).MatchString(st.Name) {
			first, rest, more := strings.Cut(text, "\n")
			text = first + " AS " + st.Name
			if more {
				text += "\n" + rest
			}
		}
		p.d.part(fmt.Sprintf("As it was in line %d.", st.Line))
		p.d.WriteString(p.renamed(text) + "\n")
		p.takes(p.there(st.Takes)...)
	}
}

// there are the names that are files of the project.
func (p *plan) there(names []string) (list []string) {
	for _, n := range names {
		if n == "." || strings.ContainsAny(n, "*?[") {
			p.Unknown = append(p.Unknown, fmt.Sprintf("a line that is carried over copies %s: .dockerignore has to name what of it is meant", n))
			continue
		}
		list = append(list, n)
	}
	return list
}

// system writes the lines that are kept and install packages of the system, of which
// nobody else knows the repository.
func (p *plan) system() { p.lines(func(st existing.Step) bool { return st.System }) }

// early writes the lines that are kept and stood before the sources, so that a change
// of these does not run them again.
func (p *plan) early() { p.lines(func(st existing.Step) bool { return st.Early && !st.System }) }

func (p *plan) lines(which func(existing.Step) bool) {
	k := p.opt.Keep
	if k == nil {
		return
	}
	for _, st := range k.Steps {
		if !which(st) {
			continue
		}
		at := fmt.Sprintf("%s:%d", path.Base(k.File), st.Line)
		if on := p.ships.release(); st.Release != "" && st.Release != on {
			p.Unknown = append(p.Unknown, fmt.Sprintf("not carried over from %s: %s: it takes packages made for %s, and the base is %s", at, first(st.Text), st.Release, p.ships))
			continue
		}
		p.takes(p.there(st.Takes)...)
		for _, arg := range st.Args {
			if !strings.Contains(p.d.runtime(), "\n"+arg+"\n") {
				p.d.line("%s", arg)
			}
		}
		p.d.WriteString(p.renamed(st.Text) + "\n")
		p.chose(first(st.Text), "carried over from "+at)
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

// begins writes how the program is started: the program, and its default arguments. Where
// what deploys the container says a whole command in place of CMD, as it does today, both
// are CMD.
func (p *plan) begins(program, args []string) {
	if k := p.opt.Keep; k != nil && k.Replaced.Known() {
		p.chose("CMD alone", k.Replaced.Value+" gives a whole command, which an ENTRYPOINT would take for its arguments")
		if program[0] == "tini" || program[0] == "/tini-static" {
			p.d.line("ENTRYPOINT %s", exec(program[:2]))
			program = program[2:]
		}
		p.d.line("CMD %s", exec(slices.Concat(program, args)))
		return
	}
	p.d.line("ENTRYPOINT %s", exec(program))
	if len(args) > 0 {
		p.d.line("CMD %s", exec(args))
	}
}

// become ends the part that root runs: what is kept of the old container, its labels, and
// the user.
func (p *plan) become(user string) {
	if k := p.opt.Keep; k != nil {
		p.lines(func(st existing.Step) bool { return !st.Early && !st.System })
		for _, a := range k.Args {
			if !strings.Contains(p.d.runtime(), "\n"+a.Value+"\n") {
				p.d.line("%s", a.Value)
			}
		}
		for _, v := range k.Env {
			if strings.Contains(v.Value, "$") {
				p.d.line("ENV %s=%s", v.Name, value(v.Value))
			}
		}
		for _, l := range k.Labels {
			p.d.line("%s", l.Value)
		}
	}
	p.d.line("USER %s", user)
}
