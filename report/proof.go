package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/run"
)

// This file is what the text of a proof has beside findings.

// roles are the services that an image was run as.
func roles(res *check.Result) (list []string) {
	for _, rep := range res.Reports {
		if log := rep.Evidence.Run; log != nil && log.Settings.Role != "" {
			list = append(list, log.Settings.Role)
		}
	}
	return list
}

// mostWords is how many of a program's last lines are shown.
const mostWords = 20

// verdicts say first what became of each run, and show the last words of one that
// did not go well.
func (t *textWriter) verdicts(res *check.Result, veil *excerpt.Veil) {
	for i, rep := range res.Reports {
		log := rep.Evidence.Run
		if i > 0 && log.Build != nil && log.Build.Error != "" {
			break // it was said
		}
		words, color := log.Words(), green
		if words != nil || log.Up() == nil {
			color = red
		}
		fmt.Fprintf(t.w, "%s\n", t.paint(color, veil.Told(log.Verdict())))
		for _, line := range words[max(0, len(words)-mostWords):] {
			fmt.Fprintf(t.w, "  %s %s\n", t.paint(faint, "|"), veil.Told(line))
		}
	}
	fmt.Fprintln(t.w)
}

// details are the topics of which each line is told only where all of them are
// asked for.
var details = []run.Topic{run.TopicStep, run.TopicRebuilt, run.TopicCanary, run.TopicBase, run.TopicProcess}

// seen are the lines of the transcripts. What belongs to the build is the same in
// all runs, and told once.
func (t *textWriter) seen(res *check.Result, veil *excerpt.Veil) {
	told := map[string]bool{}
	for i, rep := range res.Reports {
		log := rep.Evidence.Run
		head := "observations"
		if i > 0 {
			head = "observations of " + log.Settings.Role
		}
		fmt.Fprintf(t.w, "%s\n", t.paint(bold, veil.Told(head)))
		for _, line := range log.Transcript().Lines {
			if told[line.Text] || !t.Verbose && slices.Contains(details, line.Topic) && !worth(log, line) {
				continue
			}
			switch line.Topic {
			case run.TopicBuild, run.TopicStep, run.TopicBase, run.TopicSize, run.TopicContext, run.TopicRebuild, run.TopicRebuilt, run.TopicCanary:
				told[line.Text] = true
			}
			fmt.Fprintf(t.w, "  %s\n", veil.Told(line.Text))
		}
		fmt.Fprintln(t.w)
	}
}

// worth tells whether a line of a detail says something to everybody: a step that
// failed, a canary that came out, the first process.
func worth(log *run.Log, line run.Line) bool {
	switch line.Topic {
	case run.TopicStep:
		i, err := strconv.Atoi(line.Name)
		return err == nil && i < len(log.Build.Steps) && log.Build.Steps[i].Error != ""
	case run.TopicRebuilt:
		i, err := strconv.Atoi(line.Name)
		return err == nil && i < len(log.Rebuild.Steps) && log.Rebuild.Steps[i].Because != ""
	case run.TopicCanary:
		return slices.ContainsFunc(log.Canaries.Planted, func(c run.Canary) bool { return c.Kind+" "+c.Name == line.Name && len(c.Found) > 0 }) || line.Name == ""
	case run.TopicProcess:
		return line.Name == "1"
	}
	return false
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
func (t *textWriter) doubts(reports []*check.Report) {
	var told []string
	for _, rep := range reports {
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
	}
	if n := len(told) - 4; n > 0 {
		fmt.Fprintf(t.w, "%s %d more reasons\n", t.paint(yellow, "undecided:"), n)
	}
}

// card is the scorecard: a line for each rule, a column for each level. The worst of
// all runs counts.
func (t *textWriter) card(reports []*check.Report) {
	var all check.Scorecard
	for _, rep := range reports {
		all.Add(rep)
	}
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, fmt.Sprintf("  %-15s %-15s %-15s %s", "", check.Source, check.Image, check.Run)))
	for _, row := range all.Rows {
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
	told := map[string]bool{}
	for _, rep := range reports {
		for _, c := range rep.Contradictions() {
			line := fmt.Sprintf("%s holds at level %s and is violated at level %s", c.Rule.ID(c.Check), c.Holds, c.Violated)
			if !told[line] {
				told[line] = true
				fmt.Fprintf(t.w, "%s %s\n", t.paint(yellow, "contradiction:"), line)
			}
		}
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
