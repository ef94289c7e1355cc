package source

import (
	"regexp"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/source/dockerfile"
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
	for _, a := range b.allows {
		if a.Problem != "" || a.File != file && !(a.head && missing) {
			continue
		}
		if !a.Until.IsZero() && b.AsOf.After(a.Until) {
			continue
		}
		if !(a.head && missing) && !(a.File == file && !span.IsZero() && a.scope.Start <= span.Start && span.Start < a.scope.End) {
			continue
		}
		for _, want := range a.IDs {
			if want == id || want == rule {
				return a
			}
		}
	}
	return nil
}

// Expired tells whether a suppression's date is past.
func (b *Build) Expired(a *Allow) bool {
	return !a.Until.IsZero() && b.AsOf.After(a.Until)
}
