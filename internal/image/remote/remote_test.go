package remote

import (
	"archive/tar"
	"bytes"
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

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
)

// layerWith is a layer of one file.
func layerWith(t testing.TB, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 1, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

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
	amd, arm := madeFor(t, "amd64", layerWith(t, "amd")), madeFor(t, "arm64", layerWith(t, "arm"))
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
	img, err := Read(ctx, host+"/one:1", read.Options{Platform: image.Platform{OS: "linux", Arch: "arm64"}})
	if err != nil || img.Tree.Lstat("/amd") == nil || img.Digest != want.String() || img.Config.User != "app" || img.Steps[0].Text != "COPY a /" {
		t.Errorf("%v", err)
	}
	img, err = Read(ctx, host+"/many:1", read.Options{Platform: image.Platform{OS: "linux", Arch: "arm64"}})
	if err != nil || img.Tree.Lstat("/arm") == nil {
		t.Errorf("%v", err)
	}
	if _, err = Read(ctx, host+"/many:1", read.Options{Platform: image.Platform{OS: "windows", Arch: "amd64"}}); !errors.Is(err, read.ErrPlatform) {
		t.Error(err)
	}
	if _, err = Read(ctx, host+"/none:1", read.Options{}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Error(err)
	}
	if img, err := readImage(ctx, "made", arm, read.Options{}); err != nil || img.Tree.Lstat("/arm") == nil {
		t.Error(err)
	}
}
