package gitignore

import (
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
