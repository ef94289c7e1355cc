package cli

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/redact"
)

func doctorCommand(c Command) *cobra.Command {
	var registry string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the container engine, the builder and a registry",
		Long: `doctor shows what dockworthy would build and run with: the container engine,
buildx, access to containers, and what is missing, with a solution.

Exit status: 0 when prove can run here, 2 when it cannot.`,
		Example: `  dockworthy doctor
  dockworthy doctor --registry registry.example.com`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			paint := func(code, s string) string {
				if !isTerminal(c.Stdout) || os.Getenv("NO_COLOR") != "" {
					return s
				}
				return "\x1b[" + code + "m" + s + "\x1b[0m"
			}
			broken := false
			w := c.list(redact.Text)
			defer w.Flush()
			for _, d := range engine.Diagnose(cmd.Context(), registry) {
				sign, color := "ok  ", "32"
				switch d.Health {
				case engine.Lacking:
					sign, color = "warn", "1;33"
				case engine.Breaking:
					sign, color = "fail", "1;31"
					broken = true
				}
				w.Printf("%s %-24s %s\n", paint(color, sign), d.What, redact.OneLine(d.Found))
				if d.Do != "" {
					w.Printf("     %-24s do: %s\n", "", d.Do)
				}
			}
			if broken {
				return errTrouble
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&registry, "registry", "", "a registry to check, HOST or HOST:PORT")
	return cmd
}
