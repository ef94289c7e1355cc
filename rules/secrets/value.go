package secrets

import (
	"math"
	"regexp"
	"strings"
)

// worth is what a value that stands under a secret's name is worth.
type worth uint8

const (
	nothing worth = iota // empty, a switch, a path, a reference to somewhere else
	dummy                // it says that it protects nothing
	later                // it asks to be replaced
	literal              // it is used as it stands
)

var (
	template  = regexp.MustCompile(`^(?:<.*>|\[.*\]|__.*__|@.*@|%.*%|#\{.*\}#?|\{.*\})$|\{\{|<%|^%\(`)
	filePath  = regexp.MustCompile(`^(?:~|\.{1,2})?/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*/?$`)
	fileName  = regexp.MustCompile(`^[\w./-]+\.(?:pem|key|json|txt|crt|cer|ya?ml|jks|p12|pfx|asc|gpg|pub|env|conf|cfg|ini|toml|properties|secret|token)$`)
	reference = regexp.MustCompile(`(?i)^(?:vault:|arn:|op://|ssm:|secretsmanager:|projects/|sops:|ENC\[|file:|env:|secretref:|secret://|ref\+|keyvault:|id=|src=|type=)`)
	plainURL  = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^\s@]*$`)
)

// worthOf judges a value without its quotes.
func worthOf(v string) worth {
	v = strings.TrimSpace(v)
	low := strings.ToLower(v)
	switch {
	case v == "", strings.HasPrefix(v, "$"), strings.Contains(v, "${"), strings.Contains(v, "$("), strings.HasPrefix(v, "`"):
		return nothing
	case len(v) <= 3 && strings.Trim(v, "0123456789") == "":
		return nothing
	case len(v) <= 2:
		return dummy
	case strings.Trim(low, "x*.-_?#0•…") == "":
		return later
	case template.MatchString(v):
		return later
	case filePath.MatchString(v) && (strings.Count(v, "/") > 1 || len(v) < 20), fileName.MatchString(v), reference.MatchString(v), plainURL.MatchString(v):
		return nothing
	}
	data := placeholderData()
	if data.is["nothing"][low] {
		return nothing
	}
	for _, p := range data.later {
		if strings.Contains(low, p) {
			return later
		}
	}
	for _, p := range data.dummy {
		if strings.Contains(low, p) {
			return dummy
		}
	}
	return data.words(low)
}

// words judges a value by its words: one that is made of dummies and fillers
// alone is a dummy.
func (d *placeholderWords) words(low string) worth {
	found, all := nothing, true
	for _, w := range strings.FieldsFunc(low, func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch {
		case d.is["later"][w]:
			return later
		case d.is["dummy"][w]:
			found = dummy
		case d.is["filler"][w]:
		default:
			all = false
		}
	}
	digits := 0
	for _, r := range low {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if found == dummy && all && digits <= 4 {
		return dummy
	}
	return literal
}

// random tells whether a value looks as if a machine had made it: long, of
// several kinds of characters, and of high entropy. Pure hexadecimal digits
// are as often a fingerprint.
func random(v string) bool {
	if len(v) < 20 || strings.ContainsAny(v, " \t") || strings.Trim(v, "0123456789abcdef") == "" || strings.Trim(v, "0123456789ABCDEF") == "" {
		return false
	}
	return mixed(v) && entropy(v) >= 3.5
}

// mixed tells whether a value has digits and letters of both cases.
func mixed(v string) bool {
	var lower, upper, digit bool
	for i := 0; i < len(v); i++ {
		lower = lower || v[i] >= 'a' && v[i] <= 'z'
		upper = upper || v[i] >= 'A' && v[i] <= 'Z'
		digit = digit || v[i] >= '0' && v[i] <= '9'
	}
	return lower && upper && digit
}

// entropy is Shannon's, in bits a byte.
func entropy(v string) float64 {
	var count [256]int
	for i := 0; i < len(v); i++ {
		count[v[i]]++
	}
	h := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(v))
			h -= p * math.Log2(p)
		}
	}
	return h
}

// A find is a secret that shows by its look, at bytes [from, to) of a text.
type find struct {
	from, to int
	what     string // with its article
	public   bool
}

// vendors finds what has the shape of a vendor's secret.
func vendors(s string) []find {
	if !dense(s) {
		return nil
	}
	var found []find
	list := shapes()
	for _, i := range list.in(s) {
		sh := &list.all[i]
		for _, at := range sh.compiled.FindAllStringIndex(s, -1) {
			m := s[at[0]:at[1]]
			if sh.Mixed && !mixed(m) || stand(m) || within(found, at[0]) {
				continue
			}
			found = append(found, find{at[0], at[1], sh.What, sh.Public})
		}
	}
	return found
}

// dense tells whether a text has a row of characters as long as the shortest
// of the shapes, or a PEM header; most have not.
func dense(s string) bool {
	run := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_-.+/=%:", c) >= 0:
			if run++; run == 15 {
				return true
			}
		default:
			run = 0
		}
	}
	return strings.Contains(s, "PRIVATE KEY")
}

func within(found []find, at int) bool {
	for _, f := range found {
		if f.from <= at && at < f.to {
			return true
		}
	}
	return false
}

// stand tells whether a match only stands for a secret: AKIAIOSFODNN7EXAMPLE,
// ghp_xxxxxxxxxxxxxxxxxxxx.
func stand(m string) bool {
	low := strings.ToLower(m)
	for _, w := range []string{"example", "xxxx", "....", "0000000", "your", "placeholder", "dummy", "redacted", "changeme", "1234567890abcdef1234567890"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return !strings.Contains(m, "PRIVATE KEY") && entropy(m) < 2.5
}
