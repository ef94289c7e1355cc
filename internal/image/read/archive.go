package read

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// What is unpacked of the archives that lie in an image: as much as reading the
// image itself costs, and no more for those that are made to grow without end.
const (
	// maxArchive is how large an archive may be that is held in memory, and
	// largeArchive from where on one is held at a time.
	maxArchive   = 128 << 20
	largeArchive = 4 << 20
	// maxNested is how much is held of zip archives that lie in other archives:
	// their directory is at their end.
	maxNested = 32 << 20
	// maxDepth is how many archives may lie in one another; a tar file in gzip
	// is two.
	maxDepth = 10
	// maxMembers of one archive are looked at, with those of archives in it.
	maxMembers = 100_000
	// An archive may become maxGrowth times as large and freeGrowth on top; all
	// archives of an image maxImageGrowth times as large as its layers are stored
	// and freeImageGrowth on top.
	maxGrowth       = 20
	freeGrowth      = 16 << 20
	maxImageGrowth  = 4
	freeImageGrowth = 1 << 30
	// maxSettings is how large a file may be that is read whole because it is
	// known by its name.
	maxSettings = 1 << 20
)

// A packing is a format of archives.
type packing uint8

const (
	noPacking packing = iota
	zipped
	tarred
	gzipped
	bzipped
	zstded
	unknownPacking // an archive by its beginning, in a format that is not read
)

// packingOf tells by its beginning and its name how a file is packed.
func packingOf(head []byte, name string) packing {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return zipped
	case isGzip(head) && len(head) > 3 && head[2] == 8:
		return gzipped
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return tarred
	case bytes.HasPrefix(head, []byte("BZh")) && len(head) > 9 && string(head[4:10]) == "1AY&SY":
		return bzipped
	case isZstd(head):
		return zstded
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")), bytes.HasPrefix(head, []byte("7z\xbc\xaf\x27\x1c")), bytes.HasPrefix(head, []byte("Rar!\x1a\x07")):
		return unknownPacking
	}
	// What begins with something else, as a jar that starts itself, or has no
	// magic, as an old tar file.
	switch end := endOf(name); {
	case end == "":
	case knowledge.ZipEnds.Has(end) && len(head) >= 22:
		return zipped
	case end == ".tar" && len(head) >= 512:
		if _, err := tar.NewReader(bytes.NewReader(head[:512])).Next(); err == nil {
			return tarred
		}
	}
	return noPacking
}

// isArchive tells whether a name is that of an archive, so that it is said where
// one could not be looked into.
func isArchive(name string) bool {
	end := endOf(name)
	return knowledge.ZipEnds.Has(end) || knowledge.StreamEnds.Has(end) || knowledge.UnreadArchives.Has(end)
}

// endOf is the end of a name from its last dot on, in lower case; "" = it has
// none that is short.
func endOf(name string) string {
	at := strings.LastIndexByte(name, '.')
	if at < 0 || len(name)-at > 8 {
		return ""
	}
	return strings.ToLower(name[at:])
}

// opens tells whether archives at a path are looked into. What published
// packages bring with them anybody can download.
func opens(p string) bool { return image.OriginOf(p) < image.Published }

// archives is what the scanners of one image share.
type archives struct {
	left  atomic.Int64 // bytes that may still be unpacked
	large sync.Mutex   // held by who holds a large archive in memory
}

// newArchives is for an image of which the layers have that many bytes as stored.
func newArchives(stored int64) *archives {
	a := &archives{}
	a.left.Store(maxImageGrowth*stored + freeImageGrowth)
	return a
}

var (
	errUnpacked = errors.New("it unpacks to more than the limit")
	errMembers  = errors.New("it has too many files in it")
	errHeld     = fmt.Errorf("an archive in it has more than %s", image.Bytes(maxNested))
	errDeep     = fmt.Errorf("archives in it are nested more than %d deep", maxDepth)
	errLocked   = errors.New("it is encrypted")
	errFormat   = errors.New("its format is not read")
)

// An opening looks into one archive of a layer.
type opening struct {
	*scanner
	path    string
	left    int64 // bytes that may still be unpacked
	members int   // that may still be looked at
	held    int64 // bytes of archives in it that are held
	unread  error // the first reason why something was not looked at
	broken  error // the first thing that is broken
}

// A member is where in an archive something lies.
type member struct {
	inner  string       // its path; archives in the archive are parted by "!/". "" = the file that is compressed
	name   string       // of the file, by which it is known
	origin image.Origin // at least
	depth  int          // archives around it
}

