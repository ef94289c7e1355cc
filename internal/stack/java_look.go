package stack

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// A javaSource is a file of Java or Kotlin, without its comments.
type javaSource struct{ file, code string }

// A javaSetting is one setting of application.properties or application.yml.
type javaSetting struct {
	key, value string
	at         Place
}

var (
	javaMainRE    = regexp.MustCompile(`\bpublic\s+static\s+(?:final\s+)?void\s+main\s*\(|\bstatic\s+public\s+void\s+main\s*\(|(?m)^\s*(?:suspend\s+)?fun\s+main\s*\(`)
	javaCommentRE = regexp.MustCompile(`(?s)/\*.*?\*/|(?m)(?:^|[\s;{}(),])//[^\n]*`)
	javaPackageRE = regexp.MustCompile(`(?m)^\s*package\s+([\w.]+)`)
)

// read reads the sources and the settings of the program.
func (p *javaProject) read() {
	for _, m := range p.family(p.mod) {
		for _, f := range p.t.below(path.Join(m.dir, "src/main")) {
			if ext := path.Ext(f); ext == ".java" || ext == ".kt" {
				p.sources = append(p.sources, &javaSource{f, p.code(f)})
			}
		}
		for _, dir := range []string{"src/main/resources", "src/main/resources/config"} {
			for _, name := range []string{"application.properties", "application.yml", "application.yaml", "application.conf"} {
				p.settings(path.Join(m.dir, dir, name))
			}
		}
	}
}

// code is a file without its comments; its lines keep their numbers.
func (p *javaProject) code(file string) string {
	return javaCommentRE.ReplaceAllStringFunc(string(p.t.read(file)), func(c string) string { return strings.Repeat("\n", strings.Count(c, "\n")) })
}

// class is the full name of the class that a file's main method belongs to.
func (s *javaSource) class() string {
	name := strings.TrimSuffix(path.Base(s.file), path.Ext(s.file))
	if path.Ext(s.file) == ".kt" && !regexp.MustCompile(`\b(?:object|class)\s+`+name+`\b`).MatchString(s.code) {
		name = strings.ToUpper(name[:1]) + name[1:] + "Kt"
	}
	if m := javaPackageRE.FindStringSubmatch(s.code); m != nil {
		return m[1] + "." + name
	}
	return name
}

func (s *javaSource) at(offset int) Place {
	return Place{s.file, 1 + strings.Count(s.code[:offset], "\n")}
}

// settings reads a file of settings; a part of it that a profile switches on is none of
// the program's own.
func (p *javaProject) settings(file string) {
	data := p.t.read(file)
	if data == nil {
		return
	}
	switch path.Ext(file) {
	case ".properties":
		n := 0
		for line := range strings.Lines(string(data)) {
			n++
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "%") {
				continue
			}
			if at := strings.IndexAny(line, "=:"); at > 0 {
				p.config = append(p.config, javaSetting{plainKey(line[:at]), strings.TrimSpace(line[at+1:]), Place{file, n}})
			}
		}
	case ".yml", ".yaml":
		d := yaml.NewDecoder(strings.NewReader(string(data)))
		for {
			var doc yaml.Node
			if d.Decode(&doc) != nil {
				return
			}
			var list []javaSetting
			var follow func(prefix string, n *yaml.Node)
			follow = func(prefix string, n *yaml.Node) {
				switch n.Kind {
				case yaml.DocumentNode, yaml.SequenceNode:
					for _, c := range n.Content {
						follow(prefix, c)
					}
				case yaml.MappingNode:
					for i := 0; i+1 < len(n.Content); i += 2 {
						if !strings.HasPrefix(n.Content[i].Value, "%") {
							follow(strings.TrimPrefix(prefix+"."+n.Content[i].Value, "."), n.Content[i+1])
						}
					}
				case yaml.ScalarNode:
					list = append(list, javaSetting{plainKey(prefix), n.Value, Place{file, n.Line}})
				}
			}
			follow("", &doc)
			if !slices.ContainsFunc(list, func(s javaSetting) bool {
				return s.key == "spring.config.activate.onprofile" || s.key == "spring.profiles"
			}) {
				p.config = append(p.config, list...)
			}
		}
	case ".conf": // Ktor's
		if m := regexp.MustCompile(`\bport\s*=\s*(\d+)`).FindSubmatchIndex(data); m != nil {
			p.config = append(p.config, javaSetting{"server.port", string(data[m[2]:m[3]]), Place{file, 1 + strings.Count(string(data[:m[2]]), "\n")}})
		}
	}
}

