package stack

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// A goField is a field of a struct of the program, with the prefix that the names of
// variables in its tag have where the struct lies in another.
type goField struct {
	field  *ast.Field
	file   goFile
	prefix string
}

// goFields are the fields of all structs of the program that have a tag.
func (p *goProject) goFields() (list []*goField) {
	types := map[string]*ast.StructType{}
	owner := map[*ast.StructType]goFile{}
	var all []*ast.StructType
	for _, f := range p.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok {
					types[n.Name.Name] = s
				}
			case *ast.StructType:
				all = append(all, n)
				owner[n] = f
			}
			return true
		})
	}
	prefixes := map[*ast.StructType]string{}
	// An outer struct is met before those in it, one of another file maybe not.
	for range 3 {
		for _, s := range all {
			for _, f := range s.Fields.List {
				var inner *ast.StructType
				switch t := f.Type.(type) {
				case *ast.StructType:
					inner = t
				case *ast.Ident:
					inner = types[t.Name]
				case *ast.SelectorExpr:
					inner = types[t.Sel.Name]
				}
				if own := prefixes[s] + envNamespace(f); inner != nil && inner != s && own != "" {
					prefixes[inner] = own
				}
			}
		}
	}
	for _, s := range all {
		for _, f := range s.Fields.List {
			if f.Tag != nil {
				list = append(list, &goField{f, owner[s], prefixes[s]})
			}
		}
	}
	return list
}

// envNamespace is what the tag of a field puts before the names of variables inside of its
// struct. Source: pkg.go.dev: jessevdk/go-flags, caarlos0/env, ilyakaznacheev/cleanenv.
func envNamespace(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	tag, _ := strconv.Unquote(f.Tag.Value)
	for _, m := range tagRE.FindAllStringSubmatch(tag, -1) {
		switch {
		case m[1] == "env-namespace" && m[2] != "":
			return m[2] + "_"
		case m[1] == "envPrefix", m[1] == "env-prefix":
			return m[2]
		}
	}
	return ""
}

// value is the text that an expression has where nobody says otherwise: through names,
// flags and variables with their defaults, fields with a default in their tags, and the
// settings file that the program reads.
func (p *goProject) value(f goFile, e ast.Expr, depth int) (string, bool) {
	if depth > 6 {
		return "", false
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		return literal(e)
	case *ast.StarExpr:
		return p.value(f, e.X, depth+1)
	case *ast.ParenExpr:
		return p.value(f, e.X, depth+1)
	case *ast.BinaryExpr:
		a, ok := p.value(f, e.X, depth+1)
		b, ok2 := p.value(f, e.Y, depth+1)
		return a + b, ok && ok2 && e.Op == token.ADD
	case *ast.Ident:
		if in, x := p.given(f, e.Name); x != nil {
			return p.value(in, x, depth+1)
		}
		return p.filled(f, e.Name)
	case *ast.SelectorExpr:
		return p.fieldValue(f, e.Sel.Name, depth)
	case *ast.CallExpr:
		on, name := method(e)
		switch {
		case (on == "filepath" || on == "path") && name == "Join":
			var parts []string
			for _, a := range e.Args {
				s, ok := p.value(f, a, depth+1)
				if !ok {
					return "", false
				}
				parts = append(parts, s)
			}
			return path.Join(parts...), len(parts) > 0
		case (on == "filepath" || on == "path") && (name == "Dir" || name == "Clean") && len(e.Args) == 1:
			s, ok := p.value(f, e.Args[0], depth+1)
			if name == "Dir" {
				s = path.Dir(s)
			}
			return s, ok
		case name == "GetString" && len(e.Args) == 1:
			if key, ok := literal(e.Args[0]); ok {
				return p.keyed(key)
			}
		case strings.Contains(strings.ToLower(on+name), "env") && len(e.Args) == 2:
			return p.value(f, e.Args[1], depth+1)
		}
		// kingpin.Flag("x", …).Default("y").String(), c.String("x") of urfave's.
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && len(e.Args) == 0 {
			if g, ok := goFlags(sel.X); ok {
				return g.def, true
			}
		}
		if (name == "String" || name == "Path") && len(e.Args) == 1 {
			if flag, ok := literal(e.Args[0]); ok {
				return p.flagged(flag)
			}
		}
		def, ok := "", false
		p.flags(e, func(_, d string) { def, ok = d, true })
		return def, ok
	}
	return "", false
}

