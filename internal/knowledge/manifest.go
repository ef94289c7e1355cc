package knowledge

import "sync"

// A Manifest is names of files in which projects write down their
// dependencies, and what these are to a tool.
type Manifest struct {
	Ecosystem string   `json:"ecosystem"` // python, node, go, …
	Tool      string   `json:"tool"`      // pip, npm, maven, …; "" = all of its ecosystem
	Role      string   `json:"role"`      // manifest, lock, settings, wrapper
	Names     []string `json:"names"`     // with path.Match's signs
	origin
}

// Manifests are all of them. The list must not be changed.
var Manifests = sync.OnceValue(func() []*Manifest {
	return decode("manifests.jsonl", manifestsData, func() *Manifest { return new(Manifest) })
})

// Locks are a manager's manifest and the lock files that settle it.
type Locks struct {
	Manager  string   `json:"manager"`
	Manifest string   `json:"manifest"`
	Locks    []string `json:"locks"` // the usual one first
	origin
}

var locks = sync.OnceValue(func() map[string]*Locks {
	m := map[string]*Locks{}
	for _, l := range decode("locks.jsonl", locksData, func() *Locks { return new(Locks) }) {
		m[l.Manager] = l
	}
	return m
})

// LocksOf are a manager's; nil where it has none.
func LocksOf(manager string) *Locks { return locks()[manager] }

// An ecosystem is one line of ecosystems.jsonl.
type ecosystem struct {
	Ecosystem string   `json:"ecosystem"`
	Managers  []string `json:"managers"`  // beside the one of its own name
	Compilers []string `json:"compilers"` // build tools that download its dependencies
	First     string   `json:"first"`     // what to copy before an install
	origin
}

// ecosystems are the lines by their names, managers and compilers.
type ecosystemIndex struct{ byName, byManager, byCompiler map[string]*ecosystem }

var ecosystems = sync.OnceValue(func() ecosystemIndex {
	x := ecosystemIndex{map[string]*ecosystem{}, map[string]*ecosystem{}, map[string]*ecosystem{}}
	for _, e := range decode("ecosystems.jsonl", ecosystemsData, func() *ecosystem { return new(ecosystem) }) {
		x.byName[e.Ecosystem] = e
		for _, m := range e.Managers {
			x.byManager[m] = e
		}
		for _, c := range e.Compilers {
			x.byCompiler[c] = e
		}
	}
	return x
})

// EcosystemOf is the ecosystem whose dependencies a manager installs: python of
// pip and uv, node of npm and yarn, else the manager's own name.
func EcosystemOf(manager string) string {
	if e := ecosystems().byManager[manager]; e != nil {
		return e.Ecosystem
	}
	return manager
}

// CompiledEcosystem is the ecosystem whose dependencies a build tool downloads,
// as maven of mvn; "" where it downloads none.
func CompiledEcosystem(program string) string {
	if e := ecosystems().byCompiler[program]; e != nil {
		return e.Ecosystem
	}
	return ""
}

// FirstManifests says which files of an ecosystem to copy before an install; ""
// where that is not known.
func FirstManifests(name string) string {
	if e := ecosystems().byName[name]; e != nil {
		return e.First
	}
	return ""
}
