package source

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source/gitignore"
)

// MayHold tells whether the context of a build may hold a path: it lies there and
// is sent, or it is not there and git ignores it or its name is that of a file
// that nobody commits, so that the machine that builds may have it.
func (c *Context) MayHold(p string) bool {
	if c == nil {
		return true
	}
	sent, _ := c.Sent(p, true)
	if !sent && !c.Ignore.MayReinclude(p) {
		if sent, _ = c.Sent(p, false); !sent {
			return false
		}
	}
	if _, err := c.Stat(p); err == nil || Unwanted(path.Base(p)) || secretName(path.Base(p)) {
		return true
	}
	return c.Once("git ignores "+p, func() string {
		full := path.Join(c.Root, p)
		parts := strings.Split(full, "/")
		for i := range parts {
			at := path.Join(parts[:i+1]...)
			c.files.ask(aboutFile, path.Join(path.Dir(at), ".gitignore"))
			if s := gitignore.For(c.tree.fsys, at); s.Ignored(at, i < len(parts)-1) || s.Ignored(at, true) || s.Beyond() {
				return "yes"
			}
		}
		return ""
	}) != ""
}
