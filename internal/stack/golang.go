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
	"github.com/dockworthy/dockworthy/internal/secret"
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
			if o.rank == list[0].rank {
				u.Choices = append(u.Choices, Choice{o.dir, "package main"})
			}
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

// look reads the files of the program.
func (p *goProject) look() {
	s, g := p.s, p.g
	serves, loops := Place{}, false
	type candidate struct {
		port, bind, flag, variable string
		at                         Place
		rank                       int
	}
	var ports []candidate
	ours := map[string]bool{}
	variables := map[string]string{} // names in the code to variables
	address := func(v string, at Place, rank int, flag, variable string) {
		m := addressRE.FindStringSubmatch(v)
		if m == nil {
			return
		}
		ports = append(ports, candidate{cmp.Or(m[2], m[3]), m[1], flag, variable, at, rank})
	}
	env := func(v Variable) {
		if known[v.Name] || v.Name == "" {
			return
		}
		v.Secret = secret.Named(v.Name)
		for i := range s.Env {
			if s.Env[i].Name == v.Name {
				s.Env[i].Required = s.Env[i].Required || v.Required
				s.Env[i].Default = cmp.Or(s.Env[i].Default, v.Default)
				return
			}
		}
		s.Env = append(s.Env, v)
	}
	var routes []route
	for _, f := range p.files {
		at := func(n ast.Node) Place { return Place{f.name, p.fset.Position(n.Pos()).Line} }
		ours[path.Dir(f.name)] = true
		for _, i := range f.ast.Imports {
			where, _ := strconv.Unquote(i.Path.Value)
			if where == "C" || p.isCGO(where, at(i)) {
				g.CGO = true
			}
		}
		prefixes := map[string]string{}
		var stack []string // prefixes of the functions that a node lies in
		var walkNode func(n ast.Node) bool
		walkNode = func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					id, ok := l.(*ast.Ident)
					if !ok || i >= len(n.Rhs) {
						continue
					}
					if c, ok := n.Rhs[i].(*ast.CallExpr); ok {
						on, name := method(c)
						if on == "os" && (name == "Getenv" || name == "LookupEnv") && len(c.Args) == 1 {
							if v, ok := literal(c.Args[0]); ok {
								variables[id.Name] = v
							}
						}
						if (name == "Group" || name == "Route" || name == "PathPrefix") && len(c.Args) > 0 {
							if v, ok := literal(c.Args[0]); ok {
								prefixes[id.Name] = prefixes[on] + strings.TrimSuffix(v, "/")
							}
						}
					}
					if v, ok := literal(n.Rhs[i]); ok && (strings.Contains(strings.ToLower(id.Name), "port") || strings.Contains(strings.ToLower(id.Name), "addr")) {
						address(v, at(n), 2, "", variables[id.Name])
						if name := variables[id.Name]; name != "" {
							env(Variable{Name: name, At: at(n), Default: v})
						}
					}
				}
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if l := strings.ToLower(id.Name); i < len(n.Values) && (strings.Contains(l, "port") || strings.Contains(l, "addr") || strings.Contains(l, "listen")) {
						if v, ok := literal(n.Values[i]); ok {
							address(v, at(n), 2, "", "")
						}
					}
				}
			case *ast.IfStmt:
				p.required(n, variables, func(name string) { env(Variable{Name: name, At: at(n), Required: true}) })
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && (k.Name == "Addr" || k.Name == "Port" || k.Name == "Address") {
					if v, ok := literal(n.Value); ok {
						address(v, at(n), 1, "", "")
					}
				}
			case *ast.Field:
				if n.Tag != nil {
					tag, _ := strconv.Unquote(n.Tag.Value)
					name, def, need := envTag(tag)
					env(Variable{Name: name, At: at(n), Default: def, Required: need})
					if strings.Contains(name, "PORT") || strings.Contains(name, "ADDR") || strings.Contains(name, "LISTEN") {
						address(def, at(n), 2, "", name)
					}
				}
			case *ast.ForStmt:
				// Of the program's own; a library's loop says nothing of how long it lives.
				loops = loops || n.Cond == nil && n.Init == nil && f.ast.Name.Name == "main"
			case *ast.CallExpr:
				on, name := method(n)
				if isServe(n) {
					if serves == (Place{}) {
						serves = at(n)
					}
					for _, a := range n.Args {
						if v, ok := literal(a); ok {
							address(v, at(n), 0, "", "")
						}
						if b, ok := a.(*ast.BinaryExpr); ok {
							if c, ok := b.Y.(*ast.CallExpr); ok {
								if o, nm := method(c); o == "os" && nm == "Getenv" && len(c.Args) == 1 {
									if v, ok := literal(c.Args[0]); ok {
										ports = append(ports, candidate{"8080", "", "", v, at(n), 3})
									}
								}
							}
						}
					}
					if name == "Run" && len(n.Args) == 0 {
						ports = append(ports, candidate{"8080", "", "", "PORT", at(n), 1})
					}
				}
				if on == "os" && (name == "Getenv" || name == "LookupEnv") && len(n.Args) == 1 {
					if v, ok := literal(n.Args[0]); ok {
						env(Variable{Name: v, At: at(n)})
						if strings.HasSuffix(v, "PORT") {
							ports = append(ports, candidate{"8080", "", "", v, at(n), 9})
						}
					}
				}
				if on == "flag" || on == "fs" || on == "pflag" || name == "StringVar" || name == "IntVar" {
					p.flags(n, func(flag, def string) {
						if l := strings.ToLower(flag); strings.Contains(l, "addr") || strings.Contains(l, "port") || strings.Contains(l, "listen") || strings.Contains(l, "bind") || strings.Contains(l, "http") {
							address(def, at(n), 1, flag, "")
						}
					})
				} else if l := strings.ToLower(on + name); len(n.Args) == 2 && (strings.Contains(l, "env") || name == "SetDefault") {
					// getEnv("PORT", "8080")
					a, ok := literal(n.Args[0])
					b, ok2 := literal(n.Args[1])
					if ok && ok2 && envNameRE.MatchString(a) {
						env(Variable{Name: a, At: at(n), Default: b})
						if strings.Contains(a, "PORT") || strings.Contains(a, "ADDR") || strings.Contains(a, "LISTEN") {
							address(b, at(n), 2, "", a)
						}
					}
					if ok && ok2 && name == "SetDefault" && (strings.Contains(strings.ToLower(a), "port") || strings.Contains(strings.ToLower(a), "addr")) {
						address(b, at(n), 2, "", "")
					}
				}
				g.Handles = g.Handles || on == "signal" && (name == "Notify" || name == "NotifyContext")
				g.Zones = g.Zones || on == "time" && name == "LoadLocation"
				p.goWrites(n, on, name, at(n))
				switch name {
				case "HandleFunc", "Handle", "Get", "GET", "Any", "Head", "HEAD", "Add", "Path", "To":
					for _, a := range n.Args[:min(2, len(n.Args))] {
						v, ok := literal(a)
						if !ok {
							continue
						}
						v = strings.TrimPrefix(strings.TrimPrefix(v, "GET "), "HEAD ")
						if !strings.HasPrefix(v, "/") && (v != "" || prefixes[on] == "") {
							continue
						}
						if on != "" || v != "" {
							full := strings.Join(stack, "") + prefixes[on] + v
							routes = append(routes, route{path: full, at: at(n)})
						}
						break
					}
				case "Route", "Group", "Mount":
					if len(n.Args) == 2 {
						if v, ok := literal(n.Args[0]); ok {
							if fn, ok := n.Args[1].(*ast.FuncLit); ok {
								stack = append(stack, strings.TrimSuffix(v, "/"))
								ast.Inspect(fn.Body, walkNode)
								stack = stack[:len(stack)-1]
								return false
							}
						}
					}
				}
			}
			return true
		}
		ast.Inspect(f.ast, walkNode)
	}
	s.Kind = p.opt.Kind
	if s.Kind == "" {
		switch {
		case serves != (Place{}):
			s.Kind = Service
		case loops:
			s.Kind = Worker
		default:
			s.Kind = Job
		}
	}
	if s.Kind == Service {
		s.Server = Fact{Value: "its own", At: serves}
		if p.goSources(ours); len(ports) == 0 || ports[0].rank == 9 {
			if port, at := p.configured(); port != "" {
				ports = append(ports, candidate{port: port, at: at, rank: 5})
			}
		}
		tls := func(c candidate) int {
			if c.port == "443" || c.port == "80" || knowledge.OtherPorts.Has(c.port) {
				return 1 // of TLS, or of something that it talks to
			}
			return 0
		}
		slices.SortStableFunc(ports, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(tls(a), tls(b)), cmp.Compare(a.rank, b.rank))
		})
		if len(ports) == 0 {
			ports = []candidate{{port: "8080"}}
		}
		c := ports[0]
		s.Port = Fact{Value: c.port, At: c.at}
		if c.at == (Place{}) {
			s.Port.Why = "default"
			s.Notes = append(s.Notes, "the source does not say where it listens: --port says it")
		}
		if p.opt.Port > 0 {
			s.Port = Fact{Value: strconv.Itoa(p.opt.Port), Why: "--port"}
		}
		if c.variable != "" {
			s.Port.Why = "from " + c.variable
			v := s.Port.Value
			if c.bind != "" || strings.Contains(c.variable, "ADDR") || strings.Contains(c.variable, "LISTEN") {
				v = "0.0.0.0:" + v
			}
			s.Set = append(s.Set, Tool{Name: c.variable, Version: v})
		}
		if local := c.bind == "127.0.0.1" || c.bind == "localhost" || c.bind == "[::1]"; local {
			switch {
			case c.flag != "":
				s.Args = []string{"-" + c.flag, "0.0.0.0:" + s.Port.Value}
				s.Start.Value += " " + strings.Join(s.Args, " ")
			case c.variable == "":
				s.Notes = append(s.Notes, fmt.Sprintf("%s binds %s: nobody outside the container reaches it", c.at, c.bind))
			}
		}
		p.goHealth(routes)
	}
	p.goSources(ours)
}

