package fix_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/fix"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/text"
)

var update = flag.Bool("update", false, "write what is mended into the cases")

func open(files []txtar.File, changed map[string][]byte) *dockworthy.Project {
	in := fstest.MapFS{}
	for _, f := range files {
		if f.Name != "want" && !strings.HasPrefix(f.Name, "layer") {
			in[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
		}
	}
	for name, data := range changed {
		in[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return dockworthy.Open(in, []string{"."}, dockworthy.Options{Editable: true, Mending: true, AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
}

// TestCases mends the projects of the cases: `options:` lines of their prose say how.
func TestCases(t *testing.T) {
	list, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(list) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range list {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var opt fix.Options
			for line := range strings.Lines(string(a.Comment)) {
				rest, ok := strings.CutPrefix(line, "options:")
				if !ok {
					continue
				}
				for _, word := range strings.Fields(rest) {
					key, value, _ := strings.Cut(word, "=")
					switch key {
					case "unsafe":
						opt.Unsafe = true
					case "safe":
						opt.Safe = append(opt.Safe, value)
					case "never":
						opt.Never = append(opt.Never, value)
					case "only":
						opt.Check.Only = append(opt.Check.Only, value)
					default:
						t.Fatalf("unknown option %q", word)
					}
				}
			}
			res, err := fix.Run(t.Context(), open(a.Files, nil), opt)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, m := range res.Mended {
				fmt.Fprintf(&b, "mended %s: %s\n", m.Finding.ID(), m.Fix.Title)
			}
			for _, l := range res.Left {
				if l.Finding.Severity >= check.Warning || l.Fix != nil {
					fmt.Fprintf(&b, "left %s: %s\n", l.Finding.ID(), l.Why)
				}
			}
			for _, name := range slices.Sorted(maps.Keys(res.Files)) {
				b.WriteString(text.Diff("a/"+name, "b/"+name, res.Before[name], res.Files[name]))
			}
			want, at := "", -1
			for i, f := range a.Files {
				if f.Name == "want" {
					want, at = string(f.Data), i
				}
			}
			if *update {
				if at < 0 {
					a.Files = append(a.Files, txtar.File{Name: "want"})
					at = len(a.Files) - 1
				}
				a.Files[at].Data = []byte(b.String())
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if b.String() != want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
			again(t, a.Files, res, opt)
		})
	}
}

// again holds that what was mended stays so: a second time nothing changes.
func again(t *testing.T, files []txtar.File, res *fix.Result, opt fix.Options) {
	t.Helper()
	second, err := fix.Run(t.Context(), open(files, res.Files), opt)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range second.Files {
		t.Errorf("a second time changes %s:\n%s", name, text.Diff(name, name, res.Files[name], data))
	}
}

// TestEveryCase mends the projects of all cases of all rules: none becomes one that cannot
// be read, none has a finding more, no fix of a recipe is taken back, and a second time
// changes nothing.
func TestEveryCase(t *testing.T) {
	list, err := filepath.Glob("../rules/*/testdata/*/*.txtar")
	if err != nil || len(list) < 500 {
		t.Fatalf("%d cases: %v", len(list), err)
	}
	mended := map[string]int{}
	for _, name := range list {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		opt := fix.Options{Unsafe: true}
		res, err := fix.Run(t.Context(), open(a.Files, nil), opt)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, m := range res.Mended {
			mended[m.Finding.ID()]++
		}
		for _, l := range res.Left {
			// A stage of its own is tried where only a look at it tells whether it is right.
			if strings.Contains(l.Why, "taken back") && l.Finding.Rule.Name != "multi-stage" {
				t.Errorf("%s: %s: %s", name, l.Finding.ID(), l.Why)
			}
		}
		if len(res.Files) > 0 {
			again(t, a.Files, res, opt)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(mended)) {
		t.Logf("%4d %s", mended[id], id)
	}
	// Whatever is not mended says why.
	for _, r := range rules.All {
		for _, c := range r.Checks {
			if c.Source != nil && c.Unfixed == "" && mended[r.ID(c)] == 0 {
				t.Errorf("%s has neither a recipe nor a reason why it has none", r.ID(c))
			}
		}
	}
}
