package image

import (
	"slices"
	"strings"
)

// An Origin is whose work a file is, as far as the folders in its path tell.
// They go from what is least known to what is known byte for byte: what holds
// for Library holds for Published and Source too.
type Origin uint8

const (
	Own       Origin = iota // nothing tells that it is somebody else's
	Library                 // of somebody's library or program, which may have been changed here
	Published               // of a package that anybody can download; a company may install packages of its own, too
	Source                  // of a published package's sources, byte for byte as they were published
)

// sourced are the folders with the sources of published packages.
var sourced = []string{"/go/pkg/mod/", "/.cargo/registry/", "/usr/local/cargo/registry/", "/.m2/repository/", "/_cacache/"}

// published are the folders in which package managers put what anybody can
// download. Sources: the file system hierarchy standard; Python's site module;
// npm's folders; go env GOROOT GOMODCACHE; RubyGems', Cargo's and Maven's
// documentation.
var published = []string{
	"/site-packages/", "/dist-packages/", "/node_modules/", "/usr/share/", "/usr/lib/", "/usr/libexec/", "/usr/include/", "/usr/local/go/", "/lib/python",
	"/lib/ruby/", "/gems/", "/.rustup/", "/usr/local/rustup/", "/opt/java/",
}

// libraries are the folders with others' code that may be changed.
var libraries = []string{"/vendor/", "/third_party/", "/usr/bin/", "/usr/sbin/"}

// OriginOf is the origin of the file at an absolute path.
func OriginOf(p string) Origin {
	for _, o := range []struct {
		origin Origin
		dirs   []string
	}{{Source, sourced}, {Published, published}, {Library, libraries}} {
		if slices.ContainsFunc(o.dirs, func(dir string) bool { return strings.Contains(p, dir) }) {
			return o.origin
		}
	}
	return Own
}
