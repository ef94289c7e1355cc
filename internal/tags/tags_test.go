package tags_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/tags"
)

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func inMemory(t testing.TB) string {
	return serve(t, ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
}

func sha(s string) string {
	h, _, _ := v1.SHA256(strings.NewReader(s))
	return h.String()
}

func resolver(t testing.TB, mirrors map[string]string) *tags.Resolver {
	t.Helper()
	r, err := tags.New(tags.Options{Timeout: 3 * time.Second}, mirrors)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pushIndex pushes an index for some platforms, with an attestation as BuildKit has it.
func pushIndex(t testing.TB, ref string, platforms ...string) attest.Digest {
	t.Helper()
	var index v1.ImageIndex = empty.Index
	for _, p := range append(platforms, "unknown/unknown") {
		platform, err := v1.ParsePlatform(p)
		if err != nil {
			t.Fatal(err)
		}
		img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: platform.OS, Architecture: platform.Architecture, Author: ref, RootFS: v1.RootFS{Type: "layers"}})
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: platform}})
	}
	tag, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	d, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return attest.Digest(d.String())
}

func TestResolver(t *testing.T) {
	host := inMemory(t)
	d := pushIndex(t, host+"/hub/library/app:1", "linux/arm64", "linux/amd64")
	r := resolver(t, map[string]string{"docker.io": host + "/hub", "docker.io/elsewhere": "127.0.0.1:1"})
	for _, ref := range []string{"docker.io/library/app:1", "app:1", "index.docker.io/library/app:1"} {
		if got, err := r.Digest(t.Context(), ref); err != nil || got != d {
			t.Errorf("%s: %s, %v", ref, got, err)
		}
	}
	m, err := r.Manifest(t.Context(), "app@"+string(d))
	if err != nil || !m.Index || strings.Join(m.Names(), " ") != "linux/amd64 linux/arm64" || !m.Has("linux/arm64") || m.Has("linux/arm") || m.Has("windows/amd64") {
		t.Errorf("%+v, %v", m, err)
	}
	child, err := r.Manifest(t.Context(), "app@"+string(m.Platforms[0].Digest))
	if err != nil || child.Index || strings.Join(child.Names(), " ") != "linux/amd64" {
		t.Errorf("%+v, %v", child, err)
	}
	if list, err := r.Tags(t.Context(), "app:1"); err != nil || strings.Join(list, " ") != "1" {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := r.Digest(t.Context(), "docker.io/elsewhere/app:1"); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1 cannot be reached") {
		t.Errorf("%v", err)
	}
	if _, err := r.Digest(t.Context(), "app:2"); err == nil || !tags.IsMissing(err) || !strings.Contains(err.Error(), "has no such image") {
		t.Errorf("%v", err)
	}
	for _, m := range []map[string]string{{"docker.io": "https://x"}, {"": "x.example.com"}, {"docker.io": "user:secret@x.example.com"}, {"docker.io": "x y"}} {
		if _, err := tags.New(tags.Options{}, m); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", m, err)
		}
	}
}

