package healthcheck

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var localhost = &check.Check{
	Name:     "localhost",
	Claim:    "the probe queries an address that the program listens on",
	Why:      "wget of BusyBox takes ::1 for localhost and does not try 127.0.0.1: a program that listens on IPv4 only never becomes healthy",
	Mend:     "write 127.0.0.1 in place of localhost",
	Quiet:    "For other clients, which try both addresses, and where the program listens on both. A note where it is not known what it listens on.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		return each(b, func(p *probe) check.Verdict {
			c := p.asksLocalhost()
			if c != nil && !p.image().Known() {
				return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether the wget of %s is the one of BusyBox", p.image().Base()))
			}
			if c == nil || !p.image().BusyBoxWget() {
				return check.Judge(nil)
			}
			f := check.Finding{Place: p.of(c)}
			family := source.UnknownFamily
			if p.build != nil {
				family = p.build.Binds()
			}
			switch family {
			case source.Dual:
				return check.Judge(nil)
			case source.IPv4:
				f.Message = fmt.Sprintf("%s queries localhost, which is ::1 for the wget of %s, but the program listens on IPv4 only", p.who, p.image().Base())
			default:
				f.Severity = check.Note
				f.Message = fmt.Sprintf("%s queries localhost, which is ::1 for the wget of %s: a program that listens on IPv4 only does not answer there", p.who, p.image().Base())
			}
			f.Fixes = recipe.Loopback(f.Place, family == source.IPv4).Fixes
			return check.Judge([]check.Finding{f})
		})
	},
}

// asksLocalhost is the wget of a probe that asks localhost by its name; nil where
// there is none.
func (p *probe) asksLocalhost() *shell.Command {
	for _, c := range p.commands() {
		if c.Program() != "wget" {
			continue
		}
		for _, w := range c.Args() {
			rest := w.Text
			if i := strings.Index(rest, "://"); i >= 0 {
				rest = rest[i+3:]
			}
			if host, _, _ := strings.Cut(rest, "/"); host == "localhost" || strings.HasPrefix(host, "localhost:") {
				return c
			}
		}
	}
	return nil
}
