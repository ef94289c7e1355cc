// Package gitignore tells which files of a repository git passes over, so that
// a search for Dockerfiles does the same. It follows the pattern format of
// gitignore(5); the user's and the repository's private exclude files are not
// read, for what others see does not depend on them.
package gitignore

import (
	"io/fs"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/files"
)

// A Stack is the patterns in force in one folder: its own .gitignore over its
// parents'. The nil Stack ignores nothing. It serves one goroutine.
type Stack struct {
	parent *Stack
	dir    string
	rules  *rules
	tries  *tries
}

// tries are how often a pattern may still be tried, so that a walk costs no more
// than its paths and its patterns are worth. A .gitignore brings some for each
// byte, and so does every path that is asked about; they are spent by looking a
// path up, by a look at a pattern and by matching an expression.
type tries struct {
	left   int
	beyond bool
}

const (
	freeTries    = 1 << 20
	triesPerByte = 16
	triesOfPath  = 1024
	maxPattern   = 4096 // bytes of a pattern that is no plain text: as long as a path is
)

// Beyond tells whether patterns were left untried; what they may ignore was
// taken not to be. It holds for all folders of a walk.
func (s *Stack) Beyond() bool { return s != nil && s.tries.beyond }

// For is the stack above the folder root: the .gitignore files of the folders
// that hold it, from the top of fsys.
func For(fsys fs.FS, root string) *Stack {
	var s *Stack
	if root == "." {
		return nil
	}
	dir := "."
	for _, part := range strings.Split(root, "/") {
		s = s.enter(fsys, dir)
		dir = path.Join(dir, part)
	}
	return s
}

// Enter is the stack inside dir, whose entries are given.
func (s *Stack) Enter(fsys fs.FS, dir string, entries []fs.DirEntry) *Stack {
	for _, e := range entries {
		if e.Name() == ".gitignore" && e.Type().IsRegular() {
			return s.enter(fsys, dir)
		}
	}
	return s
}

func (s *Stack) enter(fsys fs.FS, dir string) *Stack {
	data, err := files.Read(fsys, path.Join(dir, ".gitignore"), 1<<20)
	if err != nil {
		return s
	}
	next := &Stack{parent: s, dir: dir, tries: &tries{left: freeTries}}
	if s != nil {
		next.tries = s.tries
	}
	next.tries.left += triesPerByte * len(data)
	var long bool
	next.rules, long = parse(string(data))
	next.tries.beyond = next.tries.beyond || long
	if next.rules.count == 0 && !long {
		return s
	}
	return next
}

// Ignored tells whether git passes over a path; its parent folders are taken
// to be not ignored, as in a walk from the top.
func (s *Stack) Ignored(p string, dir bool) bool {
	if s == nil {
		return false
	}
	s.tries.left += triesOfPath
	base := path.Base(p)
	for ; s != nil; s = s.parent {
		rel := p
		if s.dir != "." {
			rel = strings.TrimPrefix(p, s.dir+"/")
		}
		last, negated := s.rules.last(rel, base, dir, s.tries)
		if s.tries.beyond && s.tries.left <= 0 {
			return false
		}
		if last >= 0 {
			return !negated
		}
	}
	return false
}
