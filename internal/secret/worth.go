package secret

import (
	"regexp"
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
	case template.MatchString(v):
		return Later
	case filePath.MatchString(v) && (strings.Count(v, "/") > 1 || len(v) < 20), fileName.MatchString(v), reference.MatchString(v), plainURL.MatchString(v):
		return Nothing
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
	return data.words(low)
}

// rows are what people type for a value that stands for nothing.
var rows = []string{"0123456789abcdefghijklmnopqrstuvwxyz", "0123456789abcdef", "1234567890abcdef", "1234567890", "0123456789", "abcdefghijklmnopqrstuvwxyz", "abcdef0123456789", "deadbeef", "cafebabe", "qwertyuiop"}

// row tells whether a value is one of these rows, once or over and over.
func row(low string) bool {
	for _, r := range rows {
		if strings.HasPrefix(strings.Repeat(r, len(low)/len(r)+1), low) && (len(low) > 8 || len(low) >= len(r)) {
			return true
		}
	}
	return false
}

// words judges a value by its words: one that is made of dummies and fillers
// alone is a dummy.
func (d *placeholderWords) words(low string) Worth {
	found, all := Nothing, true
	for _, w := range strings.FieldsFunc(low, func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch {
		case d.is["later"][w]:
			return Later
		case d.is["dummy"][w]:
			found = Dummy
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
	if found == Dummy && all && digits <= 4 {
		return Dummy
	}
	return Literal
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
