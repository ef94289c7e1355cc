package engine

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy/internal/run"
)

// The records are what docker buildx build --progress=rawjson printed.
func TestProgress(t *testing.T) {
	for name, want := range map[string]struct {
		error, step string
		bases       int
		cached      int
		network     bool
	}{
		"good.jsonl":       {"", "", 1, 0, false},
		"missing.jsonl":    {"/usr/bin/curl is not in b: neither its base image nor one of its steps creates this path", "COPY --from=b /usr/bin/curl", 1, 0, false},
		"notsent.jsonl":    {"nosuch is not in the build context: it does not exist, or .dockerignore excludes it", "COPY nosuch /x", 1, 0, false},
		"failing.jsonl":    {"the command exited with status 3: hi", "RUN echo hi", 1, 0, false},
		"nobase.jsonl":     {"the base image docker.io/library/nosuch:1.2.3 does not exist, or access is denied", "load metadata", 0, 0, false},
		"unparsable.jsonl": {"dockerfile parse error", "", 0, 0, false},
		"network.jsonl":    {"the network failed: ", "RUN", 1, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			g := &progress{}
			g.read(f)
			b := g.result()
			if want.error != "" {
				g.explain(b)
			}
			if !strings.HasPrefix(b.Error, want.error) || want.error == "" && b.Error != "" {
				t.Errorf("error %q, want %q", b.Error, want.error)
			}
			if !strings.Contains(b.Step, want.step) {
				t.Errorf("step %q, want %q", b.Step, want.step)
			}
			if len(b.Bases) != want.bases || b.Network != want.network {
				t.Errorf("bases %v, network %t; want %d, %t", b.Bases, b.Network, want.bases, want.network)
			}
		})
	}
}

func TestBuildCause(t *testing.T) {
	for _, c := range []struct {
		step, cause string
		tail        []string
		want        string
	}{
		{"[b 3/4] RUN pip install x", "exit code: 1", []string{"x.c:1:10: fatal error: stdlib.h: No such file or directory", "error: command '/usr/bin/gcc' failed"}, "the C library's headers are missing (stdlib.h)"},
		{"[b 3/4] RUN pip install x", "exit code: 1", []string{"x.c:1:10: fatal error: Python.h: No such file or directory"}, "Python's headers are missing"},
		{"[b 3/4] RUN make", "exit code: 127", []string{"/bin/sh: 1: make: not found"}, "the program make is not in this stage"},
		{"[b 3/4] RUN go build", "exit code: 1", []string{"error obtaining VCS status: exit status 128"}, "Go reads .git"},
		{"[b 2/2] COPY --chown=app:app . /srv", "unable to convert uid/gid chown string to host mapping: can't find uid for user app: no such user: app", nil, "--chown names a user that this stage does not have"},
		{"[b 3/4] RUN true", "process \"/bin/sh -c true\" did not complete successfully: unable to find user app: no matching entries in passwd file", nil, "the step runs as app, a user that this stage does not have"},
		{"[b 3/4] RUN pip install x", "exit code: 1", []string{"ERROR: Cannot install pdm[locked]==2.29.4 because these package versions have conflicting dependencies.", "To fix this you could try to:", "1. loosen the range of package versions you've specified", "", "[notice] To update, run: python -m pip install --upgrade pip"}, "the command exited with status 1: ERROR: Cannot install pdm[locked]==2.29.4 because"},
		{"[b 3/4] RUN pip install x", "exit code: 1", []string{"Error: pg_config executable not found.", "note: This error originates from a subprocess, and is likely not a problem with pip."}, "the command exited with status 1: Error: pg_config executable not found."},
		{"[b 3/4] RUN x", "exit code: 1", []string{"something went wrong", "note: see the log"}, "the command exited with status 1: something went wrong"},
		{"[b 3/4] RUN mvn package", "exit code: 1", []string{"[INFO] BUILD FAILURE", "[ERROR] Failed to execute goal org.example:plugin:3.1:run (default) on project x: Could not find artifact a:b:jar:1 in central -> [Help 1]", "[ERROR] ", "[ERROR] Re-run Maven using the -X switch to enable full debug logging.", "[ERROR] [Help 1] http://cwiki.example/x", " [0m [0m"}, "the command exited with status 1: Failed to execute goal org.example:plugin:3.1:run (default) on project x: Could not find artifact a:b:jar:1 in central"},
		{"[b 3/4] RUN mvn package", "exit code: 1", []string{"[ERROR] COMPILATION ERROR : ", "[ERROR] /src/A.java:[3,5] cannot find symbol", "[ERROR] Failed to execute goal org.example:compiler:3.1:compile: Compilation failure"}, "the command exited with status 1: /src/A.java:[3,5] cannot find symbol"},
		{"[b 3/4] RUN mvn package", "exit code: 1", []string{"[ERROR] Non-resolvable parent POM for x", "[ERROR] ", "[0m"}, "the command exited with status 1: Non-resolvable parent POM for x"},
		{"[b 3/4] RUN gradle build", "exit code: 1", []string{"FAILURE: Build failed with an exception.", "", "* What went wrong:", "Execution failed for task ':compileJava'.", "> Could not resolve a:b:1.", "", "* Try:", "> Run with --stacktrace"}, "the command exited with status 1: Execution failed for task ':compileJava'. Could not resolve a:b:1."},
		{"[b 3/4] RUN false", "exit code: 1", nil, "the command exited with status 1 and no output"},
	} {
		if got := buildCause(c.step, c.cause, "", c.tail); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.step, got, c.want)
		}
	}
}

