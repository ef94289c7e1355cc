// Package fix mends what checks find: it chooses fixes, applies them to an overlay, and
// looks again. What does not quiet its finding, raises another one anywhere, or leaves a
// file that cannot be read is taken back and told.
package fix

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/overlay"
	"github.com/dockworthy/dockworthy/internal/scaffold"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/split"
	"github.com/dockworthy/dockworthy/text"
)

// maxRounds is how often it looks again for what can be mended only after something else.
const maxRounds = 3

// A Project is what is mended; dockworthy.Project is one, where it is Editable.
type Project[P any] interface {
	Check(context.Context, check.Options, func(*check.Result) error) error
	Edit(overlay.Changes) P
}

// Options choose what is mended. The zero Options apply what is safe.
type Options struct {
	Unsafe bool     // also what is right in almost all cases
	Safe   []string // checks whose unsafe fixes are taken for safe, by id or rule
	Never  []string // checks that are never mended
	Check  check.Options
	// Wants tells whether a finding is to be mended; nil = all are. A finding that it
	// refuses is left out of what is told, too.
	Wants func(check.Unit, check.Reported) bool
	// Pick finds the image that runs what another one builds, where its name does not follow
	// from that; nil = by what is known.
	Pick func(scaffold.Want) (scaffold.Base, error)
	// Refuse says why a finding is not to be mended; "" = it may be. nil = all may be.
	Refuse func(check.Unit, check.Reported) string
	// May says why a file is not to be edited; "" = it may be. nil = all may be. data is
	// nil for a file that is not there yet.
	May func(name string, data []byte) string
	// Ask decides about one fix before it is tried; nil = all are taken.
	Ask func(Candidate) (bool, error)
}

// A Candidate is a fix of a finding.
type Candidate struct {
	Unit    check.Unit
	Finding check.Reported
	Fix     check.Fix
}

// A Left is a finding that stays, and why.
type Left struct {
	Unit    check.Unit
	Finding check.Reported
	Why     string
	Fix     *check.Fix // the one that only its grade keeps from being applied; nil = there is none
}

// A Result is what became of a project.
type Result struct {
	Files  overlay.Changes // with their new bytes; empty = nothing changes
	Before map[string][]byte
	Mended []Candidate // in the order in which they were applied
	Left   []Left
	After  []*check.Result // what is said of the project with the changes
}

// Run mends a project, which is not changed itself.
func Run[P Project[P]](ctx context.Context, project P, opt Options) (*Result, error) {
	r := &runner[P]{opt: opt, ctx: ctx, out: &Result{Files: overlay.Changes{}, Before: map[string][]byte{}}, refused: map[string]string{}, split: map[*source.Build]splitting{}}
	var err error
	if r.now, err = r.look(project); err != nil {
		return nil, err
	}
	r.last.project = project
	// Stages are made first, and by themselves: they repeat lines, which are mended there.
	// What is mended there may show that more can be left out.
	for i := range 3 {
		mended := len(r.out.Mended)
		if i > 0 {
			// What did not do beside others may do now that they are there.
			maps.DeleteFunc(r.refused, func(_, why string) bool { return strings.HasPrefix(why, tried) })
		}
		for _, stages := range []bool{true, false} {
			if err := r.rounds(stages); err != nil {
				return nil, err
			}
		}
		if len(r.out.Mended) == mended {
			break
		}
	}
	r.out.After = r.now.results
	r.left()
	for name, data := range r.out.Files {
		if before, ok := r.out.Before[name]; ok && string(before) == string(data) {
			delete(r.out.Files, name)
		}
	}
	return r.out, nil
}

// rounds mends until nothing changes: the findings of stages, or the others.
func (r *runner[P]) rounds(stages bool) error {
	for range maxRounds {
		list, err := r.candidates(stages)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := r.round(list); err != nil {
			return err
		}
	}
	return nil
}

type runner[P Project[P]] struct {
	ctx context.Context
	opt Options
	now *view[P]
	out *Result
	// refused is why a fix is not tried again, by its finding.
	refused map[string]string
	last    trial[P]
	split   map[*source.Build]splitting
}

