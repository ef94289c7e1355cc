package shell

import (
	"fmt"
	"strings"
	"testing"
)

// TestConnectors holds how commands hang together: what stands before each and
// behind it, "." for nothing.
func TestConnectors(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"a", ".a."},
		{"a; b\nc", ".a; ;b; ;c."},
		{"a && b || c", ".a&& &&b|| ||c."},
		{"a | b && c", ".a| |b&& &&c."},
		{"a & b", ".a& &b."},
		{"a || { b; c; } && d", ".a|| ||b; ;c&& &&d."},
		{"a && (b; c) | d", ".a&& &&b; ;c| |d."},
		{"a || if b; then c; else d; fi; e", ".a|| ||b. ;c. ;d. ;e."},
		{"a || case x in x) b;; esac", ".a|| ||b."},
		{"a || for i in 1 2; do b $i; done", ".a|| ||b. ;b."},
		{"a && while b; do c; done; d", ".a&& &&b. ;c; ;d."},
		{"a && b $(c; d)", ".a&& &&c; ;d. &&b."},
		{"a && f() { b || c; }; f; d", ".a&& ;f; .b|| ||c. ;d."},
		{"a && sh -c 'b || c'; d", ".a&& &&sh; .b|| ||c. ;d."},
		{"a && eval 'b || c'; d", ".a&& &&eval; .b|| ||c. ;d."},
		{"a && { b; } >f; c", ".a&& &&b; &&. ;c."},
		{"! a || b", ".a|| ||b."},
		{"sh -c 'a && b' && c", ".sh&& .a&& &&b. &&c."},
	} {
		s := Parse(Input{Src: []byte(c.src)})
		var list []string
		for _, cmd := range s.Commands {
			list = append(list, fmt.Sprintf("%s%s%s", dot(cmd.Before), cmd.Program(), dot(cmd.After)))
		}
		if got := strings.Join(list, " "); got != c.want {
			t.Errorf("%q: %s, want %s", c.src, got, c.want)
		}
	}
}

func dot(c Connector) string {
	if c == None {
		return "."
	}
	return c.String()
}

// TestOptions holds where set -e (e) and set -o pipefail (p) are in force.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		src, want string
		in        []string
	}{
		{src: "a; set -e; b; set +e; c", want: "a set b:e set:e c"},
		{src: "set -euo pipefail; a | b", want: "set a:ep b:ep"},
		{src: "set -o errexit -o pipefail; a", want: "set a:ep"},
		{src: "set -x -- -e; a", want: "set a"},
		{src: "set -e -- x; a $1", want: "set a:e"},
		{src: "(set -e; a); b", want: "set a:e b"},
		{src: "set -e; (set +e; a); b", want: "set set:e a b:e"},
		{src: "if x; then set -e; fi; a", want: "x set a"},
		{src: "set -e; if x; then set +e; fi; a", want: "set x:e set:e a"},
		{src: "if x; then set -e; else set -e; fi; a", want: "x set set a:e"},
		{src: "set -e; while x; do a; set +e; done; b", want: "set x a set b"},
		{src: "f() { set -e; }; f; a", want: "f set a:e"},
		{src: "eval 'set -e'; a", want: "eval set a:e"},
		{src: "set -e; sh -c 'a'; b", want: "set sh:e a b:e"},
		{src: "bash -euo pipefail -c 'a | b'; c", want: "bash a:ep b:ep c"},
		{src: "set -e $X; a", want: "set a"},
		{src: "a", in: []string{"-o", "pipefail", "-c"}, want: "a:p"},
		{src: "a; set +o pipefail; b", in: []string{"-eo", "pipefail", "-c"}, want: "a:ep set:ep b:e"},
		{src: "a", in: []string{"--login", "-O", "extglob", "-e"}, want: "a:e"},
		{src: "a", in: []string{"script.sh", "-e"}, want: "a"},
	} {
		var list []string
		for _, cmd := range Parse(Input{Src: []byte(c.src), Options: OptionsOf(c.in)}).Commands {
			s := cmd.Program()
			if cmd.Errexit || cmd.Pipefail {
				s += ":"
			}
			if cmd.Errexit {
				s += "e"
			}
			if cmd.Pipefail {
				s += "p"
			}
			list = append(list, s)
		}
		if got := strings.Join(list, " "); got != c.want {
			t.Errorf("%q %q: %s, want %s", c.in, c.src, got, c.want)
		}
	}
}
