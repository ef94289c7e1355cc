// Package multistage is rule 1: build tools never reach the final image.
package multistage

import (
	"embed"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed testdata/*/example.txtar testdata/*/mended.txtar
var examples embed.FS

// Rule is rule 1.
var Rule = &check.Rule{
	Number:  1,
	Name:    "multi-stage",
	Title:   "build in one stage and ship another: no build tools in the final image",
	Precise: check.High,
	Text: "A program that is already built does not need a compiler, a version control system or a build system. In the final image these tools are " +
		"hundreds of megabytes to pull, packages to patch, and tools for an attacker. A multi-stage build compiles in a builder stage and copies only the result " +
		"(a binary, a virtual environment, a folder of static files) onto a minimal base image that can run it.",
	Controls: []check.Control{
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.3", Strength: "supports"},
		{Standard: "ISO/IEC 27001:2022 Annex A", IDs: "8.9, 8.18, 8.19, 8.8", Strength: "supports"},
		{Standard: "SOC 2 TSC", IDs: "CC6.8, CC7.1, CC8.1", Strength: "supports"},
		{Standard: "NIST SP 800-190", IDs: "4.1.1, 4.1.2", Strength: "supports"},
		{Standard: "PCI DSS 4.0.1", IDs: "2.2.4, 6.3", Strength: "supports"},
		{Standard: "NIST SP 800-53 Rev. 5", IDs: "CM-7, CM-11", Strength: "supports"},
		{Standard: "OWASP Docker Security Cheat Sheet", IDs: "D04", Strength: "supports"},
	},
	RestsOn: []source.Subject{source.Variables, source.Programs, source.Contents, source.Contexts, source.Variants},
	Checks: []*check.Check{
		buildToolsInFinal,
		sdkBaseInFinal,
		compilesInFinal,
		copiesToolchain,
		devDependencies,
		brokenCopy,
		singleStage,
		incompleteToolchain,
		unusedStage,
	},
	Examples: examples,
}
