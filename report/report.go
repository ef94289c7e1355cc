// Package report turns results into bytes: text for people, JSON for programs,
// SARIF for code hosts, and for proofs a page. A Writer takes results one by one, so that a long run
// shows what it has.
package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A Writer writes the results of one run.
type Writer interface {
	// Result writes one unit. The order of calls is the order of output.
	Result(*dockworthy.Result) error
	// Close writes what comes after the last result; problems are those that
	// no unit bears.
	Close(problems []source.Problem) error
}

// Names maps the paths of a project to what is printed: relative to where the
// user stands. The zero Names prints them as they are.
type Names struct {
	Root  string // the project's folder
	From  string // where the user stands
	Stdin string // the project path that stands for standard input, or ""

	// Redactor knows what nothing that is written may show; nil = it knows
	// nothing yet.
	Redactor *redact.Redactor
}

// guarded is Names with a Redactor.
func (n Names) guarded() Names {
	if n.Redactor == nil {
		n.Redactor = &redact.Redactor{}
	}
	return n
}

// Of is how a project path is printed, with slashes.
func (n Names) Of(p string) string {
	if n.Stdin != "" && p == n.Stdin {
		return "<stdin>"
	}
	for _, kind := range []string{dockworthy.ImageOf, dockworthy.RunOf} {
		// What was seen of a file's build has no file of its own.
		if rest, ok := strings.CutPrefix(p, kind); ok {
			return kind + n.Of(rest)
		}
	}
	if n.Root == n.From {
		return p
	}
	rel, err := filepath.Rel(n.From, filepath.Join(n.Root, filepath.FromSlash(p)))
	if err != nil {
		return p
	}
	return filepath.ToSlash(rel)
}

// Shown is Of without the characters that could do something to a terminal.
func (n Names) Shown(p string) string { return visible(n.Of(p)) }

// A Tally counts findings and keeps the scorecard over all results.
type Tally struct {
	Errors, Warnings, Notes int
	Units                   int
	Unparsable              int
	Rules                   map[string]check.Outcome    // by rule name, the worst over all builds
	Cards                   map[string][3]check.Outcome // the same, by level
	Levels                  [3]bool                     // at which something was looked at
	counts                  map[string]*[3]int
	undecided               map[string]*open // by check id
}

// An open question: a check that stayed undecided.
type open struct {
	id     string
	reason string
	settle check.Settle
	builds int
}

// Add counts one result.
func (t *Tally) Add(res *dockworthy.Result) {
	if t.Rules == nil {
		t.Cards = map[string][3]check.Outcome{}
		t.Rules, t.counts, t.undecided = map[string]check.Outcome{}, map[string]*[3]int{}, map[string]*open{}
	}
	t.Units++
	if res.Problem != nil {
		t.Unparsable++
		return
	}
	for _, f := range res.Findings {
		t.count(f.Rule.Name, f.Severity)
	}
	for _, rep := range res.Reports {
		for _, r := range rep.Results {
			t.Levels[r.Level] = true
			row := t.Cards[r.Rule.Name]
			row[r.Level] = max(row[r.Level], rep.Outcome(r))
			t.Cards[r.Rule.Name] = row
			t.Rules[r.Rule.Name] = max(t.Rules[r.Rule.Name], rep.Outcome(r))
			if r.Verdict.Outcome == check.Undecided {
				id := r.Rule.ID(r.Check)
				if t.undecided[id] == nil {
					t.undecided[id] = &open{id: id, reason: r.Verdict.Reason, settle: r.Verdict.Settle}
				}
				t.undecided[id].builds++
			}
		}
	}
}

func (t *Tally) count(rule string, s check.Severity) {
	if t.counts[rule] == nil {
		t.counts[rule] = &[3]int{}
	}
	switch s {
	case check.Error:
		t.Errors++
		t.counts[rule][0]++
	case check.Warning:
		t.Warnings++
		t.counts[rule][1]++
	default:
		t.Notes++
		t.counts[rule][2]++
	}
}

// unit is what was counted.
func (t *Tally) unit() string {
	if t.Levels[check.Image] && !t.Levels[check.Source] {
		return "image"
	}
	return "file"
}

