// Package rewrite puts changed files in the place of those that they were made from:
// all of them or none, each whole, with its mode and its owner, and none that changed
// meanwhile, that is generated, or whose own changes git does not hold yet. What the
// changes are it does not know.
package rewrite

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/dockworthy/dockworthy/internal/files"
)

// A File is what becomes of one file.
type File struct {
	Name   string // slash-separated, in the folder of the Folder
	Before []byte // what it was when the change was made; nil = there is none yet
	After  []byte
	Ours   bool // a file that this program writes whole: git need not hold it
}

// A Refusal is a file that is not written, and why.
type Refusal struct {
	Name   string
	Reason string
}

func (r *Refusal) Error() string { return r.Name + " " + r.Reason }

// Options are what may be written over. The zero Options are careful.
type Options struct {
	AllowDirty bool // also files with changes that git does not hold
}

// A Folder is where files are written. No link leads out of it.
type Folder struct {
	dir  string
	root *os.Root
}

// Open opens a folder.
func Open(dir string) (*Folder, error) {
	// Its own path may be a link: who calls named it.
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, err
	}
	return &Folder{real, root}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// most is the largest file that is written.
const most = 64 << 20

// A target is one file that is written, where its links lead.
type target struct {
	File
	at   string // in the folder, with the system's separators
	info fs.FileInfo
	temp string // what is put in its place; "" = nothing yet
}

// Write writes files, all of them or none. The error of files that are not to be
// written holds a *Refusal for each. Files that are as they are to be are left alone.
func (f *Folder) Write(ctx context.Context, list []File, opt Options) error {
	targets, err := f.targets(list)
	if err != nil {
		return err
	}
	if !opt.AllowDirty {
		if err := f.clean(ctx, targets); err != nil {
			return err
		}
	}
	defer func() {
		for _, t := range targets {
			if t.temp != "" {
				f.root.Remove(t.temp)
			}
		}
	}()
	for _, t := range targets {
		if err := f.prepare(t); err != nil {
			return fmt.Errorf("write %s: %w", t.Name, reason(err))
		}
	}
	// The last look: what comes next is as short as it can be.
	var changed []error
	for _, t := range targets {
		changed = append(changed, f.same(t))
	}
	if err := errors.Join(changed...); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, t := range targets {
		if err := f.root.Rename(t.temp, t.at); err != nil {
			err = fmt.Errorf("write %s: %w", t.Name, reason(err))
			return errors.Join(err, f.undo(targets[:i]))
		}
		t.temp = ""
	}
	return nil
}

// targets are the files where their links lead, each once.
func (f *Folder) targets(list []File) ([]*target, error) {
	var out []*target
	var refused []error
	by := map[string]*target{}
	for _, one := range list {
		if one.Before != nil && bytes.Equal(one.Before, one.After) {
			continue
		}
		t, err := f.target(one)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		if old := by[t.at]; old != nil {
			if !bytes.Equal(old.After, t.After) {
				refused = append(refused, &Refusal{t.Name, "is the same file as " + old.Name + ", which is to become another one"})
			}
			continue
		}
		by[t.at] = t
		out = append(out, t)
	}
	return out, errors.Join(refused...)
}

// target looks at a file before it is written.
func (f *Folder) target(one File) (*target, error) {
	refuse := func(reason string) (*target, error) { return nil, &Refusal{one.Name, reason} }
	if !fs.ValidPath(one.Name) || !filepath.IsLocal(filepath.FromSlash(one.Name)) {
		return refuse("is not a path in the folder")
	}
	if why := Generated(one.Name, one.Before); why != "" && !one.Ours {
		return refuse(why)
	}
	t := &target{File: one, at: filepath.FromSlash(one.Name)}
	info, err := f.root.Lstat(t.at)
	switch {
	case errors.Is(err, fs.ErrNotExist) && one.Before == nil:
		return t, nil
	case errors.Is(err, fs.ErrNotExist):
		return refuse("is not there any more")
	case err != nil:
		return refuse("cannot be read: " + reason(err).Error())
	case one.Before == nil:
		return refuse("is there by now")
	}
	if info.Mode()&fs.ModeSymlink != 0 || t.at != f.straight(t.at) {
		if t.at = f.straight(t.at); t.at == "" {
			return refuse("is a link that leads out of the folder")
		}
		if info, err = f.root.Lstat(t.at); err != nil {
			return refuse("is a link that cannot be followed: " + reason(err).Error())
		}
		if why := Generated(filepath.ToSlash(t.at), nil); why != "" && !one.Ours {
			return refuse("is a link to " + filepath.ToSlash(t.at) + ", which " + why)
		}
	}
	if !info.Mode().IsRegular() {
		return refuse((&files.Irregular{Mode: info.Mode()}).Error())
	}
	if info.Mode().Perm()&0o222 == 0 {
		return refuse("is read-only")
	}
	t.info = info
	if err := f.same(t); err != nil {
		return nil, err
	}
	return t, nil
}

