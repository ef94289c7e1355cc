package layercache

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var packageCacheLeft = &check.Check{
	Name:     "package-cache-left",
	Claim:    "no package manager's cache or package lists stay in the final image",
	Why:      "a cache that no later build reads makes the image and every pull larger",
	Mend:     "remove it in the same RUN (rm -rf /var/lib/apt/lists/*, apk add --no-cache, dnf clean all, pip install --no-cache-dir) or keep it in a cache mount",
	Quiet:    "With a cache mount, in stages from which only build output is copied, and where the RUN cleans up.",
	Severity: check.Note,
	Since:    "0.1.0",
	Aliases:  []string{"hadolint DL3009", "hadolint DL3019", "hadolint DL3032", "hadolint DL3036", "hadolint DL3040", "hadolint DL3042", "trivy DS-0025"},
	Image:    builtCaches,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		for step := range b.Steps() {
			run := step.Run()
			if run == nil || cached(run) {
				continue
			}
			said := map[string]bool{}
			for _, in := range run.Effects.Installs {
				what := cacheOf(in)
				if what == "" || said[in.Manager] || in.When != shell.Always || cleaned(run, in) {
					continue
				}
				said[in.Manager] = true
				found = append(found, recipe.Cache(b, step, in).To(check.Finding{
					Place:   check.Place{File: b.Text(), Span: in.Command.Span},
					Stage:   step.Stage,
					Message: fmt.Sprintf("%s leaves %s in the layer", called(in.Command), what),
				}))
			}
		}
		return check.Judge(found)
	},
}

// cacheOf is what an install leaves beside the packages; "" is nothing.
func cacheOf(in packages.Install) string {
	if in.Verb == "dpkg" || in.Verb == "rpm" || in.NoCache {
		return ""
	}
	switch in.Manager {
	case "apt":
		return "the package lists (/var/lib/apt/lists)"
	case "apk":
		if in.Refreshes {
			return ""
		}
		return "the package index (/var/cache/apk)"
	case "dnf":
		return "the downloaded metadata and packages (/var/cache)"
	case "zypper":
		return "the downloaded metadata (/var/cache/zypp)"
	case "pip":
		if in.Verb == "install" || in.Verb == "sync" {
			return "its cache (~/.cache/pip)"
		}
	}
	return ""
}

// cleaned tells whether the RUN takes the cache away after the install.
func cleaned(run *source.Run, in packages.Install) bool {
	for _, c := range run.Effects.Cleans {
		if c.Manager != in.Manager || c.Command.Span.Start < in.Command.Span.Start {
			continue
		}
		if in.Manager != "apt" || c.Lists {
			return true
		}
	}
	for _, c := range run.Commands() {
		if p := c.Program(); p == "install_packages" || strings.Contains(p, "cleanup") {
			return true
		}
	}
	return false
}
