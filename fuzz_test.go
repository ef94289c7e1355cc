package dockworthy_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// FuzzCheck judges any bytes as a Dockerfile, beside an ignore file and a
// Compose file of any bytes: no rule panics, every place lies in its file, and
// no message has a line break in it.
func FuzzCheck(f *testing.F) {
	paths, err := filepath.Glob("internal/rules/*/testdata/*/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for i, path := range paths {
		if i%5 != 0 { // enough to start from
			continue
		}
		ar, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		files := map[string]string{}
		for _, file := range ar.Files {
			files[file.Name] = string(file.Data)
		}
		f.Add(files["Dockerfile"], files[".dockerignore"], files["compose.yaml"])
	}
	f.Fuzz(func(t *testing.T, dockerfile, ignore, compose string) {
		fsys := fstest.MapFS{
			"Dockerfile":       {Data: []byte(dockerfile)},
			".dockerignore":    {Data: []byte(ignore)},
			"compose.yaml":     {Data: []byte(compose)},
			"app.py":           {Data: []byte("print()\n")},
			"package.json":     {Data: []byte(`{"name":"a","devDependencies":{"x":"1"}}`)},
			"requirements.txt": {Data: []byte("x==1\n")},
		}
		p := dockworthy.Open(fsys, []string{"."}, source.Options{AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Profile: source.Banking})
		err := p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
			if res.Problem != nil && strings.Contains(res.Problem.Err.Error(), "please report it") {
				t.Fatal(res.Problem.Err)
			}
			for _, found := range res.Findings {
				for _, place := range append([]check.Place{found.Place}, found.Related...) {
					if err := place.File.Check(place.Span); err != nil {
						t.Errorf("%s: %v", found.ID(), err)
					}
				}
				if strings.Contains(found.Message, "\n") || found.Message == "" {
					t.Errorf("%s: message %q", found.ID(), found.Message)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
