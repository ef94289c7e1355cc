package page

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
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
	{shown(check.Holds), "the claim is true by this evidence; notes do not count"},
	{shown(check.Violated), "there is an error or a warning"},
	{shown(check.Undecided), "this evidence is not enough to decide"},
	{shown(check.NotApplicable), "there is nothing that the claim is about"},
	{shown(check.NotLookedAt), "there is no evidence at this level"},
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
		add(false, "Started", log.Started.UTC().Format("2 January 2006, 15:04:05 UTC"))
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
			Lines: m.veil.Lines(b.Tail), LinesOf: "the last output lines of the step"}
		return
	}
	if s := log.Failed(); s != nil {
		m.view.Failure = &failureView{Title: "The container does not become ready", Step: m.veil.Words(s.Argv), Cause: excerpt.Sentence(m.veil.Told(s.Why())),
			Lines: m.veil.Lines(s.Logs), LinesOf: "the last output lines of the program"}
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
		v.Verdict.Sentence = "Every rule holds at the levels source, image and run."
	default:
		v.Verdict.outcomeView = shown(check.Holds)
		v.Verdict.Sentence = "Every rule holds at every level of evidence that could judge it."
	}
	say("%s.", counts(m.res.Findings))
	if n := cells[check.NotLookedAt.String()]; n > 0 {
		v.NotLooked = true
		was := "were not looked at and show"
		if n == 1 {
			was = "was not looked at and shows"
		}
		say("%d of %d cells %s nothing.", n, total, was)
	}
}
