package knowledge

import "sync"

// An Extension is one of a service that its official image lacks, and an image that has it
// and is used as that one is.
type Extension struct {
	Service   string `json:"service"` // as Services names it
	Extension string `json:"extension"`
	Repo      string `json:"repo"`
	Tag       string `json:"tag"`
	origin
}

var extensionsOnce = sync.OnceValue(func() map[string]*Extension {
	x := map[string]*Extension{}
	for _, e := range decode("extensions.jsonl", extensionsData, func() *Extension { return new(Extension) }) {
		x[e.Extension] = e
	}
	return x
})

// ExtensionOf is what is known of an extension; nil = the official image has it, or nothing
// is known.
func ExtensionOf(name string) *Extension { return extensionsOnce()[name] }
