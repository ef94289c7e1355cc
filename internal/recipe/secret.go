package recipe

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

const rotate = "; whoever has the image or the repository knows the value: rotate it"

// Unset takes a variable out of an ENV, and its name into .env.example: the container gets
// it when it starts. pair is NAME=value as it stands there.
func Unset(b *source.Build, step *source.Step, name string, pair text.Span) Advice {
	if b.Inline {
		return Advice{}
	}
	u := usesOf(b, step, name)
	switch {
	case u.other != nil:
		return unfixed(fmt.Sprintf("line %d needs its value", u.other.Line()))
	case !mountsVariables(b.File):
		return unfixed("the Dockerfile asks for a frontend that is older than 1.10 and mounts no variables")
	}
	if len(u.runs) == 0 {
		for _, s := range behind(b, step) {
			if mayRead(b, s) {
				u.runs = append(u.runs, s)
			}
		}
	}
	out, ok := b.File.WithoutWord(step.Instruction, pair)
	if !ok {
		return Advice{}
	}
	edits := []text.Edit{out}
	title := fmt.Sprintf("take %s out, and name it in .env.example", name)
	reason := "the container lacks it unless it gets it when it starts, with --env-file or env_file"
	for _, run := range u.runs {
		if !shells(run) {
			return unfixed(fmt.Sprintf("line %d needs its value", run.Line()))
		}
		edits = append(edits, mount(run, name))
	}
	if len(u.runs) > 0 {
		title += fmt.Sprintf(", and mount it where the build reads it: `docker build --secret id=%s,env=%s`", secretID(name), name)
	}
	x := fix(title, check.Unsafe, reason+rotate, b.Text(), edits...)
	sample(b, &x, name)
	return Advice{Fixes: []check.Fix{x}}
}

// Unlabel takes a label out that nothing but people reads.
func Unlabel(b *source.Build, step *source.Step, name string, pair text.Span) Advice {
	if b.Inline {
		return Advice{}
	}
	out, ok := b.File.WithoutWord(step.Instruction, pair)
	if !ok {
		return Advice{}
	}
	return Advice{Fixes: []check.Fix{fix("take the label "+name+" out", check.Unsafe, "what reads the label finds it no more"+rotate, b.Text(), out)}}
}

// Mount makes a secret mount of a build argument: each RUN that reads it gets it in its
// environment, and nothing keeps it.
func Mount(b *source.Build, name string) Advice {
	if b.Inline || b.File == nil {
		return Advice{}
	}
	if !mountsVariables(b.File) {
		return unfixed("the Dockerfile asks for a frontend that is older than 1.10 and mounts no variables")
	}
	if _, ok := b.Args[name]; ok {
		return unfixed("Compose or the configuration gives it as a build argument: it has to become a secret of the build there, too")
	}
	m := mounting{b: b, name: name, named: isNamed(b, name), declared: map[*source.Stage]bool{}, handed: map[*source.Stage][]string{}}
	for _, s := range b.Meta {
		if why := m.declaration(s); why != "" {
			return unfixed(why)
		}
	}
	var kept []string // variables that the image would have kept
	for _, stage := range b.Stages {
		if why := m.stage(stage); why != "" {
			return unfixed(why)
		}
		kept = append(kept, m.handed[stage]...)
	}
	if len(m.edits) == 0 {
		return Advice{}
	}
	title := fmt.Sprintf("mount %s in the place of the build argument: `docker build --secret id=%s,env=%s`", name, secretID(name), name)
	reason := "who builds the image gives --secret in the place of --build-arg"
	if m.mounts == 0 {
		title = "take the build argument " + name + " out, which no RUN reads"
		reason = "a program that a RUN starts may read it from its environment all the same"
	}
	x := fix(title, check.Unsafe, reason+rotate, b.Text(), m.edits...)
	slices.Sort(kept)
	sample(b, &x, slices.Compact(kept)...)
	return Advice{Fixes: []check.Fix{x}}
}

// isNamed tells whether a RUN names a variable, or logs in by it where it installs.
func isNamed(b *source.Build, name string) bool {
	return slices.ContainsFunc(b.Stages, func(stage *source.Stage) bool {
		return slices.ContainsFunc(stage.Steps, func(s *source.Step) bool {
			return s.Run() != nil && (mentions(b.Text().Text(s.Span), name) || logsInBy(s, name))
		})
	})
}

// A mounting is a build argument on its way to be a secret mount. What is built on a stage
// has its arguments and variables, too.
type mounting struct {
	b        *source.Build
	name     string
	named    bool // a RUN names it, or logs in by it, so that the others do not read it
	edits    []text.Edit
	mounts   int
	declared map[*source.Stage]bool
	handed   map[*source.Stage][]string // variables to which an ENV hands it
}

