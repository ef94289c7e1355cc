package checktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// evidence is what a case shows of an image or a run; ok is false for a case
// of source alone.
func evidence(t *testing.T, ar *txtar.Archive, fsys fs.FS, opt source.Options) (ev check.Evidence, ok bool) {
	t.Helper()
	for _, f := range ar.Files {
		if f.Name == "run.json" {
			dec := json.NewDecoder(bytes.NewReader(f.Data))
			dec.DisallowUnknownFields()
			ev.Run = &run.Log{}
			if err := dec.Decode(ev.Run); err != nil {
				t.Fatalf("run.json: %v", err)
			}
		}
	}
	ev.Image = builtImage(t, ar)
	if ev.Run == nil && ev.Image == nil {
		return ev, false
	}
	p := dockworthy.Open(fsys, []string{"."}, opt)
	for _, u := range p.Units() {
		if u.Kind != source.Dockerfile {
			continue
		}
		builds, prob := p.Builds(u)
		if prob != nil {
			t.Fatalf("%s: %v", prob.Path, prob.Err)
		}
		ev.Source = builds[0]
	}
	return ev, true
}

// judged are the findings of one rule at the levels of image and run, as text.
func judged(t *testing.T, ev check.Evidence, rule *check.Rule) string {
	t.Helper()
	rep := dockworthy.Look(ev, check.Options{})
	hidden := excerpt.Masks(rep)
	var b strings.Builder
	for _, f := range rep.Findings {
		promises(t, f)
		if f.Rule == rule && f.Level != check.Source {
			fmt.Fprintf(&b, "%s %s %s %s: %s\n", f.Level, f.Severity, f.ID(), place(f.Place), hidden.Hide(f.Message))
		}
	}
	for _, r := range rep.Answers {
		if r.Rule == rule && r.Level != check.Source && r.Verdict.Outcome == check.Undecided {
			fmt.Fprintf(&b, "%s undecided %s: %s\n", r.Level, r.Rule.ID(r.Check), r.Verdict.Reason)
		}
	}
	return b.String()
}
