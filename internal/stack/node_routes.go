package stack

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// port tells where the program listens.
func (p *nodeProject) port() {
	s := p.s
	if p.opt.Port > 0 {
		s.Port = p.opt.port()
		if i := slices.Index(s.Args, "--port"); i >= 0 && i+1 < len(s.Args) {
			s.Args[i+1] = s.Port.Value
			s.Start.Value = strings.Join(append(slices.Clone(s.Exec), s.Args...), " ")
		}
		for i := range s.Set {
			if s.Set[i].Name == "PORT" {
				s.Set[i].Version = s.Port.Value
			}
		}
		if !slices.ContainsFunc(s.Set, func(t Tool) bool { return t.Name == "PORT" }) && s.Kind == Service {
			s.Set = append(s.Set, Tool{Name: "PORT", Version: s.Port.Value})
		}
		return
	}
	if s.Port.Known() || s.Kind != Service {
		return
	}
	unknown, known := p.listened()
	if !known {
		p.portNamed()
	}
	switch {
	case strings.HasPrefix(s.Port.Why, "from "):
		s.Set = append(s.Set, Tool{Name: strings.TrimPrefix(s.Port.Why, "from "), Version: s.Port.Value})
	case !s.Port.Known():
		s.Port = Fact{Value: "3000", Why: "default"}
		s.Set = append(s.Set, Tool{Name: "PORT", Version: "3000"})
		if unknown != (Place{}) {
			s.Notes = append(s.Notes, fmt.Sprintf("port 3000 is a guess: what %s listens on is not known; --port says it", unknown))
		} else {
			s.Notes = append(s.Notes, "port 3000 is a guess: nothing in the source is seen to listen; --port says it")
		}
	}
	reached := p.reachedFiles()
	for _, f := range p.js {
		if m := hostRE.FindStringSubmatch(f.text); m != nil && !slices.ContainsFunc(s.Set, func(t Tool) bool { return t.Name == m[1] }) {
			s.Set = append(s.Set, Tool{Name: m[1], Version: "0.0.0.0"}) // else it listens to nobody outside the container
		}
	}
	for _, f := range p.js {
		if reached != nil && !reached[f.file] {
			continue // a client, a probe: it binds nothing
		}
		if m := localBind.FindStringIndex(f.text); m != nil {
			s.Notes = append(s.Notes, fmt.Sprintf("%s:%d binds loopback: nobody outside the container reaches it; read the address from a variable, or bind 0.0.0.0", f.file, lineAt(f.text, m[0])))
			break
		}
		if m := withoutRE.FindStringIndex(f.text); m != nil && p.pkg.needs("fastify") && !strings.Contains(f.text[m[0]:m[1]], "host") {
			s.Notes = append(s.Notes, fmt.Sprintf("%s:%d gives no host, and fastify then binds localhost: nobody outside the container reaches it; host: '0.0.0.0' says otherwise", f.file, lineAt(f.text, m[0])))
			break
		}
	}
}

// portNamed takes the port of a variable that the source reads for one, wherever it does.
func (p *nodeProject) portNamed() {
	s := p.s
	besides := false // what the port known is of
	for _, f := range p.js {
		if !strings.Contains(f.text, "PORT") {
			continue
		}
		for _, m := range envRE.FindAllStringSubmatchIndex(f.text, -1) {
			name := pick(f.text, m, 2, 4)
			if name != "PORT" && !strings.HasSuffix(name, "_PORT") || databasePort(name) {
				continue
			}
			value := pick(f.text, m, 6, 8)
			at := Place{f.file, lineAt(f.text, m[0])}
			beside := besideRE.MatchString(name)
			if s.Port.Known() && (s.Port.Why == "from PORT" || value == "" || beside) && (!besides || beside) {
				continue
			}
			besides = beside
			if _, err := strconv.Atoi(value); err != nil {
				value = cmp.Or(p.schemaPort(name), "3000")
			}
			s.Port = Fact{Value: value, At: at, Why: "from " + name}
		}
	}
	if s.Port.Known() {
		return
	}
	if port := p.schemaPort("PORT"); port != "" {
		s.Port = Fact{Value: port, Why: "from PORT"}
		for _, f := range p.js {
			if i := strings.Index(f.text, "PORT:"); i >= 0 && strings.Contains(f.text[i:], port) {
				s.Port.At = Place{f.file, lineAt(f.text, i)}
			}
		}
	}
}

