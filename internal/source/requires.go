package source

import (
	"fmt"

	"github.com/dockworthy/dockworthy/internal/source/manifest"
	"github.com/dockworthy/dockworthy/text"
)

// A required is what a dependency file says, read once however many steps ask.
type required struct {
	requirements []manifest.Requirement
	node         *manifest.Package
	py           *manifest.PyProject
	lines        bool // requirements is set
	nodeRead     bool
	pyRead       bool
}

// of is what a file says; its data is asked for only where it was not read yet.
func (t *tree) required(f *text.File) *required {
	if t.requires == nil || len(t.requires) >= maxGlobs {
		t.requires = map[*text.File]*required{}
	}
	r := t.requires[f]
	if r == nil {
		r = &required{}
		t.requires[f] = r
	}
	return r
}

// Requirements are the lines of a pip requirements file of the context. The list
// is shared: it must not be changed.
func (c *Context) Requirements(p string) ([]manifest.Requirement, bool) {
	f, ok := c.ReadFile(p)
	if !ok {
		return nil, false
	}
	t := c.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.required(f)
	if !r.lines {
		r.requirements, r.lines = manifest.ParseRequirements(f.Data), true
	}
	if !t.names.Spend(len(r.requirements) / entriesOfStep) {
		t.stop(manyFiles)
		return nil, false
	}
	return r.requirements, true
}

// PackageJSON is a package.json of the context. It is shared.
func (c *Context) PackageJSON(p string) (*manifest.Package, bool) {
	f, ok := c.ReadFile(p)
	if !ok {
		return nil, false
	}
	t := c.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.required(f)
	if !r.nodeRead {
		r.node, _ = manifest.ParsePackageJSON(f.Data)
		r.nodeRead = true
	}
	return r.node, r.node != nil
}

// PyProject is a pyproject.toml of the context. It is shared.
func (c *Context) PyProject(p string) (*manifest.PyProject, bool) {
	f, ok := c.ReadFile(p)
	if !ok {
		return nil, false
	}
	t := c.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.required(f)
	if !r.pyRead {
		r.py, _ = manifest.ParsePyProject(f.Data)
		if len(f.Data) > manifest.MaxPyProject {
			t.stop(fmt.Sprintf("%s is larger than the limit for such a file, %d KiB", f.Name, manifest.MaxPyProject>>10))
		}
		r.pyRead = true
	}
	return r.py, r.py != nil
}

// Requirements are the lines of the file as a pip requirements file.
func (o *Origin) Requirements() []manifest.Requirement {
	if o.inContext() {
		list, _ := o.Context.Requirements(o.Path)
		return list
	}
	data, _ := o.Data()
	return manifest.ParseRequirements([]byte(data))
}

// PackageJSON is the file as a package.json; nil where it is none.
func (o *Origin) PackageJSON() *manifest.Package {
	if o.inContext() {
		p, _ := o.Context.PackageJSON(o.Path)
		return p
	}
	data, _ := o.Data()
	p, _ := manifest.ParsePackageJSON([]byte(data))
	return p
}

// PyProject is the file as a pyproject.toml; nil where it is none.
func (o *Origin) PyProject() *manifest.PyProject {
	if o.inContext() {
		p, _ := o.Context.PyProject(o.Path)
		return p
	}
	data, _ := o.Data()
	p, _ := manifest.ParsePyProject([]byte(data))
	return p
}

func (o *Origin) inContext() bool { return o.Context != nil && o.Span.IsZero() }