// A trial is a state that was looked at: now, with these files changed.
type trial[P any] struct {
	project P
	files   overlay.Changes
	before  map[string][]byte // their bytes now; nil = it is a new one
}

// A view is what is said of a project in one state.
type view[P any] struct {
	project P
	results []*check.Result
	counts  map[place]int
	worst   map[place]check.Severity
	// violated are the checks that are, by unit, also where another one tells of the cause.
	violated map[place]bool
	broken   map[string]string // files that cannot be judged, and why
}

// A splitting is what splits a build, or why nothing does.
type splitting struct {
	fix []check.Fix
	why string
}

// splits are the checks whose findings a stage of its own for what is built mends. Their
// fixes are large and take a look at the whole project, so that they are made here alone.
var splits = []string{"multi-stage/build-tools-in-final", "multi-stage/sdk-base-in-final", "multi-stage/compiles-in-final"}

// fixes are those of a finding, or why it has none.
func (r *runner[P]) fixes(f check.Reported) (list []check.Fix, why string) {
	if len(f.Fixes) > 0 || f.Build == nil || !slices.Contains(splits, f.ID()) {
		return f.Fixes, cmp.Or(f.Unfixed, f.Check.Unfixed)
	}
	s, ok := r.split[f.Build]
	if !ok {
		x, why := split.Stages(f.Build, r.opt.Pick)
		if joined, ok := r.joined(f.Build); why != "" && ok {
			x, why = joined, ""
		}
		if s.why = why; why == "" {
			s.fix = []check.Fix{x}
		}
		r.split[f.Build] = s
	}
	return s.fix, s.why
}

// joined splits a build whose target is built on other stages, as one stage with them.
func (r *runner[P]) joined(b *source.Build) (x check.Fix, ok bool) {
	edits, ok := split.Join(b)
	if !ok {
		return x, false
	}
	var join check.Fix
	for _, e := range edits {
		join.Edits = append(join.Edits, check.Edit{File: b.Text(), Edit: e})
	}
	files, err := join.Apply()
	if err != nil {
		return x, false
	}
	err = r.now.project.Edit(files).Check(r.ctx, r.opt.Check, func(res *check.Result) error {
		for _, f := range res.Findings {
			if ok = f.Build != nil && f.Build.Path == b.Path && f.Build.File != nil && f.Build.Target.Name == b.Target.Name && slices.Contains(splits, f.ID()); !ok {
				continue
			}
			why := ""
			if x, why = split.Stages(f.Build, r.opt.Pick); why != "" {
				ok = false
			}
			return errFound
		}
		return nil
	})
	if !errors.Is(err, errFound) || !ok {
		return x, false
	}
	if files, err = x.Apply(); err != nil || files[b.Text().Name] == nil {
		return x, false
	}
	whole := text.Edit{Span: text.Span{End: len(b.Text().Data)}, New: string(files[b.Text().Name])}
	x.Edits = []check.Edit{{File: b.Text(), Edit: whole}}
	return x, true
}

// errFound ends a look at a project when it has told what was asked.
var errFound = errors.New("found")

// A place is what findings are counted by: not the lines, which a fix moves and changes.
type place struct{ id, unit, file string }

func (r *runner[P]) look(p P) (*view[P], error) {
	v := &view[P]{project: p, counts: map[place]int{}, worst: map[place]check.Severity{}, violated: map[place]bool{}, broken: map[string]string{}}
	err := p.Check(r.ctx, r.opt.Check, func(res *check.Result) error {
		v.results = append(v.results, res)
		if res.Problem != nil {
			v.broken[res.Problem.Path] = res.Problem.Err.Error()
		}
		for _, f := range res.Findings {
			p := placeOf(res.Unit, f)
			v.counts[p] += max(1, len(f.Targets)) // a fix may mend one of several targets
			v.worst[p] = max(v.worst[p], f.Severity)
		}
		for _, rep := range res.Reports {
			for _, a := range rep.Answers {
				if a.Verdict.Outcome == check.Violated {
					v.violated[place{id: a.Rule.ID(a.Check), unit: fmt.Sprint(res.Unit)}] = true
				}
			}
		}
		return nil
	})
	return v, err
}

