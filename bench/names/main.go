// Command names counts what the module shows to programs that embed it: exported
// types, functions, constants, variables and methods of the packages that are not
// internal. It prints them by package, and every one that has no comment.
//
//	go run ./bench/names [FOLDER]
package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	count, bare, err := names(root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
		os.Exit(2)
	}
	total := 0
	for _, pkg := range slices.Sorted(maps.Keys(count)) {
		fmt.Printf("%4d %s\n", count[pkg], pkg)
		total += count[pkg]
	}
	fmt.Printf("%4d names\n", total)
	for _, name := range bare {
		fmt.Println("no comment:", name)
	}
	if len(bare) > 0 {
		os.Exit(1)
	}
}

// hidden are folders whose packages nobody can import, or that are programs.
var hidden = []string{"internal", "testdata", "cmd", "bench", "docs", "examples", "sigstoretest"}

// names counts the exported names of each package below a folder, and lists those
// without a comment.
func names(root string) (count map[string]int, bare []string, err error) {
	count = map[string]int{}
	err = filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if dir != root && (strings.HasPrefix(d.Name(), ".") || slices.Contains(hidden, d.Name())) {
			return filepath.SkipDir
		}
		fset := token.NewFileSet()
		var files []*ast.File
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			files = append(files, f)
		}
		if len(files) == 0 || files[0].Name.Name == "main" {
			return nil
		}
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		p, err := doc.NewFromFiles(fset, files, rel)
		if err != nil {
			return err
		}
		n, without := namesOf(p)
		count[filepath.ToSlash(rel)] = n
		bare = append(bare, without...)
		return nil
	})
	return count, bare, err
}

func namesOf(p *doc.Package) (n int, bare []string) {
	add := func(name, comment string) {
		if n++; strings.TrimSpace(comment) == "" {
			bare = append(bare, p.ImportPath+"."+name)
		}
	}
	values := func(list []*doc.Value) {
		for _, v := range list {
			for _, spec := range v.Decl.Specs {
				s := spec.(*ast.ValueSpec)
				for _, name := range s.Names {
					if name.IsExported() {
						add(name.Name, v.Doc+s.Doc.Text()+s.Comment.Text())
					}
				}
			}
		}
	}
	funcs := func(list []*doc.Func, of string) {
		for _, f := range list {
			add(of+f.Name, f.Doc)
		}
	}
	if strings.TrimSpace(p.Doc) == "" {
		bare = append(bare, p.ImportPath)
	}
	values(p.Consts)
	values(p.Vars)
	funcs(p.Funcs, "")
	for _, t := range p.Types {
		add(t.Name, t.Doc)
		values(t.Consts)
		values(t.Vars)
		funcs(t.Funcs, "")
		methods := slices.DeleteFunc(slices.Clone(t.Methods), func(m *doc.Func) bool {
			return slices.Contains([]string{"String", "Error", "Unwrap", "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText"}, m.Name) // an interface's own words say it
		})
		n += len(t.Methods) - len(methods)
		funcs(methods, t.Name+".")
	}
	return n, bare
}
