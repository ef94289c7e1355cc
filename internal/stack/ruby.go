package stack

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// Ruby is what is known of a Ruby project beyond what every stack has.
type Ruby struct {
	Files    []string `json:"files"`              // that an install of gems reads
	Paths    []string `json:"paths,omitempty"`    // folders of gems of its own
	Without  []string `json:"without,omitempty"`  // groups that are for development
	Git      bool     `json:"git"`                // gems come from repositories
	Vendored bool     `json:"vendored,omitempty"` // the gems lie in vendor/cache
	Rails    string   `json:"rails,omitempty"`    // its version in the lock; "" = none, or not known
	Assets   bool     `json:"assets"`             // they are compiled
	Engine   bool     `json:"engine,omitempty"`   // that needs a JavaScript of the system
	Bootsnap bool     `json:"bootsnap,omitempty"` // what starts it faster is made before
	Dummies  []string `json:"dummies,omitempty"`  // variables without which it does not load, not even to compile assets
}

var rubyServerRE = regexp.MustCompile(`(?m)^\s*gem\s*\(?\s*["'](?:rails|railties|rack|rackup|puma|unicorn|sinatra|hanami|roda|grape|falcon)["']`)

// isRuby tells whether the project is a server in Ruby. Projects of other languages
// have a Gemfile for their tools.
func isRuby(t *tree) (Place, bool) {
	if t.has["Gemfile"] && rubyServerRE.Match(t.read("Gemfile")) {
		return Place{File: "Gemfile"}, true
	}
	if t.has["config.ru"] {
		return Place{File: "config.ru"}, true
	}
	return Place{}, false
}

// isRubyLate tells whether it is another project of Ruby.
func isRubyLate(t *tree) (Place, bool) {
	if _, ok := isSite(t); ok {
		return Place{}, false // its pages are there already
	}
	for _, name := range t.in(".") {
		if name == "Gemfile" || path.Ext(name) == ".gemspec" {
			return Place{File: name}, true
		}
	}
	return Place{}, false
}

// A rubyProject is a Ruby project as it is looked into.
type rubyProject struct {
	t       *tree
	opt     Options
	s       *Stack
	r       *Ruby
	asked   []rubyAsk           // gems of the Gemfile
	lock    map[string]*rubyGem // by name
	used    map[string]bool     // gems that the program needs where it runs
	systems []string            // that the lock is for
	sources []script
	asksGit string // where a gem of its own asks git for its files; "" = none does
}

func detectRuby(t *tree, opt Options) (*Stack, error) {
	p := &rubyProject{t: t, opt: opt, s: &Stack{Dir: "."}, r: &Ruby{}}
	p.s.Ruby = p.r
	if !t.has["Gemfile"] {
		if t.has["config.ru"] {
			return nil, &Unsupported{"config.ru wants gems that no Gemfile asks for", "`bundle init`, and `bundle add` for each"}
		}
		return nil, &Unsupported{"this is a gem: nothing here says what is started", ""}
	}
	p.s.Manager = Fact{Value: "bundler", At: Place{File: "Gemfile"}}
	p.gemfile()
	if p.asksGit != "" && (t.has["config.ru"] || len(p.r.Paths) > 0) {
		return nil, &Unsupported{p.asksGit + " asks git which files the gem has, at every start, and git is in no image that only runs a program", "Dir[\"lib/**/*\"] names them everywhere"}
	}
	if err := p.readLock(); err != nil {
		return nil, err
	}
	if err := p.version(); err != nil {
		return nil, err
	}
	p.read()
	if err := p.start(); err != nil {
		return nil, err
	}
	if err := p.assets(); err != nil {
		return nil, err
	}
	p.variables()
	p.services()
	p.native()
	p.health()
	p.writes()
	p.gather()
	return p.s, nil
}

// has tells whether a gem is there where the program runs.
func (p *rubyProject) has(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return p.used[n] })
}

// at is where a gem is asked for.
func (p *rubyProject) at(name string) Place {
	for _, a := range p.asked {
		if a.name == name {
			return a.at
		}
	}
	if g := p.lock[name]; g != nil {
		return g.at
	}
	return Place{File: "Gemfile"}
}

