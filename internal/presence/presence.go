// Package presence tells whether a program is in an image: one answer for the
// commands that a container starts, the interpreters of scripts and the programs
// of probes, wherever they are written. It says Yes or No only where it is
// certain.
package presence

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// An Image is one whose programs are asked for: what a build makes, or what is
// published under a name. The zero Image is one of which nothing is known.
type Image struct {
	b     *source.Build // nil: nothing here builds it
	known *base.Image   // of the base, or of what is published; nil = not known
	local *Image        // the base, where the project builds it
	empty bool          // the base is scratch
	name  string        // of the base
}

// Of is the image that a build makes.
func Of(b *source.Build) *Image {
	img := b.Base()
	i := &Image{b: b, known: img.Known, empty: img.Scratch, name: img.String()}
	if img.Local != nil && img.Local != b {
		i.local = Of(img.Local)
	}
	return i
}

// Published is an image that is pulled.
func Published(name string) *Image {
	i := &Image{name: name}
	if ref, err := base.ParseRef(name); err == nil {
		i.known, _ = base.Lookup(ref)
	}
	return i
}

// Base is what messages call the image that the answers rest on.
func (i *Image) Base() string { return i.name }

// Known tells whether anything is known of what the image is built on.
func (i *Image) Known() bool { return i.known != nil || i.empty || i.local != nil }

// Shell tells whether there is a /bin/sh.
func (i *Image) Shell() base.Answer { return i.Program("/bin/sh") }

// BusyBoxWget tells whether wget is certainly the one of BusyBox.
func (i *Image) BusyBoxWget() bool {
	if i.local != nil {
		return i.local.BusyBoxWget() && i.brought("wget") == base.No
	}
	if i.known == nil || i.known.Shell != "busybox-ash" || i.known.HasTool("wget") != base.Yes {
		return false
	}
	return i.b == nil || i.brought("wget") == base.No
}

// Word is how a command certainly starts a program of the image: by its name, or by the
// path at which the base has it where PATH does not lead, as distroless/nodejs has node;
// "" = it is not certainly there.
func (i *Image) Word(name string) string {
	if i.Program(name) == base.Yes {
		return name
	}
	if own := i.own(name); own != "" {
		return own
	}
	return ""
}

// own is the path of a program that the base image has, starts itself and does not keep in
// a folder of PATH; "" = it has none such.
func (i *Image) own(name string) string {
	switch {
	case i.local != nil:
		return i.local.own(name)
	case i.known == nil || len(i.known.Entrypoint) == 0 || i.known.HasTool(name) != base.Yes:
		return ""
	}
	p := i.known.Entrypoint[0]
	dirs := i.known.Env["PATH"]
	if dirs == "" {
		dirs = usualPath
	}
	if !path.IsAbs(p) || path.Base(p) != name || slices.Contains(strings.Split(dirs, ":"), path.Dir(p)) {
		return ""
	}
	return p
}

// Program tells whether a command finds its program: a path, or a name that is
// looked up in PATH.
func (i *Image) Program(word string) base.Answer {
	switch {
	case word == "" || strings.ContainsAny(word, "$*?`"):
		return base.Unknown
	case !strings.Contains(word, "/"):
		if i.b != nil && slices.ContainsFunc(i.path(), func(dir string) bool {
			p := path.Join(dir, word)
			return i.b.FileAt(p) != nil || i.copied(p) || i.own(word) == p
		}) {
			return base.Yes
		}
		return i.named(word)
	case !strings.HasPrefix(word, "/"):
		if i.b == nil || !strings.HasPrefix(i.b.Target.Final.Workdir.Value, "/") {
			return base.Unknown
		}
		word = path.Join(i.b.Target.Final.Workdir.Value, word)
	}
	return i.file(path.Clean(word))
}

// File is the file of the project that a command starts, and its path in the
// image; nil where the project brings none.
func (i *Image) File(word string) (*source.Origin, string) {
	if i.b == nil {
		return nil, word
	}
	if strings.Contains(word, "/") {
		if !strings.HasPrefix(word, "/") {
			word = path.Join(i.b.Target.Final.Workdir.Value, word)
		}
		if !strings.HasPrefix(word, "/") {
			return nil, word
		}
		return i.b.FileAt(word), path.Clean(word)
	}
	for _, dir := range i.path() {
		p := path.Join(dir, word)
		if o := i.b.FileAt(p); o != nil {
			return o, p
		}
	}
	return nil, word
}

// path are the folders that PATH names, as far as it is known.
func (i *Image) path() (list []string) {
	dirs, ok := i.b.RuntimeEnv("PATH")
	if !ok {
		dirs = usualPath
		if v, set := i.b.Target.Env.Lookup("PATH"); set {
			dirs = v.Value + ":" + usualPath // the base's own part is not known
		}
	}
	for dir := range strings.SplitSeq(dirs, ":") {
		if strings.HasPrefix(dir, "/") {
			list = append(list, dir)
		}
	}
	return list
}

