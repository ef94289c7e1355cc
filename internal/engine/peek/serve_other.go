//go:build !linux

package peek

import (
	"errors"
	"io"
)

// Main is an error: containers' processes are Linux processes.
func Main([]string, io.Reader, io.Writer) error {
	return errors.New("peek runs inside Linux containers only")
}
