package ignore

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/dockworthy/dockworthy/text"
)

func parse(s string) *List { return Parse(text.NewFile(".dockerignore", []byte(s))) }

func TestNoFileExcludesNothing(t *testing.T) {
	var l *List
	if !l.Empty() || l.Err() != nil || l.Match("a", false) != (Decision{}) || l.MayReinclude("a") || l.AllowList() || l.Patterns() != nil {
		t.Error("a nil List has an opinion")
	}
	if Parse(nil) != nil {
		t.Error("no file is a nil List")
	}
	for _, s := range []string{"", "\n\n", "# only\n#comments\n", "\xef\xbb\xbf# bom\n", "   \n\t\n"} {
		if !parse(s).Empty() {
			t.Errorf("%q is not empty", s)
		}
	}
}

func TestPatternsAndPlaces(t *testing.T) {
	src := "\xef\xbb\xbf/node_modules/\r\n # not a comment\n#comment\n\n  ! /src/../lib \r\n.git # trailing\n./a//b"
	want := []string{
		`node_modules "/node_modules/"`,
		`# not a comment "# not a comment"`,
		`!lib "! /src/../lib"`,
		`.git # trailing ".git # trailing"`,
		`a/b "./a//b"`,
	}
	l := parse(src)
	if l.Err() != nil {
		t.Fatal(l.Err())
	}
	for n, p := range l.Patterns() {
		got := fmt.Sprintf("%s %q", p.Text, p.Raw)
		if p.Negated {
			got = "!" + got
		}
		if n >= len(want) || got != want[n] {
			t.Errorf("pattern %d is %s", n, got)
		}
		if l.File.Text(p.Span) != p.Raw {
			t.Errorf("span of %s holds %q", p.Raw, l.File.Text(p.Span))
		}
	}
	if len(l.Patterns()) != len(want) {
		t.Errorf("%d patterns", len(l.Patterns()))
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct{ file, path, by string }{ // by "": no pattern; "!x": let in by x
		{"node_modules", "web/node_modules", ""},
		{"*.md", "docs/a.md", ""},
		{".git", ".github/x", ""},
		{"**", ".", ""},
		{".git", ".git/config", ".git"},
		{".git*", ".gitignore", ".git*"},
		{"**/node_modules", "web/node_modules/a/b.js", "**/node_modules"},
		{"**/node_modules", "node_modules", "**/node_modules"},
		{"**/*.pyc", "a/b/c.pyc", "**/*.pyc"},
		{"*", ".env", "*"},
		{"*/temp*", "a/temporary.txt", "*/temp*"},
		{"temp?", "tempa", "temp?"},
		{"*\n!src", "src/main.go", "!src"},
		{"**\n!/x", "x/y", "!/x"},
		{"**\n!/x", "y/x", "**"},
		{"!src\n*", "src/a", "*"},
		{"*\n!src\nsrc/secret", "src/secret/key", "src/secret"},
		{"docs/**", "docs/a", "docs/**"},
		{"docs/", "docs/a", "docs/"},
		{"*.{js,ts}", "a.js", ""},
		{"*.bak|*.tmp", "a/b.tmp", "*.bak|*.tmp"}, // the builder escapes no "|"
	} {
		d := parse(c.file).Match(c.path, false)
		got := ""
		if d.By != nil {
			got = d.By.Raw
			if d.Excluded == d.By.Negated {
				t.Errorf("%q on %s: excluded %v by %s", c.file, c.path, d.Excluded, got)
			}
		}
		if got != c.by {
			t.Errorf("%q on %s: by %q, want %q", c.file, c.path, got, c.by)
		}
	}
}

func TestErr(t *testing.T) {
	for _, s := range []string{"a[b-c]", "!x", "**", "a^b", "x]"} {
		if err := parse(s).Err(); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"ok\n[", "!", "!/", "a\\", "a[", strings.Repeat("x", 70000)} {
		l := parse(s)
		if l.Err() == nil || l.Empty() || !strings.Contains(l.Err().Error(), ".dockerignore: line ") {
			t.Errorf("%.20q: %v", s, l.Err())
		}
	}
}

func TestMayReinclude(t *testing.T) {
	for _, c := range []struct {
		file, dir string
		want      bool
	}{
		{"node_modules", "node_modules", false},
		{"*\n!src", "docs", false},
		{"*\n!src/a", "src/b", false},
		{"!.git/x\n.git", ".git", false},
		{"*\n!src/a/b", "src/a/b/c", true},
		{"*\n!src/a", "src", true},
		{"*\n!**/keep", "docs", true},
		{".git\n!.git/HEAD", ".git", true},
		{"*\n!*/keep", "docs", true},
		{"**/.git\n!sub/.git/refs", "sub/.git", true},
	} {
		if got := parse(c.file).MayReinclude(c.dir); got != c.want {
			t.Errorf("%q in %s: %v", c.file, c.dir, got)
		}
	}
}

func TestAllowList(t *testing.T) {
	for _, s := range []string{"", "node_modules\n.git", "!src\n*", "*.md", "*/*", ".*"} {
		if parse(s).AllowList() {
			t.Errorf("%q is no allow-list", s)
		}
	}
	for _, s := range []string{"*\n!src", "**\n!src", "/*\n!src", "**/*\n!src", "# c\n.*\n*\n!src", "./*"} {
		if !parse(s).AllowList() {
			t.Errorf("%q is an allow-list", s)
		}
	}
}

// FuzzMatch holds this package and moby/patternmatcher together.
func FuzzMatch(f *testing.F) {
	for _, s := range []string{
		"*\n!src", "**/node_modules\n!a/node_modules", "**.pyc", "a/**/b", "a/**", "**/*", "a?c", "[a-c]/x", "\\*", "a^b*", "!!x", "/ x",
		"**/a/*.txt\n!**/a/k.txt", "*/*/c", "***", "**/**/x", "a**b", ".*", "**/.git", "é*", "\xff*", "\ufeff*a", "a.*+b", "**a*", "a\\/b", "! x", "0*|", "a{1,2}*", "*.{js,ts}",
	} {
		for _, p := range []string{"a", "a/b/c", "src/main.go", "a/node_modules/x", ".git/config", "x.pyc", "a/x/y/b", "a\nb/c.pyc", "é/x", "\xff"} {
			f.Add(s, p)
		}
	}
	f.Fuzz(func(t *testing.T, file, name string) {
		if strings.ContainsAny(file, "\x00\ufeff") || strings.HasPrefix(name, "/") {
			t.Skip("patternmatcher's scanner complains of NUL on stderr and loses a byte order mark; a context has no absolute paths")
		}
		l := parse(file)
		for _, p := range l.Patterns() {
			if err := l.File.Check(p.Span); err != nil || l.File.Text(p.Span) != p.Raw {
				t.Fatalf("span of %q: %v", p.Raw, err)
			}
		}
		lines, err := ignorefile.ReadAll(bytes.NewReader([]byte(file)))
		if err != nil {
			if l.Err() == nil {
				t.Fatalf("moby refuses the file: %v", err)
			}
			return
		}
		want, err := patternmatcher.MatchesOrParentMatches(name, lines)
		if err != nil {
			if l.Err() == nil {
				t.Fatalf("moby refuses: %v", err)
			}
			return
		}
		if l.Err() != nil {
			return // moby compiles a pattern only when it comes to it
		}
		if got := l.Match(name, false); got.Excluded != want {
			t.Fatalf("%q on %q: %v, moby says %v", lines, name, got.Excluded, want)
		}
		// A folder that a walk would skip must hold nothing that is sent.
		for at := range len(name) {
			if name[at] == '/' && at > 0 {
				if dir := name[:at]; l.Match(dir, true).Excluded && !l.MayReinclude(dir) && !want {
					t.Fatalf("%q: %q is skipped, but %q is sent", lines, dir, name)
				}
			}
		}
	})
}

var typical = "*.md\n.git\n.gitignore\n**/node_modules\n**/__pycache__\n**/*.pyc\n.env\n.env.*\n!.env.example\nvenv\n.venv\ndist/\nbuild/**\n" +
	"docs\n**/.DS_Store\ncoverage\n*.log\ntests/**/fixtures\nDockerfile*\ndocker-compose*.yml\n"

func BenchmarkMatch(b *testing.B) {
	l := parse(typical)
	b.ReportAllocs()
	for range b.N {
		l.Match("src/app/handlers/users/create_user_test.go", false)
	}
}
