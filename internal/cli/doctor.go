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
		Short: "Say which engine, builder and registry are there, and what to do",
		Long: `doctor says what dockworthy would build and run with: the engine, buildx, whether
containers can be looked into, and what is missing, with the way out.

Exit status: 0 when builds can be proved here, 2 when not.`,
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
					sign, color = "less", "1;33"
				case engine.Breaking:
					sign, color = "no  ", "1;31"
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
	cmd.Flags().StringVar(&registry, "registry", "", "a registry to ask, HOST or HOST:PORT")
	return cmd
}
