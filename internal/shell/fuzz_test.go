package shell

import (
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/shell/shelltest"
)

// FuzzParse holds that no program makes the analysis panic, and that every
// span lies in its program.
func FuzzParse(f *testing.F) {
	for _, src := range shelltest.Seeds(f, "testdata", "../effects/testdata") {
		f.Add(src, false)
		f.Add(src, true)
	}
	for _, s := range shelltest.Hostile() {
		if len(s) < 10_000 {
			f.Add([]byte(s), true)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, bash bool) {
		in := Input{Src: src, Base: 7, Lookup: func(n string) (string, bool) { return "a b*", len(n)%2 == 0 }}
		if bash {
			in.Shell = "bash"
		}
		checkSpans(t, in, Parse(in))
	})
}

// TestHostile holds that such programs end soon. The bound is generous: it is
// there to find what grows faster than the program, not to measure.
func TestHostile(t *testing.T) {
	for _, src := range shelltest.Hostile() {
		for _, shell := range []string{"sh", "bash"} {
			start := time.Now()
			in := Input{Src: []byte(src), Shell: shell}
			s := Parse(in)
			s.Endings()
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("%v for %d bytes beginning with %q in %s", d, len(src), src[:min(len(src), 40)], shell)
			}
		}
	}
}

func BenchmarkParser(b *testing.B) {
	src := shelltest.Common(1)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := parseAs(src, false); err != nil {
			b.Fatal(err)
		}
	}
}
