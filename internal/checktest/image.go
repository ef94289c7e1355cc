package checktest

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
)

// builtImage makes the image that a case describes: image.json is its config
// (without rootfs), and layerN/PATH are the files of layer N. Lines of the
// prose say what a txtar cannot hold:
//
//	mode: layer0/usr/bin/sudo 04755 0:0     also of a folder that has no file
//	link: layer0/bin/sh /bin/dash           a symbolic link
//	hard: layer1/app/b app/a                a hard link
//	elf: layer0/app interp=/lib64/ld-linux-x86-64.so.2 needed=libc.so.6 machine=62
//	size: layer0/data 1000000               zeros
//
// nil = the case has no image.
func builtImage(t *testing.T, ar *txtar.Archive) *image.Image {
	t.Helper()
	var config []byte
	layers := map[int][]*tar.Header{}
	data := map[*tar.Header][]byte{}
	at := map[string]*tar.Header{}
	last := -1
	add := func(name string, typ byte) *tar.Header {
		layer, p, ok := strings.Cut(name, "/")
		n, err := strconv.Atoi(strings.TrimPrefix(layer, "layer"))
		if !ok || err != nil || !strings.HasPrefix(layer, "layer") {
			t.Fatalf("%q is no file of a layer", name)
		}
		h := at[name]
		if h == nil {
			h = &tar.Header{Name: p, Typeflag: typ, Mode: 0o644, ModTime: time.Unix(0, 0)}
			if typ == tar.TypeDir {
				h.Mode = 0o755
			}
			at[name] = h
			layers[n] = append(layers[n], h)
			last = max(last, n)
		}
		return h
	}
	for _, f := range ar.Files {
		switch {
		case f.Name == "image.json":
			config = f.Data
		case strings.HasPrefix(f.Name, "layer"):
			h := add(f.Name, tar.TypeReg)
			data[h], h.Size = f.Data, int64(len(f.Data))
		}
	}
	if config == nil {
		return nil
	}
	for line := range strings.Lines(string(ar.Comment)) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		words := strings.Fields(rest)
		if len(words) < 2 || !strings.HasPrefix(words[0], "layer") {
			if key == "elf" && len(words) == 1 {
				words = append(words, "")
			} else {
				continue
			}
		}
		switch key {
		case "mode":
			typ := byte(tar.TypeReg)
			if strings.HasSuffix(words[0], "/") {
				typ = tar.TypeDir
			}
			h := add(words[0], typ)
			mode, err := strconv.ParseInt(words[1], 8, 64)
			if err != nil {
				t.Fatalf("bad line %q", line)
			}
			h.Mode = mode
			if len(words) > 2 {
				uid, gid, _ := strings.Cut(words[2], ":")
				h.Uid, _ = strconv.Atoi(uid)
				h.Gid, _ = strconv.Atoi(gid)
			}
		case "link":
			h := add(words[0], tar.TypeSymlink)
			h.Linkname, h.Mode = words[1], 0o777
		case "hard":
			h := add(words[0], tar.TypeLink)
			h.Linkname = words[1]
		case "size":
			h := add(words[0], tar.TypeReg)
			n, err := strconv.Atoi(words[1])
			if err != nil {
				t.Fatalf("bad line %q", line)
			}
			data[h], h.Size = make([]byte, n), int64(n)
		case "elf":
			h := add(words[0], tar.TypeReg)
			data[h] = ELF(words[1:]...)
			h.Size, h.Mode = int64(len(data[h])), 0o755
		}
	}
	var tars [][]byte
	for n := range last + 1 {
		var b bytes.Buffer
		tw := tar.NewWriter(&b)
		for _, h := range layers[n] {
			if err := tw.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			if _, err := tw.Write(data[h]); err != nil {
				t.Fatal(err)
			}
		}
		if err := tw.Close(); err != nil {
			t.Fatal(err)
		}
		tars = append(tars, b.Bytes())
	}
	return archive(t, config, tars)
}

// archive reads an image of these layers as docker save writes it.
func archive(t *testing.T, config []byte, layers [][]byte) *image.Image {
	t.Helper()
	var c map[string]any
	if err := json.Unmarshal(config, &c); err != nil {
		t.Fatalf("image.json: %v", err)
	}
	if c["architecture"] == nil {
		c["architecture"], c["os"] = "amd64", "linux"
	}
	ids, names := []string{}, []string{}
	for i, l := range layers {
		sum := sha256.Sum256(l)
		ids = append(ids, "sha256:"+hex.EncodeToString(sum[:]))
		names = append(names, fmt.Sprintf("layer%d/layer.tar", i))
	}
	c["rootfs"] = map[string]any{"type": "layers", "diff_ids": ids}
	full, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(full)
	name := hex.EncodeToString(sum[:]) + ".json"
	manifest, err := json.Marshal([]map[string]any{{"Config": name, "RepoTags": []string{"case:latest"}, "Layers": names}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	put := func(name string, data []byte) {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	put(name, full)
	for i, l := range layers {
		put(path.Join(names[i]), l)
	}
	put("manifest.json", manifest)
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	img, err := read.Archive(context.Background(), "case", bytes.NewReader(b.Bytes()), int64(b.Len()), read.Options{Platform: image.Platform{OS: "linux", Arch: "amd64"}})
	if err != nil {
		t.Fatalf("read the image: %v", err)
	}
	return img
}
