package repo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy/internal/files"
)

// tree makes files and links ("-> target") below a new folder.
func tree(t *testing.T, list map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range list {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if len(content) > 3 && content[:3] == "-> " {
			err = os.Symlink(content[3:], path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t *testing.T, dir string, tops ...string) *FS {
	t.Helper()
	f, err := Open(dir, tops...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A tree without links is a file system as any other.
func TestFS(t *testing.T) {
	dir := tree(t, map[string]string{"a": "1", "d/b": "2", "d/e/c": "3"})
	if err := fstest.TestFS(open(t, dir, dir), "a", "d/b", "d/e/c"); err != nil {
		t.Fatal(err)
	}
}

func TestLinks(t *testing.T) {
	dir := tree(t, map[string]string{
		"out/secret":       "secret",
		"repo/real/file":   "inside",
		"repo/d/up":        "-> ../real/file",
		"repo/d/folder":    "-> ../real",
		"repo/d/chain":     "-> folder/file",
		"repo/out":         "-> ../out/secret",
		"repo/outdir":      "-> ../out",
		"repo/d/far":       "-> ../../out/secret",
		"repo/d/dangling":  "-> nothing",
		"repo/d/around":    "-> around",
		"repo/two/a":       "-> b",
		"repo/two/b":       "-> ../outdir/secret",
		"repo/d/proc":      "-> /proc/self/environ",
		"repo/folder/link": "-> ../outdir",
	})
	in := filepath.Join(dir, "repo")
	if err := os.Symlink(filepath.Join(in, "real", "file"), filepath.Join(in, "absolute")); err != nil {
		t.Fatal(err)
	}
	f := open(t, in, in)
	for range 2 { // the second time folders are open already
		for _, name := range []string{"d/up", "d/folder/file", "d/chain", "real/file"} {
			data, err := files.Read(f, name, 100)
			if err != nil || string(data) != "inside" {
				t.Errorf("%s: %q, %v", name, data, err)
			}
		}
		for _, name := range []string{"out", "outdir/secret", "d/far", "two/a", "d/proc", "absolute", "folder/link/secret", "outdir"} {
			for what, err := range map[string]error{
				"stat":    second(f.Stat(name)),
				"open":    second(f.Open(name)),
				"readdir": second(f.ReadDir(name)),
			} {
				if !errors.Is(err, files.ErrOutside) {
					t.Errorf("%s %s: %v, want that it leads outside", what, name, err)
				}
			}
		}
		if _, err := f.Stat("d/dangling"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("d/dangling: %v", err)
		}
		if _, err := f.Stat("d/around"); err == nil {
			t.Error("a link to itself leads somewhere")
		}
		if to, err := f.ReadLink("out"); err != nil || to != "../out/secret" {
			t.Errorf("out: %q, %v", to, err)
		}
		if info, err := f.Lstat("outdir"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("outdir: %v, %v", info, err)
		}
		for _, name := range []string{"../out/secret", "/etc/passwd", "d/../../out/secret", ""} {
			if _, err := f.Open(name); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%q: %v, want that it is no path of the tree", name, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Of what lies between two folders nothing is there.
func TestTops(t *testing.T) {
	dir := tree(t, map[string]string{"a/repo/file": "1", "b/file": "2", "a/other": "3", "top": "4", "a/repo/link": "-> ../../b/file"})
	f := open(t, dir, filepath.Join(dir, "a", "repo"), filepath.Join(dir, "b"))
	for name, want := range map[string]error{"a/repo/file": nil, "b/file": nil, "a/other": fs.ErrNotExist, "top": fs.ErrNotExist, ".": fs.ErrNotExist, "a": fs.ErrNotExist, "a/repo/link": files.ErrOutside} {
		if _, err := f.Stat(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// More folders than are kept open, from several goroutines.
func TestManyFolders(t *testing.T) {
	list := map[string]string{}
	var names []string
	for i := range 3 * maxDirs {
		name := "d" + string(rune('a'+i%26)) + "/" + string(rune('0'+i/26)) + "/x"
		list[name], names = "1", append(names, name)
	}
	dir := tree(t, list)
	f := open(t, dir, dir)
	slices.Sort(names)
	done := make(chan error)
	for range 4 {
		go func() {
			var err error
			for range 3 {
				for _, name := range names {
					if _, e := f.Stat(name); e != nil {
						err = e
					}
					if _, e := files.Read(f, name, 10); e != nil {
						err = e
					}
				}
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
