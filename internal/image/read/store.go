package read

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
)

// A store is where the parts of an image lie under names: a folder or an
// archive.
type store interface {
	// open gives a part and its size. What is not there is fs.ErrNotExist.
	open(name string) (io.ReadCloser, int64, error)
}

// A folder is a store in a file system.
type folder struct{ fsys fs.FS }

func (f folder) open(name string) (io.ReadCloser, int64, error) {
	file, err := f.fsys.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", name)
	}
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// An archive is a store in a tar file, of which any part can be read at any
// time, by several readers at once.
type archive struct {
	r     io.ReaderAt
	parts map[string]part
}

type part struct {
	offset, size int64
	link         string // where it is only another name
}

// maxParts is how many entries an archive of an image may have: a few for each
// layer.
const maxParts = 100_000

// maxPartLinks is how many links in a row lead to a part: as many as Linux
// follows.
const maxPartLinks = 40

// openArchive finds the parts of a tar file. Their contents are passed over.
func openArchive(ctx context.Context, r io.ReaderAt, size int64) (*archive, error) {
	a := &archive{r: r, parts: map[string]part{}}
	section := io.NewSectionReader(r, 0, size)
	tr := tar.NewReader(section)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := tr.Next()
		if err == io.EOF {
			return a, nil
		}
		if err != nil {
			if len(a.parts) == 0 && errors.Is(err, tar.ErrHeader) {
				return nil, ErrNoImage
			}
			return nil, fmt.Errorf("read the archive: %w", err)
		}
		if len(a.parts) >= maxParts {
			return nil, fmt.Errorf("%w: the archive has more than %d entries", ErrTooLarge, maxParts)
		}
		name := strings.TrimPrefix(clean(h.Name), "/")
		switch h.Typeflag {
		case tar.TypeReg:
			at, err := section.Seek(0, io.SeekCurrent)
			if err != nil {
				return nil, err
			}
			if at+h.Size > size {
				return nil, fmt.Errorf("read the archive: %s is truncated: %w", short(name), io.ErrUnexpectedEOF)
			}
			a.parts[name] = part{offset: at, size: h.Size}
		case tar.TypeSymlink:
			a.parts[name] = part{link: strings.TrimPrefix(clean(path.Join(path.Dir(name), h.Linkname)), "/")}
		case tar.TypeLink:
			a.parts[name] = part{link: strings.TrimPrefix(clean(h.Linkname), "/")}
		}
	}
}

func (a *archive) open(name string) (io.ReadCloser, int64, error) {
	for range maxPartLinks {
		p, ok := a.parts[strings.TrimPrefix(clean(name), "/")]
		switch {
		case !ok:
			return nil, 0, fmt.Errorf("%s: %w", short(name), fs.ErrNotExist)
		case p.link == "":
			return io.NopCloser(io.NewSectionReader(a.r, p.offset, p.size)), p.size, nil
		}
		name = p.link
	}
	return nil, 0, fmt.Errorf("%s: %w", short(name), image.ErrLoop)
}

// meta reads a small part whole.
func meta(s store, name string, limit int64) ([]byte, error) {
	r, _, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readLimited(r, name, limit)
}

func readLimited(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", short(name), err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrTooLarge, short(name), limit)
	}
	return data, nil
}