func TestNoBuildx(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := FindBuildx(t.Context())
	if err == nil || !strings.Contains(err.Error(), "buildx, the client of Docker's builder, is not installed; install the package docker-buildx-plugin") {
		t.Errorf("without buildx: %v", err)
	}
	_, err = (&Engine{}).Build(t.Context(), BuildPlan{Context: "."})
	if err == nil || !strings.Contains(err.Error(), "buildx") {
		t.Errorf("a build without buildx: %v", err)
	}
}

// FuzzProgress holds the reader of the builder's progress against whatever a
// builder may print.
func FuzzProgress(f *testing.F) {
	list, err := filepath.Glob("testdata/*.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range list {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("{}\n{\"vertexes\":[{}]}\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		g := &progress{}
		g.read(bytes.NewReader(data))
		b := g.result()
		g.explain(b)
		if b.Error == "" {
			t.Error("a failed build without a reason")
		}
	})
}

// Podman's own builder is another one, and the words say what to do.
func TestPodmanBuildsItself(t *testing.T) {
	e := &Engine{Name: "Podman Engine", Version: "4.3.1", API: "1.41", OS: "linux", Arch: "amd64"}
	_, err := e.Build(t.Context(), BuildPlan{})
	var known *Error
	if !errors.As(err, &known) || !strings.Contains(known.Hint, "--image NAME") {
		t.Errorf("the error is %v", err)
	}
	if got, want := e.About(), (run.Engine{Name: "Podman Engine", Version: "4.3.1", API: "1.41", Platform: "linux/amd64"}); got != want {
		t.Errorf("it is %+v, want %+v", got, want)
	}
}

// The builder pads numbers to the width of the last one, also where a stage has no
// name.
func TestStepName(t *testing.T) {
	for name, want := range map[string][3]string{
		"[build  2/12] RUN x": {"build", "2", "RUN x"}, "[ 2/12] RUN x": {"", "2", "RUN x"}, "[12/12] RUN x": {"", "12", "RUN x"}, "[stage-1 1/2] COPY a b": {"stage-1", "1", "COPY a b"},
	} {
		m := stepName.FindStringSubmatch(name)
		if m == nil || [3]string(m[1:]) != want {
			t.Errorf("%q: %q, want %q", name, m, want)
		}
	}
	if m := stepName.FindStringSubmatch("[internal] load build context"); m != nil {
		t.Errorf("%q", m)
	}
}
