package check

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A Report is all that is said of one build.
type Report struct {
	Evidence Evidence
	Build    *source.Build // the evidence's; nil where only an image was looked at
	Answers  []Answer      // one a check and level that there is evidence for, in the order of levels, rules and checks
	Findings []Reported
	Unused   []Suppression // that silence nothing
	used     []*source.Allow
	Secrets  []Place // of values that no output may show, whatever is reported
}

// An Answer is a check's verdict at one level.
type Answer struct {
	Rule    *Rule
	Check   *Check
	Level   Level
	Verdict Verdict
}

// A Reported is a finding with its check and final severity.
type Reported struct {
	Finding
	Rule  *Rule
	Check *Check
	Level Level
	Build *source.Build // the build that it was found in; nil where only an image was looked at

	// Targets are the names of the targets that it holds for, "" for a stage
	// without a name. Only in a Result.
	Targets []string
	// Ordinal tells findings apart that are equal but for their lines: the
	// second of them has 1. Only in a Result.
	Ordinal int
}

// ID is the id of the check that speaks.
func (r Reported) ID() string { return r.Rule.ID(r.Check) }

// mending is the best grade of the finding's fixes, after what its configuration says;
// NeedsYou where nothing mends it by itself.
func (r Reported) mending() (best Grade) {
	var conf *source.Config
	if r.Build != nil {
		conf = r.Build.Config
	}
	says := func(list []string) bool { return slices.Contains(list, r.ID()) || slices.Contains(list, r.Rule.Name) }
	if r.Level != Source || conf != nil && says(conf.Fix.Never) {
		return NeedsYou
	}
	for _, x := range r.Fixes {
		g := x.Grade
		if g == Unsafe && conf != nil && says(conf.Fix.Safe) {
			g = Safe
		}
		best = max(best, g)
	}
	return best
}

// Options choose what Look judges. The zero Options judge everything.
type Options struct {
	Only, Skip []string            // rule names or check ids
	Severities map[string]Severity // by check id, over the check's own; from the config
	AsOf       string              // a version: checks that came later only note
	Banking    bool                // judge by the banking profile where no build says so
}

// leavesOut tells whether a check is not asked for.
func (o Options) leavesOut(r *Rule, c *Check) bool {
	return len(o.Only) > 0 && !matches(o.Only, r, c) || matches(o.Skip, r, c)
}

func matches(list []string, r *Rule, c *Check) bool {
	for _, id := range list {
		if id == r.Name || id == r.ID(c) {
			return true
		}
	}
	return false
}

// Look judges by the checks of these rules, at every level that there is
// evidence for. It is pure: the same evidence gives the same report.
func Look(rules []*Rule, ev Evidence, opt Options) *Report {
	ev.pairs = ev.pairing()
	rep := &Report{Evidence: ev, Build: ev.Source}
	used := map[*source.Allow]bool{}
	checks := 0
	for _, r := range rules {
		checks += len(r.Checks)
	}
	for _, level := range []Level{Source, Image, Run} {
		if !ev.has(level) {
			continue
		}
		rep.Answers = slices.Grow(rep.Answers, checks) // one of each
		from := len(rep.Findings)
		for _, r := range rules {
			rep.lookAt(level, r, opt, used)
		}
		relate(rep.Findings[from:])
		if level == Source {
			rep.doubt()
		}
	}
	if ev.Source != nil {
		rep.suppressions(rules, opt, used)
	}
	return rep
}

// doubt leaves undecided what rests on something that was not followed to its
// end. What was found stands, for more of the same could not mend it.
func (rep *Report) doubt() {
	limits := rep.Build.Limits()
	for i := range rep.Answers {
		r := &rep.Answers[i]
		for _, l := range limits {
			if !r.Check.restsOn(r.Rule, l.Subject) {
				continue
			}
			switch r.Verdict.Outcome {
			case NotApplicable:
				// More of a Dockerfile may hold what the claim is about; what is
				// deployed, or built otherwise, is not of it.
				if rep.Build.Target == nil || l.Subject == source.Deployments || l.Subject == source.Variants {
					continue
				}
			case Holds:
			default:
				continue
			}
			r.Verdict = Unknown(ByLess, l.Reason)
			break
		}
	}
}

