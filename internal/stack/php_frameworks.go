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
	phpEnvRE     = regexp.MustCompile(`\benv\(\s*['"]([A-Z][A-Z0-9_]*)['"]\s*(?:,\s*([^)]*?)\s*)?\)|\bgetenv\(\s*['"]([A-Z][A-Z0-9_]*)['"][^)]*\)|\$_(?:ENV|SERVER)\[\s*['"]([A-Z][A-Z0-9_]*)['"]\s*\](?:\s*\?\?\s*['"]([^'"]*)['"])?`)
	phpOrRE      = regexp.MustCompile(`^\s*(?:\?:|\?\?|\|\|)\s*['"]([^'"]*)['"]`)
	symfonyEnvRE = regexp.MustCompile(`%env\((?:[\w.]+:)*([A-Z][A-Z0-9_]*)\)%`)
	phpServerRE  = regexp.MustCompile(`^(?:HTTP_|REQUEST_|SERVER_|SCRIPT_|REMOTE_|PATH_|DOCUMENT_|QUERY_|PHP_|GATEWAY_|ORIG_|CONTENT_|HTTPS$|APP_(?:ENV|DEBUG|RUNTIME)|SYMFONY_|LARAVEL_START|CI$)`)
	phpWriteRE   = regexp.MustCompile(`\b(?:mkdir|file_put_contents|fopen)\(\s*(?:__DIR__\s*\.\s*)?['"](/?[\w][\w./-]*)['"]\s*(?:,\s*['"][wax]|,\s*\$|\)|,\s*0)`)
)

// note adds a variable that the program reads.
func (p *phpProject) note(v Variable) {
	if known[v.Name] || phpServerRE.MatchString(v.Name) || slices.ContainsFunc(p.s.Set, func(t Tool) bool { return t.Name == v.Name }) {
		return
	}
	v.Secret = v.Secret || secret.Named(v.Name)
	for i := range p.s.Env {
		if have := &p.s.Env[i]; have.Name == v.Name {
			have.Required, have.Default = have.Required || v.Required, cmp.Or(have.Default, v.Default)
			return
		}
	}
	p.s.Env = append(p.s.Env, v)
}

// variables notes what files of the source read.
func (p *phpProject) variables(takes func(file, name string) bool) {
	for _, f := range p.sources {
		for _, m := range phpEnvRE.FindAllStringSubmatchIndex(f.text, -1) {
			get := func(i int) string {
				if m[2*i] < 0 {
					return ""
				}
				return f.text[m[2*i]:m[2*i+1]]
			}
			v := Variable{Name: get(1) + get(3) + get(4), At: Place{f.file, lineAt(f.text, m[0])}}
			if d := get(2); strings.ContainsAny(d, `'"`) || strings.Trim(d, "0123456789") == "" {
				v.Default = strings.Trim(d, `'"`)
			}
			v.Default = cmp.Or(v.Default, get(5))
			if o := phpOrRE.FindStringSubmatch(f.text[m[1]:]); o != nil {
				v.Default = o[1]
			}
			if takes(f.file, v.Name) {
				p.note(v)
			}
		}
	}
}

// laravelFiles are the settings that Laravel brings: of their variables those count that
// a project is known to use.
var laravelFiles = map[string]bool{"app": true, "auth": true, "broadcasting": true, "cache": true, "cors": true, "database": true, "filesystems": true, "hashing": true, "logging": true, "mail": true, "queue": true, "sanctum": true, "session": true, "view": true, "horizon": true, "octane": true, "telescope": true, "reverb": true}

var laravelStock = regexp.MustCompile(`^(?:POSTMARK|RESEND|AWS|SLACK|MAILGUN)_`)

