package registry_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/registry"
)

// TestRoots asks a registry whose certificate is of an authority that only the caller
// knows.
func TestRoots(t *testing.T) {
	s := httptest.NewTLSServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	ref := strings.TrimPrefix(s.URL, "https://") + "/team/app:1"
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	img, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(r, img, remote.WithTransport(s.Client().Transport)); err != nil {
		t.Fatal(err)
	}
	known, err := registry.Open(ref, registry.Options{Roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := known.Digest(t.Context()); err != nil {
		t.Errorf("with its authority: %v %v", d, err)
	}
	stranger, err := registry.Open(ref, registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Digest(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without its authority: %v", err)
	}
}

// A store is what Image and Layout have in common.
type store interface {
	Digest(context.Context) (attest.Digest, error)
	Attach(context.Context, attest.Digest, attest.Bundle) (attest.Digest, error)
	Attestations(context.Context, attest.Digest) ([]registry.Attestation, error)
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func inMemory(t testing.TB, referrers bool) string {
	return serve(t, ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(referrers)))
}

func push(t *testing.T, ref string, img remote.Taggable) {
	t.Helper()
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Push(r, img); err != nil {
		t.Fatal(err)
	}
}

func image(t *testing.T) (v1.Image, attest.Digest) {
	t.Helper()
	img, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return img, attest.Digest(h.String())
}

func open(t *testing.T, ref string) *registry.Image {
	t.Helper()
	i, err := registry.Open(ref, registry.Options{Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

var key = sync.OnceValue(func() attest.Key {
	k, err := attest.GenerateKey()
	if err != nil {
		panic(err)
	}
	return k
})

// bundles are the audit and the summary of an image, signed.
func bundles(t *testing.T, d attest.Digest, minute int) []attest.Bundle {
	t.Helper()
	a := attest.Audit{
		Tool:       attest.Tool{Name: "dockworthy", Version: "0.1.0"},
		StartedOn:  time.Date(2026, 11, 25, 12, minute, 0, 0, time.UTC),
		FinishedOn: time.Date(2026, 11, 25, 12, minute, 30, 0, time.UTC),
		Unit:       attest.Unit{Profile: "standard"},
		Scorecard:  attest.Scorecard{"non-root": {attest.ByRun: attest.Holds}},
	}
	sub := attest.NewSubject("example.com/app", d)
	audit, err := a.Statement(sub)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := a.Summary().Statement(sub)
	if err != nil {
		t.Fatal(err)
	}
	var list []attest.Bundle
	for _, s := range []attest.Statement{audit, summary} {
		b, err := attest.Sign(key(), s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

// attached attaches an audit and a summary, twice, and finds each once.
func attached(t *testing.T, s store, want attest.Digest) {
	t.Helper()
	ctx := t.Context()
	d, err := s.Digest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d != want {
		t.Fatalf("digest %s, want %s", d, want)
	}
	if found, err := s.Attestations(ctx, d); err != nil || len(found) != 0 {
		t.Fatalf("before: %v, %v", found, err)
	}
	list := bundles(t, d, 0)
	for range 2 {
		for _, b := range list {
			if _, err := s.Attach(ctx, d, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	found, err := s.Attestations(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 {
		t.Fatalf("%d attestations, want 2", len(found))
	}
	var types []string
	for _, f := range found {
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		st, err := attest.Verify(f.Bundle, key().Public(), d)
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, st.PredicateType)
	}
	slices.Sort(types)
	if !slices.Equal(types, []string{attest.AuditType, attest.SummaryType}) {
		t.Errorf("predicates %v", types)
	}
	// A bundle about another image is not attached.
	_, otherDigest := image(t)
	var subject *attest.SubjectError
	if _, err := s.Attach(ctx, d, bundles(t, otherDigest, 0)[0]); !errors.As(err, &subject) {
		t.Errorf("a bundle about another image: %v", err)
	}
	if _, err := s.Attach(ctx, otherDigest, bundles(t, otherDigest, 0)[0]); err == nil {
		t.Error("attached to an image that is not there")
	}
}

func TestAttach(t *testing.T) {
	for _, referrers := range []bool{true, false} {
		t.Run(fmt.Sprintf("referrers=%t", referrers), func(t *testing.T) {
			host := inMemory(t, referrers)
			img, d := image(t)
			push(t, host+"/app:1", img)
			attached(t, open(t, host+"/app:1"), d)

			// The digest does as well as the tag.
			if found, err := open(t, host+"/app@"+string(d)).Attestations(t.Context(), d); err != nil || len(found) != 2 {
				t.Errorf("by digest: %v, %v", found, err)
			}
			// The image is what it was.
			if got, err := open(t, host+"/app:1").Digest(t.Context()); err != nil || got != d {
				t.Errorf("after: %s, %v", got, err)
			}
			// What other tools see.
			idx, err := remote.Referrers(mustDigest(t, host+"/app@"+string(d)))
			if err != nil {
				t.Fatal(err)
			}
			m, err := idx.IndexManifest()
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Manifests) != 2 {
				t.Fatalf("%d referrers", len(m.Manifests))
			}
			for _, r := range m.Manifests {
				if r.Annotations["dev.sigstore.bundle.content"] != "dsse-envelope" || r.Annotations["dev.sigstore.bundle.predicateType"] == "" ||
					r.Annotations["org.opencontainers.image.created"] != "2026-11-25T12:00:30Z" {
					t.Errorf("annotations %v", r.Annotations)
				}
				if !referrers && r.ArtifactType != attest.BundleType {
					t.Errorf("artifactType %s", r.ArtifactType)
				}
			}
		})
	}
}

func mustDigest(t *testing.T, ref string) name.Digest {
	t.Helper()
	d, err := name.NewDigest(ref)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// An index is as good a subject as a manifest.
func TestAttachToIndex(t *testing.T) {
	idx, err := random.Index(100, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	h, err := idx.Digest()
	if err != nil {
		t.Fatal(err)
	}
	host := inMemory(t, true)
	push(t, host+"/app:1", idx)
	attached(t, open(t, host+"/app:1"), attest.Digest(h.String()))
}

// Another tool's referrers, and broken ones, hide nothing.
func TestOtherReferrers(t *testing.T) {
	host := inMemory(t, true)
	img, d := image(t)
	push(t, host+"/app:1", img)
	i := open(t, host+"/app:1")
	if _, err := i.Attach(t.Context(), d, bundles(t, d, 0)[0]); err != nil {
		t.Fatal(err)
	}
	put := func(m string) {
		t.Helper()
		ref := mustDigest(t, host+"/app@"+sha(m))
		if err := remote.Put(ref, raw(m)); err != nil {
			t.Fatal(err)
		}
	}
	subject := `"subject":{"mediaType":"` + string(types.OCIManifestSchema1) + `","digest":"` + string(d) + `","size":1}`
	config := `"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}`
	missing := "sha256:" + strings.Repeat("00", 32)
	// An SBOM; a bundle whose blob is not there; one that lies about its size.
	put(`{"schemaVersion":2,"mediaType":"` + string(types.OCIManifestSchema1) + `","artifactType":"application/spdx+json",` + config + `,"layers":[],` + subject + `}`)
	put(`{"schemaVersion":2,"mediaType":"` + string(types.OCIManifestSchema1) + `","artifactType":"` + attest.BundleType + `",` + config + `,"layers":[{"mediaType":"` + attest.BundleType + `","digest":"` + missing + `","size":3}],` + subject + `}`)
	put(`{"schemaVersion":2,"mediaType":"` + string(types.OCIManifestSchema1) + `","artifactType":"` + attest.BundleType + `",` + config + `,"layers":[{"mediaType":"` + attest.BundleType + `","digest":"` + missing + `","size":99999999999}],` + subject + `}`)
	put(`{"schemaVersion":2,"mediaType":"` + string(types.OCIManifestSchema1) + `","artifactType":"` + attest.BundleType + `",` + config + `,"layers":[],` + subject + `}`)
	found, err := i.Attestations(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	for _, f := range found {
		if f.Err != nil {
			bad++
		} else {
			good++
		}
	}
	if good != 1 || bad != 3 {
		t.Errorf("%d good and %d bad, want 1 and 3: %v", good, bad, found)
	}
}

type raw string

func (r raw) RawManifest() ([]byte, error)        { return []byte(r), nil }
func (r raw) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

func sha(s string) string {
	h, _, _ := v1.SHA256(strings.NewReader(s))
	return h.String()
}

// A registry that takes a referrer and never lists it is said.
func TestNotListed(t *testing.T) {
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(true))
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/referrers/") {
			w.Header().Set("Content-Type", string(types.OCIImageIndex))
			fmt.Fprint(w, `{"schemaVersion":2,"manifests":[]}`)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	img, d := image(t)
	push(t, host+"/app:1", img)
	_, err := open(t, host+"/app:1").Attach(t.Context(), d, bundles(t, d, 0)[0])
	if err == nil || !strings.Contains(err.Error(), "does not list it") {
		t.Errorf("%v", err)
	}
}

func TestBadRegistries(t *testing.T) {
	_, d := image(t)
	endless := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		w.Header().Set("Content-Type", string(types.OCIImageIndex))
		line := bytes.Repeat([]byte(" "), 1<<16)
		for {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"hangs": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "did not respond within 500ms"},
		"hangs later": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				<-r.Context().Done()
			}
		}, "did not respond within 500ms"},
		"endless":      {endless, "has more than"},
		"unauthorized": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) }, "docker login"},
		"not found": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				w.WriteHeader(http.StatusNotFound)
			}
		}, ""},
		"garbage": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", string(types.OCIImageIndex))
			fmt.Fprint(w, "<html>")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, err := registry.Open(serve(t, c.handler)+"/app:1", registry.Options{Timeout: 500 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if name == "endless" {
				i, _ = registry.Open(serve(t, c.handler)+"/app:1", registry.Options{Timeout: 20 * time.Second})
			}
			start := time.Now()
			_, digestErr := i.Digest(t.Context())
			found, listErr := i.Attestations(t.Context(), d)
			_, attachErr := i.Attach(t.Context(), d, bundles(t, d, 0)[0])
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("took %s", took)
			}
			if len(found) > 0 || attachErr == nil {
				t.Errorf("found %v, attached: %v", found, attachErr)
			}
			if c.want == "" {
				return
			}
			for _, err := range []error{digestErr, listErr, attachErr} {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
			}
		})
	}
}

// A registry that lies about a digest is not believed.
func TestLies(t *testing.T) {
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(true))
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		inner.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			body = bytes.Replace(body, []byte("dsse"), []byte("esse"), 1)
		}
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		if strings.Contains(r.URL.Path, "/manifests/1") {
			w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("00", 32))
		}
		w.WriteHeader(rec.Code)
		if r.Method != http.MethodHead {
			w.Write(body)
		}
	}))
	img, d := image(t)
	push(t, host+"/app:1", img)
	i := open(t, host+"/app:1")
	if got, err := i.Digest(t.Context()); err != nil || got != d {
		t.Errorf("digest %s, %v, want that of the bytes", got, err)
	}
	if _, err := i.Attach(t.Context(), d, bundles(t, d, 0)[0]); err != nil {
		t.Fatal(err)
	}
	found, err := i.Attestations(t.Context(), d)
	if err != nil || len(found) != 1 || found[0].Err == nil {
		t.Errorf("a changed blob: %v, %v", found, err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := open(t, inMemory(t, true)+"/app:1").Digest(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, ref := range []string{"", "UPPER/case", "a:b:c", "x@sha256:12"} {
		if _, err := registry.Open(ref, registry.Options{}); err == nil {
			t.Errorf("%q is a reference", ref)
		}
	}
}

func newLayout(t *testing.T) (string, layout.Path) {
	t.Helper()
	dir := t.TempDir()
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	return dir, p
}

func openLayout(t *testing.T, dir, ref string) *registry.Layout {
	t.Helper()
	l, err := registry.OpenLayout(dir, ref)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLayout(t *testing.T) {
	dir, p := newLayout(t)
	img, d := image(t)
	if err := p.AppendImage(img); err != nil {
		t.Fatal(err)
	}
	attached(t, openLayout(t, dir, ""), d)

	// The image is still the only image, and the folder a layout for others.
	if got, err := openLayout(t, dir, "").Digest(t.Context()); err != nil || got != d {
		t.Errorf("after: %s, %v", got, err)
	}
	idx, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Manifests) != 3 || m.Manifests[1].ArtifactType != attest.BundleType {
		t.Errorf("the index lists %+v", m.Manifests)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	// Pushed as it is, the attestations are found in the registry.
	host := inMemory(t, false)
	for _, desc := range m.Manifests {
		img, err := idx.Image(desc.Digest)
		if err != nil {
			t.Fatal(err)
		}
		push(t, host+"/app@"+desc.Digest.String(), img)
	}
	if found, err := open(t, host+"/app@"+string(d)).Attestations(t.Context(), d); err != nil || len(found) != 2 || found[0].Err != nil {
		t.Errorf("pushed: %v, %v", found, err)
	}
}

func TestLayoutNames(t *testing.T) {
	dir, p := newLayout(t)
	one, d1 := image(t)
	two, d2 := image(t)
	if err := p.AppendImage(one, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "1", "io.containerd.image.name": "docker.io/library/app:1"})); err != nil {
		t.Fatal(err)
	}
	if err := p.AppendImage(two, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "example.com:5000/app:2"})); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]attest.Digest{
		"1": d1, "app:1": d1, "docker.io/library/app:1": d1, "example.com:5000/app:2": d2,
		string(d2): d2, "app@" + string(d2): d2, "app:1@" + string(d2): d2,
	} {
		if got, err := openLayout(t, dir, ref).Digest(t.Context()); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", ref, got, err, want)
		}
	}
	for ref, want := range map[string]string{
		"": "contains 2 such images", "3": "no image named", "localhost:1/app": "no image named",
		"sha256:" + strings.Repeat("00", 32): "does not contain", "sha256:12": "is not a digest",
	} {
		if _, err := openLayout(t, dir, ref).Digest(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", ref, err, want)
		}
	}
}

