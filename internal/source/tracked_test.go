package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// What git keeps is found in folders that .gitignore excludes; what nobody has added is
// not, there and elsewhere.
func TestFindTracked(t *testing.T) {
	program, err := exec.LookPath("git")
	if err != nil {
		t.Skip("there is no git in PATH")
	}
	dir := t.TempDir()
	for name, data := range map[string]string{
		".gitignore": "build\nlocal.Dockerfile\nkept.Dockerfile\n", "Dockerfile": "", "local.Dockerfile": "", "kept.Dockerfile": "",
		"build/docker/Dockerfile": "", "build/docker/Dockerfile.scratch": "", "build/out/Dockerfile": "", "build/vendor/Dockerfile": "",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-f", "build/docker/Dockerfile", "build/vendor", "kept.Dockerfile"}} {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git: %v\n%s", err, out)
		}
	}
	for root, want := range map[string][]string{
		".":     {"Dockerfile", "build/docker/Dockerfile", "kept.Dockerfile"},
		"build": {"build/docker/Dockerfile", "build/docker/Dockerfile.scratch", "build/out/Dockerfile"}, // it was named
	} {
		if got := Find(os.DirFS(dir), root).Dockerfiles; !slices.Equal(got, want) {
			t.Errorf("in %s: %v, want %v", root, got, want)
		}
	}
}
