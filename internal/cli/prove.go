package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/origin"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/proof/page"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/registry"
	"github.com/dockworthy/dockworthy/report"
)

type proveFlags struct {
	checkFlags
	env        []string
	ports      []int
	writable   []string
	volumes    []string
	caps       []string
	network    string
	memory     string
	pids       int64
	kind       string
	trust      bool
	buildLimit time.Duration
	secrets    []string
	stopLimit  time.Duration
	startLimit time.Duration
	noCache    bool
	record     string
	swarm      bool
	image      string
	alone      bool
	all        bool
	verbose    bool
	kubernetes string
	hangLimit  time.Duration
	service    string
	push       string
	layout     string
	attest     bool
	key        string
	since      string
	seen       func(*run.Log) // is told what each run saw; nil = nobody asks
}

func proveCommand(c Command) *cobra.Command { return new(proveFlags).command(c) }

func (f *proveFlags) command(c Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prove [DIR] [-- COMMAND…]",
		Short: "Build an image, inspect it, run it, and check the results",
		Long: `prove checks the Dockerfile of a folder, builds it with buildx, reads the image's
config and layers, and runs the image with hardened settings: a read-only root
file system, no capabilities, no new privileges, resource limits, no network. It
checks the processes, the health check, a hang, and the stop signal.

If the container does not become ready, it is run once more with a writable root
file system; the other settings stay the same. A program of root's that fails for
lack of a capability is run again with the usual ones, and then with as few as will
do.

Each Compose service that runs the image is run as itself, after the services that
it depends on, which are started beside it in a network without a way out.

Running an image executes its code. Everything that prove creates on the engine has
the label io.dockworthy.run and is removed when prove ends, also if it is killed.

The settings of the run come from Compose, from run: in .dockworthy.yaml and from
these flags; later ones override earlier ones. COMMAND replaces CMD. Capabilities,
a network, and memory, processes and time beyond the defaults are granted only by
flags, or, where the files ask for them, by --trust-config.

With --since REF, prove runs nothing: it builds what git holds at REF, without an
earlier cache, then what is there now, and prints each step that ran again with
its seconds and its cause.

Exit status: 0 when no finding is at or above --fail-on, 1 when there is one,
2 when the build fails or the container did not become ready.`,
		Example: `  dockworthy prove .
  dockworthy prove -f docker/Dockerfile . --env DATABASE_URL=sqlite:////tmp/x.db
  dockworthy prove . --writable /tmp --writable /var/cache/app
  dockworthy prove --format html -o proof.html .
  dockworthy prove --since main .
  dockworthy prove . --push registry.example.com/team/app:1.4.2 --attest --key release.key`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var command []string
			if at := cmd.ArgsLenAtDash(); at >= 0 {
				args, command = args[:at], args[at:]
			}
			if len(args) > 1 {
				return errors.New("prove takes one folder; with --file, it is the build context")
			}
			return f.run(cmd.Context(), c, args, command)
		},
	}
	fl := cmd.Flags()
	f.judging(fl)
	f.formats(fl, "html")
	fl.StringArrayVarP(&f.env, "env", "e", nil, "an environment variable of the container, NAME=VALUE, or NAME to pass the current value")
	fl.IntSliceVar(&f.ports, "port", nil, "a port that the program listens on")
	fl.StringArrayVar(&f.writable, "writable", nil, "a folder to mount as tmpfs (default /tmp)")
	fl.StringArrayVar(&f.volumes, "volume", nil, "a folder to mount as a writable volume with the files of the image")
	fl.StringArrayVar(&f.caps, "cap-add", nil, "a capability that the container keeps")
	fl.StringVar(&f.network, "network", "", "none (the default where nothing is depended on), bridge, or a network of the engine to join")
	fl.BoolVar(&f.alone, "no-services", false, "do not start the services that the program depends on")
	fl.BoolVar(&f.verbose, "verbose", false, "print each build step, process and layer too")
	fl.BoolVar(&f.all, "all", false, "prove every Dockerfile, one after the other, with one summary")
	fl.StringVar(&f.service, "service", "", "the Compose service to run the image as (default: each that runs it); with --kubernetes, the container")
	fl.StringVar(&f.kubernetes, "kubernetes", "", "a Kubernetes manifest to run the image by: its probes, securityContext, command and volumes, as far as a container engine can")
	fl.StringVar(&f.memory, "memory", "", "the memory limit (default 512m)")
	fl.Int64Var(&f.pids, "pids", 0, "the limit on processes (default 128)")
	fl.StringVar(&f.kind, "kind", "", "service, worker or job (default: from the files)")
	fl.StringArrayVar(&f.secrets, "secret", nil, "a secret for the build, id=ID,src=FILE")
	fl.DurationVar(&f.stopLimit, "stop-limit", 0, "the time limit for the program to exit after the stop signal (default: stop_grace_period of Compose, else 2s)")
	fl.DurationVar(&f.startLimit, "start-limit", 0, "the time limit for the container to become ready (default: what its health check allows, else 60s)")
	fl.DurationVar(&f.hangLimit, "hang-limit", 0, "the time limit for the health check to notice that the program hangs (default 45s)")
	fl.BoolVar(&f.trust, "trust-config", false, "grant what .dockworthy.yaml and Compose ask for: capabilities, a network, memory, processes, time (never binds, devices, the engine's socket or the host's namespaces)")
	fl.DurationVar(&f.buildLimit, "build-limit", engine.DefaultBuildLimit, "the time limit for one build")
	fl.BoolVar(&f.noCache, "no-cache", false, "build without the build cache")
	fl.StringVar(&f.image, "image", "", "an image of the engine that was built from the Dockerfile; prove then does not build, and does not check the build")
	fl.BoolVar(&f.swarm, "swarm", false, "also run the image as a service in a one-node swarm, and check whether a task that hangs is replaced")
	fl.StringVar(&f.push, "push", "", "push the image here if no finding is at or above --fail-on")
	fl.StringVar(&f.layout, "layout", "", "write the image to this new folder as an OCI layout")
	fl.BoolVar(&f.attest, "attest", false, "sign the proof and attach it to the image that --push or --layout names")
	fl.StringVar(&f.key, "key", "dockworthy.key", "the signing key; dockworthy keygen generates one")
	fl.StringVar(&f.since, "since", "", "a git revision: build what was there and what is there now, and print which steps the changes rebuild, why, and how long they take; nothing is run or checked")
	fl.StringVar(&f.record, "record", "", "write the record of the run to this file as JSON")
	return cmd
}

