package recipe

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// Raise moves a RUN that installs packages of the system above a COPY of the same stage:
// it needs none of the files.
func Raise(b *source.Build, run, above *source.Step) Advice {
	also := besides(run)
	if why := movable(b, run, above); why != "" {
		if out, copies, ok := lowered(b, above, run); ok && also == "" {
			title := fmt.Sprintf("move the COPY of line %d below the RUN of line %d", above.Line(), run.Line())
			return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "a RUN between them that reads the files would not find them yet", b.Text(), out, b.File.Below(run.Instruction, copies))}}
		}
		return unfixed(why)
	}
	if also != "" {
		return unfixed(fmt.Sprintf("the RUN also runs %s, which may need the files", also))
	}
	lines, out := b.File.Lift(run.Instruction)
	title := fmt.Sprintf("move the RUN of line %d above the COPY of line %d", run.Line(), above.Line())
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "a RUN between them that expects the packages not to be there yet would find them", b.Text(), out, b.File.Above(above.Instruction, lines))}}
}

// besides is the first program that a RUN runs beside its package manager and that may need
// what lies in the image; "" = none.
func besides(run *source.Step) string {
	for _, c := range run.Run().Commands() {
		switch program, _ := c.Underlying(); program {
		case "apt-get", "apt", "apk", "dnf", "yum", "microdnf", "zypper", "rm", "set", "echo", "true", "":
		default:
			return program
		}
	}
	return ""
}

// movable says why a RUN cannot stand above another instruction of its stage; "" = it can.
func movable(b *source.Build, run, above *source.Step) string {
	if why := oneLine(b, run, above); why != "" {
		return why
	}
	if len(run.Heredocs()) > 0 && (len(run.Heredocs()) > 1 || run.Run().Script == nil) {
		return "the RUN is not one command line"
	}
	for _, s := range run.Stage.Steps[above.Index+1 : run.Index] {
		switch s.Keyword {
		case "WORKDIR", "USER", "SHELL", "ENV", "ARG":
			return fmt.Sprintf("line %d, which stands between them, changes what the RUN sees", s.Line())
		}
	}
	return ""
}

// oneLine says why a RUN is no command line below another instruction of its stage; "" = it is.
func oneLine(b *source.Build, run, above *source.Step) string {
	switch {
	case b.Inline || b.File == nil:
		return "the Dockerfile is written inside another file"
	case run.Stage != above.Stage || above.Index >= run.Index:
		return "they stand in two stages"
	case run.Run() == nil || run.Run().Opaque != "":
		return "the RUN is not one command line"
	}
	return ""
}

// lowered takes a COPY out that is to stand below a RUN of the same stage instead: nothing
// between them reads the files, nor changes what the COPY does. copies is how it is written.
func lowered(b *source.Build, sources, run *source.Step) (out text.Edit, copies string, ok bool) {
	if b.Inline || b.File == nil || sources.Copy == nil || sources.Stage != run.Stage || sources.Index >= run.Index || len(sources.Heredocs()) > 0 {
		return text.Edit{}, "", false
	}
	for _, s := range run.Stage.Steps[sources.Index+1 : run.Index] {
		switch s.Keyword {
		case "EXPOSE", "LABEL", "USER", "SHELL", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD":
		case "ENV", "ARG":
			if slices.ContainsFunc(s.Vars, func(v source.Var) bool {
				return strings.Contains(sources.Joined(), "$"+v.Name) || strings.Contains(sources.Joined(), "${"+v.Name)
			}) {
				return text.Edit{}, "", false
			}
		case "RUN":
			if !sourceless(s) {
				return text.Edit{}, "", false
			}
		case "WORKDIR":
			if words := sources.Words(); len(words) == 0 || !path.IsAbs(words[len(words)-1].Text) {
				return text.Edit{}, "", false
			}
		default:
			return text.Edit{}, "", false
		}
	}
	copies, out = b.File.Lift(sources.Instruction)
	return out, copies, true
}

// sourceless tells whether a RUN reads no file of the project.
func sourceless(step *source.Step) bool {
	run := step.Run()
	if run == nil || run.Script == nil || run.Opaque != "" || len(step.Heredocs()) > 0 {
		return false
	}
	named := map[*shell.Command]bool{}
	for _, in := range run.Effects.Installs {
		named[in.Command] = len(in.Packages) > 0 && len(in.Manifests) == 0 && !in.Editable && !slices.ContainsFunc(in.Packages, func(p packages.Package) bool { return p.Path || !p.Known })
	}
	return !slices.ContainsFunc(run.Commands(), func(c *shell.Command) bool {
		program, args := c.Underlying()
		switch program {
		case "apt-get", "apt", "apk", "dnf", "yum", "microdnf", "zypper":
			return slices.ContainsFunc(args, func(w shell.Word) bool { return strings.ContainsAny(w.Text, "/*") })
		case "set", "true", "", "groupadd", "useradd", "addgroup", "adduser", "corepack", "locale-gen", "update-ca-certificates":
			return false
		case "python", "python3":
			return len(args) < 2 || args[0].Text != "-m" || args[1].Text != "venv"
		case "rm":
			return !cleans(c) && slices.ContainsFunc(args, func(w shell.Word) bool {
				return !strings.HasPrefix(w.Text, "-") && !strings.HasPrefix(w.Text, "/var/") && !strings.HasPrefix(w.Text, "/tmp/")
			})
		}
		return !named[c]
	})
}

