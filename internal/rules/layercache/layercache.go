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
	Title:   "order instructions from what changes least often to what changes most often",
	Precise: check.High,
	Text: "The builder reuses a layer as long as no instruction above it has changed. System packages change monthly, dependencies weekly, and sources every few minutes: " +
		"in that order a build after an edit takes seconds. In any other order each edit installs everything again, and the installed versions may differ from build to build.",
	Controls: []check.Control{
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.7", Strength: "direct", Checks: []*check.Check{updateAlone}},
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
