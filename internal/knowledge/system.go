package knowledge

import "sync"

// A System is an operating system, by the name that lists of end-of-life dates
// give it and the words that tags use for it.
type System struct {
	Product string   `json:"product"`
	Words   []string `json:"words"`
	origin
}

type systems struct {
	all     []*System
	product map[string]string // by word
}

var systemsOnce = sync.OnceValue(func() *systems {
	x := &systems{decode("systems.jsonl", systemsData, func() *System { return new(System) }), map[string]string{}}
	for _, s := range x.all {
		for _, w := range s.Words {
			x.product[w] = s.Product
		}
	}
	return x
})

// Systems are all of them. The list must not be changed.
func Systems() []*System { return systemsOnce().all }

// SystemOf is the product that a word of a tag stands for: rhel of ubi; "" where
// it is none.
func SystemOf(word string) string { return systemsOnce().product[word] }
