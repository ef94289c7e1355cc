package knowledge

import "sync"

// A minimum is the version of a language that something needs, from a version of it on.
type minimum struct {
	Of    string `json:"of"` // rust edition
	From  string `json:"from"`
	Needs string `json:"needs"`
	origin
}

var minimumsOnce = sync.OnceValue(func() []*minimum {
	return decode("minimums.jsonl", minimumsData, func() *minimum { return new(minimum) })
})

// Minimum is the version of the language that something at a version needs at least;
// "" = none is known.
func Minimum(of, version string) (needs string) {
	for _, m := range minimumsOnce() {
		if m.Of == of && Compare(version, m.From) >= 0 {
			needs = m.Needs
		}
	}
	return needs
}
