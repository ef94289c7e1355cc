package multistage

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var compilesInFinal = &check.Check{
	Name:     "compiles-in-final",
	Claim:    "nothing is compiled in the final image with build tools that stay in it",
	Why:      "when code is compiled in the final image, its sources, intermediate files and build tools are in that image too",
	Mend:     "compile in a builder stage and copy only its output",
	Quiet:    "In builder stages, and where the RUN that compiles also removes its build tools.",
	Severity: check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		if b.Toolbox() {
			return check.Judge(nil)
		}
		v := &compiling{b: b, img: underlying(b), said: map[check.Cause]bool{}}
		for step := range b.Steps() {
			v.step(step)
		}
		if len(v.found) == 0 && v.maybe != "" {
			return check.Unknown(check.ByArg, fmt.Sprintf("whether %s runs depends on a value that is not known", v.maybe))
		}
		return check.Judge(v.found)
	},
}

// compiling walks the chain with an eye on the tools that stay.
type compiling struct {
	b     *source.Build
	img   *source.Image
	tools check.Cause // the cause of the first RUN whose tools stay; "" = none yet
	found []check.Finding
	said  map[check.Cause]bool
	maybe string
}

func (v *compiling) step(step *source.Step) {
	br := brought(v.b, step)
	if v.tools == "" {
		for _, t := range br.tools {
			if t.class.Builds() && t.class != header {
				v.tools = toolCause(step)
				break
			}
		}
	}
	run := step.Run()
	if run == nil {
		return
	}
	for _, c := range run.Commands() {
		what, ok := packages.Compiles(c)
		if !ok {
			continue
		}
		cause, stays := v.stays(run, c, what)
		switch {
		case !stays || v.said[cause]:
		case c.When != shell.Always:
			v.maybe = what
		default:
			v.said[cause] = true
			v.found = append(v.found, check.Finding{
				Place:   check.Place{File: v.b.Text(), Span: c.Span},
				Stage:   step.Stage,
				Cause:   cause,
				Message: fmt.Sprintf("%s compiles in the final image, and %s", what, v.left(cause)),
			})
		}
	}
}

// left says what stays after a compilation.
func (v *compiling) left(cause check.Cause) string {
	switch cause {
	case baseCause:
		return fmt.Sprintf("the toolchain of %s stays in it", v.img.String())
	case nodeCause:
		return "node_modules stays in it with the build tools"
	case ownCause:
		return "the build tools of the base image stay in it"
	}
	return "the build tools stay in it"
}

// ownCause is that of tools which an unknown base image must have brought,
// since they ran.
const ownCause check.Cause = "compiles-in-final"

// stays tells whether the tools of a compilation stay in the image, and names
// the cause that other checks share.
func (v *compiling) stays(run *source.Run, c *shell.Command, what string) (cause check.Cause, ok bool) {
	program := firstWord(what)
	switch kindOf(program) {
	case nodeBuild:
		return nodeCause, !nodeModulesGo(run, c)
	case runtimeBuild:
		return ownCause, true
	}
	known := v.img.Known
	switch level := known.Toolchain(); {
	case level == base.LevelSDK, level == base.LevelRuntime && kindOf(program) == nativeBuild:
		return baseCause, true
	case v.tools != "":
		return v.tools, true
	case known != nil || v.img.Scratch || v.img.Context != "":
		return "", false
	}
	// The base image is not known, yet the tool ran: it came from the base
	// unless this RUN, or a script before it, brought it.
	return ownCause, knowledge.Toolchains.Has(program) && !installsTools(run)
}

// installsTools tells whether a RUN installs tools, kept or not, or may do so.
func installsTools(run *source.Run) bool {
	for _, in := range run.Effects.Installs {
		for _, p := range in.Packages {
			if !p.Known || classOf(in.Manager, p.Name).Builds() {
				return true
			}
		}
	}
	return len(run.Effects.Fetches) > 0
}

type buildKind uint8

const (
	sdkBuild     buildKind = iota // by a toolchain of its own: go, cargo, mvn
	nativeBuild                   // by a C compiler
	nodeBuild                     // by what npm installs
	runtimeBuild                  // by what is at once runtime and compiler: mix, deno
)

// kindOf is by what a program builds.
func kindOf(program string) buildKind {
	switch {
	case knowledge.NativeBuilders.Has(program):
		return nativeBuild
	case knowledge.NodeBuilders.Has(program):
		return nodeBuild
	case knowledge.RuntimeBuilders.Has(program):
		return runtimeBuild
	}
	return sdkBuild
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// nodeModulesGo tells whether the RUN that builds also installs node_modules
// and takes away all of it, or what is for development.
func nodeModulesGo(run *source.Run, c *shell.Command) bool {
	installs := false
	for _, in := range run.Effects.Installs {
		installs = installs || nodeManager(in.Manager) && !in.Global
	}
	if !installs {
		return false
	}
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Delete || fx.When != shell.Always || fx.Command.Span.Start < c.Span.Start {
			continue
		}
		for _, p := range fx.Paths {
			if path.Base(p.Text) == "node_modules" || c.Dir != "" && strings.TrimRight(p.Text, "/*") == c.Dir {
				return true
			}
		}
	}
	for _, r := range run.Effects.Removes {
		if nodeManager(r.Manager) && r.Verb == "prune" && r.OmitDev && r.Command.Span.Start > c.Span.Start {
			return true
		}
	}
	return false
}

func nodeManager(m string) bool { return knowledge.EcosystemOf(m) == "node" }