func placeOf(u check.Unit, f check.Reported) place {
	return place{f.ID(), fmt.Sprint(u), f.Place.File.Name}
}

// key is a finding's among all of a project.
func key(u check.Unit, f check.Reported) string {
	id := f.Identity(u)
	return fmt.Sprintf("%v %v", u, id)
}

// grade is a fix's, after what the options and the configuration promote.
func (r *runner[P]) grade(f check.Reported, x check.Fix) check.Grade {
	if x.Grade == check.Unsafe && (named(r.opt.Safe, f) || f.Build != nil && f.Build.Config != nil && named(f.Build.Config.Fix.Safe, f)) {
		return check.Safe
	}
	return x.Grade
}

func named(list []string, f check.Reported) bool {
	return slices.Contains(list, f.ID()) || slices.Contains(list, f.Rule.Name)
}

// never tells whether somebody said that a finding is not to be mended.
func (r *runner[P]) never(f check.Reported) bool {
	return named(r.opt.Never, f) || f.Build != nil && f.Build.Config != nil && named(f.Build.Config.Fix.Never, f)
}

// usable is the fix that may be applied; ok is false where there is none.
func (r *runner[P]) usable(f check.Reported) (check.Fix, bool) {
	if r.never(f) {
		return check.Fix{}, false
	}
	least := check.Safe
	if r.opt.Unsafe {
		least = check.Unsafe
	}
	fixes, _ := r.fixes(f)
	for _, x := range fixes {
		if g := r.grade(f, x); g >= least && g > check.NeedsYou {
			return x, true
		}
	}
	return check.Fix{}, false
}

// candidates are the fixes of one round. Of those that get into each other's way the first
// is taken, in the order of files and lines; the others wait for the next round.
func (r *runner[P]) candidates(stages bool) (list []Candidate, err error) {
	taken := map[string][]text.Edit{}
	created := map[string]string{}
	for _, res := range r.now.results {
		for _, f := range res.Findings {
			if f.Level != check.Source || stages != slices.Contains(splits, f.ID()) || r.opt.Wants != nil && !r.opt.Wants(res.Unit, f) {
				continue
			}
			x, ok := r.usable(f)
			if ok && r.opt.Refuse != nil {
				if why := r.opt.Refuse(res.Unit, f); why != "" {
					r.refused[key(res.Unit, f)] = why
				}
			}
			if !ok || r.refused[key(res.Unit, f)] != "" || !free(x, taken, created) {
				continue
			}
			c := Candidate{res.Unit, f, x}
			if why := r.may(x); why != "" {
				r.refused[key(res.Unit, f)] = why
				continue
			}
			if r.opt.Ask != nil {
				yes, err := r.opt.Ask(c)
				if err != nil {
					return nil, err
				}
				if !yes {
					r.refused[key(res.Unit, f)] = "it was declined"
					continue
				}
			}
			for _, e := range x.Edits {
				taken[e.File.Name] = append(taken[e.File.Name], e.Edit)
			}
			for _, n := range x.Create {
				created[n.Path] = string(n.Data)
			}
			list = append(list, c)
		}
	}
	return list, nil
}

// may says why the files of a fix are not to be edited; "" = they may be.
func (r *runner[P]) may(x check.Fix) string {
	if r.opt.May == nil {
		return ""
	}
	for _, e := range x.Edits {
		if why := r.opt.May(e.File.Name, e.File.Data); why != "" {
			return e.File.Name + " " + why
		}
	}
	for _, n := range x.Create {
		if why := r.opt.May(n.Path, nil); why != "" {
			return n.Path + " " + why
		}
	}
	return ""
}

