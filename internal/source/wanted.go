package source

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// maxWanted is how many paths of one Dockerfile are looked up.
const maxWanted = 64

// wanted finds what a Dockerfile that copies the whole context uses of it afterwards:
// what a tool needs to be there, paths in its commands, what later stages copy of it.
type wanted struct {
	roots map[*Stage][]string // where stages put the whole context
	paths []string            // in the context
}

// wantedOf are such paths. Some are made by the build, and lie in no folder of the
// project.
func wantedOf(stages []*Stage) []string {
	w := &wanted{roots: map[*Stage][]string{}}
	for _, s := range stages {
		if s.Parent != nil {
			w.roots[s] = slices.Clone(w.roots[s.Parent])
		}
		for _, step := range s.Steps {
			w.step(s, step)
		}
		if len(w.roots[s]) > 0 {
			for _, step := range []*Step{s.Final.Entrypoint, s.Final.Cmd} {
				w.start(s, step)
			}
		}
	}
	return w.paths
}

func (w *wanted) step(s *Stage, step *Step) {
	if c := step.Copy; c != nil {
		switch {
		case c.FromContext() && slices.ContainsFunc(c.Sources, func(t Text) bool { return Clean(t.Value) == "." }):
			if strings.HasPrefix(c.Target, "/") {
				w.roots[s] = append(w.roots[s], path.Clean(c.Target))
			}
		case c.Stage != nil:
			for _, src := range c.Sources {
				if src.Known {
					w.add(c.Stage, "/", path.Join("/", src.Value))
				}
			}
		}
		return
	}
	if len(w.roots[s]) == 0 {
		return
	}
	if run := step.Run(); run != nil {
		for _, c := range run.commands {
			w.command(s, c)
		}
	}
}

// command adds what a command reads.
func (w *wanted) command(s *Stage, c *shell.Command) {
	program, args := c.Underlying()
	if knowledge.Makers.Has(program) || program == "" {
		return
	}
	w.add(s, c.Dir, c.Words[0].Text)
	for _, name := range needs(program) {
		w.add(s, c.Dir, name)
	}
	for i, a := range args {
		if a.Known && !a.Glob && !strings.HasPrefix(a.Text, "-") && (i == 0 || !knowledge.OutputFlags.Has(args[i-1].Text)) {
			w.add(s, c.Dir, a.Text)
		}
	}
}

// needs are the files without which a tool does nothing in a folder.
func needs(program string) []string {
	if program == "make" {
		return []string{"Makefile"}
	}
	for _, t := range knowledge.DependencyTools() {
		if t.Name == program || t.Manager == program {
			if t.Reads != "" {
				return []string{t.Reads}
			}
			return slices.DeleteFunc(slices.Clone(t.Manifests), func(name string) bool { return strings.ContainsAny(name, "*?[") })
		}
	}
	return nil
}

// start adds what a container is started with.
func (w *wanted) start(s *Stage, step *Step) {
	if step == nil {
		return
	}
	var words []string
	switch c := step.Command.(type) {
	case *instructions.CmdCommand:
		words = c.CmdLine
	case *instructions.EntrypointCommand:
		words = c.CmdLine
	}
	if len(words) == 1 && !step.JSON {
		words = strings.Fields(words[0])
	}
	for i, word := range words {
		if i == 0 {
			for _, name := range needs(path.Base(word)) {
				w.add(s, s.Final.Workdir.Value, name)
			}
		}
		if !strings.HasPrefix(word, "-") && !strings.ContainsAny(word, "$*?") {
			w.add(s, s.Final.Workdir.Value, word)
		}
	}
}

// add notes a path of a stage, where it lies in the copied context.
func (w *wanted) add(s *Stage, dir, name string) {
	if len(w.paths) >= maxWanted || name == "" || strings.Contains(name, "://") || len(name) > maxPath {
		return
	}
	if !strings.HasPrefix(name, "/") {
		if !strings.HasPrefix(dir, "/") {
			return
		}
		name = path.Join(dir, name)
	}
	for _, root := range w.roots[s] {
		if p, ok := relative(path.Clean(name), root); ok && p != "" && !slices.Contains(w.paths, p) {
			w.paths = append(w.paths, p)
		}
	}
}

// broadContext is the context of a Dockerfile that copies the whole of it and names
// nothing of it: the nearest folder that has most of what its steps use then; unsaid
// where nothing tells its own folder from one above it.
func (t *targeting) broadContext(own string, stages []*Stage) string {
	names := wantedOf(stages)
	has := func(dir string) (n int) {
		for _, p := range names {
			if _, err := t.files.stat(path.Join(dir, p)); err == nil {
				n++
			}
		}
		return n
	}
	best, most := own, has(own)
	if most > 0 {
		return own // what is made in the image may lie above by the same name
	}
	for dir := path.Dir(own); ; dir = path.Dir(dir) {
		if n := has(dir); n > most {
			best, most = dir, n
		}
		if dir == "." || dir == "/" {
			break
		}
	}
	if most == 0 && t.ancillary(own, stages) {
		return unsaid
	}
	return best
}

// ancillary tells whether a folder holds nothing but what containers are set up with,
// as scripts and settings, while one above it holds a project: whoever copies the whole
// into a place for sources may mean either.
func (t *targeting) ancillary(own string, stages []*Stage) bool {
	for _, s := range stages {
		for _, step := range s.Steps {
			if c := step.Copy; c != nil && c.FromContext() && slices.ContainsFunc(c.Sources, func(t Text) bool { return Clean(t.Value) == "." }) && systemFolder(c.Target) {
				return false
			}
		}
	}
	if !t.setup(own, 0) {
		return false
	}
	for dir := path.Dir(own); ; dir = path.Dir(dir) {
		list, _ := t.files.list(dir)
		for _, e := range list {
			if info, ok := manifest.Kind(e.Name()); e.Name() == ".dockerignore" || ok && info.Role == manifest.Manifest {
				return true
			}
		}
		if dir == "." || dir == "/" {
			return false
		}
	}
}

// setup tells whether a folder and those below it hold Dockerfiles, scripts and
// settings alone.
func (t *targeting) setup(dir string, depth int) bool {
	entries, err := t.files.list(dir)
	if err != nil || len(entries) > maxSetup || depth > 2 {
		return false
	}
	return !slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		name := e.Name()
		if e.IsDir() {
			return name == ".git" || knowledge.SourceFolders.Has(name) || !t.setup(path.Join(dir, name), depth+1)
		}
		_, dependencies := manifest.Kind(name)
		return name == ".dockerignore" || dependencies || !IsDockerfileName(name) && !deploy.IsComposeName(name) && !knowledge.SetupEnds.Ends(name)
	})
}

// maxSetup is how many entries such a folder has at most.
const maxSetup = 50

// systemFolder tells whether a folder of an image is one for settings, programs or
// pages of what is installed there.
func systemFolder(dir string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path.Clean("/"+dir), "/"), "/")
	return slices.Contains([]string{"etc", "usr", "var", "docker-entrypoint-initdb.d"}, first) && !strings.HasPrefix(dir, "/usr/src")
}
