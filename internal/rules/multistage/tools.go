package multistage

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A class says what kind of tool a package is.
type class = knowledge.Class

const (
	none           = knowledge.NoTool
	compiler       = knowledge.Compiler
	sdk            = knowledge.SDK
	buildSystem    = knowledge.BuildSystem
	header         = knowledge.Header
	vcs            = knowledge.VCS
	projectManager = knowledge.ProjectManager
	devTool        = knowledge.DevTool
)

func classOf(manager, name string) class { return knowledge.ClassOf(manager, name) }

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
