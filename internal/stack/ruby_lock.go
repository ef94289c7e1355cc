package stack

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A rubyAsk is a gem of the Gemfile.
type rubyAsk struct {
	name   string
	groups []string
	path   string // the folder that it lies in
	at     Place
}

// A rubyGem is a gem of the lock.
type rubyGem struct {
	name, version string
	systems       []string // that it has binaries for
	deps          []string
	at            Place
}

var (
	rubyGemRE     = regexp.MustCompile(`^\s*gem\s*\(?\s*["']([\w.-]+)["'](.*)`)
	rubyGroupRE   = regexp.MustCompile(`^\s*group\s*\(?\s*(.+?)\)?\s+do\b`)
	rubySymbolRE  = regexp.MustCompile(`:(\w+)|["'](\w+)["']`)
	rubyInGroupRE = regexp.MustCompile(`\bgroups?:\s*(\[[^\]]*\]|:\w+)|:groups?\s*=>\s*(\[[^\]]*\]|:\w+)`)
	rubyPathRE    = regexp.MustCompile(`(?:\bpath:|:path\s*=>)\s*["']([^"']+)["']`)
	rubyPathsRE   = regexp.MustCompile(`^\s*path\s*\(?\s*["']([^"']+)["']\s*\)?\s+do\b`)
	rubyEvalRE    = regexp.MustCompile(`^\s*eval_gemfile\s*\(?\s*["']([^"']+)["']`)
	rubyBlockRE   = regexp.MustCompile(`\bdo\b(?:\s*\|[^|]*\|)?\s*$|^\s*(?:if|unless|case)\b`)
	rubyMaybeRE   = regexp.MustCompile(`(?m)^\s*(?:if|unless|case)\b|\b(?:if|unless)\s+\S+\s*$|eval_gemfile|instance_eval|Dir\[`)
	rubySpecRE    = regexp.MustCompile(`^    ([\w.-]+) \(([^)]+)\)$`)
	rubyDepRE     = regexp.MustCompile(`^      ([\w.-]+)`)
	rubySystemRE  = regexp.MustCompile(`^([\w.]+?)-((?:x86_64|x86|aarch64|arm64|arm|java|universal|x64)[\w.-]*)$`)
)

// development are the groups that a program in production has not.
func development(group string) bool {
	return group == "development" || group == "test" || group == "ci" || group == "lint"
}

// gemfile reads what the Gemfile asks for.
func (p *rubyProject) gemfile() {
	p.r.Files = []string{"Gemfile"}
	p.gemsOf("Gemfile")
	if strings.Contains(string(p.t.read("Gemfile")), "gemspec") {
		for _, name := range p.t.in(".") {
			if path.Ext(name) == ".gemspec" && regexp.MustCompile(`(?m)^\s*gemspec\b`).Match(p.t.read("Gemfile")) {
				p.r.Files = append(p.r.Files, name)
				p.gitFiles(name)
				for _, f := range p.t.below("lib") {
					if path.Base(f) == "version.rb" {
						p.r.Files = append(p.r.Files, f)
					}
				}
			}
		}
	}
	for _, a := range p.asked {
		for _, g := range a.groups {
			if development(g) && !slices.Contains(p.r.Without, g) {
				p.r.Without = append(p.r.Without, g)
			}
		}
	}
	slices.Sort(p.r.Without)
}

// gitFiles notes a gemspec that asks git for its files. Bundler reads it again at every
// start, and an image that only runs the program has no git.
func (p *rubyProject) gitFiles(spec string) {
	text := string(p.t.read(spec))
	if strings.Contains(text, "git ls-files") || strings.Contains(text, "%w[git") || strings.Contains(text, "%w(git") {
		p.asksGit = cmp.Or(p.asksGit, fmt.Sprintf("%s:%d", spec, max(1, p.t.lineOf(spec, "git ls-files"))))
	}
}

