package secrets

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
)

// ranCanaries judges by where false secrets of one kind came out of a build.
func ranCanaries(kind, how string) func(check.Evidence) check.Verdict {
	return func(ev check.Evidence) check.Verdict {
		c := ev.Run.Canaries
		switch {
		case ev.Run.Build != nil && ev.Run.Build.Error != "":
			return check.Verdict{}
		case c == nil:
			return check.Unknown(check.ByRun, "no canaries were planted")
		}
		any := false
		var found []check.Finding
		for _, k := range c.Planted {
			if k.Kind != kind || kind == "file" && k.Name != ".env" && k.Name != "id_rsa" {
				continue
			}
			any = true
			if len(k.Found) == 0 {
				continue
			}
			f := check.Finding{
				Place:   check.Seen(ev.Run, run.TopicCanary, k.Kind+" "+k.Name),
				Message: fmt.Sprintf(how, k.Name, k.Found[0]),
			}
			switch n := len(k.Found) - 1; {
			case n == 1:
				f.Message += ", and in one other place"
			case n > 1:
				f.Message += fmt.Sprintf(", and in %d other places", n)
			}
			switch {
			case k.Real:
				f.Severity = check.Error
				f.Message = fmt.Sprintf("the file %s of the build context ended up in the image: %s", k.Name, k.Found[0])
			case k.Name == ".env" && kind == "file":
				// There is none today: it is what would happen.
				f.Severity = check.Warning
			case kind == "file":
				f.Severity = check.Note
			default:
				f.Severity = check.Error // it is seen, not feared
			}
			found = append(found, f)
		}
		switch {
		case !any:
			return check.None()
		case c.Error != "" && len(found) == 0:
			return check.Unknown(check.ByRun, c.Error)
		}
		return check.Judge(found)
	}
}
