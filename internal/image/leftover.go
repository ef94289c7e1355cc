package image

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A Leftover is something in a layer that a build's context has and an image
// has no use for, by its name. Whether it came from the context or was made in
// the image the layers do not tell; the step may.
type Leftover struct {
	Name  string // what it is: ".git", ".env", "__pycache__", "venv", "node_modules", "test_data", "Dockerfile", ".dockerignore"
	Path  string
	Layer int
	Bytes int64
	Files int
	// Hidden is the layer that removes all of it; -1 = a container sees some.
	Hidden int
}

// leftoverName is what a name in a path tells; "" = nothing.
func leftoverName(name string) string {
	switch {
	case name == ".dockerignore":
		return name
	case name == ".venv":
		return "venv"
	case knowledge.Unwanted.Has(name):
		return name
	case IsEnv(name):
		return ".env"
	case name == "Dockerfile", strings.HasPrefix(name, "Dockerfile."), strings.HasSuffix(name, ".dockerignore"):
		return "Dockerfile"
	}
	return ""
}

// IsEnv tells whether a file is one of environment variables by its name, as
// .env and .env.production; one that is made to be copied and filled in, as
// .env.example, is not.
func IsEnv(name string) bool {
	rest, ok := strings.CutPrefix(name, ".env")
	if !ok || rest != "" && rest[0] != '.' {
		return false
	}
	return !knowledge.EnvSamples.Has(rest[strings.LastIndexByte(rest, '.')+1:])
}

// Leftovers are the topmost such files and folders of each layer, in the order
// of layers and paths. What published packages bring with them is left out, as
// are the byte code of installed libraries and npm's own packages.
func (img *Image) Leftovers() []Leftover {
	type place struct {
		layer int
		path  string
	}
	at := map[place]*Leftover{}
	for i := range img.Layers {
		for j := range img.Layers[i].files {
			f := &img.Layers[i].files[j]
			top, name := leftoverAt(f.Path)
			if name == "" || inLibrary(top) {
				continue
			}
			l := at[place{i, top}]
			if l == nil {
				l = &Leftover{Name: name, Path: top, Layer: i, Hidden: -1}
				at[place{i, top}] = l
			}
			if !f.IsDir() {
				l.Files++
				l.Bytes += f.Bytes()
			}
		}
	}
	var list []Leftover
	for _, l := range at {
		list = append(list, *l)
	}
	slices.SortFunc(list, func(a, b Leftover) int { return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Path, b.Path)) })
	// A container sees some of it when the tree has something of that layer there.
	for i := range list {
		l := &list[i]
		if !img.seen(l.Path, l.Layer) {
			l.Hidden = img.hiddenBy(l.Path, l.Layer)
		}
	}
	return list
}

// leftoverAt is the topmost part of a path with such a name. Dockerfiles and
// environment files are files, so that only the last part can be one.
func leftoverAt(p string) (top, name string) {
	for i := 1; i < len(p); {
		end := strings.IndexByte(p[i:], '/')
		if end < 0 {
			return p, leftoverName(p[i:])
		}
		switch name := leftoverName(p[i : i+end]); name {
		case "", ".env", "Dockerfile", ".dockerignore":
		default:
			return p[:i+end], name
		}
		i += end + 1
	}
	return p, ""
}

// inLibrary tells whether what lies there belongs to a published package or
// to a language's own library.
func inLibrary(top string) bool {
	dir := path.Dir(top)
	return dir == "/usr/local/lib" || OriginOf(dir+"/x") != Own
}

// seen tells whether the tree has anything at or below p that comes from a
// layer.
func (img *Image) seen(p string, layer int) bool {
	if f := img.Tree.Lstat(p); f == nil {
		return false
	} else if f.Layer == layer && !f.IsDir() {
		return true
	}
	for f := range img.Tree.Under(p) {
		if f.Layer == layer && !f.IsDir() {
			return true
		}
	}
	return false
}

// hiddenBy is the layer after which nothing of p from a layer is seen.
func (img *Image) hiddenBy(p string, layer int) int {
	hidden := -1
	for _, w := range img.Waste {
		if w.First == layer && (w.Path == p || strings.HasPrefix(w.Path, p+"/")) {
			hidden = max(hidden, w.Layer)
		}
	}
	return hidden
}
