package layercache

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

var sourcesBeforeDependencies = &check.Check{
	Name:     "sources-before-dependencies",
	Claim:    "dependencies are installed before the sources are copied",
	Why:      "each edit of a source file changes the COPY, so every instruction after it runs again: all dependencies are downloaded and built again",
	Mend:     "copy the manifest and the lock file first, install, then copy the sources",
	Quiet:    "Where only manifests are copied before the install, where a second install adds no dependencies (pip install --no-deps ., uv sync after --no-install-project), where packages are vendored or mounted, where only what the install's own scripts run comes before it, or what the RUN calls that also downloads what it installs, where a cache mount keeps the downloads, and in stages from which only a generated manifest is copied.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run:      rebuilt(false),
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		v := newView(b)
		var order []check.Cause
		found := map[check.Cause]check.Finding{}
		v.each(func(l *layers, step *source.Step) {
			run := step.Run()
			if run == nil || len(l.brought) == 0 || !b.Needs(step.Stage) && b.Reaches(step.Stage) {
				return // what only another target needs is judged with that
			}
			br, f, ok := v.late(l, step, run)
			if !ok {
				return
			}
			key := br.cause()
			old, said := found[key]
			if !said {
				order = append(order, key)
			}
			// One copy, one finding: the stage that ships speaks for the others.
			if !said || better(b, f, old) {
				found[key] = f
			}
		})
		var list []check.Finding
		for _, key := range order {
			list = append(list, found[key])
		}
		return check.Judge(list)
	},
}

// better tells whether a finding says more than another of the same copy.
func better(b *source.Build, f, old check.Finding) bool {
	if b.InChain(f.Stage) != b.InChain(old.Stage) {
		return b.InChain(f.Stage)
	}
	if b.Reaches(f.Stage) != b.Reaches(old.Stage) {
		return b.Reaches(f.Stage)
	}
	return f.Severity == 0 && old.Severity != 0
}

// late is the finding on the first install of a RUN that sources come before.
func (v *view) late(l *layers, step *source.Step, run *source.Run) (brought, check.Finding, bool) {
	for _, in := range run.Effects.Installs {
		if in.System || in.When == shell.Never {
			continue
		}
		// What is installed under a condition that is not known may be a tool.
		if in.When == shell.Maybe && len(in.Packages) > 0 && !ownPath(in) && branches(run) < 2 {
			continue
		}
		if v.addsNothing(l, step, in) || v.forScripts(l, step, in) {
			continue
		}
		for _, br := range l.brought {
			member := v.member(br, step, in)
			if v.toolOf(br, step, in) || v.askedFor(br, step, in) || v.onlyPictures(br) && v.copiesLater(step) {
				continue
			}
			if member && (knowledge.EcosystemOf(in.Manager) != "node" || v.copiesLater(step)) || br.submodule && !worksIn(in, br.dest) {
				continue
			}
			if !member {
				br = v.closer(l, br, in)
			}
			f := v.finding(br, step, in.Command, called(in.Command), in.Manager)
			if member { // its scripts may need more of it than that
				f.Severity = check.Warning
				f.Help = fmt.Sprintf("copy only %s first, install, then copy the rest of %s", path.Join(br.path, "package.json"), br.path)
			}
			named := len(in.Manifests) == 0 && slices.ContainsFunc(in.Packages, func(p packages.Package) bool { return !p.Path || strings.Contains(p.Name, "://") })
			if named && !member {
				f.Help = fmt.Sprintf("move the RUN of line %d above it: %s is told what to install, and needs none of the sources", step.Line(), called(in.Command))
				if step.Stage != br.step.Stage {
					f.Help = apart(step, br)
				}
			}
			if named && in.Global {
				f.Message = strings.Replace(f.Message, "installs all dependencies again", "installs it again", 1)
			}
			if tool := named && l.done[knowledge.EcosystemOf(in.Manager)]; tool {
				f.Severity = check.Warning
				f.Message = strings.Replace(f.Message, "installs all dependencies again", "installs it again", 1)
			}
			if in.When == shell.Maybe && branches(run) < 2 {
				f.Severity = check.Warning
				f.Message = strings.Replace(f.Message, ": each edit installs", ", which runs under a condition: where it does, each edit installs", 1)
			}
			if cached(run) {
				f.Severity = check.Note
				f.Message += "; the cache mount keeps the downloads"
			} else {
				a := recipe.First(v.b, br.step, step, in)
				f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
			}
			return br, f, true
		}
	}
	if cached(run) {
		return brought{}, check.Finding{}, false
	}
	if br, f, ok := v.lateInScript(l, step); ok {
		return br, f, true
	}
	for _, c := range run.Commands() {
		what, ok := v.downloads(l, step, c)
		if !ok {
			continue
		}
		for _, br := range l.brought {
			if br.submodule && !within(br.dest, c.Dir) {
				continue
			}
			if br.sort != tree && br.path != "" && v.isPackage(br.path) && !within(br.dest, c.Dir) && !names(c, br.dest) {
				continue // a member of the workspace, which the manifest names
			}
			f := v.finding(br, step, c, what, c.Program())
			f.Severity = check.Warning
			f.Message = strings.Replace(f.Message, ": each edit installs all dependencies again", ", which also downloads the dependencies: each edit downloads them again", 1)
			a := recipe.Download(v.b, br.step, step, c)
			f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
			return br, f, true
		}
	}
	return brought{}, check.Finding{}, false
}