// laravel fills in what Laravel needs. Its settings are not cached in the image: that
// would keep the variables of the build, its key among them.
// Source: laravel.com/docs: configuration, deployment, directory structure.
func (p *phpProject) laravel() {
	s, t := p.s, p.t
	p.set("APP_ENV", "production")
	p.set("APP_DEBUG", "false")
	p.set("LOG_CHANNEL", "stderr")
	app := Place{File: "config/app.php"}
	if !t.has[app.File] {
		app = s.Framework.At
	}
	if line := t.lineOf("config/app.php", "APP_KEY"); line > 0 {
		app.Line = line
	}
	p.note(Variable{Name: "APP_KEY", At: app, Required: true, Secret: true})
	p.variables(func(file, name string) bool {
		return !laravelFiles[strings.TrimSuffix(strings.TrimPrefix(file, "config/"), ".php")] && !(file == "config/services.php" && laravelStock.MatchString(name))
	})
	at := Place{p.envFile, t.lineOf(p.envFile, "DB_CONNECTION")}
	connection := p.env["DB_CONNECTION"]
	if connection == "" {
		at = Place{"config/database.php", t.lineOf("config/database.php", "DB_CONNECTION")}
		connection = "mysql"
		if m := regexp.MustCompile(`env\(\s*'DB_CONNECTION'\s*,\s*'(\w+)'`).FindStringSubmatch(p.code("config/database.php")); m != nil {
			connection = m[1]
		}
	}
	p.laravelDatabase(connection, at)
	redis := slices.ContainsFunc([]string{"CACHE_STORE", "CACHE_DRIVER", "QUEUE_CONNECTION", "SESSION_DRIVER", "BROADCAST_CONNECTION"}, func(n string) bool { return p.env[n] == "redis" }) || p.has("laravel/horizon", "predis/predis") || p.json.Require["ext-redis"] != ""
	if redis {
		where := Place{p.envFile, t.lineOf(p.envFile, "redis")}
		if where.File == "" || where.Line == 0 {
			where = p.at("predis/predis", "laravel/horizon", "ext-redis")
		}
		why := "predis/predis"
		if !p.has("predis/predis") || p.env["REDIS_CLIENT"] == "phpredis" {
			why = "ext-redis"
			p.extension("redis")
		} else {
			p.set("REDIS_CLIENT", "predis")
		}
		s.Services = append(s.Services, Fact{Value: "Redis", At: where, Why: why})
		p.note(Variable{Name: "REDIS_HOST", At: where, Required: true})
		p.note(Variable{Name: "REDIS_PASSWORD", At: where})
		for _, n := range []string{"CACHE_STORE", "QUEUE_CONNECTION", "SESSION_DRIVER"} {
			if p.env[n] == "redis" {
				p.set(n, "redis")
			}
		}
	}
	if len(s.Steps) == 0 && t.dir("database/migrations") && t.has["artisan"] {
		s.Steps = append(s.Steps, Process{Name: "migrate", Exec: []string{"php", "artisan", "migrate", "--force"}, At: Place{File: "database/"}})
	}
	p.laravelOthers()
	p.p.Scripts = []string{"post-autoload-dump"}
	p.p.Made = []string{"bootstrap/cache"}
	for _, dir := range []string{"storage/app", "storage/framework/cache", "storage/framework/sessions", "storage/framework/views", "storage/logs"} {
		s.Writes = append(s.Writes, Fact{Value: dir, At: s.Framework.At})
	}
	p.p.Link = slices.ContainsFunc(p.sources, func(f script) bool {
		return strings.Contains(f.text, "asset('storage/") || strings.Contains(f.text, "disk('public')") || strings.Contains(f.text, "Storage::url(")
	})
}

// laravelDatabase says by which driver the program talks to its database, and where that
// is: no .env says it in a container.
func (p *phpProject) laravelDatabase(connection string, at Place) {
	if at.File != "" && at.Line == 0 && !p.t.has[at.File] {
		at = p.s.Framework.At
	}
	p.set("DB_CONNECTION", connection)
	service, extension := "", ""
	switch connection {
	case "pgsql":
		service, extension = "PostgreSQL", "pdo_pgsql"
	case "mysql", "mariadb":
		service, extension = "MySQL", "pdo_mysql"
	case "sqlsrv":
		service, extension = "SQL Server", "pdo_sqlsrv"
	case "sqlite":
		p.set("DB_DATABASE", "/srv/storage/app/database.sqlite")
		return
	default:
		return
	}
	p.extension(extension)
	p.s.Services = append(p.s.Services, Fact{Value: service, At: at, Why: extension})
	for _, n := range []string{"DB_HOST", "DB_DATABASE", "DB_USERNAME", "DB_PASSWORD"} {
		p.note(Variable{Name: n, At: at, Required: true})
	}
}

