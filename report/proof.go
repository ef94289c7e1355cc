package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A Proof writes proofs for people: the findings of all three levels, what was
// seen, and the scorecard of rules by levels.
type Proof struct {
	Text
}

// NewProof writes to w.
func NewProof(w io.Writer, names Names, color bool) *Proof {
	return &Proof{Text: *NewText(w, names, color)}
}

// Proof writes one proof.
func (t *Proof) Proof(u source.Unit, p *proof.Proof) error {
	res := p.Result(u)
	hidden := t.Names.masks(res)
	t.header(res)
	for _, f := range res.Findings {
		t.finding(f, hidden)
	}
	for _, a := range p.Report.Unused {
		t.unused(p.Report.Build, a, hidden)
	}
	veil := veilOf(p, hidden, t.Names)
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, "what was seen"))
	for line := range strings.Lines(string(p.Run.Transcript().File.Data)) {
		fmt.Fprintf(t.w, "  %s\n", veil.told(strings.TrimRight(line, "\n")))
	}
	fmt.Fprintln(t.w)
	if p.Image != nil {
		t.layers(p.Image, hidden.Masks)
	}
	t.card(p.Report)
	t.doubts(p.Report)
	for _, out := range p.Published {
		word := "published"
		if out.Signed {
			word = "published, with the proof"
		}
		fmt.Fprintf(t.w, "%s: %s@%s\n", t.paint(bold, word), visible(out.Name), out.Digest)
	}
	return t.w.Flush()
}

// doubts are the first few reasons why something stayed undecided, and what
// would settle them.
func (t *Text) doubts(rep *check.Report) {
	var told []string
	for _, r := range rep.Results {
		if r.Verdict.Outcome != check.Undecided {
			continue
		}
		line := fmt.Sprintf("%s (%s)", r.Verdict.Reason, r.Level)
		if !slices.Contains(told, line) {
			told = append(told, line)
			if len(told) <= 4 {
				fmt.Fprintf(t.w, "%s %s; to settle it, %s\n", t.paint(yellow, "undecided:"), visible(line), r.Verdict.Settle)
			}
		}
	}
	if n := len(told) - 4; n > 0 {
		fmt.Fprintf(t.w, "%s %d more reasons\n", t.paint(yellow, "undecided:"), n)
	}
}

// A ProofJSON writes proofs as JSON.
type ProofJSON struct{ *JSON }

// Proof writes one proof.
func (j ProofJSON) Proof(u source.Unit, p *proof.Proof) error {
	j.all = true
	j.proof = p
	defer func() { j.proof = nil }()
	return j.Result(p.Result(u))
}

// Close ends the object.
func (j ProofJSON) Close() error { return j.JSON.Close(nil) }

// A ProofSARIF writes proofs as SARIF.
type ProofSARIF struct{ *SARIF }

// Proof writes one proof.
func (s ProofSARIF) Proof(u source.Unit, p *proof.Proof) error { return s.Result(p.Result(u)) }

// Close ends the log.
func (s ProofSARIF) Close() error { return s.SARIF.Close(nil) }

// Close ends the report.
func (t *Proof) Close() error { return t.w.Flush() }

// card is the scorecard: a line for each rule, a column for each level.
func (t *Text) card(rep *check.Report) {
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, fmt.Sprintf("  %-15s %-15s %-15s %s", "", check.Source, check.Image, check.Run)))
	for _, row := range rep.Scorecard() {
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
		fmt.Fprintf(t.w, "%s %s holds by the %s and is violated by the %s\n", t.paint(yellow, "contradiction:"), c.Rule.ID(c.Check), c.Holds, c.Violated)
	}
}

// outcomeWord is an outcome in the words of a scorecard, and its colour.
func outcomeWord(o check.Outcome) (word, color string) {
	switch o {
	case check.Holds:
		return "holds", green
	case check.Violated:
		return "violated", red
	case check.Undecided:
		return "undecided", yellow
	case check.NotApplicable:
		return "not applicable", faint
	}
	return "not looked at", faint
}
