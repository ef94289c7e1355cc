package stack

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/python"
)

// healthy are the last parts of routes that tell how a program is, what tells of
// life alone first.
var healthy = []string{"health", "healthz", "livez", "live", "liveness", "healthcheck", "health_check", "health-check", "_health", "ping", "_ping", "alive", "heartbeat", "up", "status", "readyz", "ready", "readiness"}

// A route is a path that a program answers.
type route struct {
	path  string // as it is asked for; "" = not known
	m     *module
	owner string // the router that it belongs to, in its module
	at    Place
	guard bool // it wants somebody who is logged in
}

var guardRE = regexp.MustCompile(`(?i)(^|[._])(login_required|require_?(auth|login|user|api_?key)|authenticated|permission|get_?current_?user|verify_?(token|key|api_?key)|jwt_required|auth_required|protected)`)

// routes are the routes of a module.
func (p *pyProject) routes(m *module) (list []route) {
	src := m.parsed()
	add := func(owner string, e *python.Expr, line int, guard bool) {
		s, ok := p.routeText(m, e)
		if !ok {
			return
		}
		if !strings.HasPrefix(s, "/") && s != "" {
			s = "/" + s
		}
		list = append(list, route{s, m, owner, Place{m.file, line}, guard})
	}
	for _, d := range src.Defs {
		guard := slices.ContainsFunc(d.Decorators, func(e python.Expr) bool {
			return guardRE.MatchString(e.Text) || e.Call != nil && guardRE.MatchString(e.Call.Func)
		})
		guard = guard || slices.ContainsFunc(d.Defaults, func(e python.Expr) bool {
			return slices.ContainsFunc(e.Calls(), func(c *python.Call) bool {
				return c.Method() == "Security" || c.Method() == "Depends" && c.Arg("", 0) != nil && guardRE.MatchString(c.Arg("", 0).Text)
			})
		})
		for _, e := range d.Decorators {
			if e.Call == nil {
				continue
			}
			switch e.Call.Method() {
			case "get", "route", "api_route", "head", "http_get", "custom_route":
				g := guard || e.Call.Arg("dependencies", -1) != nil
				if a := e.Call.Arg("path", 0); a != nil {
					if ms := e.Call.Arg("methods", 1); e.Call.Method() != "get" && ms != nil && len(ms.Literals()) > 0 && !slices.Contains(ms.Literals(), "GET") {
						continue
					}
					add(e.Call.Of(), a, e.Call.Line, g)
				}
			}
		}
	}
	for _, c := range src.Calls {
		switch c.Method() {
		case "add_api_route", "add_url_rule", "add_route", "add_get", "add_resource":
			at := 0
			if c.Method() == "add_resource" {
				at = 1
			}
			if c.Method() == "add_route" && c.Arg("", 0) != nil && c.Arg("", 0).Form != python.String {
				at = 1
			}
			add(strings.TrimSuffix(c.Of(), ".router"), c.Arg("path", at), c.Line, false)
		case "Route":
			if strings.HasSuffix(c.Func, "routing.Route") {
				add("", c.Arg("path", 0), c.Line, false)
			}
		case "path", "re_path", "url":
			if !strings.Contains(c.Func, "django") {
				continue
			}
			if a := c.Arg("route", 0); a != nil && a.Form == python.String {
				s := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(a.Text, "^"), "$"), "?")
				if !strings.ContainsAny(s, "<(\\[") {
					add("urlpatterns", &python.Expr{Form: python.String, Text: s}, c.Line, false)
				}
			}
		}
		if c.Func == "aiohttp.web.get" {
			add("", c.Arg("path", 0), c.Line, false)
		}
	}
	return list
}

var (
	holeRE = regexp.MustCompile(`\{([^{}]*)\}`)
	nameRE = regexp.MustCompile(`^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$`)
)

// routeText is the path of a route, through constants and the holes of an f-string.
func (p *pyProject) routeText(m *module, e *python.Expr) (string, bool) {
	switch {
	case e == nil || e.Form == python.Number:
		return "", false
	case e.Form == python.String:
		return e.Text, true
	case e.Form == python.Name:
		return p.spelled(m, e.Text)
	case e.Form != python.Other || !strings.Contains(e.Text, "{"):
		return "", false
	}
	known := true
	s := holeRE.ReplaceAllStringFunc(e.Text, func(hole string) string {
		s, ok := p.spelled(m, hole[1:len(hole)-1])
		known = known && ok
		return s
	})
	return s, known
}

