package page

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/text"
)

// counts are the findings by severity, in words.
func counts(found []check.Reported) string {
	n := map[check.Severity]int{}
	for _, f := range found {
		n[f.Severity]++
	}
	return severities(n, "No finding")
}

func severities(n map[check.Severity]int, none string) string {
	var parts []string
	for s := check.Error; s >= check.Note; s-- {
		if n[s] > 0 {
			parts = append(parts, check.Count(n[s], s.String()))
		}
	}
	if len(parts) == 0 {
		return none
	}
	return check.List(parts)
}

func key(r *check.Rule, l check.Level) string { return r.Name + "-" + l.String() }

// findings are sorted by rule, the worst first, and keep the order of the files.
func (m *pageMaker) findings() {
	byRule := map[*check.Rule][]check.Reported{}
	var order []*check.Rule
	for _, f := range m.res.Findings {
		if byRule[f.Rule] == nil {
			order = append(order, f.Rule)
		}
		byRule[f.Rule] = append(byRule[f.Rule], f)
	}
	slices.SortFunc(order, func(a, b *check.Rule) int { return a.Number - b.Number })
	n := 0
	for _, r := range order {
		rv := ruleView{Number: r.Number, Name: r.Name, Title: r.Title, Text: r.Text}
		found := byRule[r]
		slices.SortStableFunc(found, func(a, b check.Reported) int { return int(b.Severity) - int(a.Severity) })
		for _, f := range found {
			n++
			fv := findingView{
				Anchor: fmt.Sprintf("%s-f%d", m.id, n), Severity: f.Severity.String(), ID: f.ID(), Level: f.Level.String(),
				Message: proseOf(m.words(f.Level, f.Message)), Why: proseOf(f.Check.Why), Do: proseOf(m.words(f.Level, helpOf(f))),
				Place: m.place(f.Place),
			}
			for _, p := range f.Related {
				fv.Related = append(fv.Related, m.place(p))
			}
			if k := key(r, f.Level); m.first[k] == "" {
				m.first[k] = "#" + fv.Anchor
			}
			rv.Findings = append(rv.Findings, fv)
		}
		m.view.Rules = append(m.view.Rules, rv)
	}
}

func helpOf(f check.Reported) string {
	if f.Help != "" {
		return f.Help
	}
	return f.Check.Mend
}

// words are a message's: those about a run repeat what was said in it.
func (m *pageMaker) words(l check.Level, s string) string {
	if l == check.Run {
		return m.veil.Told(s)
	}
	return m.veil.Said(s)
}

// place is a place with its line, the words meant marked.
func (m *pageMaker) place(p check.Place) placeView {
	v := placeView{Name: m.names.Shown(p.File.Name), Message: m.veil.Told(p.Message)}
	if p.Span.IsZero() {
		return v
	}
	pos := p.File.Position(p.Span.Start)
	v.Name += fmt.Sprintf(":%d:%d", pos.Line, pos.Column)
	v.Line = strconv.Itoa(pos.Line)
	file, line, span := p.File, p.File.LineSpan(pos.Line), p.Span
	if file == m.ev.Run.Transcript().File {
		// What was said in the run is hidden before it is cut to a line's width.
		raw := strings.TrimRight(file.Text(line), "\n")
		if told := m.veil.Told(raw); told != excerpt.Visible(raw) {
			file = text.NewFile(file.Name, []byte(told))
			line = text.Span{Start: 0, End: len(told)}
			span = line
		}
	}
	shown, from, to := excerpt.Window(file, line, span, m.mask)
	r := []rune(shown)
	from, to = min(from, len(r)), min(to, len(r))
	v.Before, v.Mark, v.After = string(r[:from]), string(r[from:to]), string(r[to:])
	if v.Mark == "" {
		v.Mark = " "
	}
	return v
}

// card is the scorecard.
func (m *pageMaker) card() {
	rep := m.rep
	judged := map[string]int{}
	found := map[string]map[check.Severity]int{}
	for _, r := range rep.Answers {
		if r.Verdict.Outcome != check.NotLookedAt {
			judged[key(r.Rule, r.Level)]++
		}
	}
	for _, f := range m.res.Findings {
		k := key(f.Rule, f.Level)
		if found[k] == nil {
			found[k] = map[check.Severity]int{}
		}
		found[k][f.Severity]++
	}
	clashes := m.clashes()
	for _, row := range rep.Scorecard().Rows {
		rv := rowView{Number: row.Rule.Number, Name: row.Rule.Name, Title: row.Rule.Title, Clashes: clashes[row.Rule]}
		for l, o := range row.Outcomes {
			level := check.Level(l)
			k := key(row.Rule, level)
			c := cellView{outcomeView: shown(o), Level: level.String()}
			switch {
			case len(found[k]) > 0:
				c.Detail, c.Href = severities(found[k], ""), m.first[k]
			case o == check.NotLookedAt:
				c.Detail = m.whyNot(level)
			default:
				c.Detail, c.Href = check.Count(judged[k], "check"), "#"+m.id+"-checks-"+row.Rule.Name
			}
			rv.Cells[l] = c
		}
		m.view.Rows = append(m.view.Rows, rv)
	}
}

