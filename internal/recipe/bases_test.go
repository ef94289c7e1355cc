package recipe_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// each calls do with an image of every entry of the catalogue.
func each(t *testing.T, do func(ref string, known *base.Image)) {
	t.Helper()
	data, err := os.ReadFile("../source/base/bases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	met := 0
	for line := range strings.Lines(string(data)) {
		var i base.Image
		if err := json.Unmarshal([]byte(line), &i); err != nil {
			t.Fatal(err)
		}
		if i.ID == "scratch" {
			continue
		}
		for _, glob := range i.Match.Tags {
			ref, ok := named(i.ID, i.Match.Repos[0], glob)
			if !ok {
				continue
			}
			met++
			r, _ := base.ParseRef(ref)
			known, _ := base.Lookup(r)
			do(ref, known)
			break
		}
	}
	if met < 540 {
		t.Errorf("only %d entries were met", met)
	}
}

// named is a reference that the catalogue's entry of an id stands for.
func named(id, repo, glob string) (string, bool) {
	for _, fill := range []string{"9", "", "9.5", "1.2.3-", "-", "99-debian", "x"} {
		ref := repo + ":" + strings.Trim(strings.ReplaceAll(glob, "*", fill), "-.")
		r, err := base.ParseRef(ref)
		if err != nil {
			continue
		}
		if known, ok := base.Lookup(r); ok && known.ID == id {
			return ref, true
		}
	}
	return "", false
}

var tool = regexp.MustCompile(`\b(useradd|groupadd|adduser|addgroup)\b`)

// The advice for every base whose user is root uses only what the base has, or what
// it installs before, and its edits do what they say.
func TestUsersOfBases(t *testing.T) {
	roots := 0
	each(t, func(ref string, known *base.Image) {
		if uid, ok := known.UID(); !ok || uid != "0" {
			return
		}
		fsys := fstest.MapFS{
			"Dockerfile": {Data: []byte("FROM " + ref + "\nCOPY app /app\nENTRYPOINT [\"/app\"]\n")},
			"app":        {Data: []byte("x"), Mode: 0o755},
		}
		p := dockworthy.Open(fsys, []string{"."}, options)
		u := p.Units()[0]
		var found *check.Reported
		for _, f := range judged(t, p, u).Findings {
			if f.ID() == "non-root/final-user-root" {
				found = &f
			}
		}
		if found == nil {
			t.Errorf("%s: final-user-root does not speak", ref)
			return
		}
		roots++
		if strings.Contains(found.Help, "nginx-unprivileged") {
			return
		}
		if !strings.Contains(found.Help, "USER ") {
			t.Errorf("%s: %q names no USER", ref, found.Help)
		}
		installs := strings.Contains(found.Help, known.PackageManager+" install") || strings.Contains(found.Help, "zypper ") && known.PackageManager == "zypper"
		for _, name := range tool.FindAllString(found.Help, -1) {
			if known.HasTool(name) != base.Yes && !installs {
				t.Errorf("%s (%s): %q uses %s, which is not known to be there", ref, known.ID, found.Help, name)
			}
		}
		if strings.Contains(found.Help, "RUN ") && known.HasShell() != base.Yes {
			t.Errorf("%s (%s): %q needs a shell", ref, known.ID, found.Help)
		}
		for _, x := range found.Fixes {
			try(t, fsys, p, u, *found, x)
		}
	})
	if roots < 370 {
		t.Errorf("only %d bases start as root", roots)
	}
}

// standIns are images of several systems that the engine may have or be served.
var standIns = []string{
	"debian:bookworm-slim", "python:3.13.0-slim-bookworm", "python:3.11.7-bookworm", "node:20-bookworm-slim", "golang:1.26-bookworm",
	"alpine:3.21", "busybox:1.37", "ubuntu:24.04", "registry.access.redhat.com/ubi9/ubi-minimal:9.5",
}

// What the advice tells to write is built and run, on the images that the engine
// has: the test pulls nothing.
func TestUsersAreBuilt(t *testing.T) {
	docker := func(stdin string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "docker", args...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if out, err := docker("", "version"); err != nil {
		if os.Getenv("DOCKWORTHY_ENGINE") == "required" {
			t.Fatalf("DOCKWORTHY_ENGINE=required, and there is none: %v\n%s", err, out)
		}
		t.Skipf("no container engine: %v\n%s", err, out)
	}
	built := 0
	for _, ref := range standIns {
		if _, err := docker("", "image", "inspect", ref); err != nil {
			continue
		}
		t.Run(ref, func(t *testing.T) {
			fsys := fstest.MapFS{"Dockerfile": {Data: []byte("FROM " + ref + "\nENTRYPOINT [\"id\", \"-u\"]\n")}}
			p := dockworthy.Open(fsys, []string{"."}, options)
			for _, f := range judged(t, p, p.Units()[0]).Findings {
				if f.ID() != "non-root/final-user-root" || len(f.Fixes) == 0 {
					continue
				}
				changed, err := f.Fixes[0].Apply()
				if err != nil {
					t.Fatal(err)
				}
				name := "dockworthy-recipe-" + strings.NewReplacer("/", "-", ":", "-").Replace(ref)
				defer docker("", "image", "rm", "-f", name)
				if out, err := docker(string(changed["Dockerfile"]), "build", "-q", "-t", name, "-"); err != nil {
					t.Fatalf("%s does not build: %v\n%s", changed["Dockerfile"], err, out)
				}
				built++
				uid, err := docker("", "run", "--rm", name)
				if err != nil || uid == "0" || !strings.Contains(f.Help, "USER "+uid+":") {
					t.Errorf("it runs as %q (%v), and the advice is %q", uid, err, f.Help)
				}
				return
			}
			t.Error("there is no fix")
		})
	}
	if built == 0 {
		if os.Getenv("DOCKWORTHY_ENGINE") == "required" {
			t.Fatal("DOCKWORTHY_ENGINE=required, and the engine has none of the images")
		}
		t.Skip("the engine has none of the images")
	}
}
