package stack

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// A cppServer is a way in which programs listen.
type cppServer struct {
	name    string // "" = sockets by hand
	is      *regexp.Regexp
	port    *regexp.Regexp // its groups: the host, then the port as it is written
	handles bool           // it ends in order on SIGTERM by itself
}

// number is a port as it is written: a number, or the name of one.
const number = `(\w+(?:\(\w*\))?)`

// member is a port as number has it, or a member of something: settings.listenPort.
const member = `((?:\w+(?:\.|->|::))*\w+(?:\(\w*\))?)`

// cppServers are those that are known.
// Source: the README of each, on GitHub: yhirose/cpp-httplib, CrowCpp/Crow (signals: App::run),
// drogonframework/drogon (signals: setTermSignalHandler), pistacheio/pistache, oatpp/oatpp,
// cesanta/mongoose, civetweb/civetweb, uNetworking/uWebSockets, microsoft/cpprestsdk,
// pocoproject/poco; gnu.org: libmicrohttpd; libwebsockets.org: lws_context_creation_info; boost.org: Asio, Beast; grpc.io: C++; libevent.org.
var cppServers = []*cppServer{
	{name: "gRPC", is: regexp.MustCompile(`\bServerBuilder\b`), port: regexp.MustCompile(`\bAddListeningPort\(\s*()"[^"]*:(\d{2,5})"`)},
	{name: "cpp-httplib", is: regexp.MustCompile(`\bhttplib::(?:SSL)?Server\b`), port: regexp.MustCompile(`(?:\.|->)(?:listen|bind_to_port)\(\s*("[^"]*"|[\w.>:()-]+)\s*,\s*` + member)},
	{name: "Crow", is: regexp.MustCompile(`\bcrow::(?:SimpleApp|App|Crow)\b`), port: regexp.MustCompile(`\.port\(()\s*` + number), handles: true},
	{name: "Drogon", is: regexp.MustCompile(`\bdrogon::app\(\)|\bHttpAppFramework\b|\bdrogon/drogon\.h\b`), port: regexp.MustCompile(`\.addListener\(\s*"([^"]*)"\s*,\s*` + number), handles: true},
	{name: "Pistache", is: regexp.MustCompile(`\bPistache\b|\bHttp::Endpoint\b`), port: regexp.MustCompile(`\bPort\s*(?:\w+)?\(()\s*` + number)},
	{name: "Oat++", is: regexp.MustCompile(`\boatpp::network\b`), port: regexp.MustCompile(`\{\s*"([^"]*)"\s*,\s*(\d{2,5})\s*,\s*oatpp::network`)},
	{name: "Mongoose", is: regexp.MustCompile(`\bmg_http_listen\(`), port: regexp.MustCompile(`"https?://([^":/]*):(\d{2,5})`)},
	{name: "CivetWeb", is: regexp.MustCompile(`\bCivetServer\b|\bmg_start\(`), port: regexp.MustCompile(`"listening_ports"\s*,()\s*"(\d{2,5})`)},
	{name: "libmicrohttpd", is: regexp.MustCompile(`\bMHD_start_daemon\(`), port: regexp.MustCompile(`\bMHD_start_daemon\(()[^;]*?,\s*` + number + `\s*,`)},
	{name: "libwebsockets", is: regexp.MustCompile(`\blws_create_context\(`), port: regexp.MustCompile(`\.port\s*=()\s*` + number)},
	{name: "uWebSockets", is: regexp.MustCompile(`\buWS::(?:SSL)?App\b`), port: regexp.MustCompile(`\.listen\(()\s*` + number)},
	{name: "cpprestsdk", is: regexp.MustCompile(`\bhttp_listener\b`), port: regexp.MustCompile(`"https?://([^":/]*):(\d{2,5})`)},
	{name: "Poco", is: regexp.MustCompile(`\bHTTPServer\b`), port: regexp.MustCompile(`\bServerSocket\s*\w*[({]()\s*` + number)},
	{name: "libevent", is: regexp.MustCompile(`\bevhttp_(?:bind_socket|accept_socket)`), port: regexp.MustCompile(`\bevhttp_bind_socket\w*\([^,]*,\s*"([^"]*)"\s*,\s*` + number)},
	{name: "Boost.Beast", is: regexp.MustCompile(`\bboost/beast\b`), port: asioPort},
	{name: "Asio", is: regexp.MustCompile(`\btcp::acceptor\b|\bbasic_socket_acceptor\b`), port: asioPort},
	{is: regexp.MustCompile(`\blisten\(\s*[\w.>-]+\s*,\s*\w+\s*\)`), port: regexp.MustCompile(`\bhtons\(()\s*` + number)},
}

