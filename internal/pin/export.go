package pin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// exported are the references with a digest, each repository and tag once, in order,
// without the Ambiguous.
func exported(list []*Decision) []*Decision {
	out, _ := exportable(list)
	return out
}

// Ambiguous are the names with two digests: a policy has one for all files.
func Ambiguous(list []*Decision) []string {
	_, two := exportable(list)
	return slices.Sorted(maps.Keys(two))
}

func exportable(list []*Decision) ([]*Decision, map[string]bool) {
	by := map[string]*Decision{}
	two := map[string]bool{}
	for _, d := range list {
		if d.Digest == "" || d.Ref.Repo == "" || !d.Follows() {
			continue
		}
		key := d.Key()
		if o := by[key]; o != nil && o.Digest != d.Digest {
			two[key] = true
		}
		by[key] = d
	}
	var out []*Decision
	for key, d := range by {
		if !two[key] {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *Decision) int { return strings.Compare(a.Key(), b.Key()) })
	return out, two
}

type (
	policy struct {
		Rules []rule `json:"rules"`
	}
	rule struct {
		Action   string     `json:"action"`
		Selector identifier `json:"selector"`
		Updates  identifier `json:"updates"`
	}
	identifier struct {
		Identifier string `json:"identifier"`
	}
)

// Policy is a source policy of BuildKit, which takes the digest for each tag.
// Source: github.com/moby/buildkit, docs/build-repro.md.
func Policy(list []*Decision) []byte {
	p := policy{Rules: []rule{}}
	for _, d := range exported(list) {
		source := imageScheme + d.Key()
		p.Rules = append(p.Rules, rule{"CONVERT", identifier{source}, identifier{source + "@" + string(d.Digest)}})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p); err != nil {
		panic(err) // plain data
	}
	return b.Bytes()
}

// Rego is a policy of buildx, Dockerfile.rego, which takes the digest for each tag and
// lets everything else be as it is.
// Source: docs.docker.com/build/policies: inputs, built-ins (pin_image).
func Rego(list []*Decision) []byte {
	var b bytes.Buffer
	b.WriteString("# Written by dockworthy pin --export rego.\npackage docker\n\ndefault allow := false\n\npins := {\n")
	for _, d := range exported(list) {
		fmt.Fprintf(&b, "  %s: %s,\n", quote(d.Key()), quote(string(d.Digest)))
	}
	b.WriteString(`}

# An image whose digest is not the Dockerfile's own, by its repository and tag.
name := concat(":", [input.image.fullRepo, input.image.tag])

pinned if {
  not input.image.isCanonical
  pins[name]
}

allow if not input.image

allow if {
  input.image
  not pinned
}

allow if {
  pinned
  pin_image(input.image, pins[name])
}

decision := {"allow": allow}
`)
	return b.Bytes()
}

// quote is a text as Rego has it, which is as JSON has it.
func quote(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string
	}
	return string(data)
}