// First copies what an install reads above a COPY of sources, and installs there: each edit
// of a source file then leaves the installed packages as they are. Where something between
// them has to come before the install, the COPY of sources goes below it.
func First(b *source.Build, sources, run *source.Step, in packages.Install) Advice {
	if why := oneLine(b, run, sources); why != "" {
		return unfixed(why)
	}
	out, copies, low := lowered(b, sources, run)
	if !low {
		if why := movable(b, run, sources); why != "" {
			return unfixed(why)
		}
		for _, s := range run.Stage.Steps[sources.Index+1 : run.Index] {
			if s.Keyword == "RUN" {
				return unfixed(fmt.Sprintf("line %d, which stands between them, may bring what the install needs, and read the sources", s.Line()))
			}
		}
	}
	c := sources.Copy
	if c == nil || !c.FromContext() || b.Context == nil {
		return unfixed("the sources do not come out of the build context")
	}
	if len(in.Packages) > 0 && len(in.Manifests) == 0 {
		return Raise(b, run, sources)
	}
	dir := in.Command.Dir
	root, ok := below(c, dir)
	if !ok && len(in.Manifests) > 0 {
		in, dir = atManifests(in)
		root, ok = below(c, dir)
	}
	if !ok && low && hasLists(sources, in) {
		title := fmt.Sprintf("move the COPY of line %d below the install of line %d", sources.Line(), run.Line())
		return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "an install that runs scripts of the project would not find them yet", b.Text(), out, b.File.Below(run.Instruction, copies))}}
	}
	if !ok {
		return unfixed("where in the build context the folder of the install comes from is not known")
	}
	files, why := readsOf(b, in, root, dir)
	if why != "" {
		return unfixed(why)
	}
	alone := split(b, run, in)
	switch {
	case alone.why != "":
		return unfixed(alone.why)
	case len(run.Heredocs()) > 0 && len(alone.edits) > 0 && !alone.whole:
		return unfixed("the RUN is not one command line")
	}
	work := sources.Before.Workdir.Value
	if low = low && run.Index > sources.Index+1; low {
		work = run.Before.Workdir.Value
	}
	lines := copyLines(files, root, dir, work)
	lines = append(lines, alone.install)
	var edits []text.Edit
	switch manifests := lines[:len(lines)-1]; {
	case !low:
		edits = append(alone.edits, b.File.Above(sources.Instruction, strings.Join(lines, "\n")))
	case alone.whole:
		edits = []text.Edit{out, b.File.Above(run.Instruction, strings.Join(manifests, "\n")), b.File.Below(run.Instruction, copies)}
	default:
		edits = append(alone.edits, out, b.File.Above(run.Instruction, strings.Join(append(lines, copies), "\n")))
	}
	title := fmt.Sprintf("copy %s first, and install above the COPY of line %d", listOf(files), sources.Line())
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "an install that runs scripts of the project would not find them yet", b.Text(), edits...)}}
}

// listOf are a few names for a title.
func listOf(files []string) string {
	if len(files) > 3 {
		return strings.Join(files[:2], ", ") + fmt.Sprintf(" and %d more", len(files)-2)
	}
	return strings.Join(files, ", ")
}

// below is the folder of the context that a COPY brings to a folder of the image; ok is
// false where it brings none there.
func below(c *source.Copy, dir string) (root string, ok bool) {
	if len(c.Sources) == 0 || dir == "" || slices.ContainsFunc(c.Sources, func(src source.Text) bool { return !src.Known }) {
		return "", false
	}
	src := source.Clean(c.Sources[0].Value)
	target := path.Clean(c.Target)
	switch {
	case len(c.Sources) > 1:
		// Each comes to lie in the target by its last name.
		root = path.Dir(src)
		return root, dir == target && !slices.ContainsFunc(c.Sources, func(o source.Text) bool { return path.Dir(source.Clean(o.Value)) != root })
	case dir == target:
		return src, true
	case target == "/" || strings.HasPrefix(dir, target+"/"):
		return path.Join(src, strings.TrimPrefix(strings.TrimPrefix(dir, target), "/")), true
	}
	return "", false
}

