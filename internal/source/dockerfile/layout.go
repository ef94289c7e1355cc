package dockerfile

import (
	"bytes"
	"sort"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/dockworthy/dockworthy/text"
)

// A layout is one instruction's lines joined as the parser joins them, with
// the way back from the joined text to the file. It is made on the first
// question: most instructions are never asked for a place.
type layout struct {
	once     sync.Once
	joined   []byte
	segments []segment
	lastLine int // the last line of the instruction before its heredocs
}

// A segment is a run of joined bytes that lie together in the file too.
type segment struct{ joined, file int }

func (in *Instruction) layout() *layout {
	in.lay.once.Do(in.join)
	return &in.lay
}

// join repeats the parser's reading of lines: carriage returns and line breaks
// go, leading space of the first line goes, comment lines and blank lines
// inside a continuation go, and so does the escape character at a line's end.
func (in *Instruction) join() {
	f, lay := in.file, &in.lay
	for n := in.node.StartLine; n <= in.node.EndLine; n++ {
		start := f.LineStart(n)
		line := f.Data[start:f.LineSpan(n).End]
		line = bytes.TrimRight(line, "\r\n")
		if n == 1 {
			line, start = line[bomLen(line):], start+bomLen(line)
		}
		lead := leadingSpace(line)
		if n == in.node.StartLine {
			line, start = line[lead:], start+lead
		} else if lead == len(line) || line[lead] == '#' {
			continue
		}
		line, more := trimContinuation(line, f.Escape)
		lay.segments = append(lay.segments, segment{len(lay.joined), start})
		lay.joined = append(lay.joined, line...)
		lay.lastLine = n
		if !more {
			break
		}
	}
}

// trimContinuation cuts an escape character at the end of a line, as the
// parser's regular expression does, and tells whether there was one.
func trimContinuation(line []byte, escape byte) ([]byte, bool) {
	end := len(bytes.TrimRight(line, " \t"))
	if end == 0 || line[end-1] != escape {
		return line, false
	}
	if end > 1 && line[end-2] == escape {
		return line, false
	}
	return line[:end-1], true
}

// place is the file offset of byte i of the joined text.
func (in *Instruction) place(i int) int {
	lay := in.layout()
	n := sort.Search(len(lay.segments), func(n int) bool { return lay.segments[n].joined > i }) - 1
	if n < 0 {
		return in.Span.Start
	}
	return lay.segments[n].file + i - lay.segments[n].joined
}

// span is the file span of joined bytes [from, to). Its end is the end of its
// last byte, so a word never swallows the continuation after it.
func (in *Instruction) span(from, to int) text.Span {
	if to <= from {
		at := in.place(from)
		return text.Span{Start: at, End: at}
	}
	return text.Span{Start: in.place(from), End: in.place(to-1) + 1}
}

// Joined is the instruction as the parser reads it: continuations joined,
// inner comments and blank lines gone.
func (in *Instruction) Joined() string { return string(in.layout().joined[in.skip:]) }

// Masked is the bytes of the instruction's command line at the places where
// they stand in the file, for a shell's parser: the first byte is at Base.
// Keyword, flags and trivia are spaces; a continuation is spaces too where a
// space beside it keeps the words apart, else the backslash and line break
// that a shell joins itself. Where a shell heredoc follows, its body is there.
type Masked struct {
	Src  []byte
	Base int
}

// Masked is the shell program of a RUN, CMD, ENTRYPOINT or HEALTHCHECK CMD in
// shell form; for a RUN that is nothing but one heredoc it is the heredoc's
// body. ok is false in exec form.
func (in *Instruction) Masked() (m Masked, ok bool) {
	if in.JSON {
		return Masked{}, false
	}
	f := in.file
	_, from := in.arguments()
	if in.Keyword == "HEALTHCHECK" {
		from += len("CMD") // arguments start with CMD or NONE, both checked by the parser
	}
	lay := in.layout()
	docs := in.Heredocs()
	if in.Keyword == "RUN" && len(docs) == 1 && loneHeredoc.Match(bytes.TrimSpace(lay.joined[min(from, len(lay.joined)):])) {
		body := docs[0].Body
		return Masked{Src: f.Data[body.Start:body.End], Base: body.Start}, true
	}
	start := in.place(from)
	end := f.LineSpan(lay.lastLine).End
	if len(docs) > 0 {
		end = in.Span.End
	}
	if start > end {
		start = end
	}
	src := bytes.Clone(f.Data[start:end])
	in.mask(src, start)
	return Masked{Src: src, Base: start}, true
}

// mask blanks what the parser drops between and inside the lines.
func (in *Instruction) mask(src []byte, base int) {
	f, lay := in.file, in.layout()
	blank := func(from, to int) {
		for i := max(from, base); i < min(to, base+len(src)); i++ {
			src[i-base] = ' '
		}
	}
	for n := range lay.segments {
		from := lay.segments[n].file
		length := len(lay.joined) - lay.segments[n].joined
		if n+1 == len(lay.segments) {
			// What the parser trims off the last line: carriage returns.
			blank(from+length, f.LineSpan(lay.lastLine).End)
			break
		}
		length = lay.segments[n+1].joined - lay.segments[n].joined
		to := from + length // the escape character stands here
		next := lay.segments[n+1].file
		blank(to, next)
		if apart := length == 0 || isSpace(f.Data[to-1]) || next >= len(f.Data) || isSpace(f.Data[next]); !apart && next-to >= 2 && to >= base {
			src[next-2-base], src[next-1-base] = '\\', '\n'
		}
	}
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// leadingSpace counts the bytes of white space that line begins with, as
// unicode.IsSpace sees it.
func leadingSpace(line []byte) int {
	n := 0
	for n < len(line) {
		if line[n] < utf8.RuneSelf {
			if !unicode.IsSpace(rune(line[n])) {
				return n
			}
			n++
			continue
		}
		r, size := utf8.DecodeRune(line[n:])
		if !unicode.IsSpace(r) {
			return n
		}
		n += size
	}
	return n
}
