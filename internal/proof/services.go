package proof

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"time"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/compose"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/repo"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// Services are what programs depend on, as Compose files describe it: each is
// started once, in a private network without a way out, and runs until Close.
type Services struct {
	// Off leaves all of it alone: programs run by themselves.
	Off bool
	// Join is a network of the engine that programs are run in, in place of one of
	// their own; "" = none.
	Join    string
	Environ map[string]string // what variables of Compose files stand for beside the .env
	// Give is told of values that must not be shown; nil = nobody is.
	Give func(values ...string)

	e        Engine
	in       *repo.FS
	id       string
	dir      string
	network  string
	projects map[string]*project
	ready    map[string]*run.Companion // by Compose file and service
	// given are the variables that a person gives the program, by the services that run it
	// too: a migration needs what the server needs.
	given map[string]map[string]string
}

// A project is a Compose file that was read, or why it could not be.
type project struct {
	*compose.Project
	err error
	// alone is what an image waits for that no service runs; nil = nothing.
	alone *compose.Service
}

// open is what has to be there before anything is started.
func (s *Services) open(e Engine, in *repo.FS) {
	if s.projects == nil {
		s.e, s.in = e, in
		s.projects, s.ready, s.given = map[string]*project{}, map[string]*run.Companion{}, map[string]map[string]string{}
	}
}

// ofConfig are the services that a config lists, with a service of no name that
// depends on all of them; nil where it lists none.
func (s *Services) ofConfig(ctx context.Context, cfg *source.Config) *project {
	if cfg == nil || cfg.Services.Kind == 0 {
		return nil
	}
	if p := s.projects[cfg.Path]; p != nil {
		return p
	}
	data, err := yaml.Marshal(map[string]*yaml.Node{"services": &cfg.Services})
	if err != nil {
		return &project{err: fmt.Errorf("%s: services: %w", cfg.Path, err)}
	}
	p, err := compose.Load(ctx, s.in, cfg.Path, compose.Options{Environ: s.Environ, Data: data})
	own := &project{Project: p, err: err}
	if err == nil {
		own.alone = &compose.Service{}
		for _, name := range slices.Sorted(maps.Keys(p.Services)) {
			until := run.Started
			if h := p.Services[name].Probe; h != nil && len(h.Test) > 0 && h.Test[0] != "NONE" {
				until = run.Healthy
			}
			own.alone.DependsOn = append(own.alone.DependsOn, compose.Dependency{Service: name, Until: until})
		}
	}
	s.projects[cfg.Path] = own
	return own
}

// project reads a Compose file once.
func (s *Services) project(ctx context.Context, file string) *project {
	if file == "" {
		return &project{}
	}
	if s.projects[file] == nil {
		p, err := compose.Load(ctx, s.in, file, compose.Options{Environ: s.Environ})
		s.projects[file] = &project{Project: p, err: err}
		if p != nil && s.Give != nil {
			for _, svc := range p.Services {
				for _, g := range svc.Grants {
					if g.Secret {
						s.Give(string(g.Data))
					}
				}
			}
		}
	}
	return s.projects[file]
}

// Close removes all that was started.
func (s *Services) Close(ctx context.Context) error {
	if s.id == "" {
		return nil
	}
	defer os.RemoveAll(s.dir)
	return remove(ctx, s.e, s.id)
}

// before starts what a service waits for and gives it in the order in which it was
// started; the last of them is not ready where the service cannot start. network is
// where they are.
func (s *Services) before(ctx context.Context, p *compose.Project, svc *compose.Service, say func(string, ...any)) (list []run.Companion, network string, err error) {
	if s.Join != "" || s.Off || len(svc.DependsOn) == 0 {
		return nil, s.Join, nil
	}
	if s.id == "" {
		s.id = engine.NewID()
		if s.dir, err = engine.TempDir(s.id); err != nil {
			return nil, "", err
		}
		if s.network, err = s.e.Network(ctx, s.id); err != nil {
			return nil, "", err
		}
	}
	list, err = s.start(ctx, p, svc, say, nil)
	return list, s.network, err
}

// done notes that a one-shot service was run as what was to be proved, and went
// well: it is not run again.
func (s *Services) done(p *compose.Project, svc *compose.Service, start *run.Start) {
	s.ready[key(p, svc.Name)] = &run.Companion{Name: svc.Name, Image: "proved here", Until: run.Completed, Ready: true, Seconds: start.Seconds}
}

// share gives services that run a program the variables that a person gives it.
func (s *Services) share(p *compose.Project, of []*compose.Service, env map[string]string) {
	for _, svc := range of {
		s.given[key(p, svc.Name)] = env
	}
}

func key(p *compose.Project, service string) string { return p.File + "\x00" + service }

