package secret

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed published.jsonl
var publishedData string

// publishedValue is one line of published.jsonl: a value of a secret's look that its
// publisher has told everybody, and that opens nothing but an emulator on one's own machine.
type publishedValue struct {
	Value  string `json:"value"`
	What   string `json:"what"` // with its article
	Source string `json:"source"`
	Date   string `json:"date"` // on which the source said so
}

var published = sync.OnceValue(func() []publishedValue { return records[publishedValue](publishedData) })

// Published says which value that everybody knows a text has in it; "" = none.
func Published(s string) string {
	if len(s) < 32 {
		return ""
	}
	for _, p := range published() {
		if strings.Contains(s, p.Value) {
			return p.What
		}
	}
	return ""
}
