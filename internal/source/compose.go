package source

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

// above are the files of a kind in a folder and in those that hold it.
func (p *Snapshot) above(dir string, is func(base string) bool) []string {
	var found []string
	for {
		entries, err := p.files.list(dir)
		if err == nil {
			for _, e := range entries {
				if !e.IsDir() && is(e.Name()) {
					found = append(found, path.Join(dir, e.Name()))
				}
			}
		}
		if dir == "." || dir == "/" {
			return found
		}
		dir = path.Dir(dir)
	}
}

// maxCompose bounds how many files one Compose file includes, and how long a
// chain of services that extend each other is.
const maxCompose = 64

// openCompose reads a Compose file and those that it includes.
func (p *Snapshot) openCompose(name string, isNamed bool, judged []string) {
	if _, known := p.byPath[name]; known {
		return
	}
	c, err := p.parseCompose(name)
	if err != nil {
		p.byPath[name] = nil
		p.late.add(Problem{Path: name, Err: err})
		return
	}
	p.addCompose(c, isNamed, judged)
	for _, inc := range c.Include[:min(len(c.Include), maxCompose)] {
		if file, ok := p.beside(c, inc); ok {
			p.openCompose(file, false, judged)
		}
	}
}

// openExtended reads the files that services extend from and that nothing else
// starts: what stands in them is judged, and builds nothing by itself.
func (p *Snapshot) openExtended(judged []string) {
	for i := 0; i < len(p.compose); i++ { // grows: a parent may extend in turn
		c := p.compose[i]
		for _, s := range c.Services {
			if s.Extends == nil || !s.Extends.File.Set {
				continue
			}
			file, ok := p.beside(c, s.Extends.File)
			if _, known := p.byPath[file]; known || !ok {
				continue
			}
			parent, err := p.parseCompose(file)
			if err != nil {
				p.byPath[file] = nil
				p.late.add(Problem{Path: file, Err: err})
				continue
			}
			p.parents[file] = true
			p.addCompose(parent, false, judged)
		}
	}
}

func (p *Snapshot) addCompose(c *deploy.Compose, isNamed bool, judged []string) {
	p.compose, p.byPath[c.File.Name] = append(p.compose, c), c
	if underAny(c.File.Name, judged) {
		p.Units = append(p.Units, Unit{Path: c.File.Name, Kind: ComposeFile, Named: isNamed})
		for _, s := range c.Services {
			if s.Build != nil && s.Build.Inline.Set {
				p.Units = append(p.Units, Unit{Path: c.File.Name, Kind: Dockerfile, Service: s.Name.Text})
			}
		}
	}
}

func (p *Snapshot) parseCompose(name string) (*deploy.Compose, error) {
	file, err := p.files.read(name, maxFile)
	if err != nil {
		return nil, err
	}
	dot := p.dotEnv(path.Join(path.Dir(name), ".env"))
	env := dot.Values
	if len(p.opt.Environ) > 0 {
		env = maps.Clone(env) // other files share it
		if env == nil {
			env = map[string]string{}
		}
		maps.Copy(env, p.opt.Environ)
	}
	c, err := deploy.ParseCompose(file, env)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Beyond != "":
		c.Beyond = name + ": " + c.Beyond
	case dot.Beyond != "":
		c.Beyond = dot.Beyond
	}
	return c, nil
}

// dotEnv is a .env file, read once for all Compose files beside it; without
// values where there is none.
func (p *Snapshot) dotEnv(name string) deploy.DotEnv {
	env, ok := p.dotEnvs[name]
	if !ok {
		if file, err := p.files.read(name, maxFile); err == nil {
			p.dotenvs[path.Dir(name)] = file
			if env = deploy.ParseDotEnv(file.Data); env.Beyond != "" {
				env.Beyond = name + ": " + env.Beyond
			}
		} else {
			p.unread(name, err)
		}
		p.dotEnvs[name] = env
	}
	return env
}

// beside is the file of the project that a Compose file names. A file of
// another place, or one that is not there, is not ok.
func (p *Snapshot) beside(c *deploy.Compose, v deploy.Value) (string, bool) {
	if v.Unresolved || v.Text == "" || strings.Contains(v.Text, "://") || strings.HasPrefix(v.Text, "/") {
		return "", false
	}
	name := path.Join(path.Dir(c.File.Name), v.Text)
	info, err := p.files.stat(name)
	return name, err == nil && info.Mode().IsRegular()
}

