// Package peek is the probe that runs beside a container, in its PID and
// network namespaces, where the image needs no shell and no tool for it: the
// program itself in an image of one file. It reads requests from standard input
// and answers on standard output, one JSON object a line.
package peek

import "github.com/dockworthy/dockworthy/internal/run"

// A Request asks for one thing.
type Request struct {
	Op      string // procs, freeze, thaw, dial, orphan, http, tcp
	Port    int    `json:",omitempty"` // of dial, http and tcp
	Host    string `json:",omitempty"` // of dial; "" = 127.0.0.1
	Path    string `json:",omitempty"` // of http; "" = /
	Timeout int    `json:",omitempty"` // of http and tcp, in milliseconds
}

// An Answer is what came of a request.
type Answer struct {
	Error   string        `json:",omitempty"`
	Procs   []run.Process `json:",omitempty"`
	Listens []run.Listen  `json:",omitempty"`
	Count   int           `json:",omitempty"` // processes that were signalled; connections that were made
	Reaped  bool          `json:",omitempty"` // of orphan
	Status  string        `json:",omitempty"` // of dial and http: the first line of the HTTP answer
	Well    bool          `json:",omitempty"` // of http and tcp: it answered, with a status from 200 to 399
}
