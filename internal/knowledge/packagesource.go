package knowledge

import (
	"slices"
	"strings"
	"sync"
)

// A packageSource is a repository of packages that brings a language's runtime or its
// package manager.
type packageSource struct {
	Ecosystem string   `json:"ecosystem"`
	Names     []string `json:"names"` // parts of addresses
	origin
}

var packageSourcesOnce = sync.OnceValue(func() []*packageSource {
	return decode("packagesources.jsonl", packageSourcesData, func() *packageSource { return new(packageSource) })
})

// NamesPackageSource tells whether a command names such a repository.
func NamesPackageSource(command string) bool {
	return slices.ContainsFunc(packageSourcesOnce(), func(s *packageSource) bool { return s.in(command) })
}

func (s *packageSource) in(command string) bool {
	return slices.ContainsFunc(s.Names, func(n string) bool { return strings.Contains(command, n) })
}

// BringsLanguage tells whether a command that names a repository of packages names one of
// a language's runtime or package manager, which a base image of that language has.
func BringsLanguage(command, ecosystem string) bool {
	return slices.ContainsFunc(packageSourcesOnce(), func(s *packageSource) bool {
		return s.Ecosystem == ecosystem && s.in(command)
	})
}
