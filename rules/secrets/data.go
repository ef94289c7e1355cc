package secrets

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
)

//go:embed names.jsonl
var namesData string

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
