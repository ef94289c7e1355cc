// Package python reads Python source as far as it takes to tell what a program
// is: what a module imports and assigns, what it defines and decorates, and what
// it calls with which words. It runs nothing and needs no interpreter, and it
// takes any version of the language: what it does not understand it passes over.
//
// Names are resolved through the imports of their module: with
// `from fastapi import FastAPI as F`, the call F() is one of fastapi.FastAPI.
package python

import "strings"

// A Module is one file. The zero Module has nothing in it.
type Module struct {
	Imports []Import
	Assigns []Assign // at the module's own level, also in its if and try
	Defs    []*Def   // functions, also those in others and in classes
	Classes []*Class
	Calls   []*Call // every call, in the order of the text
	Gets    []Get   // every subscript of a name: os.environ["X"]
	Strings []Text  // every plain string of one line
	Main    int     // the line of `if __name__ == "__main__":`; 0 = there is none
	Loops   []Loop  // every while
}

// An Import is a name that a module takes from another.
type Import struct {
	Module string // as written, with the dots of a relative one
	Name   string // what is taken out of it; "" = the module itself
	As     string // the name in this module
	Line   int
	In     string // the function that it stands in; "" = the module
	If     bool   // below an if, an else, an except
}

// A Loop is a while.
type Loop struct {
	Line   int
	In     string // the function that it stands in; "" = the module
	Always bool   // while True
	// Ends tells that it has an end of its own: a condition, a value that it returns, a
	// break, other than where the program is told to end.
	Ends bool
}

// An Assign is a name that gets a value.
type Assign struct {
	Name  string // with a plain subscript in brackets: app.config[DEBUG]
	Value Expr
	Line  int
	If    bool // only on a condition: it stands in an if, an else, a loop
}

// A Def is a function.
type Def struct {
	Name       string
	Class      string // of a method
	In         string // the function that it stands in; "" = none
	Line       int
	Needs      int // parameters without a default, self apart
	Defaults   []Expr
	Names      []string // of parameters, self apart
	Given      []Arg    // parameters with a default, by their names
	Async      bool
	Decorators []Expr
	Returns    []Expr
	Assigns    []Assign // in it
}

// A Class is a class with the fields that it declares.
type Class struct {
	Name     string
	Bases    []string
	Keywords []Arg // class C(Base, env_prefix="x_")
	Line     int
	Fields   []Field
}

// A Field is a name that a class declares, with its type, its value, or both.
type Field struct {
	Name  string
	Type  string // as written, without spaces
	Value *Expr  // nil = it has none
	Line  int
	In    string // the class inside the class: Config, Meta
}

// A Call is a function that is called.
type Call struct {
	Func string // resolved: fastapi.FastAPI, app.get
	Args []Arg
	Line int
	In   string // the function that it stands in; "" = the module
	Main bool   // below `if __name__ == "__main__":`
	If   bool   // below an if, an else, an except, that of the main guard apart
	Try  bool   // in a try, which does without
	On   *Expr  // what the method is called on, where that is no plain name: (a / "b").mkdir()
}

// An Arg is an argument, with its name where it has one.
type Arg struct {
	Name  string
	Value Expr
}

// A Get is a subscript.
type Get struct {
	Of    string // resolved
	Index Expr
	Line  int
	In    string // the function that it stands in; "" = the module
	If    bool   // on a way that may not be taken, or in a try, which does without
}

// A Text is a string that stands in a module.
type Text struct {
	Value string
	Line  int
}

// A Form is what an expression is.
type Form uint8

// The forms. The zero Form is an expression of which nothing is known but its
// parts.
const (
	Other  Form = iota // Text is that of an f-string, as it is written
	String             // Text is its value
	Number             // Text is how it is written
	Name               // Text is resolved; True, False and None too
	Invoke             // Call is it
	Index              // Get is it
	List               // Parts are its elements: a list, a tuple, a set
)

// An Expr is an expression.
type Expr struct {
	Form  Form
	Text  string
	Call  *Call
	Get   *Get
	Parts []Expr
}

// Arg is the argument of that name, or the one at that position (-1 = none).
func (c *Call) Arg(name string, at int) *Expr {
	if c == nil {
		return nil
	}
	n := 0
	for i := range c.Args {
		a := &c.Args[i]
		if a.Name == "" {
			if n == at {
				return &a.Value
			}
			n++
		} else if a.Name == name {
			return &a.Value
		}
	}
	return nil
}

// Method is the last part of the function's name.
func (c *Call) Method() string { return c.Func[strings.LastIndexByte(c.Func, '.')+1:] }

// Of is what the method is called on; "" for a plain name.
func (c *Call) Of() string {
	if at := strings.LastIndexByte(c.Func, '.'); at >= 0 {
		return c.Func[:at]
	}
	return ""
}

// Literal is the value of a plain string or a number; ok is false for others.
func (e *Expr) Literal() (s string, ok bool) {
	if e == nil || e.Form != String && e.Form != Number {
		return "", false
	}
	return e.Text, true
}

// Literals are all strings in an expression.
func (e *Expr) Literals() (list []string) {
	if e == nil {
		return nil
	}
	if e.Form == String {
		list = append(list, e.Text)
	}
	for i := range e.Parts {
		list = append(list, e.Parts[i].Literals()...)
	}
	if e.Call != nil {
		for i := range e.Call.Args {
			list = append(list, e.Call.Args[i].Value.Literals()...)
		}
	}
	return list
}

// Calls are the calls in an expression, outermost first.
func (e *Expr) Calls() (list []*Call) {
	if e == nil {
		return nil
	}
	if e.Call != nil {
		list = append(list, e.Call)
		for i := range e.Call.Args {
			list = append(list, e.Call.Args[i].Value.Calls()...)
		}
	}
	for i := range e.Parts {
		list = append(list, e.Parts[i].Calls()...)
	}
	return list
}

// Import is the import that gives a name, the last one; nil = there is none.
func (m *Module) Import(name string) *Import {
	for i := len(m.Imports) - 1; i >= 0; i-- {
		if m.Imports[i].As == name {
			return &m.Imports[i]
		}
	}
	return nil
}

// Takes tells whether a module, or something of it, is imported, and where.
func (m *Module) Takes(module string) (line int, ok bool) {
	for _, i := range m.Imports {
		if i.Module == module || strings.HasPrefix(i.Module, module+".") {
			return i.Line, true
		}
	}
	return 0, false
}

// Assigned is the last value that the module gives a name; nil = none.
func (m *Module) Assigned(name string) *Assign {
	for i := len(m.Assigns) - 1; i >= 0; i-- {
		if m.Assigns[i].Name == name {
			return &m.Assigns[i]
		}
	}
	return nil
}

// Def is the function of that name at the module's own level; nil = none.
func (m *Module) Def(name string) *Def {
	for _, d := range m.Defs {
		if d.Name == name && d.Class == "" && d.In == "" {
			return d
		}
	}
	return nil
}

// Within is the function of that name at any level; nil = none, or no name.
func (m *Module) Within(name string) *Def {
	if name == "" {
		return nil
	}
	for _, d := range m.Defs {
		if d.Name == name {
			return d
		}
	}
	return nil
}
