package nonroot

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
)

var needsMore = &check.Check{
	Name:     "needs-more",
	Claim:    "the program works with a read-only root file system, without capabilities and without new privileges",
	Why:      "an attacker who controls the program has only its permissions: with a read-only root file system they cannot persist, and without capabilities they cannot gain more access",
	Mend:     "write only to declared folders (VOLUME, tmpfs), keep caches and PID files under /tmp, and listen on a port above 1024; where a folder or a capability is needed, declare it under `run:` in .dockworthy.yaml",
	Quiet:    "Where the program becomes ready with `--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges`, or with the folders and capabilities that Compose or `run:` in the config declare.",
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
		if unwritable(ev.Image, log.Start) != "" {
			return check.None() // the usual settings forbid that too: see not-owned-workdir
		}
		if log.Relaxed == nil || !log.Relaxed.Up {
			if same(log.Start, log.Relaxed) {
				return check.None() // the hard settings are not why
			}
			if c := log.Start.Cause; c != nil && c.Kind == run.NoPermission {
				return check.Unknown(check.BySettings, "the container does not become ready without a capability; add it with --cap-add")
			}
			return check.Unknown(check.ByRun, "the container does not become ready with any settings")
		}
		f := check.Finding{Place: check.Seen(log, run.TopicStart, "")}
		wrote := log.Relaxed.Wrote
		if caps := log.Relaxed.Caps; len(caps) > 0 {
			word := "capabilities"
			if len(caps) == 1 {
				word = "capability"
			}
			f.Message = fmt.Sprintf("the container becomes ready only with the %s %s and a writable root file system", word, check.List(caps))
			f.Help = fmt.Sprintf("start the container as the user that the program runs as, so that it needs no capability to switch users or change ownership (nginxinc/nginx-unprivileged in place of nginx); or declare them under `run: {capabilities: [%s]}` and in Compose or Kubernetes, where all others are dropped", strings.Join(caps, ", "))
			return check.Judge([]check.Finding{f})
		}
		if folders := added(log); len(folders) > 0 {
			// It was tried: with these folders the hard settings are enough.
			f.Message = "the container does not become ready with a read-only root file system, but it does when " + check.List(folders) + " can be written to"
			if code := holdsCode(ev.Image, folders); code != "" {
				f.Help = fmt.Sprintf("%s holds the program itself, which nobody should be able to change: let it write to a folder of its own (an option or a variable for its data, its database, its cache), and declare that one as a volume or tmpfs", code)
				return check.Judge([]check.Finding{f})
			}
			f.Help = fmt.Sprintf("declare %s as a volume or tmpfs (Compose, Kubernetes emptyDir) and under `run: {volumes: [%s]}` in .dockworthy.yaml", check.List(folders), strings.Join(folders, ", "))
			return check.Judge([]check.Finding{f})
		}
		f.Message = "the container becomes ready only with a writable root file system: with hardened settings, " + log.Start.Why()
		switch {
		case log.Start.Cause != nil && log.Start.Cause.Kind == run.NoPermission || root(log):
			f.Help = "start the container as the user that the program runs as, so that it needs no capability to switch users or change ownership; or declare the capabilities that it needs under `run: {capabilities: […]}`"
		case len(wrote) > 0:
			f.Help = "the program wrote " + check.List(wrote[:min(4, len(wrote))]) + ": let it write under /tmp, or declare the folders"
		}
		return check.Judge([]check.Finding{f})
	},
}

// codeNames are the ends of files that are programs, or parts of one.
var codeNames = []string{".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php", ".pl", ".jar", ".dll", ".so", ".ex", ".go"}

// holdsCode is the first of some folders that has code right in it, or one folder
// deeper; "" = none has.
func holdsCode(img *image.Image, folders []string) string {
	if img == nil {
		return ""
	}
	for _, dir := range folders {
		for f := range img.Tree.Under(dir) {
			rel := strings.TrimPrefix(f.Path, dir+"/")
			if f.IsRegular() && strings.Count(rel, "/") < 2 && (f.ELF != nil || slices.Contains(codeNames, path.Ext(f.Path))) {
				return dir
			}
		}
	}
	return ""
}

// same tells whether a program ended in the same way under the hard settings and
// without them.
func same(hard, soft *run.Start) bool {
	if soft == nil || !hard.Ended || !soft.Ended || hard.Code != soft.Code {
		return false
	}
	return hard.Cause == nil && soft.Cause == nil || hard.Cause != nil && soft.Cause != nil && hard.Cause.Kind == soft.Cause.Kind && hard.Cause.Path == soft.Cause.Path
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
