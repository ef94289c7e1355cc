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

var (
	rubyPortRE   = regexp.MustCompile(`(?m)^\s*(?:port|set\s+:port,|listen)\s*\(?\s*(?:Integer\(|)(?:ENV\.fetch\(\s*["']PORT["']\s*(?:,\s*["']?(\d+)["']?\s*\)|\)\s*\{\s*["']?(\d+))|ENV\[\s*["']PORT["']\s*\]\s*\|\|\s*["']?(\d+)|["']?(\d{2,5})\b)`)
	rubyBindRE   = regexp.MustCompile(`(?m)^\s*bind\s*\(?\s*["']tcp://[^"']*:(\d{2,5})["']`)
	rubyListenRE = regexp.MustCompile(`\bTCPServer\.(?:new|open)\(\s*(?:["']([^"']*)["']\s*,\s*)?(\d{2,5})|\bPort:\s*(\d{2,5})|:Port\s*=>\s*(\d{2,5})`)
	rubyEnvRE    = regexp.MustCompile(`\bENV\[\s*["']([A-Z][A-Z0-9_]*)["']\s*\](?:\s*\|\|\s*["']([^"']*)["'])?|\bENV\.fetch\(\s*["']([A-Z][A-Z0-9_]*)["']\s*(?:,\s*(["'][^"']*["']|\w[\w.]*))?\s*\)(\s*(?:\{\s*(?:["']([^"']*)["'])?|do\b))?`)
	rubyWriteRE  = regexp.MustCompile(`\b(?:FileUtils\.mkdir_p|Dir\.mkdir|File\.write)\(?\s*(?:Rails\.root\.join\(\s*)?["']([\w./-]+)["']`)
	rubyStoreRE  = regexp.MustCompile(`(?m)^\s*config\.active_storage\.service\s*=\s*:(\w+)`)
	rubyDiskRE   = regexp.MustCompile(`(?m)^(\w+):\s*\n(?:\s+.*\n)*?\s+service:\s*Disk`)
	rubySqliteRE = regexp.MustCompile(`database:\s*["']?((?:storage|db|data)/[\w./-]+\.sqlite3?)`)
)

// port finds where a server listens.
func (p *rubyProject) port(server string) {
	s := p.s
	fallback, why := "9292", "default"
	for _, f := range knowledge.Frameworks() {
		if f.Language == "ruby" && f.Name == s.Framework.Value && f.Port > 0 {
			fallback, why = itoa(f.Port), f.Name+"'s default"
		}
	}
	file := map[string]string{"puma": "config/puma.rb", "unicorn": "config/unicorn.rb"}[server]
	if file == "" {
		file = s.App.Value
	}
	code := p.code(file)
	switch {
	case p.opt.Port > 0:
		s.Port = p.opt.port()
	case rubyPortRE.MatchString(code) && server != "":
		m := rubyPortRE.FindStringSubmatchIndex(code)
		for i := 2; i < len(m); i += 2 {
			if m[i] >= 0 {
				s.Port = Fact{Value: code[m[i]:m[i+1]], At: Place{file, lineAt(code, m[i])}}
			}
		}
	case rubyBindRE.MatchString(code):
		m := rubyBindRE.FindStringSubmatchIndex(code)
		s.Port = Fact{Value: code[m[2]:m[3]], At: Place{file, lineAt(code, m[2])}}
	case rubyListenRE.MatchString(code):
		m := rubyListenRE.FindStringSubmatch(code)
		s.Port = Fact{Value: cmp.Or(m[2], m[3], m[4]), At: Place{file, lineAt(code, rubyListenRE.FindStringIndex(code)[0])}}
		if isLocal(m[1]) {
			s.Notes = append(s.Notes, fmt.Sprintf("%s listens for the container itself alone, and nobody reaches it from outside: 0.0.0.0 is right there", s.Port.At))
		}
	default:
		s.Port = Fact{Value: fallback, Why: why}
	}
	if server == "sinatra" {
		s.Args = append(s.Args, "-o", "0.0.0.0", "-p", s.Port.Value)
	}
}

// rubyOwn are variables that Ruby, its servers and Rails read themselves.
var rubyOwn = map[string]bool{"RACK_ENV": true, "APP_ENV": true, "PORT": true, "PIDFILE": true, "WEB_CONCURRENCY": true, "BUNDLE_GEMFILE": true, "CI": true, "SECRET_KEY_BASE_DUMMY": true, "SOLID_QUEUE_IN_PUMA": true, "JOB_CONCURRENCY": true, "HANAMI_ENV": true, "MALLOC_ARENA_MAX": true, "NODE_ENV": true}

