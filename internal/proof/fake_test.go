package proof

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/run"
)

// A fake is an engine that writes down what it is asked for, in order. Its
// builder copies the context to /srv and makes an image of that; what steps were
// run, and what the program does, is taken from a recording.
type fake struct {
	t      *testing.T
	record *run.Log
	broken map[string]bool       // builds that fail, by what their tag ends in
	says   map[string]*run.Build // what is told of a build in place of the recording, by what its tag ends in
	// scratch lets the builder take nothing: each image is the same.
	scratch bool
	// instead is what happens in place of deeds. Empty = all goes well.
	instead   map[string]func(context.Context) error
	interrupt context.CancelFunc // ends the context of the proof

	mu       sync.Mutex
	deeds    []string                     // "build rebuild", "save image", and "save image 2" the second time
	plans    map[string]engine.BuildPlan  // by what their tag ends in
	sent     map[string]map[string]string // the files of their contexts
	images   map[string][]byte            // archives, by name
	settings run.Settings                 // under which it was run
	removed  string                       // the run
	removal  removal
}

// A removal is how Remove was called.
type removal struct {
	err     error // the context's
	limited bool  // it has a deadline
	folder  bool  // the run's folder was still there: by it the engine knows the run's images
}

// replay is a fake engine that does what was recorded.
func replay(t *testing.T, recording string) *fake {
	t.Helper()
	data, err := os.ReadFile("page/testdata/page/" + recording + ".json")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, record: &run.Log{}, broken: map[string]bool{}, instead: map[string]func(context.Context) error{}, plans: map[string]engine.BuildPlan{}, sent: map[string]map[string]string{}, images: map[string][]byte{}}
	if err := json.Unmarshal(data, f.record); err != nil {
		t.Fatal(err)
	}
	return f
}

// errBroken is what a fake engine fails with.
var errBroken = errors.New("the engine is out of order")

// fails lets a deed fail.
func (f *fake) fails(deed string) {
	f.instead[deed] = func(context.Context) error { return fmt.Errorf("%s: %w", deed, errBroken) }
}

// interrupted lets the interruption come while a deed is done.
func (f *fake) interrupted(deed string) {
	f.instead[deed] = func(ctx context.Context) error {
		f.interrupt()
		return hangs(ctx)
	}
}

// hangs is a deed that only an interruption ends.
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// do writes a deed down. As an engine it does nothing that an interrupted
// caller asks for.
func (f *fake) do(ctx context.Context, deed string) error {
	f.mu.Lock()
	for i, once := 2, deed; slices.Contains(f.deeds, deed); i++ {
		deed = fmt.Sprintf("%s %d", once, i)
	}
	f.deeds = append(f.deeds, deed)
	f.mu.Unlock()
	if other := f.instead[deed]; other != nil {
		return other(ctx)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", deed, err)
	}
	return nil
}

// what is what the tag of a run's image ends in; a user's image has its name.
func what(image string) string {
	if rest, ok := strings.CutPrefix(image, engine.Repository+":"); ok {
		_, rest, _ = strings.Cut(rest, ".")
		return rest
	}
	return image
}

func (f *fake) Has(context.Context, string) bool { return true }

func (f *fake) Pull(ctx context.Context, image string) error { return f.do(ctx, "pull "+image) }

func (f *fake) Network(ctx context.Context, id string) (string, error) {
	return "network-" + id, f.do(ctx, "make a network")
}

func (f *fake) Accompany(ctx context.Context, id string, c engine.Companion) (*run.Companion, error) {
	return &run.Companion{Name: c.Name, Image: c.Image, Until: c.Until, Ready: true}, f.do(ctx, "start "+c.Name)
}

func (f *fake) About() run.Engine { return f.record.Engine }

func (f *fake) Build(ctx context.Context, p engine.BuildPlan) (*run.Build, error) {
	w := what(p.Tag)
	if err := f.do(ctx, "build "+w); err != nil {
		return nil, err
	}
	// What is asked for later is not what was asked for then.
	p.Args, p.Secrets, p.Contexts, p.Labels = maps.Clone(p.Args), maps.Clone(p.Secrets), maps.Clone(p.Contexts), maps.Clone(p.Labels)
	f.plans[w], f.sent[w] = p, f.read(p.Context)
	b := &run.Build{}
	switch w {
	case "image":
		*b = *f.record.Build
		b.Sizes, b.Context, b.Files = nil, 0, 0
	case "rebuild":
		b.Seconds, b.Steps = f.record.Rebuild.Seconds, f.record.Rebuild.Steps
	}
	if said := f.says[w]; said != nil {
		*b = *said
	}
	if f.broken[w] {
		b.Error, b.Step = "exit code: 1", "RUN make"
	}
	if b.Error == "" {
		f.mu.Lock()
		f.images[p.Tag] = f.pack(p, f.sent[w])
		f.mu.Unlock()
	}
	return b, nil
}

