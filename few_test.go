package dockworthy_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// images are FROM lines of so many images.
func images(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "FROM example/i%d:latest\n", i)
	}
	return b.String()
}

// Of what one check finds in a build two hundred are told, and how many more
// there are; a suppressed one is none of them, and of one image once.
func TestFindingsOfOneCheck(t *testing.T) {
	const allow = "# dockworthy: allow pinned-base/latest because it is tested\n"
	for _, c := range []struct {
		name string
		df   string
		told int
		last string // how the help of the last one ends
	}{
		{"as many as are told", images(200), 200, ""},
		{"one more", images(201), 200, "further findings of this check in this build: 1"},
		{"many more", images(1000), 200, "further findings of this check in this build: 800"},
		{"one image", strings.Repeat("FROM alpine:latest\n", 300), 1, ""},
		{"the first ones suppressed", strings.Repeat(allow+"FROM alpine:latest\n", 300) + "FROM alpine:latest\n", 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := dockworthy.Open(fstest.MapFS{"Dockerfile": {Data: []byte(c.df)}}, []string{"."}, source.Options{})
			var told []check.Reported
			err := p.Check(t.Context(), check.Options{}, func(res *check.Result) error {
				for _, f := range res.Findings {
					if f.ID() == "pinned-base/latest" {
						told = append(told, f)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(told) != c.told {
				t.Fatalf("%d findings are told, not %d", len(told), c.told)
			}
			for i, f := range told {
				more := strings.Contains(f.Help, "further findings of this check")
				if more != (i == len(told)-1 && c.last != "") || more && !strings.HasSuffix(f.Help, c.last) {
					t.Errorf("finding %d says %q", i, f.Help)
				}
			}
		})
	}
}