// Worst is the highest severity of all findings; 0 where there is none.
func (t *Tally) Worst() check.Severity {
	switch {
	case t.Errors > 0:
		return check.Error
	case t.Warnings > 0:
		return check.Warning
	case t.Notes > 0:
		return check.Note
	}
	return 0
}

// open are the undecided checks, those of most builds first.
func (t *Tally) open() []*open {
	list := make([]*open, 0, len(t.undecided))
	for _, o := range t.undecided {
		list = append(list, o)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].builds != list[j].builds {
			return list[i].builds > list[j].builds
		}
		return list[i].id < list[j].id
	})
	return list
}

// masks are what no output of a result may show. What else is a secret in the
// files that it may quote, the redactor knows from here on.
func (n Names) masks(res *dockworthy.Result) *hiding {
	all := &hiding{Masks: &check.Masks{}, looks: &check.Masks{}, red: n.Redactor, looked: map[*text.File]bool{}}
	for _, f := range res.Findings {
		all.look(f.Place.File)
	}
	for _, rep := range res.Reports {
		if rep.Build != nil {
			for _, f := range rep.Build.Sources() {
				all.look(f)
			}
		}
		if img := rep.Evidence.Image; img != nil && img.Text != nil {
			all.look(img.Text)
		}
		all.AddAll(rep.Masks)
	}
	if all.Empty() {
		return all
	}
	seen := map[*text.File]bool{}
	spread := func(f *text.File) {
		if !seen[f] {
			seen[f] = true
			all.Spread(f)
		}
	}
	for _, f := range res.Findings {
		spread(f.Place.File)
		for _, p := range f.Related {
			spread(p.File)
		}
	}
	return all
}

// hiding is what an output of a result may not show: the values that findings
// speak of, and what else is a secret in the files that it may quote.
type hiding struct {
	*check.Masks
	looks  *check.Masks // what the redactor found
	looked map[*text.File]bool
	red    *redact.Redactor
}

// look has the redactor look through a file, once.
func (h *hiding) look(f *text.File) {
	if !h.looked[f] {
		h.looked[f] = true
		h.looks.Add(f, h.red.Spans(f)...)
	}
}

// in are the places of secrets in a part of a file, in order.
func (h *hiding) in(f *text.File, part text.Span) []text.Span {
	h.look(f)
	own, looks := h.Masks.In(f, part), h.looks.In(f, part)
	if len(looks) == 0 {
		return own
	}
	list := slices.Concat(own, looks)
	slices.SortFunc(list, func(a, b text.Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End)) })
	return list
}

// Fingerprint identifies a finding across edits elsewhere in the file: it is
// made of the check, the target and the text of the instruction, not of its
// line.
func Fingerprint(f dockworthy.Finding, unit string) string {
	return fingerprints{}.of(f, unit)
}

// fingerprints are the texts that were made for fingerprints, for those of many
// findings on the same long lines.
type fingerprints map[lines]string

type lines struct {
	file        *text.File
	first, last int
}

func (fp fingerprints) of(f dockworthy.Finding, unit string) string {
	h := sha256.New()
	parts := []string{f.ID(), unit, strings.Join(f.Targets, ","), f.Place.File.Name, fp.normalised(f.Place)}
	h.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// normalised is the text of the lines of a place with its white space folded; a
// long text by its digest.
func (fp fingerprints) normalised(p check.Place) string {
	if p.Span.IsZero() {
		return ""
	}
	first := p.File.Position(p.Span.Start).Line
	last := p.File.Position(max(p.Span.Start, p.Span.End-1)).Line
	at := text.Span{Start: p.File.LineSpan(first).Start, End: p.File.LineSpan(last).End}
	if at.Len() <= longLine {
		return strings.Join(strings.Fields(p.File.Text(at)), " ")
	}
	key := lines{p.File, first, last}
	sum, ok := fp[key]
	if !ok {
		digest := sha256.Sum256([]byte(strings.Join(strings.Fields(p.File.Text(at)), " ")))
		sum = hex.EncodeToString(digest[:])
		fp[key] = sum
	}
	return sum
}

// problemText is a problem in one line.
func problemText(p source.Problem) string {
	msg := p.Err.Error()
	// Errors of the file system name the path again.
	if i := strings.LastIndex(msg, p.Path+": "); i >= 0 {
		msg = msg[i+len(p.Path)+2:]
	}
	return msg
}
