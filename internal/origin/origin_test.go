package origin

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runGit runs git in a folder, or skips the test where there is none.
func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("git")
	if err != nil {
		t.Skip("there is no git in PATH")
	}
	cmd := exec.Command(program, append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, dir, name, data string) {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o755); err != nil {
		t.Fatal(err)
	}
}

// project is a repository with one commit.
func project(t *testing.T) (dir, commit string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "shop")
	write(t, dir, "Dockerfile", "FROM alpine:3.20\n")
	write(t, dir, ".gitignore", "*.log\n")
	runGit(t, dir, "init", "-q")
	runGit(t, dir, "add", "-A")
	runGit(t, dir, "commit", "-qm", "first")
	return dir, runGit(t, dir, "rev-parse", "HEAD")
}

// Where there is no repository, nothing is known; nor where .git only looks like one,
// or leads to somebody else's.
func TestNotKnown(t *testing.T) {
	other, _ := project(t)
	for name, dot := range map[string]string{
		"none":             "",
		"words":            "hello",
		"another's folder": "gitdir: " + filepath.Join(other, ".git"),
		"nowhere":          "gitdir: ../nowhere",
	} {
		dir := t.TempDir()
		if dot != "" {
			write(t, dir, ".git", dot)
		}
		if o := Of(t.Context(), dir); o != (Origin{}) {
			t.Errorf("%s: %+v", name, o)
		}
	}
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(other, ".git"), filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if o := Of(t.Context(), dir); o != (Origin{}) {
		t.Errorf("a link: %+v", o)
	}
}

func TestOf(t *testing.T) {
	dir, commit := project(t)
	if o := Of(t.Context(), dir); o != (Origin{Repository: "shop", Commit: commit, Compared: true}) {
		t.Errorf("clean: %+v", o)
	}
	write(t, dir, "Dockerfile", "FROM alpine:3.20\n") // at another time
	write(t, dir, "debug.log", "ignored")
	if o := Of(t.Context(), dir); !o.Compared || o.Dirty() {
		t.Errorf("touched: %+v", o)
	}
	runGit(t, dir, "remote", "add", "origin", "https://me:ghp_secret@git.example/team/shop.git?token=x")
	runGit(t, dir, "pack-refs", "--all")
	write(t, dir, "Dockerfile", "FROM alpine:3.21\n")
	write(t, dir, "new/file", "")
	if o := Of(t.Context(), dir); o != (Origin{Repository: "https://git.example/team/shop.git", Commit: commit, Compared: true, Modified: 1, Untracked: 1}) {
		t.Errorf("dirty: %+v", o)
	}
	tree := filepath.Join(t.TempDir(), "tree")
	runGit(t, dir, "worktree", "add", "-q", tree)
	if o := Of(t.Context(), tree); o.Commit != commit || !o.Compared || o.Dirty() {
		t.Errorf("a further work tree: %+v", o)
	}
	t.Setenv("PATH", t.TempDir())
	if o := Of(t.Context(), dir); o.Commit != commit || o.Compared {
		t.Errorf("without git: %+v", o)
	}
}

// A repository names programs in every way that git knows; none of them is run, and
// nothing is written into it.
func TestRunsNothing(t *testing.T) {
	dir, _ := project(t)
	ran := filepath.Join(t.TempDir(), "ran")
	write(t, dir, "evil.sh", "#!/bin/sh\ntouch "+ran+"\ncat\n")
	evil := filepath.Join(dir, "evil.sh")
	write(t, dir, ".gitattributes", "* filter=evil diff=evil\n")
	for _, set := range []string{"filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.command", "diff.evil.textconv", "core.fsmonitor", "core.sshCommand", "core.pager", "core.askPass", "diff.external"} {
		runGit(t, dir, "config", set, evil)
	}
	runGit(t, dir, "config", "filter.evil.required", "true")
	runGit(t, dir, "config", "remote.origin.promisor", "true")
	runGit(t, dir, "config", "remote.origin.url", "ext::"+evil)
	runGit(t, dir, "config", "alias.diff-index", "!"+evil)
	for _, hook := range []string{"post-index-change", "fsmonitor-watchman", "pre-auto-gc", "reference-transaction"} {
		write(t, filepath.Join(dir, ".git"), "hooks/"+hook, "#!/bin/sh\ntouch "+ran+"\n")
	}
	write(t, dir, "Dockerfile", "FROM alpine:3.21\n")
	before, err := os.ReadFile(filepath.Join(dir, ".git/index"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_DIR", "/nonexistent")
	t.Setenv("GIT_EXTERNAL_DIFF", evil)
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
	t.Setenv("GIT_CONFIG_VALUE_0", evil)
	o := Of(t.Context(), dir)
	if !o.Compared || o.Modified != 1 || o.Untracked != 2 || o.Repository != "shop" {
		t.Errorf("%+v", o)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program of the repository was run")
	}
	if after, err := os.ReadFile(filepath.Join(dir, ".git/index")); err != nil || string(after) != string(before) {
		t.Error("the index was written")
	}
}

func TestPublic(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/a/b.git":               "https://github.com/a/b.git",
		"https://user:pw@github.com/a/b.git#frag":  "https://github.com/a/b.git",
		"ssh://git@host.example:2222/a/b":          "ssh://host.example:2222/a/b",
		"git@github.com:a/b.git":                   "github.com:a/b.git",
		"/home/me/b.git":                           "",
		"file:///home/me/b.git":                    "",
		"../b.git":                                 "",
		"C:/b.git":                                 "",
		"ext::/home/me/evil":                       "",
		"https://tok\x1ben@[::1/a":                 "",
		"https://x-access-token:ghs_1@github.com/": "https://github.com/",
	} {
		if got := public(in); got != want {
			t.Errorf("%q is %q", in, got)
		}
	}
}
