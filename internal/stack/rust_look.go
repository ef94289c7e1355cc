package stack

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// A rustPort is where a program may listen.
type rustPort struct {
	port, bind, variable string
	at                   Place
	rank                 int
	flag                 string // of the command line
}

var (
	rustVarRE     = regexp.MustCompile(`\bvar(?:_os)?\(\s*"([A-Z][A-Z0-9_]*)"\s*\)`)
	rustPairRE    = regexp.MustCompile(`\w\(\s*"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"\s*,\s*"?([^",()]*)"?\s*,?\s*\)`)
	rustHelperRE  = regexp.MustCompile(`\b(\w*env\w*)(?:::<[^>()]*>)?\(\s*"([A-Z][A-Z0-9_]*)"\s*\)`)
	rustDefaultRE = regexp.MustCompile(`\bunwrap_or(?:_else)?\(\s*(?:\|[^|]*\|\s*)?(?:[\w:]+!?\(\s*)?(?:"([^"]*)"|([0-9][0-9_]*))`)
	rustNeedRE    = regexp.MustCompile(`^\s*(?:\.(?:expect|unwrap)\(|\.(?:context|with_context|map_err)\(|\?)`)
	rustClapRE    = regexp.MustCompile(`#\[(?:arg|clap|structopt)\(([^\]]*)\)\]\s*(?:pub(?:\([a-z]+\))?\s+)?(\w+)\s*:\s*([\w<>:]+)`)
	rustClapEnvRE = regexp.MustCompile(`\benv\b(?:\s*=\s*"([A-Z0-9_]+)")?`)
	rustClapDefRE = regexp.MustCompile(`\bdefault_value(?:_t)?\s*=\s*"?([^",)]+)"?`)
	rustTextRE    = regexp.MustCompile(`"([^"\\\n]*)"`)
	rustAddrRE    = regexp.MustCompile(`^([\w.\-\[\]:]*):(\d{2,5})$`)
	rustTupleRE   = regexp.MustCompile(`\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]\s*,\s*([\w.:]+)`)
	rustBindRE    = regexp.MustCompile(`(?:"([\d.]+|localhost|::1?)"|Ipv[46]Addr::(UNSPECIFIED|LOCALHOST))\s*(?:\.\w+\(\))?[^,;(]{0,24},\s*([\w.:]+)\s*\)`)
	rustNumberRE  = regexp.MustCompile(`\b(?:const|static|let|let mut)\s+(\w+)\s*(?::\s*[&'\w]+)?\s*=\s*"?([\w.:\[\]]*?)(\d[\d_]{1,5})"?\s*;`)
	rustListenRE  = regexp.MustCompile(`(?i)bind|listen|serve|\brun\(|addr|inet|socket|launch`)
	rustClientRE  = regexp.MustCompile(`(?i)redis|postgres|mysql|mongo|amqp|nats|kafka|connect\(|client|https?://|proxy`)
	rustFieldRE   = regexp.MustCompile(`\b(\w*port)\s*:\s*(\d{2,5})\b`)
	rustPortName  = regexp.MustCompile(`(?i)(?:^|_)port$|addr|listen|bind`)
	// rustServicePort are names of variables for the port of the program itself.
	rustServicePort = regexp.MustCompile(`^(?:APP|SERVER|SERVICE|HTTP|API|WEB|LISTEN|BIND)_PORT$`)
	rustHostName    = regexp.MustCompile(`^(?:(?:APP|SERVER|SERVICE|HTTP|API|WEB|LISTEN|BIND)_)?(?:HOST|ADDRESS|ADDR|BIND|IP)$|^BIND_HOST$|^BIND_(?:ADDRESS|ADDR)$`)
)

func isLocal(bind string) bool {
	return bind == "127.0.0.1" || bind == "localhost" || bind == "[::1]" || bind == "::1" || bind == "LOCALHOST"
}

