package source

import (
	"bytes"
	"errors"

	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// inlineKey is under which the recipe of a Dockerfile is found that stands in a
// Compose file.
func inlineKey(file, service string) string { return file + "\x00" + service }

// inline is the Dockerfile that a service of a Compose file has in itself: the
// Compose file with everything else blanked, so that places are those of the file.
func inline(c *deploy.Compose, service string) (*text.File, error) {
	s := c.Service(service)
	if s == nil || s.Build == nil || !s.Build.Inline.Set {
		return nil, errors.New("the service has no dockerfile_inline")
	}
	at, data := s.Build.Inline.Span, c.File.Data
	first := bytes.IndexByte(data[at.Start:at.End], '\n')
	switch body := c.File.Text(at); {
	case first < 0 || data[at.Start] != '|':
		return nil, errors.New("dockerfile_inline of " + service + " is not read: write it as a block after |")
	case bytes.Contains(data[at.Start:at.End], []byte("<<")):
		return nil, errors.New("dockerfile_inline of " + service + " is not read: it contains a heredoc")
	case s.Build.Inline.Unresolved || s.Build.Inline.Text != s.Build.Inline.Raw:
		return nil, errors.New("dockerfile_inline of " + service + " is not read: it contains variables of Compose (" + firstVariable(body) + ")")
	}
	masked := bytes.Repeat([]byte{' '}, len(data))
	for i, b := range data {
		if b == '\n' || i > at.Start+first && i < at.End {
			masked[i] = b
		}
	}
	return text.NewFile(c.File.Name, masked), nil
}

// firstVariable is the first reference to a variable in a text.
func firstVariable(s string) string {
	if i := bytes.IndexByte([]byte(s), '$'); i >= 0 {
		end := i + 1
		for end < len(s) && s[end] > ' ' && end < i+20 {
			end++
		}
		return s[i:end]
	}
	return "$"
}
