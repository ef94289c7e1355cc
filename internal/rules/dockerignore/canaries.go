package dockerignore

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// ranUnwanted judges by what came into the image of files that were laid into a
// copy of the context.
func ranUnwanted(ev check.Evidence) check.Verdict {
	c := ev.Run.Canaries
	switch {
	case ev.Run.Build != nil && ev.Run.Build.Error != "":
		return check.Verdict{}
	case c == nil:
		return check.Unknown(check.ByRun, "no canaries were planted")
	case c.Error != "":
		return check.Unknown(check.ByRun, c.Error)
	}
	var names []string
	var first run.Canary
	worst := check.Note
	planted := false
	for _, k := range c.Planted {
		name, _, _ := strings.Cut(k.Name, "/")
		if k.Kind != "file" || !source.Unwanted(path.Base(name)) {
			continue // a key: rule 5 speaks of it
		}
		planted = true
		if len(k.Found) == 0 {
			continue
		}
		if len(names) == 0 {
			first = k
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if name == ".git" || name == ".env" {
			worst = max(worst, check.Warning)
		}
		if k.Real {
			worst = check.Error
		}
	}
	switch {
	case !planted:
		return check.Unknown(check.ByRun, "no canary could be planted: links or files with these names already exist")
	case len(names) == 0:
		return check.Judge(nil)
	}
	verb := "was"
	if len(names) > 1 {
		verb = "were"
	}
	return check.Judge([]check.Finding{{
		Severity: worst,
		Place:    check.Seen(ev.Run, run.TopicCanary, first.Kind+" "+first.Name),
		Message:  fmt.Sprintf("%s %s planted in a copy of the build context and ended up in the image: %s", check.List(names), verb, first.Found[0]),
	}})
}