// variables notes the environment variables that the program reads.
func (p *rubyProject) variables() {
	note := func(v Variable) {
		if known[v.Name] || rubyOwn[v.Name] || strings.HasPrefix(v.Name, "RAILS_") && v.Name != "RAILS_MASTER_KEY" || strings.HasPrefix(v.Name, "BOOTSNAP_") {
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
	for _, f := range p.sources {
		for _, m := range rubyEnvRE.FindAllStringSubmatchIndex(f.text, -1) {
			get := func(i int) string {
				if m[2*i] < 0 {
					return ""
				}
				return f.text[m[2*i]:m[2*i+1]]
			}
			v := Variable{Name: get(1) + get(3), At: Place{f.file, lineAt(f.text, m[0])}, Default: get(2)}
			if get(3) != "" {
				v.Default = cmp.Or(strings.Trim(get(4), `"'`), get(6))
				if v.Default == "nil" {
					v.Default = ""
				}
				v.Required = get(4) == "" && get(5) == ""
				if v.Required && strings.HasPrefix(f.file, "config/") && !slices.Contains(p.r.Dummies, v.Name) && !rubyOwn[v.Name] {
					p.r.Dummies = append(p.r.Dummies, v.Name)
				}
			}
			note(v)
		}
	}
	if p.s.Framework.Value != "Rails" {
		return
	}
	p.database(note)
	if p.has("sidekiq", "redis", "resque") {
		note(Variable{Name: "REDIS_URL", At: p.at(firstOf(p.used, "sidekiq", "resque", "redis")), Default: "redis://localhost:6379/0"})
	}
	at := Place{File: "config/application.rb"}
	if !p.t.has[at.File] {
		at = p.at("rails")
	}
	// Either stands in the credentials, which the master key opens, or comes from outside.
	note(Variable{Name: "SECRET_KEY_BASE", At: at, Required: true})
	if f := "config/credentials.yml.enc"; p.t.has[f] || p.t.has["config/credentials/production.yml.enc"] {
		if !p.t.has[f] {
			f = "config/credentials/production.yml.enc"
		}
		production := p.code("config/environments/production.rb")
		note(Variable{Name: "RAILS_MASTER_KEY", At: Place{File: f}, Required: regexp.MustCompile(`(?m)^\s*config\.require_master_key\s*=\s*true`).MatchString(production)})
	}
}

func firstOf(set map[string]bool, names ...string) string {
	for _, n := range names {
		if set[n] {
			return n
		}
	}
	return names[0]
}

// database notes DATABASE_URL, which Rails takes for its database whatever else is said,
// where nothing else says on which machine that is.
func (p *rubyProject) database(note func(Variable)) {
	gem := firstOf(p.used, "pg", "mysql2", "trilogy")
	if !p.used[gem] {
		return
	}
	file := "config/database.yml"
	at := Place{File: file}
	if !p.t.has[file] {
		at = p.at(gem)
	}
	code := p.code(file)
	if i := strings.Index(code, "\nproduction:"); i >= 0 {
		at.Line = lineAt(code, i+1)
	}
	elsewhere := regexp.MustCompile(`(?m)^\s*(?:host|url):\s*<%=\s*ENV`).MatchString(code)
	note(Variable{Name: "DATABASE_URL", At: at, Required: !elsewhere})
}

func (p *rubyProject) services() {
	for _, c := range knowledge.ServiceClients() {
		for _, name := range c.Ruby {
			if p.used[name] && !p.s.talks(c.Service) {
				p.s.Services = append(p.s.Services, Fact{Value: c.Service, At: p.at(name), Why: name})
			}
		}
	}
	rails := p.s.Framework.Value == "Rails"
	if rails && len(p.s.Steps) == 0 && (p.t.dir("db/migrate") || p.t.has["db/schema.rb"] || p.t.has["db/structure.sql"]) {
		p.s.Steps = append(p.s.Steps, Process{Name: "migrate", Exec: []string{"bundle", "exec", "rails", "db:prepare"}, At: Place{File: "db/"}})
	}
	if p.has("sidekiq") && !slices.ContainsFunc(p.s.Others, func(o Process) bool { return slices.Contains(o.Exec, "sidekiq") }) && p.s.Kind == Service {
		p.s.Others = append(p.s.Others, Process{Name: "sidekiq", Exec: []string{"bundle", "exec", "sidekiq"}, At: p.at("sidekiq")})
	}
}

// native tells what the gems need of the system. Ruby's image has no compiler, and
// hardly a project is without a gem in C.
func (p *rubyProject) native() {
	for _, n := range knowledge.Natives() {
		if n.Language != "ruby" {
			continue
		}
		for _, name := range n.Packages {
			if !p.used[name] || n.Direct && !slices.ContainsFunc(p.asked, func(a rubyAsk) bool { return a.name == name }) {
				continue
			}
			build, why := n.Build, "it is compiled"
			if p.binary(name) {
				build, why = nil, "its package does not bring them"
				if len(n.Runtime) == 0 || !n.Wheels {
					continue // what it would be linked with is in it
				}
			} else if n.Wheels && len(build) == 0 {
				why = "its package does not bring them"
			}
			p.s.Native = append(p.s.Native, Native{Package: name, At: p.at(name), Build: build, Runtime: n.Runtime, Why: why})
		}
	}
}

// writes notes what the program makes where it runs.
func (p *rubyProject) writes() {
	note := func(v string, at Place) {
		v = path.Clean(v)
		dir := v
		if path.Ext(v) != "" {
			dir = path.Dir(v)
		}
		if dir == "." || strings.HasPrefix(dir, "/tmp") || strings.HasPrefix(dir, "tmp/") || dir == "tmp" || strings.HasPrefix(dir, "..") {
			return
		}
		if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir }) {
			p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
		}
	}
	file := "config/database.yml"
	code := p.code(file)
	if i := strings.Index(code, "\nproduction:"); i >= 0 {
		if m := rubySqliteRE.FindStringSubmatchIndex(code[i:]); m != nil {
			note(code[i+m[2]:i+m[3]], Place{file, lineAt(code, i+m[2])})
		}
	}
	production := "config/environments/production.rb"
	if m := rubyStoreRE.FindStringSubmatchIndex(p.code(production)); m != nil {
		name := p.code(production)[m[2]:m[3]]
		for _, d := range rubyDiskRE.FindAllStringSubmatch(p.code("config/storage.yml"), -1) {
			if d[1] == name {
				note("storage", Place{production, lineAt(p.code(production), m[2])})
			}
		}
	}
	for _, f := range p.sources {
		if path.Ext(f.file) != ".rb" || strings.HasPrefix(f.file, "lib/tasks/") {
			continue
		}
		for _, m := range rubyWriteRE.FindAllStringSubmatchIndex(f.text, -1) {
			note(f.text[m[2]:m[3]], Place{f.file, lineAt(f.text, m[0])})
		}
	}
	p.s.Writes = outermost(p.s.Writes)
}

