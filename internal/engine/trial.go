package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/engine/peek"
	"github.com/dockworthy/dockworthy/internal/run"
)

// A trial is one container of the image.
type trial struct {
	p      *prober
	id     string
	start  run.Start
	begun  time.Time
	eyes   *eyes
	health bool          // it has a health check, and it is asked
	outer  *run.Probe    // it is asked from here; nil = the engine asks
	last   string        // what the outer probe came to
	job    bool          // it may end by itself
	brief  bool          // nobody waits for its health: an earlier one did
	age    time.Duration // that it has to reach before it counts as ready
	blind  bool          // eyes could not be opened on it
	seen   *run.Procs    // its processes, early on: all there is of a job that ends
}

// The pace of the health check while a program is probed: its own interval only
// makes the wait longer. One failure makes it unhealthy, which counts only where
// it was healthy before; how long it is waited for to be that is its own patience.
const (
	healthInterval = 500 * time.Millisecond
	healthRetries  = 1
)

// create makes a container of the image under these settings. command replaces
// CMD; nil keeps it. user replaces USER; "" keeps it.
func (p *prober) create(ctx context.Context, s run.Settings, command []string, user string) (*trial, error) {
	// What the engine has begun to make it makes, also after an interruption:
	// it is waited for, so that it is known and removed.
	steady, done := steadily(ctx)
	defer done()
	if user == "" {
		user = s.User
	}
	cfg := &container.Config{
		Image: p.image, Labels: map[string]string{Label: p.id}, User: user, WorkingDir: s.Workdir, StopSignal: s.StopSignal,
		Entrypoint: s.Entrypoint, Cmd: command,
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		cfg.Env = append(cfg.Env, name+"="+s.Env[name])
	}
	t := &trial{p: p, job: !s.Service && !s.Stays}
	if probe := p.probe(s); probe.Outer() {
		t.outer = probe
		t.health = true
		cfg.Healthcheck = &dockerspec.HealthcheckConfig{Test: []string{"NONE"}}
	} else if probe != nil {
		// With Test nil the engine takes the image's, and its start period where none
		// is given.
		cfg.Healthcheck = &dockerspec.HealthcheckConfig{Interval: healthInterval, Timeout: probe.Timeout, Retries: healthRetries}
		if s.Probe != nil {
			cfg.Healthcheck.Test = probe.Test
			cfg.Healthcheck.StartPeriod = max(probe.StartPeriod, time.Millisecond)
		}
		t.health = true
	} else if p.hasHealth() {
		cfg.Healthcheck = &dockerspec.HealthcheckConfig{Test: []string{"NONE"}}
	}
	host := &container.HostConfig{
		ReadonlyRootfs: s.ReadOnly,
		LogConfig:      container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "4m", "max-file": "1"}},
		NetworkMode:    container.NetworkMode(s.Network),
		Tmpfs:          map[string]string{},
		Resources: container.Resources{
			Memory: s.Memory, MemorySwap: s.Memory,
			// A process that nobody is left to stop does not compute for ever.
			Ulimits: []*container.Ulimit{{Name: "cpu", Soft: maxCPU, Hard: maxCPU}},
		},
		ExtraHosts: s.Hosts,
		Sysctls:    s.Sysctls,
	}
	for _, u := range s.Ulimits {
		if u.Name != "cpu" {
			host.Ulimits = append(host.Ulimits, &container.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
		}
	}
	if s.Init {
		host.Init = &s.Init
	}
	if s.Pids > 0 {
		host.PidsLimit = &s.Pids
	}
	if s.NoNewPrivs {
		host.SecurityOpt = []string{"no-new-privileges"}
	}
	if s.Capabilities != nil {
		host.CapDrop = []string{"ALL"}
		host.CapAdd = slices.DeleteFunc(slices.Clone(s.Capabilities), func(c string) bool { return c == "" })
	}
	uid, gid := s.UID, s.GID
	if user != "" {
		fmt.Sscanf(user, "%d:%d", &uid, &gid)
	}
	mounts, err := p.mounts(steady, s, uid, gid)
	if err != nil {
		return nil, err
	}
	host.Mounts = mounts
	for _, dir := range s.Writable {
		// Over a folder that is there the runtime lays one with its mode, and
		// root as its owner, whatever the mode is to be.
		host.Tmpfs[dir] = fmt.Sprintf("mode=1777,uid=%d,gid=%d", uid, gid)
	}
	res, err := p.e.cli.ContainerCreate(steady, client.ContainerCreateOptions{Config: cfg, HostConfig: host, Name: fmt.Sprintf("dockworthy-%s-%d", p.id, p.next()), NetworkingConfig: p.known(s)})
	if err != nil {
		return nil, fmt.Errorf("create the container: %w", err)
	}
	t.id = res.ID
	return t, nil
}

