package cli

import (
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy/internal/engine"
)

// guardCommand is the process that stays behind a proof, and removes what it
// left when it was killed.
func guardCommand(c Command) *cobra.Command {
	return &cobra.Command{
		Use:    "guard",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return engine.Guard(c.Stdin) },
	}
}

// guard starts it, outside of this process's group, and gives what ends it once
// all is removed in order. Where it cannot be started, the next run removes what
// a killed one left.
func guard() (done func()) {
	none := func() {}
	self, err := os.Executable()
	if err != nil {
		return none
	}
	in, out, err := os.Pipe()
	if err != nil {
		return none
	}
	defer in.Close()
	cmd := &exec.Cmd{Path: self, Args: []string{os.Args[0], "guard"}, Env: engine.ClientEnviron(), Stdin: in}
	apart(cmd)
	if err := cmd.Start(); err != nil {
		out.Close()
		return none
	}
	return func() {
		// It has nothing to do any more, and would ask the engine in vain.
		cmd.Process.Kill()
		out.Close()
		cmd.Wait()
	}
}