// declaration takes an ARG of the argument out, or says why it cannot.
func (m *mounting) declaration(s *source.Step) (why string) {
	word := argWord(s, m.name)
	if word.IsZero() {
		return ""
	}
	out, ok := m.b.File.WithoutWord(s.Instruction, word)
	if !ok {
		return fmt.Sprintf("line %d declares it among others", s.Line())
	}
	m.edits = append(m.edits, out)
	return ""
}

// stage mounts the argument in one stage, or says why it cannot.
func (m *mounting) stage(stage *source.Stage) (why string) {
	if mentions(m.b.Text().Text(stage.From.Span), m.name) {
		return fmt.Sprintf("line %d needs its value", stage.From.Line())
	}
	m.declared[stage] = m.declared[stage.Parent]
	m.handed[stage] = slices.Clone(m.handed[stage.Parent])
	own := false
	for _, s := range stage.Steps {
		if !argWord(s, m.name).IsZero() {
			if own {
				return "a stage declares it twice"
			}
			if why := m.declaration(s); why != "" {
				return why
			}
			own, m.declared[stage] = true, true
			continue
		}
		if why := m.step(stage, s); why != "" {
			return why
		}
	}
	return ""
}

// step mounts the argument where an instruction reads it, or says why it cannot.
func (m *mounting) step(stage *source.Stage, s *source.Step) (why string) {
	raw := m.b.Text().Text(s.Span)
	var needs []string
	if m.declared[stage] && mentions(raw, m.name) {
		needs = append(needs, m.name)
	}
	for _, v := range m.handed[stage] {
		if v != m.name && mentions(raw, v) {
			needs = append(needs, v)
		}
	}
	if len(needs) == 0 && m.declared[stage] && (logsInBy(s, m.name) || !m.named && mayRead(m.b, s)) {
		needs = append(needs, m.name)
	}
	if len(needs) == 0 {
		return ""
	}
	why = fmt.Sprintf("line %d needs its value", s.Line())
	switch s.Command.(type) {
	case *instructions.RunCommand:
		if !shells(s) {
			return why
		}
		for _, v := range needs {
			m.edits = append(m.edits, mountAs(s, m.name, v))
			m.mounts++
		}
	case *instructions.EnvCommand:
		word, to := handsOn(s, m.name)
		out, ok := m.b.File.WithoutWord(s.Instruction, word)
		if word.IsZero() || !ok {
			return why
		}
		m.edits = append(m.edits, out)
		m.handed[stage] = append(m.handed[stage], to)
	case *instructions.CmdCommand, *instructions.EntrypointCommand, *instructions.HealthCheckCommand:
		// It runs in the container, where no argument is.
	default:
		return why
	}
	return ""
}

// MountLiteral puts a variable of a secret mount in the place of a value that stands in a
// RUN.
func MountLiteral(b *source.Build, step *source.Step, value text.Span, name string) Advice {
	run := step.Run()
	switch {
	case b.Inline || run == nil || !shells(step) || len(step.Heredocs()) > 0:
		return unfixed("the value does not stand in one command line")
	case !mountsVariables(b.File):
		return unfixed("the Dockerfile asks for a frontend that is older than 1.10 and mounts no variables")
	case strings.ContainsAny(b.Text().Text(value), "\\\n"):
		return unfixed("the value is written over several lines or with signs of the shell")
	}
	var in *shell.Command
	for _, c := range run.Commands() {
		if c.Inner && !c.Substitution {
			continue
		}
		if c.Span.Contains(value) {
			in = c
		}
	}
	if in == nil {
		return unfixed("the value stands in what another program reads")
	}
	var word text.Span
	for _, w := range in.Words {
		if w.Span.Contains(value) {
			word = w.Span
		}
	}
	for _, a := range in.Assigns {
		if a.Span.Contains(value) {
			word = a.Span
		}
	}
	if word.IsZero() {
		return unfixed("the value stands in what another program reads")
	}
	for _, m := range run.Mounts {
		if m.Env == name {
			return unfixed("the RUN mounts another secret under that name")
		}
	}
	put := "${" + name + "}"
	switch quoteAt(b.Text().Text(text.Span{Start: word.Start, End: value.Start})) {
	case '\'':
		if put = `'"` + put + `"`; value.End < word.End && b.Text().Data[value.End] == '\'' {
			value.End++ // the quote that would open again has nothing to hold
		} else {
			put += "'"
		}
	case 0:
		put = `"` + put + `"`
	}
	title := fmt.Sprintf("mount the value: `docker build --secret id=%s,env=%s`", secretID(name), name)
	reason := "the build needs the secret from who starts it" + rotate
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, reason, b.Text(), mount(step, name), text.Edit{Span: value, New: put})}}
}

