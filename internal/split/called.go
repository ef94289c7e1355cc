package split

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// How much of a project's sources is read for the programs that they call.
const (
	mostSources = 2000
	largest     = 256 << 10
)

// called is where the project's sources name a program of a package as a word of its own, as
// those do that start it; "" = nowhere that is read.
func (s *splitter) called(pkg string) string {
	if s.b.Context == nil || !s.b.Mending() {
		return ""
	}
	name := knowledge.ProgramOf(pkg)
	if name == "" {
		name = pkg
	}
	at, _ := s.b.Lasting("who in "+s.b.Context.Root+" calls "+name, func() any {
		word, err := regexp.Compile("[\"'`]" + regexp.QuoteMeta(name) + "[\"'` ]")
		if err != nil {
			return ""
		}
		found, n := "", 0
		fsys := s.b.Context.FS()
		_ = fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil // what cannot be read calls nothing that is known
			case e.IsDir() && (strings.HasPrefix(e.Name(), ".") && p != "." || e.Name() == "node_modules" || e.Name() == "vendor" || e.Name() == "tests" || e.Name() == "test"):
				return fs.SkipDir
			case !e.Type().IsRegular() || !isSource(p):
				return nil
			}
			if n++; n > mostSources {
				return fs.SkipAll
			}
			if info, err := e.Info(); err != nil || info.Size() > largest {
				return nil
			}
			data, err := fs.ReadFile(fsys, p)
			if at := word.FindIndex(data); err == nil && at != nil {
				found = fmt.Sprintf("%s:%d", p, 1+strings.Count(string(data[:at[0]]), "\n"))
				return fs.SkipAll
			}
			return nil
		})
		return found
	}).(string)
	return at
}

// isSource tells whether a file may hold code that starts programs.
func isSource(p string) bool {
	switch path.Ext(p) {
	case ".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".rb", ".php", ".java", ".kt", ".rs", ".sh", ".cs", ".ex", ".exs", ".pl", ".c", ".cc", ".cpp":
		return true
	}
	return false
}