var asioPort = regexp.MustCompile(`\btcp::acceptor\s*\w*[({][^;{]*\{()[^,;{}]*,\s*` + number + `\s*\}|\btcp::endpoint\s*\w*[({](?:[^,;"]*?(?:make_address\w*|from_string)\(\s*"([^"]*)"\s*\)|[^,;"]*)\s*,\s*(?:static_cast<[^>]*>\(\s*)?` + number)

// cppServes is the way in which a source listens; nil = in none.
func cppServes(text string) *cppServer {
	for _, s := range cppServers {
		if s.is.MatchString(text) {
			// A client has a TCP endpoint and Beast too.
			if s.name == "Boost.Beast" && !strings.Contains(text, "acceptor") {
				continue
			}
			if s.name == "" && !regexp.MustCompile(`\bbind\(`).MatchString(text) {
				continue
			}
			return s
		}
	}
	return nil
}

// serves is the way in which a source of the project listens; nil = it does not.
func (p *cppProject) serves(f script) *cppServer {
	s, ok := p.served[f.file]
	if !ok {
		s = cppServes(f.text)
		p.served[f.file] = s
	}
	return s
}

var cppIncludeRE = regexp.MustCompile(`(?m)^\s*#\s*include\s*"([^"]+)"`)

// speaksHTTP tells whether a source that listens by sockets, or one whose header it
// includes, writes answers of HTTP.
func (p *cppProject) speaksHTTP(f script) bool {
	stems := map[string]bool{}
	for _, m := range cppIncludeRE.FindAllStringSubmatch(f.text, -1) {
		stems[strings.TrimSuffix(path.Base(m[1]), path.Ext(m[1]))] = true
	}
	return slices.ContainsFunc(p.sources, func(o script) bool {
		base := path.Base(o.file)
		return (o.file == f.file || stems[strings.TrimSuffix(base, path.Ext(base))]) && strings.Contains(o.text, "HTTP/1.")
	})
}

var (
	cppAddressRE = regexp.MustCompile(`\b(?:make_address(?:_v[46])?|from_string)\(\s*"([^"]*)"`)

	cppLoopRE  = regexp.MustCompile(`\bwhile\s*\(\s*(?:true|1)\s*\)|\bfor\s*\(\s*;\s*;\s*\)|\bwhile\s*\(\s*!?\s*\w*(?:running|stop|quit|done|shutdown|terminate)\w*(?:\.load\(\))?\s*\)`)
	cppGetRE   = regexp.MustCompile(`\b(?:std::)?(?:getenv|getEnv|GetEnv|get_env)\(\s*"([A-Z][A-Z0-9_]*)"\s*\)`)
	cppElseRE  = regexp.MustCompile(`^[^;]{0,120}?:\s*"([^"]*)"`)
	cppNumRE   = regexp.MustCompile(`^[^;]{0,120}?:\s*(\d{2,5})\b`)
	cppRouteRE = regexp.MustCompile(`"(/[\w/.-]*)"`)
	cppMakeRE  = regexp.MustCompile(`\b(?:create_director(?:y|ies)|mkdir|sqlite3_open(?:_v2)?)\(\s*"([^"]+)"|\bofstream\s*\w*[({]\s*"([^"]+)"|\bfopen\(\s*"([^"]+)"\s*,\s*"[wa]`)
)