func (c *Check) restsOn(r *Rule, s source.Subject) bool {
	if c.RestsOn != nil {
		return slices.Contains(c.RestsOn, s)
	}
	return slices.Contains(r.RestsOn, s)
}

// At is the report of one level alone.
func (rep *Report) At(level Level) *Report {
	out := *rep
	out.Answers, out.Findings, out.Unused = nil, nil, nil
	for _, r := range rep.Answers {
		if r.Level == level {
			out.Answers = append(out.Answers, r)
		}
	}
	for _, f := range rep.Findings {
		if f.Level == level {
			out.Findings = append(out.Findings, f)
		}
	}
	return &out
}

func (ev Evidence) has(l Level) bool {
	switch l {
	case Image:
		return ev.Image != nil
	case Run:
		return ev.Run != nil
	}
	return ev.Source != nil
}

// lookAt judges by one rule at one level.
func (rep *Report) lookAt(level Level, r *Rule, opt Options, used map[*source.Allow]bool) {
	b := rep.Build
	var found []Reported
	first := len(rep.Answers)
	for _, c := range r.Checks {
		if !c.At(level) {
			rep.Answers = append(rep.Answers, Answer{r, c, level, Verdict{}})
			continue
		}
		left := opt.leavesOut(r, c)
		if left && r.Name != "secrets" {
			rep.Answers = append(rep.Answers, Answer{r, c, level, Verdict{}})
			continue
		}
		v := c.judge(level, rep.Evidence)
		for _, f := range v.Findings {
			rep.mask(f)
		}
		if left {
			// Looked at all the same: other findings must not show a secret.
			v = Verdict{}
		}
		rep.Answers = append(rep.Answers, Answer{r, c, level, v})
		for _, f := range v.Findings {
			found = append(found, Reported{Finding: settle(f, r, c, b, opt), Rule: r, Check: c, Level: level, Build: b})
		}
	}
	found = oneCause(found)
	kept := found[:0]
	for _, f := range found {
		if allow := allowed(b, f); allow != nil {
			used[allow] = true
			continue
		}
		kept = append(kept, f)
	}
	kept = few(grouped(kept))
	rep.Findings = append(rep.Findings, kept...)
	restate(rep.Answers[first:], kept)
}

// mostGrouped bounds the further places that a finding names for its group.
const mostGrouped = 8

// grouped tells of each group once. What is suppressed is not in it any more, so
// that the rest of its group still speaks.
func grouped(found []Reported) []Reported {
	type group struct {
		check *Check
		name  string
	}
	at := map[group]int{}
	more := map[int]int{}
	kept := found[:0]
	for _, f := range found {
		g := group{f.Check, f.Group}
		i, ok := at[g]
		if f.Group == "" || !ok {
			at[g] = len(kept)
			kept = append(kept, f)
			continue
		}
		if first := &kept[i]; f.Severity > first.Severity {
			f, *first = *first, f
			first.Related = append(slices.Clip(first.Related), others(f.Related)...)
		}
		if more[i]++; more[i] <= mostGrouped {
			kept[i].Related = append(slices.Clip(kept[i].Related), Place{File: f.Place.File, Span: f.Place.Span, Message: inGroup})
		}
	}
	for i, n := range more {
		kept[i].Message += fmt.Sprintf(" (and %d more)", n)
	}
	return kept
}

// inGroup is what is said of the further places of a group.
const inGroup = "the same here"

// others are the places that were told of as those of a group.
func others(related []Place) []Place {
	return slices.DeleteFunc(slices.Clone(related), func(p Place) bool { return p.Message != inGroup })
}

// most is how many findings of one check are told of one build: nobody reads
// more, and a file of a megabyte can hold a hundred thousand.
const most = 200