// plainKey is a key as Spring compares it: server.servlet.contextPath is
// server.servlet.context-path.
func plainKey(key string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", `"`, "").Replace(strings.TrimSpace(key)))
}

var javaRefRE = regexp.MustCompile(`\$\{([A-Z][A-Z0-9_]*)(?::([^}$]*))?\}`)

// setting is a setting by its key; what it takes of the environment is its default.
func (p *javaProject) setting(keys ...string) (value, variable string, at Place) {
	for _, k := range keys {
		for _, s := range p.config {
			if s.key != k {
				continue
			}
			if m := javaRefRE.FindStringSubmatch(s.value); m != nil {
				return m[2], m[1], s.at
			}
			return s.value, "", s.at
		}
	}
	return "", "", Place{}
}

var (
	javaEnvRE     = regexp.MustCompile(`\b(?:getenv\(|getenv\(\)\.get\(|environment\(\)\.get\()\s*"([A-Z][A-Z0-9_]*)"\s*\)`)
	javaOrRE      = regexp.MustCompile(`^\s*\)?\s*(?:\?\.\w+\(\)\s*)?(?:\.orElse\(\s*"?|\?:\s*"?)([\w.:/-]+)`)
	javaPairRE    = regexp.MustCompile(`\b(?:getOrDefault|getenv|env|getEnv)\w*\(\s*"([A-Z][A-Z0-9_]*)"\s*,\s*"?([^",)]*)"?\s*\)`)
	javaListenRE  = regexp.MustCompile(`\bnew\s+ServerSocket\(\s*(\d+)|\bInetSocketAddress\(\s*(?:"[^"]*"\s*,\s*)?(\d+)|\.start\(\s*(\d+)\s*\)|\b(?:port|setPort|listen|withPort)\(\s*(\d{2,5})\b|\bnew\s+Server\(\s*(\d+)|\bport\s*=\s*(\d{2,5})\b|\bPORT\s*=\s*(\d{2,5})\b`)
	javaServesRE  = regexp.MustCompile(`\bHttpServer\.create\(|\bnew\s+ServerSocket\(|\bnew\s+Server\(\s*\w*[pP]ort|\bembeddedServer\(|\bJavalin\.create\(|\bcreateHttpServer\(|\bServerBuilder\.forPort\(`)
	javaRouteRE   = regexp.MustCompile(`@(?:Get|Path|GetMapping|RequestMapping)\(\s*(?:(?:value|path)\s*=\s*)?\{?\s*"([^"]*)"|\b(?:get|createContext|path|GET|HEAD)\(\s*"(/[^"]*)"`)
	javaClassRE   = regexp.MustCompile(`(?m)^[ \t]*@(?:RequestMapping|Path|Controller)\(\s*(?:(?:value|path)\s*=\s*)?"([^"]*)"[^\n]*\)(?:\s*@[\w.]+(?:\([^\n]*\))?)*\s*(?:public\s+|abstract\s+|final\s+|open\s+)*class\b`)
	javaWorkRE    = regexp.MustCompile(`@Scheduled|@EnableScheduling|@KafkaListener|@RabbitListener|@JmsListener|@SqsListener|\bwhile\s*\(\s*true\s*\)|@Incoming`)
	javaSecureRE  = regexp.MustCompile(`\bSecurityFilterChain\b|\bWebSecurityConfigurerAdapter\b|\bSecurityWebFilterChain\b`)
	javaWriteRE   = regexp.MustCompile(`\b(?:createDirectories|createDirectory)\(\s*(?:Paths\.get|Path\.of)\(\s*"([^"]+)"|\bnew\s+File\(\s*"([^"]+)"\s*\)\s*\.mkdirs?\(`)
	javaReadRE    = regexp.MustCompile(`\b(?:new\s+File(?:InputStream|Reader)?|Paths\.get|Path\.of)\(\s*"([^"]+)"`)
	javaFileURLRE = regexp.MustCompile(`jdbc:(?:h2:file|sqlite|hsqldb:file|h2):(?:file:)?(?:\./)?([^:;?"]+)`)
)

