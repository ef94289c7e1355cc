package stack

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A netSetting is a value of appsettings.json, by its full key.
type netSetting struct {
	key, value string
	at         Place
}

var (
	netDevRE    = regexp.MustCompile(`\bif\s*\([^{};]*\bIsDevelopment\s*\(\s*\)[^{};]*\)`)
	netWorkRE   = regexp.MustCompile(`:\s*(?:BackgroundService|IHostedService)\b|\bAddHostedService\b|\bAddQuartz|\bAddHangfireServer\b|\bwhile\s*\(\s*(?:true|!\s*\w+\.IsCancellationRequested)\s*\)|\bhost\.Run(?:Async)?\(`)
	netServesRE = regexp.MustCompile(`\bnew\s+(?:HttpListener|TcpListener)\b`)
	netCookieRE = regexp.MustCompile(`\bAdd(?:Cookie|Antiforgery|RazorPages|ControllersWithViews|Identity\w*|Session|RazorComponents|ServerSideBlazor)\b`)
)

// read reads the source of the program and of what it is built of, without what is for
// development alone, and its settings.
func (p *netLooker) read() {
	total := 0
	for _, m := range p.family {
		for _, f := range p.t.below(m.dir) {
			if ext := path.Ext(f); ext != ".cs" && ext != ".fs" && ext != ".vb" || built(m.dir, f) || p.other(m, f) {
				continue
			}
			data := p.t.read(f)
			if total += len(data); total > maxSource {
				break
			}
			p.sources = append(p.sources, script{f, withoutDevelopment(uncommented(string(data)))})
		}
	}
	p.config = map[string]netSetting{}
	for _, name := range []string{"appsettings.json", "appsettings.Production.json"} {
		p.settings(path.Join(p.main.dir, name))
	}
}

// built tells whether a file lies in a folder that a build fills.
func built(dir, file string) bool {
	rest := strings.TrimPrefix(file, dir+"/")
	return strings.HasPrefix(rest, "bin/") || strings.HasPrefix(rest, "obj/")
}

// other tells whether a file belongs to another project, below this one.
func (p *netLooker) other(m *netProject, file string) bool {
	for _, f := range p.names {
		if o := p.projects[f]; o != m && len(o.dir) > len(m.dir) && strings.HasPrefix(file, o.dir+"/") {
			return true
		}
	}
	return m.dir == "." && isSide(file)
}

// withoutDevelopment is source without the blocks that run in development alone.
func withoutDevelopment(text string) string {
	for {
		m := netDevRE.FindStringIndex(text)
		if m == nil {
			return text
		}
		end, depth := m[1], 0
		for i := m[1]; i < len(text); i++ {
			switch text[i] {
			case '{':
				depth++
			case '}':
				depth--
			}
			if depth == 0 && (text[i] == '}' || text[i] == ';') {
				end = i + 1
				break
			}
		}
		if strings.Contains(text[m[0]:m[1]], "!") { // where it is not
			end = m[1]
		}
		text = text[:m[0]] + strings.Repeat("\n", strings.Count(text[m[0]:end], "\n")) + text[end:]
	}
}

// settings reads a file of settings; the later wins.
func (p *netLooker) settings(file string) {
	data := p.t.read(file)
	if data == nil {
		return
	}
	var doc yaml.Node // which JSON is, with lines
	if yaml.Unmarshal(plainTabs(plainJSON(data)), &doc) != nil {
		return
	}
	var follow func(key string, n *yaml.Node)
	follow = func(key string, n *yaml.Node) {
		switch n.Kind {
		case yaml.DocumentNode:
			for _, c := range n.Content {
				follow(key, c)
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				follow(strings.TrimPrefix(key+":"+n.Content[i].Value, ":"), n.Content[i+1])
			}
		case yaml.ScalarNode:
			p.config[strings.ToLower(key)] = netSetting{key, n.Value, Place{file, n.Line}}
		}
	}
	follow("", &doc)
}