// few leaves out what one check finds beyond most. The last one that is told
// says how many are not.
func few(found []Reported) []Reported {
	if len(found) <= most {
		return found
	}
	count := map[*Check]int{}
	for _, f := range found {
		count[f.Check]++
	}
	told := map[*Check]int{}
	kept := found[:0]
	for _, f := range found {
		told[f.Check]++
		switch n := count[f.Check]; {
		case told[f.Check] > most:
			continue
		case told[f.Check] == most && n > most:
			if f.Help != "" {
				f.Help += "; "
			}
			f.Help += fmt.Sprintf("further findings of this check in this build: %d", n-most)
		}
		kept = append(kept, f)
	}
	return kept
}

func (c *Check) judge(l Level, ev Evidence) Verdict {
	switch l {
	case Image:
		return c.Image(ev)
	case Run:
		v := c.Run(ev)
		if b := ev.Run.Build; v.Outcome == Undecided && b != nil && b.Error != "" {
			// Nothing could run: that is no doubt, but nothing seen.
			return Verdict{}
		}
		if v.Settle == ByRun {
			v.Settle = BySettings // it was run
		}
		return v
	}
	return c.Source(ev.Source)
}

// allowed is the suppression that covers a finding. What an image or a run
// shows has no line of its own in the Dockerfile: a suppression of its check
// anywhere in the file is meant for it too.
func allowed(b *source.Build, f Reported) *source.Allow {
	switch {
	case b == nil:
		return nil
	case f.Level == Source || f.Place.File == b.Text():
		return b.Allowed(f.ID(), f.Rule.Name, f.Place.File, f.Place.Span, f.Missing)
	}
	for _, a := range b.Allows() {
		if a.Problem == "" && !b.Expired(a) && (slices.Contains(a.IDs, f.ID()) || slices.Contains(a.IDs, f.Rule.Name)) {
			return a
		}
	}
	return nil
}

func (rep *Report) mask(f Finding) {
	for _, s := range f.Secrets {
		rep.Secrets = append(rep.Secrets, Place{File: f.Place.File, Span: s})
	}
}

// settle gives a finding its final severity: the row's or the check's, the
// profile's, then what the stage and the unit allow, and last what the user's
// config says.
func settle(f Finding, r *Rule, c *Check, b *source.Build, opt Options) Finding {
	if f.Severity == 0 {
		f.Severity = c.Severity
	}
	if b != nil && b.Inline {
		f.Fixes = nil
	}
	if (opt.Banking || b != nil && b.Banking()) && c.Banking > f.Severity {
		f.Severity = c.Banking
	}
	switch {
	case b == nil:
	case b.Development() != "" || b.Aside(f.Place.File, f.Place.Span):
		if !vendor(f) {
			f.Severity = min(f.Severity, Note)
		}
	case !f.Firm && f.Stage != nil && !b.Ships(f.Stage):
		f.Severity = min(f.Severity, Note)
	}
	if opt.AsOf != "" && later(c.Since, opt.AsOf) {
		f.Severity = Note
	}
	if s, ok := opt.Severities[r.ID(c)]; ok {
		f.Severity = s
	} else if s, ok := opt.Severities[r.Name]; ok {
		f.Severity = s
	}
	return f
}

// later compares versions of the form 1.2 or 1.2.3.
func later(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		var x, y string
		if i < len(as) {
			x = as[i]
		}
		if i < len(bs) {
			y = bs[i]
		}
		if n := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); n != 0 {
			return n > 0
		}
	}
	return false
}

// tell says where else the cause of a finding lies.
func (f *Reported) tell(list []*Reported) {
	related := slices.Clip(f.Related)
	var named []string
	more := 0
	for _, o := range list {
		switch {
		case slices.Contains(named, o.Where):
			continue
		case len(named) == mostGrouped:
			more++
			continue
		}
		named = append(named, o.Where)
		related = append(related, Place{File: o.Place.File, Span: o.Place.Span, Message: "also in " + o.Where})
	}
	if more > 0 {
		named = append(named, fmt.Sprintf("%d more places", more))
	}
	f.Related = related
	f.Message += "; also in " + strings.Join(named, ", ")
}

