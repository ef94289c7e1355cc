package page

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A proofView is a proof in the words of its page.
type proofView struct {
	ID        string // the prefix of its anchors
	Path      string
	Target    string
	Verdict   verdictView
	Facts     []fact
	Failure   *failureView // what stopped the proof; nil = nothing did
	Counts    []countView
	Rows      []rowView
	Rules     []ruleView // those with findings
	Findings  int
	Image     *imageView
	Build     *buildView
	Run       *runView
	Open      []openView
	Unseen    []fact
	Lets      []letView
	Unused    []letView
	Checks    []checksView
	Meanings  []meaning
	NotLooked bool
}

type (
	// An outcomeView is an outcome as it is shown: a word, and the name of its
	// sign and colours.
	outcomeView struct{ Class, Word string }

	verdictView struct {
		outcomeView
		Sentence string
		More     []string
	}
	fact struct {
		Name, Value string
		Code        bool
		Wide        bool // on a line of its own
	}
	failureView struct {
		Title, Step, Cause string
		Lines              []string
		LinesOf            string
	}
	countView struct {
		outcomeView
		N     int
		X, W  pct
		Label string
	}
	rowView struct {
		Number      int
		Name, Title string
		Cells       [3]cellView
		Clashes     []string
	}
	cellView struct {
		outcomeView
		Level, Detail, Href string
	}
	ruleView struct {
		Number            int
		Name, Title, Text string
		Findings          []findingView
	}
	findingView struct {
		Anchor              string
		Severity, ID, Level string
		Message, Why, Do    prose
		Place               placeView
		Related             []placeView
	}
	placeView struct {
		Name, Message       string
		Line                string // its number; "" = the whole file
		Before, Mark, After string
	}
	openView struct {
		ID, Level      string
		Reason, Settle prose
	}
	letView struct {
		IDs, Reason, Until, Place string
	}
	checksView struct {
		Anchor, Name, Title string
		Number              int
		Controls            []check.Control
		Checks              []checkView
	}
	checkView struct {
		ID    string
		Claim prose
		Cells [3]cellView
	}
	// prose is text in which `this` is code.
	prose []piece
	piece struct {
		Text string
		Code bool
	}
	meaning struct {
		outcomeView
		Text string
	}
)

// A pct is a length in a drawing, in hundredths of its width. A drawing is as
// wide as there is room, and its words keep their size.
type pct float64

func (p pct) String() string { return strconv.FormatFloat(float64(p), 'f', 2, 64) }

// part is how much of a drawing a share of a whole takes.
func part(n, of float64) pct {
	if of <= 0 {
		return 0
	}
	return pct(100 * min(1, max(0, n/of)))
}

func shown(o check.Outcome) outcomeView {
	return outcomeView{o.String(), excerpt.Outcome(o)}
}

var meanings = []meaning{
	{shown(check.Holds), "the claim was judged by this evidence and is true; notes do not break it"},
	{shown(check.Violated), "an error or a warning speaks against it"},
	{shown(check.Undecided), "it was looked at, and this evidence cannot tell"},
	{shown(check.NotApplicable), "there is nothing here that the claim is about"},
	{shown(check.NotLookedAt), "nobody looked: neither good news nor bad"},
}

// proseOf takes what stands between backquotes for code.
func proseOf(s string) (p prose) {
	parts := strings.Split(s, "`")
	if len(parts)%2 == 0 {
		return prose{{Text: s}}
	}
	for i, part := range parts {
		if part != "" {
			p = append(p, piece{part, i%2 == 1})
		}
	}
	return p
}

// A pageMaker makes the view of one proof.
type pageMaker struct {
	id    string
	names excerpt.Names
	res   *check.Result
	rep   *check.Report
	ev    check.Evidence
	mask  *excerpt.Hidden
	veil  *excerpt.Veil
	view  *proofView
	first map[string]string // the anchor of the first finding, by rule and level
}