// known is where a container is known by its names: its network; nil = nowhere.
func (p *prober) known(s run.Settings) *network.NetworkingConfig {
	if p.names == nil || slices.Contains([]string{"", "none", "bridge"}, s.Network) {
		return nil // only networks that users make know names
	}
	return &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{s.Network: {Aliases: p.names}}}
}

// maxCPU is how many seconds of computing one process of a container gets, far
// more than a proof takes.
const maxCPU = 3600

// steadily is a context that an interruption does not end, for a minute.
func steadily(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
}

// run starts the container and waits until it is up, has ended, or the limit is
// reached. What goes wrong in the container is in t.start.
func (t *trial) run(ctx context.Context, s run.Settings) error {
	t.begun = time.Now()
	t.start.Argv, t.start.User = t.p.argv(s), t.p.cfg.User
	if s.User != "" {
		t.start.User = s.User
	}
	if _, err := t.p.e.cli.ContainerStart(ctx, t.id, client.ContainerStartOptions{}); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if client.IsErrConnectionFailed(err) {
			return fmt.Errorf("start the container: %w", err)
		}
		t.start.Ended, t.start.Error = true, t.p.red.Hide(startError(err))
		if st, serr := t.state(ctx); serr == nil {
			t.start.Code = st.ExitCode
		}
		t.start.Seconds = time.Since(t.begun).Seconds()
		t.start.Cause = startCause(t.start)
		return nil
	}
	if err := t.await(ctx, s); err != nil {
		return err
	}
	t.start.Seconds = time.Since(t.begun).Seconds()
	if !t.start.Up {
		logs, err := t.logs(ctx, 200)
		if err != nil {
			return err
		}
		t.start.Logs = logs
		t.start.Cause = startCause(t.start)
	}
	return nil
}

// settle is how long a program has to stay up once it listens, or at all where it
// has no port to be seen.
const settle = 1500 * time.Millisecond

