package registry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/transport"
)

// Options are how registries are asked. The zero Options are good.
type Options struct {
	Timeout   time.Duration  // for each question, with all that it takes; 0 = a minute
	Keychain  authn.Keychain // nil = what `docker login` has kept
	UserAgent string
	// Roots are the authorities whose certificates are trusted; nil = the system's.
	Roots *x509.CertPool
}

// An Image is a reference to an image in a registry.
type Image struct {
	ref name.Reference
	opt Options
}

// Open is the image of that reference, as docker writes it: "alpine" is
// index.docker.io/library/alpine:latest. Nothing is asked yet. A registry on
// this machine's loopback may speak plain HTTP.
func Open(ref string, opt Options) (*Image, error) {
	r, err := name.ParseReference(ref, name.WeakValidation)
	if err != nil {
		return nil, fmt.Errorf("read the reference %q: %w", ref, err)
	}
	if opt.Timeout == 0 {
		opt.Timeout = time.Minute
	}
	if opt.Keychain == nil {
		opt.Keychain = authn.DefaultKeychain
	}
	return &Image{r, opt}, nil
}

// Name is the repository's full name, without tag or digest: good as the name
// of a statement's subject.
func (i *Image) Name() string { return i.ref.Context().Name() }

// Digest is the digest of the manifest, or index, that the registry answers
// with: the hash of the bytes themselves, whatever its headers say.
func (i *Image) Digest(ctx context.Context) (attest.Digest, error) {
	var d attest.Digest
	err := i.ask(ctx, "ask for the digest of "+i.ref.String(), func(opts []remote.Option) error {
		desc, err := i.manifest(i.ref, opts)
		if err != nil {
			return err
		}
		d, err = attest.ParseDigest(desc.Digest.String())
		return err
	})
	return d, err
}

// manifest is the manifest of an image or an index.
func (i *Image) manifest(ref name.Reference, opts []remote.Option) (*remote.Descriptor, error) {
	desc, err := remote.Get(ref, opts...)
	if err != nil {
		return nil, err
	}
	if t := desc.MediaType; t == types.DockerManifestSchema1 || t == types.DockerManifestSchema1Signed {
		return nil, errors.New("its manifest is in Docker's schema 1, which has no reliable digest: push the image again with a newer engine")
	}
	return desc, nil
}

// Attach attaches a bundle to the image of that digest, which the bundle has
// to be about and the registry has to hold, and makes sure that the registry
// lists it. Where the registry does not know OCI referrers, the list is kept
// under the tag that the distribution specification has for it. Attaching the
// same bundle again changes nothing.
func (i *Image) Attach(ctx context.Context, d attest.Digest, b attest.Bundle) (attest.Digest, error) {
	var attached attest.Digest
	repo := i.ref.Context()
	err := i.ask(ctx, "attach the attestation to "+repo.Name()+"@"+string(d), func(opts []remote.Option) error {
		subject, err := i.manifest(repo.Digest(string(d)), opts)
		if err != nil {
			return err
		}
		r, err := refer(subject.Descriptor, b)
		if err != nil {
			return err
		}
		for _, blob := range []struct {
			mediaType types.MediaType
			data      []byte
		}{{emptyType, emptyConfig}, {attest.BundleType, r.bundle}} {
			if err := remote.WriteLayer(repo, static.NewLayer(blob.data, blob.mediaType), opts...); err != nil {
				return err
			}
		}
		attached = attest.Digest(r.desc.Digest.String())
		// Two writers of the fallback tag may overwrite each other's list, and
		// some registries list late: look, and put again.
		for wait := 100 * time.Millisecond; ; wait *= 3 {
			if err := remote.Put(repo.Digest(string(attached)), r, opts...); err != nil {
				return err
			}
			list, err := i.referrers(d, opts)
			if err != nil {
				return err
			}
			for _, l := range list {
				if l.Digest == r.desc.Digest {
					return nil
				}
			}
			if wait > time.Second {
				return fmt.Errorf("%s accepted the attestation as %s but does not list it among the image's referrers", repo.RegistryStr(), attached)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(wait):
			}
		}
	})
	return attached, err
}

// Attestations are the bundles that refer to the image of that digest; nil =
// there are none. They are unverified, and one that cannot be read hides no
// other.
func (i *Image) Attestations(ctx context.Context, d attest.Digest) ([]Attestation, error) {
	var found []Attestation
	repo := i.ref.Context()
	err := i.ask(ctx, "look for attestations of "+repo.Name()+"@"+string(d), func(opts []remote.Option) error {
		list, err := i.referrers(d, opts)
		if err != nil {
			return err
		}
		found, err = collect(list, d,
			func(h v1.Hash) ([]byte, error) {
				desc, err := remote.Get(repo.Digest(h.String()), opts...)
				if err != nil {
					return nil, err
				}
				return desc.Manifest, nil
			},
			func(h v1.Hash) ([]byte, error) {
				layer, err := remote.Layer(repo.Digest(h.String()), opts...)
				if err != nil {
					return nil, err
				}
				r, err := layer.Compressed() // checks the hash at its end
				if err != nil {
					return nil, err
				}
				defer r.Close()
				return readAll(r, attest.MaxBundle)
			})
		return err
	})
	return found, err
}

// referrers are the manifests that the registry lists as referring to a digest.
func (i *Image) referrers(d attest.Digest, opts []remote.Option) ([]v1.Descriptor, error) {
	index, err := remote.Referrers(i.ref.Context().Digest(string(d)), opts...)
	if err != nil {
		return nil, err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("read the list of referrers: %w", err)
	}
	return m.Manifests, nil
}

// ask puts one question to the registry, in the time that there is for it, and
// says in its error what was asked and what may help.
func (i *Image) ask(ctx context.Context, deed string, f func([]remote.Option) error) error {
	within, cancel := context.WithTimeout(ctx, i.opt.Timeout)
	defer cancel()
	host := i.ref.Context().RegistryStr()
	err := f([]remote.Option{
		remote.WithContext(within),
		remote.WithAuthFromKeychain(i.opt.Keychain),
		remote.WithUserAgent(i.opt.UserAgent),
		remote.WithTransport(transport.New(transport.Options{Host: host, Roots: i.opt.Roots})),
		remote.WithRetryPredicate(transport.Again),
	})
	if err == nil {
		return nil
	}
	reason, _ := transport.Explain(ctx, within, host, i.opt.Timeout, err)
	return fmt.Errorf("%s: %w", deed, reason)
}
