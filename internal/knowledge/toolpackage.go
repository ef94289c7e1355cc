package knowledge

import (
	"strings"
	"sync"
)

// A Class says what kind of tool a package is.
type Class string

// The classes. A DevTool is a test runner or a linter, which is a matter of the
// dependencies for development.
const (
	NoTool         Class = "none" // a name that looks like a tool's and is not, or any other
	Compiler       Class = "compiler"
	SDK            Class = "SDK"
	BuildSystem    Class = "build system"
	Header         Class = "header"
	VCS            Class = "VCS"
	ProjectManager Class = "project manager"
	DevTool        Class = "dev tool"
)

// Builds tells whether a tool of this class turns sources into programs, or is
// needed to.
func (c Class) Builds() bool {
	return c == Compiler || c == SDK || c == BuildSystem || c == Header
}

type toolPackage struct {
	Class    Class    `json:"class"`
	Managers []string `json:"managers"`
	Names    []string `json:"names"` // with path.Match's signs
	origin
}

// classIndex finds a package's class: by its exact name, else by the first pattern
// that matches it.
type classIndex struct {
	exact    map[string]Class
	patterns []classPattern
	begin    [256][]int // those that names with this first byte may match, in order
}

type classPattern struct {
	glob  Glob
	class Class
}

// toolPackages are those of the data file, and the tools for people at work.
func toolPackages() []*toolPackage {
	list := decode("toolpackages.jsonl", toolPackagesData, func() *toolPackage { return new(toolPackage) })
	for _, d := range AllDevTools() {
		list = append(list, &toolPackage{Class: DevTool, Managers: d.Managers, Names: d.Names})
	}
	return list
}

// add puts a pattern behind those that are there.
func (x *classIndex) add(p classPattern) {
	n := len(x.patterns)
	x.patterns = append(x.patterns, p)
	for b := range x.begin {
		if p.glob.prefix == "" || p.glob.prefix[0] == byte(b) {
			x.begin[b] = append(x.begin[b], n)
		}
	}
}

var classIndexes = sync.OnceValue(func() map[string]*classIndex {
	all := map[string]*classIndex{}
	// Names that are no tools go first, wherever they stand in the file.
	for _, first := range []bool{true, false} {
		for _, l := range toolPackages() {
			if (l.Class == NoTool) != first {
				continue
			}
			for _, m := range l.Managers {
				idx := all[m]
				if idx == nil {
					idx = &classIndex{exact: map[string]Class{}}
					all[m] = idx
				}
				for _, n := range l.Names {
					if strings.ContainsAny(n, "*?[") {
						idx.add(classPattern{NewGlob(n), l.Class})
					} else if _, ok := idx.exact[n]; !ok {
						idx.exact[n] = l.Class
					}
				}
			}
		}
	}
	return all
})

// ClassOf is the class of a package of one manager; NoTool where it is none.
func ClassOf(manager, name string) Class {
	if name == "${PHPIZE_DEPS}" {
		// The official PHP images set it to autoconf, g++, gcc, make and more.
		return Compiler
	}
	idx := classIndexes()[manager]
	if idx == nil {
		return NoTool
	}
	if c, ok := idx.exact[name]; ok {
		return c
	}
	if name == "" {
		return NoTool
	}
	for _, i := range idx.begin[name[0]] {
		if p := &idx.patterns[i]; p.glob.Match(name) {
			return p.class
		}
	}
	return NoTool
}
