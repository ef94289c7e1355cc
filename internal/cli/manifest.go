package cli

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/scaffold"
)

// maxManifest is how many bytes of a manifest or a lock that a manager wrote are taken.
const maxManifest = 64 << 20

// manifests are the project's manifest and lock with the packages that it lacks, as its own
// manager writes them, in a container.
func (f *initFlags) manifests(ctx context.Context, c Command, dir string, plan *scaffold.Plan, e *engine.Engine, engineErr error) (map[string][]byte, error) {
	edit, err := plan.AddToManifest()
	if err != nil || edit == nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name, text := range edit.Lines {
		out[name] = []byte(text)
	}
	if edit.Lines != nil {
		return out, nil
	}
	what := strings.Join(edit.Packages, ", ")
	if engineErr != nil {
		return nil, fmt.Errorf("--add-server: the project's own manager puts %s into its manifest, in a container: %w", what, engineErr)
	}
	folder, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", dir, err)
	}
	id := engine.NewID()
	build := engine.BuildPlan{Dockerfile: []byte(edit.Dockerfile), Ignore: []byte(edit.Ignore), Context: folder, Tag: engine.Tag(id, "manifest"), Labels: map[string]string{engine.Label: id}}
	defer func() {
		// Also after an interruption.
		if err := e.Remove(context.WithoutCancel(ctx), id); err != nil {
			c.complain("%v", err)
		}
	}()
	log, err := e.Build(ctx, build)
	if err != nil {
		return nil, err
	}
	if log.Error != "" {
		return nil, fmt.Errorf("--add-server: the project's own manager does not add %s: %s\n%s", what, log.Error, strings.Join(log.Tail, "\n"))
	}
	file, err := os.CreateTemp("", "dockworthy-*.tar")
	if err != nil {
		return nil, fmt.Errorf("make a file for what the manager wrote: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := e.Save(ctx, build.Tag, file); err != nil {
		return nil, err
	}
	img, err := tarball.ImageFromPath(file.Name(), nil)
	if err != nil {
		return nil, fmt.Errorf("read what the manager wrote: %w", err)
	}
	files := mutate.Extract(img)
	defer files.Close()
	for r := tar.NewReader(files); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read what the manager wrote: %w", err)
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		for _, want := range edit.Files {
			if name == want && h.Typeflag == tar.TypeReg && h.Size <= maxManifest {
				if out[name], err = io.ReadAll(r); err != nil {
					return nil, fmt.Errorf("read what the manager wrote: %w", err)
				}
			}
		}
	}
	for _, want := range edit.Files {
		if out[want] == nil {
			return nil, fmt.Errorf("--add-server: the manager wrote no %s", want)
		}
	}
	return out, nil
}