// kind tells whether it serves, works on without end, or comes to one.
func (p *cppProject) kind() {
	s := p.s
	s.Kind = Job
	for _, f := range p.sources {
		if cppLoopRE.MatchString(f.text) {
			s.Kind = Worker
		}
	}
	for _, f := range p.sources {
		if w := p.serves(f); w != nil {
			s.Kind = Service
			at := Place{f.file, lineAt(f.text, w.is.FindStringIndex(f.text)[0])}
			s.Server = Fact{Value: "its own", At: at}
			if w.name != "" {
				s.Framework = Fact{Value: w.name, At: at}
			}
			p.c.GRPC = w.name == "gRPC"
			http := w.name != "" && w.name != "Asio" && w.name != "gRPC" || p.speaksHTTP(f) || slices.ContainsFunc(p.sources, func(o script) bool { return strings.Contains(o.text, "boost/beast") })
			p.c.Raw = !http && !p.c.GRPC
			p.c.Handles = w.handles
			break
		}
	}
	s.Kind = cmp.Or(p.opt.Kind, s.Kind)
	p.clients()
}

// port finds where the program listens.
func (p *cppProject) port() {
	s := p.s
	if s.Kind != Service {
		return
	}
	own := func(f script, m []int) bool {
		return !besideRE.MatchString(path.Base(f.file)) && !isBeside(f.text, m[0], m[1])
	}
	sources := slices.Clone(p.sources)
	slices.SortStableFunc(sources, func(a, b script) int {
		rank := func(f script) int {
			if w := p.serves(f); w != nil && slices.ContainsFunc(w.port.FindAllStringSubmatchIndex(f.text, -1), func(m []int) bool { return own(f, m) }) {
				return 0
			}
			return 1 // beside the program's own, where it has one
		}
		return rank(a) - rank(b)
	})
	for _, f := range sources {
		w := p.serves(f)
		if w == nil {
			continue
		}
		all := w.port.FindAllStringSubmatchIndex(f.text, -1)
		if len(all) == 0 {
			continue
		}
		m := all[0]
		if i := slices.IndexFunc(all, func(m []int) bool { return own(f, m) }); i > 0 {
			m = all[i]
		}
		at := Place{f.file, lineAt(f.text, m[0])}
		if len(m) > 6 && m[4] < 0 { // the other way to write it
			m = slices.Concat(m[:2], m[6:])
		}
		host := ""
		if m[2] >= 0 {
			host = f.text[m[2]:m[3]]
		}
		if a := cppAddressRE.FindStringSubmatch(f.text); host == "" && w.port == asioPort && a != nil {
			host = a[1]
		}
		host = p.hostOf(host)
		if isLocal(host) {
			s.Notes = append(s.Notes, fmt.Sprintf("%s listens for the container itself alone, and nobody reaches it from outside: 0.0.0.0 is right there", at))
		}
		word := f.text[m[4]:m[5]]
		if value, where := p.declared(); value != "" && strings.ContainsAny(word, ".>") {
			s.Port = Fact{Value: value, At: where}
		} else if value, where, ok := p.valueOf(word, at); ok && !strings.HasSuffix(word, ".port") && !strings.HasSuffix(word, ">port") {
			s.Port = Fact{Value: value, At: where} // of many things that have a port it may be any
		}
		if s.Port.Known() {
			break
		}
	}
	if value, at := p.declared(); !s.Port.Known() && value != "" {
		s.Port = Fact{Value: value, At: at}
	}
	for _, f := range p.sources { // what a variable says wins over all that is written
		for _, m := range cppGetRE.FindAllStringSubmatchIndex(f.text, -1) {
			if name := f.text[m[2]:m[3]]; name == "PORT" || strings.HasSuffix(name, "_PORT") && s.Port.Value == "" && !slices.ContainsFunc(s.Services, func(c Fact) bool { return true }) {
				value := s.Port.Value
				if d := cppNumRE.FindStringSubmatch(f.text[m[1]:]); d != nil {
					value = d[1]
				} else if d := cppElseRE.FindStringSubmatch(f.text[m[1]:]); d != nil && strings.Trim(d[1], "0123456789") == "" {
					value = d[1]
				}
				s.Port = Fact{Value: cmp.Or(value, "8080"), At: Place{f.file, lineAt(f.text, m[0])}, Why: "from " + name}
				if p.opt.Port > 0 {
					s.Port.Value, s.Port.Why = itoa(p.opt.Port), p.opt.port().Why
				}
				s.Set = append(s.Set, Tool{Name: name, Version: s.Port.Value})
				return
			}
		}
	}
	if p.opt.Port > 0 {
		s.Port = p.opt.port()
		return
	}
	if !s.Port.Known() {
		s.Port = Fact{Value: "8080", Why: "default"}
		s.Notes = append(s.Notes, "the source does not say where it listens: --port says it")
	}
}

