// Package dockerignore is rule 6: if you don't need it, don't context it.
package dockerignore

import (
	"embed"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed testdata/*/example.txtar testdata/*/mended.txtar
var examples embed.FS

// Rule is rule 6.
var Rule = &check.Rule{
	Number:   6,
	Name:     "dockerignore",
	Title:    "keep what the build does not need out of the build context",
	Security: true,
	Precise:  check.High,
	Text: "A COPY of the whole build context includes everything in that folder: the repository's history, the passwords in a .env file, " +
		"packages that were built for another machine. The ignore file decides what is sent. An allow-list, which excludes everything and then " +
		"includes what the build needs, also covers files that are added later.",
	Controls: []check.Control{
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.10", Strength: "tenuous"},
		{Standard: "ISO/IEC 27001:2022 Annex A", IDs: "8.4, 8.12, 8.31, 8.33", Strength: "supports"},
		{Standard: "SOC 2 TSC", IDs: "CC6.1, CC6.7, CC8.1", Strength: "supports"},
		{Standard: "NIST SP 800-190", IDs: "4.1.4", Strength: "supports"},
		{Standard: "PCI DSS 4.0.1", IDs: "6.5.5, 6.5.6", Strength: "supports"},
		{Standard: "NIST SP 800-53 Rev. 5", IDs: "CM-7, SC-28", Strength: "supports"},
		{Standard: "OWASP Docker Security Cheat Sheet", IDs: "D06", Strength: "supports"},
	},
	RestsOn: []source.Subject{source.Variables, source.Contexts, source.Variants},
	Checks: []*check.Check{
		missing,
		sendsUnwanted,
		excludesNeeded,
		notAnAllowList,
		deadPattern,
		largeContext,
	},
	Examples: examples,
}
