package multistage

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// An absence follows a stage to tell that it certainly has nothing at a path:
// every step is understood, and none brings it. What a step may do and is not
// known to do counts as if it did.
type absence struct {
	b     *source.Build
	stage *source.Stage
	path  string
	depth int // stages that COPY --from leads through

	made  string // what is made instead, the last of it
	by    string // what makes it
	mount string // a mount that covers the path, and what is written to it: gone after the RUN
	gone  string // what takes the path away again, and where
	sent  bool   // a folder of the context comes to where the path is
}

// maxThrough bounds the stages through which a path is followed by COPY --from.
const maxThrough = 4

// lacks tells whether the stage certainly has nothing at the path.
func (a *absence) lacks() bool {
	if a.path == "/" || a.stage.Windows || a.depth > maxThrough {
		return false
	}
	whole, base := false, a.inBase()
	for s := range a.stage.Upwards() {
		for i := len(s.Steps) - 1; i >= 0; i-- {
			if a.brings(s.Steps[i]) {
				return false
			}
			if a.gone != "" {
				return true // whatever comes before
			}
		}
		whole = s.Parent == nil
	}
	// Where nothing else is made, the author expects the path in the folder that
	// is sent, and something that is not read may put it there before the build.
	return whole && !base && (!a.sent || a.made != "" || a.mount != "")
}

// why says it in words.
func (a *absence) why() string {
	switch {
	case a.gone != "":
		return a.gone
	case a.mount != "":
		return a.mount + " is a mount, and what is written there is not part of the stage"
	case a.made != "":
		return a.by + " writes " + a.made
	}
	if inEnvironment(a.path) {
		return "nothing in it creates a virtual environment there"
	}
	return "nothing in it creates that path"
}

// inBase tells whether the image that the stage is built on may have the path.
func (a *absence) inBase() bool {
	img := a.stage.Origin()
	switch {
	case img == nil || img.Context != "":
		return true
	case img.Scratch:
		return false
	case img.Known == nil || img.Known.Kind == base.KindService:
		return true
	}
	top := topOf(a.path)
	if w := img.Known.Workdir; w != "" && w != "/" && topOf(w) == top || knowledge.BaseFolders.Has(top) || knowledge.StandardFolders.Has(top) && !knowledge.OwnFolders.Has(top) {
		return true
	}
	minimal := img.Known.Kind == base.KindMinimal
	if knowledge.OwnFolders.Has(top) {
		return !plainImage(img) || top == "/opt" && !inEnvironment(a.path) && !minimal && img.Known.Kind != base.KindOS
	}
	// An image of a single program may have it at the top.
	return minimal || !plainImage(img)
}

// plainImage tells whether a publisher's images put nothing of their own at the
// top of the file system.
func plainImage(img *source.Image) bool {
	if strings.HasPrefix(img.Ref.Repo, "docker.io/library/") {
		return true
	}
	return slices.ContainsFunc(knowledge.PlainPublishers.Names(), func(p string) bool { return strings.HasPrefix(img.Ref.Repo, p) })
}

// topOf is the first folder of a path: /usr of /usr/bin/x.
func topOf(p string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	return "/" + first
}

// over tells whether one of two paths is the other, or holds it.
func over(p, q string) bool { return p == q || below(p, q) || below(q, p) }

// below tells whether p lies in the folder dir.
func below(p, dir string) bool {
	return p != dir && (dir == "/" || strings.HasPrefix(p, dir+"/"))
}

// brings tells whether a step may bring the path.
func (a *absence) brings(step *source.Step) bool {
	switch {
	case step.Copy != nil:
		return a.copied(step.Copy)
	case step.Run() != nil:
		return a.ran(step)
	}
	switch step.Keyword {
	case "WORKDIR":
		w := path.Clean(step.Value.Value)
		if !strings.HasPrefix(w, "/") {
			return true // relative to a folder that is not known
		}
		return !step.Value.Known || a.path == w || below(w, a.path)
	case "VOLUME":
		return strings.Contains(step.File().Text(step.Span), a.path)
	case "ONBUILD":
		return true
	}
	return false
}

