// Package pinnedbase is rule 4: the same base tomorrow.
package pinnedbase

import (
	"embed"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed testdata/*/example.txtar testdata/*/mended.txtar
var examples embed.FS

// Rule is rule 4.
var Rule = &check.Rule{
	Number:   4,
	Name:     "pinned-base",
	Title:    "pin base images to a full version, and by digest in the banking profile",
	Security: true,
	Precise:  check.VeryHigh,
	Text: "A tag is a name that its publisher can move. A build from a moving tag can give a different image each day: it can break without a " +
		"change in your files, and it is not known afterwards what the image contained. A full version usually stays the same, if its publisher does not move it; a digest always does.",
	Controls: []check.Control{
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.2", Strength: "supports"},
		{Standard: "ISO/IEC 27001:2022 Annex A", IDs: "5.21, 8.8, 8.9, 8.28, 8.32", Strength: "supports"},
		{Standard: "SOC 2 TSC", IDs: "CC8.1, CC9.2, CC7.1", Strength: "supports"},
		{Standard: "NIST SP 800-190", IDs: "4.1.5, 4.2.2", Strength: "supports"},
		{Standard: "PCI DSS 4.0.1", IDs: "6.3.2, 6.3.3", Strength: "supports"},
		{Standard: "NIST SP 800-53 Rev. 5", IDs: "CM-2, SI-7, SR-4, SR-11", Strength: "supports"},
		{Standard: "OWASP Docker Security Cheat Sheet", IDs: "#13, D08", Strength: "supports"},
	},
	RestsOn: []source.Subject{source.Variables, source.Variants},
	Checks: []*check.Check{
		latest,
		floating,
		unresolvedArg,
		noDigest,
		endOfLife,
		unpinnedFrontend,
		remoteAdd,
		composeLatest,
		kubeLatest,
	},
	Examples: examples,
}
