package stack

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// environment finds the variables that the source reads.
func (p *pyProject) environment() {
	seen := map[string]int{}
	hard := map[string]bool{} // it is refused without, whoever else does without
	add := func(v Variable) {
		if v.Name == "" || strings.ContainsAny(v.Name, " \n{") || known[v.Name] {
			return
		}
		v.Secret = secret.Named(v.Name)
		if at, ok := seen[v.Name]; ok {
			p.s.Env[at].Required = p.s.Env[at].Required && v.Required || hard[v.Name]
			if p.s.Env[at].Default == "" {
				p.s.Env[at].Default = v.Default
			}
			return
		}
		seen[v.Name] = len(p.s.Env)
		p.s.Env = append(p.s.Env, v)
	}
	tops := p.tops()
	comes := p.comesTo()
	for _, m := range p.modules {
		if p.aside(m, tops) {
			continue
		}
		if m.mentions("sqlalchemy", "sqlmodel", "SQLAlchemy") {
			p.py.SQLAlchemy = true
		}
		if !m.mentions("OpenAI", "Groq", "Tavily", "GenerativeAI", "genai", "Anthropic", "Mistral", "Cohere", "environ", "getenv", "Settings", "config(", "env(", "env.", "_env", "Env(", "dj_database_url") {
			continue
		}
		src := m.parsed()
		for _, g := range src.Gets {
			if g.Of == "os.environ" || g.Of == "environ" {
				if s, ok := g.Index.Literal(); ok && !m.mentions("if \""+s+"\" in os.environ", "if '"+s+"' in os.environ", "os.environ[\""+s+"\"] =", "os.environ['"+s+"'] =", "os.environ[\""+s+"\"]=") {
					// Of manage.py each command runs main alone.
					need := path.Base(m.file) != "manage.py" || slices.Contains([]string{"", "main"}, m.outermost(g.Line))
					add(Variable{Name: s, At: Place{m.file, g.Line}, Required: need && !g.If && comes(m, g.In)})
				}
			}
		}
		schemed := map[string]string{} // django-environ's defaults: Env(DEBUG=(bool, False))
		for _, c := range src.Calls {
			if c.Func == "environ.Env" || c.Func == "environ.FileAwareEnv" {
				for _, a := range c.Args {
					if a.Name != "" && envNameRE.MatchString(a.Name) {
						schemed[a.Name] = ""
						if n := len(a.Value.Parts); n > 1 {
							schemed[a.Name], _ = a.Value.Parts[n-1].Literal()
						}
					}
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
				reads, refuses := p.readsNamed(m, c)
				if !reads {
					continue // a part of the names that it reads
				}
				name, other = first(c), c.Arg("default", 1)
				need = refuses && other == nil && !c.If && !c.Try && comes(m, c.In)
			case isEnviron(src, c):
				name, _ = c.Arg("var", 0).Literal()
				need = !c.If && !c.Try && comes(m, c.In)
				other = c.Arg("default", -1)
				if other == nil && (c.Func == "env" || strings.HasPrefix(c.Func, "env.")) {
					other = c.Arg("default", 1)
				}
				need = need && other == nil
				if name == "" && isEnviron(src, c) {
					name = map[string]string{"db": "DATABASE_URL", "db_url": "DATABASE_URL", "cache": "CACHE_URL", "cache_url": "CACHE_URL", "email": "EMAIL_URL", "email_url": "EMAIL_URL"}[c.Method()]
				}
			}
			if name == "" {
				continue
			}
			value, _ := other.Literal()
			if def, ok := schemed[name]; ok && need {
				need, value = false, def
			}
			if (other == nil || value == "") && raisesWithout(m, name) {
				need, hard[name] = true, true
			}
			add(Variable{Name: name, At: Place{m.file, c.Line}, Default: value, Required: need})
		}
		for _, c := range src.Calls {
			if k := knowledge.ClientKeyOf("python", c.Func); k != nil && !slices.ContainsFunc(k.Unless, func(a string) bool { return c.Arg(a, -1) != nil }) && !slices.ContainsFunc(c.Args, func(a python.Arg) bool { return a.Name == "" || strings.HasPrefix(a.Name, "*") }) {
				hard[k.Variable] = true
				add(Variable{Name: k.Variable, At: Place{m.file, c.Line}, Required: true})
			}
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
				if f.Value != nil && f.Value.Call != nil && (f.Value.Call.Func == "decouple.config" || f.Value.Call.Func == "starlette.config.Config()" || isEnviron(src, f.Value.Call)) {
					continue // that refuses where there is none, before the class could look
				}
				if f.Value != nil && f.Value.Form == python.Other && strings.Contains(f.Value.Text, "{") {
					continue // an f-string puts it together from others, which are what is given
				}
				v := Variable{Name: strings.ToUpper(pre + f.Name), At: Place{m.file, f.Line}, Required: f.Value == nil, Form: pythonForms[f.Type]}
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
				hard[v.Name] = hard[v.Name] || v.Required
				add(v)
			}
		}
	}
}

