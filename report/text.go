package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/rules"
)

// A textWriter writes findings for people: the line with the place underlined, what is
// so, why it matters and what to do, then the scorecard.
type textWriter struct {
	Options
	tally check.Tally
	w     *redact.Writer
	files []fileCount     // units with findings that are shown
	said  map[string]bool // reasons and advice, where each is said once
}

// A fileCount is how much was found in a unit.
type fileCount struct {
	path             string
	errors, warnings int
}

func newText(w io.Writer, opt Options) *textWriter {
	return &textWriter{Options: opt, said: map[string]bool{}, w: redact.NewWriter(w, opt.Names.Redactor, redact.Text)}
}

const (
	bold   = "1"
	red    = "1;31"
	yellow = "1;33"
	cyan   = "1;36"
	green  = "32"
	faint  = "2"
	blue   = "1;34"
)

func (t *textWriter) paint(code, s string) string {
	if !t.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func severityColor(s check.Severity) string {
	switch s {
	case check.Error:
		return red
	case check.Warning:
		return yellow
	}
	return cyan
}

// Result writes the findings of one unit.
func (t *textWriter) Result(res *check.Result) error {
	t.tally.Add(res)
	if res.Problem != nil {
		t.problem(*res.Problem, res.Unit.Named)
		return t.w.Flush()
	}
	hidden := t.Names.Hide(res)
	if len(res.Reports) == 0 {
		t.suppressions(res, hidden)
		return t.w.Flush()
	}
	shown := t.shown(res)
	if len(shown) > 0 || !t.Brief {
		t.header(res, len(shown))
	}
	proved := res.Reports[0].Evidence.Run != nil
	if proved {
		t.verdicts(res, t.Names.Veil(res, hidden))
	}
	for _, g := range check.ByCause(shown) {
		t.finding(g[0], g[1:], hidden)
	}
	t.suppressions(res, hidden)
	if proved {
		t.seen(res, t.Names.Veil(res, hidden))
	}
	if img := res.Reports[0].Evidence.Image; img != nil && (!proved || t.Verbose) {
		t.layers(img, hidden)
	}
	if proved {
		t.card(res.Reports)
		t.doubts(res.Reports)
	}
	if res.Proof != nil {
		t.published(res.Proof)
	}
	return t.w.Flush()
}

// shown are the findings of a unit that are printed: notes only where they are
// asked for.
func (t *textWriter) shown(res *check.Result) (list []check.Reported) {
	n := fileCount{path: res.Unit.Path}
	for _, f := range res.Findings {
		switch f.Severity {
		case check.Error:
			n.errors++
		case check.Warning:
			n.warnings++
		default:
			if !t.Notes {
				continue
			}
		}
		list = append(list, f)
	}
	if n.errors+n.warnings > 0 {
		t.files = append(t.files, n)
	}
	return list
}

// imageFacts are what an image is, for a header.
func imageFacts(img *image.Image) []string {
	n := len(img.Layers)
	parts := []string{img.Platform.String(), fmt.Sprintf("%s in %s", image.Bytes(img.Size()), check.Count(n, "layer")), fmt.Sprintf("efficiency %.0f %%", 100*img.Efficiency())}
	if img.OS.Name != "" {
		parts = append(parts, excerpt.Visible(img.OS.Name))
	}
	if id := strings.TrimPrefix(img.ID, "sha256:"); len(id) > 12 {
		parts = append(parts, "id "+id[:12])
	}
	return parts
}

// layers are an image's layers to scale, with what is wasted in each.
func (t *textWriter) layers(img *image.Image, hidden *excerpt.Hidden) {
	if len(img.Layers) == 0 {
		return
	}
	wasted := img.WastedIn()
	var most int64 = 1
	for i := range img.Layers {
		most = max(most, img.Layers[i].Size)
	}
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, "layers"))
	for i := range img.Layers {
		l := &img.Layers[i]
		const width = 24
		full := int(l.Size * width / most)
		lost := int(min(wasted[i], l.Size) * width / most)
		bar := strings.Repeat("█", full-lost)
		if lost > 0 {
			bar += t.paint(red, strings.Repeat("▒", lost))
		}
		bar += strings.Repeat(" ", width-full)
		what := "(not in the history)"
		if s := img.StepOf(i); s != nil {
			what = hidden.Hide(strings.Join(strings.Fields(s.Text), " "))
		}
		if r := []rune(what); len(r) > 72 {
			what = string(r[:72]) + "…"
		}
		note := ""
		if l.Skipped != "" {
			note = t.paint(yellow, "  not looked at: "+excerpt.Visible(l.Skipped))
		} else if wasted[i] >= 100_000 {
			note = t.paint(yellow, "  "+image.Bytes(wasted[i])+" wasted")
		}
		fmt.Fprintf(t.w, "%3d %9s %s %s%s\n", i+1, image.Bytes(l.Size), bar, excerpt.Visible(what), note)
	}
	for _, p := range img.Problems {
		fmt.Fprintf(t.w, "%s %s\n", t.paint(yellow, "image problem:"), excerpt.Visible(p.String()))
	}
	fmt.Fprintln(t.w)
}

