package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// Families are what a container may stand on where it is asked for: --base.
var Families = []string{"alpine", "distroless", "wolfi"}

// The images of distroless and of Wolfi. Sources: github.com/GoogleContainerTools/distroless;
// edu.chainguard.dev: Wolfi, images and packages.
const (
	distrolessNode = "gcr.io/distroless/nodejs%s-debian12"
	distrolessJava = "gcr.io/distroless/java%s-debian12"
	wolfi          = "cgr.dev/chainguard/wolfi-base"
)

// family tells whether the base that is asked for can be right for the project, and what
// it costs.
func (p *plan) family() error {
	s := p.s
	no := func(format string, args ...any) error {
		return fmt.Errorf("--base %s: "+format, append([]any{p.opt.Base}, args...)...)
	}
	language := s.Language.Value
	compiled := s.Go != nil || s.Rust != nil || s.CPP != nil
	switch p.opt.Base {
	case "":
		return nil
	case "alpine":
		switch {
		case compiled:
			return no("a program of %s is copied alone into an image that has nothing else, or what it is linked with: Alpine would only add to that", language)
		case s.Python == nil && s.Node == nil && s.Java == nil:
			return no("init writes it for Python, Node.js and Java: for %s it is not known what its packages are called there", language)
		}
		p.chose("Alpine", "its C library is musl: a small image, in which packages without a build for musl are compiled, and names are resolved and memory is given out in another way; init writes it by its documentation, and the proof tells whether it does")
	case "distroless":
		switch {
		case compiled && p.linked():
			return no("the program needs packages of Debian, which it has not")
		case compiled:
			return nil // as without being asked
		case s.Node == nil && s.Java == nil || s.Kind == stack.Static:
			return no("init writes it for Node.js, Java, Go, Rust and C++: its image for Python has the one Python of Debian, and there is none for other languages")
		case len(s.Writes) > 0:
			return no("the program writes %s, and without a shell no folder can be made for it", s.Writes[0].Value)
		case p.linked():
			return no("the program needs packages of Debian, or lines of the container that there is, for which it has no shell")
		case s.Node != nil && (len(s.Exec) == 0 || s.Exec[0] != "node" || s.Node.Bun || s.Node.Member != ""):
			return no("it starts node, and the program is started otherwise")
		}
		p.chose("distroless", "no shell and no package manager: little to attack, and nobody looks into it with docker exec")
	case "wolfi":
		if s.Python == nil && (s.Node == nil || s.Kind == stack.Static || s.Node.Bun) {
			return no("init writes it for Python and for servers of Node.js")
		}
		p.chose("Wolfi", "its only tag is latest, which the digest pins, and its packages are those of the day of the build; init writes it by its documentation, and the proof tells whether it does")
	default:
		return fmt.Errorf("--base %q is not one of %s", p.opt.Base, strings.Join(Families, ", "))
	}
	return nil
}

// apk tells whether packages are those of apk.
func (p *plan) apk() bool { return p.opt.Base == "alpine" || p.opt.Base == "wolfi" }

// alpines are the releases of Alpine that are supported and not the newest by days, newest
// first.
func alpines() (list []string) {
	for _, r := range base.Releases("alpine") {
		list = append(list, r.Cycle)
	}
	slices.SortFunc(list, func(a, b string) int { return -knowledge.Compare(a, b) })
	return list[:min(len(list), 3)]
}

// wolfiBase picks the image of Wolfi, which has no versions: without its digest it is
// another one every day.
func (p *plan) wolfiBase() (Base, error) {
	b, err := p.opt.Pick(Want{Repo: wolfi, Tag: "latest"})
	if err == nil && b.Digest == "" {
		err = fmt.Errorf("--base wolfi: the only tag of %s is latest, and no registry answered with its digest", wolfi)
	}
	return b, err
}

// add writes an install of packages of the system, by the names that they have in Debian.
func (p *plan) add(packages []string) {
	if !p.apk() {
		p.d.apt(packages)
		return
	}
	var names []string
	for _, n := range packages {
		list := []string{n}
		if p.opt.Base == "alpine" || knowledge.ToAlpine(n) != nil {
			list = knowledge.ToAlpine(n)
		}
		if list == nil {
			p.unnamed = append(p.unnamed, n)
			continue
		}
		for _, a := range list {
			if !slices.Contains(names, a) {
				names = append(names, a)
			}
		}
	}
	slices.Sort(names)
	p.d.line("RUN apk add --no-cache %s", strings.Join(names, " "))
}

// named tells which packages have no name that is known in what the container stands on.
func (p *plan) named() error {
	if len(p.unnamed) == 0 {
		return nil
	}
	slices.Sort(p.unnamed)
	return fmt.Errorf("--base %s: what it calls %s of Debian is not known", p.opt.Base, strings.Join(slices.Compact(p.unnamed), ", "))
}
