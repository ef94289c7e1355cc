package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
		if left := leftovers(t); left != "" {
			t.Errorf("left behind:\n%s", left)
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

// leftovers is what runs left on the engine.
func leftovers(t *testing.T) string {
	var left strings.Builder
	for _, list := range [][]string{
		{"ps", "-aq", "--filter", "label=" + engine.Label},
		{"images", "-q", "--filter", "label=" + engine.Label},
		{"images", "-q", engine.Repository},
		{"volume", "ls", "-q", "--filter", "label=" + engine.Label},
		{"network", "ls", "-q", "--filter", "label=" + engine.Label},
	} {
		out, err := exec.Command("docker", list...).Output()
		if err != nil {
			t.Fatalf("docker %s: %v", strings.Join(list, " "), err)
		}
		if len(out) > 0 {
			left.WriteString("docker " + strings.Join(list, " ") + ": " + string(out))
		}
	}
	return left.String()
}
