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
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/repo"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A Proof is what was written, built and seen of one build.
type Proof struct {
	check.Evidence
	Plan      engine.BuildPlan
	Report    *check.Report
	Published []check.Published // where the image went
}

// Result is the proof as the result of one unit, for reports.
func (p *Proof) Result(u source.Unit) *check.Result {
	res := check.ResultOf(u, p.Report)
	res.Proof = &check.Proof{Published: p.Published}
	for _, m := range []map[string]string{p.Run.Settings.Env, p.Plan.Args} {
		res.Proof.Given = slices.AppendSeq(res.Proof.Given, maps.Values(m))
	}
	return res
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
	plan, set, err := Plan(b, opt.Repo)
	if err != nil && opt.Image == "" {
		return nil, err
	}
	asked := wishes(b)
	if opt.Trust {
		granted(asked, &set)
	}
	if opt.Plan != nil {
		opt.Plan(&plan, &set)
	}
	set = engine.Harden(set)
	set.Requests = answered(asked, set)
	log := &run.Log{ID: engine.NewID(), Name: check.RunOf + b.Path, Started: time.Now().UTC(), Settings: set, Engine: e.About()}
	dir, err := engine.TempDir(log.ID)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	defer func() {
		// Also after an interruption: the context that ended is not the one
		// that cleans up.
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if rerr := e.Remove(clean, log.ID); rerr != nil && err == nil {
			err = rerr
		}
	}()
	plan.Tag = engine.Tag(log.ID, "image")
	if opt.Target == nil {
		plan.Labels = map[string]string{engine.Label: log.ID}
	} // what goes out is the user's image and nothing else; its tag is enough to remove it
	plan.Temp = dir
	p := &prover{e: e, b: b, opt: opt, dir: dir, plan: plan, log: log}
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
	if err := p.publish(ctx, proof); err != nil {
		return proof, err
	}
	return proof, nil
}

// A prover proves one build.
type prover struct {
	e    Engine
	b    *source.Build
	opt  Options
	dir  string // for copies of the context
	plan engine.BuildPlan
	log  *run.Log
	copy *contextCopy // nil = not made yet
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

// run runs the image.
func (p *prover) run(ctx context.Context, img *image.Image, set run.Settings) error {
	if me, err := img.User(); err == nil {
		set.UID, set.GID = me.UID, me.GID
	}
	p.opt.say("running the container")
	if err := p.e.Probe(ctx, p.plan.Tag, set, p.log); err != nil {
		return err
	}
	if p.opt.Swarm && p.log.Up() != nil {
		p.opt.say("running the service in a swarm")
		return p.e.Swarm(ctx, p.plan.Tag, p.log)
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
	for _, f := range p.Report.Findings {
		worst = max(worst, f.Severity)
	}
	return worst
}
