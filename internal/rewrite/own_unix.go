//go:build unix

package rewrite

import (
	"io/fs"
	"os"
	"syscall"
)

// own gives a new file the owner of the one that it takes the place of. Where that
// takes rights that the caller does not have, the file is the caller's, as with any
// editor.
func own(file *os.File, like fs.FileInfo) error {
	was, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if now, ok := info.Sys().(*syscall.Stat_t); ok && (now.Uid != was.Uid || now.Gid != was.Gid) {
		if err := file.Chown(int(was.Uid), int(was.Gid)); err != nil {
			_ = file.Chown(-1, int(was.Gid)) // a group of the caller's may be kept all the same
		}
	}
	return nil
}
