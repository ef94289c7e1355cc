// Package files reads files of a tree that nobody vouches for: a repository
// that was just cloned, an image's layout. It reads regular files only, each
// within a bound, and never waits for one.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// ErrOutside is a path that a link leads out of the tree. File systems give it
// inside a *fs.PathError.
var ErrOutside = errors.New("a link leads out of the repository, and is not followed (links with absolute paths are not followed either)")

// An Irregular is a file that cannot be read as one: a folder, a pipe, a device.
type Irregular struct{ Mode fs.FileMode }

func (e *Irregular) Error() string {
	switch {
	case e.Mode.IsDir():
		return "is a folder, not a file"
	case e.Mode&fs.ModeNamedPipe != 0:
		return "is a named pipe, not a regular file"
	case e.Mode&fs.ModeSocket != 0:
		return "is a socket, not a regular file"
	case e.Mode&(fs.ModeDevice|fs.ModeCharDevice) != 0:
		return "is a device, not a regular file"
	}
	return "is not a regular file"
}

// A TooLarge is a file of more bytes than its reader takes.
type TooLarge struct{ Limit int64 }

func (e *TooLarge) Error() string {
	if e.Limit >= 1<<20 {
		return fmt.Sprintf("is larger than the limit for such a file, %d MiB", e.Limit>>20)
	}
	return fmt.Sprintf("is larger than the limit for such a file, %d bytes", e.Limit)
}

// Read is the whole of a regular file of at most limit bytes. A file counts by
// its size, however little of it is on the disk. The error says why there is
// nothing to read: the file system's own, *Irregular, *TooLarge.
func Read(fsys fs.FS, name string, limit int64) ([]byte, error) {
	// Asked by name first: to open a device can be a deed, and a pipe waits.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if err := fit(info, limit); err != nil {
		return nil, err
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// And by what was opened, which may be another by now.
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if err := fit(info, limit); err != nil {
		return nil, err
	}
	// Most files are as long as they say, which is what is read of those; some, as those
	// that a kernel makes, say that they are empty.
	data := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case n > 0 && int64(len(data)) == info.Size():
			return data, nil
		case int64(len(data)) > limit:
			return nil, &TooLarge{limit}
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

func fit(info fs.FileInfo, limit int64) error {
	switch {
	case !info.Mode().IsRegular():
		return &Irregular{info.Mode()}
	case info.Size() > limit:
		return &TooLarge{limit}
	}
	return nil
}
