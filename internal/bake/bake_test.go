package bake_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/bake"
	"github.com/dockworthy/dockworthy/text"
)

const hcl = `variable "TAG" { default = "1.0.0" }
variable "UNSET" {}
function "shout" {
  params = [x]
  result = upper(x)
}
group "default" { targets = ["app", "worker"] }
target "common" {
  context = "src"
  args = { PY = "3.13.1", KEPT = 1, LOUD = upper("a") }
}
target "app" {
  inherits   = ["common"]
  dockerfile = "docker/Dockerfile"
  target     = "release"
  tags       = ["registry.example.com/app:${TAG}", "app:${UNSET}"]
  args = { PY = shout("x") }
  contexts = { base = "docker-image://debian:12", lib = "./lib" }
}
target "worker" { dockerfile-inline = "FROM alpine" }
target "loop" { inherits = ["loop"], context = join("", ["a"]) }
`

func show(t *testing.T, name, data string) string {
	t.Helper()
	b, err := bake.Parse(text.NewFile(name, []byte(data)))
	if err != nil {
		return "error: " + err.Error()
	}
	var out strings.Builder
	for _, x := range b.Targets {
		fmt.Fprintf(&out, "%s context=%s dockerfile=%s target=%s inline=%v tags=%q", x.Name, x.Context, x.Dockerfile, x.Target, x.Inline, x.Tags)
		for _, m := range []map[string]string{x.Args, x.Contexts} {
			for _, k := range slices.Sorted(maps.Keys(m)) {
				fmt.Fprintf(&out, " %s=%s", k, m[k])
			}
		}
		out.WriteByte('\n')
	}
	return out.String() + b.Beyond
}

// What is literal is read, with what variables are by default; a function is not
// evaluated, and what it would give is left out.
func TestParse(t *testing.T) {
	want := `app context=src dockerfile=docker/Dockerfile target=release inline=false tags=[] KEPT=1 base=docker-image://debian:12 lib=./lib
worker context= dockerfile= target= inline=true tags=[]
`
	hcl := strings.Replace(hcl, "target \"loop\" { inherits = [\"loop\"], context = join(\"\", [\"a\"]) }\n", "", 1)
	if got := show(t, "docker-bake.hcl", hcl); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	json := `{"variable":{"TAG":{"default":"2"}},"target":{"app":{"context":".","args":{"A":"${TAG}"},"tags":["app:${TAG}"]}}}`
	if got, want := show(t, "docker-bake.json", json), "app context=. dockerfile= target= inline=false tags=[\"app:2\"] A=2\n"; got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestErrors(t *testing.T) {
	for data, want := range map[string]string{
		"target \"a\" {\n  context = \n":                       "line ",
		strings.Repeat("[", 5000):                              "nested more than",
		"a = \"" + strings.Repeat("x", 2<<20) + "\"\n":         "larger than",
		"target \"a\" { context = \"x\"\n}\ntarget a b c d {}": "",
	} {
		if got := show(t, "docker-bake.hcl", data); !strings.Contains(got, want) {
			t.Errorf("%.40q: %s", data, got)
		}
	}
}

// A file that would take for ever, or grow without end, is read in a moment.
func TestHostile(t *testing.T) {
	var doubling, chain strings.Builder
	doubling.WriteString("variable \"V0\" { default = \"xxxxxxxxxxxxxxxx\" }\n")
	for i := range 200 {
		fmt.Fprintf(&doubling, "variable \"V%d\" { default = \"${V%d}${V%d}\" }\n", i+1, i, i)
	}
	doubling.WriteString("target \"a\" { context = V200 }\n")
	for i := range 3000 {
		fmt.Fprintf(&chain, "target \"t%d\" { inherits = [\"t%d\", \"t%d\"] }\n", i, i+1, i+2)
	}
	loops := "target \"a\" { tags = " + strings.Repeat("flatten([for x in range(99): ", 1) + "[for y in [1,2,3]: [for z in [1,2,3]: y]]" + "]) }\n"
	for name, data := range map[string]string{"doubling": doubling.String(), "chain": chain.String(), "loops": loops} {
		start := time.Now()
		got := show(t, "docker-bake.hcl", data)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %s", name, took)
		}
		if len(got) > 1<<20 {
			t.Errorf("%s grew to %d bytes", name, len(got))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("docker-bake.hcl", hcl)
	f.Add("docker-bake.json", `{"target":{"app":{"args":{"A":"${B}"}}}}`)
	f.Fuzz(func(t *testing.T, name, data string) {
		if name != "docker-bake.json" {
			name = "docker-bake.hcl"
		}
		b, err := bake.Parse(text.NewFile(name, []byte(data)))
		if err == nil && b == nil {
			t.Error("neither a file nor an error")
		}
	})
}
