package redact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/secret"
)

// A span is the place of a secret in a text.
type span struct{ from, to int }

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

// find finds the secrets of a text in order: what has the shape of a vendor's,
// keys, passwords in URLs and headers, and what stands under a secret's name.
func find(s string) []span {
	found := byLook(s)
	upper := upper(s)
	for _, h := range headers {
		if !strings.Contains(upper, h.word) {
			continue
		}
		for _, m := range h.re.FindAllStringSubmatchIndex(s, -1) {
			found = append(found, literal(s, m[2], m[3])...)
		}
	}
	found = append(found, settings(s, upper)...)
	return inOrder(found)
}

// byLook finds what is a secret wherever it stands: a vendor's shape, a private
// key, the password of a URL.
func byLook(s string) []span {
	found := keys(s)
	data := []byte(s)
	secret.Search(data, 0, len(data), func(m secret.Match) { found = append(found, span{m.From, m.To}) })
	found = append(found, logins(s)...)
	found = append(found, parameters(s)...)
	return inOrder(found)
}

// logins are passwords and tokens before the @ of a host: of a URL (RFC 3986,
// 3.2.1), and in an image's name, where only what a machine made is one.
func logins(s string) (found []span) {
	for at := 0; ; at++ {
		i := strings.IndexByte(s[at:], '@')
		if i < 0 {
			return found
		}
		at += i
		from := at
		for from > 0 && at-from < maxLogin && strings.IndexByte(" \t\r\n\"'<>(=@", s[from-1]) < 0 {
			from--
		}
		word := s[from:at]
		user, url := word, false
		if k := strings.LastIndex(word, "://"); k >= 0 {
			user, url = word[k+3:], true
		}
		_, pass, colon := strings.Cut(user, ":")
		if !colon {
			pass = user
		}
		made := secret.Mixed(pass) && !strings.HasPrefix(s[at:], "@sha")
		switch {
		case strings.ContainsAny(user, "/"):
		case url && colon && pass != "", url && len(pass) >= 16 && made, colon && len(pass) >= 8 && made:
			found = append(found, literal(s, at-len(pass), at)...)
		}
	}
}

const maxLogin = 4 << 10

// parameters are the values of a URL's parameters by which services are given a
// key.
func parameters(s string) (found []span) {
	for at := 0; ; at++ {
		i := strings.IndexByte(s[at:], '=')
		if i < 0 {
			return found
		}
		at += i
		from := at
		for from > 0 && at-from < 32 && nameByte(s[from-1]) {
			from--
		}
		if from == 0 || strings.IndexByte("?&;", s[from-1]) < 0 || !keyParameters[strings.ToLower(s[from:at])] {
			continue
		}
		to := at + 1
		for to < len(s) && to-at < maxLogin && strings.IndexByte(" \t\r\n&\"'<>#;", s[to]) < 0 {
			to++
		}
		if to-at > 8 {
			found = append(found, literal(s, at+1, to)...)
		}
	}
}

// Source: AWS Signature Version 4, Google Cloud's signed URLs, Azure's shared
// access signatures; the rest as services' documents have it.
var keyParameters = map[string]bool{
	"key": true, "sig": true, "signature": true, "auth": true, "code": true, "hmac": true, "token": true, "access_token": true,
	"x-amz-signature": true, "x-amz-security-token": true, "x-goog-signature": true,
}

// keys are the private keys of a text, whatever stands between their lines.
func keys(s string) (found []span) {
	for at := 0; ; {
		i := strings.Index(s[at:], "-----BEGIN ")
		if i < 0 {
			return found
		}
		at += i
		head := strings.Index(s[at:min(len(s), at+80)], "PRIVATE KEY")
		if head < 0 {
			at += len("-----BEGIN ")
			continue
		}
		end := at + secret.KeyEnd(s[at:])
		if end-at > head+len("PRIVATE KEY-----")+16 {
			found = append(found, span{at, end})
		}
		at = max(end, at+len("-----BEGIN "))
	}
}

