package stack

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/python"
)

// saidPort is the port that the source itself serves a program on.
func (p *pyProject) saidPort(c *program) (int, Place) {
	var near, far []*module
	for _, m := range p.modules {
		switch {
		case m == c.m:
		case !m.mentions("uvicorn.run", ".run(", "serve("):
		case strings.Count(m.file, "/") <= strings.Count(c.m.file, "/"):
			near = append(near, m)
		default:
			far = append(far, m)
		}
	}
	for i, m := range slices.Concat([]*module{c.m}, near, far) {
		for _, call := range m.parsed().Calls {
			if !slices.Contains(servers, call.Func) && (call.Method() != "run" || call.Of() != c.object || c.object == "") {
				continue
			}
			if is, known := p.serves(m, call, c); known && !is || !is && i > len(near) {
				continue
			}
			if n, _ := p.numberIn(m, call.Arg("port", -1), call.In, 0); n > 0 {
				return n, Place{m.file, call.Line}
			}
			// listen="{}:{}".format(host, port)
			if f := call.Arg("listen", -1); f != nil && f.Call != nil && f.Call.Method() == "format" && len(f.Call.Args) > 0 {
				if n, _ := p.numberIn(m, &f.Call.Args[len(f.Call.Args)-1].Value, call.In, 0); n > 0 {
					return n, Place{m.file, call.Line}
				}
			}
			for _, s := range call.Arg("listen", -1).Literals() {
				if n, err := strconv.Atoi(s[strings.LastIndexByte(s, ':')+1:]); err == nil && n > 0 {
					return n, Place{m.file, call.Line}
				}
			}
		}
	}
	return 0, Place{}
}

// serves tells whether a call serves a program, where its first argument says what it serves.
func (p *pyProject) serves(m *module, call *python.Call, c *program) (is, known bool) {
	e := call.Arg("app", 0)
	if e == nil || call.Method() == "run" && call.Of() == c.object {
		return m == c.m, false
	}
	if s, ok := e.Literal(); ok {
		name, object, ok := strings.Cut(s, ":")
		if !ok {
			return false, false
		}
		return object == c.object && (c.m.name == name || strings.HasSuffix(c.m.name, "."+name)), true
	}
	if e.Form == python.Name {
		if m.parsed().Assigned(e.Text) != nil {
			return m == c.m && e.Text == c.object, m == c.m
		}
		if other, rest := p.find(m, e.Text); other != nil && rest != "" {
			return other == c.m && rest == c.object, other == c.m
		}
	}
	return false, false
}

// number is the value of an expression that is a number, or has one to fall back
// on, and the environment variable that it is read from. It stands in a function; "" = in
// none.
func (p *pyProject) number(m *module, e *python.Expr, in string) (n int, variable string) {
	return p.numberIn(m, e, in, 0)
}

func (p *pyProject) numberIn(m *module, e *python.Expr, in string, depth int) (n int, variable string) {
	if e == nil || depth > 8 {
		return 0, ""
	}
	switch e.Form {
	case python.Number, python.String:
		if n, err := strconv.Atoi(e.Text); err == nil && n > 0 && n < 1<<16 {
			return n, ""
		}
	case python.Name:
		return p.numberOf(m, e.Text, in, depth)
	case python.Invoke:
		if v := readsVariable(e.Call); v != "" {
			n, _ := p.numberIn(m, e.Call.Arg("default", 1), in, depth+1)
			return n, v
		}
		if isEnviron(m.parsed(), e.Call) || e.Call.Func == "decouple.config" || e.Call.Func == "starlette.config.Config()" {
			d := e.Call.Arg("default", -1)
			if d == nil && !strings.HasSuffix(e.Call.Func, "onfig") {
				d = e.Call.Arg("default", 1)
			}
			n, _ := p.numberIn(m, d, in, depth+1)
			return n, first(e.Call)
		}
		if key := configKey(e); key != "" {
			if x := p.setting(key); x != nil && x.value != e {
				if n, v := p.numberIn(x.m, x.value, x.within, depth+1); n > 0 || v != "" {
					return n, v
				}
			}
		}
		for i := range e.Call.Args {
			if n, v := p.numberIn(m, &e.Call.Args[i].Value, in, depth+1); n > 0 || v != "" {
				return n, v
			}
		}
	case python.Index:
		if e.Get.Of == "os.environ" {
			return 0, e.Get.Index.Text
		}
		if key := configKey(e); key != "" {
			if x := p.setting(key); x != nil && x.value != e {
				return p.numberIn(x.m, x.value, x.within, depth+1)
			}
		}
	default:
		for i := range e.Parts {
			k, v := p.numberIn(m, &e.Parts[i], in, depth+1)
			n, variable = max(n, k), cmp.Or(variable, v)
		}
	}
	return n, variable
}

