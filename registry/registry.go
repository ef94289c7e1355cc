// Package registry is the edge to where images are kept: a registry, or an OCI
// layout in a folder. It finds the digest of an image's manifest, attaches
// signed evidence to it as an OCI referrer, and finds such evidence again.
// Whether any of it is true is for package attest to say.
package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/transport"
)

// The limits on what is read. A manifest of an image or an index is a few
// kilobytes; the distribution specification lets registries refuse them from
// 4 MiB on.
const (
	maxManifest     = 4 << 20
	maxAnswer       = attest.MaxBundle + 1
	maxAttestations = 256
)

// An Attestation is a bundle that refers to an image, unverified.
type Attestation struct {
	Manifest attest.Digest // of the referrer
	Bundle   attest.Bundle
	Err      error // why the bundle cannot be read; nil = it can
}

// What a referrer says of itself, as Sigstore's tools write it:
// https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
const (
	contentKey   = "dev.sigstore.bundle.content"
	predicateKey = "dev.sigstore.bundle.predicateType"
	createdKey   = "org.opencontainers.image.created"
	titleKey     = "org.opencontainers.image.title"
	emptyType    = "application/vnd.oci.empty.v1+json"
)

// emptyConfig is OCI's empty descriptor's content.
var emptyConfig = []byte("{}")

// A referrer is the manifest that attaches a bundle to a subject.
type referrer struct {
	raw    []byte
	desc   v1.Descriptor // as an index lists it
	bundle []byte
}

// RawManifest and MediaType make it something to put into a registry.
func (r referrer) RawManifest() ([]byte, error)        { return r.raw, nil }
func (r referrer) MediaType() (types.MediaType, error) { return r.desc.MediaType, nil }

// refer is the referrer of a bundle. The same bundle and subject give the same
// manifest, so that attaching twice attaches once.
func refer(subject v1.Descriptor, b attest.Bundle) (referrer, error) {
	s, err := b.Unverified()
	if err != nil {
		return referrer{}, fmt.Errorf("read the attestation: %w", err)
	}
	d := attest.Digest(subject.Digest.String())
	if !slices.ContainsFunc(s.Subject, func(sub attest.Subject) bool { return sub.Is(d) }) {
		return referrer{}, &attest.SubjectError{Says: s.Digests(), Wants: d}
	}
	data := b.JSON()
	layer := describe(attest.BundleType, data)
	layer.Annotations = map[string]string{titleKey: layer.Digest.Algorithm + "-" + layer.Digest.Hex + ".sigstore.json"}
	m := v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		ArtifactType:  attest.BundleType,
		Config:        describe(emptyType, emptyConfig),
		Layers:        []v1.Descriptor{layer},
		Subject:       &v1.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
		Annotations:   map[string]string{contentKey: "dsse-envelope", predicateKey: s.PredicateType},
	}
	if t := created(s); !t.IsZero() {
		m.Annotations[createdKey] = t.UTC().Format(time.RFC3339)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return referrer{}, fmt.Errorf("write the referrer: %w", err)
	}
	desc := describe(types.OCIManifestSchema1, raw)
	desc.ArtifactType, desc.Annotations = m.ArtifactType, m.Annotations
	return referrer{raw: raw, desc: desc, bundle: data}, nil
}

// created is when a statement says that it was made; zero = it does not say.
func created(s attest.Statement) time.Time {
	if a, err := attest.ParseAudit(s); err == nil {
		return a.FinishedOn
	}
	if sum, err := attest.ParseSummary(s); err == nil {
		return sum.TimeCreated
	}
	return time.Time{}
}

func describe(mediaType types.MediaType, data []byte) v1.Descriptor {
	h, n, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		panic(err) // reading bytes does not fail
	}
	return v1.Descriptor{MediaType: mediaType, Digest: h, Size: n}
}

// mayRefer says whether what an index lists may be a bundle's referrer. Not
// every registry repeats the manifest's artifactType there: the config's media
// type stands in its place, or nothing.
func mayRefer(d v1.Descriptor) bool {
	return d.MediaType == types.OCIManifestSchema1 &&
		(attest.IsBundleType(d.ArtifactType) || d.ArtifactType == "" || d.ArtifactType == emptyType || d.ArtifactType == string(types.OCIConfigJSON))
}

// bundleOf is the descriptor of the bundle in a referrer of the subject; ok is
// false where the manifest is something else, or refers to another subject.
func bundleOf(raw []byte, subject attest.Digest) (layer v1.Descriptor, ok bool, err error) {
	m, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		return layer, true, fmt.Errorf("read the manifest: %w", err)
	}
	if m.Subject == nil || m.Subject.Digest.String() != string(subject) || !attest.IsBundleType(m.ArtifactType) {
		return layer, false, nil
	}
	if len(m.Layers) != 1 || !attest.IsBundleType(string(m.Layers[0].MediaType)) {
		return layer, true, errors.New("the manifest has no bundle or several bundles")
	}
	if n := m.Layers[0].Size; n > attest.MaxBundle {
		return layer, true, fmt.Errorf("the bundle has %d bytes: the limit is %d", n, attest.MaxBundle)
	}
	return m.Layers[0], true, nil
}

// collect reads the bundles of the descriptors that may be referrers, each
// bundle once.
func collect(list []v1.Descriptor, subject attest.Digest, manifest, blob func(v1.Hash) ([]byte, error)) ([]Attestation, error) {
	var found []Attestation
	seen := map[v1.Hash]bool{}
	for _, d := range list {
		if !mayRefer(d) || seen[d.Digest] {
			continue
		}
		seen[d.Digest] = true
		a := Attestation{Manifest: attest.Digest(d.Digest.String())}
		var layer v1.Descriptor
		raw, err := manifest(d.Digest)
		refers := attest.IsBundleType(d.ArtifactType) || d.ArtifactType == emptyType
		if err == nil {
			layer, refers, err = bundleOf(raw, subject)
		}
		if !refers || seen[layer.Digest] {
			continue
		}
		if err == nil {
			seen[layer.Digest] = true
			var data []byte
			if data, err = blob(layer.Digest); err == nil {
				a.Bundle, err = attest.ParseBundle(data)
			}
		}
		a.Err = err
		if found = append(found, a); len(found) > maxAttestations {
			return nil, fmt.Errorf("more than %d attestations refer to the image", maxAttestations)
		}
	}
	return found, nil
}

// readAll reads at most limit bytes; more is an error.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &transport.TooLarge{Limit: limit}
	}
	return data, err
}
