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

type signals struct{ all []*Signal }

var signalsOnce = sync.OnceValue(func() *signals {
	return &signals{decode("signals.jsonl", signalsData, func() *Signal { return new(Signal) })}
})

// SignalOf is a signal as people write it: SIGTERM, term, 15; nil where none is
// known by that name.
func SignalOf(name string) *Signal {
	name = strings.TrimPrefix(strings.ToUpper(name), "SIG")
	for _, s := range signalsOnce().all {
		if s.Name == name || strconv.Itoa(s.Number) == name {
			return s
		}
	}
	return nil
}
