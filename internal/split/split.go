// Package split makes two stages of one: a stage that builds, which is the Dockerfile as
// it stands, and one that runs, which repeats of it what the program needs where it runs and
// takes the rest out of the first.
//
// The stage that runs goes through the same instructions in the same order. An install of
// packages of a language and a compilation become a COPY of what they make; packages of
// the system lose those that only a compiler reads, and those with headers become the
// libraries that they are about; whatever else there is stays as it is written. Where it is
// not certain what an instruction makes, nothing is split, and the reason is said.
package split

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/scaffold"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/internal/stack"
	"github.com/dockworthy/dockworthy/text"
)

// A refusal says why nothing is split.
type refusal string

// Stages is the fix that splits a build's target, or that leaves the tools out where nothing
// uses them; where there is none, why says so. pick
// finds images that are not named after the one that builds; nil = by what is known of
// them.
func Stages(b *source.Build, pick func(scaffold.Want) (scaffold.Base, error)) (x check.Fix, why string) {
	if pick == nil {
		pick = func(w scaffold.Want) (scaffold.Base, error) { return scaffold.Choose(w, nil, "", b.AsOf) }
	}
	s := &splitter{b: b, pick: pick}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case refusal:
			x, why = check.Fix{}, string(r)
		default:
			panic(r)
		}
	}()
	s.admit()
	if s.sort(); s.cut < 0 {
		s.subtract()
		x.Title = s.subtracted()
	} else {
		s.base()
		s.write()
		x.Title = fmt.Sprintf("build in a stage of its own, and run on %s what it makes", s.runs.ref)
	}
	for _, e := range s.edits {
		x.Edits = append(x.Edits, check.Edit{File: b.Text(), Edit: e})
	}
	x.Grade, x.Reason = check.Unsafe, s.risk()
	return x, ""
}

// no refuses.
func no(format string, args ...any) { panic(refusal(fmt.Sprintf(format, args...))) }

// A role is what becomes of an instruction in the stage that runs.
type role uint8

const (
	keeps   role = iota // it is repeated
	moves               // it says something of the container alone, and is not needed in the other stage
	systems             // it installs packages of the system, of which some are repeated
	makes               // what it makes is copied
	drops               // it only serves what is copied
)

// A part is an instruction of the stage, and what becomes of it.
type part struct {
	step *source.Step
	role role
	out  []string // of makes: what is copied, by absolute paths
	pkgs []string // packages that have to be installed in its place
}

// A splitter is at work on one build.
type splitter struct {
	b     *source.Build
	pick  func(scaffold.Want) (scaffold.Base, error)
	t     *source.Stage
	parts []part
	cut   int // the parts up to this one build; those behind it are what they are
	runs  runtime
	stack *stack.Stack // nil = it is not known
	edits []text.Edit

	unwraps bool // the container starts by a project manager, which the program takes the place of

	venv   string // the virtual environment; "" = there is no Python
	made   bool   // the Dockerfile makes it
	node   string // the folder of a Node.js project that is compiled; "" = none is
	prune  string // what takes the packages out that only its build needs; "" = they are not there
	native string // the compiled program, by its absolute path; "" = there is none
}

// admit refuses what cannot be split at all.
func (s *splitter) admit() {
	b := s.b
	s.t = b.Target
	switch {
	case b.Inline || b.File == nil:
		no("the Dockerfile is written inside another file")
	case !b.Linux():
		no("it is not built for Linux")
	case s.t.Parent != nil:
		no("the final stage is built on the stage of line %d: which of the two installs for whom has to be decided by a person", s.t.Parent.From.Line())
	case s.t.Image == nil || s.t.Image.Known == nil || !s.t.Image.Valid:
		no("nothing is known of %s, and so of what could run in its place", b.Base())
	}
	for _, st := range b.Stages {
		if st.Parent == s.t {
			no("the stage of line %d is built on it", st.From.Line())
		}
		for _, step := range st.Steps {
			if step.Copy != nil && step.Copy.Stage == s.t {
				no("line %d copies out of it", step.Line())
			}
			if step.Keyword == "ONBUILD" {
				no("its ONBUILD builds other images")
			}
		}
	}
	s.stack = recipe.Sources(b) // where nothing can be told, nothing is left out
}

// risk is what may be otherwise afterwards.
func (s *splitter) risk() string {
	switch {
	case s.cut < 0:
		return "a program that calls one of these tools where it runs does not find it any more"
	case s.runs.same:
		return "what else the build leaves behind, beside what is copied, is not in the image any more"
	}
	return fmt.Sprintf("what %s has and %s has not, and what else the build leaves behind, is not in the image any more", s.b.Base(), s.runs.ref)
}

