package dockworthy_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// unknownBase is an image that nobody knows.
const unknownBase = "registry.example.com/team/base:1.0.0"

// possible are images that the unknown one may be.
var possible = map[string]string{
	"a system":    `{kind: os, os: debian-12, libc: glibc, shell: dash, user: root, users: {}, entrypoint: [], cmd: [bash], healthcheck: false, workdir: /, tools: {bash: "yes", curl: "no", wget: "no", python: "no", node: "no", gcc: "no", perl: "yes", nc: "no", git: "no"}}`,
	"a bare one":  `{kind: minimal, os: distroless, libc: none, shell: none, user: root, users: {}, entrypoint: [], cmd: [], healthcheck: false, workdir: /, tools: {bash: "no", sh: "no", curl: "no", wget: "no", python: "no", node: "no", gcc: "no"}}`,
	"a toolchain": `{kind: toolchain, os: alpine-3.21, libc: musl, shell: busybox-ash, user: root, users: {}, entrypoint: [], cmd: [sh], healthcheck: false, workdir: /, tools: {gcc: "yes", make: "yes", git: "yes", bash: "no", curl: "no"}}`,
	"a service":   `{kind: service, os: debian-12, libc: glibc, shell: dash, user: "1000", users: {srv: "1000:1000"}, entrypoint: [/usr/local/bin/srv], cmd: [], healthcheck: true, workdir: /srv, tools: {bash: "no", curl: "no", wget: "no", python: "no", node: "no"}}`,
}

var fromImage = regexp.MustCompile(`(?mi)^(FROM\s+(?:--\S+\s+)*)(\S+)`)

// What nobody knows is never told as "holds": a claim that holds for an image of
// which nothing is known holds whatever that image is.
func TestUnknownBase(t *testing.T) {
	paths, err := filepath.Glob("internal/rules/*/testdata/*/*.txtar")
	if err != nil || len(paths) < 500 {
		t.Fatalf("%d cases: %v", len(paths), err)
	}
	asked := 0
	for _, name := range paths {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{}
		changed := false
		for _, f := range ar.Files {
			data := string(f.Data)
			if strings.Contains(filepath.Base(f.Name), "Dockerfile") && !strings.HasSuffix(f.Name, "ignore") {
				stages := map[string]bool{"scratch": true}
				for line := range strings.Lines(data) {
					if w := strings.Fields(strings.ToLower(line)); len(w) > 3 && w[0] == "from" && w[len(w)-2] == "as" {
						stages[w[len(w)-1]] = true
					}
				}
				data = fromImage.ReplaceAllStringFunc(data, func(s string) string {
					m := fromImage.FindStringSubmatch(s)
					if strings.Contains(m[2], "$") || stages[strings.ToLower(m[2])] {
						return s
					}
					changed = true
					return m[1] + unknownBase
				})
			}
			if f.Name != "want" && f.Name != source.ConfigName {
				fsys[f.Name] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
			}
		}
		if !changed {
			continue
		}
		asked++
		unknown := outcomes(t, fsys)
		for _, what := range slices.Sorted(maps.Keys(possible)) {
			fsys[source.ConfigName] = &fstest.MapFile{Data: []byte(fmt.Sprintf("bases:\n  %s: %s\n", unknownBase, possible[what]))}
			for key, was := range outcomes(t, fsys) {
				if old, ok := unknown[key]; ok && old.outcome == check.Holds && was.outcome == check.Violated && was.serious != "" {
					t.Errorf("%s: %s holds, but not on %s: %s", name, key, what, was.serious)
				}
			}
		}
	}
	if asked < 300 {
		t.Errorf("only %d cases have a base", asked)
	}
}

type outcome struct {
	outcome check.Outcome
	serious string // a message at warning or above
}

// outcomes are what each check came to, by unit, target and check.
func outcomes(t *testing.T, fsys fstest.MapFS) map[string]outcome {
	t.Helper()
	got := map[string]outcome{}
	p := dockworthy.Open(fsys, []string{"."}, source.Options{})
	for _, prob := range p.Problems() {
		if prob.Config {
			t.Fatal(prob.Err)
		}
	}
	err := p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
		for _, rep := range res.Reports {
			target := ""
			if rep.Build.Target != nil {
				target = rep.Build.Target.Ref()
			}
			for _, a := range rep.Answers {
				o := outcome{outcome: a.Verdict.Outcome}
				for _, f := range rep.Findings {
					if f.Check == a.Check && f.Severity > check.Note {
						o.serious = f.Message
					}
				}
				got[res.Unit.Path+" "+target+" "+a.Rule.ID(a.Check)] = o
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