// start starts the dependencies of a service, deepest first.
func (s *Services) start(ctx context.Context, p *compose.Project, svc *compose.Service, say func(string, ...any), trail []string) (list []run.Companion, err error) {
	add := func(c run.Companion) {
		if !slices.ContainsFunc(list, func(o run.Companion) bool { return o.Name == c.Name }) {
			list = append(list, c)
		}
	}
	trail = append(trail[:len(trail):len(trail)], svc.Name)
	for _, d := range svc.DependsOn {
		other := p.Services[d.Service]
		switch {
		case other == nil && d.Optional:
			continue
		case other == nil:
			add(run.Companion{Name: d.Service, Until: d.Until, Why: "there is no such service in " + p.File})
			return list, nil
		case slices.Contains(trail, d.Service):
			add(run.Companion{Name: d.Service, Until: d.Until, Why: fmt.Sprintf("the services %v wait for each other", trail)})
			return list, nil
		}
		below, err := s.start(ctx, p, other, say, trail)
		for _, b := range below {
			add(b)
		}
		if err != nil || len(below) > 0 && !below[len(below)-1].Ready {
			return list, err
		}
		c := s.ready[key(p, d.Service)]
		if c == nil {
			if c, err = s.one(ctx, p, other, say); err != nil {
				return list, err
			}
			s.ready[key(p, d.Service)] = c
		}
		if !c.Ready && d.Optional {
			continue
		}
		add(*c)
		if !c.Ready {
			// It has to be the last one.
			list = append(slices.DeleteFunc(list, func(o run.Companion) bool { return o.Name == c.Name }), *c)
			return list, nil
		}
	}
	return list, nil
}

// one starts one service.
func (s *Services) one(ctx context.Context, p *compose.Project, svc *compose.Service, say func(string, ...any)) (*run.Companion, error) {
	until := waited(p, svc.Name)
	image, why, err := s.image(ctx, svc, say)
	if err != nil {
		return nil, err
	}
	if why != "" {
		return &run.Companion{Name: svc.Name, Image: image, Until: until, Why: why}, nil
	}
	say("starting the service %s", svc.Name)
	set := run.Settings{Env: map[string]string{}, NoNewPrivs: true, Service: true, Memory: 2 << 30, Pids: 1024, Network: s.network, ReadOnly: svc.ReadOnly}
	serve(&set, s.in, p, svc)
	maps.Copy(set.Env, s.given[key(p, svc.Name)])
	set.Completes = until == run.Completed
	set.StartLimit = time.Minute
	c, err := s.e.Accompany(ctx, s.id, engine.Companion{Name: svc.Name, Aliases: svc.Aliases, Image: image, Settings: set, Until: until})
	if err != nil {
		return nil, err
	}
	c.Image = image
	if svc.Build != nil {
		c.Image = "built from " + svc.Build.Dockerfile
	}
	if c.Left == nil {
		c.Left = set.Left
	}
	return c, nil
}

// waited is the most that any service waits for of another.
func waited(p *compose.Project, name string) run.Condition {
	until := run.Started
	if h := p.Services[name].Probe; h != nil && len(h.Test) > 0 && h.Test[0] != "NONE" {
		until = run.Healthy // it says when it is ready, and who waits less is not harmed
	}
	for _, s := range p.Services {
		for _, d := range s.DependsOn {
			if d.Service != name {
				continue
			}
			if d.Until == run.Completed {
				return run.Completed
			}
			if d.Until == run.Healthy {
				until = run.Healthy
			}
		}
	}
	return until
}

// image is the image of a service on the engine: built, or pulled where it is not
// there. why says why there is none.
func (s *Services) image(ctx context.Context, svc *compose.Service, say func(string, ...any)) (name, why string, err error) {
	if svc.Build == nil {
		if svc.Image == "" {
			return "", "it has neither image: nor build:", nil
		}
		if s.e.Has(ctx, svc.Image) {
			return svc.Image, "", nil
		}
		say("pulling %s", svc.Image)
		if err := s.e.Pull(ctx, svc.Image); err != nil {
			if ctx.Err() != nil {
				return "", "", ctx.Err()
			}
			return svc.Image, err.Error(), nil
		}
		return svc.Image, "", nil
	}
	b := svc.Build
	plan := engine.BuildPlan{Target: b.Target, Args: b.Args, Contexts: map[string]string{}, Secrets: map[string]string{}, Tag: engine.Tag(s.id, "service-"+svc.Name), Temp: s.dir, Labels: map[string]string{engine.Label: s.id}}
	if b.Outside {
		return "", "its build context " + b.Context + " is not in the repository", nil
	}
	if plan.Context, err = local(s.in, b.Context); err != nil {
		return "", "its build context: " + err.Error(), nil
	}
	if plan.Dockerfile = []byte(b.Inline); b.Inline == "" {
		if plan.Dockerfile, err = files.Read(s.in, b.Dockerfile, 1<<20); err != nil {
			return "", fmt.Sprintf("read %s: %v", b.Dockerfile, err), nil
		}
		if data, err := fs.ReadFile(s.in, b.Dockerfile+".dockerignore"); err == nil {
			plan.Ignore = data
		}
	}
	for name, where := range b.Contexts {
		if path.IsAbs(where) {
			return "", "its context " + name + " is not in the repository", nil
		}
		if plan.Contexts[name], err = named(s.in, where); err != nil {
			return "", fmt.Sprintf("its context %s: %v", name, err), nil
		}
	}
	say("building the service %s", svc.Name)
	built, err := s.e.Build(ctx, plan)
	if err != nil {
		return "", "", err
	}
	if built.Error != "" {
		return "", "its build fails: " + built.Error, nil
	}
	return plan.Tag, "", nil
}
