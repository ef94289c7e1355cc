// Package tags asks registries what tags stand for: many at a time, of names that come
// from files which nobody vouches for.
package tags

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/transport"
)

// Options are how registries are asked. The zero Options are good.
type Options struct {
	Timeout   time.Duration  // for each question, with all that it takes; 0 = a minute
	Keychain  authn.Keychain // nil = what `docker login` has kept
	UserAgent string
}

// A Resolver asks registries what names stand for: many at a time, each registry
// over connections and a login that are kept. A registry that cannot be reached is
// asked once.
type Resolver struct {
	opt     Options
	mirrors []mirror // the longest prefix first

	mu    sync.Mutex
	hosts map[string]*host
}

// A mirror is where the images of a registry, or of a part of it, are asked for.
type mirror struct{ of, at string }

// A host is one registry.
type host struct {
	name   string
	puller *remote.Puller

	mu   sync.Mutex
	down error // why it cannot be reached; nil = it can, or nobody has tried
}

// New is a Resolver. mirrors say where images are asked for: the beginning of
// a repository's full name, as docker.io or docker.io/library, and what stands in its
// place.
func New(opt Options, mirrors map[string]string) (*Resolver, error) {
	if opt.Timeout == 0 {
		opt.Timeout = time.Minute
	}
	if opt.Keychain == nil {
		opt.Keychain = authn.DefaultKeychain
	}
	r := &Resolver{opt: opt, hosts: map[string]*host{}}
	for of, at := range mirrors {
		if strings.Contains(at, "@") || strings.Contains(of, "@") {
			return nil, errors.New("a mirror is given as REGISTRY=MIRROR, without a user and a password: `docker login` keeps these")
		}
		of, at = strings.TrimSuffix(of, "/"), strings.TrimSuffix(at, "/")
		if _, err := name.NewRepository(at + "/x"); err != nil || of == "" || strings.Contains(at, "://") {
			return nil, fmt.Errorf("the mirror %q of %q is not the name of a registry, with or without a path: mirror.example.com/hub", at, of)
		}
		r.mirrors = append(r.mirrors, mirror{of, at})
	}
	slices.SortFunc(r.mirrors, func(a, b mirror) int { return len(b.of) - len(a.of) })
	return r, nil
}

// A Manifest is what a registry holds under a digest.
type Manifest struct {
	Digest    attest.Digest
	Index     bool       // it is of several images, one for each platform
	Platforms []Platform // in the order of their names; of a single image, its own
}

// A Platform is one that a manifest has an image for.
type Platform struct {
	Name   string        // linux/amd64, linux/arm64/v8
	Digest attest.Digest // of its image
}

// Has tells whether there is an image for a platform. A name without a variant
// means any.
func (m *Manifest) Has(platform string) bool {
	return slices.ContainsFunc(m.Platforms, func(p Platform) bool { return p.Name == platform || strings.HasPrefix(p.Name, platform+"/") })
}

// Names are the names of the platforms.
func (m *Manifest) Names() []string {
	list := make([]string, len(m.Platforms))
	for i, p := range m.Platforms {
		list[i] = p.Name
	}
	return list
}

// Digest is what a tag stands for, as the registry says in one question for a
// header. Manifest tells whether it is true.
func (r *Resolver) Digest(ctx context.Context, ref string) (attest.Digest, error) {
	var d attest.Digest
	err := r.ask(ctx, "ask for the digest of "+ref, ref, func(ctx context.Context, p *remote.Puller, ref name.Reference) error {
		desc, err := p.Head(ctx, ref)
		if err != nil && headless(err) {
			var got *remote.Descriptor
			if got, err = p.Get(ctx, ref); err == nil {
				desc = &got.Descriptor
			}
		}
		if err != nil {
			return err
		}
		d, err = attest.ParseDigest(desc.Digest.String())
		return err
	})
	return d, err
}

// headless tells whether a registry did not answer the question for a header as
// registries do: then the whole manifest is asked for.
func headless(err error) bool {
	if code := transport.Status(err); code != 0 {
		return code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented
	}
	return strings.Contains(err.Error(), "response did not include")
}

// Manifest is what the registry holds under a reference by digest: its bytes have
// that digest.
func (r *Resolver) Manifest(ctx context.Context, ref string) (*Manifest, error) {
	var m *Manifest
	err := r.ask(ctx, "read "+ref, ref, func(ctx context.Context, p *remote.Puller, ref name.Reference) error {
		desc, err := p.Get(ctx, ref)
		if err != nil {
			return err
		}
		m, err = manifestOf(ctx, p, ref, desc)
		return err
	})
	return m, err
}

