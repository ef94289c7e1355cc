package stack

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// Go is what is known of a Go project beyond what every stack has.
type Go struct {
	Module  string   `json:"module"`         // its path
	Files   []string `json:"files"`          // that `go mod download` reads
	Main    string   `json:"main"`           // the package that is built: ./cmd/server
	Binary  string   `json:"binary"`         // its name
	CGO     bool     `json:"cgo"`            // it is linked with C
	Vendor  bool     `json:"vendor"`         // its dependencies are in the repository
	Code    []string `json:"code"`           // files and folders that the build reads
	Data    []string `json:"data,omitempty"` // files and folders that it reads where it runs
	Handles bool     `json:"handles"`        // it does something about SIGTERM
	Zones   bool     `json:"zones"`          // it asks for time zones by their names
	// Experiment is what GOEXPERIMENT has to be for packages of the standard library that
	// are not there without; "" = nothing. Source: go.dev/doc/go1.25: encoding/json/v2.
	Experiment string `json:"experiment,omitempty"`
}

func isGo(t *tree) (Place, bool) {
	for _, f := range []string{"go.work", "go.mod"} {
		if t.has[f] {
			return Place{File: f}, true
		}
	}
	return Place{}, false
}

// A goFile is one file of a package.
type goFile struct {
	name string
	ast  *ast.File
}

// A goProject is a Go project as it is looked into.
type goProject struct {
	t     *tree
	opt   Options
	s     *Stack
	g     *Go
	roots map[string]string // folders of modules, by their paths
	pkgs  map[string][]goFile
	fset  *token.FileSet
	embed []string // files and folders that are compiled in
	files []goFile // of the program's packages
	// fields are those of its structs that have a tag.
	fields []*goField
}

func detectGo(t *tree, opt Options) (*Stack, error) {
	p := &goProject{t: t, opt: opt, s: &Stack{Dir: "."}, g: &Go{}, roots: map[string]string{}, pkgs: map[string][]goFile{}, fset: token.NewFileSet()}
	p.s.Go = p.g
	if err := p.modules(); err != nil {
		return nil, err
	}
	if err := p.main(); err != nil {
		return nil, err
	}
	p.look()
	p.subCommand()
	return p.s, nil
}

// modules reads go.work and every go.mod.
func (p *goProject) modules() error {
	t, s, g := p.t, p.s, p.g
	s.Manager = Fact{Value: "go", At: Place{File: "go.mod"}}
	dirs := []string{"."}
	if data := t.read("go.work"); data != nil {
		w, err := modfile.ParseWork("go.work", data, nil)
		if err != nil {
			return fmt.Errorf("read %w", err)
		}
		g.Files = append(g.Files, p.there("go.work", "go.work.sum")...)
		dirs = nil
		for _, u := range w.Use {
			dirs = append(dirs, path.Clean(u.Path))
		}
		if w.Go != nil {
			s.Version = Version{Spec: ">=" + w.Go.Version, At: Place{"go.work", w.Go.Syntax.Start.Line}}
		}
		s.Manager.At.File = "go.work"
	}
	for _, dir := range dirs {
		file := path.Join(dir, "go.mod")
		data, err := t.open(file)
		if err != nil {
			return err
		}
		m, err := modfile.ParseLax(file, data, nil)
		if err != nil {
			return fmt.Errorf("read %w", err)
		}
		if m.Module != nil {
			p.roots[m.Module.Mod.Path] = dir
			if g.Module == "" {
				g.Module = m.Module.Mod.Path
			}
		}
		if m.Go != nil && s.Version.Spec == "" {
			s.Version = Version{Spec: ">=" + m.Go.Version, At: Place{file, m.Go.Syntax.Start.Line}}
		}
		if m.Toolchain != nil {
			s.Version = Version{Spec: ">=" + strings.TrimPrefix(m.Toolchain.Name, "go"), At: Place{file, m.Toolchain.Syntax.Start.Line}}
		}
		g.Files = append(g.Files, p.there(file, path.Join(dir, "go.sum"))...)
		for _, r := range m.Require {
			for _, c := range knowledge.ServiceClients() {
				for _, name := range c.Go {
					if (r.Mod.Path == name || strings.HasPrefix(r.Mod.Path, name+"/")) && !r.Indirect && !slices.ContainsFunc(s.Services, func(f Fact) bool { return f.Value == c.Service }) {
						s.Services = append(s.Services, Fact{Value: c.Service, At: Place{file, r.Syntax.Start.Line}, Why: name})
					}
				}
			}
		}
		for _, r := range m.Replace {
			if dir := path.Join(dir, r.New.Path); r.New.Version == "" && t.has[dir+"/go.mod"] {
				g.Files = append(g.Files, p.there(dir+"/go.mod", dir+"/go.sum")...)
			}
		}
		if sum := path.Join(dir, "go.sum"); t.has[sum] && !s.Lock.Known() {
			s.Lock = Fact{Value: sum, At: Place{File: sum}}
		}
	}
	// walk leaves vendor out, where go fills it.
	if _, err := t.open("vendor/modules.txt"); err == nil {
		g.Vendor = true
	}
	return nil
}

