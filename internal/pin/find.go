package pin

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// maxFile is the largest file that is read.
const maxFile = 16 << 20

// Found are the uses of a project, in the order of its files, and what could not be
// looked at.
type Found struct {
	Uses     []*Use
	Problems []source.Problem
	Files    int // that were looked at
}

// A finder looks for the uses of a project.
type finder struct {
	fsys     fs.FS
	paths    []string
	snapshot *source.Snapshot
	opt      source.Options
	texts    map[string]*text.File
	given    map[string][]gift // by argument
	out      Found
}

// A gift is a build argument that a file gives a value.
type gift struct {
	value string
	at    word
}

// Find looks for the images that the files under some paths name: Dockerfiles,
// Compose files, Kubernetes manifests, Bake files, and workflows and actions of
// GitHub.
func Find(fsys fs.FS, paths []string, opt source.Options) *Found {
	f := &finder{fsys: fsys, opt: opt, texts: map[string]*text.File{}, given: map[string][]gift{}}
	var rest, workflows, bakes []string
	for _, p := range paths {
		info, err := fs.Stat(fsys, p)
		switch {
		case err == nil && info.IsDir():
			rest = append(rest, p)
			workflows = append(workflows, f.workflowsIn(p)...)
			l := source.Find(fsys, p)
			bakes = append(bakes, l.Bake...)
			for _, y := range l.YAML {
				if isAction(y) {
					workflows = append(workflows, y)
				}
			}
		case deploy.IsBakeName(path.Base(p)), path.Ext(p) == ".hcl": // Bake reads other names with --file
			bakes = append(bakes, p)
		case isWorkflow(p), isAction(p):
			workflows = append(workflows, p)
		default:
			rest = append(rest, p)
		}
	}
	f.paths = paths
	for _, b := range unique(bakes) {
		f.guarded(b, func() { f.bake(b) })
	}
	for _, w := range unique(workflows) {
		f.guarded(w, func() { f.workflow(w) })
	}
	if len(rest) > 0 {
		f.snapshot = source.Open(fsys, rest, opt)
		f.units()
		for _, p := range f.snapshot.Problems() {
			if !slices.ContainsFunc(f.out.Problems, func(q source.Problem) bool { return q.Path == p.Path }) {
				f.out.Problems = append(f.out.Problems, p)
			}
		}
	}
	slices.SortStableFunc(f.out.Uses, func(a, b *Use) int {
		return cmp.Or(strings.Compare(a.File.Name, b.File.Name), cmp.Compare(a.Span.Start, b.Span.Start))
	})
	return &f.out
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// units are the Dockerfiles, Compose files and manifests.
func (f *finder) units() {
	type read struct {
		unit   source.Unit
		builds []*source.Build
	}
	var all []read
	for _, u := range f.snapshot.Units {
		builds, prob := f.snapshot.Builds(u)
		switch {
		case prob != nil:
			f.out.Problems = append(f.out.Problems, *prob)
		case len(builds) > 0:
			all = append(all, read{u, builds})
		}
	}
	for _, one := range all { // what Compose gives, before the Dockerfiles that get it
		for _, b := range one.builds {
			if b.Compose != nil {
				f.composeArgs(b)
			}
		}
	}
	seen := map[string]bool{}
	for _, one := range all {
		if one.unit.Service == "" && !seen[one.unit.Path] {
			seen[one.unit.Path] = true
			f.out.Files++
		}
		f.guarded(one.unit.Path, func() {
			switch b := one.builds[0]; {
			case b.File != nil:
				f.out.Uses = append(f.out.Uses, f.dockerfile(one.builds)...)
			case b.Compose != nil:
				f.compose(b)
			case b.Kubernetes != nil:
				f.kubernetes(b)
			}
		})
	}
}

// guarded looks at one file. A defect of ours there must not hide the other files.
func (f *finder) guarded(name string, look func()) {
	had := len(f.out.Uses)
	defer func() {
		if r := recover(); r != nil {
			f.out.Uses = f.out.Uses[:had]
			f.problem(name, fmt.Errorf("dockworthy failed on this file, please report this: %v", r))
		}
	}()
	look()
}

// file is a file of the project, read once; nil where it cannot be.
func (f *finder) file(name string) *text.File {
	if t, ok := f.texts[name]; ok {
		return t
	}
	data, err := files.Read(f.fsys, name, maxFile)
	if err != nil {
		f.problem(name, err)
		f.texts[name] = nil
		return nil
	}
	t := text.NewFile(name, data)
	f.texts[name] = t
	return t
}

func (f *finder) problem(name string, err error) {
	f.out.Problems = append(f.out.Problems, source.Problem{Path: name, Err: err})
}

// within tells whether a file lies under one of the paths, so that it may be edited.
func (f *finder) within(name string) bool {
	return slices.ContainsFunc(f.paths, func(p string) bool { return p == "." || p == name || strings.HasPrefix(name, p+"/") })
}

// allowed is the suppression that covers a place; nil where there is none.
func (f *finder) allowed(builds []*source.Build, file *text.File, span text.Span) *source.Allow {
	for _, b := range builds {
		own := b.Text()
		if file.Name != own.Name {
			for _, s := range b.Sources() {
				if s.Name == file.Name {
					own = s
				}
			}
		}
		for _, id := range checks {
			if a := b.Allowed(id, "pinned-base", own, span, false); a != nil {
				return a
			}
		}
	}
	return nil
}

// givenBy are the places where files give a build argument a value.
func (f *finder) givenBy(name, value string) []word {
	var list []word
	for _, g := range f.given[name] {
		if g.value == value && !slices.Contains(list, g.at) && len(list) < maxAssignments {
			list = append(list, g.at)
		}
	}
	return list
}

// single is a use of a file that is no Dockerfile, whose reference may have variables
// in front of its end.
func (f *finder) single(u *Use, value string, w word, lookup func(string) (variable, bool), allowed func(text.Span) *source.Allow) {
	u.settle(value, w, lookup)
	if u.Why == "" && u.Carrier != nil && !u.Pinned() && allowed != nil {
		if a := allowed(u.Span); a != nil {
			u.Why = suppressed(a)
		}
	}
	f.out.Uses = append(f.out.Uses, u)
}

// settle finds what a use names, and its carrier.
func (u *Use) settle(value string, w word, lookup func(string) (variable, bool)) {
	ref, err := base.ParseRef(value)
	if err != nil {
		u.Why = invalid
		return
	}
	u.Ref = ref
	if u.Why = local(ref); u.Why != "" || u.Pinned() && !u.Follows() {
		return
	}
	u.Carrier, _, u.Why = carry(w, need(ref, value), lookup)
}

const invalid = "it is not a valid reference to an image"
