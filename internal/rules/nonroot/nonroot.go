// Package nonroot is rule 2: the container's process is not root.
package nonroot

import (
	"embed"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed testdata/*/example.txtar testdata/*/mended.txtar
var examples embed.FS

// Rule is rule 2.
var Rule = &check.Rule{
	Number:   2,
	Name:     "non-root",
	Title:    "run as a non-root user with an explicit UID",
	Security: true,
	Precise:  check.High,
	Text: "A process that runs as UID 0 in a container is UID 0 to the kernel. Only capabilities and namespaces limit " +
		"what it can do outside the container, and a defect in these can let it escape. " +
		"A dedicated numeric user, set with USER, costs nothing and can be verified by any platform that runs the image.",
	Controls: []check.Control{
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.1", Strength: "direct", Checks: []*check.Check{finalUserRoot, dropsAtStart, unknownUser}},
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.8", Strength: "supports", Checks: []*check.Check{setID}, Whole: noSetID},
		{Standard: "ISO/IEC 27001:2022 Annex A", IDs: "8.2, 8.3, 8.18, 5.15, 8.9", Strength: "supports"},
		{Standard: "SOC 2 TSC", IDs: "CC6.1, CC6.3, CC6.8", Strength: "supports"},
		{Standard: "NIST SP 800-190", IDs: "4.1.2", Strength: "supports"},
		{Standard: "PCI DSS 4.0.1", IDs: "2.2.6, 7.2.5", Strength: "supports"},
		{Standard: "NIST SP 800-53 Rev. 5", IDs: "AC-6, AC-6(10)", Strength: "supports"},
		{Standard: "OWASP Docker Security Cheat Sheet", IDs: "#2", Strength: "supports"},
	},
	RestsOn: []source.Subject{source.Variables, source.Programs, source.Contents, source.Deployments, source.Variants},
	Checks: []*check.Check{
		finalUserRoot,
		dropsAtStart,
		unknownUser,
		unreadableFiles,
		groupMismatch,
		sudo,
		uidTaken,
		userNotNumeric,
		uidNotExplicit,
		lowUID,
		notOwnedWorkdir,
		worldWritable,
		needsMore,
		needsItsUID,
		setID,
		codeWritable,
		composeRoot,
		composePrivileged,
		kubeRoot,
		kubeNoNonRoot,
		kubeEscalation,
	},
	Examples: examples,
}
