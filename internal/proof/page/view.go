package page

import (
	"cmp"
	"fmt"
	"slices"
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
	Ran       []ranView     // what became of each run
	Names     string        // of the runs, where there are several
	Todo      []todoView    // the errors and warnings, the worst first
	More      string        // what is beyond them
	Facts     []fact        // what identifies the proof
	Failures  []failureView // what stopped it
	Counts    []countView
	Rows      []rowView
	Rules     []ruleView // those with findings
	Findings  int
	Image     *imageView
	Build     *buildView
	Runs      []*runView
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
	ranView struct {
		outcomeView
		Sentence, Href string
	}
	todoView struct {
		Severity, ID, Href, Place string
		Message, Do               prose
	}
	fact struct {
		Name, Value string
		Code        bool
		Wide        bool // on a line of its own
	}
	failureView struct {
		Anchor             string
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
		Anchor       string
		Severity, ID string
		Level        string // or levels
		Of           string // the runs that it is of, where it is not of all
		Message, Why prose
		Do           []prose
		Place        placeView
		Related      []placeView
		Also         []alsoView // the same cause at other levels
	}
	alsoView struct {
		Level   string
		Message prose
		Place   placeView
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
		Controls            []controlView
		Checks              []checkView
	}
	controlView struct {
		outcomeView
		Standard, IDs, Strength, By string
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

// A pageMaker makes the view of one proof. rep is the report that is looked at, and
// ev its evidence: the first one's where it is about the build.
type pageMaker struct {
	id    string
	names excerpt.Names
	about Identity
	res   *check.Result
	rep   *check.Report
	ev    check.Evidence
	mask  *excerpt.Hidden
	veil  *excerpt.Veil
	view  *proofView
	first map[string]string // the anchor of the first finding, by rule and level
}

// viewOf is the view of a result.
func viewOf(res *check.Result, names excerpt.Names, about Identity, id string) proofView {
	m := &pageMaker{id: id, names: names, about: about, res: res, mask: names.Hide(res), first: map[string]string{}}
	m.look(res.Reports[0])
	for _, rep := range res.Reports {
		if log := rep.Evidence.Run; log != nil {
			m.mask.Spread(log.Transcript().File)
		}
	}
	m.veil = names.Veil(res, m.mask)
	m.view = &proofView{ID: id, Path: names.Shown(res.Unit.Path), Findings: len(res.Findings), Meanings: meanings}
	m.findings()
	m.card()
	m.facts()
	m.each(func(i int) { m.failure(i) })
	m.each(func(i int) { m.became(i) })
	m.verdict()
	m.checks()
	m.each(func(int) { m.open() })
	m.lets()
	if m.ev.Image != nil {
		m.view.Image = m.image()
	}
	if b := m.ev.Run.Build; b != nil {
		m.view.Build = m.build(b)
	}
	m.each(func(i int) { m.view.Runs = append(m.view.Runs, m.ran(i)) })
	return *m.view
}

// look turns to a report.
func (m *pageMaker) look(rep *check.Report) {
	m.rep, m.ev = rep, rep.Evidence
	if m.ev.Run == nil {
		m.ev.Run = &run.Log{}
	}
}

// each does something for each run.
func (m *pageMaker) each(f func(i int)) {
	for i, rep := range m.res.Reports {
		m.look(rep)
		f(i)
	}
	m.look(m.res.Reports[0])
}

// role is what a run is called; "" where there is no more than one.
func (m *pageMaker) role() string { return m.veil.Said(m.ev.Run.Settings.Role) }

// runID is the anchor of a run.
func (m *pageMaker) runID(i int) string {
	if i == 0 {
		return m.id + "-run"
	}
	return fmt.Sprintf("%s-run%d", m.id, i+1)
}

// mostTodo is how many findings the summary names: with the scorecard they fit a
// printed page.
const mostTodo = 6

// facts are what identifies the proof: the files, the image, how it was made.
func (m *pageMaker) facts() {
	v, b, log := m.view, m.ev.Source, m.ev.Run
	add := func(code bool, name, value string) {
		if value != "" {
			v.Facts = append(v.Facts, fact{Name: name, Value: value, Code: code})
		}
	}
	const unknown = "not known"
	from := m.about.Origin
	add(true, "Repository", cmp.Or(m.veil.Said(from.Repository), unknown))
	commit := cmp.Or(excerpt.Visible(from.Commit), unknown)
	switch {
	case from.Commit == "":
	case !from.Compared:
		commit += ", not known whether the files differ from it"
	case from.Dirty():
		var how []string
		if n := from.Modified; n > 0 {
			how = append(how, check.Count(n, "changed file"))
		}
		if n := from.Untracked; n > 0 {
			how = append(how, check.Count(n, "untracked file"))
		}
		commit += ", dirty: " + check.List(how)
	default:
		commit += ", clean"
	}
	add(true, "Commit", commit)
	signed := false
	var published []check.Published
	if m.res.Proof != nil {
		published = m.res.Proof.Published
	}
	for _, out := range published {
		signed = signed || out.Signed
		add(true, "Manifest", fmt.Sprintf("%s@%s", m.veil.Told(out.Name), out.Digest))
	}
	if img := m.ev.Image; img != nil {
		id := excerpt.Visible(img.ID)
		if len(published) == 0 {
			id += " (not published, so it has no manifest digest)"
		}
		add(true, "Image id", id)
		add(false, "Image", strings.Join(slices.DeleteFunc([]string{img.Platform.String(), fmt.Sprintf("%s in %s", image.Bytes(img.Size()), check.Count(len(img.Layers), "layer")), excerpt.Visible(img.OS.Name)}, func(s string) bool { return s == "" }), ", "))
	}
	target := b.Target.Name
	if target == "" {
		target = "stage " + strconv.Itoa(b.Target.Index)
	}
	v.Target = excerpt.Visible(target)
	add(true, "Target", v.Target)
	if root, ok := b.ContextRoot(); ok {
		sent := ""
		if bd := log.Build; bd != nil && bd.Files > 0 {
			sent = fmt.Sprintf(" (%s in %s)", image.Bytes(bd.Context), check.Count(bd.Files, "file"))
		}
		add(true, "Context", m.names.Shown(root)+sent)
	}
	add(false, "Profile", string(b.Profile))
	config := "none"
	if c := b.Config; c != nil && c.Path != "" {
		config = m.names.Shown(c.Path)
	}
	add(true, "Config", config)
	add(true, "Command", cmp.Or(m.command(), unknown))
	if !log.Started.IsZero() {
		add(false, "Date", log.Started.UTC().Format("2 January 2006, 15:04:05 UTC"))
	}
	add(false, "Engine", excerpt.Visible(strings.Join(strings.Fields(log.Engine.Name+" "+log.Engine.Version), " "))+
		" ("+excerpt.Visible(log.Engine.Platform)+", API "+excerpt.Visible(log.Engine.API)+")")
	add(false, "Judged by", "dockworthy "+dockworthy.Version)
	add(true, "Run id", excerpt.Visible(log.ID))
	signature := "not signed"
	if signed {
		signature = "the results are signed with the key " + excerpt.Visible(cmp.Or(m.about.Key, unknown))
	}
	add(false, "Signature", signature)
}

// command is the command line, with words that a shell would split in quotes.
func (m *pageMaker) command() string {
	words := m.names.Redactor.Argv(m.about.Command)
	for i, w := range m.about.Command {
		if w == "" || strings.ContainsAny(w, " \t\n\"'$`\\&|;<>()*?#~") {
			words[i] = "'" + strings.ReplaceAll(words[i], "'", `'\''`) + "'"
		}
	}
	return m.veil.Told(strings.Join(words, " "))
}

// failure is what stopped a run, or the build, before everything was seen.
func (m *pageMaker) failure(i int) {
	log := m.ev.Run
	f := failureView{Lines: m.veil.Lines(lastOf(log.Words())), LinesOf: "the last output lines of the program"}
	switch s, b := log.Failed(), log.Blocked(); {
	case log.Build != nil && log.Build.Error != "":
		if i > 0 {
			return // it was said
		}
		f.Title, f.Step, f.Cause = "The build fails", m.veil.Told(log.Build.Step), m.veil.Told(log.Build.Error)
		f.LinesOf = "the last output lines of the step"
	case b != nil:
		f.Title, f.Cause = "The container was not started", m.veil.Told(fmt.Sprintf("the service %s was not %s: %s", b.Name, b.Until, b.Why))
		f.LinesOf = "the last output lines of the service " + m.veil.Said(b.Name)
	case s == nil:
		return
	default:
		f.Title, f.Step, f.Cause = "The container does not become ready", m.veil.Words(s.Argv), m.veil.Told(s.Why())
		if s.Ended && s.Error == "" {
			f.Title, f.Cause = "The program ends by itself", m.veil.Told(fmt.Sprintf("after %s with status %d: %s", seconds(s.After()), s.Code, s.Why()))
		}
	}
	if role := m.role(); role != "" && f.Title != "The build fails" {
		f.Title += ", as " + role
	}
	f.Cause = excerpt.Sentence(f.Cause)
	f.Anchor = m.id + "-failure"
	if n := len(m.view.Failures); n > 0 {
		f.Anchor += strconv.Itoa(n + 1)
	}
	m.view.Failures = append(m.view.Failures, f)
}

// sentence is what became of a run. The name of a service keeps its letters.
func (m *pageMaker) sentence() string {
	said := m.veil.Told(m.ev.Run.Verdict())
	if m.role() == "" {
		return excerpt.Sentence(said)
	}
	return strings.TrimSuffix(said, ".") + "."
}

// mostWords is how many of a program's last lines are shown, as in the text.
const mostWords = 20

func lastOf(words []string) []string { return words[max(0, len(words)-mostWords):] }

// became is what became of a run, in a sentence.
func (m *pageMaker) became(i int) {
	log := m.ev.Run
	if log.Build != nil && log.Build.Error != "" && i > 0 {
		return
	}
	if log.Build == nil && log.Start == nil && log.Blocked() == nil {
		return
	}
	o := shown(check.Holds)
	if log.Up() == nil || slices.ContainsFunc(m.rep.Findings, func(f check.Reported) bool { return f.Level == check.Run && f.Severity > check.Note }) {
		o = shown(check.Violated)
	}
	m.view.Ran = append(m.view.Ran, ranView{o, m.sentence(), "#" + m.runID(i)})
	if role := m.role(); role != "" {
		if m.view.Names != "" {
			m.view.Names += ", "
		}
		m.view.Names += role
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
	case len(v.Failures) > 0:
		v.Verdict.Sentence = v.Failures[0].Title + "."
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
	say("%s.", counts(check.ByCause(m.res.Findings)))
	if n := cells[check.NotLookedAt.String()]; n > 0 {
		v.NotLooked = true
		was := "were not looked at and show"
		if n == 1 {
			was = "was not looked at and shows"
		}
		say("%d of %d cells %s nothing.", n, total, was)
	}
}
