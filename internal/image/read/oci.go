package read

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
)

// A Descriptor is OCI's pointer to a blob.
type Descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	URLs        []string          `json:"urls"`
	Annotations map[string]string `json:"annotations"`
	Platform    *image.Platform   `json:"platform"`
}

type ociIndex struct {
	MediaType string       `json:"mediaType"`
	Manifests []Descriptor `json:"manifests"`
}

type ociManifest struct {
	MediaType   string            `json:"mediaType"`
	Config      Descriptor        `json:"config"`
	Layers      []Descriptor      `json:"layers"`
	Annotations map[string]string `json:"annotations"`
}

// refName is the annotation by which an index names an image.
const refName = "org.opencontainers.image.ref.name"

// loadOCI reads an OCI image layout.
func loadOCI(s store, name string, data []byte, opts Options) (*bundle, error) {
	for range 5 {
		var index ociIndex
		if err := json.Unmarshal(data, &index); err != nil {
			return nil, fmt.Errorf("read the index: %w", err)
		}
		d, err := Choose(index.Manifests, opts)
		if err != nil {
			return nil, err
		}
		if data, err = blobOf(s, d, opts.Limits.Meta); err != nil {
			return nil, err
		}
		if IsIndex(d.MediaType, data) {
			opts.Tag = ""
			continue
		}
		return loadManifest(s, name, d.Digest, data, opts)
	}
	return nil, fmt.Errorf("%w: its indexes are nested without end", ErrNoImage)
}

func loadManifest(s store, name, digest string, data []byte, opts Options) (*bundle, error) {
	var m ociManifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	if m.Config.Digest == "" {
		return nil, fmt.Errorf("%w: its manifest has no config", ErrNoImage)
	}
	config, err := blobOf(s, m.Config, opts.Limits.Meta)
	if err != nil {
		return nil, fmt.Errorf("read the config: %w", err)
	}
	b := &bundle{name: name, digest: digest, config: config, annotations: m.Annotations}
	for i, l := range m.Layers {
		p, err := blobPath(l.Digest)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", i+1, err)
		}
		layer := blob{digest: l.Digest, mediaType: l.MediaType, size: l.Size, open: opener(s, p)}
		r, size, err := s.open(p)
		switch {
		case err == nil:
			r.Close()
			if size != l.Size {
				return nil, fmt.Errorf("layer %d: it has %d bytes, but the manifest says %d", i+1, size, l.Size)
			}
		case foreign(l) != "":
			layer.skip = foreign(l)
		default:
			return nil, fmt.Errorf("layer %d: %w", i+1, err)
		}
		b.layers = append(b.layers, layer)
	}
	return b, nil
}

// foreign says why a layer that is not here need not be; "" = it must.
func foreign(d Descriptor) string {
	if strings.Contains(d.MediaType, "foreign") || strings.Contains(d.MediaType, "nondistributable") || len(d.URLs) > 0 {
		return "it is a foreign layer, which only its publisher distributes"
	}
	return ""
}

// Choose finds the manifest for a platform among those of an index. Where
// there is one alone it is taken, whatever it is for.
func Choose(list []Descriptor, opts Options) (Descriptor, error) {
	var images []Descriptor
	for _, d := range list {
		// Attestations are manifests for a platform that nobody has.
		if d.Platform != nil && d.Platform.OS == "unknown" || d.Annotations["vnd.docker.reference.type"] != "" {
			continue
		}
		images = append(images, d)
	}
	if opts.Tag != "" {
		var named []Descriptor
		var have []string
		for _, d := range images {
			full := d.Annotations["io.containerd.image.name"]
			short := d.Annotations[refName]
			if opts.Tag == full || opts.Tag == short || opts.Tag == d.Digest {
				named = append(named, d)
			}
			if full == "" {
				full = short
			}
			have = append(have, full)
		}
		if len(named) == 0 {
			return Descriptor{}, choice(opts.Tag, have)
		}
		images = named
	}
	switch len(images) {
	case 0:
		return Descriptor{}, fmt.Errorf("%w: its index contains none", ErrNoImage)
	case 1:
		return images[0], nil
	}
	want, best := opts.Platform, -1
	var have []string
	for i, d := range images {
		if d.Platform == nil {
			have = append(have, "one without a platform")
			continue
		}
		p := *d.Platform
		have = append(have, p.String())
		if p.OS != want.OS || p.Arch != want.Arch {
			continue
		}
		if p.Variant == want.Variant {
			best = i
			break
		}
		// arm64 and arm64/v8 are one; else a variant that was not asked
		// for is better than none.
		if best < 0 && (want.Variant == "" || p.Variant == "") {
			best = i
		}
	}
	if best < 0 {
		for _, d := range images {
			if d.Platform != nil {
				return Descriptor{}, fmt.Errorf("%w as %s: there is %s", ErrPlatform, want, short500(strings.Join(have, ", ")))
			}
		}
		var names []string
		for _, d := range images {
			names = append(names, d.Annotations[refName])
		}
		return Descriptor{}, choice("", names)
	}
	return images[best], nil
}

// IsIndex tells an index from a manifest.
func IsIndex(mediaType string, data []byte) bool {
	switch mediaType {
	case "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json":
		return true
	case "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json":
		return false
	}
	var probe struct{ Manifests []json.RawMessage }
	return json.Unmarshal(data, &probe) == nil && probe.Manifests != nil
}

// blobPath is where a layout keeps what has a digest.
func blobPath(digest string) (string, error) {
	hash, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is not a SHA-256 digest", short(digest))
	}
	return "blobs/sha256/" + hash, nil
}

// blobOf reads a small blob and holds it against its digest.
func blobOf(s store, d Descriptor, limit int64) ([]byte, error) {
	p, err := blobPath(d.Digest)
	if err != nil {
		return nil, err
	}
	data, err := meta(s, p, limit)
	if err != nil {
		return nil, err
	}
	if got := digestOf(data); got != d.Digest {
		return nil, fmt.Errorf("%w: %s is %s", ErrDigest, p, shortDigest(got))
	}
	return data, nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