// Registries that answer badly are told apart, in words, and none is believed.
func TestBadAnswers(t *testing.T) {
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	good := serve(t, inner)
	d := pushIndex(t, good+"/app:1", "linux/amd64")
	other := pushIndex(t, good+"/other:1", "linux/amd64")
	endless := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", string(types.OCIImageIndex))
		w.Header().Set("Docker-Content-Digest", string(d))
		w.Header().Set("Content-Length", "10000000000")
		if r.Method == http.MethodHead {
			return
		}
		line := bytes.Repeat([]byte(" "), 1<<16)
		for {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }
	}
	body := func(mediaType types.MediaType, s string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", string(mediaType))
			w.Header().Set("Docker-Content-Digest", sha(s))
			w.Header().Set("Content-Length", fmt.Sprint(len(s)))
			if r.Method != http.MethodHead {
				fmt.Fprint(w, s)
			}
		}
	}
	manifest := `{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` + string(d) + `","size":99999999999},"layers":[]}`
	chart := `{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"` + string(d) + `","size":9},"layers":[]}`
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"unauthorized": {status(http.StatusUnauthorized), "docker login"},
		"forbidden":    {status(http.StatusForbidden), "docker login"},
		"limit":        {status(http.StatusTooManyRequests), "asked too often"},
		"not found":    {status(http.StatusNotFound), "has no such image"},
		"10 GB":        {endless, "has more than"},
		"hangs":        {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "did not respond within"},
		"garbage":      {body(types.OCIImageIndex, "<html>"), "is no manifest"},
		"null":         {body(types.OCIImageIndex, "null"), "of another type"},
		"type":         {body(types.OCIManifestSchema1, `{"manifests":[]}`), "of another type"},
		"both":         {body(types.OCIImageIndex, `{"manifests":[],"layers":[]}`), "of another type"},
		"empty index":  {body(types.OCIImageIndex, `{"manifests":[]}`), "lists no image"},
		"huge config":  {body(types.OCIManifestSchema1, manifest), "more than is read"},
		"helm chart":   {body(types.OCIManifestSchema1, chart), "is no image of a container"},
		"schema 1":     {body(types.DockerManifestSchema1, `{"schemaVersion":1}`), "schema 1"},
		"mismatch": {func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, string(d), string(other), 1)
			r.URL.Path = strings.Replace(r.URL.Path, "/app/", "/other/", 1)
			rec := httptest.NewRecorder()
			inner.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			w.Header().Set("Docker-Content-Digest", string(d))
			w.Write(rec.Body.Bytes())
		}, "does not match requested digest"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusTemporaryRedirect)
		}, "redirect"},
		"redirect to a link's address": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusTemporaryRedirect)
		}, "169.254.169.254"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" && name != "unauthorized" {
					return
				}
				c.handler(w, r)
			}))
			r := resolver(t, nil)
			start := time.Now()
			got, err := r.Digest(t.Context(), host+"/app:1")
			if err == nil {
				_, err = r.Manifest(t.Context(), host+"/app@"+string(got))
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// A registry that cannot be reached, or that does not answer, is tried once.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	r := resolver(t, nil)
	for range 3 {
		if _, err := r.Digest(t.Context(), closed+"/app:1"); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
			t.Errorf("%v", err)
		}
	}
	var tries atomic.Int32
	slow := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { tries.Add(1); <-r.Context().Done() }))
	start := time.Now()
	for i := range 20 {
		if _, err := r.Digest(t.Context(), fmt.Sprintf("%s/app%d:1", slow, i)); err == nil || !strings.Contains(err.Error(), "did not respond") {
			t.Errorf("%v", err)
		}
	}
	if took := time.Since(start); took > 10*time.Second || tries.Load() > 2 {
		t.Errorf("%d tries in %s", tries.Load(), took)
	}
}

// A registry that does not answer questions for a header is asked for the manifest,
// and one that is busy is asked again.
func TestOddRegistries(t *testing.T) {
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	var mu sync.Mutex
	busy := map[string]int{}
	var odd atomic.Bool
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if odd.Load() && r.Method == http.MethodHead && strings.Contains(r.URL.Path, "/headless/manifests/1") {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		mu.Lock()
		busy[r.URL.Path]++
		n := busy[r.URL.Path]
		mu.Unlock()
		if odd.Load() && r.Method == http.MethodHead && strings.Contains(r.URL.Path, "/busy/manifests/1") && n < 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	r := resolver(t, nil)
	for _, app := range []string{"headless", "busy"} {
		odd.Store(false)
		d := pushIndex(t, host+"/"+app+":1", "linux/amd64")
		mu.Lock()
		clear(busy)
		mu.Unlock()
		odd.Store(true)
		if got, err := r.Digest(t.Context(), host+"/"+app+":1"); err != nil || got != d {
			t.Errorf("%s: %s, %v", app, got, err)
		}
	}
}

// The user's keychain answers for a registry that asks who it is.
func TestLogin(t *testing.T) {
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	var open atomic.Bool
	open.Store(true)
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); !open.Load() && (user != "me" || password != "hunter2") {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	d := pushIndex(t, host+"/app:1", "linux/amd64")
	open.Store(false)
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	if _, err := resolver(t, nil).Digest(t.Context(), host+"/app:1"); err == nil || !strings.Contains(err.Error(), "docker login") {
		t.Errorf("without a login: %v", err)
	}
	login := base64.StdEncoding.EncodeToString([]byte("me:hunter2"))
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths":{"`+host+`":{"auth":"`+login+`"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := resolver(t, nil).Digest(t.Context(), host+"/app:1"); err != nil || got != d {
		t.Errorf("with a login: %s, %v", got, err)
	}
}

// A hundred names are asked over connections that are kept.
func BenchmarkResolver(b *testing.B) {
	host := inMemory(b)
	for i := range 100 {
		pushIndex(b, fmt.Sprintf("%s/app%d:1", host, i), "linux/amd64", "linux/arm64")
	}
	for b.Loop() {
		r := resolver(b, nil)
		var wg sync.WaitGroup
		errs := make([]error, 100)
		for i := range 100 {
			wg.Go(func() { _, errs[i] = r.Digest(b.Context(), fmt.Sprintf("%s/app%d:1", host, i)) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			b.Fatal(err)
		}
	}
}
