package healthcheck

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

var wrongPort = &check.Check{
	Name:     "wrong-port",
	Claim:    "the probe queries the port that the program listens on",
	Why:      "a probe on another port always fails, or queries another program",
	Mend:     "use the same port in the probe, the program's flags and EXPOSE; an ENV lets them share it",
	Quiet:    "Where the program's port is not known from its flags, ENV or CMD, and where the probe's port is also exposed.",
	Severity: check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		return each(b, (*probe).asksElsewhere)
	},
}

// asksElsewhere judges the port that a probe asks, where the program's is known.
func (p *probe) asksElsewhere() check.Verdict {
	if p.build == nil {
		return check.Judge(nil)
	}
	asks, ok := p.port()
	if !ok {
		return check.Judge(nil)
	}
	listens, ok := p.build.ListenPort()
	if !ok && !p.build.Start().Known() {
		return check.Unknown(check.ByBases, fmt.Sprintf("it is not known what %s starts, and on which port it listens", p.build.Base().String()))
	}
	if !ok || listens == asks || p.build.Exposed(asks) {
		return check.Judge(nil)
	}
	f := p.mended(check.Finding{
		Place:   p.where(),
		Message: fmt.Sprintf("%s queries port %s, but the program listens on %s", p.who, asks, listens),
		Help:    "query port " + listens,
	}, listens)
	return check.Judge([]check.Finding{p.orElse(f, func() recipe.Advice { return recipe.Reported(p.build, p.step, asks, listens) })})
}
