package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
func (b *bundle) read(ctx context.Context, opts Options) (*Image, error) {
	opts = opts.WithDefaults()
	config, err := parseConfig(b.config)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b.config)
	img := &Image{
		Name: b.name, Digest: b.digest, ID: "sha256:" + hex.EncodeToString(sum[:]), Annotations: b.annotations,
		Platform: Platform{config.OS, config.Architecture, config.Variant},
		Config:   config.settings(),
		Layers:   make([]Layer, len(b.layers)),
	}
	img.Created = config.Created.Time
	for _, h := range config.History {
		s := parseStep(h.CreatedBy)
		s.Comment, s.Author, s.Empty = h.Comment, h.Author, h.EmptyLayer
		s.Created = h.Created.Time
		img.Steps = append(img.Steps, s)
	}
	ids := config.RootFS.DiffIDs
	if len(ids) != 0 && len(ids) != len(b.layers) {
		return nil, fmt.Errorf("the config speaks of %d layers and the manifest of %d", len(ids), len(b.layers))
	}
	scans, err := b.scan(ctx, ids, opts)
	if err != nil {
		return nil, err
	}
	for i, s := range scans {
		img.Layers[i] = s.layer
		img.Problems = append(img.Problems, s.problems...)
	}
	img.Paired = pair(img.Steps, img.Layers)
	if !img.Paired && len(img.Steps) > 0 {
		img.Problems = append(img.Problems, Problem{Layer: -1, What: "the history tells of another number of layers than there are, so no layer is put down to its step"})
	}
	img.assemble(scans)
	img.list()
	return img, nil
}

// scan reads the layers, several at a time.
func (b *bundle) scan(ctx context.Context, ids []string, opts Options) ([]*scanned, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	scans := make([]*scanned, len(b.layers))
	errs := make([]error, len(b.layers))
	var budget atomic.Int64
	budget.Store(opts.Limits.Bytes)
	// The largest first, so that none of them is begun last.
	order := make([]int, len(b.layers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return int(min(max(b.layers[j].size-b.layers[i].size, -1), 1)) })
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(opts.Workers, len(b.layers)) {
		wg.Go(func() {
			s := newScanner(opts, &budget)
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
				scans[i], errs[i] = s.layer(ctx, i, &b.layers[i], id)
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

// assemble lays the layers over one another and asks what the whole says.
func (img *Image) assemble(scans []*scanned) {
	img.Tree = newTree()
	type place struct {
		layer int
		path  string
	}
	secrets := map[place][]int{}
	for _, s := range scans {
		img.Planted = append(img.Planted, s.planted...)
		for _, found := range s.secrets {
			at := place{found.Layer, found.Path}
			secrets[at] = append(secrets[at], len(img.Secrets))
			img.Secrets = append(img.Secrets, found)
		}
	}
	for i, s := range scans {
		img.Tree.apply(s.layer.files, s.removals, func(old, by *File) {
			if len(secrets) > 0 {
				for _, n := range secrets[place{old.Layer, old.Path}] {
					img.Secrets[n].Hidden = i
				}
			}
			if w, ok := wasteOf(old, by, i); ok {
				img.Waste = append(img.Waste, w)
			}
		})
	}
	// What is gone under one name may still be seen under another.
	alive := map[place]bool{}
	for _, s := range scans {
		for j := range s.layer.files {
			if f := &s.layer.files[j]; f.Hard && img.Tree.Lstat(f.Path) == f {
				alive[place{f.Layer, f.Link}] = true
			}
		}
	}
	img.Waste = slices.DeleteFunc(img.Waste, func(w Waste) bool { return alive[place{w.First, w.Path}] })
	slices.SortStableFunc(img.Waste, byWaste)
	kept := func(p string) []byte {
		f, err := img.Tree.Lookup(p)
		if err != nil || !f.IsRegular() {
			return nil
		}
		name := f.Path
		if f.Hard {
			name = f.Link
		}
		return scans[f.Layer].kept[name]
	}
	img.packages(scans)
	img.loader = loaderOf(img.Tree, kept)
	img.users, img.groups = parsePasswd(kept("/etc/passwd")), parseGroup(kept("/etc/group"))
	if img.OS = parseRelease(kept("/etc/os-release")); img.OS.ID == "" {
		img.OS = parseRelease(kept("/usr/lib/os-release"))
	}
}

// shortDigest is a digest as people say it.
func shortDigest(d string) string {
	algorithm, hash, ok := strings.Cut(d, ":")
	if !ok || len(hash) <= 12 {
		return d
	}
	return algorithm + ":" + hash[:12]
}
