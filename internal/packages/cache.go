package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// caches are the folders of package managers: what is removed there is a
// Clean.
var caches = []struct {
	dir, manager string
	lists        bool
}{
	{"/var/lib/apt/lists", "apt", true}, {"/var/cache/apt", "apt", false}, {"/var/cache/apk", "apk", false}, {"/etc/apk/cache", "apk", false},
	{"/var/cache/yum", "dnf", false}, {"/var/cache/dnf", "dnf", false}, {"/var/lib/dnf", "dnf", false}, {"/var/cache/zypp", "zypper", false}, {"/var/cache/pacman", "pacman", false},
	{"/.cache/pip", "pip", false}, {"/.cache/uv", "uv", false}, {"/.npm", "npm", false}, {"/.cache/yarn", "yarn", false}, {"/.yarn/cache", "yarn", false},
	{"/.composer/cache", "composer", false}, {"/.m2", "maven", false}, {"/.gradle", "gradle", false}, {"/.cargo/registry", "cargo", false},
	{"/.cache/go-build", "go", false}, {"/go/pkg", "go", false}, {"/.nuget/packages", "nuget", false}, {"/.cache/pypoetry", "poetry", false}, {"/.bun/install/cache", "bun", false},
}

// Emptied notes a Clean where p, which a command takes away, is a package
// manager's cache.
func (b *Book) Emptied(c *shell.Command, p string) {
	p = strings.TrimSuffix(strings.TrimRight(p, "*/."), "/")
	if strings.HasSuffix(p, "/.cache") || p == "~/.cache" {
		for _, m := range []string{"pip", "uv", "yarn", "go", "poetry"} {
			b.clean(c, m, false)
		}
		return
	}
	for _, k := range caches {
		if strings.HasPrefix(k.dir, "/.") || k.dir == "/go/pkg" {
			if strings.HasSuffix(p, k.dir) || strings.Contains(p, k.dir+"/") {
				b.clean(c, k.manager, k.lists)
			}
		} else if p == k.dir || strings.HasPrefix(p, k.dir+"/") || strings.HasPrefix(p, k.dir) && strings.HasSuffix(p, "/archives") {
			b.clean(c, k.manager, k.lists)
		}
	}
}