// copyLines are the COPYs that bring files of a folder of the context to one of the image,
// each to the folder that it lies in.
func copyLines(files []string, root, dir, work string) (lines []string) {
	folders := map[string][]string{}
	var order []string
	for _, f := range files {
		rel := f
		if root != "." {
			rel = strings.TrimPrefix(f, root+"/")
		}
		d := path.Dir(rel)
		if folders[d] == nil {
			order = append(order, d)
		}
		folders[d] = append(folders[d], f)
	}
	for _, d := range order {
		to := path.Join(dir, d) + "/"
		if work == dir {
			to = "./" + strings.TrimPrefix(d+"/", "./")
		}
		lines = append(lines, "COPY "+strings.Join(folders[d], " ")+" "+to)
	}
	return lines
}

// An apart is a RUN whose install stands by itself: above the sources there is install, and
// the edits leave of the RUN what comes after.
type apart struct {
	install string
	edits   []text.Edit
	whole   bool // it is all that the RUN does
	why     string
}

// split takes an install out of a RUN.
func split(b *source.Build, run *source.Step, in packages.Install) apart {
	all := run.Run().Commands()
	at := slices.Index(all, in.Command)
	switch {
	case at < 0 || !within(run, in.Command) || in.Command.PipeTo != nil || in.Command.PipeFrom != nil || in.When != shell.Always:
		return apart{why: "the install is no command of its own in the RUN"}
	}
	lines, out := b.File.Lift(run.Instruction)
	// What leaves the project itself to be installed installs it again, which adds nothing.
	if flag := projectless(b, in); flag != "" {
		text := strings.Replace(strings.TrimSpace(b.Text().Text(in.Command.Span)), "\r\n", "\n", -1)
		return apart{install: "RUN " + mounts(run) + inFolder(in.Command.Dir, run.Before.Workdir.Value) + text + flag}
	}
	if harmless(all[:at]) && !slices.ContainsFunc(all[at+1:], func(c *shell.Command) bool { return !cleans(c) }) {
		return apart{install: lines, edits: []text.Edit{out}, whole: true}
	}
	if slices.ContainsFunc(all[at+1:], func(c *shell.Command) bool { return c.Program() == "rm" && !cleans(c) }) {
		return apart{why: "the RUN removes again what it installs, which only the same layer can"}
	}
	if at != 0 || in.Command.After != shell.And {
		return apart{why: "the RUN does something else before it installs"}
	}
	next := all[at+1]
	if !within(run, next) {
		return apart{why: "the install is no command of its own in the RUN"}
	}
	install := strings.ReplaceAll(strings.TrimSpace(b.Text().Text(in.Command.Span)), "\r\n", "\n")
	return apart{
		install: "RUN " + mounts(run) + inFolder(in.Command.Dir, run.Before.Workdir.Value) + install,
		edits:   []text.Edit{{Span: text.Span{Start: in.Command.Span.Start, End: next.Span.Start}}},
	}
}

// cleans tells whether a command only takes away what an install leaves.
func cleans(c *shell.Command) bool {
	program, args := c.Underlying()
	switch program {
	case "npm", "yarn", "pnpm", "pip", "pip3", "uv", "poetry", "composer", "go":
		return slices.ContainsFunc(args, func(w shell.Word) bool {
			return w.Text == "cache" || w.Text == "clean" || w.Text == "clear-cache" || w.Text == "clearcache"
		})
	case "rm":
		return !slices.ContainsFunc(args, func(w shell.Word) bool {
			return w.Text != "" && w.Text[0] != '-' && !strings.Contains(w.Text, "cache") && !strings.Contains(w.Text, "/.npm") && !strings.HasPrefix(w.Text, "/tmp")
		})
	}
	return false
}

// mounts are the flags of a RUN, as they are written.
func mounts(run *source.Step) string {
	flags := run.Flags()
	if len(flags) == 0 {
		return ""
	}
	from, to := run.KeywordSpan().End, run.Rest().Span.Start
	return strings.TrimLeft(run.File().Text(text.Span{Start: from, End: to}), " \t")
}

// harmless tells whether commands only prepare an install.
func harmless(list []*shell.Command) bool {
	return !slices.ContainsFunc(list, func(c *shell.Command) bool {
		switch program, args := c.Underlying(); program {
		case "cd":
			return len(args) != 1 || !strings.HasPrefix(args[0].Text, "/")
		case "set", "npm", "yarn", "corepack", "":
			return program == "npm" && (len(args) == 0 || args[0].Text != "config")
		case "pip", "pip3":
			return !slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "--upgrade" || w.Text == "-U" })
		}
		return true
	})
}

// projectless is the option by which a manager installs what a project depends on without
// the project, where it is not given yet; "" = it has none, or needs none.
func projectless(b *source.Build, in packages.Install) string {
	switch {
	case in.NoProject:
		return ""
	case in.Manager == "uv" && in.Verb == "sync":
		return " --no-install-project"
	case in.Manager == "poetry":
		return " --no-root"
	case in.Manager == "pdm":
		return " --no-self"
	}
	return ""
}

