// Package secret knows what secrets look like: the shapes that vendors give
// to their keys and tokens, and the values that only stand in the place of a
// secret. Where a secret may not be, and what to do about it, is the business
// of those who ask.
package secret

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
)

//go:embed shapes.jsonl
var shapesData string

//go:embed placeholders.jsonl
var placeholdersData string

// records reads a data file: one JSON object a line. The files are part of the
// program, so one that cannot be read is a mistake in it.
func records[T any](data string) []T {
	var list []T
	for line := range strings.Lines(data) {
		var r T
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			panic("secret: " + err.Error() + " in " + line)
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
	lead     bool // a match begins with its prefix, and with a word
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
		sh.lead = strings.HasPrefix(sh.Pattern, `\b`) && wordByte(sh.Prefix[0][0])
		for _, p := range sh.Prefix {
			l.first[p[0]] = append(l.first[p[0]], shapePrefix{p, i})
		}
	}
	return l
})

// wordByte tells what \b takes for a part of a word.
func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// Mask is a form in which a secret may be shown: its first characters where
// it is long enough that these give nothing away, then stars.
func Mask(v string) string {
	show := 0
	if len(v) >= 20 {
		show = 4
	} else if len(v) >= 12 {
		show = 2
	}
	return v[:show] + "****"
}