// header names the unit that is judged: the file, the target, the context, the
// profile.
func (t *textWriter) header(res *check.Result, shown int) {
	var parts []string
	if len(res.Reports) > 0 {
		b := res.Reports[0].Build
		img := res.Reports[0].Evidence.Image
		if img != nil && res.Reports[0].Evidence.Run == nil {
			parts = append(parts, imageFacts(img)...)
		} else if b.Target != nil {
			var targets []string
			for _, rep := range res.Reports {
				name := rep.Build.Target.Name
				if name == "" {
					name = "stage " + strconv.Itoa(rep.Build.Target.Index)
				}
				if !slices.Contains(targets, name) {
					targets = append(targets, name)
				}
			}
			word := "target"
			if len(targets) > 1 {
				word = "targets"
			}
			if res.Unit.Service != "" {
				parts = append(parts, "dockerfile_inline of "+excerpt.Visible(res.Unit.Service))
			}
			parts = append(parts, word+" "+excerpt.Visible(strings.Join(targets, ", ")))
			if list := roles(res); len(list) > 0 {
				parts = append(parts, "run as "+excerpt.Visible(strings.Join(list, ", ")))
			}
			if root, ok := b.ContextRoot(); ok {
				parts = append(parts, "context "+t.Names.Shown(root))
			} else {
				parts = append(parts, "no context")
			}
		} else if b.Compose != nil {
			parts = append(parts, "Compose")
		} else {
			parts = append(parts, "Kubernetes")
		}
		if b != nil {
			parts = append(parts, "profile "+string(b.Profile))
		}
		if why := development(res); why != "" {
			parts = append(parts, "development ("+why+"): notes only")
		}
	}
	fmt.Fprintf(t.w, "%s  %s\n", t.paint(bold, t.Names.Shown(res.Unit.Path)), t.paint(faint, excerpt.Visible(strings.Join(parts, " · "))))
	switch notes := len(res.Findings); {
	case notes == 0:
		fmt.Fprintf(t.w, "  %s\n", t.paint(green, "no findings"))
	case shown == 0:
		fmt.Fprintf(t.w, "  %s\n", t.paint(green, "no errors or warnings, "+check.Count(notes, "note")))
	}
	fmt.Fprintln(t.w)
}

// development says why nothing that a unit makes ships; "" = something does.
func development(res *check.Result) (why string) {
	for _, rep := range res.Reports {
		if rep.Build == nil || rep.Build.Development() == "" {
			return ""
		}
		why = rep.Build.Development()
	}
	return why
}

// finding writes a finding; also are those of the same cause at other levels.
func (t *textWriter) finding(f check.Reported, also []check.Reported, hidden *excerpt.Hidden) {
	fmt.Fprintf(t.w, "%s%s %s\n", t.paint(severityColor(f.Severity), f.Severity.String()), t.paint(bold, "["+f.ID()+"]:"), excerpt.Visible(hidden.Hide(f.Message)))
	t.snippet(f.Place, "-->", severityColor(f.Severity), hidden)
	for _, p := range f.Related {
		t.snippet(p, ":::", blue, hidden)
	}
	for _, o := range also {
		fmt.Fprintf(t.w, "   %s %s %s\n", t.paint(blue, "="), t.paint(bold, o.Level.String()+":"), excerpt.Visible(hidden.Hide(o.Message)))
	}
	t.say("why:", f.Check.Why)
	help := helpOf(f, hidden)
	t.say("fix:", excerpt.Visible(help))
	for _, o := range also {
		if other := hidden.Hide(o.Help); other != "" && other != help {
			t.say("fix:", excerpt.Visible(other))
			help = other
		}
	}
	fmt.Fprintln(t.w)
}

