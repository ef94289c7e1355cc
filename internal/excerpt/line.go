package excerpt

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/text"
)

// HoldsKey tells whether a private key stands on a line, in what may be shown of
// it.
func HoldsKey(f *text.File, span, line text.Span, hidden *Hidden) bool {
	line, _, _ = near(f, line, span)
	return slices.ContainsFunc(hidden.In(f, line), func(s text.Span) bool { return strings.Contains(f.Text(s), "PRIVATE KEY") })
}

// lineWidth is how many characters of a line are shown.
const lineWidth = 120

// LongLine is how long a line is of which only a part is looked at: the rest of
// it is not shown.
const LongLine = 4096

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
	if line.Len() <= LongLine {
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

// Window is a line fit for a terminal, with the columns of the place in it:
// secrets masked, tabs as one space, control characters replaced, cut to
// lineWidth around the place.
func Window(f *text.File, line, span text.Span, hidden *Hidden) (shown string, from, to int) {
	var b strings.Builder
	cols := 0
	from, to = -1, -1
	data := f.Data
	line, before, after := near(f, line, span)
	secrets := hidden.In(f, line)
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
			mask := secret.Mask(f.Text(s))
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

// Line is the line of a place, without the secrets in it; the file's name where
// the whole file is meant.
func Line(p check.Place, hidden *Hidden) string {
	if p.Span.IsZero() {
		return p.File.Name
	}
	line := p.File.LineSpan(p.File.Position(p.Span.Start).Line)
	if line.Len() > LongLine {
		cut, _, _ := Window(p.File, line, p.Span, hidden)
		return strings.Join(strings.Fields(cut), " ")
	}
	var b strings.Builder
	at := line.Start
	for _, s := range hidden.In(p.File, line) {
		if s.End <= at || s.Start >= line.End {
			continue
		}
		if s.Start > at {
			b.WriteString(p.File.Text(text.Span{Start: at, End: s.Start}))
		}
		b.WriteString(redact.Mask(p.File.Text(s)))
		at = min(s.End, line.End)
	}
	b.WriteString(p.File.Text(text.Span{Start: at, End: max(at, line.End)}))
	return strings.Join(strings.Fields(b.String()), " ")
}
