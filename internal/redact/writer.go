package redact

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A Format says how characters that do something to a reader's terminal are
// written. The zero Format is Text.
type Format uint8

const (
	Text Format = iota // as blanks; colours of ours are left
	JSON               // as escapes of JSON
	HTML               // as blanks
)

// A Writer is what every report is written to: what passes it shows no secret
// that its Redactor knows, none that shows by its look, and nothing by which a
// file could act on the terminal or the log that the report is read in. It
// writes whole lines, and the rest when it is flushed.
type Writer struct {
	to     io.Writer
	red    *Redactor
	format Format
	buf    []byte
	err    error
}

// NewWriter writes to w; r may be nil.
func NewWriter(w io.Writer, r *Redactor, format Format) *Writer {
	return &Writer{to: w, red: r, format: format}
}

// maxHeld is how much of a line is held back to see it whole.
const maxHeld = 8 << 20

// Write takes bytes of the report.
func (w *Writer) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	if len(w.buf) >= 64<<10 {
		if at := bytes.LastIndexByte(w.buf, '\n'); at >= 0 {
			w.send(at + 1)
		} else if len(w.buf) >= maxHeld {
			w.send(len(w.buf))
		}
	}
	return len(p), w.err
}

// WriteString takes a string.
func (w *Writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// WriteByte takes one byte.
func (w *Writer) WriteByte(c byte) error {
	_, err := w.Write([]byte{c})
	return err
}

// Printf takes formatted text.
func (w *Writer) Printf(format string, args ...any) { fmt.Fprintf(w, format, args...) }

// Flush writes all that was taken. The error is the first that was met.
func (w *Writer) Flush() error {
	w.send(len(w.buf))
	return w.err
}

func (w *Writer) send(n int) {
	if n > 0 && w.err == nil {
		_, w.err = io.WriteString(w.to, w.clean(string(w.buf[:n])))
	}
	w.buf = append(w.buf[:0], w.buf[n:]...)
}

// clean is a part of the report as it may leave.
func (w *Writer) clean(s string) string {
	s = w.red.known(looks(s))
	return plain(s, w.format)
}

// Said is what somebody else wrote, in one line of text that does nothing to a
// terminal: for messages of our own that quote it.
func (r *Redactor) Said(s string) string { return OneLine(plain(r.Hide(s), HTML)) }

// OneLine is s without line breaks and without what Unsafe tells.
func OneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || Unsafe(c) {
			return ' '
		}
		return c
	}, s)
}

// looks is s without what is a secret by its look alone; our own words name
// secrets, so what stands under a name is not asked here.
func looks(s string) string {
	var b strings.Builder
	at := 0
	for _, f := range byLook(s) {
		if f.from < at {
			continue
		}
		b.WriteString(s[at:f.from] + Mask(s[f.from:f.to]))
		at = f.to
	}
	if at == 0 {
		return s
	}
	return b.String() + s[at:]
}

// plain is s without characters that could do something to a terminal, make a
// line read otherwise than it is, or be a command to the service that shows a
// log.
func plain(s string, format Format) string {
	if !strings.ContainsFunc(s, Unsafe) && !strings.Contains(s, "##") && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if format == Text && s[i] == 0x1b {
			if n := colour(s[i:]); n > 0 {
				b.WriteString(s[i : i+n])
				i += n
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case !Unsafe(r) && (r != utf8.RuneError || size > 1):
			b.WriteString(s[i : i+size])
		case format == JSON && size > 1:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteByte(' ')
		}
		i += size
	}
	s = b.String()
	if format != JSON {
		// Azure Pipelines and GitHub Actions take these for commands wherever
		// they stand in a line.
		s = strings.ReplaceAll(strings.ReplaceAll(s, "##vso[", "# #vso["), "##[", "# #[")
	}
	return s
}

// colour is the length of the colour sequence that s begins with; 0 = none.
func colour(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s) && i < 12; i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// Unsafe tells whether a character of a file could do something to a terminal,
// or make its line read otherwise than it is: control characters, and the marks
// that turn the direction of writing.
func Unsafe(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 ||
		r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