// read reads the source of the program, without its comments.
func (p *rubyProject) read() {
	total := 0
	for _, f := range p.t.files {
		switch path.Ext(f) {
		case ".rb", ".ru":
		case ".yml", ".erb":
			if !strings.HasPrefix(f, "config/") {
				continue
			}
		default:
			continue
		}
		if isSide(f) || strings.HasPrefix(f, "spec/") || strings.HasPrefix(f, "features/") || strings.HasPrefix(f, "db/migrate/") || strings.HasPrefix(f, "config/locales/") ||
			f == "config/environments/development.rb" || f == "config/environments/test.rb" || strings.HasSuffix(f, "_spec.rb") || strings.HasPrefix(f, "config/deploy") {
			continue
		}
		data := p.t.read(f)
		if total += len(data); total > maxSource {
			break
		}
		p.sources = append(p.sources, script{f, rubyCode(string(data))})
	}
}

// rubyCode is source without the lines that are comments; its lines keep their numbers.
func rubyCode(text string) string {
	var b strings.Builder
	block := false
	for l := range strings.Lines(text) {
		trimmed := strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "=begin"):
			block = true
		case strings.HasPrefix(l, "=end"):
			block = false
			b.WriteByte('\n')
			continue
		}
		if block || strings.HasPrefix(trimmed, "#") {
			b.WriteByte('\n')
			continue
		}
		b.WriteString(l)
	}
	return b.String()
}

// code is a file of the source; "" = it is not there.
func (p *rubyProject) code(file string) string {
	for _, f := range p.sources {
		if f.file == file {
			return f.text
		}
	}
	return ""
}

func (p *rubyProject) set(name, value string) {
	if !slices.ContainsFunc(p.s.Set, func(t Tool) bool { return t.Name == name }) {
		p.s.Set = append(p.s.Set, Tool{Name: name, Version: value})
	}
}

var (
	rubyServesRE = regexp.MustCompile(`\b(?:TCPServer|WEBrick::HTTPServer)\b`)
	rubyWorkRE   = regexp.MustCompile(`\bloop\s+do\b|\bwhile\s+true\b|\bDiscordrb::|Telegram::Bot|\bRufus::Scheduler|\bsubscribe\b`)
	rubySinatra  = regexp.MustCompile(`\brequire\s+["']sinatra["']`)
	rubyRunRE    = regexp.MustCompile(`\brun!\s+if\s+(?:app_file\s*==\s*\$0|__FILE__\s*==\s*\$(?:0|PROGRAM_NAME))`)
)

// start tells what starts the program: a server for what speaks Rack, else a line of the
// Procfile, else the one file that is a program.
func (p *rubyProject) start() error {
	s := p.s
	for _, f := range knowledge.Frameworks() {
		if f.Language == "ruby" && !s.Framework.Known() && p.has(f.Packages...) {
			i := slices.IndexFunc(f.Packages, func(n string) bool { return p.used[n] })
			s.Framework = Fact{Value: f.Name, At: p.at(f.Packages[i])}
		}
	}
	if p.has("rails", "railties") {
		s.Framework = Fact{Value: "Rails", At: p.at("rails")} // also beside an API of another one
		if g := p.lock["railties"]; g != nil {
			p.r.Rails = g.version
		}
	}
	lines := procfile(p.t)
	p.others(lines)
	if p.has("jekyll") && s.Framework.Value == "" {
		return &Unsupported{p.at("jekyll").String() + " makes this a site of Jekyll", "init writes no container for Jekyll; the folder that it makes is a site that init takes"}
	}
	if p.opt.Line != "" && p.opt.App == "" {
		if ok, err := p.today(); ok || err != nil {
			return err
		}
	}
	if p.t.has["config.ru"] && (p.opt.App == "" || p.opt.App == "config.ru") {
		return p.rack()
	}
	if p.opt.App == "" {
		if l, ok := lines["worker"]; ok {
			return p.fromLine(l)
		}
	}
	return p.file()
}

// rubyWorkers are programs of gems, and of Rails, that work on what others leave to them.
var rubyWorkers = []string{"sidekiq", "good_job", "karafka", "resque", "clockwork", "racecar", "shoryuken", "que", "delayed_job", "jobs", "rake", "rails"}