var configuredRE = regexp.MustCompile(`(?mi)(?:^|[\s{,"])(?:[a-z_]*_)?(?:listen|addr|address|port|bind)"?\s*[:=]\s*"?[\w.\[\]]*:?\b(\d{2,5})\b`)

// configured is the port that a settings file says, which the program reads where it
// runs.
func (p *goProject) configured() (string, Place) {
	for _, d := range p.g.Data {
		for _, f := range append(p.t.below(d), d) {
			switch path.Ext(f) {
			case ".json", ".yaml", ".yml", ".toml", ".ini":
			default:
				continue
			}
			data := p.t.read(f)
			if m := configuredRE.FindSubmatchIndex(data); m != nil {
				return string(data[m[2]:m[3]]), Place{f, 1 + strings.Count(string(data[:m[2]]), "\n")}
			}
		}
	}
	return "", Place{}
}

var envNameRE = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)

var tagRE = regexp.MustCompile(`(\w+):"([^"]*)"`)

// envTag reads the tag of a field as the libraries that fill structs from the
// environment have it.
func envTag(tag string) (name, def string, need bool) {
	for _, m := range tagRE.FindAllStringSubmatch(tag, -1) {
		first, rest, _ := strings.Cut(m[2], ",")
		switch m[1] {
		case "env", "envconfig":
			if envNameRE.MatchString(first) {
				name = first
				need = need || strings.Contains(rest, "required") || strings.Contains(rest, "notEmpty")
			}
		case "envDefault", "default", "env-default":
			def = m[2]
		case "required", "env-required":
			need = need || m[2] == "true"
		}
	}
	return name, def, need && def == ""
}

