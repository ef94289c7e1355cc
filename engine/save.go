package engine

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Save writes an image of the engine to a file, as docker save does. The name
// needs a tag or digest: a repository alone would save all that it holds.
func (e *Engine) Save(ctx context.Context, name, file string) error {
	r, err := e.cli.ImageSave(ctx, []string{name})
	if err != nil {
		return fmt.Errorf("save the image %s: %w", name, err)
	}
	defer r.Close()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("save the image %s: %w", name, err)
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return fmt.Errorf("save the image %s: %w", name, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("save the image %s: %w", name, err)
	}
	return nil
}

// Has tells whether the engine holds an image of this name or id.
func (e *Engine) Has(ctx context.Context, name string) bool {
	_, err := e.cli.ImageInspect(ctx, name)
	return err == nil
}

// Tag is the name of an image of a run: what tells the run's images apart.
func (e *Engine) Tag(id, what string) string { return tag(id, what) }
