//go:build !unix

package repo

import (
	"io/fs"
	"os"
)

// openDir are the flags to open a folder, and nothing else, with.
const openDir = os.O_RDONLY

// readDir lists a folder and closes it.
func readDir(file *os.File) ([]fs.DirEntry, error) {
	defer file.Close()
	return file.ReadDir(-1)
}
