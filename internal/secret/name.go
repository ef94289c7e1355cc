package secret

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

//go:embed names.jsonl
var namesData string

// A Strength says how surely a variable's name is a secret's. The zero Strength
// is NotNamed.
type Strength uint8

const (
	NotNamed Strength = iota
	WeakName          // it takes a random value to tell
	StrongName
)

// stems are found in every name that can be a secret's; most names are done
// with after a look for them.
var stems = []string{"PASS", "PWD", "SECRET", "TOKEN", "KEY", "CRED", "AUTH", "PAT", "SALT", "PEPPER"}

// HasStem tells whether a text in upper case has in it what is in every name
// that can be a secret's.
func HasStem(upper string) bool {
	return slices.ContainsFunc(stems, func(stem string) bool { return strings.Contains(upper, stem) })
}

// StrengthOf judges a name as people give them to variables, options and keys:
// DB_PASSWORD, --api-key, dbPassword, //registry.npmjs.org/:_authToken.
func StrengthOf(name string) Strength {
	if len(name) > 200 {
		return NotNamed
	}
	upper := strings.ToUpper(name)
	if !HasStem(upper) {
		return NotNamed
	}
	data := nameData()
	for _, p := range data.prefixes {
		if strings.HasPrefix(upper, p) {
			return NotNamed
		}
	}
	words := NameParts(name)
	best := NotNamed
	for i := range words {
		start, s := data.endsAt(words, i)
		if s == NotNamed {
			continue
		}
		// Only the last of several decides: ACCESS_TOKEN_SECRET, TOKEN_SECRET_NAME.
		best = data.around(words[:start], words[i+1:], s)
	}
	return best
}

// endsAt tells whether a secret's word or phrase ends at word i, and where it
// begins.
func (d *nameWords) endsAt(words []string, i int) (start int, s Strength) {
	w := words[i]
	if d.is["never"][w] {
		return i, NotNamed
	}
	for _, p := range d.phrases {
		if len(p) > i+1 {
			continue
		}
		same := true
		for j, want := range p {
			if got := words[i+1-len(p)+j]; got != want && got != want+"S" {
				same = false
				break
			}
		}
		if same {
			return i + 1 - len(p), StrongName
		}
	}
	if d.is["secret"][w] {
		return i, StrongName
	}
	for _, e := range d.endings {
		if strings.HasSuffix(w, e) {
			return i, StrongName
		}
	}
	if w == "PASS" && i > 0 && d.is["address-before-pass"][words[i-1]] && (i < 2 || !d.is["login-before-proxy"][words[i-2]]) {
		return i, NotNamed
	}
	if d.is["secret-after-a-word"][w] && (i > 0 || w == "PASS" && len(words) == 1) {
		return i, StrongName
	}
	if d.is["weak"][w] {
		return i, WeakName
	}
	return i, NotNamed
}

// around weighs the words before and after.
func (d *nameWords) around(before, after []string, s Strength) Strength {
	for _, w := range before {
		if d.is["quiet-before"][w] || s == WeakName && d.is["quiet-before-weak"][w] {
			return NotNamed
		}
	}
	for _, w := range after {
		switch {
		case d.is["quiet-after"][w]:
			return NotNamed
		case d.is["neutral-after"][w] || w >= "0" && w < ":":
		default:
			s = WeakName
		}
	}
	return s
}

// NameParts are the words of a name in upper case: parted by what is neither
// letter nor digit, before a capital after a small letter, and before digits
// at a word's end.
func NameParts(name string) []string {
	var parts []string
	from := -1
	end := func(i int) {
		if from >= 0 && i > from {
			w := strings.ToUpper(name[from:i])
			stem := strings.TrimRight(w, "0123456789")
			if stem != "" && stem != w && !(strings.HasSuffix(stem, "SHA") || strings.HasSuffix(stem, "BASE") || strings.HasSuffix(stem, "B")) {
				parts = append(parts, stem)
			} else {
				parts = append(parts, w)
			}
		}
		from = -1
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		lower, capital := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z'
		if !lower && !capital && !(c >= '0' && c <= '9') {
			end(i)
			continue
		}
		if capital && from >= 0 && name[i-1] >= 'a' && name[i-1] <= 'z' {
			end(i)
		}
		if from < 0 {
			from = i
		}
	}
	end(len(name))
	return parts
}

// ForEverybody tells whether a name says that its value is handed to every
// visitor, as a front end's keys are: by its prefix, as VITE_, or by a word, as
// SUPABASE_ANON_KEY and GOOGLE_MAPS_KEY.
func ForEverybody(name string) bool {
	upper := strings.ToUpper(name)
	for _, p := range nameData().prefixes {
		if strings.HasPrefix(upper, p) {
			return true
		}
	}
	return slices.ContainsFunc(NameParts(name), knowledge.PublicWords.Has)
}

// Named tells whether a name says that its value is a secret, as that of a
// build argument.
func Named(name string) bool { return StrengthOf(name) == StrongName }

// Aside tells whether a name says that its value is something about a secret and
// not the secret: T_FILE, PULL_URL.
func Aside(name string) bool {
	parts := NameParts(name)
	return len(parts) > 0 && nameData().is["quiet-after"][parts[len(parts)-1]]
}

// nameRecord is one line of names.jsonl.
type nameRecord struct {
	Words    string   `json:"words"`
	Phrases  []string `json:"phrases"`
	Endings  []string `json:"endings"`
	Prefixes []string `json:"prefixes"`
	Is       string   `json:"is"`
	Source   string   `json:"source"`
}

// nameWords is names.jsonl by what its words tell.
type nameWords struct {
	is       map[string]map[string]bool // by kind, then by word
	phrases  [][]string
	endings  []string
	prefixes []string
}

var nameData = sync.OnceValue(func() *nameWords {
	n := &nameWords{is: map[string]map[string]bool{}}
	for _, r := range records[nameRecord](namesData) {
		if n.is[r.Is] == nil {
			n.is[r.Is] = map[string]bool{}
		}
		for _, w := range strings.Fields(r.Words) {
			n.is[r.Is][w] = true
		}
		for _, p := range r.Phrases {
			n.phrases = append(n.phrases, strings.Fields(p))
		}
		n.endings = append(n.endings, r.Endings...)
		n.prefixes = append(n.prefixes, r.Prefixes...)
	}
	return n
})
