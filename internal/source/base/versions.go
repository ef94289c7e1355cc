package base

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"
)

//go:embed versions.jsonl
var versionsData []byte

// A product is how one publisher spells versions in tags. The zero product is
// the usual case: three parts make a full version, no end of life is known.
type product struct {
	Repos       []string          `json:"repos"`
	Prefix      string            `json:"prefix"`      // instead of repos: all repositories under it
	Parts       int               `json:"parts"`       // parts of a full version; 0 means 3
	PartsSince  int               `json:"parts_since"` // the major that Parts holds from; below it 3
	Series      int               `json:"series"`      // parts that name a stable series of an operating system; 0: not one
	Codenames   bool              `json:"codenames"`   // a word names a stable series too: bookworm, stream9
	Release     bool              `json:"release"`     // a number behind the version is the build: 1-74
	Unversioned bool              `json:"unversioned"` // the publisher makes no version tags
	Lines       map[string]string `json:"lines"`       // words that name a release line, and its major
	EOL         string            `json:"eol"`         // product of eol.jsonl; "" where none is known
	Cycle       string            `json:"cycle"`       // the cycle for a version {v}, or a fixed one; "" the version itself
	Source      string            `json:"source"`
}

type products struct {
	byRepo   map[string]*product
	byPrefix []*product
}

var knownProducts = sync.OnceValue(func() products {
	p := products{byRepo: map[string]*product{}}
	for line := range bytes.Lines(versionsData) {
		one := new(product)
		mustDecode("versions.jsonl", line, one)
		for _, repo := range one.Repos {
			p.byRepo[repo] = one
		}
		if one.Prefix != "" {
			p.byPrefix = append(p.byPrefix, one)
		}
	}
	return p
})

var usual = new(product)

// productOf is the product that a repository publishes; never nil.
func productOf(repo string) *product {
	repo = canonical(repo)
	known := knownProducts()
	if p := known.byRepo[repo]; p != nil {
		return p
	}
	for _, p := range known.byPrefix {
		if strings.HasPrefix(repo, p.Prefix) {
			return p
		}
	}
	return usual
}

// PublisherWithoutVersions tells whether the publisher of repo makes no
// version tags, so that only a digest can pin it: distroless, and Chainguard's
// free images.
func PublisherWithoutVersions(repo string) bool { return productOf(repo).Unversioned }
