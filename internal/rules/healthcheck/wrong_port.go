package healthcheck

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var wrongPort = &check.Check{
	Name:     "wrong-port",
	Claim:    "the probe asks the port that the program listens on",
	Why:      "a probe of another port fails always, or asks somebody else",
	Mend:     "give probe, flags and EXPOSE the same port; an ENV lets them share it",
	Quiet:    "Where the program's port is not known from its flags, ENV or CMD, and where the probe's port is exposed too.",
	Severity: check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		p := inForce(b)
		if p == nil {
			return check.Judge(nil)
		}
		asks, ok := p.port()
		if !ok {
			return check.Judge(nil)
		}
		listens, ok := b.ListenPort()
		if !ok || listens == asks || b.Exposed(asks) {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   p.place(b),
			Message: fmt.Sprintf("the probe asks port %s, but the program listens on %s", asks, listens),
			Help:    "ask port " + listens,
		}})
	},
}
