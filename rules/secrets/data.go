package secrets

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed shapes.jsonl
var shapesData string

//go:embed names.jsonl
var namesData string

//go:embed placeholders.jsonl
var placeholdersData string

// records reads a data file: one JSON object a line. The files are part of the
// program, so one that cannot be read is a mistake in it.
func records[T any](data string) []T {
	var list []T
	for line := range strings.Lines(data) {
		var r T
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			panic("secrets: " + err.Error() + " in " + line)
		}
		list = append(list, r)
	}
	return list
}

// A shape is how a vendor's secrets look.
type shape struct {
	What    string   `json:"what"`   // with its article, as "a GitHub token"
	Prefix  []string `json:"prefix"` // one of them is in every match
	Pattern string   `json:"pattern"`
	Mixed   bool     `json:"mixed"`  // a match also has digits and both cases
	Public  bool     `json:"public"` // such a value may also be meant for everybody
	Source  string   `json:"source"`

	compiled *regexp.Regexp
}

// shapeList is the shapes, found by the first byte of their prefixes.
type shapeList struct {
	all   []shape
	first [256][]shapePrefix
}

type shapePrefix struct {
	text  string
	shape int
}

var shapes = sync.OnceValue(func() *shapeList {
	l := &shapeList{all: records[shape](shapesData)}
	for i := range l.all {
		sh := &l.all[i]
		sh.compiled = regexp.MustCompile(sh.Pattern)
		for _, p := range sh.Prefix {
			l.first[p[0]] = append(l.first[p[0]], shapePrefix{p, i})
		}
	}
	return l
})

// in are the shapes of which a prefix is in a text, in the order of the file.
func (l *shapeList) in(s string) []int {
	var list []int
	for at := 0; at < len(s); at++ {
		for _, p := range l.first[s[at]] {
			if strings.HasPrefix(s[at:], p.text) && !slices.Contains(list, p.shape) {
				list = append(list, p.shape)
			}
		}
	}
	slices.Sort(list)
	return list
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
