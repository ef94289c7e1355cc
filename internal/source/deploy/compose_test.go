package deploy

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/template"

	"github.com/dockworthy/dockworthy/text"
)

func compose(t testing.TB, data string, env map[string]string) *Compose {
	t.Helper()
	c, err := ParseCompose(text.NewFile("compose.yaml", []byte(data)), env)
	if err != nil {
		t.Fatal(err)
	}
	checkSpans(t, c.File, reflect.ValueOf(c))
	return c
}

// checkSpans holds every span in a value to its file.
func checkSpans(t testing.TB, f *text.File, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && v.Type() != reflect.TypeFor[*text.File]() {
			checkSpans(t, f, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkSpans(t, f, v.Index(i))
		}
	case reflect.Struct:
		if s, ok := v.Interface().(text.Span); ok {
			if err := f.Check(s); err != nil {
				t.Fatal(err)
			}
			return
		}
		for i := range v.NumField() {
			checkSpans(t, f, v.Field(i))
		}
	}
}

func TestQuietCompose(t *testing.T) {
	for _, s := range []string{"", "# nothing\n", "---\n", "services:\n", "services: {}\n", "x-a: 1\n", "volumes:\n  db:\n"} {
		if c := compose(t, s, nil); len(c.Services) != 0 || len(c.Include) != 0 {
			t.Errorf("%q gives services", s)
		}
	}
	c := compose(t, "services:\n  db:\n    image: postgres:16\n    build:\n    healthcheck:\n    command:\n    user:\n", nil)
	s := c.Service("db")
	if s.Build != nil || s.Healthcheck != nil || s.Command != nil || s.User.Set || s.Extends != nil {
		t.Errorf("null keys are missing keys: %+v", s)
	}
	if c.Service("web") != nil || (*Compose)(nil).Service("x") != nil {
		t.Error("a service from nowhere")
	}
}

const example = `x-common: &common
  user: "1000:1000"   # not root
  environment: &env
    LOG: info
    EMPTY:
services:
  web:
    <<: *common
    build:
      context: ./web
      dockerfile: docker/Dockerfile
      target: ${TARGET:-runtime}
      args:
        - PY=${PY}
        - TOKEN
      additional_contexts:
        deps: docker-image://alpine:3.20
      dockerfile_inline: |
        FROM alpine
        RUN true

    image: "registry/${NAME-app}:${TAG:-1.2}"
    ports: ["127.0.0.1:${PORT}:8000", 9000, "53:53/UDP", {target: 80, published: "8080"}, "3000-3005"]
    expose: [7000]
    environment:
      <<: *env
      PASSWORD: 's3cret''s'
    env_file:
      - .env
      - path: ./x.env
        required: false
    privileged: true
    cap_add: [ALL]
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock:ro
      - ./src:/app
      - {type: bind, source: ./a, target: /b, read_only: true}
      - data
      - C:\x:/y
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000"]
    entrypoint: ["tini", "--"]
    command: gunicorn "app:make()" --bind :$$PORT
    profiles: [prod]
    secrets: [a, {source: b}]
    read_only: yes
  worker:
    extends: {file: base.yml, service: w}
    build: .
    environment: ["A=1", 'B=two=2', C]
    healthcheck: {disable: true}
  probe:
    image: x
    healthcheck: {test: curl -f http://x || exit 1}
include: [other.yaml]
`

