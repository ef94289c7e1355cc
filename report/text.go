package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// Text writes findings for people: the line with the place underlined, what is
// so, why it matters and what to do, then the scorecard.
type Text struct {
	Names Names
	Color bool
	Quiet bool // no header for a unit without findings, no word on having found no files
	tally Tally
	w     *redact.Writer
}

// NewText writes to w.
func NewText(w io.Writer, names Names, color bool) *Text {
	names = names.guarded()
	return &Text{Names: names, Color: color, w: redact.NewWriter(w, names.Redactor, redact.Text)}
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

func (t *Text) paint(code, s string) string {
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
func (t *Text) Result(res *dockworthy.Result) error {
	t.tally.Add(res)
	if res.Problem != nil {
		t.problem(*res.Problem, res.Unit.Named)
		return t.w.Flush()
	}
	hidden := t.Names.masks(res)
	if len(res.Findings) > 0 || !t.Quiet {
		t.header(res)
	}
	for _, f := range res.Findings {
		t.finding(f, hidden)
	}
	for _, rep := range res.Reports {
		for _, a := range rep.Unused {
			t.unused(rep.Build, a, hidden)
		}
		if img := rep.Evidence.Image; img != nil {
			t.layers(img, rep.Masks)
		}
	}
	return t.w.Flush()
}

// imageFacts are what an image is, for a header.
func imageFacts(img *image.Image) []string {
	n := len(img.Layers)
	parts := []string{img.Platform.String(), fmt.Sprintf("%s in %s", image.Bytes(img.Size()), check.Count(n, "layer")), fmt.Sprintf("efficiency %.0f %%", 100*img.Efficiency())}
	if img.OS.Name != "" {
		parts = append(parts, visible(img.OS.Name))
	}
	if id := strings.TrimPrefix(img.ID, "sha256:"); len(id) > 12 {
		parts = append(parts, "id "+id[:12])
	}
	return parts
}

// layers are an image's layers to scale, with what is wasted in each.
func (t *Text) layers(img *image.Image, hidden *check.Masks) {
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
			note = t.paint(yellow, "  not looked at: "+visible(l.Skipped))
		} else if wasted[i] >= 100_000 {
			note = t.paint(yellow, "  "+image.Bytes(wasted[i])+" wasted")
		}
		fmt.Fprintf(t.w, "%3d %9s %s %s%s\n", i+1, image.Bytes(l.Size), bar, visible(what), note)
	}
	for _, p := range img.Problems {
		fmt.Fprintf(t.w, "%s %s\n", t.paint(yellow, "odd:"), visible(p.String()))
	}
	fmt.Fprintln(t.w)
}

// header names the unit that is judged: the file, the target, the context, the
// profile.
func (t *Text) header(res *dockworthy.Result) {
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
			parts = append(parts, word+" "+visible(strings.Join(targets, ", ")))
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
			parts = append(parts, "profile "+b.Profile)
		}
	}
	fmt.Fprintf(t.w, "%s  %s\n", t.paint(bold, t.Names.Shown(res.Unit.Path)), t.paint(faint, visible(strings.Join(parts, " · "))))
	if len(res.Findings) == 0 {
		fmt.Fprintf(t.w, "  %s\n", t.paint(green, "nothing to say"))
	}
	fmt.Fprintln(t.w)
}

func (t *Text) finding(f dockworthy.Finding, hidden *hiding) {
	fmt.Fprintf(t.w, "%s%s %s\n", t.paint(severityColor(f.Severity), f.Severity.String()), t.paint(bold, "["+f.ID()+"]:"), visible(hidden.Hide(f.Message)))
	t.snippet(f.Place, "-->", severityColor(f.Severity), hidden)
	for _, p := range f.Related {
		t.snippet(p, ":::", blue, hidden)
	}
	fmt.Fprintf(t.w, "   %s %s %s\n", t.paint(blue, "="), t.paint(bold, "why:"), f.Check.Why)
	help := f.Help
	if help == "" {
		help = f.Check.Mend
	}
	fmt.Fprintf(t.w, "   %s %s %s\n\n", t.paint(blue, "="), t.paint(bold, "do:"), visible(hidden.Hide(help)))
}

