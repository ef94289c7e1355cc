package text

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestApply(t *testing.T) {
	f := NewFile("f", []byte("one two three"))
	for _, c := range []struct {
		edits []Edit
		want  string // "" = an error
	}{
		{nil, "one two three"},
		{[]Edit{{Span{4, 7}, "2"}}, "one 2 three"},
		{[]Edit{{Span{8, 13}, "3"}, {Span{0, 3}, "1"}}, "1 two 3"},
		{[]Edit{{Span{4, 4}, "a "}, {Span{4, 4}, "b "}}, "one a b two three"},
		{[]Edit{{Span{4, 7}, "2"}, {Span{4, 4}, "a "}}, "one a 2 three"},
		{[]Edit{{Span{7, 7}, "!"}, {Span{4, 7}, "2"}}, "one 2! three"},
		{[]Edit{{Span{13, 13}, "\n"}}, "one two three\n"},
		{[]Edit{{Span{0, 3}, ""}, {Span{3, 7}, ""}}, " three"},
		{[]Edit{{Span{4, 7}, "2"}, {Span{5, 5}, "x"}}, ""},
		{[]Edit{{Span{4, 7}, "2"}, {Span{4, 7}, "3"}}, ""},
		{[]Edit{{Span{0, 5}, "2"}, {Span{4, 7}, "3"}}, ""},
		{[]Edit{{Span{10, 14}, "2"}}, ""},
		{[]Edit{{Span{-1, 2}, "2"}}, ""},
		{[]Edit{{Span{3, 2}, "2"}}, ""},
	} {
		got, err := f.Apply(c.edits)
		if c.want == "" {
			if err == nil {
				t.Errorf("%v gives %q, and no error", c.edits, got)
			}
			continue
		}
		if err != nil || string(got) != c.want {
			t.Errorf("%v gives %q, not %q (%v)", c.edits, got, c.want, err)
		}
	}
	if string(f.Data) != "one two three" {
		t.Errorf("the file itself has changed: %q", f.Data)
	}
}

// What is printed as a difference is one to patch(1).
func TestDiffIsAPatch(t *testing.T) {
	patch, err := exec.LookPath("patch")
	if err != nil {
		patch = ""
	}
	for _, c := range [][2]string{
		{"FROM a\nRUN b\n", "FROM a\nUSER 1\nRUN b\n"},
		{"FROM a", "FROM b"},
		{"FROM a\n", "FROM a"},
		{"a\r\nb\r\nc\r\n", "a\r\nx\r\nc\r\n"},
		{strings.Repeat("x\n", 50) + "y\n" + strings.Repeat("x\n", 50), strings.Repeat("x\n", 100)},
		{"", "new\n"},
		{"tab\there\n", "tab\tthere\n"},
	} {
		diff := Diff("a/f", "b/f", []byte(c[0]), []byte(c[1]))
		if diff == "" {
			t.Errorf("there is no difference between %q and %q", c[0], c[1])
		}
		if patch == "" {
			continue
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "f"), []byte(c[0]), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(patch, "--binary", "-p1", "-s")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%q is no patch: %v %s", diff, err, out)
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "f")); string(got) != c[1] {
			t.Errorf("%q makes %q of %q, not %q", diff, got, c[0], c[1])
		}
	}
	if d := Diff("a", "b", []byte("x"), []byte("x")); d != "" {
		t.Errorf("%q", d)
	}
}

func TestLineBreak(t *testing.T) {
	for data, want := range map[string]string{"": "\n", "a": "\n", "a\nb\n": "\n", "a\r\nb\r\n": "\r\n", "a\r\nb\r\nc\n": "\r\n", "a\r\nb\nc\n": "\n", "a\rb": "\n"} {
		f := NewFile("f", []byte(data))
		if got := f.LineBreak(); got != want {
			t.Errorf("%q has %q, not %q", data, got, want)
		}
		if got := f.Lined("x\ny\r\n"); strings.ReplaceAll(got, "\r\n", "\n") != "x\ny\n" || want == "\r\n" && got != "x\r\ny\r\n" || want == "\n" && got != "x\ny\r\n" {
			t.Errorf("%q: %q", data, got)
		}
	}
	f := NewFile("f", []byte("a:\n  b:\n\t c\n"))
	if f.Indent(1) != "" || f.Indent(2) != "  " || f.Indent(3) != "\t " || f.Indent(9) != "" {
		t.Errorf("%q %q %q %q", f.Indent(1), f.Indent(2), f.Indent(3), f.Indent(9))
	}
}

