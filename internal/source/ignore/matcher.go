package ignore

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// A matcher matches one pattern against a path and the folders above it. The
// kinds are shortcuts for patterns that people write; everything else goes
// through the same regular expression that moby/patternmatcher makes.
type matcher struct {
	kind  kind
	text  string         // literal, head or tail, by kind
	parts []string       // of kindParts: a glob for each component
	re    *regexp.Regexp // of kindRegexp
}

type kind int

const (
	kindNothing kind = iota
	kindAll          // "**", "*", "**/*"
	kindExact        // "src/main.go"
	kindHead         // "src/**": begins with the text
	kindTail         // "**.pyc": a component ends with the text
	kindName         // "**/node_modules", "**/a/b": whole components
	kindGlob         // "**/*.pyc": one component matches the glob
	kindParts        // "*.md", "docs/*/draft-*": the first components match
	kindRegexp
)

// everything tells whether the matcher is known to match any path.
func (m *matcher) everything() bool { return m.kind == kindAll }

func (m *matcher) match(name string) bool {
	switch m.kind {
	case kindAll:
		return true
	case kindExact:
		return isOrUnder(name, m.text)
	case kindHead:
		return strings.HasPrefix(name, m.text)
	case kindTail:
		return strings.HasSuffix(name, m.text) || strings.Contains(name, m.text+"/")
	case kindName:
		return isOrUnder(name, m.text) || hasComponents(name, m.text)
	}
	if m.kind == kindGlob {
		if strings.IndexByte(name, '\n') >= 0 {
			// A dot in a regular expression is not a line break, so that a path
			// with one needs the expression itself.
			re, err := expression("**/" + m.text)
			return err == nil && (&matcher{re: re}).slow(name)
		}
		for rest, more := name, true; more; {
			var part string
			part, rest, more = strings.Cut(rest, "/")
			if star(m.text, part) {
				return true
			}
		}
		return false
	}
	if m.kind == kindParts {
		rest := name
		for n, glob := range m.parts {
			part, after, more := strings.Cut(rest, "/")
			if !star(glob, part) || !more && n < len(m.parts)-1 {
				return false
			}
			rest = after
		}
		return true
	}
	return m.re != nil && m.slow(name)
}

// slow tries the expression on the path and then on each folder above it.
func (m *matcher) slow(name string) bool {
	if !strings.HasPrefix(name, m.text) {
		return false
	}
	if m.re.MatchString(name) {
		return true
	}
	for at := 0; at < len(name); at++ {
		if name[at] == '/' && m.re.MatchString(name[:at]) {
			return true
		}
	}
	return false
}

// isOrUnder tells whether name is dir or lies under it.
func isOrUnder(name, dir string) bool {
	return strings.HasPrefix(name, dir) && (len(name) == len(dir) || name[len(dir)] == '/')
}

// hasComponents tells whether the components of text, in a row, are in name
// after its first.
func hasComponents(name, text string) bool {
	for from := 0; ; {
		at := strings.Index(name[from:], text)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(text)
		if at > 0 && name[at-1] == '/' && (end == len(name) || name[end] == '/') {
			return true
		}
		from = at + 1
	}
}

// star matches a component against a glob in which only the star is special.
func star(glob, s string) bool {
	head, rest, found := strings.Cut(glob, "*")
	if !found {
		return glob == s
	}
	s, ok := strings.CutPrefix(s, head)
	if !ok {
		return false
	}
	for {
		part, more, found := strings.Cut(rest, "*")
		if !found {
			return strings.HasSuffix(s, part)
		}
		at := strings.Index(s, part)
		if at < 0 {
			return false
		}
		s, rest = s[at+len(part):], more
	}
}

// compile makes the matcher of a cleaned pattern. The order of the cases is
// that of patternmatcher's own four types.
func compile(pattern string) (matcher, error) {
	special := strings.IndexAny(pattern, `*?[]\`)
	if special < 0 {
		return matcher{kind: kindExact, text: pattern}, nil
	}
	// A literal is compared byte by byte; what goes through an expression must
	// also mean the same there.
	literal := func(s string) bool { return !strings.ContainsAny(s, `*?[]\`) }
	plain := func(s string) bool { return !strings.ContainsAny(s, "^|{}\ufeff") && utf8.ValidString(s) }
	stars := func(s string) bool {
		return plain(s) && !strings.Contains(s, "**") && !strings.ContainsAny(s, `?[]\`)
	}
	if pattern == "**" || pattern == "*" {
		return matcher{kind: kindAll}, nil
	}
	if head, ok := strings.CutSuffix(pattern, "**"); ok && literal(head) {
		return matcher{kind: kindHead, text: head}, nil
	}
	if tail, ok := strings.CutPrefix(pattern, "**"); ok && literal(tail) {
		if name, ok := strings.CutPrefix(tail, "/"); ok {
			return matcher{kind: kindName, text: name}, nil
		}
		return matcher{kind: kindTail, text: tail}, nil
	}
	if stars(pattern) {
		return matcher{kind: kindParts, parts: strings.Split(pattern, "/")}, nil
	}
	if name, ok := strings.CutPrefix(pattern, "**/"); ok && stars(name) && !strings.Contains(name, "/") {
		if name == "*" {
			return matcher{kind: kindAll}, nil
		}
		return matcher{kind: kindGlob, text: name}, nil
	}
	re, err := expression(pattern)
	if err != nil {
		return matcher{}, err
	}
	m := matcher{kind: kindRegexp, re: re}
	if plain(pattern[:special]) && !strings.Contains(pattern, "|") {
		m.text = pattern[:special]
	}
	return m, nil
}

// expression is the regular expression that patternmatcher would use. Its
// oddities are kept on purpose: "^", "|", "{" and "}" are not escaped (its table
// of what to escape is too narrow for the last three), a byte order mark at the
// beginning is dropped, and bytes that are not UTF-8 become U+FFFD.
func expression(pattern string) (*regexp.Regexp, error) {
	runes := []rune(strings.TrimPrefix(pattern, "\ufeff"))
	var b strings.Builder
	b.WriteByte('^')
	last := false // "(.*/)?" stands last
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		folders := false
		next := func() rune {
			if i+1 < len(runes) {
				return runes[i+1]
			}
			return -1
		}
		switch {
		case r == '*' && next() == '*':
			i++
			if next() == '/' {
				i++
			}
			if next() < 0 {
				b.WriteString(".*")
			} else {
				if !last { // twice is no more than once
					b.WriteString("(.*/)?")
				}
				folders = true
			}
		case r == '*':
			b.WriteString("[^/]*")
		case r == '?':
			b.WriteString("[^/]")
		case strings.ContainsRune(`.+()$`, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\\':
			b.WriteByte('\\')
			if next() >= 0 {
				i++
				b.WriteRune(runes[i])
			}
		default:
			b.WriteRune(r)
		}
		last = folders
	}
	b.WriteByte('$')
	return regexp.Compile(b.String())
}
