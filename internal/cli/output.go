package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// An output is standard output, or a file that appears only once it is whole.
type output struct {
	io.Writer
	terminal bool
	temp     *os.File
	name     string
}

func (f *checkFlags) open(c Command) (*output, error) {
	if f.output == "" || f.output == "-" {
		return &output{Writer: c.Stdout, terminal: isTerminal(c.Stdout)}, nil
	}
	return newOutput(f.output)
}

// newOutput begins a file of this name. A link of that name is replaced, and not
// written through: in a repository that was cloned it may lead anywhere. A
// device or a pipe is written to where the user means one.
func newOutput(name string) (*output, error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() && (info.Mode()&fs.ModeSymlink == 0 || isDevice(name)) {
		if info.IsDir() {
			return nil, fmt.Errorf("write %s: it is a folder", name)
		}
		// A pipe that nobody reads would be waited for.
		file, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if errors.Is(err, syscall.ENXIO) {
			return nil, fmt.Errorf("write %s: it is a pipe or a socket that no process reads", name)
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		return &output{Writer: file}, nil
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return &output{Writer: temp, temp: temp, name: name}, nil
}

// isDevice tells whether a name is one of the system's own: /dev/stdout is a
// link.
func isDevice(name string) bool {
	abs, err := filepath.Abs(name)
	return err == nil && strings.HasPrefix(filepath.ToSlash(abs), "/dev/")
}

// commit puts the file in its place.
func (o *output) commit() error {
	if o.temp == nil {
		return nil
	}
	err := o.temp.Chmod(0o644)
	err = errors.Join(err, o.temp.Close())
	if err == nil {
		err = os.Rename(o.temp.Name(), o.name)
	}
	if err != nil {
		os.Remove(o.temp.Name())
		return fmt.Errorf("write %s: %w", o.name, err)
	}
	o.temp = nil
	return nil
}

// abandon removes what was not put in its place.
func (o *output) abandon() {
	if o.temp != nil {
		o.temp.Close()
		os.Remove(o.temp.Name())
	}
}