// given is what a name is given where it is declared, in its file or its package.
func (p *goProject) given(f goFile, name string) (in goFile, value ast.Expr) {
	look := func(f goFile, top bool) (found ast.Expr) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				return !top
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if id.Name == name && i < len(n.Values) && found == nil {
						found = n.Values[i]
					}
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if id, ok := l.(*ast.Ident); ok && id.Name == name && i < len(n.Rhs) && n.Tok == token.DEFINE && found == nil {
						found = n.Rhs[i]
					}
				}
			}
			return found == nil
		})
		return found
	}
	if e := look(f, false); e != nil {
		return f, e
	}
	for _, other := range p.files {
		if path.Dir(other.name) == path.Dir(f.name) && other.name != f.name {
			if e := look(other, true); e != nil {
				return other, e
			}
		}
	}
	return f, nil
}

// fieldValue is what a field of that name has: by the default in its tag, by a literal of
// its struct, or by the settings file.
func (p *goProject) fieldValue(f goFile, name string, depth int) (string, bool) {
	key := ""
	for _, g := range p.fields {
		if len(g.field.Names) == 0 || g.field.Names[0].Name != name {
			continue
		}
		tag, _ := strconv.Unquote(g.field.Tag.Value)
		if _, def, _ := envTag(tag); def != "" {
			return def, true
		}
		for _, m := range tagRE.FindAllStringSubmatch(tag, -1) {
			switch m[1] {
			case "toml", "yaml", "json", "mapstructure", "koanf", "ini":
				key, _, _ = strings.Cut(m[2], ",")
			}
		}
	}
	for _, other := range p.files {
		var found ast.Expr
		ast.Inspect(other.ast, func(n ast.Node) bool {
			c, ok := n.(*ast.CompositeLit)
			if !ok || found != nil || !ofSettings(c.Type) {
				return found == nil
			}
			for _, x := range c.Elts {
				if kv, ok := x.(*ast.KeyValueExpr); ok {
					if id, ok := kv.Key.(*ast.Ident); ok && id.Name == name {
						found = kv.Value
					}
				}
			}
			return found == nil
		})
		if found != nil {
			if s, ok := p.value(other, found, depth+1); ok && s != "" {
				return s, true
			}
		}
	}
	if key == "" {
		key = snake(name)
	}
	return p.keyed(key)
}

var settingsTypeRE = regexp.MustCompile(`(?i)config|settings|options|opts|defaults`)

// ofSettings tells whether a type is one of settings by its name: a literal of another says
// what one of many has, and not what is so where nobody says otherwise.
func ofSettings(t ast.Expr) bool {
	switch t := t.(type) {
	case *ast.Ident:
		return settingsTypeRE.MatchString(t.Name)
	case *ast.SelectorExpr:
		return settingsTypeRE.MatchString(t.Sel.Name)
	}
	return false
}

// keyed is what a settings file that the program reads gives a key, or its last part.
func (p *goProject) keyed(key string) (string, bool) {
	for _, f := range p.files {
		found, ok := "", false
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if c, is := n.(*ast.CallExpr); is && len(c.Args) == 2 {
				if _, name := method(c); name == "SetDefault" {
					if k, isText := literal(c.Args[0]); isText && k == key {
						found, ok = literal(c.Args[1])
					}
				}
			}
			return !ok
		})
		if ok {
			return found, true
		}
	}
	for _, e := range p.settings() {
		if e.is(key) {
			return e.value, true
		}
	}
	return "", false
}

// settings are the entries of the settings files that the source names, themselves or by
// their folder.
func (p *goProject) settings() (list []entry) {
	named := map[string]bool{}
	for _, f := range p.t.files {
		first, _, deep := strings.Cut(f, "/")
		if !isSettingsFile(f) || isSide(f) || strings.HasPrefix(f, ".") || strings.Count(f, "/") > 2 {
			continue
		}
		if _, ok := named[first]; !ok {
			named[first] = p.names(first, deep)
		}
		if named[first] {
			list = append(list, p.t.entries(f)...)
		}
	}
	return list
}

// A goFlag is a flag of the command line, with its default and the variable that says it.
type goFlag struct{ name, def, variable string }

