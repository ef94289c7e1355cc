package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/dockworthy/dockworthy/internal/redact"
)

// A status line on a terminal says what long work is at; elsewhere it says
// nothing.
type status struct {
	w        io.Writer
	terminal bool
	shown    int
}

func (s *status) say(format string, args ...any) {
	if !s.terminal {
		return
	}
	s.end()
	line := redact.OneLine(fmt.Sprintf(format, args...)) + " …"
	s.shown = len(line)
	fmt.Fprint(s.w, line)
}

func (s *status) end() {
	if s.shown > 0 {
		fmt.Fprintf(s.w, "\r%s\r", strings.Repeat(" ", s.shown))
		s.shown = 0
	}
}