// usualPath is where programs are looked for without a PATH.
// Source: containerd and BuildKit, DefaultPathEnvUnix.
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// named is the answer for a name.
func (i *Image) named(name string) base.Answer {
	below := i.below(name)
	if i.b == nil || below == base.Yes {
		return below
	}
	switch by := i.brought(name); {
	case by == base.Yes:
		return base.Yes
	case by == base.Unknown, i.inFolder(name):
		return base.Unknown
	}
	if below == base.Unknown && i.known != nil && i.b != nil {
		return i.ofPython(name)
	}
	return below
}

// inFolder tells whether a program may lie in a folder of PATH that comes with a tree
// which a COPY brings, or a RUN unpacks or moves there: /opt/java/openjdk, and its bin.
func (i *Image) inFolder(name string) bool {
	for _, dir := range i.path() {
		if knowledge.SystemProgramFolders.Has(dir) || path.Dir(dir) == "/usr/local" || i.ofPackages(dir) {
			continue
		}
		p := path.Join(dir, name)
		for step := range i.b.Steps() {
			if c := step.Copy; c != nil {
				if !c.FromContext() && mayCopy(i.b, c, p) {
					return true
				}
				continue
			}
			run := step.Run()
			if run == nil {
				continue
			}
			for _, fx := range run.Effects.Files {
				if fx.Kind != effects.Unpack && len(fx.Sources) == 0 {
					continue
				}
				if slices.ContainsFunc(fx.Paths, func(w shell.Word) bool { return !w.Known || inside(p, path.Clean(w.Text)) }) {
					return true
				}
			}
		}
	}
	return false
}

// ofPackages tells whether a folder of PATH is one in which a package manager puts the
// programs of what it installs, and nothing else lies: that of a virtual environment, by
// its name or because a stage makes it, or of Node's packages.
func (i *Image) ofPackages(dir string) bool {
	root := path.Dir(dir)
	switch name := path.Base(root); {
	case path.Base(dir) == ".bin" && name == "node_modules", path.Base(dir) == "bin" && (name == "venv" || name == ".venv"):
		return true
	}
	for _, s := range i.b.Stages {
		for _, step := range s.Steps {
			run := step.Run()
			if run == nil {
				continue
			}
			for _, fx := range run.Effects.Files {
				if fx.Kind == effects.Venv && slices.ContainsFunc(fx.Paths, func(w shell.Word) bool { return w.Known && path.Clean(w.Text) == root }) {
					return true
				}
			}
		}
	}
	return false
}

// below is the answer of what the image is built on.
func (i *Image) below(name string) base.Answer {
	switch {
	case i.local != nil:
		return i.local.named(name)
	case i.empty && (knowledge.Probes.Has(name) || knowledge.Shells.Has(name) || knowledge.Interpreters.Has(name)):
		return base.No // nobody copies these by another name
	case i.empty:
		return base.Unknown
	}
	if name == "sh" && i.known != nil {
		return i.known.HasShell()
	}
	if i.own(name) != "" {
		return base.Unknown // what PATH the base sets is not known for certain
	}
	return i.known.HasTool(name)
}

// file is the answer for an absolute path.
func (i *Image) file(p string) base.Answer {
	dir, name := path.Split(p)
	dir = path.Clean(dir)
	system := knowledge.SystemProgramFolders.Has(dir)
	if i.b == nil {
		if system {
			return i.below(name)
		}
		return base.Unknown
	}
	if i.b.FileAt(p) != nil || i.copied(p) || i.own(name) == p {
		return base.Yes
	}
	if system {
		if a := i.named(name); a != base.No {
			return a
		}
		if i.mayMake(p) {
			return base.Unknown
		}
		return base.No
	}
	switch {
	case i.local != nil:
		if a := i.local.file(p); a != base.No {
			return a
		}
	case !i.empty && !i.bare(p):
		return base.Unknown
	}
	if i.mayMake(p) {
		return base.Unknown
	}
	return base.No
}

// copied tells whether a COPY names the file at a path: it is there, or the build
// stops.
func (i *Image) copied(p string) bool {
	for step := range i.b.Steps() {
		c := step.Copy
		if c == nil || c.Add || !c.Dest.Known {
			continue
		}
		target := path.Clean(c.Target)
		if target == p {
			return true
		}
		for _, src := range c.Sources {
			if path.Join(target, path.Base(src.Value)) == p && src.Known {
				return true
			}
		}
	}
	return false
}

// bare tells whether the base certainly has no program at a path: its folder is one in
// which no distribution puts anything, and the base is a system or a language
// rather than a service, whose recipe may put its own there.
func (i *Image) bare(p string) bool {
	if i.known == nil || i.known.Kind == base.KindService {
		return false
	}
	dir := path.Dir(p)
	if dir == "/usr/local/bin" {
		// What runs a language has programs of its own there, and one script.
		return i.known.Kind == base.KindOS || path.Ext(p) == ".sh" && !strings.Contains(p, "entrypoint")
	}
	return dir == "/" || knowledge.OwnFolders.Covers(dir)
}

