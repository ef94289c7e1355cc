package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync/atomic"

	"github.com/dockworthy/dockworthy/secret"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
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

// scanned is what one pass over a layer brings.
type scanned struct {
	layer     Layer
	removals  []removal
	kept      map[string][]byte // the contents of the few files that the model reads whole
	databases []database
	secrets   []Secret
	lost      int // secrets beyond maxSecrets
	problems  []Problem
	dropped   int // problems beyond maxProblems
}

// A scanner reads layers, one after the other, with buffers of its own.
type scanner struct {
	opts   Options
	budget *atomic.Int64 // bytes that may still be read, of all layers
	buf    []byte
	head   []byte // the head of an ELF file
	hash   *xxhash.Digest
	out    *scanned
	index  int
}

func newScanner(opts Options, budget *atomic.Int64) *scanner {
	return &scanner{opts: opts, budget: budget, buf: make([]byte, blockSize+secret.Margin+secret.Before), hash: xxhash.New()}
}

// layer reads one layer and holds it against its digests.
func (s *scanner) layer(ctx context.Context, index int, b *blob, diffID string) (*scanned, error) {
	s.index = index
	s.out = &scanned{layer: Layer{Digest: b.digest, DiffID: diffID, MediaType: b.mediaType, Compressed: max(b.size, 0), Step: -1, Skipped: b.skip}}
	if b.skip != "" {
		s.problem("", "not looked at: "+b.skip)
		return s.out, nil
	}
	stored, err := b.open()
	if err != nil {
		return nil, err
	}
	defer stored.Close()
	sum := newSum(b.digest)
	raw := &counter{r: io.TeeReader(&interruptible{ctx, stored}, sum)}
	content, closeContent, compressed, err := decompress(raw)
	if err != nil {
		return nil, err
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
		return nil, err
	}
	// What is behind the archive's end belongs to the digests too.
	if _, err := io.Copy(io.Discard, ahead); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return nil, err
	}
	if diff != nil {
		if err := diff.check("its content"); err != nil {
			return nil, err
		}
	}
	if err := sum.check("it"); err != nil {
		return nil, err
	}
	s.out.layer.Compressed = raw.n
	if s.out.lost > 0 {
		s.problem("", fmt.Sprintf("%d more secrets were found in it", s.out.lost))
	}
	if s.out.dropped > 0 {
		s.out.problems = append(s.out.problems, Problem{index, "", fmt.Sprintf("%d more oddities like these", s.out.dropped)})
	}
	return s.out, nil
}

func (s *scanner) problem(p, what string) {
	if len(s.out.problems) >= maxProblems {
		s.out.dropped++
		return
	}
	s.out.problems = append(s.out.problems, Problem{s.index, p, what})
}

