package pin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/bake"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/tags"
)

// oneDigest is a registry that has every image, all of them the same.
type oneDigest struct{}

const digest = attest.Digest("sha256:abababababababababababababababababababababababababababababababab")

func (oneDigest) Digest(context.Context, string) (attest.Digest, error) { return digest, nil }
func (oneDigest) Manifest(context.Context, string) (*tags.Manifest, error) {
	return &tags.Manifest{Digest: digest, Index: true, Platforms: []tags.Platform{{Name: "linux/amd64"}}}, nil
}
func (oneDigest) Tags(context.Context, string) ([]string, error) { return nil, nil }
func (oneDigest) Origin(context.Context, string, string) (tags.Origin, error) {
	return tags.Origin{}, nil
}

// after is a file after a run, with the plan.
func after(t testing.TB, name string, data []byte, opt Options) ([]byte, *Plan) {
	t.Helper()
	fsys := fstest.MapFS{name: {Data: data, Mode: 0o644}}
	found := Find(fsys, []string{"."}, source.Options{Bake: bake.Parse})
	opt.Now = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	plan, err := New(t.Context(), found.Uses, oneDigest{}, opt)
	if err != nil {
		t.Fatalf("%v: %q", err, data)
	}
	for _, c := range plan.Changes {
		if c.File.Name == name {
			return c.After, plan
		}
	}
	return data, plan
}

const at = "@" + string(digest)

