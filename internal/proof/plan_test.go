package proof

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/repo"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// build is the first build of a project of these files.
func build(t *testing.T, files map[string]string) *source.Build {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
	}
	return first(t, dockworthy.Open(fsys, []string{"."}, source.Options{}))
}

func first(t *testing.T, p *dockworthy.Project) *source.Build {
	t.Helper()
	for _, prob := range p.Problems() {
		t.Fatalf("%s: %v", prob.Path, prob.Err)
	}
	for _, u := range p.Units() {
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
	list := map[string]string{
		"svc/Dockerfile": service, "svc/app.py": "#!/usr/bin/python3\n", "conf/a": "x", "token": "s3cret",
		"compose.yaml": "services:\n  web:\n    build: {context: svc, args: {VERSION: '2'}}\n    environment: {MODE: test, PASSED: }\n    command: [--fast]\n" +
			"    tmpfs: /run/app:size=1m\n    volumes: ['data:/srv/data', './conf:/conf', 'cache:/cache:ro', '/var/run/docker.sock:/x']\n    secrets: [token]\n" +
			"    stop_grace_period: 5s\n    ports: ['80:8000']\nvolumes: {data: {}, cache: {}}\nsecrets: {token: {file: ./token}}\n",
		".dockworthy.yaml": "run:\n  env: {MODE: proved}\n  memory: 256m\n",
	}
	b := build(t, list)
	dir, in := onDisk(t, list)
	plan, err := Plan(b, in)
	if err != nil {
		t.Fatal(err)
	}
	if string(plan.Dockerfile) != service || plan.Context != filepath.Join(dir, "svc") || plan.Target != "" || plan.Args["VERSION"] != "2" {
		t.Errorf("plan %+v", plan)
	}
	p := &prover{b: b, opt: Options{Repo: in}}
	services := &Services{}
	services.open(nil, in)
	p.project = services.project(t.Context(), composeFile(b))
	if p.project.err != nil {
		t.Fatal(p.project.err)
	}
	p.roles = roles(b, p.project.Project, "")
	s := p.settings(p.first())
	if s.Role != "web" || s.Env["MODE"] != "proved" || s.Memory != 256<<20 || s.StopLimit != 5*time.Second || !s.Service {
		t.Errorf("settings %+v", s)
	}
	if !slices.Equal(s.Command, []string{"--fast"}) || !slices.Equal(s.Ports, []int{8000}) {
		t.Errorf("command %q, ports %v", s.Command, s.Ports)
	}
	if !slices.Equal(s.Writable, []string{"/run/app", "/tmp"}) || s.Volumes != nil {
		t.Errorf("writable %q, volumes %q", s.Writable, s.Volumes)
	}
	want := []run.Mount{
		{Target: "/srv/data", Volume: "data"},
		{Target: "/conf", Files: []run.File{{Path: "a", Mode: 0o644, Data: []byte("x")}}},
		{Target: "/cache", Volume: "cache", ReadOnly: true},
		{Target: "/run/secrets", ReadOnly: true, Files: []run.File{{Path: "token", Mode: 0o444, Data: []byte("s3cret"), Secret: true}}},
	}
	if !reflect.DeepEqual(s.Mounts, want) {
		t.Errorf("mounts %+v", s.Mounts)
	}
	if len(s.Left) != 2 || !strings.Contains(s.Left[0], "docker.sock") && !strings.Contains(s.Left[1], "docker.sock") {
		t.Errorf("left %q", s.Left)
	}
	if got := given(s); !slices.Contains(got, "s3cret") || !slices.Contains(got, "proved") {
		t.Errorf("hidden are %q", got)
	}
}

// onDisk writes files, and links ("-> target"), below a new folder.
func onDisk(t *testing.T, list map[string]string) (string, *repo.FS) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range list {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(data, "-> "); ok {
			err = os.Symlink(target, p)
		} else {
			err = os.WriteFile(p, []byte(data), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir, repository(t, dir)
}

func repository(t *testing.T, dir string) *repo.FS {
	t.Helper()
	in, err := repo.Open(dir, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

// Nothing that a project names lies outside of it.
func TestPlanStaysInside(t *testing.T) {
	outside := t.TempDir()
	const df = "FROM debian:12.5-slim\nCOPY --from=more /x /x\nENTRYPOINT [\"/x\"]\n"
	compose := func(build string) map[string]string {
		return map[string]string{"Dockerfile": df, "compose.yaml": "services: {a: {build: {context: ., " + build + "}}}\n", "sub/x": "", "away": "-> " + outside, "up": "-> ..", "sub/in": "-> ../sub"}
	}
	for build, ok := range map[string]bool{
		"additional_contexts: {more: sub}":                         true,
		"additional_contexts: {more: ./sub/in}":                    true,
		"additional_contexts: {more: docker-image://debian:12}":    true,
		"additional_contexts: {more: 'https://example.com/a.git'}": true,
		"additional_contexts: {more: ..}":                          false,
		"additional_contexts: {more: ../..}":                       false,
		"additional_contexts: {more: " + outside + "}":             false,
		"additional_contexts: {more: away}":                        false,
		"additional_contexts: {more: up}":                          false,
		"additional_contexts: {more: oci-layout:///tmp/x}":         false,
		"additional_contexts: {more: 'service:b'}":                 false,
		"additional_contexts: {more: 'target:image'}":              false,
	} {
		_, in := onDisk(t, compose(build))
		b := first(t, dockworthy.Open(in, []string{"."}, source.Options{}))
		plan, err := Plan(b, in)
		if (err == nil) != ok {
			t.Errorf("%s: %v, contexts %q", build, err, plan.Contexts)
		}
	}
	for _, context := range []string{"away", "..", "up", outside} {
		_, in := onDisk(t, map[string]string{"Dockerfile": df, "away": "-> " + outside, "up": "-> ..", ".dockworthy.yaml": "targets: {Dockerfile: {context: '" + context + "'}}\n"})
		b := first(t, dockworthy.Open(in, []string{"."}, source.Options{}))
		if plan, err := Plan(b, in); err == nil && !strings.HasPrefix(plan.Context, in.Dir()) {
			t.Errorf("the context %s is %s", context, plan.Context)
		}
	}
	for _, secret := range []string{"away/x", "../x", "/etc/passwd", "link"} {
		_, in := onDisk(t, map[string]string{"Dockerfile": df, "away": "-> " + outside, "link": "-> /etc/passwd", ".dockworthy.yaml": "run: {secrets: {s: '" + secret + "'}}\n"})
		b := first(t, dockworthy.Open(in, []string{"."}, source.Options{}))
		if plan, err := Plan(b, in); err == nil {
			t.Errorf("the secret %s is %s", secret, plan.Secrets["s"])
		}
	}
}

// What a project asks for of this machine is named, and not given.
func TestRequests(t *testing.T) {
	b := build(t, map[string]string{
		"Dockerfile": service, "app.py": "",
		"compose.yaml": `services:
  web:
    build: {context: ., network: host, ssh: [default], entitlements: [security.insecure], cache_to: ["type=local,dest=/etc"], tags: ["evil:1"]}
    privileged: true
    cap_add: [NET_ADMIN, ALL]
    devices: ["/dev/kvm"]
    network_mode: host
    pid: host
    security_opt: ["no-new-privileges:true", "seccomp:unconfined"]
    volumes: ["/var/run/docker.sock:/var/run/docker.sock", "./conf:/conf", "../up:/up"]
`,
		".dockworthy.yaml": "run:\n  capabilities: [CAP_SYS_ADMIN]\n  network: bridge\n  memory: 100g\n  pids: 100000\n  stop-limit: 1h\n  start-limit: 2h\n",
	})
	asked := wishes(b, nil)
	s := settings(b)
	hard := engine.Harden(run.Settings{})
	if got := engine.Harden(s); len(got.Capabilities) > 0 || got.Network != "none" || got.Memory != hard.Memory || got.Pids != hard.Pids || got.StopLimit != hard.StopLimit || got.StartLimit != hard.StartLimit {
		t.Errorf("the project got %+v", got)
	}
	what := map[string]string{}
	for _, r := range answered(asked, engine.Harden(s)) {
		if r.Given {
			t.Errorf("given: %s", r)
		}
		what[r.What] = r.Flag
	}
	for name, flag := range map[string]string{
		"the capability SYS_ADMIN": "--cap-add SYS_ADMIN", "the network bridge": "--network bridge", "memory of 100g": "--memory 100g", "100000 processes": "--pids 100000",
		"1h0m0s to exit": "--stop-limit 1h0m0s", "2h0m0s to become ready": "--start-limit 2h0m0s", "the capability NET_ADMIN": "--cap-add NET_ADMIN",
		"cap_add ALL": "", "privileged": "", "devices /dev/kvm": "", "network_mode host": "", "pid host": "", "security_opt seccomp:unconfined": "",
		"build.network host": "", "build.ssh default": "", "build.entitlements security.insecure": "", "build.cache_to type=local,dest=/etc": "", "build.tags evil:1": "",
		"the host's /var/run/docker.sock": "", "the host's ../up": "",
	} {
		if got, ok := what[name]; !ok || got != flag {
			t.Errorf("%s: named %t, by %q, want %q", name, ok, got, flag)
		}
		delete(what, name)
	}
	if len(what) > 0 {
		t.Errorf("also asks for %q", what)
	}
	// With trust: what a flag could give, and nothing else.
	granted(asked, &s)
	if !slices.Equal(s.Capabilities, []string{"SYS_ADMIN", "NET_ADMIN"}) || s.Network != "bridge" || s.Memory != 100<<30 || s.Pids != 100000 || s.StopLimit != time.Hour {
		t.Errorf("trusted, it got %+v", s)
	}
	for _, r := range answered(asked, s) {
		if r.Given != (r.Flag != "") {
			t.Errorf("trusted: %s", r)
		}
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
	b := first(t, dockworthy.Open(os.DirFS(root), []string{"."}, source.Options{}))
	c, err := copyContext(t.Context(), b, repository(t, root), t.TempDir())
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
	undo, err := c.edit("app/main.py", "# new\n")
	if err != nil {
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
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(filepath.Join(c.dir, "app/main.py")); string(data) != "print(1)\n" {
		t.Errorf("the copy stayed %q", data)
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
		b := first(t, dockworthy.Open(os.DirFS(root), []string{"."}, source.Options{}))
		c, err := copyContext(t.Context(), b, repository(t, root), t.TempDir())
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

// Links are copied as links, and nothing is read, edited or planted through one.
func TestCopyFollowsNoLink(t *testing.T) {
	outside, _ := onDisk(t, map[string]string{"host": "of the host\n", "folder/kept": "kept\n"})
	root, in := onDisk(t, map[string]string{
		"Dockerfile": "FROM scratch\nCOPY . /\n", "src/app.py": "1\n",
		".env": "-> " + outside + "/host", "node_modules": "-> " + outside + "/folder", "venv": "-> ../" + filepath.Base(outside) + "/folder",
		"test_data": "-> src", ".git": "-> " + outside, "id_rsa": "-> dangling", "__pycache__": "-> /etc", "src/link.py": "-> " + outside + "/host",
	})
	b := first(t, dockworthy.Open(in, []string{"."}, source.Options{}))
	c, err := copyContext(t.Context(), b, in, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range planted {
		if fresh, err := c.put(name, "planted"); err != nil || fresh {
			t.Errorf("put %s: %t, %v", name, fresh, err)
		}
		if _, err := c.edit(name, "edited"); err == nil {
			t.Errorf("%s was edited", name)
		}
	}
	if _, err := c.edit("src/link.py", "edited"); err == nil {
		t.Error("a link was edited")
	}
	for dir, want := range map[string][]string{outside: {"folder/kept", "host"}, filepath.Join(root, "src"): {"app.py", "link.py"}, filepath.Join(c.dir, "src"): {"app.py", "link.py"}} {
		var got []string
		filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			if rel, _ := filepath.Rel(dir, p); err == nil && !d.IsDir() {
				got = append(got, filepath.ToSlash(rel))
			}
			return err
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s holds %q, want %q", dir, got, want)
		}
	}
	if data, _ := os.ReadFile(filepath.Join(outside, "host")); string(data) != "of the host\n" {
		t.Errorf("the host's file became %q", data)
	}
	if to, err := os.Readlink(filepath.Join(c.dir, ".env")); err != nil || to != outside+"/host" {
		t.Errorf("the link became %q, %v", to, err)
	}
}