// today starts the program as it is started today. ok is false where that is a server of
// Rack, which has settings of its own in a container, or nothing that is known.
func (p *rubyProject) today() (ok bool, err error) {
	c := parseCommand(p.opt.Line)
	for _, first := range c.first {
		if words := parseCommand(first).words; len(words) > 0 && (path.Base(words[0]) == "rails" || path.Base(words[0]) == "rake") {
			p.s.Steps = append(p.s.Steps, Process{Name: stepName(strings.FieldsFunc(strings.Join(words, " "), func(r rune) bool { return r == ' ' || r == ':' })), Exec: append([]string{"bundle", "exec", path.Base(words[0])}, words[1:]...), At: p.opt.At})
		}
	}
	words := c.words
	if len(words) > 1 && path.Base(words[0]) == "thrust" {
		words = words[1:]
	}
	switch {
	case len(words) == 0:
		return false, nil
	case slices.Contains([]string{"puma", "unicorn", "falcon", "rackup", "thin"}, path.Base(words[0])), path.Base(words[0]) == "rails" && len(words) > 1 && (words[1] == "server" || words[1] == "s"):
		return false, nil
	case words[0] == "ruby" && len(words) > 1 && p.t.has[path.Clean(words[1])]:
		p.opt.App = path.Clean(words[1])
		if err := p.file(); err != nil {
			return true, err
		}
		p.s.App.At = p.opt.At
		return true, nil
	case slices.Contains(rubyWorkers, path.Base(words[0])):
		return true, p.fromLine(line{text: p.opt.Line, at: p.opt.At})
	}
	p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s starts it with %q, which is not taken over: how it is started is found out from its source", p.opt.At, p.opt.Line))
	return false, nil
}

// rack starts a server for what config.ru names.
func (p *rubyProject) rack() error {
	s := p.s
	s.Kind = Service
	if p.opt.Kind != "" {
		s.Kind = p.opt.Kind
	}
	s.App = Fact{Value: "config.ru", At: Place{File: "config.ru"}}
	server := p.opt.Server
	for _, name := range []string{"puma", "falcon", "unicorn"} {
		if server == "" && p.has(name) {
			server = name
		}
	}
	if server == "" {
		return &Unsupported{"Gemfile has no server for Rack (puma, falcon, unicorn), but for one for development", "`bundle add puma` adds one"}
	}
	if !p.has(server) {
		return fmt.Errorf("--server %s: it is not among the gems that are installed", server)
	}
	s.Server = Fact{Value: server, At: p.at(server)}
	p.port(server)
	s.Exec = []string{"bundle", "exec", server}
	switch server {
	case "puma":
		// It wins over what a settings file says, which may name a socket.
		s.Args = []string{"-b", "tcp://0.0.0.0:" + s.Port.Value}
		if strings.Contains(p.code("config/puma.rb"), "pids/") {
			p.set("PIDFILE", "/tmp/puma.pid")
		}
	case "falcon":
		s.Args = []string{"serve", "--bind", "http://0.0.0.0:" + s.Port.Value}
	case "unicorn":
		s.Args = []string{"-l", "0.0.0.0:" + s.Port.Value}
		if p.t.has["config/unicorn.rb"] {
			s.Args = append(s.Args, "-c", "config/unicorn.rb")
		}
	}
	s.Start = Fact{Value: strings.Join(append(slices.Clone(s.Exec), s.Args...), " ")}
	p.environments()
	return nil
}

// environments tells the program that it is in production.
func (p *rubyProject) environments() {
	switch p.s.Framework.Value {
	case "Rails":
		p.set("RAILS_ENV", "production")
		production := p.code("config/environments/production.rb")
		for _, name := range []string{"RAILS_LOG_TO_STDOUT", "RAILS_SERVE_STATIC_FILES"} {
			if strings.Contains(production, name) {
				p.set(name, "1")
			}
		}
		if p.r.Bootsnap = p.has("bootsnap"); p.r.Bootsnap {
			p.set("BOOTSNAP_READONLY", "1")
		}
	case "Hanami":
		p.set("HANAMI_ENV", "production")
	case "Sinatra":
		p.set("APP_ENV", "production")
		p.set("RACK_ENV", "production")
	default:
		p.set("RACK_ENV", "production")
	}
}

