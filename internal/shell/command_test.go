package shell

import (
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy/text"
)

func TestZero(t *testing.T) {
	var w When
	if w != Maybe {
		t.Error("the zero When is not Maybe")
	}
	s := Parse(Input{})
	if s == nil || s.Err != nil || len(s.Commands) != 0 {
		t.Errorf("an empty program is %+v", s)
	}
	if p := new(Command).Program(); p != "" {
		t.Errorf("the zero command runs %q", p)
	}
}

// TestSpans holds that words are found where they stand, in inner programs,
// too, as long as their text stands in the file byte for byte.
func TestSpans(t *testing.T) {
	const base = 100
	for _, c := range []struct{ src, word, want string }{
		{"apt-get install gcc", "gcc", "gcc"},
		{"D='gcc make'; apk add $D", "make", "$D"},
		{"apk add \"gcc\"", "gcc", `"gcc"`},
		{"sh -c 'apk add gcc'", "gcc", "gcc"},
		{`sh -c "apk add gcc"`, "gcc", "gcc"},
		{`sh -c "apk add \"gcc\""`, "gcc", `"apk add \"gcc\""`},
		{"bash <<'EOF'\napk add gcc\nEOF", "gcc", "gcc"},
		{"bash <<-EOF\n\tapk add gcc\n\tEOF\n", "gcc", "gcc"},
		{"bash <<-EOF\n\tapk add gcc\n\tmake\n\tEOF\n", "gcc", "\tapk add gcc\n\tmake\n\t"},
		{"sh -c 'sh -c \"apk add gcc\"'", "gcc", "gcc"},
		{"apk add \\\n  gcc \\\n  make", "gcc", "gcc"},
		{"f() { apk add gcc; }; f", "gcc", "gcc"},
	} {
		s := Parse(Input{Src: []byte(c.src), Base: base})
		found := ""
		for _, cmd := range s.Commands {
			for _, w := range cmd.Words {
				if w.Text == c.word {
					found = c.src[w.Span.Start-base : w.Span.End-base]
				}
			}
		}
		if found != c.want {
			t.Errorf("%q: %s stands at %q, want %q", c.src, c.word, found, c.want)
		}
	}
}

func TestCommandSpan(t *testing.T) {
	const src = "A=1 cmd x 2>/dev/null >f; y"
	s := Parse(Input{Src: []byte(src)})
	if got := s.Commands[0].Span; got != (text.Span{Start: 0, End: strings.Index(src, ";")}) {
		t.Errorf("span is %v", got)
	}
	if r, ok := s.Commands[0].Redirected(); !ok || r.Target.Text != "f" {
		t.Errorf("redirected to %+v", r)
	}
}

func TestWrapped(t *testing.T) {
	c := Parse(Input{Src: []byte("sudo -E env A=b gosu app /usr/bin/pip install x")}).Commands[0]
	if c.Program() != "gosu" || !c.Wrapped("sudo") || !c.Wrapped("env") || c.Wrapped("gosu") {
		t.Errorf("program %q", c.Program())
	}
	if p, args := c.Underlying(); p != "pip" || len(args) != 2 {
		t.Errorf("underlying %q %v", p, args)
	}
}

func TestPipes(t *testing.T) {
	s := Parse(Input{Src: []byte("a | b | { c; d; } | e")})
	var chain []string
	for c := s.Commands[0]; c != nil; c = c.PipeTo {
		chain = append(chain, c.Program())
		if c.PipeTo == nil && c.Program() == "c" { // d ends the group
			c = s.Commands[3]
			chain = append(chain, c.PipeTo.Program())
			break
		}
	}
	if got := strings.Join(chain, " "); got != "a b c e" {
		t.Errorf("chain is %q", got)
	}
}

func TestSignalled(t *testing.T) {
	for src, want := range map[string]bool{
		"trap 'kill 0' TERM":        true,
		"trap 'kill 0' SIGTERM INT": true,
		"trap stop 15":              true,
		"trap '' TERM":              false,
		"trap - TERM":               false,
		"trap 'rm x' EXIT":          false,
		"false && trap x TERM":      false,
	} {
		if got := Parse(Input{Src: []byte(src)}).Signalled("TERM", "INT"); got != want {
			t.Errorf("%q: %v", src, got)
		}
	}
}

// TestRecursion holds that a function that calls itself is followed once, and
// said to be cut short.
func TestRecursion(t *testing.T) {
	s := Parse(Input{Src: []byte("f() { f; apk add gcc; }; f")})
	if !s.Truncated {
		t.Error("it is not truncated")
	}
	if _, ok := s.Endings(); ok {
		t.Error("its endings are certain")
	}
}
