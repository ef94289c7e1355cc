package source

import (
	"bytes"
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
	own := deploy.IsBakeName(path.Base(name))
	if !own && !bytes.Contains(file.Data, []byte("target \"")) {
		return // something else's
	}
	b, err := p.opt.Bake(file)
	if err != nil {
		if own {
			p.late.add(Problem{Path: name, Err: err})
		}
		return
	}
	dir := p.bakedIn(path.Dir(name), b)
	untold := map[string]bool{} // targets whose tags are not read, as those of a function
	for _, t := range b.Targets {
		untold[t.Name] = len(t.Tags) == 0
	}
	for _, t := range b.Targets {
		if t.Inline {
			continue
		}
		for key, v := range t.Contexts {
			if ref, ok := strings.CutPrefix(v, "docker-image://"); ok && untold[path.Base(repoOf(ref))] {
				t.Contexts[key] = "target:" + path.Base(repoOf(ref))
			}
		}
		p.bakeRecipe(dir, name, t)
	}
	for _, t := range b.Targets {
		by, _ := bakedFile(dir, t)
		for key, v := range t.Contexts {
			if _, made, ok := strings.Cut(v, "target:"); ok && by != "" {
				for _, of := range b.Targets {
					if file, _ := bakedFile(dir, of); of.Name == made && file != "" && file != by {
						p.lends[file] = append(p.lends[file], fromIn{by, key})
					}
				}
			}
		}
	}
}

// bakedIn is the folder that Bake is run in, which paths in its file are relative to: that
// of the file, or the nearest one above it in which a Dockerfile lies that it names.
func (p *Snapshot) bakedIn(dir string, b *deploy.Bake) string {
	for at := dir; ; at = path.Dir(at) {
		for _, t := range b.Targets {
			if file, _ := bakedFile(at, t); file != "" && !t.Inline {
				if _, err := p.files.stat(file); err == nil {
					return at
				}
			}
		}
		if at == "." || at == "/" {
			return dir
		}
	}
}

// bakedFile is the Dockerfile of a target, and its context, where Bake is run in this
// folder; "" = it is not in the project.
func bakedFile(dir string, t *deploy.BakeTarget) (file, root string) {
	ctx := t.Context
	if ctx == "" {
		ctx = "."
	}
	root = path.Join(dir, ctx)
	if strings.Contains(ctx, ":") || strings.HasPrefix(ctx, "/") || strings.HasPrefix(root, "..") {
		return "", ""
	}
	df := t.Dockerfile
	if df == "" {
		df = "Dockerfile"
	}
	return path.Join(root, df), root
}

// bakeRecipe is how a target of a Bake file that is run in dir builds a Dockerfile.
func (p *Snapshot) bakeRecipe(dir, name string, t *deploy.BakeTarget) {
	file, root := bakedFile(dir, t)
	if file == "" {
		return
	}
	if _, err := p.files.stat(file); err != nil {
		return // a target that only others inherit
	}
	r := recipe{target: t.Target, context: root, args: t.Args, contexts: map[string]string{}, folders: map[string]string{}, images: t.Tags, by: name, outcome: outcomeOf(t.Output)}
	r.development = r.discarded()
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
