package stack

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/python"
)

// A pyCommand is a command of a program that does nothing but tell its usage without one.
type pyCommand struct {
	name string
	at   Place
}

// called is the function that a decorator is, and the call where it is one.
func called(e *python.Expr) (string, *python.Call) {
	switch e.Form {
	case python.Invoke:
		return e.Call.Func, e.Call
	case python.Name:
		return e.Text, nil
	}
	return "", nil
}

// commands are those of a program that begins in a module, of click, typer and argparse; nil =
// it takes none, or does something without. Function is what a console script calls; "" = the
// file is started.
// Source: click.palletsprojects.com: commands and groups; typer.tiangolo.com: one or multiple
// commands; docs.python.org: argparse, add_subparsers.
func (p *pyProject) commands(m *module, function string) []pyCommand {
	list := p.groupIn(m, function)
	if list != nil {
		return list
	}
	for _, i := range m.parsed().Imports {
		if i.Name == "" || i.Name == "*" || function != "" && i.Name != function && i.As != function {
			continue
		}
		full := i.Module + "." + i.Name
		if strings.HasSuffix(i.Module, ".") {
			full = i.Module + i.Name
		}
		other, name := p.find(m, full)
		if other == nil || other == m || name == "" || strings.Contains(name, ".") {
			continue
		}
		if list := p.groupIn(other, name); list != nil {
			return list
		}
	}
	return nil
}

// groupIn are the commands of a group that is made in a module, or of the one with a name.
func (p *pyProject) groupIn(m *module, name string) (list []pyCommand) {
	if !m.mentions("click", "typer", "argparse", "add_command") {
		return nil
	}
	src := m.parsed()
	groups := map[string]bool{}
	lone := false // typer starts an only command without its name
	for _, d := range src.Defs {
		for i := range d.Decorators {
			f, call := called(&d.Decorators[i])
			alone := call != nil && call.Arg("invoke_without_command", -1) != nil && call.Arg("invoke_without_command", -1).Text == "True"
			switch {
			case f == "click.group" && alone, strings.HasSuffix(f, ".callback") && alone:
				return nil
			case f == "click.group":
				groups[d.Name] = true
			}
		}
	}
	for _, a := range src.Assigns {
		if f, _ := called(&a.Value); f == "typer.Typer" {
			groups[a.Name], lone = true, true
		}
	}
	callback := false
	for _, d := range src.Defs {
		for i := range d.Decorators {
			f, call := called(&d.Decorators[i])
			group, method := parent(f), f[strings.LastIndexByte(f, '.')+1:]
			group = group[strings.LastIndexByte(group, '.')+1:]
			if !groups[group] {
				continue
			}
			callback = callback || method == "callback"
			if method != "command" && method != "group" {
				continue
			}
			word := strings.ReplaceAll(strings.ToLower(d.Name), "_", "-")
			if s, ok := call.Arg("name", 0).Literal(); call != nil && ok {
				word = s
			}
			list = append(list, pyCommand{word, Place{m.file, d.Line}})
		}
	}
	required, help := false, false
	var parsers []pyCommand
	for _, c := range src.Calls {
		switch c.Method() {
		case "add_command", "add_typer":
			if e := c.Arg("cmd", 0); e != nil && e.Form == python.Name {
				word := strings.ReplaceAll(e.Text[strings.LastIndexByte(e.Text, '.')+1:], "_", "-")
				if s, ok := c.Arg("name", 1).Literal(); ok {
					word = s
				}
				list = append(list, pyCommand{word, Place{m.file, c.Line}})
			}
		case "add_parser":
			if s, ok := c.Arg("name", 0).Literal(); ok {
				parsers = append(parsers, pyCommand{s, Place{m.file, c.Line}})
			}
		case "add_subparsers":
			e := c.Arg("required", -1)
			required = required || e != nil && e.Text == "True"
		case "print_help", "print_usage":
			help = true
		}
	}
	if len(parsers) > 0 && (required || help || slices.ContainsFunc(src.Assigns, func(a python.Assign) bool {
		return strings.HasSuffix(a.Name, ".required") && a.Value.Text == "True"
	})) {
		return parsers
	}
	if lone && len(list) == 1 && !callback || name != "" && len(groups) > 0 && !groups[name] && src.Def(name) != nil && !slices.ContainsFunc(src.Calls, func(c *python.Call) bool { return c.In == name && groups[c.Func] }) {
		return nil
	}
	return list
}

// subcommand gives a program that needs one its command: the only one that it has, or the one that
// a person names. It asks where there are several.
func (p *pyProject) subcommand(m *module, function string) error {
	list := p.commands(m, function)
	switch len(list) {
	case 0:
		return nil
	case 1:
		p.give(list[0])
		return nil
	}
	u := &Unclear{Question: fmt.Sprintf("%s does nothing without one of its commands", m.file), Flag: "--app"}
	for _, c := range list {
		u.Choices = append(u.Choices, Choice{m.file + ":" + c.name, c.at.String()})
	}
	return u
}

// give adds a command to how the program is started.
func (p *pyProject) give(c pyCommand) {
	s := p.s
	if path.Base(s.Exec[0]) == "python" && slices.Contains(s.Exec, "-c") {
		s.Args = []string{fmt.Sprintf("import sys; sys.argv[1:1] = [%q]; %s", c.name, strings.Join(s.Args, " "))}
	} else {
		s.Args = append(slices.Clone(s.Args), c.name)
	}
	s.Start.Value += " " + c.name
	s.Start.Why = "the command of " + c.at.String()
}
