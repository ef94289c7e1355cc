package image

import "io/fs"

// A Right is what somebody may do with a file.
type Right uint8

// The rights of the mode bits. Of a folder, Execute is to pass through it.
const (
	Execute Right = 1 << iota
	Write
	Read
)

// May tells whether id has the rights by the mode bits of the file alone; the
// folders on the way to it are not asked. Root may do all but execute a file
// that nobody may execute.
func (f *File) May(id Identity, want Right) bool {
	perm := f.Mode.Perm()
	if id.IsRoot() {
		return want&Execute == 0 || f.IsDir() || perm&0o111 != 0
	}
	switch {
	case f.UID == id.UID:
		perm >>= 6
	case id.In(f.GID):
		perm >>= 3
	}
	return perm&fs.FileMode(want) == fs.FileMode(want)
}

// Allows tells whether id has the rights to what a path names, as the kernel
// looks at it: every folder on the way has to be passed, those of symbolic
// links too. by is what refuses: the file, or a folder on the way; nil where
// nothing is there, with Lookup's error.
func (t *Tree) Allows(p string, id Identity, want Right) (ok bool, by *File, err error) {
	var closed *File
	f, err := t.resolve(p, func(dir *File) {
		if closed == nil && !dir.May(id, Execute) {
			closed = dir
		}
	})
	switch {
	case closed != nil:
		return false, closed, nil
	case err != nil:
		return false, nil, err
	case !f.May(id, want):
		return false, f, nil
	}
	return true, nil, nil
}

// Readable tells whether id can read what a path names; by is what refuses,
// nil where nothing is there.
func (t *Tree) Readable(p string, id Identity) (ok bool, by *File) {
	ok, by, _ = t.Allows(p, id, Read)
	return ok, by
}

// Executable tells whether id can execute what a path names, or pass through
// it where it is a folder; by is what refuses, nil where nothing is there.
func (t *Tree) Executable(p string, id Identity) (ok bool, by *File) {
	ok, by, _ = t.Allows(p, id, Execute)
	return ok, by
}
