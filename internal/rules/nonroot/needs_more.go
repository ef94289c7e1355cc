package nonroot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
)

var needsMore = &check.Check{
	Name:     "needs-more",
	Claim:    "the program works with a read-only root, without capabilities and without new privileges",
	Why:      "what a program does not need, whoever takes it over does not get: a read-only root keeps them from staying, no capabilities from going further",
	Mend:     "write to declared folders only (VOLUME, tmpfs), keep caches and PID files under /tmp, listen on a port above 1024; where a folder or a capability is needed, say so under `run:` in .dockworthy.yaml",
	Quiet:    "Where the program comes up under `--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges`, or with the folders and capabilities that Compose or `run:` in the config declare.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 5.3", "CIS 5.12", "CIS 5.25"},
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		if log.Start == nil {
			return check.Unknown(check.ByRun, "the container was not started")
		}
		if log.Start.Up {
			return check.Judge(nil)
		}
		if log.Relaxed == nil || !log.Relaxed.Up {
			if c := log.Start.Cause; c != nil && c.Kind == run.NoPermission {
				return check.Unknown(check.BySettings, "the container does not come up without a capability; --cap-add gives it one")
			}
			return check.Unknown(check.ByRun, "the container comes up under no settings")
		}
		f := check.Finding{Place: check.Seen(log, run.TopicStart, "")}
		wrote := log.Relaxed.Wrote
		if folders := added(log); len(folders) > 0 {
			// It was tried: with these folders the hard settings are enough.
			f.Message = "it does not come up with a read-only root; with " + check.List(folders) + " writable it does"
			f.Help = fmt.Sprintf("declare %s as a volume or tmpfs (Compose, Kubernetes emptyDir) and under `run: {volumes: [%s]}` in .dockworthy.yaml", check.List(folders), strings.Join(folders, ", "))
			return check.Judge([]check.Finding{f})
		}
		f.Message = "it comes up only with a root that may be written: under hard settings " + log.Start.Why()
		switch {
		case log.Start.Cause != nil && log.Start.Cause.Kind == run.NoPermission || root(log):
			f.Help = "start as the user that the program runs as, so that it has nothing to give up and nothing to change; or declare what it keeps under `run: {capabilities: […]}`"
		case len(wrote) > 0:
			f.Help = "it wrote " + check.List(wrote[:min(4, len(wrote))]) + ": let it write under /tmp, or declare the folders"
		}
		return check.Judge([]check.Finding{f})
	},
}

// added are the folders that were made writable because the program wrote to
// them.
func added(log *run.Log) []string {
	var out []string
	if !log.Settings.ReadOnly {
		return nil
	}
	for _, dir := range log.Settings.Volumes {
		if slices.ContainsFunc(log.Relaxed.Wrote, func(f string) bool { return strings.HasPrefix(f, dir+"/") }) {
			out = append(out, dir)
		}
	}
	return out
}

func root(log *run.Log) bool {
	return log.Procs != nil && len(log.Procs.List) > 0 && log.Procs.List[0].UIDs[1] == 0
}