// say writes a line below a finding; where there are many files, each once.
func (t *textWriter) say(word, what string) {
	if t.Brief && t.said[what] {
		return
	}
	t.said[what] = true
	fmt.Fprintf(t.w, "   %s %s %s\n", t.paint(blue, "="), t.paint(bold, word), what)
}

// snippet shows a place: its file, line and column, the line, and a rule under
// the words meant. Long lines are cut around the place.
func (t *textWriter) snippet(p check.Place, arrow, color string, hidden *excerpt.Hidden) {
	name := t.Names.Shown(p.File.Name)
	if p.Span.IsZero() {
		note := ""
		if p.Message != "" {
			note = "  " + excerpt.Visible(hidden.Hide(p.Message))
		}
		fmt.Fprintf(t.w, "  %s %s%s\n", t.paint(blue, arrow), name, note)
		return
	}
	pos := p.File.Position(p.Span.Start)
	fmt.Fprintf(t.w, "  %s %s:%d:%d%s\n", t.paint(blue, arrow), name, pos.Line, pos.Column, t.beside(p, hidden))
	if t.Compact {
		// The place above is all.
		return
	}
	line := p.File.LineSpan(pos.Line)
	if excerpt.HoldsKey(p.File, p.Span, line, hidden) {
		fmt.Fprintf(t.w, "  %s\n", t.paint(faint, "(the line contains a private key and is not shown)"))
		return
	}
	shown, from, to := excerpt.Window(p.File, line, p.Span, hidden)
	gutter := strconv.Itoa(pos.Line)
	pad := strings.Repeat(" ", len(gutter))
	mark := strings.Repeat("^", max(1, to-from))
	if p.Message != "" {
		mark += " " + excerpt.Visible(hidden.Hide(p.Message))
	}
	fmt.Fprintf(t.w, "%s %s\n", pad, t.paint(blue, "|"))
	fmt.Fprintf(t.w, "%s %s\n", t.paint(blue, gutter+" |"), shown)
	fmt.Fprintf(t.w, "%s %s %s%s\n", pad, t.paint(blue, "|"), strings.Repeat(" ", from), t.paint(color, mark))
}

// beside is what stands in one line with a place: the line there, and what is said
// of it.
func (t *textWriter) beside(p check.Place, hidden *excerpt.Hidden) string {
	if !t.Compact {
		return ""
	}
	line := p.File.LineSpan(p.File.Position(p.Span.Start).Line)
	if excerpt.HoldsKey(p.File, p.Span, line, hidden) {
		return ""
	}
	shown, _, _ := excerpt.Window(p.File, line, p.Span, hidden)
	words := "  " + strings.TrimSpace(shown)
	if p.Message != "" {
		words += "  " + excerpt.Visible(hidden.Hide(p.Message))
	}
	return t.paint(faint, words)
}

func (t *textWriter) problem(p check.Problem, named bool) {
	level, color := "note", cyan
	if named {
		level, color = "error", red
	}
	fmt.Fprintf(t.w, "%s%s %s\n", t.paint(color, level), t.paint(bold, "[input/unparsable]:"), excerpt.Visible(t.Names.Redactor.Hide(excerpt.Problem(p))))
	place := t.Names.Shown(p.Path)
	if p.Line > 0 {
		place += ":" + strconv.Itoa(p.Line)
	}
	fmt.Fprintf(t.w, "  %s %s\n\n", t.paint(blue, "-->"), place)
}

// suppressions are those that silence nothing.
func (t *textWriter) suppressions(res *check.Result, hidden *excerpt.Hidden) {
	for _, s := range res.Unused {
		fmt.Fprintf(t.w, "%s%s %s\n", t.paint(cyan, "note"), t.paint(bold, "[suppression]:"), excerpt.Visible(s.Problem))
		t.snippet(s.Place, "-->", cyan, hidden)
		fmt.Fprintln(t.w)
	}
}

// Close writes the scorecard of the eight rules, what stayed undecided, and the
// verdict.
func (t *textWriter) Close(problems []check.Problem) error {
	for _, p := range problems {
		t.problem(p, false)
	}
	if t.tally.Units-t.tally.Unparsable > 0 && !t.tally.Levels[check.Run] { // a proof has shown its own
		t.scorecard()
		t.undecided()
	}
	if t.tally.Units > 0 {
		t.byFile()
		t.verdict()
	}
	return t.w.Flush()
}

