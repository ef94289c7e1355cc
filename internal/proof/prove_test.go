package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/registry"
)

// shop is a service of two stages, with a third that is not built.
var shop = map[string]string{
	"svc/Dockerfile": `FROM golang:1.26.8-bookworm AS build
COPY --from=tools /make /usr/bin/make
RUN --mount=type=secret,id=pip --mount=type=secret,id=given make
FROM debian:12.5-slim AS app
ARG NPM_TOKEN
ARG VERSION
COPY --from=build /out /out
COPY . /srv
EXPOSE 8000
USER 10001:10002
ENTRYPOINT ["/srv/app.py"]
FROM app AS debug
USER root
`,
	"svc/app.py": "print(1)\n", "svc/.dockerignore": "*.log\n", "svc/build.log": "", "tools/make": "", "given": "the-Given-secret-4711\n",
	"compose.yaml": `services:
  web:
    build: {context: svc, target: app, args: {VERSION: '2'}, additional_contexts: {tools: ./tools}}
    environment: {MODE: test}
    cap_add: [NET_ADMIN]
`,
	".dockworthy.yaml": "run:\n  secrets: {given: given}\n  memory: 1g\n",
}

// plain are the deeds of a proof of it, but for the first saving of its image:
// that is done beside the others.
var plain = []string{
	"build image", "resolve", "size image", "build stage-0", "size stage-0", "build rebuild", "build canary", "same canary", "save canary",
	"probe image", "swarm image", "judge", "save image 2", "remove",
}

// A proving is a proof by a fake engine, with its surroundings.
type proving struct {
	*fake
	dir   string // the project's
	temp  string // where temporary files are
	build *source.Build
	opt   Options
	late  bool // the interruption has come already
}

// prepare is a proof of a project that nothing stands in the way of; the image
// goes to a layout.
func prepare(t *testing.T, recording string, project map[string]string) *proving {
	t.Helper()
	dir, in := onDisk(t, project)
	temp, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", temp)
	p := &proving{fake: replay(t, recording), dir: dir, temp: temp, build: first(t, dockworthy.Open(in, []string{"."}, source.Options{}))}
	p.opt = Options{Repo: in, Swarm: true, Target: &Target{Layout: filepath.Join(t.TempDir(), "layout"), Accept: func(proof *Proof) bool {
		if proof.Report == nil {
			t.Error("it was asked whether the image may go out before it was judged")
		}
		return p.do(context.Background(), "judge") == nil
	}}}
	return p
}

// prove proves. It does not come back before every goroutine has ended; one that
// hangs is a failure.
func (p *proving) prove() (proof *Proof, err error) {
	p.t.Helper()
	synctest.Test(p.t, func(*testing.T) {
		var ctx context.Context
		ctx, p.interrupt = context.WithCancel(context.Background())
		defer p.interrupt()
		if p.late {
			p.interrupt()
		}
		proof, err = Prove(ctx, p, p.build, p.opt)
	})
	if n := len(p.deeds); n > 0 {
		if p.deeds[n-1] != "remove" || p.removal != (removal{nil, true, true}) {
			p.t.Errorf("not removed, or with a context that had ended: %q, %+v", p.deeds, p.removal)
		}
		for _, plan := range p.plans {
			if plan.Tag != engine.Tag(p.removed, what(plan.Tag)) {
				p.t.Errorf("the run %s was removed, and not what made %s", p.removed, plan.Tag)
			}
		}
	}
	if left, err := os.ReadDir(p.temp); err != nil || len(left) > 0 {
		p.t.Errorf("left in the folder for temporary files: %v, %v", left, err)
	}
	return proof, err
}

// line are the deeds without those that were done beside the others.
func (p *proving) line() []string {
	return slices.DeleteFunc(slices.Clone(p.deeds), func(deed string) bool { return deed == "save image" })
}

