// Package repo is the edge to the files of a repository. What a repository
// holds is not to be trusted: no link in it leads out of it, and nothing but
// regular files and folders is opened.
package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/dockworthy/dockworthy/internal/files"
)

// An FS is a folder of this machine of which some folders may be looked into,
// each by itself: links inside one are followed, links out of it are errors
// (files.ErrOutside), and of what lies between them nothing is there. It
// implements fs.StatFS, fs.ReadDirFS and fs.ReadLinkFS.
type FS struct {
	dir  string
	tops []top

	mu   sync.Mutex
	dirs map[string]*folder // that were asked for, by path
	// lists are folders that were listed: several ask for the same one, at
	// about the same time.
	lists  map[string][]fs.DirEntry
	listed int // entries in lists
}

// A folder is one of the tree that is kept open for the next question about it:
// a root resolves a path from its top each time.
type folder struct {
	root *os.Root // nil = it cannot be opened
	own  bool     // the root is this folder's alone
}

// maxDirs bounds how many folders are kept open, and maxListed how many entries
// of folders that were listed are kept, each folder counting as one more.
const (
	maxDirs   = 64
	maxListed = 50_000
)

type top struct {
	prefix string // "." = the folder itself
	root   *os.Root
}

// Open opens the folders tops, which lie in dir or are dir. All are absolute
// paths; that they are links themselves does not matter, for it is the caller
// who names them.
func Open(dir string, tops ...string) (*FS, error) {
	f := &FS{dir: dir}
	for _, t := range tops {
		rel, err := filepath.Rel(dir, t)
		if err != nil || !filepath.IsLocal(rel) {
			f.Close()
			return nil, fmt.Errorf("open %s: it is not in %s", t, dir)
		}
		rel = filepath.ToSlash(rel)
		if f.has(rel) {
			continue
		}
		root, err := os.OpenRoot(t)
		if err != nil {
			f.Close()
			return nil, err
		}
		f.tops = append(f.tops, top{rel, root})
	}
	return f, nil
}

func (f *FS) has(prefix string) bool {
	for _, t := range f.tops {
		if t.prefix == prefix {
			return true
		}
	}
	return false
}

// Close closes the folders.
func (f *FS) Close() error {
	f.forget()
	var errs []error
	for _, t := range f.tops {
		errs = append(errs, t.root.Close())
	}
	return errors.Join(errs...)
}

// Dir is the folder on this machine that paths are relative to.
func (f *FS) Dir() string { return f.dir }

// in is the innermost folder that holds a path, and the path in it.
func (f *FS) in(op, name string) (*os.Root, string, error) {
	if !fs.ValidPath(name) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	best := -1
	var root *os.Root
	rest := ""
	for _, t := range f.tops {
		at, ok := name, t.prefix == "."
		switch {
		case ok:
		case name == t.prefix:
			at, ok = ".", true
		default:
			at, ok = strings.CutPrefix(name, t.prefix+"/")
		}
		if n := len(t.prefix); ok && (best < 0 || n > best) {
			best, root, rest = n, t.root, at
		}
	}
	if root == nil {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return root, filepath.FromSlash(rest), nil
}

// folder is an open folder of the tree.
func (f *FS) folder(dir string) *folder {
	f.mu.Lock()
	d, ok := f.dirs[dir]
	f.mu.Unlock()
	if ok {
		return d
	}
	d = f.enter(dir)
	f.mu.Lock()
	defer f.mu.Unlock()
	if old, ok := f.dirs[dir]; ok {
		d.close()
		return old
	}
	if len(f.dirs) >= maxDirs || f.dirs == nil {
		f.forgetLocked()
		f.dirs = map[string]*folder{}
	}
	f.dirs[dir] = d
	return d
}

func (f *FS) enter(dir string) *folder {
	in, p, err := f.in("open", dir)
	if err != nil {
		return &folder{}
	}
	if p == "." {
		return &folder{root: in}
	}
	if up, base := path.Split(dir); up != "" {
		if parent := f.folder(path.Clean(up)); parent.own {
			if root := openFolder(parent.root, base, (*os.Root).Lstat); root != nil {
				return &folder{root, true}
			}
			if !isLink(parent.root, base) {
				return &folder{}
			}
			// A link that leads out of its folder may stay within the tree: then
			// the way from the top tells.
		}
	}
	root := openFolder(in, p, (*os.Root).Stat)
	return &folder{root, root != nil}
}

// openFolder opens a folder; nil where there is none. It is asked first what it
// is: the opening of a pipe would wait.
func openFolder(in *os.Root, p string, ask func(*os.Root, string) (fs.FileInfo, error)) *os.Root {
	info, err := ask(in, p)
	if err != nil || !info.IsDir() {
		return nil
	}
	root, err := in.OpenRoot(p)
	if err != nil {
		return nil
	}
	return root
}

func (d *folder) close() {
	if d.own {
		d.root.Close()
	}
}

func (f *FS) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgetLocked()
}

