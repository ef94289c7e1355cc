package source

import (
	"path"
	"strings"
)

// Submodule tells whether a path of the context is a git submodule that is not
// checked out here: .gitmodules names it, and the folder is empty or absent.
func (c *Context) Submodule(p string) bool {
	if c == nil || len(c.Dir(p)) > 0 {
		return false
	}
	full := path.Join(c.Root, Clean(p))
	return c.Once("submodule "+p, func() string {
		for dir := c.Root; ; dir = path.Dir(dir) {
			if f, err := c.files.read(path.Join(dir, ".gitmodules"), maxModules); err == nil {
				for line := range strings.Lines(string(f.Data)) {
					key, value, ok := strings.Cut(line, "=")
					if ok && strings.TrimSpace(key) == "path" && path.Join(dir, strings.TrimSpace(value)) == full {
						return "yes"
					}
				}
				return ""
			}
			if dir == "." || dir == "/" {
				return ""
			}
		}
	}) != ""
}

// maxModules is the largest .gitmodules that is read.
const maxModules = 64 << 10