// required finds variables without which the program ends: if x == "" { log.Fatal }.
func (p *goProject) required(n *ast.IfStmt, variables map[string]string, found func(string)) {
	if a, ok := n.Init.(*ast.AssignStmt); ok && len(a.Lhs) > 0 && len(a.Rhs) == 1 {
		if c, ok := a.Rhs[0].(*ast.CallExpr); ok {
			if on, name := method(c); on == "os" && (name == "Getenv" || name == "LookupEnv") && len(c.Args) == 1 {
				if v, ok := literal(c.Args[0]); ok {
					for _, l := range a.Lhs {
						if id, ok := l.(*ast.Ident); ok {
							variables[id.Name] = v
						}
					}
				}
			}
		}
	}
	name := ""
	switch c := n.Cond.(type) {
	case *ast.BinaryExpr:
		if id, ok := c.X.(*ast.Ident); ok && c.Op == token.EQL {
			if v, ok := literal(c.Y); ok && v == "" {
				name = variables[id.Name]
			}
		}
	case *ast.UnaryExpr:
		if id, ok := c.X.(*ast.Ident); ok && c.Op == token.NOT {
			name = variables[id.Name]
		}
	}
	if name == "" {
		return
	}
	fatal := false
	ast.Inspect(n.Body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			_, m := method(c)
			fatal = fatal || strings.HasPrefix(m, "Fatal") || m == "panic" || m == "Panic" || m == "Panicf" || m == "Exit"
		}
		return true
	})
	if fatal {
		found(name)
	}
}

