// Package compose is the run model of Compose files: what its services are when
// they run, as Compose itself reads them. It reads only files of the repository,
// never through a link that leads out, and nothing of this machine's environment
// but what the caller gives.
package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// A Project is what a Compose file and those that it takes in describe.
type Project struct {
	File     string // the Compose file, in the repository
	Services map[string]*Service
	Unset    []string // variables that it names and nobody sets, in order
}

// A Service is one service as it runs. Zero values are the image's own.
type Service struct {
	Name                  string
	Image                 string   // "" = it has no name of its own
	Build                 *Build   // nil = it is pulled
	Entrypoint            []string // nil = the image's; empty = none
	Command               []string
	Environment           map[string]string
	Unset                 []string // names in environment that nobody gives a value
	User, Workdir, Signal string
	Init, ReadOnly        bool
	Grace                 time.Duration // 0 = it says nothing
	Tmpfs                 []string
	Volumes               []Volume
	Grants                []Grant // configs and secrets
	Probe                 *run.Probe
	Ports                 []int // TCP ports of the container, published or exposed
	DependsOn             []Dependency
	Profiles              []string
	Hosts                 []string
	Sysctls               map[string]string
	Ulimits               []run.Ulimit
	Aliases               []string
	Left                  []string // what could not be read, and why
}

// A Build is how a service's image is built.
type Build struct {
	Context    string // a folder of the repository; what Compose says, where it is none
	Outside    bool   // Context is none
	Dockerfile string // a path of the repository
	Inline     string // the Dockerfile itself; "" = it is in a file
	Target     string
	Args       map[string]string
	Contexts   map[string]string
}

// A Volume is a mount of a service.
type Volume struct {
	Name     string // of a volume that services share; "" = it is a bind, or has no name
	Bind     string // a file or folder of the repository; "" = it is no bind
	Host     string // a path of the machine that is not in the repository; "" = it is none
	Target   string
	ReadOnly bool
}

// A Grant is a config or a secret as a file.
type Grant struct {
	Name   string
	Secret bool
	Target string
	Mode   uint32
	Data   []byte
	Absent string // why there is no data; "" = there is
}

// A Dependency is a service that must be there first.
type Dependency struct {
	Service  string
	Until    run.Condition
	Optional bool
}

// Options are the inputs that are not in the repository.
type Options struct {
	// Environ is what variables stand for beside the .env.
	Environ map[string]string
	// Data is read in place of the file; nil = the file is.
	Data []byte
}

const (
	maxFile  = 1 << 20
	maxFiles = 64 // that one Compose file takes in
)

var silence = sync.OnceFunc(func() { logrus.SetOutput(io.Discard) })

// Load reads a Compose file of a repository with its override, what it includes
// and what it extends. The error says what Compose would refuse, or which limit it
// goes beyond.
func Load(ctx context.Context, in fs.FS, file string, opt Options) (*Project, error) {
	silence()
	// Another file is opened by name deep below: it gets a copy, and only of what
	// lies in the repository.
	dir, err := os.MkdirTemp("", "dockworthy-compose-*")
	if err != nil {
		return nil, fmt.Errorf("create a folder for Compose files: %w", err)
	}
	defer os.RemoveAll(dir)
	r := &reader{in: in, copies: dir, environ: opt.Environ, unset: map[string]bool{}, name: file, data: opt.Data}
	p := &Project{File: file, Services: map[string]*Service{}}
	list := []string{file}
	if over := override(in, file); over != "" && opt.Data == nil {
		list = append(list, over)
	}
	if err := r.load(ctx, p, list, 0); err != nil {
		return nil, fmt.Errorf("%s: %w", file, errors.New(strings.NewReplacer(root+"/", "", dir+"/", "").Replace(err.Error())))
	}
	p.Unset = slices.Sorted(maps.Keys(r.unset))
	return p, nil
}

// override is the file that Compose takes beside one of the usual name.
// Source: docs.docker.com/compose/how-tos/multiple-compose-files/merge.
func override(in fs.FS, file string) string {
	base := path.Base(file)
	for _, name := range []string{"compose", "docker-compose"} {
		for _, ext := range []string{".yaml", ".yml"} {
			if base != name+ext {
				continue
			}
			for _, oext := range []string{".yaml", ".yml"} {
				over := path.Join(path.Dir(file), name+".override"+oext)
				if info, err := fs.Stat(in, over); err == nil && info.Mode().IsRegular() {
					return over
				}
			}
		}
	}
	return ""
}

// A reader reads the files of one project.
type reader struct {
	in      fs.FS
	copies  string // a folder for copies of files that extends names
	environ map[string]string
	name    string // of what data stands for
	data    []byte
	files   int
	unset   map[string]bool
}

