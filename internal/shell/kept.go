package shell

import "strings"

// Kept are the installs without the packages that the same program removes
// afterwards: by name, by variable, by apk's virtual group, or by apt's
// autoremove after `apt-mark auto '.*'`. An install of which nothing is left
// is left out; one that named no packages (a manifest, an upgrade) stays.
func (e *Effects) Kept() []Install {
	if e == nil || len(e.Installs) == 0 {
		return nil
	}
	if len(e.Removes) == 0 {
		return e.Installs
	}
	later, sweep := e.removals(), e.sweep()
	out := make([]Install, 0, len(e.Installs))
	for _, in := range e.Installs {
		r := later[family(in.Manager)]
		if r == nil {
			out = append(out, in)
			continue
		}
		at := in.Command.index
		if r.prunedAt > at && !in.Global && in.Command.When.covered(r.prunedWhen) {
			in.OmitDev = true
		}
		if r.undoneAt > at && in.System {
			continue
		}
		if in.Virtual != "" && r.gone(in.Virtual, at, in.When) {
			continue
		}
		if len(in.Packages) == 0 {
			out = append(out, in)
			continue
		}
		kept := make([]Package, 0, len(in.Packages))
		for _, p := range in.Packages {
			if !r.gone(p.Name, at, in.When) && !(in.Manager == "apt" && sweep.takes(p.Name, at, in.When)) {
				kept = append(kept, p)
			}
		}
		if len(kept) > 0 || len(in.Manifests) > 0 {
			in.Packages = kept
			out = append(out, in)
		}
	}
	return out
}

// family is the database that a manager writes to.
func family(manager string) string {
	switch manager {
	case "uv", "poetry", "pipenv", "pdm":
		return "pip"
	case "yarn", "pnpm", "bun":
		return "npm"
	}
	return manager
}

// covered tells whether what runs r also runs where w does. Two commands that
// may run are taken to hang on the same condition.
func (w When) covered(r When) bool { return r == Always || r == Maybe && w == Maybe }

// removal is the last removal of one name.
type removal struct {
	index int
	when  When
}

// removed are the removals in one package database.
type removed struct {
	names      map[string]removal
	globs      []string // names with *
	globAt     []removal
	prunedAt   int
	prunedWhen When
	undoneAt   int
}

func (r *removed) gone(name string, at int, when When) bool {
	if got, ok := r.names[name]; ok && got.index > at && when.covered(got.when) {
		return true
	}
	for i, g := range r.globs {
		if got := r.globAt[i]; got.index > at && when.covered(got.when) {
			if m, ok := match(g, name); ok && m {
				return true
			}
		}
	}
	return false
}

func (e *Effects) removals() map[string]*removed {
	all := map[string]*removed{}
	for _, r := range e.Removes {
		key := family(r.Manager)
		one := all[key]
		if one == nil {
			one = &removed{names: map[string]removal{}}
			all[key] = one
		}
		at := removal{r.Command.index, r.When}
		switch r.Verb {
		case "undo":
			one.undoneAt = at.index
		case "prune":
			if r.OmitDev {
				one.prunedAt, one.prunedWhen = at.index, r.When
			}
		}
		for _, p := range r.Packages {
			if old, ok := one.names[p.Name]; ok && old.when == Always && at.when != Always {
				continue
			}
			one.names[p.Name] = at
			if strings.ContainsAny(p.Name, "*?[") && len(one.globs) < 64 && !strings.HasPrefix(p.Name, "$") {
				one.globs = append(one.globs, p.Name)
				one.globAt = append(one.globAt, at)
			}
		}
	}
	return all
}

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

func (e *Effects) sweep() *sweep {
	s := &sweep{all: -1, names: map[string]marked{}, always: -1, maybe: -1}
	for _, m := range e.marks {
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
	for _, r := range e.Removes {
		if r.Manager == "apt" && r.AutoRemove {
			if r.When == Always {
				s.always = r.Command.index
			} else if r.When == Maybe {
				s.maybe = r.Command.index
			}
		}
	}
	return s
}

// takes tells whether a package that was installed at a command goes.
func (s *sweep) takes(name string, at int, when When) bool {
	last := marked{s.all, true}
	if m, ok := s.names[name]; ok && m.index > last.index {
		last = m
	}
	for i, g := range s.globs {
		if m := s.globAt[i]; m.index > last.index {
			if ok, sure := match(g, name); ok && sure {
				last = m
			}
		}
	}
	if last.index <= at || !last.auto {
		return false
	}
	return s.always > last.index || when == Maybe && s.maybe > last.index
}
