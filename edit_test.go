package dockworthy_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
)

var editable = dockworthy.Options{AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Editable: true}

// told is all that is said of a project, as text.
func told(t testing.TB, p *dockworthy.Project) string {
	t.Helper()
	var b strings.Builder
	err := p.Check(t.Context(), check.Options{}, func(res *check.Result) error {
		fmt.Fprintf(&b, "%s %d\n", res.Unit.Path, res.Unit.Kind)
		if res.Problem != nil {
			fmt.Fprintf(&b, "  %d: %v\n", res.Problem.Line, res.Problem.Err)
		}
		for _, f := range res.Findings {
			fmt.Fprintf(&b, "  %s %s %s %v: %s; %s\n", f.Severity, f.ID(), f.Place.File.Name, f.Place.Span, f.Message, f.Help)
		}
		for _, rep := range res.Reports {
			for _, a := range rep.Answers {
				fmt.Fprintf(&b, "  %s %s %s\n", a.Rule.ID(a.Check), a.Verdict.Outcome, a.Verdict.Reason)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	for _, q := range p.Problems() {
		problems = append(problems, fmt.Sprintf("%s:%d: %v", q.Path, q.Line, q.Err))
	}
	slices.Sort(problems)
	return b.String() + strings.Join(problems, "\n")
}

// versions are files of a project, each with what may stand in it: "" is that it
// is not there.
var versions = map[string][]string{
	"Dockerfile": {
		"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"/app/start.sh\"]\n",
		"FROM python:3.13.1-slim-bookworm\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nUSER 10001\nENTRYPOINT [\"python\", \"main.py\"]\n",
		"FROM python:3.12-slim\nCOPY *.txt /x/\nCMD python main.py\n",
		"FROM\n", "",
	},
	"web/Dockerfile":              {"FROM base\nCOPY package.json .\nRUN npm install\n", "FROM node:20\nCOPY package*.json ./\nRUN npm ci\nCMD [\"npm\", \"start\"]\n", ""},
	"base/Dockerfile":             {"FROM debian:12\nUSER app\nRUN apt-get update\n", "FROM debian:latest\n", ""},
	"tools/ci/Dockerfile":         {"FROM alpine\nCOPY scripts/x.sh /\n", ""},
	".dockerignore":               {"*\n!main.py\n!requirements.txt\n!start.sh\n", ".git\n", "", "# nothing\n"},
	"web/Dockerfile.dockerignore": {"", "node_modules\n"},
	"web/.dockerignore":           {"*\n!package.json\n", ""},
	"compose.yaml": {
		"services:\n  web:\n    build: {context: web}\n    ports: [\"80:80\"]\n  base:\n    image: base\n    build: base\n", "",
		"services:\n  app:\n    build: .\n    user: root\n    environment:\n      DB_PASSWORD: $PW\n", "services: [\n",
	},
	".env":             {"PW=hunter2secret\n", "", "PW=\n"},
	"k8s.yaml":         {"", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - {name: a, image: \"web:1\"}\n"},
	".dockworthy.yaml": {"", "profile: banking\n", "bases:\n  base: {user: app}\n", "profile: wrong\n"},
	"requirements.txt": {"flask==3.0.0\n", "flask\npytest\n", "-r dev.txt\n", ""},
	"dev.txt":          {"pytest==8.0.0\n", ""},
	"start.sh":         {"#!/bin/sh\nexec python main.py\n", "#!/bin/sh\npython main.py\n", ""},
	"main.py":          {"import flask\n", "import dotenv\n"},
	"web/package.json": {`{"dependencies":{"a":"1"}}`, `{"devDependencies":{"jest":"1"}}`, ""},
	"web/.npmrc":       {"", "//registry/:_authToken=npm_aB3dE6fGhIjKlMnOpQrStUvWxYz0123456789\n"},
	"node_modules/a/x": {"", "1"},
	".gitignore":       {"", "tools/\n"},
	"action.yml":       {"", "runs:\n  using: docker\n  image: Dockerfile\n"},
	"Makefile":         {"", "build:\n\tdocker build --build-context base=./base web\n"},
	"scripts/x.sh":     {"#!/bin/sh\n", ""},
	"big.bin":          {"", strings.Repeat("x", 11<<20)},
}

// An edited project is judged as one that is read anew, whatever file is changed,
// comes or goes.
func TestEdit(t *testing.T) {
	base := fstest.MapFS{"link.txt": {Data: []byte("requirements.txt"), Mode: fs.ModeSymlink | 0o777}}
	for name, list := range versions {
		if list[0] != "" {
			base[name] = &fstest.MapFile{Data: []byte(list[0]), Mode: 0o644}
		}
	}
	changed := func(name, body string) dockworthy.Changes {
		if body == "" {
			return dockworthy.Changes{name: nil}
		}
		return dockworthy.Changes{name: []byte(body)}
	}
	// What an edit is held against: the same files, without one.
	fresh := func(now map[string]string) string {
		fsys := fstest.MapFS{"link.txt": base["link.txt"]}
		for name, body := range now {
			for dir := path.Dir(name); dir != "." && versions[name][0] != ""; dir = path.Dir(dir) {
				fsys[dir] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
			}
			if body != "" {
				fsys[name] = &fstest.MapFile{Data: []byte(body), Mode: 0o644}
			}
		}
		return told(t, dockworthy.Open(fsys, []string{"."}, editable))
	}
	first := map[string]string{}
	for name, list := range versions {
		first[name] = list[0]
	}
	names := slices.Sorted(maps.Keys(versions))
	p := dockworthy.Open(base, []string{"."}, editable)
	told(t, p)
	for _, name := range names {
		for i, body := range versions[name][1:] {
			t.Run(fmt.Sprintf("%s %d", name, i+1), func(t *testing.T) {
				now := map[string]string{}
				for n, b := range first {
					now[n] = b
				}
				now[name] = body
				if got, want := told(t, p.Edit(changed(name, body))), fresh(now); got != want {
					t.Error(differ(got, want))
				}
			})
		}
	}
	t.Run("many edits", func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		now := map[string]string{}
		for n, b := range first {
			now[n] = b
		}
		q := p
		for range 120 {
			changes := dockworthy.Changes{}
			for range 1 + r.IntN(2) {
				name := names[r.IntN(len(names))]
				now[name] = versions[name][r.IntN(len(versions[name]))]
				for n, data := range changed(name, now[name]) {
					changes[n] = data
				}
			}
			q = q.Edit(changes)
			if r.IntN(3) == 0 {
				continue // several edits between two looks
			}
			if got, want := told(t, q), fresh(now); got != want {
				t.Fatalf("after %v\n%s", slices.Sorted(maps.Keys(changes)), differ(got, want))
			}
		}
		if got, want := told(t, p), fresh(first); got != want {
			t.Error("the project itself has changed")
		}
	})
}

// Each file of every case may change or go.
func TestEditCases(t *testing.T) {
	paths, err := filepath.Glob("internal/rules/*/testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases: ", err)
	}
	for i, name := range paths {
		if testing.Short() && i%10 != 0 {
			continue
		}
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{}
		for _, f := range ar.Files {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
		}
		p := dockworthy.Open(fsys, []string{"."}, editable)
		told(t, p)
		for _, f := range ar.Files {
			if f.Name == "want" || strings.Contains(f.Name, "..") || strings.HasPrefix(f.Name, "layer") || !fs.ValidPath(f.Name) {
				continue
			}
			for what, data := range map[string][]byte{"with a line more": append(slices.Clone(f.Data), "\n# more\n"...), "without its last line": f.Data[:max(0, len(f.Data)-1-len(f.Data[lastLine(f.Data):]))], "gone": nil} {
				next := fstest.MapFS{}
				for n, g := range fsys {
					next[n] = g
				}
				delete(next, f.Name)
				if data != nil {
					next[f.Name] = &fstest.MapFile{Data: data, Mode: 0o644}
				}
				for dir := path.Dir(f.Name); dir != "."; dir = path.Dir(dir) { // as on a disk, it stays when it is empty
					next[dir] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
				}
				got, want := told(t, p.Edit(dockworthy.Changes{f.Name: data})), told(t, dockworthy.Open(next, []string{"."}, editable))
				if got != want {
					t.Errorf("%s: %s %s\n%s", name, f.Name, what, differ(got, want))
				}
			}
		}
	}
}

// differ are the lines that one text has and the other has not.
func differ(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	var out strings.Builder
	for _, l := range a {
		if !slices.Contains(b, l) {
			fmt.Fprintf(&out, "edited: %s\n", l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			fmt.Fprintf(&out, "anew:   %s\n", l)
		}
	}
	return out.String()
}

func lastLine(data []byte) int {
	return strings.LastIndexByte(strings.TrimSuffix(string(data), "\n"), '\n') + 1
}

// two hundred Dockerfiles with what a repository has around them.
func manyDockerfiles(n int) fstest.MapFS {
	fsys := fstest.MapFS{}
	put := func(name, body string) { fsys[name] = &fstest.MapFile{Data: []byte(body), Mode: 0o644} }
	put(".dockerignore", "*\n!*/src\n!*/requirements.txt\n")
	for i := range n {
		dir := fmt.Sprintf("services/s%d/", i)
		put(dir+"Dockerfile", fmt.Sprintf(`FROM python:3.13.1-slim-bookworm AS build
WORKDIR /app
COPY requirements.txt ./
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && pip install --no-cache-dir -r requirements.txt && rm -rf /var/lib/apt/lists/*
FROM python:3.13.1-slim-bookworm
ENV SERVICE=s%d
WORKDIR /app
COPY --from=build /usr/local /usr/local
COPY src ./src
COPY start.sh /start.sh
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "print()"]
ENTRYPOINT ["/start.sh"]
`, i))
		put(dir+"requirements.txt", "flask==3.0.0\nuvicorn==0.30.0\n")
		put(dir+"start.sh", "#!/bin/sh\nset -e\nif [ \"$MIGRATE\" = yes ]; then python -m migrate; fi\nexec uvicorn src.main:app --port 8000\n")
		put(dir+"src/main.py", "app = None\n")
		put(dir+".dockerignore", "*\n!src\n!requirements.txt\n!start.sh\n")
	}
	return fsys
}

// BenchmarkEdit prints what a look costs after one edit, as a part of the first
// one, on a repository of two hundred Dockerfiles.
func BenchmarkEdit(b *testing.B) {
	dir := b.TempDir()
	for name, f := range manyDockerfiles(200) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), f.Data, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	all := func(p *dockworthy.Project) {
		if err := p.Check(b.Context(), check.Options{}, func(*check.Result) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	for name, change := range map[string]string{
		"Dockerfile": "services/s7/Dockerfile", "ignore": "services/s7/.dockerignore", "script": "services/s7/start.sh", "requirements": "services/s7/requirements.txt",
	} {
		b.Run(name, func(b *testing.B) {
			var first, second time.Duration
			old, err := os.ReadFile(filepath.Join(dir, change))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				start := time.Now()
				p := dockworthy.Open(os.DirFS(dir), []string{"."}, editable)
				all(p)
				first += time.Since(start)
				start = time.Now()
				all(p.Edit(dockworthy.Changes{change: append(slices.Clone(old), "# more\n"...)}))
				second += time.Since(start)
			}
			b.ReportMetric(float64(first.Microseconds())/1000/float64(b.N), "ms-first")
			b.ReportMetric(float64(second.Microseconds())/1000/float64(b.N), "ms-after-edit")
			b.ReportMetric(100*float64(second)/float64(first), "%-of-first")
		})
	}
}