// The deeds come in this order, and each gets what it is to get.
func TestDeeds(t *testing.T) {
	p := prepare(t, "service", shop)
	proof, err := p.prove()
	if err != nil {
		t.Fatal(err)
	}
	if got := p.line(); !slices.Equal(got, plain) {
		t.Errorf("did  %q\nwant %q", got, plain)
	}
	if at := slices.Index(p.deeds, "save image"); at < slices.Index(p.deeds, "resolve") || at > slices.Index(p.deeds, "probe image") {
		t.Errorf("the image is read at %d of %q", at, p.deeds)
	}
	id := proof.Run.ID
	if id != p.removed || proof.Run.Engine != p.record.Engine || proof.Run.Name != check.RunOf+"svc/Dockerfile, web" {
		t.Errorf("the log is of %s, %+v; removed was %s", id, proof.Run.Engine, p.removed)
	}
	temp := filepath.Join(p.temp, "dockworthy-run-"+id)
	want := engine.BuildPlan{
		Dockerfile: []byte(shop["svc/Dockerfile"]), Context: filepath.Join(p.dir, "svc"), Target: "app",
		Args: map[string]string{"VERSION": "2"}, Contexts: map[string]string{"tools": filepath.Join(p.dir, "tools")},
		Secrets: map[string]string{"given": filepath.Join(p.dir, "given")}, Tag: engine.Tag(id, "image"), Temp: temp,
	}
	same(t, "image", p.plans["image"], want)
	same(t, "what is told of it", proof.Plan, want)

	stage := want
	stage.Target, stage.Tag = "build", engine.Tag(id, "stage-0")
	same(t, "stage", p.plans["stage-0"], stage)

	copied := p.plans["rebuild"].Context
	rebuild := want
	rebuild.Context, rebuild.Tag = copied, engine.Tag(id, "rebuild")
	same(t, "rebuild", p.plans["rebuild"], rebuild)
	if filepath.Dir(copied) != temp {
		t.Errorf("the context is copied to %s", copied)
	}

	canary := p.plans["canary"]
	token, pip := canary.Args["NPM_TOKEN"], canary.Secrets["pip"]
	planted := want
	planted.Context, planted.Tag, planted.NoCache = copied, engine.Tag(id, "canary"), true
	planted.Args = map[string]string{"VERSION": "2", "NPM_TOKEN": token}
	planted.Secrets = map[string]string{"given": want.Secrets["given"], "pip": pip}
	same(t, "canary", canary, planted)
	if !strings.HasPrefix(token, "dw-canary-") || filepath.Dir(pip) != temp {
		t.Errorf("planted %q and %s", token, pip)
	}

	set := engine.Harden(run.Settings{Env: map[string]string{"MODE": "test"}, Service: true, Ports: []int{8000}, UID: 10001, GID: 10002})
	set.Role, set.Taken, set.HangNeed = proof.Run.Settings.Role, []string{"environment"}, 0
	set.Requests = proof.Run.Settings.Requests
	same(t, "settings", p.settings, set)
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// What each build is sent: the project as it is; with one line more; and with
// canaries, without that line.
func TestContexts(t *testing.T) {
	p := prepare(t, "service", shop)
	proof, err := p.prove()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "image", p.sent["image"], p.read(filepath.Join(p.dir, "svc")))
	edited := p.sent["rebuild"]["app.py"]
	if head, line, ok := strings.Cut(edited, "# dw-canary-"); !ok || head != shop["svc/app.py"] || len(line) < 24 {
		t.Errorf("edited to %q", edited)
	}
	if p.sent["canary"]["app.py"] != shop["svc/app.py"] || p.sent["canary"]["id_rsa"] == "" {
		t.Errorf("sent with canaries: %q", p.sent["canary"])
	}
	if _, ok := p.sent["rebuild"]["build.log"]; ok || p.sent["rebuild"]["id_rsa"] != "" {
		t.Errorf("sent for the rebuild: %q", p.sent["rebuild"])
	}
	same(t, "the user's files", p.read(p.dir), shop)

	log := proof.Run
	if r := log.Rebuild; r == nil || r.Touched != "app.py" || r.Error != "" || len(r.Steps) == 0 {
		t.Errorf("rebuilt: %+v", r)
	}
	if b := log.Build; b.Files != 3 || len(b.Sizes) != 2 || b.Sizes[1].Stage != "build" || b.Sizes[0].Bytes == 0 || b.Bases[0].Layers == nil {
		t.Errorf("built: %+v", b)
	}
	where := map[string]int{}
	for _, c := range log.Canaries.Planted {
		where[c.Kind+" "+c.Name] = len(c.Found)
	}
	if log.Canaries.Error != "" || where["file .env"] != 1 || where["file id_rsa"] != 1 || where["build-arg NPM_TOKEN"] != 1 || where["secret pip"] != 0 || where["secret given"] != 0 || len(where) != 10 {
		t.Errorf("found %v; %s", where, log.Canaries.Error)
	}
	if log.Up() == nil || log.Swarm == nil || proof.Image == nil || proof.Report == nil {
		t.Error("something is not in the proof")
	}
}

