package pin

import (
	"strings"

	"github.com/dockworthy/dockworthy/text"
)

// A word is a text with variables in it, as it stands in a file.
type word struct {
	raw  string // as its language has it, quotes around it included
	file *text.File
	end  int // behind its last byte, quotes included
}

// A variable is what a name stands for.
type variable struct {
	value string
	set   bool
	by    *word  // where the value is written; nil = not in a file that is edited
	from  string // where it comes from, where by is nil
}

// A trail is the variables that lead from a reference to what carries its end.
type trail []string

// carry finds the bytes that are the end of a word's value. why says that there are
// none, or that no edit of theirs would do.
func carry(w word, need string, lookup func(string) (variable, bool)) (c *Carrier, names trail, why string) {
	for range maxTrail {
		raw, end := w.raw, w.end
		if n := len(raw); n > 0 && (raw[n-1] == '"' || raw[n-1] == '\'') {
			raw, end = raw[:n-1], end-1
		}
		if strings.HasSuffix(raw, need) && !inName(raw[:len(raw)-len(need)]) {
			if !endsWith(w.file, end, need) {
				return nil, names, "it is spelled in a way that is not edited: over several lines, or with escapes"
			}
			c = &Carrier{File: w.file, End: end, Tail: need}
			if len(names) > 0 {
				c.Name = names[len(names)-1]
			}
			return c, names, ""
		}
		name, inner, ok := lastVariable(raw)
		if !ok {
			return nil, names, severalParts
		}
		v, known := lookup(name)
		switch {
		case known && v.set && (v.value != "" || inner < 0):
			if !strings.HasSuffix(v.value, need) {
				return nil, names, severalParts
			}
			names = append(names, name)
			if v.by == nil {
				return nil, names, "its tag is the value of " + name + ", which comes from " + v.from
			}
			w = *v.by
		case inner >= 0:
			// The default, up to the brace behind it.
			w = word{raw[inner : len(raw)-1], w.file, end - 1}
		default:
			return nil, names, "$" + name + " has no value in the project"
		}
	}
	return nil, names, "its value goes through more variables than are followed"
}

const (
	maxTrail     = 16
	severalParts = "its tag is put together of several parts, of which none can carry the digest"
)

// inName tells whether a text ends within the name of a variable, so that what
// follows goes on with it.
func inName(s string) bool {
	rest := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
	return strings.HasSuffix(rest, "$") || strings.HasSuffix(rest, "${")
}

// endsWith tells whether the bytes of a file in front of a place are these.
func endsWith(f *text.File, end int, s string) bool {
	return end <= len(f.Data) && end >= len(s) && string(f.Data[end-len(s):end]) == s
}

// lastVariable is the variable that a text ends with: $NAME, ${NAME}, ${NAME:-default}
// or ${NAME-default}. inner is where the default begins; -1 = it has none.
func lastVariable(s string) (name string, inner int, ok bool) {
	if !strings.HasSuffix(s, "}") {
		i := strings.LastIndexByte(s, '$')
		if i < 0 || nameLen(s[i+1:]) != len(s)-i-1 || len(s) == i+1 {
			return "", -1, false
		}
		return s[i+1:], -1, true
	}
	open := opening(s)
	if open < 1 || s[open-1] != '$' {
		return "", -1, false
	}
	body := s[open+1 : len(s)-1]
	n := nameLen(body)
	if n == 0 {
		return "", -1, false
	}
	rest := body[n:]
	switch {
	case rest == "":
		return body[:n], -1, true
	case strings.HasPrefix(rest, ":-"):
		return body[:n], open + 1 + n + 2, true
	case strings.HasPrefix(rest, "-"):
		return body[:n], open + 1 + n + 1, true
	}
	return "", -1, false
}

// opening is the place of the brace that the last one of a text closes; -1 = none.
func opening(s string) int {
	depth := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case '}':
			depth++
		case '{':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func nameLen(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}
