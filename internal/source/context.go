package source

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/knowledge"
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

// FS is the folder of the context as a file system, with what its ignore file keeps back.
// What is read through it is not remembered as read for a build: see Options.Editable.
func (c *Context) FS() fs.FS {
	sub, err := fs.Sub(c.tree.fsys, c.Root)
	if err != nil {
		return c.tree.fsys // a path of the project is valid
	}
	return sub
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
	return strings.HasSuffix(low, ".pem") || strings.HasSuffix(low, ".key") || knowledge.KeystoreEnds.Ends(low) ||
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

// beyond says why answers about the context are missing; "" = none is.
func (c *Context) beyond() string {
	if reason := c.Ignore.Beyond(); reason != "" {
		return reason
	}
	c.tree.mu.Lock()
	defer c.tree.mu.Unlock()
	return c.tree.past
}

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

// Reached tells whether a path is sent, and where it is a link, whether what it
// leads to is sent, too: of a link whose target is kept back only the name comes.
func (c *Context) Reached(p string) bool {
	if sent, _ := c.Sent(p, false); !sent {
		return false
	}
	c.files.ask(aboutFile, path.Join(c.Root, p))
	to, err := fs.ReadLink(c.tree.fsys, path.Join(c.Root, p))
	if err != nil {
		// Git writes a link as a file with its target where links are off
		// (core.symlinks).
		data, _ := c.Read(p)
		if to = strings.TrimSuffix(string(data), "\n"); len(to) > 1000 || !strings.HasPrefix(to, "../") || path.Base(to) != path.Base(p) || strings.ContainsAny(to, "\n=") {
			return true
		}
	}
	if to = path.Join(path.Dir(p), to); path.IsAbs(to) || to == ".." || strings.HasPrefix(to, "../") {
		return false
	}
	return c.Has(to)
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
