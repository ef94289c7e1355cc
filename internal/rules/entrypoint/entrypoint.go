// Package entrypoint is rule 7: the program is PID 1 and hears signals.
package entrypoint

import (
	"embed"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

//go:embed testdata/*/example.txtar testdata/*/mended.txtar
var examples embed.FS

// Rule is rule 7.
var Rule = &check.Rule{
	Number:  7,
	Name:    "entrypoint",
	Title:   "ENTRYPOINT for the program in exec form, CMD for its default arguments",
	Precise: check.High,
	Text: "The engine talks to one process: PID 1. It sends it SIGTERM, waits ten seconds, and kills. A shell in between keeps the " +
		"signal to itself, so every stop takes the ten seconds and ends what the program was doing. The exec form starts the program itself, " +
		"and ENTRYPOINT with CMD lets whoever runs the image change the arguments without knowing the program.",
	RestsOn: []source.Subject{source.Variables, source.Programs, source.Contents, source.Deployments, source.Variants},
	Checks: []*check.Check{
		shellForm,
		malformedJSON,
		shellWrapper,
		scriptWithoutExec,
		signalSwallower,
		overridden,
		missing,
		unexpandedVariable,
		defaultArgs,
		notExecutable,
		stopSignal,
		noSignalHandler,
		doesNotStart,
		ignoresStop,
		shellAsPID1,
		argumentsLost,
		zombies,
	},
	Examples: examples,
}
