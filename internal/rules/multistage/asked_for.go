package multistage

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
)

var (
	requirementRE = regexp.MustCompile(`^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?`)
	separatorRE   = regexp.MustCompile(`[-_.]+`)
)

// distribution is a Python distribution's name as indexes compare it (PEP 503).
func distribution(name string) string {
	return strings.ToLower(separatorRE.ReplaceAllString(strings.TrimSpace(name), "-"))
}

// askedFor are the Python distributions that others in the image, which are no tools
// for development and no managers themselves, need where they run, with the extras
// that they ask for: whoever installs those has no choice.
func askedFor(img *image.Image) map[string]bool {
	list := map[string]bool{}
	extras := map[string]bool{} // name[extra
	var todo []string
	for _, p := range img.Packages {
		if p.Ecosystem == image.Pypi && classOf("pip", p.Name) == none {
			todo = append(todo, p.Needs...)
		}
	}
	for len(todo) > 0 {
		m := requirementRE.FindStringSubmatch(todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		if m == nil {
			continue
		}
		name := distribution(m[1])
		list[name] = true
		for _, extra := range strings.Split(m[2], ",") {
			extra = strings.ToLower(strings.TrimSpace(extra))
			if key := name + "[" + extra; extra == "" || extras[key] {
				continue
			} else {
				extras[key] = true
			}
			for _, p := range img.Packages {
				if p.Ecosystem == image.Pypi && distribution(p.Name) == name {
					todo = append(todo, p.Extras[extra]...)
				}
			}
		}
	}
	return list
}
