package text

import (
	"unicode/utf16"
	"unicode/utf8"
)

// UTF16 turns a byte offset into line and column as Position does, but with the
// column in UTF-16 code units, as the Language Server Protocol and SARIF's
// utf16CodeUnits have it; both count from 1 here. A byte that is not UTF-8 counts
// as one unit, for it is read as U+FFFD.
func (f *File) UTF16(offset int) Position {
	offset = max(0, min(offset, len(f.Data)))
	line := f.Position(offset).Line
	start := f.LineSpan(line).Start
	units := 0
	for at := start; at < offset; {
		r, size := utf8.DecodeRune(f.Data[at:])
		if at += size; at > offset {
			break // within a character: it begins there
		}
		units += max(1, utf16.RuneLen(r))
	}
	return Position{Line: line, Column: units + 1}
}

// Offset is the byte offset of a position whose column counts characters, as
// Position gives it. A column beyond its line gives the line's end, a line beyond
// the file the file's.
func (f *File) Offset(p Position) int {
	return f.offset(p, func(rune) int { return 1 })
}

// OffsetUTF16 is Offset for a position whose column counts UTF-16 code units, as
// UTF16 gives it. A column within a pair of surrogates gives the character that
// it is part of.
func (f *File) OffsetUTF16(p Position) int {
	return f.offset(p, func(r rune) int { return max(1, utf16.RuneLen(r)) })
}

func (f *File) offset(p Position, width func(rune) int) int {
	line := f.LineSpan(max(1, p.Line))
	left := p.Column - 1
	at := line.Start
	for at < line.End {
		r, size := utf8.DecodeRune(f.Data[at:line.End])
		if left -= width(r); left < 0 {
			break
		}
		at += size
	}
	return at
}
