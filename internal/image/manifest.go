package image

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// A Manifest is a file by which a project says what it depends on, or by which an
// installer says where a package is from, as a container sees it.
type Manifest struct {
	Path  string
	Data  []byte
	Layer int
}

// manifestLimit is how many bytes of a manifest are kept; 0 = a file is none.
// package.json of an installed package is an entry of a package database.
func manifestLimit(p string) int {
	base := p[strings.LastIndexByte(p, '/')+1:]
	switch {
	case base == "package.json" && !strings.Contains(p, "/node_modules/") && OriginOf(p) < Published:
		return 1 << 20
	case base == "pyproject.toml" && OriginOf(p) < Published:
		return 128 << 10
	case base == "direct_url.json" && strings.HasSuffix(path.Dir(p), ".dist-info"):
		return 4 << 10
	}
	return 0
}

// IsManifest tells whether a file is one of those that Manifests gives, of which
// there may be any number.
func IsManifest(p string) bool { return manifestLimit(p) > 0 }

// Manifests are the manifests of a base name, by their paths.
func (img *Image) Manifests(base string) []Manifest {
	var list []Manifest
	for _, m := range img.manifests {
		if path.Base(m.Path) == base {
			list = append(list, m)
		}
	}
	return list
}

// collect keeps the manifests that a container sees.
func (img *Image) collect(scans []Scan) {
	for i := range scans {
		for p, data := range scans[i].Kept {
			if !IsManifest(p) {
				continue
			}
			if f := img.Tree.Lstat(p); f != nil && f.Layer == i && f.IsRegular() {
				img.manifests = append(img.manifests, Manifest{Path: p, Data: data, Layer: i})
			}
		}
	}
	slices.SortFunc(img.manifests, func(a, b Manifest) int { return cmp.Compare(a.Path, b.Path) })
}
