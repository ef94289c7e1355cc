package source

import (
	"bytes"
	"io"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

// maxArtifacts is how many builds of one Skaffold file are looked at.
const maxArtifacts = 500

func isSkaffold(name string) bool {
	base := path.Base(name)
	return base == "skaffold.yaml" || base == "skaffold.yml"
}

// openSkaffold takes the builds of a Skaffold file that a Dockerfile makes, those of its
// profiles among them. The name of an image is what manifests call it, without a tag,
// which Skaffold puts there.
// Source: skaffold.dev/docs/references/yaml: build.artifacts.
func (p *Snapshot) openSkaffold(name string) {
	file, err := p.files.read(name, maxWorkflow)
	if err != nil || !bytes.Contains(file.Data, []byte("artifacts")) {
		return
	}
	left := meter.Meter{Left: maxArtifacts}
	for d := yaml.NewDecoder(bytes.NewReader(file.Data)); left.Spend(1); {
		var n yaml.Node
		if err := decode(d, &n); err != nil {
			return
		}
		if len(n.Content) == 0 {
			continue
		}
		top := fields(n.Content[0])
		if !strings.HasPrefix(scalar(top["apiVersion"]), "skaffold/") {
			continue
		}
		sections := []*yaml.Node{top["build"]}
		if profiles := top["profiles"]; profiles != nil {
			for _, one := range profiles.Content {
				sections = append(sections, fields(one)["build"])
			}
		}
		for _, s := range sections {
			list := fields(s)["artifacts"]
			if list == nil {
				continue
			}
			for _, a := range list.Content {
				if left.Spend(1) {
					p.artifact(name, fields(a))
				}
			}
		}
	}
}

// decode is one document of a file; what the parser cannot take ends it.
func decode(d *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if recover() != nil {
			err = io.ErrUnexpectedEOF
		}
	}()
	return d.Decode(n)
}

// artifact is one build of a Skaffold file.
func (p *Snapshot) artifact(name string, a map[string]*yaml.Node) {
	for _, other := range []string{"buildpacks", "jib", "ko", "bazel", "custom"} {
		if a[other] != nil {
			return
		}
	}
	how := fields(a["docker"])
	if a["kaniko"] != nil {
		how = fields(a["kaniko"])
	}
	t := &deploy.BakeTarget{Context: scalar(a["context"]), Dockerfile: scalar(how["dockerfile"]), Target: scalar(how["target"]), Args: map[string]string{}}
	image := scalar(a["image"])
	if !isLiteral(image) || !isLiteral(t.Context) || !isLiteral(t.Dockerfile) || !isLiteral(t.Target) {
		return
	}
	for key, v := range fields(how["buildArgs"]) {
		if v.Kind == yaml.ScalarNode && isLiteral(v.Value) {
			t.Args[key] = v.Value
		}
	}
	file, root := bakedFile(path.Dir(name), t)
	if file == "" || image == "" {
		return
	}
	if _, err := p.files.stat(file); err != nil {
		return
	}
	p.baked[familiar(image)] = file
	list := p.composed[file]
	for i := range list { // of a profile, or of what something else builds alike
		if o := &list[i]; o.target == t.Target && o.context == root && o.development == "" && subset(t.Args, o.args) {
			o.images = append(o.images, image)
			return
		}
	}
	p.composed[file] = append(list, recipe{target: t.Target, context: root, args: t.Args, contexts: map[string]string{}, folders: map[string]string{}, images: []string{image}, by: name})
}
