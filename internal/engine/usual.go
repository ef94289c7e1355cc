package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/run"
)

// usualCapabilities are those that an engine leaves to every container, as the builder
// does to every RUN. Those that root's programs need most come first.
// Source: docs.docker.com/engine/containers/run, runtime privilege.
var usualCapabilities = strings.Fields("CHOWN SETGID SETUID DAC_OVERRIDE FOWNER NET_BIND_SERVICE KILL SETPCAP FSETID SYS_CHROOT MKNOD NET_RAW SETFCAP AUDIT_WRITE")

// fewCapabilities are those of them that suffice for most.
const fewCapabilities = 6

// barred tells whether a program of root's died of what root may not do without
// capabilities, where nobody said which ones it keeps.
func barred(start *run.Start, s run.Settings) bool {
	user, _, _ := strings.Cut(s.User, ":")
	root := s.User == "" && s.UID == 0 || user == "0" || user == "root"
	if !root || len(s.Capabilities) > 0 || start.Cause == nil {
		return false
	}
	return start.Cause.Kind == run.NoPermission || start.Cause.Kind == run.NotReadable
}

// usual starts a program of root's with the capabilities that every container has
// where nobody takes them, and then with as few of them as will do. It gives failed
// back where it does not come up so either.
func (p *prober) usual(ctx context.Context, failed *trial, s run.Settings, age time.Duration) (*trial, run.Settings, error) {
	soft := relax(s)
	caps := usualCapabilities[:fewCapabilities]
	t, err := p.keeping(ctx, soft, caps, age)
	if err == nil && t == nil {
		caps = usualCapabilities
		t, err = p.keeping(ctx, soft, caps, age)
	}
	if err != nil || t == nil {
		return failed, soft, err
	}
	failed.remove(ctx)
	wrote, err := t.wrote(ctx)
	if err != nil {
		p.unseen("written files", err)
	}
	// What it can do without is no need.
	for _, c := range slices.Clone(caps) {
		if !s.Service {
			break // a job is not done again and again
		}
		fewer := slices.DeleteFunc(slices.Clone(caps), func(o string) bool { return o == c })
		less, err := p.keeping(ctx, soft, fewer, age)
		if err != nil {
			return t, soft, err
		}
		if less != nil {
			t.remove(ctx)
			t, caps = less, fewer
		}
	}
	caps = slices.Sorted(slices.Values(caps))
	t.start.Caps, t.start.Wrote = caps, wrote
	p.log.Relaxed = &t.start
	soft.Capabilities = caps
	return t, soft, nil
}

// keeping tries settings with some capabilities; the trial is nil where it does not
// come up.
func (p *prober) keeping(ctx context.Context, s run.Settings, caps []string, age time.Duration) (*trial, error) {
	s.Capabilities = caps
	t, err := p.try(ctx, s, trying{age: age})
	if err != nil {
		return nil, err
	}
	ok := t.start.Up
	if ok && !t.start.Ended {
		// Its master may listen while its workers die one after the other.
		lines, err := t.logs(ctx, 50)
		if err != nil {
			return nil, err
		}
		c := startCause(run.Start{Logs: lines})
		ok = c == nil || c.Kind != run.NoPermission
	}
	if !ok {
		t.remove(ctx)
		t = nil
	}
	return t, nil
}
