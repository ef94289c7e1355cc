package stack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// managers are lock files with their managers.
var managers = []struct{ file, manager string }{
	{"pnpm-lock.yaml", "pnpm"}, {"bun.lock", "bun"}, {"bun.lockb", "bun"}, {"yarn.lock", "yarn"}, {"package-lock.json", "npm"}, {"npm-shrinkwrap.json", "npm"},
}

var managerRE = regexp.MustCompile(`^\s*(npm|yarn|pnpm|bun)@v?(\d+(?:\.\d+)*)`)

// pnpmVersions are the versions of pnpm that are known to be good, the newest first.
func pnpmVersions() (list []string) {
	for _, name := range []string{"pnpm", "pnpm 9", "pnpm lockfile 6.0", "pnpm lockfile 5.4", "pnpm lockfile 5.3"} {
		list = append(list, knowledge.ToolVersion(name))
	}
	return list
}

// admitted is the first of some versions of a manager that engines lets through: the manager
// refuses to install where it does not. "" = engines does not say, or lets none of them through.
func (p *nodeProject) admitted(manager string, versions ...string) string {
	c, ok := p.engine(manager)
	if !ok {
		return ""
	}
	for _, v := range versions {
		if parsed, err := semver.NewVersion(v); err == nil && c.Check(parsed) {
			return v
		}
	}
	return ""
}

// manager tells what installs the packages, by packageManager, then by the lock, then by
// engines; and its version, by packageManager, then by engines, then by the lock.
func (p *nodeProject) manager() error {
	n, s, t := p.n, p.s, p.t
	var locks []string
	for _, m := range managers {
		if t.has[m.file] {
			locks = append(locks, m.file)
		}
	}
	for _, m := range managers {
		if t.has[m.file] {
			if n.Manager == "" && (len(locks) == 1 || p.stale(m.file) == "") {
				n.Manager = m.manager
				s.Manager = Fact{Value: m.manager, At: Place{File: m.file}}
				s.Lock = Fact{Value: m.file, At: Place{File: m.file}}
			}
		}
	}
	version := ""
	if m := managerRE.FindStringSubmatch(p.pkg.PackageManager); m != nil {
		version = m[2]
		if m[1] != n.Manager {
			for _, l := range managers {
				if l.manager == m[1] && t.has[l.file] {
					s.Lock = Fact{Value: l.file, At: Place{File: l.file}}
				}
			}
		}
		n.Manager = m[1]
		s.Manager = Fact{Value: m[1], At: p.line(`"packageManager"`)}
	}
	if n.Manager == "" {
		// One that nobody is to use is asked for as please-use-yarn.
		_, pnpm := p.engine("pnpm")
		_, yarn := p.engine("yarn")
		_, npm := p.engine("npm")
		switch {
		case pnpm && !yarn && !npm:
			n.Manager = "pnpm"
		case yarn && !pnpm && !npm:
			n.Manager = "yarn"
		}
		if n.Manager != "" {
			s.Manager = Fact{Value: n.Manager, At: p.line(`"` + n.Manager + `"`), Why: "engines"}
			s.Notes = append(s.Notes, fmt.Sprintf("no lock file: the versions in package.json move with time; `%s install` writes one", n.Manager))
		}
	}
	if n.Manager == "" {
		n.Manager = "npm"
		s.Manager = Fact{Value: "npm", At: Place{File: "package.json"}, Why: "no lock says otherwise"}
		s.Notes = append(s.Notes, "no lock file: the versions in package.json move with time; `npm install --package-lock-only` writes one")
	}
	n.Lock = s.Lock.Known()
	if n.Lock {
		if what := p.stale(s.Lock.Value); what != "" {
			return fmt.Errorf("%s is out of step with package.json: %s; install once with %s, and look at what it changes", s.Lock.Value, what, n.Manager)
		}
	}
	if len(locks) > 1 {
		s.Notes = append(s.Notes, fmt.Sprintf("there are several locks (%s): %s decides", strings.Join(locks, ", "), s.Manager.At))
	}
	switch n.Manager {
	case "yarn":
		if t.has[".yarnrc.yml"] || strings.Contains(string(t.read("yarn.lock")), "__metadata:") || version != "" && !strings.HasPrefix(version, "1.") || version == "" && !n.Lock && p.admitted("yarn", knowledge.ToolVersion("yarn")) == "" && p.admitted("yarn", knowledge.ToolVersion("@yarnpkg/cli-dist")) != "" {
			n.Manager = "berry"
			n.Tool = tool("@yarnpkg/cli-dist")
			if version != "" && !strings.HasPrefix(version, "1.") {
				n.Tool.Version = version
			}
			rc := string(t.read(".yarnrc.yml"))
			n.PnP = !strings.Contains(rc, "nodeLinker: node-modules") && !strings.Contains(rc, "nodeLinker: pnpm")
		}
	case "pnpm":
		n.Tool = tool("pnpm")
		if version == "" {
			if m := regexp.MustCompile(`(?m)^lockfileVersion:\s*'?([\d.]+)`).FindSubmatch(t.read("pnpm-lock.yaml")); m != nil {
				version = knowledge.ToolVersion("pnpm lockfile " + string(m[1]))
			}
			version = cmp.Or(p.admitted("pnpm", append([]string{version}, pnpmVersions()...)...), version)
		}
		n.Tool.Version = cmp.Or(version, n.Tool.Version)
	case "bun":
		n.Tool = tool("bun")
		if v := strings.TrimSpace(string(t.read(".bun-version"))); v != "" {
			version = v
		}
		n.Tool.Version = cmp.Or(version, n.Tool.Version)
	}
	n.Files = []string{"package.json"}
	if n.Lock {
		n.Files = append(n.Files, s.Lock.Value)
	}
	for _, f := range []string{".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", "pnpm-workspace.yaml", "bunfig.toml", "patches", ".yarn", "prisma"} {
		if t.has[f] || t.more(f) {
			n.Files = append(n.Files, f)
		}
	}
	for _, m := range p.space {
		n.Files = append(n.Files, m.Dir+"/package.json")
	}
	n.Token = regexp.MustCompile(`_authToken\s*=\s*\$\{`).Match(t.read(".npmrc"))
	n.Prisma = p.pkg.needs("prisma") || p.pkg.needs("@prisma/client")
	for _, name := range []string{"preinstall", "install", "postinstall", "prepare"} {
		if p.pkg.Scripts[name] != "" {
			n.Prepare = append(n.Prepare, name)
		}
	}
	return nil
}

