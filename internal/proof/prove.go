// Package proof proves builds: it builds them, reads the images, runs them,
// builds them again after an edit and with canaries, judges by all that was
// seen, and sends out what was proved with a signed account of it. It composes
// the engine, the readers and the rules, and judges nothing itself.
package proof

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/compose"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/repo"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A Proof is what was written, built and seen of one build. The evidence and the
// report are those of its first run.
type Proof struct {
	check.Evidence
	Plan      engine.BuildPlan
	Report    *check.Report
	More      []*check.Report   // of its other runs: a service of Compose each
	Published []check.Published // where the image went
}

// Reports are those of all runs.
func (p *Proof) Reports() []*check.Report {
	return append([]*check.Report{p.Report}, p.More...)
}

// Result is the proof as the result of one unit, for reports.
func (p *Proof) Result(u source.Unit) *check.Result {
	res := check.ResultOf(u, p.Reports()...)
	res.Proof = &check.Proof{Published: p.Published}
	res.Proof.Given = slices.AppendSeq(res.Proof.Given, maps.Values(p.Plan.Args))
	for _, rep := range res.Reports {
		res.Proof.Given = append(res.Proof.Given, given(rep.Evidence.Run.Settings)...)
	}
	return res
}

// given are the values that a program is given and that nobody must read in what
// it says.
func given(s run.Settings) []string {
	list := slices.Collect(maps.Values(s.Env))
	for _, m := range s.Mounts {
		for _, f := range m.Files {
			if f.Secret {
				list = append(list, string(f.Data))
			}
		}
	}
	return list
}

// Options are the inputs of a proof that are not in the project. The zero
// options prove at the hardest settings that the project allows.
type Options struct {
	Repo  *repo.FS      // where the project's files are
	Look  check.Options // what is judged
	Image string        // an image of the engine that was built from it; "" = it is built
	Swarm bool          // also as a service of a swarm of one node
	// Trust gives what the project's config and Compose files ask for of this
	// machine: capabilities, a network, memory, processes, time. It never gives
	// binds, devices, the engine's socket or the host's namespaces.
	Trust bool
	Plan  func(*engine.BuildPlan, *run.Settings) // changes what the project says; nil = nothing
	// Services are what programs depend on; nil = nothing is started.
	Services *Services
	// Only is the one service of Compose that is run, or with Kubernetes the container;
	// "" = each that runs the image.
	Only string
	// Kubernetes is a manifest of the project that the image is run by in place of
	// Compose; "" = none.
	Kubernetes string
	// Target is where the image goes when it is proved; nil = it is removed.
	Target *Target
	// Redactor hides secrets in what is signed; nil = by their look alone.
	Redactor *redact.Redactor
	Say      func(format string, args ...any) // progress; nil = silence
}

func (o Options) say(format string, args ...any) {
	if o.Say != nil {
		o.Say(format, args...)
	}
}

