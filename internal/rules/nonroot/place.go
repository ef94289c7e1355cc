package nonroot

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// imageSpan is the place of the image that a FROM names.
func imageSpan(from *dockerfile.Instruction) text.Span {
	if words := from.Words(); len(words) > 0 {
		return words[0].Span
	}
	return from.Span
}

// numeric tells whether a user or group is given by its number.
func numeric(s string) bool {
	s = strings.TrimPrefix(s, "+")
	if s == "" {
		return false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