// snippet shows a place: its file, line and column, the line, and a rule under
// the words meant. Long lines are cut around the place.
func (t *Text) snippet(p check.Place, arrow, color string, hidden *hiding) {
	name := t.Names.Shown(p.File.Name)
	if p.Span.IsZero() {
		note := ""
		if p.Message != "" {
			note = "  " + visible(hidden.Hide(p.Message))
		}
		fmt.Fprintf(t.w, "  %s %s%s\n", t.paint(blue, arrow), name, note)
		return
	}
	pos := p.File.Position(p.Span.Start)
	fmt.Fprintf(t.w, "  %s %s:%d:%d\n", t.paint(blue, arrow), name, pos.Line, pos.Column)
	line := p.File.LineSpan(pos.Line)
	if holdsKey(p.File, p.Span, line, hidden) {
		fmt.Fprintf(t.w, "  %s\n", t.paint(faint, "(the line holds a private key and is not shown)"))
		return
	}
	shown, from, to := window(p.File, line, p.Span, hidden)
	gutter := strconv.Itoa(pos.Line)
	pad := strings.Repeat(" ", len(gutter))
	mark := strings.Repeat("^", max(1, to-from))
	if p.Message != "" {
		mark += " " + visible(hidden.Hide(p.Message))
	}
	fmt.Fprintf(t.w, "%s %s\n", pad, t.paint(blue, "|"))
	fmt.Fprintf(t.w, "%s %s\n", t.paint(blue, gutter+" |"), shown)
	fmt.Fprintf(t.w, "%s %s %s%s\n", pad, t.paint(blue, "|"), strings.Repeat(" ", from), t.paint(color, mark))
}

// holdsKey tells whether a private key stands on a line, in what may be shown of
// it.
func holdsKey(f *text.File, span, line text.Span, hidden *hiding) bool {
	line, _, _ = near(f, line, span)
	return slices.ContainsFunc(hidden.in(f, line), func(s text.Span) bool { return strings.Contains(f.Text(s), "PRIVATE KEY") })
}

const lineWidth = 120

// longLine is how long a line is of which only a part is looked at: the rest of
// it is not shown.
const longLine = 4096

// runeStart is the first byte at or before an offset that begins a character.
func runeStart(data []byte, at int) int {
	at = max(0, min(at, len(data)))
	for n := 0; n < utf8.UTFMax && at > 0 && at < len(data) && !utf8.RuneStart(data[at]); n++ {
		at--
	}
	return at
}

// near is a line or, of a long one, what is near a place in it; before and after
// tell whether something is left out there.
func near(f *text.File, line, span text.Span) (part text.Span, before, after bool) {
	if line.Len() <= longLine {
		return line, false, false
	}
	part = line
	if start := runeStart(f.Data, span.Start-2*lineWidth); start > line.Start {
		part.Start, before = start, true
	}
	if end := runeStart(f.Data, span.Start+6*lineWidth); end < line.End {
		part.End, after = end, true
	}
	return part, before, after
}

// window is a line fit for a terminal, with the columns of the place in it:
// secrets masked, tabs as one space, control characters replaced, cut to
// lineWidth around the place.
func window(f *text.File, line, span text.Span, hidden *hiding) (shown string, from, to int) {
	var b strings.Builder
	cols := 0
	from, to = -1, -1
	data := f.Data
	line, before, after := near(f, line, span)
	secrets := hidden.in(f, line)
	for i := line.Start; i < line.End; {
		if i >= span.Start && from < 0 {
			from = cols
		}
		if i >= span.End && to < 0 {
			to = cols
		}
		for len(secrets) > 0 && secrets[0].End <= i {
			secrets = secrets[1:]
		}
		if len(secrets) > 0 && secrets[0].Start <= i {
			s := secrets[0]
			mask := check.Mask(f.Text(s))
			if i == s.Start || i == line.Start {
				b.WriteString(mask)
				cols += len(mask)
			}
			i = min(s.End, line.End)
			continue
		}
		r, size := utf8.DecodeRune(data[i:line.End])
		if r < ' ' || redact.Unsafe(r) {
			r = ' '
		}
		b.WriteRune(r)
		cols++
		i += size
	}
	if from < 0 {
		from = cols
	}
	if to < 0 {
		to = max(from, cols)
	}
	runes := []rune(strings.TrimRight(b.String(), " "))
	if len(runes) <= lineWidth && !before && !after {
		return string(runes), from, min(to, max(from+1, len(runes)))
	}
	start := max(0, min(from-20, len(runes)-lineWidth))
	end := min(len(runes), start+lineWidth)
	cut := string(runes[start:end])
	if end < len(runes) || after {
		cut += "…"
	}
	if start > 0 || before {
		cut = "…" + cut
		start--
	}
	return cut, from - start, max(from-start+1, min(to-start, lineWidth+1))
}