// Prove builds one build on an engine, reads the image, runs it, and judges by
// all that was seen. A build or a program that fails is a result, and the
// evidence stops there; the error is an engine that fails, or an interruption.
// Whatever it makes on the engine is removed before it returns.
//
// Running an image is running its code: on the engine, without capabilities and
// without a network, but running it.
func Prove(ctx context.Context, e Engine, b *source.Build, opt Options) (proof *Proof, err error) {
	if b.Target == nil {
		return nil, fmt.Errorf("%s is not a Dockerfile: there is nothing to build", b.Path)
	}
	if b.Context == nil && opt.Image == "" {
		return nil, fmt.Errorf("the build context of %s is not known: name it with --context", b.Path)
	}
	plan, err := Plan(b, opt.Repo)
	if err != nil && opt.Image == "" {
		return nil, err
	}
	if opt.Services == nil {
		opt.Services = &Services{Off: true}
	}
	opt.Services.open(e, opt.Repo)
	p := &prover{e: e, b: b, opt: opt, project: opt.Services.project(ctx, composeFile(b))}
	if p.project.Project == nil && p.project.err == nil {
		if own := opt.Services.ofConfig(ctx, b.Config); own != nil {
			p.project = own
		}
	}
	if opt.Kubernetes != "" {
		if p.pod, err = PodOf(opt.Repo, opt.Kubernetes, b, opt.Only); err != nil {
			return nil, fmt.Errorf("--kubernetes: %w", err)
		}
	} else if p.roles = roles(b, p.project.Project, opt.Only); opt.Only != "" && len(p.roles) == 0 && p.project.err == nil {
		missing := &NoService{Name: opt.Only, File: composeFile(b)}
		for _, s := range roles(b, p.project.Project, "") {
			missing.Have = append(missing.Have, s.Name)
		}
		return nil, missing
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if opt.Plan != nil {
		given := &run.Settings{Env: map[string]string{}}
		opt.Plan(&plan, given)
		opt.Services.share(p.project.Project, roles(b, p.project.Project, ""), given.Env)
	}
	set := p.settings(p.first())
	log := &run.Log{ID: engine.NewID(), Name: check.RunOf + b.Path, Started: time.Now().UTC(), Settings: set, Engine: e.About()}
	dir, err := engine.TempDir(log.ID)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	defer func() {
		if rerr := remove(ctx, e, log.ID); rerr != nil && err == nil {
			err = rerr
		}
	}()
	plan.Tag = engine.Tag(log.ID, "image")
	if opt.Target == nil {
		plan.Labels = map[string]string{engine.Label: log.ID}
	} // what goes out is the user's image and nothing else; its tag is enough to remove it
	plan.Temp = dir
	p.dir, p.plan, p.log = dir, plan, log
	defer func() {
		if p.copy != nil {
			p.copy.close()
		}
	}()
	proof = &Proof{Evidence: check.Evidence{Source: b, Run: log}, Plan: plan}
	if proof.Image, err = p.prove(ctx, set); err != nil {
		return nil, err
	}
	for _, f := range b.Sources() {
		opt.Redactor.Spans(f)
	}
	proof.Report = dockworthy.Look(proof.Evidence, opt.Look)
	for _, log := range p.more {
		proof.More = append(proof.More, dockworthy.Look(check.Evidence{Source: b, Image: proof.Image, Run: log}, opt.Look))
	}
	if err := p.publish(ctx, proof); err != nil {
		return proof, err
	}
	return proof, nil
}

// remove removes all that a run made, also after an interruption: the context that
// ended is not the one that cleans up.
func remove(ctx context.Context, e Engine, id string) error {
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return e.Remove(clean, id)
}

// A prover proves one build.
type prover struct {
	e       Engine
	b       *source.Build
	opt     Options
	project *project           // the Compose file that says how it runs
	roles   []*compose.Service // that run it
	pod     *Pod               // that runs it in place of them; nil = none
	dir     string             // for copies of the context
	plan    engine.BuildPlan
	log     *run.Log     // of the build, and of the first run
	more    []*run.Log   // of the other runs
	copy    *contextCopy // nil = not made yet
}

// first is the service of the first run; nil = the image runs by itself.
func (p *prover) first() *compose.Service {
	if len(p.roles) == 0 {
		return nil
	}
	return p.roles[0]
}

// settings are those of a run: what the image and Compose say, over it the config,
// and over that the flags.
func (p *prover) settings(svc *compose.Service) run.Settings {
	set := settings(p.b)
	if p.pod != nil {
		p.pod.apply(&set)
	} else if svc != nil {
		set = as(set, p.opt.Repo, p.project.Project, svc)
	} else if p.project.err != nil {
		set.Left = append(set.Left, p.project.err.Error())
	}
	if p.b.Config != nil && p.b.Config.Run != nil {
		r := *p.b.Config.Run
		if svc != nil && len(p.roles) > 1 && (svc.Command != nil || svc.Entrypoint != nil) {
			r.Command, r.Kind, r.Ports = nil, "", nil // they are of the image's own program
		}
		configured(&set, &r)
	}
	asked := wishes(p.b, svc)
	if p.pod != nil {
		asked = p.pod.wishes()
	}
	if p.opt.Trust {
		granted(asked, &set)
	}
	if p.opt.Plan != nil {
		scratch := engine.BuildPlan{Secrets: map[string]string{}, Args: map[string]string{}}
		p.opt.Plan(&scratch, &set)
	}
	set = engine.Harden(set)
	set.Requests = answered(asked, set)
	return set
}

// contextCopy is the copy of the context, which is made once.
func (p *prover) contextCopy(ctx context.Context) (c *contextCopy, err error) {
	if p.copy == nil {
		p.copy, err = copyContext(ctx, p.b, p.opt.Repo, p.dir)
	}
	return p.copy, err
}

// prove fills the log and gives the image; nil where the build fails.
func (p *prover) prove(ctx context.Context, set run.Settings) (img *image.Image, err error) {
	if p.opt.Image != "" {
		p.opt.say("reading the image")
		p.plan.Tag = p.opt.Image
		if img, err = ReadEngine(ctx, p.e, p.opt.Image, check.ImageOf+p.b.Path, read.Options{}); err != nil {
			return nil, err
		}
		return img, p.run(ctx, img, set)
	}
	p.opt.say("building %s", p.b.Path)
	if p.log.Build, err = p.e.Build(ctx, p.plan); err != nil || p.log.Build.Error != "" {
		return nil, err
	}
	p.e.Resolve(ctx, p.log.Build)
	p.opt.say("reading the image")
	words, given, err := givenSecrets(p.plan.Secrets)
	if err != nil {
		return nil, err
	}
	// The builder waits for most of its time when all is cached, so that the
	// image can be read meanwhile. What is timed comes after both. The first that
	// fails ends the other.
	both, within := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		img, err = ReadEngine(within, p.e, p.plan.Tag, check.ImageOf+p.b.Path, read.Options{Planted: words})
		return err
	})
	both.Go(func() error { return p.buildAgain(within) })
	if err := both.Wait(); err != nil {
		return nil, err
	}
	if c := p.log.Canaries; c != nil {
		c.Planted = append(found(given, words, img), c.Planted...)
	}
	return img, p.run(ctx, img, set)
}