// cppDeclaredRE is a number that a program's settings have for where it listens.
var cppDeclaredRE = regexp.MustCompile(`(?i)\b(?:int|unsigned|short|long|u?int16_t|u?int32_t|size_t|auto)\s+(?:listen|server|http|bind|web)_?port\w*\s*(?:=|\{)\s*(\d{2,5})\b`)

// declared is the port that the settings of the program have, where the call that listens
// is handed it through others; "" = none, or more than one.
func (p *cppProject) declared() (string, Place) {
	value, at := "", Place{}
	for _, f := range p.sources {
		for _, m := range cppDeclaredRE.FindAllStringSubmatchIndex(f.text, -1) {
			v := f.text[m[2]:m[3]]
			if value != "" && v != value {
				return "", Place{}
			}
			value, at = v, Place{f.file, lineAt(f.text, m[0])}
		}
	}
	return value, at
}

// hostOf is the address that a call is given to listen on: as it is written, or as the
// member or variable that it is has it where nobody says otherwise; "" = not known.
func (p *cppProject) hostOf(word string) string {
	if word == "" || word[0] == '"' {
		return strings.Trim(word, `"`)
	}
	if word[0] >= '0' && word[0] <= '9' {
		return word
	}
	word = strings.TrimSuffix(strings.TrimSuffix(word, ".c_str()"), ".data()")
	name := regexp.QuoteMeta(word[strings.LastIndexAny(word, ".:>")+1:])
	if name == "" {
		return ""
	}
	re := regexp.MustCompile(`\b` + name + `\s*(?:=|\{)\s*"([^"]*)"`)
	for _, f := range p.sources {
		if m := re.FindStringSubmatch(f.text); m != nil {
			return m[1]
		}
	}
	return ""
}

// valueOf is the number that a word stands for.
func (p *cppProject) valueOf(word string, at Place) (string, Place, bool) {
	if strings.Trim(word, "0123456789") == "" {
		return word, at, word != ""
	}
	word = strings.TrimSuffix(strings.SplitN(word, "(", 2)[0], "()")
	name := regexp.QuoteMeta(word[strings.LastIndexAny(word, ".:>")+1:])
	re := regexp.MustCompile(`#define\s+` + name + `\s+(\d{2,5})|\b` + name + `\s*(?:=|\{|\()\s*(?:[^;\n]*?:\s*)?(\d{2,5})\b`)
	for _, f := range p.sources {
		if m := re.FindStringSubmatchIndex(f.text); m != nil {
			for i := 2; i < len(m); i += 2 {
				if m[i] >= 0 {
					return f.text[m[i]:m[i+1]], Place{f.file, lineAt(f.text, m[i])}, true
				}
			}
		}
	}
	return "", Place{}, false
}

// health finds the route that tells how the program is.
func (p *cppProject) health() {
	if p.s.Kind != Service || p.c.Raw || p.c.GRPC {
		return
	}
	best := -1
	for _, f := range p.sources {
		for _, m := range cppRouteRE.FindAllStringSubmatchIndex(f.text, -1) {
			route := f.text[m[2]:m[3]]
			if i := slices.Index(healthy, path.Base(route)); i >= 0 && (best < 0 || i < best) {
				best = i
				p.s.Health = Fact{Value: route, At: Place{f.file, lineAt(f.text, m[0])}}
			}
		}
	}
}

