package knowledge

import (
	"path"
	"slices"
	"sync"
)

// A variable is one line of variables.jsonl: what a package manager reads from its
// environment, or by a common form of its settings, to log in where it installs from.
type variable struct {
	Managers []string `json:"managers"` // families, as packages.Install has them
	Names    []string `json:"names"`    // patterns
	origin
}

var variablesOnce = sync.OnceValue(func() []*variable {
	return decode("variables.jsonl", variablesData, func() *variable { return new(variable) })
})

// ReadsVariable tells whether a package manager logs in by a variable of this name.
func ReadsVariable(manager, name string) bool {
	return slices.ContainsFunc(variablesOnce(), func(v *variable) bool {
		return slices.Contains(v.Managers, manager) && slices.ContainsFunc(v.Names, func(pattern string) bool {
			ok, err := path.Match(pattern, name)
			return ok && err == nil
		})
	})
}
