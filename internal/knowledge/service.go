package knowledge

import "sync"

// A Service is a server that programs depend on, as they speak of it in their logs.
type Service struct {
	Name    string   `json:"name"`    // as a message names it
	Port    int      `json:"port"`    // that it listens on
	Words   []string `json:"words"`   // in lower case: its own name, its drivers' and its URLs'
	Service string   `json:"service"` // what people call it in Compose
	Lines   string   `json:"lines"`   // what starts one for a try, in Compose's words; "" = nobody but a person may
	Repo    string   `json:"repo"`    // the image, without its tag
	Variant string   `json:"variant"` // what stands behind the version in its tags: %s = the release of Debian; "" = nothing
	Stems   []string `json:"stems"`   // words in the names of variables that say where it is
	// Scheme, where it has one, and URL say where it is beside a program, as Lines start
	// it; User, Password and Database are what stands in that, for programs that want
	// them apart. None of it is a secret: it is for development alone.
	Scheme   string `json:"scheme"`
	URL      string `json:"url"`
	User     string `json:"user"`
	Password string `json:"password"`
	Database string `json:"database"`
	Main     bool   `json:"main"` // programs that have its client need it to start, as a rule
	origin
}

// Services are all that are known. The list must not be changed.
var Services = sync.OnceValue(func() []*Service {
	return decode("services.jsonl", servicesData, func() *Service { return new(Service) })
})
