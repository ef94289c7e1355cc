package read

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dockworthy/dockworthy/internal/image"
)

// A bundle is an image before its layers are read: what a reader of any
// source has to find out.
type bundle struct {
	name        string
	digest      string // of the manifest; "" = none
	config      []byte
	annotations map[string]string
	layers      []blob
}

// A blob is one stored layer.
type blob struct {
	digest    string // "" = not known
	mediaType string
	size      int64 // as stored; -1 = not known
	skip      string
	open      func() (io.ReadCloser, error)
}

// read is the one way from a bundle to an Image.
func (b *bundle) read(ctx context.Context, opts Options) (*image.Image, error) {
	opts = opts.WithDefaults()
	config, err := parseConfig(b.config)
	if err != nil {
		return nil, err
	}
	d := image.Description{
		Name: b.name, Digest: b.digest, ID: digestOf(b.config), Annotations: b.annotations, Created: config.Created.Time,
		Platform: image.Platform{OS: config.OS, Arch: config.Architecture, Variant: config.Variant},
		Config:   config.settings(),
	}
	for _, h := range config.History {
		s := image.ParseStep(h.CreatedBy)
		s.Comment, s.Author, s.Empty = h.Comment, h.Author, h.EmptyLayer
		s.Created = h.Created.Time
		d.Steps = append(d.Steps, s)
	}
	ids := config.RootFS.DiffIDs
	if len(ids) != 0 && len(ids) != len(b.layers) {
		return nil, fmt.Errorf("the config has %d layers, but the manifest has %d", len(ids), len(b.layers))
	}
	scans, err := b.scan(ctx, ids, opts)
	if err != nil {
		return nil, err
	}
	return image.Assemble(d, scans), nil
}

// scan reads the layers, several at a time.
func (b *bundle) scan(ctx context.Context, ids []string, opts Options) ([]image.Scan, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	scans := make([]image.Scan, len(b.layers))
	errs := make([]error, len(b.layers))
	var budget atomic.Int64
	budget.Store(opts.Limits.Bytes)
	// The largest first, so that none of them is begun last.
	order := make([]int, len(b.layers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return int(min(max(b.layers[j].size-b.layers[i].size, -1), 1)) })
	var stored int64
	for i := range b.layers {
		stored += min(max(b.layers[i].size, 0), opts.Limits.Bytes)
	}
	shared := newArchives(min(stored, opts.Limits.Bytes))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(opts.Workers, len(b.layers)) {
		wg.Go(func() {
			s := newScanner(opts, &budget, shared)
			for {
				n := int(next.Add(1)) - 1
				if n >= len(order) {
					return
				}
				i := order[n]
				id := ""
				if i < len(ids) {
					id = ids[i]
				}
				scans[i], errs[i] = s.layer(ctx, &b.layers[i], id)
				if errs[i] != nil {
					cancel()
					return
				}
			}
		})
	}
	wg.Wait()
	// One failing layer stops the others; its own error is the news.
	for _, cancelled := range []bool{false, true} {
		for i, err := range errs {
			if err != nil && errors.Is(err, context.Canceled) == cancelled {
				return nil, fmt.Errorf("layer %d of %d: %w", i+1, len(errs), err)
			}
		}
	}
	return scans, ctx.Err()
}

// shortDigest is a digest as people say it.
func shortDigest(d string) string {
	algorithm, hash, ok := strings.Cut(d, ":")
	if !ok || len(hash) <= 12 {
		return d
	}
	return algorithm + ":" + hash[:12]
}