// laravelOthers are programs of the same image that work on what the server leaves to
// them.
func (p *phpProject) laravelOthers() {
	add := func(name string, at Place, words ...string) {
		if !slices.ContainsFunc(p.s.Others, func(o Process) bool { return slices.Contains(o.Exec, words[len(words)-1]) }) {
			p.s.Others = append(p.s.Others, Process{Name: name, Exec: words, At: at})
		}
	}
	switch queue := p.env["QUEUE_CONNECTION"]; {
	case p.has("laravel/horizon"):
		add("horizon", p.at("laravel/horizon"), "php", "artisan", "horizon")
		p.extension("pcntl")
	case queue == "redis" || queue == "database" && p.t.dir("app/Jobs"):
		add("queue", Place{p.envFile, p.t.lineOf(p.envFile, "QUEUE_CONNECTION")}, "php", "artisan", "queue:work")
		p.extension("pcntl") // with it a worker ends a job before it ends
	}
	for _, f := range []string{"routes/console.php", "app/Console/Kernel.php"} {
		if code := p.code(f); strings.Contains(code, "Schedule::") || strings.Contains(code, "$schedule->") {
			add("schedule", Place{File: f}, "php", "artisan", "schedule:work")
		}
	}
}

// symfony fills in what Symfony needs.
// Source: symfony.com/doc: configuration, deployment; symfony/dotenv: bootEnv.
func (p *phpProject) symfony() {
	s, t := p.s, p.t
	p.set("APP_ENV", "prod")
	p.p.Dotenv = p.has("symfony/runtime", "symfony/dotenv")
	for _, f := range p.sources {
		if path.Ext(f.file) != ".yaml" {
			continue
		}
		for _, m := range symfonyEnvRE.FindAllStringSubmatchIndex(f.text, -1) {
			name := f.text[m[2]:m[3]]
			if strings.Contains(f.text[:m[0]], "when@dev:") && !strings.Contains(f.text[:m[0]], "when@prod:") || strings.Contains(f.text, "env("+name+"):") {
				continue // of development alone, or with a default
			}
			p.note(Variable{Name: name, At: Place{f.file, lineAt(f.text, m[0])}, Required: true})
		}
	}
	p.variables(func(string, string) bool { return true })
	p.defaults()
	if p.has("doctrine/doctrine-bundle", "doctrine/dbal") {
		p.doctrine()
	}
	dummy := map[string]string{"DATABASE_URL": "sqlite:///unused", "MAILER_DSN": "null://null", "MESSENGER_TRANSPORT_DSN": "in-memory://"}
	for _, v := range s.Env {
		if v.Required {
			p.p.Dummies = append(p.p.Dummies, Tool{Name: v.Name, Version: cmp.Or(dummy[v.Name], v.Default, "unused")})
		}
	}
	for _, name := range []string{"post-install-cmd"} {
		if _, ok := p.json.Scripts[name]; ok {
			p.p.Scripts = append(p.p.Scripts, name)
		}
	}
	if t.has["bin/console"] {
		if len(p.p.Scripts) == 0 {
			p.p.Console = append(p.p.Console, []string{"php", "bin/console", "cache:warmup"})
		}
		if p.has("symfony/asset-mapper") && t.has["importmap.php"] {
			p.p.Console = append(p.p.Console, []string{"php", "bin/console", "importmap:install"}, []string{"php", "bin/console", "asset-map:compile"})
			p.p.Made = append(p.p.Made, "public")
		} else if len(p.p.Scripts) > 0 {
			p.p.Made = append(p.p.Made, "public") // assets:install puts those of bundles there
		}
		if len(s.Steps) == 0 && p.has("doctrine/doctrine-migrations-bundle") && t.dir("migrations") {
			s.Steps = append(s.Steps, Process{Name: "migrate", Exec: []string{"php", "bin/console", "doctrine:migrations:migrate", "--no-interaction", "--allow-no-migration"}, At: Place{File: "migrations/"}})
		}
		if p.has("symfony/messenger") && slices.ContainsFunc(p.sources, func(f script) bool {
			return f.file == "config/packages/messenger.yaml" && strings.Contains(f.text, "async")
		}) && !slices.ContainsFunc(s.Others, func(o Process) bool { return slices.Contains(o.Exec, "messenger:consume") }) {
			s.Others = append(s.Others, Process{Name: "messenger", Exec: []string{"php", "bin/console", "messenger:consume", "async"}, At: Place{File: "config/packages/messenger.yaml"}})
		}
	}
	s.Writes = append(s.Writes, Fact{Value: "var", At: s.Framework.At})
}

