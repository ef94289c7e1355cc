// Package text is bytes with places: files, the spans in them, and edits of
// them. Nothing in it knows what the bytes mean.
package text

import (
	"bytes"
	"fmt"
	"sort"
	"sync"
	"unicode/utf8"
)

// A Span is a half-open byte range [Start, End) of one file. The zero Span is
// the empty range at the file's beginning, and stands for "the whole file"
// where something is missing rather than wrong.
type Span struct {
	Start, End int
}

// IsZero tells whether s is the zero Span.
func (s Span) IsZero() bool { return s == Span{} }

// Len is the number of bytes in s.
func (s Span) Len() int { return s.End - s.Start }

// Contains tells whether all of o lies in s.
func (s Span) Contains(o Span) bool { return s.Start <= o.Start && o.End <= s.End }

// Join is the smallest span that holds both s and o.
func (s Span) Join(o Span) Span {
	return Span{min(s.Start, o.Start), max(s.End, o.End)}
}

// A File is a name and its bytes. The name is a slash-separated path relative
// to the root that was loaded; it is what findings print.
type File struct {
	Name string
	Data []byte

	once  sync.Once
	lines []int // offset of each line's first byte

	runesOnce sync.Once
	runes     []mark // one every stride bytes or a little more

	textOnce sync.Once
	text     string // Data once more, so that parts of it are had for nothing
}

// NewFile returns a File of these bytes, which must not change afterwards.
func NewFile(name string, data []byte) *File {
	return &File{Name: name, Data: data}
}

func (f *File) index() []int {
	f.once.Do(func() {
		f.lines = make([]int, 1, bytes.Count(f.Data, []byte{'\n'})+1)
		for i, b := range f.Data {
			if b == '\n' {
				f.lines = append(f.lines, i+1)
			}
		}
	})
	return f.lines
}

// A Position is a place as people say it: line and column count from 1, the
// column in characters (runes), as rustc and SARIF's default do.
type Position struct {
	Line, Column int
}

// Position turns a byte offset into line and column. Offsets beyond the file
// give its end.
func (f *File) Position(offset int) Position {
	offset = max(0, min(offset, len(f.Data)))
	lines := f.index()
	n := sort.SearchInts(lines, offset+1) - 1
	start, before := lines[n], 0
	if offset-start > 2*stride {
		// In a long line, count from the last mark rather than from its start.
		from, to := f.before(start), f.before(offset)
		start, before = to.at, to.runes-from.runes-utf8.RuneCount(f.Data[from.at:start])
	}
	return Position{Line: n + 1, Column: before + utf8.RuneCount(f.Data[start:offset]) + 1}
}

// A mark says how many characters of a file lie before one of its bytes, which
// is the first of a character.
type mark struct{ at, runes int }

const stride = 1024

// before is the last mark that is not behind offset.
func (f *File) before(offset int) mark {
	f.runesOnce.Do(func() {
		f.runes = append(f.runes, mark{})
		runes := 0
		for at, next := 0, stride; at < len(f.Data); runes++ {
			if at >= next {
				f.runes = append(f.runes, mark{at, runes})
				next = at + stride
			}
			size := 1
			if f.Data[at] >= utf8.RuneSelf {
				_, size = utf8.DecodeRune(f.Data[at:])
			}
			at += size
		}
	})
	return f.runes[sort.Search(len(f.runes), func(i int) bool { return f.runes[i].at > offset })-1]
}

// Lines is the number of lines; a last line without a line break counts.
func (f *File) Lines() int {
	n := len(f.index())
	if n > 1 && f.lines[n-1] == len(f.Data) {
		n--
	}
	return n
}

// LineSpan is the span of line n (from 1), without its line break.
func (f *File) LineSpan(n int) Span {
	lines := f.index()
	if n < 1 || n > len(lines) {
		return Span{len(f.Data), len(f.Data)}
	}
	start, end := lines[n-1], len(f.Data)
	if n < len(lines) {
		end = lines[n] - 1
	}
	if end > start && f.Data[end-1] == '\r' {
		end--
	}
	return Span{start, end}
}

// LineStart is the offset of the first byte of line n (from 1); beyond the
// last line it is the file's length.
func (f *File) LineStart(n int) int { return f.LineSpan(n).Start }

// Text is the bytes of s as a string.
func (f *File) Text(s Span) string {
	s.Start = max(0, min(s.Start, len(f.Data)))
	s.End = max(s.Start, min(s.End, len(f.Data)))
	f.textOnce.Do(func() { f.text = string(f.Data) })
	return f.text[s.Start:s.End]
}

// Check reports whether s lies inside f.
func (f *File) Check(s Span) error {
	if s.Start < 0 || s.End < s.Start || s.End > len(f.Data) {
		return fmt.Errorf("span %d-%d is outside %s (%d bytes)", s.Start, s.End, f.Name, len(f.Data))
	}
	return nil
}
