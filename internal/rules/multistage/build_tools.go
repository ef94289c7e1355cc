package multistage

import (
	_ "embed"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var buildToolsInFinal = &check.Check{
	Name:     "build-tools-in-final",
	Claim:    "no compiler, version control system, build system or development header is installed in the final image",
	Why:      "tools that only the build needs make the image larger, and an attacker in the container can use them",
	Mend:     "install them in a builder stage and copy its output, or remove them in the RUN that installs them",
	Quiet:    "In stages from which only build output is copied, where the same RUN removes them (apk's --virtual group, a variable, apt-get purge), where a condition on a build argument is false, and where the config lists them under runtime-tools.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.3"},
	Image:    func(ev check.Evidence) check.Verdict { return builtTools(ev, false) },
	Run:      ranTools(false),
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		if b.Toolbox() {
			return check.Judge(nil)
		}
		var found []check.Finding
		maybe, list := "", ""
		gone := removals(b)
		for step := range b.Steps() {
			br := brought(b, step)
			if br.maybe != "" && maybe == "" {
				maybe = br.maybe
			}
			if br.list != "" {
				list = br.list
			}
			if len(br.tools) > 0 {
				found = append(found, toolFinding(b, step, br, gone))
			}
		}
		if len(found) == 0 && maybe != "" {
			return check.Unknown(check.ByArg, fmt.Sprintf("whether %s is installed depends on a value that is not known", maybe))
		}
		if len(found) == 0 && list != "" {
			return check.Unknown(check.ByImage, fmt.Sprintf("whether %s names a build tool, which is then installed, is not known", list))
		}
		return check.Judge(found)
	},
}

func toolCause(step *source.Step) check.Cause { return check.Cause("build-tools").Of(step.Span.Start) }

func toolFinding(b *source.Build, step *source.Step, br bring, gone map[string]removal) check.Finding {
	// What builds programs is named first: it decides the severity.
	var heavy, light []tool
	for _, t := range br.tools {
		if t.class.Builds() {
			heavy = append(heavy, t)
		} else {
			light = append(light, t)
		}
	}
	all := append(heavy, light...)
	f := check.Finding{
		Place: check.Place{File: b.Text(), Span: all[0].span},
		Stage: step.Stage,
		Cause: toolCause(step),
	}
	if len(heavy) == 0 {
		f.Severity = check.Warning
	}
	verb := "installed"
	if step.Copy != nil {
		verb = "copied"
	}
	if len(all) == 1 {
		f.Help = "install it in a builder stage and copy its output, or remove it in the RUN that installs it"
		if step.Copy != nil {
			f.Help = "mount it for the RUN that needs it (RUN --mount=type=bind,from=…), or run it in a builder stage and copy its output"
		}
		if len(heavy) == 0 {
			f.Help += fmt.Sprintf("; where the program runs %[1]s, list %[1]s under `runtime-tools:` in .dockworthy.yaml", names(all))
		}
	} else if len(heavy) == 0 && step.Copy == nil {
		f.Help = "install them in a builder stage and copy its output, or remove them in the RUN that installs them; list under `runtime-tools:` in .dockworthy.yaml those that the program runs"
	}
	f.Message = fmt.Sprintf("%s %s %s here and %s in the final image", names(all), plural(len(all), "is", "are"), verb, plural(len(all), "stays", "stay"))
	if !slices.ContainsFunc(all, func(t tool) bool { return !t.orphan }) {
		f.Message = fmt.Sprintf("what %s depends on stays in the final image: without autoremove apt-get removes only the package itself", names(all))
		f.Help = "add --auto-remove to the apt-get command that removes it, or install it in a builder stage"
	}
	if l := all[0].listed; l != nil {
		f.Related = append(f.Related, *l)
	}
	for i, t := range all[1:] {
		if i == 8 {
			break
		}
		if t.span != all[0].span {
			f.Related = append(f.Related, check.Place{File: b.Text(), Span: t.span, Message: "also: " + strings.Trim(t.name, "${}")})
		}
	}
	for _, t := range all {
		if later, ok := gone[t.name]; ok && later.step.Span.Start > step.Span.Start && later.step != step {
			if later.file {
				f.Message = fmt.Sprintf("%s %s %s here, and removing a file in a later layer leaves it in this one", names(all), plural(len(all), "is", "are"), verb)
			} else {
				f.Message += "; removing packages in a later layer leaves them in this one"
			}
			f.Related = append(f.Related, check.Place{File: b.Text(), Span: later.command.Span, Message: "removed here, in a separate layer"})
			f.Help = "remove the packages in the RUN that installs them, or install them in a builder stage"
			if later.file {
				f.Help = "mount it for the RUN that needs it (RUN --mount=type=bind,from=…), or run it in a builder stage"
			}
			break
		}
	}
	if len(b.Chain()) > 1 && step.Stage != b.Target {
		f.Related = append(f.Related, check.Place{File: b.Text(), Span: b.Target.From.Span, Message: "the final stage is based on that stage"})
	}
	return f
}

