package proof

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A town is an engine of which only what services need is there: what is started,
// in order, and what comes of it.
type town struct {
	Engine
	done   []string
	absent []string // images that the engine does not have
	fails  string   // the service that does not become ready
	given  map[string]run.Settings
}

func (f *town) Network(context.Context, string) (string, error) { return "net", nil }

func (f *town) Has(_ context.Context, image string) bool { return !slices.Contains(f.absent, image) }

func (f *town) Pull(_ context.Context, image string) error {
	if image == "private:1" {
		return fmt.Errorf("pull %s: access denied", image)
	}
	f.done = append(f.done, "pull "+image)
	return nil
}

func (f *town) Build(_ context.Context, p engine.BuildPlan) (*run.Build, error) {
	f.done = append(f.done, "build "+p.Target)
	return &run.Build{}, nil
}

func (f *town) Remove(context.Context, string) error { f.done = append(f.done, "remove"); return nil }

func (f *town) Accompany(_ context.Context, _ string, c engine.Companion) (*run.Companion, error) {
	f.done = append(f.done, fmt.Sprintf("%s until %s", c.Name, c.Until))
	if f.given == nil {
		f.given = map[string]run.Settings{}
	}
	f.given[c.Name] = c.Settings
	return &run.Companion{Name: c.Name, Until: c.Until, Ready: c.Name != f.fails, Why: "it fell"}, nil
}

const shopCompose = `services:
  web: {build: {context: ., target: app}, ports: ["80:80"], depends_on: {migrate: {condition: service_completed_successfully}, cache: {condition: service_started}}}
  migrate: {build: {context: ., target: app}, command: [migrate], depends_on: {db: {condition: service_healthy}}}
  tool: {build: {context: ., target: app}, profiles: [tools]}
  helper: {build: {context: ., target: help}}
  db: {image: "postgres:17", healthcheck: {test: [CMD, pg_isready]}, environment: {A: b}, volumes: ["data:/d"], read_only: true}
  cache: {image: "redis:7", depends_on: [helper]}
volumes: {data: {}}
`

const shopFile = "FROM debian:12.5-slim AS help\nFROM debian:12.5-slim AS app\nUSER 10001\nENTRYPOINT [\"app\"]\n"

func opened(t *testing.T, compose string, e Engine) (*prover, *Services) {
	t.Helper()
	_, in := onDisk(t, map[string]string{"Dockerfile": shopFile, "compose.yaml": compose})
	p := dockworthy.Open(in, []string{"."}, source.Options{})
	builds, prob := p.Builds(p.Units()[slices.IndexFunc(p.Units(), func(u source.Unit) bool { return u.Kind == source.Dockerfile })])
	if prob != nil {
		t.Fatal(prob.Err)
	}
	i := slices.IndexFunc(builds, func(b *source.Build) bool { return b.Target.Name == "app" })
	s := &Services{}
	s.open(e, in)
	pr := &prover{e: e, b: builds[i], opt: Options{Repo: in}}
	if pr.project = s.project(t.Context(), composeFile(pr.b)); pr.project.err != nil {
		t.Fatal(pr.project.err)
	}
	pr.roles = roles(pr.b, pr.project.Project, "")
	return pr, s
}

func names(list []run.Companion) (out []string) {
	for _, c := range list {
		word := c.Name
		if !c.Ready {
			word += "!"
		}
		out = append(out, word)
	}
	return out
}

