package secrets

import (
	"regexp"
	"strings"
)

var (
	// keyValue is a line of a settings file: NAME=value, name: value,
	// "name": "value", export NAME=value, //registry/:_authToken=value.
	keyValue = regexp.MustCompile(`(?m)^[ \t"'{]*(?:export[ \t]+|ENV[ \t]+|-[ \t]+)?["']?([A-Za-z_/.@][\w./:@-]*?)["']?[ \t]*(?:=|:[ \t])[ \t]*(\S.*?)[ \t,;}]*$`)
	// netrc is a login line of curl's and git's file.
	netrc = regexp.MustCompile(`(?m)\bmachine\s+\S+\s+(?:login\s+\S+\s+)?password\s+(\S+)`)
	// directive is a line of a server's settings whose value follows a blank.
	directive = regexp.MustCompile(`(?m)^[ \t]*(requirepass|masterauth)[ \t]+(\S+)`)
	// word is an unquoted value that is data and not code.
	word     = regexp.MustCompile(`^[A-Za-z0-9_+/=!@%^&*~#?|-]+$`)
	codeWord = regexp.MustCompile(`^[A-Za-z_]+$`)
)

// A line is a literal under a secret's name in a settings file: bytes [from,
// to) of the text.
type line struct {
	name     string
	from, to int
}

// lines are the secrets that a piece of a settings file holds.
func lines(s string) []line {
	if len(s) < 8 || len(s) > 1<<20 {
		return nil
	}
	if !hasStem(strings.ToUpper(s)) {
		return nil
	}
	// printf's line breaks end lines; the length stays.
	s = strings.ReplaceAll(s, `\n`, " \n")
	var found []line
	add := func(name string, from, to int) {
		v := s[from:to]
		if trimmed := strings.TrimRight(v, `"'\`); trimmed != v && !strings.HasPrefix(v, `"`) && !strings.HasPrefix(v, `'`) {
			v, to = trimmed, from+len(trimmed)
		}
		quoted := false
		if n := len(v); n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
			v, from, to, quoted = v[1:n-1], from+1, to-1, true
		}
		if strings.ContainsAny(v, "$`<{(") || worthOf(v) != literal {
			return
		}
		if !quoted && (!word.MatchString(v) && !random(v) || codeWord.MatchString(v) && nameOf(v) != notSecret) {
			return
		}
		found = append(found, line{name, from, to})
	}
	for _, m := range keyValue.FindAllStringSubmatchIndex(s, -1) {
		name := s[m[2]:m[3]]
		if nameOf(name) == strong || strings.HasSuffix(name, ":_auth") {
			add(name, m[4], m[5])
		}
	}
	if strings.Contains(s, "machine") {
		for _, m := range netrc.FindAllStringSubmatchIndex(s, -1) {
			add("password", m[2], m[3])
		}
	}
	if anyOf(s, "requirepass", "masterauth") {
		for _, m := range directive.FindAllStringSubmatchIndex(s, -1) {
			add(s[m[2]:m[3]], m[4], m[5])
		}
	}
	return found
}
