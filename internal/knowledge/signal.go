package knowledge

import (
	"strconv"
	"strings"
	"sync"
)

// A Signal is one of Linux.
type Signal struct {
	Name     string `json:"signal"` // without SIG
	Number   int    `json:"number"`
	Uncaught bool   `json:"uncaught"` // no program can handle it
	origin
}

// Status is the exit status of a program that the signal ended.
func (s *Signal) Status() int { return 128 + s.Number }

var signals = sync.OnceValue(func() map[string]*Signal {
	m := map[string]*Signal{}
	for _, s := range decode("signals.jsonl", signalsData, func() *Signal { return new(Signal) }) {
		m[s.Name], m[strconv.Itoa(s.Number)] = s, s
	}
	return m
})

// SignalOf is a signal as people write it: SIGTERM, term, 15; nil where none is
// known by that name.
func SignalOf(name string) *Signal {
	return signals()[strings.TrimPrefix(strings.ToUpper(name), "SIG")]
}
