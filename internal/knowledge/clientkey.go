package knowledge

import (
	"slices"
	"sync"
)

// A ClientKey is a variable that a client of a service reads by itself, and without which
// it cannot be made.
type ClientKey struct {
	Language string   `json:"language"`
	Calls    []string `json:"calls"` // what makes it
	Variable string   `json:"variable"`
	Unless   []string `json:"unless"` // arguments that say it otherwise
	Value    string   `json:"value"`  // one that has the right form and opens nothing
	origin
}

var clientKeysOnce = sync.OnceValue(func() []*ClientKey {
	return decode("clientkeys.jsonl", clientKeysData, func() *ClientKey { return new(ClientKey) })
})

// ClientKeyOf is the key that a call of a language reads; nil = none is known.
func ClientKeyOf(language, call string) *ClientKey {
	for _, k := range clientKeysOnce() {
		if k.Language == language && slices.Contains(k.Calls, call) {
			return k
		}
	}
	return nil
}

// MadeUpKey is a value for a variable which has the form that its service's clients ask
// for, and opens nothing; "" = none is known.
func MadeUpKey(variable string) string {
	for _, k := range clientKeysOnce() {
		if k.Variable == variable {
			return k.Value
		}
	}
	return ""
}