func (p *rubyProject) gemsOf(file string) {
	var groups [][]string // of the blocks around a line
	var dirs []string
	n := 0
	for l := range strings.Lines(rubyCode(string(p.t.read(file)))) {
		n++
		l = strings.TrimRight(l, "\r\n")
		if m := rubyGemRE.FindStringSubmatch(l); m != nil {
			a := rubyAsk{name: m[1], at: Place{file, n}}
			for _, g := range groups {
				a.groups = append(a.groups, g...)
			}
			if g := rubyInGroupRE.FindStringSubmatch(m[2]); g != nil {
				a.groups = append(a.groups, symbols(g[1]+g[2])...)
			}
			if d := rubyPathRE.FindStringSubmatch(m[2]); d != nil {
				a.path = path.Clean(d[1])
			} else if len(dirs) > 0 && dirs[len(dirs)-1] != "" {
				a.path = path.Join(dirs[len(dirs)-1], a.name)
				if !p.t.dir(a.path) {
					a.path = dirs[len(dirs)-1]
				}
			}
			if a.path != "" && p.t.dir(a.path) && !slices.Contains(p.r.Paths, a.path) {
				p.r.Paths = append(p.r.Paths, a.path)
				for _, f := range p.t.below(a.path) {
					if path.Ext(f) == ".gemspec" {
						p.gitFiles(f)
					}
				}
			}
			p.asked = append(p.asked, a)
		}
		if m := rubyEvalRE.FindStringSubmatch(l); m != nil && p.t.has[path.Clean(m[1])] && !slices.Contains(p.r.Files, path.Clean(m[1])) {
			p.r.Files = append(p.r.Files, path.Clean(m[1]))
			p.gemsOf(path.Clean(m[1]))
		}
		switch trimmed := strings.TrimSpace(l); {
		case rubyGroupRE.MatchString(l):
			groups, dirs = append(groups, symbols(rubyGroupRE.FindStringSubmatch(l)[1])), append(dirs, "")
		case rubyPathsRE.MatchString(l):
			groups, dirs = append(groups, nil), append(dirs, path.Clean(rubyPathsRE.FindStringSubmatch(l)[1]))
		case trimmed == "end" && len(groups) > 0:
			groups, dirs = groups[:len(groups)-1], dirs[:len(dirs)-1]
		case rubyBlockRE.MatchString(l):
			groups, dirs = append(groups, nil), append(dirs, "")
		}
	}
}

// symbols are the words of a list: :development, "test".
func symbols(text string) (list []string) {
	for _, m := range rubySymbolRE.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1]+m[2])
	}
	return list
}

// readLock reads Gemfile.lock, and holds it against the Gemfile and against Linux.
func (p *rubyProject) readLock() error {
	const file = "Gemfile.lock"
	p.lock = map[string]*rubyGem{}
	if !p.t.has[file] {
		p.s.Notes = append(p.s.Notes, "no Gemfile.lock: the versions of gems move with time; `bundle lock` writes one")
		p.closure()
		return nil
	}
	p.s.Lock = Fact{Value: file, At: Place{File: file}}
	p.r.Files = append(p.r.Files, file)
	section, n, systemsAt := "", 0, 0
	asked := map[string]bool{}
	var last *rubyGem
	for l := range strings.Lines(string(p.t.read(file))) {
		n++
		l = strings.TrimRight(l, "\r\n")
		if l != "" && l[0] != ' ' {
			section = l
			switch {
			case l == "GIT":
				p.r.Git = true
			case l == "PLATFORMS":
				systemsAt = n
			case strings.HasPrefix(l, "<<<<<<<"):
				return fmt.Errorf("%s:%d is left over from a merge", file, n)
			}
			continue
		}
		switch section {
		case "GEM", "PATH", "GIT":
			if m := rubySpecRE.FindStringSubmatch(l); m != nil {
				version, system := m[2], ""
				if x := rubySystemRE.FindStringSubmatch(m[2]); x != nil {
					version, system = x[1], x[2]
				}
				if p.lock[m[1]] == nil {
					p.lock[m[1]] = &rubyGem{name: m[1], version: version, at: Place{file, n}}
				}
				last = p.lock[m[1]]
				if system != "" {
					last.systems = append(last.systems, system)
				}
			} else if m := rubyDepRE.FindStringSubmatch(l); m != nil && last != nil {
				last.deps = append(last.deps, m[1])
			}
		case "PLATFORMS":
			if f := strings.TrimSpace(l); f != "" {
				p.systems = append(p.systems, f)
			}
		case "DEPENDENCIES":
			name, _, _ := strings.Cut(strings.TrimSpace(l), " ")
			asked[strings.TrimSuffix(name, "!")] = true
		}
	}
	if err := p.linux(file, systemsAt); err != nil {
		return err
	}
	if !rubyMaybeRE.MatchString(rubyCode(string(p.t.read("Gemfile")))) {
		for _, a := range p.asked {
			if !asked[a.name] && len(asked) > 0 {
				return fmt.Errorf("%s is out of step with Gemfile: it has no %s, which %s asks for; run `bundle install` once, and look at what it changes", file, a.name, a.at)
			}
		}
	}
	p.closure()
	return nil
}

