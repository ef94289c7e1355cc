package deploy

import "github.com/dockworthy/dockworthy/text"

// A Bake is a Bake file, as far as it is literal.
type Bake struct {
	File    *text.File
	Targets []*BakeTarget // in the order of the file, with what they inherit
	// Beyond says why something of the file is missing here: reading it went
	// beyond a limit. "" = all of it is here.
	Beyond string
}

// A BakeTarget is one build.
type BakeTarget struct {
	Name           string
	Context        string // "" = the folder in which Bake runs
	Dockerfile     string // relative to Context; "" = Dockerfile
	Target         string // the stage; "" = the last one
	Inline         bool   // its Dockerfile stands in the Bake file
	Args, Contexts map[string]string
	Tags           []string
	Output         []string // what becomes of it, as type=cacheonly; nil = an image, or not known
}

// IsBakeName tells whether a file's base name is one that Bake reads by itself.
// Source: docs.docker.com/build/bake/reference, file lookup.
func IsBakeName(base string) bool {
	switch base {
	case "docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl", "docker-bake.override.json":
		return true
	}
	return false
}