// engine are the versions of a manager that engines asks for; false = it asks for none.
func (p *nodeProject) engine(manager string) (*semver.Constraints, bool) {
	spec := p.pkg.Engines[manager]
	c, err := semver.NewConstraint(spec)
	return c, spec != "" && err == nil
}

// stale tells what a lock lacks of what package.json asks for; "" = nothing, or the
// lock is of a kind that does not say.
func (p *nodeProject) stale(file string) string {
	asks := map[string]string{}
	for _, list := range []map[string]string{p.pkg.Dependencies, p.pkg.Dev} {
		for name, spec := range list {
			asks[name] = spec
		}
	}
	var names []string
	for name := range asks {
		names = append(names, name)
	}
	slices.Sort(names)
	data := p.t.read(file)
	switch file {
	case "package-lock.json", "npm-shrinkwrap.json":
		var lock struct {
			Packages map[string]packageFile `json:"packages"`
		}
		if json.Unmarshal(data, &lock) != nil || lock.Packages == nil {
			return "" // of npm 6, which did not write it down
		}
		root := lock.Packages[""]
		for _, name := range names {
			if have := cmp.Or(root.Dependencies[name], root.Dev[name]); have != asks[name] {
				if have == "" {
					return fmt.Sprintf("it has no %s, which is asked for as %s", name, asks[name])
				}
				return fmt.Sprintf("it has %s for %s, and %s is asked for", have, name, asks[name])
			}
		}
	case "yarn.lock":
		text := string(data)
		if strings.Contains(text, "__metadata:") {
			return ""
		}
		for _, name := range names {
			if spec := asks[name]; !strings.Contains(text, name+"@"+spec) && !strings.Contains(spec, ":") {
				return fmt.Sprintf("it has no %s@%s", name, spec)
			}
		}
	}
	return ""
}