// sort tells the role of every instruction.
func (s *splitter) sort() {
	s.cut = -1
	for i, step := range s.t.Steps {
		p := part{step: step}
		switch step.Keyword {
		case "LABEL", "EXPOSE", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD", "STOPSIGNAL", "MAINTAINER":
			p.role = moves
		case "RUN":
			s.run(&p)
		case "COPY", "ADD":
			if c := step.Copy; c != nil && (c.Image != nil || c.Stage != nil) && slices.ContainsFunc(c.Sources, func(src source.Text) bool { return knowledge.CopiedTool(path.Base(src.Value)) != "" }) {
				p.role = drops
			}
		}
		if p.role == makes {
			s.cut = i
		}
		s.parts = append(s.parts, p)
	}
	if s.cut >= 0 {
		s.outputs()
		s.sources()
	}
}

// run tells the role of a RUN.
func (s *splitter) run(p *part) {
	run := p.step.Run()
	if run == nil || run.Opaque != "" {
		no("line %d is not understood", p.step.Line())
	}
	system, language, compiles := false, false, false
	for _, in := range run.Effects.Installs {
		switch {
		case in.System:
			system = true
		case in.Verb == "download" || in.Verb == "fetch" || in.Verb == "go-offline":
			p.role = drops
		default:
			language = true
			s.language(p, in)
		}
	}
	for _, c := range run.Commands() {
		if what, ok := packages.Compiles(c); ok {
			compiles = true
			s.compiles(p, c, what)
		}
		if program, args := c.Underlying(); program == "jar" && len(args) > 0 && strings.HasPrefix(strings.TrimLeft(args[0].Text, "-"), "c") {
			compiles = true
			p.out = append(p.out, "") // the program: see outputs
		}
		if setsUp(c) && p.role == keeps {
			p.role = drops // go mod tidy, cargo fetch: for the build alone
		}
	}
	if p.role == keeps && len(s.b.Calls(p.step)) > 0 {
		no("line %d runs a script of the project, of which it is not known what it makes", p.step.Line())
	}
	switch {
	case language || compiles:
		p.role = makes
	case system:
		p.role = systems
	case p.role == keeps && len(run.Effects.Updates) > 0:
		p.role = systems
	}
}

// setsUp tells whether a command only prepares a build.
func setsUp(c *shell.Command) bool {
	program, args := c.Underlying()
	switch program {
	case "go", "cargo", "rustup", "mvn", "mvnw", "gradle", "gradlew", "corepack", "cmake", "configure", "uv", "poetry", "pipenv", "pdm":
		return true
	case "git":
		return len(args) > 0 && args[0].Text == "config"
	case "npm", "yarn", "pnpm":
		return len(args) > 0 && slices.Contains([]string{"config", "cache", "set"}, args[0].Text)
	}
	return false
}

// write writes both stages.
func (s *splitter) write() {
	f := s.b.File
	name := s.builderName()
	s.rename(name)
	s.environment()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if s.node != "" && s.prune != "" {
		add("RUN %s", s.prune)
	}
	add("")
	add("# What the build needs stays in the stage above.")
	from := "FROM " + s.runs.ref
	if s.t.Name != "" {
		from += " AS " + s.t.Name
	}
	add("%s", from)
	first := true
	for i, p := range s.parts[:s.cut+1] {
		switch p.role {
		case moves:
			line := s.lifted(p.step)
			if s.unwraps && p.step == s.b.Start().Step {
				line = strings.Replace(line, p.step.Rest().Text, s.unwrapped(p.step), 1)
			}
			add("%s", line)
		case keeps:
			if line := s.repeated(i, p.step); line != "" {
				add("%s", line)
			}
		case systems:
			line := s.filtered(p.step)
			if first && line != "" && len(s.runs.adds) > 0 {
				if line = s.with(line, s.runs.adds); line != "" {
					s.runs.adds = nil
				}
			}
			if line != "" {
				add("%s", line)
			}
		case makes:
			if list := slices.Concat(p.pkgs, s.runs.adds); len(list) > 0 {
				add("%s", s.install(list))
				s.runs.adds = nil
			}
			for _, out := range p.out {
				add("COPY --from=%s %s %s", name, out, s.place(out))
				if out == s.venv && !s.made {
					add("ENV PATH=%s/bin:$PATH", s.venv)
				}
			}
		}
	}
	at := s.parts[s.cut].step.Instruction
	if len(lines) > 0 {
		s.edits = append(s.edits, f.Below(at, strings.Join(lines, "\n")))
	}
}