// look finds out what the program does and where it listens.
func (p *javaProject) look() {
	s := p.s
	f, at := p.framework(p.mod)
	switch {
	case f != nil:
		s.Framework = Fact{Value: f.Name, At: at}
	case p.mod.boot != "":
		s.Framework = Fact{Value: "Spring Boot", At: Place{File: p.mod.file}}
	case p.mod.quarkus != "":
		s.Framework = Fact{Value: "Quarkus", At: Place{File: p.mod.file}}
	}
	p.variables()
	serves, works := Place{}, false
	for _, src := range p.sources {
		if m := javaServesRE.FindStringIndex(src.code); m != nil && serves == (Place{}) {
			serves = src.at(m[0])
		}
		works = works || javaWorkRE.MatchString(src.code)
	}
	web, _, _ := p.setting("spring.main.webapplicationtype")
	switch {
	case p.opt.Kind != "":
		s.Kind = p.opt.Kind
	case strings.EqualFold(web, "none"), f == nil && serves == (Place{}):
		s.Kind = Job
		if works {
			s.Kind = Worker
		}
	default:
		s.Kind = Service
	}
	for _, c := range knowledge.ServiceClients() {
		if d, ok := p.dep(c.Java...); ok {
			s.Services = append(s.Services, Fact{Value: c.Service, At: d.at, Why: d.name})
		}
	}
	p.javaWrites()
	if s.Kind != Service {
		return
	}
	s.Server = Fact{Value: "its own", At: serves}
	if f != nil {
		s.Server.At = at
	}
	p.port(f)
	p.health()
}

// port finds where the program listens.
func (p *javaProject) port(f *knowledge.Framework) {
	s := p.s
	value, variable, at := p.setting("server.port", "quarkus.http.port", "micronaut.server.port", "ktor.deployment.port")
	for _, src := range p.sources {
		if value != "" || variable != "" || f != nil && (f.Name == "Spring Boot" || f.Name == "Quarkus") {
			break
		}
		if m := javaListenRE.FindStringSubmatchIndex(src.code); m != nil {
			for i := 2; i < len(m); i += 2 {
				if m[i] >= 0 {
					value, at = src.code[m[i]:m[i+1]], src.at(m[0])
				}
			}
		}
	}
	if variable == "" && (f == nil || f.Name != "Spring Boot" && f.Name != "Quarkus") {
		for _, v := range s.Env {
			if v.Name == "PORT" || strings.HasSuffix(v.Name, "_PORT") && v.Default != "" && value == "" {
				variable, at, value = v.Name, v.At, cmp.Or(v.Default, value)
				break
			}
		}
	}
	switch {
	case p.opt.Port > 0:
		s.Port = p.opt.port()
	case value != "":
		s.Port = Fact{Value: value, At: at}
	case f != nil && f.Port > 0:
		s.Port = Fact{Value: strconv.Itoa(f.Port), At: at, Why: f.Name + "'s default"}
	default:
		s.Port = Fact{Value: "8080", Why: "default"}
		s.Notes = append(s.Notes, "the source does not say where it listens: --port says it")
	}
	if variable != "" {
		s.Port.Why = "from " + variable
		s.Set = append(s.Set, Tool{Name: variable, Version: s.Port.Value})
	} else if p.opt.Port > 0 && f != nil && f.Name == "Spring Boot" {
		s.Set = append(s.Set, Tool{Name: "SERVER_PORT", Version: s.Port.Value})
	}
	for _, x := range [][2]string{{"server.address", "SERVER_ADDRESS"}, {"quarkus.http.host", "QUARKUS_HTTP_HOST"}} {
		if v, variable, _ := p.setting(x[0]); isLocal(v) {
			s.Set = append(s.Set, Tool{Name: cmp.Or(variable, x[1]), Version: "0.0.0.0"})
		}
	}
}

