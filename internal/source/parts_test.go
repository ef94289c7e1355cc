package source

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy/text"
)

func buildOf(t testing.TB, dockerfile string, args map[string]string) *Build {
	t.Helper()
	p := Open(fstest.MapFS{"Dockerfile": {Data: []byte(dockerfile)}}, []string{"."}, Options{BuildArgs: args})
	for _, u := range p.Units {
		if builds, prob := p.Builds(u); prob == nil && len(builds) > 0 {
			return builds[0]
		}
	}
	return nil
}

// shownParts are pieces as VALUE@OFFSET<VAR, or VALUE@-<VAR where they stand nowhere.
func shownParts(parts []Part) string {
	var list []string
	for _, p := range parts {
		s := p.Value + "@-"
		if !p.Span.IsZero() {
			s = fmt.Sprintf("%s@%d", p.Value, p.Span.Start)
		}
		if p.Var != nil {
			s += "<" + p.Var.Name
		}
		list = append(list, s)
	}
	return strings.Join(list, " ")
}

func TestParts(t *testing.T) {
	for _, c := range []struct{ src, args, want string }{
		{"FROM alpine:3.21\n", "", "alpine:3.21@5"},
		{"ARG V=3.21\nFROM alpine:${V}\n", "", "alpine:@16 3.21@6<V"},
		{"ARG V=3.21\nFROM alpine:$V-x\n", "", "alpine:@16 3.21@6<V -x@25"},
		{"ARG V=3.21\nFROM alpine:${V}\n", "V=3.20", "alpine:@16 3.20@-<V"},
		{"ARG R=docker.io/library\nARG V=\"3.21\"\nFROM $R/alpine:$V\n", "", "docker.io/library@6<R /alpine:@44 3.21@31<V"},
		{"ARG V=1\nARG T=x:$V\nFROM $T\n", "", "x:@14<T 1@6<V"},
		{"FROM alpine:${V:-3.21}\n", "", "alpine:@5 3.21@17"},
		{"ARG V\nFROM alpine:${V:-3.21}\n", "", "alpine:@11 3.21@23"},
		{"ARG V=\nFROM alpine:${V:-3.21}\n", "", "alpine:@12 3.21@24"},
		{"ARG V=2\nFROM alpine:${V:-3.21}\n", "", "alpine:@13 2@6<V"},
		{"ARG V=2\nFROM a${V:+-slim}\n", "", "a@13 -slim@19"},
		{"FROM a${V:+-slim}\n", "", "a@5"},
		{"ARG V=1.2.3\nFROM a:${V%.*}\n", "", ""},
		{"ARG A=1\nFROM a:${B:-${A}x}\n", "", "a:@13 1@6<A x@24"},
		{"FROM --platform=$BUILDPLATFORM a:$TARGETARCH\n", "", "a:@31 amd64@-<TARGETARCH"},
	} {
		args := map[string]string{}
		if name, value, ok := strings.Cut(c.args, "="); ok {
			args[name] = value
		}
		b := buildOf(t, c.src, args)
		if b == nil {
			t.Errorf("%q is not read", c.src)
			continue
		}
		if got := shownParts(b.Parts(b.MetaEnv(), b.Target.From.Words()[0])); got != c.want {
			t.Errorf("%q: %s, not %s", c.src, got, c.want)
		}
	}
}

// What an ARG of a stage takes from the one above the first FROM stands there.
func TestPartsOfAStage(t *testing.T) {
	b := buildOf(t, "ARG V=3.21\nFROM alpine\nARG V\nENV P=/opt W=$V\nCOPY x $P/$W/\n", nil)
	step := b.Target.Steps[2]
	if got, want := shownParts(b.Parts(step.Env, step.Words()[1])), "/opt@35<P /@54 3.21@6<V /@57"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// In the Dockerfiles of all cases a piece stands where it says, and another text
// in its place makes another value.
func TestPartsOfCases(t *testing.T) {
	paths, err := filepath.Glob("../rules/*/testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases: ", err)
	}
	told, edited := 0, 0
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if f.Name != "Dockerfile" {
				continue
			}
			b := buildOf(t, string(f.Data), nil)
			if b == nil {
				continue
			}
			for i, s := range b.Stages {
				words := s.From.Words()
				if len(words) == 0 {
					continue
				}
				for _, p := range b.Parts(b.MetaEnv(), words[0]) {
					told++
					if p.Span.IsZero() {
						continue
					}
					if got := b.Text().Text(p.Span); got != p.Value {
						t.Errorf("%s: %q stands where %q does", path, got, p.Value)
					}
					if p.Var == nil && s.Parent != nil {
						continue // another stage
					}
					next, err := b.Text().Apply([]text.Edit{{Span: p.Span, New: "zz9"}})
					if err != nil {
						t.Fatal(err)
					}
					after := buildOf(t, string(next), nil)
					if after == nil || i >= len(after.Stages) {
						continue // no name of an image any more
					}
					edited++
					if !strings.Contains(after.Stages[i].Base.Value, "zz9") {
						t.Errorf("%s: zz9 in the place of %q makes %q of %q", path, p.Value, after.Stages[i].Base.Value, s.Base.Value)
					}
				}
			}
		}
	}
	if told < 500 || edited < 500 {
		t.Errorf("only %d pieces were told and %d edited", told, edited)
	}
}
