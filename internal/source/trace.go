package source

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/overlay"
	"github.com/dockworthy/dockworthy/text"
)

// A trace is what was asked of the files of a project for the sake of one unit,
// so that it is known which changes of them can make another answer. The nil
// trace remembers nothing.
type trace struct {
	mu    sync.Mutex
	asked map[question]bool
	tape  *[]question // what is asked while a shared answer is worked out
}

// A question is what was asked about a path.
type question struct {
	about about
	path  string
}

// about is what a question is about.
type about uint8

const (
	aboutThere  about = iota // whether the path is there
	aboutFile                // its size and contents too
	aboutNames               // which entries the folder has
	aboutTree                // which entries are below the folder, at any depth
	aboutAll                 // the contents and sizes of all of them
	aboutLarge               // which entries of the folder are large
	aboutUnits               // which Dockerfiles the project has; without a path
	aboutFroms               // which of them are built on the image of that name
	aboutLasts               // which are built on an image with that last element in its name
	aboutStages              // whether one has a stage of that name
	aboutParts               // which take in another file; without a path
)

func (t *trace) ask(a about, p string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	q := question{a, p}
	if t.tape != nil {
		*t.tape = append(*t.tape, q)
	}
	t.asked[q] = true
}

// record gives the questions that are asked during work.
func (t *trace) record(work func()) (asked []question) {
	if t == nil {
		work()
		return nil
	}
	t.mu.Lock()
	outer := t.tape
	t.tape = &asked
	t.mu.Unlock()
	work()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tape = outer; outer != nil {
		*outer = append(*outer, asked...)
	}
	return asked
}

func (t *trace) again(asked []question) {
	for _, q := range asked {
		t.ask(q.about, q.path)
	}
}

// A change is what an edit does to the files of a project.
type change struct {
	files map[string]int64  // size of what is changed or added; -1 = it is removed
	names map[string]bool   // of them, and of their folders, those that come or go
	froms map[question]bool // of what FROM and words that take in a file say, the answers that change
}

// changeOf is what changes do to a file system.
func changeOf(before fs.FS, changes overlay.Changes) *change {
	c := &change{files: map[string]int64{}, names: map[string]bool{}, froms: map[question]bool{}}
	for name, data := range changes {
		_, err := fs.Stat(before, name)
		if IsDockerfileName(path.Base(name)) {
			old, _ := files.Read(before, name, maxFile)
			c.refroms(old, data)
		}
		if data == nil {
			c.files[name] = -1
			c.names[name] = true
			continue
		}
		c.files[name] = int64(len(data))
		for ; err != nil && name != "."; _, err = fs.Stat(before, name) {
			c.names[name] = true
			name = path.Dir(name)
		}
	}
	return c
}

// refroms notes which questions of what a Dockerfile is built on have another answer.
func (c *change) refroms(old, data []byte) {
	images, stages, parts := fromsIn(old)
	nextImages, nextStages, nextParts := fromsIn(data)
	for _, image := range differ(images, nextImages) {
		c.froms[question{aboutFroms, image}] = true
		c.froms[question{aboutLasts, path.Base(repoOf(image))}] = true
	}
	for _, stage := range differ(stages, nextStages) {
		c.froms[question{aboutStages, stage}] = true
	}
	if len(differ(parts, nextParts)) > 0 {
		c.froms[question{aboutParts, ""}] = true
	}
}

// differ are the words that one list has and the other has not.
func differ(a, b []string) (list []string) {
	for _, s := range a {
		if !slices.Contains(b, s) {
			list = append(list, s)
		}
	}
	for _, s := range b {
		if !slices.Contains(a, s) {
			list = append(list, s)
		}
	}
	return list
}

// under tells whether a path is a folder's, or is below it.
func under(p, dir string) bool {
	return dir == "." || p == dir || strings.HasPrefix(p, dir+"/")
}

