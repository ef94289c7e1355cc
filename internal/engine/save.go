package engine

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Save writes an image of the engine, as docker save does, and says how many
// bytes it is. A repository alone is its latest, as everywhere: the engine would
// save all that it holds.
func (e *Engine) Save(ctx context.Context, name string, w io.Writer) (int64, error) {
	r, err := e.cli.ImageSave(ctx, []string{tagged(name)})
	if err != nil {
		return 0, fmt.Errorf("save the image %s: %w", name, err)
	}
	defer r.Close()
	n, err := io.Copy(w, r)
	if err != nil {
		return n, fmt.Errorf("save the image %s: %w", name, err)
	}
	return n, nil
}

// Has tells whether the engine holds an image of this name or id.
func (e *Engine) Has(ctx context.Context, name string) bool {
	_, err := e.cli.ImageInspect(ctx, name)
	return err == nil
}

// Size is the bytes of an image's layers, as they lie on the engine.
func (e *Engine) Size(ctx context.Context, name string) (int64, error) {
	img, err := e.cli.ImageInspect(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("inspect the image %s: %w", name, err)
	}
	return img.Size, nil
}

// Same tells whether two names are one image.
func (e *Engine) Same(ctx context.Context, a, b string) (bool, error) {
	one, err := e.cli.ImageInspect(ctx, a)
	if err != nil {
		return false, fmt.Errorf("inspect the image %s: %w", a, err)
	}
	other, err := e.cli.ImageInspect(ctx, b)
	if err != nil {
		return false, fmt.Errorf("inspect the image %s: %w", b, err)
	}
	return one.ID == other.ID, nil
}

// tagged is a name with the tag that docker takes it for: a repository alone
// would save all of its images.
func tagged(ref string) string {
	last := ref[strings.LastIndexByte(ref, '/')+1:]
	if strings.ContainsAny(last, ":@") || isID(ref) {
		return ref
	}
	return ref + ":latest"
}

// isID tells whether a name is an image's id, whole or shortened.
func isID(ref string) bool {
	return len(ref) >= 12 && strings.Trim(strings.TrimPrefix(ref, "sha256:"), "0123456789abcdef") == ""
}
