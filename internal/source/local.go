package source

import (
	"bytes"
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// makers are the Dockerfiles of this project that make images, by the familiar
// names of these and what Compose and the config say.
func (p *Snapshot) makers() map[string]string {
	makes := maps.Clone(p.baked)
	for _, c := range p.compose {
		for _, s := range c.Services {
			if s.Build == nil || !s.Image.Set || s.Build.Inline.Set {
				continue
			}
			ctx := s.Build.Context.Text
			df := s.Build.Dockerfile.Text
			if df == "" {
				df = "Dockerfile"
			}
			makes[familiar(s.Image.Text)] = path.Join(path.Dir(c.File.Name), ctx, df)
		}
	}
	for _, u := range p.Units {
		cfg := p.config(path.Dir(u.Path))
		if cfg == nil {
			continue
		}
		for file, t := range cfg.Targets.Files {
			for _, img := range t.Images {
				makes[familiar(img)] = path.Join(path.Dir(cfg.Path), file)
			}
		}
	}
	return makes
}

// familiar is an image name without what Docker adds by itself.
func familiar(name string) string {
	ref, err := base.ParseRef(name)
	if err != nil {
		return name
	}
	return familiarRef(ref)
}

func familiarRef(ref base.Ref) string {
	s := ref.Repo
	if ref.Tag != "" && ref.Tag != "latest" {
		s += ":" + ref.Tag
	}
	return s
}

// maxBases is how many Dockerfiles below one are read for its sake.
const maxBases = 3

// resolveLocal links the base of the chain to the build of this repository
// that makes it. One step deep at a time: a chain of Dockerfiles resolves as
// each is read, and a circle ends at the guard.
func (b *Build) resolveLocal() {
	img := b.Base()
	if img == nil || !img.Valid || img.Known != nil || b.project == nil {
		return
	}
	name := b.project.makes[familiarRef(img.Ref)]
	if name == "" || name == b.Path || slices.Contains(b.trail, name) {
		return
	}
	if len(b.trail) >= maxBases {
		b.beyond.note(Contents, "images of this project are based on each other more than %d levels deep", maxBases)
		return
	}
	builds, prob := b.project.builds(b.files, Unit{Path: name, Kind: Dockerfile}, append(b.trail[:len(b.trail):len(b.trail)], b.Path))
	if prob == nil && len(builds) > 0 {
		img.Local = builds[0]
	}
}

// IsBase tells whether the image is one that others build on: it has an
// ONBUILD, another Dockerfile of this project names it in FROM, or an action
// of this repository runs it (there Docker itself decides the user).
func (b *Build) IsBase() (reason string, ok bool) {
	for step := range b.Steps() {
		if step.Keyword == "ONBUILD" {
			return "it has ONBUILD triggers, so other images are based on it", true
		}
	}
	names := b.imageNames()
	if len(names) > 0 {
		if user := b.userOfImage(names); user != "" {
			return user + " is based on it", true
		}
	}
	if user := b.userOfFolder(); user != "" {
		return user + " is based on it", true
	}
	dir := path.Dir(b.Path)
	for {
		for _, n := range []string{"action.yml", "action.yaml"} {
			f, err := b.files.read(path.Join(dir, n), maxRead)
			if err != nil {
				continue
			}
			if actionUses(f.Data, path.Base(b.Path)) {
				return path.Join(dir, n) + " runs it, and GitHub gives actions a workspace that only root can write to", true
			}
		}
		if dir == "." || dir == "/" {
			return "", false
		}
		dir = path.Dir(dir)
	}
}

// actionUses tells whether an action's metadata runs this Dockerfile:
// `using: docker` with `image: Dockerfile`.
func actionUses(data []byte, dockerfile string) bool {
	var docker, image bool
	for line := range bytes.Lines(data) {
		key, value, ok := strings.Cut(strings.TrimSpace(string(line)), ":")
		if !ok {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `'"`)
		switch key {
		case "using":
			docker = value == "docker"
		case "image":
			image = path.Base(value) == dockerfile
		}
	}
	return docker && image
}

// imageNames are the names by which the project calls the image.
func (b *Build) imageNames() []string {
	return b.images
}

// userOfImage is a Dockerfile that names one of these images in FROM: another one, or the
// same for another stage.
func (b *Build) userOfImage(names []string) string {
	users := b.project.users()
	for _, n := range names {
		b.files.trace.ask(aboutFroms, familiar(n))
		for _, user := range users.users[familiar(n)] {
			if user != b.Path || slices.ContainsFunc(b.Stages, func(s *Stage) bool { return !b.inChain[s] && s.Image != nil && familiarRef(s.Image.Ref) == familiar(n) }) {
				return user
			}
		}
	}
	return ""
}

// userOfFolder is another Dockerfile that names in FROM an image which is called as the
// folder of this one, and is none that everybody knows.
func (b *Build) userOfFolder() string {
	folder := path.Base(path.Dir(b.Path))
	if folder == "." || b.project == nil || b.project.links.dockerfiles < 2 {
		return ""
	}
	b.files.trace.ask(aboutLasts, folder)
	for _, u := range b.project.users().lasts[folder] {
		if u.file != b.Path && folderOf(u.image) == folder {
			return u.file
		}
	}
	return ""
}

// froms are what the FROM lines of the Dockerfiles of a project say, and those that
// take in another file.
type froms struct {
	users  map[string][]string // image name: the Dockerfiles built on it
	lasts  map[string][]fromIn // the last element of an image's name with more: where it stands
	stages map[string]bool     // names of stages
	// included are Dockerfiles by those that they take in, by a path beside the file;
	// inContext, by one in the context.
	included, inContext map[string]string
}

// A fromIn is an image that a Dockerfile names in FROM.
type fromIn struct{ file, image string }

// usersOfImages are the Dockerfiles that name images in FROM, by a glance at
// their lines: the whole parse of every file of a project would cost too much for
// a question that few ask.
func (p *Snapshot) usersOfImages() *froms {
	f := &froms{map[string][]string{}, map[string][]fromIn{}, map[string]bool{}, map[string]string{}, map[string]string{}}
	for _, u := range p.Units {
		if u.Kind != Dockerfile || u.Service != "" {
			continue
		}
		data, err := p.texts.read(p.files.fsys, u.Path)
		if err != nil {
			continue
		}
		images, stages, parts := fromsIn(data)
		for _, name := range parts {
			if name := path.Join(path.Dir(u.Path), name); f.included[name] == "" {
				f.included[name] = u.Path
			}
			if name := path.Join(".", name); f.inContext[name] == "" {
				f.inContext[name] = u.Path
			}
		}
		for _, image := range images {
			f.users[image] = append(f.users[image], u.Path)
			if last := path.Base(repoOf(image)); strings.Contains(image, "/") {
				f.lasts[last] = append(f.lasts[last], fromIn{u.Path, image})
			}
		}
		for _, s := range stages {
			f.stages[s] = true
		}
	}
	return f
}

// fromsIn are the familiar names of what stands in the FROM lines of a Dockerfile,
// the names of its stages, and the files that a preprocessor puts into it.
func fromsIn(data []byte) (images, stages, parts []string) {
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		end := bytes.IndexAny(line, " \t")
		if end < 0 || end > maxIncludeWord {
			continue
		}
		first := line[:end]
		from := bytes.EqualFold(first, []byte("FROM"))
		if !from && !knowledge.IncludeWords.Has(string(bytes.ToUpper(first))) {
			continue
		}
		fields := strings.Fields(string(line))
		if !from {
			if len(fields) == 2 {
				parts = append(parts, strings.Trim(fields[1], `"'<>`))
			}
			continue
		}
		if n := len(fields); n >= 4 && strings.EqualFold(fields[n-2], "AS") {
			stages = append(stages, strings.ToLower(fields[n-1]))
		}
		for _, f := range fields[1:] {
			if !strings.HasPrefix(f, "--") {
				images = append(images, familiar(f))
				break
			}
		}
	}
	return images, stages, parts
}

