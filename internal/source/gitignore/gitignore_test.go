package gitignore

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func TestIgnored(t *testing.T) {
	fsys := fstest.MapFS{
		".gitignore":     {Data: []byte("# build\n/dist\n*.log\n!keep.log\nvendor/\ndocs/**/draft\nfoo[0-9]\n\\#x\n")},
		"sub/.gitignore": {Data: []byte("!dist\nlocal\n")},
	}
	entries, _ := fsys.ReadDir(".")
	var none *Stack
	top := none.Enter(fsys, ".", entries)
	entries, _ = fsys.ReadDir("sub")
	sub := top.Enter(fsys, "sub", entries)
	for _, tt := range []struct {
		s    *Stack
		path string
		dir  bool
		want bool
	}{
		{none, "a.log", false, false},
		{top, "Dockerfile", false, false},
		{top, "dist", true, true},
		{top, "sub/dist", true, false},
		{top, "a/b.log", false, true},
		{top, "a/keep.log", false, false},
		{top, "vendor", false, false},
		{top, "x/vendor", true, true},
		{top, "docs/a/b/draft", false, true},
		{top, "foo7", false, true},
		{top, "foox", false, false},
		{top, "#x", false, true},
		{sub, "sub/local", false, true},
		{top, "local", false, false},
		{For(fsys, "sub"), "sub/x.log", false, true},
	} {
		if got := tt.s.Ignored(tt.path, tt.dir); got != tt.want {
			t.Errorf("%s (dir %v): %v, want %v", tt.path, tt.dir, got, tt.want)
		}
	}
}

// What a table or a glance at both ends decides is what the pattern as an
// expression decides.
func TestSameAsExpression(t *testing.T) {
	patterns := []string{"a", "/a", "a/b", "**/a", "**/a/b", "a/**", "a/**/b", "*.log", "a*", "*a*", "?b", "[ab]c", "[!a]b", "[a-c]", "a[bc]", "[ab]x]", `\a`, `a\*`, `a\ `, "*", "**", "a?c", "x[", "[]a]", "/*.log", "a/*/b", "**/*.a[bc]", "[Aa][Bb]", "*.[oa]", "é*"}
	paths := []string{"a", "b", "ab", "a/b", "x/a", "x/a/b", "a/x/b", "a/x/y/b", "x.log", "a/x.log", "bc", "ac", "abc", "[ab", "ax]", "a*", "a ", "x[", "]a]", "AB", "x.o", "q/x.ab", "éa", "c"}
	for _, line := range patterns {
		r, _ := parse(line + "\n")
		old := line
		if !strings.Contains(old, "/") {
			old = "**/" + old
		}
		re, err := regexp.Compile(expression(strings.TrimPrefix(old, "/")))
		for _, p := range paths {
			got, _ := r.last(p, path.Base(p), true, &tries{left: 1 << 20})
			if want := err == nil && re.MatchString(p); want != (got > 0) {
				t.Errorf("%q on %q: %v, want %v", line, p, got > 0, want)
			}
		}
	}
}

// A repository of the size that people work in, with the .gitignore that its
// template brings, is matched far within the limit.
func TestOrdinaryRepositories(t *testing.T) {
	var lines strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, "name%d/\n/top/of/it%d\n*.x%d\n[Bb]uild%d/\n!some/folder%d/*.zip\n*_%d.[Cc]ache\n", i, i, i, i, i, i)
	}
	fsys := fstest.MapFS{".gitignore": {Data: []byte(lines.String())}}
	entries, _ := fsys.ReadDir(".")
	var s *Stack
	s = s.Enter(fsys, ".", entries)
	at := s.tries.left
	for i := range 10_000 {
		s.Ignored(fmt.Sprintf("application/src/main/resources/Bundle/of/theme-%d/values.yaml", i), i%2 == 0)
	}
	if s.Beyond() || s.tries.left < at {
		t.Errorf("%v, %d tries left of %d", s.Beyond(), s.tries.left, at)
	}
}