// health finds the route that tells how the program is.
// Source: docs.spring.io/spring-boot: actuator, endpoints; quarkus.io/guides/smallrye-health;
// docs.micronaut.io: management, health endpoint.
func (p *javaProject) health() {
	s := p.s
	base, _, _ := p.setting("server.servlet.contextpath", "spring.webflux.basepath", "quarkus.http.rootpath", "micronaut.server.contextpath")
	base = strings.TrimSuffix(base, "/")
	if base != "" && !strings.HasPrefix(base, "/") {
		base = "/" + base
	}
	slash := func(s string) string { return "/" + strings.Trim(s, "/") }
	if d, ok := p.dep("spring-boot-starter-actuator"); ok && p.open() {
		own, _, _ := p.setting("management.server.port")
		if own != "" && own != s.Port.Value {
			p.j.Probe, base = own, ""
		}
		root, _, _ := p.setting("management.endpoints.web.basepath")
		name, _, _ := p.setting("management.endpoints.web.pathmapping.health")
		route := base + slash(cmp.Or(root, "/actuator")) + slash(cmp.Or(name, "health"))
		s.Health = Fact{Value: strings.ReplaceAll(route, "//", "/"), At: d.at}
		return
	}
	if d, ok := p.dep("quarkus-smallrye-health"); ok {
		root, _, _ := p.setting("quarkus.http.nonapplicationrootpath")
		if root = cmp.Or(root, "q"); !strings.HasPrefix(root, "/") {
			root = base + "/" + root
		}
		name, _, _ := p.setting("quarkus.smallryehealth.rootpath")
		s.Health = Fact{Value: strings.TrimSuffix(root, "/") + slash(cmp.Or(name, "health")), At: d.at}
		return
	}
	if d, ok := p.dep("micronaut-management"); ok {
		s.Health = Fact{Value: base + "/health", At: d.at}
		return
	}
	best := -1
	for _, src := range p.sources {
		prefix := ""
		class := javaClassRE.FindStringSubmatchIndex(src.code)
		if class != nil {
			prefix = slash(src.code[class[2]:class[3]])
		}
		for _, m := range javaRouteRE.FindAllStringSubmatchIndex(src.code, -1) {
			route, below := "", prefix
			if m[2] >= 0 {
				route = src.code[m[2]:m[3]]
			} else {
				route = src.code[m[4]:m[5]]
			}
			if class != nil && m[0] >= class[0] && m[0] < class[1] {
				below = "" // the class's own
			}
			route = strings.TrimSuffix(below, "/") + slash(route)
			i := slices.Index(healthy, path.Base(route))
			if i < 0 || strings.ContainsAny(route, "{:*") || best >= 0 && i >= best {
				continue
			}
			best = i
			s.Health = Fact{Value: base + route, At: src.at(m[0])}
		}
	}
}

// open tells whether the routes of the actuator answer somebody who is not logged in.
func (p *javaProject) open() bool {
	for _, src := range p.sources {
		if javaSecureRE.MatchString(src.code) && !strings.Contains(src.code, "/actuator") && !strings.Contains(src.code, "EndpointRequest") && !strings.Contains(src.code, "anyRequest().permitAll") && p.applies(src) {
			p.s.Notes = append(p.s.Notes, src.file+" guards all routes: one that tells how the program is, such as /actuator/health, has to be let through")
			return false
		}
	}
	return true
}

var (
	javaConditionRE = regexp.MustCompile(`@ConditionalOnProperty\(([^)]*)\)`)
	javaTypeRE      = regexp.MustCompile(`\b(?:class|object)\s+[A-Z]\w*`)
	javaProfileRE   = regexp.MustCompile(`@Profile\(\s*(?:value\s*=\s*)?\{?\s*"([^"]+)"`)
	javaArgRE       = regexp.MustCompile(`(?:(\w+)\s*=\s*)?(?:\{\s*)?"([^"]*)"`)
)

