package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/dockworthy/dockworthy/internal/engine/peek"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
)

// A prober runs the containers of one image.
type prober struct {
	e     *Engine
	id    string // the run's
	image string
	cfg   dockerspec.DockerOCIImageConfig
	peek  string // the probe's image; "" = there is none
	log   *run.Log
	red   *redact.Redactor // also of the values of the program's environment
	mu    sync.Mutex       // of the log's Unseen and of filled: every other part has one writer
	// filled are the volumes with files that nobody writes to, by where they are
	// mounted.
	filled map[string]string
	// names are those under which its containers are known in the network of the
	// settings; nil = nobody asks for them.
	names []string
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
	if p.peek, err = e.peekImage(ctx, log.ID); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.unseen("processes", err)
	}
	log.Settings = s
	if s.Left, err = p.layIn(ctx, s); err != nil {
		return err
	}
	log.Settings.Left = s.Left
	t, s, err := p.hardest(ctx, s, 0)
	for err == nil && t.start.Up && !t.start.Ended {
		log.Settings = s
		// The others wait for most of their time, as this one does.
		var wg sync.WaitGroup
		var besideErr error
		wg.Go(func() { besideErr = p.beside(ctx, t, s) })
		err = p.watch(ctx, t, s)
		wg.Wait()
		if err = cmp.Or(err, besideErr); err != nil || !t.start.Lived || log.Relaxed != nil {
			break
		}
		// It was ready under the hard settings and died of something: perhaps of them.
		lived := time.Duration(t.start.Lasted * float64(time.Second))
		t.remove(ctx)
		t, s, err = p.softer(ctx, log.Settings, lived+settle)
	}
	defer t.remove(ctx)
	if err == nil && t.seen != nil && log.Procs == nil {
		log.Procs = t.seen // before it ended
	}
	return err
}