// oneCause keeps one finding for each cause: the most severe, then the one of
// the earlier check. What it outdoes is gone, for it would be mended with it; the
// places of it that have a name are told.
func oneCause(found []Reported) []Reported {
	order := make([]int, len(found))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(found[b].Severity, found[a].Severity)
	})
	type place struct {
		file *text.File
		span text.Span
	}
	causes := map[Cause]int{}
	also := map[int][]*Reported{}
	same := map[place]bool{}
	taken := map[*text.File]map[*Check]*ground{}
	keep := make([]bool, len(found))
	for _, i := range order {
		f := &found[i]
		if f.Cause != "" {
			// What names its cause is compared by it alone.
			first, ok := causes[f.Cause]
			if keep[i] = !ok; keep[i] {
				causes[f.Cause] = i
			} else if f.Where != "" && f.Where != found[first].Where {
				also[first] = append(also[first], f)
			}
			continue
		}
		p := place{f.Place.File, f.Place.Span}
		if same[p] || overlaps(taken[p.file], p.span, f.Check) {
			continue
		}
		same[p], keep[i] = true, true
		if p.span.IsZero() {
			continue
		}
		if taken[p.file] == nil {
			taken[p.file] = map[*Check]*ground{}
		}
		if taken[p.file][f.Check] == nil {
			taken[p.file][f.Check] = &ground{}
		}
		taken[p.file][f.Check].add(p.span)
	}
	for i, list := range also {
		found[i].tell(list)
	}
	out := found[:0]
	for i := range found {
		if keep[i] {
			out = append(out, found[i])
		}
	}
	return out
}

// overlaps tells whether another check's finding already stands at this place.
// Two findings of one check at places that overlap are two findings.
func overlaps(taken map[*Check]*ground, s text.Span, c *Check) bool {
	for check, g := range taken {
		if check != c && g.touches(s) {
			return true
		}
	}
	return false
}

// A ground is the parts of a file that findings stand on: spans that do not
// touch each other, in order.
type ground struct{ spans []text.Span }

// add takes a span in. Findings mostly come in the order of the file, at the
// end of those before.
func (g *ground) add(s text.Span) {
	from, to := g.within(s)
	for _, old := range g.spans[from:to] {
		s = s.Join(old)
	}
	g.spans = slices.Replace(g.spans, from, to, s)
}

func (g *ground) touches(s text.Span) bool {
	from, to := g.within(s)
	return from < to
}

// within are the spans that have bytes in common with s.
func (g *ground) within(s text.Span) (from, to int) {
	from = sort.Search(len(g.spans), func(i int) bool { return g.spans[i].End > s.Start })
	for to = from; to < len(g.spans) && g.spans[to].Start < s.End; to++ {
	}
	return from, to
}

// relate names, at a finding of a later rule, the finding of an earlier rule
// that has the same cause.
func relate(found []Reported) {
	first := map[Cause]int{}
	for i := range found {
		f := &found[i]
		if f.Cause == "" {
			continue
		}
		j, ok := first[f.Cause]
		if !ok {
			first[f.Cause] = i
			continue
		}
		if found[j].Rule != f.Rule {
			p := found[j].Place
			p.Message = "the same cause violates " + found[j].ID()
			f.Related = append(f.Related, p)
		}
	}
}

// restate makes a verdict agree with what is left to say: a check all of whose
// findings were allowed or outdone by another's still is violated, for the
// claim is not true; only the findings are told once.
func restate(answers []Answer, kept []Reported) {
	for i := range answers {
		v := &answers[i].Verdict
		if v.Outcome != Violated {
			continue
		}
		v.Findings = v.Findings[:0]
		for _, f := range kept {
			if f.Check == answers[i].Check {
				v.Findings = append(v.Findings, f.Finding)
			}
		}
	}
}

// vendor tells whether a finding is of a secret that some vendor's shape gives
// away: nobody makes such a value up, so that it counts wherever it stands.
func vendor(f Finding) bool {
	for _, at := range f.Secrets {
		if slices.ContainsFunc(secret.Find(f.Place.File.Text(at)), func(m secret.Match) bool { return !m.Public }) {
			return true
		}
	}
	return false
}
