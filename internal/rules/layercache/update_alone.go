package layercache

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var updateAlone = &check.Check{
	Name:     "update-alone",
	Claim:    "package lists are updated in the RUN that installs from them",
	Why:      "a layer that only updates the lists can stay cached for months: later installs then use old lists, or packages that no longer exist",
	Mend:     "combine update and install in one RUN: apt-get update && apt-get install …; apk add --no-cache needs no update",
	Quiet:    "Where the same RUN installs, where it upgrades and no later RUN installs from its lists, where it runs a program that may do so, or keeps the lists in a cache mount.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"trivy DS-0017", "checkov CKV_DOCKER_5", "CIS 4.7"},
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Stages {
			var left *leftLists
			for _, step := range s.Steps {
				run := step.Run()
				if run == nil || cached(run) {
					continue
				}
				if len(run.Effects.Updates) == 0 {
					if c := left.usedBy(run); c != nil {
						found = append(found, left.finding(b, c))
						left = nil
					}
					continue
				}
				left = leaves(step, run)
				if up, ok := alone(run); ok {
					found = append(found, recipe.Update(b, step, up).To(check.Finding{
						Place:   check.Place{File: b.Text(), Span: up.Command.Span},
						Stage:   s,
						Message: fmt.Sprintf("the %s package lists are updated in a separate layer: later installs use the cached lists", up.Manager),
					}))
				}
			}
		}
		return check.Judge(found)
	},
}

// alone is the update of a RUN that installs nothing from the lists it reads.
func alone(run *source.Run) (packages.Update, bool) {
	if run.Script == nil || run.Script.Truncated {
		return packages.Update{}, false
	}
	for _, in := range run.Effects.Installs {
		if in.System {
			return packages.Update{}, false
		}
	}
	for _, up := range run.Effects.Updates {
		if up.When != shell.Always {
			continue
		}
		switch up.Manager {
		case "apt", "apk", "zypper", "pacman": // dnf reads stale lists anew by itself
		default:
			continue
		}
		for _, c := range run.Commands() {
			if !harmless(c) {
				return packages.Update{}, false
			}
		}
		return up, true
	}
	return packages.Update{}, false
}

// leftLists are package lists that a RUN reads for an upgrade and leaves in its layer.
// nil are none.
type leftLists struct {
	step *source.Step
	up   packages.Update
}

// leaves are the lists that a RUN leaves which only upgrades.
func leaves(step *source.Step, run *source.Run) *leftLists {
	upgrades := false
	for _, in := range run.Effects.Installs {
		if in.System && in.Verb != "upgrade" {
			return nil
		}
		upgrades = upgrades || in.System && in.When == shell.Always
	}
	if !upgrades || slices.ContainsFunc(run.Effects.Files, removesLists) {
		return nil
	}
	for _, up := range run.Effects.Updates {
		if listTools[up.Manager] != "" && up.When == shell.Always {
			return &leftLists{step, up}
		}
	}
	return nil
}

// listTools read package lists anew, by the manager that does not do it by itself.
var listTools = map[string]string{"apt": "apt-get update", "apk": "apk update", "zypper": "zypper refresh"}

// removesLists tells whether a command takes package lists away again.
func removesLists(fx effects.File) bool {
	return fx.Kind == effects.Delete && slices.ContainsFunc(fx.Paths, func(p shell.Word) bool {
		return !p.Known || strings.HasPrefix(p.Text, "/var/lib") || strings.HasPrefix(p.Text, "/var/cache/apk") || strings.HasPrefix(p.Text, "/var/cache/zypp")
	})
}

// usedBy is the command of a RUN that installs packages from the lists; nil where none
// does for certain.
func (l *leftLists) usedBy(run *source.Run) *shell.Command {
	if l == nil {
		return nil
	}
	for _, in := range run.Effects.Installs {
		if in.System && in.Manager == l.up.Manager && in.Verb != "upgrade" && in.When == shell.Always && !in.Refreshes && !in.NoCache && slices.ContainsFunc(in.Packages, func(p packages.Package) bool { return !p.Path }) {
			return in.Command
		}
	}
	return nil
}

func (l *leftLists) finding(b *source.Build, by *shell.Command) check.Finding {
	line := l.step.File().Position(by.Span.Start).Line
	f := recipe.UpdateAgain(b, l.step, l.up).To(check.Finding{
		Place:   check.Place{File: b.Text(), Span: l.up.Command.Span},
		Related: []check.Place{{File: b.Text(), Span: by.Span, Message: "this installs from the cached lists"}},
		Stage:   l.step.Stage,
		Message: fmt.Sprintf("the %s package lists are updated for an upgrade, and line %d installs from the cached lists", l.up.Manager, line),
	})
	f.Help = fmt.Sprintf("put `%s &&` in front of the install in line %d, or install in this RUN", listTools[l.up.Manager], line)
	return f
}

// harmless tells whether an update is still alone beside a command: it installs
// nothing.
func harmless(c *shell.Command) bool {
	p := c.Program()
	if knowledge.SystemManagers.Has(p) {
		return slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return knowledge.ListVerbs.Has(w.Text) })
	}
	return p == "" || knowledge.Harmless.Has(p)
}
