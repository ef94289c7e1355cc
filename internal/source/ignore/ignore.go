// Package ignore reads .dockerignore files and answers as the builder does:
// the same reading of lines and the same matching as moby/patternmatcher,
// which BuildKit uses, but with the pattern that decided and its place.
package ignore

import (
	"bufio"
	"bytes"
	"fmt"
	"path"
	"strings"
	"sync/atomic"

	"github.com/moby/patternmatcher"

	"github.com/dockworthy/dockworthy/text"
)

// A List is the patterns of one .dockerignore file, in order; the last one
// that matches decides. A nil List is a missing file: it excludes nothing.
type List struct {
	File     *text.File
	patterns []*Pattern
	err      error

	expressions int

	tries  atomic.Int64 // steps that may still be taken
	asked  atomic.Int64 // steps that were taken, and one for each time that somebody asked
	beyond atomic.Pointer[string]
}

// How many patterns are tried in all, so that looking at a context costs no more
// than its files and its patterns are worth. Steps are tries of a short pattern;
// each user of the list may take some of its own.
const (
	freeTries    = 2 << 20
	triesPerByte = 8
	triesOfUser  = 20_000
	// Each takes a few kilobytes; files as people write them have a dozen.
	maxExpressions = 10_000
	maxPattern     = 4096 // bytes of a pattern that is no plain text: as long as a path is
)

// Used tells that one more build goes by the list.
func (l *List) Used() {
	if l != nil {
		l.tries.Add(triesOfUser)
	}
}

// Steps is how many steps its answers took.
func (l *List) Steps() int {
	if l == nil {
		return 0
	}
	return int(l.asked.Load())
}

// Beyond says why some answers are missing: paths count as sent that the list
// may exclude. "" = none is.
func (l *List) Beyond() string {
	if l == nil {
		return ""
	}
	if s := l.beyond.Load(); s != nil {
		return l.File.Name + ": " + *s
	}
	return ""
}

// spend tells whether n more steps may be taken.
func (l *List) spend(n int) bool {
	l.asked.Add(1)
	if l.tries.Add(-int64(n)) >= 0 {
		l.asked.Add(int64(n))
		return true
	}
	l.stop("matching its patterns on the paths of the build context is beyond the limit for a file of its size")
	return false
}

func (l *List) stop(reason string) { l.beyond.CompareAndSwap(nil, &reason) }

// A Pattern is one line that is neither blank nor a comment.
type Pattern struct {
	Text    string    // as the matcher sees it: cleaned, no leading slash, no "!"
	Raw     string    // as written, without the spaces around it
	Negated bool      // an exception: begins with "!"
	Span    text.Span // of Raw

	matcher
}

// A Decision is whether the context leaves a path out, and why.
type Decision struct {
	Excluded bool
	By       *Pattern // the last pattern that matches; nil where none does
}

// Parse reads a .dockerignore file. A nil file gives a nil List. Patterns that
// no builder accepts are left out and reported by Err.
func Parse(file *text.File) *List {
	if file == nil {
		return nil
	}
	l := &List{File: file}
	l.tries.Store(freeTries + triesPerByte*int64(len(file.Data)))
	n := 0
	for line := range bytes.Lines(file.Data) {
		start := n
		n += len(line)
		if len(line) >= bufio.MaxScanTokenSize {
			l.fail(start, bufio.ErrTooLong)
			break // the builder reads no further either
		}
		if start == 0 {
			trimmed := bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			start = len(line) - len(trimmed)
			line = trimmed
		}
		if bytes.HasPrefix(line, []byte{'#'}) {
			continue
		}
		raw := strings.TrimSpace(string(line))
		if raw == "" {
			continue
		}
		start += bytes.Index(line, []byte(raw))
		l.add(raw, text.Span{Start: start, End: start + len(raw)})
	}
	return l
}

// add reads a pattern in the two steps of the builder: ignorefile.ReadAll
// makes it relative, and patternmatcher.New cleans and checks it. The second
// is the library's own, so that errors are its errors.
func (l *List) add(raw string, span text.Span) {
	pattern, negated := strings.CutPrefix(raw, "!")
	pattern = strings.TrimSpace(pattern)
	if pattern != "" {
		pattern = path.Clean(pattern)
		if len(pattern) > 1 && pattern[0] == '/' {
			pattern = pattern[1:]
		}
	}
	if negated {
		pattern = "!" + pattern
	}
	pm, err := patternmatcher.New([]string{pattern})
	if err != nil {
		l.fail(span.Start, fmt.Errorf("pattern %q: %w", raw, err))
		return
	}
	for _, one := range pm.Patterns() {
		if l.expressions > maxExpressions {
			l.stop(fmt.Sprintf("it has more than %d patterns that need a regular expression", maxExpressions))
			return
		}
		if text := one.String(); len(text) > maxPattern && strings.ContainsAny(text, "*?[]\\") {
			l.stop(fmt.Sprintf("one of its patterns is longer than %d bytes", maxPattern))
			return
		}
		p := &Pattern{Text: one.String(), Raw: raw, Negated: one.Exclusion(), Span: span}
		p.matcher, err = compile(p.Text)
		if err != nil {
			l.fail(span.Start, fmt.Errorf("pattern %q: %w", raw, err))
			return
		}
		if p.re != nil {
			l.expressions++
		}
		l.patterns = append(l.patterns, p)
	}
}

