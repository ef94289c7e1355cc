package image

import (
	"io/fs"
	"path"
	"strings"
)

// A Removal is a whiteout: what a layer hides of those below it.
type Removal struct {
	Path   string // what is hidden, absolute and clean
	Opaque bool   // only what is in the folder, not the folder
}

// apply lays a layer over the tree. Removals come first wherever they stand:
// they are about the layers below. gone is told of each file that the layer
// hides, with the entry that replaces it (nil = it was removed).
func (t *Tree) apply(files []File, removals []Removal, gone func(old, by *File)) {
	for _, r := range removals {
		if r.Opaque {
			if n := t.node(r.Path); n != nil {
				for name, c := range n.children {
					t.drop(c, gone)
					delete(n.children, name)
				}
			}
			continue
		}
		parent := t.node(path.Dir(r.Path))
		if parent == nil {
			continue
		}
		name := path.Base(r.Path)
		if c := parent.children[name]; c != nil {
			t.drop(c, gone)
			delete(parent.children, name)
		}
	}
	for i := range files {
		t.put(&files[i], gone)
	}
}

// drop tells of a subtree that goes.
func (t *Tree) drop(n *node, gone func(old, by *File)) {
	t.count--
	gone(n.file, nil)
	for _, c := range n.children {
		t.drop(c, gone)
	}
}

func (t *Tree) put(f *File, gone func(old, by *File)) {
	if f.Path == "/" {
		if f.IsDir() {
			t.root.file = f
		}
		return
	}
	n := t.root
	for rest := f.Path[1:]; ; {
		name, after, more := strings.Cut(rest, "/")
		c := n.children[name]
		if c == nil {
			c = &node{name: name}
			if n.children == nil {
				n.children = map[string]*node{}
			}
			n.children[name] = c
			t.count++
		}
		if !more {
			if c.file != nil {
				if !f.IsDir() {
					for name, below := range c.children {
						t.drop(below, gone)
						delete(c.children, name)
					}
				}
				gone(c.file, f)
			}
			c.file = f
			return
		}
		// A folder that no layer has, or a file that becomes one.
		if c.file == nil || !c.file.IsDir() {
			dir := &File{Path: f.Path[:len(f.Path)-len(after)-1], Mode: fs.ModeDir | 0o755, Layer: f.Layer, implied: true}
			if c.file != nil {
				gone(c.file, dir)
			}
			c.file = dir
		}
		n, rest = c, after
	}
}