// applies tells whether a class is part of the program as it is set up where nobody says
// otherwise: a property or a profile that it stands under may be off.
// Source: docs.spring.io/spring-boot: ConditionalOnProperty.
func (p *javaProject) applies(src *javaSource) bool {
	head := src.code
	if at := javaTypeRE.FindStringIndex(head); at != nil {
		head = head[:at[0]] // what stands before a method is about that alone
	}
	if m := javaProfileRE.FindStringSubmatch(head); m != nil {
		on, _, _ := p.setting("spring.profiles.active", "spring.profiles.default")
		active := slices.ContainsFunc(strings.Split(cmp.Or(on, "default"), ","), func(a string) bool { return strings.TrimSpace(a) == strings.TrimPrefix(m[1], "!") })
		return active != strings.HasPrefix(m[1], "!")
	}
	m := javaConditionRE.FindStringSubmatch(head)
	if m == nil {
		return true
	}
	said := map[string]string{}
	for _, a := range javaArgRE.FindAllStringSubmatch(m[1], -1) {
		said[cmp.Or(a[1], "value")] = a[2]
	}
	key := cmp.Or(said["name"], said["value"])
	if pre := said["prefix"]; pre != "" {
		key = strings.TrimSuffix(pre, ".") + "." + key
	}
	value, variable, at := p.setting(plainKey(key))
	switch {
	case variable != "" && value == "":
		return true // nobody knows
	case at == (Place{}):
		return strings.Contains(strings.ReplaceAll(m[1], " ", ""), "matchIfMissing=true")
	case said["havingValue"] != "":
		return strings.EqualFold(value, said["havingValue"])
	}
	return !strings.EqualFold(value, "false")
}

// variables notes the environment variables that the program reads.
func (p *javaProject) variables() {
	note := func(v Variable) {
		if known[v.Name] {
			return
		}
		v.Secret = secret.Named(v.Name)
		for i := range p.s.Env {
			if have := &p.s.Env[i]; have.Name == v.Name {
				have.Required, have.Default = have.Required || v.Required, cmp.Or(have.Default, v.Default)
				return
			}
		}
		p.s.Env = append(p.s.Env, v)
	}
	for _, c := range p.config {
		for _, m := range javaRefRE.FindAllStringSubmatch(c.value, -1) {
			note(Variable{Name: m[1], At: c.at, Default: m[2], Required: !strings.Contains(m[0], ":")})
		}
	}
	for _, c := range p.config {
		if name := overriddenBy(c.key); name != "" && !strings.Contains(c.value, "${") {
			note(Variable{Name: name, At: c.at, Default: c.value})
		}
	}
	for _, src := range p.sources {
		for _, m := range javaRefRE.FindAllStringSubmatchIndex(src.code, -1) {
			def := ""
			if m[4] >= 0 {
				def = src.code[m[4]:m[5]]
			}
			if strings.Contains(src.code[max(0, m[0]-12):m[0]], "@Value(") {
				note(Variable{Name: src.code[m[2]:m[3]], At: src.at(m[0]), Default: def, Required: m[4] < 0})
			}
		}
		for _, m := range javaEnvRE.FindAllStringSubmatchIndex(src.code, -1) {
			v := Variable{Name: src.code[m[2]:m[3]], At: src.at(m[0])}
			if d := javaOrRE.FindStringSubmatch(src.code[m[1]:]); d != nil {
				v.Default = d[1]
			} else if d := javaReturnRE.FindStringSubmatch(src.code[m[1]:min(m[1]+300, len(src.code))]); d != nil && strings.HasSuffix(v.Name, "PORT") {
				v.Default = d[1]
			}
			note(v)
		}
		for _, m := range javaPairRE.FindAllStringSubmatchIndex(src.code, -1) {
			note(Variable{Name: src.code[m[2]:m[3]], At: src.at(m[0]), Default: src.code[m[4]:m[5]]})
		}
	}
}

// javaReturnRE matches the number that a method gives back where a variable has no value.
var javaReturnRE = regexp.MustCompile(`\breturn\s+(\d{2,5})\s*;`)

// overriddenBy is the variable that sets a property of Spring Boot or Quarkus which says
// where a service is; "" = it is another property. Source: docs.spring.io/spring-boot:
// externalized configuration, binding from environment variables; quarkus.io: configuration
// reference, environment variables.
func overriddenBy(key string) string {
	switch key {
	case "spring.datasource.url", "spring.datasource.username", "spring.datasource.password",
		"spring.r2dbc.url", "spring.r2dbc.username", "spring.r2dbc.password",
		"spring.data.mongodb.uri", "spring.data.redis.host", "spring.data.redis.url", "spring.redis.host", "spring.rabbitmq.host", "spring.kafka.bootstrapservers",
		"quarkus.datasource.username", "quarkus.datasource.password":
		return strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
	case "quarkus.datasource.jdbc.url", "quarkus.datasource.reactive.url":
		return strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
	}
	return ""
}

