package nonroot

import (
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/run"
)

var needsItsUID = &check.Check{
	Name:     "needs-its-uid",
	Claim:    "the program also works with an arbitrary UID that is not in the image",
	Why:      "some platforms, such as OpenShift, assign an arbitrary UID to each container: there, a file that only one user may read, or a name that is looked up in /etc/passwd, stops the program",
	Mend:     "make files readable by all (or by group 0), write under /tmp or to a declared volume, and do not look up the user's name",
	Quiet:    "Where the program becomes ready as UID 1000700000 in group 0.",
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
			Message: "with an arbitrary UID the program does not become ready: " + log.Stranger.Why(),
		}})
	},
}
