package deploy

import (
	"bytes"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// composeKeys are what may stand at the top of a Compose file, besides x-*.
// Source: Compose specification, spec.md.
var composeKeys = map[string]bool{
	"version": true, "name": true, "include": true, "services": true, "networks": true,
	"volumes": true, "configs": true, "secrets": true, "models": true,
}

// LooksLikeCompose tells whether a file is a Compose file, whatever its name: it has
// services, of which one has an image or a build, and nothing at its top that Compose
// does not know, such as the steps of a CI. A test of its bytes keeps the YAML parser
// away from most other files.
func LooksLikeCompose(f *text.File) bool {
	if !bytes.HasPrefix(f.Data, []byte("services:")) && !bytes.Contains(f.Data, []byte("\nservices:")) {
		return false
	}
	s := newSource(f)
	roots, err := s.documents()
	if err != nil || len(roots) != 1 {
		return false
	}
	for _, p := range s.pairs(roots[0]) {
		if !composeKeys[p.key.Value] && !strings.HasPrefix(p.key.Value, "x-") {
			return false
		}
	}
	runs := false
	for _, p := range s.pairs(s.get(roots[0], "services")) {
		if deref(p.value).Kind != yaml.MappingNode {
			return false
		}
		runs = runs || s.value(s.get(p.value, "image")).Set || s.get(p.value, "build") != nil
	}
	return runs
}