// Download puts what a build downloads above a COPY of sources: the modules of Go, and the
// dependencies and plugins of Maven.
func Download(b *source.Build, sources, run *source.Step, c *shell.Command) Advice {
	program, args := c.Underlying()
	in := packages.Install{Command: c}
	install := ""
	switch program {
	case "go":
		in.Manager, install = "go", "go mod download"
	case "mvn", "mvnw":
		in.Manager, install = "maven", strings.TrimSpace(b.Text().Text(c.Words[0].Span))+" -B dependency:go-offline"
		if program == "mvnw" {
			return unfixed("the wrapper of Maven is among the sources")
		}
		if slices.ContainsFunc(args, func(w shell.Word) bool { return w.Text == "-f" || w.Text == "-pl" }) {
			return unfixed("Maven is told another project")
		}
	case "cargo":
		return unfixed("cargo wants a source of each target before it compiles what they depend on: cargo-chef makes them")
	default:
		return unfixed(fmt.Sprintf("what %s downloads cannot be had beforehand by one command", program))
	}
	if why := oneLine(b, run, sources); why != "" {
		return unfixed(why)
	}
	out, copies, low := lowered(b, sources, run)
	fixed := movable(b, run, sources)
	if fixed != "" && !low {
		return unfixed(fixed)
	}
	if sources.Copy == nil || !sources.Copy.FromContext() || b.Context == nil {
		return unfixed("the sources do not come out of the build context")
	}
	root, ok := below(sources.Copy, c.Dir)
	if !ok {
		return unfixed("where in the build context the folder of the build comes from is not known")
	}
	files, why := readsOf(b, in, root, c.Dir)
	if why != "" {
		return unfixed(why)
	}
	if in.Manager == "go" && b.Context.Has(path.Join(root, "vendor/modules.txt")) {
		return unfixed("the modules are in the repository")
	}
	work := sources.Before.Workdir.Value
	if fixed != "" {
		work = run.Before.Workdir.Value
	}
	lines := append(copyLines(files, root, c.Dir, work), "RUN "+mounts(run)+inFolder(c.Dir, work)+install)
	edits := []text.Edit{b.File.Above(sources.Instruction, strings.Join(lines, "\n"))}
	if fixed != "" {
		edits = []text.Edit{out, b.File.Above(run.Instruction, strings.Join(append(lines, copies), "\n"))}
	}
	title := fmt.Sprintf("copy %s first, and download above the COPY of line %d", listOf(files), sources.Line())
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "the layer is larger by what is downloaded and not used", b.Text(), edits...)}}
}

// inFolder goes to a folder, where the instruction is not in it.
func inFolder(dir, work string) string {
	if dir == work {
		return ""
	}
	return "cd " + dir + " && "
}

// Lower moves declarations of values that change with each build below all that does not
// use them. The declarations are the instructions at these places.
func Lower(b *source.Build, stage *source.Stage, at []text.Span) Advice {
	if b.Inline || b.File == nil {
		return unfixed("the Dockerfile is written inside another file")
	}
	if slices.ContainsFunc(b.Stages, func(s *source.Stage) bool { return s.Parent == stage }) {
		return unfixed("what is built on its stage comes after it, wherever in the stage it stands")
	}
	var list []*source.Step
	names := map[string]bool{}
	for _, s := range stage.Steps {
		if slices.ContainsFunc(at, func(span text.Span) bool { return s.Span.Contains(span) }) && (s.Keyword == "ARG" || s.Keyword == "ENV") {
			list = append(list, s)
			for _, v := range s.Vars {
				names[v.Name] = true
			}
		}
	}
	if len(list) == 0 {
		return unfixed("it is declared in another stage")
	}
	uses := func(s *source.Step) bool {
		line := s.Joined()
		for name := range names {
			if strings.Contains(line, name) {
				return true
			}
		}
		return false
	}
	last := list[len(list)-1]
	to := last
	for _, s := range stage.Steps[list[0].Index+1:] {
		if slices.Contains(list, s) {
			continue
		}
		if uses(s) || s.Keyword == "ENTRYPOINT" || s.Keyword == "CMD" {
			break
		}
		to = s
	}
	if to.Index <= last.Index {
		return unfixed("what stands below it uses it")
	}
	var edits []text.Edit
	var lines []string
	for _, s := range list {
		line, out := b.File.Lift(s.Instruction)
		lines, edits = append(lines, line), append(edits, out)
	}
	edits = append(edits, b.File.Below(to.Instruction, strings.Join(lines, "\n")))
	title := fmt.Sprintf("move it below line %d", to.Line())
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "a build that reads the variable without naming it does not find it any more", b.Text(), edits...)}}
}