// A removal is the last time that the chain takes a package away.
type removal struct {
	step    *source.Step
	command *shell.Command
	file    bool // it deletes the program itself
}

// removals are the packages and programs that the chain removes anywhere, by name.
func removals(b *source.Build) map[string]removal {
	gone := map[string]removal{}
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			if fx.Kind != effects.Delete || fx.When == shell.Never {
				continue
			}
			for _, p := range fx.Paths {
				if name := path.Base(p.Text); knowledge.CopiedTool(name) != "" {
					gone[name] = removal{step, fx.Command, true}
				}
			}
		}
		for _, r := range run.Effects.Removes {
			for _, p := range r.Packages {
				gone[p.Name] = removal{step, r.Command, false}
			}
		}
	}
	return gone
}

// A bring is what one step brings in the way of tools.
type bring struct {
	tools []tool // certainly there after the step
	maybe string // a tool that is there only if something unknown says so
	list  string // a list of packages that cannot be read
}

// brought is the build tools that a step leaves in its layer.
func brought(b *source.Build, step *source.Step) bring {
	var br bring
	if c := step.Copy; c != nil {
		br.copied(b, step, c)
		return br
	}
	run := step.Run()
	if run == nil {
		return br
	}
	for _, in := range run.Effects.Kept() {
		br.installed(b, in)
		br.listed(b, step, in)
	}
	for _, c := range b.Calls(step) {
		br.called(b, step, run, c)
	}
	br.orphaned(b, run)
	br.fetched(b, step, run)
	return br
}

func (br *bring) add(b *source.Build, t tool, when shell.When) {
	if t.class == none || t.class == devTool || wanted(b, t.name) || !t.class.Builds() && isImage(b, t.name) {
		return
	}
	if when != shell.Always {
		br.maybe = t.name
		return
	}
	br.tools = append(br.tools, t)
}

func (br *bring) installed(b *source.Build, in packages.Install) {
	switch {
	case in.System && in.Target.Text != "": // another root
		return
	case in.Verb == "download" || in.Verb == "source" || in.Verb == "wheel" || in.Verb == "upgrade":
		return
	case in.Verb == "build-dep":
		br.add(b, tool{"what builds " + packageNames(in), compiler, in.Command.Span, false, nil}, in.When)
		return
	}
	if nodeManager(in.Manager) && !in.Global {
		return
	}
	for _, p := range in.Packages {
		if p.Path || !p.Known && p.Name != "${PHPIZE_DEPS}" {
			continue
		}
		br.add(b, tool{p.Name, classOf(in.Manager, p.Name), p.Span, false, nil}, in.When)
	}
}

// orphaned adds the packages that only depend on others and that are removed
// without these.
func (br *bring) orphaned(b *source.Build, run *source.Run) {
	for _, in := range run.Effects.Orphaned() {
		for _, p := range in.Packages {
			if knowledge.DependencyPackages.Has(p.Name) {
				br.add(b, tool{p.Name, classOf(in.Manager, p.Name), p.Span, true, nil}, in.When)
			}
		}
	}
}

func packageNames(in packages.Install) string {
	var list []string
	for _, p := range in.Packages {
		list = append(list, p.Name)
	}
	return sentence(list)
}

//go:embed fetches.jsonl
var fetchesData []byte

// fetchLine is one line of fetches.jsonl: a tool that is downloaded rather
// than installed from packages.
type fetchLine struct {
	Name   string   `json:"name"`
	Class  class    `json:"class"`
	URLs   []string `json:"urls"`   // parts of the address
	Homes  []string `json:"homes"`  // base names of what to remove to be rid of it
	Script string   `json:"script"` // the installer's name, where that is what is downloaded
	But    []string `json:"but"`    // its options for something less than the tool
	Source string   `json:"source"`
}

var fetches = sync.OnceValue(func() []fetchLine { return decodeLines[fetchLine]("fetches.jsonl", fetchesData) })

// fetched adds the tools that a RUN downloads from their publishers.
func (br *bring) fetched(b *source.Build, step *source.Step, run *source.Run) {
	for _, f := range run.Effects.Fetches {
		if f.URL.Text == "" {
			continue
		}
		for _, l := range fetches() {
			if !containsAny(f.URL.Text, l.URLs) || thrownAway(run, f, l) || l.less(step.Stage, f) {
				continue
			}
			br.add(b, tool{l.Name, l.Class, f.Command.Span, false, nil}, f.When)
			break
		}
	}
}

