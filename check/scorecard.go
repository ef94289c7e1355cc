package check

import (
	"cmp"
	"slices"
)

// A Scorecard is what each rule came to at each level. The zero Scorecard is
// empty.
type Scorecard struct {
	Rows []Row // in the order in which the rules were met
}

// A Row is a rule's outcome at each level, by Level. A level that nobody
// looked at is NotLookedAt.
type Row struct {
	Rule     *Rule
	Outcomes [3]Outcome
}

// Worst is the outcome that counts for the rule over all levels.
func (r Row) Worst() Outcome { return slices.Max(r.Outcomes[:]) }

// Of is the row of a rule; a row in which nothing was looked at where it has
// none.
func (s *Scorecard) Of(r *Rule) Row {
	for _, row := range s.Rows {
		if row.Rule == r {
			return row
		}
	}
	return Row{Rule: r}
}

// Add takes a report in: the worst of all builds counts.
func (s *Scorecard) Add(rep *Report) {
	violated := map[cell]bool{}
	for _, f := range rep.Findings {
		if f.Severity > Note {
			violated[cell{f.Rule, f.Level}] = true
		}
	}
	at := map[*Rule]int{}
	for i, row := range s.Rows {
		at[row.Rule] = i
	}
	for _, a := range rep.Answers {
		i, ok := at[a.Rule]
		if !ok {
			i = len(s.Rows)
			at[a.Rule] = i
			s.Rows = append(s.Rows, Row{Rule: a.Rule})
		}
		o := a.Verdict.Outcome
		if o == Violated && !violated[cell{a.Rule, a.Level}] {
			o = Holds // a note does not break a rule
		}
		s.Rows[i].Outcomes[a.Level] = max(s.Rows[i].Outcomes[a.Level], o)
	}
}

// A cell is where a rule and a level meet.
type cell struct {
	rule  *Rule
	level Level
}

// Scorecard is the report's own: a row for each rule, in the order of the
// rules.
func (rep *Report) Scorecard() Scorecard {
	var s Scorecard
	s.Add(rep)
	return s
}

// Outcomes are what a control of a rule came to at each level: the worst of all
// reports. Where it is about some checks, what one of them found counts, also as a note
// and where it is suppressed: the control asks for no more and no less.
func (r *Rule) Outcomes(c Control, reports ...*Report) (out [3]Outcome) {
	if c.Checks == nil {
		var card Scorecard
		for _, rep := range reports {
			card.Add(rep)
		}
		return card.Of(r).Outcomes
	}
	for _, rep := range reports {
		for _, a := range rep.Answers {
			if a.Rule != r || !slices.Contains(c.Checks, a.Check) {
				continue
			}
			o := a.Verdict.Outcome
			if o == Holds && c.Whole != nil && !c.Whole(rep.Evidence) {
				o = Undecided
			}
			out[a.Level] = max(out[a.Level], o)
		}
	}
	return out
}

// A Tally counts findings and keeps the scorecard over all results. The zero
// Tally has counted nothing.
type Tally struct {
	Units      int // results
	Unparsable int // of them, those that could not be judged
	Scorecard  Scorecard
	Levels     [3]bool       // at which something was looked at
	Fixable    [Safe + 1]int // findings by the grade of what mends them

	counts    map[*Rule]*[Error + 1]int
	undecided map[*Check]*Open
}

// An Open is a check that stayed undecided.
type Open struct {
	Rule   *Rule
	Check  *Check
	Reason string // in the first build
	Settle Settle
	Builds int // in how many
}

// Add counts one result.
func (t *Tally) Add(res *Result) {
	if t.counts == nil {
		t.counts, t.undecided = map[*Rule]*[Error + 1]int{}, map[*Check]*Open{}
	}
	if res.Problem == nil && len(res.Reports) == 0 {
		return // suppressions alone
	}
	t.Units++
	if res.Problem != nil {
		t.Unparsable++
		return
	}
	for _, f := range res.Findings {
		if t.counts[f.Rule] == nil {
			t.counts[f.Rule] = &[Error + 1]int{}
		}
		t.counts[f.Rule][f.Severity]++
		t.Fixable[f.mending()]++
	}
	for _, rep := range res.Reports {
		t.Scorecard.Add(rep)
		for _, a := range rep.Answers {
			t.Levels[a.Level] = true
			if a.Verdict.Outcome == Undecided {
				o := t.undecided[a.Check]
				if o == nil {
					o = &Open{Rule: a.Rule, Check: a.Check, Reason: a.Verdict.Reason, Settle: a.Verdict.Settle}
					t.undecided[a.Check] = o
				}
				o.Builds++
			}
		}
	}
}

// Of is how many findings of a severity a rule has.
func (t *Tally) Of(r *Rule, s Severity) int {
	if c := t.counts[r]; c != nil {
		return c[s]
	}
	return 0
}

// Count is how many findings of a severity there are.
func (t *Tally) Count(s Severity) (n int) {
	for _, c := range t.counts {
		n += c[s]
	}
	return n
}

// Worst is the highest severity of all findings; 0 where there is none.
func (t *Tally) Worst() Severity {
	for s := Error; s > 0; s-- {
		if t.Count(s) > 0 {
			return s
		}
	}
	return 0
}

// Undecided are the checks that stayed so, those of most builds first.
func (t *Tally) Undecided() []*Open {
	list := make([]*Open, 0, len(t.undecided))
	for _, o := range t.undecided {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *Open) int {
		return cmp.Or(cmp.Compare(b.Builds, a.Builds), cmp.Compare(a.Rule.ID(a.Check), b.Rule.ID(b.Check)))
	})
	return list
}

// A Contradiction is a check that holds at one level and is violated at
// another: what is written, what was built and what ran are not the same.
type Contradiction struct {
	Rule            *Rule
	Check           *Check
	Holds, Violated Level
}

// Contradictions are the checks on which levels disagree.
func (rep *Report) Contradictions() []Contradiction {
	type seen struct {
		rule    *Rule
		outcome [3]Outcome
	}
	var order []*Check
	by := map[*Check]*seen{}
	for _, r := range rep.Answers {
		s := by[r.Check]
		if s == nil {
			s = &seen{rule: r.Rule}
			by[r.Check] = s
			order = append(order, r.Check)
		}
		s.outcome[r.Level] = rep.own(r)
	}
	card := rep.Scorecard()
	var out []Contradiction
	for _, c := range order {
		s := by[c]
		for good := Source; good <= Run; good++ {
			for bad := Source; bad <= Run; bad++ {
				// Where another check of the rule speaks, the level does not
				// say that all is well.
				if s.outcome[good] == Holds && s.outcome[bad] == Violated && card.Of(s.rule).Outcomes[good] != Violated {
					out = append(out, Contradiction{s.rule, c, good, bad})
				}
			}
		}
	}
	return out
}

// own is the outcome by the check's own findings alone.
func (rep *Report) own(r Answer) Outcome {
	if r.Verdict.Outcome != Violated {
		return r.Verdict.Outcome
	}
	for _, f := range rep.Findings {
		if f.Check == r.Check && f.Level == r.Level && f.Severity > Note {
			return Violated
		}
	}
	return NotLookedAt
}
