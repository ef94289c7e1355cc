package knowledge

import "sync"

// A Role is what a program is for.
type Role string

// The roles. The zero Role is that of programs that serve with some words
// only, or not at all.
const (
	Serves   Role = "serves"   // it does nothing but serve
	Works    Role = "works"    // it works without a port
	Develops Role = "develops" // it is for people at work: a development server, a load test
)

// A Server is a program that may answer on a port, and how to tell.
type Server struct {
	Programs      []string `json:"programs"`
	Role          Role     `json:"role"`
	Reloads       bool     `json:"reloads"`        // it starts another program over when a file changes
	Serves        []string `json:"serves"`         // it serves where one of these is among its arguments
	Develops      []string `json:"develops"`       // it is a development server where its first argument is one of these
	PortFlags     []string `json:"port_flags"`     // beside the set PortFlags, that it has the port behind
	PortVariables []string `json:"port_variables"` // it takes the port from, where no flag has it
	Port          string   `json:"port"`           // it listens on by itself; "" = it depends, or nobody has looked
	Binds         string   `json:"binds"`          // the addresses it listens on by itself: ipv4, dual; "" = it depends
	origin
}

type servers struct {
	all []*Server
	by  map[string]int // by program
}

var serversOnce = sync.OnceValue(func() *servers {
	x := &servers{decode("servers.jsonl", serversData, func() *Server { return new(Server) }), map[string]int{}}
	for i, s := range x.all {
		for _, p := range s.Programs {
			x.by[p] = i
		}
	}
	return x
})

// ServerOf is what is known of a program as a server; the zero Server where
// that is nothing.
func ServerOf(program string) *Server {
	x := serversOnce()
	if i, ok := x.by[program]; ok {
		return x.all[i]
	}
	return &noServer
}

var noServer Server
