package image

import (
	"hash/maphash"
	"io/fs"
	"strings"
)

// An entry is a file of a test's layer, or what the layer removes.
type entry struct {
	name     string // ended by a slash: a folder
	body     string
	mode     fs.FileMode // permissions; 0 = 0644, of a folder 0755
	link     string
	hard     bool
	uid      int
	gid      int
	elf      *ELF
	script   *Script
	packages []Package // what it says, as a database
	gone     bool      // it is removed; of a folder, what is in it
}

var seed = maphash.MakeSeed()

// layerOf is a layer as a reader brings it.
func layerOf(entries ...entry) Scan {
	s := Scan{Layer: Layer{Files: len(entries)}, Kept: map[string][]byte{}}
	at := map[string]int{}
	for _, e := range entries {
		p, dir := clean(e.name), strings.HasSuffix(e.name, "/")
		if e.gone {
			s.Removals = append(s.Removals, Removal{p, dir})
			continue
		}
		f := File{Path: p, Mode: e.mode, UID: e.uid, GID: e.gid, Link: e.link, Hard: e.hard, ELF: e.elf, Script: e.script}
		if f.Mode == 0 {
			f.Mode = 0o644
			if dir {
				f.Mode = 0o755
			}
		}
		switch {
		case dir:
			f.Mode |= fs.ModeDir
		case e.hard:
			f = s.Files[at[clean(e.link)]]
			f.Path, f.Link, f.Hard = p, f.Path, true
		case e.link != "":
			f.Mode |= fs.ModeSymlink
		default:
			f.Size, f.Sum = int64(len(e.body)), maphash.String(seed, e.body)
			s.Layer.Size += f.Size
			if Keep(p) > 0 {
				s.Kept[p] = []byte(e.body)
			}
		}
		if e.packages != nil {
			s.Databases = append(s.Databases, Database{p, e.packages})
		}
		at[p] = len(s.Files)
		s.Files = append(s.Files, f)
	}
	return s
}

// imageOf is an image of these layers.
func imageOf(d Description, layers ...Scan) *Image {
	d.Name, d.Platform = "app:1", Platform{OS: "linux", Arch: "amd64"}
	return Assemble(d, layers)
}