// archive looks into an archive that was read whole. What is found in it takes
// the place of what was found in its packed bytes, from index raw on.
func (s *scanner) archive(f *image.File, data []byte, raw int) {
	o := &opening{scanner: s, path: f.Path, left: maxGrowth*int64(len(data)) + freeGrowth, members: maxMembers}
	found := len(s.out.Secrets)
	o.file(bytes.NewReader(data), member{name: path.Base(f.Path), origin: ownerOf(f.Path)})
	inside := map[uint64]bool{}
	for _, one := range s.out.Secrets[found:] {
		inside[one.ID] = true
	}
	kept := s.out.Secrets[:raw]
	for i, one := range s.out.Secrets[raw:] {
		if raw+i >= found || !inside[one.ID] {
			kept = append(kept, one)
		}
	}
	s.out.Secrets = kept
	switch {
	case o.unread != nil:
		s.unsearched(f.Path, "not looked at in full: "+o.unread.Error())
	case o.broken != nil && isArchive(f.Path):
		s.problem(f.Path, "is a broken archive, of which only a part can be read: "+short(o.broken.Error()))
	}
}

// ownerOf is the origin at least of what an archive holds: wheels and the jars
// beside a program are mostly published packages.
func ownerOf(p string) image.Origin {
	low := strings.ToLower(p)
	switch {
	case strings.HasSuffix(low, ".whl"), strings.HasSuffix(low, ".egg"), strings.HasSuffix(low, ".gem"), strings.HasSuffix(low, ".nupkg"), strings.HasSuffix(low, ".crate"):
		return image.Published
	case strings.HasSuffix(low, ".jar"):
		dir := path.Dir(p)
		if base := path.Base(dir); knowledge.JarFolders.Has(base) || knowledge.JarFolders.Has(path.Join(path.Base(path.Dir(dir)), base)) {
			return image.Published
		}
	}
	return image.OriginOf(p)
}

// missed notes why something was not looked at.
func (o *opening) missed(err error) {
	if o.unread == nil {
		o.unread = err
	}
}

// file looks at one file, which may be an archive itself.
func (o *opening) file(r io.Reader, at member) {
	var br *bufio.Reader
	var head []byte
	whole, isWhole := r.(*bytes.Reader)
	if isWhole {
		head = make([]byte, min(512, whole.Len()))
		whole.ReadAt(head, 0)
	} else {
		br = bufio.NewReaderSize(r, 512)
		head, _ = br.Peek(512)
		r = br
	}
	how := packingOf(head, at.name)
	switch {
	case how == noPacking:
		o.search(r, at)
		return
	case how == unknownPacking:
		o.missed(errFormat)
		o.search(r, at)
		return
	case at.depth >= maxDepth:
		o.missed(errDeep)
		return
	}
	at.depth++
	var err error
	switch how {
	case zipped:
		if !isWhole {
			if whole, err = o.hold(br); err != nil {
				break
			}
			defer func() { o.held -= whole.Size() }()
		}
		err = o.zip(whole, at)
	case tarred:
		err = o.tar(r, at)
	case gzipped:
		var z *gzip.Reader
		if z, err = gzip.NewReader(r); err == nil {
			o.file(&metered{r: z, o: o}, at.unwrapped())
			z.Close()
		}
	case bzipped:
		o.file(&metered{r: bzip2.NewReader(r), o: o}, at.unwrapped())
	case zstded:
		var z *zstd.Decoder
		if z, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20)); err == nil {
			o.file(&metered{r: z, o: o}, at.unwrapped())
			z.Close()
		}
	}
	o.failed(err)
}

// failed notes an error of an archive: a limit, or what is broken.
func (o *opening) failed(err error) {
	switch {
	case err == nil:
	case errors.Is(err, errUnpacked), errors.Is(err, errMembers), errors.Is(err, errHeld), errors.Is(err, errLocked), o.ctx.Err() != nil:
		o.missed(err)
	case o.broken == nil:
		o.broken = err
	}
}

// unwrapped is the one file in a compressed one.
func (at member) unwrapped() member {
	low := strings.ToLower(at.name)
	for _, end := range []string{".gz", ".bz2", ".zst"} {
		if strings.HasSuffix(low, end) {
			at.name = at.name[:len(at.name)-len(end)]
			return at
		}
	}
	if strings.HasSuffix(low, ".tgz") || strings.HasSuffix(low, ".tbz") {
		at.name = at.name[:len(at.name)-3] + "tar"
	}
	return at
}

// in is where a file of an archive lies.
func (at member) in(name string) member {
	name = strings.TrimPrefix(clean(name), "/")
	if len(name) > maxPath {
		name = short(name)
	}
	inner := name
	if at.inner != "" {
		inner = at.inner + "!/" + name
	}
	if len(inner) > maxPath {
		inner = short(inner)
	}
	return member{inner: inner, name: path.Base(name), origin: max(at.origin, ownerOf("/"+name)), depth: at.depth}
}

// hold reads an archive in an archive whole.
func (o *opening) hold(r io.Reader) (*bytes.Reader, error) {
	most := maxNested - o.held
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > most:
		return nil, errHeld
	}
	o.held += int64(len(data))
	return bytes.NewReader(data), nil
}

// directory begins each entry of a zip archive's directory.
var directory = []byte("PK\x01\x02")