func (f *proveFlags) run(ctx context.Context, c Command, args, command []string) error {
	opt, look, err := f.options()
	if err != nil {
		return err
	}
	if f.file == "-" || slices.Contains(args, "-") {
		return errors.New("prove cannot read a Dockerfile from standard input: save it to a file and name it")
	}
	adjust, err := f.plan(c, command)
	if err != nil {
		return err
	}
	target, err := f.target()
	if err != nil {
		return err
	}
	pl, err := f.place(c, args, &opt)
	if err != nil {
		return err
	}
	defer pl.close()
	past, err := f.past(ctx, pl, opt)
	if err != nil {
		return err
	}
	if past != nil {
		defer past.Close()
	}
	e, err := openEngine(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	if gone, err := e.Sweep(ctx); err != nil {
		c.complain("%v", err)
	} else if len(gone) > 0 {
		c.complain("removed the remains of %s", check.Count(len(gone), "killed run"))
	}
	e.Patience, e.Redactor = f.startLimit, c.red
	defer guard()()
	project := dockworthy.Open(pl.fsys, pl.paths, opt)
	for _, p := range project.Problems() {
		if p.Config {
			return fmt.Errorf("%s: %w", pl.names.Shown(p.Path), reason(p.Err))
		}
	}
	units, err := f.units(project, pl)
	if err != nil {
		return err
	}
	id := page.Identity{Command: append([]string{"dockworthy"}, c.args...)}
	if target != nil && target.Key != nil {
		id.Key = target.Key.Public().Hint()
	}
	if f.format == "html" {
		// Before anything is written that would be a new file of the repository.
		id.Origin = origin.Of(ctx, pl.names.Root)
	}
	out, err := f.open(c)
	if err != nil {
		return err
	}
	defer out.abandon()
	bar := &status{w: c.Stderr, terminal: isTerminal(c.Stderr)}
	if past != nil {
		p := &proving{f: f, c: c, e: e, names: pl.names, bar: bar, opt: proof.Options{Repo: pl.repo, Plan: adjust, Say: bar.say}}
		return p.compare(ctx, project, units, past, out)
	}
	var p *proving
	outcome := func() error { return f.outcome(p.unsent, p.failed || p.unseen, p.worst) }
	w, err := f.writer(out, pl.names, id, outcome)
	if err != nil {
		return err
	}
	kubernetes := ""
	if f.kubernetes != "" {
		if kubernetes, err = pl.inside(f.kubernetes); err != nil {
			return fmt.Errorf("--kubernetes: %w", err)
		}
	}
	p = &proving{f: f, c: c, e: e, names: pl.names, bar: bar, w: w, opt: proof.Options{
		Kubernetes: kubernetes, Repo: pl.repo, Redactor: c.red, Trust: f.trust, Look: look, Plan: adjust, Target: target, Swarm: f.swarm, Image: f.image, Say: bar.say, Only: f.service,
	}}
	services := &proof.Services{Off: f.alone, Environ: opt.Environ, Give: c.red.Give}
	switch f.network {
	case "", "none", "bridge":
	default:
		if services.Join = f.network; !e.HasNetwork(ctx, f.network) {
			return fmt.Errorf("--network %s: the engine has no such network; `docker network ls` lists them", f.network)
		}
	}
	defer func() {
		if cerr := services.Close(ctx); cerr != nil {
			c.complain("%v", cerr)
		}
	}()
	p.opt.Services = services
	for _, u := range units {
		if err := p.unit(ctx, project, u); err != nil {
			return err
		}
	}
	if p.absent != nil && !p.proved {
		return fmt.Errorf("--service: %w", p.absent)
	}
	if err := w.Close(nil); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	if f.output != "" && f.output != "-" {
		fmt.Fprintf(c.Stderr, "wrote %s: %s; exit %d\n", f.output, p.said(), exitOf(outcome()))
	}
	return outcome()
}

// target is where the image is to go; nil = nowhere.
func (f *proveFlags) target() (*proof.Target, error) {
	if f.push == "" && f.layout == "" {
		if f.attest {
			return nil, errors.New("--attest needs an image to attach to: give --push REF or --layout DIR")
		}
		return nil, nil
	}
	if f.push != "" {
		// It is asked for after minutes only.
		if _, err := registry.Open(f.push, registry.Options{}); err != nil {
			return nil, fmt.Errorf("--push: %w", err)
		}
	}
	t := &proof.Target{Push: f.push, Layout: f.layout, Accept: func(p *proof.Proof) bool { return !f.fails(p.Worst()) }}
	if f.attest {
		data, err := os.ReadFile(f.key)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no key %s: generate one with `dockworthy keygen`, or name one with --key", f.key)
		}
		if err != nil {
			return nil, fmt.Errorf("read the key: %w", err)
		}
		key, err := attest.ParseKey(data)
		if err != nil {
			return nil, fmt.Errorf("read the key %s: %w", f.key, err)
		}
		t.Key = &key
	}
	return t, nil
}