// lateInScript is the finding on a script of the project that a RUN calls and that
// installs the dependencies.
func (v *view) lateInScript(l *layers, step *source.Step) (brought, check.Finding, bool) {
	for _, called := range v.b.Calls(step) {
		for _, in := range called.Effects.Installs {
			family := knowledge.EcosystemOf(in.Manager)
			if in.System || in.Global || in.When == shell.Never || family == "" || l.done[family] || len(in.Packages) > 0 && !ownPath(in) || in.NoDeps || in.Offline {
				continue
			}
			for _, br := range l.brought {
				if br.submodule || br.sort != tree && (brings(br, called.Origin) || br.path != "" && v.b.Context != nil && v.isPackage(br.path) && !within(br.dest, called.Command.Dir)) {
					continue // the script's own folder, or a member of the workspace
				}
				for _, first := range l.brought {
					if !first.submodule && !brings(first, called.Origin) {
						br = first // a member of the workspace is sources, too, where others come as well
						break
					}
				}
				f := v.finding(br, step, called.Command, path.Base(called.Path)+", which calls "+in.Manager, in.Manager)
				f.Severity = check.Warning
				return br, f, true
			}
		}
	}
	return brought{}, check.Finding{}, false
}

// brings tells whether a copy brings a file.
func brings(br brought, o *source.Origin) bool { return o != nil && o.Step == br.step }

// closer is the copy to name where several come before an install: the first that
// brings what the install works in, where the first of all is some file that lies
// elsewhere.
func (v *view) closer(l *layers, first brought, in packages.Install) brought {
	works := func(br brought) bool {
		return worksIn(in, br.dest) || names(in.Command, br.dest) || slices.ContainsFunc(in.Command.Args(), func(w shell.Word) bool {
			_, value, ok := strings.Cut(w.Text, "=")
			return ok && br.dest != "/" && within(br.dest, value)
		})
	}
	if first.sort == tree || works(first) {
		return first
	}
	for _, br := range l.brought {
		if !br.submodule && works(br) {
			return br
		}
	}
	return first
}