// Where no file can be edited the rebuild is left out, and where the canaries
// make no other image that is not read again.
func TestNothingTaken(t *testing.T) {
	project := copied(shop)
	project["svc/Dockerfile"] = "FROM debian:12.5-slim AS app\nENTRYPOINT [\"/bin/true\"]\n"
	p := prepare(t, "service", project)
	p.scratch = true
	proof, err := p.prove()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"build image", "resolve", "size image", "build canary", "same canary", "probe image", "swarm image", "judge", "save image 2", "remove"}
	if got := p.line(); !slices.Equal(got, want) {
		t.Errorf("did  %q\nwant %q", got, want)
	}
	if log := proof.Run; log.Rebuild != nil || log.Unseen[run.ProbeRebuild] == "" || log.Build.Files != 3 || len(log.Canaries.Planted) != 8 {
		t.Errorf("the log is %+v, %q, %+v", log.Rebuild, log.Unseen, log.Canaries)
	}
}

// A secret that was given for a mount is looked for in the image that ships.
func TestGivenSecret(t *testing.T) {
	project := copied(shop)
	project["svc/leak.txt"] = project["given"]
	p := prepare(t, "service", project)
	proof, err := p.prove()
	if err != nil {
		t.Fatal(err)
	}
	if c := proof.Run.Canaries.Planted[0]; c.Kind != "secret" || c.Name != "given" || c.Layer != 0 || !slices.Equal(c.Found, []string{"layer 1 /srv/leak.txt"}) {
		t.Errorf("found %+v", c)
	}
}

func copied(project map[string]string) map[string]string {
	out := map[string]string{}
	for name, data := range project {
		out[name] = data
	}
	return out
}

// A build that fails is a result: nothing is run, and everything is removed.
func TestBrokenBuild(t *testing.T) {
	p := prepare(t, "broken", shop)
	proof, err := p.prove()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"build image", "remove"}; !slices.Equal(p.deeds, want) {
		t.Errorf("did %q, want %q", p.deeds, want)
	}
	if proof.Image != nil || proof.Run.Start != nil || proof.Run.Build.Error == "" || proof.Report == nil || proof.Published != nil {
		t.Errorf("the proof is %+v", proof)
	}
}

// The other builds may fail too, and the proof goes on.
func TestBrokenAgain(t *testing.T) {
	for _, build := range []string{"stage-0", "rebuild", "canary"} {
		p := prepare(t, "service", shop)
		p.broken[build] = true
		proof, err := p.prove()
		if err != nil {
			t.Fatalf("%s: %v", build, err)
		}
		if !slices.Contains(p.deeds, "swarm image") || slices.Contains(p.deeds, "size "+build) || slices.Contains(p.deeds, "save "+build) {
			t.Errorf("%s fails: did %q", build, p.deeds)
		}
		l := proof.Run
		if (l.Rebuild.Error != "") != (build == "rebuild") || (l.Canaries.Error != "") != (build == "canary") || (len(l.Build.Sizes) == 1) != (build == "stage-0") {
			t.Errorf("%s fails: the log is %+v, %+v, %+v", build, l.Build.Sizes, l.Rebuild, l.Canaries)
		}
		if p.sent["canary"]["app.py"] != shop["svc/app.py"] {
			t.Errorf("%s fails: the edit is still in %q", build, p.sent["canary"]["app.py"])
		}
	}
}

// A program that does not come up is not tried in a swarm.
func TestNoSwarm(t *testing.T) {
	p := prepare(t, "service", shop)
	p.record.Start.Up = false
	if _, err := p.prove(); err != nil || slices.Contains(p.deeds, "swarm image") {
		t.Errorf("%v; did %q", err, p.deeds)
	}
	p = prepare(t, "service", shop)
	p.opt.Swarm = false
	if _, err := p.prove(); err != nil || slices.Contains(p.deeds, "swarm image") {
		t.Errorf("%v; did %q", err, p.deeds)
	}
}

