package stack

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// A goCommand is a cobra.Command of a program.
type goCommand struct {
	use      string // the first word of Use
	runs     bool
	file     string
	from, to int    // its lines, and those of the function that Run names
	named    string // the variable that has it, or the function that makes it
	body     string // the function that Run names; "" = it stands in it
}

// A goBody is a function and the file that it stands in.
type goBody struct {
	file string
	fn   *ast.FuncDecl
}

// serveWords are what sub-commands that serve are called. Source: the user guide of cobra and
// the programs of its list of projects.
var serveWords = []string{"serve", "server", "start", "run", "web", "api", "http", "daemon"}

// subCommand starts a program whose root command of cobra does nothing by the sub-command that
// serves. Source: github.com/spf13/cobra, user guide: a command without Run prints its help.
func (p *goProject) subCommand() {
	if !slices.ContainsFunc(p.files, func(f goFile) bool {
		return slices.ContainsFunc(f.ast.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"github.com/spf13/cobra"` })
	}) {
		return
	}
	var list []*goCommand
	executed := map[string]bool{}
	bodies := map[string]goBody{}
	for _, f := range p.files {
		named := map[*ast.CompositeLit]string{}
		note := func(name string, e ast.Expr) {
			if u, ok := e.(*ast.UnaryExpr); ok {
				e = u.X
			}
			if lit, ok := e.(*ast.CompositeLit); ok {
				named[lit] = name
			}
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				bodies[fn.Name.Name] = goBody{f.name, fn}
				ast.Inspect(fn.Body, func(n ast.Node) bool {
					if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > 0 {
						note(fn.Name.Name, r.Results[0])
					}
					return true
				})
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, v := range n.Values {
					if i < len(n.Names) {
						note(n.Names[i].Name, v)
					}
				}
			case *ast.AssignStmt:
				for i, v := range n.Rhs {
					if id, ok := n.Lhs[min(i, len(n.Lhs)-1)].(*ast.Ident); ok {
						note(id.Name, v)
					}
				}
			case *ast.CallExpr:
				sel, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || sel.Sel.Name != "Execute" && sel.Sel.Name != "ExecuteContext" && sel.Sel.Name != "ExecuteC" {
					break
				}
				switch x := sel.X.(type) {
				case *ast.Ident:
					executed[x.Name] = true
				case *ast.CallExpr:
					if id, ok := x.Fun.(*ast.Ident); ok {
						executed[id.Name] = true
					}
				}
			case *ast.CompositeLit:
				if t, ok := n.Type.(*ast.SelectorExpr); ok && t.Sel.Name == "Command" {
					if x, ok := t.X.(*ast.Ident); ok && x.Name == "cobra" {
						list = append(list, p.goCommand(f, n, named[n]))
					}
				}
			}
			return true
		})
	}
	root := slices.IndexFunc(list, func(c *goCommand) bool { return executed[c.named] && c.named != "" })
	if root < 0 || list[root].runs {
		return
	}
	var able, serves []*goCommand
	for _, c := range list {
		if c == list[root] || !c.runs || c.use == "" {
			continue
		}
		able = append(able, c)
		if p.holds(c, bodies) {
			serves = append(serves, c)
		}
	}
	if len(serves) != 1 {
		serves = slices.DeleteFunc(slices.Clone(able), func(c *goCommand) bool { return !slices.Contains(serveWords, c.use) })
	}
	s := p.s
	if len(serves) != 1 {
		if names := commandNames(able); len(names) > 0 {
			s.Notes = append(s.Notes, fmt.Sprintf("it prints its help without a sub-command (%s): give one of %s as the command", list[root].file, strings.Join(names, ", ")))
		}
		return
	}
	s.Args = append([]string{serves[0].use}, s.Args...)
	s.Start.Value = strings.Join(append([]string{path.Base(s.Exec[0])}, s.Args...), " ")
	s.Start.At = Place{serves[0].file, serves[0].from}
}

func commandNames(list []*goCommand) (names []string) {
	for _, c := range list {
		names = append(names, c.use)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// goCommand reads one literal.
func (p *goProject) goCommand(f goFile, lit *ast.CompositeLit, name string) *goCommand {
	c := &goCommand{file: f.name, named: name, from: p.fset.Position(lit.Pos()).Line, to: p.fset.Position(lit.End()).Line}
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, _ := kv.Key.(*ast.Ident)
		if key == nil {
			continue
		}
		switch key.Name {
		case "Use":
			if v, ok := literal(kv.Value); ok {
				c.use, _, _ = strings.Cut(v, " ")
			}
		case "Run", "RunE":
			c.runs = true
			if id, ok := kv.Value.(*ast.Ident); ok {
				c.body = id.Name
			}
		}
	}
	return c
}

// holds tells whether the server of the program is started in a command.
func (p *goProject) holds(c *goCommand, bodies map[string]goBody) bool {
	at := p.s.Server.At
	if at.File == c.file && at.Line >= c.from && at.Line <= c.to {
		return true
	}
	if b, ok := bodies[c.body]; ok && c.body != "" {
		return at.File == b.file && at.Line >= p.fset.Position(b.fn.Pos()).Line && at.Line <= p.fset.Position(b.fn.End()).Line
	}
	return false
}