// toolOf tells whether what a copy brings is called by the RUN itself, elsewhere than in
// the folder in which it installs, and the manifest there is none of this project: what is
// installed is what the RUN downloads, so that nothing can be installed earlier.
func (v *view) toolOf(br brought, step *source.Step, in packages.Install) bool {
	dir := in.Command.Dir
	if br.sort == tree || !strings.HasPrefix(dir, "/") || within(dir, br.dest) || within(br.dest, dir) || len(in.Manifests) > 0 || len(in.Packages) > 0 {
		return false
	}
	tool := knowledge.Locking(in.Manager)
	if tool == nil || v.seen(step, dir, tool.Reads) != nil || v.seen(step, path.Join(dir, in.Target.Text), tool.Reads) != nil {
		return false
	}
	return slices.ContainsFunc(step.Run().Commands(), func(c *shell.Command) bool {
		return c != in.Command && (names(c, br.dest) || len(c.Words) > 0 && within(br.dest, c.Words[0].Text))
	})
}

// askedFor tells whether a list of packages that the install reads asks for one in the folder
// that a copy brings: it cannot come later.
func (v *view) askedFor(br brought, step *source.Step, in packages.Install) bool {
	if br.sort == tree || br.dest == "/" {
		return false
	}
	for _, m := range in.Manifests {
		p := m.Text
		if !strings.HasPrefix(p, "/") {
			p = path.Join(in.Command.Dir, p)
		}
		if !m.Known || !strings.HasPrefix(p, "/") {
			continue
		}
		o := v.seen(step, path.Dir(p), path.Base(p))
		if o == nil {
			continue
		}
		data, _ := o.Data()
		for line := range strings.Lines(data) {
			word := strings.TrimSpace(line)
			if i := strings.LastIndexAny(word, " \t"); i >= 0 && !strings.HasPrefix(word, "#") { // -e libs/a; a @ file:///app/libs/a
				word = word[i+1:]
			}
			word, local := strings.CutPrefix(word, "file://")
			if local = local || strings.HasPrefix(word, "./") || strings.HasPrefix(word, "../") || strings.HasPrefix(line, "-e ") || strings.HasPrefix(line, "--editable "); !local || word == "." {
				continue
			}
			if !strings.HasPrefix(word, "/") {
				word = path.Join(in.Command.Dir, word)
			}
			if within(br.dest, word) {
				return true
			}
		}
	}
	return false
}

// onlyPictures tells whether all that a copy brings is pictures, which nobody edits with each
// change of the program.
func (v *view) onlyPictures(br brought) bool {
	if br.sort == tree || br.path == "" || v.b.Context == nil {
		return false
	}
	dir := strings.TrimSuffix(br.path, "/*")
	list := v.b.Context.Dir(dir)
	return len(list) > 0 && !slices.ContainsFunc(list, func(e source.Entry) bool {
		return e.Dir || !knowledge.PictureEnds.Has(path.Ext(e.Path))
	})
}

// names tells whether an argument of a command is a path in a folder.
func names(c *shell.Command, dir string) bool {
	return slices.ContainsFunc(c.Args(), func(w shell.Word) bool {
		p := w.Text
		if p == "" || p[0] == '-' {
			return false
		}
		if p[0] != '/' {
			p = path.Join(c.Dir, p)
		}
		return within(dir, p)
	})
}

// branches are the installs of a RUN under conditions that are not known: of
// several, one runs.
func branches(run *source.Run) int {
	n := 0
	for _, in := range run.Effects.Installs {
		if in.When == shell.Maybe && !in.System {
			n++
		}
	}
	return n
}

// worksIn tells whether an install works in a folder, or reads its list there.
func worksIn(in packages.Install, dir string) bool {
	if within(dir, in.Command.Dir) && strings.HasPrefix(in.Command.Dir, "/") {
		return true
	}
	for _, m := range append(in.Manifests[:len(in.Manifests):len(in.Manifests)], in.Target) {
		p := m.Text
		if !strings.HasPrefix(p, "/") {
			p = path.Join(in.Command.Dir, p)
		}
		if m.Text != "" && within(dir, p) {
			return true
		}
	}
	return false
}

