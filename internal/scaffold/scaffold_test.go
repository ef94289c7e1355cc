package scaffold_test

import (
	"encoding/pem"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/existing"
	"github.com/dockworthy/dockworthy/internal/scaffold"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/stack"
)

var update = flag.Bool("update", false, "write what is scaffolded into testdata")

// TestGolden scaffolds every project of the cases of stack, holds the container
// against what was written down, and against all eight rules at the banking profile,
// digests and locks apart.
func TestGolden(t *testing.T) {
	list, err := filepath.Glob("../stack/testdata/*/*.txtar")
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	for _, name := range list {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(name, "../stack/testdata/"), ".txtar"), func(t *testing.T) {
			in, opt := project(t, name)
			s, err := stack.Detect(in, opt)
			if err != nil {
				t.Skip("there is nothing to scaffold")
			}
			secrets := slices.ContainsFunc(s.Env, func(v stack.Variable) bool { return v.Secret })
			plan, err := scaffold.New(s, scaffold.Options{Pick: known, Name: "shop", Kubernetes: true, AWSSecrets: secrets})
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", strings.TrimPrefix(name, "../stack/testdata/"))
			out := &txtar.Archive{}
			for _, f := range plan.Files {
				in[f.Name] = &fstest.MapFile{Data: []byte(f.Data), Mode: 0o644}
				out.Files = append(out.Files, txtar.File{Name: f.Name, Data: []byte(f.Data)})
			}
			same(t, golden, out)
			clean(t, in)
		})
	}
}

// project is a case of a project.
func project(t *testing.T, name string) (fstest.MapFS, stack.Options) {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	in, opt := fstest.MapFS{}, stack.Options{}
	for _, f := range a.Files {
		switch f.Name {
		case "want":
		case "flags":
			f := strings.Fields(string(f.Data))
			for i := 0; i+1 < len(f); i += 2 {
				switch f[i] {
				case "--kind":
					opt.Kind = stack.Kind(f[i+1])
				case "--port":
					fmt.Sscan(f[i+1], &opt.Port)
				}
			}
		case "options":
			opt.App = strings.TrimSpace(string(f.Data))
		default:
			in[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
		}
	}
	return in, opt
}

// same holds what was scaffolded against a file, or writes it.
func same(t *testing.T, golden string, out *txtar.Archive) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(golden); err != nil {
		t.Errorf("%v: -update writes it", err)
	} else if string(want) != string(txtar.Format(out)) {
		t.Errorf("scaffolded\n%s\nwant\n%s", txtar.Format(out), want)
	}
}

// TestAuthorities writes containers that trust certificates of authorities beside those of
// their bases.
func TestAuthorities(t *testing.T) {
	for _, tt := range []struct{ name, pem string }{
		{"cpp/httplib", "one"}, {"cpp/linked", "one"}, {"dotnet/web", "one"}, {"go/cgo", "one"}, {"go/server", "two"}, {"java/spring", "two"}, {"java/gradle", "one"},
		{"node/express", "one"}, {"node/vite-site", "one"}, {"php/slim", "one"}, {"python/fastapi-pip", "two"}, {"ruby/rails", "one"}, {"rust/settings-by-helper", "one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/authorities/" + tt.pem + ".pem")
			if err != nil {
				t.Fatal(err)
			}
			ca, err := scaffold.Certificates(data)
			if err != nil {
				t.Fatal(err)
			}
			in, opt := project(t, "../stack/testdata/"+tt.name+".txtar")
			s, err := stack.Detect(in, opt)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := scaffold.New(s, scaffold.Options{Pick: known, Name: "shop", CA: ca})
			if err != nil {
				t.Fatal(err)
			}
			out := &txtar.Archive{}
			for _, f := range plan.Files {
				in[f.Name] = &fstest.MapFile{Data: []byte(f.Data), Mode: 0o644}
				if f.Name == "Dockerfile" || f.Name == ".dockerignore" {
					out.Files = append(out.Files, txtar.File{Name: f.Name, Data: []byte(f.Data)})
				}
			}
			same(t, "testdata/authorities/"+strings.ReplaceAll(tt.name, "/", "-")+".txtar", out)
			clean(t, in)
		})
	}
	if _, err := scaffold.Certificates([]byte("nothing")); err == nil {
		t.Error("a file without a certificate is taken")
	}
	if _, err := scaffold.Certificates(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})); err == nil || !strings.Contains(err.Error(), "private key") {
		t.Errorf("a private key is taken for a certificate: %v", err)
	}
}

