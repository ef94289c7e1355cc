package engine

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/engine/peek"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
)

// Harden fills the settings that nobody gave with the hardest that a program
// should work under.
func Harden(s run.Settings) run.Settings {
	s.ReadOnly, s.NoNewPrivs = true, true
	if s.Capabilities == nil {
		s.Capabilities = []string{}
	}
	if s.Writable == nil {
		s.Writable = []string{"/tmp"}
	}
	if s.Memory == 0 {
		s.Memory = 512 << 20
	}
	if s.Pids == 0 {
		s.Pids = 128
	}
	if s.Network == "" {
		s.Network = "none"
	}
	if s.StopLimit == 0 {
		s.StopLimit = 2 * time.Second
	}
	if s.StartLimit == 0 {
		s.StartLimit = 60 * time.Second
	}
	return s
}

// relax lets a program write where it likes in its own container. What protects
// this machine stays: no new privileges, no capabilities but those that the
// caller gave, the limits.
func relax(s run.Settings) run.Settings {
	s.ReadOnly, s.Writable, s.Volumes = false, nil, nil
	return s
}

// A prober runs the containers of one image.
type prober struct {
	e     *Engine
	id    string // the run's
	image string
	cfg   dockerspec.DockerOCIImageConfig
	peek  string // the probe's image; "" = there is none
	log   *run.Log
	red   *redact.Redactor // also of the values of the program's environment
	mu    sync.Mutex       // of the log's Unseen: every other part has one writer
	n     atomic.Int64
}

// Probe runs an image of the engine under these settings and puts into the log
// what it did. What goes wrong inside the containers is in the log; the error
// is an engine that fails, or an interruption. It leaves its containers to
// Remove.
func (e *Engine) Probe(ctx context.Context, image string, s run.Settings, log *run.Log) error {
	p, err := e.prober(ctx, image, s, log)
	if err != nil {
		return err
	}
	s = Harden(s)
	if p.peek, err = e.peekImage(ctx, log.ID); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.unseen("processes", err)
	}
	log.Settings = s
	t, s, err := p.hardest(ctx, s)
	if err != nil {
		return err
	}
	defer t.remove(ctx)
	if !t.start.Up || t.start.Ended {
		if t.start.Up {
			log.Procs = t.seen
		}
		return nil
	}
	log.Settings = s
	// The others wait for most of their time, as this one does.
	var wg sync.WaitGroup
	var busyErr error
	wg.Go(func() {
		for _, probe := range []func(context.Context, run.Settings) error{p.busy, p.override, p.stranger} {
			if busyErr = probe(ctx, s); busyErr != nil {
				return
			}
		}
	})
	err = p.watch(ctx, t, s)
	wg.Wait()
	if err == nil {
		err = busyErr
	}
	return err
}

// prober looks an image up, to run it under these settings.
func (e *Engine) prober(ctx context.Context, image string, s run.Settings, log *run.Log) (*prober, error) {
	img, err := e.cli.ImageInspect(ctx, image)
	if err != nil {
		return nil, fmt.Errorf("inspect the image %s: %w", image, err)
	}
	log.Image, log.ImageID = image, img.ID
	p := &prober{e: e, id: log.ID, image: image, log: log, red: e.Redactor.With(slices.Collect(maps.Values(s.Env))...)}
	if img.Config != nil {
		p.cfg = *img.Config
	}
	return p, nil
}

func (p *prober) unseen(probe string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.log.Unseen == nil {
		p.log.Unseen = map[string]string{}
	}
	p.log.Unseen[probe] = err.Error()
}

func (p *prober) next() int64 { return p.n.Add(1) }