func (t *trial) await(ctx context.Context, s run.Settings) error {
	deadline := t.begun.Add(t.p.patience(s, t.p.probeTimeout(s)))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	listened := time.Time{}
	asking := 15 * time.Second
	for {
		st, err := t.state(ctx)
		if err != nil {
			return err
		}
		if !st.Running {
			t.ended(st)
			t.start.Up = t.job && st.ExitCode == 0
			return nil
		}
		if t.eyes != nil && (s.Completes || t.seen == nil) {
			t.glance(ctx)
		}
		if t.eyes == nil && t.p.peek != "" && !t.blind {
			if y, err := t.p.e.open(ctx, t.p.id, t.p.peek, t.id); err == nil {
				t.eyes = y
				t.glance(ctx)
			} else if ctx.Err() != nil {
				return ctx.Err()
			} else if now, serr := t.state(ctx); serr == nil && now.Running {
				t.p.unseen("processes", err)
				t.blind = true
			}
		}
		if alone := s.Network == "none" && listened.IsZero(); alone && time.Since(t.begun) > asking {
			if alone, err = t.asks(ctx); err != nil || alone {
				t.start.Load = load()
				return err
			}
			asking += 10 * time.Second
		}
		old := time.Since(t.begun) >= t.age
		switch {
		case s.Completes:
		case t.health && !t.brief:
			if t.status(ctx, st) == container.Healthy && old {
				t.start.Healthy, t.start.Up = true, true
				t.start.Listened = t.listens(ctx)
				return nil
			}
		case s.Service:
			if listened.IsZero() && t.listens(ctx) {
				listened = time.Now()
			}
			if !listened.IsZero() && time.Since(listened) > settle && old {
				t.start.Up, t.start.Listened = true, true
				return nil
			}
			if t.eyes == nil && time.Since(t.begun) > settle && old {
				t.start.Up = true
				return nil
			}
		default:
			if time.Since(t.begun) > settle && old {
				t.start.Up = true
				t.start.Listened = t.listens(ctx)
				return nil
			}
		}
		if t.health && !t.brief && !s.StartGiven && st.Health != nil {
			last, never := judged(st.Health.Log)
			if deadline = t.begun.Add(t.p.patience(s, last)); never && time.Since(t.begun) > hopeless {
				deadline = time.Now()
			}
		}
		select {
		case <-tick.C:
			if time.Now().Before(deadline) {
				continue
			}
			t.start.Listened = t.listens(ctx)
			// A program that listens runs: what its health check is worth is another
			// question.
			t.start.Up = !s.Completes && (t.start.Listened || t.health && !s.Service)
			t.start.Load = load()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hopeless is how long a probe is asked at least that cannot run at all.
const hopeless = 8 * time.Second

// cannotRun are the words of a probe whose program is not there or lacks a library:
// no waiting mends that.
var cannotRun = regexp.MustCompile(`executable file not found|error while loading shared libraries|Error loading shared library|: not found\s*$|OCI runtime exec failed`)

// judged is how long the last probe took, and whether all that are known could not
// run at all.
func judged(log []*container.HealthcheckResult) (last time.Duration, never bool) {
	if len(log) == 0 {
		return 0, false
	}
	never = len(log) >= 3
	for _, r := range log {
		never = never && (r.ExitCode == 126 || r.ExitCode == 127 || r.ExitCode != 0 && cannotRun.MatchString(r.Output))
	}
	end := log[len(log)-1]
	return max(0, end.End.Sub(end.Start)), never
}

// asks tells whether a program that has no network and does not listen says that it
// waits for another service: that will not come.
func (t *trial) asks(ctx context.Context) (bool, error) {
	if t.listens(ctx) {
		return false, nil
	}
	lines, err := t.logs(ctx, 20)
	if err != nil {
		return false, err
	}
	c := startCause(run.Start{Logs: lines})
	return c != nil && c.Kind == run.NoNetwork, nil
}

// status is the health of a running container: as the engine says, or as the probe
// from outside finds it.
func (t *trial) status(ctx context.Context, st *container.State) container.HealthStatus {
	switch {
	case t.outer == nil && st.Health == nil:
		return ""
	case t.outer == nil:
		return st.Health.Status
	case t.eyes == nil:
		return container.Starting
	}
	q := peek.Request{Op: strings.ToLower(t.outer.Test[0]), Timeout: int(t.outer.Timeout.Milliseconds())}
	fmt.Sscan(t.outer.Test[1], &q.Port)
	if len(t.outer.Test) > 2 {
		q.Path = t.outer.Test[2]
	}
	a, err := t.eyes.ask(ctx, q)
	if t.last = a.Status; err != nil {
		t.last = err.Error()
	}
	if err == nil && a.Well {
		return container.Healthy
	}
	return container.Unhealthy
}

// ended notes that the program ended by itself.
func (t *trial) ended(st *container.State) {
	t.start.Ended, t.start.Code, t.start.OOM = true, st.ExitCode, st.OOMKilled
	t.start.Error = t.p.red.Hide(st.Error)
	if end, err := time.Parse(time.RFC3339Nano, st.FinishedAt); err == nil {
		if begin, err := time.Parse(time.RFC3339Nano, st.StartedAt); err == nil && end.After(begin) {
			t.start.Lasted = end.Sub(begin).Seconds()
		}
	}
}

// died tells whether a program that was ready has ended by itself, and notes it.
// during is what was looked at.
func (t *trial) died(ctx context.Context, during string) (bool, error) {
	st, err := t.state(ctx)
	if err != nil || st.Running {
		return false, err
	}
	if t.ended(st); t.job && st.ExitCode == 0 {
		// It did its work in its own time. Whoever waits for more of it gets nothing.
		if t.start.Seconds = t.start.Lasted; t.start.Seconds == 0 {
			t.start.Seconds = time.Since(t.begun).Seconds()
		}
		t.start.Logs, err = t.logs(ctx, 200)
		return true, err
	}
	t.start.Up, t.start.Lived, t.start.During = false, true, during
	if t.start.Seconds = t.start.Lasted; t.start.Seconds == 0 {
		t.start.Seconds = time.Since(t.begun).Seconds()
	}
	if t.start.Logs, err = t.logs(ctx, 200); err != nil {
		return true, err
	}
	t.start.Cause = startCause(t.start)
	return true, nil
}

// glance looks at the processes once.
func (t *trial) glance(ctx context.Context) {
	if a, err := t.eyes.ask(ctx, peek.Request{Op: "procs"}); err == nil && len(a.Procs) > 0 && !starter(a.Procs[0]) {
		t.seen = t.p.procs(a)
	}
}

// starter tells whether a process is still the engine's own, which becomes the
// program: until then it is root.
func starter(p run.Process) bool {
	name := path.Base(p.Argv[0])
	return len(p.Argv) > 1 && p.Argv[1] == "init" && (name == "runc" || name == "exe" || name == "crun" || name == "youki") || strings.HasPrefix(p.Argv[0], "[runc:[") || strings.HasPrefix(p.Argv[0], "[crun") || strings.HasPrefix(p.Argv[0], "[libcrun")
}

// state asks the engine for the container's state; never nil without an error.
func (t *trial) state(ctx context.Context) (*container.State, error) {
	in, err := t.p.e.cli.ContainerInspect(ctx, t.id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("inspect the container: %w", err)
	}
	if in.Container.State == nil {
		return nil, errors.New("inspect the container: the engine returns no state")
	}
	return in.Container.State, nil
}

// listens tells whether a process of the container listens on a TCP port.
func (t *trial) listens(ctx context.Context) bool {
	if t.eyes == nil {
		return false
	}
	a, err := t.eyes.ask(ctx, peek.Request{Op: "procs"})
	return err == nil && len(t.p.own(a.Listens)) > 0
}

// logs are the last lines of both streams.
func (t *trial) logs(ctx context.Context, n int) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := t.p.e.cli.ContainerLogs(ctx, t.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(n)})
	if err != nil {
		return nil, fmt.Errorf("read the container's output: %w", err)
	}
	defer r.Close()
	var b bytes.Buffer
	// However much it prints: the last lines are few, but a line can be long.
	_, err = stdcopy.StdCopy(&b, &b, io.LimitReader(r, 1<<20))
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && b.Len() == 0 {
		return nil, fmt.Errorf("read the container's output: %w", err)
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) > 2000 {
			line = line[:2000] + "…"
		}
		lines = append(lines, line)
	}
	return t.p.red.Lines(lines), nil
}