// fromLine starts the program as a line of the Procfile does.
func (p *rubyProject) fromLine(l line) error {
	words := parseCommand(l.text).words
	if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return strings.ContainsAny(w, "$`|><") }) {
		return &Unsupported{fmt.Sprintf("%s: init does not read %q", l.at, l.text), "--app FILE names the program"}
	}
	p.s.Kind = cmp.Or(p.opt.Kind, Worker)
	p.s.App = Fact{Value: l.text, At: l.at}
	p.s.Exec, p.s.Args = append([]string{"bundle", "exec"}, words[0]), words[1:]
	p.s.Start = Fact{Value: strings.Join(append(slices.Clone(p.s.Exec), p.s.Args...), " ")}
	p.environments()
	return nil
}

// others are the lines of the Procfile beside the one that is started.
func (p *rubyProject) others(lines map[string]line) {
	var names []string
	for n := range lines {
		if n != "web" && (n != "worker" || p.t.has["config.ru"]) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		words := parseCommand(lines[n].text).words
		if len(words) == 0 {
			continue
		}
		if strings.Contains(lines[n].text, "bundle exec ") {
			words = append([]string{"bundle", "exec"}, words...)
		}
		pr := Process{Name: n, Exec: words, At: lines[n].at}
		if n == "release" {
			pr.Name = stepName(strings.FieldsFunc(strings.Join(words, " "), func(r rune) bool { return r == ' ' || r == ':' }))
			p.s.Steps = append(p.s.Steps, pr)
		} else {
			p.s.Others = append(p.s.Others, pr)
		}
	}
}

// file starts a file of Ruby.
func (p *rubyProject) file() error {
	s := p.s
	name := p.opt.App
	if name == "" {
		var list []string
		for _, f := range p.t.files {
			if path.Ext(f) == ".rb" && (!strings.Contains(f, "/") || path.Dir(f) == "bin") && !isSide(f) && !strings.HasSuffix(f, "_spec.rb") {
				list = append(list, f)
			}
		}
		for _, usual := range []string{"app.rb", "main.rb", "server.rb", "bot.rb", "worker.rb"} {
			if slices.Contains(list, usual) {
				list = []string{usual}
			}
		}
		switch len(list) {
		case 0:
			if slices.ContainsFunc(p.t.in("."), func(n string) bool { return path.Ext(n) == ".gemspec" }) {
				return &Unsupported{"this is a gem: nothing here says what is started", ""}
			}
			return &Unsupported{"nothing here says what is started: there is no config.ru, no Procfile, and no file of Ruby at the top", "--app FILE names it"}
		case 1:
			name = list[0]
		default:
			u := &Unclear{Question: "several files of Ruby could be the program", Flag: "--app"}
			for _, f := range list {
				u.Choices = append(u.Choices, Choice{Value: f})
			}
			return u
		}
	}
	if !p.t.has[name] {
		return fmt.Errorf("--app %s: there is no such file", name)
	}
	code := p.code(name)
	s.App = Fact{Value: name, At: Place{File: name}}
	s.Exec, s.Args = []string{"bundle", "exec", "ruby"}, []string{name}
	switch {
	case rubySinatra.MatchString(code) || rubyRunRE.MatchString(code):
		s.Kind = Service
		s.Framework = Fact{Value: "Sinatra", At: p.at("sinatra")}
		if !p.has("puma", "falcon", "thin") {
			return &Unsupported{"Gemfile has no server for Sinatra, but for one for development", "`bundle add puma` adds one"}
		}
		s.Server = Fact{Value: "Sinatra's own, with what is installed", At: p.at("puma")}
		p.port("sinatra")
	case rubyServesRE.MatchString(code):
		s.Kind = Service
		s.Server = Fact{Value: "its own", At: Place{File: name}}
		p.port("")
	case slices.ContainsFunc(p.sources, func(f script) bool { return rubyWorkRE.MatchString(f.text) }):
		s.Kind = Worker
	default:
		s.Kind = Job
	}
	s.Kind = cmp.Or(p.opt.Kind, s.Kind)
	s.Start = Fact{Value: strings.Join(append(slices.Clone(s.Exec), s.Args...), " ")}
	p.environments()
	return nil
}
