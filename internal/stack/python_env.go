package stack

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// environment finds the variables that the source reads.
func (p *pyProject) environment() {
	seen := map[string]int{}
	add := func(v Variable) {
		if v.Name == "" || strings.ContainsAny(v.Name, " \n{") || known[v.Name] {
			return
		}
		v.Secret = secret.Named(v.Name)
		if at, ok := seen[v.Name]; ok {
			p.s.Env[at].Required = p.s.Env[at].Required && v.Required
			if p.s.Env[at].Default == "" {
				p.s.Env[at].Default = v.Default
			}
			return
		}
		seen[v.Name] = len(p.s.Env)
		p.s.Env = append(p.s.Env, v)
	}
	for _, m := range p.modules {
		if !m.mentions("environ", "getenv", "Settings", "config(", "env(", "env.", "_env", "Env(", "dj_database_url") {
			continue
		}
		src := m.parsed()
		for _, g := range src.Gets {
			if g.Of == "os.environ" || g.Of == "environ" {
				if s, ok := g.Index.Literal(); ok && !m.mentions("if \""+s+"\" in os.environ", "if '"+s+"' in os.environ", "os.environ[\""+s+"\"] =", "os.environ['"+s+"'] =", "os.environ[\""+s+"\"]=") {
					add(Variable{Name: s, At: Place{m.file, g.Line}, Required: true})
				}
			}
		}
		for _, c := range src.Calls {
			name, need := readsVariable(c), false
			var other *python.Expr
			switch {
			case c.Func == "dj_database_url.config":
				name = "DATABASE_URL"
				if e, ok := c.Arg("env", -1).Literal(); ok {
					name = e
				}
				other = c.Arg("default", 0)
			case name != "":
				other = c.Arg("default", 1)
			case c.Func == "decouple.config" || c.Func == "starlette.config.Config()" || c.Func == "prettyconf.config":
				name, _ = c.Arg("", 0).Literal()
				other = c.Arg("default", -1)
				need = other == nil
			case c.Func != "env" && !isEnviron(src, c) && strings.Contains(strings.ToLower(c.Method()), "env") && envNameRE.MatchString(first(c)):
				// A helper of the project's own: get_env("X", default).
				name, other = first(c), c.Arg("default", 1)
				need = other == nil
			case isEnviron(src, c):
				name, _ = c.Arg("var", 0).Literal()
				other = c.Arg("default", -1)
				if other == nil && (c.Func == "env" || strings.HasPrefix(c.Func, "env.")) {
					other = c.Arg("default", 1)
				}
				need = other == nil
			}
			if name == "" {
				continue
			}
			value, _ := other.Literal()
			add(Variable{Name: name, At: Place{m.file, c.Line}, Default: value, Required: need})
		}
		for _, c := range src.Classes {
			if !p.isSettings(m, c, 0) {
				continue
			}
			pre := envPrefix(c)
			for _, f := range c.Fields {
				if f.In != "" || f.Type == "" || f.Name == "model_config" || strings.HasPrefix(f.Type, "ClassVar") {
					continue
				}
				v := Variable{Name: strings.ToUpper(pre + f.Name), At: Place{m.file, f.Line}, Required: f.Value == nil}
				if f.Value != nil {
					v.Default, _ = f.Value.Literal()
					if c := f.Value.Call; c != nil && strings.HasSuffix(c.Func, "Field") {
						d := c.Arg("default", 0)
						v.Required = (d == nil || d.Text == "..." || d.Form == python.Other && len(d.Parts) == 0) && c.Arg("default_factory", -1) == nil
						v.Default, _ = d.Literal()
						for _, n := range []string{"env", "validation_alias", "alias"} {
							if s, ok := c.Arg(n, -1).Literal(); ok {
								v.Name = strings.ToUpper(s)
							}
						}
					}
				}
				if strings.HasPrefix(f.Type, "Optional") || strings.Contains(f.Type, "None") {
					v.Required = v.Required && f.Value == nil
				}
				if nested := p.nested(m, c, f, v); nested != nil {
					for _, n := range nested {
						add(n)
					}
					continue
				}
				add(v)
			}
		}
	}
}