// look reads the files of the program.
func (p *rustProject) look() error {
	s := p.s
	var ports []rustPort
	var hosts []Variable
	bind, bindAt := "", Place{}
	for _, f := range p.files {
		ports = append(ports, p.variables(f, &hosts)...)
		found, b, at := p.addresses(f)
		ports = append(ports, found...)
		if bind == "" {
			bind, bindAt = b, at
		}
		if err := p.queries(f); err != nil {
			return err
		}
		p.rustWrites(f)
	}
	p.framework()
	p.kind()
	if s.Kind != Service {
		return nil
	}
	p.port(ports, hosts, bind, bindAt)
	p.production()
	p.health()
	p.signals()
	return nil
}

// variables notes the environment variables that a file reads.
func (p *rustProject) variables(f *rustSource, hosts *[]Variable) (ports []rustPort) {
	note := func(v Variable) {
		if known[v.Name] || strings.HasPrefix(v.Name, "CARGO_") || v.Name == "OUT_DIR" || v.Name == "RUST_LOG" {
			return
		}
		v.Secret = secret.Named(v.Name)
		if m := addressRE.FindStringSubmatch(strings.ReplaceAll(v.Default, "_", "")); m != nil && rustPortName.MatchString(v.Name) && !rustClientRE.MatchString(v.Name) {
			ports = append(ports, rustPort{cmp.Or(m[2], m[3]), m[1], v.Name, v.At, 1, ""})
		} else if v.Default == "" && strings.HasSuffix(v.Name, "PORT") && (v.Name == "PORT" || rustServicePort.MatchString(v.Name) || len(v.Name) < 12 && rustListenRE.MatchString(f.statement(p.offset(f, v)))) {
			ports = append(ports, rustPort{"", "", v.Name, v.At, 5, ""})
		} else if rustHostName.MatchString(v.Name) {
			*hosts = append(*hosts, v)
		}
		for i := range p.s.Env {
			if have := &p.s.Env[i]; have.Name == v.Name {
				have.Required, have.Default = have.Required || v.Required, cmp.Or(have.Default, v.Default)
				return
			}
		}
		p.s.Env = append(p.s.Env, v)
	}
	for _, m := range rustVarRE.FindAllStringSubmatchIndex(f.code, -1) {
		v := Variable{Name: f.code[m[2]:m[3]], At: f.at(m[0])}
		tail := f.statement(m[0])
		if at := strings.Index(tail, f.code[m[0]:m[1]]); at >= 0 {
			tail = tail[at+m[1]-m[0]:]
		}
		if next := rustVarRE.FindStringIndex(tail); next != nil {
			tail = tail[:next[0]]
		}
		if d := rustDefaultRE.FindStringSubmatch(tail); d != nil {
			v.Default = cmp.Or(d[1], d[2])
		} else {
			v.Required = rustNeedRE.MatchString(tail) && !strings.Contains(tail, "unwrap_or")
		}
		note(v)
	}
	// A helper of the project's own: env_get("X"), which ends the program where X is not set.
	for _, m := range rustHelperRE.FindAllStringSubmatchIndex(f.code, -1) {
		if ends, own := p.helper(f.code[m[2]:m[3]]); own {
			note(Variable{Name: f.code[m[4]:m[5]], At: f.at(m[0]), Required: ends})
		}
	}
	for _, m := range rustPairRE.FindAllStringSubmatchIndex(f.code, -1) {
		note(Variable{Name: f.code[m[2]:m[3]], At: f.at(m[0]), Default: f.code[m[4]:m[5]]})
	}
	for _, m := range rustClapRE.FindAllStringSubmatchIndex(f.code, -1) {
		args, field, kind := f.code[m[2]:m[3]], f.code[m[4]:m[5]], f.code[m[6]:m[7]]
		def := ""
		if d := rustClapDefRE.FindStringSubmatch(args); d != nil {
			def = d[1]
		}
		e := rustClapEnvRE.FindStringSubmatch(args)
		if e == nil {
			flag := rustFlag(args, field)
			if a := addressRE.FindStringSubmatch(def); a != nil && rustPortName.MatchString(field) {
				ports = append(ports, rustPort{cmp.Or(a[2], a[3]), a[1], "", f.at(m[0]), 2, flag})
			} else if flag != "" && isLocal(def) && rustHostName.MatchString(strings.ToUpper(field)) {
				p.hostFlag = flag
			}
			continue
		}
		note(Variable{Name: cmp.Or(e[1], strings.ToUpper(field)), At: f.at(m[4]), Default: def, Required: def == "" && !strings.HasPrefix(kind, "Option") && !strings.HasPrefix(kind, "Vec") && kind != "bool"})
	}
	return ports
}

