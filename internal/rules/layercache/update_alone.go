package layercache

import (
	"fmt"
	"slices"

	"github.com/dockworthy/dockworthy/check"
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
	Quiet:    "Where the same RUN installs or upgrades, runs a program that may do so, or keeps the lists in a cache mount.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"trivy DS-0017", "checkov CKV_DOCKER_5", "CIS 4.7"},
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Stages {
			for _, step := range s.Steps {
				run := step.Run()
				if run == nil || len(run.Effects.Updates) == 0 || cached(run) {
					continue
				}
				if up, ok := alone(run); ok {
					found = append(found, recipe.Update(b, step, up.Manager).To(check.Finding{
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

// harmless tells whether an update is still alone beside a command: it installs
// nothing.
func harmless(c *shell.Command) bool {
	p := c.Program()
	if knowledge.SystemManagers.Has(p) {
		return slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return knowledge.ListVerbs.Has(w.Text) })
	}
	return p == "" || knowledge.Harmless.Has(p)
}
