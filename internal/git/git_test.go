package git

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes one with two commits: of a.txt, run.sh, a link, and at first a
// file gone.txt.
func repository(t *testing.T) (dir string, git func(args ...string) string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir = t.TempDir()
	git = func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write(t, dir, "a.txt", "one\n", 0o644)
	write(t, dir, "gone.txt", "", 0o644)
	write(t, dir, "d/run.sh", "#!/bin/sh\n", 0o755)
	if err := os.Symlink("a.txt", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-qm", "one")
	git("tag", "v1")
	git("rm", "-q", "gone.txt")
	write(t, dir, "a.txt", "two\n", 0o644)
	git("commit", "-qam", "two")
	return dir, git
}

func write(t *testing.T, dir, name, content string, mode os.FileMode) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(content), mode)); err != nil {
		t.Fatal(err)
	}
}

// read is what a revision holds.
func read(t *testing.T, dir, ref string) (map[string]string, error) {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		return nil, err
	}
	id, err := r.Commit(t.Context(), ref)
	if err != nil {
		return nil, err
	}
	list, err := r.Tree(t.Context(), id)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	kinds := map[Kind]string{File: "", Program: "x ", Link: "-> "}
	err = r.Contents(t.Context(), list, func(e Entry, size int64, in io.Reader) error {
		data, err := io.ReadAll(in)
		if int64(len(data)) != size {
			t.Errorf("%s: %d bytes, want %d", e.Path, len(data), size)
		}
		out[e.Path] = kinds[e.Kind] + string(data)
		return err
	})
	return out, err
}

func TestRead(t *testing.T) {
	dir, git := repository(t)
	for _, ref := range []string{"v1", "main~1", "HEAD^", git("rev-parse", "v1")} {
		got, err := read(t, dir, ref)
		if err != nil || len(got) != 4 || got["a.txt"] != "one\n" || got["gone.txt"] != "" || got["d/run.sh"] != "x #!/bin/sh\n" || got["link"] != "-> a.txt" {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	// A further work tree has a file in place of .git.
	git("worktree", "add", "-q", "../"+filepath.Base(dir)+"-other", "v1")
	other := dir + "-other"
	t.Cleanup(func() { os.RemoveAll(other) })
	if got, err := read(t, other, "main"); err != nil || got["a.txt"] != "two\n" {
		t.Errorf("in another work tree: %q, %v", got, err)
	}
	// Content need not be read to its end.
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := r.Commit(t.Context(), "main")
	list, _ := r.Tree(t.Context(), id)
	if err := r.Contents(t.Context(), list, func(Entry, int64, io.Reader) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	dir, git := repository(t)
	for ref, want := range map[string]string{
		"nothing": "there is no commit nothing in this repository", "--all": "is not a revision", "": "is not a revision", "v1..main": "v1..main", "main:a.txt": "main:a.txt",
	} {
		if _, err := read(t, dir, ref); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", ref, err, want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not the work tree of a git repository") {
		t.Error(err)
	}
	shallow := filepath.Join(t.TempDir(), "shallow")
	git("clone", "-q", "--depth=1", "file://"+dir, shallow)
	if _, err := read(t, shallow, "HEAD~1"); err == nil || !strings.Contains(err.Error(), "git fetch --unshallow") {
		t.Errorf("in a shallow clone: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Commit(ctx, "main"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A repository cannot make git run a program, nor have it fetch what is not there.
func TestRunsNothing(t *testing.T) {
	dir, git := repository(t)
	git("config", "uploadpack.allowFilter", "true")
	clone := filepath.Join(t.TempDir(), "clone")
	git("clone", "-q", "--filter=blob:none", "--no-checkout", "file://"+dir, clone)
	mark := filepath.Join(t.TempDir(), "ran")
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$0 $*\" >>"+mark+"\ncat\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{dir, clone} {
		write(t, at, ".git/info/attributes", "* filter=evil diff=evil\n", 0o644)
		for _, kv := range [][2]string{
			{"core.fsmonitor", program}, {"core.hooksPath", filepath.Dir(program)}, {"core.sshCommand", program}, {"core.pager", program}, {"core.editor", program},
			{"pager.cat-file", program}, {"pager.ls-tree", program}, {"pager.rev-parse", program}, {"alias.cat-file", "!" + program}, {"alias.ls-tree", "!" + program},
			{"filter.evil.smudge", program}, {"filter.evil.process", program}, {"filter.evil.required", "true"}, {"diff.evil.textconv", program},
			{"protocol.allow", "always"}, {"protocol.file.allow", "always"}, {"protocol.ext.allow", "always"}, {"remote.origin.uploadpack", program}, {"credential.helper", "!" + program},
		} {
			cmd := exec.Command("git", "--git-dir", filepath.Join(at, ".git"), "config", kv[0], kv[1])
			cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
	}
	if got, err := read(t, dir, "v1"); err != nil || got["a.txt"] != "one\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := read(t, clone, "v1"); !errors.Is(err, ErrMissing) {
		t.Errorf("of what the clone left out: %v", err)
	}
	cmd := exec.Command("git", "--git-dir", filepath.Join(clone, ".git"), "config", "remote.origin.url", "ext::"+program)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, clone, "v1"); err == nil {
		t.Error("what the clone left out was fetched by a program")
	}
	if data, err := os.ReadFile(mark); err == nil {
		t.Errorf("git ran %s", data)
	}
}

// Whom a repository belongs to does not matter, for nothing in it is run.
func TestOwner(t *testing.T) {
	dir, _ := repository(t)
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	err := filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error { return errors.Join(err, os.Lchown(p, 4711, 4711)) })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, dir, "v1"); err != nil || len(got) != 4 {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEntries(t *testing.T) {
	const id = "0123456789012345678901234567890123456789"
	list, err := entries(strings.NewReader("100644 blob " + id + "\ta\tb\n\x00160000 commit " + id + "\tlib\x00"))
	if err != nil || len(list) != 2 || list[0].Path != "a\tb\n" || list[1].Kind != Submodule {
		t.Errorf("%v, %v", list, err)
	}
	for _, name := range []string{"../x", "/etc/passwd", "a/../b", ".", ""} {
		if list, err := entries(strings.NewReader("100644 blob " + id + "\t" + name + "\x00")); err == nil {
			t.Errorf("%q: %v", name, list)
		}
	}
	for _, bad := range []string{"100644 blob x\ta\x00", "garbage\x00", "100644 blob " + id + "\ta"} {
		if list, err := entries(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: %v", bad, list)
		}
	}
}

func TestPointer(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	if got, ok := Pointer([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + sum + "\nsize 12\n")); !ok || got != sum {
		t.Errorf("%q, %t", got, ok)
	}
	for _, s := range []string{"", "oid sha256:" + sum + "\n", "version https://git-lfs.github.com/spec/v1\noid sha256:../../etc\n"} {
		if got, ok := Pointer([]byte(s)); ok {
			t.Errorf("%q: %q", s, got)
		}
	}
}
