package source

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// An Allow is a suppression: a comment that lets a check's finding be, with a
// reason.
//
//	# dockworthy: allow non-root/final-user-root because the kernel module needs it until 2027-01-31
//
// In a Dockerfile it stands above the instruction that it is about, or inside one
// that is continued; for something that is missing it stands at the head of the
// file. In a Compose file or a manifest it stands above the entry that it is about,
// or behind it, and covers what is in that entry; above the first key of a document
// it covers the document. In an ignore file it stands above a pattern; at the head
// it covers the file.
type Allow struct {
	IDs     []string // check ids or rule names
	Reason  string
	Until   time.Time // zero = for ever
	Place   text.Span
	File    *text.File
	Problem string // why it silences nothing, or ""

	head  bool      // it covers what is missing in the file
	scope text.Span // what it is about
}

var (
	allowComment = regexp.MustCompile(`^dockworthy:\s*allow\b(.*)$`)
	allowParts   = regexp.MustCompile(`^\s+([a-z0-9/,\s-]+?)(?:\s+because\s+(.*?))?(?:\s+until\s+(\S+))?\s*$`)
)

// parseAllow reads the words of a comment; nil where it is no suppression.
func parseAllow(f *text.File, comment string, at text.Span) *Allow {
	m := allowComment.FindStringSubmatch(comment)
	if m == nil {
		return nil
	}
	a := &Allow{Place: at, File: f}
	parts := allowParts.FindStringSubmatch(m[1])
	if parts == nil {
		a.Problem = "this suppression is not of the form `allow CHECK because REASON [until YYYY-MM-DD]`"
		return a
	}
	a.IDs = strings.FieldsFunc(parts[1], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	a.Reason = parts[2]
	if a.Reason == "" {
		a.Problem = "this suppression gives no reason: add `because …`"
		return a
	}
	if parts[3] != "" {
		until, err := time.Parse(time.DateOnly, parts[3])
		if err != nil {
			a.Problem = "the date of this suppression is not of the form YYYY-MM-DD"
			return a
		}
		a.Until = until
	}
	return a
}

// allowsOf reads the suppressions of a Dockerfile.
func allowsOf(f *dockerfile.File) []*Allow {
	var list []*Allow
	n := 0
	for _, c := range f.Comments {
		a := parseAllow(f.File, c.Text, c.Span)
		if a == nil {
			continue
		}
		list = append(list, a)
		for n < len(f.Instructions) && f.Instructions[n].Span.End < c.Span.Start {
			n++
		}
		if n < len(f.Instructions) {
			a.scope = f.Instructions[n].Span
		}
		a.head = n == 0
	}
	return list
}

// allowsIn reads the suppressions of a file that several units share: a Compose
// file, a manifest, an ignore file.
func allowsIn(f *text.File) []*Allow {
	if f == nil || !bytes.Contains(f.Data, []byte("dockworthy:")) {
		return nil
	}
	ignore := strings.HasSuffix(f.Name, "ignore")
	var list []*Allow
	lines := blocks{file: f}
	for n := 1; n <= f.Lines(); n++ {
		at := f.LineSpan(n)
		line := f.Text(at)
		i := strings.IndexByte(line, '#')
		if ignore && strings.TrimSpace(line[:max(i, 0)]) != "" {
			continue // a pattern: nothing behind it is a comment
		}
		for i >= 0 && !strings.HasPrefix(strings.TrimLeft(line[i:], "# \t"), "dockworthy:") {
			next := strings.IndexByte(line[i+1:], '#')
			if next < 0 {
				i = -1
				break
			}
			i += 1 + next
		}
		if i < 0 {
			continue
		}
		a := parseAllow(f, strings.TrimSpace(strings.TrimLeft(line[i:], "#")), text.Span{Start: at.Start + i, End: at.End})
		if a == nil {
			continue
		}
		list = append(list, a)
		behind := strings.TrimSpace(line[:i]) != ""
		switch {
		case ignore:
			a.scope, a.head = lines.next(n), lines.first(n)
			if a.head {
				a.scope = text.Span{End: len(f.Data)}
			}
		case behind:
			a.scope = lines.entry(n)
		case lines.first(n):
			a.scope, a.head = lines.document(n), true
		default:
			a.scope = lines.entry(lines.after(n))
		}
	}
	return list
}

// blocks finds what lines of a YAML or an ignore file belong together, by how they
// are indented.
type blocks struct{ file *text.File }

func (b blocks) line(n int) string { return b.file.Text(b.file.LineSpan(n)) }

// says tells whether a line holds more than white space and a comment.
func (b blocks) says(n int) bool {
	line := strings.TrimSpace(b.line(n))
	return line != "" && line[0] != '#'
}

// after is the next line from n on that says something; beyond the last one where
// none does.
func (b blocks) after(n int) int {
	for n <= b.file.Lines() && !b.says(n) {
		n++
	}
	return n
}

// next is the span of that line.
func (b blocks) next(n int) text.Span {
	if n = b.after(n); n <= b.file.Lines() {
		return b.file.LineSpan(n)
	}
	return text.Span{}
}

// first tells whether nothing of the document stands above a line.
func (b blocks) first(n int) bool {
	for n--; n > 0; n-- {
		if line := strings.TrimSpace(b.line(n)); strings.HasPrefix(line, "---") {
			return true
		} else if b.says(n) && !strings.HasPrefix(line, "%") {
			return false
		}
	}
	return true
}

// document is the YAML document around a line.
func (b blocks) document(n int) text.Span {
	end := n
	for end < b.file.Lines() && !strings.HasPrefix(b.line(end+1), "---") {
		end++
	}
	return text.Span{Start: b.file.LineSpan(n).Start, End: b.file.LineSpan(end).End}
}

// entry is the key or item that begins on a line, with all that is indented below
// it.
func (b blocks) entry(n int) text.Span {
	if n > b.file.Lines() {
		return text.Span{}
	}
	indent := len(b.file.Indent(n))
	item := strings.HasPrefix(strings.TrimSpace(b.line(n)), "- ")
	end := n
	for m := n + 1; m <= b.file.Lines(); m++ {
		line := b.line(m)
		if !b.says(m) {
			continue
		}
		// The items of a list may stand as far out as the key that it belongs to.
		if in := len(b.file.Indent(m)); in < indent || in == indent && (item || !strings.HasPrefix(strings.TrimSpace(line), "- ")) || strings.HasPrefix(line, "---") {
			break
		}
		end = m
	}
	return text.Span{Start: b.file.LineSpan(n).Start, End: b.file.LineSpan(end).End}
}

// Allows are the suppressions that may be meant for the build: those of its own
// file, and of the Compose files, the manifests and the ignore file that it is built
// and deployed by.
func (b *Build) Allows() []*Allow { return b.allows }

// shared adds the suppressions of the files that the build shares with others.
func (b *Build) shared() {
	b.allows = slices.Clip(b.allows) // the other targets begin with the same
	add := func(f *text.File) {
		if f != nil {
			b.allows = append(b.allows, b.project.allows.get(f, func() []*Allow { return allowsIn(f) })...)
		}
	}
	seen := map[*text.File]bool{}
	for _, s := range b.Services {
		if !seen[s.File.File] {
			seen[s.File.File] = true
			add(s.File.File)
		}
	}
	if b.Context != nil {
		add(b.Context.File)
	}
	switch {
	case b.Compose != nil:
		add(b.Compose.File)
	case b.Kubernetes != nil:
		add(b.manifestFile)
	case len(b.project.kube) > 0:
		for _, c := range b.Workloads() {
			if f := b.project.links.fileOf[c]; !seen[f] {
				seen[f] = true
				add(f)
			}
		}
	}
}

// Allowed is the suppression that covers a finding of a check, or of any check
// of its rule, at a place; nil where there is none. missing says that the
// finding is about something that is not there.
func (b *Build) Allowed(id, rule string, file *text.File, span text.Span, missing bool) *Allow {
	if len(b.allows) == 0 {
		return nil
	}
	return b.memo.allowIndex(b).find(b.allows, id, rule, file, span, missing)
}

// An allowIndex finds the first suppression of a check in an instruction: there
// may be as many suppressions as there are findings.
type allowIndex struct {
	files map[*text.File]*allowsOfFile
}

type allowsOfFile struct {
	scopes []text.Span         // of what suppressions are about, in order
	first  map[allowedHere]int // in the build's list
	wide   []int               // those whose scopes may hold each other, in the build's list
	shared bool                // a deployment or ignore file, where what is missing has a place too
}

// allowedHere is a check or a rule in one of the scopes; -1 is the head of the
// file, for what is missing.
type allowedHere struct {
	scope int
	id    string
}

func (x *allowIndex) find(list []*Allow, id, rule string, file *text.File, span text.Span, missing bool) *Allow {
	f := x.files[file]
	if f == nil {
		return nil
	}
	first := len(list)
	if missing && (!f.shared || span.IsZero()) {
		first = min(first, f.at(-1, id), f.at(-1, rule))
	}
	if !span.IsZero() {
		n := sort.Search(len(f.scopes), func(i int) bool { return f.scopes[i].Start > span.Start }) - 1
		if n >= 0 && span.Start < f.scopes[n].End {
			first = min(first, f.at(n, id), f.at(n, rule))
		}
		for _, i := range f.wide {
			a := list[i]
			if i < first && a.scope.Start <= span.Start && span.Start < a.scope.End && (slices.Contains(a.IDs, id) || slices.Contains(a.IDs, rule)) {
				first = i
			}
		}
	}
	if first == len(list) {
		return nil
	}
	return list[first]
}

func (f *allowsOfFile) at(scope int, id string) int {
	if n, ok := f.first[allowedHere{scope, id}]; ok {
		return n
	}
	return math.MaxInt
}

func newAllowIndex(b *Build) *allowIndex {
	x := &allowIndex{files: map[*text.File]*allowsOfFile{}}
	for n, a := range b.allows {
		if a.Problem != "" || b.Expired(a) {
			continue
		}
		f := x.files[a.File]
		if f == nil {
			f = &allowsOfFile{first: map[allowedHere]int{}, shared: b.File == nil || a.File != b.File.File}
			x.files[a.File] = f
		}
		note := func(scope int) {
			for _, id := range a.IDs {
				key := allowedHere{scope, id}
				if _, ok := f.first[key]; !ok {
					f.first[key] = n
				}
			}
		}
		if a.head {
			note(-1)
		}
		switch {
		case a.scope.Len() == 0:
		case f.shared:
			// Entries hold each other, and there are few suppressions of them.
			if len(f.wide) < maxShared {
				f.wide = append(f.wide, n)
			}
		default:
			if len(f.scopes) == 0 || f.scopes[len(f.scopes)-1] != a.scope {
				f.scopes = append(f.scopes, a.scope)
			}
			note(len(f.scopes) - 1)
		}
	}
	return x
}

// maxShared is how many suppressions of a Compose file, a manifest or an ignore file
// are heard: each finding is held against all of them.
const maxShared = 500

// Expired tells whether a suppression's date is past.
func (b *Build) Expired(a *Allow) bool {
	return !a.Until.IsZero() && b.AsOf.After(a.Until)
}

// AllowsIn are the suppressions of a file that is no unit of its own: a workflow, a
// Bake file.
func AllowsIn(f *text.File) []*Allow { return allowsIn(f) }

// Covers tells whether the suppression is of a check, or of a rule, at a place of its
// file on a day; the zero time is no day.
func (a *Allow) Covers(id string, at text.Span, day time.Time) bool {
	return a.Problem == "" && slices.Contains(a.IDs, id) && a.scope.Start <= at.Start && at.Start < a.scope.End && (a.Until.IsZero() || !day.After(a.Until))
}