var rustLongRE = regexp.MustCompile(`\blong\b(?:\s*=\s*"([\w-]+)")?`)

// rustFlag is the flag by which clap fills a field; "" = it has none.
func rustFlag(args, field string) string {
	m := rustLongRE.FindStringSubmatch(args)
	if m == nil {
		return ""
	}
	return "--" + cmp.Or(m[1], strings.ReplaceAll(field, "_", "-"))
}

var (
	rustConstRE = regexp.MustCompile(`\b(?:const|static)\s+(\w+)\s*:`)
	rustAsideRE = regexp.MustCompile(`(?i)^(?:tests?|testing|fixtures?|mocks?|benches|benchmarks?)(?:[_.]|$)`)
)

// constant is the rank of an address or a number in the statement at a place: as it is where no
// constant has it, or one that what listens names; that of a guess else, and below 0 where it is
// one of tests.
func (p *rustProject) constant(f *rustSource, at, rank int) int {
	m := rustConstRE.FindStringSubmatch(f.statement(at))
	if m == nil {
		return rank
	}
	if slices.ContainsFunc(strings.Split(f.file, "/"), rustAsideRE.MatchString) {
		return -1
	}
	re := regexp.MustCompile(`\b` + m[1] + `\b`)
	for _, other := range p.files {
		if slices.ContainsFunc(strings.Split(other.file, "/"), rustAsideRE.MatchString) {
			continue
		}
		for _, use := range re.FindAllStringIndex(other.bare, -1) {
			statement := re.ReplaceAllString(other.statement(use[0]), "")
			if !rustConstRE.MatchString(other.statement(use[0])) && (rustListenRE.MatchString(statement) || rustListenRE.MatchString(other.fn(use[0])) || strings.Contains(strings.ToLower(statement), "port") || rustVarRE.MatchString(statement)) {
				return rank
			}
		}
	}
	return 8
}

// helper tells whether a function of the project's own reads a variable, and whether the
// program ends where that is not set, also by another helper that it asks.
func (p *rustProject) helper(name string) (ends, own bool) {
	re := regexp.MustCompile(`\bfn\s+` + name + `\b[^{;]*\{`)
	for _, f := range p.files {
		at := re.FindStringIndex(f.code)
		if at == nil {
			continue
		}
		body := f.code[at[1]:]
		if end := strings.Index(body, "\n}"); end >= 0 {
			body = body[:end]
		}
		return rustEndsRE.MatchString(body), strings.Contains(body, "env::var") || strings.Contains(body, "var(") || rustAsksRE.MatchString(body)
	}
	return false, false
}

var (
	rustEndsRE = regexp.MustCompile(`\bpanic!|\.expect\(|\.unwrap\(\)|process::exit|\bErr\(|bail!`)
	rustAsksRE = regexp.MustCompile(`\b\w*env\w*\(`)
)

// offset is where a variable stands in a file.
func (p *rustProject) offset(f *rustSource, v Variable) int {
	return max(0, strings.Index(f.code, `"`+v.Name+`"`))
}

