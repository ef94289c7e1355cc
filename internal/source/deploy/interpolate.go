package deploy

import (
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// value is a scalar with its place; the zero Value for anything else.
func (s *source) value(n *yaml.Node) Value {
	n = deref(n)
	if isNull(n) || n.Kind != yaml.ScalarNode {
		return Value{}
	}
	return s.valueOf(n.Value, s.span(n))
}

// valueOf interpolates a text that stands at a place.
func (s *source) valueOf(raw string, at text.Span) Value {
	v := Value{Text: raw, Raw: raw, Span: at, Set: true}
	if !s.budget.spend(stepsOfValue, manyEntries) {
		return Value{}
	}
	if !s.plain && strings.IndexByte(raw, '$') >= 0 {
		in := interpolation{env: s.env, budget: s.budget}
		v.Text, v.Vars, v.Unresolved, _ = in.value(raw)
	}
	return v
}

// An interpolation replaces variables as the Compose specification says: $X,
// ${X}, ${X:-default}, ${X-default}, ${X:?error}, ${X?error}, ${X:+other},
// ${X+other} and $$ for a dollar. A variable without a value stays as written
// and its name is returned, because whoever runs Compose may set it; Compose
// itself puts nothing there, or stops at a "?". Compose's own template package
// gives the same text where all is set (a test holds both together), but it
// does not say which names are missing, and it warns on standard error.
type interpolation struct {
	env    map[string]string
	lost   map[string]bool // names whose values went beyond the limits
	budget *budget
}

// value is the text of a whole value. One that grows beyond the limits stays as
// it is written, unresolved, and is not ok.
func (in interpolation) value(raw string) (out string, missing []string, unresolved, ok bool) {
	out, missing, unresolved, ok = in.text(raw, 0)
	switch { // where it is not ok, the budget knows why
	case ok && len(out) > max(maxValue, len(raw)):
		in.budget.stop(longValue)
	case ok && in.budget.spend(len(out)/bytesOfStep, longText):
		return out, missing, unresolved, true
	}
	return raw, nil, true, false
}

// text is a text with its variables replaced; ok is false where it went beyond
// the limits.
func (in interpolation) text(raw string, depth int) (out string, missing []string, unresolved, ok bool) {
	limit := max(maxValue, len(raw))
	var b strings.Builder
	fits := func(more string) bool { // asked first, for writing it is what costs
		if b.Len()+len(more) > limit {
			in.budget.stop(longValue)
			return false
		}
		return true
	}
	for at := 0; at < len(raw); {
		next := strings.IndexByte(raw[at:], '$')
		if next < 0 || at+next+1 == len(raw) {
			b.WriteString(raw[at:])
			break
		}
		b.WriteString(raw[at : at+next])
		at += next
		rest := raw[at+1:]
		if rest[0] == '$' {
			b.WriteByte('$')
			at += 2
			continue
		}
		if n := nameLen(rest); n > 0 {
			if in.lost[rest[:n]] {
				return "", nil, true, false
			}
			if value, ok := in.env[rest[:n]]; ok {
				if !fits(value) {
					return "", nil, true, false
				}
				b.WriteString(value)
			} else {
				b.WriteString(raw[at : at+1+n])
				missing, unresolved = append(missing, rest[:n]), true
			}
			at += 1 + n
			continue
		}
		if rest[0] != '{' {
			b.WriteByte('$')
			at++
			continue
		}
		end := closing(rest)
		if end < 0 { // Compose refuses the file; here it is only not understood
			b.WriteString(raw[at:])
			return b.String(), missing, true, true
		}
		if depth > maxNest {
			in.budget.stop(deepValue)
			return "", nil, true, false
		}
		text, names, open, ok := in.braced(rest[1:end], depth)
		if !ok {
			return "", nil, true, false
		}
		if open && text == "" {
			text = raw[at : at+1+end+1]
		}
		if !fits(text) {
			return "", nil, true, false
		}
		b.WriteString(text)
		missing = append(missing, names...)
		unresolved = unresolved || open
		at += 1 + end + 1
	}
	return b.String(), missing, unresolved, true
}

// braced is the value of what stands between braces. An unresolved one is ""
// when it is the variable itself that is missing.
func (in interpolation) braced(inner string, depth int) (text string, missing []string, unresolved, ok bool) {
	n := nameLen(inner)
	if n == 0 {
		return "", nil, true, true
	}
	name, rest := inner[:n], inner[n:]
	if in.lost[name] {
		return "", nil, true, false
	}
	value, ok := in.env[name]
	if rest == "" {
		if !ok {
			return "", []string{name}, true, true
		}
		return value, nil, false, true
	}
	orEmpty := rest[0] == ':'
	rest = strings.TrimPrefix(rest, ":")
	if rest == "" {
		return "", nil, true, true
	}
	given := ok && !(orEmpty && value == "")
	switch rest[0] {
	case '-':
		if given {
			return value, nil, false, true
		}
		return in.text(rest[1:], depth+1)
	case '+':
		if given {
			return in.text(rest[1:], depth+1)
		}
		return value, nil, false, true
	case '?':
		if given {
			return value, nil, false, true
		}
		return "", []string{name}, true, true
	}
	return "", nil, true, true
}

// nameLen is the length of the variable name that s begins with.
func nameLen(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}

// closing is the index of the brace that closes the one s begins with. Braces
// nest whether or not a dollar stands before them, as in Compose.
func closing(s string) int {
	open := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}
