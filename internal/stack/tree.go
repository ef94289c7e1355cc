package stack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A tree is the files of a project, walked once. Folders that tools fill are
// left out.
type tree struct {
	fsys  fs.FS
	files []string        // in order
	has   map[string]bool // files, and folders with a slash at their end
	data  map[string][]byte
}

// maxFiles bounds how many files of a project are looked at, and maxFile how
// many bytes of one.
const (
	maxFiles = 200_000
	maxFile  = 4 << 20
)

// filled are folders that tools fill.
var filled = map[string]bool{
	"node_modules": true, "__pycache__": true, "site-packages": true, "venv": true, ".venv": true, "bower_components": true,
}

// filledBy are folders that a tool fills where its manifest stands beside them.
var filledBy = map[string][]string{"vendor": {"go.mod", "composer.json"}, "target": {"Cargo.toml", "pom.xml"}, "build": {"build.gradle", "build.gradle.kts"}}

// hidden are folders with a dot that belong to a program.
var hidden = map[string]bool{".streamlit": true, ".chainlit": true, ".well-known": true, ".mvn": true, ".cargo": true, ".yarn": true, ".bundle": true, ".storage": true, ".sqlx": true}

func walk(fsys fs.FS) (*tree, error) {
	t := &tree{fsys: fsys, has: map[string]bool{}, data: map[string][]byte{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == "." {
				return err
			}
			return fs.SkipDir // a folder that cannot be read
		}
		if d.IsDir() {
			base := d.Name()
			if name == "." {
				return nil
			}
			if filled[base] || t.isFilled(name) || strings.HasPrefix(base, ".") && !hidden[base] || t.isVenv(name) {
				return fs.SkipDir
			}
			t.has[name+"/"] = true
			return nil
		}
		if len(t.files) == maxFiles {
			return fs.SkipAll
		}
		t.files = append(t.files, name)
		t.has[name] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the project: %w", err)
	}
	return t, nil
}

// isFilled tells whether a tool fills a folder, by the manifest beside it.
func (t *tree) isFilled(dir string) bool {
	if base := path.Base(dir); path.Dir(dir) == "vendor" && (base == "bundle" || base == "cache") {
		_, err := fs.Stat(t.fsys, "Gemfile") // other things in it are Rails' own
		return err == nil
	}
	return slices.ContainsFunc(filledBy[path.Base(dir)], func(m string) bool {
		_, err := fs.Stat(t.fsys, path.Join(path.Dir(dir), m))
		return err == nil
	})
}

// isVenv tells whether a folder is a virtual environment of Python.
func (t *tree) isVenv(dir string) bool {
	switch base := path.Base(dir); base {
	case "env", "virtualenv", "ENV":
		_, err := fs.Stat(t.fsys, path.Join(dir, "pyvenv.cfg"))
		return err == nil
	}
	return false
}

// read is a file's bytes; nil where it is not there, cannot be read or is larger
// than anything that people write.
func (t *tree) read(name string) []byte {
	data, _ := t.open(name)
	return data
}

func (t *tree) open(name string) ([]byte, error) {
	if data, ok := t.data[name]; ok {
		return data, nil
	}
	f, err := t.fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, errors.Unwrap(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read %s: it has more than %d bytes", name, maxFile)
	}
	t.data[name] = data
	return data, nil
}

// dir tells whether a folder is there.
func (t *tree) dir(name string) bool { return t.has[name+"/"] }

// more tells whether a folder holds anything but variables, which stay out of an image.
func (t *tree) more(dir string) bool {
	return slices.ContainsFunc(t.below(dir), func(name string) bool { return !strings.HasPrefix(path.Base(name), ".env") })
}

// below are the files of a folder, and of those in it; "." gives all.
func (t *tree) below(dir string) []string {
	if dir == "." {
		return t.files
	}
	var list []string
	for _, f := range t.files {
		if strings.HasPrefix(f, dir+"/") {
			list = append(list, f)
		}
	}
	return list
}

// in are the names that stand in a folder itself, folders with a slash at their
// end.
func (t *tree) in(dir string) []string {
	var list []string
	for name := range t.has {
		if path.Dir(strings.TrimSuffix(name, "/")) == dir {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// lineOf is the line on which a text stands first in a file; 0 = nowhere.
func (t *tree) lineOf(name, text string) int {
	n := 0
	for line := range strings.Lines(string(t.read(name))) {
		n++
		if strings.Contains(line, text) {
			return n
		}
	}
	return 0
}

// sub is the tree of a folder of the project.
func (t *tree) sub(dir string) (*tree, error) {
	fsys, err := fs.Sub(t.fsys, dir)
	if err != nil {
		return nil, err
	}
	s := &tree{fsys: fsys, has: map[string]bool{}, data: map[string][]byte{}}
	for _, f := range t.below(dir) {
		f = strings.TrimPrefix(f, dir+"/")
		s.files = append(s.files, f)
		s.has[f] = true
	}
	for name := range t.has {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok && rest != "" {
			s.has[rest] = true
		}
	}
	return s, nil
}
