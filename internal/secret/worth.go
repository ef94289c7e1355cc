package secret

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Worth is what a value that stands under a secret's name is worth. The zero
// Worth is Nothing.
type Worth uint8

const (
	Nothing Worth = iota // empty, a switch, a path, a reference to somewhere else
	Dummy                // it says that it protects nothing
	Later                // it asks to be replaced
	Literal              // it is used as it stands
)

var (
	template  = regexp.MustCompile(`^(?:<.*>|\[.*\]|__.*__|@.*@|%.*%|#\{.*\}#?|\{.*\})$|\{\{|<%|^%\(`)
	filePath  = regexp.MustCompile(`^(?:~|\.{1,2})?/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*/?$`)
	fileName  = regexp.MustCompile(`^[\w./-]+\.(?:pem|key|json|txt|crt|cer|ya?ml|jks|p12|pfx|asc|gpg|pub|env|conf|cfg|ini|toml|properties|secret|token)$`)
	reference = regexp.MustCompile(`(?i)^(?:vault:|arn:|op://|ssm:|secretsmanager:|projects/|sops:|ENC\[|file:|env:|secretref:|secret://|ref\+|keyvault:|id=|src=|type=)`)
	plainURL  = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^\s@]*$`)
)

// WorthOf judges a value without its quotes.
func WorthOf(v string) Worth {
	v = strings.TrimSpace(v)
	low := strings.ToLower(v)
	switch {
	case v == "", strings.HasPrefix(v, "$"), strings.Contains(v, "${"), strings.Contains(v, "$("), strings.HasPrefix(v, "`"):
		return Nothing
	case len(v) <= 3 && strings.Trim(v, "0123456789") == "":
		return Nothing
	case len(v) <= 2:
		return Dummy
	case strings.Trim(low, "x*.-_?#0•…") == "":
		return Later
	case len(v) >= 6 && row(low):
		return Dummy
	case plainLetters(v): // nothing that the expressions ask for
	case template.MatchString(v):
		return Later
	case filePath.MatchString(v) && (strings.Count(v, "/") > 1 || len(v) < 20), fileName.MatchString(v), reference.MatchString(v), plainURL.MatchString(v):
		return Nothing
	}
	if Published(v) != "" {
		return Dummy
	}
	data := placeholderData()
	if data.is["nothing"][low] {
		return Nothing
	}
	for _, p := range data.later {
		if strings.Contains(low, p) {
			return Later
		}
	}
	for _, p := range data.dummy {
		if strings.Contains(low, p) {
			return Dummy
		}
	}
	if w := data.words(low); w != Literal {
		return w
	}
	if plain, ok := decoded(v); ok {
		if w := WorthOf(plain); w != Nothing {
			return w
		}
	}
	return Literal
}

