package read

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The benchmarks give ratios, taken in one process from the shortest of
// several rounds. Run them alone on the machine:
//
//	go test ./internal/image/read -run xxx -bench . -benchtime 3x
//
// DOCKWORTHY_IMAGES names a real archive of docker save to take in place of
// the made one, DOCKWORTHY_DIVE the program dive to run against.

// benchImage is an archive as docker save makes it, of 500 MB in four layers:
// many small files of text, some large ones that nothing compresses.
func benchImage(b *testing.B) (file string, layers [][]byte) {
	if file := os.Getenv("DOCKWORTHY_IMAGES"); file != "" {
		return file, archiveLayers(b, file)
	}
	random := rand.New(rand.NewSource(1))
	words := strings.Fields("func return if err != nil { } package import self def class for range in . , ( ) = == + - * / key value path file open read write close error string int sk-learn AKIA token")
	text := func(n int) string {
		var t strings.Builder
		for t.Len() < n {
			t.WriteString(words[random.Intn(len(words))])
			t.WriteByte(" \n"[random.Intn(8)/7])
		}
		return t.String()
	}
	var pool []string
	for range 400 {
		pool = append(pool, text(500+random.Intn(30_000)))
	}
	big := make([]byte, 4<<20)
	random.Read(big)
	for l := range 4 {
		var entries []entry
		for size := 0; size < 125<<20; {
			e := entry{name: fmt.Sprintf("usr/lib/part%d/d%03d/file%05d", l, len(entries)/100, len(entries)), body: pool[random.Intn(len(pool))]}
			if len(entries)%300 == 299 {
				e.body = string(big)
			}
			size += len(e.body)
			entries = append(entries, e)
		}
		layers = append(layers, layerOf(b, entries...))
	}
	file = filepath.Join(b.TempDir(), "image.tar")
	if err := os.WriteFile(file, saved(b, nil, layers...), 0o600); err != nil {
		b.Fatal(err)
	}
	return file, layers
}

// archiveLayers are the layers of an archive.
func archiveLayers(b *testing.B, file string) (layers [][]byte) {
	f, err := os.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r := tar.NewReader(f)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return layers
		}
		if err != nil {
			b.Fatal(err)
		}
		if strings.HasSuffix(h.Name, "/layer.tar") {
			data, err := io.ReadAll(r)
			if err != nil {
				b.Fatal(err)
			}
			layers = append(layers, data)
		}
	}
}

// A cost is what a round takes: of the clock, and of the processors, which is
// what a busy machine changes less.
type cost struct{ wall, cpu time.Duration }

// least is the cost of the cheapest of n rounds.
func least(b *testing.B, n int, f func() error) cost {
	c := cost{1<<63 - 1, 1<<63 - 1}
	for range n {
		start, used := time.Now(), processor(b)
		if err := f(); err != nil {
			b.Fatal(err)
		}
		c.wall, c.cpu = min(c.wall, time.Since(start)), min(c.cpu, processor(b)-used)
	}
	return c
}

// processor is the time that this process and its children have used.
func processor(b *testing.B) time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

func (c cost) report(b *testing.B, than cost, name string) {
	b.ReportMetric(float64(c.wall)/float64(than.wall), "×"+name)
	b.ReportMetric(float64(c.cpu)/float64(than.cpu), "cpu×"+name)
}

const rounds = 5

func readFile(file string, opts Options) func() error {
	return func() error {
		_, err := Path(context.Background(), file, opts)
		return err
	}
}

