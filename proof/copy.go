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
	"strings"

	"github.com/dockworthy/dockworthy/source"
)

// A contextCopy is what a build context sends, once more in a folder of its
// own, so that it can be changed without touching the user's files.
type contextCopy struct {
	dir   string
	files []source.Entry
	bytes int64
}

// copyContext copies what a build sends into a new folder below parent. Files
// are linked where the disk can do that: whoever changes one has to make it
// anew.
func copyContext(ctx context.Context, b *source.Build, root, parent string) (*contextCopy, error) {
	at, ok := b.ContextRoot()
	if !ok {
		return nil, errors.New("the build context is not known")
	}
	from := filepath.Join(root, filepath.FromSlash(at))
	dir, err := os.MkdirTemp(parent, "context-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the context: %w", err)
	}
	c := &contextCopy{dir: dir}
	made := map[string]bool{".": true}
	var failed error
	err = b.Context.Walk(func(e source.Entry) bool {
		if failed = ctx.Err(); failed != nil {
			return false
		}
		if failed = c.folders(from, path.Dir(e.Path), made); failed == nil {
			failed = c.file(filepath.Join(from, filepath.FromSlash(e.Path)), e)
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("copy the build context: %w", err)
	}
	if f := b.Context.File; f != nil && path.Base(f.Name) == ".dockerignore" {
		if err := c.ignoreFile(f.Data); err != nil {
			return nil, fmt.Errorf("copy the build context: %w", err)
		}
	}
	return c, nil
}

// ignoreFile puts the ignore file where the builder looks for it, in the
// context; one that bears the Dockerfile's name it finds beside that. One that
// was sent is there already, and is the user's own file under a second name: it
// is never written to. A link may lead to what is not sent, so it is replaced.
func (c *contextCopy) ignoreFile(data []byte) error {
	to := filepath.Join(c.dir, ".dockerignore")
	if info, err := os.Lstat(to); err == nil {
		if info.Mode().IsRegular() {
			return nil
		}
		if err := os.Remove(to); err != nil {
			return err
		}
	}
	return os.WriteFile(to, data, 0o644)
}

// folders makes the folders of a path with the modes that they have: a COPY's
// cache key holds them.
func (c *contextCopy) folders(from, p string, made map[string]bool) error {
	if made[p] {
		return nil
	}
	if err := c.folders(from, path.Dir(p), made); err != nil {
		return err
	}
	mode := fs.FileMode(0o755)
	if info, err := os.Stat(filepath.Join(from, filepath.FromSlash(p))); err == nil {
		mode = info.Mode().Perm()
	}
	to := filepath.Join(c.dir, filepath.FromSlash(p))
	if err := os.Mkdir(to, mode|0o700); err != nil {
		return err
	}
	made[p] = true
	return os.Chmod(to, mode|0o700)
}

func (c *contextCopy) file(from string, e source.Entry) error {
	to := filepath.Join(c.dir, filepath.FromSlash(e.Path))
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case info.IsDir():
		return os.MkdirAll(to, info.Mode().Perm()|0o700)
	case !info.Mode().IsRegular():
		return nil // sockets and pipes are not sent
	}
	c.files = append(c.files, e)
	c.bytes += info.Size()
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	if err := out.Chmod(info.Mode().Perm()); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// put makes a file of the copy with this content, and the folders on the way.
// It gives false where something is there already.
func (c *contextCopy) put(p, content string) (bool, error) {
	to := filepath.Join(c.dir, filepath.FromSlash(p))
	if _, err := os.Lstat(to); err == nil {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) || strings.Contains(err.Error(), "not a directory") {
			return false, nil
		}
		return false, fmt.Errorf("plant %s: %w", p, err)
	}
	if err := os.WriteFile(to, []byte(content), 0o644); err != nil {
		return false, fmt.Errorf("plant %s: %w", p, err)
	}
	return true, nil
}

// edit appends a line to a file of the copy, and leaves the user's alone.
func (c *contextCopy) edit(p, line string) error {
	to := filepath.Join(c.dir, filepath.FromSlash(p))
	data, err := os.ReadFile(to)
	if err != nil {
		return fmt.Errorf("edit a copy of %s: %w", p, err)
	}
	info, err := os.Stat(to)
	if err != nil {
		return fmt.Errorf("edit a copy of %s: %w", p, err)
	}
	if err := os.Remove(to); err != nil {
		return fmt.Errorf("edit a copy of %s: %w", p, err)
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	if err := os.WriteFile(to, append(data, line...), info.Mode().Perm()); err != nil {
		return fmt.Errorf("edit a copy of %s: %w", p, err)
	}
	return os.Chmod(to, info.Mode().Perm())
}
