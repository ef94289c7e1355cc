package multistage

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

var brokenCopy = &check.Check{
	Name:     "broken-copy",
	Claim:    "what COPY --from copies exists in its source and can run in the final image",
	Why:      "a program that is copied without its libraries or its interpreter, or to another path, fails when the container starts; a path that does not exist fails the build",
	Mend:     "copy a virtual environment to the path at which it was created and onto the same base image; install system programs with the package manager of the stage that needs them; link statically for scratch and Alpine",
	Quiet:    "Where the result is not certain: the stage runs scripts that are not read, the base image is not known, the libraries are copied too, or the program may be linked statically.",
	Unfixed:  "where the file is to come from is for you to say",
	Severity: check.Error,
	Since:    "0.1.0",
	Image:    builtBroken,
	Run:      ranBroken,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		if b.Toolbox() {
			return check.Judge(nil)
		}
		var v *breaks // made when the first copy asks for it
		for step := range b.Steps() {
			c := step.Copy
			if c == nil || c.FromContext() || c.Parents {
				continue
			}
			if v == nil {
				v = newBreaks(b)
			}
			for i, src := range c.Sources {
				if !src.Known || strings.ContainsAny(src.Value, "*?[") {
					continue
				}
				v.copy(step, c, i, path.Clean("/"+src.Value))
			}
		}
		if v == nil {
			return check.Judge(nil)
		}
		if len(v.found) == 0 && v.open != "" {
			return check.Unknown(check.ByBases, v.open)
		}
		return check.Judge(v.found)
	},
}

// breaks is what is known of the image that ships while its copies are judged.
type breaks struct {
	b     *source.Build
	img   *source.Image // what it is built on
	envs  *environments
	libs  bool            // libraries are copied into it
	links map[string]bool // links that are made in it: a path may lead elsewhere
	// installed are the packages that its chain installs; any tells that some
	// of them are not known.
	installed []string
	any       bool
	left      int    // copies that are still looked into
	open      string // what is not known, and would decide
	found     []check.Finding
}

// maxCopies bounds how many copies are traced through their stages, each of
// which is walked for it.
const maxCopies = 64

func newBreaks(b *source.Build) *breaks {
	v := &breaks{b: b, img: underlying(b), envs: newEnvironments(b), links: map[string]bool{}, left: maxCopies}
	for step := range b.Steps() {
		if c := step.Copy; c != nil && !c.FromContext() {
			for _, src := range c.Sources {
				if isLibrary(src.Value) {
					v.libs = true
				}
			}
		}
		run := step.Run()
		if run == nil {
			continue
		}
		for _, in := range run.Effects.Installs {
			if in.System {
				for _, p := range in.Packages {
					v.installed = append(v.installed, p.Name)
					v.any = v.any || !p.Known
				}
			}
		}
		for _, fx := range run.Effects.Files {
			for _, p := range fx.Paths {
				if fx.Link {
					v.links[path.Clean(p.Text)] = true
				}
			}
		}
	}
	return v
}

// isLibrary tells whether a copy may bring shared libraries.
func isLibrary(p string) bool {
	p = path.Clean("/" + p)
	if strings.Contains(path.Base(p), ".so") || strings.Contains(p, "-linux-gnu") || strings.Contains(p, "ld-musl") {
		return true
	}
	return knowledge.LibraryFolders.Has(p) || strings.HasPrefix(p, "/lib/") || strings.HasPrefix(p, "/usr/lib/") && !strings.Contains(p, "/python")
}

// has tells whether the chain installs a package of one of these names, or may.
func (v *breaks) has(globs []string) bool {
	if v.any {
		return true
	}
	for _, name := range v.installed {
		for _, g := range globs {
			if ok, _ := path.Match(g, name); ok {
				return true
			}
		}
	}
	return false
}

func (v *breaks) add(step *source.Step, i int, help, format string, args ...any) {
	f := check.Finding{
		Place:   check.Place{File: v.b.Text(), Span: step.SourcePlace(i)},
		Stage:   step.Stage,
		Message: fmt.Sprintf(format, args...),
		Help:    help,
	}
	if name := path.Base(step.Copy.Sources[i].Value); step.Stage == v.b.Target && knowledge.Clients.Has(name) {
		a := recipe.Uncarried(v.b, step, name)
		f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
	}
	v.found = append(v.found, f)
}

// mend gives the last finding what mends it.
func (v *breaks) mend(a recipe.Advice) {
	if f := &v.found[len(v.found)-1]; len(f.Fixes) == 0 && (len(a.Fixes) > 0 || a.Unfixed != "") {
		f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
	}
}

// copy judges one source of a COPY --from. The first defect speaks.
func (v *breaks) copy(step *source.Step, c *source.Copy, i int, p string) {
	if c.Stage == nil && c.Image == nil {
		return
	}
	if v.left--; v.left < 0 {
		return
	}
	switch {
	case v.neverThere(step, c, i, p):
	case v.movedEnvironment(step, c, i, p):
	case v.foreignBinary(step, c, i, p):
	case v.foreignPackages(step, c, i, p):
	case v.loneProgram(step, c, i, p):
	}
}

// stageText is how a message calls where a COPY --from takes from.
func stageText(c *source.Copy) string {
	if c.Stage != nil {
		return "stage " + c.From
	}
	return c.Image.String()
}