// touches tells whether a change can make another answer.
func (c *change) touches(q question) bool {
	switch q.about {
	case aboutThere:
		return c.names[q.path]
	case aboutFile:
		_, changed := c.files[q.path]
		return changed || c.names[q.path]
	case aboutNames:
		for name := range c.names {
			if path.Dir(name) == q.path {
				return true
			}
		}
	case aboutTree:
		for name := range c.names {
			if under(name, q.path) {
				return true
			}
		}
	case aboutAll:
		for name := range c.files {
			if under(name, q.path) {
				return true
			}
		}
	case aboutLarge:
		for name, size := range c.files {
			if path.Dir(name) == q.path && size > large {
				return true
			}
		}
	case aboutUnits:
		for name := range c.names {
			if IsDockerfileName(path.Base(name)) {
				return true
			}
		}
	case aboutFroms, aboutLasts, aboutStages, aboutParts:
		return c.froms[q]
	}
	return false
}

// large is how large an entry of a folder is that a smaller change can make
// large, in bytes: Bulk asks for more.
const large = 64 << 10

// touchesList tells whether a change can make another answer to one of some
// questions.
func (c *change) touchesList(asked []question) bool {
	return slices.ContainsFunc(asked, c.touches)
}

// touchesAny tells whether a change can make another answer to any question of
// a trace.
func (c *change) touchesAny(t *trace) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for q := range t.asked {
		if c.touches(q) {
			return true
		}
	}
	return false
}

// A view is the files of a project as they are read for one unit.
type view struct {
	fsys  fs.FS
	trace *trace
	links *sync.Map       // where paths lead, see real; nil where nothing is traced
	bare  map[string]bool // folders that were found to have none of the files of isBeside
}

// ask notes a question, under the path that was named and the one that it leads
// to.
func (v view) ask(a about, p string) {
	if v.trace == nil {
		return
	}
	v.trace.ask(a, p)
	if real := v.real(p, 0); real != p {
		v.trace.ask(a, real)
	}
}

// maxSymlinks is how many links a path is followed through, as Linux does it.
const maxSymlinks = 40

// real is a path without the links on its way.
func (v view) real(p string, depth int) string {
	if p == "." || p == "/" || depth > maxSymlinks {
		return p
	}
	if known, ok := v.links.Load(p); ok {
		return known.(string)
	}
	dir := v.real(path.Dir(p), depth)
	real := path.Join(dir, path.Base(p))
	if info, err := fs.Lstat(v.fsys, real); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if to, err := fs.ReadLink(v.fsys, real); err == nil && !path.IsAbs(to) {
			if to = path.Join(dir, to); fs.ValidPath(to) {
				real = v.real(to, depth+1)
			}
		}
	}
	v.links.Store(p, real)
	return real
}

// read is the bytes of a regular file within the size limit.
func (v view) read(name string, limit int64) (*text.File, error) {
	v.ask(aboutFile, name)
	if v.bare[path.Dir(name)] && isBeside(path.Base(name)) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	data, err := files.Read(v.fsys, name, limit)
	if err != nil {
		return nil, err
	}
	return text.NewFile(name, data), nil
}

// stat is for whether something is there, and of what kind; not for its size.
func (v view) stat(name string) (fs.FileInfo, error) {
	v.ask(aboutThere, name)
	return fs.Stat(v.fsys, name)
}

func (v view) list(dir string) ([]fs.DirEntry, error) {
	v.ask(aboutNames, dir)
	return fs.ReadDir(v.fsys, dir)
}

// askGlob notes that the paths that a pattern takes below a folder are asked for.
func (v view) askGlob(root, pattern string) {
	if v.trace == nil {
		return
	}
	dir := path.Dir(pattern)
	if i := strings.IndexAny(dir, `*?[\\`); i >= 0 {
		v.ask(aboutTree, path.Join(root, Clean(path.Dir(dir[:i]+"x"))))
		return
	}
	v.ask(aboutNames, path.Join(root, Clean(dir)))
}
