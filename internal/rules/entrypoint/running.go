package entrypoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/run"
)

// signalCause is that of whatever keeps SIGTERM from the program.
const signalCause check.Cause = "signal"

var doesNotStart = &check.Check{
	Name:     "does-not-start",
	Claim:    "the container comes up and stays up",
	Why:      "an image that does not start has been built all the same, and is found out where it is deployed",
	Mend:     "read what the program says, and mend that; where it needs configuration or a folder to write to, say so under `run:` in .dockworthy.yaml or with --env and --writable",
	Quiet:    "Where it comes up under the hard settings or the engine's own (then non-root/needs-more tells the difference), and undecided where it asks for configuration or another service.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if log.Up() != nil {
			return check.Judge(nil)
		}
		s := log.Failed()
		if s == nil {
			return check.Unknown(check.ByRun, "the container was not started")
		}
		if s.Cause != nil {
			switch s.Cause.Kind {
			case run.NoConfig, run.NoNetwork, run.OutOfMemory:
				// What it asks for may well be its due.
				return check.Unknown(check.BySettings, s.Cause.Text)
			}
		}
		f := check.Finding{Place: check.Started(log, s), Cause: check.StartCause}
		switch {
		case s.Error != "":
			f.Message = "the container does not start: " + s.Why()
		case s.Ended:
			f.Message = fmt.Sprintf("the container ends with %d at once", s.Code)
			if s.Cause != nil {
				f.Message += ": " + s.Why()
			} else {
				f.Message += " and says nothing"
			}
		case len(log.Settings.Ports) > 0 && !s.Listened:
			f.Message = fmt.Sprintf("the container does not come up within %.0f s: it runs and listens on no port", s.Seconds)
		default:
			f.Message = fmt.Sprintf("the container does not come up within %.0f s: it runs and does not become healthy", s.Seconds)
		}
		return check.Judge([]check.Finding{f})
	},
}

var shellAsPID1 = &check.Check{
	Name:     "shell-as-pid-1",
	Claim:    "PID 1 is the program, not a shell in front of it",
	Why:      "the engine's signals go to PID 1: a shell there keeps them to itself, and the program is killed when the time is up",
	Mend:     "write ENTRYPOINT and CMD in exec form, and let start scripts end in `exec \"$@\"`",
	Quiet:    "Where the shell hands the signal on, so that the program ends in time, and where the program is a shell script without a child.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if ended(log) {
			return check.None()
		}
		if log.Procs == nil || len(log.Procs.List) == 0 {
			return check.Unknown(check.ByRun, "its processes could not be looked at")
		}
		first := log.Procs.List[0]
		if first.PID != 1 || !run.IsShell(first.Argv[0]) || log.Stop != nil && graceful(log.Stop) {
			return check.Judge(nil)
		}
		i := slices.IndexFunc(log.Procs.List, func(p run.Process) bool { return p.PPID == 1 && p.State != "Z" })
		if i < 0 {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Seen(log, run.TopicProcess, "1"),
			Message: fmt.Sprintf("PID 1 is %s, and the program, %s, is its child", strings.Join(first.Argv[:min(2, len(first.Argv))], " "), log.Procs.List[i].Argv[0]),
			Cause:   signalCause,
		}})
	},
}

var ignoresStop = &check.Check{
	Name:     "ignores-stop",
	Claim:    "the program ends by itself, in time, when it is told to stop",
	Why:      "the engine waits ten seconds and kills: every deployment takes them, and requests, jobs and writes under way are lost",
	Mend:     "let the program be PID 1 and handle SIGTERM (servers do; node and python need a handler, or an init: `docker run --init`, tini), and close what clients keep open",
	Quiet:    "Where it ends with 0, or by the signal itself (143 for SIGTERM), within the limit: 2 s, or `run: {stop-limit: …}` in .dockworthy.yaml.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if ended(log) {
			return check.None()
		}
		if log.Stop == nil {
			return check.Unknown(check.ByRun, "it was not stopped: the container did not come up")
		}
		var found []check.Finding
		if f, bad := late(log.Stop); bad {
			f.Place = check.Seen(log, run.TopicStop, "")
			f.Cause = signalCause
			found = append(found, f)
		} else if log.StopBusy != nil {
			if f, bad := late(log.StopBusy); bad {
				f.Severity = check.Warning
				f.Message = fmt.Sprintf("with an open connection to port %d, %s", log.StopBusy.Port, f.Message)
				f.Help = "let the server close idle connections when it is told to stop, or give it a limit for it (uvicorn --timeout-graceful-shutdown 1, gunicorn --graceful-timeout)"
				f.Place = check.Seen(log, run.TopicBusy, "")
				found = append(found, f)
			}
		}
		return check.Judge(found)
	},
}

