package hostile_test

import (
	"context"
	"io"
	"io/fs"
	"os"
	"runtime/pprof"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/report"
	"github.com/dockworthy/dockworthy/source"
)

var day = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// judge judges all of a file system and writes it in three formats to nobody.
func judge(fsys fs.FS) (units, findings, undecided int) {
	p := dockworthy.Load(fsys, []string{"."}, source.Options{AsOf: day})
	writers := []report.Writer{report.NewText(io.Discard, report.Names{}, false), report.NewJSON(io.Discard, report.Names{}), report.NewSARIF(io.Discard, report.Names{})}
	err := dockworthy.Check(context.Background(), p, check.Options{}, func(res *dockworthy.Result) error {
		units++
		findings += len(res.Findings)
		for _, rep := range res.Reports {
			for _, r := range rep.Results {
				if r.Verdict.Outcome == check.Undecided {
					undecided++
				}
			}
		}
		for _, w := range writers {
			if err := w.Result(res); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	for _, w := range writers {
		if err := w.Close(p.Problems); err != nil {
			panic(err)
		}
	}
	return units, findings, undecided
}

// profile writes a processor profile until its result is called.
func profile(name string) func() {
	f, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		panic(err)
	}
	return func() { pprof.StopCPUProfile(); f.Close() }
}
