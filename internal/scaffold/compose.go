package scaffold

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// A beside is a service that is started beside the program.
type beside struct {
	*knowledge.Service
	env map[string]string // variables of the program that say where it is
}

// compose writes what starts the program with what it talks to, for development and
// for the proof. ok is false where the program needs nothing beside it.
func (p *plan) compose() (data string, ok bool) {
	list := p.besides()
	steps := p.steps()
	if len(list) == 0 {
		return "", false // a migration alone would change what nobody else sees
	}
	env := map[string]string{}
	for _, b := range list {
		maps.Copy(env, b.env)
	}
	p.Given = env
	if p.hasExample() {
		// A .env that is also for the machine itself may say another address.
		for _, v := range p.s.Set {
			if port := p.s.Port.Value; port != "" && (v.Version == "0.0.0.0" || v.Version == port || v.Version == "0.0.0.0:"+port) {
				env[v.Name] = v.Version
			}
		}
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# For development and for a proof: what the program talks to is started beside it, and keeps nothing.")
	line("x-program: &program")
	line("  build: .")
	if len(env) > 0 {
		line("  environment:")
		for _, name := range slices.Sorted(maps.Keys(env)) {
			line("    %s: %s", name, scalar(env[name]))
		}
	}
	if p.hasExample() {
		line("  # Values of your own: cp .env.example .env")
		line("  env_file: [{path: .env, required: false}]")
	}
	line("  read_only: true")
	line("  tmpfs: [/tmp]")
	line("  cap_drop: [ALL]")
	line("  security_opt: [\"no-new-privileges:true\"]")
	line("services:")
	name := "web"
	if p.s.Kind != stack.Service {
		name = "app"
	}
	line("  %s:", name)
	line("    <<: *program")
	if p.s.Port.Known() {
		line("    ports: [\"%s:%s\"]", p.s.Port.Value, p.s.Port.Value)
	}
	depends := func(after []string) {
		if len(list) == 0 && len(after) == 0 {
			return
		}
		line("    depends_on:")
		for _, b := range list {
			state := "service_healthy"
			if !strings.Contains(b.Lines, "healthcheck:") {
				state = "service_started"
			}
			line("      %s: {condition: %s}", b.Service.Service, state)
		}
		for _, a := range after {
			line("      %s: {condition: service_completed_successfully}", a)
		}
	}
	var names []string
	for _, s := range steps {
		names = append(names, s.Name)
	}
	depends(names)
	for i, s := range steps {
		line("  %s:", s.Name)
		line("    <<: *program")
		line("    entrypoint: %s", exec(s.Exec))
		line("    command: []")
		line("    healthcheck: {disable: true}")
		depends(names[:i])
	}
	for _, s := range list {
		line("  %s:", s.Service.Service)
		for l := range strings.Lines(p.serviceLines(s)) {
			line("    %s", strings.TrimRight(l, "\n"))
		}
	}
	return b.String(), true
}

// serviceLines are the lines of a service, with the version of its image that there is.
func (p *plan) serviceLines(s beside) string {
	_, rest, _ := strings.Cut(s.Lines, "\n")
	image, _, _ := strings.Cut(s.Lines, "\n")
	ref := strings.TrimPrefix(image, "image: ")
	repo, tag, _ := strings.Cut(ref, ":")
	for _, f := range p.s.Extensions {
		if e := knowledge.ExtensionOf(f.Value); e != nil && e.Service == s.Name {
			if b, err := p.opt.Pick(Want{Repo: e.Repo, Tag: e.Tag}); err == nil {
				p.chose(s.Service.Service+": "+b.String(), fmt.Sprintf("%s is talked to, with the extension %s (%s), which the image %s lacks", s.Name, f.Value, f.At, repo))
				return "image: " + b.String() + "\n" + rest
			}
		}
	}
	b, err := p.opt.Pick(Want{Repo: repo, Variant: s.Variant, Spare: 2, Loose: true, Otherwise: tag})
	if err == nil {
		ref = b.String()
		p.chose(s.Service.Service+": "+ref, fmt.Sprintf("%s is talked to", s.Name))
	}
	return "image: " + ref + "\n" + rest
}

// besides are the services that the program needs to start, and that its variables say
// where to find.
func (p *plan) besides() (list []beside) {
	for _, f := range p.s.Services {
		for _, k := range knowledge.Services() {
			if k.Name != f.Value {
				continue
			}
			if k.Lines == "" {
				p.Unknown = append(p.Unknown, fmt.Sprintf("no %s (%s) is started beside it: a person has to accept its licence", k.Name, f.At))
				continue
			}
			env := p.variables(k)
			if len(env) == 0 {
				p.Unknown = append(p.Unknown, fmt.Sprintf("where it looks for %s (%s): no variable says it, so that none is started beside it", k.Name, f.At))
				continue
			}
			list = append(list, beside{k, env})
		}
	}
	return list
}

// commandRE matches names of variables that allow or ask for a deed: CAN_DROP_DATABASE.
var commandRE = regexp.MustCompile(`(^|_)(CAN|IS|HAS|ENABLE|DISABLE|USE|CREATE|DROP|SEED|RESET|SKIP)_`)

// hostPortRE matches the place of a service without a scheme.
var hostPortRE = regexp.MustCompile(`^[\w.-]+:\d+$`)

// bareSchemeRE matches what a URL begins with, and no place.
var bareSchemeRE = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:///?$`)

// variables are those of the program that say where a service is, with values for one
// beside it; none where the program does without.
func (p *plan) variables(k *knowledge.Service) map[string]string {
	env := map[string]string{}
	optional := !k.Main
	for _, v := range p.s.Env {
		name := strings.ToUpper(v.Name)
		stem := ""
		for _, s := range k.Stems {
			if strings.Contains("_"+name, "_"+s) {
				stem = s
			}
		}
		if v.Form == "file" {
			continue // a text would be taken for the place of a file
		}
		if v.Service == k.Name {
			// It is said in the source, in the way of its language.
			env[v.Name] = p.connection(k)
			optional = optional && !v.Required
			continue
		}
		if v.Service != "" || stem == "" || p.closer(k, name) || commandRE.MatchString(name) {
			continue
		}
		if strings.Contains(name, "SQLITE") || bareSchemeRE.MatchString(v.Default) {
			continue // of another database, or a part of what is put together elsewhere
		}
		if strings.HasPrefix(v.Default, "sqlite") || v.Default == ":memory:" {
			return nil // it does without
		}
		has := func(words ...string) bool {
			return slices.ContainsFunc(words, func(w string) bool {
				return name == w || strings.HasSuffix(name, "_"+w) || strings.HasSuffix(name, stem+w)
			})
		}
		switch {
		case has("URL", "URI", "DSN", "BACKEND", "BROKER", "SERVERS", "ADDR", "ADDRESS", "LOCATION") || name == "DATABASE":
			env[v.Name] = p.url(k, v)
		case has("HOST", "HOSTNAME", "SERVER"):
			env[v.Name] = k.Service
		case has("PORT"):
			env[v.Name] = fmt.Sprint(k.Port)
		case has("USER", "USERNAME"):
			env[v.Name] = k.User
		case has("PASSWORD", "PASS"):
			env[v.Name] = k.Password
		case has("NAME", "DB", "DATABASE"):
			env[v.Name] = k.Database
		}
		// A key alone, without which it does not start either, says no place.
		if v.Required && env[v.Name] != "" || strings.Contains(v.Default, "://") {
			optional = false
		}
	}
	for name, value := range env {
		if value == "" {
			delete(env, name)
		}
	}
	if optional {
		return nil
	}
	return env
}

// closer tells whether another service that the program talks to has a word of its own
// in a variable's name: REDIS_DB is no database's.
func (p *plan) closer(k *knowledge.Service, name string) bool {
	own := func(k *knowledge.Service) bool {
		return slices.ContainsFunc(k.Words, func(w string) bool { return strings.Contains(name, strings.ToUpper(strings.Trim(w, ":"))) })
	}
	if own(k) {
		return false
	}
	for _, o := range knowledge.Services() {
		if o != k && own(o) {
			return true
		}
		if o != k && slices.ContainsFunc(p.s.Services, func(f stack.Fact) bool { return f.Value == o.Name }) && k.Name == "RabbitMQ" && o.Name == "Redis" && strings.Contains(name, "BROKER") {
			return true
		}
	}
	return false
}

// url is where a service is, with the scheme that the program's own default has, or its
// driver wants.
func (p *plan) url(k *knowledge.Service, v stack.Variable) string {
	if hostPortRE.MatchString(v.Default) {
		return fmt.Sprintf("%s:%d", k.Service, k.Port)
	}
	scheme := k.Scheme
	if s := p.exampleScheme(k, v.Name); s != "" {
		scheme = s
	} else if s, _, ok := strings.Cut(v.Default, "://"); ok && !strings.HasPrefix(s, "sqlite") {
		scheme = s
	} else if k.Name == "PostgreSQL" && p.s.Python != nil && p.s.Python.SQLAlchemy && strings.Contains(v.Name, "ASYNC") && p.s.Talks("asyncpg") {
		scheme = "postgresql+asyncpg"
	} else if k.Name == "PostgreSQL" {
		scheme = p.postgresScheme()
	} else if k.Name == "MySQL" && p.s.Python != nil && p.s.Talks("pymysql") {
		scheme = "mysql+pymysql"
	} else if k.Name == "MySQL" && p.s.Ruby != nil {
		scheme = p.adapter()
	}
	url := scheme + k.URL
	if strings.HasPrefix(scheme, "jdbc:") || strings.HasPrefix(scheme, "r2dbc:") {
		return scheme + credentialsRE.ReplaceAllString(k.URL, "://") // they are properties of their own
	}
	if k.Name == "PostgreSQL" && p.s.Go != nil {
		url += "?sslmode=disable"
	}
	return url
}

// exampleScheme is the scheme that the project's own example of its variables has for one
// that says where a service is; "" = it has none, or one of another service.
func (p *plan) exampleScheme(k *knowledge.Service, name string) string {
	for _, file := range []string{".env.example", ".env.sample", ".env.template", "env.example"} {
		for line := range strings.Lines(string(p.s.Read(file))) {
			value, ok := strings.CutPrefix(strings.TrimSpace(line), name+"=")
			if !ok {
				continue
			}
			scheme, _, ok := strings.Cut(strings.Trim(value, `"'`), "://")
			if stem, _, _ := strings.Cut(k.Scheme, "+"); ok && strings.HasPrefix(scheme, strings.TrimSuffix(stem, "ql")) {
				return scheme
			}
		}
	}
	return ""
}

// connection says where a service is as the drivers of .NET take it.
// Source: npgsql.org/doc: connection string parameters; mysqlconnector.net: connection
// options; stackexchange.github.io/StackExchange.Redis: configuration.
func (p *plan) connection(k *knowledge.Service) string {
	switch k.Name {
	case "PostgreSQL":
		return fmt.Sprintf("Host=%s;Database=%s;Username=%s;Password=%s", k.Service, k.Database, k.User, k.Password)
	case "MySQL":
		return fmt.Sprintf("Server=%s;Database=%s;User=%s;Password=%s", k.Service, k.Database, k.User, k.Password)
	case "Redis":
		return fmt.Sprintf("%s:%d", k.Service, k.Port)
	}
	return k.Scheme + k.URL
}

var credentialsRE = regexp.MustCompile(`^://[^@/]*@`)

func (p *plan) postgresScheme() string {
	s := p.s
	if s.Python == nil || !s.Python.SQLAlchemy {
		return "postgresql"
	}
	switch {
	case s.Talks("psycopg2") || s.Talks("psycopg2-binary"):
		return "postgresql+psycopg2" // the driver that is meant without a name changed with SQLAlchemy 2.1
	case s.Talks("asyncpg"):
		return "postgresql+asyncpg"
	case s.Talks("psycopg"):
		return "postgresql+psycopg"
	}
	return "postgresql"
}

// steps are what has to run once before the program.
func (p *plan) steps() (list []stack.Process) {
	for _, s := range p.s.Steps {
		if s.Name != "migrate" {
			p.Unknown = append(p.Unknown, fmt.Sprintf("%s runs %s before the server: that belongs into the build, or once before a release", s.At, strings.Join(s.Exec, " ")))
			continue
		}
		if slices.ContainsFunc(s.Exec, func(w string) bool { return strings.ContainsAny(w, "$|><&;") }) || slices.ContainsFunc(list, func(o stack.Process) bool { return o.Name == s.Name }) {
			continue
		}
		list = append(list, s)
	}
	return list
}

// scalar is a value as YAML takes it.
func scalar(v string) string {
	data, err := yaml.Marshal(v)
	if err != nil {
		return quote(v)
	}
	s := strings.TrimRight(string(data), "\n")
	if cmp.Compare(len(v), 0) > 0 && strings.Trim(v, "0123456789") == "" {
		return quote(v)
	}
	return s
}

// hasExample tells whether there is, or will be, a file that names the variables.
func (p *plan) hasExample() bool { return len(p.asked()) > 0 || p.s.Has(".env.example") }

// asked are the variables that a person has to give values.
func (p *plan) asked() (list []stack.Variable) {
	for _, v := range p.s.Env {
		if (v.Required || v.Secret) && p.Given[v.Name] == "" && !slices.ContainsFunc(p.s.Set, func(t stack.Tool) bool { return t.Name == v.Name }) {
			list = append(list, v)
		}
	}
	return list
}

// example names the variables, without values.
func (p *plan) example() (string, bool) {
	asked := p.asked()
	if len(asked) == 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteString("# The variables that the program reads: copy it to .env, which is in no image and no repository.\n")
	for _, v := range asked {
		need := ""
		if v.Required {
			need = ", it does not start without"
		}
		fmt.Fprintf(&b, "# %s%s\n%s=\n", v.At, need, v.Name)
	}
	return b.String(), true
}
