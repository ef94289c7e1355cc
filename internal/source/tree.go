package source

import (
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/text"
)

// tree is what one walk of a context's folder noticed. All contexts of one
// folder share it.
type tree struct {
	fsys fs.FS
	root string
	once sync.Once
	// notable are the entries whose names some check asks about.
	notable []Entry
	over    bool // there was more than the budget
	err     error

	mu        sync.Mutex
	dirs      map[string][]Entry  // folders that were listed, by path in the context
	kept      int                 // entries in dirs
	globs     map[string][]string // what patterns took
	globbed   int
	walks     meter.Meter
	names     meter.Meter // that patterns may still be held against
	past      string      // why some answers are missing; "" = none is
	stats     map[string]stat
	files     map[string]*text.File // that were read; nil = there is none
	fileBytes int
	requires  map[*text.File]*required // see Context.Requirements
	answers   table[string, told]      // see Context.Once
	bulk      []Entry                  // see Context.Bulk
	bulky     bool                     // bulk was worked out
}

// maxListed bounds how many entries of listed folders are kept, and maxDir how
// many of one folder are looked at: what holds for a folder shows in its first
// thousands.
const (
	maxListed    = 400_000
	maxDir       = 2_000
	maxGlobs     = 1_000    // questions of which the answer is kept
	maxStats     = 200_000  // paths that were looked up
	maxFileBytes = 16 << 20 // of files that were read
	maxGlobbed   = 100_000  // paths that patterns took, of which the result is kept
)

// list is the whole of a folder in name order, read once.
func (t *tree) list(dir string) []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	if entries, ok := t.dirs[dir]; ok {
		return entries
	}
	found, err := fs.ReadDir(t.fsys, path.Join(t.root, dir))
	entries := make([]Entry, 0, len(found))
	if err == nil {
		for _, e := range found {
			entries = append(entries, Entry{Path: path.Join(dir, e.Name()), Dir: e.IsDir()})
		}
	}
	if t.dirs == nil || t.kept > maxListed {
		t.dirs, t.kept = map[string][]Entry{}, 0
	}
	t.dirs[dir] = entries
	t.kept += len(entries)
	t.names.Left += namesPerEntry * len(entries)
	return entries
}

func (c *Context) bulk(size int64) []Entry {
	all := c.tree.list(".")
	t := c.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bulky {
		return t.bulk
	}
	t.bulky = true
	for _, e := range all {
		if e.Dir {
			switch path.Base(e.Path) {
			case ".git", "node_modules", "venv", ".venv":
				t.bulk = append(t.bulk, e)
			}
			continue
		}
		if info, err := fs.Stat(t.fsys, path.Join(t.root, e.Path)); err == nil && info.Mode().IsRegular() && info.Size() > size {
			e.Size, e.Mode = info.Size(), info.Mode()
			t.bulk = append(t.bulk, e)
		}
	}
	return t.bulk
}

// walkBudget is how many entries a walk looks at before a question about a
// whole context is left undecided.
const walkBudget = 200_000

func (t *tree) walk() {
	left, accounts := walkBudget, maxAccounts
	var walk func(dir, rel string, depth int)
	walk = func(dir, rel string, depth int) {
		entries, err := fs.ReadDir(t.fsys, dir)
		if err != nil && t.err == nil && rel == "" {
			t.err = err
		}
		for _, e := range entries {
			if left--; left < 0 {
				t.over = true
				return
			}
			name := e.Name()
			p := path.Join(rel, name)
			notable := Unwanted(name) || secretName(name)
			maybe := !notable && accounts > 0 && !e.IsDir() && depth <= maxAccountDepth && accountName(name)
			if notable || maybe {
				entry := Entry{Path: p, Dir: e.IsDir()}
				if info, err := e.Info(); err == nil {
					entry.Size, entry.Mode = info.Size(), info.Mode()
				}
				if maybe {
					if accounts--; entry.Size > maxAccount {
						continue
					}
				}
				t.notable = append(t.notable, entry)
			}
			if e.IsDir() && !knowledge.Unwanted.Has(name) && depth < maxDepth {
				walk(path.Join(dir, name), p, depth+1)
				if t.over {
					return
				}
			}
		}
	}
	walk(t.root, "", 0)
}

type stat struct {
	entry Entry
	err   error
}

// glob are the entries of the folders that a pattern takes whose names another
// takes.
func (t *tree) glob(dir, base string, depth int) []string {
	dirs := []string{dir}
	if strings.ContainsAny(dir, `*?[\`) && depth < maxDepth {
		up, name := path.Split(dir)
		dirs = t.glob(Clean(up), name, depth+1)
	}
	var found []string
	for _, dir := range dirs {
		if !strings.ContainsAny(base, `*?[\`) {
			if !t.spend(statSteps) {
				return found
			}
			p := path.Join(dir, base)
			if _, err := fs.Stat(t.fsys, path.Join(t.root, p)); err == nil {
				found = append(found, p)
			}
			continue
		}
		for _, e := range t.list(dir) {
			name := path.Base(e.Path)
			if !t.spend(1 + len(base)*len(name)/64) {
				return found
			}
			if ok, err := path.Match(base, name); err == nil && ok {
				found = append(found, e.Path)
			}
		}
	}
	return found
}

// How much is asked of a context, over all Dockerfiles that have it: names held
// against wildcards, entries of folders, bytes of files. What lies in it brings
// some steps, and so does every build. What a wildcard takes is then looked at
// path by path.
const (
	freeNames     = 1 << 20
	namesPerBuild = 20_000
	namesPerEntry = 64
	namesPerByte  = 2
	pathSteps     = 16
	bytesOfStep   = 64
	entriesOfStep = 2
)

// used tells that one more build has its context here.
func (t *tree) used() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.names.Left += namesPerBuild
	t.walks.Left += walksPerBuild
}

// How many entries walks look at for checks, over all Dockerfiles with this
// context.
const (
	freeWalks     = 250_000
	walksPerBuild = 125
)

func (t *tree) step() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.walks.Spend(1) {
		return true
	}
	t.stop(manyFiles)
	return false
}

func (t *tree) spend(n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.names.Spend(n) {
		return true
	}
	t.stop(manyFiles)
	return false
}

const manyFiles = "its instructions refer to more files of the build context than the limit for a context of its size"

// stop notes what was not followed to its end; the tree is locked.
func (t *tree) stop(reason string) {
	if t.past == "" {
		t.past = reason
	}
}

// maxRead is the largest file of a context that is read: scripts, manifests
// and keys are far smaller.
const maxRead = 1 << 20