// addresses are the ports that a file names, and the address that it binds.
func (p *rustProject) addresses(f *rustSource) (list []rustPort, bind string, at Place) {
	binds := func(b string, offset int) {
		if bind == "" && b != "" {
			bind, at = b, f.at(offset)
		}
	}
	for _, m := range rustTextRE.FindAllStringSubmatchIndex(f.code, -1) {
		text := f.code[m[2]:m[3]]
		if !strings.Contains(text, ":") {
			continue
		}
		context := f.statement(m[0]) + " " + f.fn(m[0])
		if !rustListenRE.MatchString(context) || rustClientRE.MatchString(strings.ReplaceAll(context, "TcpListener", "")) || rustVarRE.MatchString(context) {
			continue
		}
		if a := rustAddrRE.FindStringSubmatch(text); a != nil {
			if rank := p.constant(f, m[0], 0); rank >= 0 {
				list = append(list, rustPort{a[2], a[1], "", f.at(m[0]), rank, ""})
			}
		} else if host, rest, ok := strings.Cut(text, ":"); ok && strings.HasPrefix(rest, "{") && host != "" && host[0] != '{' {
			binds(host, m[0]) // format!("0.0.0.0:{port}")
		}
	}
	for _, m := range rustTupleRE.FindAllStringSubmatchIndex(f.code, -1) {
		parts := make([]string, 4)
		for i := range parts {
			parts[i] = f.code[m[2+2*i]:m[3+2*i]]
		}
		b, port := strings.Join(parts, "."), strings.ReplaceAll(f.code[m[10]:m[11]], "_", "")
		if _, err := strconv.Atoi(port); err == nil {
			list = append(list, rustPort{port, b, "", f.at(m[0]), 0, ""})
		} else {
			binds(b, m[0])
		}
	}
	for _, m := range rustBindRE.FindAllStringSubmatchIndex(f.code, -1) {
		if !rustListenRE.MatchString(f.statement(m[0])) {
			continue
		}
		b := "0.0.0.0"
		if m[2] >= 0 {
			b = f.code[m[2]:m[3]]
		} else if f.code[m[4]:m[5]] == "LOCALHOST" {
			b = "127.0.0.1"
		}
		if port := strings.ReplaceAll(f.code[m[6]:m[7]], "_", ""); port[0] >= '0' && port[0] <= '9' {
			list = append(list, rustPort{strings.TrimSuffix(port, "u16"), b, "", f.at(m[0]), 0, ""})
		} else {
			binds(b, m[0])
		}
	}
	for _, m := range rustNumberRE.FindAllStringSubmatchIndex(f.code, -1) {
		if name := f.code[m[2]:m[3]]; rustPortName.MatchString(name) && !rustClientRE.MatchString(name) {
			if rank := p.constant(f, m[0], 2); rank >= 0 {
				list = append(list, rustPort{strings.ReplaceAll(f.code[m[6]:m[7]], "_", ""), strings.TrimSuffix(f.code[m[4]:m[5]], ":"), "", f.at(m[0]), rank, ""})
			}
		}
	}
	for _, m := range rustFieldRE.FindAllStringSubmatchIndex(f.code, -1) {
		if name := f.code[m[2]:m[3]]; name == "port" || name == "http_port" || name == "server_port" {
			list = append(list, rustPort{f.code[m[4]:m[5]], "", "", f.at(m[0]), 3, ""})
		}
	}
	return list, bind, at
}

// framework finds what the program is made with: among what its packages ask for,
// what its own source uses.
func (p *rustProject) framework() {
	best := -1
	for _, fw := range knowledge.Frameworks() {
		if fw.Language != "rust" {
			continue
		}
		_, at, ok := p.dep(fw.Packages[0])
		if !ok {
			continue
		}
		used := slices.ContainsFunc(p.files, func(f *rustSource) bool {
			return slices.ContainsFunc(fw.Imports, func(i string) bool { return regexp.MustCompile(`\b` + i + `\b`).MatchString(f.bare) })
		})
		rank := 0
		switch {
		case !used:
			continue
		case fw.Name == "hyper":
			rank = 1 // the others stand on it
		case fw.Name == "tonic":
			rank = 2 // beside a server of HTTP/1, whose routes tell more
		case fw.Kind == string(Service):
			rank = 3
		}
		if rank > best {
			best = rank
			p.s.Framework = Fact{Value: fw.Name, At: at}
		}
	}
}