// viewOf is the view of one of a result's reports.
func viewOf(res *check.Result, rep *check.Report, names excerpt.Names, id string) proofView {
	m := &pageMaker{id: id, names: names, res: res, rep: rep, ev: rep.Evidence, mask: names.Hide(res), first: map[string]string{}}
	if m.ev.Run == nil {
		m.ev.Run = &run.Log{}
	}
	m.mask.Spread(m.ev.Run.Transcript().File)
	m.veil = names.Veil(res, m.mask)
	m.view = &proofView{ID: id, Path: names.Shown(res.Unit.Path), Findings: len(res.Findings), Meanings: meanings}
	m.findings()
	m.card()
	m.facts()
	m.failure()
	m.verdict()
	m.checks()
	m.open()
	m.lets()
	if m.ev.Image != nil {
		m.view.Image = m.image()
	}
	if b := m.ev.Run.Build; b != nil {
		m.view.Build = m.build(b)
	}
	m.view.Run = m.ran()
	return *m.view
}

func (m *pageMaker) facts() {
	v, b, log := m.view, m.ev.Source, m.ev.Run
	add := func(code bool, name, value string) {
		if value != "" {
			v.Facts = append(v.Facts, fact{Name: name, Value: value, Code: code})
		}
	}
	target := b.Target.Name
	if target == "" {
		target = "stage " + strconv.Itoa(b.Target.Index)
	}
	v.Target = excerpt.Visible(target)
	add(true, "Target", v.Target)
	if root, ok := b.ContextRoot(); ok {
		add(true, "Context", m.names.Shown(root))
	}
	if bd := log.Build; bd != nil && bd.Files > 0 {
		add(false, "Sent to the builder", fmt.Sprintf("%s in %s", image.Bytes(bd.Context), check.Count(bd.Files, "file")))
	}
	add(false, "Profile", string(b.Profile))
	if img := m.ev.Image; img != nil {
		add(true, "Image id", excerpt.Cut(img.ID, 7+12))
		add(false, "Platform", img.Platform.String())
		add(false, "Size", fmt.Sprintf("%s in %s", image.Bytes(img.Size()), check.Count(len(img.Layers), "layer")))
		add(false, "System", excerpt.Visible(img.OS.Name))
	}
	if !log.Started.IsZero() {
		add(false, "Begun", log.Started.UTC().Format("2 January 2006, 15:04:05 UTC"))
	}
	add(false, "Engine", excerpt.Visible(strings.Join(strings.Fields(log.Engine.Name+" "+log.Engine.Version), " "))+
		" ("+excerpt.Visible(log.Engine.Platform)+", API "+excerpt.Visible(log.Engine.API)+")")
	add(false, "Judged by", "dockworthy "+dockworthy.Version)
	add(true, "Run", excerpt.Visible(log.ID))
	if m.res.Proof == nil {
		return
	}
	for _, out := range m.res.Proof.Published {
		what := ""
		if out.Signed {
			what = ", with the signed proof"
		}
		v.Facts = append(v.Facts, fact{Name: "Published" + what, Value: fmt.Sprintf("%s@%s", m.veil.Told(out.Name), out.Digest), Code: true, Wide: true})
	}
}

// failure is what stopped the proof before everything was seen.
func (m *pageMaker) failure() {
	log := m.ev.Run
	if b := log.Build; b != nil && b.Error != "" {
		m.view.Failure = &failureView{Title: "The build fails", Step: m.veil.Told(b.Step), Cause: excerpt.Sentence(m.veil.Told(b.Error)),
			Lines: m.veil.Lines(b.Tail), LinesOf: "the last lines of the step"}
		return
	}
	if s := log.Failed(); s != nil {
		m.view.Failure = &failureView{Title: "The program does not come up", Step: m.veil.Words(s.Argv), Cause: excerpt.Sentence(m.veil.Told(s.Why())),
			Lines: m.veil.Lines(s.Logs), LinesOf: "the last lines of the program"}
	}
}

