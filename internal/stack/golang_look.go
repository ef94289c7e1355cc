package stack

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// look reads the files of the program.
func (p *goProject) look() {
	s, g := p.s, p.g
	serves, loops := Place{}, false
	type candidate struct {
		port, bind, flag, variable string
		at                         Place
		rank                       int
		beside                     bool   // of a listener beside the one that the program is there for
		host                       string // the variable that says the address
		pair                       bool   // and the port with it
		bound                      [2]goOrigin
	}
	reached := p.goReach()
	served := map[string]bool{} // folders of packages that listen
	for _, f := range p.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && isServe(c) {
				served[path.Dir(f.name)] = true
			}
			return true
		})
	}
	p.fields = p.goFields()
	prefixOf := map[*ast.Field]string{}
	for _, g := range p.fields {
		prefixOf[g.field] = g.prefix
	}
	main := false    // something listens that is not beside
	where := Place{} // the first of these
	function := ""   // that is looked at
	var ports []candidate
	ours := map[string]bool{}
	variables := map[string]string{} // names in the code to variables
	address := func(v string, at Place, rank int, flag, variable string) {
		m := addressRE.FindStringSubmatch(v)
		if m == nil {
			return
		}
		port := cmp.Or(m[2], m[3])
		ports = append(ports, candidate{port, m[1], flag, variable, at, rank, besideRE.MatchString(flag+" "+variable+" "+function) || port == "6060", "", false, [2]goOrigin{}})
	}
	env := func(v Variable) {
		if known[v.Name] || v.Name == "" {
			return
		}
		v.Secret = secret.Named(v.Name)
		for i := range s.Env {
			if s.Env[i].Name == v.Name {
				s.Env[i].Required = s.Env[i].Required || v.Required
				s.Env[i].Default = cmp.Or(s.Env[i].Default, v.Default)
				return
			}
		}
		s.Env = append(s.Env, v)
	}
	var routes []route
	for _, f := range p.files {
		at := func(n ast.Node) Place { return Place{f.name, p.fset.Position(n.Pos()).Line} }
		// declared notes the number of a name: it counts where it reaches what listens, and is a
		// guess where its package listens.
		declared := func(name, v string, n ast.Node, variable string) {
			dir := path.Dir(f.name)
			switch {
			case variable != "" || reached[dir+" "+name] || reached["."+name]:
				address(v, at(n), 2, "", variable)
			case served[dir]:
				address(v, at(n), 8, "", "")
			}
		}
		// together notes an address that is put together where something listens.
		together := func(e ast.Expr, n ast.Node) {
			host, port, ok := p.bound(f, e, 0)
			if !ok || strings.Contains(host.text, "/") {
				return
			}
			c := candidate{port: port.text, variable: port.variable, at: port.at, bound: [2]goOrigin{host, port}}
			c.beside = besideRE.MatchString(port.flag+" "+port.variable+" "+function) || port.text == "6060"
			ports = append(ports, c)
		}
		ours[path.Dir(f.name)] = true
		for _, i := range f.ast.Imports {
			where, _ := strconv.Unquote(i.Path.Value)
			if where == "C" || p.isCGO(where, at(i)) {
				g.CGO = true
			}
			if where == "encoding/json/v2" || where == "encoding/json/jsontext" {
				g.Experiment = "jsonv2"
			}
		}
		prefixes := map[string]string{}
		var stack []string // prefixes of the functions that a node lies in
		var walkNode func(n ast.Node) bool
		walkNode = func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				outer := function
				function = n.Name.Name
				if n.Body != nil {
					ast.Inspect(n.Body, walkNode)
				}
				function = outer
				return false
			case *ast.GoStmt:
				if l, ok := n.Call.Fun.(*ast.FuncLit); ok && isMetrics(l) {
					outer := function
					function = "metrics"
					ast.Inspect(l.Body, walkNode)
					function = outer
					return false
				}
			case *ast.CompositeLit:
				if g, ok := goFlags(n); ok && goFlagRE.MatchString(g.name) {
					address(g.def, at(n), 1, g.name, g.variable)
				}
			case *ast.BinaryExpr:
				// if r.URL.Path == "/ping"
				if v, ok := literal(n.Y); ok && n.Op == token.EQL && isRequestPath(n.X) {
					routes = append(routes, route{path: v, at: at(n)})
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					id, ok := l.(*ast.Ident)
					if !ok || i >= len(n.Rhs) {
						continue
					}
					if c, ok := n.Rhs[i].(*ast.CallExpr); ok {
						on, name := method(c)
						if on == "os" && (name == "Getenv" || name == "LookupEnv") && len(c.Args) == 1 {
							if v, ok := literal(c.Args[0]); ok {
								variables[id.Name] = v
							}
						}
						if (name == "Group" || name == "Route" || name == "PathPrefix") && len(c.Args) > 0 {
							if v, ok := literal(c.Args[0]); ok {
								prefixes[id.Name] = prefixes[on] + strings.TrimSuffix(v, "/")
							}
						}
					}
					if v, ok := literal(n.Rhs[i]); ok && isPortName(id.Name) {
						if outer := function; besideRE.MatchString(id.Name) {
							function = id.Name
							declared(id.Name, v, n, variables[id.Name])
							function = outer
						} else {
							declared(id.Name, v, n, variables[id.Name])
						}
						if name := variables[id.Name]; name != "" {
							env(Variable{Name: name, At: at(n), Default: v})
						}
					}
				}
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if i < len(n.Values) && isPortName(id.Name) {
						if v, ok := literal(n.Values[i]); ok && !besideRE.MatchString(id.Name) {
							declared(id.Name, v, n, "")
						}
					}
				}
			case *ast.IfStmt:
				p.required(n, variables, func(name string) { env(Variable{Name: name, At: at(n), Required: true}) })
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && (k.Name == "Addr" || k.Name == "Port" || k.Name == "Address") {
					if v, ok := literal(n.Value); ok {
						address(v, at(n), 1, "", "")
					} else if k.Name == "Addr" {
						together(n.Value, n)
					}
				}
				if variable, v, ok := goOption(n); ok {
					env(Variable{Name: variable, At: at(n), Default: v})
					address(v, at(n), 2, "", variable)
				}
			case *ast.Field:
				if n.Tag != nil {
					tag, _ := strconv.Unquote(n.Tag.Value)
					name, def, need := envTag(tag)
					outer := function
					if name != "" {
						if own := prefixOf[n]; own != "" {
							name = own + name
							// Of a part of the program that has a name of its own.
							if !ownPrefixRE.MatchString(own) {
								function = "metrics"
							}
						}
						for _, id := range n.Names {
							if besideRE.MatchString(id.Name) {
								function = id.Name
							}
						}
					}
					env(Variable{Name: name, At: at(n), Default: def, Required: need, Form: goForm(n.Type)})
					if strings.HasSuffix(name, "PORT") && def == "" && !databasePort(name) {
						def = "8080"
					}
					if strings.Contains(name, "PORT") || strings.Contains(name, "ADDR") || strings.Contains(name, "LISTEN") {
						address(def, at(n), 2, "", name)
					}
					if def == "" && goListenRE.MatchString(name) {
						ports = append(ports, candidate{"8080", "", "", name, at(n), 3, besideRE.MatchString(function), "", false, [2]goOrigin{}})
					}
					function = outer
				}
			case *ast.ForStmt:
				// Of the program's own; a library's loop says nothing of how long it lives.
				loops = loops || n.Cond == nil && n.Init == nil && f.ast.Name.Name == "main"
			case *ast.CallExpr:
				on, name := method(n)
				if g, ok := goFlags(n); ok && goFlagRE.MatchString(g.name) {
					address(g.def, at(n), 1, g.name, g.variable)
				}
				if isServe(n) {
					if serves == (Place{}) {
						serves = at(n)
					}
					if !besideRE.MatchString(function + " " + f.name) {
						if main = true; where == (Place{}) {
							where = at(n)
						}
					}
					for _, a := range n.Args {
						if v, ok := literal(a); ok {
							address(v, at(n), 0, "", "")
						} else {
							together(a, n)
						}
						if b, ok := a.(*ast.BinaryExpr); ok {
							if c, ok := b.Y.(*ast.CallExpr); ok {
								if o, nm := method(c); o == "os" && nm == "Getenv" && len(c.Args) == 1 {
									if v, ok := literal(c.Args[0]); ok {
										ports = append(ports, candidate{"8080", "", "", v, at(n), 3, besideRE.MatchString(v), "", false, [2]goOrigin{}})
									}
								}
							}
						}
					}
					if name == "Run" && len(n.Args) == 0 {
						ports = append(ports, candidate{"8080", "", "", "PORT", at(n), 1, false, "", false, [2]goOrigin{}})
					}
				}
				if on == "os" && (name == "Getenv" || name == "LookupEnv") && len(n.Args) == 1 {
					if v, ok := literal(n.Args[0]); ok {
						env(Variable{Name: v, At: at(n)})
						if strings.HasSuffix(v, "PORT") || goListenRE.MatchString(v) {
							ports = append(ports, candidate{"8080", "", "", v, at(n), 9, besideRE.MatchString(v), "", false, [2]goOrigin{}})
						}
					}
				}
				if on == "flag" || on == "fs" || on == "pflag" || name == "StringVar" || name == "IntVar" || name == "UintVar" {
					p.flags(n, func(flag, def string) {
						if goFlagRE.MatchString(flag) {
							address(def, at(n), 1, flag, "")
						}
					})
				} else if l := strings.ToLower(on + name); len(n.Args) == 2 && (strings.Contains(l, "env") || name == "SetDefault") {
					// getEnv("PORT", "8080")
					a, ok := literal(n.Args[0])
					b, ok2 := literal(n.Args[1])
					if ok && ok2 && envNameRE.MatchString(a) {
						env(Variable{Name: a, At: at(n), Default: b})
						if strings.Contains(a, "PORT") || strings.Contains(a, "ADDR") || strings.Contains(a, "LISTEN") {
							address(b, at(n), 2, "", a)
						}
					}
					if ok && ok2 && name == "SetDefault" && (strings.Contains(strings.ToLower(a), "port") || strings.Contains(strings.ToLower(a), "addr")) {
						address(b, at(n), 2, "", "")
					}
				}
				g.Handles = g.Handles || on == "signal" && (name == "Notify" || name == "NotifyContext")
				g.Zones = g.Zones || on == "time" && name == "LoadLocation"
				p.goWrites(f, n, on, name, at(n))
				switch name {
				case "EqualFold":
					if len(n.Args) == 2 && isRequestPath(n.Args[0]) {
						if v, ok := literal(n.Args[1]); ok {
							routes = append(routes, route{path: v, at: at(n)})
						}
					}
				case "HandleFunc", "Handle", "Get", "GET", "Any", "Head", "HEAD", "Add", "Path", "To":
					for _, a := range n.Args[:min(2, len(n.Args))] {
						v, ok := literal(a)
						if !ok {
							continue
						}
						v = strings.TrimPrefix(strings.TrimPrefix(v, "GET "), "HEAD ")
						if !strings.HasPrefix(v, "/") && (v != "" || prefixes[on] == "") {
							continue
						}
						if on != "" || v != "" {
							full := strings.Join(stack, "") + prefixes[on] + v
							routes = append(routes, route{path: full, at: at(n)})
						}
						break
					}
				case "Route", "Group", "Mount":
					if len(n.Args) == 2 {
						if v, ok := literal(n.Args[0]); ok {
							if fn, ok := n.Args[1].(*ast.FuncLit); ok {
								stack = append(stack, strings.TrimSuffix(v, "/"))
								ast.Inspect(fn.Body, walkNode)
								stack = stack[:len(stack)-1]
								return false
							}
						}
					}
				}
			}
			return true
		}
		ast.Inspect(f.ast, walkNode)
	}
	s.Kind = p.opt.Kind
	if s.Kind == "" {
		switch {
		case serves != (Place{}):
			s.Kind = Service
		case loops:
			s.Kind = Worker
		default:
			s.Kind = Job
		}
	}
	if s.Kind == Service {
		s.Server = Fact{Value: "its own", At: serves}
		if main {
			s.Server.At = where
			ports = slices.DeleteFunc(ports, func(c candidate) bool { return c.beside })
		}
		if p.goSources(ours); len(ports) == 0 || ports[0].rank == 9 {
			if l := listens(p.settings()); l != nil {
				c := candidate{port: l.port, bind: l.bind, at: l.at, rank: 5}
				if isLocal(l.bind) && l.bindPath != nil {
					c.host = p.settingVariable(l.bindPath)
					c.pair = len(l.bindPath) == len(l.path) && l.bindPath[len(l.path)-1] == l.path[len(l.path)-1]
				}
				ports = append(ports, c)
			}
		}
		tls := func(c candidate) int {
			if c.port == "443" || c.port == "80" || knowledge.OtherPorts.Has(c.port) {
				return 1 // of TLS, or of something that it talks to
			}
			return 0
		}
		slices.SortStableFunc(ports, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(tls(a), tls(b)), cmp.Compare(a.rank, b.rank))
		})
		if len(ports) == 0 {
			ports = []candidate{{port: "8080"}}
		}
		c := ports[0]
		s.Port = Fact{Value: c.port, At: c.at}
		if c.at == (Place{}) {
			s.Port.Why = "default"
			s.Notes = append(s.Notes, "the source does not say where it listens: --port says it")
		}
		if c.rank == 8 {
			s.Port.Why = "a guess"
			s.Notes = append(s.Notes, fmt.Sprintf("port %s of %s is a guess: nothing shows that it reaches what listens: --port says it", c.port, c.at))
		}
		if p.opt.Port > 0 {
			s.Port = p.opt.port()
		}
		if c.bound[1].text != "" {
			p.outward(c.bound[0], c.bound[1])
		}
		if c.variable != "" {
			s.Port.Why = "from " + c.variable
			v := s.Port.Value
			if c.bind != "" || c.bound[1].text == "" && strings.Contains(c.variable, "ADDR") || strings.Contains(c.variable, "LISTEN") {
				v = "0.0.0.0:" + v
			}
			s.Set = append(s.Set, Tool{Name: c.variable, Version: v})
		}
		if local := c.bind == "127.0.0.1" || c.bind == "localhost" || c.bind == "[::1]"; local {
			switch {
			case c.flag != "" && c.variable == "":
				s.Args = []string{p.dashes() + c.flag, "0.0.0.0:" + s.Port.Value}
				s.Start.Value += " " + strings.Join(s.Args, " ")
			case c.host != "":
				v := "0.0.0.0"
				if c.pair {
					v += ":" + s.Port.Value
				}
				s.Set = append(s.Set, Tool{Name: c.host, Version: v})
			case c.variable == "":
				s.Notes = append(s.Notes, fmt.Sprintf("%s binds %s: nobody outside the container reaches it", c.at, c.bind))
			}
		}
		p.goHealth(routes)
	}
	p.goSources(ours)
}