// AtStart lets a command of the container read a value from its environment, in the place of one
// that stands in it.
func AtStart(b *source.Build, step *source.Step, value text.Span, name string) Advice {
	raw := b.Text().Text(value)
	if b.Inline || step == nil || raw == "" || strings.ContainsAny(raw, "\\\n") || len(step.Heredocs()) > 0 {
		return unfixed("the value is written over several lines or with signs of the shell")
	}
	if !shellSure(b) {
		return unfixed("the image has no shell that could put the value in")
	}
	if name = Variable(name); name == "" {
		name = "SECRET"
	}
	rest := step.Rest().Span
	edit := text.Edit{Span: value, New: "${" + name + "}"}
	if step.JSON {
		if st := b.Start(); step.Keyword != "HEALTHCHECK" && !st.Entrypoint.Empty() && !st.Cmd.Empty() {
			return unfixed("ENTRYPOINT and CMD together make the command: which of them a shell is to read is for you to say")
		}
		var words []string
		for _, w := range step.Words() {
			if step.Keyword == "HEALTHCHECK" && len(words) == 0 && w.Text == "CMD" {
				continue
			}
			before, after, found := strings.Cut(w.Text, raw)
			switch {
			case found && !strings.ContainsAny(before+after, "\"\\`$"):
				words = append(words, `"`+before+"${"+name+"}"+after+`"`)
			case found || strings.Contains(w.Text, "'"):
				return unfixed("a shell would read some of its words in another way")
			case strings.ContainsAny(w.Text, " \t\"\\`$;&|<>()*?[]#~!") || w.Text == "":
				words = append(words, "'"+w.Text+"'")
			default:
				words = append(words, w.Text)
			}
		}
		array := jsonArray([]string{"sh", "-c", "exec " + strings.Join(words, " ")})
		if step.Keyword == "HEALTHCHECK" {
			array = "CMD " + jsonArray([]string{"sh", "-c", strings.Join(words, " ")})
		}
		edit = text.Edit{Span: rest, New: array}
	} else {
		switch quoteAt(b.Text().Text(text.Span{Start: rest.Start, End: value.Start})) {
		case '\'':
			edit.New = `'"` + edit.New + `"'`
		case 0:
			edit.New = `"` + edit.New + `"`
		}
	}
	x := fix("read "+name+" from the environment, and name it in .env.example", check.Unsafe, "the container lacks it unless it gets it when it starts, with --env-file or env_file"+rotate, b.Text(), edit)
	sample(b, &x, name)
	return Advice{Fixes: []check.Fix{x}}
}

// quoteAt is the quote that is open behind a part of a shell's word; 0 = none.
func quoteAt(s string) (open byte) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && open != '\'':
			i++
		case open == 0 && (c == '"' || c == '\''):
			open = c
		case c == open:
			open = 0
		}
	}
	return open
}

var notOfNames = regexp.MustCompile(`[^A-Z0-9]+`)