// Whatever deed fails or is interrupted: the error says which, what was made is
// removed, nothing is left, and nothing hangs.
func TestTrouble(t *testing.T) {
	deeds := append([]string{"save image"}, plain...)
	for _, deed := range deeds {
		if deed == "judge" || deed == "remove" {
			continue
		}
		if deed != "resolve" { // it has no error
			t.Run(deed+" fails", func(t *testing.T) {
				p := prepare(t, "service", shop)
				p.fails(deed)
				proof, err := p.prove()
				if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), deed) {
					t.Errorf("the error is %v", err)
				}
				p.stopped(proof, deed)
			})
		}
		t.Run(deed+" interrupted", func(t *testing.T) {
			p := prepare(t, "service", shop)
			p.interrupted(deed)
			proof, err := p.prove()
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
			p.stopped(proof, deed)
		})
	}
	t.Run("before it began", func(t *testing.T) {
		p := prepare(t, "service", shop)
		p.late = true
		if proof, err := p.prove(); !errors.Is(err, context.Canceled) || proof != nil || len(p.images) > 0 {
			t.Errorf("%v, %v, %q", proof, err, p.deeds)
		}
	})
}

// stopped looks that a proof went as far as a deed, and what came of it.
func (p *proving) stopped(proof *Proof, deed string) {
	p.t.Helper()
	if (proof != nil) != (deed == "save image 2") {
		p.t.Errorf("the proof is %+v", proof)
	}
	if proof != nil && (proof.Published != nil || proof.Report == nil) {
		p.t.Errorf("the proof is %+v", proof)
	}
	line := p.line()
	if deed == "save image" { // beside the others, which come as far as they come
		if n := len(line) - 1; n > slices.Index(plain, "probe image") || !slices.Equal(line[:n], plain[:n]) {
			p.t.Errorf("did  %q", line)
		}
		return
	}
	// One that has no error ends with the next.
	end := slices.Index(plain, deed) + 1
	if deed == "resolve" {
		end++
	}
	if want := append(slices.Clone(plain[:end]), "remove"); !slices.Equal(line, want) {
		p.t.Errorf("did  %q\nwant %q", line, want)
	}
}

// Where a build fails while the image is still read, the reading is ended; and
// the other way round.
func TestFailsBeside(t *testing.T) {
	for _, build := range []string{"build rebuild", "build canary"} {
		for _, two := range [][]string{{"save image", build}, {build, "save image"}} {
			p := prepare(t, "service", shop)
			p.instead[two[0]] = hangs
			p.fails(two[1])
			if proof, err := p.prove(); !errors.Is(err, errBroken) || proof != nil || slices.Contains(p.deeds, "probe image") {
				t.Errorf("%s hangs and %s fails: %v, %v, %q", two[0], two[1], proof, err, p.deeds)
			}
		}
	}
}

// A secret that is gone when it is looked for is an error, and not an image
// without it.
func TestSecretGone(t *testing.T) {
	p := prepare(t, "service", shop)
	p.opt.Plan = func(plan *engine.BuildPlan, _ *run.Settings) { plan.Secrets["gone"] = filepath.Join(p.dir, "gone") }
	if proof, err := p.prove(); !errors.Is(err, fs.ErrNotExist) || proof != nil || !slices.Equal(p.deeds, []string{"build image", "resolve", "remove"}) {
		t.Errorf("%v, %v, %q", proof, err, p.deeds)
	}
}

// An engine that does not answer when it is asked to remove is not waited for
// for ever, and what was proved is told.
func TestRemovalFails(t *testing.T) {
	p := prepare(t, "service", shop)
	p.instead["remove"] = hangs
	now := time.Now()
	if proof, err := p.prove(); !errors.Is(err, context.DeadlineExceeded) || proof == nil || proof.Report == nil {
		t.Errorf("%v, %v", proof, err)
	}
	if took := time.Since(now); took > 30*time.Second {
		t.Errorf("it took %s", took) // by the clock of this test, not of the proof
	}
	p = prepare(t, "broken", shop)
	p.fails("remove")
	if proof, err := p.prove(); !errors.Is(err, errBroken) || proof == nil || proof.Report == nil {
		t.Errorf("%v, %v", proof, err)
	}
}

