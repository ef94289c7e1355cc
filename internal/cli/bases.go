package cli

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/scaffold"
	"github.com/dockworthy/dockworthy/registry"
)

// lookup is how long a registry has to answer.
const lookup = 5 * time.Second

// bases finds the images that builds begin with: what the registry has, where it
// can be reached, then what the engine has, then what is known.
type bases struct {
	ctx     context.Context
	engine  *engine.Engine // nil = there is none
	offline bool
	prefix  string // a registry in whose repositories all images are
	roots   *x509.CertPool
	asOf    time.Time
	say     func(string, ...any)
	found   map[string]scaffold.Base
	mirrors []string
	notes   []string // what could not be looked up
}

// pick finds one.
func (b *bases) pick(w scaffold.Want) (scaffold.Base, error) {
	key := w.Repo + " " + w.Variant
	if base, ok := b.found[key]; ok {
		return base, nil
	}
	base, err := b.look(w)
	if err == nil {
		if b.found == nil {
			b.found = map[string]scaffold.Base{}
		}
		b.found[key] = base
	}
	return base, err
}

// look asks where images come from, one place after the other. Where the registry or
// the engine has no version that is asked for, the nearest that it has may do.
func (b *bases) look(w scaffold.Want) (scaffold.Base, error) {
	name := b.name(w.Repo)
	type source struct {
		at   string // "" = the engine itself
		tags []string
	}
	var list []source
	if !b.offline {
		for _, at := range b.addresses(name) {
			b.say("looking up %s", at)
			tags, err := b.tags(at)
			if err == nil {
				list = append(list, source{at, tags})
				break
			}
			if b.ctx.Err() != nil {
				return scaffold.Base{}, b.ctx.Err()
			}
			b.note("%v", err)
		}
	}
	if b.engine != nil {
		if tags, err := b.engine.Tags(b.ctx, name); err == nil && len(tags) > 0 {
			list = append(list, source{"", tags})
		}
	}
	choose := func(w scaffold.Want, relaxed bool) (scaffold.Base, bool) {
		for _, from := range list {
			where := "among the images of the engine here"
			if from.at != "" {
				where = "the registry has it"
			}
			base, err := scaffold.Choose(w, from.tags, where, b.asOf)
			if err != nil {
				continue
			}
			if from.at != "" {
				if base.Digest, err = b.digest(from.at + ":" + base.Tag); err != nil {
					b.note("%v", err)
				}
			}
			if relaxed {
				base.Why = fmt.Sprintf("%s is asked for, and is not to be had here: %s", w.Spec, base.Why)
			}
			base.Repo = name
			return base, true
		}
		return scaffold.Base{}, false
	}
	if base, ok := choose(w, false); ok {
		return base, nil
	}
	for _, next := range w.Relaxed() {
		if base, ok := choose(next, true); ok {
			return base, nil
		}
	}
	base, err := scaffold.Choose(w, nil, "", b.asOf)
	for _, next := range w.Relaxed() {
		if err != nil {
			base, err = scaffold.Choose(next, nil, "", b.asOf)
		}
	}
	base.Repo = name
	return base, err
}

func (b *bases) open(ref string) (*registry.Image, error) {
	return registry.Open(ref, registry.Options{Timeout: lookup, UserAgent: "dockworthy/" + dockworthy.Version, Roots: b.roots})
}

func (b *bases) tags(repo string) ([]string, error) {
	img, err := b.open(repo)
	if err != nil {
		return nil, err
	}
	return img.Tags(b.ctx)
}

// digest is what a tag stands for: that of the index, where there is one.
func (b *bases) digest(ref string) (string, error) {
	img, err := b.open(ref)
	if err != nil {
		return "", err
	}
	d, err := img.Digest(b.ctx)
	return string(d), err
}

// name is an image's name where all images come from one registry.
func (b *bases) name(repo string) string {
	if b.prefix == "" {
		return repo
	}
	_, rest, ok := strings.Cut(repo, "/")
	if !ok {
		return strings.TrimSuffix(b.prefix, "/library") + "/library/" + repo
	}
	return b.prefix + "/" + rest
}

// addresses are where an image is asked for: the engine's mirrors of Docker Hub come
// before it.
func (b *bases) addresses(name string) []string {
	host, _, _ := strings.Cut(name, "/")
	if strings.ContainsAny(host, ".:") || host == "localhost" {
		return []string{name}
	}
	if b.mirrors == nil {
		b.mirrors = []string{}
		if b.engine != nil {
			if list, err := b.engine.Mirrors(b.ctx); err == nil {
				b.mirrors = list
			}
		}
	}
	var list []string
	full := name
	if !strings.Contains(full, "/") {
		full = "library/" + full
	}
	for _, m := range b.mirrors {
		if u, err := url.Parse(m); err == nil && u.Host != "" {
			list = append(list, u.Host+strings.TrimSuffix(u.Path, "/")+"/"+full)
		}
	}
	return append(list, name)
}

func (b *bases) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}
