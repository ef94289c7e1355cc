package read

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/secret"
)

const (
	// blockSize is what is read of a layer at a time.
	blockSize = 256 << 10
	// maxPath is Linux' PATH_MAX.
	maxPath = 4096
	// maxName is Linux' NAME_MAX.
	maxName = 255
	// maxProblems of one layer are kept; a broken layer has as many as files.
	maxProblems = 50
)

// A scanner reads layers, one after the other, with buffers of its own.
type scanner struct {
	opts     Options
	budget   *atomic.Int64 // bytes that may still be read, of all layers
	archives *archives     // shared by all layers
	ctx      context.Context
	buf      []byte
	head     []byte // the head of an ELF file
	hash     *xxhash.Digest

	// Of the layer that is read:
	out     image.Scan
	lost    int // secrets beyond maxSecrets
	dropped int // problems beyond maxProblems

	manifests     int // that are kept
	manifestBytes int64
	crowded       bool // some were not
}

func newScanner(opts Options, budget *atomic.Int64, shared *archives) *scanner {
	return &scanner{opts: opts, budget: budget, archives: shared, ctx: context.Background(), buf: make([]byte, blockSize+secret.Margin+secret.Before), hash: xxhash.New()}
}

// layer reads one layer and holds it against its digests.
func (s *scanner) layer(ctx context.Context, b *blob, diffID string) (image.Scan, error) {
	s.lost, s.dropped, s.ctx = 0, 0, ctx
	s.manifests, s.manifestBytes, s.crowded = 0, 0, false
	s.out = image.Scan{Layer: image.Layer{Digest: b.digest, DiffID: diffID, MediaType: b.mediaType, Compressed: max(b.size, 0), Skipped: b.skip}}
	if b.skip != "" {
		s.problem("", "not looked at: "+b.skip)
		return s.out, nil
	}
	stored, err := b.open()
	if err != nil {
		return image.Scan{}, err
	}
	defer stored.Close()
	sum := newSum(b.digest)
	raw := &counter{r: io.TeeReader(&interruptible{ctx, stored}, sum)}
	content, closeContent, compressed, err := decompress(raw)
	if err != nil {
		return image.Scan{}, err
	}
	defer closeContent()
	diff := newSum(diffID)
	if !compressed && b.digest == diffID {
		diff = nil // the same bytes are summed already
	}
	ahead := readAhead(content, diff, s.budget)
	defer ahead.stop()
	if err := s.tar(ahead); err != nil {
		if e := ctx.Err(); e != nil {
			err = e
		}
		return image.Scan{}, err
	}
	// What is behind the archive's end belongs to the digests too.
	if _, err := io.Copy(io.Discard, ahead); err != nil {
		return image.Scan{}, err
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return image.Scan{}, err
	}
	if diff != nil {
		if err := diff.check("its content"); err != nil {
			return image.Scan{}, err
		}
	}
	if err := sum.check("it"); err != nil {
		return image.Scan{}, err
	}
	s.out.Layer.Compressed = raw.n
	if s.lost > 0 {
		s.problem("", fmt.Sprintf("%d more secrets were found in it", s.lost))
	}
	if s.dropped > 0 {
		s.out.Problems = append(s.out.Problems, image.Problem{What: fmt.Sprintf("%d more problems like these", s.dropped)})
	}
	return s.out, nil
}

func (s *scanner) problem(p, what string) {
	if len(s.out.Problems) >= maxProblems {
		s.dropped++
		return
	}
	s.out.Problems = append(s.out.Problems, image.Problem{Path: p, What: what})
}

// unsearched is a problem by which the content of a file was not searched, or
// not all of it.
func (s *scanner) unsearched(p, what string) {
	s.out.Unsearched++
	s.problem(p, what)
}