var (
	// goListenRE matches variables that say where the program itself listens.
	goListenRE  = regexp.MustCompile(`^(?:(?:APP|SERVER|HTTP|API|WEB|SERVICE)_)?(?:LISTEN|BIND|ADDR|ADDRESS|(?:LISTEN|BIND)_(?:ADDR|ADDRESS))$`)
	ownPrefixRE = regexp.MustCompile(`(?i)(?:^|_)(?:APP|SERVER|HTTP|API|WEB|SERVICE|LISTEN|BIND)_$`)
)

// goFlagRE matches flags that say where a program listens.
var goFlagRE = regexp.MustCompile(`(?i)addr|port|listen|bind|http`)

// dashes are what a flag begins with on the command line: one does for the standard library
// alone.
func (p *goProject) dashes() string {
	for _, f := range p.files {
		for _, i := range f.ast.Imports {
			for _, w := range []string{"spf13/", "kingpin", "urfave/cli", "alecthomas/kong", "jessevdk/go-flags", "ogier/pflag"} {
				if strings.Contains(i.Path.Value, w) {
					return "--"
				}
			}
		}
	}
	return "-"
}

// isMetrics tells whether a function serves what people look into a program by, and nothing
// else that it names.
func isMetrics(f *ast.FuncLit) bool {
	metrics, other := false, false
	ast.Inspect(f, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		on, name := method(c)
		metrics = metrics || on == "promhttp" || on == "pprof"
		if (name == "Handle" || name == "HandleFunc") && len(c.Args) > 1 {
			if v, ok := literal(c.Args[0]); ok {
				aside := strings.HasPrefix(v, "/metrics") || strings.HasPrefix(v, "/debug")
				_, page := c.Args[1].(*ast.FuncLit) // that links to the metrics
				metrics, other = metrics || aside, other || !aside && !(v == "/" && page) && !slices.Contains(healthy, path.Base(v))
			}
		}
		return true
	})
	return metrics && !other
}

