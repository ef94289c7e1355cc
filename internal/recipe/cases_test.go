package recipe_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/overlay"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/internal/source"
)

var options = dockworthy.Options{AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}

// spoken is how often each check speaks by itself of a unit, whatever another one
// says of the same cause.
func spoken(t *testing.T, p *dockworthy.Project, u check.Unit) map[string]int {
	t.Helper()
	builds, prob := p.Builds(u)
	if prob != nil {
		t.Fatalf("%s: %v", u.Path, prob.Err)
	}
	n := map[string]int{}
	for _, b := range builds {
		for _, r := range rules.All {
			for _, c := range r.Checks {
				if c.Source != nil {
					n[r.ID(c)] += len(c.Source(b).Findings)
				}
			}
		}
	}
	return n
}

// judged is the result of one unit.
func judged(t *testing.T, p *dockworthy.Project, u check.Unit) *check.Result {
	t.Helper()
	var out *check.Result
	err := p.Check(t.Context(), check.Options{}, func(res *check.Result) error {
		if res.Unit == u {
			out = res
		}
		return nil
	})
	if err != nil || out == nil {
		t.Fatalf("%s is not judged: %v", u.Path, err)
	}
	return out
}

// starts is what a container of each build starts with, however it is written.
func starts(t *testing.T, p *dockworthy.Project, u check.Unit) string {
	t.Helper()
	builds, prob := p.Builds(u)
	if prob != nil {
		t.Fatal(prob.Err)
	}
	var b strings.Builder
	for _, build := range builds {
		if build.Target == nil {
			continue
		}
		fmt.Fprintf(&b, "%s", build.User().Name)
		for _, port := range build.Ports() {
			fmt.Fprintf(&b, " %s/%s", port.Number, port.Protocol)
		}
		if s := build.Start().Script; s != nil {
			for _, c := range s.Commands {
				if len(c.Words) > 1 && strings.Contains("sh bash ash dash", path.Base(c.Words[0].Text)) && c.Words[1].Text == "-c" {
					continue // what it runs stands beside it
				}
				if words := c.Words; len(words) > 0 && words[0].Text == "exec" {
					words = words[1:]
					for _, w := range words {
						fmt.Fprintf(&b, " %q", w.Text)
					}
					continue
				}
				for _, w := range c.Words {
					fmt.Fprintf(&b, " %q", w.Text)
				}
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// try applies a fix and looks again: it has to quiet its finding, to raise no other
// in any room, and to offer nothing more for it.
func try(t *testing.T, fsys fs.FS, p *dockworthy.Project, u check.Unit, f check.Reported, x check.Fix) {
	t.Helper()
	changes, err := x.Apply()
	if err != nil {
		t.Errorf("%s: %v", f.ID(), err)
		return
	}
	after := dockworthy.Open(overlay.New(fsys, changes), []string{"."}, options)
	if _, prob := after.Builds(u); prob != nil {
		t.Errorf("%s %q: the file is broken by its fix: %v", f.ID(), x.Title, prob.Err)
		return
	}
	before, now := spoken(t, p, u), spoken(t, after, u)
	if now[f.ID()] >= before[f.ID()] {
		t.Errorf("%s %q does not quiet it: %d findings and then %d\n%s", f.ID(), x.Title, before[f.ID()], now[f.ID()], changes[f.Place.File.Name])
	}
	for id, n := range now {
		if f.ID() == "entrypoint/malformed-json" && id == "healthcheck/missing" {
			continue // what did not start had no need of a probe
		}
		if f.ID() == "multi-stage/broken-copy" && id == "pinned-base/no-digest" {
			continue // scratch had no need of one
		}
		if n > before[id] {
			t.Errorf("%s %q raises %s\n%s", f.ID(), x.Title, id, changes[f.Place.File.Name])
		}
	}
	if x.Grade == check.Safe {
		if was, is := starts(t, p, u), starts(t, after, u); was != is {
			t.Errorf("%s %q is safe, and another thing starts: %s, not %s", f.ID(), x.Title, is, was)
		}
	}
}

// Each fix of every case does what it says.
func TestFixesOfCases(t *testing.T) {
	paths, err := filepath.Glob("../rules/*/testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases: ", err)
	}
	tried := map[string]int{}
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{}
		for _, f := range ar.Files {
			if f.Name != "want" {
				fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
			}
		}
		t.Run(strings.TrimSuffix(strings.TrimPrefix(path, "../rules/"), ".txtar"), func(t *testing.T) {
			tryAll(t, fsys, tried)
		})
	}
	t.Logf("tried %v", tried)
	for id, n := range map[string]int{"entrypoint/shell-form": 5, "non-root/final-user-root": 200, "layer-cache/update-alone": 2} {
		if tried[id] < n {
			t.Errorf("%s: only %d fixes were tried", id, tried[id])
		}
	}
}

func tryAll(t *testing.T, fsys fs.FS, tried map[string]int) {
	p := dockworthy.Open(fsys, []string{"."}, options)
	for _, u := range p.Units() {
		if u.Kind != source.Dockerfile {
			continue
		}
		for _, f := range judged(t, p, u).Findings {
			for _, x := range f.Fixes {
				if x.Grade == check.NeedsYou {
					continue
				}
				tried[f.ID()]++
				try(t, fsys, p, u, f, x)
			}
		}
	}
}

// TestFixesOfRepositories is for real ones, which DOCKWORTHY_CORPUS names: a folder
// of repositories.
func TestFixesOfRepositories(t *testing.T) {
	dir := os.Getenv("DOCKWORTHY_CORPUS")
	if dir == "" {
		t.Skip("DOCKWORTHY_CORPUS names no folder of repositories")
	}
	repos, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]int{}
	for _, r := range repos {
		if r.IsDir() {
			t.Run(r.Name(), func(t *testing.T) { tryAll(t, os.DirFS(filepath.Join(dir, r.Name())), tried) })
		}
	}
	t.Logf("tried %v", tried)
}