// copied tells whether a COPY or ADD may bring the path.
func (a *absence) copied(c *source.Copy) bool {
	target := path.Clean(c.Target)
	if !c.Dest.Known || c.Parents {
		return true
	}
	if !strings.HasPrefix(target, "/") {
		return a.somewhere(c)
	}
	if target == a.path || below(target, a.path) {
		return true
	}
	if !below(a.path, target) {
		return false
	}
	rel := strings.TrimPrefix(strings.TrimPrefix(a.path, target), "/")
	for _, h := range c.Heredocs {
		if h.Name == rel || below(h.Name, rel) {
			return true
		}
	}
	for _, src := range c.Sources {
		if !src.Known || a.source(c, src.Value, rel) {
			return true
		}
	}
	return false
}

// somewhere tells whether a COPY into a folder that is not known may bring the
// path: files of other names than its parts do not.
func (a *absence) somewhere(c *source.Copy) bool {
	parts := strings.Split(a.path, "/")
	for _, h := range c.Heredocs {
		if slices.Contains(parts, h.Name) {
			return true
		}
	}
	return c.Add || !c.FromContext() || slices.Contains(parts, path.Base(c.Target)) || slices.ContainsFunc(c.Sources, func(src source.Text) bool {
		name := source.Clean(src.Value)
		return !src.Known || strings.ContainsAny(name, "*?[") || slices.Contains(parts, path.Base(name)) || !a.isFile(name)
	})
}

// source tells whether one source of a COPY or ADD may bring rel into its
// target.
func (a *absence) source(c *source.Copy, src, rel string) bool {
	if c.Add && (strings.Contains(src, "://") || strings.HasPrefix(src, "git@") || archive(src)) {
		return true
	}
	if !c.FromContext() {
		if c.Stage == nil || c.Stage == a.stage || strings.ContainsAny(src, "*?[") {
			return true
		}
		from := path.Clean("/" + src)
		return a.through(c.Stage, path.Join(from, rel)) || path.Base(from) == topName(rel) && a.through(c.Stage, path.Join(path.Dir(from), rel))
	}
	ctx := a.b.Context
	if ctx == nil {
		name := source.Clean(src)
		return strings.ContainsAny(name, "*?[") || path.Base(name) == topName(rel) || !a.isFile(name)
	}
	names := []string{source.Clean(src)}
	if strings.ContainsAny(names[0], "*?[") {
		if names = ctx.Glob(names[0]); len(names) == 0 {
			return true
		}
	}
	return slices.ContainsFunc(names, func(name string) bool {
		if e, err := ctx.Stat(name); err == nil && !e.Dir || err != nil && a.isFile(name) {
			return path.Base(name) == rel
		} else if err != nil {
			return true
		}
		a.sent = true
		return ctx.MayHold(path.Join(name, rel))
	})
}

// through tells whether another stage may have a path.
func (a *absence) through(s *source.Stage, p string) bool {
	next := absence{b: a.b, stage: s, path: p, depth: a.depth + 1}
	return !next.lacks()
}

// isFile tells whether a path of the context is certainly a file.
func (a *absence) isFile(name string) bool { return isFile(a.b, name) }

// archive tells whether ADD may unpack a file of this name.
func archive(name string) bool {
	return slices.ContainsFunc([]string{".tar", ".tgz", ".tbz", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst", "*"}, func(end string) bool {
		return strings.HasSuffix(name, end)
	})
}

// topName is the first part of a relative path.
func topName(rel string) string {
	first, _, _ := strings.Cut(rel, "/")
	return first
}

// neverMade speaks of a path that a stage certainly never has.
func (v *breaks) neverMade(step *source.Step, c *source.Copy, i int, p string) bool {
	if c.Stage == nil || c.Stage == step.Stage || len(v.links) > 0 && v.links[p] {
		return false
	}
	a := absence{b: v.b, stage: c.Stage, path: p}
	if !a.lacks() {
		return false
	}
	help := ""
	if a.made != "" && a.mount == "" && a.gone == "" && strings.HasPrefix(a.made, "/") {
		help = "copy " + a.made
	}
	if a.mount != "" {
		help = "copy it to a folder of the stage in the same RUN, and copy it from there"
	}
	v.add(step, i, help, "%s has no %s: %s", stageText(c), p, a.why())
	if made, ok := strings.CutPrefix(help, "copy /"); ok {
		v.mend(recipe.TakeFrom(v.b, step, i, "/"+made))
	}
	return true
}

// note remembers what a command makes instead of the path.
func (a *absence) note(by, made string) {
	if made != "" && made != "/" {
		a.by, a.made = by, made
	}
}
