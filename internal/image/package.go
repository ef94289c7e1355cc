package image

import (
	"cmp"
	"slices"
)

// A Package is an entry of a package database.
type Package struct {
	Name, Version string
	Ecosystem     Ecosystem
	// Layer is the index of the layer that brought it in this version.
	Layer int
	// Path is the file that speaks of it: a database, or a file of its own.
	Path string
}

// An Ecosystem is whose package it is, named as in package URLs.
type Ecosystem string

// The ecosystems whose databases are known.
const (
	Deb  Ecosystem = "deb"  // dpkg's status, and the files of status.d that distroless images have
	Apk  Ecosystem = "apk"  // apk-tools' installed
	Rpm  Ecosystem = "rpm"  // rpm's SQLite database
	Pypi Ecosystem = "pypi" // *.dist-info/METADATA, *.egg-info/PKG-INFO
	Npm  Ecosystem = "npm"  // package.json in a node_modules folder
)

// A Database is what one file of a layer says of packages.
type Database struct {
	Path     string
	Packages []Package // Assemble puts down their paths and layers
}

// packages are those of the files that the tree has, each put down to the
// layer from which on its database has spoken of it.
func (img *Image) packages(scans []Scan) {
	type key struct{ name, version string }
	since := map[string]map[key]int{} // by database
	for i := range scans {
		for _, db := range scans[i].Databases {
			before, now := since[db.Path], map[key]int{}
			for _, p := range db.Packages {
				k := key{p.Name, p.Version}
				layer, ok := before[k]
				if !ok {
					layer = i
				}
				now[k] = layer
			}
			since[db.Path] = now
			if f := img.Tree.Lstat(db.Path); f == nil || f.Layer != i {
				continue
			}
			for _, p := range db.Packages {
				p.Path, p.Layer = db.Path, now[key{p.Name, p.Version}]
				img.Packages = append(img.Packages, p)
			}
		}
	}
	slices.SortStableFunc(img.Packages, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Path, b.Path))
	})
}
