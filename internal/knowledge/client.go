package knowledge

import "sync"

// A Client is a package by which programs talk to a service.
type Client struct {
	Service string   `json:"service"` // as Services names it
	Extra   string   `json:"extra"`   // only with this extra of the package
	Python  []string `json:"python"`
	Node    []string `json:"node"`
	Go      []string `json:"go"`
	Java    []string `json:"java"`
	Rust    []string `json:"rust"` // name/feature: only with this feature
	DotNet  []string `json:"dotnet"`
	Ruby    []string `json:"ruby"`
	PHP     []string `json:"php"` // packages of Composer, and extensions: ext-redis
	CPP     []string `json:"cpp"` // as CMake, pkg-config or the linker name them
	origin
}

var clientsOnce = sync.OnceValue(func() []*Client {
	return decode("clients.jsonl", clientsData, func() *Client { return new(Client) })
})

// ServiceClients are all that are known.
func ServiceClients() []*Client { return clientsOnce() }

// A Tool is a program that builds install for themselves, at a version that is known to
// be good.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	origin
}

var toolsOnce = sync.OnceValue(func() map[string]string {
	x := map[string]string{}
	for _, t := range decode("tools.jsonl", toolsData, func() *Tool { return new(Tool) }) {
		x[t.Name] = t.Version
	}
	return x
})

// ToolVersion is the version of a tool that is known to be good; "" = none is known.
func ToolVersion(name string) string { return toolsOnce()[name] }