var rustLoopRE = regexp.MustCompile(`\bloop\s*\{|\bwhile\s+true\b|\binterval\(|\bJobScheduler\b`)

func (p *rustProject) kind() {
	s := p.s
	serves, ok := p.servesIn(p.files)
	fw := p.frameworkOf(s.Framework.Value)
	switch {
	case p.opt.Kind != "":
		s.Kind = p.opt.Kind
	case ok && (fw == nil || fw.Kind == string(Service)):
		s.Kind = Service
	case fw != nil && fw.Kind == string(Worker):
		s.Kind = Worker
	case slices.ContainsFunc(p.files, func(f *rustSource) bool { return rustLoopRE.MatchString(f.bare) }) && p.asynchronous():
		s.Kind = Worker
	default:
		s.Kind = Job
	}
	if s.Kind == Service {
		s.Server = Fact{Value: "its own", At: serves}
		p.r.GRPC = s.Framework.Value == "tonic"
		p.r.Raw = fw == nil && !slices.ContainsFunc(p.files, func(f *rustSource) bool {
			return strings.Contains(f.code, "HTTP/") || strings.Contains(strings.ToLower(f.bare), "http")
		})
	} else {
		p.signals()
	}
	p.rustServices()
}

// asynchronous tells whether the program runs on tokio: a loop of a program for people at
// a terminal does not.
func (p *rustProject) asynchronous() bool {
	_, _, ok := p.dep("tokio")
	return ok
}

func (p *rustProject) frameworkOf(name string) *knowledge.Framework {
	for _, f := range knowledge.Frameworks() {
		if f.Language == "rust" && f.Name == name {
			return f
		}
	}
	return nil
}

func (p *rustProject) rustServices() {
	for _, c := range knowledge.ServiceClients() {
		for _, name := range c.Rust {
			if at, ok := p.asks(name); ok {
				p.s.Services = append(p.s.Services, Fact{Value: c.Service, At: at, Why: name})
				break
			}
		}
	}
}

// beside tells whether a port is of what listens beside the program's own: by its variable,
// and by the statement, the function and the file that it stands in.
func (p *rustProject) beside(c rustPort) bool {
	for _, f := range p.files {
		if f.file != c.at.File || c.variable != "" {
			continue
		}
		at := 0
		for range c.at.Line - 1 {
			at += strings.IndexByte(f.code[at:], '\n') + 1
		}
		at += len(f.code[at:]) - len(strings.TrimLeft(f.code[at:], " \t"))
		line, _, _ := strings.Cut(f.code[at:], "\n")
		return besideRE.MatchString(line + " " + f.let(at) + " " + f.fn(at) + " " + path.Base(f.file))
	}
	return besideRE.MatchString(c.variable)
}

