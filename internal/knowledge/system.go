package knowledge

import "sync"

// A System is an operating system, by the name that lists of end-of-life dates
// give it and the words that tags use for it.
type System struct {
	Product string   `json:"product"`
	Words   []string `json:"words"`
	origin
}

// Systems are all of them. The list must not be changed.
var Systems = sync.OnceValue(func() []*System {
	return decode("systems.jsonl", systemsData, func() *System { return new(System) })
})

var systemWords = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, s := range Systems() {
		for _, w := range s.Words {
			m[w] = s.Product
		}
	}
	return m
})

// SystemOf is the product that a word of a tag stands for: rhel of ubi; "" where
// it is none.
func SystemOf(word string) string { return systemWords()[word] }
