package proof

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// proved is a proof of a Dockerfile with an image of some files and a record.
func proved(t *testing.T, dockerfile string, files []string, log *run.Log) *Proof {
	t.Helper()
	fsys := fstest.MapFS{"Dockerfile": {Data: []byte(dockerfile)}}
	project := dockworthy.Open(fsys, []string{"."}, source.Options{})
	builds, problem := project.Builds(project.Units()[0])
	if problem != nil {
		t.Fatal(problem.Err)
	}
	var scan image.Scan
	for _, f := range files {
		scan.Files = append(scan.Files, image.File{Path: f, Mode: 0o644, Size: 1000})
	}
	img := image.Assemble(image.Description{Config: image.Config{User: "10001"}}, []image.Scan{scan})
	p := &Proof{Evidence: check.Evidence{Source: builds[0], Image: img, Run: log}}
	p.Report = dockworthy.Look(check.Evidence{Source: builds[0]}, check.Options{})
	return p
}

const (
	golden = "FROM alpine:3.22.2\nUSER 10001:10001\nENTRYPOINT [\"/bin/busybox\"]\n"
	asRoot = "FROM alpine:3.22.2\nENTRYPOINT [\"/bin/busybox\"]\n"
)

// TestCompare holds that packages which lie elsewhere are not told as gone and new, and
// that a folder which is not there any more is told once.
func TestCompare(t *testing.T) {
	up := &run.Log{Build: &run.Build{Seconds: 30}, Start: &run.Start{Up: true}, Rebuild: &run.Rebuild{Touched: "app.py", Seconds: 7}}
	before := proved(t, asRoot, []string{"/usr/local/lib/python3.13/site-packages/flask/app.py", "/usr/local/bin/gunicorn", "/usr/lib/gcc/x86_64/cc1", "/usr/lib/gcc/x86_64/cc1plus", "/usr/lib/os-release", "/code/app.py"}, up)
	after := proved(t, golden, []string{"/opt/venv/lib/python3.13/site-packages/flask/app.py", "/opt/venv/bin/gunicorn", "/opt/venv/pyvenv.cfg", "/usr/lib/os-release", "/code/app.py"}, up)
	c := Compare(before, after)
	if len(c.Gone) != 1 || c.Gone[0] != (ComparedFiles{"/usr/lib/gcc", 2, 2000}) {
		t.Errorf("gone: %v", c.Gone)
	}
	if len(c.New) != 1 || c.New[0].Path != "/opt" || c.New[0].Files != 1 {
		t.Errorf("new: %v", c.New)
	}
	rows := ""
	for _, r := range c.Rows {
		rows += r.Name + ": " + r.Before + " | " + r.After + "\n"
	}
	for _, want := range []string{
		"build: 30.0 s | 30.0 s\n",
		"rebuild: 7.0 s after an edit of app.py | 7.0 s after an edit of app.py\n",
		"start: runs | runs\n",
		"2 non-root: violated,",
	} {
		if !strings.Contains(rows, want) {
			t.Errorf("%q is missing in\n%s", want, rows)
		}
	}
}

// TestWorse holds what may not take the place of a build: what fails where that does not,
// and what breaks a rule that it keeps.
func TestWorse(t *testing.T) {
	runs := &run.Log{Build: &run.Build{}, Start: &run.Start{Up: true}}
	fails := &run.Log{Build: &run.Build{Error: "no such file"}}
	ends := &run.Log{Build: &run.Build{}, Start: &run.Start{Ended: true, Code: 3}}
	for _, tt := range []struct {
		name          string
		before, after *Proof
		want          string
	}{
		{"the same", proved(t, golden, nil, runs), proved(t, golden, nil, runs), ""},
		{"better", proved(t, asRoot, nil, runs), proved(t, golden, nil, runs), ""},
		{"no longer builds", proved(t, golden, nil, runs), proved(t, golden, nil, fails), "the build fails: no such file"},
		{"neither builds", proved(t, golden, nil, fails), proved(t, golden, nil, fails), ""},
		{"no longer runs", proved(t, golden, nil, runs), proved(t, golden, nil, ends), "it does not run: "},
		{"neither runs", proved(t, golden, nil, ends), proved(t, golden, nil, ends), ""},
		{"breaks a rule", proved(t, golden, nil, runs), proved(t, asRoot, nil, runs), "it breaks rule 2, non-root, which is kept today"},
	} {
		if got := Worse(tt.before, tt.after); got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
