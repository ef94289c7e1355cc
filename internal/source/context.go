package source

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
	"github.com/dockworthy/dockworthy/text"
)

// A Context is the build context of a Dockerfile: a folder and the ignore file
// that decides what of it is sent. It is read lazily: nothing is looked up
// before somebody asks.
type Context struct {
	Root   string       // the folder's path in the project
	Ignore *ignore.List // nil = there is no effective ignore file
	File   *text.File   // the ignore file, or nil

	files view
	tree  *tree
}

// An Entry is a file or folder of a context.
type Entry struct {
	Path string // relative to the context
	Dir  bool
	Size int64
	Mode fs.FileMode
}

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

// Bulk are the entries at the root of the context's folder that are large by
// their name (.git, node_modules, a virtual environment) or their size, from
// size bytes on. All callers ask for one size.
func (c *Context) Bulk(size int64) []Entry {
	c.files.ask(aboutNames, c.Root)
	c.files.ask(aboutLarge, c.Root)
	list := c.bulk(size)
	for _, e := range list {
		c.files.ask(aboutFile, path.Join(c.Root, e.Path))
	}
	return list
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

// Unwanted tells whether a base name is one of those that rule 6 asks to keep
// out: .git, .env and .env.* save samples, __pycache__, venv and .venv,
// node_modules, test_data.
func Unwanted(name string) bool {
	return knowledge.Unwanted.Has(name) || IsEnvFile(name)
}

// IsEnvFile tells whether a name is that of an environment file with values in
// it: .env or .env.*, not .env.example, .sample, .template or .dist.
func IsEnvFile(name string) bool {
	if name == ".env" {
		return true
	}
	ext, ok := strings.CutPrefix(name, ".env.")
	return ok && !knowledge.EnvSamples.In(ext)
}

// secretName tells whether a base name is one under which secrets lie.
func secretName(name string) bool {
	if knowledge.SecretName(name) {
		return true
	}
	low := strings.ToLower(name)
	return strings.HasSuffix(low, ".pem") || strings.HasSuffix(low, ".key") || strings.HasSuffix(low, ".p12") || strings.HasSuffix(low, ".pfx") ||
		strings.HasSuffix(low, ".json") && (strings.Contains(low, "service") || strings.Contains(low, "credential") || strings.Contains(low, "gcp") || strings.Contains(low, "secret") || strings.Contains(low, "key"))
}

// accountName tells whether a name says nothing against the key of a service
// account: Google names it after the project and a serial number.
func accountName(name string) bool {
	low := strings.ToLower(name)
	return strings.HasSuffix(low, ".json") && !strings.HasPrefix(low, "package") && !strings.HasPrefix(low, "tsconfig") && !strings.HasPrefix(low, ".")
}

// Such files are looked into near the top of the context, so many of them, and
// no larger than such a key is.
const (
	maxAccountDepth = 3
	maxAccounts     = 200
	maxAccount      = 8 << 10
)

// Notable are the entries of the context's folder, sent or not, whose names
// are unwanted or are such as secrets lie under. Folders with an unwanted name
// are not entered: the name is the witness. The error says why the list is
// not whole.
func (c *Context) Notable() ([]Entry, error) {
	t := c.tree
	t.once.Do(t.walk)
	c.files.ask(aboutTree, c.Root)
	if c.files.trace != nil {
		for _, e := range t.notable { // their sizes are told too
			c.files.ask(aboutFile, path.Join(c.Root, e.Path))
		}
	}
	if t.over {
		return t.notable, errors.New("the build context has more than 200,000 entries")
	}
	return t.notable, t.err
}

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

// Clean is a COPY source as a path in the context: slashes and dots resolved,
// never above its root, "." for the whole.
func Clean(src string) string {
	p := path.Clean("/" + src)
	if p == "/" {
		return "."
	}
	return p[1:]
}

// Stat looks a path of the context up, through the file system and not the
// ignore file.
func (c *Context) Stat(p string) (Entry, error) {
	t := c.tree
	c.files.ask(aboutFile, path.Join(c.Root, p))
	t.mu.Lock()
	got, ok := t.stats[p]
	t.mu.Unlock()
	if ok {
		return got.entry, got.err
	}
	info, err := fs.Stat(t.fsys, path.Join(c.Root, p))
	if err == nil {
		got.entry = Entry{Path: p, Dir: info.IsDir(), Size: info.Size(), Mode: info.Mode()}
	}
	got.err = err
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stats == nil || len(t.stats) >= maxStats {
		t.stats = map[string]stat{}
	}
	t.stats[p] = got
	return got.entry, got.err
}

type stat struct {
	entry Entry
	err   error
}

// Once is the answer to a question about the context, asked once for all
// builds that have it.
func (c *Context) Once(question string, answer func() string) string {
	got := c.tree.answers.get(question, func() (got told) {
		got.asked = c.files.trace.record(func() { got.text = answer() })
		return got
	})
	c.files.trace.again(got.asked)
	return got.text
}

// told is an answer, and what was asked for it.
type told struct {
	text  string
	asked []question
}

// Glob are the paths of the context that a COPY source with wildcards takes. The
// list is shared: it must not be changed.
func (c *Context) Glob(pattern string) []string {
	t := c.tree
	c.files.askGlob(c.Root, pattern)
	t.mu.Lock()
	found, ok := t.globs[pattern]
	t.mu.Unlock()
	if ok {
		if !t.spend(pathSteps * len(found)) {
			return nil
		}
		return found
	}
	dir, base := path.Split(pattern)
	found = t.glob(Clean(dir), base, 0)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.names.Spend(pathSteps * len(found)) {
		t.stop(manyFiles)
	}
	if t.globs == nil || t.globbed > maxGlobbed {
		t.globs, t.globbed = map[string][]string{}, 0
	}
	t.globs[pattern] = found
	t.globbed += 1 + len(found)
	return found
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

// beyond says why answers about the context are missing; "" = none is.
func (c *Context) beyond() string {
	if reason := c.Ignore.Beyond(); reason != "" {
		return reason
	}
	c.tree.mu.Lock()
	defer c.tree.mu.Unlock()
	return c.tree.past
}

const manyFiles = "its instructions ask for more of the files of the build context than is looked at in a context of its size"

// stop notes what was not followed to its end; the tree is locked.
func (t *tree) stop(reason string) {
	if t.past == "" {
		t.past = reason
	}
}

// maxRead is the largest file of a context that is read: scripts, manifests
// and keys are far smaller.
const maxRead = 1 << 20

// Read is the bytes of a file of the context; ok is false where there is none
// that can be read, or it is larger than a mebibyte. They must not be changed.
func (c *Context) Read(p string) ([]byte, bool) {
	f, ok := c.ReadFile(p)
	if !ok {
		return nil, false
	}
	return f.Data, true
}

// ReadFile is Read as a text.File with its project path, for places.
func (c *Context) ReadFile(p string) (*text.File, bool) {
	if c == nil {
		return nil, false
	}
	t := c.tree
	c.files.ask(aboutFile, path.Join(c.Root, p))
	t.mu.Lock()
	f, ok := t.files[p]
	t.mu.Unlock()
	if !ok {
		name := path.Join(c.Root, p)
		if data, err := files.Read(t.fsys, name, maxRead); err == nil {
			f = text.NewFile(name, data)
		}
		t.mu.Lock()
		if t.files == nil || t.fileBytes > maxFileBytes {
			t.files, t.fileBytes = map[string]*text.File{}, 0
		}
		t.files[p] = f
		t.fileBytes += 256
		if f != nil {
			t.fileBytes += len(f.Data)
			t.names.Left += namesPerByte * len(f.Data)
		}
		t.mu.Unlock()
	}
	if f == nil || !t.spend(len(f.Data)/bytesOfStep) {
		return nil, false
	}
	return f, true
}

// Dir are the entries of a folder of the context in name order, without sizes
// and modes; of a very large folder, its first two thousand.
func (c *Context) Dir(p string) []Entry {
	if c == nil {
		return nil
	}
	c.files.ask(aboutNames, path.Join(c.Root, Clean(p)))
	entries := c.tree.list(Clean(p))
	entries = entries[:min(len(entries), maxDir)]
	if !c.tree.spend(len(entries) / entriesOfStep) {
		return nil
	}
	return entries
}

// Sent tells whether the ignore file lets a path through, and which pattern
// decided.
func (c *Context) Sent(p string, dir bool) (bool, *ignore.Pattern) {
	d := c.Ignore.Match(p, dir)
	return !d.Excluded, d.By
}

// Has tells whether the context holds a file at this path and sends it.
func (c *Context) Has(p string) bool {
	if c == nil {
		return false
	}
	e, err := c.Stat(p)
	if err != nil {
		return false
	}
	sent, _ := c.Sent(p, e.Dir)
	return sent
}

// Walk calls fn for every file that is sent, in path order, until fn returns
// false. It enters every folder that is sent or in which an exception of the
// ignore file could bring something back.
func (c *Context) Walk(fn func(Entry) bool) error {
	c.files.ask(aboutAll, c.Root)
	var walk func(rel string, depth int) (bool, error)
	walk = func(rel string, depth int) (bool, error) {
		entries, err := fs.ReadDir(c.files.fsys, path.Join(c.Root, rel))
		if err != nil {
			return true, err
		}
		for _, e := range entries {
			p := path.Join(rel, e.Name())
			sent, _ := c.Sent(p, e.IsDir())
			if e.IsDir() {
				if (sent || c.Ignore.MayReinclude(p)) && depth < maxDepth {
					if more, err := walk(p, depth+1); err != nil || !more {
						return more, err
					}
				}
				continue
			}
			if !sent {
				continue
			}
			entry := Entry{Path: p}
			if info, err := e.Info(); err == nil {
				entry.Size, entry.Mode = info.Size(), info.Mode()
			}
			if !fn(entry) {
				return false, nil
			}
		}
		return true, nil
	}
	_, err := walk("", 0)
	return err
}

// Look is Walk for a check, which may look at no more of a context than its size
// and the builds that have it are worth. Its entries have no sizes and modes.
func (c *Context) Look(fn func(Entry) bool) error {
	c.files.ask(aboutTree, c.Root)
	var walk func(rel string, depth int) (bool, error)
	walk = func(rel string, depth int) (bool, error) {
		if !c.tree.step() {
			return false, errors.New(c.beyond())
		}
		for _, e := range c.tree.list(rel) {
			if !c.tree.step() {
				return false, errors.New(c.beyond())
			}
			sent, _ := c.Sent(e.Path, e.Dir)
			switch {
			case e.Dir && (sent || c.Ignore.MayReinclude(e.Path)) && depth < maxDepth:
				if more, err := walk(e.Path, depth+1); err != nil || !more {
					return more, err
				}
			case !e.Dir && sent && !fn(e):
				return false, nil
			}
		}
		return true, nil
	}
	_, err := walk(".", 0)
	return err
}
