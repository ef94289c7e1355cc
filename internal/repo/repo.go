// Package repo is the edge to the files of a repository. What a repository
// holds is not to be trusted: no link in it leads out of it, and nothing but
// regular files and folders is opened.
package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
}

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

// plain is an error with the path as the caller named it, and a link that leads
// out as files.ErrOutside: package os gives that no name.
func plain(op, name string, err error) error {
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
	root, p, err := f.in("open", name)
	if err != nil {
		return nil, err
	}
	// A pipe would wait for its writer, and be closed by what follows.
	file, err := root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, plain("open", name, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = &files.Irregular{Mode: info.Mode()}
	}
	if err != nil {
		file.Close()
		return nil, plain("open", name, err)
	}
	return file, nil
}

// Stat describes a file, through links inside the repository.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	root, p, err := f.in("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(p)
	if err != nil {
		return nil, plain("stat", name, err)
	}
	return info, nil
}

// Lstat describes a file, and a link as a link.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	root, p, err := f.in("lstat", name)
	if err != nil {
		return nil, err
	}
	info, err := root.Lstat(p)
	if err != nil {
		return nil, plain("lstat", name, err)
	}
	return info, nil
}

// ReadLink is what a link holds, wherever it leads.
func (f *FS) ReadLink(name string) (string, error) {
	root, p, err := f.in("readlink", name)
	if err != nil {
		return "", err
	}
	to, err := root.Readlink(p)
	if err != nil {
		return "", plain("readlink", name, err)
	}
	return to, nil
}

// ReadDir lists a folder in name order.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	list, err := file.ReadDir(-1)
	sortByName(list)
	if err != nil {
		return list, plain("readdir", name, err)
	}
	return list, nil
}

func sortByName(list []fs.DirEntry) {
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
}
