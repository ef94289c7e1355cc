package rebuild_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/rebuild"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// read is the build of a Dockerfile.
func read(t *testing.T, dockerfile string, args map[string]string) *source.Build {
	t.Helper()
	p := dockworthy.Open(fstest.MapFS{"Dockerfile": {Data: []byte(dockerfile)}, "app.py": {Data: []byte("1\n")}}, []string{"."}, source.Options{BuildArgs: args})
	builds, prob := p.Builds(p.Units()[0])
	if prob != nil {
		t.Fatal(prob.Err)
	}
	return builds[0]
}

// told is what a builder says of a build of which the steps on these lines ran.
func told(b *source.Build, ran ...int) *run.Build {
	out := &run.Build{}
	for _, st := range b.Stages {
		name := st.Name
		if name == "" && len(b.Stages) > 1 {
			name = fmt.Sprintf("stage-%d", st.Index)
		}
		var list []string
		var lines []int
		if st.Image != nil && !st.Image.Scratch {
			list, lines = []string{"FROM docker.io/library/" + st.Base.Value}, []int{st.From.Line()}
		}
		for _, s := range st.Steps {
			if slices.Contains([]string{"RUN", "COPY", "ADD", "WORKDIR"}, s.Keyword) {
				list, lines = append(list, s.Joined()), append(lines, s.Line())
			}
		}
		for i, instr := range list {
			prefix := fmt.Sprintf("%d/%d", i+1, len(list))
			if name != "" {
				prefix = name + " " + prefix
			}
			out.Steps = append(out.Steps, run.BuildStep{Name: "[" + prefix + "] " + instr, Stage: name, Index: i + 1, Instr: instr, Cached: !slices.Contains(ran, lines[i])})
		}
	}
	return out
}

// causes are what was found, by line.
func causes(b *source.Build, again *run.Build) string {
	var out strings.Builder
	lines := map[int]int{}
	for s, i := range rebuild.Match(b, again.Steps) {
		lines[s.Line()] = i
	}
	for n := range 100 {
		if i, ok := lines[n]; ok && again.Steps[i].Because != "" {
			fmt.Fprintf(&out, "%d %s\n", n, again.Steps[i].Because)
		}
	}
	return out.String()
}

func changed(paths ...string) (list []run.Changed) {
	for _, p := range paths {
		list = append(list, run.Changed{Path: p, How: run.Edited})
	}
	return list
}

const app = `FROM python:3.12-slim-bookworm
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
RUN make
RUN make more
`

const staged = `FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod .
RUN go mod download
COPY . .
RUN go build -o /out/app .
FROM scratch
COPY --from=build /etc/ssl /etc/ssl
COPY --from=build /out /out
`

const unknown = rebuild.Unknown