// nested are the variables of a field that is a model itself, where the settings say
// what stands between its name and those of its fields. Source:
// docs.pydantic.dev: settings management, parsing environment variable values.
func (p *pyProject) nested(m *module, c *python.Class, f python.Field, v Variable) (list []Variable) {
	delimiter := ""
	for _, x := range c.Fields {
		if x.Name == "model_config" && x.Value != nil && x.Value.Call != nil {
			delimiter, _ = x.Value.Call.Arg("env_nested_delimiter", -1).Literal()
		}
		if x.Name == "env_nested_delimiter" && x.In == "Config" {
			delimiter, _ = x.Value.Literal()
		}
	}
	if delimiter == "" {
		return nil
	}
	owner, name := m, f.Type
	if m.parsed().Import(f.Type) != nil {
		if owner, name = p.find(m, m.parsed().Import(f.Type).Module+"."+f.Type); owner == nil {
			return nil
		}
	}
	for _, k := range owner.parsed().Classes {
		if k.Name != name {
			continue
		}
		for _, x := range k.Fields {
			if x.Type == "" || x.In != "" || x.Name == "model_config" {
				continue
			}
			n := Variable{Name: v.Name + strings.ToUpper(delimiter+x.Name), At: Place{owner.file, x.Line}, Required: v.Required && x.Value == nil}
			n.Default, _ = x.Value.Literal()
			list = append(list, n)
		}
	}
	return list
}

// first is the first argument of a call, where that is a plain text.
func first(c *python.Call) string {
	s, _ := c.Arg("", 0).Literal()
	return s
}

// isSettings tells whether a class is one of pydantic's settings, through others of
// the project's too.
func (p *pyProject) isSettings(m *module, c *python.Class, depth int) bool {
	for _, b := range c.Bases {
		if strings.HasSuffix(b, "BaseSettings") {
			return true
		}
		owner, name := m, b
		if strings.Contains(b, ".") {
			if owner, name = p.find(m, b); owner == nil {
				continue
			}
		}
		for _, o := range owner.parsed().Classes {
			if o.Name == name && o != c && depth < 6 && p.isSettings(owner, o, depth+1) {
				return true
			}
		}
	}
	return false
}

// isEnviron tells whether a call is one of django-environ or environs.
func isEnviron(src *python.Module, c *python.Call) bool {
	name, _, _ := strings.Cut(c.Func, ".")
	if name != "env" && name != "environ" && name != "config" {
		return false
	}
	a := src.Assigned(name)
	return a != nil && a.Value.Call != nil && (strings.HasPrefix(a.Value.Call.Func, "environ.") || strings.HasPrefix(a.Value.Call.Func, "environs.") || strings.HasSuffix(a.Value.Call.Func, "config.Config")) && c.Method() != "read_env" && c.Method() != "read_envfile"
}

// known are variables that are no setting of the program.
var known = map[string]bool{"PATH": true, "HOME": true, "USER": true, "PWD": true, "PYTHONPATH": true, "VIRTUAL_ENV": true, "TERM": true, "SHELL": true, "HOSTNAME": true, "LANG": true, "TZ": true, "DJANGO_SETTINGS_MODULE": true, "TMPDIR": true, "PYTEST_CURRENT_TEST": true}

// envPrefix is what the names of a settings class begin with.
func envPrefix(c *python.Class) string {
	for _, f := range c.Fields {
		if f.Name == "model_config" && f.Value != nil && f.Value.Call != nil {
			if s, ok := f.Value.Call.Arg("env_prefix", -1).Literal(); ok {
				return s
			}
		}
		if f.Name == "env_prefix" && f.In == "Config" {
			if s, ok := f.Value.Literal(); ok {
				return s
			}
		}
	}
	return ""
}