// buildAgain builds what the first build left to ask: how large the stages are,
// what an edit costs, and where canaries come out.
func (p *prover) buildAgain(ctx context.Context) error {
	if err := p.weigh(ctx); err != nil {
		return err
	}
	p.opt.say("rebuilding after an edit")
	if err := p.rebuild(ctx); err != nil {
		return err
	}
	p.opt.say("building with canaries")
	return p.releaseCanaries(ctx)
}

// run runs the image: as each service that runs it, or by itself.
func (p *prover) run(ctx context.Context, img *image.Image, set run.Settings) error {
	if err := p.one(ctx, img, p.first(), set, p.log); err != nil {
		return err
	}
	for _, svc := range p.roles[min(1, len(p.roles)):] {
		log := &run.Log{ID: p.log.ID, Name: p.log.Name, Started: time.Now().UTC(), Engine: p.log.Engine, Build: p.log.Build, Rebuild: p.log.Rebuild, Canaries: p.log.Canaries}
		p.more = append(p.more, log)
		if err := p.one(ctx, img, svc, p.settings(svc), log); err != nil {
			return err
		}
	}
	if p.opt.Swarm && p.log.Up() != nil {
		p.opt.say("running the service in a swarm")
		return p.e.Swarm(ctx, p.plan.Tag, p.log)
	}
	return nil
}

// one runs the image as a service, after what that depends on.
func (p *prover) one(ctx context.Context, img *image.Image, svc *compose.Service, set run.Settings, log *run.Log) error {
	if me, err := img.User(); err == nil {
		set.UID, set.GID = me.UID, me.GID
	}
	log.Settings = set
	as := ""
	if svc != nil {
		as = " as " + svc.Name
		log.Name = check.RunOf + p.b.Path + ", " + svc.Name
	}
	if svc == nil {
		svc = p.project.alone
	}
	if p.pod != nil {
		as = " as " + p.pod.Name()
		log.Name = check.RunOf + p.b.Path + ", " + p.pod.Name()
	}
	if svc != nil {
		list, network, err := p.opt.Services.before(ctx, p.project.Project, svc, p.opt.say)
		if err != nil {
			return err
		}
		log.Companions = list
		if network != "" && set.Network == "none" {
			set.Network = network
			log.Settings = set
		}
		if n := len(list); n > 0 && !list[n-1].Ready {
			return nil
		}
	}
	p.opt.say("running the container%s", as)
	set.HangNeed = hangNeed(p.b, p.probeOf(img, set), img, set)
	if err := p.e.Probe(ctx, p.plan.Tag, set, log); err != nil {
		return err
	}
	if s := log.Up(); s != nil && s.Ended && set.Completes {
		p.opt.Services.done(p.project.Project, svc, s)
	}
	return nil
}

// probeOf is the health check of a run, in the words of the image's config.
func (p *prover) probeOf(img *image.Image, set run.Settings) []string {
	if set.Probe != nil && len(set.Probe.Test) > 0 {
		return set.Probe.Test
	}
	if h := img.Config.Healthcheck; h != nil {
		return h.Test
	}
	return nil
}

func (p *prover) unseen(probe, reason string) {
	if p.log.Unseen == nil {
		p.log.Unseen = map[string]string{}
	}
	p.log.Unseen[probe] = reason
}

// Worst is the highest severity of all findings; 0 where there is none.
func (p *Proof) Worst() (worst check.Severity) {
	for _, rep := range p.Reports() {
		for _, f := range rep.Findings {
			worst = max(worst, f.Severity)
		}
	}
	return worst
}
