package dockerfile

import (
	"strings"

	"github.com/dockworthy/dockworthy/text"
)

// This file says where instructions are put in and taken out, so that comments
// and layout stay as they are. Lines are given with "\n" and without their last
// one; they get the file's own line breaks.

// Above inserts lines above an instruction and the comments that stand directly
// over it, for these are about it.
func (f *File) Above(in *Instruction, lines string) text.Edit {
	n := in.Line()
	for n > 1 {
		above := strings.TrimSpace(f.Text(f.LineSpan(n - 1)))
		if !strings.HasPrefix(above, "#") || f.isDirective(n-1) {
			break
		}
		n--
	}
	at := f.LineSpan(n).Start
	return text.Edit{Span: text.Span{Start: at, End: at}, New: f.Lined(lines + "\n")}
}

// Below inserts lines below an instruction and its heredocs.
func (f *File) Below(in *Instruction, lines string) text.Edit {
	at := f.after(in)
	e := text.Edit{Span: text.Span{Start: at, End: at}, New: f.Lined(lines + "\n")}
	if at == len(f.Data) && (at == 0 || f.Data[at-1] != '\n') {
		e.New = f.Lined("\n" + lines) // the file ends without a line break, and goes on doing so
	}
	return e
}

// Without takes an instruction out, with its lines.
func (f *File) Without(in *Instruction) text.Edit {
	e := text.Edit{Span: text.Span{Start: f.LineSpan(in.Line()).Start, End: f.after(in)}}
	if e.Span.End == len(f.Data) && e.Span.Start > 0 && f.Data[e.Span.End-1] != '\n' {
		// The line break before it goes: the file ends without one.
		e.Span.Start = f.LineSpan(in.Line() - 1).End
	}
	return e
}

// WithoutWord takes a word out of an instruction, with the comments that stand directly over
// it, or the instruction where it is its only one. ok is false where it has no such word.
func (f *File) WithoutWord(in *Instruction, word text.Span) (e text.Edit, ok bool) {
	words := in.Words()
	first, last := -1, -1
	for i, w := range words {
		if w.Span.Start < word.End && word.Start < w.Span.End {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	switch {
	case first < 0:
		return e, false
	case first == 0 && last == len(words)-1:
		return f.Without(in), true
	case first == 0:
		e.Span = text.Span{Start: words[0].Span.Start, End: words[last+1].Span.Start}
		if f.CommentIn(e.Span) { // which is about the next one
			e.Span = text.Span{Start: words[0].Span.Start - 1, End: words[last].Span.End}
		}
	default:
		e.Span = text.Span{Start: words[first-1].Span.End, End: words[last].Span.End}
	}
	return e, true
}

// CommentIn tells whether a comment stands in a part of the file.
func (f *File) CommentIn(at text.Span) bool {
	for line := range strings.Lines(f.Text(at)) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			return true
		}
	}
	return false
}

// Lift takes an instruction out, with the comments that stand directly over it, and is what
// was taken, with "\n" between its lines: to be put in elsewhere.
func (f *File) Lift(in *Instruction) (lines string, out text.Edit) {
	out = f.Without(in)
	out.Span.Start = min(out.Span.Start, f.Above(in, "").Span.Start)
	end := in.Span.End
	for end > in.Span.Start && strings.IndexByte("\r\n", f.Data[end-1]) >= 0 {
		end--
	}
	lines = strings.ReplaceAll(f.Text(text.Span{Start: f.Above(in, "").Span.Start, End: end}), "\r\n", "\n")
	return lines, out
}

// after is where the line behind an instruction begins.
func (f *File) after(in *Instruction) int {
	line := f.Position(max(in.Span.Start, in.Span.End-1)).Line
	if line >= f.Lines() {
		return len(f.Data)
	}
	return f.LineSpan(line + 1).Start
}

// isDirective tells whether a line is one of the parser directives (# syntax=,
// # escape=, # check=), which stand above all else.
func (f *File) isDirective(n int) bool {
	for i := 1; i <= n; i++ {
		line := strings.TrimSpace(f.Text(f.LineSpan(i)))
		name, _, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "#")), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "syntax", "escape", "check":
		default:
			return false
		}
		if !ok || !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}
