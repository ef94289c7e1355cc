package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/repo"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A contextCopy is what a build context sends, once more in a folder of its
// own, so that it can be changed without touching the user's files. All that is
// done to it is done through its root, and never through a link: where a link
// leads is not the copy's business.
type contextCopy struct {
	dir   string
	root  *os.Root
	files []source.Entry
	bytes int64
}

// copyContext copies what a build sends into a new folder below parent.
func copyContext(ctx context.Context, b *source.Build, in *repo.FS, parent string) (*contextCopy, error) {
	at, ok := b.ContextRoot()
	if !ok {
		return nil, errors.New("the build context is not known")
	}
	dir, err := os.MkdirTemp(parent, "context-*")
	if err != nil {
		return nil, fmt.Errorf("create a folder for the build context: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("create a folder for the build context: %w", err)
	}
	c := &contextCopy{dir: dir, root: root}
	made := map[string]bool{".": true}
	var failed error
	err = b.Context.Walk(func(e source.Entry) bool {
		if failed = ctx.Err(); failed != nil {
			return false
		}
		if failed = c.folders(in, at, path.Dir(e.Path), made); failed == nil {
			failed = c.file(in, path.Join(at, e.Path), e)
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if f := b.Context.File; err == nil && f != nil && path.Base(f.Name) == ".dockerignore" {
		err = c.ignoreFile(f.Data)
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("copy the build context: %w", err)
	}
	return c, nil
}

func (c *contextCopy) close() { c.root.Close() }

// ignoreFile puts the ignore file where the builder looks for it, in the
// context; one that bears the Dockerfile's name stands beside that. One that was
// sent is there already. A link may lead to what is not sent, so it is replaced.
func (c *contextCopy) ignoreFile(data []byte) error {
	if info, err := c.root.Lstat(".dockerignore"); err == nil {
		if info.Mode().IsRegular() {
			return nil
		}
		if err := c.root.Remove(".dockerignore"); err != nil {
			return err
		}
	}
	return c.write(".dockerignore", data, 0o644)
}

// write makes a file; something that is there already is an error.
func (c *contextCopy) write(name string, data []byte, mode fs.FileMode) error {
	f, err := c.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Chmod(mode), f.Close())
}

// folders makes the folders of a path with the modes that they have: a COPY's
// cache key holds them.
func (c *contextCopy) folders(in *repo.FS, at, p string, made map[string]bool) error {
	if made[p] {
		return nil
	}
	if err := c.folders(in, at, path.Dir(p), made); err != nil {
		return err
	}
	mode := fs.FileMode(0o755)
	if info, err := in.Stat(path.Join(at, p)); err == nil {
		mode = info.Mode().Perm()
	}
	made[p] = true
	return c.mkdir(p, mode)
}

func (c *contextCopy) mkdir(p string, mode fs.FileMode) error {
	name := filepath.FromSlash(p)
	if err := c.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return c.root.Chmod(name, mode|0o700)
}

// file copies one entry. Links are copied as links, as builders send them;
// sockets and pipes are not sent.
func (c *contextCopy) file(in *repo.FS, from string, e source.Entry) error {
	to := filepath.FromSlash(e.Path)
	info, err := in.Lstat(from)
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := in.ReadLink(from)
		if err != nil {
			return err
		}
		return c.root.Symlink(target, to)
	case info.IsDir():
		return c.mkdir(e.Path, info.Mode().Perm())
	case !info.Mode().IsRegular():
		return nil
	}
	f, err := in.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	out, err := c.root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, f)
	if err := errors.Join(err, out.Chmod(info.Mode().Perm()), out.Close()); err != nil {
		return err
	}
	c.files = append(c.files, e)
	c.bytes += info.Size()
	return nil
}

// put makes a file of the copy with this content, and the folders on the way.
// It gives false where something is there already, or something that is no
// folder is on the way.
func (c *contextCopy) put(p, content string) (bool, error) {
	if _, err := c.root.Lstat(filepath.FromSlash(p)); err == nil {
		return false, nil
	}
	ok, err := c.way(path.Dir(p))
	if err == nil && ok {
		err = c.write(filepath.FromSlash(p), []byte(content), 0o644)
	}
	if err != nil {
		return false, fmt.Errorf("plant %s: %w", p, err)
	}
	return ok, nil
}

// way makes a folder of the copy and those on the way; it gives false where one
// of them is a link or a file.
func (c *contextCopy) way(p string) (bool, error) {
	if p == "." {
		return true, nil
	}
	if ok, err := c.way(path.Dir(p)); err != nil || !ok {
		return ok, err
	}
	name := filepath.FromSlash(p)
	switch info, err := c.root.Lstat(name); {
	case err == nil:
		return info.IsDir(), nil
	case errors.Is(err, fs.ErrNotExist):
		return true, c.mkdir(p, 0o755)
	default:
		return false, err
	}
}

// errNoFile is what is asked to be edited and is no regular file of the copy.
var errNoFile = errors.New("it is not a regular file")

// maxEdited is the largest file that a line is added to.
const maxEdited = 1 << 20

// edit appends a line to a file of the copy and gives what takes it back.
func (c *contextCopy) edit(p, line string) (undo func() error, err error) {
	name := filepath.FromSlash(p)
	ok, err := c.way(path.Dir(p))
	var info fs.FileInfo
	if err == nil {
		info, err = c.root.Lstat(name)
	}
	if err == nil && (!ok || !info.Mode().IsRegular()) {
		err = errNoFile
	}
	var data []byte
	if err == nil {
		data, err = files.Read(c.root.FS(), p, maxEdited)
	}
	if err != nil {
		return nil, fmt.Errorf("edit a copy of %s: %w", p, err)
	}
	replace := func(data []byte) error {
		if err := c.root.Remove(name); err != nil {
			return fmt.Errorf("edit a copy of %s: %w", p, err)
		}
		if err := c.write(name, data, info.Mode().Perm()); err != nil {
			return fmt.Errorf("edit a copy of %s: %w", p, err)
		}
		return nil
	}
	edited := data
	if len(data) > 0 && data[len(data)-1] != '\n' {
		edited = append(data[:len(data):len(data)], '\n')
	}
	if err := replace(append(edited[:len(edited):len(edited)], line...)); err != nil {
		return nil, err
	}
	return func() error { return replace(data) }, nil
}
