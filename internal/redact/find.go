package redact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/secret"
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
	if !strings.Contains(s, "@") && !strings.Contains(s, "=") {
		return inOrder(found)
	}
	for _, look := range []struct {
		re    *regexp.Regexp
		mixed bool // only what a machine made is one
	}{{login, false}, {token, true}, {bare, true}} {
		for _, m := range look.re.FindAllStringSubmatchIndex(s, -1) {
			if look.mixed && (!secret.Mixed(s[m[2]:m[3]]) || strings.HasPrefix(s[m[3]:], "@sha")) {
				continue
			}
			found = append(found, literal(s, m[2], m[3])...)
		}
	}
	for _, m := range query.FindAllStringSubmatchIndex(s, -1) {
		found = append(found, literal(s, m[2], m[3])...)
	}
	return inOrder(found)
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
	// login is the password of a URL. Source: RFC 3986, 3.2.1.
	login = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@'"<>]*:([^\s@/'"<>]+)@`)
	// token is a token that stands in the place of a URL's user.
	token = regexp.MustCompile(`://([A-Za-z0-9_-]{16,})@`)
	// bare is a login before a host without a scheme, as in an image's name.
	bare = regexp.MustCompile(`(?:^|[\s"'=(])[^\s:/@"'=(]+:([^\s/@:"']{8,})@[A-Za-z0-9]`)
	// query is a parameter by which services are given a key.
	query = regexp.MustCompile(`(?i)[?&;](?:key|sig|signature|auth|code|hmac|x-amz-signature|x-amz-security-token|x-goog-signature|access_token|token)=([^\s&"'<>#;]{8,})`)
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
