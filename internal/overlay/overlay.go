// Package overlay lays changed, added and removed files over a file system that
// itself stays as it is: the buffers of an editor, a fix that is tried.
package overlay

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Changes are files with their new bytes, by slash-separated path; nil bytes
// remove a file. Whoever gives them does not change them afterwards.
type Changes map[string][]byte

// An FS is a file system with changes over it. Folders that a new file needs are
// there; a folder whose files are all removed stays, as on a disk.
type FS struct {
	base    fs.FS
	changes Changes
	folders map[string]map[string]bool // of new files: their folders, with the names in each; true = a folder
	thinned map[string]bool            // folders of removed files
	onlyNew sync.Map                   // of the folders, whether they are there for new files alone
}

// New lays changes over a file system.
func New(base fs.FS, changes Changes) *FS {
	f := &FS{base: base, changes: changes, folders: map[string]map[string]bool{}, thinned: map[string]bool{}}
	for name, data := range changes {
		if !fs.ValidPath(name) || name == "." {
			continue
		}
		if data == nil {
			f.thinned[path.Dir(name)] = true
			continue
		}
		for isDir := false; ; isDir = true {
			dir := path.Dir(name)
			if f.folders[dir] == nil {
				f.folders[dir] = map[string]bool{}
			}
			f.folders[dir][path.Base(name)] = isDir
			if dir == "." {
				break
			}
			name = dir
		}
	}
	return f
}

// Over is New, which lays changes over changes in one layer.
func Over(base fs.FS, changes Changes) *FS {
	if f, ok := base.(*FS); ok {
		all := maps.Clone(f.changes)
		maps.Copy(all, changes)
		return New(f.base, all)
	}
	return New(base, changes)
}

func (f *FS) changed(name string) (data []byte, ok bool) {
	data, ok = f.changes[name]
	return data, ok && (data != nil || f.folders[name] == nil)
}

// made tells whether a folder is there for new files alone.
func (f *FS) made(name string) bool {
	if f.folders[name] == nil {
		return false
	}
	if known, ok := f.onlyNew.Load(name); ok {
		return known.(bool)
	}
	info, err := fs.Stat(f.base, name)
	made := err != nil || !info.IsDir()
	f.onlyNew.Store(name, made)
	return made
}

// Open implements fs.FS.
func (f *FS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if data, ok := f.changed(name); ok {
		if data == nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return &file{info: f.info(name, data), Reader: bytes.NewReader(data)}, nil
	}
	if f.folders[name] != nil || f.thinned[name] {
		entries, err := f.ReadDir(name)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat(name)
		if err != nil {
			return nil, err
		}
		return &folder{info: info, left: entries}, nil
	}
	return f.base.Open(name)
}

// Stat implements fs.StatFS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if data, ok := f.changed(name); ok {
		if data == nil {
			return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
		}
		return f.info(name, data), nil
	}
	if f.made(name) {
		return &fileInfo{name: path.Base(name), mode: fs.ModeDir | 0o755}, nil
	}
	return fs.Stat(f.base, name)
}

// Lstat implements fs.ReadLinkFS. What is changed is no link.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	if _, ok := f.changed(name); ok {
		return f.Stat(name)
	}
	if f.made(name) {
		return f.Stat(name)
	}
	return fs.Lstat(f.base, name)
}

// ReadLink implements fs.ReadLinkFS.
func (f *FS) ReadLink(name string) (string, error) {
	if data, ok := f.changed(name); ok {
		err := fs.ErrInvalid
		if data == nil {
			err = fs.ErrNotExist
		}
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return fs.ReadLink(f.base, name)
}

// ReadDir implements fs.ReadDirFS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	added := f.folders[name]
	var entries []fs.DirEntry
	if !f.made(name) {
		var err error
		if entries, err = fs.ReadDir(f.base, name); err != nil {
			return entries, err
		}
	}
	out := make([]fs.DirEntry, 0, len(entries)+len(added))
	for _, e := range entries {
		p := path.Join(name, e.Name())
		if _, ok := f.changed(p); !ok && !f.made(p) {
			out = append(out, e)
		}
	}
	for base, isDir := range added {
		p := path.Join(name, base)
		if isDir && !f.made(p) {
			continue // the base has it
		}
		if info, err := f.Stat(p); err == nil {
			out = append(out, fs.FileInfoToDirEntry(info))
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// info is a changed file's: with the mode that the base has it under.
func (f *FS) info(name string, data []byte) *fileInfo {
	mode := fs.FileMode(0o644)
	if old, err := fs.Stat(f.base, name); err == nil && old.Mode().IsRegular() {
		mode = old.Mode()
	}
	return &fileInfo{name: path.Base(name), size: int64(len(data)), mode: mode}
}

type fileInfo struct {
	name string
	size int64
	mode fs.FileMode
}

func (i *fileInfo) Name() string       { return i.name }
func (i *fileInfo) Size() int64        { return i.size }
func (i *fileInfo) Mode() fs.FileMode  { return i.mode }
func (i *fileInfo) ModTime() time.Time { return time.Time{} }
func (i *fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i *fileInfo) Sys() any           { return nil }

type file struct {
	info *fileInfo
	*bytes.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }

type folder struct {
	info fs.FileInfo
	left []fs.DirEntry
}

func (d *folder) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *folder) Close() error               { return nil }

func (d *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (d *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		out := d.left
		d.left = nil
		return out, nil
	}
	if len(d.left) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.left))
	out := d.left[:n]
	d.left = d.left[n:]
	return out, nil
}
