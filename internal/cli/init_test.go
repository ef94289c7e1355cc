package cli

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// TestLearn holds when init takes the port that it saw: where there is one, that others can
// reach, and the program does not listen where it was thought to.
func TestLearn(t *testing.T) {
	at := func(list ...run.Listen) *run.Log { return &run.Log{Procs: &run.Procs{Listens: list}} }
	service := &stack.Stack{Kind: stack.Service, Port: stack.Fact{Value: "8000"}}
	for _, c := range []struct {
		name string
		f    initFlags
		s    *stack.Stack
		log  *run.Log
		want int
	}{
		{"as it was thought", initFlags{}, service, at(run.Listen{Address: "::", Port: 8000}, run.Listen{Address: "::", Port: 9090}), 0},
		{"said by a person", initFlags{port: 8000}, service, at(run.Listen{Address: "::", Port: 8081}), 0},
		{"several", initFlags{}, service, at(run.Listen{Address: "::", Port: 8081}, run.Listen{Address: "::", Port: 9090}), 0},
		{"loopback", initFlags{}, service, at(run.Listen{Address: "127.0.0.1", Port: 8081}), 0},
		{"no service", initFlags{}, &stack.Stack{Kind: stack.Worker}, at(run.Listen{Address: "::", Port: 8081}), 0},
		{"nothing seen", initFlags{}, service, &run.Log{}, 0},
		{"another", initFlags{}, service, at(run.Listen{Address: "0.0.0.0", Port: 8081}, run.Listen{Address: "::", Port: 8081}, run.Listen{Address: "127.0.0.1", Port: 6060}), 8081},
	} {
		if got := c.f.learn(c.s, c.log); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