// clashes are the contradictions of each rule, a sentence for each check and
// level that is violated.
func (m *pageMaker) clashes() map[*check.Rule][]string {
	out := map[*check.Rule][]string{}
	type where struct {
		check *check.Check
		level check.Level
	}
	good := map[where][]string{}
	all := m.rep.Contradictions()
	for _, c := range all {
		w := where{c.Check, c.Violated}
		good[w] = append(good[w], "level "+c.Holds.String())
	}
	for _, c := range all {
		w := where{c.Check, c.Violated}
		if good[w] == nil {
			continue // said
		}
		out[c.Rule] = append(out[c.Rule], fmt.Sprintf("%s holds at %s and is violated at the level %s", c.Rule.ID(c.Check), check.List(good[w]), c.Violated))
		good[w] = nil
	}
	return out
}

// whyNot is why a level says nothing of a rule.
func (m *pageMaker) whyNot(l check.Level) string {
	log := m.ev.Run
	switch {
	case l == check.Source:
		return "not checked"
	case log.Build != nil && log.Build.Error != "":
		return "the build fails"
	case l == check.Run && log.Up() == nil && log.Start != nil:
		return "the container does not become ready"
	}
	return "no check judged it"
}

// checks are all checks with their outcome at each level.
func (m *pageMaker) checks() {
	own := map[string]check.Severity{}
	for _, f := range m.rep.Findings {
		k := f.ID() + f.Level.String()
		own[k] = max(own[k], f.Severity)
	}
	type place struct{ rule, check int }
	where := map[*check.Check]place{}
	for _, r := range m.rep.Answers {
		v := m.view
		if _, ok := where[r.Check]; !ok {
			n := len(v.Checks)
			if n == 0 || v.Checks[n-1].Name != r.Rule.Name {
				v.Checks = append(v.Checks, checksView{Anchor: m.id + "-checks-" + r.Rule.Name, Number: r.Rule.Number, Name: r.Rule.Name, Title: r.Rule.Title, Controls: r.Rule.Controls})
				n++
			}
			g := &v.Checks[n-1]
			where[r.Check] = place{n - 1, len(g.Checks)}
			cv := checkView{ID: r.Rule.ID(r.Check), Claim: proseOf(r.Check.Claim)}
			for l := check.Source; l <= check.Run; l++ {
				c := cellView{outcomeView: shown(check.NotLookedAt), Level: l.String()}
				if !r.Check.At(l) {
					c = cellView{outcomeView: outcomeView{"none", "not judged at this level"}, Level: l.String()}
				}
				cv.Cells[l] = c
			}
			g.Checks = append(g.Checks, cv)
		}
		w := where[r.Check]
		cv := &v.Checks[w.rule].Checks[w.check]
		if !r.Check.At(r.Level) {
			continue
		}
		c := cellView{outcomeView: shown(r.Verdict.Outcome), Level: r.Level.String()}
		if r.Verdict.Outcome == check.Violated {
			switch own[cv.ID+r.Level.String()] {
			case 0:
				c.Word, c.Detail = "violated", "reported with another finding, or suppressed"
			case check.Note:
				c.outcomeView = outcomeView{"noted", "noted"}
			}
		}
		cv.Cells[r.Level] = c
	}
}

// open are the undecided checks, and what could not be seen.
func (m *pageMaker) open() {
	for _, r := range m.rep.Answers {
		if v := r.Verdict; v.Outcome == check.Undecided {
			m.view.Open = append(m.view.Open, openView{r.Rule.ID(r.Check), r.Level.String(), proseOf(m.words(r.Level, v.Reason)), proseOf(v.Settle.String())})
		}
	}
	for _, probe := range slices.Sorted(maps.Keys(m.ev.Run.Unseen)) {
		m.view.Unseen = append(m.view.Unseen, fact{Name: excerpt.Visible(probe), Value: excerpt.Sentence(m.veil.Told(m.ev.Run.Unseen[probe]))})
	}
}

// lets are the suppressions: an auditor wants to know what was let be.
func (m *pageMaker) lets() {
	b := m.rep.Build
	if b == nil {
		return
	}
	at := func(f *text.File, span text.Span) string {
		return fmt.Sprintf("%s:%d", m.names.Shown(f.Name), f.Position(span.Start).Line)
	}
	idle := map[check.Place]bool{}
	for _, un := range m.rep.Unused {
		idle[check.Place{File: un.Place.File, Span: un.Place.Span}] = true
		m.view.Unused = append(m.view.Unused, letView{IDs: excerpt.Visible(strings.Join(un.Checks, ", ")), Reason: excerpt.Sentence(m.veil.Said(un.Problem)), Place: at(un.Place.File, un.Place.Span)})
	}
	for _, a := range b.Allows() {
		if idle[check.Place{File: a.File, Span: a.Place}] {
			continue
		}
		v := letView{IDs: excerpt.Visible(strings.Join(a.IDs, ", ")), Reason: excerpt.Sentence(m.veil.Said(a.Reason)), Place: at(a.File, a.Place)}
		if !a.Until.IsZero() {
			v.Until = a.Until.Format(time.DateOnly)
		}
		m.view.Lets = append(m.view.Lets, v)
	}
}