// inOrder sorts spans, the longer of two that begin together first, and leaves
// out what lies in another.
func inOrder(found []span) []span {
	slices.SortFunc(found, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	end := -1
	return slices.DeleteFunc(found, func(f span) bool {
		if f.to <= end {
			return true
		}
		end = f.to
		return false
	})
}

var (
	// user is the password of curl's -u. Source: curl(1).
	user = regexp.MustCompile(`(?:-u|--user|--proxy-user)[ =]?["']?[^\s:"']+:([^\s"']{4,})`)
	// headers carry credentials. Source: RFC 9110, 11.6; RFC 6750; RFC 6265.
	headers = []struct {
		word string
		re   *regexp.Regexp
	}{
		{"AUTHORIZATION", regexp.MustCompile(`(?i)authorization["']?\s*[:=,]\s*\\?["']?(?:(?:basic|bearer|token|digest|apikey|aws4-hmac-sha256)\s+)?([^\s"'\\,]{4,})`)},
		{"BEARER", regexp.MustCompile(`(?i)\bbearer\s+([A-Za-z0-9+/=._~-]{16,})`)},
		{"CURL", user},
		{"COOKIE", regexp.MustCompile(`(?i)\b(?:set-)?cookie["']?\s*:\s*\\?["']?[^\s=;]+=([^\s;"'\\]{8,})`)},
	}
)

// settings are the values that stand under a secret's name: NAME=value,
// name: value, "name": "value", 'name' => 'value', --name value, also with the
// quotes escaped, as JSON in JSON has them.
func settings(s, upper string) (found []span) {
	for at := 0; at < len(s); {
		i := stem(upper, at)
		if i < 0 {
			return found
		}
		from, to := i, i
		for from > at && nameByte(s[from-1]) {
			from--
		}
		for to < len(s) && nameByte(s[to]) {
			to++
		}
		at = max(to, i+1)
		if to-from > 200 || secret.StrengthOf(s[from:to]) != secret.StrongName {
			continue
		}
		begin, ok := assigned(s, to, s[from] == '-')
		if !ok {
			continue
		}
		begin, end := value(s, begin)
		if f := literal(s, begin, end); f != nil {
			found = append(found, f...)
			at = end
		}
	}
	return found
}

// stem is where the next of the stems begins that every secret's name has; -1 =
// there is none.
func stem(upper string, at int) int {
	for ; at < len(upper); at++ {
		switch upper[at] {
		case 'P', 'S', 'T', 'K', 'C', 'A':
			for _, w := range stems {
				if strings.HasPrefix(upper[at:], w) {
					return at
				}
			}
		}
	}
	return -1
}

var stems = []string{"PASS", "PWD", "PAT", "SECRET", "TOKEN", "KEY", "CRED", "AUTH"}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

// assigned is where the value begins that a name ending at i is set to. Between
// a name and a word with nothing but a blank there is a sentence as often: only
// an option's is a value.
func assigned(s string, i int, option bool) (int, bool) {
	if option { // "--token", "value" is how a list of words has it
		if j := skip(s, i, " \t,`\"'\\`"); j > i && j < len(s) && s[j] != '=' && s[j] != ':' && strings.ContainsAny(s[i:j], " \t,") {
			return j, true
		}
	}
	i = skip(s, i, `\"'`)
	blank := skip(s, i, " \t")
	for _, sign := range []string{"=>", ":=", "==", "=", ":"} {
		if strings.HasPrefix(s[blank:], sign) {
			i = skip(s, blank+len(sign), " \t")
			return i, i < len(s) && sign != "=="
		}
	}
	return blank, false
}

func skip(s string, i int, set string) int {
	for i < len(s) && strings.IndexByte(set, s[i]) >= 0 {
		i++
	}
	return i
}

// maxValue is how long the value of a setting is at most.
const maxValue = 8 << 10

// value is a value that begins at i, without its quotes: to the closing one, or
// to what cannot be in a bare one.
func value(s string, i int) (from, to int) {
	s = s[:min(len(s), i+maxValue)]
	open := skip(s, i, `\`)
	if open < len(s) && (s[open] == '"' || s[open] == '\'') {
		quote := s[i : open+1]
		from = open + 1
		if from+1 < len(s) && s[from] == s[open] && strings.IndexByte(" \t\n,;)}]"+string(s[open]), s[from+1]) < 0 {
			// A quote within quotes is doubled in YAML, SQL and CSV.
			quote, from = s[i:from+1], from+1
		}
		for to = from; to < len(s) && s[to] != '\n'; to++ {
			if strings.HasPrefix(s[to:], quote) && (to == from || s[to-1] != '\\' || quote[0] == '\\') {
				return from, to
			}
		}
		return from, to
	}
	to = i
	for to < len(s) && s[to] > ' ' && strings.IndexByte(`"',;&<>()[]{}`, s[to]) < 0 && !(s[to] == '\\' && to+1 < len(s) && strings.IndexByte(`nrt"'`, s[to+1]) >= 0) {
		to++
	}
	return i, to
}

// literal is the span of a value that is one, and no reference, placeholder or
// switch; what is masked already is left.
func literal(s string, from, to int) []span {
	v := strings.TrimRight(s[from:to], `\.`)
	if len(v) < 3 || strings.Contains(v, hidden) || strings.HasPrefix(v, "$") || strings.HasPrefix(v, "<") || strings.HasPrefix(v, "{") {
		return nil
	}
	switch secret.WorthOf(v) {
	case secret.Literal, secret.Dummy:
		return []span{{from, from + len(v)}}
	}
	return nil
}

// upper is s with its ASCII letters in upper case: every byte keeps its place.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// keyLines are the lines of a private key, however they are parted.
func keyLines(v string) []string {
	v = escapes.Replace(v)
	return strings.FieldsFunc(v, func(r rune) bool { return !strings.ContainsRune(base64Letters, r) })
}

var escapes = strings.NewReplacer(`\\n`, "\n", `\\r`, "\n", `\n`, "\n", `\r`, "\n", "&#43;", "+")