// verdict is the proof in one sentence, and what belongs to it.
func (m *pageMaker) verdict() {
	v := m.view
	var broken, doubt []string
	cells := map[string]int{}
	for _, row := range v.Rows {
		worst := ""
		for _, c := range row.Cells {
			cells[c.Class]++
			if worst != check.Violated.String() && (c.Class == check.Violated.String() || c.Class == check.Undecided.String()) {
				worst = c.Class
			}
		}
		switch worst {
		case check.Violated.String():
			broken = append(broken, row.Name)
		case check.Undecided.String():
			doubt = append(doubt, row.Name)
		}
	}
	total, x := 3*len(v.Rows), pct(0)
	for _, o := range []check.Outcome{check.Holds, check.Violated, check.Undecided, check.NotApplicable, check.NotLookedAt} {
		n := cells[o.String()]
		w := part(float64(n), float64(total))
		c := countView{outcomeView: shown(o), N: n, X: x, W: w}
		c.Label = strconv.Itoa(n) + " " + c.Word
		if o == check.Holds && n != 1 {
			c.Label = strconv.Itoa(n) + " hold"
		}
		v.Counts = append(v.Counts, c)
		x += w
	}
	say := func(format string, args ...any) {
		v.Verdict.More = append(v.Verdict.More, fmt.Sprintf(format, args...))
	}
	v.Verdict.outcomeView = shown(check.Violated)
	rules := fmt.Sprintf("%d of %d rules", len(broken), len(v.Rows))
	switch {
	case v.Failure != nil:
		v.Verdict.Sentence = v.Failure.Title + "."
		if len(broken) > 0 {
			be := "are"
			if len(broken) == 1 {
				be = "is"
			}
			say("%s %s violated: %s.", rules, be, check.List(broken))
		}
	case len(broken) == 1:
		v.Verdict.Sentence = fmt.Sprintf("One of %d rules is violated: %s.", len(v.Rows), broken[0])
	case len(broken) > 1:
		v.Verdict.Sentence = fmt.Sprintf("%s are violated: %s.", rules, check.List(broken))
	case len(doubt) > 0:
		v.Verdict.outcomeView = shown(check.Undecided)
		v.Verdict.Sentence = fmt.Sprintf("No rule is violated, and %s cannot be decided: %s.", check.Count(len(doubt), "rule"), check.List(doubt))
	case cells[check.Holds.String()] == 0:
		v.Verdict.outcomeView = shown(check.NotLookedAt)
		v.Verdict.Sentence = "Nothing was judged."
	case cells[check.Holds.String()] == total:
		v.Verdict.outcomeView = shown(check.Holds)
		v.Verdict.Sentence = "Every rule holds by the source, by the image and by the run."
	default:
		v.Verdict.outcomeView = shown(check.Holds)
		v.Verdict.Sentence = "Every rule holds at every level of evidence that could judge it."
	}
	say("%s.", counts(m.res.Findings))
	if n := cells[check.NotLookedAt.String()]; n > 0 {
		v.NotLooked = true
		was := "were not looked at and prove"
		if n == 1 {
			was = "was not looked at and proves"
		}
		say("%d of %d cells %s nothing.", n, total, was)
	}
}

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
		good[w] = append(good[w], "the "+c.Holds.String())
	}
	for _, c := range all {
		w := where{c.Check, c.Violated}
		if good[w] == nil {
			continue // said
		}
		out[c.Rule] = append(out[c.Rule], fmt.Sprintf("%s holds by %s, and is violated by the %s", c.Rule.ID(c.Check), check.List(good[w]), c.Violated))
		good[w] = nil
	}
	return out
}

// whyNot is why a level says nothing of a rule.
func (m *pageMaker) whyNot(l check.Level) string {
	log := m.ev.Run
	switch {
	case l == check.Source:
		return "not asked"
	case log.Build != nil && log.Build.Error != "":
		return "the build fails"
	case l == check.Run && log.Up() == nil && log.Start != nil:
		return "it does not come up"
	}
	return "no check looked"
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
					c = cellView{outcomeView: outcomeView{"none", "no judgement at this level"}, Level: l.String()}
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
				c.Word, c.Detail = "violated", "told with another finding, or let be"
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
	view := func(a source.Allow) letView {
		pos := a.File.Position(a.Place.Start)
		v := letView{IDs: excerpt.Visible(strings.Join(a.IDs, ", ")), Reason: excerpt.Sentence(m.veil.Said(a.Reason)), Place: fmt.Sprintf("%s:%d", m.names.Shown(a.File.Name), pos.Line)}
		if !a.Until.IsZero() {
			v.Until = a.Until.Format(time.DateOnly)
		}
		return v
	}
	idle := map[text.Span]bool{}
	for _, a := range m.rep.Unused {
		v := view(a)
		v.Reason = "It silences nothing."
		if a.Problem != "" {
			v.Reason = excerpt.Sentence(m.veil.Said(a.Problem))
		} else if b.Expired(&a) {
			v.Reason = "Its date is past."
		}
		idle[a.Place] = true
		m.view.Unused = append(m.view.Unused, v)
	}
	for _, a := range b.Allows() {
		if !idle[a.Place] {
			m.view.Lets = append(m.view.Lets, view(*a))
		}
	}
}
