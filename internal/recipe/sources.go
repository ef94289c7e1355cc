package recipe

import (
	"io/fs"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// Sources is what the project in a build's context is, by its files; nil where that cannot
// be told, or where nobody wants edits, for which alone they are read.
func Sources(b *source.Build) *stack.Stack {
	if b.Context == nil || !b.Mending() {
		return nil
	}
	s, _ := b.Lasting("what "+b.Context.Root+" is", func() any {
		if large(b.Context.FS()) {
			return (*stack.Stack)(nil)
		}
		s, err := stack.Detect(b.Context.FS(), stack.Options{})
		if err != nil {
			return (*stack.Stack)(nil) // it is told where it is asked for by name
		}
		return s
	}).(*stack.Stack)
	return s
}

// How much of a project is read for what a few lines of a Dockerfile may gain by it.
const (
	mostFiles = 20_000
	mostBytes = 16 << 20
)

// large tells whether a project has more sources than are read.
func large(fsys fs.FS) bool {
	files, bytes := 0, int64(0)
	err := fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read is not read later, either
		case e.IsDir() && p != "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "node_modules" || e.Name() == "vendor"):
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		if files++; files > mostFiles {
			return fs.ErrInvalid
		}
		switch path.Ext(p) {
		case ".py", ".js", ".mjs", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".rb", ".php", ".cs", ".c", ".cc", ".cpp", ".h", ".hpp":
			if info, err := e.Info(); err == nil {
				bytes += info.Size()
			}
		}
		if bytes > mostBytes {
			return fs.ErrInvalid
		}
		return nil
	})
	return err != nil
}
