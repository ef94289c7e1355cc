package layercache

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/rebuild"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// rebuilt judges by a second build after one source file was edited: installs
// that ran again run again with every edit. system chooses between the packages
// of the operating system and the program's dependencies.
func rebuilt(system bool) func(check.Evidence) check.Verdict {
	return func(ev check.Evidence) check.Verdict {
		log, b := ev.Run, ev.Source
		switch {
		case b == nil || log.Build == nil:
			return check.None()
		case log.Build.Error != "":
			return check.Verdict{}
		case log.Rebuild == nil && log.Unseen[run.ProbeRebuild] != "":
			return check.None() // there is no source file that an edit could be made in
		case log.Rebuild == nil:
			return check.Unknown(check.ByRun, "the image was not rebuilt after an edit")
		case log.Rebuild.Error != "":
			return check.Unknown(check.ByRun, "the build after an edit failed: "+log.Rebuild.Error)
		}
		steps := rebuild.Match(b, log.Rebuild.Steps)
		moved := false
		var found []check.Finding
		v := newView(b)
		v.each(func(l *layers, step *source.Step) {
			i, ok := steps[step]
			if !ok || log.Rebuild.Steps[i].Cached || log.Rebuild.Steps[i].Unreached {
				return
			}
			moved = true
			if f, ok := v.again(l, step, log.Rebuild.Steps[i], system); ok {
				f.Place = check.Seen(log, run.TopicRebuilt, fmt.Sprint(i))
				f.Related = append(f.Related, check.Place{File: b.Text(), Span: step.Span, Message: "this step ran again"})
				f.Message = fmt.Sprintf("after an edit to %s, %s", log.Rebuild.Touched, f.Message)
				if why := log.Rebuild.Steps[i].Because; why != "" && why != rebuild.Unknown {
					f.Message += ", because " + why
				}
				found = append(found, f)
			}
		})
		if !moved {
			return check.Unknown(check.ByRun, "editing "+log.Rebuild.Touched+" changed no build step")
		}
		return check.Judge(found)
	}
}

// again is the finding on a RUN that was not answered from the cache.
func (v *view) again(l *layers, step *source.Step, seen run.BuildStep, system bool) (check.Finding, bool) {
	r := step.Run()
	if r == nil {
		return check.Finding{}, false
	}
	for _, in := range r.Effects.Installs {
		if in.When == shell.Never || in.System != system || in.Command == nil {
			continue
		}
		if !system && v.addsNothing(l, step, in) || system && artefactsOnly(in) {
			continue
		}
		f := check.Finding{Message: fmt.Sprintf("%s ran again: %.1f s", called(in.Command), seen.Seconds)}
		if cached(r) {
			f.Severity = check.Note
			f.Message += ", with downloads from a cache mount"
		}
		return f, true
	}
	return check.Finding{}, false
}
