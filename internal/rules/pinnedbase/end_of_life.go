package pinnedbase

import (
	"fmt"
	"time"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var endOfLife = &check.Check{
	Name:     "end-of-life",
	Claim:    "no image contains a release that is past its end of life",
	Why:      "its vulnerabilities are no longer fixed",
	Mend:     "upgrade to a supported release",
	Quiet:    "Where the tag does not show the release, and where no date is known. For Debian the date is the end of LTS.",
	Unfixed:  "a newer release may need changes of the program: raise the version, and test",
	Severity: check.Note,
	Banking:  check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil || b.AsOf.IsZero() {
			return check.None()
		}
		var found []check.Finding
		for _, u := range uses(b) {
			if !u.image.Valid || len(u.image.Text.Missing) > 0 {
				continue
			}
			for _, e := range base.EndOfLife(u.image.Ref, u.image.Known) {
				if e.Past(b.AsOf) != base.Yes {
					continue
				}
				name := e.Product + " " + e.Cycle
				if e.Name != "" {
					name += " (" + e.Name + ")"
				}
				when := "is past its end of life"
				if !e.Date.IsZero() {
					when = "reached its end of life on " + e.Date.Format(time.DateOnly)
				}
				found = append(found, check.Finding{
					Group:   u.cause(),
					Place:   u.place,
					Stage:   u.stage,
					Message: fmt.Sprintf("%s %s contains %s, which %s", u.what, u.written(), name, when),
				})
				break
			}
		}
		return check.Judge(found)
	},
}