// writer is the writer of the format that was asked for.
func (f *proveFlags) writer(out *output, names report.Names, id page.Identity, outcome func() error) (report.Writer, error) {
	if f.format == "html" {
		return page.New(out, names, id), nil
	}
	return f.checkFlags.writer(out, report.Options{Names: names, Notes: f.checkFlags.notes, Verbose: f.verbose}, outcome)
}

// writeRecord writes a run's record.
func writeRecord(file string, res *check.Result, names report.Names) error {
	data, err := proof.Record(res, names)
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	out, err := newOutput(file)
	if err != nil {
		return err
	}
	defer out.abandon()
	if _, err := out.Write(data); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return out.commit()
}

// units are the Dockerfiles to prove: with --all every one, else the one that was
// named, the folder's own, or the only one.
func (f *proveFlags) units(p *dockworthy.Project, pl *place) ([]source.Unit, error) {
	var all []source.Unit
	var own *source.Unit
	for _, u := range p.Units() {
		if u.Kind != source.Dockerfile || u.Service != "" {
			continue
		}
		all = append(all, u)
		if u.Named && !f.all {
			return []source.Unit{u}, nil
		}
		for _, name := range []string{"Dockerfile", "Containerfile"} {
			if len(pl.paths) == 1 && u.Path == path.Join(pl.paths[0], name) && own == nil {
				own = &u
			}
		}
	}
	switch {
	case len(all) == 0:
		return nil, errors.New("there is no Dockerfile here")
	case f.all && (f.image != "" || f.push != "" || f.layout != "" || f.record != ""):
		return nil, errors.New("--all proves several images, and --image, --push, --layout and --record are for one: name its Dockerfile with --file")
	case f.all || len(all) == 1:
		return all, nil
	case own != nil:
		return []source.Unit{*own}, nil
	}
	var names []string
	for _, u := range all[:min(8, len(all))] {
		names = append(names, pl.names.Shown(u.Path))
	}
	if rest := len(all) - len(names); rest > 0 {
		names = append(names, fmt.Sprintf("%d more", rest))
	}
	return nil, fmt.Errorf("there are %d Dockerfiles here, %s: name one with --file, or prove them one after the other with --all", len(all), check.List(names))
}

