package source

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// made is the Dockerfile of this project that makes an image, by its familiar
// name and what Compose and the config say; "" where none does.
func (p *Project) made(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.makes == nil {
		p.makes = map[string]string{}
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
				p.makes[familiar(s.Image.Text)] = path.Join(path.Dir(c.File.Name), ctx, df)
			}
		}
		for _, cfg := range p.configs {
			if cfg == nil {
				continue
			}
			for file, t := range cfg.Targets.Files {
				for _, img := range t.Images {
					p.makes[familiar(img)] = path.Join(path.Dir(cfg.Path), file)
				}
			}
		}
	}
	return p.makes[name]
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
	if len(b.project.compose) == 0 && b.Config == nil {
		return
	}
	name := b.project.made(familiarRef(img.Ref))
	if name == "" || name == b.Path || slices.Contains(b.trail, name) {
		return
	}
	if len(b.trail) >= maxBases {
		b.beyond.note(Contents, "the images of this project are built on each other more than %d deep", maxBases)
		return
	}
	builds, prob := b.project.builds(Unit{Path: name, Kind: Dockerfile}, append(b.trail[:len(b.trail):len(b.trail)], b.Path))
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
			return "it has ONBUILD triggers: other images are built on it", true
		}
	}
	names := b.imageNames()
	if len(names) > 0 {
		if user := b.project.userOfImage(names, b.Path); user != "" {
			return user + " is built on it", true
		}
	}
	dir := path.Dir(b.Path)
	for {
		for _, n := range []string{"action.yml", "action.yaml"} {
			data, err := files.Read(b.project.fsys, path.Join(dir, n), maxRead)
			if err != nil {
				continue
			}
			if actionUses(data, path.Base(b.Path)) {
				return path.Join(dir, n) + " runs it, and GitHub gives actions a workspace that only root can write", true
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

// userOfImage is another Dockerfile that names one of these images in FROM.
func (p *Project) userOfImage(names []string, not string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == nil {
		p.users = map[string][]string{}
		for _, u := range p.Units {
			if u.Kind == Dockerfile {
				p.indexFrom(u.Path)
			}
		}
	}
	for _, n := range names {
		for _, user := range p.users[familiar(n)] {
			if user != not {
				return user
			}
		}
	}
	return ""
}

// indexFrom notes the images that a Dockerfile's FROM lines name, by a glance
// at its lines: the whole parse of every file of a project would cost too much
// for a question that few ask.
func (p *Project) indexFrom(name string) {
	file, err := p.read(name)
	if err != nil {
		return
	}
	for line := range bytes.Lines(file.Data) {
		fields := strings.Fields(string(line))
		if len(fields) < 2 || !strings.EqualFold(fields[0], "FROM") {
			continue
		}
		for _, f := range fields[1:] {
			if strings.HasPrefix(f, "--") {
				continue
			}
			image := familiar(f)
			p.users[image] = append(p.users[image], name)
			break
		}
	}
}

// MadeHere tells whether the project builds an image of this name: by what
// Compose and the config say, or because it is a bare name that a folder with a
// Dockerfile bears, as Skaffold's and Tilt's placeholders do.
func (b *Build) MadeHere(image string) bool {
	if b.project.made(familiar(image)) != "" {
		return true
	}
	return !strings.ContainsAny(image, "/:@") && b.project.folders()[image]
}

// folders are the names of the folders that hold Dockerfiles, worked out once.
func (p *Project) folders() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.named == nil {
		p.named = map[string]bool{}
		for _, u := range p.Units {
			if u.Kind == Dockerfile {
				p.named[path.Base(path.Dir(u.Path))] = true
			}
		}
	}
	return p.named
}
