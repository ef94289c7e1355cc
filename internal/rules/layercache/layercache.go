// Package layercache is rule 3: what changes least comes first.
package layercache

import (
	"embed"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed testdata/*/example.txtar testdata/*/mended.txtar
var examples embed.FS

// Rule is rule 3.
var Rule = &check.Rule{
	Number:  3,
	Name:    "layer-cache",
	Title:   "order instructions from what changes least to what changes most",
	Precise: check.High,
	Text: "The builder reuses a layer as long as nothing above it has changed. System packages change by the month, dependencies by the week, sources by the minute: " +
		"in that order an edit costs seconds. In any other order each edit installs everything again, and what is installed differs from build to build.",
	Controls: []check.Control{
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.7", Strength: "tenuous"},
	},
	RestsOn: []source.Subject{source.Variables, source.Programs, source.Contents, source.Contexts, source.Variants},
	Checks: []*check.Check{
		sourcesBeforeDependencies,
		systemInstallAfterSources,
		updateAlone,
		volatileEarly,
		chownDuplicates,
		hiddenBytes,
		packageCacheLeft,
		noLockfile,
	},
	Examples: examples,
}
