package stack

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// PHP is what is known of a PHP project beyond what every stack has.
type PHP struct {
	Composer   bool       `json:"composer"`             // its packages are installed
	Files      []string   `json:"files,omitempty"`      // that an install of packages reads
	Paths      []string   `json:"paths,omitempty"`      // folders of packages of its own
	Asks       []PHPAsk   `json:"asks,omitempty"`       // which PHP it, and its packages, are for
	Extensions []string   `json:"extensions,omitempty"` // of PHP, beyond those of its image
	Root       string     `json:"root,omitempty"`       // the folder that is given out; "." = all of it
	Git        bool       `json:"git,omitempty"`        // packages come from repositories
	Auth       string     `json:"auth,omitempty"`       // the file with the passwords of its sources
	Scripts    []string   `json:"scripts,omitempty"`    // of composer.json, that run once the code is there
	Console    [][]string `json:"console,omitempty"`    // commands that make what the program reads, after them
	Made       []string   `json:"made,omitempty"`       // folders that they fill
	Public     string     `json:"public,omitempty"`     // the folder that the build of its assets fills
	Dotenv     bool       `json:"dotenv,omitempty"`     // it reads a .env unless a file says that there is none
	Dummies    []Tool     `json:"dummies,omitempty"`    // variables that stand in while that is made
	Link       bool       `json:"link,omitempty"`       // what is uploaded is given out through a link
}

// A PHPAsk is a range of versions of PHP, and what asks for it.
type PHPAsk struct {
	Spec string `json:"spec"`
	By   string `json:"by"`
	At   Place  `json:"at"`
}

// phpRoots are folders that a web server of PHP gives out.
var phpRoots = []string{"public", "web", "webroot", "htdocs", "html", "www", "docroot", "."}

func isPHP(t *tree) (Place, bool) {
	if t.has["composer.json"] {
		return Place{File: "composer.json"}, true
	}
	return Place{}, false
}

// isPHPLate tells whether pages of PHP stand in the project, where no manifest of
// another language is.
func isPHPLate(t *tree) (Place, bool) {
	for _, dir := range phpRoots {
		if f := path.Join(dir, "index.php"); t.has[f] {
			return Place{File: f}, true
		}
	}
	return Place{}, false
}

// A phpProject is a PHP project as it is looked into.
type phpProject struct {
	t       *tree
	opt     Options
	s       *Stack
	p       *PHP
	json    composerFile
	lock    composerLock
	used    map[string]bool // packages that are there where the program runs
	sources []script
	env     map[string]string // what .env.example or .env say of settings, without what they keep
	envFile string
}

func detectPHP(t *tree, opt Options) (*Stack, error) {
	p := &phpProject{t: t, opt: opt, s: &Stack{Dir: "."}, p: &PHP{}, used: map[string]bool{}}
	p.s.PHP = p.p
	p.s.Manager = Fact{Value: "none", Why: "there is no composer.json"}
	if t.has["composer.json"] {
		if err := p.composer(); err != nil {
			return nil, err
		}
	}
	p.read()
	if err := p.start(); err != nil {
		return nil, err
	}
	switch p.s.Framework.Value {
	case "Laravel":
		p.laravel()
	case "Symfony":
		p.symfony()
	default:
		p.plain()
	}
	p.extensions()
	if err := p.assets(); err != nil {
		return nil, err
	}
	p.services()
	p.health()
	p.gather()
	return p.s, nil
}

// at is where a package is asked for.
func (p *phpProject) at(names ...string) Place {
	for _, n := range names {
		if p.json.Require[n] != "" {
			return Place{"composer.json", p.t.lineOf("composer.json", `"`+n+`"`)}
		}
	}
	for _, n := range names {
		if p.used[n] && p.t.has["composer.lock"] {
			return Place{"composer.lock", p.t.lineOf("composer.lock", `"`+n+`"`)}
		}
	}
	return Place{File: "composer.json"}
}

func (p *phpProject) has(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return p.used[n] })
}

