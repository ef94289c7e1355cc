package hostile

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"sort"
	"time"
)

// FS is the files as a file system. A folder of it is read in time that its
// own entries take, which testing/fstest's does not promise.
func (f Files) FS() fs.FS {
	root := &node{name: ".", dir: true, byName: map[string]*node{}}
	for name, data := range f {
		root.folder(path.Dir(name)).add(&node{name: path.Base(name), data: data})
	}
	root.sort()
	return memory{root}
}

type memory struct{ root *node }

// A node is a file or folder.
type node struct {
	name   string
	dir    bool
	data   []byte
	list   []*node
	byName map[string]*node
}

func (n *node) add(child *node) {
	n.list = append(n.list, child)
	n.byName[child.name] = child
}

func (n *node) folder(dir string) *node {
	if dir == "." {
		return n
	}
	parent := n.folder(path.Dir(dir))
	name := path.Base(dir)
	if parent.byName[name] == nil {
		parent.add(&node{name: name, dir: true, byName: map[string]*node{}})
	}
	return parent.byName[name]
}

func (n *node) sort() {
	sort.Slice(n.list, func(i, j int) bool { return n.list[i].name < n.list[j].name })
	for _, child := range n.list {
		child.sort()
	}
}

func (m memory) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n := m.root
	for rest := name; rest != "" && name != "."; {
		part := rest
		rest = ""
		for i := range part {
			if part[i] == '/' {
				part, rest = part[:i], part[i+1:]
				break
			}
		}
		if n = n.byName[part]; n == nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
	}
	return n, nil
}

func (m memory) Open(name string) (fs.File, error) {
	n, err := m.find("open", name)
	if err != nil {
		return nil, err
	}
	return &handle{node: n, Reader: bytes.NewReader(n.data)}, nil
}

func (m memory) Stat(name string) (fs.FileInfo, error) {
	n, err := m.find("stat", name)
	if err != nil {
		return nil, err
	}
	return info{n}, nil
}

func (m memory) ReadFile(name string) ([]byte, error) {
	n, err := m.find("read", name)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(n.data), nil
}

func (m memory) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := m.find("readdir", name)
	if err != nil {
		return nil, err
	}
	return n.entries(), nil
}

func (n *node) entries() []fs.DirEntry {
	list := make([]fs.DirEntry, len(n.list))
	for i, child := range n.list {
		list[i] = info{child}
	}
	return list
}

// A handle is an open file or folder.
type handle struct {
	*bytes.Reader
	node *node
	read int
}

func (h *handle) Stat() (fs.FileInfo, error) { return info{h.node}, nil }
func (h *handle) Close() error               { return nil }

func (h *handle) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := h.node.entries()[h.read:]
	if n > 0 {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		rest = rest[:min(n, len(rest))]
	}
	h.read += len(rest)
	return rest, nil
}

type info struct{ n *node }

func (i info) Name() string               { return i.n.name }
func (i info) Size() int64                { return int64(len(i.n.data)) }
func (i info) ModTime() time.Time         { return time.Time{} }
func (i info) IsDir() bool                { return i.n.dir }
func (i info) Sys() any                   { return nil }
func (i info) Type() fs.FileMode          { return i.Mode().Type() }
func (i info) Info() (fs.FileInfo, error) { return i, nil }

func (i info) Mode() fs.FileMode {
	if i.n.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
