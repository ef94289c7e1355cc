package engine

import (
	"cmp"
	"time"

	"github.com/dockworthy/dockworthy/internal/run"
)

func (p *prober) hasHealth() bool {
	h := p.cfg.Healthcheck
	return h != nil && len(h.Test) > 0 && h.Test[0] != "NONE"
}

// The values of a health check that gives none.
// Source: docs.docker.com/reference/dockerfile/#healthcheck.
const (
	defaultInterval = 30 * time.Second
	defaultTimeout  = 30 * time.Second
	defaultRetries  = 3
)

// probe is the health check that counts, with all its values; nil where there is
// none.
func (p *prober) probe(s run.Settings) *run.Probe {
	var pr run.Probe
	switch h := p.cfg.Healthcheck; {
	case s.Probe != nil:
		pr = *s.Probe
		if len(pr.Test) == 0 && h != nil {
			pr.Test = h.Test // it changes only the pace
		}
		if h != nil {
			pr.Interval, pr.Timeout = cmp.Or(pr.Interval, h.Interval), cmp.Or(pr.Timeout, h.Timeout)
			pr.StartPeriod, pr.Retries = cmp.Or(pr.StartPeriod, h.StartPeriod), cmp.Or(pr.Retries, h.Retries)
		}
	case h != nil:
		pr = run.Probe{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: h.Retries}
	}
	if len(pr.Test) == 0 || pr.Test[0] == "NONE" {
		return nil
	}
	pr.Interval, pr.Timeout, pr.Retries = cmp.Or(pr.Interval, defaultInterval), cmp.Or(pr.Timeout, defaultTimeout), cmp.Or(pr.Retries, defaultRetries)
	return &pr
}

// patience is how long a container may take to become ready: the limit that was
// given, else what its health check allows before an engine calls it unhealthy,
// else the usual limit. took is how long one probe takes, at most its timeout.
func (p *prober) patience(s run.Settings, took time.Duration) time.Duration {
	probe := p.probe(s)
	if s.StartGiven || probe == nil {
		return s.StartLimit
	}
	return min(probe.StartPeriod+time.Duration(probe.Retries)*(probe.Interval+min(took, probe.Timeout)), maxPatience)
}

// probeTimeout is the time that one probe may take; 0 where there is none.
func (p *prober) probeTimeout(s run.Settings) time.Duration {
	if probe := p.probe(s); probe != nil {
		return probe.Timeout
	}
	return 0
}

// maxPatience bounds what a health check can make everybody wait for.
const maxPatience = 10 * time.Minute