// maxPlatforms is how many images of an index are looked at.
const maxPlatforms = 1_000

func manifestOf(ctx context.Context, p *remote.Puller, ref name.Reference, desc *remote.Descriptor) (*Manifest, error) {
	d, err := attest.ParseDigest(desc.Digest.String())
	if err != nil {
		return nil, err
	}
	if t := desc.MediaType; t == types.DockerManifestSchema1 || t == types.DockerManifestSchema1Signed {
		return nil, errors.New("its manifest is in Docker's schema 1, which has no reliable digest: push the image again with a newer engine")
	}
	var body struct {
		MediaType types.MediaType  `json:"mediaType"`
		Manifests *json.RawMessage `json:"manifests"`
		Layers    *json.RawMessage `json:"layers"`
		Config    *v1.Descriptor   `json:"config"`
	}
	if err := json.Unmarshal(desc.Manifest, &body); err != nil {
		return nil, fmt.Errorf("what the registry holds there is no manifest: %w", err)
	}
	index := body.Manifests != nil
	if index == (body.Layers != nil) || body.MediaType != "" && body.MediaType.IsIndex() != index || desc.MediaType.IsIndex() != index {
		return nil, fmt.Errorf("the registry calls it %q, and what it sends is of another type", string(desc.MediaType))
	}
	m := &Manifest{Digest: d, Index: index}
	if !index {
		if body.Config == nil || !body.Config.MediaType.IsConfig() {
			return nil, errors.New("it is no image of a container")
		}
		c, err := configOf(desc, body.Config.Size)
		if err != nil {
			return nil, err
		}
		m.Platforms = []Platform{{platformName(c.Platform()), d}}
		return m, nil
	}
	var list []v1.Descriptor
	if err := json.Unmarshal(*body.Manifests, &list); err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	if len(list) > maxPlatforms {
		return nil, fmt.Errorf("its index lists more than %d images", maxPlatforms)
	}
	for _, child := range list {
		if child.Platform == nil || child.Platform.OS == "unknown" || child.Platform.OS == "" {
			continue // an attestation of BuildKit, or of others
		}
		cd, err := attest.ParseDigest(child.Digest.String())
		if err != nil {
			return nil, fmt.Errorf("read the index: %w", err)
		}
		m.Platforms = append(m.Platforms, Platform{platformName(child.Platform), cd})
	}
	slices.SortStableFunc(m.Platforms, func(a, b Platform) int { return strings.Compare(a.Name, b.Name) })
	m.Platforms = slices.CompactFunc(m.Platforms, func(a, b Platform) bool { return a.Name == b.Name }) // Windows has several versions
	if len(m.Platforms) == 0 && len(list) == 0 {
		return nil, errors.New("its index lists no image")
	}
	return m, nil
}

// configOf reads the config of an image, which is of a size that a config can have.
func configOf(desc *remote.Descriptor, size int64) (*v1.ConfigFile, error) {
	if size > transport.MaxManifest {
		return nil, fmt.Errorf("its config has %d bytes, more than is read", size)
	}
	img, err := desc.Image()
	if err != nil {
		return nil, err
	}
	return img.ConfigFile()
}