// load finds the image that a store holds, in either format. An archive of
// docker save since version 25 is of both: its own manifest.json names what
// was asked for, while index.json may list platforms that were not saved.
func load(s store, name string, opts Options) (*bundle, error) {
	opts = opts.WithDefaults()
	switch data, err := meta(s, "manifest.json", opts.Limits.Meta); {
	case err == nil:
		return loadDocker(s, name, data, opts)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	switch data, err := meta(s, "index.json", opts.Limits.Meta); {
	case err == nil:
		return loadOCI(s, name, data, opts)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return nil, ErrNoImage
}

// loadDocker reads the format of docker save.
func loadDocker(s store, name string, manifest []byte, opts Options) (*bundle, error) {
	var entries []struct {
		Config       string
		RepoTags     []string
		Layers       []string
		LayerSources map[string]Descriptor
	}
	if err := json.Unmarshal(manifest, &entries); err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%w: its manifest.json names none", ErrNoImage)
	}
	chosen := 0
	if len(entries) > 1 || opts.Tag != "" {
		var have []string
		chosen = -1
		for i, e := range entries {
			if opts.Tag != "" && (slices.Contains(e.RepoTags, opts.Tag) || slices.Contains(e.RepoTags, opts.Tag+":latest")) {
				chosen = i
				break
			}
			have = append(have, strings.Join(e.RepoTags, " = "))
		}
		if chosen < 0 {
			return nil, choice(opts.Tag, have)
		}
	}
	e := entries[chosen]
	config, err := meta(s, e.Config, opts.Limits.Meta)
	if err != nil {
		return nil, fmt.Errorf("read the config: %w", err)
	}
	parsed, err := parseConfig(config)
	if err != nil {
		return nil, err
	}
	b := &bundle{name: name, config: config}
	for i, l := range e.Layers {
		r, size, err := s.open(l)
		layer := blob{size: size, open: opener(s, l)}
		switch {
		case err == nil:
			r.Close()
		case i < len(parsed.RootFS.DiffIDs) && errors.Is(err, fs.ErrNotExist):
			src, ok := e.LayerSources[parsed.RootFS.DiffIDs[i]]
			if !ok {
				return nil, fmt.Errorf("layer %d: %w", i+1, err)
			}
			layer = blob{digest: src.Digest, mediaType: src.MediaType, size: src.Size, skip: foreign(src)}
			if layer.skip == "" {
				return nil, fmt.Errorf("layer %d: %w", i+1, err)
			}
		default:
			return nil, fmt.Errorf("layer %d: %w", i+1, err)
		}
		if hex, ok := strings.CutPrefix(l, "blobs/sha256/"); ok {
			layer.digest = "sha256:" + hex
		}
		b.layers = append(b.layers, layer)
	}
	b.digest, b.annotations = known(s, config, opts)
	return b, nil
}

// known is the digest of the OCI manifest that an archive of docker save has
// beside its own. Where the layers in it are not compressed it was made up for
// the archive, and no registry knows it.
func known(s store, config []byte, opts Options) (digest string, annotations map[string]string) {
	data, err := meta(s, "index.json", opts.Limits.Meta)
	if err != nil {
		return "", nil
	}
	var index ociIndex
	if json.Unmarshal(data, &index) != nil || len(index.Manifests) != 1 {
		return "", nil
	}
	d := index.Manifests[0]
	data, err = blobOf(s, d, opts.Limits.Meta)
	if err != nil || IsIndex(d.MediaType, data) {
		return "", nil
	}
	var m ociManifest
	if json.Unmarshal(data, &m) != nil || digestOf(config) != m.Config.Digest {
		return "", nil
	}
	for _, l := range m.Layers {
		if !strings.Contains(l.MediaType, "gzip") && !strings.Contains(l.MediaType, "zstd") {
			return "", nil
		}
	}
	return d.Digest, m.Annotations
}

func opener(s store, name string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		r, _, err := s.open(name)
		return r, err
	}
}

// choice is the error where one image has to be chosen.
func choice(tag string, have []string) error {
	for i, h := range have {
		if h == "" {
			have[i] = "one without a name"
		}
	}
	list := strings.Join(have, ", ")
	if tag != "" {
		return fmt.Errorf("%s is not in it: there is %s", short(tag), short500(list))
	}
	return fmt.Errorf("%w: name one of %s", ErrChoice, short500(list))
}

func short500(s string) string {
	if len(s) > 500 {
		s = s[:500] + "…"
	}
	return s
}