// tar reads the entries of a layer.
func (s *scanner) tar(r io.Reader) error {
	tr := tar.NewReader(r)
	links := map[string]int{} // of this layer's hard links, what they may name
	var hard []int
	out := s.out
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read its archive: %w", err)
		}
		if out.layer.Files++; out.layer.Files > s.opts.Limits.Files {
			return fmt.Errorf("it has more than %d entries", s.opts.Limits.Files)
		}
		name, ok := s.name(h.Name)
		if !ok {
			continue
		}
		if base := path.Base(name); strings.HasPrefix(base, ".wh.") {
			switch {
			case base == ".wh..wh..opq":
				out.removals = append(out.removals, removal{path.Dir(name), true})
			case strings.HasPrefix(base, ".wh..wh."):
				// What AUFS kept for itself.
			case base != ".wh." && base != ".wh.." && base != ".wh...":
				out.removals = append(out.removals, removal{path.Join(path.Dir(name), base[len(".wh."):]), false})
			}
			continue
		}
		f := File{Path: name, Mode: h.FileInfo().Mode(), UID: h.Uid, GID: h.Gid, Layer: s.index}
		switch h.Typeflag {
		case tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
			f.Mode = f.Mode.Perm() | f.Mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)
			if sparse(h) {
				// No builder makes them, and the archive's reader would give
				// every byte of a hole, of which there may be terabytes.
				s.problem(name, "not looked at: it is a sparse file of "+Bytes(h.Size))
			} else if err := s.content(tr, &f, h.Size); err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
			out.layer.Size += f.Size
		case tar.TypeLink:
			f.Link, f.Hard = clean(h.Linkname), true
			f.Mode &= fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
			if climbs(h.Linkname) {
				s.problem(name, fmt.Sprintf("is a hard link out of the image, to %q", short(h.Linkname)))
			}
			hard = append(hard, len(out.layer.files))
		case tar.TypeSymlink:
			f.Link = h.Linkname
			if len(f.Link) > maxPath {
				s.problem(name, "links to a path that is too long")
				f.Link = ""
			}
		case tar.TypeDir, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		default:
			s.problem(name, fmt.Sprintf("is of an unknown kind, %q", h.Typeflag))
			continue
		}
		if f.Mode.IsRegular() && !f.Hard {
			links[name] = len(out.layer.files)
		}
		out.layer.files = append(out.layer.files, f)
	}
	for _, i := range hard {
		f := &out.layer.files[i]
		at, ok := links[f.Link]
		if !ok {
			s.problem(f.Path, "is a hard link to "+f.Link+", which its layer does not have")
			continue
		}
		first := &out.layer.files[at]
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
		s.problem(short(raw), "has a path that leads out of the image; it is taken to end in it")
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

// content reads one file.
func (s *scanner) content(r io.Reader, f *File, size int64) error {
	s.hash.Reset()
	if what := unreadDatabases[f.Path]; what != "" && size > 0 {
		s.problem(f.Path, "not looked at: "+what)
	}
	keep := keepLimit(f.Path)
	var kept []byte
	if keep > 0 {
		if size > int64(keep) {
			s.problem(f.Path, fmt.Sprintf("not looked at: it has %s, and %s are read", Bytes(size), Bytes(int64(keep))))
			keep = 0
		} else {
			kept = make([]byte, 0, size)
		}
	}
	var elf *elfLook
	search := searching{scanner: s, path: f.Path, off: s.opts.NoSecrets}
	held := 0 // bytes at the buffer's beginning that the last block left
	for {
		n, err := fill(r, s.buf[held:])
		if err != nil && err != io.EOF {
			return err
		}
		fresh := s.buf[held : held+n]
		s.hash.Write(fresh)
		if f.Size == 0 && n > 1 {
			switch {
			case fresh[0] == 0x7f:
				if elf = lookELF(fresh, s.head); elf != nil {
					search.program = true
				}
			case bytes.HasPrefix(fresh, []byte("!<arch>\n")): // object files
				search.program = true
			case fresh[0] == '#':
				f.Script = parseScript(fresh)
			}
		}
		if elf != nil {
			elf.feed(uint64(f.Size), fresh)
		}
		if keep > 0 {
			kept = append(kept, fresh...)
		}
		f.Size += int64(n)
		held = search.block(s.buf[:held+n], f.Size, held, err == io.EOF)
		if err == io.EOF {
			break
		}
	}
	f.Sum = s.hash.Sum64()
	if elf != nil {
		f.ELF = elf.finish()
		s.head = elf.head[:0]
	}
	if keep > 0 {
		s.keep(f.Path, kept)
	}
	return nil
}

// searching is the search for secrets in one file.
type searching struct {
	*scanner
	path    string
	off     bool
	program bool
	from    int // where in the next block the search goes on
	found   int
	surface *surface
}

// block searches what is in the buffer, of which the last byte is the one
// before offset end in the file. It leaves what the next block needs at the
// buffer's beginning and gives its length.
func (g *searching) block(data []byte, end int64, held int, last bool) int {
	if g.off {
		return 0
	}
	to := len(data)
	if !last {
		to -= secret.Margin
	}
	start := end - int64(len(data))
	if to > g.from && g.found < maxFileSecrets {
		secret.Search(data, g.from, to, func(m secret.Match) { g.match(data, start, m) })
	}
	if last {
		return 0
	}
	back := max(0, to-secret.Before)
	g.from = to - back
	return copy(g.buf, data[back:])
}

func (g *searching) match(data []byte, start int64, m secret.Match) {
	if g.surface == nil {
		surface := surfaceOf(g.path)
		surface.program = g.program
		g.surface = &surface
	}
	value := string(data[m.From:m.To])
	if g.found >= maxFileSecrets || !g.surface.speaks(m, value) {
		return
	}
	g.found++
	masked := secret.Mask(value)
	if strings.HasPrefix(value, "-----BEGIN") {
		masked = "-----BEGIN …"
	}
	g.secret(g.path, Secret{Offset: start + int64(m.From), What: m.What, Public: m.Public, Masked: masked, Sum: secret.Sum(value)})
}

// keepLimit is how many bytes of a file are read as a whole; 0 = it is of no
// use.
func keepLimit(p string) int {
	switch p {
	case "/etc/passwd", "/etc/group", "/etc/os-release", "/usr/lib/os-release", "/etc/ld.so.conf":
		return 1 << 20
	}
	if _, limit := packagesIn(p); limit > 0 {
		return limit
	}
	if loaderPath(p) {
		return 1 << 16
	}
	if _, ok := kindOf(p); ok {
		return 1 << 20
	}
	return 0
}

// keep makes what it can of a file's content.
func (s *scanner) keep(p string, data []byte) {
	if read, _ := packagesIn(p); read != nil {
		list, err := read(p, data)
		if err != nil {
			s.problem(p, err.Error())
		}
		s.out.databases = append(s.out.databases, database{p, list})
		return
	}
	if kind, ok := kindOf(p); ok {
		if !s.opts.NoSecrets {
			for _, found := range kind.secretsIn(data) {
				s.secret(p, found)
			}
		}
		return
	}
	if s.out.kept == nil {
		s.out.kept = map[string][]byte{}
	}
	s.out.kept[p] = data
}

// decompress undoes gzip or zstd, whatever the media type says.
func decompress(r io.Reader) (content io.Reader, done func(), compressed bool, err error) {
	br := bufio.NewReaderSize(r, blockSize)
	magic, err := br.Peek(4)
	if err != nil && err != io.EOF {
		return nil, nil, false, err
	}
	switch {
	case isGzip(magic):
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, nil, false, err
		}
		return z, func() { z.Close() }, true, nil
	case isZstd(magic):
		z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return nil, nil, false, err
		}
		return z, z.Close, true, nil
	}
	return br, func() {}, false, nil
}