// port picks where the program listens, and says it again to a program that would
// listen for its own machine alone.
func (p *rustProject) port(ports []rustPort, hosts []Variable, bind string, bindAt Place) {
	s := p.s
	if s.Framework.Value == "Rocket" {
		p.rocket()
		return
	}
	if own := slices.DeleteFunc(slices.Clone(ports), p.beside); len(own) > 0 {
		ports = own
	}
	var said *listening
	if said = listens(p.settings(false)); said != nil {
		ports = append(ports, rustPort{port: said.port, at: said.at, rank: 4})
	}
	var args []string
	slices.SortStableFunc(ports, func(a, b rustPort) int { return cmp.Compare(a.rank, b.rank) })
	if len(ports) == 0 {
		s.Port = Fact{Value: "8080", Why: "default"}
		s.Notes = append(s.Notes, "the source does not say where it listens: --port says it")
	} else {
		c := ports[0]
		s.Port = Fact{Value: cmp.Or(c.port, "8080"), At: c.at}
		if c.rank == 8 {
			s.Port.Why = "a guess"
			s.Notes = append(s.Notes, fmt.Sprintf("port %s of %s is a guess: nothing shows that it reaches what listens: --port says it", c.port, c.at))
		}
		if p.opt.Port > 0 {
			s.Port = p.opt.port()
		}
		switch {
		case c.flag == "":
		case isLocal(c.bind):
			args = append(args, c.flag, "0.0.0.0:"+s.Port.Value)
			c.bind = "0.0.0.0"
		case c.bind == "" && s.Port.Value != c.port:
			args = append(args, c.flag, s.Port.Value)
		}
		if c.variable != "" {
			s.Port.Why = "from " + c.variable
			v := s.Port.Value
			if c.bind != "" {
				v = "0.0.0.0:" + v
			}
			s.Set = append(s.Set, Tool{Name: c.variable, Version: v})
		} else if c.bind != "" {
			bind, bindAt = c.bind, c.at
		}
		if said != nil && c.at == said.at && isLocal(said.bind) && slices.ContainsFunc(p.settings(true), func(e entry) bool { return e.at == said.at }) {
			if v := p.settingVariable(said.bindPath); v != "" {
				address := "0.0.0.0"
				if slices.Equal(said.bindPath, said.path) {
					address += ":" + s.Port.Value
				}
				s.Set = append(s.Set, Tool{Name: v, Version: address})
			} else {
				bind, bindAt = said.bind, said.at
			}
		}
	}
	if p.opt.Port > 0 {
		s.Port = p.opt.port()
	}
	told := false
	for _, h := range hosts {
		if !slices.ContainsFunc(s.Set, func(t Tool) bool { return t.Name == h.Name }) && (isLocal(h.Default) || h.Default == "") {
			s.Set = append(s.Set, Tool{Name: h.Name, Version: "0.0.0.0"})
		}
		told = true
	}
	if p.hostFlag != "" && !told {
		args = append(args, p.hostFlag, "0.0.0.0")
	}
	if len(args) > 0 {
		s.Args = slices.Concat(s.Args, args)
		s.Start.Value += " " + strings.Join(args, " ")
	}
	if isLocal(bind) && !told {
		s.Notes = append(s.Notes, fmt.Sprintf("%s binds %s: nobody outside the container reaches it: it has to bind 0.0.0.0", bindAt, bind))
	}
}

// production tells a program whose settings are a file for each environment that it runs
// in production, where it would take those of the machine that it is written on.
func (p *rustProject) production() {
	for _, v := range p.s.Env {
		if !slices.Contains([]string{"local", "dev", "development"}, strings.ToLower(v.Default)) {
			continue
		}
		for _, f := range p.t.files {
			base := strings.TrimSuffix(path.Base(f), path.Ext(f))
			beside := slices.ContainsFunc([]string{"local", "dev", "development"}, func(n string) bool { return p.t.has[path.Join(path.Dir(f), n+path.Ext(f))] })
			if (base == "production" || base == "prod") && beside && p.named(top(f), true) {
				p.s.Set = append(p.s.Set, Tool{Name: v.Name, Version: base})
				return
			}
		}
	}
}

// rocket is where Rocket listens: as Rocket.toml says, and on 127.0.0.1 unless told
// otherwise. Source: rocket.rs/guide: configuration.
func (p *rustProject) rocket() {
	s := p.s
	s.Port = Fact{Value: strconv.Itoa(p.frameworkOf("Rocket").Port), Why: "Rocket's default"}
	section := ""
	best := 0
	n := 0
	for line := range strings.Lines(string(p.t.read("Rocket.toml"))) {
		n++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
		}
		key, value, _ := strings.Cut(line, "=")
		rank := slices.Index([]string{"default", "global", "release"}, section) + 1
		if strings.TrimSpace(key) == "port" && rank > best {
			best = rank
			s.Port = Fact{Value: strings.TrimSpace(value), At: Place{"Rocket.toml", n}}
		}
	}
	if p.opt.Port > 0 {
		s.Port = p.opt.port()
	}
	s.Set = append(s.Set, Tool{Name: "ROCKET_ADDRESS", Version: "0.0.0.0"}, Tool{Name: "ROCKET_PORT", Version: s.Port.Value})
}