// visible is s in one line without the characters that could do something to a
// terminal.
func visible(s string) string { return redact.OneLine(s) }

func (t *Text) problem(p source.Problem, named bool) {
	level, color := "note", cyan
	if named {
		level, color = "error", red
	}
	fmt.Fprintf(t.w, "%s%s %s\n", t.paint(color, level), t.paint(bold, "[input/unparsable]:"), visible(t.Names.Redactor.Hide(problemText(p))))
	place := t.Names.Shown(p.Path)
	if p.Line > 0 {
		place += ":" + strconv.Itoa(p.Line)
	}
	fmt.Fprintf(t.w, "  %s %s\n\n", t.paint(blue, "-->"), place)
}

func (t *Text) unused(b *source.Build, a source.Allow, hidden *hiding) {
	msg := "it silences nothing: remove it"
	if a.Problem != "" {
		msg = a.Problem
	} else if b.Expired(&a) {
		msg = "its date " + a.Until.Format("2006-01-02") + " is past: mend what it lets be, or give it a new date"
	}
	fmt.Fprintf(t.w, "%s%s %s\n", t.paint(cyan, "note"), t.paint(bold, "[suppression]:"), visible(msg))
	t.snippet(check.Place{File: a.File, Span: a.Place}, "-->", cyan, hidden)
	fmt.Fprintln(t.w)
}

// Close writes the scorecard of the eight rules and what stayed undecided.
func (t *Text) Close(problems []source.Problem) error {
	for _, p := range problems {
		t.problem(p, false)
	}
	if t.tally.Units-t.tally.Unparsable > 0 {
		t.scorecard()
	} else if t.tally.Units == 0 && !t.Quiet {
		fmt.Fprintln(t.w, "no Dockerfile, Compose file or Kubernetes manifest here")
	}
	return t.w.Flush()
}

func (t *Text) scorecard() {
	level := check.Source
	for level < check.Run && !t.tally.Levels[level] {
		level++
	}
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, "the eight rules, from "+[...]string{"source", "the image", "the run"}[level]))
	for _, r := range rules.All {
		outcome := t.tally.Rules[r.Name]
		word, color := outcome.String(), faint
		switch outcome {
		case check.Holds:
			word, color = "holds", green
		case check.Violated:
			word, color = "violated", red
			if c := t.tally.counts[r.Name]; c != nil && c[0] == 0 {
				color = yellow
			}
		case check.Undecided:
			color = yellow
		case check.NotLookedAt:
			word = "not looked at"
		case check.NotApplicable:
			word = "not applicable"
		}
		var counts []string
		if c := t.tally.counts[r.Name]; c != nil {
			for i, unit := range []string{"error", "warning", "note"} {
				if c[i] > 0 {
					counts = append(counts, check.Count(c[i], unit))
				}
			}
		}
		fmt.Fprintf(t.w, "  %d %-13s %s", r.Number, r.Name, t.paint(color, fmt.Sprintf("%-14s", word)))
		if len(counts) > 0 {
			fmt.Fprintf(t.w, " %s", strings.Join(counts, ", "))
		}
		fmt.Fprintln(t.w)
	}
	fmt.Fprintf(t.w, "%s\n", t.paint(bold, fmt.Sprintf("%s, %s, %s in %s", check.Count(t.tally.Errors, "error"), check.Count(t.tally.Warnings, "warning"), check.Count(t.tally.Notes, "note"), check.Count(t.tally.Units, t.tally.unit()))))
	if list := t.tally.open(); len(list) > 0 {
		o := list[0]
		more := ""
		if len(list) > 1 {
			more = fmt.Sprintf(" and %d more", len(list)-1)
		}
		fmt.Fprintf(t.w, "undecided: %s%s (%s); to settle it, %s\n", o.id, more, visible(o.reason), o.settle)
	}
}