// read is what a context holds now.
func (f *fake) read(dir string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(p)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		f.t.Errorf("read the context: %v", err)
	}
	return out
}

// pack makes an image of these files. The build arguments are in its history, as
// builders leave them there.
func (f *fake) pack(p engine.BuildPlan, files map[string]string) []byte {
	if f.scratch {
		p.Args, files = nil, nil
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &tar.Header{Name: "srv/" + name, Mode: 0o644, Size: int64(len(files[name]))}
		if err := errors.Join(w.WriteHeader(h), second(io.WriteString(w, files[name]))); err != nil {
			f.t.Errorf("pack an image: %v", err)
		}
	}
	args := "|" + fmt.Sprint(len(p.Args))
	for _, name := range slices.Sorted(maps.Keys(p.Args)) {
		args += " " + name + "=" + p.Args[name]
	}
	err := w.Close()
	layer, lerr := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err = errors.Join(err, lerr); err != nil {
		f.t.Errorf("pack an image: %v", err)
		return nil
	}
	cfg := &v1.ConfigFile{OS: "linux", Architecture: "amd64", Config: v1.Config{User: "10001:10002", Entrypoint: []string{"/srv/app.py"}}}
	img, err := mutate.ConfigFile(empty.Image, cfg)
	if err == nil {
		img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: "RUN " + args + " /bin/sh -c make"}})
	}
	var out bytes.Buffer
	if err == nil {
		err = tarball.Write(must(name.NewTag("app:latest")), img, &out)
	}
	if err != nil {
		f.t.Errorf("pack an image: %v", err)
	}
	return out.Bytes()
}

func second[T any](_ T, err error) error { return err }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (f *fake) Resolve(ctx context.Context, b *run.Build) {
	if f.do(ctx, "resolve") == nil && len(b.Bases) > 0 {
		b.Bases[0].Layers = []string{"sha256:" + strings.Repeat("a", 64)}
	}
}

// archive is the image of that name, once the deed is done.
func (f *fake) archive(ctx context.Context, deed, image string) ([]byte, error) {
	if err := f.do(ctx, deed+" "+what(image)); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	data, ok := f.images[image]
	if !ok {
		f.t.Errorf("%s: there is no image %s", deed, image)
	}
	return data, nil
}

func (f *fake) Save(ctx context.Context, image string, w io.Writer) (int64, error) {
	data, err := f.archive(ctx, "save", image)
	if err != nil {
		w.Write([]byte("half of it"))
		return 0, err
	}
	n, err := w.Write(data)
	return int64(n), err
}

func (f *fake) Size(ctx context.Context, image string) (int64, error) {
	data, err := f.archive(ctx, "size", image)
	return int64(len(data)), err
}

func (f *fake) Same(ctx context.Context, a, b string) (bool, error) {
	other, err := f.archive(ctx, "same", b)
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Equal(f.images[a], other), err
}

func (f *fake) Probe(ctx context.Context, image string, s run.Settings, log *run.Log) error {
	if err := f.do(ctx, "probe "+what(image)); err != nil {
		return err
	}
	f.settings = s
	r := f.record
	log.Image, log.ImageID, log.Settings = image, r.ImageID, s
	log.Start, log.Relaxed, log.Stranger, log.Procs, log.Health = r.Start, r.Relaxed, r.Stranger, r.Procs, r.Health
	log.Stop, log.StopBusy, log.Override, log.Orphan = r.Stop, r.StopBusy, r.Override, r.Orphan
	return nil
}

func (f *fake) Swarm(ctx context.Context, image string, log *run.Log) error {
	log.Swarm = f.record.Swarm
	return f.do(ctx, "swarm "+what(image))
}

func (f *fake) Remove(ctx context.Context, id string) error {
	_, limited := ctx.Deadline()
	_, err := os.Stat(filepath.Join(os.TempDir(), "dockworthy-run-"+id))
	f.removed, f.removal = id, removal{ctx.Err(), limited, err == nil}
	return f.do(ctx, "remove")
}
