package stack

import (
	"cmp"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A goOrigin is a text of the program, and what says another where it is started. The zero
// goOrigin is a text that nobody knows.
type goOrigin struct {
	text           string
	flag, variable string
	at             Place // where the text stands
}

// origin is the value of an expression like value, with what says another.
func (p *goProject) origin(f goFile, e ast.Expr, depth int) (o goOrigin, ok bool) {
	if depth > 6 {
		return o, false
	}
	o.at = Place{f.name, p.fset.Position(e.Pos()).Line}
	switch e := e.(type) {
	case *ast.StarExpr:
		return p.origin(f, e.X, depth+1)
	case *ast.ParenExpr:
		return p.origin(f, e.X, depth+1)
	case *ast.Ident:
		if in, x := p.given(f, e.Name); x != nil {
			return p.origin(in, x, depth+1)
		}
		return p.flagFor(f, e.Name, false, depth)
	case *ast.SelectorExpr:
		if o, ok := p.flagFor(f, e.Sel.Name, true, depth); ok {
			return o, true
		}
		for _, g := range p.fields {
			if len(g.field.Names) == 0 || g.field.Names[0].Name != e.Sel.Name {
				continue
			}
			tag, _ := strconv.Unquote(g.field.Tag.Value)
			name, def, _ := envTag(tag)
			if def == "" {
				continue
			}
			o = goOrigin{text: def, at: Place{g.file.name, p.fset.Position(g.field.Pos()).Line}}
			if name != "" {
				o.variable = g.prefix + name
			}
			for _, m := range tagRE.FindAllStringSubmatch(tag, -1) {
				if m[1] == "long" { // Source: pkg.go.dev/github.com/jessevdk/go-flags
					o.flag = m[2]
				}
			}
			return o, true
		}
		o.text, ok = p.fieldValue(f, e.Sel.Name, depth)
		return o, ok
	case *ast.CallExpr:
		on, name := method(e)
		switch {
		case len(e.Args) == 1 && (on == "strconv" && name == "Itoa" || on == "fmt" && name == "Sprint" || on == "" && (name == "int" || name == "string")):
			return p.origin(f, e.Args[0], depth+1)
		case len(e.Args) == 2 && strings.Contains(strings.ToLower(on+name), "env"):
			o.variable, _ = literal(e.Args[0])
			o.text, ok = p.value(f, e.Args[1], depth+1)
			return o, ok
		}
		if flag, def, is := goFlagCall(e); is {
			o.flag = flag
			o.text, ok = p.value(f, def, depth+1)
			return o, ok
		}
		if sel, is := e.Fun.(*ast.SelectorExpr); is && len(e.Args) == 0 {
			if g, is := goFlags(sel.X); is {
				o.flag, o.variable, o.text = g.name, g.variable, g.def
				return o, true
			}
		}
	}
	o.text, ok = p.value(f, e, depth)
	return o, ok
}

// flagFor is the flag that fills a variable of a package, or a field: IntVar(&o.Port, "port", …).
func (p *goProject) flagFor(f goFile, name string, field bool, depth int) (o goOrigin, ok bool) {
	for _, other := range p.files {
		if !field && path.Dir(other.name) != path.Dir(f.name) {
			continue
		}
		ast.Inspect(other.ast, func(n ast.Node) bool {
			c, is := n.(*ast.CallExpr)
			if !is || ok || len(c.Args) < 4 {
				return !ok
			}
			if filled, isField := fills(c.Args[0]); filled != name || isField != field {
				return true
			}
			if flag, def, is := goFlagCall(c); is {
				o = goOrigin{flag: flag, at: Place{other.name, p.fset.Position(c.Pos()).Line}}
				o.text, ok = p.value(other, def, depth+1)
			}
			return !ok
		})
	}
	return o, ok
}

// fills is the variable or the field that a flag fills: &name, &o.Name.
func fills(e ast.Expr) (name string, field bool) {
	if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.AND {
		switch x := u.X.(type) {
		case *ast.Ident:
			return x.Name, false
		case *ast.SelectorExpr:
			return x.Sel.Name, true
		}
	}
	return "", false
}

// listensOn is the address that a call listens on; nil = it is said elsewhere.
func listensOn(c *ast.CallExpr) ast.Expr {
	on, name := method(c)
	switch {
	case !isServe(c) || len(c.Args) == 0:
		return nil
	case on == "net" && name == "Listen":
		return c.Args[1]
	case name == "ListenAndServeTLS" && len(c.Args) < 4: // the files of a certificate
		return nil
	}
	return c.Args[0]
}

// isPortName tells whether a name is one of a port or an address by one of its words.
func isPortName(name string) bool {
	for word := range strings.SplitSeq(snake(name), "_") {
		for _, w := range []string{"port", "addr", "address", "listen"} {
			if before, ok := strings.CutSuffix(word, w); ok && !slices.Contains([]string{"sup", "re", "im", "ex", "trans"}, before) || strings.HasPrefix(word, w) {
				return true
			}
		}
	}
	return false
}

// goVerbsRE matches a format of an address: "%v:%v", ":%d".
var goVerbsRE = regexp.MustCompile(`^(%[vsq]|\[%[vs]\]|[\w.\-\[\]:]*?):(%[vsd]|\d{2,5})$`)

// bound are the two halves of an address that is put together where something listens.
func (p *goProject) bound(f goFile, e ast.Expr, depth int) (host, port goOrigin, ok bool) {
	if depth > 4 {
		return
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return p.bound(f, e.X, depth+1)
	case *ast.Ident:
		if in, x := p.given(f, e.Name); x != nil {
			return p.bound(in, x, depth+1)
		}
	case *ast.CallExpr:
		on, name := method(e)
		switch {
		case on == "net" && name == "JoinHostPort" && len(e.Args) == 2:
			host, _ = p.origin(f, e.Args[0], 0)
			port, ok = p.origin(f, e.Args[1], 0)
		case on == "fmt" && name == "Sprintf" && len(e.Args) > 1:
			format, _ := p.value(f, e.Args[0], 0)
			m := goVerbsRE.FindStringSubmatch(format)
			if m == nil {
				return
			}
			rest := e.Args[1:]
			if strings.Contains(m[1], "%") {
				host, _ = p.origin(f, rest[0], 0)
				rest = rest[1:]
			} else {
				host.text = m[1]
			}
			if !strings.Contains(m[2], "%") {
				port, ok = goOrigin{text: m[2], at: Place{f.name, p.fset.Position(e.Pos()).Line}}, true
			} else if len(rest) == 1 {
				port, ok = p.origin(f, rest[0], 0)
			}
		}
	case *ast.BinaryExpr:
		var parts []ast.Expr
		var flat func(e ast.Expr)
		flat = func(e ast.Expr) {
			if b, is := e.(*ast.BinaryExpr); is && b.Op == token.ADD {
				flat(b.X)
				flat(b.Y)
				return
			}
			parts = append(parts, e)
		}
		flat(e)
		last := len(parts) - 1
		if last < 1 || last > 2 {
			return
		}
		colon, isText := literal(parts[last-1])
		before, hasColon := strings.CutSuffix(colon, ":")
		if !isText || !hasColon {
			return
		}
		host.text = before
		if last == 2 {
			host, _ = p.origin(f, parts[0], 0)
		}
		port, ok = p.origin(f, parts[last], 0)
	}
	port.text = strings.TrimPrefix(port.text, ":")
	_, err := strconv.Atoi(port.text)
	return host, port, ok && err == nil && port.text != "0"
}

// goReach are the names of the program whose values reach what listens: those of a package
// by its folder and the name, those of fields, functions and other packages by a dot and the
// name. Names stand for what they name: two of the same name in a package are taken for one.
func (p *goProject) goReach() map[string]bool {
	type source struct {
		dir string
		e   ast.Node
	}
	from := map[string][]source{}
	called := map[string][]source{} // function to the arguments of its calls, by "name/index"
	var work []source
	for _, f := range p.files {
		dir := path.Dir(f.name)
		give := func(key string, e ast.Node) { from[key] = append(from[key], source{dir, e}) }
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if i < len(n.Values) {
						give(dir+" "+id.Name, n.Values[i])
						if id.IsExported() {
							give("."+id.Name, n.Values[i])
						}
					}
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					r := n.Rhs[min(i, len(n.Rhs)-1)]
					switch l := l.(type) {
					case *ast.Ident:
						give(dir+" "+l.Name, r)
					case *ast.SelectorExpr:
						if give("."+l.Sel.Name, r); l.Sel.Name == "Addr" {
							work = append(work, source{dir, r})
						}
					}
				}
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok {
					if give("."+id.Name, n.Value); id.Name == "Addr" || id.Name == "Port" || id.Name == "Address" {
						work = append(work, source{dir, n.Value})
					}
				}
			case *ast.FuncDecl:
				if n.Body != nil {
					ast.Inspect(n.Body, func(x ast.Node) bool {
						if r, ok := x.(*ast.ReturnStmt); ok {
							give(dir+" "+n.Name.Name, r)
							give("."+n.Name.Name, r)
						}
						return true
					})
				}
			case *ast.CallExpr:
				_, name := method(n)
				for i, a := range n.Args {
					key := name + "/" + strconv.Itoa(i)
					called[key] = append(called[key], source{dir, a})
				}
				if a := listensOn(n); a != nil {
					work = append(work, source{dir, a})
				}
				if _, def, ok := goFlagCall(n); ok {
					if filled, field := fills(n.Args[0]); field {
						give("."+filled, def)
					} else if filled != "" {
						give(dir+" "+filled, def)
					}
				}
			}
			return true
		})
	}
	for _, f := range p.files {
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			i := 0
			for _, field := range fn.Type.Params.List {
				for _, id := range field.Names {
					key := path.Dir(f.name) + " " + id.Name
					from[key] = append(from[key], called[fn.Name.Name+"/"+strconv.Itoa(i)]...)
					i++
				}
			}
		}
	}
	reached := map[string]bool{}
	for len(work) > 0 {
		s := work[len(work)-1]
		work = work[:len(work)-1]
		ast.Inspect(s.e, func(n ast.Node) bool {
			key := ""
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.Ident:
				key = s.dir + " " + n.Name
			case *ast.SelectorExpr:
				key = "." + n.Sel.Name
			}
			if key != "" && !reached[key] {
				reached[key] = true
				work = append(work, from[key]...)
			}
			return true
		})
	}
	return reached
}

