package proof

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A history is a git repository with a commit that is tagged v1.
type history struct {
	*fake
	dir string
}

// remember commits a project.
func remember(t *testing.T, project map[string]string) *history {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	t.Setenv("TMPDIR", t.TempDir())
	dir, _ := onDisk(t, project)
	h := &history{fake: replay(t, "service"), dir: dir}
	h.says = map[string]*run.Build{}
	h.git("init", "-q", "-b", "main")
	h.commit()
	h.git("tag", "v1")
	return h
}

func (h *history) git(args ...string) string {
	h.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"}, args...)...)
	cmd.Dir, cmd.Env = h.dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		h.t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (h *history) commit() {
	h.git("add", "-A")
	h.git("commit", "-qm", "x", "--allow-empty")
}

func (h *history) write(name, data string) {
	h.t.Helper()
	p := filepath.Join(h.dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.RemoveAll(p), os.WriteFile(p, []byte(data), 0o644)); err != nil {
		h.t.Fatal(err)
	}
}

// since compares what is there with v1. Nothing stays, on the engine or here.
func (h *history) since(opt source.Options) (*run.Since, error) {
	h.t.Helper()
	before := h.read(h.dir)
	in := repository(h.t, h.dir)
	past, err := OpenPast(h.t.Context(), in, "v1", []string{"."}, opt)
	if err != nil {
		return nil, err
	}
	s, err := Since(h.t.Context(), h, first(h.t, dockworthy.Open(in, []string{"."}, opt)), past, Options{Repo: in})
	if err := past.Close(); err != nil {
		h.t.Error(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		h.t.Errorf("left in the folder for temporary files: %v, %v", left, err)
	}
	if n := len(h.deeds); n > 0 && (h.deeds[n-1] != "remove" || h.removal != (removal{nil, true, true})) {
		h.t.Errorf("not removed: %q, %+v", h.deeds, h.removal)
	}
	same(h.t, "the user's files", h.read(h.dir), before)
	return s, err
}

func (h *history) must(opt source.Options) *run.Since {
	h.t.Helper()
	s, err := h.since(opt)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// told are the changed files in lines.
func changes(s *run.Since) (out []string) {
	for _, f := range s.Files {
		out = append(out, f.String())
	}
	return out
}

var cat = map[string]string{
	"Dockerfile":    "FROM debian:12.5-slim\nCOPY . /srv\nRUN make\n",
	".dockerignore": ".git\n*.log\n", ".gitignore": "cache/\n*.tmp\n", "main.c": "1\n", "lib/a.c": "a\n", "lib/b.c": "b\n", "run.sh": "#!/bin/sh\n", "to": "-> main.c",
}

// What git does not hold of a file is as it is now, and changes nothing: other bits
// of its mode, its time, what git ignores. Then nothing is built.
func TestSinceQuiet(t *testing.T) {
	h := remember(t, cat)
	h.write("cache/x", "made here\n")
	h.write("a.tmp", "x")
	h.write("x.log", "not sent\n")
	h.commit()
	for _, name := range []string{"main.c", "lib"} {
		if err := errors.Join(os.Chmod(filepath.Join(h.dir, name), 0o770&^0o007|0o060), os.Chtimes(filepath.Join(h.dir, name), time.Now(), time.Unix(1e9, 0))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(h.dir, "main.c"), 0o664); err != nil {
		t.Fatal(err)
	}
	s := h.must(source.Options{})
	if len(s.Files) > 0 || s.Before != nil || len(h.deeds) > 0 {
		t.Errorf("%v, did %q", changes(s), h.deeds)
	}
	same(t, "notes", s.Notes, []string{"both builds have 2 files as now that git ignores, or that belong to a submodule"})
}

// Every way in which a file changes is told, and each build gets its own.
func TestSinceFiles(t *testing.T) {
	h := remember(t, cat)
	h.write("main.c", "2\n")
	h.write("lib/new.c", "new\n") // git does not hold it yet
	h.write("cache/x", "made here\n")
	for _, err := range []error{os.Remove(filepath.Join(h.dir, "lib/a.c")), os.Chmod(filepath.Join(h.dir, "run.sh"), 0o755), os.Remove(filepath.Join(h.dir, "to")), os.Symlink("run.sh", filepath.Join(h.dir, "to"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	h.write(".dockerignore", ".git\nlib/b.c\n")
	h.write("x.log", "not held\n")
	h.says["before"] = &run.Build{Seconds: 9, Steps: []run.BuildStep{
		{Name: "[1/3] FROM docker.io/library/debian:12.5-slim", Index: 1, Instr: "FROM docker.io/library/debian:12.5-slim"},
		{Name: "[2/3] COPY . /srv", Index: 2, Instr: "COPY . /srv", Seconds: 1}, {Name: "[3/3] RUN make", Index: 3, Instr: "RUN make", Seconds: 8}}}
	h.says["after"] = &run.Build{Seconds: 7, Steps: []run.BuildStep{
		{Name: "[2/3] COPY . /srv", Index: 2, Instr: "COPY . /srv", Seconds: 1}, {Name: "[3/3] RUN make", Index: 3, Instr: "RUN make", Seconds: 6}}}
	s := h.must(source.Options{})
	same(t, "files", changes(s), []string{
		".dockerignore changed", "lib/a.c was removed", "lib/b.c is no longer sent", "lib/new.c was added", "main.c changed", "run.sh has another mode", "to changed", "x.log was added",
	})
	if !s.Ignore || s.Recipe {
		t.Errorf("the Dockerfile changed: %t, the ignore file: %t", s.Recipe, s.Ignore)
	}
	if got := h.sent["before"]; got["main.c"] != "1\n" || got["lib/a.c"] != "a\n" || got["cache/x"] != "made here\n" || got["lib/new.c"] != "" {
		t.Errorf("sent at v1: %q", got)
	}
	if got := h.plans["after"].Context; got != h.dir {
		t.Errorf("built from %s, want the work tree", got)
	}
	same(t, "deeds", h.deeds, []string{"build before", "build after", "remove"})
	same(t, "causes", []string{s.After.Steps[0].Because, s.After.Steps[1].Because}, []string{".dockerignore changed, and 7 files more", "its parent COPY . /srv (line 2) ran again"})
	if again, whole := s.Cost(); again != 7 || whole != 7 {
		t.Errorf("%.0f of %.0f seconds", again, whole)
	}
	for _, w := range []string{"before", "after"} {
		p := h.plans[w]
		if p.NoCache || len(p.Labels) != 1 || !strings.HasSuffix(p.Tag, "."+w) {
			t.Errorf("%s: %+v", w, p)
		}
	}
}

// The first build finds no RUN in an earlier cache, and the second those of the
// first: by an ARG that is the same in both and is no step.
func TestSinceSalt(t *testing.T) {
	dockerfile := "# x\nFROM golang:1.26-bookworm \\\n  AS build\n# y\nRUN a\r\nFROM build\nRUN <<EOF\nFROM x\nEOF\nFROM scratch\nCOPY --from=1 /a /\n"
	h := remember(t, map[string]string{"Dockerfile": dockerfile, "a": "1"})
	h.write("Dockerfile", dockerfile+"COPY a /\n")
	s := h.must(source.Options{})
	if !s.Recipe {
		t.Error("the Dockerfile did not change")
	}
	before, after := string(h.plans["before"].Dockerfile), string(h.plans["after"].Dockerfile)
	i := strings.Index(before, "ARG DOCKWORTHY_SINCE=")
	if i < 0 {
		t.Fatal(before)
	}
	salt := before[i : strings.IndexByte(before[i:], '\n')+i]
	if want := strings.NewReplacer("AS build\n", "AS build\n"+salt+"\n", "FROM build\n", "FROM build\n"+salt+"\n", "FROM scratch\n", "FROM scratch\n"+salt+"\n").Replace(dockerfile); before != want {
		t.Errorf("built %q\nwant  %q", before, want)
	}
	if after != before+"COPY a /\n" {
		t.Errorf("then built %q", after)
	}
	h2 := remember(t, map[string]string{"Dockerfile": dockerfile, "a": "1"})
	h2.write("Dockerfile", dockerfile+"COPY a /\n")
	h2.must(source.Options{})
	if string(h2.plans["before"].Dockerfile) == before {
		t.Error("the next run finds this one's results")
	}
}

// A project of several folders is built at the revision as it is now: by its Compose
// file, with its config, its named contexts and its secrets, which git need not hold.
func TestSinceProject(t *testing.T) {
	project := map[string]string{".gitignore": "given\n"}
	for k, v := range shop {
		project[k] = v
	}
	h := remember(t, project)
	h.write("svc/app.py", "print(2)\n")
	h.write("compose.yaml", strings.Replace(shop["compose.yaml"], "VERSION: '2'", "VERSION: '3'", 1))
	s := h.must(source.Options{})
	same(t, "files", changes(s), []string{"app.py changed"})
	before, after := h.plans["before"], h.plans["after"]
	if before.Args["VERSION"] != "2" || after.Args["VERSION"] != "3" || before.Target != "app" || after.Target != "app" {
		t.Errorf("at v1: %+v\nnow: %+v", before, after)
	}
	if strings.HasPrefix(before.Contexts["tools"], h.dir) || after.Contexts["tools"] != filepath.Join(h.dir, "tools") {
		t.Errorf("contexts at v1: %q, now: %q", before.Contexts, after.Contexts)
	}
	if !strings.HasSuffix(before.Secrets["given"], "given") || h.sent["before"]["app.py"] != "print(1)\n" {
		t.Errorf("secrets at v1: %q, sent: %q", before.Secrets, h.sent["before"])
	}
	if len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "the build context named tools") {
		t.Errorf("notes: %q", s.Notes)
	}
}

func TestSinceErrors(t *testing.T) {
	for _, c := range []struct {
		name, want string
		do         func(h *history)
		opt        source.Options
	}{
		{"no Dockerfile at the revision", "git holds no Dockerfile at v1: there is no build to compare with", func(h *history) {
			h.git("rm", "-q", "Dockerfile")
			h.commit()
			h.git("tag", "-f", "v1")
			h.write("Dockerfile", cat["Dockerfile"])
		}, source.Options{}},
		{"a Dockerfile that was none", "Dockerfile at v1: ", func(h *history) {
			h.write("Dockerfile", "<<<< nothing\n")
			h.commit()
			h.git("tag", "-f", "v1")
			h.write("Dockerfile", cat["Dockerfile"])
		}, source.Options{}},
		{"no such stage", "at v1: ", func(h *history) {
			h.write("Dockerfile", "FROM debian:12.5-slim AS new\nRUN x\nFROM new AS other\nRUN y\n")
		}, source.Options{Targets: []string{"new"}}},
		{"no revision", "there is no commit v1 in this repository", func(h *history) { h.git("tag", "-d", "v1") }, source.Options{}},
		{"no repository", "is not the work tree of a git repository", func(h *history) {
			if err := os.RemoveAll(filepath.Join(h.dir, ".git")); err != nil {
				t.Fatal(err)
			}
		}, source.Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := remember(t, cat)
			h.t = t
			c.do(h)
			s, err := h.since(c.opt)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, %v; want %q", s, err, c.want)
			}
			if len(h.deeds) > 0 {
				t.Errorf("did %q", h.deeds)
			}
		})
	}
}

// A build that fails is a result; of a build that failed at the revision there is
// nothing to compare with.
func TestSinceBroken(t *testing.T) {
	for _, which := range []string{"before", "after"} {
		h := remember(t, cat)
		h.write("main.c", "2\n")
		h.broken[which] = true
		s := h.must(source.Options{})
		if b, words := s.Failed(); b == nil || b.Error != "exit code: 1" || words == "" {
			t.Errorf("%s: %+v, %q", which, b, words)
		}
		if which == "before" && s.After != nil {
			t.Error("it was built on what failed")
		}
	}
	h := remember(t, cat)
	h.write("main.c", "2\n")
	h.fails("build after")
	if _, err := h.since(source.Options{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

// Of git LFS a revision holds pointers: a file is the same where its sum is, and is
// taken from what was fetched where it is another.
func TestSinceLFS(t *testing.T) {
	sum := func(s string) string {
		h := sha256.Sum256([]byte(s))
		return hex.EncodeToString(h[:])
	}
	pointer := func(s string) string {
		return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", sum(s), len(s))
	}
	project := map[string]string{"same.bin": pointer("same"), "fetched.bin": pointer("old"), "lost.bin": pointer("lost")}
	for k, v := range cat {
		project[k] = v
	}
	h := remember(t, project)
	h.write("same.bin", "same")
	h.write("fetched.bin", "new")
	h.write("lost.bin", "found")
	h.write(".git/lfs/objects/"+sum("old")[:2]+"/"+sum("old")[2:4]+"/"+sum("old"), "old")
	s := h.must(source.Options{})
	same(t, "files", changes(s), []string{"fetched.bin changed", "lost.bin changed"})
	if got := h.sent["before"]; got["same.bin"] != "same" || got["fetched.bin"] != "old" || got["lost.bin"] != project["lost.bin"] {
		t.Errorf("sent %q", got)
	}
	if len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "lost.bin") {
		t.Errorf("notes: %q", s.Notes)
	}
}

// Submodules, the repository itself and the ends of lines say nothing of a change.
func TestSinceNotes(t *testing.T) {
	project := map[string]string{"crlf.txt": "a\nb\n", ".gitattributes": "*.bin filter=crypt\n"}
	for k, v := range cat {
		project[k] = v
	}
	delete(project, ".dockerignore")
	h := remember(t, project)
	h.git("update-index", "--add", "--cacheinfo", "160000,"+h.git("rev-parse", "HEAD")+",vendor/lib")
	h.git("commit", "-qm", "module")
	h.git("tag", "-f", "v1")
	h.write("vendor/lib/x.c", "x\n")
	h.write("crlf.txt", "a\r\nb\r\n")
	h.write("main.c", "2\n")
	s := h.must(source.Options{})
	same(t, "files", changes(s), []string{"main.c changed"})
	if got := h.sent["before"]; got["vendor/lib/x.c"] != "x\n" || got[".git/HEAD"] == "" || got["crlf.txt"] != "a\r\nb\r\n" {
		t.Errorf("sent %q", got)
	}
	for _, want := range []string{"vendor/lib", ".git is part of the build context", "crlf.txt", "crypt"} {
		if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, want) }) {
			t.Errorf("no note of %s: %q", want, s.Notes)
		}
	}
}

// What a link of the revision leads to is nobody's business, and nothing is written
// through one.
func TestSinceLinks(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(out, []byte("mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	project := map[string]string{"out": "-> " + out}
	for k, v := range cat {
		project[k] = v
	}
	h := remember(t, project)
	h.write("out", "x\n")
	h.write(".gitignore", "evil\ncache/\n*.tmp\n")
	if err := os.Remove(filepath.Join(h.dir, "out")); err != nil {
		t.Fatal(err)
	}
	h.write("out/evil", "x\n")
	s := h.must(source.Options{})
	if data, err := os.ReadFile(out); err != nil || string(data) != "mine\n" {
		t.Errorf("written through a link: %q, %v", data, err)
	}
	same(t, "files", changes(s), []string{".gitignore changed", "out was removed", "out/evil was added"})
}