// What stands around a reference stays, byte by byte.
func TestBytes(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"Dockerfile", "\ufeffFROM a:1\r\n\r\nRUN x\r\n", "\ufeffFROM a:1" + at + "\r\n\r\nRUN x\r\n"},
		{"Dockerfile", "# escape=`\nFROM a:1 `\n  AS x\nCOPY --from=b:2 `\n c d", "# escape=`\nFROM a:1" + at + " `\n  AS x\nCOPY --from=b:2" + at + " `\n c d"},
		{"Dockerfile", "  from  a:1   as  x  ", "  from  a:1" + at + "   as  x  "},
		{"Dockerfile", "ARG V='1'\nFROM \"a:${V}\"", "ARG V='1" + at + "'\nFROM \"a:${V}\""},
		{"Dockerfile", "FROM a\nCOPY --from=\"b:1\" c d\n", "FROM a:latest" + at + "\nCOPY --from=\"b:1" + at + "\" c d\n"},
		{"Dockerfile", "FROM a:1\nRUN --mount=from=b:1,target=/b --mount=type=bind,target=/c,from=c true\n", "FROM a:1" + at + "\nRUN --mount=from=b:1" + at + ",target=/b --mount=type=bind,target=/c,from=c:latest" + at + " true\n"},
		{"Dockerfile", "FROM localhost:5000/a/b\n", "FROM localhost:5000/a/b:latest" + at + "\n"},
		{"Dockerfile", "#  Syntax = docker/dockerfile:1  \nFROM scratch\n", "#  Syntax = docker/dockerfile:1" + at + "  \nFROM scratch\n"},
		{"Dockerfile", "FROM a:\\\n1\nFROM b:1\n", "FROM a:\\\n1" + at + "\nFROM b:1" + at + "\n"},
		{"Dockerfile", "FROM a:1 AS b\nFROM B\nCOPY --from=0 x y\nCOPY --from=later x y\nFROM c:1 as later\n", "FROM a:1" + at + " AS b\nFROM B\nCOPY --from=0 x y\nCOPY --from=later x y\nFROM c:1" + at + " as later\n"},
		{"Dockerfile", "FROM a@" + string(digest) + "\nFROM b:1" + at + "\n", "FROM a@" + string(digest) + "\nFROM b:1" + at + "\n"},
		{"Dockerfile", "FROM mine:local\nFROM localhost/x:1\n", "FROM mine:local\nFROM localhost/x:1\n"},
		{"Dockerfile", "ARG V3=1\nFROM a:$V31\n", "ARG V3=1\nFROM a:$V31\n"},
		{"Dockerfile", "ARG V=1\nARG W=$V\nARG X=$W-x\nFROM a:$V\nFROM b:$W\n", "ARG V=1\nARG W=$V\nARG X=$W-x\nFROM a:$V\nFROM b:$W\n"},
		{"Dockerfile", "ARG V=1\nFROM a:$V-slim AS x\nFROM b:1\n", "ARG V=1\nFROM a:$V-slim AS x\nFROM b:1" + at + "\n"},
		{"compose.yaml", "services:\r\n  a: # x\r\n    image:   'a:1'  # y\r\n", "services:\r\n  a: # x\r\n    image:   'a:1" + at + "'  # y\r\n"},
		{"compose.yaml", "services:\n  a:\n    image: >-\n      a:1\n    user: x\n", "services:\n  a:\n    image: >-\n      a:1" + at + "\n    user: x\n"},
		{"compose.yaml", "services:\n  a:\n    image: \"a:\\x31\"\n", "services:\n  a:\n    image: \"a:\\x31" + at + "\"\n"},
		{"Dockerfile", "ARG V=1\n# dockworthy: allow pinned-base because x\nFROM a:$V AS x\nFROM a:$V\n", "ARG V=1\n# dockworthy: allow pinned-base because x\nFROM a:$V AS x\nFROM a:$V\n"},
		{"compose.yaml", "services:\n  a:\n    image: a:${V}\n  b:\n    image: ${R}/b:1\n", "services:\n  a:\n    image: a:${V}\n  b:\n    image: ${R}/b:1\n"},
		{"compose.yaml", "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM a:1\n        RUN x\n", "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM a:1" + at + "\n        RUN x\n"},
		{"compose.yaml", "services:\n  a:\n    build:\n      context: .\n      additional_contexts:\n        - x=docker-image://a:1\n", "services:\n  a:\n    build:\n      context: .\n      additional_contexts:\n        - x=docker-image://a:1" + at + "\n"},
		{"docker-bake.json", "{\"target\": {\"a\": {\n\t\"contexts\": {\"x\": \"docker-image://a:1\", \"y\": \"docker-image://a:${V}\"}}}}", "{\"target\": {\"a\": {\n\t\"contexts\": {\"x\": \"docker-image://a:1" + at + "\", \"y\": \"docker-image://a:${V}\"}}}}"},
		{"docker-bake.hcl", "target \"a\" { contexts = { x = \"docker-image://a:1\", y = \"docker-image://a:${V}\" } }\n", "target \"a\" { contexts = { x = \"docker-image://a:1" + at + "\", y = \"docker-image://a:${V}\" } }\n"},
		{"action.yml", "runs:\n  using: docker\n  image: docker://a:1\n", "runs:\n  using: docker\n  image: docker://a:1" + at + "\n"},
		{"action.yml", "runs:\n  using: docker\n  image: Dockerfile\n", "runs:\n  using: docker\n  image: Dockerfile\n"},
		{".github/workflows/x.yml", "jobs:\n  a:\n    # dockworthy: allow pinned-base because it is ours\n    container: a:1\n", "jobs:\n  a:\n    # dockworthy: allow pinned-base because it is ours\n    container: a:1\n"},
	} {
		got, plan := after(t, c.name, []byte(c.before), Options{})
		if string(got) != c.after {
			t.Errorf("%s:\n%q becomes\n%q, want\n%q", c.name, c.before, got, c.after)
			for _, d := range plan.Decisions {
				t.Log(d.What, d.Written, d.Deed, d.Reason)
			}
		}
		if again, _ := after(t, c.name, got, Options{}); !bytes.Equal(again, got) {
			t.Errorf("%q becomes %q the second time", got, again)
		}
	}
}

// An update changes the digest and nothing else.
func TestUpdateBytes(t *testing.T) {
	old := "@sha256:" + hex('0')
	for _, c := range []struct{ name, before, after string }{
		{"Dockerfile", "FROM a:1" + old + " AS x\n", "FROM a:1" + at + " AS x\n"},
		{"Dockerfile", "ARG D=sha256:" + hex('0') + "\nFROM a:1@$D\n", "ARG D=" + string(digest) + "\nFROM a:1@$D\n"},
		{"Dockerfile", "ARG V=1" + old + "\nFROM a:$V\n", "ARG V=1" + at + "\nFROM a:$V\n"},
		{"Dockerfile", "FROM a" + old + "\n", "FROM a" + old + "\n"},
		{"compose.yaml", "services: {a: {image: \"a:1" + old + "\"}}\n", "services: {a: {image: \"a:1" + at + "\"}}\n"},
	} {
		if got, _ := after(t, c.name, []byte(c.before), Options{Update: true}); string(got) != c.after {
			t.Errorf("%q becomes\n%q, want\n%q", c.before, got, c.after)
		}
		if got, plan := after(t, c.name, []byte(c.before), Options{}); string(got) != c.before || len(plan.Changes) > 0 {
			t.Errorf("%q becomes %q without an update", c.before, got)
		}
	}
}

