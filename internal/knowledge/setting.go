package knowledge

import "sync"

type setting struct {
	Program string `json:"program"`
	File    string `json:"file"`
	origin
}

var settings = sync.OnceValue(func() *pairs {
	x := &pairs{map[string]string{}}
	for _, s := range decode("settings.jsonl", settingsData, func() *setting { return new(setting) }) {
		x.of[s.Program] = s.File
	}
	return x
})

// SettingsFile is where a tool keeps what it is told to remember, under a home
// folder; "" where that is not known.
func SettingsFile(program string) string { return settings().of[program] }