// schemaPort is the default that a schema of variables has for a port; "" = none.
func (p *nodeProject) schemaPort(name string) string {
	re := regexp.MustCompile(`\b` + name + `['"]?\s*:[^\n]*?(?:default|devDefault)\w*\s*[(:]\s*['"]?(\d{2,5})`)
	for _, f := range p.js {
		if !strings.Contains(f.text, name) {
			continue
		}
		if m := re.FindStringSubmatch(f.text); m != nil {
			return m[1]
		}
	}
	return ""
}

// databasePort tells whether a variable is the port of something else.
func databasePort(name string) bool {
	for _, w := range []string{"DB_", "DATABASE", "REDIS", "PG", "POSTGRES", "MYSQL", "MONGO", "SMTP", "MAIL", "RABBIT", "KAFKA", "ELASTIC", "METRICS", "DEBUG"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// pick is the first of several groups that matched.
func pick(text string, m []int, groups ...int) string {
	for _, g := range groups {
		if g+1 < len(m) && m[g] >= 0 {
			return text[m[g]:m[g+1]]
		}
	}
	return ""
}

// health finds the route that tells how the program is.
func (p *nodeProject) health() {
	s := p.s
	if s.Kind == Static {
		s.Health = Fact{Value: "/", Why: "its index"}
		return
	}
	if s.Kind != Service {
		return
	}
	best, rank := Fact{}, len(healthy)
	note := func(where string, at Place) {
		i := slices.Index(healthy, strings.TrimPrefix(path.Base(strings.TrimSuffix(where, "/")), "_"))
		if i < 0 {
			i = slices.Index(healthy, path.Base(strings.TrimSuffix(where, "/")))
		}
		if i >= 0 && i < rank && !strings.ContainsAny(where, ":*({") {
			best, rank = Fact{Value: where, At: at}, i
		}
	}
	prefixes, mounts, reached := p.prefixes(), p.mounts(), p.reachedFiles()
	global := ""
	for _, f := range p.js {
		if m := globalRE.FindStringSubmatch(f.text); m != nil {
			global = "/" + strings.Trim(m[1], "/")
		}
	}
	for _, f := range p.js {
		pre, known := prefixes[f.file]
		if !strings.Contains(f.text, "Router") && !strings.Contains(f.text, ".get") && !strings.Contains(f.text, ".all(") && !strings.Contains(f.text, ".use(") && !strings.Contains(f.text, ".route") && !strings.Contains(f.text, "url") && !strings.Contains(f.text, "@Controller") && !strings.Contains(f.file, "health") && !strings.Contains(f.file, "ping") && !strings.Contains(f.file, "status") && !strings.Contains(f.file, "ready") && !strings.Contains(f.file, "live") {
			continue
		}
		for _, m := range routeRE.FindAllStringSubmatchIndex(f.text, -1) {
			on := f.text[m[2]:m[3]]
			if clientRE.MatchString(on) || reached != nil && !reached[f.file] {
				continue // a client asks another, or it is no part of the program
			}
			if where, ok := climb(mounts, f.file+"#"+on); ok {
				note(strings.TrimSuffix(where+f.text[m[4]:m[5]], "/"), Place{f.file, lineAt(f.text, m[0])})
				continue
			}
			if !known && strings.Contains(strings.ToLower(f.text[m[2]:m[3]]), "router") && len(prefixes) > 0 && p.mounted(f.file) {
				continue
			}
			note(pre+f.text[m[4]:m[5]], Place{f.file, lineAt(f.text, m[0])})
		}
		for _, m := range urlRE.FindAllStringSubmatchIndex(f.text, -1) {
			note(pre+pick(f.text, m, 2, 4), Place{f.file, lineAt(f.text, m[0])})
		}
		if c := nestCtrlRE.FindStringSubmatch(f.text); c != nil {
			for _, m := range nestGetRE.FindAllStringSubmatchIndex(f.text, -1) {
				where := global + "/" + strings.Trim(c[1]+"/"+strings.Trim(pick(f.text, m, 2), "/"), "/")
				note(where, Place{f.file, lineAt(f.text, m[0])})
			}
		}
		// Routes that are files.
		name := f.file
		for _, r := range []struct{ before, after string }{{"app/", "/route"}, {"src/app/", "/route"}, {"pages/", ""}, {"src/pages/", ""}, {"src/routes/", "/+server"}, {"server/", ""}} {
			rest, ok := strings.CutPrefix(strings.TrimSuffix(name, path.Ext(name)), r.before)
			if !ok || !strings.HasSuffix(rest, r.after) {
				continue
			}
			rest = strings.TrimSuffix(rest, r.after)
			if s.Framework.Value == "Next.js" && (strings.HasPrefix(r.before, "app") || strings.HasPrefix(r.before, "src/app") || strings.HasPrefix(rest, "api/")) ||
				s.Framework.Value == "SvelteKit" && r.after == "/+server" || s.Framework.Value == "Astro" && strings.HasSuffix(r.before, "pages/") && strings.HasPrefix(rest, "api/") || s.Framework.Value == "Nuxt" && r.before == "server/" && strings.HasPrefix(rest, "api/") {
				note(p.basePath()+"/"+strings.TrimSuffix(rest, ".get"), Place{f.file, 1})
			}
		}
	}
	s.Health = best
}

// clientRE are names of what asks others.
var clientRE = regexp.MustCompile(`(?i)^(?:this|axios|http|https|got|request|agent|superagent|ky|fetch\w*|\w*client|\w*api|instance|session|cache|map|params|headers|nock)$`)

// basePath is what every route of Next.js begins with.
func (p *nodeProject) basePath() string {
	text, _ := p.config("next.config")
	if m := regexp.MustCompile(`basePath\s*:\s*['"]([^'"]+)['"]`).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// mounted tells whether another file puts this one's routes somewhere.
func (p *nodeProject) mounted(file string) bool {
	stem := strings.TrimSuffix(path.Base(file), path.Ext(file))
	return slices.ContainsFunc(p.js, func(f script) bool { return f.file != file && strings.Contains(f.text, "/"+stem) })
}

// prefixes are where the routes of files begin, through the files that use them.
func (p *nodeProject) prefixes() map[string]string {
	direct := map[string][2]string{} // file to the file that uses it, and the prefix
	for _, f := range p.js {
		if !strings.Contains(f.text, ".use") && !strings.Contains(f.text, "register") && !strings.Contains(f.text, ".route") {
			continue
		}
		imports := map[string]string{}
		for _, m := range importRE.FindAllStringSubmatch(f.text, -1) {
			imports[cmp.Or(m[1], m[3])] = p.resolve(f.file, cmp.Or(m[2], m[4]))
		}
		for _, m := range useRE.FindAllStringSubmatch(f.text, -1) {
			target := ""
			if m[2] != "" {
				target = p.resolve(f.file, m[2])
			} else {
				target = imports[m[3]]
			}
			if target != "" {
				direct[target] = [2]string{f.file, strings.TrimSuffix(m[1], "/")}
			}
		}
		for _, m := range prefixRE.FindAllStringSubmatch(f.text, -1) {
			if target := imports[m[1]]; target != "" {
				direct[target] = [2]string{f.file, strings.TrimSuffix(m[2], "/")}
			}
		}
	}
	list := map[string]string{}
	for file := range direct {
		pre, at := "", file
		for range 5 {
			d, ok := direct[at]
			if !ok {
				break
			}
			pre, at = d[1]+pre, d[0]
		}
		list[file] = pre
	}
	return list
}

// resolve is the file that an import of another means.
func (p *nodeProject) resolve(from, to string) string {
	name := path.Join(path.Dir(from), to)
	stem := strings.TrimSuffix(name, path.Ext(name))
	for _, c := range []string{name, name + ".js", name + ".ts", name + ".mjs", stem + ".ts", stem + ".js", name + "/index.js", name + "/index.ts"} {
		if p.t.has[c] {
			return c
		}
	}
	return ""
}
