package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dockworthy/dockworthy/engine"
)

// TestEngine runs the scripts that build and run for real. Without an engine
// they are skipped, aloud; with DOCKWORTHY_ENGINE=required that is a failure.
func TestEngine(t *testing.T) {
	if reason := noEngine(t); reason != "" {
		if os.Getenv("DOCKWORTHY_ENGINE") == "required" {
			t.Fatalf("DOCKWORTHY_ENGINE=required, and %s", reason)
		}
		t.Skipf("the engine tests are skipped: %s", reason)
	}
	// When all scripts are done, and not before: they run side by side.
	t.Cleanup(func() {
		if ids := left(t); len(ids) > 0 {
			t.Errorf("left on the engine by the runs %q", ids)
		}
	})
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/engine",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPO", repo)
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