// Variable makes a variable's name of what something is called; "" where none can be.
func Variable(what string) string {
	name := strings.Trim(notOfNames.ReplaceAllString(strings.ToUpper(what), "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' || len(name) > 40 {
		return ""
	}
	return name
}

// secretID is what a secret is called to the builder.
func secretID(name string) string { return strings.ToLower(name) }

// mount hands a secret to a RUN as a variable.
func mount(s *source.Step, name string) text.Edit { return mountAs(s, name, name) }

func mountAs(s *source.Step, name, as string) text.Edit {
	return flag(s, fmt.Sprintf("--mount=type=secret,id=%s,env=%s,required=true", secretID(name), as))
}

// shells tells whether a RUN is one that a shell reads and that is understood.
func shells(s *source.Step) bool {
	run := s.Run()
	return run != nil && run.Opaque == "" && run.Script != nil && !s.JSON
}

// frontend is the version that a syntax directive asks for.
var frontend = regexp.MustCompile(`^docker(?:\.io/docker)?/dockerfile:1\.(\d+)`)

// mountsVariables tells whether the frontend of a file knows env= of a secret mount, which
// came with 1.10.
//
// Source: docs.docker.com, Dockerfile release notes, 1.10.0.
func mountsVariables(f *dockerfile.File) bool {
	for _, d := range f.Directives {
		if m := frontend.FindStringSubmatch(d.Value); d.Name == "syntax" && m != nil {
			return len(m[1]) > 1
		}
	}
	return true
}

// mentions tells whether a text names a variable: $NAME, ${NAME}, ${NAME:-x}.
func mentions(s, name string) bool {
	for {
		i := strings.Index(s, name)
		if i < 0 {
			return false
		}
		before, after := s[:i], s[i+len(name):]
		if (strings.HasSuffix(before, "$") || strings.HasSuffix(before, "${") || strings.HasSuffix(before, "${!")) && (after == "" || !wordByte(after[0])) {
			return true
		}
		s = after
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// uses are the instructions that read a variable which one of them sets.
type uses struct {
	runs  []*source.Step
	other *source.Step // one that is no RUN and no command of the container; nil = none
}

// behind are the instructions that see what one of them sets: those below it, and those of
// stages that are built on its stage.
func behind(b *source.Build, step *source.Step) (list []*source.Step) {
	for _, stage := range b.Stages {
		steps := stage.Steps
		if stage == step.Stage {
			steps = steps[step.Index+1:]
		} else if !slices.Contains(slices.Collect(stage.Upwards()), step.Stage) {
			continue
		}
		list = append(list, steps...)
	}
	return list
}

func usesOf(b *source.Build, step *source.Step, name string) (u uses) {
	for _, s := range append([]*source.Step{step}, behind(b, step)...) {
		if !mentions(b.Text().Text(s.Span), name) {
			continue
		}
		switch s.Command.(type) {
		case *instructions.RunCommand:
			u.runs = append(u.runs, s)
		case *instructions.CmdCommand, *instructions.EntrypointCommand, *instructions.HealthCheckCommand:
		default:
			if u.other == nil {
				u.other = s
			}
		}
	}
	return u
}

// mayRead tells whether a RUN may read any variable of its environment: it runs code of the
// project, or installs for a language by settings that may name one.
func mayRead(b *source.Build, s *source.Step) bool {
	run := s.Run()
	if run == nil {
		return false
	}
	if run.Opaque != "" || len(b.Calls(s)) > 0 {
		return true
	}
	return slices.ContainsFunc(run.Commands(), func(c *shell.Command) bool {
		program, args := c.Underlying()
		switch {
		case strings.HasPrefix(c.Program(), "./"):
			return true
		case knowledge.Interpreters.Has(program):
			return len(args) > 0 && !(args[0].Text == "-m" && len(args) > 1 && (args[1].Text == "pip" || args[1].Text == "venv"))
		}
		return slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "run" || knowledge.AssetTasks.Has(w.Text) })
	})
}

// logsInBy tells whether a RUN installs by a program that reads a variable of this name from
// its environment or through its settings: NPM_TOKEN, PIP_INDEX_URL.
func logsInBy(s *source.Step, name string) bool {
	run := s.Run()
	if run == nil || !shells(s) {
		return false
	}
	return slices.ContainsFunc(run.Effects.Installs, func(in packages.Install) bool { return knowledge.ReadsVariable(in.Manager, name) })
}

// argWord is where an ARG declares a name; zero where it does not.
func argWord(s *source.Step, name string) text.Span {
	if s.Keyword != "ARG" {
		return text.Span{}
	}
	for _, w := range s.Words() {
		if n, _, _ := strings.Cut(w.Text, "="); n == name {
			return w.Span
		}
	}
	return text.Span{}
}

// handsOn is where an ENV hands a build argument on as it is, and to which variable.
func handsOn(s *source.Step, name string) (word text.Span, to string) {
	for _, w := range s.Words() {
		n, v, ok := strings.Cut(w.Text, "=")
		if v = strings.Trim(v, `"`); ok && (v == "$"+name || v == "${"+name+"}") {
			return w.Span, n
		}
	}
	return text.Span{}, ""
}

// sample names a variable in the .env.example of a build, where people look for what they
// have to set.
func sample(b *source.Build, x *check.Fix, names ...string) {
	dir := path.Dir(b.Path)
	if b.Context != nil {
		dir = b.Context.Root
	}
	name := path.Join(dir, ".env.example")
	f := b.Beside(name)
	var lines []string
	for _, n := range names {
		if f == nil || !regexp.MustCompile(`(?m)^\s*(export\s+)?`+regexp.QuoteMeta(n)+`\s*=`).Match(f.Data) {
			lines = append(lines, n+"=")
		}
	}
	switch {
	case len(lines) == 0:
	case f == nil:
		x.Create = append(x.Create, check.Created{Path: name, Data: []byte(strings.Join(lines, "\n") + "\n"), Lines: true})
	default:
		x.Edits = append(x.Edits, check.Edit{File: f, Edit: appended(f, lines...)})
	}
}
