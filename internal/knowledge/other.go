package knowledge

import "sync"

// An Other is a language whose projects are known by their manifests, and for which no
// container is written.
type Other struct {
	Language  string   `json:"language"`
	Manifests []string `json:"manifests"` // with path.Match's signs
	Late      bool     `json:"late"`      // projects of other languages have such files too, for a part of theirs
	origin
}

var othersOnce = sync.OnceValue(func() []*Other {
	return decode("others.jsonl", othersData, func() *Other { return new(Other) })
})

// Others are all that are known.
func Others() []*Other { return othersOnce() }