// What an index says beyond what is known here stays.
func TestLayoutKeepsTheIndex(t *testing.T) {
	dir, p := newLayout(t)
	img, d := image(t)
	if err := p.AppendImage(img); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "index.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte(`"schemaVersion"`), []byte(`"x-more": {"a": 12345678901234567890}, "schemaVersion"`), 1)
	data = bytes.Replace(data, []byte(`"digest"`), []byte(`"x-less": true, "digest"`), 1)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openLayout(t, dir, "").Attach(t.Context(), d, bundles(t, d, 0)[0]); err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte("12345678901234567890")) || !bytes.Contains(data, []byte("x-less")) || len(m["manifests"].([]any)) != 2 {
		t.Errorf("%s", data)
	}
}

func TestBadLayouts(t *testing.T) {
	if _, err := registry.OpenLayout(t.TempDir(), ""); err == nil || !strings.Contains(err.Error(), "is not an OCI layout") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := registry.OpenLayout(filepath.Join(t.TempDir(), "no"), ""); err == nil {
		t.Error("no folder")
	}
	img, d := image(t)
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"no index":     {func(dir string) error { return os.Remove(filepath.Join(dir, "index.json")) }, "read the index"},
		"broken index": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "index.json"), []byte("{"), 0o644) }, "read the index"},
		"strange index": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "index.json"), []byte(`{"manifests":[1]}`), 0o644)
		}, "read the index"},
		"null index": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "index.json"), []byte(`null`), 0o644) }, "contains no image"},
		"bad digest": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "index.json"), []byte(`{"manifests":[{"mediaType":"`+string(types.OCIManifestSchema1)+`","digest":"sha256:../../x","size":1}]}`), 0o644)
		}, "read the index"},
		"huge index": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "index.json"), bytes.Repeat([]byte(" "), 5<<20), 0o644)
		}, "larger than"},
		"index is a folder": {func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "index.json")), os.Mkdir(filepath.Join(dir, "index.json"), 0o755))
		}, "not a file"},
		"link out of the folder": {func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "index.json")), os.Symlink("/etc/passwd", filepath.Join(dir, "index.json")))
		}, "escapes"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, p := newLayout(t)
			if err := p.AppendImage(img); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			l := openLayout(t, dir, "")
			if _, err := l.Digest(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("digest: %v, want %q", err, c.want)
			}
			if _, err := l.Attach(t.Context(), d, bundles(t, d, 0)[0]); err == nil && name != "bad digest" {
				t.Error("attached")
			}
		})
	}

	// A manifest whose bytes are others.
	dir, p := newLayout(t)
	if err := p.AppendImage(img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "blobs", "sha256", d.Hex()), []byte(`{"config":{}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openLayout(t, dir, string(d)).Digest(t.Context()); err == nil || !strings.Contains(err.Error(), "the file of sha256:") {
		t.Errorf("changed bytes: %v", err)
	}
}

// Many images in one layout are no referrers.
func TestLayoutOfMany(t *testing.T) {
	dir, p := newLayout(t)
	var last attest.Digest
	for n := range 300 {
		img, err := mutate.Config(empty.Image, v1.Config{WorkingDir: fmt.Sprint("/", n)})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.AppendImage(img); err != nil {
			t.Fatal(err)
		}
		h, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		last = attest.Digest(h.String())
	}
	l := openLayout(t, dir, string(last))
	if _, err := l.Attach(t.Context(), last, bundles(t, last, 0)[0]); err != nil {
		t.Fatal(err)
	}
	if found, err := l.Attestations(t.Context(), last); err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
}