// maxIncludeWord is how long a word of IncludeWords may be.
const maxIncludeWord = 16

// included says which Dockerfile takes this one in as a part of it, where it starts
// nothing by itself; "" = none does.
func (b *Build) included() string {
	if role, _ := b.Config.role(b.Path); role == roleProduct || starts(b.Target) || serviceBase(b.Target) {
		return ""
	}
	if f := b.includes(); f != nil && f.included[b.Path] != "" {
		return f.included[b.Path] + " includes it"
	}
	return ""
}

// IncludedBy is the Dockerfile that takes this one in as a part of it, by its path beside
// it or in the context, so that its stages are those of both; "" = none does.
func (b *Build) IncludedBy() string {
	f := b.includes()
	if f == nil {
		return ""
	}
	return cmp.Or(f.included[b.Path], f.inContext[b.Path])
}

// includes knows which Dockerfiles of the project take others in; nil where there is
// one alone.
func (b *Build) includes() *froms {
	if b.project == nil {
		return nil
	}
	b.files.ask(aboutUnits, "")
	if b.project.links.dockerfiles < 2 {
		return nil
	}
	b.files.trace.ask(aboutParts, "")
	return b.project.users()
}

// MadeHere tells whether the project builds an image of this name: by what
// Compose and the config say, because it is a bare name that a folder with a
// Dockerfile bears, as Skaffold's and Tilt's placeholders do, or because its tag is
// one that nobody publishes, as "test", and a folder with a Dockerfile or a stage
// is called as it.
func (b *Build) MadeHere(image string) bool {
	if b.project.makes[familiar(image)] != "" {
		return true
	}
	b.files.ask(aboutUnits, "")
	if !strings.ContainsAny(image, "/:@") {
		return b.project.named[image]
	}
	ref, err := base.ParseRef(image)
	if err != nil || ref.Digest != "" || !knowledge.LocalTags.Has(strings.ToLower(ref.Tag)) || folderOf(image) == "" {
		return false
	}
	if b.project.named[folderOf(image)] {
		return true
	}
	stage := strings.ToLower(folderOf(image))
	b.files.trace.ask(aboutStages, stage)
	return b.project.users().stages[stage]
}