// defaults sets what the .env of the repository says of variables that are no secret
// and name no machine: it is in no image.
func (p *phpProject) defaults() {
	if p.envFile != ".env" {
		return
	}
	var rest []Variable
	for _, v := range p.s.Env {
		value := p.env[v.Name]
		switch local := strings.Contains(value, "localhost") || strings.Contains(value, "127.0.0.1"); {
		case value == "" || v.Secret || strings.ContainsAny(value, "@$ ") || v.Name == "APP_SECRET":
		case local:
			v.Default = value
		default:
			p.set(v.Name, value)
			continue
		}
		rest = append(rest, v)
	}
	p.s.Env = rest
}

// doctrine finds by which driver it talks to its database.
func (p *phpProject) doctrine() {
	url := p.env["DATABASE_URL"]
	at := Place{p.envFile, p.t.lineOf(p.envFile, "DATABASE_URL=")}
	if p.envFile == "" || at.Line == 0 {
		at = p.at("doctrine/doctrine-bundle", "doctrine/dbal")
	}
	yaml := p.code("config/packages/doctrine.yaml")
	scheme, _, _ := strings.Cut(url, "://")
	switch {
	case strings.HasPrefix(scheme, "postgres") || strings.HasPrefix(scheme, "pgsql") || strings.Contains(yaml, "pdo_pgsql"):
		p.extension("pdo_pgsql")
		p.s.Services = append(p.s.Services, Fact{Value: "PostgreSQL", At: at, Why: "pdo_pgsql"})
	case strings.HasPrefix(scheme, "mysql") || strings.HasPrefix(scheme, "pdo-mysql") || strings.HasPrefix(scheme, "mariadb") || strings.Contains(yaml, "pdo_mysql"):
		p.extension("pdo_mysql")
		p.s.Services = append(p.s.Services, Fact{Value: "MySQL", At: at, Why: "pdo_mysql"})
	case strings.HasPrefix(scheme, "sqlite") || strings.HasPrefix(scheme, "pdo-sqlite"):
		if _, file, ok := strings.Cut(url, "%kernel.project_dir%/"); ok && path.Dir(file) != "." && !strings.HasPrefix(file, "var/") {
			p.s.Writes = append(p.s.Writes, Fact{Value: path.Dir(file), At: at})
		}
	default:
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s: no setting says by which driver Doctrine talks to its database: ext-pdo_pgsql or ext-pdo_mysql in composer.json does", at))
	}
}

// plain notes what a project without a known framework reads and writes.
func (p *phpProject) plain() {
	p.variables(func(string, string) bool { return true })
	for _, f := range p.sources {
		for _, m := range phpWriteRE.FindAllStringSubmatchIndex(f.text, -1) {
			v := strings.TrimPrefix(path.Clean(f.text[m[2]:m[3]]), "/")
			dir := v
			if path.Ext(v) != "" {
				dir = path.Dir(v)
			}
			if dir != "." && !strings.HasPrefix(dir, "tmp") && !strings.HasPrefix(dir, "..") && !slices.ContainsFunc(p.s.Writes, func(w Fact) bool { return w.Value == dir }) && !strings.HasPrefix(f.text[m[2]:m[3]], "/") {
				p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: Place{f.file, lineAt(f.text, m[0])}})
			}
		}
	}
	for ext, word := range map[string]string{"pdo_pgsql": `pgsql:`, "pdo_mysql": `mysql:`, "mysqli": "mysqli", "pgsql": "pg_connect("} {
		for _, f := range p.sources {
			if i := strings.Index(f.text, word); i >= 0 && path.Ext(f.file) == ".php" && (strings.HasSuffix(word, "(") || word == "mysqli" && regexp.MustCompile(`\bnew\s+\\?mysqli\b|\bmysqli_connect\(`).MatchString(f.text) || strings.Contains(f.text, "PDO")) {
				p.extension(ext)
				service := map[string]string{"pdo_pgsql": "PostgreSQL", "pgsql": "PostgreSQL"}[ext]
				if service = cmp.Or(service, "MySQL"); !p.s.talks(service) {
					p.s.Services = append(p.s.Services, Fact{Value: service, At: Place{f.file, lineAt(f.text, i)}, Why: ext})
				}
			}
		}
	}
	slices.Sort(p.p.Extensions)
	slices.SortFunc(p.s.Services, func(a, b Fact) int { return cmp.Compare(a.Value, b.Value) })
}

func (p *phpProject) services() {
	for _, c := range knowledge.ServiceClients() {
		for _, name := range c.PHP {
			if p.used[name] && !p.s.talks(c.Service) {
				p.s.Services = append(p.s.Services, Fact{Value: c.Service, At: p.at(name), Why: name})
			}
		}
	}
}
