package knowledge

import "sync"

// UserTools is how a package manager brings useradd and groupadd to an image that
// may lack them.
type UserTools struct {
	Manager string `json:"manager"`
	Install string `json:"install"`
	Clean   string `json:"clean"` // removes what the install leaves in the caches
	origin
}

var userToolsOnce = sync.OnceValue(func() []*UserTools {
	return decode("usertools.jsonl", userToolsData, func() *UserTools { return new(UserTools) })
})

// UserToolsBy is how a package manager brings them; nil where it is not known.
func UserToolsBy(manager string) *UserTools {
	for _, t := range userToolsOnce() {
		if t.Manager == manager {
			return t
		}
	}
	return nil
}
