package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/engine/peek"
	"github.com/dockworthy/dockworthy/internal/run"
)

// freeze looks whether the health check notices a program that hangs: every
// process is stopped, and later runs on.
func (p *prober) freeze(ctx context.Context, t *trial, s run.Settings) error {
	probe := p.probe(s)
	h := &run.Health{From: probe.From, Test: probe.Test, Healthy: t.start.Healthy, HealthyIn: t.start.Seconds, Patience: p.patience(s, probe.Timeout).Seconds(),
		Interval: healthInterval.Seconds(), Timeout: probe.Timeout.Seconds(), Retries: healthRetries, Need: s.HangNeed.Seconds()}
	p.log.Health = h
	st, err := t.state(ctx)
	if err != nil {
		return err
	}
	if st.Health != nil && len(st.Health.Log) > 0 && !h.Healthy {
		last := st.Health.Log[len(st.Health.Log)-1]
		h.Last, h.LastCode = p.red.Hide(strings.TrimSpace(last.Output)), last.ExitCode
		if len(h.Last) > 500 {
			h.Last = h.Last[:500] + "…"
		}
	}
	if !h.Healthy && t.outer != nil {
		h.Last, h.LastCode = p.red.Hide(t.last), 1
	}
	if !h.Healthy {
		return t.asked(ctx, s)
	}
	if t.eyes == nil {
		return nil
	}
	// PID 1 is shielded from its own namespace, so the engine has to stop it.
	if _, err := p.e.cli.ContainerKill(ctx, t.id, client.ContainerKillOptions{Signal: "SIGSTOP"}); err != nil {
		if gone, derr := t.died(ctx, "before it was frozen"); derr != nil || gone {
			return derr
		}
		p.unseen("freezing", err)
		return nil
	}
	if _, err := t.eyes.ask(ctx, peek.Request{Op: "freeze"}); err != nil {
		p.unseen("freezing", err)
		return nil
	}
	h.Frozen = true
	begin := time.Now()
	h.Unhealthy, err = t.awaitHealth(ctx, container.Unhealthy, hang(probe, s))
	h.UnhealthyIn = time.Since(begin).Seconds()
	if err != nil {
		return err
	}
	if gone, err := t.died(ctx, "while it was frozen"); err != nil || gone {
		h.Frozen = false
		return err
	}
	if _, err := t.eyes.ask(ctx, peek.Request{Op: "thaw"}); err != nil {
		p.unseen("thawing", err)
	}
	if _, err := p.e.cli.ContainerKill(ctx, t.id, client.ContainerKillOptions{Signal: "SIGCONT"}); err != nil {
		return fmt.Errorf("resume the container: %w", err)
	}
	if h.Unhealthy {
		begin = time.Now()
		h.Recovered, err = t.awaitHealth(ctx, container.Healthy, max(15*time.Second, 2*probe.Timeout))
		h.RecoveredIn = time.Since(begin).Seconds()
		if err == nil && !h.Recovered {
			_, err = t.died(ctx, "after it was frozen and resumed")
		}
	}
	return err
}

// asked notes what a program asked for that runs and is not healthy, where it has
// nobody beside it.
func (t *trial) asked(ctx context.Context, s run.Settings) error {
	if s.Network != "none" {
		return nil
	}
	lines, err := t.logs(ctx, 200)
	if err != nil {
		return err
	}
	if c := startCause(run.Start{Logs: lines}); c != nil && c.Kind == run.NoNetwork {
		t.start.Logs, t.start.Cause = lines, c
	}
	return nil
}

// hang is how long a frozen program is watched: what two probes can take where
// they wait for an answer, or what the probe's own logic lets pass, and no longer
// than the limit.
func hang(probe *run.Probe, s run.Settings) time.Duration {
	d := 10 * time.Second
	if s.HangNeed < 0 {
		return s.HangLimit
	}
	d = max(d, 2*(healthInterval+probe.Timeout)+3*time.Second, s.HangNeed+2*(healthInterval+probe.Timeout)+3*time.Second)
	return min(d, s.HangLimit)
}

func (t *trial) awaitHealth(ctx context.Context, want container.HealthStatus, limit time.Duration) (bool, error) {
	deadline := time.Now().Add(limit)
	for {
		st, err := t.state(ctx)
		if err != nil {
			return false, err
		}
		if !st.Running {
			return false, nil
		}
		if t.status(ctx, st) == want {
			return true, nil
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}
