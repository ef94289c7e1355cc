package nonroot

import (
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
)

var needsItsUID = &check.Check{
	Name:     "needs-its-uid",
	Claim:    "the program also works as a user that the image does not know",
	Why:      "some platforms, OpenShift first, give every container a UID of their own: what only one user may read, or a name looked up in /etc/passwd, stops the program there",
	Mend:     "leave files readable by all (or by group 0), write under /tmp or a declared volume, and ask for no name of the user",
	Quiet:    "Where it comes up as UID 1000700000 in group 0.",
	Severity: check.Note,
	Since:    "0.1.0",
	Run: func(ev check.Evidence) check.Verdict {
		log := ev.Run
		switch {
		case log.Stranger == nil:
			return check.Verdict{} // nobody tried, and it is only worth a note
		case log.Stranger.Up:
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Seen(log, run.TopicStranger, ""),
			Message: "as a user that the image does not know it does not come up: " + log.Stranger.Why(),
		}})
	},
}
