package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy/internal/rules"
)

func explainCommand(c Command) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [RULE|CHECK]",
		Short: "Say what a rule or a check is about, why it matters and what to do",
		Example: `  dockworthy explain non-root
  dockworthy explain non-root/final-user-root`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				listRules(c.Stdout, true)
				return nil
			}
			r, ck, ok := rules.Find(args[0])
			switch {
			case !ok:
				return fmt.Errorf("there is no rule or check %q; `dockworthy rules` lists them", args[0])
			case ck == nil:
				fmt.Fprint(c.Stdout, rules.RulePage(r))
			default:
				fmt.Fprint(c.Stdout, rules.Page(r, ck))
			}
			return nil
		},
	}
}

func rulesCommand(c Command) *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "List the eight rules and their checks",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			listRules(c.Stdout, false)
			return nil
		},
	}
}

// listRules prints the rules, and unless short every check with its severity.
func listRules(w io.Writer, short bool) {
	for _, r := range rules.All {
		fmt.Fprintf(w, "%d  %s: %s\n", r.Number, r.Name, r.Title)
		if short {
			continue
		}
		for _, c := range r.Checks {
			severity := c.Severity.String()
			if c.Banking > c.Severity {
				severity += ", " + c.Banking.String() + " in banking"
			}
			fmt.Fprintf(w, "   %-42s %s\n", r.ID(c), severity)
			fmt.Fprintf(w, "       %s\n", strings.TrimSpace(c.Claim))
		}
		fmt.Fprintln(w)
	}
	if short {
		fmt.Fprintln(w, "\n`dockworthy explain RULE` or `dockworthy explain RULE/CHECK` says more.")
	}
}