func (v *view) finding(br brought, step *source.Step, c *shell.Command, what, manager string) check.Finding {
	line := step.File().Position(c.Span.Start).Line
	verb := "COPY"
	if br.step.Copy.Add {
		verb = "ADD"
	}
	f := check.Finding{
		Place:   check.Place{File: v.b.Text(), Span: br.span},
		Related: []check.Place{{File: v.b.Text(), Span: c.Span, Message: "this install runs again"}},
		Stage:   step.Stage,
		Cause:   br.cause(),
		Message: fmt.Sprintf("%s %s adds the sources before %s (line %d): each edit installs all dependencies again", verb, br.what, what, line),
	}
	if m := knowledge.FirstManifests(knowledge.EcosystemOf(manager)); m != "" && br.path != "" {
		f.Help = fmt.Sprintf("copy %s first, install, then copy the sources", m)
	}
	return f
}

// addsNothing tells whether an install brings no dependencies that an earlier
// one, before the sources, has not brought, or needs the sources to know them.
func (v *view) addsNothing(l *layers, step *source.Step, in packages.Install) bool {
	if in.NoDeps || in.Offline {
		return true
	}
	f := knowledge.EcosystemOf(in.Manager)
	switch {
	case in.Manager == "deno" && (in.Verb != "install" || len(in.Packages) > 0 || in.Global): // it reads the sources
		return true
	case in.Verb == "deploy" || in.Verb == "vendor" && l.done[f]:
		return true
	case in.Manager == "maven" && (in.Verb == "tree" || in.Verb == "list" || in.Verb == "get"):
		return true
	case in.Manager == "cargo" && slices.ContainsFunc(in.Packages, func(p packages.Package) bool { return p.Path }):
		return true // it compiles, whatever a word beside --path says
	case in.Verb == "update" && (in.Manager == "opam" || in.Manager == "cabal"):
		return true
	}
	if len(in.Manifests) > 0 {
		for _, m := range in.Manifests {
			if !l.done[f+":"+path.Base(m.Text)] {
				return false
			}
		}
		return ownPath(in) || len(in.Packages) == 0
	}
	if len(in.Packages) > 0 && !ownPath(in) {
		return onlyInstallers(in)
	}
	if artefacts(in) || l.done[f] {
		return true
	}
	return v.noDependencies(step, in)
}

// onlyInstallers tells whether the packages are the installers themselves, as
// in pip install --upgrade pip.
func onlyInstallers(in packages.Install) bool {
	return !slices.ContainsFunc(in.Packages, func(p packages.Package) bool { return !knowledge.Installers.Has(p.Name) })
}

// artefacts tells whether what is installed was built before: wheels, archives.
func artefacts(in packages.Install) bool {
	for _, p := range in.Packages {
		n := p.Name
		if !strings.HasSuffix(n, ".whl") && !strings.HasSuffix(n, ".tgz") && !strings.HasSuffix(n, ".tar.gz") && !strings.HasSuffix(n, ".gem") && !strings.Contains(n, "wheels") && !strings.Contains(n, "dist/") {
			return false
		}
	}
	return len(in.Packages) > 0
}

// seen is a file of the project as the step sees it; nil where it cannot be read.
func (v *view) seen(step *source.Step, dir, name string) *source.Origin {
	p := path.Join(dir, name)
	if !strings.HasPrefix(p, "/") {
		o := &source.Origin{Context: v.b.Context, Path: source.Clean(name)}
		if _, ok := o.Data(); !ok {
			return nil
		}
		return o
	}
	// The steps of one stage see the same file, unless they mount their own.
	key := fileKey{step.Stage, p}
	if len(step.Run().Mounts) > 0 {
		key.stage = nil
	} else if got, ok := v.files[key]; ok {
		return got
	}
	o := v.b.Sees(step, p)
	if o != nil {
		if _, ok := o.Data(); !ok {
			o = nil
		}
	}
	if key.stage != nil {
		v.files[key] = o
	}
	return o
}

