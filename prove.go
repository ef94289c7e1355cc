package dockworthy

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/engine"
	"github.com/dockworthy/dockworthy/image"
	"github.com/dockworthy/dockworthy/run"
	"github.com/dockworthy/dockworthy/source"
)

// A Proof is what was written, built and seen of one build.
type Proof struct {
	check.Evidence
	Plan   engine.BuildPlan
	Report *check.Report
}

// Result is the proof as the result of one unit, for reports.
func (p *Proof) Result(u source.Unit) *Result {
	res := &Result{Unit: u, Reports: []*check.Report{p.Report}}
	res.merge()
	return res
}

// ProveOptions are the inputs of a proof that are not in the project. The zero
// options prove at the hardest settings that the project allows.
type ProveOptions struct {
	Root string        // the folder on this machine that the project's paths are relative to
	Look check.Options // what is judged
	Plan func(*engine.BuildPlan, *run.Settings)
	Say  func(format string, args ...any) // progress; nil = silence
}

func (o ProveOptions) say(format string, args ...any) {
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
func Prove(ctx context.Context, e *engine.Engine, b *source.Build, opt ProveOptions) (proof *Proof, err error) {
	if b.Target == nil {
		return nil, fmt.Errorf("%s is no Dockerfile: there is nothing to build", b.Path)
	}
	if b.Context == nil {
		return nil, fmt.Errorf("the build context of %s is not known: name it with --context", b.Path)
	}
	plan, set := Plan(b, opt.Root)
	if opt.Plan != nil {
		opt.Plan(&plan, &set)
	}
	log := &run.Log{ID: engine.NewID(), Name: RunOf + b.Path, Started: time.Now().UTC(), Settings: engine.Harden(set),
		Engine: run.Engine{Name: e.Name, Version: e.Version, API: e.API, Platform: e.Platform()}}
	defer func() {
		// Also after an interruption: the context that ended is not the one
		// that cleans up.
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if rerr := e.Remove(clean, log.ID); rerr != nil && err == nil {
			err = rerr
		}
	}()
	proof = &Proof{Evidence: check.Evidence{Source: b, Run: log}, Plan: plan}
	opt.say("building %s", b.Path)
	plan.Tag = e.Tag(log.ID, "image")
	plan.Labels = map[string]string{engine.Label: log.ID}
	if log.Build, err = e.Build(ctx, plan); err != nil {
		return nil, err
	}
	if log.Build.Error == "" {
		opt.say("reading the image")
		if proof.Image, err = ReadEngine(ctx, e, plan.Tag, ImageOf+b.Path, image.Options{}); err != nil {
			return nil, err
		}
		opt.say("running it")
		if err := e.Probe(ctx, plan.Tag, set, log); err != nil {
			return nil, err
		}
	}
	proof.Report = Look(proof.Evidence, opt.Look)
	return proof, nil
}

// ReadEngine reads an image of an engine: it is saved to a file, and that is
// read as a stream. name is what the image is called in findings.
func ReadEngine(ctx context.Context, e *engine.Engine, ref, name string, opt image.Options) (*image.Image, error) {
	f, err := os.CreateTemp("", "dockworthy-image-*.tar")
	if err != nil {
		return nil, fmt.Errorf("make a file for the image: %w", err)
	}
	defer f.Close()
	defer os.Remove(f.Name())
	size, err := e.Save(ctx, ref, f)
	if err != nil {
		return nil, err
	}
	return image.ReadArchive(ctx, name, f, size, opt)
}

// Worst is the highest severity of all findings; 0 where there is none.
func (p *Proof) Worst() (worst check.Severity) {
	for _, f := range p.Report.Findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

// LookIntoImage judges an image, with the build that it was made by where that
// is known; b may be nil.
func LookIntoImage(img *image.Image, b *source.Build, opt check.Options) *Result {
	rep := Look(check.Evidence{Source: b, Image: img}, opt)
	if b != nil {
		// The Dockerfile is there to hold the image against it; its own
		// findings are another verb's.
		rep = rep.At(check.Image)
	}
	res := &Result{Unit: source.Unit{Path: img.Name, Named: true}, Reports: []*check.Report{rep}}
	res.merge()
	return res
}
