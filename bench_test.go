package dockworthy_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// corpus is the Dockerfiles that benchmarks judge: those of DOCKWORTHY_CORPUS,
// a folder of projects, or else those of the rules' cases, each in a folder of
// its own.
func corpus(tb testing.TB) (fsys fs.FS, files [][]byte) {
	tb.Helper()
	if dir := os.Getenv("DOCKWORTHY_CORPUS"); dir != "" {
		fsys = os.DirFS(dir)
		l := source.Find(fsys, ".")
		for _, name := range l.Dockerfiles {
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				tb.Fatal(err)
			}
			files = append(files, data)
		}
		return fsys, files
	}
	mem := fstest.MapFS{}
	paths, err := filepath.Glob("internal/rules/*/testdata/*/*.txtar")
	if err != nil {
		tb.Fatal(err)
	}
	for i, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		for _, f := range ar.Files {
			if f.Name == "want" || f.Name == source.ConfigName {
				continue
			}
			mem[fmt.Sprintf("%04d/%s", i, f.Name)] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
			if filepath.Base(f.Name) == "Dockerfile" {
				files = append(files, f.Data)
			}
		}
	}
	return mem, files
}

func judgeAll(tb testing.TB, fsys fs.FS) (units, found int) {
	p := dockworthy.Open(fsys, []string{"."}, source.Options{AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
	err := p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
		units++
		found += len(res.Findings)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return units, found
}

func parseAll(tb testing.TB, files [][]byte) {
	for _, data := range files {
		res, err := parser.Parse(bytes.NewReader(data))
		if err != nil {
			continue
		}
		_, _, _ = instructions.Parse(res.AST, nil)
	}
}

// BenchmarkCheckAgainstParser prints how many times as much CPU time the whole
// check takes as BuildKit's parser and instructions alone on the same
// Dockerfiles, both on one processor.
func BenchmarkCheckAgainstParser(b *testing.B) {
	fsys, files := corpus(b)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as the program has it; the parser gains as much
	judgeAll(b, fsys)                                 // fills caches that last, as those of base images
	var ours, theirs time.Duration
	for b.Loop() {
		start := time.Now()
		judgeAll(b, fsys)
		ours += time.Since(start)
		start = time.Now()
		parseAll(b, files)
		theirs += time.Since(start)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "times-the-parser")
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N)/float64(len(files)), "µs/file")
	b.ReportMetric(float64(len(files)), "files")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkScale prints how the time of the whole check grows with the size of
// one Dockerfile: the ratio of ten times as much to once as much, ten where it
// grows linearly.
func BenchmarkScale(b *testing.B) {
	shapes := map[string]func(n int) string{
		"instructions": func(n int) string {
			var s strings.Builder
			s.WriteString("FROM debian:bookworm-slim\n")
			for i := range n {
				switch i % 5 {
				case 0:
					fmt.Fprintf(&s, "ENV NAME_%d=value${NAME_%d}\n", i, i-5)
				case 1:
					fmt.Fprintf(&s, "RUN apt-get update && apt-get install -y package-%d && rm -rf /var/lib/apt/lists/*\n", i)
				case 2:
					fmt.Fprintf(&s, "COPY --chown=app:app src/%d /app/%d\n", i, i)
				case 3:
					fmt.Fprintf(&s, "USER user%d\n", i)
				default:
					fmt.Fprintf(&s, "LABEL l%d=v\n", i)
				}
			}
			return s.String()
		},
		"stages": func(n int) string {
			var s strings.Builder
			s.WriteString("FROM debian:bookworm-slim AS s0\n")
			for i := range n {
				fmt.Fprintf(&s, "FROM s%d AS s%d\nENV A%d=b\nRUN echo %d > /f%d\nUSER app%d\n", i, i+1, i, i, i, i)
			}
			return s.String()
		},
	}
	for name, shape := range shapes {
		base := map[string]int{"instructions": 1000, "stages": 100}[name]
		b.Run(name, func(b *testing.B) {
			took := func(n int) time.Duration {
				fsys := fstest.MapFS{"Dockerfile": {Data: []byte(shape(n))}}
				start := time.Now()
				judgeAll(b, fsys)
				return time.Since(start)
			}
			var small, large time.Duration
			for b.Loop() {
				small += took(base)
				large += took(10 * base)
			}
			b.ReportMetric(float64(large)/float64(small), "times-for-ten-times")
			b.ReportMetric(float64(large.Milliseconds())/float64(b.N), "ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}
