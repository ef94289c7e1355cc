package dockerignore

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var largeContext = &check.Check{
	Name:     "large-context",
	Claim:    "no large file or folder is sent that no instruction uses",
	Why:      "a builder that reads the whole build context, such as Kaniko, Buildah and Docker's classic builder, processes these files in every build",
	Mend:     "add it to .dockerignore",
	Quiet:    "Where a COPY includes the whole build context: other checks judge what is sent then.",
	Unfixed:  "what of it the build needs is for you to say",
	Severity: check.Note,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		list := takes(b)
		if len(list) == 0 || b.Context == nil {
			return check.Judge(nil)
		}
		for _, t := range list {
			if t.path == "." || t.broad() || !t.known {
				return check.Judge(nil)
			}
		}
		idle := bulky(b.Context, list)
		if len(idle) == 0 {
			return check.Judge(nil)
		}
		file := b.Text()
		if b.Context.File != nil {
			file = b.Context.File
		}
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: file},
			Message: fmt.Sprintf("the build context contains %s, which no instruction uses and no pattern excludes", strings.Join(idle, ", ")),
			Missing: true,
		}})
	},
}

// bulk is the size from which a file at the context's root is worth a word.
const bulk = 10 << 20

// bulky are the things at the root of the context that are large by their
// name or size, are sent, and that nothing takes.
func bulky(c *source.Context, list []take) []string {
	var names []string
	for _, e := range c.Bulk(bulk) {
		base := path.Base(e.Path)
		if sent, _ := c.Sent(e.Path, e.Dir); !sent || taken(list, e.Path) {
			continue
		}
		switch {
		case !e.Dir:
			names = append(names, fmt.Sprintf("%s (%d MiB)", base, e.Size>>20))
		default:
			if _, ok := letThrough(c, e); ok {
				names = append(names, base)
			}
		}
		if len(names) == 5 {
			break
		}
	}
	return names
}

// taken tells whether an instruction takes a path or something in it.
func taken(list []take, p string) bool {
	for _, t := range list {
		if isUnder(t.path, p) || isUnder(p, t.path) {
			return true
		}
		if ok, err := path.Match(t.path, p); err == nil && ok {
			return true
		}
	}
	return false
}
