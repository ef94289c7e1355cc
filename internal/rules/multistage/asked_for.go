package multistage

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
)

var (
	distributionRE = regexp.MustCompile(`^\s*[A-Za-z0-9][A-Za-z0-9._-]*`)
	separatorRE    = regexp.MustCompile(`[-_.]+`)
)

// distribution is a Python distribution's name as indexes compare it (PEP 503).
func distribution(name string) string {
	return strings.ToLower(separatorRE.ReplaceAllString(strings.TrimSpace(name), "-"))
}

// askedFor are the Python distributions that others in the image, which are no tools
// for development and no managers themselves, need where they run: whoever installs
// those has no choice.
func askedFor(img *image.Image) map[string]bool {
	list := map[string]bool{}
	for _, p := range img.Packages {
		if p.Ecosystem != image.Pypi || classOf("pip", p.Name) != none {
			continue
		}
		for _, n := range p.Needs {
			list[distribution(distributionRE.FindString(n))] = true
		}
	}
	return list
}
