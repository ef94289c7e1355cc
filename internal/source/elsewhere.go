package source

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/text"
)

// How much of builder files is looked at: of one glob so many, each so large.
const (
	maxBuilders = 50
	maxBuilder  = 256 << 10
)

// elsewhere is a file beside a Dockerfile, or in a folder above it, that seems
// to define a bare name as a build context: a Bake file that has it under
// contexts, or a script that calls `docker build --build-context NAME=…`. Such
// files are read where they are literal and bear the names that Bake looks for;
// that another one is there keeps a name from being taken for an image without a
// tag.
//
// ok is false where the files are larger and the names are more than are
// searched.
func (p *Snapshot) elsewhere(v view, dockerfile, name string) (file string, ok bool) {
	var inBake, onLine *regexp.Regexp
	for dir := path.Dir(dockerfile); ; dir = path.Dir(dir) {
		for _, f := range p.buildersIn(v, dir) {
			if !p.searches.spend(len(f.Data) / 8) {
				return "", false
			}
			if !bytes.Contains(f.Data, []byte(name)) || !bytes.Contains(f.Data, []byte("context")) {
				continue // most files, and the expressions are slow
			}
			if !p.searches.spend(4 * len(f.Data)) {
				return "", false
			}
			if inBake == nil {
				word := regexp.QuoteMeta(name)
				inBake = regexp.MustCompile(`(?s)contexts"?\s*[=:]\s*\{[^}]*?["\s{,]` + word + `["\s]*[=:]`)
				onLine = regexp.MustCompile(`--build-context[= ]["']?` + word + `=|(?m)^\s*-?\s*` + word + `=(?:docker-image|target|\.|/)|build-contexts:[^\n]*` + word + `=`)
			}
			if strings.Contains(path.Base(f.Name), "bake") && inBake.Match(f.Data) || onLine.Match(f.Data) {
				return f.Name, true
			}
		}
		if dir == "." || dir == "/" {
			return "", true
		}
	}
}

// passing is a file beside a Dockerfile, or in a folder above it, that gives a build these
// arguments on a command line, as `docker build --build-arg NAME=…` in a Makefile does; ""
// = none does, or the files are larger than are searched.
func (p *Snapshot) passing(v view, dockerfile string, args []string) string {
	var each []*regexp.Regexp
	for dir := path.Dir(dockerfile); ; dir = path.Dir(dir) {
		for _, f := range p.buildersIn(v, dir) {
			if !p.searches.spend(len(f.Data) / 8) {
				return ""
			}
			if !bytes.Contains(f.Data, []byte("--build-arg")) || slices.ContainsFunc(args, func(a string) bool { return !bytes.Contains(f.Data, []byte(a)) }) {
				continue // most files, and the expressions are slow
			}
			if !p.searches.spend(4 * len(f.Data)) {
				return ""
			}
			if each == nil {
				for _, a := range args {
					word := regexp.QuoteMeta(a)
					each = append(each, regexp.MustCompile(`--build-arg[=\s"']+`+word+`\b`))
				}
			}
			if !slices.ContainsFunc(each, func(e *regexp.Regexp) bool { return !e.Match(f.Data) }) {
				return f.Name
			}
		}
		if dir == "." || dir == "/" {
			return ""
		}
	}
}

// tagOption is how a build is told what to call its image, up to the end of the line.
var tagOption = regexp.MustCompile(`\bbuild\b[^\n]*?\s(?:-t|--tag)[=\s]+["']?([^\s"']+)`)

// pushes tells whether a builder file publishes an image.
var pushes = regexp.MustCompile(`\bpush\b`)

// TaggedHere tells whether a file beside the unit's, or in a folder above it, builds an
// image under this very name and publishes none: then nobody pulls it.
func (b *Build) TaggedHere(image string) bool {
	p := b.project
	if p == nil {
		return false
	}
	for dir := path.Dir(b.Path); ; dir = path.Dir(dir) {
		for _, f := range p.buildersIn(b.files, dir) {
			if !p.searches.spend(len(f.Data) / 8) {
				return false
			}
			if !bytes.Contains(f.Data, []byte(image)) || !bytes.Contains(f.Data, []byte("build")) {
				continue // most files, and the expressions are slow
			}
			if !p.searches.spend(4 * len(f.Data)) {
				return false
			}
			if !pushes.Match(f.Data) && tags(continued.ReplaceAll(f.Data, []byte(" ")), image) {
				return true
			}
		}
		if dir == "." || dir == "/" {
			return false
		}
	}
}

// continued is the end of a line that goes on in the next.
var continued = regexp.MustCompile(`\\\n`)

// tags tells whether a script gives a build this name, by itself or by a variable.
func tags(script []byte, image string) bool {
	for _, m := range tagOption.FindAllSubmatch(script, -1) {
		name := string(m[1])
		if name == image {
			return true
		}
		if v, ok := strings.CutPrefix(name, "$"); ok {
			v = regexp.QuoteMeta(strings.Trim(v, "{}()"))
			if regexp.MustCompile(`(?m)^[^#\n]*\b` + v + `\s*[:?]?=[^\n]*?["'\s=-]` + regexp.QuoteMeta(image) + `["'}\s]`).Match(script) {
				return true
			}
		}
	}
	return false
}

// How many bytes of builder files are searched, for the names of all base images
// of a project, and how many more for each Dockerfile.
const (
	freeSearch    = 16 << 20
	searchPerUnit = 256 << 10
)

// A builderList is the builder files of a folder, and what was asked to find
// them.
type builderList struct {
	files []*text.File
	asked []question
}

// buildersIn are the builder files of one folder, read once.
func (p *Snapshot) buildersIn(v view, dir string) []*text.File {
	list := p.builders.get(dir, func() (list builderList) {
		list.asked = v.trace.record(func() { list.files = v.builders(dir) })
		return list
	})
	v.trace.again(list.asked)
	return list.files
}

func (v view) builders(dir string) (list []*text.File) {
	entries, _ := v.list(dir)
	for _, glob := range knowledge.BuilderFiles.Names() {
		v.ask(aboutNames, path.Join(dir, path.Dir(glob)))
		for _, name := range v.matching(dir, entries, glob) {
			if f, err := v.read(name, maxFile); err == nil && len(f.Data) <= maxBuilder {
				list = append(list, f)
			}
		}
	}
	return list
}

// matching are the files that a glob takes in a folder with these entries, or in one
// below it, where it has that.
func (v view) matching(dir string, entries []fs.DirEntry, glob string) (found []string) {
	first, _, deeper := strings.Cut(glob, "/")
	for _, e := range entries {
		if match, _ := path.Match(first, e.Name()); match && !deeper {
			found = append(found, path.Join(dir, e.Name()))
		} else if match {
			found, _ = fs.Glob(v.fsys, path.Join(dir, glob)) // none where the folder's own name has the signs of a pattern
			break
		}
	}
	return found[:min(len(found), maxBuilders)]
}
