package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/report"
	"github.com/dockworthy/dockworthy/source"
)

// stdinName is the project path under which standard input is read.
const stdinName = "<stdin>"

// A place is the folder that a run looks at, as a file system, and the paths
// in it that the user named.
type place struct {
	fsys  fs.FS
	paths []string
	names report.Names
}

// open finds the folder that holds all named paths: the repository of each, by
// its .git, or where there is none the folder itself, so that contexts and
// Compose files above a Dockerfile are in reach.
func open(paths []string, stdin []byte) (*place, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working folder: %w", err)
	}
	var root string
	abs := make([]string, len(paths))
	for i, p := range paths {
		if p == stdinName {
			continue
		}
		full, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", p, err)
		}
		abs[i] = full
		top := repository(full, cwd)
		if root == "" {
			root = top
		} else {
			root = common(root, top)
		}
	}
	if root == "" {
		root = cwd
	}
	pl := &place{fsys: os.DirFS(root), names: report.Names{Root: root, From: cwd}}
	for i, p := range abs {
		if paths[i] == stdinName {
			pl.paths = append(pl.paths, stdinName)
			continue
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", paths[i], err)
		}
		pl.paths = append(pl.paths, filepath.ToSlash(rel))
	}
	if stdin != nil {
		pl.fsys = overlay{pl.fsys, stdinName, stdin}
		pl.names.Stdin = stdinName
	}
	return pl, nil
}

// repository is the nearest folder upwards that holds .git; without one, the
// nearest that holds a config; without that, the folder where the user stands
// if the path lies in it, else the path's own folder.
func repository(path, cwd string) string {
	dir := path
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		dir = filepath.Dir(path)
	}
	for _, mark := range []string{".git", source.ConfigName} {
		for d := dir; ; d = filepath.Dir(d) {
			if _, err := os.Lstat(filepath.Join(d, mark)); err == nil {
				return d
			}
			if d == filepath.Dir(d) {
				break
			}
		}
	}
	if rel, err := filepath.Rel(cwd, dir); err == nil && filepath.IsLocal(rel) {
		return cwd
	}
	return dir
}

// common is the deepest folder that holds both.
func common(a, b string) string {
	for a != b {
		if len(a) > len(b) {
			a = filepath.Dir(a)
		} else {
			b = filepath.Dir(b)
		}
	}
	return a
}

// overlay is a file system with one more file, whose bytes came from elsewhere.
type overlay struct {
	fs.FS
	name string
	data []byte
}

func (o overlay) Open(name string) (fs.File, error) {
	if name == o.name {
		return &memFile{Reader: bytes.NewReader(o.data), o: o}, nil
	}
	return o.FS.Open(name)
}

// Stat keeps the base's own way, which does not open the file.
func (o overlay) Stat(name string) (fs.FileInfo, error) {
	if name == o.name {
		return memInfo{o}, nil
	}
	return fs.Stat(o.FS, name)
}

type memFile struct {
	*bytes.Reader
	o overlay
}

func (f *memFile) Stat() (fs.FileInfo, error) { return memInfo{f.o}, nil }
func (f *memFile) Close() error               { return nil }

type memInfo struct{ o overlay }

func (i memInfo) Name() string       { return i.o.name }
func (i memInfo) Size() int64        { return int64(len(i.o.data)) }
func (i memInfo) Mode() fs.FileMode  { return 0o444 }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return false }
func (i memInfo) Sys() any           { return nil }

// maxStdin is the most that is read from standard input; more is no Dockerfile.
const maxStdin = 16<<20 + 1

func readStdin(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxStdin))
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// exists tells a missing path from one that cannot be looked at, in words.
func exists(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist", path)
	}
	if err != nil {
		return fmt.Errorf("look at %s: %w", path, errors.Unwrap(err))
	}
	return nil
}

// pairs reads NAME=VALUE words; NAME alone takes the environment's value, as
// docker build does.
func pairs(words []string) (map[string]string, error) {
	m := map[string]string{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if name == "" {
			return nil, fmt.Errorf("build argument %q is not NAME=VALUE", w)
		}
		if !ok {
			if value, ok = os.LookupEnv(name); !ok {
				continue
			}
		}
		m[name] = value
	}
	return m, nil
}
