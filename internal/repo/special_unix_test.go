//go:build unix

package repo

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/files"
)

// What is no regular file is never waited for.
func TestSpecial(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "folder"), 0o755), syscall.Mkfifo(filepath.Join(dir, "folder", "pipe"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	sparse, err := os.Create(filepath.Join(dir, "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sparse.Truncate(1<<40), sparse.Close()); err != nil {
		t.Fatal(err)
	}
	f := open(t, dir, dir)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, name := range []string{"pipe", "link", "."} {
			var irregular *files.Irregular
			if _, err := files.Read(f, name, 10); !errors.As(err, &irregular) {
				t.Errorf("read %s: %v", name, err)
			}
		}
		for _, name := range []string{"pipe/x", "link/x", "folder/pipe/x", "folder/pipe/x/y"} {
			for range 2 {
				if _, err := f.Stat(name); err == nil {
					t.Errorf("%s is there", name)
				}
				if _, err := f.ReadDir(name); err == nil {
					t.Errorf("%s is a folder", name)
				}
			}
		}
		if _, err := f.ReadDir("pipe"); err == nil {
			t.Error("a pipe is a folder")
		}
		var irregular *files.Irregular
		if _, err := f.Open("pipe"); !errors.As(err, &irregular) {
			t.Errorf("open pipe: %v", err)
		}
		var large *files.TooLarge
		if _, err := files.Read(f, "sparse", 1<<20); !errors.As(err, &large) {
			t.Errorf("sparse: %v", err)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a pipe")
	}
}
