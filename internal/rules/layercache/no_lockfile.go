package layercache

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var noLockfile = &check.Check{
	Name:     "no-lockfile",
	Claim:    "dependencies are installed from a lock file or with pinned versions",
	Why:      "without a lock file, a later build of the same Dockerfile may install other versions, and a cached layer hides this until the image is built on another machine",
	Mend:     "commit the lock file, copy it together with the manifest and install from it: npm ci, uv sync --locked, poetry install, bundle install with BUNDLE_FROZEN, pip install with pinned versions",
	Quiet:    "Where the manifest cannot be read here.",
	Unfixed:  "a lock is written by the project's manager: run it, and commit what it writes",
	Severity: check.Note,
	Banking:  check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		v := newView(b)
		var found []check.Finding
		said := map[string]bool{}
		for _, s := range b.Stages {
			for _, step := range s.Steps {
				run := step.Run()
				if run == nil {
					continue
				}
				for _, in := range run.Effects.Installs {
					if in.When != shell.Always || in.Global || in.NoDeps {
						continue
					}
					why := v.unlocked(step, in)
					key := fmt.Sprint(s.Index, in.Manager, why)
					if why == "" || said[key] {
						continue
					}
					said[key] = true
					found = append(found, check.Finding{
						Place:   check.Place{File: b.Text(), Span: in.Command.Span},
						Stage:   s,
						Message: why,
					})
				}
			}
		}
		return check.Judge(found)
	},
}

// unlocked says what an install is not pinned by; "" where it is, or where
// that cannot be told.
func (v *view) unlocked(step *source.Step, in packages.Install) string {
	if in.Manager == "pip" || in.Manager == "uv" && in.Verb == "install" {
		for _, m := range in.Manifests {
			if why := v.unpinned(step, in, m.Text); why != "" {
				return why
			}
		}
		return ""
	}
	l := knowledge.Locking(in.Manager)
	if l == nil || len(in.Packages) > 0 || in.Verb == "fetch" || in.Verb == "deploy" || in.Verb == "add" {
		return ""
	}
	if v.seen(step, in.Command.Dir, l.Reads) == nil {
		return ""
	}
	for _, name := range l.Locks {
		if v.there(step, in.Command.Dir, name) {
			return ""
		}
	}
	return fmt.Sprintf("%s reads %s without a lock file (%s)", called(in.Command), l.Reads, l.Locks[0])
}

// there tells whether the step sees a file of the project, which may be too large to
// be read.
func (v *view) there(step *source.Step, dir, name string) bool {
	o := &source.Origin{Context: v.b.Context, Path: source.Clean(name)}
	if p := path.Join(dir, name); strings.HasPrefix(p, "/") {
		o = v.b.Sees(step, p)
	}
	return o != nil && (o.File != nil || o.Context != nil && o.Context.Has(o.Path))
}

// unpinned names the first requirement of a file without a version.
func (v *view) unpinned(step *source.Step, in packages.Install, name string) string {
	dir := in.Command.Dir
	if strings.HasPrefix(name, "/") {
		dir = "/"
	}
	if path.Ext(name) != ".txt" {
		return ""
	}
	o := v.seen(step, dir, name)
	if o == nil {
		return ""
	}
	for _, r := range o.Requirements() {
		if r.Name != "" && !r.Pinned && r.Path == "" && r.URL == "" {
			return fmt.Sprintf("%s requires %s without a version", name, r.Name)
		}
	}
	return ""
}