func TestCompose(t *testing.T) {
	c := compose(t, example, map[string]string{"PY": "3.12"})
	web, worker := c.Service("web"), c.Service("worker")
	at := func(v Value) string { return c.File.Text(v.Span) }
	for _, p := range [][2]string{
		{web.User.Text, "1000:1000"}, {at(web.User), `"1000:1000"`},
		{web.Build.Context.Text, "./web"}, {web.Build.Target.Text, "runtime"}, {at(web.Build.Target), "${TARGET:-runtime}"},
		{web.Build.Args[0].Value.Text, "3.12"}, {at(web.Build.Args[0].Value), "${PY}"}, {at(web.Build.Args[0].Key), "PY"},
		{fmt.Sprint(web.Build.Args[1].HasValue), "false"},
		{web.Build.AdditionalContexts[0].Key.Text, "deps"}, {web.Build.Inline.Text, "FROM alpine\nRUN true\n"},
		{at(web.Build.Inline), "|\n        FROM alpine\n        RUN true"},
		{web.Image.Text, "registry/app:1.2"}, {at(web.Image), `"registry/${NAME-app}:${TAG:-1.2}"`},
		{web.Ports[0].Text, "8000/tcp"}, {web.Ports[0].Published, "127.0.0.1:${PORT}"}, {fmt.Sprint(web.Ports[0].Unresolved), "false"},
		{web.Ports[1].Text, "9000/tcp"}, {web.Ports[2].Text, "53/udp"}, {web.Ports[3].Text, "80/tcp"}, {web.Ports[3].Published, "8080"},
		{web.Ports[4].Text, "3000-3005/tcp"}, {web.Expose[0].Text, "7000/tcp"},
		{web.Environment[0].Value.Text, "s3cret's"}, {at(web.Environment[0].Value), `'s3cret''s'`},
		{web.Environment[1].Key.Text, "LOG"}, {fmt.Sprint(web.Environment[2].HasValue), "false"},
		{web.EnvFiles[1].Text, "./x.env"}, {fmt.Sprint(web.Privileged.True()), "true"}, {web.CapAdd[0].Text, "ALL"},
		{web.Volumes[0].Source.Text, "/var/run/docker.sock"}, {at(web.Volumes[0].Source), "/var/run/docker.sock"}, {fmt.Sprint(web.Volumes[0].ReadOnly), "true"},
		{web.Volumes[1].Target.Text, "/app"}, {web.Volumes[2].Source.Text, "./a"}, {web.Volumes[3].Target.Text, "data"}, {web.Volumes[4].Source.Text, `C:\x`},
		{web.Healthcheck.Test[0].Text, "curl"}, {fmt.Sprint(web.Healthcheck.Shell), "false"},
		{web.Entrypoint.Words[1].Text, "--"}, {web.Command.Words[1].Text, "app:make()"}, {web.Command.Words[3].Text, ":$PORT"}, {at(web.Command.Words[1]), `"app:make()"`},
		{web.Profiles[0].Text, "prod"}, {web.Secrets[1].Text, "b"}, {fmt.Sprint(web.ReadOnly.True()), "true"},
		{worker.Extends.File.Text, "base.yml"}, {worker.Extends.Service.Text, "w"}, {worker.Build.Context.Text, "."}, {worker.Environment[1].Value.Text, "two=2"}, {at(worker.Environment[1].Value), "two=2"},
		{fmt.Sprint(worker.Healthcheck.Disable), "true"}, {fmt.Sprint(c.Service("probe").Healthcheck.Shell), "true"},
		{at(c.Include[0]), "other.yaml"},
	} {
		if p[0] != p[1] {
			t.Errorf("got %q, want %q", p[0], p[1])
		}
	}
	if !strings.HasPrefix(c.File.Text(worker.Span), "worker:") || !strings.HasSuffix(c.File.Text(worker.Span), "{disable: true}") {
		t.Errorf("worker is %q", c.File.Text(worker.Span))
	}
}

// Columns of the parser count characters and its lines end where YAML's do.
func TestPlaces(t *testing.T) {
	for _, data := range []string{
		"\xef\xbb\xbfservices:\r\n  wéb: {image: 日本:1, user: \"ü\"}\r\n",
		"services:\r\n  wéb:\r\n    image:   日本:1 # é\r\n    user: \"ü\"\r\n",
		"# é\u2028# a\u0085# b\nservices:\n  wéb:\n    user: &a !!str \"ü\"\n    image: 日本:1\n",
		"services:\r  wéb:\r    image: 日本:1\r    user: \"ü\"\r",
	} {
		s := compose(t, data, nil).Services[0]
		f := text.NewFile("x", []byte(data))
		if f.Text(s.Name.Span) != "wéb" || f.Text(s.Image.Span) != "日本:1" || f.Text(s.User.Span) != `"ü"` {
			t.Errorf("%q: %q %q %q", data, f.Text(s.Name.Span), f.Text(s.Image.Span), f.Text(s.User.Span))
		}
	}
	data := "services:\n  a:\n    command: >-\n      one\n      two\n\n    user: a\n      b\n    image: >\n      x\n"
	c := compose(t, data, nil)
	if got := c.File.Text(c.Services[0].Command.Span); got != ">-\n      one\n      two" {
		t.Errorf("folded: %q", got)
	}
	if got := c.File.Text(c.Services[0].User.Span); got != "a\n      b" {
		t.Errorf("plain over lines: %q", got)
	}
}