// free tells whether a fix gets into nobody's way. The same edit twice, of a file that
// several units share, is one.
func free(x check.Fix, taken map[string][]text.Edit, created map[string]string) bool {
	for _, e := range x.Edits {
		if _, ok := created[e.File.Name]; ok {
			return false
		}
		for _, o := range taken[e.File.Name] {
			switch {
			case o == e.Edit:
			case o.Span == e.Span && e.Span.Start == e.Span.End:
				// Both put something in at one place, one behind the other.
			case o.Span.Start <= e.Span.End && e.Span.Start <= o.Span.End:
				return false
			}
		}
	}
	for _, n := range x.Create {
		if data, ok := created[n.Path]; ok && data != string(n.Data) && !n.Lines {
			return false
		}
		if len(taken[n.Path]) > 0 {
			return false
		}
	}
	return true
}

// changes are the files of a project after some fixes of one view.
func changes(list []Candidate) (overlay.Changes, map[string][]byte, error) {
	all := check.Fix{}
	before := map[string][]byte{}
	files := map[string]*text.File{}
	type edit struct {
		file string
		text.Edit
	}
	seen := map[edit]bool{}
	for _, c := range list {
		for _, e := range c.Fix.Edits {
			if seen[edit{e.File.Name, e.Edit}] {
				continue
			}
			seen[edit{e.File.Name, e.Edit}] = true
			if f := files[e.File.Name]; f == nil {
				files[e.File.Name] = e.File
				before[e.File.Name] = e.File.Data
			} else {
				e.File = f // each unit has read it for itself
			}
			all.Edits = append(all.Edits, e)
		}
		all.Create = append(all.Create, c.Fix.Create...)
	}
	out, err := all.Apply()
	return out, before, err
}

// An edited is what fixes make of a project.
type edited struct {
	list   []Candidate
	files  overlay.Changes
	before map[string][]byte
}

// try applies fixes and looks again; wrong is what is wrong with that. What the fixes raise,
// and what can be mended itself, is mended along with them: a COPY that moves shows what
// stood below it.
func (r *runner[P]) try(list []Candidate) (next *view[P], done edited, wrong []fault, err error) {
	files, before, err := changes(list)
	if err != nil {
		return nil, done, []fault{{why: err.Error()}}, nil
	}
	done = edited{list, files, before}
	if next, err = r.look(r.changed(files, before)); err != nil {
		return nil, done, nil, err
	}
	want := map[place]int{}
	most := check.Note
	for _, c := range list {
		want[placeOf(c.Unit, c.Finding)]++
		most = max(most, c.Finding.Severity)
	}
	wrong = r.unread(next)
	raised := r.raised(next, most)
	if more := r.along(next, raised); len(more) > 0 && len(wrong) == 0 {
		files, before, err := changes(more)
		if err != nil {
			return nil, done, []fault{{why: err.Error()}}, nil
		}
		for name, data := range before {
			if _, edited := done.files[name]; !edited {
				done.before[name] = data
			}
		}
		done.files = with(done.files, files)
		done.list = slices.Concat(list, more)
		if next, err = r.look(r.changed(done.files, done.before)); err != nil {
			return nil, done, nil, err
		}
		wrong = r.unread(next)
		raised = r.raised(next, most)
	}
	by := map[string][]place{}
	for _, p := range raised {
		by[p.unit] = append(by[p.unit], p)
	}
	for unit, places := range by {
		wrong = append(wrong, fault{unit: unit, file: places[0].file, why: "it raises " + ids(places)})
	}
	for p, n := range want {
		lighter := next.worst[p] == check.Note && r.now.worst[p] > check.Note // what was hidden behind it
		if next.counts[p] > r.now.counts[p]-n && !lighter {
			wrong = append(wrong, fault{unit: p.unit, file: p.file, still: p.id, why: fmt.Sprintf("%s in %s is still there", p.id, p.file)})
		}
	}
	slices.SortFunc(wrong, func(a, b fault) int { return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.why, b.why)) })
	return next, done, wrong, nil
}

