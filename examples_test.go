package dockworthy_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// findings are the ids of what is found in a folder at or above a severity.
func findings(t *testing.T, dir string, least check.Severity) map[string]string {
	t.Helper()
	p := dockworthy.Open(os.DirFS(dir), []string{"."}, source.Options{AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
	found := map[string]string{}
	err := p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
		if res.Problem != nil {
			t.Errorf("%s: %v", res.Problem.Path, res.Problem.Err)
		}
		for _, f := range res.Findings {
			if f.Severity >= least {
				found[f.ID()] = f.Message
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The golden examples are what the project asks of others: no error and no
// warning, in no rule.
func TestGoldenExamplesAreClean(t *testing.T) {
	for _, dir := range []string{"examples/agent/golden", "examples/node/golden", "examples/go/golden", "examples/shop/golden"} {
		for id, msg := range findings(t, dir, check.Warning) {
			t.Errorf("%s: %s: %s", dir, id, msg)
		}
	}
}

// Every example as people write it first breaks something, and the agent's
// template breaks what it breaks when it is run.
func TestFirstExamplesAreJudged(t *testing.T) {
	for dir, want := range map[string]string{
		"examples/agent": "multi-stage/broken-copy non-root/unreadable-files pinned-base/floating",
		"examples/node":  "non-root/final-user-root layer-cache/sources-before-dependencies pinned-base/latest dockerignore/missing entrypoint/shell-form healthcheck/missing",
		"examples/shop":  "non-root/final-user-root layer-cache/sources-before-dependencies pinned-base/floating dockerignore/missing entrypoint/shell-form healthcheck/missing secrets/file-copied secrets/compose-literal",
		"examples/go":    "multi-stage/sdk-base-in-final non-root/final-user-root secrets/in-run entrypoint/shell-form healthcheck/vacuous non-root/compose-privileged pinned-base/kube-latest secrets/compose-literal",
	} {
		got := findings(t, dir, check.Warning)
		for _, id := range strings.Fields(want) {
			if _, ok := got[id]; !ok {
				t.Errorf("%s: no %s", dir, id)
			}
		}
	}
}
