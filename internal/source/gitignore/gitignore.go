// Package gitignore tells which files of a repository git passes over, so that
// a search for Dockerfiles does the same. It follows the pattern format of
// gitignore(5); the user's and the repository's private exclude files are not
// read, for what others see does not depend on them.
package gitignore

import (
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/files"
)

// A Stack is the patterns in force in one folder: its own .gitignore over its
// parents'. The nil Stack ignores nothing.
type Stack struct {
	parent *Stack
	dir    string
	rules  []rule
	tries  *tries
}

// tries are how often a pattern may still be tried, so that a walk costs no more
// than its folders and its patterns are worth. Steps are tries of a name; a
// .gitignore brings some for each byte, and every path that is asked about.
type tries struct {
	left   int
	beyond bool
}

const (
	freeTries    = 1 << 20
	triesPerByte = 16
	triesOfPath  = 256
	maxPattern   = 4096 // bytes of a pattern that is no plain text: as long as a path is
)

// Beyond tells whether patterns were left untried; what they may ignore was
// taken not to be. It holds for all folders of a walk.
func (s *Stack) Beyond() bool { return s != nil && s.tries.beyond }

type rule struct {
	name    string // a plain name that matches at any depth; "" = see suffix
	suffix  string // of a base name, for *.log; "" = see re
	re      *regexp.Regexp
	negated bool
	dirOnly bool
	size    int // bytes of the pattern
}

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
	for line := range strings.Lines(string(data)) {
		if len(line) > maxPattern {
			next.tries.beyond = true
			continue
		}
		if r, ok := parse(strings.TrimRight(line, "\r\n")); ok {
			next.rules = append(next.rules, r)
		}
	}
	if len(next.rules) == 0 {
		return s
	}
	return next
}

// Ignored tells whether git passes over a path; its parent folders are taken
// to be not ignored, as in a walk from the top.
func (s *Stack) Ignored(p string, dir bool) bool {
	if s != nil {
		s.tries.left += triesOfPath
	}
	for ; s != nil; s = s.parent {
		rel := p
		if s.dir != "." {
			rel = strings.TrimPrefix(p, s.dir+"/")
		}
		for i := len(s.rules) - 1; i >= 0; i-- {
			r := &s.rules[i]
			if s.tries.left -= r.cost(rel); s.tries.left < 0 {
				s.tries.left, s.tries.beyond = 0, true
				return false
			}
			if r.dirOnly && !dir {
				continue
			}
			if r.match(rel) {
				return !r.negated
			}
		}
	}
	return false
}

// cost is how many steps it takes to try a rule on a path.
func (r *rule) cost(rel string) int {
	if r.re == nil {
		return 1
	}
	return 8 + r.size*len(rel)/8
}

// match tells whether a rule's pattern matches a path. Most patterns are a name
// or an ending, for which no expression is needed.
func (r *rule) match(rel string) bool {
	switch {
	case r.name != "":
		return path.Base(rel) == r.name
	case r.suffix != "":
		return strings.HasSuffix(path.Base(rel), r.suffix)
	}
	return r.re.MatchString(rel)
}

// parse reads one line of a .gitignore.
func parse(line string) (rule, bool) {
	var r rule
	if strings.HasPrefix(line, "#") {
		return r, false
	}
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	if strings.HasPrefix(line, "!") {
		r.negated, line = true, line[1:]
	}
	if strings.HasSuffix(line, "/") {
		r.dirOnly, line = true, strings.TrimSuffix(line, "/")
	}
	if line == "" {
		return r, false
	}
	anchored := strings.Contains(line, "/")
	switch {
	case !strings.ContainsAny(line, `/*?[\`):
		r.name = line
		return r, true
	case line[0] == '*' && len(line) > 1 && !strings.ContainsAny(line[1:], `/*?[\`):
		r.suffix = line[1:]
		return r, true
	}
	line = strings.TrimPrefix(line, "/")
	var b strings.Builder
	b.WriteString("^")
	if !anchored {
		b.WriteString("(?:.*/)?")
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case strings.HasPrefix(line[i:], "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(line[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[':
			end := strings.IndexByte(line[i+1:], ']')
			if end < 1 {
				b.WriteString(`\[`)
				continue
			}
			class := line[i+1 : i+1+end]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end + 1
		case c == '\\' && i+1 < len(line):
			i++
			b.WriteString(regexp.QuoteMeta(line[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(line[i : i+1]))
		}
	}
	b.WriteString("$")
	re, err := regexp.Compile(b.String())
	if err != nil {
		return r, false
	}
	r.re, r.size = re, len(line)
	return r, true
}
