package check

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strings"

	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A Unit is one thing of a project that is judged by itself: a Dockerfile, a
// Compose file or a Kubernetes manifest with what is deployed by it alone, or an
// image.
type Unit = source.Unit

// A Build is what is judged: one target of one Dockerfile with its context and
// all that deploys it, or what one deployment file says.
type Build = source.Build

// A Problem is a file that could not be read or understood.
type Problem = source.Problem

// A Result is all that is said of one unit.
type Result struct {
	Unit     Unit
	Reports  []*Report     // one for each build
	Findings []Reported    // of all builds, equal ones told once, in the order of the files
	Unused   []Suppression // suppressions that silence nothing in any of the builds
	Problem  *Problem      // why the unit could not be judged, or nil
	Proof    *Proof        // what was done beside looking; nil = nothing was
}

// The names of what was seen of a file's build begin with these words.
const (
	ImageOf = "image of "
	RunOf   = "run of "
)

// A Proof is what is told of a proof beside its verdicts.
type Proof struct {
	Published []Published // where the image went
	// Given are the values that the build and the program were given. They are
	// hidden in what both of them said.
	Given []string
	// Since is what the changes since a revision rebuild; nil = it was not asked for.
	Since *run.Since
}

// A Published is an image that was sent to a registry.
type Published struct {
	Name   string // where to, without the digest
	Digest string // of what is there
	Signed bool   // with an attestation beside it
}

// ResultOf is the result of one unit that these reports are of.
func ResultOf(u Unit, reports ...*Report) *Result {
	res := &Result{Unit: u, Reports: reports}
	res.merge()
	res.unused()
	return res
}

// merge tells equal findings of several targets once, at the highest of their
// severities, and puts all in the order of the files. Of a check whose claim is about
// all targets, what does not hold for every one of them is no finding.
func (res *Result) merge() {
	type key struct {
		id, file, message string
		level             Level
		start, end        int
	}
	if len(res.Reports) == 1 {
		res.Findings = make([]Reported, 0, len(res.Reports[0].Findings))
	}
	at := map[key]int{}
	reports := map[int]int{} // in how many a finding was met
	for _, rep := range res.Reports {
		target := ""
		if b := rep.Build; b != nil && b.Target != nil {
			target = b.Target.Name
		}
		if log := rep.Evidence.Run; log != nil && log.Settings.Role != "" {
			target = log.Settings.Role
		}
		for _, f := range rep.Findings {
			k := key{f.ID(), f.Place.File.Name, f.Message, f.Level, f.Place.Span.Start, f.Place.Span.End}
			if f.Level == Run {
				k.file, k.start, k.end = "", 0, 0 // each run has a transcript of its own
			}
			if f.Group != "" {
				k.message = f.Group // told in other words for another target
			}
			if i, ok := at[k]; ok {
				old := &res.Findings[i]
				if f.Severity > old.Severity { // the most severe speaks
					f.Targets = old.Targets
					*old = f
				}
				if !slices.Contains(old.Targets, target) {
					old.Targets = append(old.Targets, target)
				}
				reports[i]++
				continue
			}
			at[k] = len(res.Findings)
			reports[at[k]] = 1
			f.Targets = []string{target}
			res.Findings = append(res.Findings, f)
		}
	}
	if len(res.Reports) > 1 {
		kept := res.Findings[:0]
		for i, f := range res.Findings {
			if f.Check.Merge == Any || reports[i] >= len(res.Reports) {
				kept = append(kept, f)
			}
		}
		res.Findings = kept
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
	res.number()
}

// ByCause are findings of which those of one cause at several levels stand together:
// by their cause, or where each level tells of one alone. The first of a group speaks
// for it, and has its highest severity.
func ByCause(list []Reported) (groups [][]Reported) {
	type level struct {
		id string
		l  Level
	}
	alone := map[level]int{}
	for _, f := range list {
		alone[level{f.ID(), f.Level}]++
	}
	at := map[string]int{}
	for _, f := range list {
		key := f.ID() + "\x00" + string(f.Cause)
		single := true
		for l := Source; l <= Run; l++ {
			single = single && alone[level{f.ID(), l}] <= 1
		}
		if single {
			key = f.ID()
		}
		i, ok := at[key]
		if !ok || f.Cause == "" && !single || slices.ContainsFunc(groups[i], func(o Reported) bool { return o.Level == f.Level }) {
			at[key] = len(groups)
			groups = append(groups, []Reported{f})
			continue
		}
		groups[i] = append(groups[i], f)
		if f.Severity > groups[i][0].Severity {
			groups[i][0].Severity = f.Severity
		}
	}
	return groups
}

// unused are the suppressions that no report was silenced by.
func (res *Result) unused() {
	used, seen := map[*source.Allow]bool{}, map[*source.Allow]bool{}
	for _, rep := range res.Reports {
		for _, a := range rep.used {
			used[a] = true
		}
	}
	for _, rep := range res.Reports {
		for _, s := range rep.Unused {
			// Each build of a Dockerfile has read its suppressions for itself.
			if key := s.allow; !used[key] && !seen[key] {
				seen[key] = true
				res.Unused = append(res.Unused, s)
			}
		}
	}
}

// number counts the findings that only their lines tell apart, so that each has
// an identity of its own.
func (res *Result) number() {
	quotes := quoter{}
	seen := map[Identity]int{}
	for i := range res.Findings {
		f := &res.Findings[i]
		id := f.identity(res.Unit, quotes)
		f.Ordinal = seen[id]
		seen[id]++
	}
}

// An Identity is what makes a finding the same one after an edit elsewhere in
// the file: its check, its target and the text of its instruction, not the line
// and not the message.
type Identity struct {
	Check   string // its id
	Unit    string // its path
	Targets string // joined by commas
	File    string // in which it stands
	Text    string // of its lines, white space folded, or a digest of it where it is long; "" = the whole file
	Ordinal int    // of those that are equal but for it
}

// Identity is the finding's among those of a unit.
func (r Reported) Identity(u Unit) Identity {
	id := r.identity(u, quoter{})
	id.Ordinal = r.Ordinal
	return id
}

func (r Reported) identity(u Unit, q quoter) Identity {
	return Identity{Check: r.ID(), Unit: u.Path, Targets: strings.Join(r.Targets, ","), File: r.Place.File.Name, Text: q.quote(r.Place)}
}

// A quoter keeps the texts of lines, for there may be many findings on one.
type quoter map[lines]string

type lines struct {
	file        *text.File
	first, last int
}

// quote is the text of the lines of a place with its white space folded.
func (q quoter) quote(p Place) string {
	if p.Span.IsZero() {
		return ""
	}
	k := lines{p.File, p.File.Position(p.Span.Start).Line, p.File.Position(max(p.Span.Start, p.Span.End-1)).Line}
	s, ok := q[k]
	if !ok {
		s = strings.Join(strings.Fields(p.File.Text(text.Span{Start: p.File.LineSpan(k.first).Start, End: p.File.LineSpan(k.last).End})), " ")
		if len(s) > longText {
			h := fnv.New128a()
			h.Write([]byte(s))
			s = fmt.Sprintf("%x", h.Sum(nil))
		}
		q[k] = s
	}
	return s
}

// longText is how long a text is in an identity, in bytes, before a digest
// stands for it.
const longText = 4096
