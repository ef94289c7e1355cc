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
	Title:   "set the program in ENTRYPOINT in exec form, and its default arguments in CMD",
	Precise: check.High,
	Text: "The container engine signals one process: PID 1. It sends SIGTERM, waits ten seconds, and then kills the container. A shell as PID 1 does not pass the " +
		"signal on, so every stop takes ten seconds and interrupts what the program was doing. The exec form starts the program directly, " +
		"and ENTRYPOINT together with CMD lets users of the image change the arguments without naming the program.",
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
