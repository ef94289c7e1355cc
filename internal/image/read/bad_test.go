package read

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/dockworthy/dockworthy/internal/image"
)

func packedWith(t testing.TB, how string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch how {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	default:
		return data
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// layout is an OCI layout's files: an index of the manifests that are given,
// and what they point at.
type layout map[string][]byte

func (l layout) blob(data []byte) string {
	d := digest(data)
	l["blobs/sha256/"+d[7:]] = data
	return d
}

func (l layout) image(t testing.TB, arch string, how string, layers ...[]byte) Descriptor {
	t.Helper()
	m := ociManifest{MediaType: "application/vnd.oci.image.manifest.v1+json"}
	var ids []string
	for _, layer := range layers {
		ids = append(ids, digest(layer))
		stored := packedWith(t, how, layer)
		m.Layers = append(m.Layers, Descriptor{MediaType: "application/vnd.oci.image.layer.v1.tar", Digest: l.blob(stored), Size: int64(len(stored))})
	}
	config := mustJSON(t, map[string]any{"os": "linux", "architecture": arch, "rootfs": map[string]any{"diff_ids": ids}})
	m.Config = Descriptor{Digest: l.blob(config), Size: int64(len(config))}
	data := mustJSON(t, m)
	d := Descriptor{MediaType: m.MediaType, Digest: l.blob(data), Size: int64(len(data))}
	d.Platform = &image.Platform{OS: "linux", Arch: arch}
	return d
}

func (l layout) index(t testing.TB, list ...Descriptor) {
	t.Helper()
	l["index.json"] = mustJSON(t, ociIndex{MediaType: "application/vnd.oci.image.index.v1+json", Manifests: list})
	l["oci-layout"] = []byte(`{"imageLayoutVersion":"1.0.0"}`)
}

func (l layout) tar(t testing.TB) []byte {
	t.Helper()
	var list []entry
	for _, name := range slices.Sorted(maps.Keys(l)) {
		list = append(list, entry{name: name, body: string(l[name])})
	}
	return layerOf(t, list...)
}

func readTar(data []byte, opts Options) (*image.Image, error) {
	return Archive(context.Background(), "x", bytes.NewReader(data), int64(len(data)), opts)
}

func TestSources(t *testing.T) {
	layer := layerOf(t, entry{name: "a", body: "1"})
	for _, how := range []string{"", "gzip", "zstd"} {
		l := layout{}
		l.index(t, l.image(t, "arm64", how, layer))
		img, err := readTar(l.tar(t), Options{})
		if err != nil || img.Tree.Lstat("/a") == nil || img.Digest == "" || img.Platform.Arch != "arm64" || img.Layers[0].DiffID != digest(layer) {
			t.Errorf("%s: %v", how, err)
			continue
		}
		dir := t.TempDir()
		for name, data := range l {
			if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777), os.WriteFile(filepath.Join(dir, name), data, 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		if again, err := Path(context.Background(), dir, Options{}); err != nil || again.ID != img.ID {
			t.Errorf("a folder: %v", err)
		}
		// A stream, compressed or not; nothing is left behind.
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		if again, err := Stream(context.Background(), "-", bytes.NewReader(packedWith(t, how, l.tar(t))), Options{}); err != nil || again.ID != img.ID || again.Name != "-" {
			t.Errorf("a stream: %v", err)
		}
		if left, _ := os.ReadDir(temp); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	}
}

func TestPlatforms(t *testing.T) {
	l := layout{}
	amd, arm := l.image(t, "amd64", "", layerOf(t, entry{name: "amd"})), l.image(t, "arm64", "gzip", layerOf(t, entry{name: "arm"}))
	attestation := Descriptor{Digest: l.blob([]byte("{}")), Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest"}}
	l.index(t, amd, arm, attestation)
	img, err := readTar(l.tar(t), Options{Platform: image.Platform{OS: "linux", Arch: "arm64", Variant: "v8"}})
	if err != nil || img.Tree.Lstat("/arm") == nil {
		t.Error(err)
	}
	_, err = readTar(l.tar(t), Options{Platform: image.Platform{OS: "linux", Arch: "s390x"}})
	if !errors.Is(err, ErrPlatform) || !strings.Contains(err.Error(), "there is linux/amd64, linux/arm64") {
		t.Error(err)
	}
	// An index in an index.
	inner := l["index.json"]
	l.index(t, Descriptor{MediaType: "application/vnd.oci.image.index.v1+json", Digest: l.blob(inner)})
	if img, err := readTar(l.tar(t), Options{Platform: image.Platform{OS: "linux", Arch: "amd64"}}); err != nil || img.Tree.Lstat("/amd") == nil {
		t.Error(err)
	}
}

func TestBadArchives(t *testing.T) {
	layer := layerOf(t, entry{name: "a", body: strings.Repeat("x", 5000)})
	good := func() layout {
		l := layout{}
		l.index(t, l.image(t, "amd64", "gzip", layer))
		return l
	}
	replace := func(kind string, data func([]byte) []byte) []byte {
		l := good()
		for name, body := range l {
			if strings.HasPrefix(name, "blobs/") && (kind == "layer") == (body[0] == 0x1f) {
				l[name] = data(body)
			}
		}
		return l.tar(t)
	}
	whole := good().tar(t)
	cut := saved(t, nil, layer)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":            {nil, "not an image"},
		"no archive":         {bytes.Repeat([]byte("hello "), 1000), "not an image"},
		"another archive":    {layer, "not an image"},
		"cut short":          {cut[:len(cut)/2], "unexpected EOF"},
		"another layer":      {replace("layer", func([]byte) []byte { return packedWith(t, "gzip", layerOf(t, entry{name: "b"})) }), "bytes, but the manifest says"},
		"a flipped bit":      {replace("layer", func(b []byte) []byte { b = bytes.Clone(b); b[len(b)-6] ^= 1; return b }), "gzip"},
		"a changed name":     {replace("layer", func(b []byte) []byte { b = bytes.Clone(b); b[4] ^= 1; return b }), "wrong digest"},
		"another config":     {replace("meta", func(b []byte) []byte { return append(b, ' ') }), "wrong digest"},
		"no layer":           {layerOf(t, entry{name: "manifest.json", body: `[{"Config":"c","Layers":["l"]}]`}, entry{name: "c", body: `{"rootfs":{"diff_ids":["sha256:1"]}}`}), "file does not exist"},
		"no config":          {layerOf(t, entry{name: "manifest.json", body: `[{"Config":"c","Layers":["l"]}]`}), "read the config"},
		"other numbers":      {layerOf(t, entry{name: "manifest.json", body: `[{"Config":"c","Layers":[]}]`}, entry{name: "c", body: `{"rootfs":{"diff_ids":["sha256:1"]}}`}), "has 1 layers, but the manifest has 0"},
		"no images":          {layerOf(t, entry{name: "manifest.json", body: `[]`}), "not an image"},
		"two images":         {layerOf(t, entry{name: "manifest.json", body: `[{"RepoTags":["a:1"]},{"RepoTags":["b:1"]}]`}), "a:1, b:1"},
		"a circle":           {layerOf(t, entry{name: "manifest.json", link: "x"}, entry{name: "x", link: "manifest.json"}), "too many symbolic links"},
		"a climbing digest":  {layerOf(t, entry{name: "index.json", body: `{"manifests":[{"digest":"sha256:../../etc/passwd"}]}`}), "not a SHA-256 digest"},
		"a huge manifest":    {layerOf(t, entry{name: "manifest.json", body: strings.Repeat(" ", 17<<20)}), "too large"},
		"a layer of garbage": {saved(t, nil, bytes.Repeat([]byte("hello "), 1000)), "invalid tar header"},
		"a cut layer":        {saved(t, nil, layer[:1024]), "unexpected EOF"},
		"an endless index":   {whole[:0], "not an image"},
	} {
		img, err := readTar(c.data, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %q", name, img, err, c.want)
		}
	}
}

func TestOddLayers(t *testing.T) {
	long := strings.Repeat("n", 300)
	for name, c := range map[string]struct {
		files []entry
		want  string // the problem
		path  string // what is there all the same
	}{
		"climbs":            {[]entry{{name: "../../etc/shadow", body: "x"}}, "leads out of the image", "/etc/shadow"},
		"climbs in the end": {[]entry{{name: "a/../../../x", body: "x"}}, "leads out of the image", "/x"},
		"absolute":          {[]entry{{name: "/etc/x", body: "x"}}, "", "/etc/x"},
		"dots":              {[]entry{{name: "./a/../b", body: "x"}}, "", "/b"},
		"a link out":        {[]entry{{name: "x", link: "../../etc/passwd", hard: true}}, "outside the image", "/x"},
		"a link to nothing": {[]entry{{name: "x", link: "gone", hard: true}}, "which is not in its layer", "/x"},
		"a long name":       {[]entry{{name: "a/" + long, body: "x"}}, "more than 255 bytes", ""},
		"a long path":       {[]entry{{name: strings.Repeat("abcdefgh/", 600), body: ""}}, "more than 4096 bytes", ""},
		"a device":          {[]entry{{name: "dev/sda", kind: tar.TypeBlock}, {name: "dev/null", kind: tar.TypeChar}, {name: "p", kind: tar.TypeFifo}}, "", "/dev/sda"},
		"the root":          {[]entry{{name: "./"}, {name: "/"}}, "", "/"},
		"odd removals":      {[]entry{{name: ".wh."}, {name: ".wh.."}, {name: ".wh..."}, {name: "a/.wh..wh..opq"}, {name: ".wh..wh..opq"}}, "", "/"},
		"a file in a file":  {[]entry{{name: "a", body: "x"}, {name: "a/b", body: "y"}}, "", "/a/b"},
		"twice":             {[]entry{{name: "a", body: "x"}, {name: "a", body: "yy"}}, "", "/a"},
	} {
		img := imageOf(t, nil, layerOf(t, c.files...))
		got := ""
		for _, p := range img.Problems {
			got += p.String() + "\n"
		}
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if c.path != "" && img.Tree.Lstat(c.path) == nil {
			t.Errorf("%s: %s is not there", name, c.path)
		}
	}
}

func TestLimits(t *testing.T) {
	big := layerOf(t, entry{name: "a", body: strings.Repeat("\x00", 8<<20)})
	if _, err := readTar(saved(t, nil, big), Options{Limits: Limits{Bytes: 1 << 20}}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	bomb := layout{}
	bomb.index(t, bomb.image(t, "amd64", "gzip", big))
	if _, err := readTar(bomb.tar(t), Options{Limits: Limits{Bytes: 1 << 20}}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if _, err := Stream(context.Background(), "-", bytes.NewReader(packedWith(t, "gzip", bomb.tar(t))), Options{Limits: Limits{Bytes: 1 << 10}}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if _, err := readTar(saved(t, nil, layerOf(t, entry{name: "a"}, entry{name: "b"})), Options{Limits: Limits{Files: 1}}); err == nil || !strings.Contains(err.Error(), "more than 1 entries") {
		t.Error(err)
	}
}

// A sparse file says in one block that it has a terabyte.
func TestSparse(t *testing.T) {
	h := make([]byte, 512)
	copy(h, "x")
	copy(h[100:], "0000644\x000000000\x000000000\x0000000000000\x0000000000000\x00        S")
	copy(h[257:], "ustar  \x00")
	h[483], h[489] = 0x80, 1 // the size that it has when its holes are filled
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	img := imageOf(t, nil, append(h, make([]byte, 1024)...))
	if f := img.Tree.Lstat("/x"); f == nil || len(img.Problems) != 1 {
		t.Errorf("%+v, %v", f, img.Problems)
	}
}

func TestForeignLayers(t *testing.T) {
	l := layout{}
	d := l.image(t, "amd64", "gzip", layerOf(t, entry{name: "a"}), layerOf(t, entry{name: "b"}))
	m := bytes.Replace(l["blobs/sha256/"+d.Digest[7:]], []byte("layer.v1.tar"), []byte("layer.nondistributable.v1.tar"), 1)
	for name, body := range l {
		if bytes.HasPrefix(body, []byte{0x1f}) && bytes.Contains(m, []byte(name[len("blobs/sha256/"):])) && bytes.Index(m, []byte(name[len("blobs/sha256/"):])) < bytes.LastIndex(m, []byte("layer.v1.tar")) {
			delete(l, name)
		}
	}
	l.index(t, Descriptor{Digest: l.blob(m), MediaType: d.MediaType})
	img, err := readTar(l.tar(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !img.NotLookedAt() || img.Layers[0].Skipped == "" || img.Tree.Lstat("/b") == nil || len(img.Problems) != 1 {
		t.Errorf("%+v", img.Layers)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	data := saved(t, nil, layerOf(t, entry{name: "a"}))
	if _, err := Archive(ctx, "x", bytes.NewReader(data), int64(len(data)), Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	before := runtime.NumGoroutine()
	ctx, cancel = context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	endless := io.MultiReader(bytes.NewReader(make([]byte, 512)), zeros{})
	if _, err := Stream(ctx, "-", endless, Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, and there were %d", after, before)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A hundred thousand files in one folder, removed one by one.
func TestManyFiles(t *testing.T) {
	var files, gone []entry
	for i := range 100_000 {
		name := "d/" + string(rune('a'+i%26)) + strings.Repeat("x", i%7) + "-" + strconv.Itoa(i)
		files = append(files, entry{name: name, body: "x"})
		gone = append(gone, entry{name: "d/.wh." + name[2:]})
	}
	img := imageOf(t, nil, layerOf(t, files...), layerOf(t, gone...))
	if img.Tree.Len() != 1 || len(img.Waste) != 100_000 {
		t.Errorf("%d entries, %d wasted", img.Tree.Len(), len(img.Waste))
	}
}

func FuzzLayer(f *testing.F) {
	f.Add(layerOf(f, entry{name: "a", body: "x"}, entry{name: "b/", mode: 0o700}, entry{name: "c", link: "../a"}, entry{name: "d", link: "a", hard: true}, entry{name: ".wh.x"}, entry{name: "b/.wh..wh..opq"}))
	f.Add(layerOf(f, entry{name: "etc/passwd", body: "root:x:0:0::/:\n"}, entry{name: "etc/ld.so.conf", body: "include /etc/ld.so.conf\n"}, entry{name: "bin/x", body: elfOf(program{interp: glibc, needed: []string{"libc.so.6"}})}))
	f.Add(packedWith(f, "gzip", layerOf(f, entry{name: "../a", body: token})))
	f.Add(packedWith(f, "zstd", layerOf(f, entry{name: "root/.netrc", body: "machine x login y password kV7Lantern55"})))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &bundle{name: "x", config: []byte(`{"os":"linux","architecture":"amd64"}`), layers: []blob{
			{size: -1, open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }},
			{size: -1, open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }},
		}}
		img, err := b.read(context.Background(), Options{Limits: Limits{Bytes: 64 << 20, Files: 10_000}})
		if err != nil {
			return
		}
		sound(t, img)
	})
}

// sound holds an image that was read to what its model promises, whatever its
// archive says.
func sound(t *testing.T, img *image.Image) {
	t.Helper()
	n := 0
	for file := range img.Tree.All() {
		if n++; file.Path != clean(file.Path) {
			t.Errorf("%q is no path", file.Path)
		}
		img.Tree.Lookup(file.Path)
		if n < 100 {
			img.Missing(file.Path)
			img.Tree.Readable(file.Path, image.Identity{UID: 1})
		}
	}
	if n != img.Tree.Len() {
		t.Errorf("%d entries are counted, and there are %d", img.Tree.Len(), n)
	}
	if e := img.Efficiency(); e < 0 || e > 1 {
		t.Errorf("efficiency %f: %d of %d", e, img.Wasted(), img.Size())
	}
	img.Leftovers()
	img.Caches()
	img.SetID()
}

func FuzzArchive(f *testing.F) {
	f.Add(saved(f, nil, layerOf(f, entry{name: "a", body: "x"})))
	l := layout{}
	l.index(f, l.image(f, "amd64", "gzip", layerOf(f, entry{name: "a", body: "x"})))
	f.Add(l.tar(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := readTar(data, Options{Limits: Limits{Bytes: 64 << 20, Meta: 1 << 20}})
		if (err == nil) == (img == nil) {
			t.Fatalf("neither an image nor an error: %v", err)
		}
		if err == nil {
			sound(t, img)
		}
	})
}