// variables notes the environment variables that the program reads.
func (p *cppProject) variables() {
	for _, f := range p.sources {
		for _, m := range cppGetRE.FindAllStringSubmatchIndex(f.text, -1) {
			v := Variable{Name: f.text[m[2]:m[3]], At: Place{f.file, lineAt(f.text, m[0])}}
			if known[v.Name] || slices.ContainsFunc(p.s.Set, func(t Tool) bool { return t.Name == v.Name }) {
				continue
			}
			if d := cppElseRE.FindStringSubmatch(f.text[m[1]:]); d != nil {
				v.Default = d[1]
			}
			v.Secret = secret.Named(v.Name)
			if i := slices.IndexFunc(p.s.Env, func(have Variable) bool { return have.Name == v.Name }); i >= 0 {
				p.s.Env[i].Default = cmp.Or(p.s.Env[i].Default, v.Default)
				continue
			}
			p.s.Env = append(p.s.Env, v)
		}
	}
}

// clients tells which services the program talks to, by what it is linked with.
func (p *cppProject) clients() {
	for _, a := range p.r.asks {
		for _, c := range knowledge.ServiceClients() {
			for _, name := range a.names {
				if slices.Contains(c.CPP, name) && !p.s.talks(c.Service) {
					p.s.Services = append(p.s.Services, Fact{Value: c.Service, At: a.at, Why: name})
				}
			}
		}
	}
}

// cppBuiltin are packages that CMake finds without any of Debian's beyond those of the
// compiler.
var cppBuiltin = map[string]bool{"Threads": true, "PkgConfig": true, "Git": true, "CTest": true, "Doxygen": true, "pthread": true, "dl": true, "m": true, "rt": true, "stdc++fs": true, "stdc++": true, "atomic": true, "util": true, "Sanitizers": true, "ccache": true, "Python3": true, "Python": true, "ClangFormat": true, "gcov": true}

// native tells which packages of Debian it is built and linked with: also where another
// manager of packages is at hand, unless it alone has them.
func (p *cppProject) native() error {
	other := firstFile(p.t, "vcpkg.json", "conanfile.txt", "conanfile.py")
	tool := map[bool]string{true: "vcpkg", false: "Conan"}[other == "vcpkg.json"]
	alone := func(at Place, title string) error {
		return &Unsupported{fmt.Sprintf("%s asks for %s, which %s gets from %s, for which init writes no container", at, title, other, tool), "packages of Debian, by find_package, and FetchContent are what it takes"}
	}
	if other != "" && strings.Contains(string(p.t.read("CMakeLists.txt")), "conanbuildinfo") {
		return alone(Place{"CMakeLists.txt", p.t.lineOf("CMakeLists.txt", "conanbuildinfo")}, "conanbuildinfo")
	}
	for _, a := range p.r.asks {
		for _, name := range a.names {
			if p.r.fetched[strings.ToLower(name)] || p.r.byName[name] != nil {
				continue
			}
			n := cppNative(name)
			if n == nil {
				own := p.finder(name)
				if own != nil {
					if found := ownNative(own); found != nil {
						n = found
					}
				}
				if n == nil && a.required && !cppBuiltin[name] && !strings.Contains(name, "/") && !bundled(own) {
					if other != "" {
						return alone(a.at, a.title)
					}
					p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s asks for %s, and which package of Debian has it is not known: name it in the builder, and its library in the final stage", a.at, a.title))
				}
				if n == nil {
					continue
				}
			}
			if name == "Boost" && len(a.names) > 1 {
				continue // its libraries bring the headers
			}
			runtime := slices.Clone(n.Runtime)
			if len(runtime) == 0 {
				for _, dev := range n.Build {
					twins, _ := knowledge.Twins(dev, "bookworm")
					runtime = append(runtime, twins...)
				}
			}
			if slices.ContainsFunc(p.s.Native, func(have Native) bool {
				return slices.Equal(have.Build, n.Build) && slices.Equal(have.Runtime, runtime)
			}) {
				continue
			}
			why := "its headers for the build, its libraries where the program runs"
			if len(runtime) == 0 {
				why = "its headers for the build"
			}
			p.s.Native = append(p.s.Native, Native{Package: name, At: a.at, Build: slices.Clone(n.Build), Runtime: runtime, Why: why})
		}
	}
	if other != "" && len(p.s.Native) > 0 {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s names libraries for %s: the build takes those of Debian, in its versions", other, tool))
	}
	return nil
}

