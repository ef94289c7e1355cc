package report_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/report"
)

// sinceOf is the result of a comparison, with the values that nobody may read.
func sinceOf(t *testing.T, dockerfile string, since *run.Since) *check.Result {
	t.Helper()
	p := dockworthy.Open(fstest.MapFS{"Dockerfile": {Data: []byte(dockerfile)}}, []string{"."}, source.Options{})
	builds, prob := p.Builds(p.Units()[0])
	if prob != nil {
		t.Fatal(prob.Err)
	}
	return &check.Result{Unit: p.Units()[0], Reports: []*check.Report{{Build: builds[0]}}, Proof: &check.Proof{Since: since, Given: []string{"Given-Value-4711"}}}
}

func written(t *testing.T, format string, res *check.Result) string {
	t.Helper()
	var b strings.Builder
	if err := report.Since(format, &b, []*check.Result{res}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func rebuilt() *run.Since {
	return &run.Since{
		Dockerfile: "Dockerfile", Ref: "v1", Commit: "0123456789abcdef0123456789abcdef01234567", Recipe: true,
		Files: []run.Changed{{Path: "src/a.py", How: run.Edited}}, Notes: []string{"git submodules are not compared"},
		Before: &run.Build{Seconds: 12, Steps: []run.BuildStep{{Index: 2, Instr: "RUN apt-get update", Seconds: 8}, {Index: 3, Instr: "COPY . .", Seconds: 1}, {Index: 4, Instr: "RUN make", Seconds: 3}}},
		After: &run.Build{Seconds: 4, Steps: []run.BuildStep{
			{Index: 1, Instr: "FROM x", Cached: true}, {Index: 2, Instr: "RUN apt-get update", Cached: true}, {Index: 3, Instr: "COPY . .", Seconds: 1, Because: "src/a.py changed"},
			{Index: 4, Instr: "RUN make", Seconds: 2.5, Because: "its parent COPY . . (line 3) ran again"},
		}},
	}
}

func TestSince(t *testing.T) {
	res := sinceOf(t, "FROM alpine:3.21\n", rebuilt())
	want := `Dockerfile  since v1 (0123456789ab)

rebuilt: 2 of 3 steps, 3.5 s of the 11.5 s that all of them take

rebuilt
  1.0 s    COPY . .: src/a.py changed
  2.5 s    RUN make: its parent COPY . . (line 3) ran again

cached
  8.0 s    RUN apt-get update

changed
  the Dockerfile
  src/a.py changed

note: git submodules are not compared

`
	if got := written(t, "text", res); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var got struct {
		Version int
		Since   []struct {
			Ref, Commit       string
			Files             []struct{ Path, How string }
			DockerfileChanged bool
			Seconds           struct{ Rebuilt, Whole float64 }
			Rebuilt           []struct {
				Instruction, Because string
				Seconds              float64
			}
			Cached []struct {
				Instruction string
				Took        float64
			}
			Notes []string
		}
	}
	if err := json.Unmarshal([]byte(written(t, "json", res)), &got); err != nil {
		t.Fatal(err)
	}
	s := got.Since[0]
	if got.Version != 1 || s.Ref != "v1" || s.Files[0].How != "changed" || !s.DockerfileChanged || s.Seconds.Rebuilt != 3.5 || s.Seconds.Whole != 11.5 ||
		len(s.Rebuilt) != 2 || s.Rebuilt[0].Because != "src/a.py changed" || len(s.Cached) != 1 || s.Cached[0].Took != 8 || len(s.Notes) != 1 {
		t.Errorf("%+v", got)
	}
	none := rebuilt()
	none.Before, none.After, none.Files, none.Recipe = nil, nil, nil, false
	if got := written(t, "text", sinceOf(t, "FROM alpine:3.21\n", none)); !strings.Contains(got, "nothing is rebuilt: ") {
		t.Error(got)
	}
	broken := rebuilt()
	broken.After = nil
	broken.Before.Error, broken.Before.Step, broken.Before.Tail = "exit code: 2", "RUN make", []string{"no rule"}
	if got := written(t, "text", sinceOf(t, "FROM alpine:3.21\n", broken)); !strings.Contains(got, "the build of v1 fails at RUN make: exit code: 2\n  | no rule\n") {
		t.Error(got)
	}
}

// Neither what a build was given nor a secret of the Dockerfile is shown, and
// nothing in it acts on a terminal.
func TestSinceShows(t *testing.T) {
	const key = "AKIAQ3EGRIB7ZQ5XW2LM"
	s := rebuilt()
	s.After.Steps[3].Instr = "RUN deploy " + key + " Given-Value-4711 \x1b[31m"
	s.After.Steps[3].Because = "RUN login " + key + " (line 2) above it ran again"
	s.After.Steps[1].Instr = "RUN x Given-Value-4711"
	s.Files[0].Path = "a\x1b[2J" + key
	s.After.Error, s.After.Tail = "said Given-Value-4711", []string{key}
	res := sinceOf(t, "FROM alpine:3.21\nRUN login "+key+"\n", s)
	for _, format := range []string{"text", "json"} {
		got := written(t, format, res)
		for _, bad := range []string{key, "Given-Value-4711", "\x1b"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s shows %q:\n%s", format, bad, got)
			}
		}
	}
}
