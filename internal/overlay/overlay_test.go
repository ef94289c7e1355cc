package overlay

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
)

func names(t *testing.T, fsys fs.FS) (list []string) {
	t.Helper()
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		list = append(list, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestOverlay(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{"a": "1", "b/c": "2", "b/d": "3", "run.sh": "x"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	f := New(os.DirFS(dir), Changes{"a": []byte("one"), "b/c": nil, "new/deep/file": []byte("n"), "run.sh": []byte("#!/bin/sh\n"), "b/e": []byte{}, "x": nil, "../out": []byte("no"), "/abs": []byte("no")})
	if err := fstest.TestFS(f, "a", "b/d", "b/e", "new/deep/file", "run.sh"); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, f), []string{".", "a", "b", "b/d", "b/e", "new", "new/deep", "new/deep/file", "run.sh"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if data, err := fs.ReadFile(f, "a"); err != nil || string(data) != "one" {
		t.Errorf("%q %v", data, err)
	}
	if _, err := fs.Stat(f, "b/c"); !os.IsNotExist(err) {
		t.Error(err)
	}
	if info, err := fs.Stat(f, "run.sh"); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("a changed file keeps its mode: %v %v", info, err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(data) != "1" {
		t.Errorf("the file below was written: %q %v", data, err)
	}
}

// A folder may take a file's place, and a file a removed one's.
func TestReplaced(t *testing.T) {
	f := New(fstest.MapFS{"a": {Data: []byte("1")}, "b": {Data: []byte("2")}}, Changes{"a": nil, "a/b": []byte("x"), "b": []byte("y")})
	if err := fstest.TestFS(f, "a/b", "b"); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, f), []string{".", "a", "a/b", "b"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if data, err := fs.ReadFile(f, "b"); err != nil || string(data) != "y" {
		t.Errorf("%q %v", data, err)
	}
}
