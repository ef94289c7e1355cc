// Package shelltest holds programs for the tests of those who read shell programs.
package shelltest

import (
	"fmt"
	"strings"
)

// Hostile are programs made to cost more than they are worth.
func Hostile() []string {
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

// Common is a RUN of the common kind, n times over.
func Common(n int) []byte {
	const one = `apt-get update && apt-get install -y --no-install-recommends gcc "libpq-dev=15.*" ca-certificates ; rm -rf /var/lib/apt/lists/*
if [ "$DEVEL" = yes ]; then pip install --no-cache-dir -r requirements.txt; else npm ci --omit=dev | tee /log; fi
echo "$HOME is ${HOME:-/root}" >> /etc/profile ; mkdir -p /app && chown -R app:app /app
`
	return []byte(strings.Repeat(one, n))
}
