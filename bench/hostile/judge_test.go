package hostile_test

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/report"
)

var day = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// judge judges all of a file system and writes it to nobody: as text, or in the
// format that the environment names.
func judge(fsys fs.FS) (units, findings, undecided int) {
	p := dockworthy.Open(fsys, []string{"."}, source.Options{AsOf: day})
	format := cmp.Or(os.Getenv(asked+"_FORMAT"), "text")
	w, err := report.New(format, io.Discard, report.Options{Notes: true})
	if err != nil {
		panic(err)
	}
	err = p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
		units++
		findings += len(res.Findings)
		for _, rep := range res.Reports {
			for _, r := range rep.Answers {
				if r.Verdict.Outcome == check.Undecided {
					undecided++
				}
			}
		}
		if name := os.Getenv(asked + "_HEAP"); name != "" {
			heap(name)
		}
		return w.Result(res)
	})
	if err != nil {
		panic(err)
	}
	if err := w.Close(p.Problems()); err != nil {
		panic(err)
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

// heap writes a profile of what is held.
func heap(name string) {
	f, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	runtime.GC()
	if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
		panic(err)
	}
}