// goOption is the address that a table of options gives the one that says where the program
// listens: "LISTEN_ADDR": {value: "127.0.0.1:8080"}.
func goOption(kv *ast.KeyValueExpr) (variable, value string, ok bool) {
	variable, ok = literal(kv.Key)
	c, is := kv.Value.(*ast.CompositeLit)
	if !ok || !is || !envNameRE.MatchString(variable) || !goListenRE.MatchString(variable) && variable != "PORT" {
		return "", "", false
	}
	ast.Inspect(c, func(n ast.Node) bool {
		if b, is := n.(*ast.BasicLit); is && value == "" && addressRE.MatchString(strings.Trim(b.Value, `"`)) {
			value = strings.Trim(b.Value, `"`)
		}
		return value == ""
	})
	return variable, value, value != ""
}

// outward are the arguments and variables by which a pair of host and port listens for
// everybody.
func (p *goProject) outward(host, port goOrigin) {
	s := p.s
	var args []string
	if isLocal(host.text) {
		switch {
		case host.variable != "":
			s.Set = append(s.Set, Tool{Name: host.variable, Version: "0.0.0.0"})
		case host.flag != "":
			args = append(args, p.dashes()+host.flag, "0.0.0.0")
		default:
			s.Notes = append(s.Notes, cmp.Or(host.at, port.at).String()+" binds "+host.text+": nobody outside the container reaches it")
		}
	}
	if port.flag != "" && port.variable == "" && s.Port.Value != port.text {
		args = append(args, p.dashes()+port.flag, s.Port.Value)
	}
	if len(args) > 0 {
		s.Args = slices.Concat(s.Args, args)
		s.Start.Value += " " + strings.Join(args, " ")
	}
}