// goFlags are the flags that libraries beside the standard one declare in a node: kingpin's
// Flag("x", …).Default("y"), and urfave's &cli.StringFlag{Name: "x", Value: "y"}.
// Source: pkg.go.dev: alecthomas/kingpin, urfave/cli.
func goFlags(n ast.Node) (f goFlag, ok bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		sel, is := n.Fun.(*ast.SelectorExpr)
		if !is || sel.Sel.Name != "Default" || len(n.Args) != 1 {
			return f, false
		}
		f.def, ok = literal(n.Args[0])
		for inner := sel.X; ; {
			c, is := inner.(*ast.CallExpr)
			if !is {
				return f, false
			}
			_, name := method(c)
			if name == "Flag" && len(c.Args) > 0 {
				f.name, is = literal(c.Args[0])
				return f, ok && is
			}
			if name == "Envar" && len(c.Args) == 1 {
				f.variable, _ = literal(c.Args[0])
			}
			below, is := c.Fun.(*ast.SelectorExpr)
			if !is {
				return f, false
			}
			inner = below.X
		}
	case *ast.CompositeLit:
		t, is := n.Type.(*ast.SelectorExpr)
		if !is || !strings.HasSuffix(t.Sel.Name, "Flag") {
			return f, false
		}
		for _, x := range n.Elts {
			kv, is := x.(*ast.KeyValueExpr)
			if !is {
				continue
			}
			key, _ := kv.Key.(*ast.Ident)
			switch {
			case key == nil:
			case key.Name == "Name":
				f.name, _ = literal(kv.Value)
			case key.Name == "Value":
				f.def, ok = literal(kv.Value)
			case key.Name == "EnvVars" || key.Name == "EnvVar" || key.Name == "Sources":
				ast.Inspect(kv.Value, func(n ast.Node) bool {
					if b, is := n.(*ast.BasicLit); is && f.variable == "" {
						f.variable, _ = literal(b)
					}
					return true
				})
			}
		}
		return f, ok && f.name != ""
	}
	return f, false
}

// flagged is the default of a flag by its name.
func (p *goProject) flagged(name string) (def string, ok bool) {
	for _, f := range p.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if g, is := goFlags(n); is && g.name == name && !ok {
				def, ok = g.def, true
			}
			return !ok
		})
	}
	return def, ok
}

// filled is the default of the flag that fills a variable: StringVar(&name, "flag", "default", …).
func (p *goProject) filled(f goFile, name string) (def string, ok bool) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		c, is := n.(*ast.CallExpr)
		if !is || len(c.Args) < 4 || ok {
			return !ok
		}
		u, is := c.Args[0].(*ast.UnaryExpr)
		if !is {
			return true
		}
		if id, is := u.X.(*ast.Ident); is && id.Name == name {
			p.flags(c, func(_, d string) { def, ok = d, true })
		}
		return !ok
	})
	return def, ok
}

// snake is a name as settings files write it: upload_dir for UploadDir.
func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 && !unicode.IsUpper(rune(name[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// settingVariable is the variable by which viper takes the value at a path of a settings
// file from the environment instead; "" = there is none.
// Source: pkg.go.dev/github.com/spf13/viper: working with environment variables.
func (p *goProject) settingVariable(keys []string) string {
	key := strings.Join(keys, ".")
	prefix, bound := "", ""
	automatic, parted := false, len(keys) == 1
	for _, f := range p.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch _, name := method(c); name {
			case "AutomaticEnv":
				automatic = true
			case "SetEnvPrefix":
				if len(c.Args) == 1 {
					prefix, _ = literal(c.Args[0])
				}
			case "NewReplacer":
				if len(c.Args) >= 2 {
					from, _ := literal(c.Args[0])
					to, _ := literal(c.Args[1])
					parted = parted || from == "." && to == "_"
				}
			case "BindEnv":
				if len(c.Args) == 2 {
					if k, _ := literal(c.Args[0]); strings.EqualFold(k, key) {
						bound, _ = literal(c.Args[1])
					}
				}
			}
			return true
		})
	}
	if bound != "" || !automatic || !parted {
		return bound
	}
	if prefix != "" {
		prefix += "_"
	}
	return strings.ToUpper(prefix + strings.Join(keys, "_"))
}
