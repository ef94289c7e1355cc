package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dockworthy/dockworthy/internal/engine"
)

// needEngine skips a test where nothing can be built and run, aloud; with
// DOCKWORTHY_ENGINE=required that is a failure.
func needEngine(t *testing.T) {
	t.Helper()
	switch reason := noEngine(t); {
	case reason == "":
	case os.Getenv("DOCKWORTHY_ENGINE") == "required":
		t.Fatalf("DOCKWORTHY_ENGINE=required, and %s", reason)
	default:
		t.Skipf("the engine tests are skipped: %s", reason)
	}
}

// TestEngine runs the scripts that build and run for real.
func TestEngine(t *testing.T) {
	needEngine(t)
	t.Cleanup(func() {
		if ids := left(t); len(ids) > 0 {
			t.Errorf("left on the engine by the runs %q", ids)
		}
	})
	reg := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	t.Cleanup(reg.Close)
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.RunT(serial{t}, testscript.Params{
		Dir:  "testdata/engine",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPO", repo)
			env.Setenv("REGISTRY", strings.TrimPrefix(reg.URL, "http://"))
			// The docker command finds its plugins and its credentials there.
			for _, name := range []string{"HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"} {
				if v, ok := os.LookupEnv(name); ok {
					env.Setenv(name, v)
				}
			}
			return nil
		},
	})
}

// serial runs scripts one after the other: what they measure is time.
type serial struct{ *testing.T }

func (serial) Parallel() {}

func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}

func (s serial) Verbose() bool { return testing.Verbose() }

// noEngine is why nothing can be built and run here; "" = it can.
func noEngine(t *testing.T) string {
	host, err := engine.ResolveHost()
	if err != nil {
		return err.Error()
	}
	e, err := engine.Open(t.Context(), host)
	if err != nil {
		return err.Error()
	}
	defer e.Close()
	if _, _, err := engine.FindBuildx(t.Context()); err != nil {
		return err.Error()
	}
	return ""
}

// left are the runs that left something on the engine and have ended.
func left(t *testing.T) []string {
	host, err := engine.ResolveHost()
	if err != nil {
		t.Fatal(err)
	}
	// The test's own context has ended when this is asked.
	ctx := context.Background()
	e, err := engine.Open(ctx, host)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ids, err := e.Left(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestInterrupted ends a proof in its middle, by Ctrl-C, by a terminal that goes
// away, and by the signal that no program hears: nothing stays on the engine,
// or, where the guard was killed too, nothing after the next start.
func TestInterrupted(t *testing.T) {
	needEngine(t)
	golden, err := filepath.Abs("../../examples/agent/golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sig       syscall.Signal
		unguarded bool
	}{{syscall.SIGINT, false}, {syscall.SIGHUP, false}, {syscall.SIGKILL, false}, {syscall.SIGKILL, true}} {
		sig := c.sig
		t.Run(fmt.Sprintf("%s unguarded %t", sig, c.unguarded), func(t *testing.T) {
			before := containers(t)
			cmd := &exec.Cmd{Path: os.Args[0], Args: []string{"dockworthy", "prove", golden}, Env: os.Environ()}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			// The first container of the run is there: it is in its middle.
			var mine []string
			for range 600 {
				mine = slices.DeleteFunc(containers(t), func(c string) bool {
					return slices.Contains(before, c) || !strings.Contains(c, "-"+strconv.Itoa(cmd.Process.Pid)+"-")
				})
				if len(mine) > 0 {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if len(mine) == 0 {
				t.Fatal("no container of the run was ever there")
			}
			if c.unguarded {
				if err := exec.Command("pkill", "-KILL", "-P", strconv.Itoa(cmd.Process.Pid), "-f", "guard$").Run(); err != nil {
					t.Fatalf("there is no guard to kill: %v", err)
				}
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			var exit *exec.ExitError
			if sig != syscall.SIGKILL && (!errors.As(err, &exit) || exit.ExitCode() != 130) {
				t.Errorf("the program ended with %v, want status 130", err)
			}
			id, _, _ := strings.Cut(mine[0], "|")
			there := slices.Contains(left(t), id)
			switch {
			case sig != syscall.SIGKILL && there:
				t.Errorf("after %s the run %s is still on the engine", sig, id)
			case sig == syscall.SIGKILL && !there:
				t.Errorf("the killed run %s is not found", id)
			}
			for i := 0; sig == syscall.SIGKILL && !c.unguarded && there; i++ {
				if i == 300 {
					t.Fatalf("the guard left the run %s on the engine", id)
				}
				time.Sleep(100 * time.Millisecond)
				there = slices.Contains(left(t), id)
			}
			// The next start, whatever it is for, cleans up.
			next := exec.Command(os.Args[0])
			next.Args = []string{"dockworthy", "prove", t.TempDir()}
			if out, err := next.CombinedOutput(); err == nil {
				t.Errorf("an empty folder was proved: %s", out)
			}
			if slices.Contains(left(t), id) {
				t.Errorf("the next start left the run %s on the engine", id)
			}
		})
	}
}

// containers are the containers of runs, as "RUN|ID".
func containers(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("docker", "ps", "-a", "--filter", "label="+engine.Label, "--format", `{{.Label "`+engine.Label+`"}} {{.ID}}`).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(strings.ReplaceAll(string(out), " ", "|"))
}
