package compose

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dockworthy/dockworthy/internal/run"
)

func tree(list map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, data := range list {
		fsys[name] = &fstest.MapFile{Data: []byte(data), Mode: 0o644}
	}
	return fsys
}

func load(t *testing.T, list map[string]string, environ map[string]string) *Project {
	t.Helper()
	for name := range list {
		if strings.HasSuffix(name, "compose.yaml") && !strings.Contains(name, "other") {
			p, err := Load(t.Context(), tree(list), name, Options{Environ: environ})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	t.Fatal("no Compose file")
	return nil
}

// A service is what Compose makes of it.
func TestService(t *testing.T) {
	p := load(t, map[string]string{
		"app/compose.yaml": `
x-env: &env {MODE: "${MODE:-fast}", HOME_OF: "$NOBODY"}
services:
  web:
    build: {context: ., target: web, args: {V: "2"}, additional_contexts: {more: ./more}}
    entrypoint: ./run "a b"
    command: ["--port", "80"]
    environment: {<<: *env, GIVEN: , MISSING: , OWN: "over"}
    env_file: [app.env, {path: not-there.env, required: false}]
    user: "1000:2000"
    init: true
    stop_grace_period: 1m30s
    stop_signal: SIGINT
    tmpfs: [/run/x]
    read_only: true
    cap_drop: [ALL]
    ports: ["8080:80", "9:9/udp"]
    expose: ["81"]
    volumes: ["data:/data", "./conf:/conf:ro", "/var/run/docker.sock:/sock", "../../up:/up", {type: tmpfs, target: /t}]
    secrets: [file, {source: env, target: key, mode: 0400}, unset]
    configs: [{source: inline, target: /etc/x}]
    healthcheck: {test: curl -f localhost, interval: 5s, retries: 2}
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
      cache: {condition: service_started, required: false}
    extra_hosts: ["h:10.0.0.1"]
    ulimits: {nofile: {soft: 10, hard: 20}}
  migrate: {image: m, healthcheck: {disable: true}}
  db: {image: "postgres:${PG}"}
  cache: {image: c, profiles: [more]}
volumes: {data: {}}
secrets: {file: {file: ./s.txt}, env: {environment: TOKEN}, unset: {environment: UNSET}}
configs: {inline: {content: "a=$${b}"}}
`,
		"app/.env": "PG=16\n", "app/app.env": "FROM_FILE=$PG\nOWN=under\n", "app/s.txt": "hunter2",
	}, map[string]string{"GIVEN": "yes", "TOKEN": "t0ken"})
	s := p.Services["web"]
	for what, pair := range map[string][2]any{
		"entrypoint":  {s.Entrypoint, []string{"./run", "a b"}},
		"command":     {s.Command, []string{"--port", "80"}},
		"environment": {s.Environment, map[string]string{"MODE": "fast", "HOME_OF": "", "GIVEN": "yes", "OWN": "over", "FROM_FILE": "16"}},
		"unset":       {s.Unset, []string{"MISSING"}},
		"unset names": {p.Unset, []string{"NOBODY"}},
		"user":        {s.User, "1000:2000"},
		"grace":       {s.Grace, 90 * time.Second},
		"tmpfs":       {s.Tmpfs, []string{"/run/x", "/t"}},
		"ports":       {s.Ports, []int{80, 81}},
		"volumes": {s.Volumes, []Volume{{Name: "data", Target: "/data"}, {Bind: "app/conf", Target: "/conf", ReadOnly: true}, {Host: "/var/run/docker.sock", Target: "/sock"},
			{Host: "../up", Target: "/up"}}},
		"grants": {s.Grants, []Grant{
			{Name: "file", Secret: true, Target: "/run/secrets/file", Mode: 0o444, Data: []byte("hunter2")},
			{Name: "env", Secret: true, Target: "/run/secrets/key", Mode: 0o400, Data: []byte("t0ken")},
			{Name: "unset", Secret: true, Target: "/run/secrets/unset", Mode: 0o444, Data: []byte{}, Absent: "the environment variable UNSET is not given: name it with --env-from"},
			{Name: "inline", Target: "/etc/x", Mode: 0o444, Data: []byte("a=${b}")}}},
		"probe":    {s.Probe, &run.Probe{Test: []string{"CMD-SHELL", "curl -f localhost"}, Interval: 5 * time.Second, Retries: 2}},
		"depends":  {s.DependsOn, []Dependency{{"cache", run.Started, true}, {"db", run.Healthy, false}, {"migrate", run.Completed, false}}},
		"build":    {s.Build, &Build{Context: "app", Dockerfile: "app/Dockerfile", Target: "web", Args: map[string]string{"V": "2"}, Contexts: map[string]string{"more": "app/more"}}},
		"image":    {p.Services["db"].Image, "postgres:16"},
		"disabled": {p.Services["migrate"].Probe.Test, []string{"NONE"}},
		"profiles": {p.Services["cache"].Profiles, []string{"more"}},
		"hosts":    {s.Hosts, []string{"h:10.0.0.1"}},
		"ulimits":  {s.Ulimits, []run.Ulimit{{Name: "nofile", Soft: 10, Hard: 20}}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %#v\nwant %#v", what, pair[0], pair[1])
		}
	}
	if !p.OneShot("migrate") || p.OneShot("db") {
		t.Error("what others wait for to complete is a one-shot service")
	}
}

// bomb is a file whose merges double what they bring, over and over.
func bomb() string {
	var b strings.Builder
	b.WriteString("x0: &x0 {a: 1, b: 2, c: 3, d: 4}\n")
	for i := range 40 {
		fmt.Fprintf(&b, "x%d: &x%d {k: [*x%d, *x%d]}\n", i+1, i+1, i, i)
	}
	b.WriteString("services:\n  a: {image: x, environment: {<<: [*x40, *x40]}, command: *x40, labels: *x40}\n")
	return b.String()
}

// Files are read within the repository, and nowhere else.
func TestInside(t *testing.T) {
	for what, c := range map[string]struct{ file, want string }{
		"extends above":    {"services: {a: {extends: {file: ../../x.yaml, service: b}}}", "not in the repository"},
		"extends absolute": {"services: {a: {extends: {file: /etc/passwd, service: b}}}", "not in the repository"},
		"include above":    {"include: [../x.yaml]\nservices: {a: {image: x}}", "not in the repository"},
		"include absolute": {"include: [/etc/passwd]\nservices: {a: {image: x}}", "repository"},
		"include itself":   {"include: [compose.yaml]\nservices: {a: {image: x}}", "more than"},
		"no mapping":       {"- a\n", "not a mapping"},
		"unknown key":      {"services: {a: {image: x, colour: red}}", "colour"},
		"a bomb":           {bomb(), "excessive aliasing"},
	} {
		if _, err := Load(t.Context(), tree(map[string]string{"compose.yaml": c.file}), "compose.yaml", Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		} else if strings.Contains(err.Error(), "dockworthy-compose-") {
			t.Errorf("%s: the error names a temporary folder: %v", what, err)
		}
	}
	p := load(t, map[string]string{
		"compose.yaml": "services:\n  a:\n    image: x\n    env_file: /etc/passwd\n    secrets: [s]\n    volumes: ['~/x:/x']\nsecrets: {s: {file: ../../etc/passwd}}\n",
	}, nil)
	a := p.Services["a"]
	if len(a.Environment) > 0 || len(a.Left) != 1 || a.Grants[0].Data != nil || a.Grants[0].Absent == "" || a.Volumes[0].Host == "" {
		t.Errorf("%+v", a)
	}
}

// What is next to a Compose file, and what it takes in, is part of it.
func TestTakenIn(t *testing.T) {
	p := load(t, map[string]string{
		"compose.yaml":            "include: [more/other.yaml]\nservices:\n  a: {image: x, extends: {file: base/other-compose.yaml, service: b}}\n",
		"compose.override.yaml":   "services:\n  a: {image: y}\n",
		"base/other-compose.yaml": "services:\n  b: {command: [run], volumes: ['./d:/d'], env_file: e.env}\n",
		"base/e.env":              "K=v\n",
		"more/other.yaml":         "services:\n  c: {build: .}\n",
	}, nil)
	a := p.Services["a"]
	if a.Image != "y" || !slices.Equal(a.Command, []string{"run"}) || a.Volumes[0].Bind != "base/d" || a.Environment["K"] != "v" {
		t.Errorf("%+v", a)
	}
	if c := p.Services["c"]; c == nil || c.Build.Context != "more" {
		t.Errorf("%+v", p.Services["c"])
	}
}
