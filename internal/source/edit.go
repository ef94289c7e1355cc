package source

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/overlay"
	"github.com/dockworthy/dockworthy/text"
)

// Edit is the snapshot of the same files with changes over them. What the changes
// cannot touch is not read again; it answers as a new reading would. The snapshot
// itself stays as it is. It has to be Editable.
func (p *Snapshot) Edit(changes overlay.Changes) *Snapshot {
	if !p.opt.Editable {
		panic("source: the snapshot was opened without Options.Editable")
	}
	c := changeOf(p.files.fsys, changes)
	fsys := overlay.Over(p.files.fsys, changes)
	if p.restructures(c) {
		next := Open(fsys, p.paths, p.opt)
		next.lasting = p.lasting
		if !p.rewires(c) && len(p.compose)+len(p.kube)+len(next.compose)+len(next.kube) == 0 {
			next.keep(p, c)
		}
		return next
	}
	next := &Snapshot{
		Units: p.Units, files: p.files, paths: p.paths, opt: p.opt,
		compose: p.compose, byPath: p.byPath, parents: p.parents, kube: p.kube, dotenvs: p.dotenvs, dotEnvs: p.dotEnvs,
		composed: p.composed, lends: p.lends, builtFrom: p.builtFrom, extended: p.extended, versions: p.versions, baked: p.baked, repos: p.repos, hinted: p.hinted, pushed: p.pushed, lasting: p.lasting,
	}
	next.files.fsys = fsys
	next.late.list = p.Problems()
	next.searches.Left = freeSearch + searchPerUnit*len(p.Units)
	for dir, cfg := range p.configs.done() {
		next.configs.set(dir, cfg)
	}
	next.index()
	next.keep(p, c)
	return next
}

// restructures tells whether a change makes other units, or other deployments of
// them, so that the project is looked through anew.
func (p *Snapshot) restructures(c *change) bool {
	c = c.beyond()
	return len(c.names) > 0 || p.rewires(c)
}

// beyond is a change without the files by which no unit is found and that none is read by
// but as a file of its context: samples of settings.
func (c *change) beyond() *change {
	aside := func(name string) bool { return path.Base(name) == ".env.example" }
	next := &change{files: maps.Clone(c.files), names: maps.Clone(c.names), froms: c.froms}
	maps.DeleteFunc(next.files, func(name string, _ int64) bool { return aside(name) })
	maps.DeleteFunc(next.names, func(name string, _ bool) bool { return aside(name) })
	return next
}

// rewires tells whether a change is of a file that many units are read by: what
// deploys, configures or hides them.
func (p *Snapshot) rewires(c *change) bool {
	for name := range c.files {
		base := path.Base(name)
		// Any YAML file may be a manifest from now on.
		if ext := strings.ToLower(path.Ext(base)); ext == ".yaml" || ext == ".yml" || base == ".gitignore" || mayBake(base) {
			return true
		}
	}
	return c.touchesAny(p.files.trace)
}

// keep takes over what a change does not touch.
func (p *Snapshot) keep(old *Snapshot, c *change) {
	for u, k := range old.kept.done() {
		if _, changed := c.files[u.Path]; !changed && !c.touchesAny(k.trace) {
			p.kept.set(u, &kept{k.builds, k.problem, k.trace, true})
		}
	}
	for name, ig := range old.ignores.done() {
		if !c.touches(question{aboutFile, name}) {
			p.ignores.set(name, ig)
		}
	}
	for dir, list := range old.builders.done() {
		if !c.touchesList(list.asked) {
			p.builders.set(dir, list)
		}
	}
	for root, t := range old.trees.done() {
		if next := t.after(c); next != nil {
			next.fsys = p.files.fsys
			p.trees.set(root, next)
		}
	}
	p.files.links = old.files.links
	if len(c.names) > 0 {
		p.files.links.Clear() // a link may lead elsewhere now
	}
}

// after is what was noticed of a folder and a change does not touch; nil where
// entries come or go.
func (t *tree) after(c *change) *tree {
	if c.touches(question{aboutTree, t.root}) {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	next := &tree{root: t.root, walks: t.walks, names: t.names, kept: t.kept, globbed: t.globbed, fileBytes: t.fileBytes}
	next.dirs, next.globs = maps.Clone(t.dirs), maps.Clone(t.globs)
	next.stats, next.files = maps.Clone(t.stats), maps.Clone(t.files)
	next.requires = maps.Clone(t.requires)
	next.answers.most = t.answers.most
	for question, a := range t.answers.done() {
		if !c.touchesList(a.asked) {
			next.answers.set(question, a)
		}
	}
	var gone []*text.File
	for name := range c.files {
		if !under(name, t.root) {
			continue
		}
		rel := name
		if t.root != "." {
			rel = strings.TrimPrefix(strings.TrimPrefix(name, t.root), "/")
		}
		gone = append(gone, next.files[rel])
		delete(next.stats, rel)
		delete(next.files, rel)
	}
	for _, f := range gone {
		delete(next.requires, f)
	}
	return next
}

// Kept tells whether a unit's builds are these, read already.
func (p *Snapshot) Kept(u Unit, builds []*Build) bool {
	p.kept.mu.Lock()
	defer p.kept.mu.Unlock()
	r := p.kept.rows[u]
	return r != nil && slices.Equal(r.value.builds, builds)
}

// Renew forgets what was taken over of a unit from the snapshot before, and tells
// whether anything was: for questions that it was not asked there.
func (p *Snapshot) Renew(u Unit) bool {
	p.kept.mu.Lock()
	defer p.kept.mu.Unlock()
	r := p.kept.rows[u]
	if r == nil || !r.value.inherited {
		return false
	}
	delete(p.kept.rows, u)
	return true
}
