package image

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/dockworthy/dockworthy/internal/transport"
)

// ReadV1 reads an image of go-containerregistry.
func ReadV1(ctx context.Context, name string, in v1.Image, opts Options) (*Image, error) {
	b, err := bundleV1(name, in, opts.filled().Limits.Meta)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b.named(ctx, opts)
}

func bundleV1(name string, in v1.Image, most int64) (*bundle, error) {
	m, err := in.Manifest()
	if err != nil {
		return nil, err
	}
	if m.Config.Size > most {
		return nil, fmt.Errorf("%w: its config has %d bytes", ErrTooLarge, m.Config.Size)
	}
	config, err := in.RawConfigFile()
	if err != nil {
		return nil, err
	}
	digest, err := in.Digest()
	if err != nil {
		return nil, err
	}
	layers, err := in.Layers()
	if err != nil {
		return nil, err
	}
	if len(layers) != len(m.Layers) {
		return nil, fmt.Errorf("the manifest speaks of %d layers, and there are %d", len(m.Layers), len(layers))
	}
	b := &bundle{name: name, digest: digest.String(), config: config, annotations: m.Annotations}
	for i, l := range layers {
		d := m.Layers[i]
		b.layers = append(b.layers, blob{
			digest: d.Digest.String(), mediaType: string(d.MediaType), size: d.Size, open: l.Compressed,
			skip: foreign(descriptor{MediaType: string(d.MediaType), URLs: d.URLs}),
		})
	}
	return b, nil
}

// ReadIndex reads the image for Options.Platform of an index.
func ReadIndex(ctx context.Context, name string, in v1.ImageIndex, opts Options) (*Image, error) {
	for range 5 {
		m, err := in.IndexManifest()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		d, err := choose(descriptors(m), opts.filled())
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		hash, err := v1.NewHash(d.Digest)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if isIndex(d.MediaType, nil) {
			if in, err = in.ImageIndex(hash); err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			continue
		}
		chosen, err := in.Image(hash)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		return ReadV1(ctx, name, chosen, opts)
	}
	return nil, fmt.Errorf("read %s: %w: its indexes do not end", name, ErrNoImage)
}

func descriptors(m *v1.IndexManifest) []descriptor {
	var list []descriptor
	for _, d := range m.Manifests {
		o := descriptor{MediaType: string(d.MediaType), Digest: d.Digest.String(), Size: d.Size, Annotations: d.Annotations}
		if d.Platform != nil {
			o.Platform = &struct {
				OS      string `json:"os"`
				Arch    string `json:"architecture"`
				Variant string `json:"variant"`
			}{d.Platform.OS, d.Platform.Architecture, d.Platform.Variant}
		}
		list = append(list, o)
	}
	return list
}

// ReadRegistry reads an image from its registry, logged in as docker and
// podman are on this machine. Each layer streams by once. More options of
// go-containerregistry come after those that are set here.
func ReadRegistry(ctx context.Context, ref string, opts Options, more ...remote.Option) (*Image, error) {
	r, err := name.ParseReference(ref)
	if err != nil {
		return nil, err
	}
	ask := transport.New(transport.Options{Host: r.Context().RegistryStr(), Bytes: opts.filled().Limits.Bytes})
	options := append([]remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(ask)}, more...)
	return readRemote(ctx, ref, r, opts, options)
}

func readRemote(ctx context.Context, ref string, r name.Reference, opts Options, options []remote.Option) (*Image, error) {
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
		return ReadIndex(ctx, ref, index, opts)
	}
	if d.MediaType.IsSchema1() {
		return nil, fmt.Errorf("read %s: it is in Docker's first format, which registries have given up", ref)
	}
	in, err := d.Image()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	return ReadV1(ctx, ref, in, opts)
}