// numberOf is the number that a name stands for where it is used in a function: what it is
// given there, by who calls it, in its module or in another, by an option, by a setting.
func (p *pyProject) numberOf(m *module, name, in string, depth int) (n int, variable string) {
	all := func(m *module, list []python.Assign, name, in string) {
		for i := len(list) - 1; i >= 0; i-- {
			if a := &list[i]; a.Name == name && a.Value.Text != name {
				k, v := p.numberIn(m, &a.Value, in, depth+1)
				if n == 0 {
					n = k
				}
				variable = cmp.Or(variable, v)
			}
		}
	}
	src := m.parsed()
	d := src.Within(in)
	if d != nil {
		if all(m, d.Assigns, name, in); n > 0 || variable != "" {
			return n, variable
		}
	}
	if _, def := option(m, name); def != nil {
		if n, v := p.numberIn(m, def, "", depth+1); n > 0 || v != "" {
			return n, v
		}
	}
	if d != nil {
		if at := slices.Index(d.Names, name); at >= 0 {
			if n, v := p.handed(m, in, name, at, depth); n > 0 || v != "" {
				return n, v
			}
			for _, a := range d.Given {
				if a.Name == name {
					return p.numberIn(m, &a.Value, "", depth+1)
				}
			}
			return 0, ""
		}
	}
	if all(m, src.Assigns, name, ""); n > 0 || variable != "" {
		return n, variable
	}
	if other, rest := p.find(m, name); other != nil && rest != "" {
		if all(other, other.parsed().Assigns, rest, ""); n > 0 || variable != "" {
			return n, variable
		}
	}
	return p.fieldNumber(m, name, in, depth)
}

// handed is the number that callers of a function give one of its parameters.
func (p *pyProject) handed(m *module, function, parameter string, at, depth int) (n int, variable string) {
	for _, other := range p.modules {
		if !other.mentions(function + "(") {
			continue
		}
		for _, c := range other.parsed().Calls {
			if c.Method() != function || c.In == function && other == m {
				continue
			}
			if e := c.Arg(parameter, at); e != nil && e.Form != python.List {
				if n, v := p.numberIn(other, e, c.In, depth+2); n > 0 || v != "" {
					return n, v
				}
			}
		}
	}
	return 0, ""
}

