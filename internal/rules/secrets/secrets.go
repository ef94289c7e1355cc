// Package secrets is rule 5: never a secret in the image.
package secrets

import (
	"embed"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed testdata/*/example.txtar testdata/*/mended.txtar
var examples embed.FS

// Rule is rule 5.
var Rule = &check.Rule{
	Number:   5,
	Name:     "secrets",
	Title:    "never put a secret in the image",
	Security: true,
	Precise:  check.Medium,
	Text: "Everything that an instruction contains or copies stays in the image: in its config, in its history, or in a layer that a later " +
		"layer only hides. Anyone who can pull the image can read it. Mount a secret that the build needs for one RUN, so that it is not stored in the image; " +
		"pass a secret that the program needs when the container starts.",
	Controls: []check.Control{
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.10", Strength: "direct"},
		{Standard: "ISO/IEC 27001:2022 Annex A", IDs: "5.17, 8.24, 8.12, 8.4", Strength: "supports"},
		{Standard: "SOC 2 TSC", IDs: "CC6.1, CC6.7, C1.1", Strength: "supports"},
		{Standard: "NIST SP 800-190", IDs: "4.1.4", Strength: "supports"},
		{Standard: "PCI DSS 4.0.1", IDs: "8.6.2, 8.3.2", Strength: "supports"},
		{Standard: "NIST SP 800-53 Rev. 5", IDs: "IA-5(7), SC-28", Strength: "supports"},
		{Standard: "OWASP Docker Security Cheat Sheet", IDs: "#12, D06", Strength: "supports"},
	},
	RestsOn: []source.Subject{source.Variables, source.Programs, source.Contents, source.Contexts, source.Variants},
	Checks: []*check.Check{
		inEnv,
		inArg,
		inRun,
		inLabel,
		inHeredoc,
		inCommand,
		inHealthcheck,
		fileCopied,
		removedTooLate,
		mountMisused,
		composeLiteral,
		kubeLiteral,
	},
	Examples: examples,
}
