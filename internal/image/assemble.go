package image

import "slices"

// A Scan is what one pass over a layer brings: all that the model asks of it.
// Of which layer its files, secrets, plants and problems are, Assemble puts
// down, so that a reader need not know how many layers lie below.
type Scan struct {
	Layer    Layer     // without its step
	Files    []File    // in the order of its archive, without removals
	Removals []Removal // wherever in the archive they stand
	// Kept are the contents of the regular files for which Keep asks, by path.
	Kept      map[string][]byte
	Databases []Database
	Secrets   []Secret // without Hidden
	Planted   []Plant
	Problems  []Problem
	// Unsearched is how many of the files were not searched for secrets, or not as
	// a whole; the first of them are among the problems.
	Unsearched int
}

// Keep is how many bytes of a file the model asks for, whole, in Scan.Kept;
// a longer one it can do without. 0 = it does not ask for the file.
func Keep(p string) int {
	switch p {
	case "/etc/passwd", "/etc/group", "/etc/os-release", "/usr/lib/os-release", "/etc/ld.so.conf":
		return 1 << 20
	}
	if loaderPath(p) {
		return 1 << 16
	}
	return manifestLimit(p)
}

// Assemble makes an image of what it says of itself and of its layers, the
// lowest first: it lays them over one another and asks what the whole says. The
// scans belong to the image from then on.
func Assemble(d Description, scans []Scan) *Image {
	img := &Image{Description: d, Layers: make([]Layer, len(scans)), Tree: newTree()}
	for i := range scans {
		scans[i].of(i)
		img.Layers[i] = scans[i].Layer
		img.Layers[i].files = scans[i].Files
		img.Problems = append(img.Problems, scans[i].Problems...)
		img.Planted = append(img.Planted, scans[i].Planted...)
		img.Secrets = append(img.Secrets, scans[i].Secrets...)
		img.Unsearched += scans[i].Unsearched
	}
	img.Paired = pair(img.Steps, img.Layers)
	if !img.Paired && len(img.Steps) > 0 {
		img.Problems = append(img.Problems, Problem{Layer: -1, What: "the history and the image have different numbers of layers, so layers are not matched to steps"})
	}
	img.lay(scans)
	kept := func(p string) []byte {
		f, err := img.Tree.Lookup(p)
		if err != nil || !f.IsRegular() {
			return nil
		}
		name := f.Path
		if f.Hard {
			name = f.Link
		}
		return scans[f.Layer].Kept[name]
	}
	img.packages(scans)
	img.collect(scans)
	img.loader = loaderOf(img.Tree, kept)
	img.users, img.groups = parsePasswd(kept("/etc/passwd")), parseGroup(kept("/etc/group"))
	if img.OS = parseRelease(kept("/etc/os-release")); img.OS.ID == "" {
		img.OS = parseRelease(kept("/usr/lib/os-release"))
	}
	img.list()
	return img
}

// of puts a scan down to its layer.
func (s *Scan) of(layer int) {
	for i := range s.Files {
		s.Files[i].Layer = layer
	}
	for i := range s.Secrets {
		s.Secrets[i].Layer, s.Secrets[i].Hidden = layer, -1
	}
	for i := range s.Planted {
		s.Planted[i].Layer = layer
	}
	for i := range s.Problems {
		s.Problems[i].Layer = layer
	}
}

// lay makes the tree, and finds what each layer hides of those below.
func (img *Image) lay(scans []Scan) {
	type place struct {
		layer int
		path  string
	}
	secrets := map[place][]int{}
	for n, s := range img.Secrets {
		at := place{s.Layer, s.Path}
		secrets[at] = append(secrets[at], n)
	}
	for i := range scans {
		img.Tree.apply(scans[i].Files, scans[i].Removals, func(old, by *File) {
			if len(secrets) > 0 {
				for _, n := range secrets[place{old.Layer, old.Path}] {
					img.Secrets[n].Hidden = i
				}
			}
			if w, ok := wasteOf(old, by, i); ok {
				img.Waste = append(img.Waste, w)
			}
		})
	}
	// What is gone under one name may still be seen under another.
	alive := map[place]bool{}
	for i := range scans {
		for j := range scans[i].Files {
			if f := &scans[i].Files[j]; f.Hard && img.Tree.Lstat(f.Path) == f {
				alive[place{f.Layer, f.Link}] = true
			}
		}
	}
	img.Waste = slices.DeleteFunc(img.Waste, func(w Waste) bool { return alive[place{w.First, w.Path}] })
	slices.SortStableFunc(img.Waste, byWaste)
}
