package dockerfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy/text"
)

// check holds a parsed file against the promises of the package: the joined
// text is the parser's, spans lie in the file and in order, and the spans with
// what lies between them are the file.
func check(t *testing.T, data []byte) *File {
	t.Helper()
	src := text.NewFile("Dockerfile", data)
	f, err := Parse(src)
	ours := err == nil
	if theirs := buildkitAccepts(data); ours != theirs {
		t.Fatalf("we accept: %v (%v); BuildKit accepts: %v\n%q", ours, err, theirs, data)
	}
	if err != nil {
		return nil
	}
	var rebuilt strings.Builder
	at := 0
	for _, in := range f.Instructions {
		if err := src.Check(in.Span); err != nil {
			t.Fatal(err)
		}
		if in.Span.Start < at {
			t.Fatalf("%s at %d overlaps what ends at %d", in.Keyword, in.Span.Start, at)
		}
		rebuilt.WriteString(src.Text(text.Span{Start: at, End: in.Span.Start}))
		rebuilt.WriteString(src.Text(in.Span))
		at = in.Span.End
		if got := in.Joined(); got != in.node.Original {
			t.Fatalf("joined %q, the parser read %q", got, in.node.Original)
		}
		if kw := src.Text(in.KeywordSpan()); !strings.EqualFold(kw, in.Keyword) && !strings.Contains(kw, "\n") {
			t.Fatalf("keyword %q stands at %q", in.Keyword, kw)
		}
		for _, fl := range in.Flags() {
			if err := src.Check(fl.Span); err != nil || !in.Span.Contains(fl.Span) {
				t.Fatalf("flag %v: %v", fl, err)
			}
		}
		for _, w := range in.Words() {
			if err := src.Check(w.Span); err != nil || !in.Span.Contains(w.Span) {
				t.Fatalf("word %v of %s: %v", w, in.Keyword, err)
			}
		}
		for _, h := range in.Heredocs() {
			if err := src.Check(h.Body); err != nil || !in.Span.Contains(h.Body) {
				t.Fatalf("heredoc %v of %s: %v", h, in.Keyword, err)
			}
		}
		if m, ok := in.Masked(); ok {
			if m.Base < in.Span.Start || m.Base+len(m.Src) > len(data) {
				t.Fatalf("masked %s: %d+%d outside", in.Keyword, m.Base, len(m.Src))
			}
		}
		if in.Trigger != nil {
			in.Trigger.Words()
			in.Trigger.Flags()
			in.Trigger.Masked()
			if err := src.Check(in.Trigger.Span); err != nil {
				t.Fatal(err)
			}
		}
	}
	rebuilt.WriteString(src.Text(text.Span{Start: at, End: len(data)}))
	if rebuilt.String() != string(data) {
		t.Fatal("spans and trivia do not rebuild the file")
	}
	for _, c := range f.Comments {
		if err := src.Check(c.Span); err != nil || src.Data[c.Span.Start] != '#' {
			t.Fatalf("comment %v: %v", c, err)
		}
	}
	return f
}

// buildkitAccepts is what the builder's own parsers say, and the builder's
// demand that there is a stage.
func buildkitAccepts(data []byte) bool {
	res, err := parser.Parse(strings.NewReader(string(data)))
	if err != nil {
		return false
	}
	stages, _, err := instructions.Parse(res.AST, nil)
	return err == nil && len(stages) > 0
}

var shapes = []string{
	"FROM alpine:3.21\n",
	"\xef\xbb\xbfFROM alpine:3.21\r\nRUN echo a \\\r\n  # note\r\n\r\n  b\r\n",
	"# escape=`\nFROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nRUN dir `\n  C:\\\n",
	"FROM a AS b\n  run <<EOF\necho USER root\nEOF\nCOPY <<-'X' <<Y /d/\n\tone\n\tX\ntwo\nY\nUSER 1\n",
	"FROM a\nRUN a \\  \n b\\\nc && d\nENV A=b\\ c D=\"e f\" \\\n   # c\n   G='h'\n",
	"ARG V=1\nFROM a:$V\nONBUILD RUN x \\\n y\nHEALTHCHECK --interval=3s CMD [\"a\", \"b\\\"c\"]\nCMD ['a']\n",
	"FROM a\nRUN --mount=type=bind,target=. --network=none \\\n --security=insecure  x\n",
	"FROM a\nRUN <<EOF cat\nx\nEOF\nENTRYPOINT [\"é\", \"ü\"]\nEXPOSE 80 443/tcp\n",
	"FROM a\nRUN x \\\n\\\n y",
	"RUN x\nFROM a\n", "", "#only\n", "FROM\n", "FROM a\nRUNN x\n", "\x00\x01", "\xff\xfeF\x00",
	"FROM a\nRUN <<EOF\nnever ends\n",
	"FROM a\nCOPY a \\\nb c \\\n\n\n d\n\\\nUSER x\n",
}

