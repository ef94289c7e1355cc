package read

import (
	"context"
	"fmt"
	"io"

	"github.com/dockworthy/dockworthy/internal/image"
)

// Parts are what an image is made of, for a reader of a source that this package
// does not know, as a registry.
type Parts struct {
	Digest      string // of the manifest; "" = none
	Config      []byte // as stored
	Annotations map[string]string
	Layers      []Stored // from the base up
}

// A Stored is one layer as it is kept.
type Stored struct {
	Descriptor
	Open func() (io.ReadCloser, error) // its bytes, as they are kept
}

// Image reads the image that the parts make. The name is the image's.
func (p Parts) Image(ctx context.Context, name string, opts Options) (*image.Image, error) {
	b := &bundle{name: name, digest: p.Digest, config: p.Config, annotations: p.Annotations}
	if most := opts.WithDefaults().Limits.Meta; int64(len(p.Config)) > most {
		return nil, fmt.Errorf("read %s: %w: its config has %d bytes", name, ErrTooLarge, len(p.Config))
	}
	for _, l := range p.Layers {
		b.layers = append(b.layers, blob{digest: l.Digest, mediaType: l.MediaType, size: l.Size, open: l.Open, skip: foreign(l.Descriptor)})
	}
	return b.named(ctx, opts)
}
