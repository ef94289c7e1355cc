package layercache

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var updateAlone = &check.Check{
	Name:     "update-alone",
	Claim:    "package lists are read in the RUN that installs from them",
	Why:      "a layer that only updates is cached for months: what is installed below it then comes from old lists, or no longer exists",
	Mend:     "join update and install in one RUN: apt-get update && apt-get install …; apk add --no-cache needs no update",
	Quiet:    "Where the same RUN installs or upgrades, runs a program that may do so, or keeps the lists in a cache mount.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"trivy DS-0017", "checkov CKV_DOCKER_5", "CIS 4.7"},
	Source: func(b *source.Build) check.Verdict {
		if b.Target == nil || b.Windows() {
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
						Message: fmt.Sprintf("the %s lists are updated in a layer of their own: what is installed later comes from whatever lists were cached", up.Manager),
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
			if !harmless[c.Program()] || packageManagers[c.Program()] && !understood(c) {
				return packages.Update{}, false
			}
		}
		return up, true
	}
	return packages.Update{}, false
}

// harmless are the programs beside which an update is still alone: they
// install nothing.
var harmless = map[string]bool{
	"": true, "apt-get": true, "apt": true, "apk": true, "aptitude": true, "zypper": true, "pacman": true, "dnf": true, "yum": true, "microdnf": true, "echo": true, "printf": true, "true": true, ":": true,
	"set": true, "export": true, "exit": true, "rm": true, "mkdir": true, "ls": true, "cat": true, "sed": true, "cd": true, "sleep": true, "date": true, "apt-key": true, "add-apt-repository": true, "apt-mark": true, "chmod": true, "ln": true, "useradd": true, "adduser": true, "groupadd": true, "addgroup": true,
	"pip": true, "npm": true, "curl": true, "wget": true, "tee": true, "gpg": true, "dpkg": true,
}

var packageManagers = map[string]bool{"apt-get": true, "apt": true, "aptitude": true, "apk": true, "dnf": true, "yum": true, "microdnf": true, "zypper": true, "pacman": true}

// understood tells whether a package manager's command is one that is known to
// install nothing.
func understood(c *shell.Command) bool {
	for _, w := range c.Args() {
		switch w.Text {
		case "update", "clean", "autoclean", "autoremove", "remove", "purge", "del", "erase", "makecache", "check-update", "refresh", "ref", "cache", "-Sy", "-Syy":
			return true
		}
	}
	return false
}
