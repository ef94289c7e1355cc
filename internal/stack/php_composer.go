package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A composerFile is a composer.json, as far as it says how something is built.
type composerFile struct {
	Name         string            `json:"name"`
	Type         string            `json:"type"`
	Require      map[string]string `json:"require"`
	RequireDev   map[string]string `json:"require-dev"`
	Bin          composerList      `json:"bin"`
	Scripts      map[string]any    `json:"scripts"`
	Repositories any               `json:"repositories"`
	Config       struct {
		Platform map[string]any `json:"platform"`
	} `json:"config"`
	Autoload struct {
		Files []string `json:"files"`
	} `json:"autoload"`
}

// A composerList is one word, or a list of them.
type composerList []string

// UnmarshalJSON reads either.
func (l *composerList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = composerList{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// A composerLock is a composer.lock.
type composerLock struct {
	Packages    []composerPackage `json:"packages"`
	PackagesDev []composerPackage `json:"packages-dev"`
}

type composerPackage struct {
	Name    string            `json:"name"`
	Version string            `json:"version"`
	Require map[string]string `json:"require"`
	Provide map[string]string `json:"provide"`
	Dist    struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"dist"`
}

var phpPlatformRE = regexp.MustCompile(`^(?:php(?:-64bit|-zts|-ipv6)?|hhvm|composer(?:-(?:plugin|runtime)-api)?|ext-.*|lib-.*)$`)

// composer reads the manifest and its lock, and holds one against the other.
func (p *phpProject) composer() error {
	const file = "composer.json"
	data, err := p.t.open(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &p.json); err != nil {
		if syntax := (*json.SyntaxError)(nil); asSyntax(err, &syntax) {
			return fmt.Errorf("read %s:%d: %w", file, lineAt(string(data), min(int(syntax.Offset), len(data))), err)
		}
		return fmt.Errorf("read %s: %w", file, err)
	}
	p.p.Composer, p.p.Files = true, []string{file}
	p.s.Manager = Fact{Value: "composer", At: Place{File: file}}
	for name := range p.json.Require {
		p.used[name] = true
	}
	p.ask(p.json.Require["php"], file, file)
	if v, ok := p.json.Config.Platform["php"].(string); ok {
		// What is locked was looked for as if this were the PHP there is.
		parts := strings.SplitN(v, ".", 3)
		p.p.Asks = append(p.p.Asks, PHPAsk{"~" + strings.Join(append(parts[:min(2, len(parts))], "0"), "."), "config.platform", Place{file, p.t.lineOf(file, `"platform"`)}})
	}
	if err := p.readLock(); err != nil {
		return err
	}
	if len(p.p.Asks) > 0 {
		p.s.Version = Version{Spec: p.p.Asks[0].Spec, At: p.p.Asks[0].At}
	}
	p.repositories()
	if p.t.has["auth.json"] {
		p.p.Auth = "auth.json"
	}
	for _, name := range []string{"symfony.lock"} {
		if p.t.has[name] {
			p.p.Files = append(p.p.Files, name)
		}
	}
	return nil
}

func (p *phpProject) ask(spec, by, file string) {
	if spec == "" || spec == "*" || slices.ContainsFunc(p.p.Asks, func(a PHPAsk) bool { return a.Spec == spec }) {
		return
	}
	line := p.t.lineOf(file, `"php"`)
	if file == "composer.lock" {
		line = p.t.lineOf(file, `"`+by+`"`)
	}
	p.p.Asks = append(p.p.Asks, PHPAsk{spec, by, Place{file, line}})
}

func (p *phpProject) readLock() error {
	const file = "composer.lock"
	if !p.t.has[file] {
		if len(p.json.Require) > 0 {
			p.s.Notes = append(p.s.Notes, "no composer.lock: the versions of packages move with time; `composer update --no-install` writes one")
		}
		return nil
	}
	data, err := p.t.open(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &p.lock); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	p.s.Lock = Fact{Value: file, At: Place{File: file}}
	p.p.Files = append(p.p.Files, file)
	locked := map[string]bool{}
	for _, x := range p.lock.Packages {
		locked[x.Name], p.used[x.Name] = true, true
		for _, name := range slices.Sorted(maps.Keys(x.Provide)) {
			locked[name] = true
		}
		p.ask(x.Require["php"], x.Name, file)
		if x.Dist.Type == "" { // of a repository, and none of its archives
			p.p.Git = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.json.Require)) {
		if !phpPlatformRE.MatchString(name) && !locked[strings.ToLower(name)] && !locked[name] {
			return fmt.Errorf("%s is out of step with composer.json: it has no %s, which %s asks for; run `composer update %s` once, and look at what it changes", file, name, p.at(name), name)
		}
	}
	return nil
}

// repositories notes packages that lie in folders of the project, or come from
// repositories.
func (p *phpProject) repositories() {
	var list []any
	switch r := p.json.Repositories.(type) {
	case []any:
		list = r
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(r)) {
			list = append(list, r[k])
		}
	}
	for _, x := range list {
		m, _ := x.(map[string]any)
		url, _ := m["url"].(string)
		switch m["type"] {
		case "path":
			dir := path.Clean(url)
			if i := strings.IndexAny(dir, "*?[{"); i >= 0 {
				dir = path.Dir(dir[:i] + "x")
			}
			if p.t.dir(dir) && dir != "." && !slices.Contains(p.p.Paths, dir) {
				p.p.Paths = append(p.p.Paths, dir)
			}
		case "vcs", "git", "github":
			p.p.Git = true
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("composer.json:%d takes a package from a repository: where that asks for a password, an auth.json beside composer.json reaches the build as a secret", p.t.lineOf("composer.json", strings.ReplaceAll(url, "/", `\/`))+p.t.lineOf("composer.json", url)))
		}
	}
}

// phpBuiltin are extensions that PHP's images have.
// Source: github.com/docker-library/php: 8.4/trixie/zts/Dockerfile; php.net/manual:
// extensions that cannot be left out.
var phpBuiltin = map[string]bool{
	"core": true, "ctype": true, "curl": true, "date": true, "dom": true, "fileinfo": true, "filter": true, "hash": true, "iconv": true, "json": true, "libxml": true, "mbstring": true, "mysqlnd": true, "openssl": true, "pcre": true, "pdo": true, "pdo_sqlite": true, "phar": true, "posix": true, "random": true, "readline": true, "reflection": true, "session": true, "simplexml": true, "sodium": true, "spl": true, "sqlite3": true, "standard": true, "tokenizer": true, "xml": true, "xmlreader": true, "xmlwriter": true, "zlib": true,
}

// extensions gathers what the project and its packages ask PHP for, beyond what its
// image has. opcache keeps what is compiled, and is in no list.
func (p *phpProject) extensions() {
	want := map[string]bool{"opcache": true}
	add := func(list map[string]string) {
		for name := range list {
			ext, ok := strings.CutPrefix(strings.ToLower(name), "ext-")
			if ext == "zend-opcache" {
				ext = "opcache"
			}
			if ok && !phpBuiltin[ext] {
				want[ext] = true
			}
		}
	}
	add(p.json.Require)
	provided := map[string]bool{} // by a package in PHP itself
	for _, x := range p.lock.Packages {
		add(x.Require)
		for name := range x.Provide {
			provided[strings.TrimPrefix(name, "ext-")] = true
		}
	}
	for _, e := range p.p.Extensions {
		want[e] = true
	}
	for e := range provided {
		if p.json.Require["ext-"+e] == "" {
			delete(want, e)
		}
	}
	p.p.Extensions = slices.Sorted(maps.Keys(want))
}

// extension asks for one that a setting needs and no manifest names.
func (p *phpProject) extension(name string) {
	if !slices.Contains(p.p.Extensions, name) {
		p.p.Extensions = append(p.p.Extensions, name)
	}
}
