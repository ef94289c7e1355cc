package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	netMapRE   = regexp.MustCompile(`(?:\b(\w+)\s*)?\.\s*(?:MapHealthChecks|UseHealthChecks|MapGet|Map|MapMethods)\(\s*\$?"([^"]*)"`)
	netGroupRE = regexp.MustCompile(`\b(\w+)\s*=\s*(\w+)\s*\.\s*MapGroup\(\s*"([^"]*)"`)
	netChainRE = regexp.MustCompile(`\.\s*MapGroup\(\s*"([^"]*)"\s*\)[^;]*$`)
	netClassRE = regexp.MustCompile(`\[Route\(\s*"([^"]*)"\s*\)\]`)
	netNameRE  = regexp.MustCompile(`\bclass\s+(\w+?)(?:Controller)?\b\s*(?:\([^)]*\)\s*)?(?::|\{|$)`)
	netGetRE   = regexp.MustCompile(`\[(?:HttpGet|Route)(?:\(\s*"([^"]*)"[^\]]*\))?\](?:\s*\[[^\]]*\])*\s*public\b`)
)

// health finds the route that tells how the program is. What is mapped in development
// alone is none: read has taken it out.
func (p *netLooker) health() {
	if p.s.Kind != Service {
		return
	}
	best := -1
	note := func(route string, f script, at int) {
		route = "/" + strings.Trim(route, "/")
		i := slices.Index(healthy, strings.ToLower(path.Base(route)))
		if i < 0 && route != "/" && strings.Contains(f.text[at:min(at+40, len(f.text))], "HealthChecks(") {
			i = 0 // whatever it is called
		}
		if i < 0 || strings.ContainsAny(route, "{}*") || best >= 0 && i >= best {
			return
		}
		best = i
		p.s.Health = Fact{Value: route, At: Place{f.file, lineAt(f.text, at)}}
	}
	for _, f := range p.sources {
		groups := map[string]string{}
		for _, m := range netGroupRE.FindAllStringSubmatch(f.text, -1) {
			groups[m[1]] = strings.TrimSuffix(groups[m[2]], "/") + "/" + strings.Trim(m[3], "/")
		}
		for _, m := range netMapRE.FindAllStringSubmatchIndex(f.text, -1) {
			end := m[1] + strings.IndexByte(f.text[m[1]:]+";", ';')
			if strings.Contains(f.text[m[1]:min(end, len(f.text))], "RequireAuthorization") {
				continue
			}
			prefix := ""
			if m[2] >= 0 {
				prefix = groups[f.text[m[2]:m[3]]]
			}
			begin := strings.LastIndexAny(f.text[:m[0]], ";{}") + 1
			if c := netChainRE.FindStringSubmatch(f.text[begin:m[0]]); c != nil {
				prefix = "/" + strings.Trim(c[1], "/")
			}
			note(prefix+"/"+strings.Trim(f.text[m[4]:m[5]], "/"), f, m[0])
		}
		p.controllers(f, note)
	}
	if !p.s.Health.Known() && slices.ContainsFunc(p.family, func(m *netProject) bool { return m.is("IsAspireSharedProject") }) {
		p.s.Notes = append(p.s.Notes, "MapDefaultEndpoints of Aspire maps its health routes in development alone: one outside of that condition tells how the program is")
	}
}

// controllers notes the routes of a file of controllers.
func (p *netLooker) controllers(f script, note func(string, script, int)) {
	classes := netNameRE.FindAllStringSubmatchIndex(f.text, -1)
	for _, m := range netGetRE.FindAllStringSubmatchIndex(f.text, -1) {
		at := -1
		for i, c := range classes {
			if c[0] < m[0] {
				at = i
			}
		}
		if at < 0 {
			continue
		}
		from := 0
		if at > 0 {
			from = classes[at-1][1]
		}
		head := f.text[from:classes[at][0]]
		if strings.Contains(head, "[Authorize") && !strings.Contains(f.text[max(0, m[0]-80):m[1]], "[AllowAnonymous]") || strings.Contains(f.text[m[0]:m[1]], "[Authorize") {
			continue
		}
		prefix := ""
		if r := netClassRE.FindStringSubmatch(head); r != nil {
			prefix = strings.ReplaceAll(r[1], "[controller]", strings.ToLower(f.text[classes[at][2]:classes[at][3]]))
		}
		route := ""
		if m[2] >= 0 {
			route = f.text[m[2]:m[3]]
		}
		if rest, ok := strings.CutPrefix(route, "/"); ok {
			prefix, route = "", rest
		}
		note(prefix+"/"+route, f, m[0])
	}
}
