package knowledge

import (
	"path"
	"testing"
)

// A Glob answers as path.Match does.
func FuzzGlob(f *testing.F) {
	for _, p := range []string{"*", "lib*-dev", "*-dev", "go", "a?c*", "[ab]*", `\*x*`, "a*b*c", "**", "", "a*a"} {
		for _, name := range []string{"", "libx-dev", "lib-dev", "lib/x-dev", "go", "abc", "*x", "aXbYc", "a", "aa"} {
			f.Add(p, name)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		want, _ := path.Match(pattern, name)
		if g := NewGlob(pattern); g.Match(name) != want {
			t.Errorf("%q takes %q: %v, path.Match says %v", pattern, name, !want, want)
		}
	})
}