// whole is a service with what it extends, and the folder that the context of
// its build is relative to. Its values may stand in another file than the
// service: they are for judging, not for showing.
func (p *Snapshot) whole(c *deploy.Compose, s *deploy.Service, trail []*deploy.Service) (*deploy.Service, string) {
	dir := path.Dir(c.File.Name)
	if s.Extends == nil || slices.Contains(trail, s) {
		return s, dir // in a circle, which Compose refuses, each is taken once
	}
	if len(trail) > maxCompose {
		p.extended[c] = fmt.Sprintf("%s: its services extend each other more than %d levels deep", c.File.Name, maxCompose)
		return s, dir
	}
	in := c
	if s.Extends.File.Set {
		file, ok := p.beside(c, s.Extends.File)
		if in = p.byPath[file]; !ok || in == nil {
			return s, dir
		}
	}
	parent := in.Service(s.Extends.Service.Text)
	if parent == nil || parent == s {
		return s, dir
	}
	base, from := p.whole(in, parent, append(trail, s))
	if s.Build != nil && s.Build.Context.Set {
		from = dir
	}
	if !p.extending.Spend(entries(base) + entries(s)) {
		p.extended[c] = c.File.Name + ": its services extend others by more entries than the limit for files of this size"
		return s, from
	}
	return extend(s, base), from
}

// entries is how many entries extending a service copies.
func entries(s *deploy.Service) int {
	n := 8 + len(s.Ports) + len(s.Expose) + len(s.Environment) + len(s.EnvFiles) + len(s.Volumes) + len(s.Tmpfs) + len(s.Powers)
	if s.Build != nil {
		n += len(s.Build.Args) + len(s.Build.AdditionalContexts)
	}
	return n
}

// How many entries services may take from those that they extend.
const (
	freeEntries       = 100_000
	entriesPerService = 8
)

// extend is a service over the one that it extends, as Compose merges them: a
// scalar of its own wins, lists are joined.
func extend(s, base *deploy.Service) *deploy.Service {
	one := *s
	scalar := func(own *deploy.Value, inherited deploy.Value) {
		if !own.Set {
			*own = inherited
		}
	}
	scalar(&one.Image, base.Image)
	scalar(&one.User, base.User)
	scalar(&one.Privileged, base.Privileged)
	scalar(&one.ReadOnly, base.ReadOnly)
	scalar(&one.Init, base.Init)
	scalar(&one.WorkingDir, base.WorkingDir)
	scalar(&one.StopSignal, base.StopSignal)
	scalar(&one.StopGracePeriod, base.StopGracePeriod)
	scalar(&one.Restart, base.Restart)
	one.Ports = slices.Concat(base.Ports, s.Ports)
	one.Expose = slices.Concat(base.Expose, s.Expose)
	one.Environment = slices.Concat(base.Environment, s.Environment)
	one.EnvFiles = slices.Concat(base.EnvFiles, s.EnvFiles)
	one.Volumes = slices.Concat(base.Volumes, s.Volumes)
	one.Tmpfs = slices.Concat(base.Tmpfs, s.Tmpfs)
	one.Powers = slices.Concat(base.Powers, s.Powers)
	if one.Healthcheck == nil {
		one.Healthcheck = base.Healthcheck
	}
	if one.Entrypoint == nil {
		one.Entrypoint = base.Entrypoint
	}
	if one.Command == nil {
		one.Command = base.Command
	}
	switch {
	case one.Build == nil:
		one.Build = base.Build
	case base.Build != nil:
		b := *one.Build
		scalar(&b.Context, base.Build.Context)
		scalar(&b.Dockerfile, base.Build.Dockerfile)
		scalar(&b.Target, base.Build.Target)
		scalar(&b.Inline, base.Build.Inline)
		b.Args = slices.Concat(base.Build.Args, b.Args)
		b.AdditionalContexts = slices.Concat(base.Build.AdditionalContexts, b.AdditionalContexts)
		one.Build = &b
	}
	return &one
}

