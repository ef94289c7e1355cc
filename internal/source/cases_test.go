package source_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy/internal/source"
)

var update = flag.Bool("update", false, "rewrite the want files of the cases")

// TestCases reads projects with constructs that fool a naive reader, and holds
// what the model says of them against what Docker would do: the last file of a
// case.
func TestCases(t *testing.T) {
	paths, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{}
			want := ""
			for _, f := range ar.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
			}
			got := dump(t, fsys)
			if *update {
				files := ar.Files
				if n := len(files); n > 0 && files[n-1].Name == "want" {
					files = files[:n-1]
				}
				ar.Files = append(files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

// dump writes what the model says of a project.
func dump(t *testing.T, fsys fstest.MapFS) string {
	t.Helper()
	var b bytes.Buffer
	p := source.Open(fsys, []string{"."}, source.Options{})
	for _, prob := range p.Problems() {
		fmt.Fprintf(&b, "problem %s: %v\n", prob.Path, prob.Err)
	}
	for _, u := range p.Units {
		if u.Kind != source.Dockerfile {
			continue
		}
		builds, prob := p.Builds(u)
		if prob != nil {
			fmt.Fprintf(&b, "%s: problem: %v\n", u.Path, prob.Err)
			continue
		}
		for _, build := range builds {
			dumpBuild(&b, build)
		}
	}
	return b.String()
}

func dumpBuild(b *bytes.Buffer, build *source.Build) {
	fmt.Fprintf(b, "%s target %s", build.Path, name(build.Target))
	if why := build.Development(); why != "" {
		b.WriteString(" (for development: " + why + ")")
	}
	b.WriteString("\n")
	if root, ok := build.ContextRoot(); ok {
		fmt.Fprintf(b, "  context %s", root)
		if f := build.Context.File; f != nil {
			fmt.Fprintf(b, ", ignore file %s", f.Name)
			if build.Context.Ignore.AllowList() {
				b.WriteString(" (allow-list)")
			}
		}
		b.WriteString("\n")
	}
	var chain []string
	for _, s := range build.Chain() {
		chain = append(chain, name(s))
	}
	fmt.Fprintf(b, "  chain %s\n", strings.Join(chain, " "))
	for _, s := range build.Stages {
		from := "stage"
		if s.Image != nil {
			from = "image " + s.Image.Text.Value
			switch {
			case s.Image.Context != "":
				from = "context " + s.Image.Context
			case len(s.Image.Text.Missing) > 0:
				from += fmt.Sprintf(" (unset: %s)", strings.Join(s.Image.Text.Missing, " "))
			case s.Image.Known != nil:
				from += " = " + s.Image.Known.ID
			}
		} else {
			from += " " + name(s.Parent)
		}
		reach := ""
		if !build.Needs(s) {
			reach = ", not needed"
		}
		fmt.Fprintf(b, "  stage %s from %s%s\n", name(s), from, reach)
		for _, step := range s.Steps {
			dumpStep(b, step)
		}
	}
	u := build.User()
	fmt.Fprintf(b, "  user %q uid %q known %v\n", u.Name, u.UID, u.State != source.UserUnknown)
	fmt.Fprintf(b, "  entrypoint %q cmd %q\n", build.Entrypoint().Words, build.Cmd().Words)
	step, inherited, known := build.Health()
	fmt.Fprintf(b, "  health %v inherited %v known %v\n", step != nil, inherited, known)
	if f := build.Start().File; f != nil {
		fmt.Fprintf(b, "  starts %s\n", f.Path)
	}
}

func dumpStep(b *bytes.Buffer, step *source.Step) {
	if c := step.Copy; c != nil {
		from := "context"
		switch {
		case c.Stage != nil:
			from = "stage " + name(c.Stage)
		case c.Image != nil && c.Image.Context != "":
			from = "context " + c.Image.Context
		case c.Image != nil:
			from = "image " + c.Image.Text.Value
		}
		var list []string
		for _, s := range c.Sources {
			list = append(list, s.Value)
		}
		for _, h := range c.Heredocs {
			list = append(list, "<<"+h.Name)
		}
		fmt.Fprintf(b, "    copy from %s: %s to %s\n", from, strings.Join(list, " "), c.Target)
	}
	run := step.Run()
	if run == nil {
		return
	}
	if run.Opaque != "" {
		fmt.Fprintf(b, "    run: not read (%s)\n", run.Opaque)
	}
	for _, m := range run.Mounts {
		from := m.From
		if m.Stage != nil {
			from = "stage " + name(m.Stage)
		}
		fmt.Fprintf(b, "    mount %s from %q source %q target %q id %q\n", m.Type, from, m.Source, m.Target, m.ID)
	}
	for _, in := range run.Effects.Kept() {
		var list []string
		for _, p := range in.Packages {
			list = append(list, p.Name)
		}
		for _, m := range in.Manifests {
			list = append(list, m.Text)
		}
		fmt.Fprintf(b, "    keeps %s: %s (%s)\n", in.Manager, strings.Join(list, " "), in.When)
	}
	for _, made := range run.Effects.Users {
		fmt.Fprintf(b, "    makes user %s uid %q\n", made.Name, made.UID)
	}
}

func name(s *source.Stage) string {
	if s.Name != "" {
		return s.Name
	}
	return fmt.Sprint(s.Index)
}

// Variables that double from line to line would fill any memory.
func TestExpansionIsBounded(t *testing.T) {
	src := "FROM alpine:3.21.0\nENV A=aaaaaaaaaa\n" + strings.Repeat("ENV A=$A$A$A$A\n", 40) + "USER $A\n"
	p := source.Open(fstest.MapFS{"Dockerfile": {Data: []byte(src)}}, []string{"."}, source.Options{})
	builds, prob := p.Builds(p.Units[0])
	if prob != nil {
		t.Fatal(prob.Err)
	}
	if u := builds[0].User(); u.State != source.UserUnknown {
		t.Errorf("the user is known to be one of %d bytes", len(u.Name))
	}
}
