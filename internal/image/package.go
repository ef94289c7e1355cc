package image

import (
	"cmp"
	"slices"
	"strings"
)

// A Package is an entry of a package database.
type Package struct {
	Name, Version string
	Ecosystem     Ecosystem
	// Layer is the index of the layer that brought it in this version.
	Layer int
	// Path is the file that speaks of it: a database, or a file of its own.
	Path string
	// Needs are the packages that it asks for at run time, as its own file says; nil
	// where the ecosystem's files do not. Those of Npm are names, those of Pypi
	// requirements.
	Needs []string
	// Extras are the requirements of Pypi's extras, by their names in lower case.
	Extras map[string][]string
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

// PypiName is the normal form of the name with which a requirement begins, as PEP
// 503 says: "Foo_Bar[x]>=1" is foo-bar.
func PypiName(requirement string) string {
	name := strings.TrimSpace(requirement)
	end := strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
	if end >= 0 {
		name = name[:end]
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return strings.Join(words, "-")
}

// PypiExtras are the extras that a requirement asks for, in lower case.
func PypiExtras(requirement string) []string {
	_, list, ok := strings.Cut(requirement, "[")
	name, _, _ := strings.Cut(requirement, ";")
	if list, _, closed := strings.Cut(list, "]"); ok && closed && strings.Contains(name, "[") {
		return strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return r == ',' || r == ' ' })
	}
	return nil
}