// plainTabs are tabs as YAML takes them.
func plainTabs(data []byte) []byte { return []byte(strings.ReplaceAll(string(data), "\t", " ")) }

// kind tells what the program does for a living.
func (p *netLooker) kind() {
	s, m := p.s, p.main
	works := false
	for _, f := range p.sources {
		works = works || netWorkRE.MatchString(f.text)
		if at := netServesRE.FindStringIndex(f.text); at != nil && !s.Server.Known() {
			s.Server = Fact{Value: "its own", At: Place{f.file, lineAt(f.text, at[0])}}
		}
	}
	for _, o := range p.family {
		p.d.Web = p.d.Web || o.web()
	}
	switch {
	case m.web():
		s.Kind = Service
		s.Framework = Fact{Value: "ASP.NET Core", At: Place{File: m.file}}
		s.Server = Fact{Value: "Kestrel", At: Place{File: m.file}}
	case m.sdkName() == "Microsoft.NET.Sdk.Worker":
		s.Kind = Worker
		s.Framework = Fact{Value: "Worker Service", At: Place{File: m.file}}
	case s.Server.Known():
		s.Kind = Service
	case works:
		s.Kind = Worker
	default:
		s.Kind = Job
	}
	if p.opt.Kind != "" {
		s.Kind = p.opt.Kind
	}
	if s.Kind != Service {
		s.Server = Fact{}
	}
}

// netProviders are the calls by which Entity Framework is told of a database.
// Source: learn.microsoft.com/ef/core/providers.
var netProviders = map[string]*regexp.Regexp{
	"PostgreSQL": regexp.MustCompile(`\.UseNpgsql\(`), "MySQL": regexp.MustCompile(`\.UseMySQL?\(|\.UseMySql\(`), "SQL Server": regexp.MustCompile(`\.UseSqlServer\(`),
}

var (
	netSqliteRE     = regexp.MustCompile(`\.UseSqlite\(`)
	netSqliteTextRE = regexp.MustCompile(`(?i)(?:=|\?\?)\s*"sqlite"`)
)

// sqliteInstead tells whether the program keeps its data in a file of SQLite, though a package
// for a server of databases is there too: its source never names that one, or chooses, and
// SQLite is what it takes where nobody says otherwise.
func (p *netLooker) sqliteInstead(service string) bool {
	provider := netProviders[service]
	has := func(re *regexp.Regexp) bool {
		return slices.ContainsFunc(p.sources, func(f script) bool { return re.MatchString(f.text) })
	}
	if provider == nil || !has(netSqliteRE) {
		return false
	}
	if !has(provider) || has(netSqliteTextRE) {
		return true
	}
	for _, s := range p.config {
		if strings.EqualFold(s.value, "sqlite") {
			return true
		}
	}
	return false
}

func (p *netLooker) services() {
	for _, c := range knowledge.ServiceClients() {
		if x, ok := p.asks(c.DotNet...); ok && !p.sqliteInstead(c.Service) {
			p.s.Services = append(p.s.Services, Fact{Value: c.Service, At: x.at, Why: x.name})
		}
	}
	for _, f := range p.sources {
		if m := netCookieRE.FindStringIndex(f.text); m != nil && !slices.ContainsFunc(p.sources, func(o script) bool { return strings.Contains(o.text, "PersistKeysTo") }) {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s:%d signs cookies with keys that each container makes for itself: with two of them, or after a restart, people are logged out; PersistKeysTo… keeps the keys where all find them", f.file, lineAt(f.text, m[0])))
			break
		}
	}
	migrates := slices.ContainsFunc(p.sources, func(f script) bool {
		return regexp.MustCompile(`\.(?:Migrate|MigrateAsync|EnsureCreated\w*)\(`).MatchString(f.text)
	})
	for _, m := range p.family {
		if dir := path.Join(m.dir, "Migrations"); p.t.dir(dir) && !migrates {
			p.s.Notes = append(p.s.Notes, dir+" holds migrations that nothing in the source applies: `dotnet ef migrations bundle` makes a program of them, which runs once before a new version")
			break
		}
	}
}