// What cannot be proved is said before anything is done.
func TestNothingToProve(t *testing.T) {
	for what, project := range map[string]map[string]string{
		"a context outside":    {"Dockerfile": "FROM scratch\n", ".dockworthy.yaml": "targets: {Dockerfile: {context: '..'}}\n"},
		"a secret outside":     {"Dockerfile": "FROM scratch\n", ".dockworthy.yaml": "run: {secrets: {s: ../x}}\n"},
		"a context of another": {"Dockerfile": "FROM scratch\n", "compose.yaml": "services: {a: {build: {context: ., additional_contexts: {x: 'service:b'}}}}\n"},
	} {
		p := prepare(t, "service", project)
		if proof, err := p.prove(); err == nil || proof != nil || len(p.deeds) > 0 {
			t.Errorf("%s: %v, %v, %q", what, proof, err, p.deeds)
		}
	}
}

// An image that is named is not built, and not removed by its name. What the
// flags say holds, also where the project could not be built.
func TestNamedImage(t *testing.T) {
	for _, context := range []string{"svc", ".."} {
		project := copied(shop)
		project["compose.yaml"] = strings.Replace(shop["compose.yaml"], "./tools", context+"/x", 1)
		p := prepare(t, "service", project)
		p.opt.Image = "shop:1.4.2"
		p.images["shop:1.4.2"] = p.pack(engine.BuildPlan{}, map[string]string{"app.py": ""})
		p.opt.Plan = func(plan *engine.BuildPlan, s *run.Settings) {
			plan.Secrets["x"], s.Env["FLAG"] = "y", "1"
		}
		proof, err := p.prove()
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"save shop:1.4.2", "probe shop:1.4.2", "swarm shop:1.4.2", "judge", "save shop:1.4.2 2", "remove"}; !slices.Equal(p.deeds, want) {
			t.Errorf("did %q, want %q", p.deeds, want)
		}
		if proof.Run.Build != nil || proof.Run.Canaries != nil || proof.Image == nil || len(proof.Published) != 1 {
			t.Errorf("the proof is %+v", proof)
		}
		if env := p.settings.Env; env["FLAG"] != "1" || env["MODE"] != "test" || p.settings.UID != 10001 {
			t.Errorf("run under %+v", p.settings)
		}
	}
}

// What the project asks for of this machine is named, and given with trust only.
func TestTrust(t *testing.T) {
	for _, trust := range []bool{false, true} {
		p := prepare(t, "service", shop)
		p.opt.Trust = trust
		proof, err := p.prove()
		if err != nil {
			t.Fatal(err)
		}
		var caps []string
		memory := int64(512 << 20)
		if trust {
			caps, memory = []string{"NET_ADMIN"}, 1<<30
		}
		if !slices.Equal(p.settings.Capabilities, caps) || p.settings.Capabilities == nil || p.settings.Memory != memory || !p.settings.ReadOnly || p.settings.Network != "none" {
			t.Errorf("trust %t: run under %+v", trust, p.settings)
		}
		if r := proof.Run.Settings.Requests; len(r) != 2 || r[0].Given != trust || r[1].Given != trust {
			t.Errorf("trust %t: %+v", trust, r)
		}
	}
}

// Without a target the image bears the run's label, and nothing is sent. The
// steps that were to be built anew are so for the image and the canaries.
func TestUnpublished(t *testing.T) {
	p := prepare(t, "service", shop)
	p.opt.Target, p.opt.Swarm = nil, false
	p.opt.Plan = func(plan *engine.BuildPlan, _ *run.Settings) { plan.NoCache, plan.Limit = true, time.Hour }
	proof, err := p.prove()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.deeds); p.deeds[n-2] != "probe image" || proof.Published != nil {
		t.Errorf("did %q, published %v", p.deeds, proof.Published)
	}
	for what, plan := range p.plans {
		if plan.Labels[engine.Label] != p.removed || len(plan.Labels) != 1 || plan.Limit != time.Hour {
			t.Errorf("%s: the labels are %v, the limit %s", what, plan.Labels, plan.Limit)
		}
		if plan.NoCache != (what == "image" || what == "canary") {
			t.Errorf("%s: without the cache: %t", what, plan.NoCache)
		}
	}
}

// An image that was not accepted goes nowhere.
func TestNotAccepted(t *testing.T) {
	p := prepare(t, "service", shop)
	p.fails("judge")
	proof, err := p.prove()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.opt.Target.Layout); err == nil || proof.Published != nil || slices.Contains(p.deeds, "save image 2") {
		t.Errorf("it was sent: %q, %v", p.deeds, proof.Published)
	}
}

