package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	rustAttrRE  = regexp.MustCompile(`#\[(?:\w+::)?(?:get|head|route)\(\s*(?:path\s*=\s*)?"(/[^"]*)"[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:pub(?:\([a-z]+\))?\s+)?(?:async\s+)?fn\s+(\w+)`)
	rustRouteRE = regexp.MustCompile(`\.(?:route|at|service|nest_service)\(\s*(?:web::resource\()?\s*"(/?[^"]*)"|\bweb::resource\(\s*"(/?[^"]*)"|\bRouter::with_path\(\s*"(/?[^"]*)"|\bpath!?\(\s*"([^"]*)"|"(/[\w/.-]*)"\s*\)?\s*=>`)
	rustScopeRE = regexp.MustCompile(`\b(?:nest|scope|mount)\(\s*"(/?[^"]*)"`)
)

// A rustScope is a part of a file whose routes are put below a prefix.
type rustScope struct {
	file     *rustSource
	prefix   string
	from, to int
}

// health finds the route that tells how the program is.
func (p *rustProject) health() {
	var scopes []rustScope
	for _, f := range p.files {
		for _, m := range rustScopeRE.FindAllStringSubmatchIndex(f.code, -1) {
			scopes = append(scopes, rustScope{f, strings.TrimSuffix(f.code[m[2]:m[3]], "/"), m[0], f.outer(m[1])})
			if s := &scopes[len(scopes)-1]; strings.HasPrefix(f.code[m[0]:], "scope") {
				s.to = f.outer(f.closing(m[0]+len("scope")) + 1) // what is called on it
			}
		}
	}
	// below is the prefix of what stands at a place, or bears a name.
	var below func(f *rustSource, at int, name string, depth int) (string, bool)
	below = func(f *rustSource, at int, name string, depth int) (string, bool) {
		if depth > 4 {
			return "", false
		}
		names := []string{name, f.fn(at), f.let(at)}
		for i := len(scopes) - 1; i >= 0; i-- {
			s := scopes[i]
			inside := s.file == f && s.from < at && at < s.to
			if !inside && s.file == f && s.from == at {
				continue
			}
			text := s.file.bare[s.from:min(s.to, len(s.file.bare))]
			named := slices.ContainsFunc(names, func(n string) bool {
				return n != "" && n != "main" && !inside && regexp.MustCompile(`\b`+n+`\b`).MatchString(text) && s.file.fn(s.from) != n
			})
			if inside || named {
				up, _ := below(s.file, s.from, "", depth+1)
				return up + s.prefix, true
			}
		}
		return "", false
	}
	best := -1
	note := func(f *rustSource, at int, route, name string) {
		i := slices.Index(healthy, path.Base(strings.Trim(route, "/")))
		if i < 0 || strings.ContainsAny(route, "<{:*") || best >= 0 && i >= best {
			return
		}
		if !strings.HasPrefix(route, "/") {
			route = "/" + route
		}
		prefix, mounted := below(f, at, name, 0)
		if p.s.Framework.Value == "Rocket" && !mounted {
			return // nothing answers a route that is mounted nowhere
		}
		best = i
		p.s.Health = Fact{Value: prefix + route, At: f.at(at)}
	}
	for _, f := range p.files {
		for _, m := range rustAttrRE.FindAllStringSubmatchIndex(f.code, -1) {
			note(f, m[0], f.code[m[2]:m[3]], f.code[m[4]:m[5]])
		}
		for _, m := range rustRouteRE.FindAllStringSubmatchIndex(f.code, -1) {
			for i := 2; i < len(m); i += 2 {
				if m[i] >= 0 {
					note(f, m[0], f.code[m[i]:m[i+1]], "")
				}
			}
		}
	}
}
