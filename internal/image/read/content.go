package read

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// content reads one file.
func (s *scanner) content(r io.Reader, f *image.File, size int64) error {
	s.hash.Reset()
	if what := unreadDatabases[f.Path]; what != "" && size > 0 {
		s.problem(f.Path, "not looked at: "+what)
	}
	keep := keepLimit(f.Path)
	if keep > 0 && image.IsManifest(f.Path) && !s.room(size) {
		keep = 0
	}
	var kept []byte
	if keep > 0 {
		if size > int64(keep) {
			s.problem(f.Path, fmt.Sprintf("not looked at: it has %s, which is more than the limit of %s", image.Bytes(size), image.Bytes(int64(keep))))
			keep = 0
		} else {
			kept = make([]byte, 0, size)
		}
	}
	// An archive is looked into when it is there as a whole.
	var pack []byte
	packs := false
	raw := len(s.out.Secrets)
	var elf *elfLook
	search := searching{scanner: s, path: f.Path, off: s.opts.NoSecrets && len(s.opts.Planted) == 0}
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
		if f.Size == 0 && n > 0 && !search.off {
			if packs = s.packs(f.Path, fresh, size); packs && size > largeArchive {
				s.archives.large.Lock()
				defer s.archives.large.Unlock()
			}
		}
		if packs {
			if pack == nil {
				pack = make([]byte, 0, size)
			}
			pack = append(pack, fresh...)
		}
		if elf != nil {
			elf.feed(uint64(f.Size), fresh)
		}
		if keep > 0 {
			kept = append(kept, fresh...)
		}
		f.Size += int64(n)
		held = search.block(s.buf[:held+n], f.Size, err == io.EOF)
		if err == io.EOF {
			break
		}
	}
	f.Sum = s.hash.Sum64()
	if packs {
		s.archive(f, pack, raw)
	}
	if elf != nil {
		f.ELF = elf.finish()
		s.head = elf.head[:0]
	}
	if keep > 0 {
		s.keep(f.Path, kept)
	}
	return nil
}

// packs tells whether a file is an archive that is looked into. One that is not,
// although it is named as an archive, is told.
func (s *scanner) packs(p string, head []byte, size int64) bool {
	switch how := packingOf(head, p); {
	case how == noPacking, !opens(p):
		return false
	case how == unknownPacking:
		s.unsearched(p, "not looked at: "+errFormat.Error())
		return false
	case size > maxArchive:
		// What holds data alone is packed without compressing it, and is searched as it is.
		if isArchive(p) {
			s.unsearched(p, fmt.Sprintf("not looked at: it has %s, which is more than the limit of %s for an archive", image.Bytes(size), image.Bytes(maxArchive)))
		}
		return false
	}
	return true
}

// searching is the search for secrets in one file.
type searching struct {
	*scanner
	path    string
	inner   string // where path is an archive, the file in it
	off     bool
	program bool
	from    int // where in the next block the search goes on
	found   int
	surface *surface
}

// block searches what is in the buffer, of which the last byte is the one
// before offset end in the file. It leaves what the next block needs at the
// buffer's beginning and gives its length.
func (g *searching) block(data []byte, end int64, last bool) int {
	if g.off {
		return 0
	}
	to := len(data)
	if !last {
		to -= secret.Margin
	}
	start := end - int64(len(data))
	if to > g.from {
		g.planted(data, to)
	}
	if to > g.from && g.found < maxFileSecrets && !g.opts.NoSecrets {
		secret.Search(data, g.from, to, func(m secret.Match) { g.match(data, start, m) })
	}
	if last {
		return 0
	}
	back := max(0, to-secret.Before)
	g.from = to - back
	return copy(g.buf, data[back:])
}

// planted looks for the planted words that begin before data[to].
func (g *searching) planted(data []byte, to int) {
	for w, word := range g.opts.Planted {
		if !bytes.Contains(data[g.from:min(len(data), to+len(word)-1)], []byte(word)) {
			continue
		}
		if hit := (image.Plant{Word: w, Path: g.path}); !slices.Contains(g.out.Planted, hit) {
			g.out.Planted = append(g.out.Planted, hit)
		}
	}
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
	g.secret(g.path, image.Secret{Inner: g.inner, Offset: start + int64(m.From), What: m.What, Public: m.Public, Masked: masked, Sum: fingerprint(value), ID: secret.IDOf(value)})
}

// maxManifests is how many manifests of a layer are kept, and maxManifestBytes
// how large they may be together.
const (
	maxManifests     = 5000
	maxManifestBytes = 32 << 20
)

// room tells whether one more manifest is kept. The first that is not is told.
func (s *scanner) room(size int64) bool {
	if s.manifests == maxManifests || s.manifestBytes+size > maxManifestBytes {
		if !s.crowded {
			s.problem("", fmt.Sprintf("not looked at: manifests beyond the first %d, which have %s", s.manifests, image.Bytes(s.manifestBytes)))
		}
		s.crowded = true
		return false
	}
	s.manifests++
	s.manifestBytes += size
	return true
}

// keepLimit is how many bytes of a file are read as a whole; 0 = it is of no
// use.
func keepLimit(p string) int {
	if limit := image.Keep(p); limit > 0 {
		return limit
	}
	if _, limit := packagesIn(p); limit > 0 {
		return limit
	}
	if _, ok := kindOf(p); ok {
		return maxSettings
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
		s.out.Databases = append(s.out.Databases, image.Database{Path: p, Packages: list})
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
	if s.out.Kept == nil {
		s.out.Kept = map[string][]byte{}
	}
	s.out.Kept[p] = data
}