func (l *List) fail(offset int, err error) {
	if l.err == nil {
		l.err = fmt.Errorf("read %s: line %d: %w", l.File.Name, l.File.Position(offset).Line, err)
	}
}

// Patterns are the patterns in order.
func (l *List) Patterns() []*Pattern {
	if l == nil {
		return nil
	}
	return l.patterns
}

// Empty tells whether there is nothing to go by: no file, or one that holds
// only comments and blank lines.
func (l *List) Empty() bool { return l == nil || len(l.patterns) == 0 && l.err == nil }

// Err is the first pattern that the builder refuses; the build then fails.
func (l *List) Err() error {
	if l == nil {
		return nil
	}
	return l.err
}

// Match tells whether the context leaves a path out. The path is relative to
// the context's root, with slashes. A pattern also matches everything under
// what it matches. isDir makes no difference to the builder's rules, in which
// a trailing slash means nothing; it is here so that a walk can say what it
// has, and the rule be kept in one place.
func (l *List) Match(name string, isDir bool) Decision {
	if l == nil || len(l.patterns) == 0 {
		return Decision{}
	}
	name = relative(name)
	if name == "." {
		return Decision{} // the root itself cannot be left out
	}
	// The last match decides, so the search begins at the end.
	for n, steps := len(l.patterns)-1, 0; n >= 0; n-- {
		p := l.patterns[n]
		// Counted in lots: the count is shared.
		if steps += p.cost(name); steps > 256 || n == 0 {
			if !l.spend(steps) {
				return Decision{}
			}
			steps = 0
		}
		if p.match(name) {
			return Decision{Excluded: !p.Negated, By: p}
		}
	}
	return Decision{}
}

// cost is how many steps it takes to try a pattern on a path.
func (p *Pattern) cost(name string) int {
	switch p.kind {
	case kindRegexp:
		return 16 + (1+strings.Count(name, "/"))*len(p.Text)*len(name)/8
	case kindGlob, kindParts:
		return 2 + len(p.Text)*len(name)/256
	}
	return 1
}

// Match tells whether this pattern by itself matches a path or a folder
// above it, whatever comes after it in the file.
func (p *Pattern) Match(name string) bool {
	name = relative(name)
	return name != "." && p.match(name)
}

func relative(name string) string {
	if name = path.Clean(name); len(name) > 1 && name[0] == '/' {
		name = name[1:]
	}
	return name
}

// MayReinclude tells whether an exception could bring back something under an
// excluded folder, so that a walk has to enter it. It may say yes for nothing,
// never no for something.
func (l *List) MayReinclude(dir string) bool {
	if l == nil {
		return false
	}
	dir = relative(dir)
	for n := len(l.patterns) - 1; n >= 0; n-- {
		p := l.patterns[n]
		if !l.spend(2 * p.cost(dir)) {
			return true
		}
		switch {
		case p.Negated && reaches(p.Text, dir):
			return true
		case dir != "." && p.match(dir):
			return false // what comes before is overruled for all of the folder
		}
	}
	return false
}

// reaches tells whether a pattern could match something under dir.
func reaches(pattern, dir string) bool {
	if dir == "." {
		return true
	}
	parts := strings.Split(pattern, "/")
	for _, name := range strings.Split(dir, "/") {
		if len(parts) == 0 {
			return true // it matches a folder above, and so all of this one
		}
		part := parts[0]
		if strings.Contains(part, "**") || strings.ContainsAny(part, `[\`) {
			return true
		}
		if part != name {
			if ok, err := path.Match(part, name); err == nil && !ok {
				return false
			}
		}
		parts = parts[1:]
	}
	return true
}

// AllowList tells whether the file begins with everything excluded and then
// lets things in: *, **, **/* or the like before any exception.
func (l *List) AllowList() bool {
	if l == nil {
		return false
	}
	for _, p := range l.patterns {
		if p.Negated {
			return false
		}
		if p.everything() {
			return true
		}
	}
	return false
}