// byName is a registry in which every name is another image, and some there are not.
type byName struct{ oneDigest }

func (byName) Digest(_ context.Context, ref string) (attest.Digest, error) {
	if strings.Contains(ref, "missing") {
		return "", errors.New("there is no such image")
	}
	return attest.Digest(fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(ref)))), nil
}

// What several references share gets a digest only where it is the digest of all.
func TestShared(t *testing.T) {
	for before, want := range map[string]Deed{
		"ARG V=1\nFROM a:$V AS x\nFROM a:$V\n":                   Pin,
		"ARG V=1\nFROM a:$V AS x\nFROM b:$V\n":                   Skip,
		"ARG V=1\nARG W=$V\nFROM a:$V AS x\nFROM b:$W\n":         Skip,
		"ARG V=1\nFROM a:$V AS x\nFROM missing:$V\n":             Skip,
		"ARG V=1\nFROM missing:$V AS x\nFROM a:$V\n":             Fail,
		"ARG V=1\nFROM a:$V AS x\nFROM --platform=$V b:1\n":      Skip,
		"ARG V=1\nFROM a:$V AS x\nFROM b:$V-$TARGETARCH\n":       Skip,
		"ARG V=1\nFROM a:$V AS x\nFROM c:1\nRUN echo\nARG V\n":   Skip,
		"ARG V=1\nFROM a:$V AS x\nFROM c:1\nRUN echo\nARG V=2\n": Pin,
	} {
		fsys := fstest.MapFS{"Dockerfile": {Data: []byte(before)}}
		plan, err := New(t.Context(), Find(fsys, []string{"."}, source.Options{}).Uses, byName{}, Options{Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if d := plan.Decisions[0]; d.Deed != want {
			t.Errorf("%q: %s (%s), want %s", before, d.Deed, d.Reason, want)
		}
	}
}

// A value that CI gives leaves the default alone, which gets its digest.
func TestGivenByCI(t *testing.T) {
	fsys := fstest.MapFS{
		"Dockerfile":                  {Data: []byte("ARG V=1\nFROM a:$V\n")},
		".github/workflows/build.yml": {Data: []byte("jobs:\n  b:\n    steps:\n    - run: docker build --build-arg V=2 .\n")},
		"compose.yaml":                {Data: []byte("services:\n  a:\n    build:\n      context: .\n      args: {V: '3'}\n")},
	}
	plan, err := New(t.Context(), Find(fsys, []string{"."}, source.Options{}).Uses, oneDigest{}, Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range plan.Changes {
		got = append(got, string(c.After))
	}
	want := "ARG V=1" + at + "\nFROM a:$V\n|services:\n  a:\n    build:\n      context: .\n      args: {V: '3" + at + "'}\n"
	if strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
	var ci int
	for _, d := range plan.Decisions {
		if d.Ref.Tag == "2" && d.Deed == Skip && strings.Contains(d.Reason, "a file of CI,") {
			ci++
		}
	}
	if ci != 1 {
		t.Errorf("what CI gives is said %d times", ci)
	}
}

// Files that could take long to read are read in a time that grows with their size.
func TestHostile(t *testing.T) {
	repeat := strings.Repeat
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, data := range map[string]string{
		"stages":    many("FROM a:1 AS s%d\n", 20_000),
		"copies":    "FROM a:1\n" + repeat("COPY --from=b:1 c d\n", 20_000),
		"args":      many("ARG V%[1]d=$V%[1]d\n", 20_000) + repeat("FROM a:$V1\n", 1_000),
		"doubling":  "ARG A=aaaaaaaa\n" + repeat("ARG A=$A$A\n", 1_000) + "FROM $A\n",
		"one arg":   "ARG V=1\n" + repeat("FROM a:$V\n", 20_000),
		"variables": "ARG V=1\nFROM " + repeat("$V", 20_000) + "\n",
		"nested":    "FROM " + repeat("${A:-", 5_000) + "x" + repeat("}", 5_000) + "\n",
		"patterns":  "ARG V=" + repeat("a", 1_000) + "\n" + repeat("FROM ${V//a/b}\n", 500),
		"mounts":    "FROM a:1\nRUN " + repeat("--mount=type=bind,from=b:1,target=/x ", 1_500) + "true\n",
	} {
		start := time.Now()
		after(t, "Dockerfile", []byte(data), Options{})
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s takes %s", name, took)
		} else {
			t.Logf("%s takes %s", name, took)
		}
	}
}

// FuzzPin holds that edits put in digests, and change no other byte; and that there is
// nothing left to do the second time.
func FuzzPin(f *testing.F) {
	for _, s := range []struct{ kind, data string }{
		{"d", "# syntax=docker/dockerfile:1\nARG V=1\nFROM a:$V AS x\nCOPY --from=b:2 \\\n # c\n d e\nRUN --mount=type=bind,from=\"c\",target=/x y\n"},
		{"d", "\ufeff# escape=`\r\nARG R\r\nFROM ${R:-docker.io}/a:1`\r\n\r\nONBUILD RUN --mount=from=b x\r\n"},
		{"d", "ARG A=a:1\nARG B=${A}\nFROM \"$B\"\nRUN <<EOT\nFROM b:1\nEOT\n"},
		{"c", "x: &a a:1\nservices:\n  b: {image: *a}\n  c: {image: \"${X:-b:${Y:-2}}\", <<: *d}\n"},
		{"c", "services:\n  a:\n    build:\n      args: [BASE=a:1]\n      dockerfile_inline: |\n        ARG BASE\n        FROM $BASE\n"},
		{"k", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: a, image: 'a:1'}\n---\napiVersion: v1\nkind: List\nitems: []\n"},
		{"b", "target \"a\" {\n  contexts = { x = \"docker-image://a:1\" }\n  args = { V = \"1\" }\n}\n"},
		{"w", "jobs:\n  a:\n    container: {image: a:1}\n    steps: [{uses: 'docker://b'}]\n"},
	} {
		f.Add(s.kind, []byte(s.data))
	}
	names := map[string]string{"d": "Dockerfile", "c": "compose.yaml", "k": "kube.yaml", "b": "docker-bake.hcl", "w": ".github/workflows/a.yml"}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		name, ok := names[kind]
		if !ok || len(data) > 1<<16 || strings.Contains(string(data), string(digest)) {
			t.Skip()
		}
		got, plan := after(t, name, data, Options{})
		rest := strings.ReplaceAll(string(got), at, "")
		for _, c := range plan.Changes {
			for i := len(c.Edits) - 1; i >= 0; i-- { // what an edit puts in beside the digest
				e := c.Edits[i]
				if add := strings.TrimSuffix(e.New, at); add != "" && add != ":latest" || e.Span.Len() > 0 {
					t.Fatalf("the edit %v is not one of a digest", e)
				}
			}
			want := bytes.Clone(c.File.Data)
			for i := len(c.Edits) - 1; i >= 0; i-- {
				e := c.Edits[i]
				if add := strings.TrimSuffix(e.New, at); add != "" {
					want = append(want[:e.Span.Start:e.Span.Start], append([]byte(add), want[e.Span.Start:]...)...)
				}
			}
			if path.Base(c.File.Name) == path.Base(name) && rest != string(want) {
				t.Fatalf("%q becomes %q", data, got)
			}
		}
		if again, plan := after(t, name, got, Options{}); !bytes.Equal(again, got) {
			var all []string
			for _, d := range plan.Decisions {
				all = append(all, fmt.Sprint(d.What, " ", d.Written, " ", d.Deed, " ", d.Reason))
			}
			t.Fatalf("%q\nbecomes %q\nthen %q\n%s", data, got, again, strings.Join(all, "\n"))
		}
	})
}