// BenchmarkSaved reads an archive of docker save, with and without the search
// for secrets, against a bare walk over it and against dive.
func BenchmarkSaved(b *testing.B) {
	file, _ := benchImage(b)
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	bare := least(b, rounds, func() error { return bareUntar(file) })
	dive := os.Getenv("DOCKWORTHY_DIVE")
	var diving cost
	if dive != "" {
		diving = least(b, rounds, func() error {
			// It ends with 1 where the image is not efficient enough for it.
			exec.Command(dive, "--ci", "docker-archive://"+file).Run()
			return nil
		})
	}
	for _, c := range []struct {
		name string
		opts Options
	}{{"plain", Options{NoSecrets: true}}, {"secrets", Options{}}} {
		b.Run(c.name, func(b *testing.B) {
			var took cost
			for b.Loop() {
				took = least(b, rounds, readFile(file, c.opts))
			}
			b.ReportMetric(took.wall.Seconds(), "s")
			b.ReportMetric(float64(info.Size())/1e6/took.wall.Seconds(), "MB/s")
			took.report(b, bare, "untar")
			if dive != "" {
				took.report(b, diving, "dive")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// bareUntar goes through the archive and its layers, and does nothing with
// what it reads.
func bareUntar(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	outer := tar.NewReader(f)
	for {
		h, err := outer.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !strings.HasSuffix(h.Name, "/layer.tar") {
			continue
		}
		if err := walkTar(outer); err != nil {
			return err
		}
	}
}

func walkTar(r io.Reader) error {
	inner := tar.NewReader(r)
	for {
		if _, err := inner.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, inner); err != nil {
			return err
		}
	}
}

// BenchmarkGzip reads an OCI layout with compressed layers, against gunzip and
// untar of the standard library, one layer after the other.
func BenchmarkGzip(b *testing.B) {
	_, layers := benchImage(b)
	dir := b.TempDir()
	m := ociManifest{MediaType: "application/vnd.oci.image.manifest.v1+json"}
	var ids []string
	var files []string
	put := func(data []byte) string {
		sum := sha256.Sum256(data)
		hash := hex.EncodeToString(sum[:])
		file := filepath.Join(dir, "blobs", "sha256", hash)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			b.Fatal(err)
		}
		files = append(files, file)
		return "sha256:" + hash
	}
	for _, l := range layers {
		ids = append(ids, digest(l))
		stored := packedWith(b, "gzip", l)
		m.Layers = append(m.Layers, Descriptor{Digest: put(stored), Size: int64(len(stored))})
	}
	blobs := files
	config := mustJSON(b, map[string]any{"os": "linux", "architecture": "amd64", "rootfs": map[string]any{"diff_ids": ids}})
	m.Config.Digest = put(config)
	index := mustJSON(b, ociIndex{Manifests: []Descriptor{{Digest: put(mustJSON(b, m)), MediaType: m.MediaType}}})
	if err := os.WriteFile(filepath.Join(dir, "index.json"), index, 0o600); err != nil {
		b.Fatal(err)
	}
	bare := least(b, 3, func() error {
		for _, file := range blobs {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if err := walkTar(z); err != nil {
				return err
			}
		}
		return nil
	})
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			var took cost
			for b.Loop() {
				took = least(b, 3, readFile(dir, Options{Workers: workers}))
			}
			b.ReportMetric(took.wall.Seconds(), "s")
			took.report(b, bare, "gunzip+untar")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkJar reads an image of one jar of 64 MB, as a program brings it with
// its libraries in it, against unpacking the jar with the standard library.
func BenchmarkJar(b *testing.B) {
	random := rand.New(rand.NewSource(1))
	class := func() string {
		var t strings.Builder
		for range 2000 {
			fmt.Fprintf(&t, "\x01%cjava/lang/Object%x\x0c", rune(random.Intn(26)+'a'), random.Int63())
		}
		return t.String()
	}
	app := map[string]string{"BOOT-INF/classes/application.properties": "server.port=8080\n"}
	for n := range 40 {
		lib := map[string]string{}
		for i := range 60 {
			lib[fmt.Sprintf("org/x%d/C%d.class", n, i)] = class()
		}
		app[fmt.Sprintf("BOOT-INF/lib/x%d.jar", n)] = zipOf(b, lib)
	}
	jar := zipOf(b, app)
	file := filepath.Join(b.TempDir(), "image.tar")
	if err := os.WriteFile(file, saved(b, nil, layerOf(b, entry{name: "app/app.jar", body: jar})), 0o600); err != nil {
		b.Fatal(err)
	}
	bare := least(b, 3, func() error { return unzip([]byte(jar)) })
	var took cost
	for b.Loop() {
		took = least(b, 3, readFile(file, Options{}))
	}
	b.ReportMetric(float64(len(jar))/1e6, "MB")
	b.ReportMetric(took.wall.Seconds(), "s")
	took.report(b, bare, "unzip")
	b.ReportMetric(0, "ns/op")
}

// unzip goes through an archive and those in it, and does nothing with what it
// reads.
func unzip(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		inner, err := io.ReadAll(r)
		if err == nil && strings.HasSuffix(f.Name, ".jar") {
			err = unzip(inner)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