// less tells whether an installer is told to install something less than the tool,
// wherever the stage runs it.
func (l *fetchLine) less(s *source.Stage, f effects.Fetch) bool {
	if l.Script == "" {
		return false
	}
	runs, less := 0, 0
	for _, step := range s.Steps {
		for _, c := range step.Run().Commands() {
			runsIt := c == f.Command.PipeTo || c != f.Command && slices.ContainsFunc(c.Words[:min(len(c.Words), 3)], func(w shell.Word) bool {
				return path.Base(w.Text) == l.Script
			})
			if !runsIt || knowledge.Plain.Has(c.Program()) || len(c.Words) == 0 {
				continue
			}
			runs++
			if slices.ContainsFunc(c.Words, func(w shell.Word) bool {
				name, _, _ := strings.Cut(w.Text, "=")
				return slices.Contains(l.But, name)
			}) {
				less++
			}
		}
	}
	return runs > 0 && runs == less
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// thrownAway tells whether the RUN itself deletes what was downloaded, or only
// puts the archive somewhere without unpacking it.
func thrownAway(run *source.Run, f effects.Fetch, l fetchLine) bool {
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Delete || fx.Command.Span.Start < f.Command.Span.Start {
			continue
		}
		for _, p := range fx.Paths {
			base := strings.ToLower(path.Base(strings.TrimRight(p.Text, "/*")))
			for _, h := range l.Homes {
				if base == h || strings.HasPrefix(base, "apache-"+h) || strings.HasPrefix(base, h+"-") && fx.Recursive {
					return true
				}
			}
		}
	}
	for _, c := range run.Commands() {
		if c.Program() == "rustup" && len(c.Args()) > 1 && c.Args()[0].Text == "self" && c.Args()[1].Text == "uninstall" {
			return l.Name == "rustup"
		}
	}
	return false
}

// copied adds the tools that a COPY --from brings as single programs.
func (br *bring) copied(b *source.Build, step *source.Step, c *source.Copy) {
	if c.Stage == nil && c.Image == nil {
		return
	}
	for i, src := range c.Sources {
		p := path.Clean("/" + src.Value)
		cl := class(knowledge.CopiedTool(path.Base(p)))
		if src.Known && c.Stage != nil && (cl == "" || cl == projectManager) {
			if name := managerIn(c.Stage, p); name != "" {
				br.add(b, tool{name, projectManager, step.SourcePlace(i), false, nil}, shell.Always)
				continue
			}
		}
		if cl == "" || !src.Known {
			continue
		}
		if dir := path.Dir(p); dir != "/" && path.Base(dir) != "bin" {
			continue
		}
		if path.Base(p) == "uvx" && slices.ContainsFunc(c.Sources, func(o source.Text) bool { return path.Base(o.Value) == "uv" }) {
			continue // a second name of uv
		}
		if c.Stage != nil && (buildsProgram(c.Stage, p) || isFolder(c.Stage, p)) {
			continue
		}
		br.add(b, tool{path.Base(p), cl, step.SourcePlace(i), false, nil}, shell.Always)
	}
}

// maxSteps is how many instructions of a chain of stages are searched for a
// single path: beyond it a Dockerfile is no longer written by people.
const maxSteps = 300

// chain are the instructions of a stage and of those that it is built on, up to
// maxSteps.
func chain(s *source.Stage) iter.Seq[*source.Step] {
	return func(yield func(*source.Step) bool) {
		left := maxSteps
		for s := range s.Upwards() {
			if left -= 1 + len(s.Steps); left < 0 {
				return
			}
			for _, step := range s.Steps {
				if !yield(step) {
					return
				}
			}
		}
	}
}

// isFolder tells whether a stage uses a path as a folder: something is put below it.
func isFolder(s *source.Stage, p string) bool {
	for step := range chain(s) {
		switch {
		case step.Copy != nil:
			if strings.HasPrefix(step.Copy.Target, p+"/") {
				return true
			}
			continue
		case step.Keyword == "WORKDIR":
			if w := step.Value.Value; w == p || strings.HasPrefix(w, p+"/") {
				return true
			}
			continue
		}
		for _, c := range step.Run().Commands() {
			for _, w := range c.Words {
				_, value, ok := strings.Cut(w.Text, "=")
				if strings.HasPrefix(w.Text, p+"/") || ok && strings.HasPrefix(value, p+"/") {
					return true
				}
			}
		}
	}
	return false
}

// buildsProgram tells whether a stage compiles a program to this very path: a
// project may call its own binary by a tool's name.
func buildsProgram(s *source.Stage, p string) bool {
	for step := range chain(s) {
		for _, c := range step.Run().Commands() {
			if _, ok := packages.Compiles(c); !ok {
				continue
			}
			for _, w := range c.Args() {
				if path.Join(c.Dir, w.Text) == p || w.Text == p {
					return true
				}
			}
		}
	}
	return false
}