// plan is what the flags say over the project.
func (f *proveFlags) plan(c Command, command []string) (func(*engine.BuildPlan, *run.Settings), error) {
	env, err := pairs("--env", f.env)
	if err != nil {
		return nil, err
	}
	c.red.Give(slices.Collect(maps.Values(env))...)
	memory, err := source.ParseBytes(f.memory)
	if err != nil {
		return nil, fmt.Errorf("--memory: %w", err)
	}
	switch f.kind {
	case "", "service", "worker", "job":
	default:
		return nil, fmt.Errorf("--kind %q is not one of service, worker, job", f.kind)
	}
	for _, dir := range append(f.writable, f.volumes...) {
		if err := source.RunFolder(dir); err != nil {
			return nil, err
		}
	}
	secrets := map[string]string{}
	for _, word := range f.secrets {
		var id, src string
		for _, part := range strings.Split(word, ",") {
			switch key, value, _ := strings.Cut(part, "="); key {
			case "id":
				id = value
			case "src", "source":
				src = value
			}
		}
		if id == "" || src == "" {
			return nil, fmt.Errorf("--secret %q is not id=ID,src=FILE", word)
		}
		if info, err := os.Stat(src); err != nil || !info.Mode().IsRegular() {
			return nil, fmt.Errorf("--secret id=%s: %s is not a readable file", id, src)
		}
		data, err := os.ReadFile(src)
		if err != nil {
			return nil, fmt.Errorf("--secret id=%s: %w", id, err)
		}
		c.red.Give(string(data))
		c.red.Learn(string(data))
		secrets[id] = src
	}
	return func(p *engine.BuildPlan, s *run.Settings) {
		p.NoCache, p.Limit = f.noCache, f.buildLimit
		maps.Copy(p.Secrets, secrets)
		for name, value := range env {
			s.Env[name] = value
		}
		if command != nil {
			s.Command = command
		}
		if f.ports != nil {
			s.Ports = f.ports
		}
		if f.writable != nil {
			s.Writable = f.writable
		}
		if f.volumes != nil {
			s.Volumes = f.volumes
		}
		if f.caps != nil {
			s.Capabilities = f.caps
		}
		if f.network != "" {
			s.Network = f.network
		}
		if memory > 0 {
			s.Memory = memory
		}
		if f.pids > 0 {
			s.Pids = f.pids
		}
		if f.kind != "" {
			s.Service, s.Stays = f.kind == "service", f.kind == "worker" && !s.Completes
		}
		if f.stopLimit > 0 {
			s.StopLimit, s.StopFrom = f.stopLimit, "--stop-limit"
		}
		if f.startLimit > 0 {
			s.StartLimit = f.startLimit
		}
		if f.hangLimit > 0 {
			s.HangLimit = f.hangLimit
		}
	}, nil
}
