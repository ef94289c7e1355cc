package layercache

import (
	"fmt"
	"slices"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var systemInstallAfterSources = &check.Check{
	Name:     "system-install-after-sources",
	Claim:    "system packages are installed before any step that changes with the sources",
	Why:      "each edit downloads and installs the packages again, possibly in other versions",
	Mend:     "move the RUN that installs system packages above the COPY",
	Quiet:    "After a COPY of manifests or settings, where the installed package is a file that this build made, where a cache mount keeps the downloads, and for a RUN that creates users.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run:      rebuilt(true),
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		v := newView(b)
		var found []check.Finding
		v.each(func(l *layers, step *source.Step) {
			run := step.Run()
			if run == nil || len(l.brought) == 0 {
				return
			}
			installs := run.Effects.Installs
			for _, c := range b.Calls(step) {
				if c.HandsOver {
					installs = slices.Concat(installs, c.Effects.Installs)
				}
			}
			for _, in := range installs {
				if !in.System || in.When != shell.Always || artefactsOnly(in) {
					continue
				}
				i := slices.IndexFunc(l.brought, func(br brought) bool { return !br.submodule })
				if i < 0 {
					return
				}
				br := l.brought[i]
				f := check.Finding{
					Place:   check.Place{File: b.Text(), Span: in.Command.Span},
					Related: []check.Place{{File: b.Text(), Span: br.span, Message: "this changes with each edit"}},
					Stage:   step.Stage,
					Cause:   br.cause(),
					Message: fmt.Sprintf("%s comes after COPY %s (line %d): each edit installs the packages again", called(in.Command), br.what, br.step.Line()),
				}
				if cached(run) {
					f.Severity = check.Note
				} else {
					a := recipe.Raise(b, step, br.step)
					f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
				}
				f.Help = whereTo(b, step, br)
				found = append(found, f)
				return
			}
		})
		return check.Judge(found)
	},
}

// whereTo is the advice where the RUN as a whole cannot stand above the copy; "" = it can.
func whereTo(b *source.Build, step *source.Step, br brought) string {
	if step.Stage != br.step.Stage {
		return apart(step, br)
	}
	for _, c := range step.Run().Commands() {
		if program, _ := c.Underlying(); program == "ldconfig" || br.dest != "/" && (names(c, br.dest) || len(c.Words) > 0 && within(br.dest, c.Words[0].Text)) {
			return fmt.Sprintf("move the installation into a RUN of its own above the COPY of line %d; %s, which may need the files, stays below it", br.step.Line(), program)
		}
	}
	return ""
}

// apart is the advice where the copy stands in a stage on which that of the install is built:
// moved into that one, the install would be in the images of both.
func apart(step *source.Step, br brought) string {
	return fmt.Sprintf("the COPY of line %d stands in stage %s, on which stage %s is built: end that stage before the COPY, build both images on it, install in this one, and repeat there what comes behind the COPY", br.step.Line(), br.step.Stage.Ref(), step.Stage.Ref())
}

// artefactsOnly tells whether only package files are installed, which come
// with the build itself.
func artefactsOnly(in packages.Install) bool {
	return ownPath(in) || in.Verb == "download" || in.Verb == "source"
}