// javaWrites notes what the program makes where it runs.
func (p *javaProject) javaWrites() {
	note := func(v string, at Place) {
		v = path.Clean(v)
		if strings.HasPrefix(v, "/tmp") || strings.ContainsAny(v, "${~ ") || strings.HasPrefix(v, "..") || strings.HasPrefix(v, "mem:") || v == "." {
			return
		}
		dir := v
		if path.Ext(v) != "" {
			dir = path.Dir(v)
		}
		if dir == "." {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a variable say where it lies, in a folder of its own", at, v))
		} else if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir }) {
			p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
		}
	}
	for _, c := range p.config {
		switch {
		case c.key == "logging.file.name", c.key == "logging.file":
			note(c.value, c.at)
		case c.key == "logging.file.path":
			note(path.Join(c.value, "x.log"), c.at)
		case strings.HasSuffix(c.key, ".url"):
			if m := javaFileURLRE.FindStringSubmatch(c.value); m != nil && !strings.HasPrefix(m[1], "mem") && !strings.HasPrefix(m[1], "tcp") {
				file := m[1]
				if path.Ext(file) == "" {
					file += ".db"
				}
				note(file, c.at)
			}
		}
	}
	for _, src := range p.sources {
		for _, m := range javaWriteRE.FindAllStringSubmatchIndex(src.code, -1) {
			for i := 2; i < len(m); i += 2 {
				if m[i] >= 0 {
					note(src.code[m[i]:m[i+1]], src.at(m[0]))
				}
			}
		}
	}
}

// gather tells what the build reads, and what the program reads where it runs.
func (p *javaProject) gather() {
	j, t := p.j, p.t
	family := p.family(p.mod)
	j.Siblings = len(family) > 1
	add := func(name string) {
		if name = path.Clean(name); (t.has[name] || t.dir(name)) && !slices.Contains(j.Code, name) && !slices.Contains(j.Files, name) {
			j.Code = append(j.Code, name)
		}
	}
	for _, m := range family {
		add(path.Join(m.dir, "src"))
		text := string(t.read(m.file))
		for _, name := range t.in(m.dir) {
			base := path.Base(strings.TrimSuffix(name, "/"))
			if slices.ContainsFunc(p.mods, func(o *javaModule) bool { return o.dir == strings.TrimSuffix(name, "/") }) || sides[base] || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "mvnw") || strings.HasPrefix(base, "gradlew") || base == "gradle" {
				continue
			}
			if base == "lombok.config" || strings.Contains(text, "/"+base) && !strings.Contains(text, "://"+base) && !strings.Contains(text, "</"+base) || strings.Contains(text, ">"+base+"<") && path.Ext(base) != "" {
				add(strings.TrimSuffix(name, "/"))
			}
		}
	}
	for _, d := range j.Data { // what builds the build
		add(d)
	}
	j.Data = nil
	slices.Sort(j.Code)
	for _, name := range t.in(".") {
		base := strings.TrimSuffix(name, "/")
		if slices.Contains(j.Code, base) || slices.Contains(j.Files, base) || sides[base] {
			continue
		}
		if base == "config" && slices.ContainsFunc(t.below("config"), func(f string) bool { return strings.HasPrefix(path.Base(f), "application") }) && p.mod.boot != "" || p.reads(base, strings.HasSuffix(name, "/")) {
			j.Data = append(j.Data, base)
		}
	}
	p.s.Sources = j.Data
}

// reads tells whether the source opens a file or a folder of the project.
func (p *javaProject) reads(base string, folder bool) bool {
	for _, src := range p.sources {
		for _, m := range javaReadRE.FindAllStringSubmatch(src.code, -1) {
			v := strings.TrimPrefix(m[1], "./")
			if v == base || folder && strings.HasPrefix(v, base+"/") {
				return true
			}
		}
	}
	return false
}
