package knowledge

import "sync"

// A Platform is a hosting platform whose file may have a health check in it.
type Platform struct {
	File string `json:"file"`
	Word string `json:"word"` // which is in the file where there is a check
	origin
}

// Platforms are all of them. The list must not be changed.
var Platforms = sync.OnceValue(func() []*Platform {
	return decode("platforms.jsonl", platformsData, func() *Platform { return new(Platform) })
})
