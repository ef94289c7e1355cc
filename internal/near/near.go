// Package near finds the name that a misspelt one is meant for.
package near

import (
	"regexp"
	"strings"

	"github.com/agext/levenshtein"
)

// enough is from which share of equal characters on one name is taken for another
// one, badly written.
const enough = 0.6

// Of is the word of a list that is nearest to one that is not in it; "" = none is
// near.
func Of(list []string, word string) string {
	best, found := enough, ""
	for _, candidate := range list {
		w, c := Plain(word), Plain(candidate)
		s := levenshtein.Similarity(w, c, nil)
		if len(w) >= 4 && strings.HasPrefix(c, w) {
			s = max(s, enough) // its beginning
		}
		if s > best || s == best && found == "" {
			best, found = s, candidate
		}
	}
	return found
}

// Hint is ": did you mean WORD?" for the nearest word of a list; "" where none is
// near.
func Hint(list []string, word string) string {
	if n := Of(list, word); n != "" {
		return ": did you mean " + n + "?"
	}
	return ""
}

var zeros = regexp.MustCompile(`(^|[^0-9])0+([0-9])`)

// Plain is a name without what people write differently: case, dashes, spaces, the
// zeros before a number.
func Plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '-', '_', ' ', '\t':
			return -1
		}
		return r
	}, strings.ToLower(s))
	return zeros.ReplaceAllString(s, "$1$2")
}