// ended tells whether the program did its work and ended by itself: nobody has
// to stop it.
func ended(log *run.Log) bool {
	s := log.Up()
	return s != nil && s.Ended
}

// graceful tells whether a program ended as it was told: with 0, or by the
// signal, in time.
func graceful(s *run.Stop) bool {
	_, bad := late(s)
	return !bad
}

// bySignal is the exit status of a program that a signal ended; 0 where the
// signal is not known.
func bySignal(name string) int {
	if s := knowledge.SignalOf(name); s != nil {
		return s.Status()
	}
	return 0
}

func late(s *run.Stop) (check.Finding, bool) {
	switch {
	case s.Killed:
		return check.Finding{Message: fmt.Sprintf("the program does not end on %s: after %.1f s it still ran, and was killed", s.Signal, s.Seconds)}, true
	case s.Seconds > s.Limit:
		return check.Finding{Message: fmt.Sprintf("the program takes %.1f s to end on %s; the limit is %.1f s", s.Seconds, s.Signal, s.Limit)}, true
	case s.Code != 0 && s.Code != bySignal(s.Signal):
		return check.Finding{
			Severity: check.Warning,
			Message:  fmt.Sprintf("the program ends on %s in time, but with %d: who watches it takes that for a failure", s.Signal, s.Code),
			Help:     "end with 0 when you are told to stop",
		}, true
	}
	return check.Finding{}, false
}

var argumentsLost = &check.Check{
	Name:     "arguments-lost",
	Claim:    "arguments given to `docker run IMAGE …` reach the program",
	Why:      "CMD is there to be replaced: behind a shell in ENTRYPOINT the words go to the shell and are gone",
	Mend:     "write ENTRYPOINT in exec form, and let a start script hand on \"$@\"",
	Quiet:    "Without an ENTRYPOINT, where the words are the program, and where it could not be seen.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		o := ev.Run.Override
		switch {
		case ended(ev.Run):
			return check.None()
		case o == nil && ev.Image != nil && len(ev.Image.Config.Entrypoint) == 0:
			return check.None()
		case o == nil || !o.Known:
			return check.Unknown(check.ByRun, "whether an argument reaches the program could not be seen")
		case o.Reached:
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Seen(ev.Run, run.TopicOverride, ""),
			Message: "the argument " + o.Word + ", given in place of CMD, reaches no program of the container",
		}})
	},
}

var zombies = &check.Check{
	Name:     "zombies",
	Claim:    "processes that end are reaped",
	Why:      "PID 1 inherits every process whose parent ended: what it does not reap stays in the process table until that is full",
	Mend:     "run an init as PID 1 (`docker run --init`, Compose `init: true`, tini), or wait for children in the program",
	Quiet:    "Where the program is alone and starts no process.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if ended(log) {
			return check.None()
		}
		if log.Orphan == nil || log.Procs == nil {
			return check.Unknown(check.ByRun, "its processes could not be looked at")
		}
		place := check.Seen(log, run.TopicOrphan, "")
		switch {
		case log.Orphan.Zombies > 0:
			return check.Judge([]check.Finding{{Place: place, Message: fmt.Sprintf("the program left %d of its processes as zombies while it was watched", log.Orphan.Zombies)}})
		case !log.Orphan.Reaped && len(log.Procs.List) > 1:
			return check.Judge([]check.Finding{{Place: place, Severity: check.Note, Message: "PID 1 does not reap a process whose parent ended, and the program starts processes"}})
		}
		return check.Judge(nil)
	},
}