// TestFamilies writes containers on other bases, where they can be right, and says in
// words why not elsewhere.
func TestFamilies(t *testing.T) {
	for _, tt := range []struct{ name, base, fails string }{
		{"python/fastapi-pip", "alpine", ""},
		{"python/uv-in-step", "alpine", ""},
		{"python/native", "alpine", ""},
		{"python/fastapi-pip", "wolfi", ""},
		{"python/fastapi-pip", "distroless", "init writes it for Node.js, Java, Go, Rust and C++"},
		{"node/express", "alpine", ""},
		{"node/express", "distroless", ""},
		{"node/typescript", "wolfi", ""},
		{"node/bun", "wolfi", "init writes it for Python and for servers of Node.js"},
		{"node/bun", "distroless", "it starts node"},
		{"node/vite-site", "distroless", "init writes it for"},
		{"java/spring", "alpine", ""},
		{"java/spring", "distroless", ""},
		{"go/server", "distroless", ""},
		{"go/server", "alpine", "Alpine would only add to that"},
		{"ruby/rails", "alpine", "it is not known what its packages are called there"},
		{"php/slim", "distroless", "there is none for other languages"},
		{"go/server", "ubuntu", `--base "ubuntu" is not one of alpine, distroless, wolfi`},
	} {
		t.Run(tt.name+"/"+tt.base, func(t *testing.T) {
			in, opt := project(t, "../stack/testdata/"+tt.name+".txtar")
			s, err := stack.Detect(in, opt)
			if err != nil {
				t.Fatal(err)
			}
			pick := func(w scaffold.Want) (scaffold.Base, error) {
				b, err := known(w)
				if tt.base == "wolfi" {
					b.Digest = "sha256:" + strings.Repeat("0", 64)
				}
				return b, err
			}
			plan, err := scaffold.New(s, scaffold.Options{Pick: pick, Name: "shop", Base: tt.base})
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v, want %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var chosen strings.Builder
			for _, c := range plan.Chosen {
				fmt.Fprintf(&chosen, "%s: %s\n", c.What, c.Why)
			}
			out := &txtar.Archive{Comment: []byte(chosen.String())}
			for _, f := range plan.Files {
				in[f.Name] = &fstest.MapFile{Data: []byte(f.Data), Mode: 0o644}
				if f.Name == "Dockerfile" {
					out.Files = append(out.Files, txtar.File{Name: f.Name, Data: []byte(f.Data)})
				}
			}
			same(t, "testdata/families/"+tt.base+"-"+strings.ReplaceAll(tt.name, "/", "-")+".txtar", out)
			clean(t, in)
		})
	}
	in, opt := project(t, "../stack/testdata/python/fastapi-pip.txtar")
	s, err := stack.Detect(in, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.New(s, scaffold.Options{Pick: known, Base: "wolfi"}); err == nil || !strings.Contains(err.Error(), "no registry answered with its digest") {
		t.Errorf("Wolfi without a digest: %v", err)
	}
}

// TestFrom writes every Dockerfile of the cases of existing anew, and holds what comes of
// it to the same.
func TestFrom(t *testing.T) {
	list, err := filepath.Glob("../existing/testdata/*.txtar")
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	for _, name := range list {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			in := fstest.MapFS{}
			for _, f := range a.Files {
				if f.Name != "want" {
					in[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
				}
			}
			language, err := stack.LanguageOf(in)
			if err != nil {
				t.Fatal(err)
			}
			old := dockworthy.Open(in, []string{"Dockerfile"}, dockworthy.Options{Dockerfile: "Dockerfile", Context: "."})
			builds, problem := old.Builds(old.Units()[0])
			if problem != nil {
				t.Fatal(problem.Err)
			}
			keep := existing.Read(builds[len(builds)-1], language)
			s, err := stack.Detect(in, scaffold.Asked(keep, stack.Options{}))
			if err != nil {
				t.Fatal(err)
			}
			plan, err := scaffold.New(s, scaffold.Options{Pick: known, Name: "shop", Keep: keep})
			if err != nil {
				t.Fatal(err)
			}
			out := &txtar.Archive{Comment: []byte(strings.Join(plan.Unknown, "\n") + "\n")}
			for _, f := range plan.Files {
				in[f.Name] = &fstest.MapFile{Data: []byte(f.Data), Mode: 0o644}
				out.Files = append(out.Files, txtar.File{Name: f.Name, Data: []byte(f.Data)})
			}
			same(t, filepath.Join("testdata", "from", filepath.Base(name)), out)
			clean(t, in)
		})
	}
}

// known picks bases as if no registry could be reached.
func known(w scaffold.Want) (scaffold.Base, error) {
	asOf := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	b, err := scaffold.Choose(w, nil, "", asOf)
	for _, next := range w.Relaxed() {
		if err != nil {
			b, err = scaffold.Choose(next, nil, "", asOf)
		}
	}
	return b, err
}

// clean holds a project to the eight rules.
func clean(t *testing.T, in fs.FS) {
	t.Helper()
	p := dockworthy.Open(in, []string{"Dockerfile", "kubernetes.yaml"}, dockworthy.Options{Profile: source.Banking, AsOf: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)})
	units := 0
	err := p.Check(t.Context(), check.Options{}, func(res *check.Result) error {
		units++
		if res.Problem != nil {
			t.Errorf("%s: %v", res.Problem.Path, res.Problem.Err)
		}
		for _, f := range res.Findings {
			switch id := f.Rule.ID(f.Check); {
			case id == "pinned-base/no-digest", id == "layer-cache/no-lockfile":
				// The one has no registry here; the other is the project's.
			case id == "pinned-base/end-of-life" && strings.HasSuffix(t.Name(), "/end-of-life"):
				// What the project asks for, and init says.
			case f.Severity >= check.Warning:
				t.Errorf("%s: %s", id, f.Message)
			}
		}
		return nil
	})
	if err != nil || units == 0 {
		t.Errorf("%d units: %v", units, err)
	}
}
