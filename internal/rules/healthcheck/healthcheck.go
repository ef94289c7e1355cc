// Package healthcheck is rule 8: alive, not just running.
package healthcheck

import (
	"embed"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed testdata/*/example.txtar testdata/*/mended.txtar
var examples embed.FS

// Rule is rule 8.
var Rule = &check.Rule{
	Number:  8,
	Name:    "healthcheck",
	Title:   "define a health check that shows that the program responds, not only that it runs",
	Precise: check.High,
	Text: "A process that hangs still runs. With a probe that queries the program, an orchestrator can take the container out of service and " +
		"replace it. The probe must be able to run in the image, query the port that the program listens on, and be able to fail. " +
		"Kubernetes ignores HEALTHCHECK, and the OCI image format drops it: in these cases the probes in the manifest are needed.",
	Controls: []check.Control{
		{Standard: "CIS Docker Benchmark 1.6", IDs: "4.6", Strength: "direct", Checks: []*check.Check{missing, disabled}},
		{Standard: "CIS Docker Benchmark 1.6", IDs: "5.27", Strength: "supports"},
		{Standard: "ISO/IEC 27001:2022 Annex A", IDs: "8.16, 8.14, 5.30", Strength: "supports"},
		{Standard: "SOC 2 TSC", IDs: "A1.1, A1.2, CC7.1", Strength: "supports"},
		{Standard: "NIST SP 800-53 Rev. 5", IDs: "SI-4, SI-13", Strength: "supports"},
		{Standard: "OWASP Docker Security Cheat Sheet", IDs: "D07", Strength: "supports"},
	},
	RestsOn: []source.Subject{source.Variables, source.Programs, source.Contents, source.Deployments, source.Variants},
	Checks: []*check.Check{
		missing,
		disabled,
		toolMissing,
		wrongPort,
		vacuous,
		localhost,
		shellSyntaxInExec,
		overridden,
		timing,
		exitCode,
		kubeNoReadiness,
		kubeNoLiveness,
		neverHealthy,
		noRecovery,
		loopbackOnly,
		portNotOpen,
		notReplaced,
	},
	Examples: examples,
}