// services are what the program talks to, by the clients that it depends on.
func (p *pyProject) services() {
	for _, c := range knowledge.ServiceClients() {
		for _, name := range c.Python {
			d, ok := p.dep(name)
			if !ok || !d.direct && !p.plugged(name) {
				continue
			}
			if c.Extra != "" && !slices.Contains(d.extras, c.Extra) {
				continue
			}
			f := Fact{Value: c.Service, At: d.at, Why: name}
			if !slices.ContainsFunc(p.s.Services, func(o Fact) bool { return o.Value == f.Value }) {
				p.s.Services = append(p.s.Services, f)
			}
		}
	}
}

// plugged tells whether the project asks for a package that is made around another, by
// its name: litestar-asyncpg.
func (p *pyProject) plugged(name string) bool {
	for n, d := range p.deps {
		if d.direct && strings.HasSuffix(n, "-"+name) {
			return true
		}
	}
	return false
}

// native finds the packages of the system that dependencies need.
func (p *pyProject) native() {
	for _, n := range knowledge.Natives() {
		if n.Language != "python" {
			continue
		}
		for _, name := range n.Packages {
			d, ok := p.dep(name)
			if !ok || n.Direct && !d.direct {
				continue
			}
			for _, also := range n.Also {
				if _, ok := p.dep(also); !ok {
					t := tool(also)
					t.Why = name + " (" + d.at.String() + ") imports it without asking for it"
					p.py.Add = append(p.py.Add, t)
				}
			}
			it := Native{Package: name, At: d.at, Runtime: n.Runtime}
			switch {
			case !n.Wheels && !wheelFor(d.wheels):
				it.Build, it.Why = n.Build, "no wheel for Linux: it is compiled"
			case len(n.Runtime) > 0:
				it.Why = "it needs them to run"
			default:
				continue
			}
			p.s.Native = append(p.s.Native, it)
		}
	}
	// What the lock has no wheel of for Linux is compiled.
	names := make([]string, 0, len(p.deps))
	for name := range p.deps {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		d := p.deps[name]
		if d.wheels == nil && !d.sdist || wheelFor(d.wheels) || slices.ContainsFunc(p.s.Native, func(n Native) bool { return n.Package == name }) {
			continue
		}
		if len(d.wheels) == 0 && d.sdist && !p.compiled(name) {
			continue // most sdists without a wheel are plain Python
		}
		if len(d.wheels) > 0 && !linuxMaybe(d.wheels) {
			continue // of another system: pywin32
		}
		p.s.Native = append(p.s.Native, Native{Package: name, At: d.at, Build: []string{"build-essential"}, Why: "the lock has no wheel of it for Linux"})
	}
}

func (p *pyProject) compiled(string) bool { return false }

// linuxMaybe tells whether a package is for Linux at all.
func linuxMaybe(wheels []string) bool {
	return slices.ContainsFunc(wheels, func(w string) bool { return strings.Contains(w, "linux") || strings.HasSuffix(w, "-any.whl") })
}

// wheelFor tells whether one of the wheels is for Linux with glibc on the usual
// processors.
func wheelFor(wheels []string) bool {
	return slices.ContainsFunc(wheels, func(w string) bool {
		return strings.HasSuffix(w, "-any.whl") || strings.Contains(w, "manylinux") && strings.Contains(w, "x86_64") || strings.Contains(w, "linux_x86_64") && !strings.Contains(w, "musllinux")
	})
}

