package deploy

import (
	"path"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// A Compose is a Compose file in the parts that say something of images.
type Compose struct {
	File     *text.File
	Services []*Service        // in the order of the file
	Include  []Value           // paths of further Compose files, relative to this one
	Env      map[string]string // what variables in it stand for
	// Beyond says why something of the file is missing here: reading it went
	// beyond a limit. "" = all of it is here.
	Beyond string

	byName   map[string]*Service // the first of each name
	oneShots map[string]bool     // services that others wait for to complete
	steps    int                 // that reading the file took
}

// Steps is how many steps reading the file took.
func (c *Compose) Steps() int { return c.steps }

// A Service is one entry under services, with YAML anchors and merge keys
// resolved. What comes from extends is not in it.
type Service struct {
	Name            Value
	Image           Value
	Pull            Value         // pull_policy
	Build           *BuildSection // nil: not built here
	Ports, Expose   []Port
	Environment     []KeyValue
	EnvFiles        []Value
	User            Value
	Privileged      Value
	ReadOnly        Value
	Init            Value
	WorkingDir      Value
	StopSignal      Value
	StopGracePeriod Value
	Restart         Value
	CapAdd, CapDrop []Value
	SecurityOpt     []Value
	Volumes         []Volume
	Tmpfs           []Value      // folders in memory, with options behind a colon
	Healthcheck     *Healthcheck // nil: the image's own
	Entrypoint      *Command     // nil: the image's own
	Command         *Command     // nil: the image's own
	Profiles        []Value
	Secrets         []Value      // sources of secrets
	DependsOn       []Dependency // the services that it waits for
	Powers          []Power      // what it asks for of the machine that runs it
	Extends         *Extends     // the service that gives what is missing here; nil = none
	Span            text.Span    // from the name to the end of the last key
}

// A Power is a right over the machine that a service or its build asks for, by
// the key that does: cap_add, privileged, devices, pid, build.network.
type Power struct {
	Key   string
	Value Value // a capability, a device, a mode; not set where the key says all
}

// powers are the keys of a service, and with "build." before them those of its
// build, by which it asks for a right over the machine that runs it. Those of
// the value false ask for nothing.
// Source: Compose specification, 05-services.md and build.md.
var powers = map[string]bool{
	"cap_add": true, "privileged": true, "devices": true, "device_cgroup_rules": true, "gpus": true, "runtime": true,
	"network_mode": true, "pid": true, "ipc": true, "uts": true, "userns_mode": true, "cgroup": true, "cgroup_parent": true,
	"security_opt": true, "sysctls": true, "credential_spec": true, "use_api_socket": true,
	"build.network": true, "build.privileged": true, "build.ssh": true, "build.entitlements": true, "build.cache_to": true, "build.tags": true, "build.isolation": true,
}

// powersOf are the rights that a key asks for.
func (s *source) powersOf(key string, n *yaml.Node) []Power {
	if !powers[key] || isNull(n) {
		return nil
	}
	if v := s.value(n); v.Set {
		if v.Text == "false" || key == "network_mode" && (v.Text == "none" || v.Text == "bridge") {
			return nil
		}
		if v.True() {
			v = Value{}
		}
		return []Power{{key, v}}
	}
	list := s.texts(n, "source")
	for _, kv := range s.pairs(n) {
		list = append(list, s.key(kv.key))
	}
	if len(list) == 0 {
		return []Power{{Key: key}}
	}
	var out []Power
	for _, v := range list {
		if key == "security_opt" && strings.HasPrefix(v.Text, "no-new-privileges") {
			continue
		}
		out = append(out, Power{key, v})
	}
	return out
}

// A Dependency is a service that another waits for.
type Dependency struct {
	Service   string
	Condition string // "" = it is started
}

// OneShot tells whether another service waits for this one to complete.
func (c *Compose) OneShot(service string) bool { return c.oneShots[service] }

// Extends names a service of this Compose file or of another.
type Extends struct {
	File    Value // not set: this file
	Service Value
}

// A BuildSection says how a service is built. A string there is the context.
type BuildSection struct {
	Context            Value // not set: the folder of the Compose file
	Dockerfile         Value // not set: Dockerfile
	Target             Value
	Inline             Value // dockerfile_inline
	Args               []KeyValue
	AdditionalContexts []KeyValue
	Secrets            []Value
	Span               text.Span
}

// A Port is a container port in the form 8000/tcp, or 8000-8005/tcp; Raw is as
// written.
type Port struct {
	Value
	Name      Value  // Kubernetes: the name that probes and services use
	Published string // the host's side as written; "" where Docker chooses, or none is
}

// A Volume is a mount. Source is a path, a name, or not set.
type Volume struct {
	Source, Target, Type Value
	ReadOnly             bool
	Span                 text.Span
}

// A Healthcheck overrides the image's.
type Healthcheck struct {
	Disable                                        bool // disable: true, or a test of NONE
	Test                                           []Value
	Shell                                          bool // Test is one text for the shell: a string, or CMD-SHELL
	Interval, Timeout, Retries, StartPeriod, Start Value
	Span                                           text.Span
}

// A Command is an entrypoint or command. Compose runs no shell in either form:
// a string is split into words. No words means that the image's is reset.
type Command struct {
	Words     []Value
	OneString bool // written as one string
	Span      text.Span
}

var composeName = regexp.MustCompile(`(?i)^(?:docker-)?compose(?:[._-].+)?\.ya?ml$|^.+\.(?:docker-)?compose\.ya?ml$`)

// IsComposeName tells whether a file's base name is one that Compose files
// bear: compose.yaml, docker-compose.yml, compose.prod.yaml,
// docker-compose-test.yml, app.compose.yml.
func IsComposeName(base string) bool { return composeName.MatchString(path.Base(base)) }

// ParseCompose reads a Compose file. env is what variables stand for, from the
// .env beside the file; nil is none. The error is an *Error.
func ParseCompose(f *text.File, env map[string]string) (*Compose, error) {
	s := newSource(f)
	s.env = env
	roots, err := s.documents()
	if err != nil {
		return nil, err
	}
	c := &Compose{File: f, Env: env, byName: map[string]*Service{}, oneShots: map[string]bool{}}
	for _, root := range roots {
		if deref(root).Kind != yaml.MappingNode {
			return nil, &Error{File: f.Name, Line: root.Line, What: "the file is not a mapping", Hint: "begin a Compose file with services:"}
		}
		c.Include = append(c.Include, s.includes(s.get(root, "include"))...)
		for _, p := range s.pairs(s.get(root, "services")) {
			one := s.service(p)
			c.Services = append(c.Services, one)
			for _, d := range one.DependsOn {
				if d.Condition == "service_completed_successfully" {
					c.oneShots[d.Service] = true
				}
			}
			if c.byName[one.Name.Text] == nil {
				c.byName[one.Name.Text] = one
			}
		}
	}
	c.Beyond, c.steps = s.budget.beyond, s.budget.steps.Spent
	return c, nil
}

// Service is the service of that name; nil where there is none.
func (c *Compose) Service(name string) *Service {
	if c == nil {
		return nil
	}
	return c.byName[name]
}

// includes are the files that include names: a text, a list of them, or
// mappings with a path. Those read from another project_directory are left
// out, for there every path means something else.
func (s *source) includes(n *yaml.Node) []Value {
	var list []Value
	for _, item := range s.items(n) {
		if v := s.value(item); v.Set {
			list = append(list, v)
			continue
		}
		if s.get(item, "project_directory") == nil {
			list = append(list, s.texts(s.get(item, "path"), "")...)
		}
	}
	return list
}

func (s *source) service(p pair) *Service {
	s.budget.spend(stepsOfThing, manyEntries)
	n := p.value
	one := &Service{Name: s.key(p.key), Span: s.span(p.key)}
	if body := s.span(n); body.Start >= one.Span.End { // not a fragment from further up
		one.Span = one.Span.Join(body)
	}
	for _, f := range s.pairs(n) {
		v := f.value
		if isNull(v) {
			continue
		}
		one.Powers = append(one.Powers, s.powersOf(f.key.Value, v)...)
		if f.key.Value == "build" {
			for _, b := range s.pairs(v) {
				one.Powers = append(one.Powers, s.powersOf("build."+b.key.Value, b.value)...)
			}
		}
		switch f.key.Value {
		case "extends":
			if one.Extends = (&Extends{File: s.value(s.get(v, "file")), Service: s.value(s.get(v, "service"))}); !one.Extends.Service.Set {
				one.Extends.Service = s.value(v)
			}
		case "image":
			one.Image = s.value(v)
		case "build":
			one.Build = s.build(v)
		case "ports":
			one.Ports = s.ports(v)
		case "expose":
			one.Expose = s.ports(v)
		case "environment":
			one.Environment = s.keyValues(v)
		case "env_file":
			one.EnvFiles = s.texts(v, "path")
		case "user":
			one.User = s.value(v)
		case "privileged":
			one.Privileged = s.value(v)
		case "read_only":
			one.ReadOnly = s.value(v)
		case "init":
			one.Init = s.value(v)
		case "working_dir":
			one.WorkingDir = s.value(v)
		case "pull_policy":
			one.Pull = s.value(v)
		case "restart":
			one.Restart = s.value(v)
		case "stop_signal":
			one.StopSignal = s.value(v)
		case "stop_grace_period":
			one.StopGracePeriod = s.value(v)
		case "cap_add":
			one.CapAdd = s.texts(v, "")
		case "cap_drop":
			one.CapDrop = s.texts(v, "")
		case "security_opt":
			one.SecurityOpt = s.texts(v, "")
		case "volumes":
			one.Volumes = s.volumes(v)
		case "tmpfs":
			one.Tmpfs = s.texts(v, "")
		case "depends_on":
			for _, d := range s.pairs(v) {
				one.DependsOn = append(one.DependsOn, Dependency{d.key.Value, s.value(s.get(d.value, "condition")).Text})
			}
		case "healthcheck":
			one.Healthcheck = s.healthcheck(v)
		case "entrypoint":
			one.Entrypoint = s.command(v)
		case "command":
			one.Command = s.command(v)
		case "profiles":
			one.Profiles = s.texts(v, "")
		case "secrets":
			one.Secrets = s.texts(v, "source")
		}
	}
	return one
}

// key is a mapping's key as a Value; keys are not interpolated.
func (s *source) key(n *yaml.Node) Value {
	return Value{Text: n.Value, Raw: n.Value, Span: s.span(n), Set: true}
}

// texts are the scalars of a list, or of one scalar alone. Entries that are
// mappings give the scalar under a field of theirs.
func (s *source) texts(n *yaml.Node, field string) []Value {
	if v := s.value(n); v.Set {
		return []Value{v}
	}
	var list []Value
	for _, item := range s.items(n) {
		v := s.value(item)
		if !v.Set && field != "" {
			v = s.value(s.get(item, field))
		}
		if v.Set {
			list = append(list, v)
		}
	}
	return list
}

// keyValues are the entries of a mapping, or of a list of KEY=value.
func (s *source) keyValues(n *yaml.Node) []KeyValue {
	var list []KeyValue
	for _, p := range s.pairs(n) {
		v := s.value(p.value)
		list = append(list, KeyValue{Key: s.key(p.key), Value: v, HasValue: v.Set})
	}
	for _, item := range s.items(n) {
		if item.Kind != yaml.ScalarNode || isNull(item) {
			continue
		}
		key, value, ok := strings.Cut(item.Value, "=")
		place := s.parts(item)
		kv := KeyValue{Key: s.valueOf(key, place(0, len(key))), HasValue: ok}
		if ok {
			kv.Value = s.valueOf(value, place(len(key)+1, len(item.Value)))
		}
		list = append(list, kv)
	}
	return list
}

func (s *source) build(n *yaml.Node) *BuildSection {
	b := &BuildSection{Span: s.span(n)}
	if v := s.value(n); v.Set {
		b.Context = v
		return b
	}
	b.Context = s.value(s.get(n, "context"))
	b.Dockerfile = s.value(s.get(n, "dockerfile"))
	b.Target = s.value(s.get(n, "target"))
	b.Inline = s.value(s.get(n, "dockerfile_inline"))
	b.Args = s.keyValues(s.get(n, "args"))
	for i, kv := range b.Args {
		// A name alone takes its value from where Compose runs; the .env counts.
		if v, ok := s.env[kv.Key.Text]; ok && !kv.HasValue {
			b.Args[i].Value, b.Args[i].HasValue = Value{Text: v, Raw: "$" + kv.Key.Text, Span: kv.Key.Span, Set: true}, true
		}
	}
	b.AdditionalContexts = s.keyValues(s.get(n, "additional_contexts"))
	b.Secrets = s.texts(s.get(n, "secrets"), "source")
	return b
}