// isRequestPath tells whether an expression is the path of a request: r.URL.Path.
func isRequestPath(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Path" {
		return false
	}
	u, ok := s.X.(*ast.SelectorExpr)
	return ok && u.Sel.Name == "URL"
}

var envNameRE = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)

var tagRE = regexp.MustCompile(`([\w-]+):"([^"]*)"`)

// envTag reads the tag of a field as the libraries that fill structs from the
// environment have it.
func envTag(tag string) (name, def string, need bool) {
	for _, m := range tagRE.FindAllStringSubmatch(tag, -1) {
		first, rest, _ := strings.Cut(m[2], ",")
		switch m[1] {
		case "env", "envconfig":
			if envNameRE.MatchString(first) {
				name = first
				need = need || strings.Contains(rest, "required") || strings.Contains(rest, "notEmpty")
			}
		case "envDefault", "default", "env-default":
			def = m[2]
		case "required", "env-required":
			need = need || m[2] == "true"
		}
	}
	return name, def, need && def == ""
}

// goForm is the form of the values of a field that is filled from the environment.
func goForm(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return goForm(t.X)
	case *ast.SelectorExpr:
		if on, ok := t.X.(*ast.Ident); ok && on.Name == "time" && t.Sel.Name == "Duration" {
			return "duration"
		}
	case *ast.Ident:
		switch t.Name {
		case "bool":
			return "boolean"
		case "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "float32", "float64":
			return "number"
		}
	}
	return ""
}

