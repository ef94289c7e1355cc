package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/rules"
)

func explainCommand(c Command) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [RULE|CHECK]",
		Short: "Explain a rule or a check: why it matters and what to do",
		Long: `explain describes a rule or a check. Name it by its id, by the part after the slash,
or by the id of the same check in another tool or in a standard.`,
		Example: `  dockworthy explain non-root
  dockworthy explain non-root/final-user-root
  dockworthy explain DL3002
  dockworthy explain "CIS 4.1"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				listRules(c.Stdout, true)
				return nil
			}
			found, err := rules.Find(args[0])
			switch {
			case err != nil:
				return err
			case len(found) > 1:
				fmt.Fprintf(c.Stdout, "%s is %s here:\n", args[0], check.Count(len(found), "check"))
				for _, n := range found {
					fmt.Fprintf(c.Stdout, "   %-42s %s\n", n.ID(), n.Check.Claim)
				}
			case found[0].Check == nil:
				fmt.Fprint(c.Stdout, rules.RulePage(found[0].Rule))
			default:
				fmt.Fprint(c.Stdout, rules.Page(found[0].Rule, found[0].Check))
			}
			return nil
		},
	}
}

func rulesCommand(c Command) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the eight rules and their checks",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch format {
			case "text":
				listRules(c.Stdout, false)
				return nil
			case "json":
				return writeRules(c.Stdout)
			}
			return fmt.Errorf("--format %q is not one of text, json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// writeRules writes the rules as JSON: docs/json.md describes it.
func writeRules(w io.Writer) error {
	type jsonCheck struct {
		ID       string   `json:"id"`
		Claim    string   `json:"claim"`
		Why      string   `json:"why"`
		Mend     string   `json:"mend"`
		Quiet    string   `json:"quiet,omitempty"`
		Severity string   `json:"severity"`
		Banking  string   `json:"banking,omitempty"`
		Since    string   `json:"since"`
		Levels   []string `json:"levels"`
		Aliases  []string `json:"aliases,omitempty"`
	}
	type jsonRule struct {
		Number int         `json:"number"`
		Name   string      `json:"name"`
		Title  string      `json:"title"`
		Text   string      `json:"text"`
		Checks []jsonCheck `json:"checks"`
	}
	list := make([]jsonRule, 0, len(rules.All))
	for _, r := range rules.All {
		one := jsonRule{Number: r.Number, Name: r.Name, Title: r.Title, Text: r.Text}
		for _, c := range r.Checks {
			k := jsonCheck{ID: r.ID(c), Claim: c.Claim, Why: c.Why, Mend: c.Mend, Quiet: c.Quiet, Severity: c.Severity.String(), Since: c.Since, Aliases: c.Aliases}
			if c.Banking != 0 {
				k.Banking = c.Banking.String()
			}
			for l := check.Source; l <= check.Run; l++ {
				if c.At(l) {
					k.Levels = append(k.Levels, l.String())
				}
			}
			one.Checks = append(one.Checks, k)
		}
		list = append(list, one)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	out.SetEscapeHTML(false)
	return out.Encode(list)
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
		fmt.Fprintln(w, "\nFor details, run `dockworthy explain RULE` or `dockworthy explain RULE/CHECK`.")
	}
}
