// Package remote reads images from registries.
package remote

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/transport"
)

// Read reads an image from its registry, logged in as docker and podman are on
// this machine. Each layer streams by once. More options of
// go-containerregistry come after those that are set here.
func Read(ctx context.Context, ref string, opts read.Options, more ...remote.Option) (*image.Image, error) {
	r, err := name.ParseReference(ref)
	if err != nil {
		return nil, err
	}
	ask := transport.New(transport.Options{Host: r.Context().RegistryStr(), Bytes: opts.WithDefaults().Limits.Bytes})
	options := append([]remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(ask)}, more...)
	d, err := remote.Get(r, options...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	if d.MediaType.IsIndex() {
		index, err := d.ImageIndex()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", ref, err)
		}
		opts.Tag = ""
		return readIndex(ctx, ref, index, opts)
	}
	if d.MediaType.IsSchema1() {
		return nil, fmt.Errorf("read %s: it is in Docker's schema 1 format, which registries no longer support", ref)
	}
	in, err := d.Image()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	return readImage(ctx, ref, in, opts)
}

func readImage(ctx context.Context, name string, in v1.Image, opts read.Options) (*image.Image, error) {
	p, err := partsOf(in, opts.WithDefaults().Limits.Meta)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return p.Image(ctx, name, opts)
}

func partsOf(in v1.Image, most int64) (p read.Parts, err error) {
	m, err := in.Manifest()
	if err != nil {
		return p, err
	}
	if m.Config.Size > most { // before it is asked for
		return p, fmt.Errorf("%w: its config has %d bytes", read.ErrTooLarge, m.Config.Size)
	}
	if p.Config, err = in.RawConfigFile(); err != nil {
		return p, err
	}
	digest, err := in.Digest()
	if err != nil {
		return p, err
	}
	layers, err := in.Layers()
	if err != nil {
		return p, err
	}
	if len(layers) != len(m.Layers) {
		return p, fmt.Errorf("the manifest names %d layers, but there are %d", len(m.Layers), len(layers))
	}
	p.Digest, p.Annotations = digest.String(), m.Annotations
	for i, l := range layers {
		p.Layers = append(p.Layers, read.Stored{Descriptor: descriptor(m.Layers[i]), Open: l.Compressed})
	}
	return p, nil
}

// readIndex reads the image for Options.Platform of an index.
func readIndex(ctx context.Context, name string, in v1.ImageIndex, opts read.Options) (*image.Image, error) {
	for range 5 {
		m, err := in.IndexManifest()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		list := make([]read.Descriptor, len(m.Manifests))
		for i, d := range m.Manifests {
			list[i] = descriptor(d)
		}
		chosen, err := read.Choose(list, opts.WithDefaults())
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		hash, err := v1.NewHash(chosen.Digest)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if read.IsIndex(chosen.MediaType, nil) {
			if in, err = in.ImageIndex(hash); err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			continue
		}
		img, err := in.Image(hash)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		return readImage(ctx, name, img, opts)
	}
	return nil, fmt.Errorf("read %s: %w: its indexes are nested without end", name, read.ErrNoImage)
}

func descriptor(d v1.Descriptor) read.Descriptor {
	o := read.Descriptor{MediaType: string(d.MediaType), Digest: d.Digest.String(), Size: d.Size, URLs: d.URLs, Annotations: d.Annotations}
	if d.Platform != nil {
		o.Platform = &image.Platform{OS: d.Platform.OS, Arch: d.Platform.Architecture, Variant: d.Platform.Variant}
	}
	return o
}