// tar reads the entries of a layer.
func (s *scanner) tar(r io.Reader) error {
	tr := tar.NewReader(r)
	links := map[string]int{} // of this layer's hard links, what they may name
	var hard []int
	out := &s.out
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read its archive: %w", err)
		}
		if out.Layer.Files++; out.Layer.Files > s.opts.Limits.Files {
			return fmt.Errorf("it has more than %d entries", s.opts.Limits.Files)
		}
		name, ok := s.name(h.Name)
		if !ok {
			continue
		}
		if base := path.Base(name); strings.HasPrefix(base, ".wh.") {
			switch {
			case base == ".wh..wh..opq":
				out.Removals = append(out.Removals, image.Removal{Path: path.Dir(name), Opaque: true})
			case strings.HasPrefix(base, ".wh..wh."):
				// What AUFS kept for itself.
			case base != ".wh." && base != ".wh.." && base != ".wh...":
				out.Removals = append(out.Removals, image.Removal{Path: path.Join(path.Dir(name), base[len(".wh."):])})
			}
			continue
		}
		f := image.File{Path: name, Mode: h.FileInfo().Mode(), UID: h.Uid, GID: h.Gid}
		switch h.Typeflag {
		case tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
			f.Mode = f.Mode.Perm() | f.Mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)
			if sparse(h) {
				// No builder makes them, and the archive's reader would give
				// every byte of a hole, of which there may be terabytes.
				s.unsearched(name, "not looked at: it is a sparse file of "+image.Bytes(h.Size))
			} else if err := s.content(tr, &f, h.Size); err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
			out.Layer.Size += f.Size
		case tar.TypeLink:
			f.Link, f.Hard = clean(h.Linkname), true
			f.Mode &= fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
			if climbs(h.Linkname) {
				s.problem(name, fmt.Sprintf("is a hard link to %q, outside the image", short(h.Linkname)))
			}
			hard = append(hard, len(out.Files))
		case tar.TypeSymlink:
			f.Link = h.Linkname
			if len(f.Link) > maxPath {
				s.problem(name, "links to a path that is too long")
				f.Link = ""
			}
		case tar.TypeDir, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		default:
			s.problem(name, fmt.Sprintf("has an unknown type, %q", h.Typeflag))
			continue
		}
		if f.Mode.IsRegular() && !f.Hard {
			links[name] = len(out.Files)
		}
		out.Files = append(out.Files, f)
	}
	for _, i := range hard {
		f := &out.Files[i]
		at, ok := links[f.Link]
		if !ok {
			s.problem(f.Path, "is a hard link to "+f.Link+", which is not in its layer")
			continue
		}
		first := &out.Files[at]
		f.Mode, f.UID, f.GID, f.Size, f.Sum, f.ELF, f.Script = first.Mode, first.UID, first.GID, first.Size, first.Sum, first.ELF, first.Script
	}
	return nil
}

// sparse tells whether a file has holes in it.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// name makes an entry's name a path in the image; ok is false for one that no
// file system could hold.
func (s *scanner) name(raw string) (p string, ok bool) {
	switch {
	case len(raw) > maxPath:
		s.problem(short(raw), "has a path of more than 4096 bytes")
		return "", false
	case strings.IndexByte(raw, 0) >= 0:
		s.problem(short(raw), "has a NUL in its path")
		return "", false
	case climbs(raw):
		s.problem(short(raw), "has a path that leads out of the image; it is read as a path inside it")
	}
	p = clean(raw)
	for rest := p; len(rest) > maxName; {
		name, after, _ := strings.Cut(rest, "/")
		if len(name) > maxName {
			s.problem(short(raw), "has a name of more than 255 bytes")
			return "", false
		}
		rest = after
	}
	return p, true
}

// clean makes a name in an archive a path as the model has it: absolute and
// clean.
func clean(p string) string { return path.Clean("/" + p) }

// climbs tells whether a path goes above where it begins.
func climbs(p string) bool {
	if !strings.Contains(p, "..") {
		return false
	}
	depth := 0
	for part := range strings.SplitSeq(p, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return false
}

// short is a name of any length for a message.
func short(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return s
}
