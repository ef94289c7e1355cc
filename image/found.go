package image

// A Package is an entry of a package database.
type Package struct {
	Name, Version string
	Ecosystem     string // "deb", "apk", "rpm", "pypi", "npm"
	Layer         int    // index of the layer that brought it
	Path          string // of the file that speaks of it
}

// A Secret is a secret in a file of a layer. Its value is nowhere kept.
type Secret struct {
	Layer   int
	Path    string
	Offset  int64
	What    string
	Masked  string
	Sum     string
	Present bool
}

// ELF is what an executable or a shared library asks of the image.
type ELF struct{}

// A Script is the first line of a file that begins with #!.
type Script struct{}