// plainLetters tells whether a value is made of letters, digits and - alone, as most
// are: no template, path, reference or URL is.
func plainLetters(v string) bool {
	for i := range len(v) {
		c := v[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// decoded is what a value in base64 stands for, where that is a text of words.
func decoded(v string) (string, bool) {
	if len(v) < 8 || len(v) > 256 || len(v)%4 != 0 || strings.ContainsAny(v, " -_.:@") || !(strings.HasSuffix(v, "=") || Mixed(v)) {
		return "", false
	}
	data, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		return "", false
	}
	plain := strings.TrimSpace(string(data))
	for i := range len(plain) {
		if plain[i] < ' ' || plain[i] > '~' {
			return "", false
		}
	}
	return plain, len(plain) >= 4
}

// rows are what people type for a value that stands for nothing.
var rows = []string{"0123456789abcdefghijklmnopqrstuvwxyz", "0123456789abcdef", "1234567890abcdef", "1234567890", "0123456789", "abcdefghijklmnopqrstuvwxyz", "abcdef0123456789", "deadbeef", "cafebabe", "qwertyuiop"}

// row tells whether a value is one of these rows, once or over and over.
func row(low string) bool {
	for _, r := range rows {
		if low[0] != r[0] {
			continue // most values are done with here
		}
		if strings.HasPrefix(strings.Repeat(r, len(low)/len(r)+1), low) && (len(low) > 8 || len(low) >= len(r)) {
			return true
		}
	}
	return false
}

// words judges a value by its words: one that is made of dummies and fillers
// alone is a dummy, and so is one that says so in a word. A few letters in the
// midst of digits are no word.
func (d *placeholderWords) words(low string) Worth {
	digits := 0
	for _, r := range low {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	found, all := Nothing, true
	for _, w := range strings.FieldsFunc(low, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if w = strings.Trim(w, "0123456789"); w == "" {
			continue
		}
		if d.is["later"][w] {
			return Later
		}
		if d.is["telling"][w] && digits <= 4 {
			return Dummy
		}
		known, dummies := Spelled(w, d.piece)
		if dummies {
			found = Dummy
		}
		all = all && known
	}
	if found == Dummy && all && digits <= 4 {
		return Dummy
	}
	return Literal
}

// piece tells whether a word is a dummy or may stand beside one.
func (d *placeholderWords) piece(w string) (known, dummy bool) {
	dummy = d.is["dummy"][w]
	return dummy || d.is["filler"][w], dummy
}

// Filler tells whether a word protects nothing by itself: test, password, key.
func Filler(w string) bool {
	known, _ := placeholderData().piece(w)
	return known
}

// longestSpelled is the longest word, in bytes, that is taken apart.
const longestSpelled = 48

// Spelled tells whether a word in lower case is one of those known, or several
// written together: testpassword. Pieces have three letters or more, the first one
// two. telling is whether one of the pieces is telling.
func Spelled(w string, known func(piece string) (ok, telling bool)) (ok, telling bool) {
	if ok, telling = known(w); ok || len(w) < 5 || len(w) > longestSpelled {
		return ok, telling
	}
	// ends[i] is how w[:i] is spelled: 0 = it is not, 1 = it is, 2 = and is telling.
	var ends [longestSpelled + 1]uint8
	ends[0] = 1
	for i := range len(w) {
		if ends[i] == 0 {
			continue
		}
		from := 3
		if i == 0 {
			from = 2
		}
		for j := i + from; j <= len(w); j++ {
			if is, tells := known(w[i:j]); is {
				n := ends[i]
				if tells {
					n = 2
				}
				ends[j] = max(ends[j], n)
			}
		}
	}
	return ends[len(w)] > 0, ends[len(w)] == 2
}

// SelfNamed tells whether a value says no more than the name under which it
// stands: SECRET_KEY=secret_key. A single word is none: people use it.
func SelfNamed(name, value string) bool {
	words := NameParts(value)
	if len(value) > 100 || len(words) == 0 {
		return false
	}
	own := NameParts(name)
	if len(words) == 1 {
		joined := strings.Join(own, "")
		return len(own) > 1 && !slices.Contains(own, words[0]) && len(words[0]) >= 6 && strings.HasSuffix(joined, words[0])
	}
	for _, w := range words {
		if !slices.Contains(own, w) {
			return false
		}
	}
	return true
}

// Asks tells whether a value of several words asks to be replaced, by the verb that it
// begins with: REPLACE_MASTER_KEY; or, as SET_DB_PASSWORD under DB_PASSWORD, by one that
// begins other values, too.
func Asks(name, value string) bool {
	if len(value) > 100 || strings.ContainsAny(value, "0123456789") {
		return false
	}
	words := NameParts(value)
	if len(words) < 2 {
		return false
	}
	data := placeholderData()
	verb := strings.ToLower(words[0])
	if data.is["asking"][verb] {
		return true
	}
	if !data.is["telling-to"][verb] {
		return false
	}
	own := NameParts(name)
	return !slices.ContainsFunc(words[1:], func(w string) bool { return !slices.Contains(own, w) && !Filler(strings.ToLower(w)) })
}

// placeholderRecord is one line of placeholders.jsonl.
type placeholderRecord struct {
	Words  string `json:"words"` // a value, or a word of it
	Parts  string `json:"parts"` // found anywhere in a value
	Is     string `json:"is"`
	Source string `json:"source"`
}

// placeholderWords is placeholders.jsonl by what its words tell.
type placeholderWords struct {
	is    map[string]map[string]bool
	later []string
	dummy []string
}

var placeholderData = sync.OnceValue(func() *placeholderWords {
	p := &placeholderWords{is: map[string]map[string]bool{}}
	for _, r := range records[placeholderRecord](placeholdersData) {
		if p.is[r.Is] == nil {
			p.is[r.Is] = map[string]bool{}
		}
		for _, w := range strings.Fields(r.Words) {
			p.is[r.Is][w] = true
		}
		if r.Is == "later" {
			p.later = append(p.later, strings.Fields(r.Parts)...)
		} else {
			p.dummy = append(p.dummy, strings.Fields(r.Parts)...)
		}
	}
	return p
})
