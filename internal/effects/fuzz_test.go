package effects

import (
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/shell/shelltest"
	"github.com/dockworthy/dockworthy/text"
)

// FuzzOf holds that the effects of no program make the analysis panic, and that
// every span lies in its program.
func FuzzOf(f *testing.F) {
	for _, src := range shelltest.Seeds(f, "testdata", "../shell/testdata") {
		f.Add(src, false)
		f.Add(src, true)
	}
	for _, s := range shelltest.Hostile() {
		if len(s) < 10_000 {
			f.Add([]byte(s), true)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, bash bool) {
		in := shell.Input{Watch: packages.Settings, Src: src, Base: 7, Lookup: func(n string) (string, bool) { return "a b*", len(n)%2 == 0 }}
		if bash {
			in.Shell = "bash"
		}
		checkSpans(t, in, shell.Parse(in))
	})
}

// checkSpans holds for every program: packages, users and groups stand in it.
func checkSpans(t testing.TB, in shell.Input, s *shell.Script) {
	t.Helper()
	all := text.Span{Start: in.Base, End: in.Base + len(in.Src)}
	check := func(what string, sp text.Span) {
		if sp.IsZero() {
			return
		}
		if sp.Start > sp.End || !all.Contains(sp) {
			t.Errorf("span %v of %s is outside %v of %q", sp, what, all, in.Src)
		}
	}
	e := Of(s)
	for _, i := range e.Installs {
		for _, p := range i.Packages {
			check("package "+p.Name, p.Span)
		}
	}
	e.Kept()
	for _, c := range s.Commands {
		packages.Compiles(c)
	}
	s.Endings()
}

// TestHostile holds that such programs end soon. The bound is generous: it is
// there to find what grows faster than the program, not to measure.
func TestHostile(t *testing.T) {
	for _, src := range shelltest.Hostile() {
		for _, name := range []string{"sh", "bash"} {
			start := time.Now()
			s := shell.Parse(shell.Input{Src: []byte(src), Watch: packages.Settings, Shell: name})
			Of(s).Kept()
			s.Endings()
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("%v for %d bytes beginning with %q in %s", d, len(src), src[:min(len(src), 40)], name)
			}
		}
	}
}

func BenchmarkAll(b *testing.B) {
	src := shelltest.Common(1)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		Of(shell.Parse(shell.Input{Src: src, Watch: packages.Settings})).Kept()
	}
}

func BenchmarkLong(b *testing.B) {
	src := shelltest.Common(2500)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		Of(shell.Parse(shell.Input{Src: src, Watch: packages.Settings})).Kept()
	}
}