// neverThere speaks of a path that nothing puts into the source.
func (v *breaks) neverThere(step *source.Step, c *source.Copy, i int, p string) bool {
	img := origin(c)
	if img == nil || img.Context != "" {
		return false
	}
	if img.Known == nil && !img.Scratch {
		if c.Stage == nil || !v.mayHave(c.Stage, p, nil) {
			v.open = fmt.Sprintf("whether %s has %s is not known", img.String(), p)
		}
		return false
	}
	switch {
	case knowledge.SystemProgramFolders.Has(path.Dir(p)) && !img.Scratch:
		pr, ok := programs()[path.Base(p)]
		if !ok || img.Known.HasTool(pr.Program) != base.No || v.mayHave(c.Stage, p, pr.Packages) {
			return false
		}
		v.add(step, i, fmt.Sprintf("install %s in the stage that needs it, or remove the copy", pr.Program),
			"%s has no %s: %s does not contain %s and nothing installs it", stageText(c), p, img.String(), pr.Program)
		return true
	case c.Stage != nil && (p == "/root/.local" || strings.HasPrefix(p, "/root/.local/")):
		if v.mayHave(c.Stage, p, nil) {
			return false
		}
		v.add(step, i, "pip installs there only with --user; copy a virtual environment instead, such as /opt/venv",
			"%s has no %s: nothing in it installs with --user", stageText(c), p)
		return true
	}
	return v.neverMade(step, c, i, p)
}

func isEnvironmentName(p string) bool {
	switch path.Base(p) {
	case "venv", ".venv":
		return true
	}
	return false
}

// mayHave tells whether anything in a stage may bring a path, or a package of
// these names. It says no only where every step is understood.
func (v *breaks) mayHave(s *source.Stage, p string, packages []string) bool {
	for s := range s.Upwards() {
		for _, step := range s.Steps {
			if c := step.Copy; c != nil && v.mayCopy(c, p) {
				return true
			}
			if step.Run() != nil && mayMake(step, p, packages) {
				return true
			}
		}
	}
	return false
}

// mayCopy tells whether a COPY or ADD may bring a path.
func (v *breaks) mayCopy(c *source.Copy, p string) bool {
	if c.Add && len(c.Heredocs) == 0 || !c.Dest.Known {
		return true
	}
	target := path.Clean(c.Target)
	known := strings.HasPrefix(target, "/")
	if known && (target == p || strings.HasPrefix(target, p+"/")) {
		return true
	}
	if known && target != "/" && !strings.HasPrefix(p, target+"/") {
		return false
	}
	// The folder may hold it: files by other names than its parts do not.
	if !c.FromContext() {
		return true
	}
	for _, src := range c.Sources {
		name := source.Clean(src.Value)
		if !src.Known || strings.ContainsAny(name, "*?[") || path.Base(name) == path.Base(p) || !v.isFile(name) {
			return true
		}
	}
	return false
}

// isFile tells whether a path of the context is certainly a file.
func (v *breaks) isFile(name string) bool { return isFile(v.b, name) }

func isFile(b *source.Build, name string) bool {
	if _, ok := manifest.Kind(name); ok {
		return true
	}
	if b.Context == nil {
		return false
	}
	e, err := b.Context.Stat(name)
	return err == nil && !e.Dir
}

func mayMake(step *source.Step, p string, packages []string) bool {
	run := step.Run()
	if run.Script == nil || run.Script.Err != nil || run.Script.Truncated {
		return true
	}
	for _, c := range run.Script.Commands {
		if c.When != shell.Never && !plain(c) {
			return true
		}
	}
	for _, m := range run.Mounts {
		if m.Type == "bind" && m.From != "" {
			return true
		}
	}
	system := knowledge.SystemProgramFolders.Has(path.Dir(p))
	for _, in := range run.Effects.Installs {
		if !system {
			if in.User || in.Target.Text != "" || in.Manager == "uv" || in.Manager == "poetry" || in.Manager == "pipenv" || in.Manager == "pdm" || in.Manager == "conda" || in.Global && in.Manager == "pip" {
				return true
			}
			for _, pk := range in.Packages {
				if !in.System && (pk.Path || classOf(in.Manager, pk.Name) == projectManager) {
					return true
				}
			}
			continue
		}
		if in.Verb == "build-dep" || len(in.Manifests) > 0 && in.System {
			return true
		}
		for _, pk := range in.Packages {
			if !pk.Known || in.System && pk.Path {
				return true
			}
			for _, g := range packages {
				if ok, _ := path.Match(g, pk.Name); ok {
					return true
				}
			}
		}
	}
	for _, fx := range run.Effects.Files {
		if fx.Kind == effects.Unpack || fx.Kind == effects.Delete {
			if fx.Kind == effects.Unpack {
				return true
			}
			continue
		}
		for _, w := range fx.Paths {
			q := path.Clean(w.Text)
			if !w.Known || !strings.HasPrefix(q, "/") || q == p || strings.HasPrefix(p, q+"/") || strings.HasPrefix(q, p+"/") {
				return true
			}
		}
	}
	for _, name := range knowledge.PipTargets.Names() {
		if _, ok := step.Env.Lookup(name); ok && !system {
			return true
		}
	}
	return step.Before.User != nil && !system
}

// plain tells whether a command does what its effects say and nothing else.
func plain(c *shell.Command) bool {
	program, args := c.Underlying()
	if program == "" || knowledge.Plain.Has(program) {
		return true
	}
	if strings.HasPrefix(program, "python") {
		return len(args) > 1 && args[0].Text == "-m" && (args[1].Text == "venv" || args[1].Text == "compileall" || args[1].Text == "ensurepip")
	}
	return false
}