func TestInterpolate(t *testing.T) {
	env := map[string]string{"A": "a", "E": "", "B_1": "b"}
	for in, want := range map[string]string{
		"x": "x", "$": "$", "5$": "5$", "$1": "$1", "$$A": "$A", "$$$A": "$a", "$A.$B_1": "a.b", "${A}": "a", "${E:-d}": "d", "${E-d}": "",
		"${U:-d}": "d", "${U-${A}}": "a", "${U:-${V:-x}}y": "xy", "${A:+r}": "r", "${E:+r}": "", "${E+r}": "r", "${A:?no}": "a",
		"${U:-}": "", "${A}${A}": "aa", `${U:-{"k":1}}`: `{"k":1}`, "http://${U-h}:${V:-80}/": "http://h:80/",
	} {
		got, missing, open, _ := interpolation{env: env, budget: newBudget(len(in))}.value(in)
		if got != want || open || missing != nil {
			t.Errorf("%s: %q %v %v", in, got, missing, open)
		}
		theirs, err := template.SubstituteWithOptions(in, func(k string) (string, bool) { v, ok := env[k]; return v, ok }, template.WithoutLogging)
		if err != nil || theirs != want {
			t.Errorf("%s: Compose gives %q (%v)", in, theirs, err)
		}
	}
	for in, want := range map[string]string{
		"${U}": "${U} [U]", "a$U-$A": "a$U-a [U]", "${U:?set it}": "${U:?set it} [U]", "${V:-${U}}": "${U} [U]", "${U": "${U []", "${}": "${} []",
		"${A.b}": "${A.b} []",
	} {
		got, missing, open, _ := interpolation{env: env, budget: newBudget(len(in))}.value(in)
		if s := fmt.Sprint(got, " ", missing); s != want || !open {
			t.Errorf("%s: %s %v, want %s", in, s, open, want)
		}
	}
}

func TestDotEnv(t *testing.T) {
	got := ParseDotEnv([]byte("\xef\xbb\xbf# c\r\nA=1\r\nexport B = two # c\nC='$A #x'\nD=\"l1\\n$A\"\nE=${A}2\nF=\nbad\n=x\nG: y\nH=\"a\nb\"\nI=x#y\n")).Values
	want := map[string]string{"A": "1", "B": "two", "C": "$A #x", "D": "l1\n1", "E": "12", "F": "", "G": "y", "H": "a\nb", "I": "x#y"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestIsComposeName(t *testing.T) {
	for _, s := range []string{"compose.json", "composer.yaml", "docker-composer.yml", "values.yaml", "compose", "mycompose.yaml"} {
		if IsComposeName(s) {
			t.Error(s)
		}
	}
	for _, s := range []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.prod.yaml", "docker-compose-dev.yml", "compose.override.yaml", "app.compose.yml"} {
		if !IsComposeName(s) {
			t.Error(s)
		}
	}
}

func TestErrors(t *testing.T) {
	for data, line := range map[string]int{
		"services:\n  a:\n\timage: x\n": 3, "services:\n  a: b: c\n": 2, "- a\n": 1, "a: *x\n": 0, "services: [\n": 0, "\xff\xfea\x00": 1,
		"a: 1\n---\nb: [\n": 0,
	} {
		_, err := ParseCompose(text.NewFile("compose.yaml", []byte(data)), nil)
		var e *Error
		if !errors.As(err, &e) || e.File != "compose.yaml" || e.Hint == "" || line > 0 && e.Line != line {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// Anchors that multiply, and mappings that merge themselves, end quickly.
func TestBombs(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 {k0: v}\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "a%d: &a%d\n  <<: [*a%d, *a%d, *a%d]\n  k%d: v\n", i, i, i-1, i-1, i-1, i)
	}
	b.WriteString("services:\n  x:\n    <<: *a59\n    environment: {<<: *a59}\n")
	compose(t, b.String(), nil)
	compose(t, "services: &s\n  x: &x\n    image: a\n    environment: *s\n  <<: *s\n", nil)
	deep := "services:\n  x:\n    command: " + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + "\n"
	if _, err := ParseCompose(text.NewFile("c", []byte(deep)), nil); err != nil {
		t.Log(err)
	}
}

func FuzzCompose(f *testing.F) {
	f.Add(example)
	f.Add("services:\r\n  é: &a {image: *a, build: !!str ., <<: [*a]}\r\n")
	f.Add("services:\n  a:\n    command: |2\n\n      x\n    user: 'a''b'\n    ports: [\"${A:-1:2}\", 1:2]\n")
	f.Add("? {a: b}\n: c\nservices: {? x : {volumes: [a:b:c:d], env_file: {path: x}}}\n")
	f.Fuzz(func(t *testing.T, data string) {
		c, err := ParseCompose(text.NewFile("compose.yaml", []byte(data)), map[string]string{"A": "a"})
		if err == nil {
			checkSpans(t, c.File, reflect.ValueOf(c))
		}
	})
}

func BenchmarkParseCompose(b *testing.B) {
	for range b.N {
		if _, err := ParseCompose(text.NewFile("compose.yaml", []byte(example)), nil); err != nil {
			b.Fatal(err)
		}
	}
}
