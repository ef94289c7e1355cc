package stack

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// goSources tells what the build reads, and what the program reads where it runs.
func (p *goProject) goSources(ours map[string]bool) {
	g, t := p.g, p.t
	add := func(list *[]string, name string) {
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	top := func(name string) string {
		first, _, deep := strings.Cut(name, "/")
		if !deep {
			return name
		}
		return first
	}
	for dir := range ours {
		if dir == "." {
			for _, f := range p.pkg(".") {
				add(&g.Code, f.name)
			}
			continue
		}
		add(&g.Code, top(dir))
	}
	for _, e := range p.embed {
		if !slices.Contains(g.Code, top(e)) {
			add(&g.Code, e)
		}
	}
	if g.Vendor {
		add(&g.Code, "vendor")
	}
	for _, name := range t.in(".") {
		base := strings.TrimSuffix(name, "/")
		if strings.HasSuffix(base, ".go") || sides[base] || slices.Contains(p.embed, base) || slices.ContainsFunc(p.embed, func(e string) bool { return strings.HasPrefix(e, base+"/") }) {
			continue
		}
		if slices.Contains(g.Files, base) || slices.Contains(g.Code, base) || strings.HasSuffix(strings.ToLower(base), ".md") || strings.HasPrefix(base, "LICENSE") || base == "Makefile" || base == "Dockerfile" || strings.HasPrefix(base, ".") {
			continue
		}
		if p.names(base, strings.HasSuffix(name, "/")) {
			add(&g.Data, base)
		}
	}
	slices.Sort(g.Code)
	slices.Sort(g.Data)
	p.s.Sources = g.Data
}

// readers are functions that take the name of a folder.
var readers = []string{"Dir", "DirFS", "ReadDir", "Static", "StaticFS", "LoadHTMLGlob", "ParseGlob", "Glob", "Join", "WalkDir", "Walk", "File", "AddConfigPath", "FileServer"}

// names tells whether the source names a file or a folder that lies at the top.
func (p *goProject) names(base string, dir bool) bool {
	found := false
	is := func(v string) bool {
		rest, dotted := strings.CutPrefix(v, "./")
		return rest == base && (!dir || dotted) || dir && strings.HasPrefix(rest, base+"/") && path.Ext(rest) != "" || dir && dotted && strings.HasPrefix(rest, base+"/")
	}
	for _, f := range p.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.CallExpr:
				if _, name := method(n); dir && slices.Contains(readers, name) {
					for _, a := range n.Args {
						if v, ok := literal(a); ok && (v == base || strings.HasPrefix(v, base+"/")) {
							found = true
						}
					}
				}
			case *ast.BasicLit:
				if v, ok := literal(n); ok && n.Kind == token.STRING && is(v) {
					found = true
				}
			}
			return !found
		})
	}
	return found
}