// hardest starts the image under the hard settings. Where it does not come up
// so, it is tried with a root that may be written; where that goes well, what
// it wrote then is made writable and the hard settings are tried once more. The
// settings that come back are those under which the container runs.
func (p *prober) hardest(ctx context.Context, s run.Settings) (*trial, run.Settings, error) {
	hard, err := p.try(ctx, s, "")
	if err != nil {
		return nil, s, err
	}
	p.log.Start = &hard.start
	if hard.start.Up {
		return hard, s, nil
	}
	hard.remove(ctx)
	soft := relax(s)
	t, err := p.try(ctx, soft, "")
	if err != nil {
		return nil, s, err
	}
	p.log.Relaxed = &t.start
	if !t.start.Up {
		return t, soft, nil
	}
	wrote, err := t.wrote(ctx)
	if err != nil {
		p.unseen("written files", err)
	}
	t.start.Wrote = wrote
	if dirs := folders(wrote); len(dirs) > 0 {
		again := s
		again.Volumes = append(slices.Clone(s.Volumes), dirs...)
		t2, err := p.try(ctx, again, "")
		if err != nil {
			return nil, s, err
		}
		if t2.start.Up {
			t.remove(ctx)
			return t2, again, nil
		}
		t2.remove(ctx)
	}
	return t, soft, nil
}

// folders are the folders that files lie in, the outermost only, at most eight.
func folders(files []string) []string {
	set := map[string]bool{}
	for _, f := range files {
		dir := path.Dir(f)
		if dir == "/" || strings.HasPrefix(f, "/etc/") || strings.HasPrefix(dir, "/dev") || strings.HasPrefix(dir, "/proc") {
			continue
		}
		set[dir] = true
	}
	var out []string
	for _, d := range slices.Sorted(maps.Keys(set)) {
		if !slices.ContainsFunc(out, func(o string) bool { return strings.HasPrefix(d, o+"/") }) {
			out = append(out, d)
		}
	}
	return out[:min(8, len(out))]
}

func (p *prober) try(ctx context.Context, s run.Settings, user string) (*trial, error) {
	t, err := p.create(ctx, s, s.Command, user)
	if err != nil {
		return nil, err
	}
	if err := t.run(ctx, s); err != nil {
		return nil, err
	}
	return t, nil
}

// watch looks at the running container, freezes it, and stops it.
func (p *prober) watch(ctx context.Context, t *trial, s run.Settings) error {
	if t.eyes != nil {
		a, err := t.eyes.ask(ctx, peek.Request{Op: "procs"})
		if err != nil {
			p.unseen("processes", err)
		} else {
			p.log.Procs = p.procs(a)
		}
		if a, err := t.eyes.ask(ctx, peek.Request{Op: "orphan"}); err != nil {
			p.unseen("orphans", err)
		} else {
			o := &run.Orphan{Reaped: a.Reaped}
			if p.log.Procs != nil {
				for _, pr := range p.log.Procs.List {
					if pr.State == "Z" {
						o.Zombies++
					}
				}
			}
			p.log.Orphan = o
		}
	}
	if t.health {
		if err := p.freeze(ctx, t); err != nil {
			return err
		}
	}
	stop, err := t.stop(ctx, s.StopLimit)
	if err != nil {
		return err
	}
	p.log.Stop = stop
	return nil
}