// zip looks at the files of a zip archive.
func (o *opening) zip(r *bytes.Reader, at member) error {
	// The entries of the directory are held all at once, whatever it says of
	// their number.
	if n := countIn(r, directory); n > o.members {
		return errMembers
	}
	z, err := zip.NewReader(r, r.Size())
	if err != nil {
		r.Seek(0, io.SeekStart)
		o.search(r, at)
		return err
	}
	z.RegisterDecompressor(zip.Deflate, inflate)
	for _, f := range z.File {
		if !o.member() {
			return errMembers
		}
		switch {
		case f.UncompressedSize64 == 0, strings.HasSuffix(f.Name, "/"):
			continue
		case f.Flags&1 != 0:
			o.missed(errLocked)
			continue
		}
		content, err := f.Open()
		if errors.Is(err, zip.ErrAlgorithm) {
			o.missed(errFormat)
			continue
		}
		if err != nil {
			o.failed(err)
			continue
		}
		o.file(&metered{r: content, o: o}, at.in(f.Name))
		content.Close()
		if err := o.spent(); err != nil {
			return err
		}
	}
	return nil
}

// inflaters are kept from one file to the next: their windows are larger than most
// files.
var inflaters sync.Pool

// inflate undoes a zip archive's compression, as the standard library's reader
// does, but faster.
func inflate(r io.Reader) io.ReadCloser {
	z, ok := inflaters.Get().(io.ReadCloser)
	if !ok {
		z = flate.NewReader(r)
	} else if z.(flate.Resetter).Reset(r, nil) != nil {
		z = flate.NewReader(r)
	}
	return &inflater{z}
}

// An inflater goes back to the others when it is closed.
type inflater struct{ z io.ReadCloser }

func (i *inflater) Read(p []byte) (int, error) {
	if i.z == nil {
		return 0, io.ErrClosedPipe
	}
	return i.z.Read(p)
}

func (i *inflater) Close() error {
	if i.z == nil {
		return nil
	}
	err := i.z.Close()
	inflaters.Put(i.z)
	i.z = nil
	return err
}

// countIn is how often a word is in a file that is held.
func countIn(r *bytes.Reader, word []byte) (n int) {
	const step = 64 << 10
	buf := make([]byte, step+len(word)-1)
	for at := int64(0); at < r.Size(); at += step {
		m, _ := r.ReadAt(buf, at)
		n += bytes.Count(buf[:m], word)
	}
	return n
}

// tar looks at the files of a tar archive.
func (o *opening) tar(r io.Reader, at member) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !o.member() {
			return errMembers
		}
		if h.Typeflag != tar.TypeReg || h.Size == 0 || sparse(h) {
			continue
		}
		o.file(t, at.in(h.Name))
		if err := o.spent(); err != nil {
			return err
		}
	}
}

// member counts a file of an archive; false = it is one too many.
func (o *opening) member() bool {
	o.members--
	return o.members >= 0
}

// spent is why no more is looked at; nil = there is something left.
func (o *opening) spent() error {
	if err := o.ctx.Err(); err != nil {
		return err
	}
	if o.left <= 0 {
		return errUnpacked
	}
	return nil
}

// metered takes what is unpacked from the budgets.
type metered struct {
	r io.Reader
	o *opening
}

func (m *metered) Read(p []byte) (int, error) {
	if err := m.o.spent(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.o.left)])
	m.o.left -= int64(n)
	if m.o.archives.left.Add(-int64(n)) < 0 {
		m.o.left = 0
	}
	return n, err
}

// search looks for secrets in a file that is no archive.
func (o *opening) search(r io.Reader, at member) {
	p := o.path
	if at.inner != "" {
		p += "/" + strings.ReplaceAll(at.inner, "!/", "/")
	} else {
		p = path.Join(path.Dir(p), at.name)
	}
	sf := surfaceOf(p)
	sf.packed = true
	sf.origin = max(sf.origin, at.origin)
	if sf.origin >= image.Published {
		sf.sample = sf.sample || isSample(p)
	}
	kind, known := kindByName(p)
	known = known && sf.origin < image.Published && !o.opts.NoSecrets
	search := searching{scanner: o.scanner, path: o.path, inner: at.inner, surface: &sf}
	var kept []byte
	held, size := 0, int64(0)
	for {
		n, err := fill(r, o.buf[held:])
		if err != nil && err != io.EOF {
			o.failed(err)
		}
		fresh := o.buf[held : held+n]
		if size == 0 && bytes.HasPrefix(fresh, []byte("\x7fELF")) {
			sf.program = true
		}
		size += int64(n)
		if known {
			if known = size <= maxSettings; known {
				kept = append(kept, fresh...)
			}
		}
		held = search.block(o.buf[:held+n], size, err != nil)
		if err != nil {
			break
		}
	}
	if known {
		for _, found := range kind.secretsIn(kept) {
			found.Inner = at.inner
			o.secret(o.path, found)
		}
	}
}
