package knowledge

import (
	"path"
	"slices"
	"sync"
)

// DevTools are packages that only people at work need, a test runner or a linter,
// by the managers that install them.
type DevTools struct {
	Managers []string `json:"managers"`
	Names    []string `json:"names"` // with path.Match's signs
	origin
}

var devToolsOnce = sync.OnceValue(func() []*DevTools {
	return decode("devtools.jsonl", devToolsData, func() *DevTools { return new(DevTools) })
})

// AllDevTools are all that are known.
func AllDevTools() []*DevTools { return devToolsOnce() }

// IsDevTool tells whether a package that a manager installs is one.
func IsDevTool(manager, name string) bool {
	for _, d := range devToolsOnce() {
		if slices.Contains(d.Managers, manager) && slices.ContainsFunc(d.Names, func(glob string) bool { ok, _ := path.Match(glob, name); return ok }) {
			return true
		}
	}
	return false
}
