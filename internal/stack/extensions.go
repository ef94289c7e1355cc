package stack

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// maxAsked bounds how many files are asked which extensions their statements make.
const maxAsked = 500

var extensionRE = regexp.MustCompile(`(?i)create\s+extension\s+(?:if\s+not\s+exists\s+)?["'\\]*(\w+)`)

// extensions finds the extensions of its database that a program makes and that the
// official image lacks.
func (s *Stack) extensions() {
	if !slices.ContainsFunc(s.Services, func(f Fact) bool { return f.Value == "PostgreSQL" }) {
		return
	}
	left := maxAsked
	for _, name := range s.tree.files {
		switch path.Ext(name) {
		case ".sql", ".py", ".js", ".ts", ".go", ".rs", ".java", ".kt", ".rb", ".php", ".cs":
		default:
			continue
		}
		if strings.Contains(name, "test") {
			continue
		}
		if left--; left < 0 {
			return
		}
		data := s.tree.read(name)
		if !bytes.Contains(data, []byte("EXTENSION")) && !bytes.Contains(data, []byte("extension")) {
			continue
		}
		for _, m := range extensionRE.FindAllSubmatchIndex(data, -1) {
			ext := strings.ToLower(string(data[m[2]:m[3]]))
			if knowledge.ExtensionOf(ext) != nil && !slices.ContainsFunc(s.Extensions, func(f Fact) bool { return f.Value == ext }) {
				s.Extensions = append(s.Extensions, Fact{Value: ext, At: Place{name, 1 + bytes.Count(data[:m[0]], []byte("\n"))}})
			}
		}
	}
}