func (p *phpProject) set(name, value string) {
	if !slices.ContainsFunc(p.s.Set, func(t Tool) bool { return t.Name == name }) {
		p.s.Set = append(p.s.Set, Tool{Name: name, Version: value})
	}
}

var phpHashRE = regexp.MustCompile(`(?m)(^|[\s;{}(,])#[^\[][^\n]*`) // and no attribute: #[Route]

// read reads the source of the program, without its comments, and what an example of its
// settings says.
func (p *phpProject) read() {
	total := 0
	for _, f := range p.t.files {
		ext := path.Ext(f)
		if ext != ".php" && !(ext == ".yaml" && strings.HasPrefix(f, "config/")) || isSide(f) || strings.HasPrefix(f, "database/") || strings.HasPrefix(f, "migrations/") || strings.HasPrefix(f, "storage/") || strings.HasPrefix(f, "var/") ||
			strings.Contains(f, "/dev/") || strings.Contains(f, "/test/") {
			continue
		}
		data := p.t.read(f)
		if total += len(data); total > maxSource {
			break
		}
		text := string(data)
		if ext == ".php" {
			text = phpHashRE.ReplaceAllString(uncommented(text), "$1")
		} else {
			text = rubyCode(text) // whose comments are those of YAML
		}
		p.sources = append(p.sources, script{f, text})
	}
	p.env = map[string]string{}
	for _, f := range []string{".env.example", ".env.dist", ".env"} {
		if data := p.t.read(f); data != nil {
			p.envFile = f
			for l := range strings.Lines(string(data)) {
				if name, value, ok := strings.Cut(strings.TrimSpace(l), "="); ok && !strings.HasPrefix(name, "#") {
					p.env[strings.TrimSpace(name)] = strings.Trim(strings.TrimSpace(value), `"'`)
				}
			}
			return
		}
	}
}

// code is a file of the source; "" = it is not there.
func (p *phpProject) code(file string) string {
	for _, f := range p.sources {
		if f.file == file {
			return f.text
		}
	}
	return ""
}

// start tells what starts the program: FrankenPHP for pages, PHP for a file that is
// named.
func (p *phpProject) start() error {
	s, t := p.s, p.t
	for _, f := range knowledge.Frameworks() {
		if f.Language == "php" && !s.Framework.Known() && p.has(f.Packages...) {
			s.Framework = Fact{Value: f.Name, At: p.at(f.Packages...)}
		}
	}
	if f := firstFile(t, "wp-config.php", "wp-config-sample.php", "wp-load.php", "web/wp-config.php"); f != "" || p.has("roots/wordpress", "johnpbloch/wordpress") {
		return &Unsupported{cmp.Or(f, p.at("roots/wordpress", "johnpbloch/wordpress").String()) + " makes this a site of WordPress", "the image wordpress is made for it, with themes and plug-ins copied into it"}
	}
	if p.opt.App != "" && path.Ext(p.opt.App) == ".php" || p.opt.App != "" && t.has[p.opt.App] {
		return p.file(p.opt.App)
	}
	if words := parseCommand(p.opt.Line).words; len(words) > 1 && words[0] == "php" && t.has[path.Clean(words[1])] && !(len(words) > 2 && (words[2] == "serve" || strings.HasPrefix(words[2], "octane:") || strings.HasPrefix(words[2], "server:"))) {
		name := path.Clean(words[1])
		if err := p.file(name); err != nil {
			return err
		}
		if name == "artisan" || name == "bin/console" {
			s.Kind = cmp.Or(p.opt.Kind, Worker)
		}
		s.App, s.Args = Fact{Value: name, At: p.opt.At}, append([]string{name}, words[2:]...)
		return nil
	}
	for _, dir := range phpRoots {
		f := path.Join(dir, "index.php")
		if !t.has[f] || dir == "." && p.json.Type == "library" {
			continue
		}
		p.p.Root = dir
		s.App = Fact{Value: f, At: Place{File: f}}
		s.Kind = cmp.Or(p.opt.Kind, Service)
		s.Server = Fact{Value: "frankenphp", Why: "one process that needs no root"}
		s.Port = Fact{Value: "8080", Why: "a port that needs no rights"}
		if p.opt.Port > 0 {
			s.Port = p.opt.port()
		}
		s.Exec = []string{"frankenphp", "php-server"}
		s.Args = []string{"--listen", ":" + s.Port.Value, "--root", path.Join("/srv", dir)}
		s.Start = Fact{Value: strings.Join(append(slices.Clone(s.Exec), s.Args...), " ")}
		p.others()
		return nil
	}
	if l, ok := procfile(t)["worker"]; ok {
		if words := parseCommand(l.text).words; len(words) > 1 && words[0] == "php" && t.has[words[1]] {
			if err := p.file(words[1]); err != nil {
				return err
			}
			s.Kind, s.App, s.Args = cmp.Or(p.opt.Kind, Worker), Fact{Value: l.text, At: l.at}, words[1:]
			return nil
		}
	}
	if p.json.Type == "library" || p.json.Type == "" && len(p.json.Bin) == 0 && p.t.dir("src") {
		return &Unsupported{"this is a library: there is no index.php that a server gives out", "--app FILE names a program that runs by itself"}
	}
	if len(p.json.Bin) == 1 && t.has[p.json.Bin[0]] {
		return p.file(p.json.Bin[0])
	}
	return &Unsupported{"there is no index.php that a server gives out", "--app FILE names a program that runs by itself"}
}