// read is a Compose file, after the budget for what its merges may become.
func (r *reader) read(name string, env map[string]string) ([]byte, *deploy.Compose, error) {
	if r.files++; r.files > maxFiles {
		return nil, nil, fmt.Errorf("it takes in more than %d files", maxFiles)
	}
	data, err := r.data, error(nil)
	if data == nil || name != r.name {
		data, err = files.Read(r.in, name, maxFile)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", name, err)
	}
	c, err := deploy.ParseCompose(text.NewFile(name, data), env)
	if err != nil {
		return nil, nil, err
	}
	if c.Beyond != "" {
		return nil, nil, fmt.Errorf("%s: %s", name, c.Beyond)
	}
	return data, c, nil
}

// env is what variables stand for in the files of a folder.
func (r *reader) env(folder string) map[string]string {
	env := map[string]string{}
	if data, err := files.Read(r.in, path.Join(folder, ".env"), maxFile); err == nil {
		if vars, err := dotenv.ParseWithLookup(bytes.NewReader(data), func(name string) (string, bool) { v, ok := r.environ[name]; return v, ok }); err == nil {
			env = vars
		}
	}
	maps.Copy(env, r.environ)
	return env
}

// load adds the services of some files, of which the later ones go over the first.
func (r *reader) load(ctx context.Context, p *Project, list []string, depth int) error {
	folder := path.Dir(list[0])
	env := r.env(folder)
	details := types.ConfigDetails{WorkingDir: r.local(folder), Environment: env}
	for _, name := range list {
		data, c, err := r.read(name, env)
		if err != nil {
			return err
		}
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: r.local(name), Content: data})
		for _, inc := range c.Include {
			other, err := r.inside(path.Join(path.Dir(name), inc.Text))
			if err == nil && (inc.Unresolved || path.IsAbs(inc.Text)) {
				err = errors.New("its path is not one of the repository")
			}
			if err == nil && depth > 8 {
				err = errors.New("files include each other more than 8 levels deep")
			}
			if err == nil {
				err = r.load(ctx, p, []string{other}, depth+1)
			}
			if err != nil {
				return fmt.Errorf("include %s: %w", inc.Text, err)
			}
		}
		r.names(string(data), env)
	}
	model, err := loader.LoadWithContext(ctx, details, func(o *loader.Options) {
		o.SetProjectName("dockworthy", true)
		o.SkipInclude, o.SkipResolveEnvironment, o.SkipResolveLabels, o.SkipConsistencyCheck = true, true, true, true
		o.Profiles = []string{"*"}
		o.ResourceLoaders = []loader.ResourceLoader{lender{r, folder}}
	})
	if err != nil {
		return err
	}
	for name, s := range model.Services {
		if _, ok := p.Services[name]; ok {
			return fmt.Errorf("the service %s is defined more than once", name)
		}
		p.Services[name] = r.service(model, s, env)
	}
	return nil
}

// names notes the variables of a file that nobody sets and that have no default.
func (r *reader) names(data string, env map[string]string) {
	for name, v := range template.ExtractVariables(map[string]any{"": withoutComments(data)}, nil) {
		if _, ok := env[name]; !ok && v.DefaultValue == "" && v.PresenceValue == "" {
			r.unset[name] = true
		}
	}
}

