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
	Claim:    "the container starts and keeps running",
	Why:      "a successful build does not show that the image starts: the failure would appear only in deployment",
	Mend:     "read the program's output and fix the cause; where it needs configuration or a writable folder, declare them under `run:` in .dockworthy.yaml or with --env and --writable",
	Quiet:    "Where it starts with the hardened settings or with the engine's defaults (non-root/needs-more then reports the difference). Undecided where it asks for configuration, or for another service that no Compose file starts beside it.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if log.Up() != nil {
			return check.Judge(nil)
		}
		s := log.Failed()
		if s == nil {
			return notStarted(log)
		}
		if s.Cause != nil {
			switch s.Cause.Kind {
			case run.NoConfig, run.OutOfMemory:
				// What it asks for may well be its due.
				return check.Unknown(check.BySettings, s.Cause.Text)
			case run.NoNetwork:
				if len(log.Companions) == 0 {
					return check.Unknown(check.BySettings, s.Cause.Text)
				}
			}
		}
		f := check.Finding{Place: check.Started(log, s), Cause: check.StartCause}
		switch {
		case s.Error != "":
			f.Message = "the container does not start: " + s.Why()
		case s.Ended:
			what := "the program"
			if log.Settings.Completes {
				what = "the one-shot service"
			}
			if log.Settings.Stays {
				what = "the worker, which is expected to keep running,"
			}
			f.Message = fmt.Sprintf("%s ended by itself after %.1f s with status %d", what, s.After(), s.Code)
			if s.Cause != nil {
				f.Message += ": " + s.Why()
			} else {
				f.Message += ", without any output"
			}
		case len(log.Settings.Ports) > 0 && !s.Listened:
			f.Message = fmt.Sprintf("the container is not ready within %.0f s: it runs but does not listen on any port", s.Seconds)
		default:
			f.Message = fmt.Sprintf("the container is not ready within %.0f s: it runs but does not become healthy", s.Seconds)
		}
		if !s.Ended && s.Error == "" {
			f.Help = "see what it waits for in its output; where it only needs more time, give its health check a longer start period, or prove --start-limit"
			if s.Load > 0 {
				f.Message += fmt.Sprintf(" (measured at a load of %.1f for each processor)", s.Load)
			}
		}
		return check.Judge([]check.Finding{f})
	},
}

// notStarted is the verdict on a program that was not run.
func notStarted(log *run.Log) check.Verdict {
	if b := log.Blocked(); b != nil {
		return check.Unknown(check.BySettings, fmt.Sprintf("the container was not started, because the service %s was not %s: %s", b.Name, b.Until, b.Why))
	}
	return check.Unknown(check.ByRun, "the container was not started")
}

var shellAsPID1 = &check.Check{
	Name:     "shell-as-pid-1",
	Claim:    "PID 1 is the program, not a shell that started it",
	Why:      "the container engine signals PID 1: a shell there does not pass the signal on, and the program is killed after the timeout",
	Mend:     "write ENTRYPOINT and CMD in exec form, and end start scripts with `exec \"$@\"`",
	Quiet:    "Where the shell passes the signal on, so that the program exits in time, and where the program is a shell script without a child process.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if ended(log) {
			return check.None()
		}
		if log.Procs == nil || len(log.Procs.List) == 0 {
			return check.Unknown(check.ByRun, "the processes of the container could not be listed")
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
			Message: fmt.Sprintf("PID 1 is %s, and the program (%s) is its child process", strings.Join(first.Argv[:min(2, len(first.Argv))], " "), log.Procs.List[i].Argv[0]),
			Cause:   signalCause,
		}})
	},
}

