package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestKind(t *testing.T) {
	for _, s := range []string{"", "README.md", "main.go", "package.js", "requirements.md", "Dockerfile", "go.mod.bak", "mypackage.json", "tsconfig.json"} {
		if info, ok := Kind(s); ok || info != (Info{}) {
			t.Errorf("%s is %v", s, info)
		}
	}
	for name, want := range map[string]string{
		"requirements.txt": "python manifest pip", "requirements-dev.txt": "python manifest pip dev", "a/requirements/../requirements_test.txt": "python manifest pip dev",
		"dev-requirements.txt": "python manifest pip dev", "requirements-prod.txt": "python manifest pip", "pyproject.toml": "python manifest ", "uv.lock": "python lock uv",
		"package.json": "node manifest ", "package-lock.json": "node lock npm", "bun.lockb": "node lock bun", ".npmrc": "node settings npm",
		"go.sum": "go lock go", "gradlew": "java wrapper gradle", "build.gradle.kts": "java manifest gradle", "Cargo.lock": "rust lock cargo",
		"Gemfile.lock": "ruby lock bundler", "composer.json": "php manifest composer", "Acme.Web.csproj": "dotnet manifest dotnet", "NuGet.Config": "dotnet settings nuget",
		"nuget.config": "dotnet settings nuget", "mix.lock": "elixir lock mix", "Package.resolved": "swift lock swift", "renv.lock": "r lock renv",
		"environment.yml": "conda manifest conda", "stack.yaml": "haskell manifest stack", "requirements.in": "python manifest pip-tools",
	} {
		info, ok := Kind(name)
		got := fmt.Sprint(info.Ecosystem, " ", info.Role, " ", info.Tool)
		if info.Dev {
			got += " dev"
		}
		if !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, info := range known().exact {
		if info.Ecosystem == "" || info.Role == 0 {
			t.Errorf("%s: %+v", name, info)
		}
	}
}

func TestRequirements(t *testing.T) {
	if got := ParseRequirements([]byte("# only\n\n--index-url https://x\n-i https://y\n")); got != nil {
		t.Errorf("%+v", got)
	}
	got := ParseRequirements([]byte(strings.Join([]string{
		"flask==3.0.3  # web", "Django>=4", "uvicorn[standard] == 0.30.1 ; python_version > '3.8'", "x==1.*",
		"requests==2.32.3 \\", "    --hash=sha256:abc \\", "    --hash=sha256:def",
		"-r base.txt", "--requirement=other.txt", "-c constraints.txt", "-e .", "-e ./lib[extra]", ".", "dist/a-1-py3-none-any.whl",
		"git+https://github.com/a/b.git@0123456789012345678901234567890123456789#egg=b", "pkg @ https://x/y.whl#sha256=ab", "plain\r", "a==1,!=2",
	}, "\n")))
	want := []Requirement{
		{Name: "flask", Version: "3.0.3", Pinned: true, Line: 1}, {Name: "Django", Line: 2}, {Name: "uvicorn", Version: "0.30.1", Pinned: true, Line: 3}, {Name: "x", Line: 4},
		{Name: "requests", Version: "2.32.3", Pinned: true, Hashed: true, Line: 5},
		{Include: "base.txt", Line: 8}, {Include: "other.txt", Line: 9}, {Constraint: "constraints.txt", Line: 10}, {Editable: true, Path: ".", Line: 11},
		{Editable: true, Path: "./lib", Extras: "extra", Line: 12}, {Path: ".", Line: 13}, {Path: "dist/a-1-py3-none-any.whl", Line: 14},
		{Name: "b", URL: "git+https://github.com/a/b.git@0123456789012345678901234567890123456789#egg=b", Pinned: true, Line: 15},
		{Name: "pkg", URL: "https://x/y.whl#sha256=ab", Pinned: true, Line: 16}, {Name: "plain", Line: 17}, {Name: "a", Line: 18},
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%d:\n got %+v\nwant %+v", i, got[min(i, len(got)):], want[min(i, len(want)):])
		}
	}
}

