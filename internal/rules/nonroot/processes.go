package nonroot

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
)

// rootProcesses judges the users that the kernel says the processes have.
func rootProcesses(ev check.Evidence) check.Verdict {
	log := ev.Run
	switch {
	case log.Procs == nil && unchanged(ev):
		return check.Judge(nil)
	case log.Procs == nil && log.Up() == nil:
		return check.Unknown(check.ByRun, "the container did not become ready")
	case log.Procs == nil || len(log.Procs.List) == 0:
		return check.Unknown(check.ByRun, "the processes of the container could not be listed")
	}
	var roots []run.Process
	for _, p := range log.Procs.List {
		if p.UIDs[1] == 0 && p.State != "Z" {
			roots = append(roots, p)
		}
	}
	if len(roots) == 0 {
		return check.Judge(nil)
	}
	f := check.Finding{
		Cause: rootCause,
		Place: check.Seen(log, run.TopicProcess, fmt.Sprint(roots[0].PID)),
		Help:  "end the final stage with USER and a UID, and do not switch back to root in a start script",
	}
	switch n, all := len(roots), len(log.Procs.List); {
	case n == all && n == 1:
		f.Message = fmt.Sprintf("%s runs as UID 0", program(roots[0]))
	case n == all:
		f.Message = fmt.Sprintf("all %d processes run as UID 0, the first is %s", n, program(roots[0]))
	default:
		f.Message = fmt.Sprintf("%d of %d processes run as UID 0: %s", n, all, program(roots[0]))
	}
	return check.Judge([]check.Finding{f})
}

// unchanged tells whether a program that ended before anybody could look ran as the
// image's user all along: without new privileges and capabilities nobody becomes
// another user.
func unchanged(ev check.Evidence) bool {
	s := ev.Run.Start
	if ev.Image == nil || s == nil || !s.Ended || s.Error != "" || !ev.Run.Settings.NoNewPrivs || len(ev.Run.Settings.Capabilities) > 0 {
		return false
	}
	me, err := ev.Image.Identity(s.User)
	return err == nil && !me.IsRoot()
}

// program is a process as a message names it.
func program(p run.Process) string {
	name := p.Argv[0]
	if len(p.Argv) > 1 && run.IsShell(name) {
		name = strings.Join(p.Argv[:2], " ")
	}
	return fmt.Sprintf("PID %d (%s)", p.PID, name)
}