// signals tells whether the program ends in order, and on which signal.
// Source: docs.rs/tokio: signal::ctrl_c (SIGINT alone); docs.rs/ctrlc: feature
// termination; actix.rs/docs/server and rocket.rs/guide: graceful shutdown.
func (p *rustProject) signals() {
	has := func(words ...string) bool {
		return slices.ContainsFunc(p.files, func(f *rustSource) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(f.bare, w) })
		})
	}
	ctrlc, _, _ := p.dep("ctrlc")
	switch fw := p.s.Framework.Value; {
	case (fw == "Actix Web" || fw == "Rocket") && p.s.Kind == Service,
		has("SignalKind::terminate", "SIGTERM", "TERM_SIGNALS"),
		slices.Contains(ctrlc.features, "termination") && has("ctrlc::"):
		p.r.Handles = true
	case has("ctrl_c", "ctrlc::"):
		p.r.Handles = true
		p.s.StopSignal, p.s.StopWhy = "SIGINT", "The program ends in order on SIGINT, and does nothing about SIGTERM."
	}
}

var rustQueryRE = regexp.MustCompile(`\b(?:sqlx::)?query(?:_as|_scalar|_file|_file_as|_file_scalar)?(?:_unchecked)?!\s*[({\[]`)

// queries tells whether the build asks a database for the types of queries.
func (p *rustProject) queries(f *rustSource) error {
	m := rustQueryRE.FindStringIndex(f.bare)
	if _, _, ok := p.dep("sqlx"); !ok || m == nil || p.r.Offline {
		return nil
	}
	// The crate that asks has them beside its manifest, as the project may.
	dirs := []string{p.pkg.dir, "."}
	for dir := path.Dir(f.file); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if p.t.has[dir+"/Cargo.toml"] {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range dirs {
		if p.t.dir(path.Join(dir, ".sqlx")) || p.t.has[path.Join(dir, "sqlx-data.json")] {
			p.r.Offline, p.offline = true, dir
			return nil
		}
	}
	return &Unsupported{fmt.Sprintf("%s: the build asks a database for the types of its queries, and a container's build has none", f.at(m[0])), "`cargo sqlx prepare` writes them to .sqlx, which belongs into the repository"}
}

var (
	rustMakeRE   = regexp.MustCompile(`\b(?:create_dir_all|create_dir|File::create)\(\s*"([^"]+)"`)
	rustSqliteRE = regexp.MustCompile(`"sqlite:(?://)?([^"?]+)`)
)

// rustWrites notes what a file makes where the program runs.
func (p *rustProject) rustWrites(f *rustSource) {
	note := func(v string, at Place) {
		v = path.Clean(v)
		if strings.HasPrefix(v, "/tmp") || strings.ContainsAny(v, "{: ") || strings.HasPrefix(v, "..") || v == "." {
			return
		}
		dir := v
		if path.Ext(v) != "" {
			dir = path.Dir(v)
		}
		if dir == "/" || strings.HasPrefix(dir, "/etc") || strings.HasPrefix(dir, "/proc") || strings.HasPrefix(dir, "/dev") || strings.HasPrefix(dir, "/.") {
			return
		}
		if dir == "." {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a variable say where it lies, in a folder of its own", at, v))
		} else if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir }) {
			p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
		}
	}
	for _, m := range rustMakesRE.FindAllStringIndex(f.bare, -1) {
		if v, ok := p.made(f, f.code[m[1]:f.closing(m[1]-1)]); ok {
			note(v, f.at(m[0]))
		}
	}
	for _, re := range []*regexp.Regexp{rustMakeRE, rustSqliteRE} {
		for _, m := range re.FindAllStringSubmatchIndex(f.code, -1) {
			note(f.code[m[2]:m[3]], f.at(m[0]))
		}
	}
}