// comesTo tells of a function of a module whether the program comes to it for sure when it
// starts; "" = the module itself.
func (p *pyProject) comesTo() func(*module, string) bool {
	entry := p.byFile(p.py.Entry)
	if entry == nil || path.Base(p.py.Entry) == "langgraph.json" {
		return func(*module, string) bool { return true }
	}
	reached := p.reached()
	function := ""
	if _, f, ok := strings.Cut(p.s.App.Value, ":"); ok {
		function = strings.TrimSuffix(f, "()")
	}
	w := p.from(entry, function)
	return func(m *module, function string) bool {
		if path.Base(m.file) == "manage.py" {
			return true
		}
		if function == "" {
			return reached[m]
		}
		// One that is named nowhere else is called by what is not seen: a framework.
		sure, comes := w.ways[way{m, function}]
		return sure || !comes && reached[m] && p.py.Django != nil && w.named(m, function)
	}
}

// readsNamed tells whether a helper reads the variable of the name that it is given, and
// whether it refuses where there is none, as far as the project has it.
func (p *pyProject) readsNamed(m *module, c *python.Call) (reads, refuses bool) {
	owner, name := m, c.Func
	if m.parsed().Def(name) == nil {
		if owner, name = p.find(m, c.Func); owner == nil {
			return true, true
		}
	}
	d := owner.parsed().Def(name)
	if d == nil || len(d.Names) == 0 {
		return true, true
	}
	body := bytes.SplitAfter(owner.source, []byte("\n"))[min(d.Line, bytes.Count(owner.source, []byte("\n"))):]
	raises := false
	for _, l := range body {
		if len(bytes.TrimSpace(l)) > 0 && !bytes.ContainsAny(l[:1], " \t)#\r\n") {
			break
		}
		raises = raises || bytes.Contains(l, []byte("raise ")) || bytes.Contains(l, []byte("exit("))
	}
	for _, k := range owner.parsed().Calls {
		if k.In == name && k.Arg("key", 0) != nil && k.Arg("key", 0).Form == python.Name && k.Arg("key", 0).Text == d.Names[0] {
			reads, refuses = true, raises || k.Func != "os.getenv" && !strings.HasSuffix(k.Func, "environ.get")
		}
	}
	for _, g := range owner.parsed().Gets {
		if g.In == name && g.Index.Form == python.Name && g.Index.Text == d.Names[0] {
			return true, true
		}
	}
	return reads, refuses
}

// pythonForms are the forms of the values of fields, by their types.
var pythonForms = map[string]string{"int": "number", "float": "number", "bool": "boolean", "PositiveInt": "number", "timedelta": "number"}

// raisesWithout tells whether a module refuses to go on where a variable has no value: it
// is assigned, asked for, and what follows raises or exits.
func raisesWithout(m *module, name string) bool {
	q := regexp.QuoteMeta(name)
	text := string(m.source)
	if regexp.MustCompile(`if\s+not\s+os\.(?:getenv|environ\.get)\(\s*["']` + q + `["'][^\n]*:\s*\n\s+(?:raise|sys\.exit|exit)\b`).MatchString(text) {
		return true
	}
	for _, a := range regexp.MustCompile(`(?m)^\s*(\w+)(?:\s*:[^=\n]+)?\s*=\s*\(?os\.(?:getenv|environ\.get)\(\s*["']`+q+`["']`).FindAllStringSubmatch(text, -1) {
		v := regexp.QuoteMeta(a[1])
		if regexp.MustCompile(`if\s+(?:not\s+` + v + `|` + v + `\s+is\s+None|` + v + `\s*==\s*["']["'])\b?[^\n]*:\s*\n\s+(?:raise|sys\.exit|exit)\b`).MatchString(text) {
			return true
		}
	}
	return false
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
	if name != "env" && name != "environ" && name != "config" || strings.Contains(c.Func, "()") { // not a method of the value
		return false
	}
	a := src.Assigned(name)
	return a != nil && a.Value.Call != nil && (strings.HasPrefix(a.Value.Call.Func, "environ.") || strings.HasPrefix(a.Value.Call.Func, "environs.") || strings.HasSuffix(a.Value.Call.Func, "config.Config")) && c.Method() != "read_env" && c.Method() != "read_envfile"
}

// known are variables that are no setting of the program.
var known = map[string]bool{"PATH": true, "HOME": true, "USER": true, "PWD": true, "PYTHONPATH": true, "VIRTUAL_ENV": true, "TERM": true, "SHELL": true, "HOSTNAME": true, "LANG": true, "TZ": true, "DJANGO_SETTINGS_MODULE": true, "TMPDIR": true, "PYTEST_CURRENT_TEST": true}

// envPrefix is what the names of a settings class begin with.
func envPrefix(c *python.Class) string {
	for _, k := range c.Keywords {
		if k.Name == "env_prefix" {
			if s, ok := k.Value.Literal(); ok {
				return s
			}
		}
	}
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
