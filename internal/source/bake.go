package source

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

// openBake takes the builds of a Bake file.
func (p *Snapshot) openBake(name string) {
	if p.opt.Bake == nil {
		return
	}
	file, err := p.files.read(name, maxFile)
	if err != nil {
		p.late.add(Problem{Path: name, Err: err})
		return
	}
	b, err := p.opt.Bake(file)
	if err != nil {
		p.late.add(Problem{Path: name, Err: err})
		return
	}
	for _, t := range b.Targets {
		if t.Inline {
			continue
		}
		p.bakeRecipe(path.Dir(name), name, t)
	}
}

// bakeRecipe is how a target of a Bake file builds a Dockerfile. Bake is run where
// its file lies.
func (p *Snapshot) bakeRecipe(dir, name string, t *deploy.BakeTarget) {
	ctx := t.Context
	if ctx == "" {
		ctx = "."
	}
	root := path.Join(dir, ctx)
	if strings.Contains(ctx, "://") || strings.Contains(ctx, ":") || strings.HasPrefix(ctx, "/") || strings.HasPrefix(root, "..") {
		return
	}
	df := t.Dockerfile
	if df == "" {
		df = "Dockerfile"
	}
	file := path.Join(root, df)
	if _, err := p.files.stat(file); err != nil {
		return // a target that only others inherit
	}
	r := recipe{target: t.Target, context: root, args: t.Args, contexts: map[string]string{}, folders: map[string]string{}, images: t.Tags, by: name}
	for key, v := range t.Contexts {
		r.contexts[key], r.folders[key] = v, v
		if !strings.Contains(v, ":") && !path.IsAbs(v) {
			r.folders[key] = path.Join(dir, v)
		}
	}
	for _, w := range parts(t.Name) {
		if knowledge.DevStageWords.Has(w) {
			r.development = "the Bake target is named " + t.Name
		}
	}
	p.composed[file] = append(p.composed[file], r)
	for _, tag := range t.Tags {
		p.baked[familiar(tag)] = file
	}
}