func TestServices(t *testing.T) {
	e := &town{absent: []string{"redis:7"}}
	p, s := opened(t, shopCompose, e)
	var list []string
	for _, r := range p.roles {
		list = append(list, r.Name)
	}
	if want := []string{"migrate", "web"}; !slices.Equal(list, want) {
		t.Fatalf("it is run as %q, want %q: what others wait for comes first, and a profile is not asked for", list, want)
	}
	before, network, err := s.before(t.Context(), p.project.Project, p.roles[0], t.Logf)
	if err != nil || network != "net" || !slices.Equal(names(before), []string{"db"}) {
		t.Fatalf("before the migration: %q in %s, %v", names(before), network, err)
	}
	s.done(p.project.Project, p.roles[0], &run.Start{})
	before, _, err = s.before(t.Context(), p.project.Project, p.roles[1], t.Logf)
	if err != nil || !slices.Equal(names(before), []string{"helper", "cache", "db", "migrate"}) {
		t.Errorf("before the server: %q, %v", names(before), err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"db until healthy", "build help", "helper until started", "pull redis:7", "cache until started", "remove"}
	if !slices.Equal(e.done, want) {
		t.Errorf("did  %q\nwant %q", e.done, want)
	}
	db := e.given["db"]
	if db.Env["A"] != "b" || !db.ReadOnly || !db.NoNewPrivs || db.Capabilities != nil || db.Network != "net" || len(db.Mounts) != 1 {
		t.Errorf("the database runs with %+v", db)
	}
}

// What a person gives the program reaches the migration that is started for it, over what
// Compose says, and nothing else.
func TestServicesGiven(t *testing.T) {
	e := &town{}
	p, s := opened(t, strings.Replace(shopCompose, "command: [migrate]", "command: [migrate], environment: {MODE: dev, B: c}", 1), e)
	s.share(p.project.Project, p.roles, map[string]string{"MODE": "local"})
	if _, _, err := s.before(t.Context(), p.project.Project, p.project.Services["web"], t.Logf); err != nil {
		t.Fatal(err)
	}
	if env := e.given["migrate"].Env; env["MODE"] != "local" || env["B"] != "c" {
		t.Errorf("the migration runs with %v", env)
	}
	if env := e.given["db"].Env; env["MODE"] != "" || env["A"] != "b" {
		t.Errorf("the database runs with %v", env)
	}
	s.Close(t.Context())
}

// Where a service does not become ready it is the last one, with the reason, and
// nothing that waits for it is started.
func TestServicesFail(t *testing.T) {
	for what, c := range map[string]struct {
		compose, fails string
		want           []string
		why            string
	}{
		"unhealthy":  {shopCompose, "db", []string{"helper", "cache", "db!"}, "it fell"},
		"no service": {"services:\n  web: {build: {context: ., target: app}, depends_on: [nobody]}\n", "", []string{"nobody!"}, "no such service"},
		"a circle":   {"services:\n  web: {build: {context: ., target: app}, depends_on: [a]}\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n", "", []string{"a!"}, "wait for each other"},
		"no image":   {"services:\n  web: {build: {context: ., target: app}, depends_on: [a]}\n  a: {image: 'private:1'}\n", "", []string{"a!"}, "access denied"},
		"outside":    {"services:\n  web: {build: {context: ., target: app}, depends_on: [a]}\n  a: {build: ../up}\n", "", []string{"a!"}, "not in the repository"},
		"optional":   {"services:\n  web: {build: {context: ., target: app}, depends_on: {a: {condition: service_started, required: false}}}\n  a: {image: x}\n", "a", nil, ""},
	} {
		e := &town{fails: c.fails, absent: []string{"private:1"}}
		p, s := opened(t, c.compose, e)
		web := p.project.Services["web"]
		if what == "unhealthy" {
			s.ready[key(p.project.Project, "migrate")] = nil
		}
		list, _, err := s.before(t.Context(), p.project.Project, web, t.Logf)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if got := names(list); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
		if n := len(list); n > 0 && !strings.Contains(list[n-1].Why, c.why) {
			t.Errorf("%s: because %s", what, list[n-1].Why)
		}
		s.Close(t.Context())
	}
}

// TestOnly: a service that is named is the one that runs, of whatever profile, and
// one that runs another image is none.
func TestOnly(t *testing.T) {
	p, _ := opened(t, shopCompose, nil)
	for only, want := range map[string]int{"": 2, "web": 1, "tool": 1, "helper": 0, "nobody": 0} {
		if got := roles(p.b, p.project.Project, only); len(got) != want {
			t.Errorf("%q is run as %d services", only, len(got))
		}
	}
	for want, err := range map[string]*NoService{
		"no Compose file runs this image, as the service x or another": {Name: "x"},
		"no service of c.yaml runs this image":                         {Name: "x", File: "c.yaml"},
		"c.yaml has no service x that runs this image; there is a, b":  {Name: "x", File: "c.yaml", Have: []string{"a", "b"}},
	} {
		if err.Error() != want {
			t.Errorf("%s", err)
		}
	}
}