// FuzzPositions holds offsets and positions together, in characters and in UTF-16.
func FuzzPositions(f *testing.F) {
	for _, s := range []string{"", "a\nb", "é\r\n😀x\n", "\xff\xfe😀", "a\n\n\n", "😀😀😀\n" + strings.Repeat("ab😀", 900) + "\nx"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		file := NewFile("f", data)
		at = max(0, min(at, len(data)))
		line := file.LineSpan(file.Position(at).Line)
		at = min(at, line.End) // a line break has no column of its own
		start := line.Start
		for next := start; next <= at && next < line.End; { // back to where a character begins
			start = next
			_, size := utf8.DecodeRune(data[next:line.End])
			next += size
		}
		if at == line.End {
			start = at
		}
		if p := file.Position(start); file.Offset(p) != start {
			t.Errorf("%q: offset %d is %v, which is offset %d", data, start, p, file.Offset(p))
		}
		p := file.UTF16(start)
		if back := file.OffsetUTF16(p); back != start {
			t.Errorf("%q: offset %d is %v in UTF-16, which is offset %d", data, start, p, back)
		}
		if want := len(utf16.Encode([]rune(string(bytes.ToValidUTF8(data[line.Start:start], nil))))); utf8.Valid(data[line.Start:start]) && p.Column != want+1 {
			t.Errorf("%q: offset %d has column %d, and %d units are before it", data, start, p.Column, want)
		}
	})
}

// FuzzApply holds Apply to what edits say one at a time, from the end.
func FuzzApply(f *testing.F) {
	f.Add([]byte("one two three"), 1, 2, "x", 5, 9, "y")
	f.Add([]byte("abc"), 0, 0, "x", 3, 3, "")
	f.Fuzz(func(t *testing.T, data []byte, a, b int, x string, c, d int, y string) {
		file := NewFile("f", data)
		edits := []Edit{{Span{a, b}, x}, {Span{c, d}, y}}
		got, err := file.Apply(edits)
		if err != nil {
			return
		}
		want := bytes.Clone(data)
		first, second := edits[0], edits[1]
		if first.Span.Start > second.Span.Start || first.Span.Start == second.Span.Start && first.Span.Len() > 0 && second.Span.Len() == 0 {
			first, second = second, first
		}
		for _, e := range []Edit{second, first} {
			want = []byte(string(want[:e.Span.Start]) + e.New + string(want[e.Span.End:]))
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%q with %v is %q, not %q", data, edits, got, want)
		}
	})
}

func TestMerge(t *testing.T) {
	base := "FROM a\nRUN one\nCOPY . .\nCMD x\n"
	for _, c := range []struct {
		name, ours, theirs, want string
		ok                       bool
	}{
		{"one side", base, "FROM b\nRUN one\nCOPY . .\nCMD x\n", "FROM b\nRUN one\nCOPY . .\nCMD x\n", true},
		{"both, apart", "FROM a\nRUN one\nRUN mine\nCOPY . .\nCMD x\n", "FROM b\nRUN one\nCOPY . .\nCMD y\n", "FROM b\nRUN one\nRUN mine\nCOPY . .\nCMD y\n", true},
		{"the same on both", "FROM b\nRUN one\nCOPY . .\nCMD x\n", "FROM b\nRUN one\nCOPY . .\nCMD x\n", "FROM b\nRUN one\nCOPY . .\nCMD x\n", true},
		{"one line in two ways", "FROM mine\nRUN one\nCOPY . .\nCMD x\n", "FROM b\nRUN one\nCOPY . .\nCMD x\n", "", false},
	} {
		got, ok := Merge([]byte(base), []byte(c.ours), []byte(c.theirs))
		if ok != c.ok || string(got) != c.want {
			t.Errorf("%s: %q %v", c.name, got, ok)
		}
	}
}