var ignoresStop = &check.Check{
	Name:     "ignores-stop",
	Claim:    "the program exits within the time limit when it receives the stop signal",
	Why:      "the container engine waits ten seconds and then kills the container: each deployment takes that long, and requests, jobs and writes in progress are lost",
	Mend:     "make the program PID 1 and let it handle SIGTERM (servers do; node and python need a handler, or an init process: `docker run --init`, tini), and close connections that clients keep open",
	Quiet:    "Where it exits within the limit with status 0, or by the signal itself (143 for SIGTERM). The limit is `stop_grace_period` where Compose sets it, else 2 s, or `run: {stop-limit: …}` in .dockworthy.yaml. A program that exits later, but before it is killed, is a warning.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if ended(log) {
			return check.None()
		}
		if s := log.Failed(); log.Stop == nil && s != nil && s.Ended && s.Error == "" {
			return check.Unknown(check.ByRun, "the stop signal was not sent: the program had ended by itself")
		}
		if log.Stop == nil {
			return check.Unknown(check.ByRun, "the stop signal was not sent: the container did not become ready")
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
				f.Help = "let the server close idle connections on the stop signal, or set a limit for its graceful shutdown (uvicorn --timeout-graceful-shutdown 1, gunicorn --graceful-timeout)"
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
		return check.Finding{Message: fmt.Sprintf("the program does not exit on %s: it was still running after %.1f s and was killed", s.Signal, s.Seconds)}, true
	case s.Seconds > s.Limit:
		limit := fmt.Sprintf("%.0f s", s.Limit)
		if s.From != "" {
			limit += " (" + s.From + ")"
		}
		return check.Finding{
			Severity: check.Warning,
			Message:  fmt.Sprintf("the program exits on %s with status %d after %.1f s, later than %s", s.Signal, s.Code, s.Seconds, limit),
			Help:     "end what is in progress sooner, or give it the time where it is deployed: stop_grace_period in Compose, terminationGracePeriodSeconds in Kubernetes",
		}, true
	case s.Code != 0 && s.Code != bySignal(s.Signal):
		return check.Finding{
			Severity: check.Warning,
			Message:  fmt.Sprintf("the program exits on %s in time, but with status %d, which an orchestrator reports as a failure", s.Signal, s.Code),
			Help:     "let the program exit with status 0 after the stop signal",
		}, true
	}
	return check.Finding{}, false
}

var argumentsLost = &check.Check{
	Name:     "arguments-lost",
	Claim:    "arguments given to `docker run IMAGE …` reach the program",
	Why:      "users replace CMD to change the arguments: when ENTRYPOINT starts a shell, the arguments go to the shell and are lost",
	Mend:     "write ENTRYPOINT in exec form, and let a start script pass \"$@\" on",
	Quiet:    "Where there is no ENTRYPOINT, so that the arguments are the command, and where Compose gives another one. Undecided where the arguments could not be observed.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		o := ev.Run.Override
		switch {
		case ended(ev.Run), ev.Run.Settings.Entrypoint != nil:
			return check.None()
		case o == nil && ev.Image != nil && len(ev.Image.Config.Entrypoint) == 0:
			return check.None()
		case o == nil || !o.Known:
			return check.Unknown(check.ByRun, "it could not be observed whether an argument reaches the program")
		case o.Reached:
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Seen(ev.Run, run.TopicOverride, ""),
			Message: "the argument " + o.Word + ", given in place of CMD, reaches no process in the container",
		}})
	},
}

var zombies = &check.Check{
	Name:     "zombies",
	Claim:    "PID 1 reaps processes that have exited",
	Why:      "PID 1 inherits every process whose parent has exited: those that it does not reap stay in the process table until it is full",
	Mend:     "run an init process as PID 1 (`docker run --init`, Compose `init: true`, tini), or wait for child processes in the program",
	Quiet:    "Where the program starts no other process.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if ended(log) {
			return check.None()
		}
		if log.Orphan == nil || log.Procs == nil {
			return check.Unknown(check.ByRun, "the processes of the container could not be listed")
		}
		place := check.Seen(log, run.TopicOrphan, "")
		switch {
		case log.Orphan.Zombies > 0:
			return check.Judge([]check.Finding{{Place: place, Message: fmt.Sprintf("the program left %d of its processes as zombies during the run", log.Orphan.Zombies)}})
		case !log.Orphan.Reaped && len(log.Procs.List) > 1:
			return check.Judge([]check.Finding{{Place: place, Severity: check.Note, Message: "PID 1 does not reap a process whose parent has exited, and the program starts processes"}})
		}
		return check.Judge(nil)
	},
}
