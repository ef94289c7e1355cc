package engine

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/run"
)

// The process that becomes the program is root until it does: it is not the program.
func TestStarter(t *testing.T) {
	for want, list := range map[bool][][]string{
		true:  {{"runc", "init"}, {"/proc/self/exe", "init"}, {"/usr/bin/runc", "init"}, {"[runc:[2:INIT]]"}},
		false: {{"python", "app.py"}, {"/sbin/init"}, {"init", "init"}, {"runc"}, {"[sh]"}},
	} {
		for _, argv := range list {
			if got := starter(run.Process{PID: 1, Argv: argv}); got != want {
				t.Errorf("%q: %t", argv, got)
			}
		}
	}
}