// flags are the flags that a call declares, with their defaults.
func (p *goProject) flags(c *ast.CallExpr, found func(flag, def string)) {
	_, name := method(c)
	args := c.Args
	switch {
	case (name == "String" || name == "Int") && len(args) >= 3:
	case (name == "StringVar" || name == "IntVar" || name == "StringP" || name == "IntP") && len(args) >= 4:
		if strings.HasSuffix(name, "Var") {
			args = args[1:]
		} else {
			args = []ast.Expr{args[0], args[2]}
		}
	default:
		return
	}
	flag, ok := literal(args[0])
	def, ok2 := literal(args[1])
	if ok && ok2 {
		found(flag, def)
	}
}

// isCGO tells whether a package is linked with C, and notes what that needs of the
// system.
func (p *goProject) isCGO(where string, at Place) bool {
	for _, n := range knowledge.Natives() {
		if n.Language != "go" {
			continue
		}
		for _, pkg := range n.Packages {
			if where != pkg && !strings.HasPrefix(where, pkg+"/") {
				continue
			}
			if len(n.Build) > 0 || len(n.Runtime) > 0 {
				p.s.Native = append(p.s.Native, Native{Package: pkg, At: at, Build: n.Build, Runtime: n.Runtime, Why: "it is linked with C"})
			}
			return true
		}
	}
	return false
}

// goWrites notes what the program makes where it runs.
func (p *goProject) goWrites(c *ast.CallExpr, on, name string, at Place) {
	i := 0
	switch {
	case on == "os" && (name == "MkdirAll" || name == "Mkdir" || name == "Create"):
	case on == "sql" && name == "Open", name == "Open" && on == "gorm":
		i = 1
	case name == "Open" && on == "sqlite":
	default:
		return
	}
	if i >= len(c.Args) {
		return
	}
	v, ok := literal(c.Args[i])
	if !ok || strings.Contains(v, "://") || strings.ContainsAny(v, " %*=") {
		return
	}
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "file:"), "?")
	v = path.Clean(v)
	if v == "." || strings.HasPrefix(v, "/tmp") || strings.HasPrefix(v, ":") {
		return
	}
	if strings.HasPrefix(v, "../") {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s, beside the folder where it runs, where a container's user may not: let a variable say where it lies", at, v))
		return
	}
	dir := v
	if path.Ext(v) != "" {
		dir = path.Dir(v)
	}
	if dir == "." {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a variable say where it lies, in a folder of its own", at, v))
		return
	}
	if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir }) {
		p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
	}
}

// goHealth picks the route that tells how the program is.
func (p *goProject) goHealth(routes []route) {
	best := -1
	for _, r := range routes {
		trimmed := strings.TrimSuffix(r.path, "/")
		i := slices.Index(healthy, path.Base(trimmed))
		if i < 0 || strings.ContainsAny(r.path, ":{*") {
			continue
		}
		if best < 0 || i < best {
			best = i
			p.s.Health = Fact{Value: r.path, At: r.at}
		}
	}
}

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
