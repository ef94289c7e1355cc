package read

import (
	"bytes"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
)

// maxShebang is how much of the first line Linux reads, since 5.1.
const maxShebang = 256

// parseScript reads a file's first line as binfmt_script does; nil = it does
// not begin with #!.
func parseScript(head []byte) *image.Script {
	if !bytes.HasPrefix(head, []byte("#!")) {
		return nil
	}
	line, _, _ := bytes.Cut(head[2:min(len(head), maxShebang)], []byte{'\n'})
	s := &image.Script{}
	text := strings.Trim(string(line), " \t")
	text, s.CRLF = strings.CutSuffix(text, "\r")
	text = strings.Trim(text, " \t")
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		s.Interp, s.Arg = text[:i], strings.TrimLeft(text[i:], " \t")
	} else {
		s.Interp = text
	}
	return s
}