func isGzip(magic []byte) bool { return bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) }
func isZstd(magic []byte) bool { return bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) }

// A sum holds bytes against a digest.
type sum struct {
	hash.Hash
	want string // "" = whatever comes is right
}

func newSum(want string) *sum {
	if want == "" {
		return &sum{Hash: nothing{}}
	}
	return &sum{sha256.New(), want}
}

func (s *sum) check(what string) error {
	if s.want == "" {
		return nil
	}
	if !strings.HasPrefix(s.want, "sha256:") {
		return fmt.Errorf("its digest %s is not a SHA-256", short(s.want))
	}
	if got := "sha256:" + hex.EncodeToString(s.Sum(nil)); got != s.want {
		return fmt.Errorf("%w: %s is %s, and %s was announced", ErrDigest, what, shortDigest(got), shortDigest(s.want))
	}
	return nil
}

// What stops the reading of an image, among other things.
var (
	ErrDigest   = errors.New("wrong digest")           // a layer or a manifest is not the one that is meant
	ErrTooLarge = errors.New("too large")              // beyond Limits
	ErrPlatform = errors.New("no such platform")       // an index has not what Options.Platform asks for
	ErrNoImage  = errors.New("this is not an image")   // neither docker save's nor OCI's format
	ErrChoice   = errors.New("there is more than one") // an archive of several images, and no Options.Tag
)

// nothing is a hash that nobody asks.
type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Sum(b []byte) []byte         { return b }
func (nothing) Reset()                      {}
func (nothing) Size() int                   { return 0 }
func (nothing) BlockSize() int              { return 1 }

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// interruptible ends a stream when its context does.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
