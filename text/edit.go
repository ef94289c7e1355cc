package text

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// An Edit puts other bytes in the place of a span of one file. With an empty span
// it inserts them.
type Edit struct {
	Span Span
	New  string
}

// Apply is the file's bytes with edits made. They may come in any order; those
// that insert at one offset keep theirs. Two edits of the same bytes, an insertion
// within another's span and a span outside the file are errors: nobody can say
// what they mean together.
func (f *File) Apply(edits []Edit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		if a.Span.Start != b.Span.Start {
			return a.Span.Start - b.Span.Start
		}
		return a.Span.End - b.Span.End // what is inserted comes before what is replaced
	})
	size := len(f.Data)
	end := 0
	for _, e := range sorted {
		switch {
		case e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(f.Data):
			return nil, fmt.Errorf("edit %s: bytes %d to %d are not in the file", f.Name, e.Span.Start, e.Span.End)
		case e.Span.Start < end:
			return nil, fmt.Errorf("edit %s: two edits change the bytes from %d on", f.Name, e.Span.Start)
		}
		end = e.Span.End
		size += len(e.New) - e.Span.Len()
	}
	out := make([]byte, 0, size)
	at := 0
	for _, e := range sorted {
		out = append(out, f.Data[at:e.Span.Start]...)
		out = append(out, e.New...)
		at = e.Span.End
	}
	return append(out, f.Data[at:]...), nil
}

// Diff is the difference between two versions of a file in unified form, with
// three lines around each change, as patch and git apply take it; "" where there
// is none. The names are what stands behind --- and +++: "a/Dockerfile",
// "/dev/null" for a file that is not there.
func Diff(oldName, newName string, before, after []byte) string {
	if bytes.Equal(before, after) {
		return ""
	}
	return udiff.Unified(oldName, newName, string(before), string(after))
}

// Merge brings two changes of one text together, line by line. ok is false where they
// change the same lines in two ways.
func Merge(base, ours, theirs []byte) (merged []byte, ok bool) {
	edits, ok := udiff.Merge(udiff.Lines(string(base), string(ours)), udiff.Lines(string(base), string(theirs)))
	if !ok {
		return nil, false
	}
	out, err := udiff.ApplyBytes(base, edits)
	return out, err == nil
}

// LineBreak is how most lines of the file end: "\n", or "\r\n". A file of one
// line has "\n".
func (f *File) LineBreak() string {
	all := bytes.Count(f.Data, []byte{'\n'})
	if dos := bytes.Count(f.Data, []byte("\r\n")); 2*dos > all {
		return "\r\n"
	}
	return "\n"
}

// Lined is s with the file's own line breaks in the place of "\n".
func (f *File) Lined(s string) string {
	if b := f.LineBreak(); b != "\n" {
		return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", b)
	}
	return s
}

// Indent is the white space at the beginning of line n (from 1).
func (f *File) Indent(n int) string {
	line := f.Text(f.LineSpan(n))
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}
