package stack

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A foreign is a project of a language for which no container is written.
type foreign struct {
	language string
	at       Place
}

func (f *foreign) Error() string { return f.at.String() + " makes this a project of " + f.language }

// other is a language whose manifest stands in the project; late takes also those
// that projects of other languages have for a part of theirs.
func other(t *tree, late bool) (*knowledge.Other, Place) {
	for _, o := range knowledge.Others() {
		if o.Late && !late {
			continue
		}
		for _, f := range t.files {
			if depth := strings.Count(f, "/"); depth > 0 && !late || depth > 2 || isSide(f) {
				continue
			}
			for _, m := range o.Manifests {
				if ok, _ := path.Match(m, path.Base(f)); !ok {
					continue
				}
				return o, Place{File: f}
			}
		}
	}
	return nil, Place{}
}

func isOther(t *tree) (Place, bool) {
	o, at := other(t, false)
	return at, o != nil
}

func isOtherLate(t *tree) (Place, bool) {
	if _, ok := isSite(t); ok {
		return Place{}, false // its pages are there already
	}
	o, at := other(t, true)
	return at, o != nil
}

// foreignScripts tells whether scripts of Python that make no program are those of a
// project of another kind.
func foreignScripts(t *tree) bool {
	_, site := isSite(t)
	_, other := isOtherLate(t)
	return site || other
}

func detectOther(t *tree, _ Options) (*Stack, error) {
	o, at := other(t, false)
	if o == nil {
		o, at = other(t, true)
	}
	return nil, &foreign{o.Language, at}
}

// spelled are the names of languages as people write them, where that is not with one
// capital letter.
var spelled = map[string]string{"static": "sites of files", "node": "Node.js", "dotnet": ".NET", "php": "PHP", "cpp": "C and C++ with CMake"}

// languages are what a container is written for, in words.
func languages() string {
	var list []string
	for _, d := range detectors {
		if d.language == "" {
			continue
		}
		name := spelled[d.language]
		if name == "" {
			name = strings.ToUpper(d.language[:1]) + d.language[1:]
		}
		if !slices.Contains(list, name) { // some stand twice
			list = append(list, name)
		}
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