// changed is the project with changes to what it is now. It comes of the one that was tried
// last, so that what both have in common is not judged once more.
func (r *runner[P]) changed(files overlay.Changes, before map[string][]byte) P {
	delta := overlay.Changes{}
	for name, data := range files {
		if was, ok := r.last.files[name]; !ok || !bytes.Equal(was, data) {
			delta[name] = data
		}
	}
	for name := range r.last.files {
		if _, ok := files[name]; !ok {
			delta[name] = r.last.before[name]
		}
	}
	r.last = trial[P]{r.last.project.Edit(delta), files, before}
	return r.last.project
}

// with are changes over others.
func with(under, over overlay.Changes) overlay.Changes {
	all := maps.Clone(under)
	maps.Copy(all, over)
	return all
}

// unread are the files that cannot be read any more.
func (r *runner[P]) unread(next *view[P]) (list []fault) {
	for file, what := range next.broken {
		if r.now.broken[file] == "" {
			list = append(list, fault{file: file, why: fmt.Sprintf("%s could not be read any more: %s", file, what)})
		}
	}
	return list
}

// raised are the places with more findings than there are now, beside what was hidden
// behind a graver finding and is worth a note. most is the severity of what is mended.
func (r *runner[P]) raised(next *view[P], most check.Severity) (list []place) {
	for p, n := range next.counts {
		shows := r.now.counts[p] == 0 && r.now.violated[place{id: p.id, unit: p.unit}]
		if n > r.now.counts[p] && !shows && !(next.worst[p] == check.Note && most > check.Note) {
			list = append(list, p)
		}
	}
	return list
}

// ids names places by their checks and files.
func ids(list []place) string {
	var names []string
	for _, p := range list {
		names = append(names, fmt.Sprintf("%s in %s", p.id, p.file))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// along are the fixes of what others raised, for the units in which all of that has one.
func (r *runner[P]) along(next *view[P], raised []place) (list []Candidate) {
	taken, created := map[string][]text.Edit{}, map[string]string{}
	for _, res := range next.results {
		var own []Candidate
		for _, f := range res.Findings {
			if !slices.Contains(raised, placeOf(res.Unit, f)) {
				continue
			}
			x, usable := r.usable(f)
			if len(f.Fixes) == 0 || r.opt.Refuse != nil && r.opt.Refuse(res.Unit, f) != "" || !usable || !free(x, taken, created) || r.may(x) != "" {
				own = nil
				break
			}
			own = append(own, Candidate{res.Unit, f, x})
		}
		for _, c := range own {
			for _, e := range c.Fix.Edits {
				taken[e.File.Name] = append(taken[e.File.Name], e.Edit)
			}
		}
		list = append(list, own...)
	}
	return list
}

func (r *runner[P]) accept(next *view[P], done edited) {
	for name, data := range done.before {
		if _, ok := r.out.Before[name]; !ok {
			r.out.Before[name] = data
		}
	}
	maps.Copy(r.out.Files, done.files)
	r.out.Mended = append(r.out.Mended, done.list...)
	r.now, r.last = next, trial[P]{project: next.project}
}

// left tells of every finding that stays why it does.
func (r *runner[P]) left() {
	for _, res := range r.now.results {
		for _, f := range res.Findings {
			if f.Level != check.Source || r.opt.Wants != nil && !r.opt.Wants(res.Unit, f) {
				continue
			}
			l := Left{Unit: res.Unit, Finding: f, Why: r.refused[key(res.Unit, f)]}
			switch {
			case l.Why != "":
			case r.never(f):
				l.Why = "the configuration says never"
			default:
				fixes, why := r.fixes(f)
				if len(fixes) == 0 {
					l.Why = cmp.Or(why, "it is written in a way that no recipe here is made for")
					break
				}
				x := fixes[0]
				l.Fix = &x
				switch r.grade(f, x) {
				case check.NeedsYou:
					l.Why = cmp.Or(x.Reason, "it needs a choice of yours")
				case check.Unsafe:
					l.Why = x.Reason + ": --unsafe does it"
				default:
					l.Why = "another fix is in its way: once more"
				}
			}
			r.out.Left = append(r.out.Left, l)
		}
	}
}
