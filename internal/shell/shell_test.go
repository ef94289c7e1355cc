package shell

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy/text"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

// TestCases runs testdata/*.txtar. A program NAME.sh, with the variables in
// NAME.env, is described by NAME.commands and NAME.endings, whichever are
// there.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			env := map[string]string{}
			var s *Script
			var in Input
			for i, f := range ar.Files {
				var got string
				switch filepath.Ext(f.Name) {
				case ".env":
					env = variables(f.Data)
					continue
				case ".sh":
					known := env
					env = map[string]string{}
					in = Input{Src: []byte(strings.TrimSuffix(string(f.Data), "\n")), Base: 1000, Shell: known["SHELL"], Dir: known["PWD"], Lookup: func(n string) (string, bool) {
						v, ok := known[n]
						return v, ok
					}}
					s = Parse(in)
					checkSpans(t, in, s)
					continue
				case ".commands":
					got = commandLines(s)
				case ".endings":
					got = endingLines(s)
				default:
					t.Fatalf("%s: unknown kind", f.Name)
				}
				if *update {
					if got != string(f.Data) {
						t.Logf("%s was:\n%sis:\n%s", f.Name, f.Data, got)
					}
					ar.Files[i].Data = []byte(got)
				} else if got != string(f.Data) {
					t.Errorf("%s:\n%s\ngot:\n%s\nwant:\n%s", f.Name, in.Src, got, f.Data)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func variables(data []byte) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(string(data)) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		m[k] = v
	}
	return m
}

// checkSpans holds for every program: spans lie in it, words lie in their
// command unless they come from elsewhere.
func checkSpans(t testing.TB, in Input, s *Script) {
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
	for _, c := range s.Commands {
		check("command", c.Span)
		for _, w := range c.Words {
			check("word "+w.Text, w.Span)
		}
		for _, a := range c.Assigns {
			check("assignment "+a.Name, a.Span)
		}
		for _, r := range c.Redirects {
			check("redirection "+r.Op, r.Span)
			check("here-document", r.Body.Span)
		}
		if len(c.Args()) > len(c.Words) {
			t.Errorf("more arguments than words: %q", in.Src)
		}
	}
	for _, tr := range s.Traps {
		check("trap", tr.Span)
	}
	s.Endings()
}

func wordText(w Word) string {
	if w.Known {
		return w.Text
	}
	return w.Text + "?"
}

func texts(words []Word) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = wordText(w)
		if strings.ContainsAny(w.Text, " \n") || w.Text == "" {
			out[i] = fmt.Sprintf("%q", w.Text)
		}
	}
	return strings.Join(out, " ")
}

func commandLines(s *Script) string {
	var b strings.Builder
	if s.Err != nil {
		fmt.Fprintln(&b, "error")
	}
	for _, c := range s.Commands {
		fmt.Fprintf(&b, "%s:", c.When)
		for _, a := range c.Assigns {
			if len(c.Words) == 0 || !isDeclaration(c.Words[0].Text) {
				fmt.Fprintf(&b, " %s=%s", a.Name, wordText(a.Value))
			}
		}
		if len(c.Words) > 0 {
			fmt.Fprintf(&b, " %s", texts(c.Words))
		}
		for _, r := range c.Redirects {
			fmt.Fprintf(&b, " %d%s%s", r.Fd, r.Op, wordText(r.Target))
		}
		if len(c.Words) > 0 && c.Program() != c.Words[0].Text {
			fmt.Fprintf(&b, " {%s: %s}", c.Program(), texts(c.Args()))
		}
		for _, f := range []struct {
			on   bool
			name string
		}{{c.Exec, "exec"}, {c.Background, "background"}, {c.Negated, "negated"}, {c.Substitution, "substitution"}, {c.Inner, "inner"}, {c.Ignored, "ignored"}, {c.PipeFrom != nil, "piped"}, {c.Func != "", "func:" + c.Func}, {c.Dir != "", "dir:" + c.Dir}} {
			if f.on {
				fmt.Fprintf(&b, " (%s)", f.name)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

type on struct {
	is   bool
	name string
}

func endingLines(s *Script) string {
	var b strings.Builder
	ends, ok := s.Endings()
	for _, e := range ends {
		fmt.Fprintf(&b, "%s:", e.When)
		if e.Command != nil {
			fmt.Fprintf(&b, " %s", texts(e.Command.Words))
		}
		if e.Exit && e.Prev != nil {
			fmt.Fprintf(&b, " after %s", texts(e.Prev.Words))
		}
		for _, f := range []on{{e.Exec, "exec"}, {e.Exit, "exit " + e.Code}, {e.Wait, "wait"}, {e.Loop, "loop"}, {e.Falls, "falls"}, {e.Command != nil && e.Command.Background, "background"}} {
			if f.is {
				fmt.Fprintf(&b, " (%s)", f.name)
			}
		}
		b.WriteByte('\n')
	}
	for _, t := range s.Traps {
		fmt.Fprintf(&b, "trap %q on %s\n", t.Handler.Text, strings.Join(t.Signals, " "))
	}
	if !ok {
		b.WriteString("not sure\n")
	}
	return b.String()
}