// beside are the probes that need a container of their own.
func (p *prober) beside(ctx context.Context, t *trial, s run.Settings) error {
	if p.log.Override != nil || p.log.Stranger != nil || p.log.StopBusy != nil {
		return nil
	}
	for _, probe := range []func(context.Context, *trial, run.Settings) error{p.busy, p.override, p.stranger} {
		if err := probe(ctx, t, s); err != nil {
			return err
		}
	}
	return nil
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

// next is a number that no other container or volume of this engine has.
func (p *prober) next() int64 { return p.e.made.Add(1) }

// hardest starts the image under the hard settings, and where it does not come up
// so, under softer ones. The settings that come back are those under which the
// container runs.
func (p *prober) hardest(ctx context.Context, s run.Settings, age time.Duration) (*trial, run.Settings, error) {
	hard, err := p.try(ctx, s, trying{age: age})
	if err != nil {
		return nil, s, err
	}
	if hard.start.Load > busyLoad && !hard.start.Up {
		// It was slow, and so is the machine: once more, before anybody says so.
		hard.remove(ctx)
		if hard, err = p.try(ctx, s, trying{age: age}); err != nil {
			return nil, s, err
		}
	}
	p.log.Start = &hard.start
	if hard.start.Up {
		return hard, s, nil
	}
	p.keep(hard)
	hard.remove(ctx)
	return p.softer(ctx, s, age)
}

// keep notes what was seen of a container's processes before it ended.
func (p *prober) keep(t *trial) {
	if t.seen != nil && p.log.Procs == nil {
		p.log.Procs = t.seen
	}
}

// softer starts the image with a root that may be written; where that goes well,
// what it wrote then is made writable, as little of it as will do, and the hard
// settings are tried again.
func (p *prober) softer(ctx context.Context, s run.Settings, age time.Duration) (*trial, run.Settings, error) {
	if c := p.log.Start.Cause; c != nil && c.Kind == run.NoNetwork {
		return &trial{p: p}, s, nil // what it does not reach it does not reach with other settings
	}
	soft := relax(s)
	t, err := p.try(ctx, soft, trying{age: age})
	if err != nil {
		return nil, s, err
	}
	p.log.Relaxed = &t.start
	if !t.start.Up && barred(&t.start, s) {
		return p.usual(ctx, t, s, age)
	}
	if !t.start.Up {
		return t, soft, nil
	}
	wrote, err := t.wrote(ctx)
	if err != nil {
		p.unseen("written files", err)
	}
	t.start.Wrote = wrote
	if !s.Service {
		return t, soft, nil // a job is not done again and again
	}
	dirs := folders(wrote)
	again, t2, err := p.with(ctx, s, dirs, age)
	if err != nil || t2 == nil {
		return t, soft, err
	}
	// What it can do without is no need.
	for i := 0; i < len(dirs) && len(dirs) > 1; {
		fewer := slices.Delete(slices.Clone(dirs), i, i+1)
		less, t3, err := p.with(ctx, s, fewer, age)
		if err != nil {
			return t, soft, err
		}
		if t3 == nil {
			i++
			continue
		}
		t2.remove(ctx)
		t2, again, dirs = t3, less, fewer
	}
	t.remove(ctx)
	return t2, again, nil
}

// with tries the hard settings with some folders that may be written; the trial
// is nil where it does not come up.
func (p *prober) with(ctx context.Context, s run.Settings, dirs []string, age time.Duration) (run.Settings, *trial, error) {
	if len(dirs) == 0 {
		return s, nil, nil
	}
	s.Volumes = append(slices.Clone(s.Volumes), dirs...)
	t, err := p.try(ctx, s, trying{age: age})
	if err == nil && !t.start.Up {
		t.remove(ctx)
		t = nil
	}
	return s, t, err
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

// trying is how a container is tried.
type trying struct {
	user  string        // in place of USER; "" keeps it
	age   time.Duration // that it has to reach before it counts as ready
	brief bool          // its health is not waited for
}

func (p *prober) try(ctx context.Context, s run.Settings, how trying) (*trial, error) {
	t, err := p.create(ctx, s, s.Command, how.user)
	if err != nil {
		return nil, err
	}
	t.age, t.brief = how.age, how.brief
	if err := t.run(ctx, s); err != nil {
		return nil, err
	}
	return t, nil
}

// lifetime is how old a program becomes at least before it is told to stop: many
// of those that fail do so within seconds of being ready.
const lifetime = 6 * time.Second

// watch looks at the running container, freezes it, and stops it. A program that
// ends by itself meanwhile is noted in t.start, and not looked at any further.
func (p *prober) watch(ctx context.Context, t *trial, s run.Settings) error {
	if t.eyes != nil {
		a, err := t.eyes.ask(ctx, peek.Request{Op: "procs"})
		if err == nil && len(a.Procs) > 0 {
			p.log.Procs = p.procs(a)
		}
		if gone, derr := t.died(ctx, "while its processes were listed"); derr != nil || gone {
			return derr
		}
		if err != nil {
			p.unseen("processes", err)
		}
		a, err = t.eyes.ask(ctx, peek.Request{Op: "orphan"})
		if gone, derr := t.died(ctx, "while a process was left to PID 1"); derr != nil || gone {
			return derr
		}
		if err != nil {
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
		if err := p.freeze(ctx, t, s); err != nil || t.start.Lived {
			return err
		}
	}
	for rest := lifetime - time.Since(t.begun); rest > 0; rest = lifetime - time.Since(t.begun) {
		select {
		case <-time.After(min(rest, 250*time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
		if gone, err := t.died(ctx, "while it was left alone"); err != nil || gone {
			return err
		}
	}
	stop, err := t.stop(ctx, s)
	if err == nil && stop != nil && (stop.Killed || stop.Seconds > stop.Limit) && load() > busyLoad {
		stop, err = p.stopAgain(ctx, stop, s)
	}
	if err != nil {
		return err
	}
	p.log.Stop = stop
	return nil
}

// stopAgain stops another container where a busy machine may be why the first took
// so long; the better of both counts.
func (p *prober) stopAgain(ctx context.Context, first *run.Stop, s run.Settings) (*run.Stop, error) {
	t, err := p.try(ctx, s, trying{})
	if err != nil {
		return nil, err
	}
	defer t.remove(ctx)
	if !t.start.Up || t.start.Ended {
		return first, nil
	}
	again, err := t.stop(ctx, s)
	if err != nil || again == nil || again.Seconds > first.Seconds {
		return first, err
	}
	return again, nil
}

// busy stops a second container while a client keeps a connection open.
func (p *prober) busy(ctx context.Context, first *trial, s run.Settings) error {
	if p.peek == "" || !s.Service {
		return nil
	}
	t, err := p.try(ctx, s, trying{brief: !first.start.Healthy})
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
		stop, err := t.stop(ctx, s)
		if err != nil || stop == nil {
			return err
		}
		stop.Port = l.Port
		p.log.StopBusy = stop
		return nil
	}
	return nil
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
	for _, m := range s.Mounts {
		delete(set, path.Clean(m.Target))
	}
	return slices.Sorted(maps.Keys(set))
}

func (p *prober) stopSignal(s run.Settings) string {
	if s.StopSignal != "" {
		return s.StopSignal
	}
	if p.cfg.StopSignal != "" {
		return p.cfg.StopSignal
	}
	return "SIGTERM"
}

// argv is what the engine starts: an ENTRYPOINT that is given resets CMD.
func (p *prober) argv(s run.Settings) []string {
	entry, command := p.cfg.Entrypoint, s.Command
	if s.Entrypoint != nil {
		entry = s.Entrypoint
	} else if command == nil {
		command = p.cfg.Cmd
	}
	return append(slices.Clone(entry), command...)
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
