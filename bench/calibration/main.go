// Command calibration measures dockworthy against labelled builds: txtar files
// whose last file is labels.json. For each rule it prints precision, recall
// and F1, and every build on which verdict and label differ.
//
//	go run ./bench/calibration [-floor F1] FOLDER
//
// It fails where the mean of the F1 of all rules is below the floor.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/internal/source"
)

func main() {
	floor := flag.Float64("floor", 0, "fail where macro-F1 is below")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: calibration [-floor F1] FOLDER")
		os.Exit(2)
	}
	if err := run(os.Stdout, flag.Arg(0), *floor); err != nil {
		fmt.Fprintln(os.Stderr, "calibration:", err)
		os.Exit(1)
	}
}

// A score counts one rule's verdicts against labels.
type score struct{ tp, fp, fn, tn int }

func run(w io.Writer, dir string, floor float64) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return err
	}
	scores := map[int]*score{}
	for _, r := range rules.All {
		scores[r.Number] = &score{}
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := one(w, filepath.Base(path), txtar.Parse(data), scores); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	fmt.Fprintf(w, "%-16s %4s %4s %4s %4s %10s %7s %6s\n", "rule", "tp", "fp", "fn", "tn", "precision", "recall", "F1")
	var sum float64
	n := 0
	for _, r := range rules.All {
		s := scores[r.Number]
		f1 := ratio(2*s.tp, 2*s.tp+s.fp+s.fn)
		fmt.Fprintf(w, "%d %-14s %4d %4d %4d %4d %10s %7s %6s\n", r.Number, r.Name, s.tp, s.fp, s.fn, s.tn, ratio(s.tp, s.tp+s.fp), ratio(s.tp, s.tp+s.fn), f1)
		if d := 2*s.tp + s.fp + s.fn; d > 0 {
			sum += float64(2*s.tp) / float64(d)
			n++
		}
	}
	mean := 0.0
	if n > 0 {
		mean = sum / float64(n)
		fmt.Fprintf(w, "%d builds, macro-F1 %.3f\n", len(paths), mean)
	}
	if mean < floor {
		return fmt.Errorf("macro-F1 is %.3f over %d builds, below %.3f", mean, len(paths), floor)
	}
	return nil
}

// ratio prints a fraction; a dash where there is nothing to divide by.
func ratio(a, b int) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(a)/float64(b))
}

func one(w io.Writer, name string, ar *txtar.Archive, scores map[int]*score) error {
	fsys := fstest.MapFS{}
	var labels map[string]any
	for _, f := range ar.Files {
		if f.Name == "labels.json" {
			if err := json.Unmarshal(f.Data, &labels); err != nil {
				return err
			}
			continue
		}
		fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	p := dockworthy.Open(fsys, []string{"."}, source.Options{AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
	fires := map[int][]string{}
	for _, prob := range p.Problems() {
		fmt.Fprintf(w, "%s: problem %s: %v\n", name, prob.Path, prob.Err)
	}
	err := p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
		if res.Problem != nil {
			fmt.Fprintf(w, "%s: problem: %v\n", name, res.Problem.Err)
		}
		for _, f := range res.Findings {
			if f.Severity > check.Note {
				pos := f.Place.File.Position(f.Place.Span.Start)
				fires[f.Rule.Number] = append(fires[f.Rule.Number], fmt.Sprintf("%s:%d %s: %s", f.Place.File.Name, pos.Line, f.ID(), f.Message))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range rules.All {
		s := scores[r.Number]
		label := labels[fmt.Sprint(r.Number)]
		got := len(fires[r.Number]) > 0
		switch {
		case label == "fires" && got:
			s.tp++
			if want, ok := labels["check"].(string); ok && labels["focus"] == float64(r.Number) && !speaks(fires[r.Number], want) {
				fmt.Fprintf(w, "%s: rule %d is labelled %s, but what speaks is %q\n", name, r.Number, want, fires[r.Number])
			}
		case label == "fires":
			s.fn++
			fmt.Fprintf(w, "%s: rule %d is silent, labelled fires (%v)\n", name, r.Number, labels["check"])
		case label == "clean" && got:
			s.fp++
			fmt.Fprintf(w, "%s: rule %d fires, labelled clean: %q\n", name, r.Number, fires[r.Number])
		case label == "clean":
			s.tn++
		}
	}
	return nil
}

func speaks(lines []string, id string) bool {
	for _, l := range lines {
		if strings.Contains(l, " "+id+":") {
			return true
		}
	}
	return false
}
