package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// serveRegistry gives a script a registry in memory of its own, $REGISTRY.
func serveRegistry(env *testscript.Env) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	env.Defer(server.Close)
	env.Setenv("REGISTRY", strings.TrimPrefix(server.URL, "http://"))
}

// push pushes an image that is the same for the same words, and keeps its digest in a
// variable: push VARIABLE REPOSITORY:TAG PLATFORM,… [REVISION [PACKAGE=VERSION]]. A
// platform alone behind "=" is an image without an index.
func push(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 5 {
		ts.Fatalf("usage: push VARIABLE REPOSITORY:TAG PLATFORM,… [REVISION [PACKAGE=VERSION]]")
	}
	ref, err := name.ParseReference(ts.Getenv("REGISTRY") + "/" + args[1])
	ts.Check(err)
	revision := args[1]
	if len(args) > 3 {
		revision = args[3]
	}
	platforms, single := strings.CutPrefix(args[2], "=")
	var index v1.ImageIndex = empty.Index
	var digest v1.Hash
	for i, p := range strings.Split(platforms, ",") {
		platform, err := v1.ParsePlatform(p)
		ts.Check(err)
		img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
			OS: platform.OS, Architecture: platform.Architecture, Variant: platform.Variant,
			Config: v1.Config{Labels: map[string]string{"org.opencontainers.image.revision": revision}},
			RootFS: v1.RootFS{Type: "layers"},
		})
		ts.Check(err)
		if len(args) > 4 {
			name, version, _ := strings.Cut(args[4], "=")
			img, err = mutate.AppendLayers(img, static.NewLayer(apkLayer(name, version), types.OCIUncompressedLayer))
			ts.Check(err)
		}
		d, err := img.Digest()
		ts.Check(err)
		if single {
			ts.Check(remote.Write(ref, img))
			digest = d
			continue
		}
		if i == 0 {
			ts.Setenv(args[0]+"_child", d.String())
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: platform}})
	}
	if !single {
		ts.Check(remote.WriteIndex(ref, index))
		digest, err = index.Digest()
		ts.Check(err)
	}
	ts.Setenv(args[0], digest.String())
}

// apkLayer is a layer with a database of apk.
func apkLayer(name, version string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	data := "P:" + name + "\nV:" + version + "\nA:x86_64\n\n"
	// Writes to a buffer do not fail.
	w.WriteHeader(&tar.Header{Name: "lib/apk/db/installed", Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg})
	w.Write([]byte(data))
	w.Close()
	return b.Bytes()
}

// expand writes a file with the variables of the script in it: expand FILE…
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE…")
	}
	for _, file := range args {
		data := ts.ReadFile(file)
		for _, part := range strings.Split(data, "<<")[1:] {
			variable, _, ok := strings.Cut(part, ">>")
			if !ok {
				ts.Check(errors.New("<< without >>"))
			}
			data = strings.ReplaceAll(data, "<<"+variable+">>", ts.Getenv(variable))
		}
		ts.Check(writeFile(ts.MkAbs(file), data))
	}
}
