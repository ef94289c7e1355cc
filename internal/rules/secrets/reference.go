package secrets

import (
	"regexp"
	"strings"
)

// A reference is a variable in a word as it is written.
type reference struct {
	name string
	at   int // of its $
}

// references are the variables of a word, without those that only choose what
// another program answers: in $(curl "$HOST/token") the answer is the value. What
// echo and printf say in a substitution is a part of the word.
func references(raw string) []reference {
	if !strings.Contains(raw, "$") {
		return nil
	}
	raw = spelled(raw)
	var list []reference
	for i := 0; i+1 < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '$':
			rest := strings.TrimPrefix(raw[i+1:], "{")
			n := nameLength(rest)
			// ${X:+y} tells only whether there is one, ${#X} how long it is.
			if n > 0 && !strings.HasPrefix(rest[n:], ":+") && !strings.HasPrefix(rest[n:], "+") {
				list = append(list, reference{rest[:n], i})
			}
		}
	}
	return list
}

// nameLength is how many bytes of a variable's name a text begins with.
func nameLength(s string) int {
	n := 0
	for n < len(s) && (s[n] == '_' || s[n] >= 'a' && s[n] <= 'z' || s[n] >= 'A' && s[n] <= 'Z' || n > 0 && s[n] >= '0' && s[n] <= '9') {
		n++
	}
	return n
}

// says is the beginning of a substitution whose text is what its variables hold.
var says = regexp.MustCompile(`^\s*(?:echo|printf)\b`)

// spelled is a word with blanks in the place of substitutions that answer something
// of their own. Its length is the word's.
func spelled(raw string) string {
	if !strings.Contains(raw, "$(") && !strings.Contains(raw, "`") {
		return raw
	}
	out := []byte(raw)
	hide := func(from, to int) {
		for ; from < to; from++ {
			out[from] = ' '
		}
	}
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == '\\':
			i++
		case raw[i] == '`':
			end := strings.IndexByte(raw[i+1:], '`')
			if end < 0 {
				hide(i, len(raw))
				return string(out)
			}
			if !says.MatchString(raw[i+1 : i+1+end]) {
				hide(i, i+1+end+1)
			}
			i += end + 1
		case strings.HasPrefix(raw[i:], "$("):
			end := closing(raw, i+2)
			if !says.MatchString(raw[i+2 : end]) {
				hide(i, min(end+1, len(raw)))
				i = end
			}
		}
	}
	return string(out)
}

// closing is where the parenthesis closes that is open before byte from.
func closing(raw string, from int) int {
	open := 1
	for i := from; i < len(raw); i++ {
		switch raw[i] {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				return i
			}
		}
	}
	return len(raw)
}

var (
	// assigned is NAME= before a value, in a word or behind a blank, a semicolon or
	// the sign of a URL's query.
	assigned = regexp.MustCompile(`([A-Za-z_/.@-][\w./:@-]*)=[\\"']*$`)
	// entitled is "NAME": before a value, as in JSON.
	entitled = regexp.MustCompile(`\\?"([A-Za-z_][\w.-]*)\\?"\s*:\s*[\\"']*$`)
	// titled is NAME: alone on its line before a value, as in YAML.
	titled = regexp.MustCompile(`(?:^|\n)["']?\s*([A-Za-z_][\w./:@-]*):\s+[\\"']*$`)
	// machine is a line of .netrc before its password.
	machine = regexp.MustCompile(`\bmachine\s+\S+\s+(?:login\s+\S+\s+)?password\s+$`)
	// authorization is that header before its value, wherever it stands.
	authorization = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization):\s*[^:]*(?:\$\(\s*(?:echo|printf)\b[^)]*)?$`)
)

// longestName is how much of what stands before a variable is looked at.
const longestName = 256

// namedBefore is the name under which a variable of a text stands, where that
// names a secret: TOKEN=$X, "password": "$X".
func namedBefore(text string, at int) (string, bool) {
	before := text[max(0, at-longestName):at]
	for _, re := range []*regexp.Regexp{assigned, entitled, titled} {
		if m := re.FindStringSubmatch(before); m != nil && nameOf(m[1]) == strong && !forEverybody(m[1]) {
			return m[1], true
		}
	}
	if machine.MatchString(before) {
		return "password", true
	}
	return "", false
}
