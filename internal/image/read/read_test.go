package read

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/dockworthy/dockworthy/internal/image"
)

// An entry is a file of a test's layer.
type entry struct {
	name string
	body string
	mode int64 // 0 = 0644, of a folder 0755
	link string
	hard bool
	uid  int
	gid  int
	kind byte // 0 = by the name's end, link and hard
}

// layerOf is a layer's archive.
func layerOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: e.mode, Uid: e.uid, Gid: e.gid, Typeflag: tar.TypeReg, Linkname: e.link}
		switch {
		case e.kind != 0:
			h.Typeflag = e.kind
		case e.hard:
			h.Typeflag = tar.TypeLink
		case e.link != "":
			h.Typeflag = tar.TypeSymlink
		case e.name != "" && e.name[len(e.name)-1] == '/':
			h.Typeflag = tar.TypeDir
		default:
			h.Size = int64(len(e.body))
		}
		if h.Mode == 0 {
			h.Mode = 0o644
			if h.Typeflag == tar.TypeDir {
				h.Mode = 0o755
			}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(e.body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// saved is an archive as docker save makes it.
func saved(t testing.TB, config map[string]any, layers ...[]byte) []byte {
	t.Helper()
	ids := []string{}
	for _, l := range layers {
		ids = append(ids, digest(l))
	}
	full := map[string]any{"os": "linux", "architecture": "amd64", "rootfs": map[string]any{"type": "layers", "diff_ids": ids}}
	for k, v := range config {
		full[k] = v
	}
	data, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	id := digest(data)[len("sha256:"):]
	var entries []entry
	var names []string
	for i, l := range layers {
		names = append(names, ids[i][len("sha256:"):]+"/layer.tar")
		entries = append(entries, entry{name: names[i], body: string(l)})
	}
	manifest, err := json.Marshal([]any{map[string]any{"Config": id + ".json", "RepoTags": []string{"app:1"}, "Layers": names}})
	if err != nil {
		t.Fatal(err)
	}
	entries = append(entries, entry{name: id + ".json", body: string(data)}, entry{name: "manifest.json", body: string(manifest)})
	return layerOf(t, entries...)
}

// imageOf reads an image of these layers.
func imageOf(t testing.TB, config map[string]any, layers ...[]byte) *image.Image {
	t.Helper()
	data := saved(t, config, layers...)
	img, err := Archive(context.Background(), "app:1", bytes.NewReader(data), int64(len(data)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestLayersMakeATree(t *testing.T) {
	img := imageOf(t, map[string]any{
		"config": map[string]any{"User": "app", "Env": []string{"PATH=/usr/bin", "A=b"}, "Entrypoint": []string{"app"}},
		"history": []any{
			map[string]any{"created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
			map[string]any{"created_by": "ENV A=b", "comment": "buildkit.dockerfile.v0", "empty_layer": true},
			map[string]any{"created_by": "RUN |1 X=1 /bin/sh -c rm old # buildkit"},
		},
	},
		layerOf(t,
			entry{name: "etc/"}, entry{name: "etc/passwd", body: "root:x:0:0::/root:/bin/sh\napp:x:10001:10001::/home/app:/bin/sh\n"},
			entry{name: "etc/group", body: "app:x:10001:\nmedia:x:44:app\n"},
			entry{name: "usr/bin/app", body: "x", mode: 0o755}, entry{name: "bin", link: "usr/bin"},
			entry{name: "root/", mode: 0o700}, entry{name: "root/x", body: "secret"}, entry{name: "old", body: "12345"}, entry{name: "same", body: "123"},
		),
		layerOf(t, entry{name: ".wh.old"}, entry{name: "same", body: "123", mode: 0o600}),
	)
	if img.Tree.Lstat("/old") != nil || img.Tree.Lstat("/same").Mode.Perm() != 0o600 {
		t.Error("the second layer is not laid over the first")
	}
	if f := img.LookPath("app"); f == nil || f.Path != "/usr/bin/app" {
		t.Errorf("app is %v", f)
	}
	if f, err := img.Tree.Lookup("/bin/../bin/app"); err != nil || f.Path != "/usr/bin/app" {
		t.Errorf("%v, %v", f, err)
	}
	id, err := img.User()
	if err != nil || id.UID != 10001 || !id.In(44) {
		t.Errorf("%+v, %v", id, err)
	}
	if ok, by := img.Tree.Readable("/root/x", id); ok || by.Path != "/root" {
		t.Errorf("%v, %v", ok, by)
	}
	if len(img.Waste) != 2 || img.Waste[0].Kind != image.Deleted || img.Waste[1].Kind != image.MetaOnly || img.Wasted() != 8 {
		t.Errorf("%+v", img.Waste)
	}
	want := "app:1\n" +
		"layer 1       106 B  ADD file:1 in /\n" +
		"                     ENV A=b\n" +
		"layer 2         3 B  RUN rm old\n" +
		"user app\nentrypoint [\"app\"]\nenv PATH=/usr/bin\nenv A=b\n"
	if got := string(img.Text.Data); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := img.Text.Text(img.ValueSpan(image.Env, "A")); got != "b" {
		t.Errorf("the value is %q", got)
	}
	if got := img.Text.Text(img.StepText(2)); got != img.Steps[2].Text {
		t.Errorf("the step is %q", got)
	}
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
