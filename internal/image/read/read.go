// Package read reads images into their model: from an archive (docker save,
// OCI), an OCI layout folder, a stream, or from the parts that a reader of
// another source brings.
//
// Each layer streams by once, decompressed, summed and searched on the way.
// Nothing is unpacked: no file of an image is ever written anywhere, and no
// content of one is kept but of the few that the model asks for.
package read

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/repo"
)

// Path reads an image from an archive (docker save's or OCI's, compressed
// or not) or from the folder of an OCI layout.
func Path(ctx context.Context, file string, opts Options) (*image.Image, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		// A link in a layout may not lead out of it, nor a pipe stop the reader.
		root, err := repo.Open(file, file)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return Layout(ctx, file, root, opts)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if !info.Mode().IsRegular() {
		return Stream(ctx, file, f, opts)
	}
	magic := make([]byte, 4)
	if n, err := f.ReadAt(magic, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read %s: %w", file, err)
	} else if packed(magic[:n]) {
		return Stream(ctx, file, f, opts)
	}
	return Archive(ctx, file, f, info.Size(), opts)
}

// Layout reads an image from an OCI layout. The name is the image's.
func Layout(ctx context.Context, name string, fsys fs.FS, opts Options) (*image.Image, error) {
	b, err := load(folder{fsys}, name, opts)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b.named(ctx, opts)
}

// Archive reads an image from an archive of size bytes that is not
// compressed. The name is the image's.
func Archive(ctx context.Context, name string, r io.ReaderAt, size int64, opts Options) (*image.Image, error) {
	a, err := openArchive(ctx, r, size)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	b, err := load(a, name, opts)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b.named(ctx, opts)
}

func (b *bundle) named(ctx context.Context, opts Options) (*image.Image, error) {
	img, err := b.read(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", b.name, err)
	}
	return img, nil
}

// Stream reads an image from a stream of an archive, compressed or not, as
// standard input. An archive says only at its end what its parts are, so the
// stream is put into a temporary file first, which has no name while it is
// read where the system can do that, and is gone when Stream returns.
func Stream(ctx context.Context, name string, r io.Reader, opts Options) (*image.Image, error) {
	f, err := os.CreateTemp("", "dockworthy-image-*.tar")
	if err != nil {
		return nil, err
	}
	// An open file without a name goes with the process, however it ends.
	if os.Remove(f.Name()) != nil {
		defer os.Remove(f.Name())
	}
	defer f.Close()
	size, err := spool(ctx, f, r, opts.WithDefaults().Limits.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return Archive(ctx, name, f, size, opts)
}

func spool(ctx context.Context, w io.Writer, r io.Reader, limit int64) (int64, error) {
	r = &interruptible{ctx, r}
	magic := make([]byte, 4)
	n, err := io.ReadFull(r, magic)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return 0, err
	}
	magic = magic[:n]
	r = io.MultiReader(bytes.NewReader(magic), r)
	if packed(magic) {
		content, done, _, err := decompress(r)
		if err != nil {
			return 0, err
		}
		defer done()
		r = content
	}
	size, err := io.Copy(w, io.LimitReader(r, limit+1))
	if err == nil && size > limit {
		err = fmt.Errorf("%w: the archive has more than %d bytes", ErrTooLarge, limit)
	}
	return size, err
}

// packed tells whether a stream is compressed, by how it begins.
func packed(magic []byte) bool {
	return isGzip(magic) || isZstd(magic)
}
