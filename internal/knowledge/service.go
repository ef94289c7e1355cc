package knowledge

import "sync"

// A Service is a server that programs depend on, as they speak of it in their logs.
type Service struct {
	Name    string   `json:"name"`    // as a message names it
	Port    int      `json:"port"`    // that it listens on
	Words   []string `json:"words"`   // in lower case: its own name, its drivers' and its URLs'
	Service string   `json:"service"` // what people call it in Compose
	Lines   string   `json:"lines"`   // what starts one for a try, in Compose's words
	origin
}

// Services are all that are known. The list must not be changed.
var Services = sync.OnceValue(func() []*Service {
	return decode("services.jsonl", servicesData, func() *Service { return new(Service) })
})