// writes finds the folders and files that the program makes where it runs.
func (p *pyProject) writes() {
	add := func(where string, at Place) {
		if strings.ContainsAny(where, "{}*%$ ~") || len(where) > 100 || where == "" {
			return
		}
		where = path.Clean(strings.TrimPrefix(where, "./"))
		if where == "." || where == ".." || strings.HasPrefix(where, "../") || strings.HasPrefix(where, "/tmp") || strings.HasPrefix(where, "/dev/") || where == "/" {
			return
		}
		dir := where
		if path.Ext(strings.TrimPrefix(path.Base(where), ".")) != "" && !p.t.dir(where) {
			dir = path.Dir(where)
		}
		if dir == "." {
			dir = where // a file beside the program
		}
		if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir || strings.HasPrefix(dir, f.Value+"/") }) {
			p.s.Writes = slices.DeleteFunc(p.s.Writes, func(f Fact) bool { return strings.HasPrefix(f.Value, dir+"/") })
			p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
		}
	}
	for _, m := range p.modules {
		if !m.mentions("mkdir", "makedirs", "open(", "sqlite", "UPLOAD", "FileHandler", "write_text", "write_bytes", "touch(", ".log\"", ".log'") {
			continue
		}
		src := m.parsed()
		for _, c := range src.Calls {
			at := Place{m.file, c.Line}
			p.within = c.In
			note := func(e *python.Expr) {
				if s, ok := p.pathOf(m, e, 0); ok {
					add(s, at)
				}
			}
			switch c.Method() {
			case "makedirs":
				note(c.Arg("name", 0))
			case "mkdir", "write_text", "write_bytes", "touch":
				switch {
				case c.Of() == "os":
					note(c.Arg("path", 0))
				case c.On != nil:
					note(c.On)
				default:
					note(&python.Expr{Form: python.Name, Text: c.Of()})
				}
			case "open":
				mode, _ := c.Arg("mode", 1).Literal()
				if c.Func == "open" && strings.ContainsAny(mode, "wax") {
					note(c.Arg("file", 0))
				}
			case "FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler":
				note(c.Arg("filename", 0))
			case "connect":
				if s, ok := p.pathOf(m, c.Arg("database", 0), 0); ok && (c.Func == "sqlite3.connect" || c.Func == "aiosqlite.connect") && s != ":memory:" {
					add(s, at)
				}
			}
		}
		// Settings that say where it keeps what it is sent, and its logs.
		named := func(name string, e *python.Expr, line int) {
			p.within = ""
			if name = strings.ToUpper(name); strings.Contains(name, "UPLOAD") && !strings.Contains(name, "SIZE") && !strings.Contains(name, "EXT") {
				if s, ok := p.pathOf(m, e, 0); ok && !strings.Contains(s, ",") {
					add(s, Place{m.file, line})
				}
			}
		}
		for i := range src.Assigns {
			named(src.Assigns[i].Name, &src.Assigns[i].Value, src.Assigns[i].Line)
		}
		for _, c := range src.Classes {
			for _, f := range c.Fields {
				named(f.Name, f.Value, f.Line)
			}
		}
		for _, s := range src.Strings {
			if path.Ext(s.Value) == ".log" && strings.Contains(s.Value, "/") {
				add(s.Value, Place{m.file, s.Line})
			}
			if file, ok := sqliteFile(s.Value); ok {
				add(file, Place{m.file, s.Line})
			}
		}
	}
	p.movable()
}

// sqliteFile is the file of a URL of SQLAlchemy's for SQLite.
func sqliteFile(url string) (string, bool) {
	scheme, file, ok := strings.Cut(url, ":///")
	return file, ok && (scheme == "sqlite" || strings.HasPrefix(scheme, "sqlite+")) && file != "" && !strings.HasPrefix(file, ":")
}

// movable moves files that the program makes beside itself into a folder, where a
// variable says where they lie.
func (p *pyProject) movable() {
	const folder = "data"
	for i := 0; i < len(p.s.Writes); i++ {
		w := p.s.Writes[i]
		if strings.Contains(w.Value, "/") || path.Ext(strings.TrimPrefix(w.Value, ".")) == "" {
			continue
		}
		for _, v := range p.s.Env {
			file, url := sqliteFile(v.Default)
			switch {
			case url && path.Clean(file) == w.Value:
				scheme, _, _ := strings.Cut(v.Default, ":///")
				p.set(v.Name, scheme+":///"+folder+"/"+w.Value)
			case path.Clean(v.Default) == w.Value:
				p.set(v.Name, folder+"/"+w.Value)
			default:
				continue
			}
			p.s.Writes[i] = Fact{Value: folder, At: w.At, Why: w.Value + ", by " + v.Name}
			break
		}
		if p.s.Writes[i].Value == folder && slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f != p.s.Writes[i] && f.Value == folder }) {
			p.s.Writes = slices.Delete(p.s.Writes, i, i+1)
			i--
			continue
		}
		if p.s.Writes[i].Value == w.Value {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a variable say where it lies, in a folder of its own", w.At, w.Value))
			p.s.Writes = slices.Delete(p.s.Writes, i, i+1)
			i--
		}
	}
}

