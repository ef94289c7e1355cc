package check

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/dockworthy/dockworthy/text"
)

// A Grade is how far a fix can be trusted. The zero Grade is NeedsYou, so that
// what nobody graded is never applied by itself.
type Grade uint8

// The grades.
const (
	NeedsYou Grade = iota // it holds a placeholder, or a choice that is not ours: never applied by a batch
	Unsafe                // right in almost all cases; its Reason says what it may change
	Safe                  // it cannot change what the container does
)

func (g Grade) String() string { return [...]string{"needs-you", "unsafe", "safe"}[g] }

// A Fix is a change of files that mends a finding.
type Fix struct {
	Title  string // what it does: "write CMD in exec form"
	Grade  Grade
	Reason string // why it is not safe; "" for a safe one
	Edits  []Edit
	Create []Created
}

// An Edit is a change of one file.
type Edit struct {
	File *text.File
	text.Edit
}

// A Created is a file that is not there yet.
type Created struct {
	Path string // in the project
	Data []byte
	// Lines tells that the file is a list of lines to which several fixes may add, as
	// .env.example.
	Lines bool
}

// Apply is what the files of a project are after a fix, by path. An error is a fix
// whose edits get into each other's way, or that would create a file with two
// contents.
func (x *Fix) Apply() (map[string][]byte, error) {
	out := map[string][]byte{}
	edits := map[*text.File][]text.Edit{}
	var files []*text.File
	for _, e := range x.Edits {
		if !slices.Contains(files, e.File) {
			files = append(files, e.File)
		}
		edits[e.File] = append(edits[e.File], e.Edit)
	}
	for _, f := range files {
		data, err := f.Apply(edits[f])
		if err != nil {
			return nil, err
		}
		if _, twice := out[f.Name]; twice {
			return nil, fmt.Errorf("edit %s: the fix edits it as two files", f.Name)
		}
		out[f.Name] = data
	}
	for _, c := range x.Create {
		old, ok := out[c.Path]
		switch {
		case !ok:
			out[c.Path] = c.Data
		case c.Lines:
			for line := range bytes.Lines(c.Data) {
				if !bytes.HasPrefix(old, line) && !bytes.Contains(old, append([]byte("\n"), line...)) {
					old = append(old[:len(old):len(old)], line...)
				}
			}
			out[c.Path] = old
		case !bytes.Equal(old, c.Data):
			return nil, fmt.Errorf("create %s: it already exists with other contents", c.Path)
		}
	}
	return out, nil
}