// noDependencies tells whether an install of the project itself has nothing to
// install beside it: its pyproject.toml can be read and asks for nothing. A
// list of packages that is still empty is no excuse: it is there to be filled.
func (v *view) noDependencies(step *source.Step, in packages.Install) bool {
	dir := in.Command.Dir
	switch in.Manager {
	case "pip", "uv", "poetry", "pdm":
		if len(in.Packages) == 1 {
			if name := strings.TrimRight(strings.SplitN(in.Packages[0].Name, "[", 2)[0], "/"); name != "." && name != "" {
				dir = path.Join(dir, name)
			}
		}
		o := v.seen(step, dir, "pyproject.toml")
		if o == nil {
			return false
		}
		p := o.PyProject()
		return p != nil && p.IsProject && !p.HasDependencies() && len(p.DefaultGroups()) == 0 && !strings.Contains(in.Command.Words[len(in.Command.Words)-1].Text, "[")
	}
	return false
}

// member tells whether a copied folder is a package of its own on which the
// install depends: a member of the workspace, a local library.
func (v *view) member(br brought, step *source.Step, in packages.Install) bool {
	ctx := v.b.Context
	if br.sort == tree || br.path == "" || ctx == nil {
		return false
	}
	if within(br.dest, path.Join(in.Command.Dir, "x")) || within(br.dest, path.Join(in.Command.Dir, in.Target.Text, "x")) {
		return false // the install works inside it
	}
	if ownPath(in) && names(in.Command, br.dest) {
		return false // it is what is installed
	}
	for _, m := range in.Manifests {
		p := m.Text
		if !strings.HasPrefix(p, "/") {
			p = path.Join(in.Command.Dir, p)
		}
		if within(br.dest, p) {
			return false // and here it reads its list from it
		}
	}
	return v.isPackage(br.path)
}

// forScripts tells whether what comes before an install of Node's packages is there for
// the scripts that the install runs, and the other sources come after it.
func (v *view) forScripts(l *layers, step *source.Step, in packages.Install) bool {
	if knowledge.EcosystemOf(in.Manager) != "node" || len(l.brought) == 0 || slices.ContainsFunc(l.brought, func(br brought) bool { return br.sort == tree || br.step.Stage != step.Stage }) {
		return false
	}
	o := v.seen(step, in.Command.Dir, "package.json")
	if o == nil {
		return false
	}
	p := o.PackageJSON()
	if p == nil {
		return false
	}
	run := p.InstallScripts()
	return slices.ContainsFunc(l.brought, func(br brought) bool {
		rel, below := strings.CutPrefix(br.dest, path.Clean(in.Command.Dir)+"/")
		return below && strings.Contains(run, rel)
	}) && v.copiesLater(step)
}

// copiesLater tells whether sources come after a step of a stage: what came before it is
// then not all of them.
func (v *view) copiesLater(step *source.Step) bool {
	for _, later := range step.Stage.Steps[step.Index+1:] {
		if c := later.Copy; c != nil && c.FromContext() {
			for i := range c.Sources {
				if v.takes(c, i) != other {
					return true
				}
			}
		}
	}
	return false
}

// isPackage tells whether a folder of the context has a manifest of its own.
func (v *view) isPackage(dir string) bool {
	return slices.ContainsFunc(v.b.Context.Dir(dir), func(e source.Entry) bool {
		info, ok := manifest.Kind(e.Path)
		return ok && info.Role == manifest.Manifest && !e.Dir
	})
}

// cargoDependencies tells whether a Cargo.toml asks for crates from a registry.
func cargoDependencies(ctx *source.Context) bool {
	data, ok := ctx.Read("Cargo.toml")
	if !ok {
		return false
	}
	in := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "["):
			in = line == "[dependencies]" || line == "[workspace.dependencies]"
		case in && strings.Contains(line, "=") && !strings.HasPrefix(line, "#") && !strings.Contains(line, "path"):
			return true
		}
	}
	return false
}