// pathOf is the path that an expression stands for, relative to the project: through
// constants, os.path.join, pathlib's / and what falls back on a default.
func (p *pyProject) pathOf(m *module, e *python.Expr, depth int) (string, bool) {
	if e == nil || depth > 8 {
		return "", false
	}
	join := func(parts []string) string {
		where := ""
		for _, s := range parts {
			if path.IsAbs(s) {
				where = s
			} else {
				where = path.Join(where, s)
			}
		}
		return where
	}
	switch e.Form {
	case python.String:
		return e.Text, true
	case python.Name:
		if strings.Contains(e.Text, ".parent") && ofFile(e) {
			dir := m.file
			for range strings.Count(e.Text, ".parent") {
				dir = path.Dir(dir)
			}
			return dir, true
		}
		if d := m.parsed().Within(p.within); d != nil {
			for i := len(d.Assigns) - 1; i >= 0; i-- {
				if a := &d.Assigns[i]; a.Name == e.Text && a.Value.Text != e.Text {
					return p.pathOf(m, &a.Value, depth+1)
				}
			}
		}
		if a := m.parsed().Assigned(e.Text); a != nil && a.Value.Text != e.Text {
			return p.pathOf(m, &a.Value, depth+1)
		}
		if other, name := p.find(m, e.Text); other != nil && name != "" && other != m {
			if a := other.parsed().Assigned(name); a != nil {
				return p.pathOf(other, &a.Value, depth+1)
			}
		}
		return p.text(m, e)
	case python.Invoke:
		c := e.Call
		switch {
		case readsVariable(c) != "":
			return p.pathOf(m, c.Arg("default", 1), depth+1)
		case c.Method() == "dirname" && ofFile(e):
			dir := path.Dir(m.file)
			for _, inner := range e.Calls()[1:] {
				if inner.Method() == "dirname" {
					dir = path.Dir(dir)
				}
			}
			return dir, true
		case c.Method() == "join" || strings.HasSuffix(c.Func, "Path") || c.Method() == "joinpath":
			var parts []string
			for i := range c.Args {
				s, ok := p.pathOf(m, &c.Args[i].Value, depth+1)
				if !ok {
					return "", false
				}
				parts = append(parts, s)
			}
			return join(parts), len(parts) > 0
		case (c.Method() == "abspath" || c.Method() == "resolve" || c.Method() == "expanduser" || c.Method() == "str") && len(c.Args) == 1 || c.Func == "str" && len(c.Args) == 1:
			return p.pathOf(m, &c.Args[0].Value, depth+1)
		}
	case python.Other:
		if len(e.Parts) < 2 {
			return "", false
		}
		var parts []string
		for i := range e.Parts {
			s, ok := p.pathOf(m, &e.Parts[i], depth+1)
			if !ok {
				return "", false
			}
			parts = append(parts, s)
		}
		return join(parts), true
	}
	return "", false
}

// ofFile tells whether an expression is about the file that it stands in.
func ofFile(e *python.Expr) bool {
	if e.Form == python.Name && e.Text == "__file__" {
		return true
	}
	for i := range e.Parts {
		if ofFile(&e.Parts[i]) {
			return true
		}
	}
	if e.Call != nil {
		for i := range e.Call.Args {
			if ofFile(&e.Call.Args[i].Value) {
				return true
			}
		}
	}
	return false
}