// finder is the module of the project's own by which find_package looks for a package; nil =
// it has none.
func (p *cppProject) finder(name string) []byte {
	for _, f := range p.t.files {
		if path.Base(f) == "Find"+name+".cmake" {
			return p.t.read(f)
		}
	}
	return nil
}

// ownNative is what is known of a package that a module of the project's own looks for, by
// the libraries that it searches.
func ownNative(module []byte) *knowledge.Native {
	for _, c := range cmakeCommands("", module) {
		if c.name != "find_library" && c.name != "pkg_check_modules" && c.name != "pkg_search_module" || len(c.args) < 2 {
			continue
		}
		for _, w := range c.args[1:] {
			if n := cppNative(w); n != nil && w != strings.ToUpper(w) {
				return n
			}
		}
	}
	return nil
}

// bundled tells whether a module finds what lies in the project itself: nothing of the
// system is missing then.
func bundled(module []byte) bool {
	return regexp.MustCompile(`\$\{(?:CMAKE_SOURCE_DIR|PROJECT_SOURCE_DIR|CMAKE_CURRENT_SOURCE_DIR|CMAKE_CURRENT_LIST_DIR)\}`).Match(module)
}

// signals tells whether the program does something about SIGTERM.
func (p *cppProject) signals() {
	for _, f := range p.sources {
		if strings.Contains(f.text, "SIGTERM") {
			p.c.Handles = true
		}
	}
}

// writes notes what the program makes where it runs.
func (p *cppProject) writes() {
	for _, f := range p.sources {
		for _, m := range cppMakeRE.FindAllStringSubmatchIndex(f.text, -1) {
			v := ""
			for i := 2; i < len(m); i += 2 {
				if m[i] >= 0 {
					v = path.Clean(f.text[m[i]:m[i+1]])
				}
			}
			at := Place{f.file, lineAt(f.text, m[0])}
			dir := v
			if path.Ext(v) != "" {
				dir = path.Dir(v)
			}
			switch {
			case strings.HasPrefix(v, "/tmp"), strings.HasPrefix(v, ".."), strings.HasPrefix(v, "/dev"), strings.HasPrefix(v, "/proc"), strings.HasPrefix(v, ":"), v == ".", dir == "/", strings.ContainsAny(v, "% "):
			case dir == ".":
				p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a variable say where it lies, in a folder of its own", at, v))
			case !slices.ContainsFunc(p.s.Writes, func(w Fact) bool { return w.Value == dir }):
				p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
			}
		}
	}
	p.s.Writes = outermost(p.s.Writes)
}

// idle tells of a server that waits for connections on which nothing is asked any more.
// Source: github.com/yhirose/cpp-httplib: README, keep-alive connection (5 seconds).
func (p *cppProject) idle() {
	if p.s.Framework.Value == "cpp-httplib" && p.c.Handles && !slices.ContainsFunc(p.sources, func(f script) bool { return strings.Contains(f.text, "set_keep_alive_timeout") }) {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s ends up to five seconds after SIGTERM, as long as a connection stays open: set_keep_alive_timeout(1) makes it one", p.s.Framework.At))
	}
}

