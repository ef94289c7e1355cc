package cli

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// made is an image of programs and links ("bin/sh -> dash") and of the files
// that the model reads.
func made(d image.Description, kept map[string]string, names ...string) *image.Image {
	s := image.Scan{Kept: map[string][]byte{}}
	for _, name := range names {
		name, link, isLink := strings.Cut(name, " -> ")
		f := image.File{Path: "/" + name, Mode: 0o755, Size: int64(len(name)), Sum: uint64(len(name)), Link: link}
		if isLink {
			f.Mode |= fs.ModeSymlink
		}
		s.Files = append(s.Files, f)
	}
	for name, text := range kept {
		s.Files = append(s.Files, image.File{Path: name, Mode: 0o644, Size: int64(len(text))})
		s.Kept[name] = []byte(text)
	}
	return image.Assemble(d, []image.Scan{s})
}

func TestDescribe(t *testing.T) {
	debian := map[string]string{
		"/etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n",
		"/etc/passwd":     "root:x:0:0::/root:/bin/bash\nwww-data:x:33:33::/var/www:\nnobody:x:65534:65534::/:\nnode:x:1000:1000::/home/node:/bin/bash\n",
	}
	node := made(image.Description{
		Name: "registry.example.com/team/node:22-slim", Digest: "sha256:abc", Created: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC),
		Config: image.Config{
			User: "node", Cmd: []string{"node"}, Entrypoint: []string{"docker-entrypoint.sh"}, ExposedPorts: []string{"3000/tcp", "53/udp"}, WorkingDir: "/app",
			Env:         []image.Var{{Name: "PATH", Value: "/opt/node/bin:/usr/bin:/bin"}, {Name: "JAVA_HOME", Value: "/opt/java"}, {Name: "API_TOKEN", Value: "secret"}},
			Healthcheck: &image.Healthcheck{Test: []string{"CMD", "node", "health.js"}},
		},
	}, debian, "bin/sh -> dash", "bin/dash", "bin/bash", "usr/bin/apt-get", "usr/bin/perl", "opt/node/bin/node", "lib64/ld-linux-x86-64.so.2")
	d := describe(node, time.Time{})
	for what, c := range map[string][2]string{
		"id":    {d.ID, "registry.example.com-team-node-22-slim"},
		"kind":  {d.Kind, base.KindRuntime},
		"os":    {d.OS, "debian"},
		"libc":  {d.Libc, "glibc"},
		"shell": {d.Shell, "dash"},
		"apt":   {d.PackageManager, "apt"},
		"users": {strings.Join(keys(d.Users), " ") + d.Users["node"], "node1000:1000"},
		"tools": {d.Tools["node"] + d.Tools["curl"] + d.Tools["python"], "yesnono"},
		"ports": {strings.Join(d.Ports, " "), "3000 53/udp"},
		"env":   {strings.Join(keys(d.Env), " "), "JAVA_HOME PATH"},
		"notes": {d.Notes, "Made by looking at sha256:abc on 2026-05-04."},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %q, want %q", what, c[0], c[1])
		}
	}
	if !d.Healthcheck || d.Match.Repos[0] != "registry.example.com/team/node" || d.Match.Tags[0] != "22-slim" {
		t.Errorf("%+v", d)
	}

	// What is printed is what the catalogue and the configuration read.
	var entry bytes.Buffer
	if err := writeJSON(&entry, []described{d}); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(&entry)
	dec.DisallowUnknownFields()
	var img base.Image
	if err := dec.Decode(&img); err != nil {
		t.Fatal(err)
	}
	if uid, _ := img.UID(); uid != "1000" || img.HasTool("curl") != base.No || img.HasTool("node") != base.Yes {
		t.Errorf("the catalogue reads %+v", img)
	}
	var bases bytes.Buffer
	if err := writeYAML(&bases, []described{d}); err != nil {
		t.Fatal(err)
	}
	c, err := source.ParseConfig(source.ConfigName, bases.Bytes(), nil)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, bases.String())
	}
	b := c.Bases["registry.example.com/team/node:22-slim"]
	if b.User != "node" || b.Users["node"] != "1000:1000" || b.Tools["node"] != base.Yes || b.Healthy == nil || !*b.Healthy || len(b.Cmd) != 1 {
		t.Errorf("the configuration reads %+v", b)
	}
}

func TestDescribeKinds(t *testing.T) {
	python := []string{"usr/bin/apt-get", "bin/sh -> dash", "bin/dash", "usr/local/bin/python3"}
	for name, c := range map[string]struct {
		config   image.Config
		programs []string
		kind, os string
	}{
		"nothing":                    {programs: nil, kind: base.KindMinimal, os: "none"},
		"a system":                   {programs: []string{"bin/sh -> dash", "bin/dash", "usr/bin/apt-get", "usr/bin/python3"}, kind: base.KindOS, os: "none"},
		"a language":                 {programs: python, kind: base.KindRuntime, os: "none"},
		"a language with a compiler": {programs: append([]string{"usr/bin/gcc"}, python...), kind: base.KindRuntime, os: "none"},
		"the system's, and started":  {config: image.Config{Cmd: []string{"python3.12"}}, programs: []string{"bin/sh", "usr/bin/dnf", "usr/bin/python3"}, kind: base.KindRuntime, os: "none"},
		"a JDK":                      {programs: append([]string{"opt/x", "usr/bin/javac"}, python...), kind: base.KindToolchain, os: "none"},
		"a compiler alone":           {programs: []string{"bin/sh", "usr/bin/apt-get", "usr/bin/gcc"}, kind: base.KindToolchain, os: "none"},
		"a service":                  {config: image.Config{ExposedPorts: []string{"80/tcp"}, Cmd: []string{"nginx"}}, programs: python, kind: base.KindService, os: "none"},
		"busybox without os-release": {programs: []string{"bin/busybox", "bin/sh -> busybox"}, kind: base.KindMinimal, os: "busybox"},
	} {
		img := made(image.Description{Name: "x.tar", ID: "sha256:1", Config: c.config}, nil, c.programs...)
		d := describe(img, time.Time{})
		if d.Kind != c.kind || d.OS != c.os {
			t.Errorf("%s: %s on %s, want %s on %s", name, d.Kind, d.OS, c.kind, c.os)
		}
		if d.ID != "x" || d.User != "0" || d.Notes != "Made by looking at sha256:1." {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// A layer that was passed over may hold what is not found.
func TestDescribeWithoutALayer(t *testing.T) {
	img := image.Assemble(image.Description{Name: "a/b"}, []image.Scan{{Layer: image.Layer{Skipped: "it is too large"}}})
	if d := describe(img, time.Time{}); d.Tools["curl"] != "unknown" || d.Shell != "unknown" || !strings.Contains(d.Notes, "Not every layer") {
		t.Errorf("%+v", d)
	}
}

func keys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
