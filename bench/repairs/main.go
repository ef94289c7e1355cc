// Command repairs measures what fix mends: for each rule, how many builds violate it at
// warning or above before and after, and for each check what is left and why.
//
//	go run ./bench/repairs [-left] FOLDER
//
// FOLDER holds txtar files, a project each (those named labels.json and want are left out),
// or Dockerfiles below it, each a project without any other file. It fails where a file
// cannot be read after its repair, where a repair raises a finding, or where a second
// repair changes anything.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/fix"
	"github.com/dockworthy/dockworthy/internal/rules"
)

func main() {
	left := flag.Bool("left", false, "print every finding that is left, and why")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: repairs [-left] FOLDER")
		os.Exit(2)
	}
	if err := run(os.Stdout, flag.Arg(0), *left); err != nil {
		fmt.Fprintln(os.Stderr, "repairs:", err)
		os.Exit(1)
	}
}

// A project is one that is repaired.
type project struct {
	name  string
	files fstest.MapFS
}

// projects are those of a folder.
func projects(dir string) (list []project, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Size() > 1<<20 {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files := fstest.MapFS{}
		switch base := strings.ToLower(filepath.Base(name)); {
		case strings.HasSuffix(base, ".txtar"):
			for _, f := range txtar.Parse(data).Files {
				if f.Name != "labels.json" && f.Name != "want" {
					files[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
				}
			}
		case strings.Contains(base, "dockerfile"):
			files["Dockerfile"] = &fstest.MapFile{Data: data, Mode: 0o644}
		default:
			return nil
		}
		list = append(list, project{name, files})
		return nil
	})
	return list, err
}

// A count is what there is of a rule or a check.
type count struct{ before, after, builds, still int }

// A tally is what was counted over all projects.
type tally struct {
	rules   map[int]*count
	checks  map[string]*count
	reasons map[string]map[string]int
	bad     []string
}

func run(w io.Writer, dir string, left bool) error {
	list, err := projects(dir)
	if err != nil {
		return err
	}
	t := tally{rules: map[int]*count{}, checks: map[string]*count{}, reasons: map[string]map[string]int{}}
	start := time.Now()
	for _, p := range list {
		if err := t.one(w, p, left); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	fmt.Fprintf(w, "%d projects in %.1f s\n\n%-16s %8s %8s %7s   %8s %8s %7s\n", len(list), time.Since(start).Seconds(), "rule", "violated", "still", "mended", "findings", "left", "mended")
	for _, r := range rules.All {
		if c := t.rules[r.Number]; c != nil {
			fmt.Fprintf(w, "%d %-14s %8d %8d %6.1f%%   %8d %8d %6.1f%%\n", r.Number, r.Name, c.builds, c.still, percent(c.builds-c.still, c.builds), c.before, c.after, percent(c.before-c.after, c.before))
		}
	}
	fmt.Fprintf(w, "\n%-44s %8s %8s\n", "check", "findings", "left")
	ids := slices.SortedFunc(maps.Keys(t.checks), func(a, b string) int {
		return cmp.Or(-cmp.Compare(t.checks[a].after, t.checks[b].after), strings.Compare(a, b))
	})
	for _, id := range ids {
		fmt.Fprintf(w, "%-44s %8d %8d\n", id, t.checks[id].before, t.checks[id].after)
		for _, why := range slices.SortedFunc(maps.Keys(t.reasons[id]), func(a, b string) int {
			return cmp.Or(-cmp.Compare(t.reasons[id][a], t.reasons[id][b]), strings.Compare(a, b))
		}) {
			fmt.Fprintf(w, "      %4d %s\n", t.reasons[id][why], why)
		}
	}
	if len(t.bad) > 0 {
		return fmt.Errorf("%d repairs do harm:\n%s", len(t.bad), strings.Join(t.bad, "\n"))
	}
	return nil
}

func percent(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }

// one repairs a project and counts.
func (t *tally) one(w io.Writer, p project, left bool) error {
	ctx := context.Background()
	open := func(files fstest.MapFS) *dockworthy.Project {
		return dockworthy.Open(files, []string{"."}, dockworthy.Options{Editable: true, Mending: true, AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
	}
	before, hidden, unread, err := findings(ctx, open(p.files))
	if err != nil {
		return err
	}
	res, err := fix.Run(ctx, open(p.files), fix.Options{Unsafe: true})
	if err != nil {
		return err
	}
	mended := maps.Clone(p.files)
	for name, data := range res.Files {
		mended[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	after, _, still, err := findings(ctx, open(mended))
	if err != nil {
		return err
	}
	for _, why := range still {
		if !slices.Contains(unread, why) {
			t.bad = append(t.bad, fmt.Sprintf("%s: %s", p.name, why))
		}
	}
	for _, r := range rules.All {
		was, is := 0, 0
		for _, c := range r.Checks {
			id := r.ID(c)
			b, a := before[id], after[id]
			if b+a == 0 {
				continue
			}
			if t.checks[id] == nil {
				t.checks[id], t.reasons[id] = &count{}, map[string]int{}
			}
			t.checks[id].before += b
			t.checks[id].after += a
			was, is = was+b, is+a
			// What was violated, and told by a graver finding of the same cause, is not new.
			if a > b && !(b == 0 && hidden[id]) {
				t.bad = append(t.bad, fmt.Sprintf("%s: %s: %d findings, before %d", p.name, id, a, b))
			}
		}
		if was == 0 {
			continue
		}
		if t.rules[r.Number] == nil {
			t.rules[r.Number] = &count{}
		}
		n := t.rules[r.Number]
		n.before, n.after, n.builds = n.before+was, n.after+is, n.builds+1
		if is > 0 {
			n.still++
		}
	}
	for _, l := range res.Left {
		if l.Finding.Severity < check.Warning {
			continue
		}
		if t.reasons[l.Finding.ID()] == nil {
			t.reasons[l.Finding.ID()] = map[string]int{}
		}
		t.reasons[l.Finding.ID()][l.Why]++
		if left {
			fmt.Fprintf(w, "%s: %s: %s: %s\n", p.name, l.Finding.ID(), l.Finding.Message, l.Why)
		}
	}
	again, err := fix.Run(ctx, open(mended), fix.Options{Unsafe: true})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(again.Files)) {
		t.bad = append(t.bad, fmt.Sprintf("%s: a second time changes %s", p.name, name))
	}
	return nil
}

// findings are those of a project at warning or above, by check, the checks that are
// violated, and what cannot be read.
func findings(ctx context.Context, p *dockworthy.Project) (counts map[string]int, violated map[string]bool, unread []string, err error) {
	counts, violated = map[string]int{}, map[string]bool{}
	err = p.Check(ctx, check.Options{}, func(res *check.Result) error {
		if res.Problem != nil {
			unread = append(unread, res.Problem.Path+" cannot be read")
		}
		for _, f := range res.Findings {
			if f.Severity >= check.Warning && f.Level == check.Source {
				counts[f.ID()]++
			}
		}
		for _, rep := range res.Reports {
			for _, a := range rep.Answers {
				if a.Verdict.Outcome == check.Violated {
					violated[a.Rule.ID(a.Check)] = true
				}
			}
		}
		return nil
	})
	return counts, violated, unread, err
}
