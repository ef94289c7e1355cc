package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// A sweep is what apt's autoremove takes: packages that `apt-mark auto` has
// marked as not asked for.
type sweep struct {
	all    int // the last mark of all packages; -1 = none
	names  map[string]marked
	globs  []string // names with *
	globAt []marked
	always int // the last autoremove that always runs; -1 = none
	maybe  int // the last one that may run
}

// marked is the last mark of one name.
type marked struct {
	index int
	auto  bool
}

func (c *Changes) sweep() *sweep {
	s := &sweep{all: -1, names: map[string]marked{}, always: -1, maybe: -1}
	for _, m := range c.marks {
		if m.auto && m.all {
			s.all = m.index
			continue
		}
		for _, n := range m.names {
			at := marked{m.index, m.auto}
			s.names[n] = at
			if strings.ContainsAny(n, "*?") && len(s.globs) < 64 {
				s.globs, s.globAt = append(s.globs, n), append(s.globAt, at)
			}
		}
	}
	for _, r := range c.Removes {
		if r.Manager == "apt" && r.AutoRemove {
			if r.When == shell.Always {
				s.always = r.Command.Index
			} else if r.When == shell.Maybe {
				s.maybe = r.Command.Index
			}
		}
	}
	return s
}

// takes tells whether a package that was installed at a command goes.
func (s *sweep) takes(name string, at int, when shell.When) bool {
	last := marked{s.all, true}
	if m, ok := s.names[name]; ok && m.index > last.index {
		last = m
	}
	for i, g := range s.globs {
		if m := s.globAt[i]; m.index > last.index {
			if ok, sure := shell.Match(g, name); ok && sure {
				last = m
			}
		}
	}
	if last.index <= at || !last.auto {
		return false
	}
	return s.always > last.index || when == shell.Maybe && s.maybe > last.index
}