func platformName(p *v1.Platform) string {
	if p == nil || p.OS == "" {
		return "unknown"
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// An Origin is what an image says of how it came about; "" and the zero time are not
// said, and nobody vouches for any of it.
type Origin struct {
	Created  time.Time // 1970 in images that are built to be the same each time
	Revision string    // of the source
	Source   string    // where the source is
	Version  string
}

// Origin is what an image says of itself, of an index its image for the platform.
func (r *Resolver) Origin(ctx context.Context, ref, platform string) (Origin, error) {
	var o Origin
	m, err := r.Manifest(ctx, ref)
	if err != nil {
		return o, err
	}
	repo, _, _ := strings.Cut(ref, "@")
	if m.Index {
		at := slices.IndexFunc(m.Platforms, func(p Platform) bool { return p.Name == platform })
		if at < 0 {
			at = 0
		}
		if len(m.Platforms) == 0 {
			return o, fmt.Errorf("read %s: its index lists no image", ref)
		}
		ref = repo + "@" + string(m.Platforms[at].Digest)
	}
	err = r.ask(ctx, "read "+ref, ref, func(ctx context.Context, p *remote.Puller, ref name.Reference) error {
		desc, err := p.Get(ctx, ref)
		if err != nil {
			return err
		}
		img, err := desc.Image()
		if err != nil {
			return err
		}
		parsed, err := img.Manifest()
		if err != nil {
			return err
		}
		c, err := configOf(desc, parsed.Config.Size)
		if err != nil {
			return err
		}
		said := func(key string) string {
			if v := c.Config.Labels[key]; v != "" {
				return v
			}
			return parsed.Annotations[key]
		}
		// Source: OCI image specification, annotations.
		o = Origin{c.Created.Time, said("org.opencontainers.image.revision"), said("org.opencontainers.image.source"), said("org.opencontainers.image.version")}
		return nil
	})
	return o, err
}

// Tags are the tags of a reference's repository, in the registry's order.
func (r *Resolver) Tags(ctx context.Context, ref string) ([]string, error) {
	var list []string
	err := r.ask(ctx, "list the tags of "+ref, ref, func(ctx context.Context, p *remote.Puller, ref name.Reference) (err error) {
		list, err = List(ctx, p, ref.Context())
		return err
	})
	return list, err
}

// ask puts one question to the registry of a reference.
func (r *Resolver) ask(ctx context.Context, deed, ref string, f func(context.Context, *remote.Puller, name.Reference) error) error {
	at, err := name.ParseReference(r.mirrored(ref), name.WeakValidation)
	if err != nil {
		return fmt.Errorf("read the reference %q: %w", ref, err)
	}
	h, err := r.host(at.Context().RegistryStr())
	if err != nil {
		return fmt.Errorf("%s: %w", deed, err)
	}
	h.mu.Lock()
	down := h.down
	h.mu.Unlock()
	if down != nil {
		return fmt.Errorf("%s: %w", deed, down)
	}
	within, cancel := context.WithTimeout(ctx, r.opt.Timeout)
	defer cancel()
	err = f(within, h.puller, at)
	if err == nil {
		return nil
	}
	reason, lasting := transport.Explain(ctx, within, h.name, r.opt.Timeout, err)
	if lasting {
		h.mu.Lock()
		h.down = reason
		h.mu.Unlock()
	}
	return fmt.Errorf("%s: %w", deed, reason)
}

// Where is a reference where it is asked for.
func (r *Resolver) Where(ref string) string { return r.mirrored(ref) }

// mirrored is a reference where it is asked for.
func (r *Resolver) mirrored(ref string) string {
	full := ref
	if at, err := name.ParseReference(ref, name.WeakValidation); err == nil && len(r.mirrors) > 0 {
		full = strings.Replace(at.Name(), name.DefaultRegistry+"/", "docker.io/", 1)
	}
	for _, m := range r.mirrors {
		if rest, ok := strings.CutPrefix(full, m.of+"/"); ok {
			return m.at + "/" + rest
		}
	}
	return ref
}

func (r *Resolver) host(at string) (*host, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.hosts[at]; h != nil {
		return h, nil
	}
	p, err := remote.NewPuller(
		remote.WithAuthFromKeychain(r.opt.Keychain),
		remote.WithUserAgent(r.opt.UserAgent),
		remote.WithTransport(transport.New(transport.Options{Host: at, Foreign: true})),
		remote.WithRetryPredicate(transport.Again),
		remote.WithRetryBackoff(remote.Backoff{Duration: 400 * time.Millisecond, Factor: 3, Jitter: 0.2, Steps: 3}), // two more tries within two seconds
		remote.WithRetryStatusCodes(http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout),
	)
	if err != nil {
		return nil, err
	}
	h := &host{name: at, puller: p}
	r.hosts[at] = h
	return h, nil
}

// IsMissing tells whether an error says that a registry has no such image.
func IsMissing(err error) bool { return transport.Status(err) == http.StatusNotFound }

// maxTags bounds how many tags of a repository are read.
const maxTags = 50_000

// List is the tags of a repository, in the registry's order.
func List(ctx context.Context, p *remote.Puller, repo name.Repository) (list []string, err error) {
	l, err := p.Lister(ctx, repo)
	if err != nil {
		return nil, err
	}
	for l.HasNext() {
		page, err := l.Next(ctx)
		if err != nil {
			return nil, err
		}
		if list = append(list, page.Tags...); len(list) > maxTags {
			return nil, fmt.Errorf("it has more than %d", maxTags)
		}
	}
	return list, nil
}