// forgetLocked closes the folders that are kept open. Who is using one ends what
// it does, and its next call there fails, and goes by the top.
func (f *FS) forgetLocked() {
	for _, d := range f.dirs {
		d.close()
	}
	f.dirs = nil
}

// do asks a question about a path: of its folder, and where that cannot answer
// of the top. For a link may lead out of its folder and stay within the tree.
func do[T any](f *FS, op, name string, ask func(*os.Root, string) (T, error)) (T, error) {
	root, p, err := f.in(op, name)
	if err != nil {
		var none T
		return none, err
	}
	if in, base := f.parent(name); in != nil {
		if t, err := ask(in, base); err == nil || !isLink(in, base) {
			return t, plain(op, name, err)
		}
	}
	t, err := ask(root, p)
	return t, plain(op, name, err)
}

// absent tells whether a path is known not to be there: its folder was listed
// without it.
func (f *FS) absent(name string) bool {
	dir, base := path.Split(name)
	if base == "." {
		return false
	}
	f.mu.Lock()
	list, ok := f.lists[path.Clean(dir)]
	f.mu.Unlock()
	if !ok {
		return false
	}
	_, found := slices.BinarySearchFunc(list, base, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
	return !found
}

// parent is the open folder that a path lies in, and its name there; nil where
// that is the top, or cannot be opened.
func (f *FS) parent(name string) (*os.Root, string) {
	dir, base := path.Split(name)
	if dir == "" {
		return nil, ""
	}
	if in := f.folder(path.Clean(dir)); in.own {
		return in.root, base
	}
	return nil, ""
}

// isLink tells whether a name in a folder is a link, or cannot be told.
func isLink(in *os.Root, base string) bool {
	info, err := in.Lstat(base)
	return err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink != 0
}

// plain is an error with the path as the caller named it, and a link that leads
// out as files.ErrOutside: package os gives that no name.
func plain(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if err.Error() == "path escapes from parent" {
		err = files.ErrOutside
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// Open opens a regular file or a folder; of anything else it is an error, and
// does not wait.
func (f *FS) Open(name string) (fs.File, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *FS) open(name string) (*os.File, error) {
	return do(f, "open", name, func(root *os.Root, p string) (*os.File, error) {
		// A pipe would wait for its writer, and be closed by what follows.
		file, err := root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			err = &files.Irregular{Mode: info.Mode()}
		}
		if err != nil {
			file.Close()
			return nil, err
		}
		return file, nil
	})
}

// Stat describes a file, through links inside the repository.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	info, err := f.Lstat(name)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return info, err
	}
	return do(f, "stat", name, (*os.Root).Stat)
}

// Lstat describes a file, and a link as a link.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	root, p, err := f.in("lstat", name)
	if err != nil {
		return nil, err
	}
	if f.absent(name) {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
	}
	if in, base := f.parent(name); in != nil {
		root, p = in, base
	}
	info, err := root.Lstat(p)
	if errors.Is(err, fs.ErrClosed) { // the folder was closed for another
		return do(f, "lstat", name, (*os.Root).Lstat)
	}
	return info, plain("lstat", name, err)
}

// ReadLink is what a link holds, wherever it leads.
func (f *FS) ReadLink(name string) (string, error) {
	return do(f, "readlink", name, (*os.Root).Readlink)
}

// ReadDir lists a folder in name order.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	list, ok := f.lists[name]
	f.mu.Unlock()
	if ok {
		return slices.Clone(list), nil
	}
	list, err := do(f, "readdir", name, func(root *os.Root, p string) ([]fs.DirEntry, error) {
		file, err := root.OpenFile(p, openDir, 0)
		if err != nil {
			return nil, err
		}
		return readDir(file)
	})
	for i, e := range list {
		list[i] = entry{e, f, path.Join(name, e.Name())}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	if n := len(list) + 1; err == nil && n < maxListed {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.lists == nil || f.listed+n > maxListed {
			f.lists, f.listed = map[string][]fs.DirEntry{}, 0
		}
		f.lists[name] = slices.Clone(list)
		f.listed += n
	}
	return list, err
}

// An entry is described through the tree's root, when somebody asks.
type entry struct {
	fs.DirEntry
	f    *FS
	path string
}

func (e entry) Info() (fs.FileInfo, error) { return e.f.Lstat(e.path) }
