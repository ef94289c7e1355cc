package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
)

// This file is what the text of a proof has beside findings.

// seen is what was seen of the run.
func (t *textWriter) seen(rep *check.Report, veil *excerpt.Veil) {
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, "observations"))
	for line := range strings.Lines(string(rep.Evidence.Run.Transcript().File.Data)) {
		fmt.Fprintf(t.w, "  %s\n", veil.Told(strings.TrimRight(line, "\n")))
	}
	fmt.Fprintln(t.w)
}

// published is where the image went.
func (t *textWriter) published(p *check.Proof) {
	for _, out := range p.Published {
		word := "published"
		if out.Signed {
			word = "published, with the proof"
		}
		fmt.Fprintf(t.w, "%s: %s@%s\n", t.paint(bold, word), excerpt.Visible(out.Name), out.Digest)
	}
}

// doubts are the first few reasons why something stayed undecided, and what
// would settle them.
func (t *textWriter) doubts(rep *check.Report) {
	var told []string
	for _, r := range rep.Answers {
		if r.Verdict.Outcome != check.Undecided {
			continue
		}
		line := fmt.Sprintf("%s (%s)", r.Verdict.Reason, r.Level)
		if !slices.Contains(told, line) {
			told = append(told, line)
			if len(told) <= 4 {
				fmt.Fprintf(t.w, "%s %s; to decide it, %s\n", t.paint(yellow, "undecided:"), excerpt.Visible(line), r.Verdict.Settle)
			}
		}
	}
	if n := len(told) - 4; n > 0 {
		fmt.Fprintf(t.w, "%s %d more reasons\n", t.paint(yellow, "undecided:"), n)
	}
}

// card is the scorecard: a line for each rule, a column for each level.
func (t *textWriter) card(rep *check.Report) {
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, fmt.Sprintf("  %-15s %-15s %-15s %s", "", check.Source, check.Image, check.Run)))
	for _, row := range rep.Scorecard().Rows {
		fmt.Fprintf(t.w, "%d %-15s", row.Rule.Number, row.Rule.Name)
		for l, o := range row.Outcomes {
			word, color := outcomeWord(o)
			pad := ""
			if l < len(row.Outcomes)-1 {
				pad = strings.Repeat(" ", 15-len(word))
			}
			fmt.Fprintf(t.w, " %s%s", t.paint(color, word), pad)
		}
		fmt.Fprintln(t.w)
	}
	for _, c := range rep.Contradictions() {
		fmt.Fprintf(t.w, "%s %s holds at level %s and is violated at level %s\n", t.paint(yellow, "contradiction:"), c.Rule.ID(c.Check), c.Holds, c.Violated)
	}
}

// outcomeWord is an outcome in the words of a scorecard, and its colour.
func outcomeWord(o check.Outcome) (word, color string) {
	switch o {
	case check.Holds:
		color = green
	case check.Violated:
		color = red
	case check.Undecided:
		color = yellow
	default:
		color = faint
	}
	return excerpt.Outcome(o), color
}
