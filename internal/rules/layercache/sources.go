package layercache

import (
	"bytes"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// A sort says what a COPY takes, as far as its names and the context tell.
type sort uint8

const (
	other   sort = iota // manifests, settings, vendored packages, or what cannot be told
	sources             // files that change with each edit
	tree                // the whole context
)

// takes classifies source i of a COPY or ADD from the build context.
func (v *view) takes(c *source.Copy, i int) sort {
	word := c.Sources[i].Value
	if strings.Contains(word, "://") || strings.HasPrefix(word, "git@") {
		return other
	}
	p := source.Clean(word)
	if p == "." || strings.Trim(p, "*/") == "" || p == "*.*" {
		if v.onlyManifests() {
			return other
		}
		return tree
	}
	if !c.Sources[i].Known && strings.Contains(word, "$") {
		return other
	}
	if got := v.named(p); got != sources || !v.gemFile(p) {
		return got
	}
	return other
}

// gemFile tells whether a Ruby file is one that a gemspec or the Gemfile reads, so
// that Bundler needs it.
func (v *view) gemFile(p string) bool {
	stem, ok := strings.CutSuffix(p, ".rb")
	if !ok || v.b.Context == nil {
		return false
	}
	return v.anyHas([]string{"*.gemspec", "Gemfile", "gems.rb"}, func(data []byte) bool { return bytes.Contains(data, []byte(stem)) })
}

// named classifies a path of the context.
func (v *view) named(p string) sort {
	for _, part := range strings.Split(path.Dir(p), "/") {
		if knowledge.HelperFolders.Has(strings.ToLower(part)) {
			return other
		}
	}
	base := path.Base(p)
	if strings.ContainsAny(base, "*?[") {
		return v.glob(p, base)
	}
	if strings.ContainsAny(p, "*?[") {
		return v.file(base)
	}
	if ctx := v.b.Context; ctx != nil {
		if e, err := ctx.Stat(p); err == nil {
			if e.Dir {
				return v.folder(p)
			}
			return v.file(base)
		}
	}
	// It is not there to be looked at: only a telling name counts.
	if strings.Contains(strings.TrimLeft(base, "."), ".") {
		return v.file(base)
	}
	if knowledge.SourceFolders.Has(strings.ToLower(base)) {
		return sources
	}
	return other
}

func (v *view) glob(p, base string) sort {
	for _, name := range knowledge.ManifestNames.Names() {
		if ok, _ := path.Match(base, name); ok && base != "*" {
			return other
		}
	}
	if ext := path.Ext(base); ext != "" && knowledge.SourceEnds.Has(ext) {
		return sources
	}
	if dir := path.Dir(p); strings.Trim(base, "*") == "" && dir != "." && !strings.ContainsAny(dir, "*?[") {
		return v.named(dir)
	}
	return other
}

// file classifies a file by its base name.
func (v *view) file(base string) sort {
	if _, ok := manifest.Kind(base); ok {
		return other
	}
	ext := path.Ext(base)
	if !knowledge.SourceEnds.Has(ext) || knowledge.QuietSources.Has(base) {
		return other
	}
	// next.config.js, vite.config.ts and the like: settings, not the program.
	stem := strings.TrimSuffix(base, ext)
	if strings.HasPrefix(base, ".") || strings.Contains(stem, "config") || strings.HasSuffix(stem, ".d") || strings.HasSuffix(stem, "rc") || strings.Contains(stem, "install") {
		return other
	}
	return sources
}

// folder classifies a folder that the context has.
func (v *view) folder(p string) sort {
	if knowledge.HelperFolders.Has(strings.ToLower(path.Base(p))) {
		return other
	}
	if v.holdsSources(p) {
		return sources
	}
	return other
}

// maxEntries bounds how much of a folder is looked at for one source file.
const maxEntries = 300

// holdsSources tells whether a folder of the context has a source file in it.
func (v *view) holdsSources(dir string) bool {
	if got, ok := v.folders[dir]; ok {
		return got
	}
	left := maxEntries
	var look func(dir string, depth int) bool
	look = func(dir string, depth int) bool {
		for _, e := range v.b.Context.Dir(dir) {
			if left--; left < 0 {
				return false
			}
			if e.Dir {
				if depth < 6 && look(e.Path, depth+1) {
					return true
				}
				continue
			}
			if v.file(path.Base(e.Path)) == sources || knowledge.ContentEnds.Has(path.Ext(e.Path)) {
				if sent, _ := v.b.Context.Sent(e.Path, false); sent {
					return true
				}
			}
		}
		return false
	}
	got := look(dir, 0)
	v.folders[dir] = got
	return got
}

// onlyManifests tells whether all that the context sends is dependency files:
// its ignore file lets nothing else through.
func (v *view) onlyManifests() bool {
	if v.asked {
		return v.bare
	}
	v.asked = true
	ctx := v.b.Context
	if ctx == nil || ctx.Ignore.Empty() {
		return false
	}
	manifests, others := 0, 0
	err := ctx.Look(func(e source.Entry) bool {
		base := path.Base(e.Path)
		switch _, ok := manifest.Kind(base); {
		case ok:
			manifests++
		case strings.HasPrefix(base, "Dockerfile") || base == ".dockerignore":
		default:
			others++
			return false
		}
		return true
	})
	v.bare = err == nil && manifests > 0 && others == 0
	return v.bare
}
