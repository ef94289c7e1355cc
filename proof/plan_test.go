package proof

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/source"
)

// build is the first build of a project of these files.
func build(t *testing.T, files map[string]string) *source.Build {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
	}
	return first(t, dockworthy.Load(fsys, []string{"."}, source.Options{}))
}

func first(t *testing.T, p *source.Project) *source.Build {
	t.Helper()
	for _, prob := range p.Problems {
		t.Fatalf("%s: %v", prob.Path, prob.Err)
	}
	for _, u := range p.Units {
		if u.Kind == source.Dockerfile {
			builds, prob := p.Builds(u)
			if prob != nil {
				t.Fatal(prob.Err)
			}
			return builds[0]
		}
	}
	t.Fatal("no Dockerfile")
	return nil
}

const service = "FROM debian:12.5-slim AS app\nARG NPM_TOKEN\nARG VERSION\nRUN --mount=type=secret,id=pip true\nCOPY . /srv\nEXPOSE 8000\nUSER 10001:10001\nENTRYPOINT [\"/srv/app.py\"]\n"

func TestPlan(t *testing.T) {
	b := build(t, map[string]string{
		"svc/Dockerfile": service, "svc/app.py": "#!/usr/bin/python3\n",
		"compose.yaml": "services:\n  web:\n    build: {context: svc, args: {VERSION: '2'}}\n    environment: {MODE: test, PASSED: }\n    command: [--fast]\n" +
			"    tmpfs: /run/app:size=1m\n    volumes: ['data:/srv/data', './conf:/conf', 'cache:/cache:ro']\nvolumes: {data: {}, cache: {}}\n",
		".dockworthy.yaml": "run:\n  env: {MODE: proved}\n  memory: 1g\n  stop-limit: 3s\n",
	})
	plan, s := Plan(b, "/repo")
	if plan.Dockerfile != "/repo/svc/Dockerfile" || plan.Context != "/repo/svc" || plan.Target != "" || plan.Args["VERSION"] != "2" {
		t.Errorf("plan %+v", plan)
	}
	if s.Env["MODE"] != "proved" || s.Memory != 1<<30 || s.StopLimit != 3*time.Second || !s.Service {
		t.Errorf("settings %+v", s)
	}
	if !slices.Equal(s.Command, []string{"--fast"}) || !slices.Equal(s.Ports, []int{8000}) {
		t.Errorf("command %q, ports %v", s.Command, s.Ports)
	}
	if !slices.Equal(s.Writable, []string{"/run/app", "/tmp"}) || !slices.Equal(s.Volumes, []string{"/srv/data"}) {
		t.Errorf("writable %q, volumes %q", s.Writable, s.Volumes)
	}
}

func TestSecretInputs(t *testing.T) {
	args, mounts := secretInputs(build(t, map[string]string{"Dockerfile": service, "app.py": ""}))
	if !slices.Equal(args, []string{"NPM_TOKEN"}) || !slices.Equal(mounts, []string{"pip"}) {
		t.Errorf("arguments %q, mounts %q", args, mounts)
	}
}

func TestTouchable(t *testing.T) {
	b := build(t, map[string]string{"Dockerfile": "FROM python:3.13.0-slim-bookworm\nCOPY requirements.txt ./\nCOPY src/ /srv/\nCMD [\"python\",\"/srv/main.py\"]\n"})
	var files []source.Entry
	for _, p := range []string{"main.py", "requirements.txt", "src/conftest.py", "src/data.json", "src/lib/util.py", "src/main.py"} {
		files = append(files, source.Entry{Path: p, Size: 10})
	}
	if file, line := touchable(b, files); file != "src/main.py" || !strings.HasPrefix(line, "# ") {
		t.Errorf("edits %q by %q, want src/main.py", file, line)
	}
	if file, _ := touchable(b, files[1:2]); file != "" {
		t.Errorf("a manifest is edited: %s", file)
	}
}

// A copy holds what is sent and nothing else, and changing it changes nothing
// of the user's.
func TestCopyContext(t *testing.T) {
	root := t.TempDir()
	for name, data := range map[string]string{
		"Dockerfile": "FROM scratch\nCOPY . /\n", ".dockerignore": "*.log\nsecret/\n", "app/main.py": "print(1)\n", "big.log": "x", "secret/key": "x", ".env": "A=1\n",
	} {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(data), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("main.py", filepath.Join(root, "app/link.py")); err != nil {
		t.Fatal(err)
	}
	b := first(t, dockworthy.Load(os.DirFS(root), []string{"."}, source.Options{}))
	c, err := copyContext(t.Context(), b, root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	filepath.WalkDir(c.dir, func(p string, d os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(c.dir, p); err == nil && !d.IsDir() {
			got = append(got, filepath.ToSlash(rel))
		}
		return err
	})
	if want := []string{".dockerignore", ".env", "Dockerfile", "app/link.py", "app/main.py"}; !slices.Equal(got, want) {
		t.Errorf("copied %q, want %q", got, want)
	}
	if info, err := os.Stat(filepath.Join(c.dir, "app")); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("the folder's mode is %v, %v", info.Mode(), err)
	}
	if err := c.edit("app/main.py", "# new\n"); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(filepath.Join(root, "app/main.py")); string(data) != "print(1)\n" {
		t.Errorf("the user's file became %q", data)
	}
	if data, _ := os.ReadFile(filepath.Join(c.dir, "app/main.py")); string(data) != "print(1)\n# new\n" {
		t.Errorf("the copy became %q", data)
	}
	if info, err := os.Stat(filepath.Join(c.dir, "app/main.py")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the copy's mode is %v, %v", info.Mode(), err)
	}
	for name, want := range map[string]bool{".env": false, "id_rsa": true, "app/main.py/x": false} {
		if fresh, err := c.put(name, "x"); err != nil || fresh != want {
			t.Errorf("put %s: %t, %v; want %t", name, fresh, err, want)
		}
	}
}

// The ignore file is sent where nothing keeps it out. The copy's is then the
// user's own under a second name, or a link to what is not sent, and neither
// may be written through.
func TestCopyLeavesTheIgnoreFile(t *testing.T) {
	for _, link := range []bool{false, true} {
		root := t.TempDir()
		write := func(name, data string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(root, name), []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("Dockerfile", "FROM scratch\nCOPY . /\n")
		kept := ".dockerignore"
		if link {
			kept = ".gitignore"
			if err := os.Symlink(kept, filepath.Join(root, ".dockerignore")); err != nil {
				t.Fatal(err)
			}
		}
		write(kept, "*.log\n")
		old := time.Unix(1_000_000_000, 0)
		if err := os.Chtimes(filepath.Join(root, kept), old, old); err != nil {
			t.Fatal(err)
		}
		b := first(t, dockworthy.Load(os.DirFS(root), []string{"."}, source.Options{}))
		c, err := copyContext(t.Context(), b, root, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(root, kept)); err != nil || !info.ModTime().Equal(old) {
			t.Errorf("link %t: the user's ignore file was written to: %v, %v", link, info.ModTime(), err)
		}
		if data, err := os.ReadFile(filepath.Join(c.dir, ".dockerignore")); err != nil || string(data) != "*.log\n" {
			t.Errorf("link %t: the copy's ignore file is %q, %v", link, data, err)
		}
	}
}