// linux holds the systems that the lock is for against a container of Linux: gems with
// binaries have none for it otherwise, and a frozen install fails.
func (p *rubyProject) linux(file string, line int) error {
	if len(p.systems) == 0 {
		return nil
	}
	linux := func(cpu string) bool {
		return slices.ContainsFunc(p.systems, func(s string) bool { return s == "ruby" || s == cpu+"-linux" || s == cpu+"-linux-gnu" })
	}
	intel, arm := linux("x86_64"), linux("aarch64")
	switch {
	case !intel && !arm:
		return &Unsupported{fmt.Sprintf("%s:%d is for %s, and not for Linux: an install from it stops", file, line, strings.Join(p.systems, " and ")), "`bundle lock --add-platform x86_64-linux aarch64-linux`, once, on any machine"}
	case !arm:
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s:%d is for processors of Intel and AMD alone: `bundle lock --add-platform aarch64-linux` lets it be built on others", file, line))
	case !intel:
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s:%d is for processors of ARM alone: `bundle lock --add-platform x86_64-linux` lets it be built on others", file, line))
	}
	return nil
}

// closure finds the gems that are there where the program runs.
func (p *rubyProject) closure() {
	p.used = map[string]bool{}
	var follow func(string)
	follow = func(name string) {
		if p.used[name] {
			return
		}
		p.used[name] = true
		if g := p.lock[name]; g != nil {
			for _, d := range g.deps {
				follow(d)
			}
		}
	}
	for _, a := range p.asked {
		if len(a.groups) == 0 || !slices.ContainsFunc(a.groups, development) {
			follow(a.name)
		}
	}
}

// binary tells whether a gem brings what it would otherwise compile.
func (p *rubyProject) binary(name string) bool {
	g := p.lock[name]
	return g != nil && slices.ContainsFunc(g.systems, func(s string) bool { return strings.Contains(s, "linux") && !strings.Contains(s, "musl") })
}

var (
	rubyVersionRE = regexp.MustCompile(`^(?:ruby-)?(\d+\.\d+(?:\.\d+)?)(?:-?p\d+)?$`)
	rubyAskedRE   = regexp.MustCompile(`(?m)^\s*ruby\s*\(?\s*((?:["'][^"']+["']\s*,?\s*)+)`)
	rubyFileRE    = regexp.MustCompile(`(?m)^\s*ruby\s*\(?\s*file:\s*["']([^"']+)["']|^\s*ruby\s+File\.read\(\s*["']([^"']+)["']`)
	rubyLockedRE  = regexp.MustCompile(`(?m)^RUBY VERSION\n\s+ruby (\d+\.\d+\.\d+)`)
)

// version tells which Ruby the project is for. Bundler insists on what the Gemfile says;
// the rest is what its people work with.
func (p *rubyProject) version() error {
	gemfile := rubyCode(string(p.t.read("Gemfile")))
	if m := rubyAskedRE.FindStringSubmatchIndex(gemfile); m != nil {
		var parts []string
		for _, q := range regexp.MustCompile(`["']([^"']+)["']`).FindAllStringSubmatch(gemfile[m[2]:m[3]], -1) {
			parts = append(parts, q[1])
		}
		p.s.Version = Version{Spec: strings.Join(parts, ", "), At: Place{"Gemfile", lineAt(gemfile, m[2])}}
		return p.dialect(p.s.Version.Spec, p.s.Version.At)
	}
	hard := ""
	if m := rubyFileRE.FindStringSubmatch(gemfile); m != nil {
		hard = m[1] + m[2]
		if p.t.has[hard] {
			p.r.Files = append(p.r.Files, hard)
		}
	}
	for _, f := range []string{".ruby-version", ".tool-versions"} {
		n := 0
		for l := range strings.Lines(string(p.t.read(f))) {
			n++
			l = strings.TrimSpace(l)
			if f == ".tool-versions" {
				w := strings.Fields(l)
				if len(w) < 2 || w[0] != "ruby" {
					continue
				}
				l = w[1]
			}
			if err := p.dialect(l, Place{f, n}); err != nil {
				return err
			}
			if m := rubyVersionRE.FindStringSubmatch(l); m != nil {
				p.s.Version = Version{Spec: m[1], At: Place{f, n}, Soft: f != hard}
				return nil
			}
		}
	}
	if m := rubyLockedRE.FindStringSubmatch(string(p.t.read("Gemfile.lock"))); m != nil {
		p.s.Version = Version{Spec: m[1], At: Place{"Gemfile.lock", p.t.lineOf("Gemfile.lock", "ruby "+m[1])}, Soft: true}
	}
	return nil
}

func (p *rubyProject) dialect(spec string, at Place) error {
	for _, other := range []string{"jruby", "truffleruby", "rbx", "mruby"} {
		if strings.HasPrefix(spec, other) {
			return &Unsupported{fmt.Sprintf("%s asks for %s", at, spec), "init writes containers for the Ruby of ruby-lang.org"}
		}
	}
	return nil
}