// required finds variables without which the program ends: if x == "" { log.Fatal }.
func (p *goProject) required(n *ast.IfStmt, variables map[string]string, found func(string)) {
	if a, ok := n.Init.(*ast.AssignStmt); ok && len(a.Lhs) > 0 && len(a.Rhs) == 1 {
		if c, ok := a.Rhs[0].(*ast.CallExpr); ok {
			if on, name := method(c); on == "os" && (name == "Getenv" || name == "LookupEnv") && len(c.Args) == 1 {
				if v, ok := literal(c.Args[0]); ok {
					for _, l := range a.Lhs {
						if id, ok := l.(*ast.Ident); ok {
							variables[id.Name] = v
						}
					}
				}
			}
		}
	}
	name := ""
	switch c := n.Cond.(type) {
	case *ast.BinaryExpr:
		if id, ok := c.X.(*ast.Ident); ok && c.Op == token.EQL {
			if v, ok := literal(c.Y); ok && v == "" {
				name = variables[id.Name]
			}
		}
	case *ast.UnaryExpr:
		if id, ok := c.X.(*ast.Ident); ok && c.Op == token.NOT {
			name = variables[id.Name]
		}
	}
	if name == "" {
		return
	}
	fatal := false
	ast.Inspect(n.Body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			_, m := method(c)
			fatal = fatal || strings.HasPrefix(m, "Fatal") || m == "panic" || m == "Panic" || m == "Panicf" || m == "Exit"
		}
		return true
	})
	if fatal {
		found(name)
	}
}

