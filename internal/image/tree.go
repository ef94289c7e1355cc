package image

import (
	"cmp"
	"errors"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
)

// A File is one entry of a layer, or of the tree that a container sees.
type File struct {
	Path  string      // absolute and clean: "/usr/bin/env"; "/" = the root
	Mode  fs.FileMode // type, permissions, setuid, setgid, sticky
	UID   int
	GID   int
	Size  int64  // bytes of a regular file; 0 for all else
	Link  string // of a symbolic link: its target as written; of a hard link: the path of the file that has the content
	Hard  bool   // one more name of the file at Link; its bytes are counted there
	Sum   uint64 // xxHash64 of a regular file's content: tells changed from unchanged, proves nothing
	Layer int    // index of the layer that this comes from

	ELF    *ELF    // nil = it is no ELF file
	Script *Script // nil = it does not begin with #!

	implied bool // a folder that no layer has, only files in it
}

// IsDir tells whether it is a folder.
func (f *File) IsDir() bool { return f.Mode.IsDir() }

// IsRegular tells whether it is a file with content.
func (f *File) IsRegular() bool { return f.Mode.IsRegular() }

// IsLink tells whether it is a symbolic link.
func (f *File) IsLink() bool { return f.Mode&fs.ModeSymlink != 0 }

// Bytes is what the entry adds to its layer.
func (f *File) Bytes() int64 {
	if f.Hard {
		return 0
	}
	return f.Size
}

// A Tree is a file system as the layers make it, one over the other.
type Tree struct {
	root  *node
	count int
}

type node struct {
	file     *File
	name     string
	children map[string]*node
}

func newTree() *Tree {
	return &Tree{root: &node{file: &File{Path: "/", Mode: fs.ModeDir | 0o755, implied: true}}}
}

// Len is the number of entries, without the root.
func (t *Tree) Len() int { return t.count }

// Lstat is the entry at a path, which is taken as it stands: no symbolic link
// is followed, not in its folders either. nil = there is none.
func (t *Tree) Lstat(p string) *File {
	n := t.node(clean(p))
	if n == nil {
		return nil
	}
	return n.file
}

func (t *Tree) node(p string) *node {
	n := t.root
	for p = strings.Trim(p, "/"); p != ""; {
		name, rest, _ := strings.Cut(p, "/")
		if n = n.children[name]; n == nil {
			return nil
		}
		p = rest
	}
	return n
}

// All are the entries of the tree in the order of their paths, a folder before
// what is in it; without the root.
func (t *Tree) All() iter.Seq[*File] {
	return func(yield func(*File) bool) { t.root.walk(yield) }
}

// Under are the entries below a folder, in the same order. The path is taken
// as it stands.
func (t *Tree) Under(dir string) iter.Seq[*File] {
	return func(yield func(*File) bool) {
		if n := t.node(clean(dir)); n != nil {
			n.walk(yield)
		}
	}
}

// Dir are the entries of one folder by name. The path is taken as it stands.
func (t *Tree) Dir(dir string) []*File {
	n := t.node(clean(dir))
	if n == nil {
		return nil
	}
	var list []*File
	for _, c := range n.sorted() {
		list = append(list, c.file)
	}
	return list
}

func (n *node) walk(yield func(*File) bool) bool {
	for _, c := range n.sorted() {
		if !yield(c.file) || !c.walk(yield) {
			return false
		}
	}
	return true
}

func (n *node) sorted() []*node {
	list := make([]*node, 0, len(n.children))
	for _, c := range n.children {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
	return list
}

// What Lookup says when it finds nothing.
var (
	ErrNotExist = errors.New("no such file")
	ErrNotDir   = errors.New("not a folder")
	ErrLoop     = errors.New("too many symbolic links")
)

// maxLinks is Linux' MAXSYMLINKS.
const maxLinks = 40

// Lookup is the entry that a path names in a container: symbolic links are
// followed as the kernel does it in a chroot, the last one too. The error is
// ErrNotExist, ErrNotDir or ErrLoop.
func (t *Tree) Lookup(p string) (*File, error) {
	return t.resolve(p, nil)
}

// resolve follows a path from the root. Each folder that is passed on the way
// is given to visit.
func (t *Tree) resolve(p string, visit func(*File)) (*File, error) {
	stack := []*node{t.root}
	links := 0
	rest := p
	for {
		rest = strings.TrimLeft(rest, "/")
		if rest == "" {
			return stack[len(stack)-1].file, nil
		}
		name, after, more := strings.Cut(rest, "/")
		at := stack[len(stack)-1]
		if !at.file.IsDir() {
			return nil, ErrNotDir
		}
		if visit != nil {
			visit(at.file)
		}
		rest = after
		switch name {
		case ".":
			continue
		case "..":
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			continue
		}
		n := at.children[name]
		if n == nil {
			return nil, ErrNotExist
		}
		if !n.file.IsLink() {
			stack = append(stack, n)
			if more && !n.file.IsDir() {
				return nil, ErrNotDir
			}
			continue
		}
		if links++; links > maxLinks || len(n.file.Link)+len(rest) > 1<<16 {
			return nil, ErrLoop
		}
		target := n.file.Link
		if target == "" {
			return nil, ErrNotExist
		}
		if strings.HasPrefix(target, "/") {
			stack = stack[:1]
		}
		if more {
			rest = target + "/" + rest
		} else {
			rest = target
		}
	}
}

// LookPath is the file that is started under a name, as execvp looks for it:
// one with a slash in it is taken from the working directory, any other is
// looked for in the folders of PATH. Permissions are not asked: a file that
// nobody may execute is found too, when there is no other. nil = none.
func (t *Tree) LookPath(pathEnv, workdir, name string) *File {
	if name == "" {
		return nil
	}
	if workdir == "" {
		workdir = "/"
	}
	if strings.Contains(name, "/") {
		if !strings.HasPrefix(name, "/") {
			name = workdir + "/" + name
		}
		f, err := t.Lookup(name)
		if err != nil {
			return nil
		}
		return f
	}
	var second *File
	for _, dir := range strings.Split(pathEnv, ":") {
		if !strings.HasPrefix(dir, "/") {
			dir = workdir + "/" + dir
		}
		f, err := t.Lookup(dir + "/" + name)
		if err != nil || !f.IsRegular() {
			continue
		}
		if f.Mode&0o111 != 0 {
			return f
		}
		if second == nil {
			second = f
		}
	}
	return second
}

// DefaultPath is the PATH that the engine sets where an image says none.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// LookPath is the file that is started under a name in a container of this
// image; nil = none.
func (img *Image) LookPath(name string) *File {
	p, ok := img.Config.Getenv("PATH")
	if !ok {
		p = DefaultPath
	}
	return img.Tree.LookPath(p, img.Config.WorkingDir, name)
}

// clean makes a path absolute and clean, as File.Path is.
func clean(p string) string {
	return path.Clean("/" + p)
}