// place is where an output is put: at its own path, a pattern in its folder, a program of a
// compiler's own folder, which nothing names by its path, where other images look for programs.
func (s *splitter) place(out string) string {
	switch {
	case strings.ContainsAny(out, "*?["):
		return path.Dir(out) + "/"
	case slices.ContainsFunc(s.t.Steps, func(step *source.Step) bool {
		return (step.Keyword == "CMD" || step.Keyword == "ENTRYPOINT" || step.Keyword == "HEALTHCHECK") && strings.Contains(step.Joined(), out)
	}):
		return out
	case path.Dir(out) == "/usr/local/cargo/bin", path.Dir(out) == "/go/bin":
		return "/usr/local/bin/" + path.Base(out) // where the image that runs looks for programs
	}
	return out
}

// builderName is a name for the stage that builds that no other one has.
func (s *splitter) builderName() string {
	for _, name := range []string{"build", "builder", "build-stage", "compile"} {
		if !slices.ContainsFunc(s.b.Stages, func(st *source.Stage) bool { return st.Name == name }) {
			return name
		}
	}
	no("the names for a stage that builds are all taken")
	return ""
}

// rename gives the stage as it stands the name of the one that builds.
func (s *splitter) rename(name string) {
	words := s.t.From.Words()
	if n := len(words); n > 2 && strings.EqualFold(words[n-2].Text, "as") {
		s.edits = append(s.edits, text.Edit{Span: words[n-1].Span, New: name})
		return
	}
	end := s.t.From.Span.End
	s.edits = append(s.edits, text.Edit{Span: text.Span{Start: end, End: end}, New: " AS " + name})
}

// written is an instruction as it stands in the file, with its heredocs.
func (s *splitter) written(in *dockerfile.Instruction) string {
	return strings.TrimRight(strings.ReplaceAll(s.b.Text().Text(in.Span), "\r\n", "\n"), "\n")
}

// lifted is an instruction with the comments above it, which it takes along.
func (s *splitter) lifted(step *source.Step) string {
	lines, out := s.b.File.Lift(step.Instruction)
	s.edits = append(s.edits, out)
	return lines
}

// repeated is an instruction for the stage that runs; "" = it says nothing there.
func (s *splitter) repeated(i int, step *source.Step) string {
	switch step.Keyword {
	case "ARG":
		if !s.named(i, step) {
			return ""
		}
	case "ENV":
		if !slices.ContainsFunc(step.Vars, func(v source.Var) bool { return !forBuild(v.Name) }) {
			return ""
		}
	case "SHELL":
		if !slices.ContainsFunc(s.t.Steps, func(o *source.Step) bool {
			return o.Keyword == "RUN" && o.Index > step.Index && s.parts[o.Index].role == keeps
		}) {
			return ""
		}
	case "RUN":
		s.able(step)
	}
	return s.written(step.Instruction)
}

// forBuild tells whether a variable is one that only installs and compilers read.
func forBuild(name string) bool {
	for _, p := range []string{"PIP_", "UV_", "POETRY_", "PDM_", "PIPENV_", "NPM_CONFIG_", "npm_config_", "YARN_", "CGO_", "CARGO_", "RUSTFLAGS", "MAVEN_", "GRADLE_"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return slices.Contains([]string{"DEBIAN_FRONTEND", "GOPROXY", "GOPATH", "GOOS", "GOARCH", "GO111MODULE", "GOFLAGS", "GOCACHE", "GOMODCACHE", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CC", "CXX", "MAKEFLAGS"}, name)
}

// named tells whether what stays below an ARG speaks of its variable.
func (s *splitter) named(i int, step *source.Step) bool {
	for _, v := range step.Vars {
		for _, p := range s.parts[i+1:] {
			if p.role == makes || p.role == drops {
				continue
			}
			if line := s.written(p.step.Instruction); strings.Contains(line, "$"+v.Name) || strings.Contains(line, "${"+v.Name) {
				return true
			}
		}
	}
	return false
}

// able refuses a RUN that stays, where a program of it is not in the image that runs.
func (s *splitter) able(step *source.Step) {
	for _, c := range step.Run().Commands() {
		if p := c.Program(); p != "" && !s.has(p) {
			no("line %d runs %s, which the image that runs would not have", step.Line(), p)
		}
	}
}
