package knowledge

import "sync"

// A DependencyTool is a tool that reads dependencies, and the files in which
// projects write them down for it.
type DependencyTool struct {
	Ecosystem string   `json:"ecosystem"` // python, node, go, …
	Name      string   `json:"tool"`      // pip, npm, maven, …; "" = all of its ecosystem
	Manager   string   `json:"manager"`   // the command that it is called by; "" = its name
	Reads     string   `json:"reads"`     // the manifest that its lock files settle; "" = not one alone
	Manifests []string `json:"manifests"` // files that say what is wanted, with path.Match's signs
	Locks     []string `json:"locks"`     // files that say exactly what is taken, the usual one first
	Settings  []string `json:"settings"`
	Wrappers  []string `json:"wrappers"` // files that start it
	origin
}

type dependencyTools struct {
	all     []*DependencyTool
	settled map[string]int // by manager, of those with a manifest that locks settle
}

var dependencyToolsOnce = sync.OnceValue(func() *dependencyTools {
	x := &dependencyTools{
		all:     decode("manifests.jsonl", manifestsData, func() *DependencyTool { return new(DependencyTool) }),
		settled: map[string]int{},
	}
	for i, t := range x.all {
		switch {
		case t.Reads == "":
		case t.Manager != "":
			x.settled[t.Manager] = i
		default:
			x.settled[t.Name] = i
		}
	}
	return x
})

// DependencyTools are all of them. The list must not be changed.
func DependencyTools() []*DependencyTool { return dependencyToolsOnce().all }

// Locking is the tool of a manager whose lock files settle a manifest; nil where
// it has none.
func Locking(manager string) *DependencyTool {
	x := dependencyToolsOnce()
	if i, ok := x.settled[manager]; ok {
		return x.all[i]
	}
	return nil
}

// An ecosystem is one line of ecosystems.jsonl.
type ecosystem struct {
	Ecosystem string   `json:"ecosystem"`
	Managers  []string `json:"managers"`  // beside the one of its own name
	Compilers []string `json:"compilers"` // build tools that download its dependencies
	First     string   `json:"first"`     // what to copy before an install
	origin
}

// ecosystems are their names by manager and by compiler, and what to copy first
// by their names.
type ecosystems struct{ byManager, byCompiler, first map[string]string }

var ecosystemsOnce = sync.OnceValue(func() *ecosystems {
	x := &ecosystems{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, e := range decode("ecosystems.jsonl", ecosystemsData, func() *ecosystem { return new(ecosystem) }) {
		x.first[e.Ecosystem] = e.First
		for _, m := range e.Managers {
			x.byManager[m] = e.Ecosystem
		}
		for _, c := range e.Compilers {
			x.byCompiler[c] = e.Ecosystem
		}
	}
	return x
})

// EcosystemOf is the ecosystem whose dependencies a manager installs: python of
// pip and uv, node of npm and yarn, else the manager's own name.
func EcosystemOf(manager string) string {
	if e := ecosystemsOnce().byManager[manager]; e != "" {
		return e
	}
	return manager
}

// CompiledEcosystem is the ecosystem whose dependencies a build tool downloads,
// as maven of mvn; "" where it downloads none.
func CompiledEcosystem(program string) string { return ecosystemsOnce().byCompiler[program] }

// FirstManifests says which files of an ecosystem to copy before an install; ""
// where that is not known.
func FirstManifests(name string) string { return ecosystemsOnce().first[name] }
