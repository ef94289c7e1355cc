package dockworthy_test

import (
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// Two Dockerfiles share an ignore file that lets .env through: one edit mends both, so one
// of them is told at its severity. Another folder has an ignore file of its own, and the
// first one alone is judged as ever.
func TestOneIgnoreFileOfTwoDockerfiles(t *testing.T) {
	df := &fstest.MapFile{Data: []byte("FROM node:22.14.0-alpine3.21\nCOPY . /app\n")}
	ignore := &fstest.MapFile{Data: []byte(".git\n")}
	env := &fstest.MapFile{Data: []byte("A=b\n")}
	fsys := fstest.MapFS{"Dockerfile": df, "Dockerfile.full": df, ".dockerignore": ignore, ".env": env, "b/Dockerfile": df, "b/.dockerignore": ignore, "b/.env": env}
	for _, c := range []struct {
		path string
		want map[string]check.Severity
	}{
		{".", map[string]check.Severity{"Dockerfile": check.Error, "Dockerfile.full": check.Note, "b/Dockerfile": check.Error}},
		{"Dockerfile.full", map[string]check.Severity{"Dockerfile.full": check.Error}},
	} {
		got := map[string]check.Severity{}
		err := dockworthy.Open(fsys, []string{c.path}, source.Options{}).Check(t.Context(), check.Options{Only: []string{"dockerignore/sends-unwanted"}}, func(res *check.Result) error {
			for _, f := range res.Findings {
				got[res.Unit.Path] = f.Severity
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, not %v", c.path, got, c.want)
		}
		for path, want := range c.want {
			if got[path] != want {
				t.Errorf("%s: %s is %v, not %v", c.path, path, got[path], want)
			}
		}
	}
}
