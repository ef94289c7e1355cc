package gitignore

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestIndex(t *testing.T) {
	program, err := exec.LookPath("git")
	if err != nil {
		t.Skip("there is no git in PATH")
	}
	for _, version := range []string{"2", "3", "4"} {
		for _, format := range []string{"sha1", "sha256"} {
			dir := t.TempDir()
			git := func(args ...string) {
				t.Helper()
				cmd := exec.Command(program, args...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
			git("init", "-q", "--object-format="+format)
			for _, name := range []string{"a.txt", "build/docker/Dockerfile", "build/docker/" + strings.Repeat("long/", 40) + "Dockerfile", "build/x", "build/untold/Dockerfile", "z/Dockerfile"} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			git("add", "a.txt", "build/docker", "build/x")
			if version == "3" {
				git("add", "--intent-to-add", "z")
			} else {
				git("add", "z")
			}
			git("update-index", "--index-version", version)
			got := Index(os.DirFS(dir), func(base string) bool { return base == "Dockerfile" })
			for p, want := range map[string]bool{"build/docker/Dockerfile": true, "z/Dockerfile": true, "build/untold/Dockerfile": false, "a.txt": false, "build/docker/" + strings.Repeat("long/", 40) + "Dockerfile": true} {
				if got.File(p) != want {
					t.Errorf("version %s, %s: File(%q) = %v", version, format, p, !want)
				}
			}
			if !got.Folder("build/docker") || !got.Folder("build") || got.Folder("build/untold") || got.Folder("a.txt") {
				t.Errorf("version %s, %s: folders %v", version, format, got.folders)
			}
		}
	}
}

// Where there is no index, or another file bears its name, nothing is known.
func TestNoIndex(t *testing.T) {
	for _, data := range []string{"", "DIRC", "hello, this is no index at all", "DIRC\x00\x00\x00\x02\x00\x00\x00\x05", "DIRC\x00\x00\x00\x04\xff\xff\xff\xff" + strings.Repeat("\x80", 90)} {
		if got := Index(fstest.MapFS{".git/index": {Data: []byte(data)}}, func(string) bool { return true }); got.File("x") || got.Folder("x") || got != nil {
			t.Errorf("%q: %v", data, got)
		}
	}
	if got := Index(fstest.MapFS{}, nil); got != nil {
		t.Error(got)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x00"), 20)
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01"+strings.Repeat("\x00", 61)+"\x01a\x00"), 20)
	f.Add([]byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x01"+strings.Repeat("\x00", 61)+"\x01\x00a\x00"), 20)
	f.Fuzz(func(t *testing.T, data []byte, hash int) {
		if hash != 20 && hash != 32 {
			return
		}
		x := &Tracked{files: map[string]bool{}, folders: map[string]bool{}}
		x.read(data, hash, func(string) bool { return true })
	})
}
