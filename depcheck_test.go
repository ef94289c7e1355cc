package dockworthy_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestImports keeps the floors of the house: checks are pure, and what is
// heavy stays out of the program.
func TestImports(t *testing.T) {
	const module = "github.com/dockworthy/dockworthy/"
	const internal = module + "internal/"
	imports := func(pattern string) map[string][]string {
		out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", pattern).Output()
		if err != nil {
			t.Fatal(err)
		}
		list := map[string][]string{}
		for line := range strings.Lines(string(out)) {
			fields := strings.Fields(line)
			list[fields[0]] = fields[1:]
		}
		return list
	}
	for _, pattern := range []string{"./internal/rules/...", "./internal/source/...", "./internal/shell/...", "./internal/getopt", "./internal/packages", "./internal/effects", "./check", "./text", "./attest/...", "./internal/run", "./internal/secret", "./internal/image", "./internal/knowledge"} {
		for pkg, list := range imports(pattern) {
			for _, imp := range list {
				switch imp {
				case "os", "os/exec", "net", "net/http", "math/rand", "math/rand/v2":
					t.Errorf("%s imports %s: it has to be pure", pkg, imp)
				}
				if rest, ok := strings.CutPrefix(imp, module); ok && strings.HasPrefix(pkg, module+"internal/rules/") && strings.HasPrefix(rest, "internal/rules/") {
					t.Errorf("%s imports another room, %s", pkg, imp)
				}
			}
		}
	}
	for pkg, list := range imports("./internal/source/...") {
		for _, imp := range list {
			if strings.HasPrefix(imp, module+"check") || strings.HasPrefix(imp, module+"internal/rules") || strings.HasPrefix(imp, module+"report") {
				t.Errorf("%s imports %s, which is a floor above it", pkg, imp)
			}
		}
	}
	// The interpreter knows nothing of what the commands do that it tells of.
	for pkg, allowed := range map[string][]string{
		"internal/shell":    {"internal/meter", "text"},
		"internal/getopt":   {"internal/shell"},
		"internal/packages": {"internal/getopt", "internal/shell", "text"},
		"internal/effects":  {"internal/getopt", "internal/packages", "internal/shell", "text"},
	} {
		for _, imp := range imports("./" + pkg)[module+pkg] {
			if rest, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(allowed, rest) {
				t.Errorf("%s imports %s", pkg, rest)
			}
		}
	}
	// What looks into images and engines judges nothing, and the library's front
	// door starts none.
	for pattern, barred := range map[string][]string{
		"./internal/image/...":  {"os/exec", module + "check", module + "report", internal + "rules", internal + "engine", internal + "source"},
		"./internal/run":        {module + "check", internal + "rules", internal + "engine", internal + "source", internal + "image"},
		"./internal/engine/...": {module + "check", module + "report", internal + "rules", internal + "source", internal + "image"},
		".":                     {internal + "engine", internal + "proof", module + "registry", module + "report"},
	} {
		for pkg, list := range imports(pattern) {
			for _, imp := range list {
				for _, b := range barred {
					if imp == b || strings.HasPrefix(imp, b+"/") {
						t.Errorf("%s imports %s", pkg, imp)
					}
				}
			}
		}
	}
	for _, dir := range []string{"internal/rules", "internal/source", "internal/shell", "internal/getopt", "internal/packages", "internal/effects", "check", "text", "attest"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil && (strings.Contains(string(data), "time.Now") || strings.Contains(string(data), "\nfunc init()")) {
				t.Errorf("%s has a clock or an init", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("go", "list", "-deps", "./cmd/dockworthy").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, heavy := range []string{
		"github.com/moby/buildkit/client", "github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb", "github.com/containerd/containerd",
		"k8s.io/", "github.com/docker/docker/", "google.golang.org/grpc",
		"github.com/sigstore/", "github.com/in-toto/", "github.com/secure-systems-lab/", "github.com/theupdateframework/",
	} {
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(strings.TrimSpace(line), heavy) {
				t.Errorf("the program depends on %s", strings.TrimSpace(line))
			}
		}
	}
}

// TestFloors holds what each floor of the module may reach, whatever lies between:
// judging and reporting are for programs that have no network.
func TestFloors(t *testing.T) {
	const most = 170 // packages under check, the standard library's included
	barred := []string{"net/http", "github.com/compose-spec/compose-go/v2/loader", "github.com/moby/moby/client", "github.com/google/go-containerregistry/", "github.com/spf13/", "os/exec"}
	for _, pkg := range []string{"./check", "./report", "./text", "."} {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		list := strings.Fields(string(out))
		for _, dep := range list {
			for _, b := range barred {
				if dep == b || strings.HasSuffix(b, "/") && strings.HasPrefix(dep, b) || strings.HasPrefix(dep, b+"/") {
					t.Errorf("%s depends on %s", pkg, dep)
				}
			}
		}
		if pkg == "./check" && len(list) > most {
			t.Errorf("%s depends on %d packages, which is more than %d", pkg, len(list), most)
		}
	}
	// Programs that embed the module see no internal package in its examples.
	data, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "dockworthy/internal/") {
		t.Error("an example needs what nobody else can import")
	}
}

// TestModelIsLight keeps what takes archives apart, and what reaches for the
// network, out of the model of an image, which every check links.
func TestModelIsLight(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./internal/image").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.Lines(string(out)) {
		pkg = strings.TrimSpace(pkg)
		for _, heavy := range []string{"net", "archive/tar", "crypto", "github.com/klauspost/compress", "github.com/cespare/xxhash", "os/user", "context"} {
			if pkg == heavy || strings.HasPrefix(pkg, heavy+"/") {
				t.Errorf("the model of an image depends on %s", pkg)
			}
		}
		if rest, ok := strings.CutPrefix(pkg, "github.com/dockworthy/dockworthy/"); ok && rest != "internal/image" && rest != "internal/knowledge" && rest != "text" {
			t.Errorf("the model of an image depends on %s", pkg)
		}
	}
}