func TestExplainEdit(t *testing.T) {
	for _, c := range []struct {
		name, dockerfile, edit string
		ran                    []int
		want                   string
	}{
		{"quiet: all is cached", app, "README.md", nil, ""},
		{"quiet: what was cached has no cause", app, "app.py", []int{5, 6, 7},
			"5 app.py changed (the edit)\n6 its parent COPY . . (line 5) ran again\n7 COPY . . (line 5) above it ran again\n"},
		{"the manifest", app, "requirements.txt", []int{3, 4, 5, 6, 7},
			"3 requirements.txt changed (the edit)\n4 its parent COPY requirements.txt . (line 3) ran again\n5 requirements.txt changed (the edit)\n6 COPY requirements.txt . (line 3) above it ran again\n7 COPY requirements.txt . (line 3) above it ran again\n"},
		{"a stage", staged, "main.go", []int{5, 6, 9},
			"5 main.go changed (the edit)\n6 its parent COPY . . (line 5) ran again\n9 stage build ran again from COPY . . (line 5)\n"},
		{"nothing changed, and it ran", app, "README", []int{4, 5}, "4 " + unknown + "\n5 README changed (the edit)\n"},
		{"what follows what is not known is not known", staged, "", []int{4, 6, 9}, "4 " + unknown + "\n6 " + unknown + "\n9 " + unknown + "\n"},
		{"the file of a bind mount", "FROM python:3.12-slim-bookworm\nRUN --mount=type=bind,source=requirements.txt,target=/r pip install -r /r\nRUN --mount=type=bind,source=src,target=/s make\n", "src/a.c", []int{3},
			"3 src/a.c of its bind mount changed (the edit)\n"},
		{"a bind mount of a stage", "FROM python:3.12-slim-bookworm AS a\nCOPY x /x\nFROM python:3.12-slim-bookworm\nRUN --mount=type=bind,from=a,target=/s make\n", "x", []int{2, 4},
			"2 x changed (the edit)\n4 stage a ran again from COPY x /x (line 2)\n"},
		{"a stage on a stage", "FROM python:3.12-slim-bookworm AS a\nCOPY x /x\nFROM a AS b\nRUN make\nFROM b\nRUN test\n", "x", []int{2, 4, 6},
			"2 x changed (the edit)\n4 its parent COPY x /x (line 2) ran again\n6 COPY x /x (line 2) above it ran again\n"},
		{"wildcards and folders", "FROM alpine:3.21\nCOPY *.py /a/\nCOPY src /src\nCOPY s?c/*.c /c/\nCOPY src/*/d /d\n", "src/x.c", []int{2, 3, 4, 5},
			"2 " + unknown + "\n3 src/x.c changed (the edit)\n4 src/x.c changed (the edit)\n5 COPY *.py /a/ (line 2) above it ran again\n"},
		{"not what --exclude keeps out", "FROM alpine:3.21\nCOPY --exclude=*.md . /a\nRUN make\n", "README.md", []int{3}, "3 " + unknown + "\n"},
		{"an address", "FROM alpine:3.21\nADD https://user:word@example.com/a.tgz?token=1 /a/\nRUN make\n", "", []int{2, 3},
			"2 what https://example.com/a.tgz serves changed, or the date that its server gives it\n3 its parent ADD https://user:word@example.com/a.tgz?token=1 … (line 2) ran again\n"},
		{"a linked COPY has no parent", strings.Replace(staged, "FROM scratch\nCOPY --from=build /etc/ssl /etc/ssl\nCOPY", "FROM alpine:3.21\nCOPY go.mod /\nCOPY --link", 1), "go.mod", []int{3, 4, 5, 6, 8, 9},
			"3 go.mod changed (the edit)\n4 its parent COPY go.mod . (line 3) ran again\n5 go.mod changed (the edit)\n6 COPY go.mod . (line 3) above it ran again\n8 go.mod changed (the edit)\n9 stage build ran again from COPY go.mod . (line 3)\n"},
		{"heredocs are not of the context", "FROM alpine:3.21\nCOPY <<EOF /a\nx\nEOF\nRUN make\n", "x", []int{5}, "5 " + unknown + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := read(t, c.dockerfile, nil)
			again := told(b, c.ran...)
			ch := rebuild.Change{After: b, Edit: c.edit, First: told(b), Again: again}
			if c.edit != "" {
				ch.Files = changed(c.edit)
			}
			rebuild.Explain(ch)
			want := c.want
			if c.name == "wildcards and folders" {
				// What follows what is not known has no cause in it.
				want = strings.Replace(want, "COPY *.py /a/ (line 2) above it ran again", unknown, 1)
			}
			if got := causes(b, again); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

func TestExplainChange(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		was, is             map[string]string // build arguments
		files               []run.Changed
		ran                 []int
		want                string
	}{
		{name: "quiet: comments and lines", before: app, after: "# x\n\n" + strings.Replace(app, "COPY requirements.txt .", "COPY   requirements.txt   .", 1)},
		{name: "the base image", before: app, after: strings.Replace(app, "3.12-", "3.13-", 1), ran: []int{2, 3, 4, 5, 6, 7},
			want: "2 its base image changed from python:3.12-slim-bookworm to python:3.13-slim-bookworm (line 1)\n3 its parent WORKDIR /app (line 2) ran again\n4 WORKDIR /app (line 2) above it ran again\n5 WORKDIR /app (line 2) above it ran again\n6 WORKDIR /app (line 2) above it ran again\n7 WORKDIR /app (line 2) above it ran again\n"},
		{name: "a changed RUN", before: app, after: strings.Replace(app, "RUN make\n", "RUN make all\n", 1), ran: []int{6, 7},
			want: "6 the instruction changed\n7 its parent RUN make all (line 6) ran again\n"},
		{name: "a new RUN", before: app, after: strings.Replace(app, "RUN make\n", "RUN true\nRUN make\n", 1), ran: []int{6, 7, 8},
			want: "6 the instruction is new\n7 its parent RUN true (line 6) ran again\n8 RUN true (line 6) above it ran again\n"},
		{name: "a RUN that is gone", before: app, after: strings.Replace(app, "RUN make\n", "", 1), ran: []int{6},
			want: "6 RUN make (line 6), which was above it, was removed\n"},
		{name: "the last RUN of a stage is gone", before: staged, after: strings.Replace(staged, "RUN go build -o /out/app .\n", "", 1), ran: []int{8},
			want: "8 in stage build, RUN go build -o /out/app . (line 6), which was at the end of stage build, was removed\n"},
		{name: "an ENV", before: "FROM alpine:3.21\nENV A=1\nCOPY x /\nRUN echo $A\n", after: "FROM alpine:3.21\nENV A=2\nCOPY x /\nRUN echo $A\n", ran: []int{4},
			want: "4 ENV A (line 2) has another value\n"},
		{name: "an ARG of the command line", before: "FROM alpine:3.21\nARG V\nRUN echo $V\nRUN make\n", after: "FROM alpine:3.21\nARG V\nRUN echo $V\nRUN make\n", was: map[string]string{"V": "1"}, is: map[string]string{"V": "2"}, ran: []int{3, 4},
			want: "3 ARG V (line 2) has another value\n4 ARG V (line 2) has another value, which each RUN below it sees\n"},
		{name: "an ARG that nothing names", before: "FROM alpine:3.21\nARG V=1\nRUN make\n", after: "FROM alpine:3.21\nARG V=2\nRUN make\n", ran: []int{3},
			want: "3 ARG V (line 2) has another value, which each RUN below it sees\n"},
		{name: "an ARG in a COPY", before: "FROM alpine:3.21\nARG V=1\nCOPY a-$V /\n", after: "FROM alpine:3.21\nARG V=2\nCOPY a-$V /\n", ran: []int{3},
			want: "3 ARG V (line 2) has another value\n"},
		{name: "USER", before: "FROM alpine:3.21\nUSER 1\nRUN id\n", after: "FROM alpine:3.21\nUSER 2\nRUN id\n", ran: []int{3}, want: "3 USER 2 (line 2) changed\n"},
		{name: "a new stage", before: "FROM alpine:3.21\nCOPY x /\n", after: "FROM alpine:3.21 AS a\nRUN make\nFROM alpine:3.21\nCOPY --from=a /x /\n", ran: []int{2, 4},
			want: "2 the stage a is new\n4 the stage 1 is new\n"},
		{name: "several files", before: app, after: app, files: []run.Changed{{Path: "a", How: run.Added}, {Path: "b", How: run.Removed}, {Path: "c", How: run.Mode}}, ran: []int{5, 6, 7},
			want: "5 a was added, and 2 files more\n6 its parent COPY . . (line 5) ran again\n7 COPY . . (line 5) above it ran again\n"},
		{name: "what an earlier build had made", before: app, after: app, files: changed("app.py"), ran: []int{6, 7},
			want: "5 app.py changed; an earlier build had left the result in the cache\n6 its parent COPY . . (line 5) changed\n7 COPY . . (line 5) above it changed\n"},
		{name: "what an earlier build had taken of a stage", before: staged + "RUN x\n", after: staged + "RUN x\n", files: changed("main.go"), ran: []int{5, 6, 10},
			want: "5 main.go changed\n6 its parent COPY . . (line 5) ran again\n9 stage build ran again from COPY . . (line 5); an earlier build had left the result in the cache\n10 its parent COPY --from=build /out /out (line 9) changed\n"},
		{name: "quiet: a stage that made the same", before: staged + "RUN x\n", after: staged + "RUN x\n", files: changed("main.go"), ran: []int{5, 6},
			want: "5 main.go changed\n6 its parent COPY . . (line 5) ran again\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after := read(t, c.before, c.was), read(t, c.after, c.is)
			again := told(after, c.ran...)
			rebuild.Explain(rebuild.Change{Before: before, After: after, Files: c.files, First: told(before), Again: again})
			if got := causes(after, again); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// An image that moved between two builds is the cause of what is built on it.
func TestExplainImage(t *testing.T) {
	b := read(t, staged, nil)
	first, again := told(b), told(b, 2, 3, 4, 5, 6, 9)
	first.Bases = []run.Resolved{{Ref: "docker.io/library/golang:1.26-bookworm", Digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaa"}}
	again.Bases = []run.Resolved{{Ref: "docker.io/library/golang:1.26-bookworm", Digest: "sha256:bbbbbbbbbbbbbbbbbbbbbbbb"}}
	rebuild.Explain(rebuild.Change{After: b, First: first, Again: again})
	got := causes(b, again)
	for _, want := range []string{
		"2 the image golang:1.26-bookworm changed from sha256:aaaaaaaaaaaa… to sha256:bbbbbbbbbbbb…\n",
		"3 its parent WORKDIR /src (line 2) ran again\n", "9 stage build ran again from WORKDIR /src (line 2)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}

// The builder's numbers begin with FROM only where that is an image, and a stage
// with triggers has more steps than the file.
func TestMatch(t *testing.T) {
	b := read(t, staged, nil)
	seen := told(b)
	at := rebuild.Match(b, seen.Steps)
	if len(at) != 7 {
		t.Errorf("%d steps were found, want 7", len(at))
	}
	for s, i := range at {
		if s.Joined() != seen.Steps[i].Instr {
			t.Errorf("%q was found as %q", s.Joined(), seen.Steps[i].Instr)
		}
	}
	one := read(t, "FROM base\nRUN a\nRUN b\n", nil)
	if at := rebuild.Match(one, []run.BuildStep{{Name: "[2/4] RUN trigger", Index: 2, Instr: "RUN trigger"}, {Name: "[3/4] RUN a", Index: 3, Instr: "RUN a"}}); len(at) != 0 {
		t.Errorf("a stage with triggers was matched by its numbers: %v", at)
	}
}

// Of a build that failed, what the builder did not come to did not run again.
func TestExplainFailed(t *testing.T) {
	b := read(t, app, nil)
	again := told(b, 5, 6, 7)
	for i := range again.Steps {
		switch again.Steps[i].Index {
		case 6:
			again.Steps[i].Error = "exit code: 2"
		case 7:
			again.Steps[i].Unreached = true
		}
	}
	rebuild.Explain(rebuild.Change{After: b, Edit: "app.py", Files: changed("app.py"), First: told(b), Again: again})
	if got, want := causes(b, again), "5 app.py changed (the edit)\n6 its parent COPY . . (line 5) ran again\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A builder makes one of equal steps of two stages.
func TestExplainShared(t *testing.T) {
	b := read(t, "FROM alpine:3.21 AS a\nCOPY x /\nRUN make\nFROM alpine:3.21\nCOPY x /\nRUN --mount=type=tmpfs,target=/t test a b\n", nil)
	again := told(b, 2, 3, 6)
	again.Steps = slices.DeleteFunc(again.Steps, func(s run.BuildStep) bool { return s.Stage == "stage-1" && s.Index == 2 })
	rebuild.Explain(rebuild.Change{After: b, Edit: "x", Files: changed("x"), First: told(b), Again: again})
	want := "2 x changed (the edit)\n3 its parent COPY x / (line 2) ran again\n6 its parent COPY x / (line 5) ran again\n"
	if got := causes(b, again); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := rebuild.Name(b.Stages[1].Steps[1]); got != "RUN test a b (line 6)" {
		t.Error(got)
	}
}

// Names of steps keep words whole, so that secrets in them can be hidden.
func TestName(t *testing.T) {
	b := read(t, "FROM alpine:3.21\nRUN curl -H 'Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789' https://example.com\n", nil)
	if got := rebuild.Name(b.Stages[0].Steps[0]); got != "RUN curl -H 'Authorization: Bearer … (line 2)" {
		t.Error(got)
	}
}