func firstFile(t *tree, names ...string) string {
	for _, n := range names {
		if t.has[n] {
			return n
		}
	}
	return ""
}

var (
	phpWorkRE   = regexp.MustCompile(`\bwhile\s*\(\s*true\s*\)|\bwhile\s*\(\s*1\s*\)|->consume\(|Loop::run\(|->run\(\)\s*;\s*$`)
	phpServesRE = regexp.MustCompile(`\bstream_socket_server\(|\bnew\s+\\?(?:Swoole\\Http\\Server|OpenSwoole\\Http\\Server|React\\Socket\\SocketServer|SocketServer|Workerman\\Worker)\b`)
	phpListenRE = regexp.MustCompile(`(?:SocketServer|Worker|Server|stream_socket_server)\(\s*["'](?:[a-z]+://)?([\w.]*):?["']?\s*,?\s*:?(\d{2,5})`)
)

// file starts a file by itself.
func (p *phpProject) file(name string) error {
	s := p.s
	if !p.t.has[name] {
		return fmt.Errorf("--app %s: there is no such file", name)
	}
	s.App = Fact{Value: name, At: Place{File: name}}
	s.Exec, s.Args = []string{"php"}, []string{name}
	s.Start = Fact{Value: "php " + name}
	code := p.code(name)
	switch {
	case phpServesRE.MatchString(code):
		s.Kind = Service
		s.Server = Fact{Value: "its own", At: Place{File: name}}
		s.Port = Fact{Value: "8080", Why: "default"}
		if m := phpListenRE.FindStringSubmatchIndex(code); m != nil {
			s.Port = Fact{Value: code[m[4]:m[5]], At: Place{name, lineAt(code, m[0])}}
			if isLocal(code[m[2]:m[3]]) {
				s.Notes = append(s.Notes, fmt.Sprintf("%s listens for the container itself alone, and nobody reaches it from outside: 0.0.0.0 is right there", s.Port.At))
			}
		}
		if p.opt.Port > 0 {
			s.Port = p.opt.port()
		}
	case slices.ContainsFunc(p.sources, func(f script) bool { return phpWorkRE.MatchString(f.text) }):
		s.Kind = Worker
	default:
		s.Kind = Job
	}
	s.Kind = cmp.Or(p.opt.Kind, s.Kind)
	return nil
}

// others are the lines of the Procfile beside the server.
func (p *phpProject) others() {
	lines := procfile(p.t)
	for _, n := range slices.Sorted(maps.Keys(lines)) {
		words := parseCommand(lines[n].text).words
		if n == "web" || len(words) == 0 {
			continue
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
