package image

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// madeFor is an image with one layer.
func madeFor(t testing.TB, arch string, layer []byte) v1.Image {
	t.Helper()
	config, err := empty.Image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.User = "linux", arch, "app"
	img, err := mutate.ConfigFile(empty.Image, config)
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.Append(img, mutate.Addendum{Layer: static.NewLayer(layer, types.OCIUncompressedLayer), History: v1.History{CreatedBy: "COPY a / # buildkit"}})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestRegistry(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	amd, arm := madeFor(t, "amd64", layerOf(t, entry{name: "amd", body: "x"})), madeFor(t, "arm64", layerOf(t, entry{name: "arm", body: "x"}))
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: amd, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}}})
	tag := func(s string) name.Reference {
		r, err := name.ParseReference(s)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if err := errors.Join(remote.Write(tag(host+"/one:1"), amd), remote.WriteIndex(tag(host+"/many:1"), index)); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	want, err := amd.Digest()
	if err != nil {
		t.Fatal(err)
	}
	img, err := ReadRegistry(ctx, host+"/one:1", Options{Platform: Platform{OS: "linux", Arch: "arm64"}})
	if err != nil || img.Tree.Lstat("/amd") == nil || img.Digest != want.String() || img.Config.User != "app" || img.Steps[0].Text != "COPY a /" {
		t.Errorf("%v", err)
	}
	img, err = ReadRegistry(ctx, host+"/many:1", Options{Platform: Platform{OS: "linux", Arch: "arm64"}})
	if err != nil || img.Tree.Lstat("/arm") == nil {
		t.Errorf("%v", err)
	}
	if _, err = ReadRegistry(ctx, host+"/many:1", Options{Platform: Platform{OS: "windows", Arch: "amd64"}}); !errors.Is(err, ErrPlatform) {
		t.Error(err)
	}
	if _, err = ReadRegistry(ctx, host+"/none:1", Options{}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Error(err)
	}
	if img, err := ReadV1(ctx, "made", arm, Options{}); err != nil || img.Tree.Lstat("/arm") == nil {
		t.Error(err)
	}
}