// BuiltHere tells whether the project says that it builds an image of this name:
// by Compose, CI or the config, out of another Dockerfile or another stage of this one.
func (b *Build) BuiltHere(ref base.Ref) bool {
	name := familiarRef(ref)
	by := b.project.makes[name]
	if by != b.Path || by == "" {
		return by != ""
	}
	return slices.ContainsFunc(b.project.composed[by], func(r recipe) bool {
		return r.target != "" && slices.ContainsFunc(r.images, func(n string) bool { return familiar(n) == name }) && !slices.ContainsFunc(b.Stages, func(s *Stage) bool {
			return s.Image != nil && s.Image.Valid && familiarRef(s.Image.Ref) == name && strings.EqualFold(s.Name, r.target)
		})
	})
}

// folders are the names of the folders that hold Dockerfiles.
func (p *Snapshot) folders() map[string]bool {
	named := map[string]bool{}
	for _, u := range p.Units {
		if u.Kind == Dockerfile && u.Service == "" {
			named[path.Base(path.Dir(u.Path))] = true
		}
	}
	return named
}

// Names are what the project calls its parts: the folders at its root, and those
// in which the unit's file lies.
func (b *Build) Names() []string {
	list := strings.Split(path.Dir(b.Path), "/")
	entries, err := b.files.list(".")
	if b.project != nil && b.files.fsys == nil {
		entries, err = b.project.files.list(".")
	}
	if err == nil {
		for _, e := range entries {
			if e.IsDir() {
				list = append(list, e.Name())
			}
		}
	}
	return list
}