// outermost leaves out what lies in another folder that it writes.
func outermost(list []Fact) []Fact {
	return slices.DeleteFunc(slices.Clone(list), func(f Fact) bool {
		return slices.ContainsFunc(list, func(o Fact) bool { return strings.HasPrefix(f.Value, o.Value+"/") })
	})
}

// assets tells what has to be compiled, and whether Node.js takes part in it.
func (p *rubyProject) assets() error {
	r := p.r
	if p.s.Framework.Value != "Rails" {
		return nil
	}
	bundlers := []string{"jsbundling-rails", "cssbundling-rails", "vite_rails", "vite_ruby", "shakapacker", "webpacker"}
	r.Assets = p.has("sprockets-rails", "propshaft", "sprockets") && p.t.dir("app/assets") || p.has(bundlers...)
	if !r.Assets {
		return nil
	}
	// execjs is no JavaScript itself.
	r.Engine = p.has("execjs") && !p.has("mini_racer", "therubyracer")
	if !p.t.has["package.json"] || !p.has(bundlers...) {
		return nil
	}
	n, v, notes, err := assets(p.t)
	if err != nil {
		return err
	}
	p.s.Assets, p.s.AssetsVersion = n, v
	p.s.Notes = append(p.s.Notes, notes...)
	return nil
}

// rubyAside are names at the top that a program in production does not read.
var rubyAside = map[string]bool{"spec": true, "features": true, "log": true, "tmp": true, "coverage": true, "storage": true, "node_modules": true, "Procfile": true, "Procfile.dev": true, "Dockerfile": true, "Guardfile": true, "Capfile": true, "package.json": true, "yarn.lock": true, "package-lock.json": true, "pnpm-lock.yaml": true, "bun.lockb": true, "bun.lock": true, "app.json": true, "Makefile": true, "Vagrantfile": true, "Brewfile": true, "Brewfile.lock.json": true, "config.ru.bak": true}

// gather tells what belongs into the image.
func (p *rubyProject) gather() {
	for _, name := range p.t.in(".") {
		base := strings.TrimSuffix(name, "/")
		folder := base != name
		if strings.HasPrefix(base, ".") || rubyAside[base] || folder && sides[base] {
			continue
		}
		if !folder && slices.Contains([]string{".md", ".txt", ".yml", ".yaml", ".sh", ".lock", ".json", ".toml", ".js", ".ts", ".mjs", ".cjs", ".gemspec"}, path.Ext(base)) && base != "Gemfile.lock" {
			continue
		}
		if !folder && (strings.Contains(base, "LICENSE") || strings.HasPrefix(base, "README") || strings.HasPrefix(base, "Dockerfile")) {
			continue
		}
		p.s.Sources = append(p.s.Sources, base)
	}
	// Bundler reads them again where the program runs.
	for _, f := range append(slices.Clone(p.r.Files), p.r.Paths...) {
		top, _, _ := strings.Cut(f, "/")
		if !slices.Contains(p.s.Sources, f) && !slices.Contains(p.s.Sources, top) {
			p.s.Sources = append(p.s.Sources, f)
		}
	}
	if n := p.s.Assets; n != nil { // what its build reads beside it
		for _, name := range p.t.in(".") {
			if strings.Contains(name, ".config.") || strings.HasPrefix(name, "tsconfig") || name == ".babelrc" || name == ".browserslistrc" {
				n.Code = append(n.Code, name)
			}
		}
	}
	if info, err := p.t.fsys.Open("vendor/cache"); err == nil {
		info.Close()
		p.r.Vendored = true
	}
}
