package knowledge

import "sync"

// A Platform is a hosting platform whose file may have a health check in it.
type Platform struct {
	File string `json:"file"`
	Word string `json:"word"` // which is in the file where there is a check
	origin
}

type platforms struct{ all []*Platform }

var platformsOnce = sync.OnceValue(func() *platforms {
	return &platforms{decode("platforms.jsonl", platformsData, func() *Platform { return new(Platform) })}
})

// Platforms are all of them. The list must not be changed.
func Platforms() []*Platform { return platformsOnce().all }