func (p *goProject) there(names ...string) (list []string) {
	for _, n := range names {
		if p.t.has[n] && !slices.Contains(p.g.Files, n) {
			list = append(list, n)
		}
	}
	return list
}

// pkg are the files of a folder that a build for Linux takes.
func (p *goProject) pkg(dir string) []goFile {
	if list, ok := p.pkgs[dir]; ok {
		return list
	}
	var list []goFile
	for _, name := range p.t.in(dir) {
		base := path.Base(name)
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "_") || foreignSystem(base) {
			continue
		}
		f, err := parser.ParseFile(p.fset, name, p.t.read(name), parser.ParseComments|parser.SkipObjectResolution)
		if f == nil || err != nil && f.Name == nil || !builds(f) {
			continue
		}
		list = append(list, goFile{name, f})
	}
	p.pkgs[dir] = list
	return list
}

var systemRE = regexp.MustCompile(`_(windows|darwin|freebsd|js|wasm|plan9|android|ios|solaris|openbsd|netbsd|arm|386)(_|\.go$)`)

func foreignSystem(base string) bool { return systemRE.MatchString(base) }

// builds tells whether a file's constraint lets it be built for Linux.
func builds(f *ast.File) bool {
	for _, g := range f.Comments {
		if g.Pos() > f.Package {
			break
		}
		for _, c := range g.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			x, err := constraint.Parse(c.Text)
			if err == nil && !x.Eval(func(tag string) bool {
				return tag == "linux" || tag == "unix" || tag == "amd64" || tag == "cgo" || strings.HasPrefix(tag, "go1.")
			}) {
				return false
			}
		}
	}
	return true
}

// main finds the package that is the program.
func (p *goProject) main() error {
	type option struct {
		dir  string
		rank int
	}
	var list []option
	seen := map[string]bool{}
	for _, f := range p.t.files {
		dir := path.Dir(f)
		if !strings.HasSuffix(f, ".go") || seen[dir] || isSide(f) {
			continue
		}
		if !bytes.Contains(p.t.read(f), []byte("package main")) {
			continue
		}
		seen[dir] = true
		files := p.pkg(dir)
		if len(files) == 0 || files[0].ast.Name.Name != "main" {
			continue
		}
		list = append(list, option{dir, p.mainRank(dir)})
	}
	slices.SortStableFunc(list, func(a, b option) int { return cmp.Compare(a.rank, b.rank) })
	dir := ""
	switch {
	case p.opt.App != "":
		want := path.Clean(p.opt.App)
		for _, o := range list {
			if o.dir == want || path.Base(o.dir) == want {
				dir = o.dir
			}
		}
		if dir == "" {
			return fmt.Errorf("--app %s: there is no main package there", p.opt.App)
		}
	case len(list) == 0:
		return &Unsupported{"this is a library: it has no main package", ""}
	case len(list) > 1 && list[0].rank == list[1].rank:
		u := &Unclear{Question: "several programs of this project can be built", Flag: "--app"}
		for _, o := range list {
			u.Choices = append(u.Choices, Choice{o.dir, "package main"})
		}
		return u
	default:
		dir = list[0].dir
	}
	p.g.Main = "./" + strings.TrimPrefix(dir, "./")
	if dir == "." {
		p.g.Main = "."
	}
	p.g.Binary = path.Base(dir)
	if dir == "." || p.g.Binary == "main" || p.g.Binary == "cmd" {
		p.g.Binary = path.Base(regexp.MustCompile(`/v\d+$`).ReplaceAllString(p.g.Module, ""))
	}
	p.s.App = Fact{Value: p.g.Main, At: Place{File: p.pkg(dir)[0].name}}
	p.s.Exec = []string{"/" + p.g.Binary}
	p.s.Start = Fact{Value: p.g.Binary}
	p.reach(dir)
	return nil
}

// tools are names of programs beside the one that serves.
var toolNames = []string{"migrate", "migration", "seed", "tool", "tools", "gen", "generate", "cli", "ctl", "client", "bench", "loadtest", "dev", "lint", "worker", "script", "scripts", "hack", "debug", "example"}

