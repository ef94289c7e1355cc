package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	laravelUpRE    = regexp.MustCompile(`\bhealth:\s*['"]([^'"]+)['"]`)
	phpRouteRE     = regexp.MustCompile(`(?:\bRoute::|\$\w+->)(?:get|any|match|map|add)\(\s*(?:\[[^\]]*\]\s*,\s*)?['"]([^'"]*)['"]`)
	phpGroupRE     = regexp.MustCompile(`\bprefix\(\s*['"]([^'"]*)['"]\s*\)[^;{}]*->group\([^{;]*\{?\s*$|->group\(\s*['"]([^'"]*)['"]`)
	phpGuardRE     = regexp.MustCompile(`middleware\(\s*\[?\s*['"]auth`)
	symfonyRouteRE = regexp.MustCompile(`#\[Route\(\s*(?:path:\s*)?['"]([^'"]*)['"][^\]]*\]|@Route\(\s*"([^"]*)"`)
	symfonyClassRE = regexp.MustCompile(`\bclass\s+\w+`)
	grantedRE      = regexp.MustCompile(`#\[IsGranted\(`)
)

// health finds the route that tells how the program is.
func (p *phpProject) health() {
	if p.s.Kind != Service {
		return
	}
	best := -1
	note := func(route string, own bool, at Place) {
		route = "/" + strings.Trim(route, "/")
		i := slices.Index(healthy, strings.ToLower(path.Base(route)))
		if own {
			i = 0
		}
		if i < 0 || strings.ContainsAny(route, "{}*[") || best >= 0 && i >= best {
			return
		}
		best = i
		p.s.Health = Fact{Value: route, At: at}
	}
	for _, f := range p.sources {
		if f.file == "bootstrap/app.php" {
			if m := laravelUpRE.FindStringSubmatchIndex(f.text); m != nil {
				note(f.text[m[2]:m[3]], true, Place{f.file, lineAt(f.text, m[0])})
			}
		}
		if strings.HasPrefix(f.file, "config/") {
			continue
		}
		p.routes(f, note)
		p.attributes(f, note)
	}
	for _, name := range []string{"health.php", "ping.php", "status.php", "healthz.php"} {
		if f := path.Join(p.p.Root, name); p.t.has[f] && p.p.Root != "" && !p.s.Health.Known() {
			p.s.Health = Fact{Value: "/" + name, At: Place{File: f}}
		}
	}
}

// routes follows the groups of a file of routes, line by line.
func (p *phpProject) routes(f script, note func(string, bool, Place)) {
	type group struct {
		depth   int
		prefix  string
		guarded bool
	}
	base := ""
	if f.file == "routes/api.php" && p.s.Framework.Value == "Laravel" {
		base = "api"
	}
	var groups []group
	depth, n := 0, 0
	for l := range strings.Lines(f.text) {
		n++
		for len(groups) > 0 && depth < groups[len(groups)-1].depth {
			groups = groups[:len(groups)-1]
		}
		if m := phpRouteRE.FindStringSubmatch(l); m != nil && !phpGuardRE.MatchString(l) {
			full, guarded := base, false
			for _, g := range groups {
				full, guarded = full+"/"+strings.Trim(g.prefix, "/"), guarded || g.guarded
			}
			if !guarded {
				note(path.Join("/", full, m[1]), false, Place{f.file, n})
			}
		}
		opened := depth + strings.Count(l, "{") - strings.Count(strings.ReplaceAll(l, "['", ""), "}")
		if strings.Contains(l, "group(") && opened > depth {
			g := group{depth: opened, guarded: phpGuardRE.MatchString(l)}
			if m := phpGroupRE.FindStringSubmatch(l); m != nil {
				g.prefix = m[1] + m[2]
			} else if m := regexp.MustCompile(`\bprefix\(\s*['"]([^'"]*)['"]`).FindStringSubmatch(l); m != nil {
				g.prefix = m[1]
			}
			groups = append(groups, g)
		}
		depth = opened
	}
}

// attributes notes the routes of a controller of Symfony.
func (p *phpProject) attributes(f script, note func(string, bool, Place)) {
	class := symfonyClassRE.FindStringIndex(f.text)
	if class == nil {
		return
	}
	prefix := ""
	head := f.text[:class[0]]
	if m := symfonyRouteRE.FindStringSubmatch(head); m != nil {
		prefix = m[1] + m[2]
	}
	if grantedRE.MatchString(head) {
		return
	}
	invoked := strings.Contains(f.text[class[1]:], "function __invoke")
	if prefix != "" && invoked {
		note(prefix, false, Place{f.file, lineAt(f.text, symfonyRouteRE.FindStringIndex(head)[0])})
	}
	for _, m := range symfonyRouteRE.FindAllStringSubmatchIndex(f.text[class[1]:], -1) {
		at := class[1] + m[0]
		route := ""
		for i := 2; i < len(m); i += 2 {
			if m[i] >= 0 {
				route = f.text[class[1]+m[i] : class[1]+m[i+1]]
			}
		}
		end := at + strings.Index(f.text[at:]+"function", "function")
		if grantedRE.MatchString(f.text[max(0, at-120):min(end, len(f.text))]) {
			continue
		}
		note(path.Join("/", prefix, route), false, Place{f.file, lineAt(f.text, at)})
	}
}
