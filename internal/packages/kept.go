package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// Kept are the installs without the packages that the same program removes
// afterwards: by name, by variable, by apk's virtual group, or by apt's
// autoremove after `apt-mark auto '.*'`. An install of which nothing is left
// is left out; one that named no packages (a manifest, an upgrade) stays.
func (c *Changes) Kept() []Install {
	if c == nil || len(c.Installs) == 0 {
		return nil
	}
	if len(c.Removes) == 0 {
		return c.Installs
	}
	later, sweep := c.removals(), c.sweep()
	out := make([]Install, 0, len(c.Installs))
	for _, in := range c.Installs {
		r := later[family(in.Manager)]
		if r == nil {
			out = append(out, in)
			continue
		}
		at := in.Command.Index
		if r.prunedAt > at && !in.Global && covered(in.Command.When, r.prunedWhen) {
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
func covered(w, r shell.When) bool { return r == shell.Always || r == shell.Maybe && w == shell.Maybe }

// removed are the removals in one package database.
type removed struct {
	names      map[string]removal
	globs      []string // names with *
	globAt     []removal
	prunedAt   int
	prunedWhen shell.When
	undoneAt   int
}

func (r *removed) gone(name string, at int, when shell.When) bool {
	if got, ok := r.names[name]; ok && got.index > at && covered(when, got.when) {
		return true
	}
	for i, g := range r.globs {
		if got := r.globAt[i]; got.index > at && covered(when, got.when) {
			if m, ok := shell.Match(g, name); ok && m {
				return true
			}
		}
	}
	return false
}

// removal is the last removal of one name.
type removal struct {
	index int
	when  shell.When
}

func (c *Changes) removals() map[string]*removed {
	all := map[string]*removed{}
	for _, r := range c.Removes {
		key := family(r.Manager)
		one := all[key]
		if one == nil {
			one = &removed{names: map[string]removal{}}
			all[key] = one
		}
		at := removal{r.Command.Index, r.When}
		switch r.Verb {
		case "undo":
			one.undoneAt = at.index
		case "prune":
			if r.OmitDev {
				one.prunedAt, one.prunedWhen = at.index, r.When
			}
		}
		for _, p := range r.Packages {
			if old, ok := one.names[p.Name]; ok && old.when == shell.Always && at.when != shell.Always {
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

// Orphaned are the installs of apt of which only the named package is removed
// afterwards: without autoremove, what it depends on stays. Each has the packages
// alone for which that is so.
func (c *Changes) Orphaned() []Install {
	if c == nil || len(c.Removes) == 0 {
		return nil
	}
	r := c.removals()["apt"]
	if r == nil {
		return nil
	}
	swept := -1
	for _, rm := range c.Removes {
		if rm.Manager == "apt" && (rm.AutoRemove || automatic(rm.Command)) {
			swept = rm.Command.Index
		}
	}
	var out []Install
	for _, in := range c.Installs {
		if in.Manager != "apt" || in.Verb != "install" {
			continue
		}
		var left []Package
		for _, p := range in.Packages {
			if got, ok := r.names[p.Name]; ok && p.Known && got.when == shell.Always && got.index > in.Command.Index && got.index > swept {
				left = append(left, p)
			}
		}
		if len(left) > 0 {
			in.Packages = left
			out = append(out, in)
		}
	}
	return out
}

// automatic tells whether an option has apt remove what nothing needs.
func automatic(c *shell.Command) bool {
	for _, w := range c.Words {
		if strings.Contains(strings.ToLower(w.Text), "automaticremove") {
			return true
		}
	}
	return false
}