// goFlagTypes are the types of flags, as the functions that declare them are called.
// Source: pkg.go.dev: flag, github.com/spf13/pflag.
var goFlagTypes = []string{"String", "Int", "Uint", "Uint16"}

// flags are the flags that a call declares, with their defaults.
func (p *goProject) flags(c *ast.CallExpr, found func(flag, def string)) {
	if flag, e, ok := goFlagCall(c); ok {
		if def, ok := literal(e); ok {
			found(flag, def)
		}
	}
}

// goFlagCall is the flag that a call declares, and the default of it.
func goFlagCall(c *ast.CallExpr) (flag string, def ast.Expr, ok bool) {
	_, name := method(c)
	args := c.Args
	switch {
	case slices.Contains(goFlagTypes, name) && len(args) >= 3:
	case strings.HasSuffix(name, "VarP") && slices.Contains(goFlagTypes, strings.TrimSuffix(name, "VarP")) && len(args) >= 5:
		args = []ast.Expr{args[1], args[3]}
	case len(args) >= 4 && slices.Contains(goFlagTypes, strings.TrimSuffix(name, "Var")):
		args = args[1:]
	case len(args) >= 4 && slices.Contains(goFlagTypes, strings.TrimSuffix(name, "P")):
		args = []ast.Expr{args[0], args[2]}
	default:
		return "", nil, false
	}
	flag, ok = literal(args[0])
	return flag, args[1], ok
}