// withoutComments is a file without the lines that are comments.
func withoutComments(data string) string {
	var b strings.Builder
	for line := range strings.Lines(data) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// root is where the repository seems to be: no such folder has to be there, and a
// path that leads above it is told from one of the machine.
const (
	above = "/dockworthy-repository"
	root  = above + "/1/2/3/4/5/6/7/8"
)

// local is where a path of the repository seems to be, repository the way back; ok
// is false for a path that is not in it.
func (r *reader) local(p string) string { return filepath.Join(root, filepath.FromSlash(p)) }

// shown is a path as its file wrote it, or might have.
func shown(p string) string {
	if rel, err := filepath.Rel(root, p); err == nil && strings.HasPrefix(p, above) {
		return filepath.ToSlash(rel)
	}
	return p
}

func (r *reader) repository(p string) (string, bool) {
	rel, err := filepath.Rel(root, p)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// inside is a path that must be one of the repository.
func (r *reader) inside(p string) (string, error) {
	if p = path.Clean(p); !fs.ValidPath(p) {
		return "", errors.New("it is not in the repository")
	}
	return p, nil
}

// A lender gives copies of the files that extends names.
type lender struct {
	r      *reader
	folder string
}

func (l lender) Accept(string) bool { return true }

func (l lender) Load(_ context.Context, p string) (string, error) {
	name, ok := l.r.repository(p)
	if rel, err := filepath.Rel(l.r.copies, p); !ok && err == nil && filepath.IsLocal(rel) {
		name, ok = filepath.ToSlash(rel), true
	}
	if !ok {
		if filepath.IsAbs(p) {
			return "", fmt.Errorf("%s is not in the repository", p)
		}
		var err error
		if name, err = l.r.inside(path.Join(l.folder, filepath.ToSlash(p))); err != nil {
			return "", fmt.Errorf("%s: %w", p, err)
		}
	}
	data, _, err := l.r.read(name, nil)
	if err != nil {
		return "", err
	}
	to := filepath.Join(l.r.copies, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", err
	}
	return to, os.WriteFile(to, data, 0o600)
}

func (l lender) Dir(p string) string {
	if !filepath.IsAbs(p) {
		p = l.r.local(path.Join(l.folder, filepath.ToSlash(p)))
	}
	return filepath.Dir(p)
}

// service is one service in our own words.
func (r *reader) service(model *types.Project, s types.ServiceConfig, env map[string]string) *Service {
	out := &Service{
		Name: s.Name, Image: s.Image, User: s.User, Workdir: s.WorkingDir, Signal: s.StopSignal, Init: s.Init != nil && *s.Init, ReadOnly: s.ReadOnly,
		Tmpfs: s.Tmpfs, Profiles: s.Profiles, Sysctls: s.Sysctls,
	}
	if s.Entrypoint != nil {
		out.Entrypoint = append([]string{}, s.Entrypoint...)
	}
	if s.Command != nil {
		out.Command = append([]string{}, s.Command...)
	}
	if s.StopGracePeriod != nil {
		out.Grace = time.Duration(*s.StopGracePeriod)
	}
	if s.Build != nil {
		out.Build = r.build(s.Build)
	}
	out.environment(r, s, env)
	for _, v := range s.Volumes {
		out.volume(r, v)
	}
	for _, c := range s.Secrets {
		out.Grants = append(out.Grants, r.grant(true, types.FileReferenceConfig(c), types.FileObjectConfig(model.Secrets[c.Source]), env))
	}
	for _, c := range s.Configs {
		out.Grants = append(out.Grants, r.grant(false, types.FileReferenceConfig(c), types.FileObjectConfig(model.Configs[c.Source]), env))
	}
	out.Probe = probe(s.HealthCheck)
	for _, p := range s.Ports {
		if p.Protocol == "" || p.Protocol == "tcp" {
			out.Ports = append(out.Ports, int(p.Target))
		}
	}
	for _, e := range s.Expose {
		number, proto, _ := strings.Cut(e, "/")
		if n, err := strconv.Atoi(number); err == nil && (proto == "" || proto == "tcp") && !slices.Contains(out.Ports, n) {
			out.Ports = append(out.Ports, n)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.DependsOn)) {
		d := s.DependsOn[name]
		until := run.Started
		switch d.Condition {
		case types.ServiceConditionHealthy:
			until = run.Healthy
		case types.ServiceConditionCompletedSuccessfully:
			until = run.Completed
		}
		out.DependsOn = append(out.DependsOn, Dependency{Service: name, Until: until, Optional: !d.Required})
	}
	for _, name := range slices.Sorted(maps.Keys(s.ExtraHosts)) {
		for _, ip := range s.ExtraHosts[name] {
			out.Hosts = append(out.Hosts, name+":"+ip)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Ulimits)) {
		u := s.Ulimits[name]
		one := run.Ulimit{Name: name, Soft: int64(u.Soft), Hard: int64(u.Hard)}
		if u.Single != 0 {
			one.Soft, one.Hard = int64(u.Single), int64(u.Single)
		}
		out.Ulimits = append(out.Ulimits, one)
	}
	if s.ContainerName != "" {
		out.Aliases = append(out.Aliases, s.ContainerName)
	}
	if s.Hostname != "" {
		out.Aliases = append(out.Aliases, s.Hostname)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Networks)) {
		if n := s.Networks[name]; n != nil {
			out.Aliases = append(out.Aliases, n.Aliases...)
		}
	}
	return out
}

func (r *reader) build(b *types.BuildConfig) *Build {
	out := &Build{Target: b.Target, Inline: b.DockerfileInline, Args: map[string]string{}, Contexts: map[string]string{}}
	for name, where := range b.AdditionalContexts {
		if p, ok := r.repository(where); ok {
			where = p
		}
		out.Contexts[name] = where
	}
	var ok bool
	if out.Context, ok = r.repository(b.Context); !ok {
		out.Context, out.Outside = shown(b.Context), true
	}
	file := b.Dockerfile
	if file == "" {
		file = "Dockerfile"
	}
	if filepath.IsAbs(file) {
		out.Dockerfile, _ = r.repository(file)
	} else {
		out.Dockerfile = path.Join(out.Context, filepath.ToSlash(file))
	}
	for k, v := range b.Args {
		if v != nil {
			out.Args[k] = *v
		}
	}
	return out
}

// environment fills in the variables: those of the files first, the service's own
// over them.
func (out *Service) environment(r *reader, s types.ServiceConfig, env map[string]string) {
	out.Environment = map[string]string{}
	for _, f := range s.EnvFiles {
		name, ok := r.repository(f.Path)
		if !ok {
			out.Left = append(out.Left, "env_file "+shown(f.Path)+": it is not in the repository")
			continue
		}
		data, err := files.Read(r.in, name, maxFile)
		if errors.Is(err, fs.ErrNotExist) && !bool(f.Required) {
			continue
		}
		vars := map[string]string{}
		if err == nil {
			lookup := func(k string) (string, bool) {
				if v, ok := env[k]; ok {
					return v, true
				}
				v, ok := out.Environment[k]
				return v, ok
			}
			err = dotenv.ParseWithFormat(bytes.NewReader(data), name, vars, lookup, f.Format)
			if f.Format == "" {
				vars, err = dotenv.ParseWithLookup(bytes.NewReader(data), lookup)
			}
		}
		if err != nil {
			why := err.Error()
			if errors.Is(err, fs.ErrNotExist) {
				why = "there is no such file, and Compose does not start the service without it"
			}
			out.Left = append(out.Left, "env_file "+name+": "+why)
			continue
		}
		maps.Copy(out.Environment, vars)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		switch v := s.Environment[name]; {
		case v != nil:
			out.Environment[name] = *v
		default:
			if given, ok := env[name]; ok {
				out.Environment[name] = given
			} else if _, ok := out.Environment[name]; !ok {
				out.Unset = append(out.Unset, name)
			}
		}
	}
}

func (out *Service) volume(r *reader, v types.ServiceVolumeConfig) {
	m := Volume{Target: v.Target, ReadOnly: v.ReadOnly}
	switch v.Type {
	case types.VolumeTypeTmpfs:
		out.Tmpfs = append(out.Tmpfs, v.Target)
		return
	case types.VolumeTypeVolume:
		m.Name = v.Source
	case types.VolumeTypeBind:
		if p, ok := r.repository(v.Source); ok {
			m.Bind = p
		} else {
			m.Host = shown(v.Source)
		}
	default:
		out.Left = append(out.Left, fmt.Sprintf("%s: a mount of the type %s", v.Target, v.Type))
		return
	}
	out.Volumes = append(out.Volumes, m)
}

// grant is a config or a secret as the file that a service sees.
// Source: Compose specification, 05-services.md: configs and secrets, long syntax.
func (r *reader) grant(secret bool, ref types.FileReferenceConfig, object types.FileObjectConfig, env map[string]string) Grant {
	g := Grant{Name: ref.Source, Secret: secret, Target: ref.Target, Mode: 0o444}
	switch {
	case secret && g.Target == "":
		g.Target = "/run/secrets/" + ref.Source
	case secret && !path.IsAbs(g.Target):
		g.Target = "/run/secrets/" + g.Target
	case g.Target == "":
		g.Target = "/" + ref.Source
	}
	if ref.Mode != nil {
		g.Mode = uint32(*ref.Mode)
	}
	switch {
	case bool(object.External):
		g.Absent = "it is external, and only the place that it runs at has it"
	case object.Content != "":
		g.Data = []byte(object.Content)
	case object.Environment != "":
		v, ok := env[object.Environment]
		if !ok {
			g.Absent = fmt.Sprintf("the environment variable %s is not given: name it with --env-from", object.Environment)
		}
		g.Data = []byte(v)
	case object.File != "":
		name, ok := r.repository(object.File)
		if !ok {
			g.Absent = shown(object.File) + " is not in the repository"
			break
		}
		data, err := files.Read(r.in, name, maxFile)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			g.Absent = "there is no file " + name
		case err != nil:
			g.Absent = name + " " + err.Error()
		}
		g.Data = data
	default:
		g.Absent = "nothing defines it"
	}
	return g
}

func probe(h *types.HealthCheckConfig) *run.Probe {
	if h == nil {
		return nil
	}
	p := &run.Probe{Test: h.Test}
	if h.Disable {
		p.Test = []string{"NONE"}
	}
	for d, v := range map[*time.Duration]*types.Duration{&p.Interval: h.Interval, &p.Timeout: h.Timeout, &p.StartPeriod: h.StartPeriod} {
		if v != nil {
			*d = time.Duration(*v)
		}
	}
	if h.Retries != nil {
		p.Retries = int(min(*h.Retries, 1000))
	}
	return p
}

// OneShot tells whether another service waits for this one to complete.
func (p *Project) OneShot(name string) bool {
	for _, s := range p.Services {
		for _, d := range s.DependsOn {
			if d.Service == name && d.Until == run.Completed {
				return true
			}
		}
	}
	return false
}
