package healthcheck

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
)

var neverHealthy = &check.Check{
	Name:     "never-healthy",
	Claim:    "the container becomes healthy",
	Why:      "an orchestrator takes a container that is not healthy out of service and starts another one, which does not become healthy either",
	Mend:     "use a probe that can run in the image, queries the port that the program listens on at 127.0.0.1, and finishes before its timeout",
	Quiet:    "Where there is no health check. Undecided where the program itself does not become ready.",
	Severity: check.Error,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		h := log.Health
		switch {
		case unprobed(log):
			return check.None()
		case h != nil && h.Healthy:
			return check.Judge(nil)
		case log.Up() == nil:
			if s := log.Failed(); s != nil && !s.Ended && s.Error == "" && s.Listened {
				break
			}
			return check.Unknown(check.ByRun, "the program did not become ready, so its health check could not be judged")
		case h == nil:
			return noProbe(ev)
		case log.Lonely() != nil:
			return check.Unknown(check.BySettings, "the program runs and is not healthy, and "+log.Lonely().Cause.Text)
		}
		f := check.Finding{Place: check.Seen(log, run.TopicHealth, ""), Message: "the program listens, but its health check fails"}
		if h != nil {
			f.Message = fmt.Sprintf("the program runs, but its health check fails with status %d", h.LastCode)
			if h.Patience > 0 {
				f.Message += fmt.Sprintf(", also %.0f s after the start, as long as it is given", h.HealthyIn)
				f.Help = "let the probe query the port that the program listens on at 127.0.0.1, with a tool that is in the image; where the program only needs more time, give the health check a longer start period, or prove --start-limit"
			}
			if said := strings.TrimSpace(h.Last); said != "" {
				f.Message += ": " + strings.TrimSuffix(oneLine(said), ".")
			}
		}
		return check.Judge([]check.Finding{f})
	},
}

// died tells whether a program that was ready ended by itself.
func died(log *run.Log) bool {
	return log.Start != nil && log.Start.Lived || log.Relaxed != nil && log.Relaxed.Lived
}

// unprobed tells whether nobody asks how the program is: it is a job that others
// wait for, or its health check is disabled.
func unprobed(log *run.Log) bool {
	p := log.Settings.Probe
	return log.Settings.Completes || p != nil && len(p.Test) > 0 && p.Test[0] == "NONE"
}

// ranDisabled judges a program that ran without the health check that it could
// have.
func ranDisabled(ev check.Evidence) check.Verdict {
	log := ev.Run
	p := log.Settings.Probe
	switch {
	case log.Up() == nil:
		return check.Verdict{} // it did not run
	case log.Settings.Completes:
		return check.None()
	case p != nil && len(p.Test) > 0 && p.Test[0] == "NONE":
		f := check.Finding{Place: check.Seen(log, run.TopicStart, ""), Message: "the program ran without a health check: " + p.From + " disables it"}
		if !log.Settings.Service {
			f.Severity = check.Warning
		}
		return check.Judge([]check.Finding{f})
	case p == nil && ev.Image != nil && log.Health == nil:
		v := builtDisabled(ev)
		for i := range v.Findings {
			v.Findings[i].Place = check.Seen(log, run.TopicStart, "")
			v.Findings[i].Message = "the program ran without a health check: the image disables it"
		}
		return v
	}
	return check.Judge(nil)
}

// noProbe is the verdict where no health check was run: there is none, or the
// engine did not take the image's.
func noProbe(ev check.Evidence) check.Verdict {
	if ev.Image != nil && ev.Image.Config.Healthcheck != nil && len(ev.Image.Config.Healthcheck.Test) > 1 {
		return check.Unknown(check.ByRun, "the image has a health check, but the container engine did not run it")
	}
	return check.None()
}

// ranMissing judges a service that nothing can ask whether it is alive.
func ranMissing(ev check.Evidence) check.Verdict {
	log := ev.Run
	switch {
	case log.Health != nil && log.Health.Healthy:
		return check.Judge(nil)
	case unprobed(log) || log.Settings.Role != "" && !log.Settings.Service:
		return check.None() // nothing asks for it, or another check speaks of it
	case log.Up() == nil:
		return check.Unknown(check.ByRun, "the program did not become ready")
	case log.Health != nil:
		return check.Judge(nil) // it has one; what it is worth others say
	case ev.Image == nil:
		return check.None()
	}
	v := builtMissing(ev)
	for i := range v.Findings {
		v.Findings[i].Place = check.Seen(log, run.TopicStart, "")
		v.Findings[i].Message = "the program serves without a health check, so the container engine cannot detect that it hangs"
		v.Findings[i].Missing = false
	}
	if v.Outcome == check.Holds {
		return noProbe(ev)
	}
	return v
}

// oneLine is the last line of what a probe said.
func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	last := strings.TrimSpace(lines[len(lines)-1])
	if len(last) > 200 {
		last = last[:200] + "…"
	}
	return last
}

