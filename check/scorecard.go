package check

// A Row is a rule's outcome at each level, by Level. A level that nobody
// looked at is NotLookedAt.
type Row struct {
	Rule     *Rule
	Outcomes [3]Outcome
}

// Scorecard is a row for each rule, in the order of the rules. A note does not
// break a rule.
func (rep *Report) Scorecard() []Row {
	var rows []Row
	at := map[*Rule]int{}
	for _, r := range rep.Results {
		i, ok := at[r.Rule]
		if !ok {
			i = len(rows)
			at[r.Rule] = i
			rows = append(rows, Row{Rule: r.Rule})
		}
		rows[i].Outcomes[r.Level] = max(rows[i].Outcomes[r.Level], rep.Outcome(r))
	}
	return rows
}

// Outcome is a result's outcome for the scorecard: what only notes speak of
// holds.
func (rep *Report) Outcome(r Result) Outcome {
	if r.Verdict.Outcome != Violated {
		return r.Verdict.Outcome
	}
	for _, f := range rep.Findings {
		if f.Rule == r.Rule && f.Level == r.Level && f.Severity > Note {
			return Violated
		}
	}
	return Holds
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
	for _, r := range rep.Results {
		s := by[r.Check]
		if s == nil {
			s = &seen{rule: r.Rule}
			by[r.Check] = s
			order = append(order, r.Check)
		}
		s.outcome[r.Level] = rep.own(r)
	}
	rules := map[*Rule][3]Outcome{}
	for _, row := range rep.Scorecard() {
		rules[row.Rule] = row.Outcomes
	}
	var out []Contradiction
	for _, c := range order {
		s := by[c]
		for good := Source; good <= Run; good++ {
			for bad := Source; bad <= Run; bad++ {
				// Where another check of the rule speaks, the level does not
				// say that all is well.
				if s.outcome[good] == Holds && s.outcome[bad] == Violated && rules[s.rule][good] != Violated {
					out = append(out, Contradiction{s.rule, c, good, bad})
				}
			}
		}
	}
	return out
}

// own is the outcome by the check's own findings alone.
func (rep *Report) own(r Result) Outcome {
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
