package stack

import (
	"slices"
	"strings"
)

// linkedFeatures are words in the names of features by which packages of others are linked
// with a library of the system, by the package that links it. A lock holds what any feature
// asks for, also those that are off.
var linkedFeatures = map[string][]string{
	"openssl": {"openssl", "native-tls"}, "openssl-sys": {"openssl", "native-tls"}, "native-tls": {"openssl", "native-tls"},
	"pq-sys": {"postgres"}, "mysqlclient-sys": {"mysql"}, "libsqlite3-sys": {"sqlite"},
}

// linksByDefault are packages whose own defaults link with OpenSSL.
// Source: Cargo.toml of each on docs.rs, features, read 2026-11.
var linksByDefault = []string{"reqwest", "hyper-tls", "tokio-native-tls", "native-tls", "openssl", "sentry", "lettre", "tokio-tungstenite", "ureq", "git2", "curl", "isahc", "surf"}

// optional forgets the locked packages that only a feature brings which is off: each
// dependency that leads to one has such a feature in the manifest, and none that is on.
func (p *rustProject) optional() {
	for name, words := range linkedFeatures {
		if p.locked[name] == "" {
			continue
		}
		is := func(feature string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(feature, w) })
		}
		// Those that have a feature for it which is off, and all that they ask for: what else
		// asks for a part of these has it as they want it.
		family, others := map[string]bool{}, []string(nil)
		needed := false
		for _, k := range p.ours() {
			on := k.file.active()
			for key, d := range k.deps {
				off := false
				for feature, asks := range k.file.Features {
					for _, a := range asks {
						of, f, ok := strings.Cut(a, "/")
						off = off || ok && !on[feature] && strings.TrimSuffix(of, "?") == key && is(f)
					}
				}
				switch {
				case !off:
					others = append(others, d.name)
				case slices.ContainsFunc(d.features, is) || !d.plain && slices.Contains(linksByDefault, d.name):
					needed = true
				default:
					p.below(d.name, family)
				}
			}
		}
		needed = needed || slices.ContainsFunc(others, func(o string) bool { return p.leads(o, name, family) })
		if family[name] && !needed {
			delete(p.locked, name)
		}
	}
}

// below notes a locked package and all that it asks for, directly and through others.
func (p *rustProject) below(name string, in map[string]bool) {
	if in[name] {
		return
	}
	in[name] = true
	for _, d := range p.graph[name] {
		p.below(d, in)
	}
}

// leads tells whether a locked package asks for another, or for what does, by a way that
// none of the family is on.
func (p *rustProject) leads(from, to string, family map[string]bool) bool {
	seen := map[string]bool{}
	var follow func(name string) bool
	follow = func(name string) bool {
		if name == to {
			return true
		}
		if seen[name] || family[name] {
			return false
		}
		seen[name] = true
		return slices.ContainsFunc(p.graph[name], follow)
	}
	return follow(from)
}