// kill is how long the engine waits after the stop signal before it kills, unless
// it is told another time: docs.docker.com, docker container stop.
const kill = 10 * time.Second

// stop tells the program to end as the engine does, and says how it did. It is nil
// where the program ended by itself before: that is in t.start then.
func (t *trial) stop(ctx context.Context, s run.Settings) (*run.Stop, error) {
	if gone, err := t.died(ctx, "before the stop signal"); err != nil || gone {
		return nil, err
	}
	grace := int((max(s.StopLimit, kill) + time.Second - 1) / time.Second)
	stop := &run.Stop{Signal: t.p.stopSignal(s), Limit: s.StopLimit.Seconds(), From: s.StopFrom}
	begin := time.Now()
	if _, err := t.p.e.cli.ContainerStop(ctx, t.id, client.ContainerStopOptions{Timeout: &grace}); err != nil {
		return nil, fmt.Errorf("stop the container: %w", err)
	}
	stop.Seconds = time.Since(begin).Seconds()
	st, err := t.state(ctx)
	if err != nil {
		return nil, err
	}
	stop.Code = st.ExitCode
	stop.Killed = st.ExitCode == 137 && !st.OOMKilled && stop.Seconds >= float64(grace)
	return stop, nil
}

// wrote are the files that the container changed in its own layer, as folders
// that would have to be writable. A file that was made and deleted again leaves
// no trace there.
func (t *trial) wrote(ctx context.Context) ([]string, error) {
	res, err := t.p.e.cli.ContainerDiff(ctx, t.id, client.ContainerDiffOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the files that the container changed: %w", err)
	}
	var files []string
	for _, c := range res.Changes {
		files = append(files, c.Path)
	}
	// A folder is listed with each change in it.
	parents := map[string]bool{}
	for _, f := range files {
		parents[path.Dir(f)] = true
	}
	var out []string
	for _, f := range files {
		if !parents[f] {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out, nil
}

// remove ends the container and forgets it.
func (t *trial) remove(ctx context.Context) {
	if t == nil {
		return
	}
	t.eyes.close(ctx)
	t.p.e.cli.ContainerRemove(context.WithoutCancel(ctx), t.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
}
