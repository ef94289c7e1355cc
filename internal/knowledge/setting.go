package knowledge

import "sync"

type setting struct {
	Program string `json:"program"`
	File    string `json:"file"`
	origin
}

var settings = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, s := range decode("settings.jsonl", settingsData, func() *setting { return new(setting) }) {
		m[s.Program] = s.File
	}
	return m
})

// SettingsFile is where a tool keeps what it is told to remember, under a home
// folder; "" where that is not known.
func SettingsFile(program string) string { return settings()[program] }
