package effects

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// FileKind says what happens to a file.
type FileKind uint8

// The kinds of File.
const (
	Write  FileKind = iota // made or written
	Delete                 // taken away
	Mkdir                  // a directory is made
	Chmod                  // its mode changes
	Chown                  // its owner or group changes
	Unpack                 // an archive is unpacked into it
	Venv                   // a Python virtual environment is made there
)

// File is a change to files.
type File struct {
	Kind FileKind
	// Paths are the files, with the working directory put before relative
	// ones where it is known. Globs are not expanded.
	Paths   []shell.Word
	Sources []shell.Word // where they come from: cp, mv, ln, install; the archive
	// Mode is chmod's mode, or that of mkdir -m and install -m.
	Mode string
	// Owner and Group are chown's, as written; "" leaves it as it is.
	Owner, Group string
	From         string // chown --from, as written: only what has this owner is changed
	Recursive    bool
	Append       bool
	Partial      bool // only what find selects below Paths
	Link         bool // ln
	Move         bool // mv: the sources go away
	Command      *shell.Command
	When         shell.When
}

// file notes a File; its paths are made absolute where that is known.
func (b *book) file(c *shell.Command, f File) {
	if len(f.Paths) == 0 {
		return
	}
	f.Command, f.When = c, c.When
	f.Paths = within(c.Dir, f.Paths)
	f.Sources = within(c.Dir, f.Sources)
	b.e.Files = append(b.e.Files, f)
}

// within puts the working directory before relative paths.
func within(dir string, words []shell.Word) []shell.Word {
	if dir == "" || len(words) == 0 {
		return words
	}
	out := make([]shell.Word, len(words))
	for i, w := range words {
		if w.Text != "" && !strings.ContainsAny(w.Text[:1], "/~$`") {
			w.Text = path.Join(dir, w.Text)
		}
		out[i] = w
	}
	return out
}
