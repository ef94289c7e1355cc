package shell

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// FuzzParse holds that no program makes the analysis panic, and that every
// span lies in its program.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range ar.Files {
			if filepath.Ext(file.Name) == ".sh" {
				f.Add(file.Data, false)
				f.Add(file.Data, true)
			}
		}
	}
	for _, s := range hostile() {
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

// hostile are programs made to cost more than they are worth.
func hostile() []string {
	const n = 200_000
	var list []string
	for _, unit := range []string{
		"(", "$(", "{ ", "${a:-", "$((1+", "if ", "while ", "a|", "a&&", "a||", "a;", "`", "\"$(", "a[", "[[ ", "[[ ! ", "time ", "coproc ", "f()\n", "function f ", "case x in ", "! ", "((-", "$[", "<<A ", "x=$x$x;",
		"echo $x ", "a=(", "${a#", "{a,b}", "esac ", "\\\n", "'", "\"", "#", "eval 'echo hi';", "sh -c 'a';", "f() { f; f; };f;", "\x00", "\xff", "for i in 1 2 3; do ", "trap 'a' TERM;", "[ a = b -o ",
	} {
		list = append(list, strings.Repeat(unit, 300), strings.Repeat(unit, n/len(unit)))
	}
	var calls strings.Builder
	for i := range 40 {
		fmt.Fprintf(&calls, "f%d() { f%d; f%d; f%d; }\n", i, i+1, i+1, i+1)
	}
	double := "x=aaaaaaaaaaaaaaaa\n" + strings.Repeat("x=$x$x\n", 60) + strings.Repeat("echo $x ${x#a*b} ${x//a/bbbb} \"$x$x\"\n", 2000)
	loops := strings.Repeat("for i in 1 2 3 4 5 6 7 8 9; do ", 30) + "echo $i" + strings.Repeat("; done", 30)
	inner := "echo hi"
	for range 12 {
		inner = fmt.Sprintf("sh -c %q", inner)
	}
	words := "x='" + strings.Repeat("a ", 30_000) + "'\n" + strings.Repeat("echo $x\n", 3000)
	cases := "x=" + strings.Repeat("a", 60_000) + "\n" + strings.Repeat("case $x in "+strings.Repeat("*a", 500)+"b) echo;; esac\n", 200)
	return append(list, calls.String()+"f0", double, loops, inner, words, cases)
}

// TestHostile holds that such programs end soon. The bound is generous: it is
// there to find what grows faster than the program, not to measure.
func TestHostile(t *testing.T) {
	for _, src := range hostile() {
		for _, shell := range []string{"sh", "bash"} {
			start := time.Now()
			in := Input{Src: []byte(src), Shell: shell}
			s := Parse(in)
			s.Effects().Kept()
			s.Endings()
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("%v for %d bytes beginning with %q in %s", d, len(src), src[:min(len(src), 40)], shell)
			}
		}
	}
}

// program is a RUN of the common kind, n times over.
func program(n int) []byte {
	const one = `apt-get update && apt-get install -y --no-install-recommends gcc "libpq-dev=15.*" ca-certificates ; rm -rf /var/lib/apt/lists/*
if [ "$DEVEL" = yes ]; then pip install --no-cache-dir -r requirements.txt; else npm ci --omit=dev | tee /log; fi
echo "$HOME is ${HOME:-/root}" >> /etc/profile ; mkdir -p /app && chown -R app:app /app
`
	return []byte(strings.Repeat(one, n))
}

func BenchmarkParser(b *testing.B) {
	src := program(1)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := parseAs(src, false); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAll(b *testing.B) {
	src := program(1)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		Parse(Input{Src: src}).Effects().Kept()
	}
}

func BenchmarkLong(b *testing.B) {
	src := program(2500)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		Parse(Input{Src: src}).Effects().Kept()
	}
}
