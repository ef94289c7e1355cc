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
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/text"
)

// counts are the findings by severity, in words: one for each cause.
func counts(found [][]check.Reported) string {
	n := map[check.Severity]int{}
	for _, g := range found {
		n[g[0].Severity]++
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

// findings are sorted by rule, the worst first, and keep the order of the files. Those
// of one cause stand together.
func (m *pageMaker) findings() {
	byRule := map[*check.Rule][][]check.Reported{}
	var order []*check.Rule
	for _, g := range check.ByCause(m.res.Findings) {
		r := g[0].Rule
		if byRule[r] == nil {
			order = append(order, r)
		}
		byRule[r] = append(byRule[r], g)
	}
	slices.SortFunc(order, func(a, b *check.Rule) int { return a.Number - b.Number })
	n, notes := 0, 0
	type line struct {
		severity check.Severity
		todoView
	}
	var todo []line
	for _, r := range order {
		rv := ruleView{Number: r.Number, Name: r.Name, Title: r.Title, Text: r.Text}
		found := byRule[r]
		slices.SortStableFunc(found, func(a, b []check.Reported) int { return int(b[0].Severity) - int(a[0].Severity) })
		for _, g := range found {
			n++
			fv := m.finding(g, fmt.Sprintf("%s-f%d", m.id, n))
			rv.Findings = append(rv.Findings, fv)
			if g[0].Severity == check.Note {
				notes++
				continue
			}
			todo = append(todo, line{g[0].Severity, todoView{fv.Severity, fv.ID, "#" + fv.Anchor, fv.Place.Name, m.brief(g[0].Level, g[0].Message), m.brief(g[0].Level, helpOf(g[0]))}})
		}
		m.view.Rules = append(m.view.Rules, rv)
	}
	slices.SortStableFunc(todo, func(a, b line) int { return int(b.severity) - int(a.severity) })
	for _, t := range todo[:min(mostTodo, len(todo))] {
		m.view.Todo = append(m.view.Todo, t.todoView)
	}
	var rest []string
	if n := len(todo) - mostTodo; n > 0 {
		rest = append(rest, check.Count(n, "further finding"))
	}
	if notes > 0 {
		rest = append(rest, check.Count(notes, "note"))
	}
	if rest != nil {
		m.view.More = check.List(rest) + " below"
	}
}

// finding is a finding, and the others of its cause.
func (m *pageMaker) finding(g []check.Reported, anchor string) findingView {
	f := g[0]
	v := findingView{
		Anchor: anchor, Severity: f.Severity.String(), ID: f.ID(),
		Message: proseOf(m.words(f.Level, f.Message)), Why: proseOf(f.Check.Why), Place: m.place(f.Place),
	}
	for _, p := range f.Related {
		v.Related = append(v.Related, m.place(p))
	}
	var levels, told []string
	runs := map[string]bool{}
	for i, o := range g {
		levels = append(levels, o.Level.String())
		if do := helpOf(o); i == 0 || o.Help != "" && !slices.Contains(told, do) {
			told = append(told, do)
			v.Do = append(v.Do, proseOf(m.words(o.Level, do)))
		}
		if k := key(o.Rule, o.Level); m.first[k] == "" {
			m.first[k] = "#" + v.Anchor
		}
		if i > 0 {
			v.Also = append(v.Also, alsoView{o.Level.String(), proseOf(m.words(o.Level, o.Message)), m.place(o.Place)})
		}
		for _, t := range o.Targets {
			runs[t] = true
		}
	}
	v.Level = "level " + levels[0]
	if len(levels) > 1 {
		v.Level = "levels " + check.List(levels)
	}
	if n := len(m.res.Reports); n > 1 && len(runs) < n {
		v.Of = m.veil.Said(check.List(slices.Sorted(maps.Keys(runs))))
	}
	return v
}

// brief is a message for a line.
func (m *pageMaker) brief(l check.Level, s string) prose {
	return proseOf(excerpt.Cut(m.words(l, s), 180))
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
	if m.said(file) {
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

// said tells whether a file is what was seen in a run.
func (m *pageMaker) said(file *text.File) bool {
	return slices.ContainsFunc(m.res.Reports, func(rep *check.Report) bool {
		return rep.Evidence.Run != nil && rep.Evidence.Run.Transcript().File == file
	})
}

// card is the scorecard. The worst of all runs counts.
func (m *pageMaker) card() {
	judged := map[string]int{}
	found := map[string]map[check.Severity]int{}
	var all check.Scorecard
	counted := map[string]bool{}
	for _, rep := range m.res.Reports {
		all.Add(rep)
		for _, r := range rep.Answers {
			id := key(r.Rule, r.Level)
			if each := id + r.Check.Name; r.Verdict.Outcome != check.NotLookedAt && !counted[each] {
				counted[each] = true
				judged[id]++
			}
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
	for _, row := range all.Rows {
		rv := rowView{Number: row.Rule.Number, Name: row.Rule.Name, Title: row.Rule.Title, Clashes: clashes[row.Rule]}
		for l, o := range row.Outcomes {
			level := check.Level(l)
			k := key(row.Rule, level)
			c := cellView{outcomeView: shown(o), Level: level.String()}
			switch {
			case len(found[k]) > 0:
				c.Detail, c.Href = severities(found[k], ""), m.first[k]
			case o == check.NotLookedAt:
				c.Detail = "(" + m.whyNot(level) + ")"
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
	var all []check.Contradiction
	for _, rep := range m.res.Reports {
		for _, c := range rep.Contradictions() {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
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
	case l == check.Run && log.Blocked() != nil:
		return "the container was not started"
	case l == check.Run && log.Up() == nil && log.Start != nil:
		return "the container does not become ready"
	}
	return "no check judged it"
}

// checks are all checks with their outcome at each level.
func (m *pageMaker) checks() {
	own := map[string]check.Severity{}
	var answers []check.Answer
	for _, rep := range m.res.Reports {
		for _, f := range rep.Findings {
			k := f.ID() + f.Level.String()
			own[k] = max(own[k], f.Severity)
		}
		answers = append(answers, rep.Answers...)
	}
	worst := map[*check.Check]*[3]check.Outcome{}
	type place struct{ rule, check int }
	where := map[*check.Check]place{}
	for _, r := range answers {
		v := m.view
		if _, ok := where[r.Check]; !ok {
			n := len(v.Checks)
			if n == 0 || v.Checks[n-1].Name != r.Rule.Name {
				v.Checks = append(v.Checks, checksView{Anchor: m.id + "-checks-" + r.Rule.Name, Number: r.Rule.Number, Name: r.Rule.Name, Title: r.Rule.Title, Controls: m.controls(r.Rule)})
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
		if worst[r.Check] == nil {
			worst[r.Check] = &[3]check.Outcome{}
		}
		if r.Verdict.Outcome < worst[r.Check][r.Level] {
			continue // another run has done worse
		}
		worst[r.Check][r.Level] = r.Verdict.Outcome
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

// controls are the controls of a rule, each with what it came to where it is about a
// few of its checks.
func (m *pageMaker) controls(r *check.Rule) (list []controlView) {
	for _, c := range r.Controls {
		v := controlView{Standard: c.Standard, IDs: c.IDs, Strength: c.Strength}
		if c.Checks != nil {
			var ids []string
			for _, k := range c.Checks {
				ids = append(ids, k.Name)
			}
			v.By = check.List(ids)
			all := r.Outcomes(c, m.res.Reports...)
			v.outcomeView = shown(slices.Max(all[:]))
		}
		list = append(list, v)
	}
	return list
}

// open are the undecided checks, and what could not be seen, those of several runs
// once.
func (m *pageMaker) open() {
	for _, r := range m.rep.Answers {
		if v := r.Verdict; v.Outcome == check.Undecided {
			one := openView{r.Rule.ID(r.Check), r.Level.String(), proseOf(m.words(r.Level, v.Reason)), proseOf(v.Settle.String())}
			if !slices.ContainsFunc(m.view.Open, func(o openView) bool {
				return o.ID == one.ID && o.Level == one.Level && slices.Equal(o.Reason, one.Reason)
			}) {
				m.view.Open = append(m.view.Open, one)
			}
		}
	}
	for _, probe := range slices.Sorted(maps.Keys(m.ev.Run.Unseen)) {
		one := fact{Name: excerpt.Visible(probe), Value: excerpt.Sentence(m.veil.Told(m.ev.Run.Unseen[probe]))}
		if role := m.role(); role != "" && probe != run.ProbeRebuild {
			one.Name += ", " + role
		}
		if !slices.Contains(m.view.Unseen, one) {
			m.view.Unseen = append(m.view.Unseen, one)
		}
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
	for _, un := range m.res.Unused {
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