// straight is a path in the folder with its links followed; "" where they lead out.
func (f *Folder) straight(at string) string {
	real, err := filepath.EvalSymlinks(filepath.Join(f.dir, at))
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(f.dir, real)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return rel
}

// same tells whether a file is what the change was made from.
func (f *Folder) same(t *target) error {
	if t.Before == nil {
		if _, err := f.root.Lstat(t.at); !errors.Is(err, fs.ErrNotExist) {
			return &Refusal{t.Name, "is there by now"}
		}
		return nil
	}
	data, err := files.Read(f.root.FS(), filepath.ToSlash(t.at), most)
	if err != nil {
		return &Refusal{t.Name, "cannot be read: " + reason(err).Error()}
	}
	if !bytes.Equal(data, t.Before) {
		return &Refusal{t.Name, "changed meanwhile"}
	}
	return nil
}

// prepare writes a file beside the one that it takes the place of, so that both are
// on one file system.
func (f *Folder) prepare(t *target) error {
	temp, err := f.beside(t.at)
	if err != nil {
		return err
	}
	t.temp = temp.Name()
	t.temp = filepath.Join(filepath.Dir(t.at), filepath.Base(t.temp))
	_, err = temp.Write(t.After)
	mode := fs.FileMode(0o644)
	if t.info != nil {
		mode = t.info.Mode().Perm()
		if t.info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
			mode |= t.info.Mode() & (fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
		}
		if err == nil {
			err = own(temp, t.info)
		}
	}
	if err == nil {
		err = temp.Chmod(mode) // after its owner, which takes rights away
	}
	if err == nil {
		err = temp.Sync()
	}
	return errors.Join(err, temp.Close())
}

// beside makes a new file in the folder of another one.
func (f *Folder) beside(at string) (*os.File, error) {
	dir, base := filepath.Split(at)
	for range 100 {
		var b [6]byte
		rand.Read(b[:])
		name := filepath.Join(dir, "."+base+"-"+hex.EncodeToString(b[:]))
		file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
	return nil, errors.New("there is no name left for a file beside it")
}

// undo puts back what was in the place of files.
func (f *Folder) undo(list []*target) error {
	var errs []error
	for _, t := range list {
		if t.Before == nil {
			errs = append(errs, f.root.Remove(t.at))
			continue
		}
		back := &target{File: File{Name: t.Name, After: t.Before}, at: t.at, info: t.info}
		err := f.prepare(back)
		if err == nil {
			err = f.root.Rename(back.temp, back.at)
		}
		if err != nil {
			if back.temp != "" {
				f.root.Remove(back.temp)
			}
			errs = append(errs, fmt.Errorf("put back %s: %w", t.Name, reason(err)))
		}
	}
	return errors.Join(errs...)
}

// reason is an error of the file system without the operation and the path, which the
// message already names.
func reason(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}

// headBytes is how much of a file is looked at for the note that it is generated.
const headBytes = 2 << 10

// Generated tells why a file is not edited: another one makes it, it is a template of
// others, or it comes from elsewhere; "" = it is the project's own. data may be nil.
func Generated(name string, data []byte) string {
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		switch part {
		case "vendor", "third_party", "node_modules", ".git":
			return "lies in " + part + ", so it is not the project's own"
		}
	}
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".tmpl", ".tpl", ".j2", ".jinja", ".jinja2", ".erb", ".mustache", ".gotmpl", ".in", ".template":
		return "is a template (" + ext + ")"
	}
	head := data[:min(len(data), headBytes)]
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if comment := bytes.HasPrefix(line, []byte("#")) || bytes.HasPrefix(line, []byte("//")); !comment {
			continue
		}
		if bytes.Contains(line, []byte("DO NOT EDIT")) || bytes.Contains(line, []byte("@generated")) {
			return "is generated, as its head says: change what it is made from"
		}
	}
	return ""
}
