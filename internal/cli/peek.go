package cli

import (
	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy/internal/engine/peek"
)

// peekCommand is the side of the program that runs inside a container's
// namespaces.
func peekCommand(c Command) *cobra.Command {
	return &cobra.Command{
		Use:    "peek",
		Hidden: true,
		Args:   cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			return peek.Main(args, c.Stdin, c.Stdout)
		},
	}
}