// opens adds what the program names in a folder of sources and that is none: a page, a folder
// of pages.
func (p *cppProject) opens(folder string) {
	c, t := p.c, p.t
	word := regexp.MustCompile(`(?m)^[^\n]*?"(?:\./)?(` + regexp.QuoteMeta(folder) + `/[^"\n]+)"`)
	source := func(f string) bool { return cppFileRE.MatchString(f) || path.Base(f) == "CMakeLists.txt" }
	for _, f := range p.sources {
		for rest := f.text; ; {
			m := word.FindStringSubmatchIndex(rest)
			if m == nil {
				break
			}
			include := strings.HasPrefix(strings.TrimSpace(rest[m[0]:m[1]]), "#")
			name := path.Clean(rest[m[2]:m[3]])
			rest = rest[m[1]:]
			under := func(d string) bool { return name == d || strings.HasPrefix(name, d+"/") }
			switch {
			case include, slices.ContainsFunc(c.Data, under), slices.ContainsFunc(p.s.Writes, func(w Fact) bool { return under(w.Value) }):
			case slices.ContainsFunc(c.Installs, func(d CPPData) bool { return under(d.Name) }):
			case t.dir(name) && slices.ContainsFunc(t.below(name), func(f string) bool { return !source(f) }), !t.dir(name) && t.has[name] && !source(name):
				c.Data = slices.DeleteFunc(c.Data, func(d string) bool { return strings.HasPrefix(d, name+"/") })
				c.Data = append(c.Data, name)
			}
		}
	}
}

// gather tells what the build reads, and what the program reads where it runs.
func (p *cppProject) gather() {
	c, t := p.c, p.t
	named := map[string]bool{}
	add := func(name string) {
		top, _, deep := strings.Cut(name, "/")
		if deep && sides[top] {
			top = name // of a folder of tests only what the build asks for
		}
		named[top] = true
	}
	for _, d := range p.r.dirs {
		if t.dir(d) {
			add(d + "/CMakeLists.txt")
		} else {
			add(d)
		}
	}
	for _, x := range p.r.targets {
		for _, f := range x.sources {
			add(f)
		}
	}
	for _, f := range t.files {
		top, _, deep := strings.Cut(f, "/")
		if sides[top] && deep || strings.HasPrefix(f, ".") || strings.HasPrefix(top, "build") || strings.HasPrefix(top, "cmake-build") {
			continue
		}
		ext := path.Ext(f)
		if cppFileRE.MatchString(f) || slices.Contains([]string{".cmake", ".in", ".proto", ".inl", ".tpp", ".inc", ".def", ".y", ".l", ".s", ".S", ".asm", ".csp"}, ext) || path.Base(f) == "CMakeLists.txt" || f == "CMakePresets.json" {
			named[top] = true
		}
	}
	for _, d := range p.r.data {
		if !slices.ContainsFunc(c.Installs, func(have CPPData) bool { return have.Name == d.name }) {
			c.Installs = append(c.Installs, CPPData{d.name, d.to})
		}
	}
	for _, name := range t.in(".") {
		base := strings.TrimSuffix(name, "/")
		if named[base] {
			c.Code = append(c.Code, base)
			if t.dir(base) {
				p.opens(base)
			}
		}
		if named[base] || sides[base] || strings.HasPrefix(base, ".") || strings.EqualFold(path.Ext(base), ".md") || slices.Contains([]string{"LICENSE", "Makefile", "Dockerfile", "CMakeUserPresets.json"}, base) {
			continue
		}
		if slices.ContainsFunc(c.Installs, func(d CPPData) bool { return d.Name == base || strings.HasPrefix(d.Name, base+"/") }) {
			continue
		}
		word := regexp.MustCompile(`"(?:\./)?` + regexp.QuoteMeta(base) + `(?:/[^"]*)?"`)
		if slices.ContainsFunc(p.sources, func(f script) bool { return word.MatchString(f.text) }) && !slices.ContainsFunc(p.s.Writes, func(w Fact) bool { return w.Value == base }) {
			c.Data = append(c.Data, base)
		}
	}
	for name := range named {
		if strings.Contains(name, "/") && !slices.Contains(c.Code, name) {
			c.Code = append(c.Code, name)
		}
	}
	slices.Sort(c.Code)
	p.s.Sources = c.Data
}