// scorecard is what each rule came to.
func (t *textWriter) scorecard() {
	level := check.Source
	for level < check.Run && !t.tally.Levels[level] {
		level++
	}
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, "scorecard, from "+[...]string{"source", "the image", "the run"}[level]))
	for _, r := range rules.All {
		outcome := t.tally.Scorecard.Of(r).Worst()
		word, color := outcomeWord(outcome)
		if outcome == check.Violated && t.tally.Of(r, check.Error) == 0 {
			color = yellow
		}
		var counts []string
		for sev := check.Error; sev > 0; sev-- {
			if n := t.tally.Of(r, sev); n > 0 {
				counts = append(counts, check.Count(n, sev.String()))
			}
		}
		fmt.Fprintf(t.w, "  %d %-13s %s", r.Number, r.Name, t.paint(color, word))
		if len(counts) > 0 {
			fmt.Fprintf(t.w, "%*s %s", 14-len(word), "", strings.Join(counts, ", "))
		}
		fmt.Fprintln(t.w)
	}
}

// undecided is the check that most builds leave open, and what would settle it.
func (t *textWriter) undecided() {
	list := t.tally.Undecided()
	if len(list) == 0 {
		return
	}
	o := list[0]
	more := ""
	if len(list) > 1 {
		more = fmt.Sprintf(" and %d more", len(list)-1)
	}
	fmt.Fprintf(t.w, "undecided: %s%s (%s); to decide it, %s\n", o.Rule.ID(o.Check), more, excerpt.Visible(o.Reason), o.Settle)
}

// How many files with findings make a summary of files worth its lines, and how
// many of them it names: with the scorecard it fits a screen.
const (
	manyFiles = 4
	mostFiles = 8
)

// byFile names the files in which most was found.
func (t *textWriter) byFile() {
	if len(t.files) < manyFiles {
		return
	}
	slices.SortStableFunc(t.files, func(a, b fileCount) int {
		return cmp.Or(cmp.Compare(b.errors, a.errors), cmp.Compare(b.warnings, a.warnings))
	})
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, "files with the most findings"))
	for _, f := range t.files[:min(len(t.files), mostFiles)] {
		var counts []string
		if f.errors > 0 {
			counts = append(counts, check.Count(f.errors, "error"))
		}
		if f.warnings > 0 {
			counts = append(counts, check.Count(f.warnings, "warning"))
		}
		fmt.Fprintf(t.w, "  %s: %s\n", t.Names.Shown(f.path), strings.Join(counts, ", "))
	}
	if more := len(t.files) - mostFiles; more > 0 {
		fmt.Fprintf(t.w, "  and %d more\n", more)
	}
}

// verdict is the last line: how much was found, in how many files, which rules are
// violated, and what the exit status is.
func (t *textWriter) verdict() {
	unit := "file"
	if t.tally.Levels[check.Image] && !t.tally.Levels[check.Source] {
		unit = "image"
	}
	notes := check.Count(t.tally.Count(check.Note), "note")
	if !t.Notes && t.tally.Count(check.Note) > 0 {
		notes += " (shown by --notes)"
	}
	line := fmt.Sprintf("%s, %s, %s in %s", check.Count(t.tally.Count(check.Error), "error"),
		check.Count(t.tally.Count(check.Warning), "warning"), notes, check.Count(t.tally.Units, unit))
	var broken []string
	for _, r := range rules.All {
		if t.tally.Scorecard.Of(r).Worst() == check.Violated {
			broken = append(broken, strconv.Itoa(r.Number))
		}
	}
	switch len(broken) {
	case 0:
		line += ": no rule violated"
	case 1:
		line += ": rule " + broken[0] + " violated"
	default:
		line += ": rules " + strings.Join(broken, ", ") + " violated"
	}
	if t.Exit != nil {
		line += fmt.Sprintf("; exit %d", t.Exit())
	}
	if safe, more := t.tally.Fixable[check.Safe], t.tally.Fixable[check.Unsafe]; safe+more > 0 {
		fixable := fmt.Sprintf("`dockworthy fix` mends %d", safe)
		switch {
		case safe == 0:
			fixable = fmt.Sprintf("`dockworthy fix --unsafe` mends %d", more)
		case more > 0:
			fixable += fmt.Sprintf(", %d more with --unsafe", more)
		}
		fmt.Fprintln(t.w, fixable)
	}
	fmt.Fprintln(t.w, t.paint(bold, line))
}
