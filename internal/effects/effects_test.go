package effects

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

// TestCases runs testdata/*.txtar. A program NAME.sh, with the variables in
// NAME.env, has the effects in NAME.effects.
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
			var s *shell.Script
			var in shell.Input
			for i, f := range ar.Files {
				var got string
				switch filepath.Ext(f.Name) {
				case ".env":
					env = variables(f.Data)
					continue
				case ".sh":
					known := env
					env = map[string]string{}
					in = shell.Input{Watch: packages.Settings, Src: []byte(strings.TrimSuffix(string(f.Data), "\n")), Base: 1000, Shell: known["SHELL"], Dir: known["PWD"], Lookup: func(n string) (string, bool) {
						v, ok := known[n]
						return v, ok
					}}
					s = shell.Parse(in)
					checkSpans(t, in, s)
					continue
				case ".effects":
					got = effectLines(s)
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

func wordText(w shell.Word) string {
	if w.Known {
		return w.Text
	}
	return w.Text + "?"
}

func texts(words []shell.Word) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = wordText(w)
		if strings.ContainsAny(w.Text, " \n") || w.Text == "" {
			out[i] = fmt.Sprintf("%q", w.Text)
		}
	}
	return strings.Join(out, " ")
}

func packageText(list []packages.Package) string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.Name + p.Version
		if p.Path {
			out[i] = "path:" + out[i]
		}
		if !p.Known {
			out[i] += "?"
		}
	}
	return "[" + strings.Join(out, " ") + "]"
}

type on struct {
	is   bool
	name string
}

func marks(b *strings.Builder, list ...on) {
	for _, f := range list {
		if f.is {
			b.WriteString(" " + f.name)
		}
	}
}

func installText(b *strings.Builder, i packages.Install) {
	fmt.Fprintf(b, "%s %s %s", i.Manager, i.Verb, packageText(i.Packages))
	if len(i.Manifests) > 0 {
		fmt.Fprintf(b, " from:%s", texts(i.Manifests))
	}
	marks(b, on{i.Virtual != "", "virtual:" + i.Virtual}, on{i.Target.Text != "", "target:" + i.Target.Text}, on{i.NoRecommends, "no-recommends"}, on{i.NoCache, "no-cache"},
		on{i.Refreshes, "refreshes"}, on{i.Editable, "editable"}, on{i.NoDeps, "no-deps"}, on{i.NoProject, "no-project"}, on{i.OmitDev, "omit-dev"}, on{i.OnlyDev, "only-dev"}, on{i.Frozen, "frozen"},
		on{i.Offline, "offline"}, on{i.Global, "global"}, on{i.User, "user"}, on{i.OnlyBinary, "only-binary"}, on{i.When == shell.Maybe, "maybe"})
	b.WriteByte('\n')
}

func effectLines(s *shell.Script) string {
	var b strings.Builder
	e := Of(s)
	for _, i := range e.Installs {
		b.WriteString("install ")
		installText(&b, i)
	}
	for _, r := range e.Removes {
		fmt.Fprintf(&b, "remove %s %s %s", r.Manager, r.Verb, packageText(r.Packages))
		marks(&b, on{r.Virtual != "", "virtual:" + r.Virtual}, on{r.Purge, "purge"}, on{r.AutoRemove, "auto"}, on{r.OmitDev, "omit-dev"}, on{r.When == shell.Maybe, "maybe"})
		b.WriteByte('\n')
	}
	if len(e.Removes) > 0 {
		for _, i := range e.Kept() {
			b.WriteString("kept ")
			installText(&b, i)
		}
	}
	for _, u := range e.Updates {
		fmt.Fprintf(&b, "update %s\n", u.Manager)
	}
	for _, c := range e.Cleans {
		fmt.Fprintf(&b, "clean %s lists=%v\n", c.Manager, c.Lists)
	}
	for _, g := range e.Groups {
		fmt.Fprintf(&b, "group %s gid=%s", g.Name, g.GID)
		marks(&b, on{g.System, "system"}, on{!g.Known, "unknown"}, on{g.When == shell.Maybe, "maybe"})
		b.WriteByte('\n')
	}
	for _, u := range e.Users {
		fmt.Fprintf(&b, "user %s uid=%s group=%s by %s", u.Name, u.UID, u.Group, u.Tool)
		marks(&b, on{u.MakesGroup, "makes-group"}, on{u.System, "system"}, on{u.NoCreateHome, "no-home"}, on{u.Home != "", "home:" + u.Home}, on{u.Shell != "", "shell:" + u.Shell},
			on{len(u.Groups) > 0, "groups:" + strings.Join(u.Groups, ",")}, on{!u.Known, "unknown"}, on{u.When == shell.Maybe, "maybe"})
		b.WriteByte('\n')
	}
	for _, m := range e.Memberships {
		fmt.Fprintf(&b, "member %s of %s\n", m.User, m.Group)
	}
	for _, d := range e.Deleted {
		fmt.Fprintf(&b, "deleted %s group=%v\n", d.Name, d.Group)
	}
	for _, f := range e.Files {
		fmt.Fprintf(&b, "%s %s", [...]string{"write", "delete", "mkdir", "chmod", "chown", "unpack", "venv"}[f.Kind], texts(f.Paths))
		marks(&b, on{len(f.Sources) > 0, "from:" + texts(f.Sources)}, on{f.Mode != "", "mode:" + f.Mode}, on{f.Owner != "", "owner:" + f.Owner}, on{f.Group != "", "group:" + f.Group},
			on{f.Recursive, "recursive"}, on{f.Append, "append"}, on{f.Partial, "partial"}, on{f.Link, "link"}, on{f.Move, "move"}, on{f.When == shell.Maybe, "maybe"})
		b.WriteByte('\n')
	}
	for _, f := range e.Fetches {
		fmt.Fprintf(&b, "fetch %s %s", f.Tool, wordText(f.URL))
		marks(&b, on{f.To.Text != "", "to:" + f.To.Text}, on{f.Command.PipeTo != nil, "piped"})
		b.WriteByte('\n')
	}
	for _, c := range s.Commands {
		if what, ok := packages.Compiles(c); ok && c.When != shell.Never {
			fmt.Fprintf(&b, "compiles %s\n", what)
		}
	}
	return b.String()
}

// TestNone holds that a program that does nothing has effects, and that no
// effects keep anything.
func TestNone(t *testing.T) {
	if e := Of(shell.Parse(shell.Input{})); e == nil || e.Kept() != nil {
		t.Errorf("the effects of an empty program are %+v", e)
	}
	var e *Effects
	if e.Kept() != nil {
		t.Error("no effects keep something")
	}
}

// TestRecursion holds that a function that calls itself installs once.
func TestRecursion(t *testing.T) {
	s := shell.Parse(shell.Input{Src: []byte("f() { f; apk add gcc; }; f")})
	if n := len(Of(s).Installs); !s.Truncated || n != 1 {
		t.Errorf("truncated %v, %d installs", s.Truncated, n)
	}
}