func TestPromises(t *testing.T) {
	for _, s := range shapes {
		check(t, []byte(s))
	}
	paths, err := filepath.Glob("../../rules/*/testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(data).Files {
			if strings.HasPrefix(filepath.Base(f.Name), "Dockerfile") && !strings.HasSuffix(f.Name, ".dockerignore") {
				check(t, f.Data)
			}
		}
	}
}

// TestCorpus holds the promises on the Dockerfiles under DOCKWORTHY_CORPUS, a
// folder of other people's projects, where there is one.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("DOCKWORTHY_CORPUS")
	n, refused := 0, 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		name := strings.ToLower(filepath.Base(path))
		if err != nil || d.IsDir() || dir == "" || !strings.Contains(name, "dockerfile") || strings.HasSuffix(name, "ignore") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		n++
		if check(t, data) == nil {
			refused++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d of which BuildKit refuses and so do we", n, refused)
}

func FuzzParse(f *testing.F) {
	for _, s := range shapes {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data) })
}

func TestPlaces(t *testing.T) {
	f := check(t, []byte("# syntax=docker/dockerfile:1\nFROM a\nCOPY --from=b  x \\\n   # why\n   y /z/\n"))
	if d := f.Directives[0]; f.Text(d.Span) != "docker/dockerfile:1" || d.Name != "syntax" {
		t.Errorf("directive %v", d)
	}
	cp := f.Instructions[1]
	var got []string
	for _, w := range cp.Words() {
		got = append(got, f.Text(w.Span))
	}
	if strings.Join(got, "|") != "x|y|/z/" {
		t.Errorf("words %q", got)
	}
	if fl, _ := cp.Flag("from"); f.Text(fl.Span) != "--from=b" {
		t.Errorf("flag at %q", f.Text(fl.Span))
	}
	if len(f.Comments) != 1 || f.Comments[0].Text != "why" || f.Comments[0].Line != 4 {
		t.Errorf("comments %v", f.Comments)
	}
}

func TestMaskedKeepsPlaces(t *testing.T) {
	src := "FROM a\nRUN --mount=type=cache,target=/x apt-get \\\n  # tools\n  install g\\\ncc\n"
	f := check(t, []byte(src))
	m, ok := f.Instructions[1].Masked()
	if !ok {
		t.Fatal("a shell form has a program")
	}
	if len(m.Src) != len(src)-1-m.Base {
		t.Errorf("masked has %d bytes", len(m.Src))
	}
	if got := strings.Join(strings.Fields(string(m.Src)), " "); got != "apt-get install g\\ cc" {
		t.Errorf("masked %q", got)
	}
	if i := strings.Index(string(m.Src), "install"); src[m.Base+i:m.Base+i+7] != "install" {
		t.Error("masked bytes moved")
	}
}

func TestErrorsNameTheWayOut(t *testing.T) {
	for src, want := range map[string]string{
		"":                           "empty",
		"FROM a\nRUNN x\n":           "did you mean",
		"RUN x\n":                    "before the first FROM",
		"ARG a\n":                    "no FROM",
		"FROM a\nRUN <<E\nx\n":       "delimiter",
		"\xff\xfeF\x00R\x00":         "UTF-16",
		"\x7fELF\x00\x00\x00 nope\n": "binary",
	} {
		_, err := Parse(text.NewFile("Dockerfile", []byte(src)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", src, err, want)
		}
	}
}