// A kept is where an image is kept, with its attestations.
type kept interface {
	Digest(context.Context) (attest.Digest, error)
	Attestations(context.Context, attest.Digest) ([]registry.Attestation, error)
}

// What is proved is signed for the digest that the registry and the layout give.
func TestPublish(t *testing.T) {
	key := must(attest.GenerateKey())
	s := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(true)))
	defer s.Close()
	repository := strings.TrimPrefix(s.URL, "http://") + "/shop"
	p := prepare(t, "service", shop)
	p.opt.Target.Push, p.opt.Target.Key = repository+":1.4.2", &key
	proof, err := p.outside()
	if err != nil {
		t.Fatal(err)
	}
	layout := p.opt.Target.Layout
	if len(proof.Published) != 2 || proof.Published[0].Name != repository || proof.Published[1].Name != layout {
		t.Fatalf("published %+v", proof.Published)
	}
	for i, k := range []kept{must(registry.Open(repository+":1.4.2", registry.Options{})), must(registry.OpenLayout(layout, "proved"))} {
		d := must(k.Digest(t.Context()))
		if out := proof.Published[i]; out.Digest != string(d) || !out.Signed {
			t.Errorf("published %+v; it is %s there", out, d)
		}
		list := must(k.Attestations(t.Context(), d))
		var kinds []string
		for _, a := range list {
			st, err := attest.Verify(a.Bundle, key.Public(), d)
			if err != nil {
				t.Error(err)
				continue
			}
			kinds = append(kinds, st.PredicateType)
			// A layout's folder is this machine's business.
			if got, want := st.Subject[0], attest.NewSubject([]string{repository, ""}[i], d); !reflect.DeepEqual(got, want) {
				t.Errorf("it is signed for %+v, want %+v", got, want)
			}
		}
		slices.Sort(kinds)
		if want := []string{attest.SummaryType, attest.AuditType}; !slices.Equal(kinds, slices.Sorted(slices.Values(want))) {
			t.Errorf("signed are %q", kinds)
		}
	}
}

// outside is prove for what asks a registry: no clock can be held for that.
func (p *proving) outside() (*Proof, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	proof, err := Prove(ctx, p, p.build, p.opt)
	if n := len(p.deeds); p.deeds[n-1] != "remove" || p.removal != (removal{nil, true, true}) {
		p.t.Errorf("did %q; removed %+v", p.deeds, p.removal)
	}
	if left, err := os.ReadDir(p.temp); err != nil || len(left) > 0 {
		p.t.Errorf("left in the folder for temporary files: %v, %v", left, err)
	}
	return proof, err
}

// What was proved is told, also when it could not be sent: with what is there
// already, signed or not.
func TestUnsent(t *testing.T) {
	key := must(attest.GenerateKey())
	for refused, published := range map[string][]bool{
		"/blobs/":           nil,     // the image
		"/manifests/1.4.2":  nil,     // its manifest
		"/manifests/sha256": {false}, // the attestation, after the image
		"nothing":           {true},  // then the layout's folder is not empty
	} {
		reg := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(true))
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, refused) && r.Method != http.MethodGet && r.Method != http.MethodHead {
				http.Error(w, `{"errors":[{"code":"DENIED","message":"refused"}]}`, http.StatusForbidden)
				return
			}
			reg.ServeHTTP(w, r)
		}))
		p := prepare(t, "service", shop)
		p.opt.Target.Push, p.opt.Target.Key = strings.TrimPrefix(s.URL, "http://")+"/shop:1.4.2", &key
		if err := errors.Join(os.Mkdir(p.opt.Target.Layout, 0o755), os.WriteFile(filepath.Join(p.opt.Target.Layout, "x"), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		proof, err := p.outside()
		s.Close()
		if err == nil || proof == nil || proof.Report == nil {
			t.Fatalf("%s refused: %v, %v", refused, proof, err)
		}
		var signed []bool
		for _, out := range proof.Published {
			signed = append(signed, out.Signed)
		}
		if fmt.Sprint(signed) != fmt.Sprint(published) {
			t.Errorf("%s refused: %v; published %+v", refused, err, proof.Published)
		}
		if res := proof.Result(source.Unit{}); len(res.Proof.Published) != len(published) {
			t.Errorf("%s refused: the result has %+v", refused, res.Proof.Published)
		}
	}
}