// composeRecipes works out the recipes of all Compose files by Dockerfile.
func (p *Snapshot) composeRecipes() {
	p.composed = map[string][]recipe{}
	p.extended = map[*deploy.Compose]string{}
	p.builtFrom = map[*deploy.Service]string{}
	p.extending.Left = freeEntries
	for _, c := range p.compose {
		p.extending.Left += entriesPerService * len(c.Services)
	}
	for _, c := range p.compose {
		if p.parents[c.File.Name] {
			continue
		}
		development := p.development(c.File.Name, ComposeFile)
		tests := slices.ContainsFunc(parts(path.Base(c.File.Name)), func(w string) bool { return knowledge.TestWords.Has(countless(w)) })
		over := p.override(c.File.Name)
		for _, own := range c.Services {
			s, dir := p.whole(c, own, nil)
			if s.Build == nil {
				continue
			}
			if o := over.Service(own.Name.Text); o != nil && len(s.Ports)+len(s.Expose) == 0 && len(o.Ports)+len(o.Expose) > 0 {
				merged := *s
				merged.Ports, merged.Expose = o.Ports, o.Expose
				s = &merged
			}
			ctx := s.Build.Context.Text
			if ctx == "" {
				ctx = "."
			}
			root := path.Join(dir, ctx)
			if strings.Contains(ctx, "://") || strings.HasPrefix(ctx, "/") || strings.HasPrefix(root, "..") {
				continue
			}
			df := s.Build.Dockerfile.Text
			if dir, root = p.projectDirectory(dir, ctx, df); df == "" {
				df = "Dockerfile"
				if _, err := p.files.stat(path.Join(root, df)); err != nil {
					df = "Containerfile"
				}
			}
			r := recipe{target: s.Build.Target.Text, context: root, args: map[string]string{}, contexts: map[string]string{}, folders: map[string]string{}, services: []*Service{{s, c, development}}, development: development, tests: tests && development != ""}
			for _, kv := range s.Build.Args {
				if kv.HasValue && !kv.Value.Unresolved {
					r.args[kv.Key.Text] = kv.Value.Text
				}
			}
			for _, kv := range s.Build.AdditionalContexts {
				r.contexts[kv.Key.Text] = kv.Value.Text
				r.folders[kv.Key.Text] = kv.Value.Text
				if v := kv.Value.Text; !strings.Contains(v, ":") && !path.IsAbs(v) {
					r.folders[kv.Key.Text] = path.Join(dir, v)
				}
			}
			if s.Image.Set {
				r.images = append(r.images, s.Image.Text)
			}
			file := path.Join(root, df)
			if own.Build != nil && own.Build.Inline.Set {
				file = inlineKey(c.File.Name, own.Name.Text)
			} else if s.Build.Inline.Set {
				continue // it is judged where it stands
			}
			p.composed[file] = append(p.composed[file], r)
			p.builtFrom[own] = file
		}
	}
}

// projectDirectory is the folder that the paths of a Compose file are relative to, and
// the context of a build in it: the file's own, or the nearest one above it that has the
// Dockerfile, where the own has none: for docker compose --project-directory.
func (p *Snapshot) projectDirectory(own, ctx, df string) (dir, root string) {
	if df == "" {
		df = "Dockerfile"
	}
	for dir := own; !strings.HasPrefix(path.Join(dir, ctx, df), ".."); dir = path.Dir(dir) {
		if _, err := p.files.stat(path.Join(dir, ctx, df)); err == nil {
			return dir, path.Join(dir, ctx)
		}
		if dir == "." || dir == "/" {
			break
		}
	}
	return own, path.Join(own, ctx)
}

// override is the file that Compose reads over another one, of which it knows by the
// name; an empty one where there is none.
// Source: docs.docker.com/compose: docker-compose.override.yml.
func (p *Snapshot) override(name string) *deploy.Compose {
	stem, ext := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
	for _, e := range []string{ext, ".yml", ".yaml"} {
		if c := p.byPath[stem+".override"+e]; c != nil {
			return c
		}
	}
	return &deploy.Compose{}
}

// Template tells whether a service of this Compose unit is only there to be extended
// by services that have an image or a build of their own: its file is not started.
func (b *Build) Template(s *deploy.Service) bool { return b.project.templates[s] }

// templatesOf are such services.
func (p *Snapshot) templatesOf() map[*deploy.Service]bool {
	templates := map[*deploy.Service]bool{}
	if len(p.parents) == 0 {
		return templates
	}
	for _, c := range p.compose {
		for _, by := range c.Services {
			if by.Extends == nil {
				continue
			}
			parent := c
			if by.Extends.File.Set {
				file, ok := p.beside(c, by.Extends.File)
				if parent = p.byPath[file]; !ok || parent == nil {
					continue
				}
			}
			s := parent.Service(by.Extends.Service.Text)
			if s == nil || !p.parents[parent.File.Name] {
				continue
			}
			own := by.Image.Set || by.Build != nil
			if was, known := templates[s]; known {
				own = own && was
			}
			templates[s] = own
		}
	}
	return templates
}

// DockerfileOf is the Dockerfile that a service of this Compose unit is built
// from; "" where it builds none of the project's.
func (b *Build) DockerfileOf(s *deploy.Service) string { return b.project.builtFrom[s] }

// BuildsFrom are the builds of a Dockerfile of the project by the services of
// this Compose unit, by the names of these; none where it cannot be read.
func (b *Build) BuildsFrom(dockerfile string) map[string]*Build {
	builds, prob := b.project.builds(b.files, Unit{Path: dockerfile, Kind: Dockerfile}, []string{b.Path})
	if prob != nil {
		return nil
	}
	by := map[string]*Build{}
	for _, one := range builds {
		for _, s := range one.Services {
			if s.File == b.Compose {
				by[s.Name.Text] = one
			}
		}
	}
	return by
}