// spelled is the text that a name stands for, as Python writes it: the member of an
// enumeration is its own name there, unless it says otherwise.
func (p *pyProject) spelled(m *module, name string) (string, bool) {
	if !nameRE.MatchString(name) {
		return "", false
	}
	bare := strings.TrimSuffix(name, ".value")
	if first, rest, ok := strings.Cut(bare, "."); ok {
		if i := m.parsed().Import(first); i != nil && i.Name != "" {
			bare = i.Module + "." + i.Name + "." + rest
		}
	}
	parts := strings.Split(bare, ".")
	if len(parts) > 1 {
		for _, other := range p.modules {
			if !other.mentions("class " + parts[len(parts)-2]) {
				continue
			}
			for _, c := range other.parsed().Classes {
				plain := slices.ContainsFunc(c.Bases, func(b string) bool { return strings.HasSuffix(b, "Enum") && !strings.HasSuffix(b, "StrEnum") })
				if c.Name == parts[len(parts)-2] && plain && !strings.HasSuffix(name, ".value") &&
					!slices.ContainsFunc(other.parsed().Defs, func(d *python.Def) bool { return d.Class == c.Name && d.Name == "__str__" }) {
					return "", false
				}
			}
		}
	}
	return p.text(m, &python.Expr{Form: python.Name, Text: bare})
}

// A mount puts the routes of a router below a prefix of another.
type mount struct {
	to     string // module and router: "api.main app"
	prefix string
	known  bool // the prefix is plain
}

// health finds the route that tells how the program is.
func (p *pyProject) health() {
	s := p.s
	if s.Kind != Service {
		return
	}
	if f := knowledgeOf(s.Framework.Value); f != nil && f.Health != "" {
		s.Health = Fact{Value: f.Health, Why: "of " + f.Name}
		return
	}
	var list []route
	for _, m := range p.modules {
		if !m.mentions("health", "live", "ping", "alive", "heartbeat", "status", "ready", "/up") {
			continue
		}
		for _, r := range p.routes(m) {
			if slices.Contains(healthy, strings.Trim(path.Base(r.path), "/")) && !r.guard {
				list = append(list, r)
			}
		}
	}
	if len(list) == 0 {
		return
	}
	mounts := p.mounts()
	entry := p.byFile(p.py.Entry)
	reached := p.reached()
	slices.SortStableFunc(list, func(a, b route) int {
		ra, rb := slices.Index(healthy, strings.Trim(path.Base(a.path), "/")), slices.Index(healthy, strings.Trim(path.Base(b.path), "/"))
		return cmp.Or(cmp.Compare(ra, rb), cmp.Compare(len(a.path), len(b.path)))
	})
	for _, r := range list {
		if !reached[r.m] && r.owner != "urlpatterns" {
			continue // of another program
		}
		full, ok := p.full(r, mounts, entry)
		if ok {
			s.Health = Fact{Value: full, At: r.at}
			return
		}
	}
}

// mounts are where routers are put.
func (p *pyProject) mounts() map[string]mount {
	list := map[string]mount{}
	for _, m := range p.modules {
		if !m.mentions("include_router", "register_blueprint", "mount", "include(", "add_router") {
			continue
		}
		for _, c := range m.parsed().Calls {
			var e, pre *python.Expr
			switch c.Method() {
			case "include_router":
				e, pre = c.Arg("router", 0), c.Arg("prefix", -1)
			case "register_blueprint":
				e, pre = c.Arg("blueprint", 0), c.Arg("url_prefix", -1)
			case "mount":
				e, pre = c.Arg("app", 1), c.Arg("path", 0)
			case "path", "re_path":
				if in := c.Arg("view", 1); in != nil && in.Call != nil && in.Call.Method() == "include" {
					if name, ok := in.Call.Arg("", 0).Literal(); ok {
						if other, rest := p.cut(prefix(p.py.Root, name)); other != nil && rest == "" {
							s, ok := c.Arg("route", 0).Literal()
							list[other.name+" urlpatterns"] = mount{m.name + " urlpatterns", "/" + strings.Trim(s, "^/"), ok}
						}
					}
				}
				continue
			default:
				continue
			}
			if e == nil || e.Form != python.Name {
				continue
			}
			target := p.router(m, e.Text)
			owner := c.Of()
			if o := m.parsed().Import(owner); o != nil || strings.Contains(owner, ".") {
				if k := p.router(m, owner); k != "" {
					owner = k
				}
			} else {
				owner = m.name + " " + owner
			}
			text, known := p.text(m, pre)
			list[target] = mount{owner, text, known || pre == nil}
		}
	}
	return list
}

