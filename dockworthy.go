// Package dockworthy judges container builds by eight rules: multi-stage,
// non-root, layer-cache, pinned-base, secrets, dockerignore, entrypoint and
// healthcheck. Load reads a project, Look judges one build of it, and Check
// does both for all of it.
package dockworthy

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"sync"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/internal/source"
)

// Version is the version of dockworthy, and the newest that a check's Since
// can name.
const Version = "0.1.0"

// Load finds the Dockerfiles, Compose files and Kubernetes manifests under the
// given paths of a file system ("." for all of it). What cannot be read or
// understood is among the project's Problems.
func Load(fsys fs.FS, paths []string, opt source.Options) *source.Project {
	return source.Open(fsys, paths, opt)
}

// Look judges by the eight rules, at every level that there is evidence for.
func Look(ev check.Evidence, opt check.Options) *check.Report {
	if b := ev.Source; b != nil && b.Config != nil {
		c := b.Config
		if opt.AsOf == "" {
			opt.AsOf = c.ChecksAsOf
		}
		if len(c.Severities) > 0 && opt.Severities == nil {
			opt.Severities = map[string]check.Severity{}
			for id, name := range c.Severities {
				if s, ok := check.ParseSeverity(name); ok {
					opt.Severities[id] = s
				}
			}
		}
	}
	return check.Look(rules.All, ev, opt)
}

// Check judges every unit of a project, several at a time, and calls emit for
// each in path order. It stops at the first error of emit, or when ctx ends.
func Check(ctx context.Context, p *source.Project, opt check.Options, emit func(*check.Result) error) error {
	workers := max(1, runtime.GOMAXPROCS(0))
	window := workers * 8 // results that may wait for an earlier one
	type slot struct {
		done chan struct{}
		res  *check.Result
	}
	slots := make([]slot, len(p.Units))
	for i := range slots {
		slots[i].done = make(chan struct{})
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tokens := make(chan struct{}, window)
	work := make(chan int)
	go func() {
		defer close(work)
		for i := range p.Units {
			select {
			case tokens <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case work <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range work {
				slots[i].res = judge(p, p.Units[i], opt)
				close(slots[i].done)
			}
		})
	}
	defer wg.Wait()
	defer cancel()
	for i := range slots {
		select {
		case <-slots[i].done:
		case <-ctx.Done():
			return ctx.Err()
		}
		res := slots[i].res
		slots[i].res = nil
		<-tokens
		if err := emit(res); err != nil {
			return err
		}
	}
	return nil
}

// judge looks at all builds of one unit.
func judge(p *source.Project, u source.Unit, opt check.Options) (res *check.Result) {
	res = &check.Result{Unit: u}
	defer func() {
		// A defect of ours in one file must not hide the findings of the rest.
		if r := recover(); r != nil {
			res = &check.Result{Unit: u, Problem: &source.Problem{Path: u.Path, Err: fmt.Errorf("dockworthy failed on this file, please report it: %v", r)}}
		}
	}()
	builds, prob := p.Builds(u)
	if prob != nil {
		res.Problem = prob
		return res
	}
	reports := make([]*check.Report, len(builds))
	for i, b := range builds {
		reports[i] = Look(check.Evidence{Source: b}, opt)
	}
	return check.ResultOf(u, reports...)
}

// LookIntoImage judges an image, with the build that it was made by where that
// is known; b may be nil.
func LookIntoImage(img *image.Image, b *source.Build, opt check.Options) *check.Result {
	rep := Look(check.Evidence{Source: b, Image: img}, opt)
	if b != nil {
		// The Dockerfile is there to hold the image against it; its own
		// findings are another verb's.
		rep = rep.At(check.Image)
	}
	return check.ResultOf(source.Unit{Path: img.Name, Named: true}, rep)
}
