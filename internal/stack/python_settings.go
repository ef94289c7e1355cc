package stack

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/python"
)

// A setting is what a key of an application's configuration is given, and where.
type setting struct {
	m      *module
	value  *python.Expr
	within string // the function that it is given in; "" = the module
}

// configKey is the key under which an expression reads the configuration that Flask and
// its kind keep: app.config["KEY"], current_app.config.get("KEY"); "" = it reads none.
func configKey(e *python.Expr) string {
	is := func(of string) bool { return of == "config" || strings.HasSuffix(of, ".config") }
	switch {
	case e.Form == python.Index && is(e.Get.Of):
		s, _ := e.Get.Index.Literal()
		return s
	case e.Form == python.Invoke && e.Call.Method() == "get" && is(e.Call.Of()):
		s, _ := e.Call.Arg("key", 0).Literal()
		return s
	}
	return ""
}

// setting is what a key of the configuration is given: by a subscript, by a call that
// fills it, or by the class that it is filled from; nil = nobody knows.
// Source: flask.palletsprojects.com: configuration handling.
func (p *pyProject) setting(key string) *setting {
	subscript := "config[" + key + "]"
	last := func(list []python.Assign) *python.Expr {
		for i := len(list) - 1; i >= 0; i-- {
			if n := list[i].Name; n == subscript || strings.HasSuffix(n, "."+subscript) {
				return &list[i].Value
			}
		}
		return nil
	}
	for _, m := range p.modules {
		if !m.mentions(key) {
			continue
		}
		src := m.parsed()
		if e := last(src.Assigns); e != nil {
			return &setting{m, e, ""}
		}
		for _, d := range src.Defs {
			if e := last(d.Assigns); e != nil {
				return &setting{m, e, d.Name}
			}
		}
		for _, c := range src.Calls {
			switch method := c.Method(); {
			case method == "update" || method == "from_mapping":
				if e := c.Arg(key, -1); e != nil {
					return &setting{m, e, c.In}
				}
			case method == "setdefault" && strings.HasSuffix(c.Of(), "config"):
				if s, _ := c.Arg("", 0).Literal(); s == key {
					return &setting{m, c.Arg("default", 1), c.In}
				}
			}
		}
	}
	return p.classField(key)
}

// classField is what the classes of the project give a field of that name.
func (p *pyProject) classField(name string) *setting {
	for _, m := range p.modules {
		if !m.mentions(name) || !m.mentions("class ") {
			continue
		}
		for _, c := range m.parsed().Classes {
			for _, f := range c.Fields {
				if f.Name != name || f.In != "" || f.Value == nil {
					continue
				}
				if k := f.Value.Call; k != nil && strings.HasSuffix(k.Func, "Field") {
					if d := k.Arg("default", 0); d != nil {
						return &setting{m, d, ""}
					}
					continue
				}
				return &setting{m, f.Value, ""}
			}
		}
	}
	return nil
}
