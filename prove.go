package dockworthy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
	log := &run.Log{ID: engine.NewID(), Started: time.Now().UTC(), Settings: engine.Harden(set),
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
		if proof.Image, err = readImage(ctx, e, plan.Tag); err != nil {
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

// readImage saves an image of the engine to a file and reads that.
func readImage(ctx context.Context, e *engine.Engine, name string) (*image.Image, error) {
	dir, err := os.MkdirTemp("", "dockworthy-image-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the image: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "image.tar")
	if err := e.Save(ctx, name, file); err != nil {
		return nil, err
	}
	img, err := image.ReadPath(ctx, file, image.Options{})
	if err != nil {
		return nil, fmt.Errorf("read the image: %w", err)
	}
	return img, nil
}

// Worst is the highest severity of all findings; 0 where there is none.
func (p *Proof) Worst() (worst check.Severity) {
	for _, f := range p.Report.Findings {
		worst = max(worst, f.Severity)
	}
	return worst
}
