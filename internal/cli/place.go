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

	"github.com/dockworthy/dockworthy/internal/repo"
	"github.com/dockworthy/dockworthy/report"
)

// stdinName is the project path under which standard input is read.
const stdinName = "<stdin>"

// A place is the folder that a run looks at, as a file system, and the paths
// in it that the user named.
type place struct {
	fsys  fs.FS
	repo  *repo.FS // fsys without standard input
	paths []string
	names report.Names
}

// close closes the folders of the place.
func (pl *place) close() { pl.repo.Close() }

// open finds what may be looked at: the repository of each named path, by its
// .git, or where there is none the path's own folder. Nothing outside is read,
// whatever a link, a Compose file or a config says; paths are relative to the
// folder that holds all of them.
func open(paths []string, stdin []byte) (*place, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	var root string
	var tops []string
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
		top := repository(full)
		if isFolder(top) { // else the path is told as one that is not there
			tops = append(tops, top)
		}
		if root == "" {
			root = top
		} else {
			root = common(root, top)
		}
	}
	if root == "" {
		root = cwd
	}
	in, err := repo.Open(root, tops...)
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	pl := &place{fsys: in, repo: in, names: report.Names{Root: root, From: cwd}}
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

// repository is the git work tree of a path, the nearest folder upwards that
// holds .git; without one, the path itself, or the folder of a file. Behind a
// link of a work tree that tree is meant, not what the link leads to.
func repository(path string) string {
	dir := path
	if !isFolder(path) {
		dir = filepath.Dir(path)
	}
	top, found := dir, false
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil && !found {
			top, found = d, true
		}
		if info, err := os.Lstat(d); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			found = false
		}
		if d == filepath.Dir(d) {
			return top
		}
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
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
		return fmt.Errorf("read %s: %w", path, errors.Unwrap(err))
	}
	return nil
}

// environment are variables of this process by name. One that is not set is an
// error: whoever names it counts on it.
func environment(names []string) (map[string]string, error) {
	m := map[string]string{}
	for _, name := range names {
		value, ok := os.LookupEnv(name)
		if !ok {
			return nil, fmt.Errorf("--env-from %s: there is no environment variable with that name", name)
		}
		m[name] = value
	}
	return m, nil
}

// pairs reads the NAME=VALUE words of a flag; NAME alone takes the environment's
// value, as docker build does.
func pairs(flag string, words []string) (map[string]string, error) {
	m := map[string]string{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if name == "" {
			return nil, fmt.Errorf("%s %q is not NAME=VALUE", flag, w)
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

// inside is the path in the repository of a file that the user named.
func (pl *place) inside(file string) (string, error) {
	full, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", file, err)
	}
	rel, err := filepath.Rel(pl.names.Root, full)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is not in the repository", file)
	}
	return filepath.ToSlash(rel), nil
}
