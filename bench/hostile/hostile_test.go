package hostile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/bench/hostile"
)

// asked is the variable by which a benchmark has one repository judged in a
// process of its own: KIND,BYTES.
const asked = "DOCKWORTHY_HOSTILE"

// patience is how long one repository may take before it is given up.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	name, size, ok := strings.Cut(os.Getenv(asked), ",")
	if !ok {
		os.Exit(m.Run())
	}
	kind, ok := hostile.Find(name)
	n, err := strconv.Atoi(size)
	if !ok || err != nil {
		fmt.Fprintln(os.Stderr, "there is no such kind:", name, size)
		os.Exit(2)
	}
	files := kind.Make(n)
	var out cost
	out.Size = files.Size()
	fsys := files.FS()
	files = nil
	debug.SetGCPercent(400) // as the program has them
	debug.SetMemoryLimit(400 << 20)
	runtime.GC()
	stop := func() {}
	if name := os.Getenv(asked + "_PROFILE"); name != "" {
		stop = profile(name)
	}
	start := time.Now()
	out.Units, out.Findings, out.Undecided = judge(fsys)
	out.Seconds = time.Since(start).Seconds()
	stop()
	_ = json.NewEncoder(os.Stdout).Encode(out)
}

// A cost is what it took to judge one repository.
type cost struct {
	Size, Units, Findings int
	Undecided             int
	Seconds               float64
	Bytes                 int64 `json:"-"` // the most that was held at a time, by the process
	Over                  bool  `json:"-"` // it was given up
}

// measure judges one repository in a process of its own.
func measure(tb testing.TB, kind string, n int) cost {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%d", asked, kind, n))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var c cost
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.Bytes = int64(usage.Maxrss)
		if runtime.GOOS == "linux" {
			c.Bytes *= 1024
		}
	}
	if ctx.Err() != nil {
		c.Over, c.Seconds = true, patience.Seconds()
		return c
	}
	if err != nil {
		tb.Errorf("%s of %d bytes: %v", kind, n, err)
		return c
	}
	if err := json.Unmarshal(out, &c); err != nil {
		tb.Fatal(err)
	}
	return c
}

// BenchmarkHostile prints what each kind costs at 100 kB and at 1 MB, and how
// many times as much the second is.
func BenchmarkHostile(b *testing.B) {
	for _, kind := range hostile.Kinds() {
		b.Run(kind.Name, func(b *testing.B) {
			var small, large cost
			for b.Loop() {
				small, large = measure(b, kind.Name, 100_000), measure(b, kind.Name, 1_000_000)
			}
			b.ReportMetric(small.Seconds, "s/100kB")
			b.ReportMetric(large.Seconds, "s/MB")
			b.ReportMetric(large.Seconds/max(small.Seconds, 0.001), "times-the-time")
			b.ReportMetric(float64(small.Bytes)/1e6, "MB-held/100kB")
			b.ReportMetric(float64(large.Bytes)/1e6, "MB-held/MB")
			b.ReportMetric(0, "ns/op")
		})
	}
}
