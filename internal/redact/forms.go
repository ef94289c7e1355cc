package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
)

// formsOf are the forms in which a value comes out again when a program or a
// format encodes it: JSON, HTML, URLs, base64 at each of the three places at
// which it can begin, hexadecimal digits.
func formsOf(v string) []string {
	forms := []string{url.QueryEscape(v), url.PathEscape(v), html.EscapeString(v), strings.ReplaceAll(html.EscapeString(v), "+", "&#43;"),
		hex.EncodeToString([]byte(v)), strings.ToUpper(hex.EncodeToString([]byte(v)))}
	for _, q := range quoted(v) {
		forms = append(forms, q, doubled.Replace(q))
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for shift := range 3 {
			forms = append(forms, inner(enc, v, shift))
		}
	}
	out := forms[:0]
	for _, f := range forms {
		if len(f) >= 8 && f != v {
			out = append(out, f)
		}
	}
	return out
}

// quoted are the forms of a value in JSON: as Go has it, as others do, in ASCII
// alone, and with the slashes quoted too.
func quoted(v string) (forms []string) {
	for _, html := range []bool{true, false} {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(html)
		if enc.Encode(v) != nil {
			return nil
		}
		s := strings.TrimSuffix(b.String(), "\n")
		forms = append(forms, s[1:len(s)-1])
	}
	plain := forms[1]
	return append(forms, strings.ReplaceAll(plain, "/", `\/`), ascii(plain), strings.ReplaceAll(ascii(plain), "/", `\/`))
}

// ascii is a JSON string's inside with escapes in the place of all that is not
// ASCII.
func ascii(s string) string {
	quoted := strconv.QuoteToASCII(s)
	// Go's escapes of runes are JSON's below U+10000; what was an escape already
	// was quoted once more.
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(quoted[1 : len(quoted)-1])
}

// doubled is a text within a text in quotes.
var doubled = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// inner is the part of a base64 text that depends on a value alone, where shift
// bytes stand before it in the first group of three.
func inner(enc *base64.Encoding, v string, shift int) string {
	s := enc.EncodeToString([]byte(strings.Repeat("\x00", shift) + v))
	from := []int{0, 2, 3}[shift]
	to := len(s)
	if rest := (shift + len(v)) % 3; rest != 0 {
		to -= 5 - rest // the padding, and a letter that holds bits of what follows
	}
	if to-from < 10 {
		return ""
	}
	return s[from:to]
}
