package read

import (
	"cmp"
	"runtime"

	"github.com/dockworthy/dockworthy/internal/image"
)

// Options choose what is read, and how much of it. The zero Options read
// everything, for the platform of this machine where there is a choice.
type Options struct {
	// Platform is chosen from an index. Zero = linux on this machine's
	// architecture; an image that is the only one is taken whatever it is for.
	Platform image.Platform
	// Tag chooses among the images of an archive; "" = the only one.
	Tag string
	// NoSecrets leaves the contents of files unsearched.
	NoSecrets bool
	// Planted are words that were put into the build to see where they come
	// out: every file of every layer is searched for them. Each is longer than
	// seven bytes and shorter than a kibibyte.
	Planted []string
	// Workers is how many layers are read at a time; 0 = one a processor.
	Workers int
	Limits  Limits
}

// Limits are what an image may ask for before the reading stops with an error.
// Zero fields are the defaults.
type Limits struct {
	Bytes int64 // of all layers, uncompressed; default 64 GiB
	Files int   // entries in one layer; default 2,000,000
	Meta  int64 // of a manifest, an index or a config; default 16 MiB
}

// WithDefaults puts the defaults in the place of zero fields.
func (o Options) WithDefaults() Options {
	if o.Platform == (image.Platform{}) {
		o.Platform = image.Platform{OS: "linux", Arch: runtime.GOARCH}
	}
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	o.Limits.Bytes = cmp.Or(o.Limits.Bytes, 64<<30)
	o.Limits.Files = cmp.Or(o.Limits.Files, 2_000_000)
	o.Limits.Meta = cmp.Or(o.Limits.Meta, 16<<20)
	return o
}
