// Package dockworthy judges container builds by eight rules: multi-stage,
// non-root, layer-cache, pinned-base, secrets, dockerignore, entrypoint and
// healthcheck. Open reads a project, Look judges one build of it, and
// Project.Check does so for all of it.
package dockworthy

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"sync"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/bake"
	"github.com/dockworthy/dockworthy/internal/overlay"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/internal/source"
)

// Version is the version of dockworthy, and the newest that a check's Since
// can name.
const Version = "0.1.0"

// Options are the inputs of a project that are not files. The zero Options judge
// at the standard profile, without a date.
type Options = source.Options

// Changes are files with their new bytes, by slash-separated path; nil bytes
// remove a file. Whoever gives them does not change them afterwards.
type Changes = overlay.Changes

// A Project is what the files under some paths of a file system say at one
// moment: the Dockerfiles, Compose files and Kubernetes manifests, and what they
// are built from. Nothing of it changes.
type Project struct {
	snapshot *source.Snapshot
	results  results // where it can be edited
}

// Open finds the units under the given paths of a file system ("." for all of
// it). What cannot be read or understood is among the project's Problems.
func Open(fsys fs.FS, paths []string, opt Options) *Project {
	if opt.Checks == nil {
		opt.Checks = names()
	}
	if opt.Bake == nil {
		opt.Bake = bake.Parse
	}
	return &Project{snapshot: source.Open(fsys, paths, opt)}
}

// names are those of the rules and the ids of their checks.
var names = sync.OnceValue(func() (list []string) {
	for _, r := range rules.All {
		list = append(list, r.Name)
		for _, c := range r.Checks {
			list = append(list, r.ID(c))
		}
	}
	return list
})

// Units are what is judged, in path order.
func (p *Project) Units() []check.Unit { return p.snapshot.Units }

// Problems are the files that could not be looked at, so far as anybody has
// asked.
func (p *Project) Problems() []check.Problem { return p.snapshot.Problems() }

// Builds are the builds that a unit stands for: one for each target of a
// Dockerfile, one for a deployment file. A Problem is a file that cannot be read
// or understood.
func (p *Project) Builds(u check.Unit) ([]*check.Build, *check.Problem) {
	return p.snapshot.Builds(u)
}

// Edit is the project with changes over its files, which themselves stay as they
// are. What the changes cannot touch is not looked at again. The project has to
// be Editable (Options).
func (p *Project) Edit(changes Changes) *Project {
	next := &Project{snapshot: p.snapshot.Edit(changes)}
	next.results.keep(&p.results, next.snapshot)
	return next
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

// Check judges every unit of the project, several at a time, and calls emit for
// each in path order, then for each file that units share with suppressions which
// silence nothing. It stops at the first error of emit, or when ctx ends.
func (p *Project) Check(ctx context.Context, opt check.Options, emit func(*check.Result) error) error {
	units := p.Units()
	workers := max(1, runtime.GOMAXPROCS(0))
	window := workers * 8 // results that may wait for an earlier one
	type slot struct {
		done chan struct{}
		res  *check.Result
	}
	slots := make([]slot, len(units))
	for i := range slots {
		slots[i].done = make(chan struct{})
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tokens := make(chan struct{}, window)
	work := make(chan int)
	go func() {
		defer close(work)
		for i := range units {
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
				slots[i].res = p.judge(units[i], opt)
				close(slots[i].done)
			}
		})
	}
	defer wg.Wait()
	defer cancel()
	var left check.Leftover
	var shared sharing
	for i := range slots {
		select {
		case <-slots[i].done:
		case <-ctx.Done():
			return ctx.Err()
		}
		res := *slots[i].res // which is kept where the project can be edited
		slots[i].res = nil
		<-tokens
		left.Add(&res)
		shared.once(&res)
		if err := emit(&res); err != nil {
			return err
		}
	}
	for _, res := range left.Results() {
		if err := emit(res); err != nil {
			return err
		}
	}
	return nil
}

// judge looks at all builds of one unit.
func (p *Project) judge(u check.Unit, opt check.Options) (res *check.Result) {
	defer func() {
		// A defect of ours in one file must not hide the findings of the rest.
		if r := recover(); r != nil {
			res = &check.Result{Unit: u, Problem: &check.Problem{Path: u.Path, Err: &Defect{r}}}
		}
	}()
	builds, prob := p.Builds(u)
	if res := p.results.of(u, builds, opt); res != nil {
		return res
	}
	if p.snapshot.Renew(u) { // other questions may have other answers by now
		builds, prob = p.Builds(u)
	}
	if prob != nil {
		return &check.Result{Unit: u, Problem: prob}
	}
	reports := make([]*check.Report, len(builds))
	for i, b := range builds {
		reports[i] = Look(check.Evidence{Source: b}, opt)
	}
	res = check.ResultOf(u, reports...)
	if p.snapshot.Editable() {
		p.results.add(u, builds, opt, res)
	}
	return res
}

// A Defect is a fault of dockworthy itself, met while it looked at a file.
type Defect struct{ Panic any }

func (d *Defect) Error() string {
	return fmt.Sprintf("dockworthy failed on this file, please report this: %v", d.Panic)
}