// isCGO tells whether a package is linked with C, and notes what that needs of the
// system.
func (p *goProject) isCGO(where string, at Place) bool {
	for _, n := range knowledge.Natives() {
		if n.Language != "go" {
			continue
		}
		for _, pkg := range n.Packages {
			if where != pkg && !strings.HasPrefix(where, pkg+"/") {
				continue
			}
			if len(n.Build) > 0 || len(n.Runtime) > 0 {
				p.s.Native = append(p.s.Native, Native{Package: pkg, At: at, Build: n.Build, Runtime: n.Runtime, Why: "it is linked with C"})
			}
			return true
		}
	}
	return false
}

// goWrites notes what the program makes where it runs.
func (p *goProject) goWrites(f goFile, c *ast.CallExpr, on, name string, at Place) {
	i := 0
	if on == "sql" && len(c.Args) > 0 {
		if driver, ok := literal(c.Args[0]); ok && !strings.Contains(driver, "sqlite") {
			return
		}
	}
	switch {
	case on == "os" && (name == "MkdirAll" || name == "Mkdir" || name == "Create"):
	case on == "sql" && name == "Open", name == "Open" && on == "gorm":
		i = 1
	case name == "Open" && on == "sqlite":
	default:
		return
	}
	if i >= len(c.Args) {
		return
	}
	v, ok := p.value(f, c.Args[i], 0)
	if !ok || strings.Contains(v, "://") || strings.ContainsAny(v, " %*=~$") {
		return
	}
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "file:"), "?")
	v = path.Clean(v)
	if v == "." || strings.HasPrefix(v, "/tmp") || strings.HasPrefix(v, ":") {
		return
	}
	if strings.HasPrefix(v, "../") {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s, beside the folder where it runs, where a container's user may not: let a variable say where it lies", at, v))
		return
	}
	dir := v
	if path.Ext(v) != "" {
		dir = path.Dir(v)
	}
	if dir == "." {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a variable say where it lies, in a folder of its own", at, v))
		return
	}
	if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir }) {
		p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
	}
}

// goHealth picks the route that tells how the program is.
func (p *goProject) goHealth(routes []route) {
	best := -1
	for _, r := range routes {
		trimmed := strings.TrimSuffix(r.path, "/")
		i := slices.Index(healthy, path.Base(trimmed))
		if i < 0 || strings.ContainsAny(r.path, ":{*") {
			continue
		}
		if best < 0 || i < best {
			best = i
			p.s.Health = Fact{Value: r.path, At: r.at}
		}
	}
}