// mayMake tells whether a step of the build may put something at a path.
func (i *Image) mayMake(p string) bool {
	for step := range i.b.Steps() {
		if c := step.Copy; c != nil && mayCopy(i.b, c, p) || makes(step, p) {
			return true
		}
	}
	return false
}

// mayCopy tells whether a COPY or ADD may bring a path.
func mayCopy(b *source.Build, c *source.Copy, p string) bool {
	target := path.Clean(c.Target)
	if !c.Dest.Known || !strings.HasPrefix(target, "/") {
		return true
	}
	if c.Add && len(c.Heredocs) == 0 && (target == p || inside(p, target)) {
		return true // an archive is unpacked
	}
	if target == p || inside(target, p) {
		return true
	}
	if !inside(p, target) {
		return false
	}
	if !c.FromContext() {
		return !single(c, p)
	}
	for _, src := range c.Sources {
		name := source.Clean(src.Value)
		if !src.Known || strings.ContainsAny(name, "*?[") || path.Base(name) == path.Base(p) {
			return true
		}
		if b.Context == nil {
			return path.Ext(name) == ""
		}
		e, err := b.Context.Stat(name)
		if err != nil {
			return path.Ext(name) == "" // what is built before may be a folder
		}
		if !e.Dir {
			continue
		}
		// What is built before it is copied is not in the project; scripts are.
		inner := path.Join(name, strings.TrimPrefix(p, strings.TrimSuffix(target, "/")+"/"))
		if ext := path.Ext(p); ext != ".sh" && ext != ".py" || b.Context.Has(inner) {
			return true
		}
	}
	return false
}

// single tells whether a COPY --from takes files by names other than a path's: by
// their ends, none of them is a folder.
func single(c *source.Copy, p string) bool {
	return !slices.ContainsFunc(c.Sources, func(t source.Text) bool {
		base := path.Base(t.Value)
		return !t.Known || base == path.Base(p) || path.Ext(base) == "" || strings.ContainsAny(base, "*?[")
	})
}

// inside tells whether a path lies below a folder.
func inside(p, dir string) bool { return dir == "/" || strings.HasPrefix(p, dir+"/") }

// makes tells whether a RUN may put something at a path.
func makes(step *source.Step, p string) bool {
	run := step.Run()
	if run == nil {
		return false
	}
	if run.Opaque != "" || run.Script == nil || run.Script.Err != nil || run.Script.Truncated {
		return true
	}
	if strings.Contains(step.File().Text(step.Span), path.Base(p)) {
		return true
	}
	for _, c := range run.Commands() {
		if c.When != shell.Never && !understood(c) {
			return true
		}
	}
	for _, in := range run.Effects.Kept() {
		if !in.System && (strings.HasSuffix(path.Dir(p), "/bin") || in.Global) {
			return true // a package manager of a language puts programs there
		}
		if in.System && knowledge.SystemProgramFolders.Has(path.Dir(p)) && len(in.Packages) > 0 {
			continue // asked by name
		}
	}
	for _, fx := range run.Effects.Files {
		for _, w := range fx.Paths {
			q := path.Clean(w.Text)
			if !w.Known || !strings.HasPrefix(q, "/") || q == p {
				return true
			}
			if len(fx.Sources) > 0 && inside(p, q) {
				return true // cp, mv, an archive
			}
		}
	}
	for _, f := range run.Effects.Fetches {
		if f.Tool == "git" || f.To.Text == "" || !f.To.Known || inside(p, path.Clean(f.To.Text)) {
			return true
		}
	}
	return false
}

// understood tells whether a command makes no files but those of its effects.
func understood(c *shell.Command) bool {
	program, args := c.Underlying()
	if program == "" || c.Func != "" || knowledge.Plain.Has(program) || knowledge.Harmless.Has(program) || knowledge.Builtins.Has(program) || knowledge.SystemManagers.Has(program) {
		switch program {
		case "cargo", "go":
			return len(args) > 0 && (args[0].Text == "fetch" || args[0].Text == "mod" || args[0].Text == "env" || args[0].Text == "version")
		case "npm":
			return len(args) > 0 && slices.Contains([]string{"ci", "i", "install", "cache", "prune", "config"}, args[0].Text)
		}
		return true
	}
	switch knowledge.EcosystemOf(program) {
	case "node":
		return len(args) == 0 || slices.Contains([]string{"install", "ci", "cache", "i", "add", "config"}, args[0].Text)
	case "python":
		return true
	}
	if strings.HasPrefix(program, "python") {
		return len(args) > 1 && args[0].Text == "-m" && slices.Contains([]string{"pip", "venv", "compileall", "ensurepip"}, args[1].Text)
	}
	return knowledge.Speakers.Has(program) || knowledge.Filters.Has(program)
}