// router is a router by its module and its name there.
func (p *pyProject) router(m *module, name string) string {
	if m.parsed().Assigned(name) != nil {
		return m.name + " " + name
	}
	if other, rest := p.find(m, name); other != nil && rest != "" {
		// A package that takes it from one of its modules.
		if i := other.parsed().Import(rest); i != nil && other.parsed().Assigned(rest) == nil {
			if third, r := p.find(other, i.Module+"."+i.Name); third != nil && r != "" {
				return third.name + " " + r
			}
		}
		return other.name + " " + rest
	}
	return m.name + " " + name
}

// text is the value of an expression that is a text, through constants and the
// fields of settings classes.
func (p *pyProject) text(m *module, e *python.Expr) (string, bool) {
	if e == nil {
		return "", false
	}
	if s, ok := e.Literal(); ok {
		return s, true
	}
	if e.Form != python.Name {
		return "", false
	}
	if a := m.parsed().Assigned(e.Text); a != nil {
		return a.Value.Literal()
	}
	if other, name := p.find(m, e.Text); other != nil && name != "" {
		if a := other.parsed().Assigned(name); a != nil {
			if s, ok := a.Value.Literal(); ok {
				return s, true
			}
		}
	}
	field := e.Text[strings.LastIndexByte(e.Text, '.')+1:]
	for _, other := range p.modules {
		if !other.mentions(field) || !other.mentions("class ") {
			continue
		}
		for _, c := range other.parsed().Classes {
			for _, f := range c.Fields {
				if f.Name == field && f.In == "" {
					if s, ok := f.Value.Literal(); ok {
						return s, true
					}
				}
			}
		}
	}
	return "", false
}

// full is a route with the prefixes of all routers that it lies in. ok is false
// where one of them is not known, or it is in none that the program has.
func (p *pyProject) full(r route, mounts map[string]mount, entry *module) (string, bool) {
	key := p.router(r.m, r.owner)
	if r.owner == "" {
		return r.path, true
	}
	where := r.path
	for range 6 {
		name, router, _ := strings.Cut(key, " ")
		m := p.byName[name]
		if m == nil {
			break
		}
		var own *python.Expr
		isApp := false
		if a := m.parsed().Assigned(router); a != nil && a.Value.Call != nil {
			for _, arg := range []string{"prefix", "url_prefix"} {
				if e := a.Value.Call.Arg(arg, -1); e != nil {
					own = e
				}
			}
			f := p.classify(m, &a.Value, nil, 0)
			isApp = f != nil
		}
		mt, mounted := mounts[key]
		if mounted && r.owner != "" && m.parsed().Assigned(router) != nil && m.parsed().Assigned(router).Value.Call != nil && strings.HasSuffix(m.parsed().Assigned(router).Value.Call.Func, "Blueprint") && mt.prefix != "" {
			own = nil // register_blueprint's prefix is taken instead
		}
		if own != nil {
			s, ok := p.text(m, own)
			if !ok {
				return "", false
			}
			where = join(s, where)
		}
		if mounted {
			if !mt.known {
				return "", false
			}
			where = join(mt.prefix, where)
			key = mt.to
			continue
		}
		if isApp || m == entry || router == "urlpatterns" || m.parsed().Assigned(router) == nil {
			return where, true
		}
		return "", false
	}
	return where, true
}

func join(pre, rest string) string {
	pre = strings.Trim(pre, "/")
	if pre == "" {
		return rest
	}
	return "/" + pre + rest
}
