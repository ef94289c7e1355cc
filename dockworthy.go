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
	"slices"
	"sort"
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

// A Result is what is said of one unit.
type Result struct {
	Unit     source.Unit
	Reports  []*check.Report // one for each build
	Findings []Finding       // of all builds, equal ones told once, in file order
	Problem  *source.Problem // why the unit could not be judged, or nil
}

// A Finding is a reported finding with the targets that it holds for.
type Finding struct {
	check.Reported
	Targets []string
	Build   *source.Build // the build that it was found in; nil where only an image was looked at
}

// The names of what was seen of a file's build begin with these words.
const (
	ImageOf = "image of "
	RunOf   = "run of "
)

// Check judges every unit of a project, several at a time, and calls emit for
// each in path order. It stops at the first error of emit, or when ctx ends.
func Check(ctx context.Context, p *source.Project, opt check.Options, emit func(*Result) error) error {
	workers := max(1, runtime.GOMAXPROCS(0))
	window := workers * 8 // results that may wait for an earlier one
	type slot struct {
		done chan struct{}
		res  *Result
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
func judge(p *source.Project, u source.Unit, opt check.Options) (res *Result) {
	res = &Result{Unit: u}
	defer func() {
		// A defect of ours in one file must not hide the findings of the rest.
		if r := recover(); r != nil {
			res = &Result{Unit: u, Problem: &source.Problem{Path: u.Path, Err: fmt.Errorf("dockworthy failed on this file, please report it: %v", r)}}
		}
	}()
	builds, prob := p.Builds(u)
	if prob != nil {
		res.Problem = prob
		return res
	}
	for _, b := range builds {
		res.Reports = append(res.Reports, Look(check.Evidence{Source: b}, opt))
	}
	res.merge()
	return res
}

// ResultOf is the result of one unit that these reports are of.
func ResultOf(u source.Unit, reports ...*check.Report) *Result {
	res := &Result{Unit: u, Reports: reports}
	res.merge()
	return res
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
	return ResultOf(source.Unit{Path: img.Name, Named: true}, rep)
}

// merge tells equal findings of several targets once, at the highest of their
// severities, and puts all in the order of the files.
func (res *Result) merge() {
	type key struct {
		id, file, message string
		level             check.Level
		start, end        int
	}
	if len(res.Reports) == 1 {
		res.Findings = make([]Finding, 0, len(res.Reports[0].Findings))
	}
	at := map[key]int{}
	for _, rep := range res.Reports {
		target := ""
		if b := rep.Build; b != nil && b.Target != nil {
			target = b.Target.Name
		}
		for _, f := range rep.Findings {
			k := key{f.ID(), f.Place.File.Name, f.Message, f.Level, f.Place.Span.Start, f.Place.Span.End}
			if i, ok := at[k]; ok {
				old := &res.Findings[i]
				old.Severity = max(old.Severity, f.Severity)
				if !slices.Contains(old.Targets, target) {
					old.Targets = append(old.Targets, target)
				}
				continue
			}
			at[k] = len(res.Findings)
			res.Findings = append(res.Findings, Finding{f, []string{target}, rep.Build})
		}
	}
	path := res.Unit.Path
	sort.SliceStable(res.Findings, func(i, j int) bool {
		a, b := &res.Findings[i], &res.Findings[j]
		if a.Level != b.Level {
			return a.Level < b.Level
		}
		if fa, fb := a.Place.File.Name != path, b.Place.File.Name != path; fa != fb {
			return !fa
		}
		if a.Place.File.Name != b.Place.File.Name {
			return a.Place.File.Name < b.Place.File.Name
		}
		if a.Place.Span.Start != b.Place.Span.Start {
			return a.Place.Span.Start < b.Place.Span.Start
		}
		return a.Rule.Number < b.Rule.Number
	})
}
