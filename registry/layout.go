package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/files"
)

// The files of an OCI layout, and the names that its index gives to images:
// https://github.com/opencontainers/image-spec/blob/main/image-layout.md
const (
	layoutFile    = "oci-layout"
	indexFile     = "index.json"
	refNameKey    = "org.opencontainers.image.ref.name"
	containerdKey = "io.containerd.image.name" // as BuildKit writes it beside
)

// A Layout is an OCI layout: a folder that holds images. Nothing outside of
// the folder is read or written, wherever its links lead.
type Layout struct {
	dir, ref string
}

// OpenLayout is the image of that reference in an OCI layout: a name or tag
// that its index has, a digest with or without a name, or "" for the only
// image.
func OpenLayout(dir, ref string) (*Layout, error) {
	l := &Layout{dir, ref}
	root, err := l.open()
	if err != nil {
		return nil, err
	}
	return l, root.Close()
}

func (l *Layout) open() (*os.Root, error) {
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return nil, fmt.Errorf("open the OCI layout: %w", err)
	}
	data, err := files.Read(root.FS(), layoutFile, maxManifest)
	var mark struct {
		Version string `json:"imageLayoutVersion"`
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%s is not an OCI layout: it has no file %s", l.dir, layoutFile)
	case err != nil:
		err = fmt.Errorf("open the OCI layout %s: %w", l.dir, err)
	case json.Unmarshal(data, &mark) != nil || !strings.HasPrefix(mark.Version, "1."):
		err = fmt.Errorf("%s is not an OCI layout of version 1", l.dir)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// Digest is the digest of the image's manifest or index.
func (l *Layout) Digest(context.Context) (attest.Digest, error) {
	root, err := l.open()
	if err != nil {
		return "", err
	}
	defer root.Close()
	if _, digest, ok := strings.Cut("@"+l.ref, "@sha"); ok {
		d, err := attest.ParseDigest("sha" + digest)
		if err != nil {
			return "", err
		}
		if _, err := l.subject(root, d); err != nil {
			return "", err
		}
		return d, nil
	}
	index, err := l.index(root)
	if err != nil {
		return "", err
	}
	images := slices.DeleteFunc(index.list, func(d v1.Descriptor) bool { return !l.isImage(root, d) })
	if l.ref != "" {
		images = slices.DeleteFunc(images, func(d v1.Descriptor) bool { return !named(d, l.ref) })
	}
	images = slices.CompactFunc(images, func(a, b v1.Descriptor) bool { return a.Digest == b.Digest })
	switch {
	case len(images) == 0 && l.ref == "":
		return "", fmt.Errorf("the OCI layout %s contains no image", l.dir)
	case len(images) == 0:
		return "", fmt.Errorf("the OCI layout %s contains no image named %q", l.dir, l.ref)
	case len(images) > 1:
		return "", fmt.Errorf("the OCI layout %s contains %d such images: name one by its digest, such as @%s", l.dir, len(images), images[0].Digest)
	}
	return attest.ParseDigest(images[0].Digest.String())
}

// isImage says whether what an index lists is an image or an index, not
// something that refers to one.
func (l *Layout) isImage(root *os.Root, d v1.Descriptor) bool {
	if !d.MediaType.IsImage() && !d.MediaType.IsIndex() || attest.IsBundleType(d.ArtifactType) {
		return false
	}
	raw, err := l.blob(root, d.Digest, maxManifest)
	if err != nil {
		return true // the error will be said where it is read
	}
	m, err := v1.ParseManifest(bytes.NewReader(raw))
	return err != nil || m.Subject == nil
}

// named says whether an index calls an image by that name, or by its tag.
func named(d v1.Descriptor, ref string) bool {
	name := d.Annotations[refNameKey]
	if name == ref || d.Annotations[containerdKey] == ref {
		return true
	}
	tag := ref[strings.LastIndex(ref, "/")+1:]
	_, tag, ok := strings.Cut(tag, ":")
	return ok && name == tag
}

// Attach is Image.Attach: the referrer's manifest is listed in the layout's
// index. Two programs must not write to the same folder at once.
func (l *Layout) Attach(_ context.Context, d attest.Digest, b attest.Bundle) (attest.Digest, error) {
	root, err := l.open()
	if err != nil {
		return "", err
	}
	defer root.Close()
	attached, err := l.attach(root, d, b)
	if err != nil {
		return "", fmt.Errorf("attach the attestation to %s in %s: %w", d, l.dir, err)
	}
	return attached, nil
}

func (l *Layout) attach(root *os.Root, d attest.Digest, b attest.Bundle) (attest.Digest, error) {
	subject, err := l.subject(root, d)
	if err != nil {
		return "", err
	}
	r, err := refer(subject, b)
	if err != nil {
		return "", err
	}
	index, err := l.index(root)
	if err != nil {
		return "", err
	}
	for _, data := range [][]byte{emptyConfig, r.bundle, r.raw} {
		if err := writeBlob(root, data); err != nil {
			return "", err
		}
	}
	attached := attest.Digest(r.desc.Digest.String())
	if slices.ContainsFunc(index.list, func(d v1.Descriptor) bool { return d.Digest == r.desc.Digest }) {
		return attached, nil
	}
	data, err := index.with(r.desc)
	if err != nil {
		return "", err
	}
	return attached, replace(root, indexFile, data)
}

// Attestations is Image.Attestations.
func (l *Layout) Attestations(_ context.Context, d attest.Digest) ([]Attestation, error) {
	root, err := l.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	index, err := l.index(root)
	if err != nil {
		return nil, err
	}
	found, err := collect(index.list, d,
		func(h v1.Hash) ([]byte, error) { return l.blob(root, h, maxManifest) },
		func(h v1.Hash) ([]byte, error) { return l.blob(root, h, attest.MaxBundle) })
	if err != nil {
		return nil, fmt.Errorf("look for attestations in %s: %w", l.dir, err)
	}
	return found, nil
}

// A layoutIndex is index.json, with all that it says kept as it is.
type layoutIndex struct {
	fields    map[string]json.RawMessage
	manifests []json.RawMessage
	list      []v1.Descriptor
}

func (l *Layout) index(root *os.Root) (*layoutIndex, error) {
	data, err := files.Read(root.FS(), indexFile, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("read the index of %s: %w", l.dir, err)
	}
	var x layoutIndex
	if err := json.Unmarshal(data, &x.fields); err != nil {
		return nil, fmt.Errorf("read the index of %s: %w", l.dir, err)
	}
	if raw := x.fields["manifests"]; raw != nil {
		if err := errors.Join(json.Unmarshal(raw, &x.manifests), json.Unmarshal(raw, &x.list)); err != nil {
			return nil, fmt.Errorf("read the index of %s: %w", l.dir, err)
		}
	}
	return &x, nil
}

// with is the index with one more manifest.
func (x *layoutIndex) with(d v1.Descriptor) ([]byte, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	if x.fields == nil {
		return nil, errors.New("the index is null")
	}
	if x.fields["manifests"], err = json.Marshal(append(slices.Clone(x.manifests), raw)); err != nil {
		return nil, err
	}
	return json.MarshalIndent(x.fields, "", "  ")
}

// subject describes the manifest or index of that digest.
func (l *Layout) subject(root *os.Root, d attest.Digest) (v1.Descriptor, error) {
	h, err := v1.NewHash(string(d))
	if err != nil {
		return v1.Descriptor{}, err
	}
	raw, err := l.blob(root, h, maxManifest)
	if err != nil {
		return v1.Descriptor{}, err
	}
	var m struct {
		MediaType types.MediaType  `json:"mediaType"`
		Manifests *json.RawMessage `json:"manifests"`
		Config    *json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(raw, &m); err != nil || m.Manifests == nil && m.Config == nil {
		return v1.Descriptor{}, fmt.Errorf("%s is neither a manifest nor an index", d)
	}
	switch {
	case m.MediaType != "":
	case m.Manifests != nil:
		m.MediaType = types.OCIImageIndex
	default:
		m.MediaType = types.OCIManifestSchema1
	}
	return v1.Descriptor{MediaType: m.MediaType, Digest: h, Size: int64(len(raw))}, nil
}

// blob is the bytes of that digest, which they have to have.
func (l *Layout) blob(root *os.Root, h v1.Hash, limit int64) ([]byte, error) {
	if _, err := attest.ParseDigest(h.String()); err != nil {
		return nil, err
	}
	data, err := files.Read(root.FS(), "blobs/"+h.Algorithm+"/"+h.Hex, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the OCI layout %s does not contain %s", l.dir, h)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", h, err)
	}
	hasher, err := v1.Hasher(h.Algorithm)
	if err != nil {
		return nil, err
	}
	hasher.Write(data)
	if got := fmt.Sprintf("%x", hasher.Sum(nil)); got != h.Hex {
		return nil, fmt.Errorf("the file of %s contains %s:%s", h, h.Algorithm, got)
	}
	return data, nil
}

func writeBlob(root *os.Root, data []byte) error {
	h := describe("", data).Digest
	name := "blobs/" + h.Algorithm + "/" + h.Hex
	if old, err := files.Read(root.FS(), name, int64(len(data))); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := root.MkdirAll("blobs/"+h.Algorithm, 0o755); err != nil {
		return err
	}
	return replace(root, name, data)
}

// replace writes a file whole or not at all.
func replace(root *os.Root, name string, data []byte) error {
	temp := fmt.Sprintf("%s.%d.tmp", name, os.Getpid())
	if err := root.WriteFile(temp, data, 0o644); err != nil {
		root.Remove(temp)
		return err
	}
	if err := root.Rename(temp, name); err != nil {
		root.Remove(temp)
		return err
	}
	return nil
}
