package knowledge

import (
	"path"
	"strings"
)

// A Glob is a pattern of path.Match, taken apart so that most names are answered
// without it.
type Glob struct {
	text           string
	prefix, suffix string // what a name begins and ends with
	star           bool   // any text without a slash may stand between them, and nothing else is asked
}

// NewGlob takes a pattern apart.
func NewGlob(text string) Glob {
	g := Glob{text: text, prefix: text}
	if i := strings.IndexAny(text, `*?[\`); i >= 0 {
		g.prefix = text[:i]
	}
	if i := strings.LastIndexByte(text, '*'); i > strings.LastIndexAny(text, `?[]\`) {
		g.suffix = text[i+1:]
		g.star = i == len(g.prefix)
	}
	return g
}

// Match tells what path.Match tells; a malformed pattern matches nothing.
func (g *Glob) Match(name string) bool {
	if !strings.HasPrefix(name, g.prefix) || !strings.HasSuffix(name, g.suffix) {
		return false
	}
	if g.star {
		return len(name) >= len(g.prefix)+len(g.suffix) && strings.IndexByte(name[len(g.prefix):len(name)-len(g.suffix)], '/') < 0
	}
	ok, _ := path.Match(g.text, name)
	return ok
}
