package gitignore

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"path"

	"github.com/dockworthy/dockworthy/internal/files"
)

// Tracked are files that git keeps: patterns pass over files that nobody has added, and
// say nothing of those that somebody has. The nil Tracked holds none.
type Tracked struct{ files, folders map[string]bool }

// maxIndex bounds the index of a repository that is read: some 600,000 files.
const maxIndex = 64 << 20

// Index are the files that the index of the repository at the top of fsys holds, of those
// whose base names are asked for. It is nil where there is none, as in a further work
// tree, whose index lies elsewhere, and where it is not in a format that git-index(5) has.
func Index(fsys fs.FS, asked func(base string) bool) *Tracked {
	data, err := files.Read(fsys, ".git/index", maxIndex)
	if err != nil {
		return nil
	}
	hash := 20
	if config, err := files.Read(fsys, ".git/config", 1<<20); err == nil && bytes.Contains(bytes.ToLower(config), []byte("objectformat = sha256")) {
		hash = 32
	}
	t := &Tracked{files: map[string]bool{}, folders: map[string]bool{}}
	if !t.read(data, hash, asked) {
		return nil
	}
	return t
}

// The fixed parts of an index.
const (
	ofHeader   = 12 // its sign, version and number of entries
	ofStat     = 40 // what an entry knows of the file, before its hash
	isExtended = 0x4000
)

// read takes the entries of an index; false where it is not one.
func (t *Tracked) read(data []byte, hash int, asked func(string) bool) bool {
	if len(data) < ofHeader || string(data[:4]) != "DIRC" {
		return false
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 {
		return false
	}
	var name []byte
	for at := ofHeader; count > 0; count-- {
		head := at + ofStat + hash + 2
		if head > len(data) {
			return false
		}
		if binary.BigEndian.Uint16(data[head-2:])&isExtended != 0 {
			head += 2
		}
		if version == 4 { // the name says how much of the one before it goes
			less, n := offset(data, head)
			if n == 0 || less > len(name) {
				return false
			}
			name, head = name[:len(name)-less], head+n
		} else {
			name = name[:0]
		}
		if head > len(data) {
			return false
		}
		end := bytes.IndexByte(data[head:], 0)
		if end < 0 {
			return false
		}
		name = append(name, data[head:head+end]...)
		at = head + end + 1
		if version < 4 { // entries are filled up to eight bytes
			at = head + end + 8 - (head-ofHeader+end)%8
		}
		t.add(name, asked)
	}
	return true
}

// add takes a file and the folders above it, if its base name is asked for.
func (t *Tracked) add(name []byte, asked func(string) bool) {
	if base := name[bytes.LastIndexByte(name, '/')+1:]; !asked(string(base)) {
		return
	}
	p := string(name)
	t.files[p] = true
	for dir := path.Dir(p); dir != "." && dir != "/" && !t.folders[dir]; dir = path.Dir(dir) {
		t.folders[dir] = true
	}
}

// offset is a number as git writes it into an index, and its length; 0 = it is none.
func offset(data []byte, at int) (n, length int) {
	for i := at; i < len(data) && i < at+4; i++ {
		if i > at {
			n++
		}
		n = n<<7 | int(data[i]&0x7f)
		if data[i]&0x80 == 0 {
			return n, i - at + 1
		}
	}
	return 0, 0
}

// File tells whether git keeps the file p of the repository.
func (t *Tracked) File(p string) bool { return t != nil && t.files[p] }

// Folder tells whether git keeps a file below the folder p.
func (t *Tracked) Folder(p string) bool { return t != nil && t.folders[p] }
