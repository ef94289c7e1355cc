// Package base knows the images that Dockerfiles are built from: which user
// they run as, what is inside them, how their tags carry versions, and when
// their releases reach the end of life. Its facts are the data files beside
// the code, each line with its source; nothing is pulled or asked.
package base

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/distribution/reference"
)

// A Ref is an image reference in its parts. The zero Ref names nothing.
type Ref struct {
	Raw      string // as written
	Repo     string // with registry and namespace: docker.io/library/python
	Tag      string // "" where none is written
	Digest   string // sha256:…, "" where none is written
	Familiar string // the repository as people write it: python
}

// ParseRef reads an image reference by the rules of the docker command line:
// python means docker.io/library/python. A missing tag stays missing, so that
// "no tag" and ":latest" can be told apart. The reserved name scratch keeps
// its own name, because no registry has it.
func ParseRef(s string) (Ref, error) {
	if s == "scratch" {
		return Ref{Raw: s, Repo: s, Familiar: s}, nil
	}
	if r, ok := refs.Load(s); ok {
		return r.(Ref), nil
	}
	named, err := reference.ParseNormalizedNamed(onHub(s))
	if err != nil {
		return Ref{}, fmt.Errorf("read image reference %q: %w", s, err)
	}
	r := Ref{Raw: s, Repo: named.Name(), Familiar: reference.FamiliarName(named)}
	if t, ok := named.(reference.Tagged); ok {
		r.Tag = t.Tag()
	}
	if d, ok := named.(reference.Digested); ok {
		r.Digest = d.Digest().String()
	}
	if refsRead.Add(1) <= maxRefs {
		refs.Store(s, r)
	}
	return r, nil
}

// refs are the first maxRefs references that were read: a project names the same few
// again and again.
var (
	refs     sync.Map
	refsRead atomic.Int64
)

const maxRefs = 2_000

// hubHosts are names under which Docker Hub's registry answers beside docker.io and
// index.docker.io.
// Source: docs.docker.com: allow list of Docker Desktop; railties 7.1: Dockerfile.tt.
var hubHosts = []string{"registry.docker.com/", "registry-1.docker.io/", "registry.hub.docker.com/"}

// onHub is a reference to Docker Hub as everybody writes it; others stay as they are.
func onHub(s string) string {
	for _, host := range hubHosts {
		if rest, ok := strings.CutPrefix(s, host); ok {
			return "docker.io/" + rest
		}
	}
	return s
}

// String is the reference in full: repository, tag and digest.
func (r Ref) String() string {
	s := r.Repo
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// TagOrLatest is the tag that Docker would pull: latest where neither tag nor
// digest is written, "" for a reference by digest alone.
func (r Ref) TagOrLatest() string {
	if r.Tag == "" && r.Digest == "" && r.Repo != "" {
		return "latest"
	}
	return r.Tag
}