// fieldNumber is the number of a field of settings: of a class, of options that are made for
// all modules, of a file of settings at the top.
func (p *pyProject) fieldNumber(m *module, name, in string, depth int) (n int, variable string) {
	at := strings.LastIndexByte(name, '.')
	if at < 0 {
		return 0, ""
	}
	field, of := name[at+1:], name[:at]
	made := cmp.Or(p.classNamed(m, of, in), p.classOfField(of[strings.LastIndexByte(of, '.')+1:]))
	type found struct {
		n     int
		class string
	}
	var list []found
	for _, other := range p.modules {
		if !other.mentions(field) || !other.mentions("class ") {
			continue
		}
		for _, c := range other.parsed().Classes {
			for _, f := range c.Fields {
				if f.Name == field && f.Value != nil && f.In == "" && (made == "" || made == c.Name) {
					if n, _ := p.numberIn(other, f.Value, "", depth+1); n > 0 {
						list = append(list, found{n, c.Name})
					}
				}
			}
		}
	}
	// Of several that have such a field, the one that is about what listens.
	own := slices.DeleteFunc(slices.Clone(list), func(f found) bool { return !servingRE.MatchString(f.class) })
	switch {
	case len(list) == 1:
		return list[0].n, ""
	case len(own) > 0:
		return own[0].n, ""
	}
	for _, other := range p.modules {
		if !other.mentions("define(", "add_argument") {
			continue
		}
		for _, c := range other.parsed().Calls {
			if s := first(c); s == field && c.Func == "tornado.options.define" {
				return p.numberIn(other, c.Arg("default", 1), c.In, depth+1)
			}
		}
		if _, def := option(other, field); def != nil && strings.Contains(of, "arg") {
			if n, v := p.numberIn(other, def, "", depth+1); n > 0 || v != "" {
				return n, v
			}
		}
	}
	key := of[strings.LastIndexByte(of, '.')+1:] + "." + field
	for _, file := range p.t.in(".") {
		if !isSettingsFile(file) || !settingsNameRE.MatchString(file) {
			continue
		}
		for _, e := range p.t.entries(file) {
			if !e.is(key) && !(len(e.path) == 1 && e.is(field)) {
				continue
			}
			if v := holdsRE.FindStringSubmatch(e.value); v != nil {
				n, _ := strconv.Atoi(v[2])
				return n, v[1]
			}
			if n, err := strconv.Atoi(e.value); err == nil && n > 0 && n < 1<<16 {
				return n, ""
			}
		}
	}
	return 0, ""
}

// classOfField is the class that a field of that name has in the classes of the project; "" =
// none is known, or several are.
func (p *pyProject) classOfField(name string) (class string) {
	for _, m := range p.modules {
		if !m.mentions(name) || !m.mentions("class ") {
			continue
		}
		for _, c := range m.parsed().Classes {
			for _, f := range c.Fields {
				of := f.Type[strings.LastIndexByte(f.Type, '.')+1:]
				if f.Name != name || of == "" || of[0] < 'A' || of[0] > 'Z' || strings.ContainsAny(of, "[|") {
					continue
				}
				if class != "" && class != of {
					return ""
				}
				class = of
			}
		}
	}
	return class
}

var (
	// servingRE is the name of a class of settings of what listens.
	servingRE      = regexp.MustCompile(`(?i)server|^app|web|http|api|^(?:base)?(?:settings|config)$`)
	settingsNameRE = regexp.MustCompile(`(?i)^(?:settings|config|application|app|server)(?:\.default)?\.`)
	// holdsRE is a value of a settings file that a variable gives: ${PORT:8080}.
	holdsRE = regexp.MustCompile(`^\$\{([A-Z][A-Z0-9_]*)(?::-?(\d+))?\}$`)
)

// classNamed is the class of the project that a name is an object of; "" = not known.
func (p *pyProject) classNamed(m *module, name, in string) string {
	made := func(m *module, a *python.Assign) string {
		if a == nil || a.Value.Call == nil {
			return ""
		}
		class := a.Value.Call.Func[strings.LastIndexByte(a.Value.Call.Func, '.')+1:]
		if class == "" || class[0] < 'A' || class[0] > 'Z' {
			return ""
		}
		return class
	}
	if d := m.parsed().Within(in); d != nil {
		for i := len(d.Assigns) - 1; i >= 0; i-- {
			if d.Assigns[i].Name == name {
				return made(m, &d.Assigns[i])
			}
		}
	}
	if a := m.parsed().Assigned(name); a != nil {
		return made(m, a)
	}
	if other, rest := p.find(m, name); other != nil && rest != "" && path.Ext(rest) == "" {
		return made(other, other.parsed().Assigned(rest))
	}
	return ""
}

// readsVariable is the environment variable that a call reads; "" = none.
func readsVariable(c *python.Call) string {
	switch c.Func {
	case "os.environ.get", "os.getenv", "environ.get", "getenv", "os.environ.setdefault":
		s, _ := c.Arg("key", 0).Literal()
		return s
	}
	return ""
}
