package check

import (
	"fmt"
	"slices"

	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A Suppression is a comment that is meant to let a finding be and does not.
type Suppression struct {
	Place   Place
	Checks  []string // that it names
	Problem string   // why it silences nothing

	allow *source.Allow
}

// suppressions notes which suppressions silenced something and which did not. One
// that is for checks which were left out says nothing here.
func (rep *Report) suppressions(rules []*Rule, opt Options, used map[*source.Allow]bool) {
	b := rep.Build
	for _, a := range b.Allows() {
		if used[a] {
			rep.used = append(rep.used, a)
			continue
		}
		problem := "this suppression has no effect: remove it"
		switch unknown := unknownIn(rules, a.IDs); {
		case a.Problem != "":
			problem = a.Problem
		case unknown != "":
			problem = fmt.Sprintf("there is no rule or check %s", unknown)
			if found := Find(rules, unknown); len(found) == 1 {
				problem += ": its id here is " + found[0].ID()
			} else if near := Near(rules, unknown); near != "" {
				problem += ": did you mean " + near + "?"
			}
		case b.Expired(a):
			problem = "the date " + a.Until.Format("2006-01-02") + " of this suppression is past: fix the finding, or set a new date"
		case !slices.ContainsFunc(rules, func(r *Rule) bool {
			return slices.ContainsFunc(r.Checks, func(c *Check) bool {
				named := slices.Contains(a.IDs, r.Name) || slices.Contains(a.IDs, r.ID(c))
				return named && !opt.leavesOut(r, c)
			})
		}):
			continue
		}
		rep.Unused = append(rep.Unused, Suppression{Place{File: a.File, Span: a.Place}, a.IDs, problem, a})
	}
}

// unknownIn is the first of some ids that is neither a rule's name nor a check's id;
// "" = all of them are.
func unknownIn(rules []*Rule, ids []string) string {
	for _, id := range ids {
		if !slices.ContainsFunc(rules, func(r *Rule) bool {
			return r.Name == id || slices.ContainsFunc(r.Checks, func(c *Check) bool { return r.ID(c) == id })
		}) {
			return id
		}
	}
	return ""
}

// A Leftover collects, over the results of many units, the suppressions that none of
// them was silenced by. Those of a Dockerfile are its unit's; those of Compose files,
// manifests and ignore files may be meant for several units, and are known when all
// are judged. The zero Leftover has seen nothing.
type Leftover struct {
	used  map[*source.Allow]bool
	order []Suppression
	seen  map[*source.Allow]bool
}

// Add takes a result in, and takes out of it what is for later.
func (l *Leftover) Add(res *Result) {
	if l.used == nil {
		l.used, l.seen = map[*source.Allow]bool{}, map[*source.Allow]bool{}
	}
	for _, rep := range res.Reports {
		for _, a := range rep.used {
			l.used[a] = true
		}
	}
	own := res.Unused[:0:0]
	for _, s := range res.Unused {
		if s.Place.File.Name == res.Unit.Path && res.Unit.Kind == source.Dockerfile {
			own = append(own, s)
			continue
		}
		if !l.seen[s.allow] {
			l.seen[s.allow] = true
			l.order = append(l.order, s)
		}
	}
	res.Unused = own
}

// Results are the suppressions that are left, a result without reports for each
// file, in the order in which the files were met.
func (l *Leftover) Results() []*Result {
	var list []*Result
	byFile := map[*text.File]*Result{}
	for _, s := range l.order {
		if l.used[s.allow] {
			continue
		}
		f := s.Place.File
		if byFile[f] == nil {
			byFile[f] = &Result{Unit: Unit{Path: f.Name}}
			list = append(list, byFile[f])
		}
		byFile[f].Unused = append(byFile[f].Unused, s)
	}
	return list
}
