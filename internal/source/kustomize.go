package source

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source/base"
)

// A kustomization is what a kustomization.yaml says of images, and which files it
// takes.
// Source: kubectl.docs.kubernetes.io/references/kustomize/kustomization.
type kustomization struct {
	Resources    []string         `yaml:"resources"`
	Bases        []string         `yaml:"bases"`
	Components   []string         `yaml:"components"`
	Images       []kustomizeImage `yaml:"images"`
	Replacements []struct {
		Targets []struct {
			Select struct {
				Name string `yaml:"name"`
			} `yaml:"select"`
			FieldPaths []string `yaml:"fieldPaths"`
		} `yaml:"targets"`
	} `yaml:"replacements"`
}

// replaced are the workloads whose images a kustomization puts together from a value
// that stands elsewhere, as inWorkload names them.
func (k *kustomization) replaced() (list []string) {
	for _, r := range k.Replacements {
		for _, t := range r.Targets {
			if t.Select.Name != "" && slices.ContainsFunc(t.FieldPaths, func(p string) bool { return strings.HasSuffix(p, ".image") }) {
				list = append(list, inWorkload(t.Select.Name))
			}
		}
	}
	return list
}

// inWorkload stands for the images of a workload among names of images.
func inWorkload(name string) string { return "workload " + name }

type kustomizeImage struct {
	Name   string `yaml:"name"`
	NewTag string `yaml:"newTag"`
	Digest string `yaml:"digest"`
}

func isKustomization(name string) bool {
	base := path.Base(name)
	return base == "kustomization.yaml" || base == "kustomization.yml"
}

// maxKustomizations bounds how many kustomizations are read, and maxOverlays how
// many files one of them takes with those that it is built on.
const (
	maxKustomizations = 1_000
	maxOverlays       = 10_000
)

// kustomized are the images to which kustomizations give a version, by manifest.
func (p *Snapshot) kustomized(names []string) map[string]map[string]bool {
	known := map[string]*kustomization{} // by folder
	for _, name := range names[:min(len(names), maxKustomizations)] {
		file, err := p.files.read(name, maxRead)
		if err != nil {
			continue
		}
		k := &kustomization{}
		if n := yamlNode(file.Data); n != nil && n.Decode(k) == nil {
			known[path.Dir(name)] = k
		}
	}
	images := map[string]map[string]bool{}
	left := maxOverlays
	for _, dir := range sortedKeys(known) {
		versions := known[dir].replaced()
		for _, img := range known[dir].Images {
			if img.Digest != "" || img.NewTag != "" && img.NewTag != "latest" {
				versions = append(versions, img.Name)
			}
		}
		if len(versions) == 0 {
			continue
		}
		for _, file := range taken(known, dir, map[string]bool{}, &left) {
			if images[file] == nil {
				images[file] = map[string]bool{}
			}
			for _, v := range versions {
				images[file][v] = true
			}
		}
	}
	return images
}

// taken are the files that a kustomization takes, with those of the ones that it
// is built on.
func taken(known map[string]*kustomization, dir string, seen map[string]bool, left *int) (files []string) {
	k := known[dir]
	if k == nil || seen[dir] {
		return nil
	}
	seen[dir] = true
	for _, r := range slices.Concat(k.Resources, k.Bases, k.Components) {
		if *left--; *left < 0 {
			return files
		}
		if strings.Contains(r, "://") {
			continue
		}
		at := path.Join(dir, r)
		if known[at] != nil {
			files = append(files, taken(known, at, seen, left)...)
		} else {
			files = append(files, at)
		}
	}
	return files
}

// Kustomized tells whether a kustomization that takes the manifest gives an image of a
// workload a version.
func (b *Build) Kustomized(workload, image string) bool {
	images := b.project.versions[b.Path]
	if len(images) == 0 {
		return false
	}
	if images[image] || images[inWorkload(workload)] {
		return true
	}
	ref, err := base.ParseRef(image)
	if err != nil {
		return false
	}
	name := image
	if ref.Tag != "" {
		name = strings.TrimSuffix(image, ":"+ref.Tag)
	}
	return images[name]
}
