package healthcheck

import (
	"fmt"
	"time"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// What the engine takes where a HEALTHCHECK does not say (Dockerfile
// reference, HEALTHCHECK).
const (
	defaultInterval = 30 * time.Second
	defaultTimeout  = 30 * time.Second
	defaultRetries  = 3
	slow            = 3 * time.Minute
)

var timing = &check.Check{
	Name:     "timing",
	Claim:    "a program that hangs is detected within three minutes",
	Why:      "until the last retry has timed out, requests go to a program that does not respond",
	Mend:     "shorten --interval and --timeout: a local probe gets its response in milliseconds",
	Unfixed:  "how long the program takes to start and to answer is for you to measure",
	Severity: check.Note,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Contents, source.Deployments, source.Variants},
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		p := inForce(b)
		if p == nil {
			return check.Judge(nil)
		}
		h := p.health().Health
		interval, timeout, retries := h.Interval, h.Timeout, h.Retries
		if interval == 0 {
			interval = defaultInterval
		}
		if timeout == 0 {
			timeout = defaultTimeout
		}
		if retries == 0 {
			retries = defaultRetries
		}
		took := (interval + timeout) * time.Duration(retries)
		if took <= slow {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: b.Text(), Span: p.step.KeywordSpan()},
			Message: fmt.Sprintf("a hang is detected after %s: (interval %s + timeout %s) × %d", took, interval, timeout, retries),
		}})
	},
}

var exitCode = &check.Check{
	Name:     "exit-code",
	Claim:    "the probe exits with status 0 or 1",
	Why:      "Docker defines exit statuses 0 and 1, reserves 2, and defines no others",
	Mend:     "end the probe with || exit 1",
	Unfixed:  "what the number is to mean is for you to say",
	Severity: check.Note,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		p := inForce(b)
		if p == nil || !p.shell {
			return check.Judge(nil)
		}
		for _, c := range p.commands() {
			args := c.Args()
			if c.Program() != "exit" || len(args) == 0 || c.When == shell.Never {
				continue
			}
			if code := args[0]; code.Known && code.Text != "0" && code.Text != "1" {
				return check.Judge([]check.Finding{{
					Place:   check.Place{File: b.Text(), Span: c.Span},
					Message: "the probe exits with status " + code.Text,
				}})
			}
		}
		return check.Judge(nil)
	},
}
