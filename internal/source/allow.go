package source

import (
	"math"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// An Allow is a suppression in a Dockerfile: a comment that lets a check's
// finding be, with a reason.
//
//	# dockworthy: allow non-root/final-user-root because the kernel module needs it until 2027-01-31
//
// It stands above the instruction that it is about, or inside one that is
// continued; for something that is missing it stands at the head of the file.
type Allow struct {
	IDs     []string // check ids or rule names
	Reason  string
	Until   time.Time // zero = for ever
	Place   text.Span
	File    *text.File
	Problem string // why it silences nothing, or ""

	head  bool      // above the first instruction
	scope text.Span // the instruction that it is about
}

var (
	allowComment = regexp.MustCompile(`^dockworthy:\s*allow\b(.*)$`)
	allowParts   = regexp.MustCompile(`^\s+([a-z0-9/,\s-]+?)(?:\s+because\s+(.*?))?(?:\s+until\s+(\S+))?\s*$`)
)

// allowsOf reads the suppressions of a file.
func allowsOf(f *dockerfile.File) []*Allow {
	var list []*Allow
	n := 0
	for _, c := range f.Comments {
		m := allowComment.FindStringSubmatch(c.Text)
		if m == nil {
			continue
		}
		a := &Allow{Place: c.Span, File: f.File}
		list = append(list, a)
		for n < len(f.Instructions) && f.Instructions[n].Span.End < c.Span.Start {
			n++
		}
		if n < len(f.Instructions) {
			a.scope = f.Instructions[n].Span
		}
		a.head = n == 0
		parts := allowParts.FindStringSubmatch(m[1])
		if parts == nil {
			a.Problem = "it is not of the form `allow CHECK because REASON [until YYYY-MM-DD]`"
			continue
		}
		a.IDs = strings.FieldsFunc(parts[1], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		a.Reason = parts[2]
		if a.Reason == "" {
			a.Problem = "it gives no reason: write `because …`"
			continue
		}
		if parts[3] != "" {
			until, err := time.Parse(time.DateOnly, parts[3])
			if err != nil {
				a.Problem = "its date is not of the form YYYY-MM-DD"
				continue
			}
			a.Until = until
		}
	}
	return list
}

// Allows are the suppressions of the unit's file.
func (b *Build) Allows() []*Allow { return b.allows }

// Allowed is the suppression that covers a finding of a check, or of any check
// of its rule, at a place; nil where there is none. missing says that the
// finding is about something that is not there.
func (b *Build) Allowed(id, rule string, file *text.File, span text.Span, missing bool) *Allow {
	if len(b.allows) == 0 {
		return nil
	}
	x := b.memo.allowIndex(b)
	first := len(b.allows)
	if missing {
		first = min(first, x.at(-1, id), x.at(-1, rule))
	}
	if file == b.File.File && !span.IsZero() {
		n := sort.Search(len(x.scopes), func(i int) bool { return x.scopes[i].Start > span.Start }) - 1
		if n >= 0 && span.Start < x.scopes[n].End {
			first = min(first, x.at(n, id), x.at(n, rule))
		}
	}
	if first == len(b.allows) {
		return nil
	}
	return b.allows[first]
}

// An allowIndex finds the first suppression of a check in an instruction: there
// may be as many suppressions as there are findings.
type allowIndex struct {
	scopes []text.Span         // of instructions with a suppression, in order
	first  map[allowedHere]int // in the build's list
}

// allowedHere is a check or a rule in one of the scopes; -1 is the head of the
// file, for what is missing.
type allowedHere struct {
	scope int
	id    string
}

func (x *allowIndex) at(scope int, id string) int {
	if n, ok := x.first[allowedHere{scope, id}]; ok {
		return n
	}
	return math.MaxInt
}

func newAllowIndex(b *Build) *allowIndex {
	x := &allowIndex{first: map[allowedHere]int{}}
	note := func(scope, n int, ids []string) {
		for _, id := range ids {
			key := allowedHere{scope, id}
			if _, ok := x.first[key]; !ok {
				x.first[key] = n
			}
		}
	}
	for n, a := range b.allows {
		if a.Problem != "" || b.Expired(a) {
			continue
		}
		if a.head {
			note(-1, n, a.IDs)
		}
		if a.scope.Len() == 0 {
			continue
		}
		if len(x.scopes) == 0 || x.scopes[len(x.scopes)-1] != a.scope {
			x.scopes = append(x.scopes, a.scope)
		}
		note(len(x.scopes)-1, n, a.IDs)
	}
	return x
}

// Expired tells whether a suppression's date is past.
func (b *Build) Expired(a *Allow) bool {
	return !a.Until.IsZero() && b.AsOf.After(a.Until)
}
