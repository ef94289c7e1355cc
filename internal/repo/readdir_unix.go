//go:build unix

package repo

import (
	"io/fs"
	"os"
	"syscall"
)

// openDir are the flags to open a folder, and nothing else, with.
const openDir = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_DIRECTORY

// readDir lists a folder and closes it. A file that was opened through a root
// describes each entry at once; a second handle of the same folder does not.
func readDir(file *os.File) ([]fs.DirEntry, error) {
	defer file.Close()
	fd, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	dir := os.NewFile(uintptr(fd), file.Name())
	defer dir.Close()
	return dir.ReadDir(-1)
}
