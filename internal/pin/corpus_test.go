package pin

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/bake"
	"github.com/dockworthy/dockworthy/internal/source"
)

// The projects of DOCKWORTHY_CORPUS, a folder of them, are pinned without any other
// change.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("DOCKWORTHY_CORPUS")
	if dir == "" {
		t.Skip("DOCKWORTHY_CORPUS names no folder of projects")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	deeds, reasons := map[Deed]int{}, map[string]int{}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		fsys := os.DirFS(dir + "/" + e.Name())
		found := Find(fsys, []string{"."}, source.Options{Bake: bake.Parse})
		plan, err := New(context.Background(), found.Uses, byName{}, Options{Now: time.Now()})
		if err != nil {
			t.Errorf("%s: %v", e.Name(), err)
			continue
		}
		for _, d := range plan.Decisions {
			deeds[d.Deed]++
			if d.Deed == Skip {
				reasons[d.Reason]++
				t.Logf("%s/%s:%d %s %s: %s", e.Name(), d.File.Name, d.Line(), d.What, d.Written, d.Reason)
			}
		}
		for _, c := range plan.Changes {
			rest := string(c.After)
			for _, edit := range c.Edits {
				if edit.Span.Len() > 0 {
					t.Errorf("%s: %s: an edit takes bytes away", e.Name(), c.File.Name)
				}
				rest = strings.Replace(rest, edit.New, "", 1)
			}
			if rest != string(c.File.Data) {
				t.Errorf("%s: %s: other bytes change", e.Name(), c.File.Name)
			}
		}
	}
	t.Log(deeds)
}