func TestPackageJSON(t *testing.T) {
	p, err := ParsePackageJSON([]byte("{}"))
	if err != nil || !reflect.DeepEqual(p, &Package{}) || p.Needs("x") || (*Package)(nil).Needs("x") {
		t.Errorf("%+v %v", p, err)
	}
	p, err = ParsePackageJSON([]byte("\xef\xbb\xbf" + `{"name":"a","private":true,"type":"module","dependencies":{"express":"^4","odd":1},"devDependencies":{"jest":"29"},
		"scripts":{"start":"node x.js","build":"tsc"},"workspaces":["p/*"],"packageManager":"pnpm@9.1.0","main":7}`))
	if err != nil || !p.Needs("express") || p.Needs("jest") || p.Needs("odd") || p.Scripts["start"] != "node x.js" || !p.Workspaces || p.PackageManager != "pnpm@9.1.0" || !p.Private || p.Main != "" {
		t.Errorf("%+v %v", p, err)
	}
	for _, bad := range []string{"", "[]", "{", `"x"`} {
		if _, err := ParsePackageJSON([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestPyProject(t *testing.T) {
	p, err := ParsePyProject([]byte("[tool.ruff]\nline-length = 100\n"))
	if err != nil || p.IsProject || p.HasDependencies() || p.DefaultGroups() != nil || p.Tool != "" || (*PyProject)(nil).HasDependencies() {
		t.Errorf("%+v %v", p, err)
	}
	p, err = ParsePyProject([]byte(`
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "app"
requires-python = ">=3.12"
dependencies = ["flask>=3"]
[project.optional-dependencies]
s3 = ["boto3"]
[project.scripts]
app = "app:main"
[dependency-groups]
dev = ["pytest", {include-group = "lint"}]
lint = ["ruff"]
[tool.uv]
package = true
`))
	if err != nil || p.Name != "app" || !p.HasDependencies() || p.BuildBackend != "hatchling.build" || p.Tool != "uv" || p.Scripts[0] != "app" ||
		fmt.Sprint(p.DefaultGroups(), p.Groups, p.Extras) != "[dev] map[dev:[pytest] lint:[ruff]] map[s3:[boto3]]" {
		t.Errorf("%+v %v", p, err)
	}
	p, err = ParsePyProject([]byte(`
[tool.poetry]
name = "old"
[tool.poetry.dependencies]
python = "^3.11"
flask = "^3"
celery = {version = "5", extras = ["redis"]}
[tool.poetry.dev-dependencies]
black = "*"
[tool.poetry.group.test.dependencies]
pytest = "*"
[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
mkdocs = "*"
`))
	if err != nil || fmt.Sprintf("%v %v %v %s", p.Dependencies, p.DefaultGroups(), p.Optional, p.Tool) != "[celery flask] [dev test] [docs] poetry" {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := ParsePyProject([]byte("[project\n")); err == nil {
		t.Error("no error")
	}
	p, err = ParsePyProject([]byte("[project]\nname='x'\ndynamic=['version','dependencies']\n"))
	if err != nil || !p.HasDependencies() {
		t.Errorf("dynamic: %+v %v", p, err)
	}
}

func FuzzManifests(f *testing.F) {
	f.Add([]byte("flask==3 \\\n --hash=x\n-e .\n"))
	f.Add([]byte("-\n--\n-e\n-r\n@\n;\n\\"))
	f.Add([]byte("[tool.poetry.group.a]\noptional=true\n"))
	f.Add([]byte(`{"scripts":{"a":"b"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, r := range ParseRequirements(data) {
			if r.Name != "" && !strings.Contains(string(data), r.Name) {
				t.Errorf("%q requires %q, which is not in it", data, r.Name)
			}
		}
		if p, err := ParsePackageJSON(data); (err == nil) != (p != nil) || err == nil && !json.Valid(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
			t.Errorf("%q as a package.json: %v %v", data, p, err)
		}
		if p, err := ParsePyProject(data); err == nil {
			for _, g := range p.DefaultGroups() {
				if !strings.Contains(string(data), g) && g != "dev" {
					t.Errorf("%q has the group %q by default, which is not in it", data, g)
				}
			}
		}
	})
}