// frozen judges the probe by a program whose every process was stopped.
func frozen(ev check.Evidence) check.Verdict {
	h := ev.Run.Health
	switch {
	case unprobed(ev.Run):
		return check.None()
	case h == nil && ev.Run.Up() != nil:
		return noProbe(ev)
	case h == nil || !h.Healthy:
		return check.Unknown(check.ByRun, "the container did not become healthy, so it could not become unhealthy")
	case !h.Frozen:
		return check.Unknown(check.ByRun, "the processes of the container could not be frozen")
	case h.Unhealthy:
		return check.Judge(nil)
	case h.Need < 0:
		return check.Unknown(check.BySettings, fmt.Sprintf("the frozen container was still healthy after %.0f s, and how long the probe's own logic waits is not known; --hang-limit lets it be watched longer", h.UnhealthyIn))
	case h.Need > h.UnhealthyIn:
		return check.Unknown(check.BySettings, fmt.Sprintf("the probe lets %.0f s pass before it fails, and the frozen container was watched for %.0f s; --hang-limit lets it be watched longer", h.Need, h.UnhealthyIn))
	}
	return check.Judge([]check.Finding{{
		Place:    check.Seen(ev.Run, run.TopicFreeze, ""),
		Severity: check.Error,
		Message:  fmt.Sprintf("every process of the container was frozen, but after %.0f s it was still healthy", h.UnhealthyIn),
	}})
}

var noRecovery = &check.Check{
	Name:     "no-recovery",
	Claim:    "a container that was briefly unhealthy becomes healthy again",
	Why:      "after a pause of the host or a long garbage collection the program works again, but is replaced anyway",
	Mend:     "let each probe query the program again, and keep no state about earlier failures",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		h := ev.Run.Health
		switch {
		case unprobed(ev.Run):
			return check.None()
		case h == nil && ev.Run.Up() != nil:
			return noProbe(ev)
		case h == nil || !h.Frozen || !h.Unhealthy:
			return check.Unknown(check.ByRun, "the container did not become unhealthy")
		case died(ev.Run):
			return check.Unknown(check.ByRun, "the program ended by itself before it could become healthy again")
		case h.Recovered:
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Seen(ev.Run, run.TopicFreeze, ""),
			Message: fmt.Sprintf("%.0f s after its processes were resumed, the container was not healthy again", h.RecoveredIn),
		}})
	},
}

var loopbackOnly = &check.Check{
	Name:     "loopback-only",
	Claim:    "a service listens on an address that is reachable from outside the container",
	Why:      "127.0.0.1 is local to the container: a health check inside it succeeds, but no published port, Service or Kubernetes probe can reach the program",
	Mend:     "let the server listen on 0.0.0.0 (--host 0.0.0.0, HOST=0.0.0.0)",
	Quiet:    "Where it also listens on another address, or on no port.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if !log.Settings.Service && len(log.Settings.Ports) == 0 {
			return check.None()
		}
		if log.Procs == nil {
			return check.Unknown(check.ByRun, "the ports of the container could not be listed")
		}
		var found []check.Finding
		open := map[int]bool{}
		for _, l := range log.Procs.Listens {
			if ip, err := netip.ParseAddr(l.Address); err != nil || !ip.IsLoopback() {
				open[l.Port] = true
			}
		}
		told := map[int]bool{}
		for _, l := range log.Procs.Listens {
			declared := slices.Contains(log.Settings.Ports, l.Port) || len(log.Settings.Ports) == 0 && len(open) == 0
			if open[l.Port] || told[l.Port] || !declared {
				continue
			}
			told[l.Port] = true
			found = append(found, check.Finding{
				Place:   check.Seen(log, run.TopicListen, fmt.Sprint(l.Port)),
				Message: fmt.Sprintf("port %d is open on %s only", l.Port, l.Address),
			})
		}
		return check.Judge(found)
	},
}

var portNotOpen = &check.Check{
	Name:     "port-not-open",
	Claim:    "the program listens on the ports that the image and its deployment declare",
	Why:      "clients and probes that use the declared port cannot connect",
	Mend:     "use the same port in EXPOSE, in Compose and in the program",
	Quiet:    "Where no port is declared, and for UDP.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		switch {
		case len(log.Settings.Ports) == 0:
			return check.None()
		case log.Up() == nil && log.Failed() != nil && (log.Failed().Ended || log.Failed().Cause != nil):
			return check.Unknown(check.ByRun, "the program did not become ready")
		case log.Procs == nil:
			return check.Unknown(check.ByRun, "the ports of the container could not be listed")
		}
		var open []string
		for _, l := range log.Procs.Listens {
			if p := fmt.Sprint(l.Port); !slices.Contains(open, p) {
				open = append(open, p)
			}
		}
		var closed []string
		for _, port := range log.Settings.Ports {
			if p := fmt.Sprint(port); !slices.Contains(open, p) {
				closed = append(closed, p)
			}
		}
		if len(closed) == 0 {
			return check.Judge(nil)
		}
		f := check.Finding{Place: check.Seen(log, run.TopicStart, "")}
		switch {
		case len(open) == 0:
			f.Message = "port " + strings.Join(closed, ", ") + " is declared, but the program does not listen on any port"
		default:
			f.Place = check.Seen(log, run.TopicListen, open[0])
			f.Message = "port " + strings.Join(closed, ", ") + " is declared, but the program listens on " + strings.Join(open, ", ")
		}
		return check.Judge([]check.Finding{f})
	},
}

var notReplaced = &check.Check{
	Name:     "not-replaced",
	Claim:    "a swarm replaces a task that hangs",
	Why:      "a health check is useful only when the orchestrator replaces what fails it",
	Mend:     "give the image a health check that fails when the program hangs, and let the program exit on the stop signal",
	Quiet:    "Where it was not tested: prove tests it with --swarm, on a container engine that is not part of a swarm.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		s := ev.Run.Swarm
		switch {
		case s == nil:
			return check.Verdict{}
		case s.Error != "":
			return check.Unknown(check.ByRun, s.Error)
		case s.Replaced:
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Seen(ev.Run, run.TopicSwarm, ""),
			Message: fmt.Sprintf("%.0f s after every process of the task was frozen, there was no healthy replacement task", s.Seconds),
		}})
	},
}