// mainRank is the lower the likelier a main package is the one that is meant: the root's,
// the one with the module's name, the one that serves.
func (p *goProject) mainRank(dir string) int {
	base := path.Base(dir)
	name := path.Base(regexp.MustCompile(`/v\d+$`).ReplaceAllString(p.g.Module, ""))
	rank := 50
	switch {
	case dir == ".":
		rank = 0
	case base == name || base == name+"d" || base == name+"-server":
		rank = 5
	case slices.Contains([]string{"server", "api", "app", "web", "main", "service", "cmd", "httpd", "http"}, base):
		rank = 10
	}
	for _, t := range toolNames {
		if base == t || strings.HasSuffix(base, "-"+t) || strings.HasSuffix(base, "_"+t) || strings.HasSuffix(base, "ctl") {
			rank = 90
			break
		}
	}
	if rank > 0 && p.listensIn(dir) {
		rank -= 4
	}
	return rank
}

// listensIn tells whether a package's own files, or those that it imports of the
// module, listen.
func (p *goProject) listensIn(dir string) bool {
	saved := p.files
	p.files, p.embed = nil, nil
	p.reach(dir)
	found := slices.ContainsFunc(p.files, func(f goFile) bool {
		ok := false
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if c, is := n.(*ast.CallExpr); is && isServe(c) {
				ok = true
			}
			return !ok
		})
		return ok
	})
	p.files, p.embed = saved, nil
	return found
}

// reach collects the files of a package and of what it imports of the project.
func (p *goProject) reach(dir string) {
	seen := map[string]bool{}
	var follow func(dir string)
	follow = func(dir string) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		for _, f := range p.pkg(dir) {
			p.files = append(p.files, f)
			for _, i := range f.ast.Imports {
				where, _ := strconv.Unquote(i.Path.Value)
				for module, root := range p.roots {
					if where == module || strings.HasPrefix(where, module+"/") {
						follow(path.Join(root, strings.TrimPrefix(strings.TrimPrefix(where, module), "/")))
					}
				}
			}
			for _, g := range f.ast.Comments {
				for _, c := range g.List {
					if rest, ok := strings.CutPrefix(c.Text, "//go:embed "); ok {
						for _, w := range split(rest) {
							w = strings.TrimPrefix(w, "all:")
							for at := strings.IndexAny(w, "*?["); at >= 0; at = -1 {
								w = path.Dir(w[:at] + "x")
							}
							p.embed = append(p.embed, path.Join(dir, w))
						}
					}
				}
			}
		}
	}
	follow(dir)
}

// method is the last part of what is called, and what it is called on.
func method(c *ast.CallExpr) (on, name string) {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return "", f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name, f.Sel.Name
		}
		return "()", f.Sel.Name
	}
	return "", ""
}

func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok {
		return "", false
	}
	if b.Kind == token.STRING {
		s, err := strconv.Unquote(b.Value)
		return s, err == nil
	}
	return b.Value, b.Kind == token.INT
}

var addressRE = regexp.MustCompile(`^([\w.\-\[\]:]*):(\d{2,5})$|^(\d{2,5})$`)

func isServe(c *ast.CallExpr) bool {
	on, name := method(c)
	switch name {
	case "ListenAndServe", "ListenAndServeTLS", "ServeListener":
		return true
	case "Serve":
		return len(c.Args) > 0
	case "Run":
		if len(c.Args) == 0 {
			return on == "r" || on == "router" || on == "engine"
		}
		return isAddress(c.Args[0])
	case "Start", "Listen":
		if on == "net" && len(c.Args) == 2 {
			return true
		}
		if len(c.Args) == 1 {
			return isAddress(c.Args[0])
		}
	}
	return false
}

// isAddress tells whether an expression is an address: ":8080", ":" + port, addr.
func isAddress(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, ok := literal(e)
		return ok && addressRE.MatchString(s)
	case *ast.BinaryExpr:
		s, ok := literal(e.X)
		return ok && strings.HasSuffix(s, ":") || isAddress(e.Y)
	case *ast.Ident:
		l := strings.ToLower(e.Name)
		return strings.Contains(l, "port") || strings.Contains(l, "addr") || strings.Contains(l, "listen")
	case *ast.SelectorExpr:
		return isAddress(e.Sel)
	case *ast.CallExpr:
		on, name := method(e)
		return on == "fmt" && name == "Sprintf" && len(e.Args) > 1 && isAddress(e.Args[len(e.Args)-1])
	}
	return false
}
