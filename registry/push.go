package registry

import (
	"context"
	"fmt"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/dockworthy/dockworthy/attest"
)

// Push sends the image of a docker archive to the registry, and gives the
// digest of the manifest that the registry then answers with. The config is
// sent as it is, so the image's id stays.
func (i *Image) Push(ctx context.Context, archive string) (attest.Digest, error) {
	img, err := fromArchive(archive)
	if err != nil {
		return "", fmt.Errorf("push %s: %w", i.ref, err)
	}
	// Layers take the time that they take.
	patient := *i
	patient.opt.Timeout = max(time.Hour, i.opt.Timeout)
	err = patient.ask(ctx, "push "+i.ref.String(), func(opts []remote.Option) error {
		return remote.Write(i.ref, img, append(opts, remote.WithJobs(2))...)
	})
	if err != nil {
		return "", err
	}
	d, err := i.Digest(ctx)
	if err != nil {
		return "", err
	}
	if sent, err := img.Digest(); err != nil || sent.String() != string(d) {
		return "", fmt.Errorf("push %s: the registry responded with %s, but %s was sent: another client pushed this tag at the same time", i.ref, d, sent)
	}
	return d, nil
}

// WriteLayout writes the image of a docker archive as the only image of an OCI
// layout in a new folder, under that name.
func WriteLayout(dir, archive, ref string) (attest.Digest, error) {
	if info, err := os.Lstat(dir); err == nil && !info.IsDir() {
		// A link may lead anywhere, and a repository may hold one of that name.
		return "", fmt.Errorf("write the layout %s: it is a link or a file, not a folder", dir)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("write the layout %s: the folder is not empty", dir)
	}
	img, err := fromArchive(archive)
	if err != nil {
		return "", fmt.Errorf("write the layout %s: %w", dir, err)
	}
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		return "", fmt.Errorf("write the layout %s: %w", dir, err)
	}
	if err := l.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": ref})); err != nil {
		return "", fmt.Errorf("write the layout %s: %w", dir, err)
	}
	d, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("write the layout %s: %w", dir, err)
	}
	return attest.ParseDigest(d.String())
}

// fromArchive is the only image of a docker archive.
func fromArchive(file string) (v1.Image, error) { return tarball.ImageFromPath(file, nil) }
