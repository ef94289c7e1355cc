package existing_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/existing"
	"github.com/dockworthy/dockworthy/internal/stack"
)

var update = flag.Bool("update", false, "write what is read into the cases")

// TestRead reads the Dockerfiles of the cases and holds what they say against what was
// written down.
func TestRead(t *testing.T) {
	list, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(list) < 7 {
		t.Fatalf("%d cases: %v", len(list), err)
	}
	for _, name := range list {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			in, want, at := fstest.MapFS{}, "", -1
			for i, f := range a.Files {
				if f.Name == "want" {
					want, at = string(f.Data), i
					continue
				}
				in[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
			}
			language, err := stack.LanguageOf(in)
			if err != nil {
				t.Fatal(err)
			}
			p := dockworthy.Open(in, []string{"Dockerfile"}, dockworthy.Options{Dockerfile: "Dockerfile", Context: "."})
			got := ""
			for _, u := range p.Units() {
				builds, problem := p.Builds(u)
				if problem != nil {
					t.Fatal(problem.Err)
				}
				data, err := json.MarshalIndent(existing.Read(builds[len(builds)-1], language), "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				got += string(data) + "\n"
			}
			if *update {
				if at < 0 {
					a.Files = append(a.Files, txtar.File{Name: "want"})
					at = len(a.Files) - 1
				}
				a.Files[at].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("read\n%s\nwant\n%s", got, want)
			}
		})
	}
}
