package secret

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

var (
	// keyValue is a line of a settings file: NAME=value, name: value,
	// "name": "value", export NAME=value, //registry/:_authToken=value.
	keyValue = regexp.MustCompile(`(?m)^[ \t"'{]*(?:export[ \t]+|ENV[ \t]+|-[ \t]+)?["']?([A-Za-z_/.@][\w./:@-]*?)["']?[ \t]*(?:=|:[ \t])[ \t]*(\S.*?)[ \t,;}]*$`)
	// netrcLine is a login line of curl's and git's file.
	netrcLine = regexp.MustCompile(`(?m)\bmachine\s+\S+\s+(?:login\s+\S+\s+)?password\s+(\S+)`)
	// directive is a line of a server's settings whose value follows a blank.
	directive = regexp.MustCompile(`(?m)^[ \t]*(requirepass|masterauth)[ \t]+(\S+)`)
	// word is an unquoted value that is data and not code.
	word     = regexp.MustCompile(`^[A-Za-z0-9_+/=!@%^&*~#?|-]+$`)
	codeWord = regexp.MustCompile(`^[A-Za-z_]+$`)
)

// A Line is a literal under a secret's name in a settings file: bytes [From,
// To) of the text.
type Line struct {
	Name     string
	From, To int
}

// Lines are the secrets that a piece of a settings file holds.
func Lines(s string) []Line {
	if len(s) < 8 || len(s) > 1<<20 {
		return nil
	}
	if !HasStem(strings.ToUpper(s)) {
		return nil
	}
	// printf's line breaks end lines; the length stays.
	s = strings.ReplaceAll(s, `\n`, " \n")
	var found []Line
	add := func(name string, from, to int) {
		v := s[from:to]
		if trimmed := strings.TrimRight(v, `"'\`); trimmed != v && !strings.HasPrefix(v, `"`) && !strings.HasPrefix(v, `'`) {
			v, to = trimmed, from+len(trimmed)
		}
		quoted := false
		if n := len(v); n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
			v, from, to, quoted = v[1:n-1], from+1, to-1, true
		}
		if strings.ContainsAny(v, "$`<{(") || WorthOf(v) != Literal {
			return
		}
		if !quoted && (!word.MatchString(v) && !Random(v) || codeWord.MatchString(v) && StrengthOf(v) != NotNamed) {
			return
		}
		found = append(found, Line{name, from, to})
	}
	for _, m := range keyValue.FindAllStringSubmatchIndex(s, -1) {
		name := s[m[2]:m[3]]
		if Named(name) || strings.HasSuffix(name, ":_auth") {
			add(name, m[4], m[5])
		}
	}
	if strings.Contains(s, "machine") {
		for _, m := range netrcLine.FindAllStringSubmatchIndex(s, -1) {
			add("password", m[2], m[3])
		}
	}
	if strings.Contains(s, "requirepass") || strings.Contains(s, "masterauth") {
		for _, m := range directive.FindAllStringSubmatchIndex(s, -1) {
			add(s[m[2]:m[3]], m[4], m[5])
		}
	}
	return found
}

// account is a line of a settings file with the name of a user or a database.
var account = regexp.MustCompile(`(?m)^[ \t"']*([\w.-]+?)["']?[ \t]*[=:][ \t]*["']?([^\s"'#]+)`)

// Guarded are the Lines of a settings file whose values somebody would guard:
// neither a password that everybody knows nor the name of a user or a database
// that stands in the file as well.
func Guarded(s string) []Line {
	all := Lines(s)
	if len(all) == 0 {
		return nil
	}
	names := map[string]bool{}
	for _, m := range account.FindAllStringSubmatch(s, -1) {
		if parts := NameParts(m[1]); len(parts) > 0 && knowledge.AccountWords.Has(strings.ToLower(parts[len(parts)-1])) {
			names[strings.ToLower(m[2])] = true
		}
	}
	kept := all[:0]
	for _, l := range all {
		if v := s[l.From:l.To]; !WeakPassword(v) && !names[strings.ToLower(v)] {
			kept = append(kept, l)
		}
	}
	return kept
}
