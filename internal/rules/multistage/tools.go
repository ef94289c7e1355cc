package multistage

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A class says what kind of tool a package is.
type class string

const (
	none           class = "none" // a name that looks like a tool's and is not
	compiler       class = "compiler"
	sdk            class = "SDK"
	buildSystem    class = "build system"
	header         class = "header"
	vcs            class = "VCS"
	projectManager class = "project manager"
	devTool        class = "dev tool" // a test runner or linter: dev-dependencies' matter
)

// builds tells whether a tool of this class turns sources into programs, or is
// needed to: what is an error, where the others alone are a warning.
func (c class) builds() bool {
	return c == compiler || c == sdk || c == buildSystem || c == header
}

//go:embed packages.jsonl
var packagesData []byte

// packageLine is one line of packages.jsonl.
type packageLine struct {
	Class    class    `json:"class"`
	Managers []string `json:"managers"`
	Names    []string `json:"names"` // with path.Match's signs
	Source   string   `json:"source"`
}

// packageIndex finds a package's class: by its exact name, else by the first
// pattern that matches it.
type packageIndex struct {
	exact    map[string]class
	patterns []packagePattern
}

type packagePattern struct {
	glob           string
	prefix, suffix string // what a name has to begin and end with for the glob to match
	class          class
}

func newPattern(glob string, c class) packagePattern {
	p := packagePattern{glob: glob, class: c, prefix: glob[:strings.IndexAny(glob, "*?[")]}
	if i := strings.LastIndexByte(glob, '*'); i > strings.LastIndexAny(glob, "?[]\\") {
		p.suffix = glob[i+1:]
	}
	return p
}

// packageLines are those of packages.jsonl, and the tools for people at work.
func packageLines() []packageLine {
	list := decodeLines[packageLine]("packages.jsonl", packagesData)
	for _, d := range knowledge.AllDevTools() {
		list = append(list, packageLine{Class: devTool, Managers: d.Managers, Names: d.Names})
	}
	return list
}

var packageIndexes = sync.OnceValue(func() map[string]*packageIndex {
	all := map[string]*packageIndex{}
	// Names that are no tools go first, wherever they stand in the file.
	for _, first := range []bool{true, false} {
		for _, l := range packageLines() {
			if (l.Class == none) != first {
				continue
			}
			for _, m := range l.Managers {
				idx := all[m]
				if idx == nil {
					idx = &packageIndex{exact: map[string]class{}}
					all[m] = idx
				}
				for _, n := range l.Names {
					if strings.ContainsAny(n, "*?[") {
						idx.patterns = append(idx.patterns, newPattern(n, l.Class))
					} else if _, ok := idx.exact[n]; !ok {
						idx.exact[n] = l.Class
					}
				}
			}
		}
	}
	return all
})

// decodeLines reads a data file that is part of the program.
func decodeLines[T any](name string, data []byte) []T {
	var list []T
	for line := range bytes.Lines(data) {
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		list = append(list, v)
	}
	return list
}

// classOf is the class of a package of one manager; none where it is no tool.
func classOf(manager, name string) class {
	if name == "${PHPIZE_DEPS}" {
		// The official PHP images set it to autoconf, g++, gcc, make and more.
		return compiler
	}
	idx := packageIndexes()[manager]
	if idx == nil {
		return none
	}
	if c, ok := idx.exact[name]; ok {
		return c
	}
	for i := range idx.patterns {
		p := &idx.patterns[i]
		if !strings.HasPrefix(name, p.prefix) || !strings.HasSuffix(name, p.suffix) {
			continue
		}
		if ok, _ := path.Match(p.glob, name); ok {
			return p.class
		}
	}
	return none
}

// wanted tells whether the config says that the running container needs a
// tool, by its package's or its program's name.
func wanted(b *source.Build, name string) bool {
	program := knowledge.ProgramOf(name)
	return b.RuntimeTool(name) || program != "" && b.RuntimeTool(program)
}

// isImage tells whether an image is nothing but a tool: its ENTRYPOINT is that
// program alone, and who starts the container gives the arguments.
func isImage(b *source.Build, name string) bool {
	e := b.Entrypoint()
	if e.Step == nil || e.Shell || len(e.Words) != 1 {
		return false
	}
	started := path.Base(e.Words[0])
	return started == name || started == knowledge.ProgramOf(name)
}

// A tool is one build tool that a step brings.
type tool struct {
	name  string
	class class
	span  text.Span
	// orphan tells that the package is removed again, and what it depends on is not.
	orphan bool
	// listed is where another file names the package; nil = the Dockerfile does.
	listed *check.Place
}

// names are the tools' names in a sentence.
func names(tools []tool) string {
	seen := map[string]bool{}
	var list []string
	for _, t := range tools {
		name := strings.Trim(t.name, "${}")
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return sentence(list)
}

// sentence joins words as people do: a, b and c; beyond five it counts.
func sentence(list []string) string {
	if len(list) > 5 {
		list = append(list[:4:4], fmt.Sprintf("%d more", len(list)-4))
	}
	return check.List(list)
}

// plural is the first form for one, the second for more.
func plural(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