// freeze looks whether the health check notices a program that hangs: every
// process is stopped, and later runs on.
func (p *prober) freeze(ctx context.Context, t *trial) error {
	h := &run.Health{Test: p.cfg.Healthcheck.Test, Healthy: t.start.Healthy, HealthyIn: t.start.Seconds,
		Interval: healthInterval.Seconds(), Timeout: p.healthTimeout().Seconds(), Retries: healthRetries}
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
	if !h.Healthy {
		return nil
	}
	if t.eyes == nil {
		return nil
	}
	// PID 1 is shielded from its own namespace, so the engine has to stop it.
	if _, err := p.e.cli.ContainerKill(ctx, t.id, client.ContainerKillOptions{Signal: "SIGSTOP"}); err != nil {
		p.unseen("freezing", err)
		return nil
	}
	if _, err := t.eyes.ask(ctx, peek.Request{Op: "freeze"}); err != nil {
		p.unseen("freezing", err)
		return nil
	}
	h.Frozen = true
	begin := time.Now()
	// Each of the probes may take its timeout, and one may just have begun.
	limit := time.Duration(healthRetries+1)*(healthInterval+p.healthTimeout()) + 3*time.Second
	h.Unhealthy, err = t.awaitHealth(ctx, container.Unhealthy, limit)
	h.UnhealthyIn = time.Since(begin).Seconds()
	if err != nil {
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
		h.Recovered, err = t.awaitHealth(ctx, container.Healthy, 15*time.Second)
		h.RecoveredIn = time.Since(begin).Seconds()
	}
	return err
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
		if st.Health != nil && st.Health.Status == want {
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

// busy stops a second container while a client keeps a connection open.
func (p *prober) busy(ctx context.Context, s run.Settings) error {
	if p.peek == "" || !s.Service {
		return nil
	}
	t, err := p.try(ctx, s, "")
	if err != nil {
		return err
	}
	defer t.remove(ctx)
	if !t.start.Up || t.eyes == nil {
		return nil
	}
	a, err := t.eyes.ask(ctx, peek.Request{Op: "procs"})
	if err != nil {
		p.unseen("an open connection", err)
		return nil
	}
	for _, l := range p.prefer(p.own(a.Listens)) {
		host := l.Address
		if host == "0.0.0.0" || host == "::" {
			host = ""
		}
		if _, err := t.eyes.ask(ctx, peek.Request{Op: "dial", Host: host, Port: l.Port}); err != nil {
			p.unseen("an open connection", err)
			continue
		}
		stop, err := t.stop(ctx, s.StopLimit)
		if err != nil {
			return err
		}
		stop.Port = l.Port
		p.log.StopBusy = stop
		return nil
	}
	return nil
}

func (p *prober) hasHealth() bool {
	h := p.cfg.Healthcheck
	return h != nil && len(h.Test) > 0 && h.Test[0] != "NONE"
}

// healthTimeout is the image's own timeout where it is shorter than the probes'.
func (p *prober) healthTimeout() time.Duration {
	if h := p.cfg.Healthcheck; h != nil && h.Timeout > 0 {
		return min(h.Timeout, healthTimeout)
	}
	return healthTimeout
}

// patience is how long a container may be unhealthy before that counts.
func (p *prober) patience() time.Duration {
	d := 5 * time.Second
	if h := p.cfg.Healthcheck; h != nil {
		d += h.StartPeriod
	}
	return d
}

// volumes are the folders that get a volume: those that the image names and
// those that the user does, each once, for an engine mounts one thing on a path.
func (p *prober) volumes(s run.Settings) []string {
	set := map[string]bool{}
	for dir := range p.cfg.Volumes {
		set[path.Clean(dir)] = true
	}
	for _, dir := range s.Volumes {
		set[path.Clean(dir)] = true
	}
	for _, dir := range s.Writable {
		delete(set, path.Clean(dir))
	}
	return slices.Sorted(maps.Keys(set))
}

func (p *prober) stopSignal() string {
	if p.cfg.StopSignal != "" {
		return p.cfg.StopSignal
	}
	return "SIGTERM"
}

func (p *prober) argv(command []string) []string {
	if command == nil {
		command = p.cfg.Cmd
	}
	return append(slices.Clone(p.cfg.Entrypoint), command...)
}

// procs are the processes and ports of an answer, with nothing in their words
// that the user gave as a value.
func (p *prober) procs(a peek.Answer) *run.Procs {
	for _, pr := range a.Procs {
		copy(pr.Argv, p.red.Argv(pr.Argv))
	}
	return &run.Procs{List: a.Procs, Listens: p.own(a.Listens)}
}

// own leaves out the engine's resolver, which listens inside containers of a
// network with names.
func (p *prober) own(list []run.Listen) []run.Listen {
	return slices.DeleteFunc(slices.Clone(list), func(l run.Listen) bool { return l.Address == "127.0.0.11" })
}

// prefer puts the ports that are declared first.
func (p *prober) prefer(list []run.Listen) []run.Listen {
	exposed := func(l run.Listen) bool {
		_, ok := p.cfg.ExposedPorts[strconv.Itoa(l.Port)+"/tcp"]
		return ok
	}
	slices.SortStableFunc(list, func(a, b run.Listen) int {
		switch x, y := exposed(a), exposed(b); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	return list
}
