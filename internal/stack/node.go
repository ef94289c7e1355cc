package stack

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// Node is what is known of a project of Node.js beyond what every stack has.
type Node struct {
	Manager string   `json:"manager"`          // npm, yarn, berry, pnpm, bun
	Tool    Tool     `json:"tool,omitzero"`    // the manager, where it is not npm
	Files   []string `json:"files"`            // that the install reads
	Lock    bool     `json:"lock"`             // there is one
	Script  string   `json:"script,omitempty"` // that builds it: build; "" = nothing is built
	Prepare []string `json:"prepare,omitempty"`
	Output  []string `json:"output,omitempty"` // what the build makes and the program needs
	Runtime bool     `json:"runtime"`          // it needs packages where it runs
	Handles bool     `json:"handles"`          // it does something about SIGTERM
	Bun     bool     `json:"bun,omitempty"`    // bun runs it, and not node
	PnP     bool     `json:"pnp,omitempty"`    // packages are in archives, and not in node_modules
	Prisma  bool     `json:"prisma,omitempty"` // its client is generated
	Code    []string `json:"code"`             // files and folders that the build reads
	Public  string   `json:"public,omitempty"` // of a static site: the folder that the build makes
	SPA     bool     `json:"spa,omitempty"`    // every path is answered by its index.html
	Token   bool     `json:"token,omitempty"`  // .npmrc asks for a token
	// Member is the folder of the package of a workspace that is the program, "" = the
	// root; Uses are the packages of the workspace that it needs, itself at the end.
	Member string   `json:"member,omitempty"`
	Uses   []Member `json:"uses,omitempty"`
}

// packageFile is what is asked of a package.json.
type packageFile struct {
	Name           string            `json:"name"`
	Type           string            `json:"type"`
	Main           string            `json:"main"`
	Module         string            `json:"module"`
	Scripts        map[string]string `json:"scripts"`
	Dependencies   map[string]string `json:"dependencies"`
	Dev            map[string]string `json:"devDependencies"`
	Engines        map[string]string `json:"engines"`
	Volta          map[string]string `json:"volta"`
	PackageManager string            `json:"packageManager"`
	Workspaces     any               `json:"workspaces"`
	Prisma         any               `json:"prisma"`
}

func isNode(t *tree) (Place, bool) {
	if t.has["package.json"] {
		return Place{File: "package.json"}, true
	}
	return Place{}, false
}

// servesNode tells whether a package.json is one of a program, and not only of tools
// beside one in another language.
func servesNode(t *tree) bool {
	p, err := readPackage(t, "package.json")
	if err != nil {
		return false
	}
	for _, name := range []string{"express", "fastify", "koa", "hono", "next", "@nestjs/core", "@hapi/hapi", "nuxt", "@sveltejs/kit", "astro", "@remix-run/node", "@react-router/node", "polka", "restify"} {
		if p.Dependencies[name] != "" || p.Dev[name] != "" {
			return true
		}
	}
	return false
}

func readPackage(t *tree, name string) (*packageFile, error) {
	data, err := t.open(name)
	if err != nil {
		return nil, err
	}
	p := &packageFile{}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(data, p); err != nil {
		var syntax *json.SyntaxError
		if ok := asSyntax(err, &syntax); ok {
			return nil, fmt.Errorf("read %s:%d: %w", name, 1+bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n")), err)
		}
		// A field of another type than is documented: the rest counts.
		if p.Scripts == nil && p.Dependencies == nil && p.Name == "" {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	return p, nil
}

func asSyntax(err error, to **json.SyntaxError) bool {
	s, ok := err.(*json.SyntaxError)
	*to = s
	return ok
}

// needs tells whether a package is asked for, to run or to work.
func (p *packageFile) needs(name string) bool { return p.Dependencies[name] != "" || p.Dev[name] != "" }

// A nodeProject is a project of Node.js as it is looked into.
type nodeProject struct {
	t     *tree
	opt   Options
	s     *Stack
	n     *Node
	pkg   *packageFile
	js    []script
	root  *tree
	space []Member // the packages of its workspace; nil = it is none
}

// A script is a file of source.
type script struct {
	file string
	text string
}

func detectNode(t *tree, opt Options) (*Stack, error) {
	p := &nodeProject{t: t, root: t, opt: opt, s: &Stack{Dir: "."}, n: &Node{}}
	p.s.Node = p.n
	var err error
	if p.pkg, err = readPackage(t, "package.json"); err != nil {
		return nil, err
	}
	p.space = p.workspace()
	if err := p.manager(); err != nil {
		return nil, err
	}
	p.version()
	member, err := p.choose()
	if err != nil {
		return nil, err
	}
	if member != nil {
		if err := p.enter(member); err != nil {
			return nil, err
		}
	}
	p.load()
	if err := p.framework(); err != nil {
		return nil, err
	}
	p.port()
	p.health()
	p.environment()
	p.native()
	p.sources()
	if member != nil {
		p.leave(member)
	}
	return p.s, nil
}

func (p *nodeProject) line(text string) Place {
	return Place{"package.json", p.t.lineOf("package.json", text)}
}

// managers are lock files with their managers.
var managers = []struct{ file, manager string }{
	{"pnpm-lock.yaml", "pnpm"}, {"bun.lock", "bun"}, {"bun.lockb", "bun"}, {"yarn.lock", "yarn"}, {"package-lock.json", "npm"}, {"npm-shrinkwrap.json", "npm"},
}

var managerRE = regexp.MustCompile(`^\s*(npm|yarn|pnpm|bun)@v?(\d+(?:\.\d+)*)`)

// manager tells what installs the packages, by packageManager, then by the lock.
func (p *nodeProject) manager() error {
	n, s, t := p.n, p.s, p.t
	var locks []string
	for _, m := range managers {
		if t.has[m.file] {
			locks = append(locks, m.file)
		}
	}
	for _, m := range managers {
		if t.has[m.file] {
			if n.Manager == "" && (len(locks) == 1 || p.stale(m.file) == "") {
				n.Manager = m.manager
				s.Manager = Fact{Value: m.manager, At: Place{File: m.file}}
				s.Lock = Fact{Value: m.file, At: Place{File: m.file}}
			}
		}
	}
	version := ""
	if m := managerRE.FindStringSubmatch(p.pkg.PackageManager); m != nil {
		version = m[2]
		if m[1] != n.Manager {
			for _, l := range managers {
				if l.manager == m[1] && t.has[l.file] {
					s.Lock = Fact{Value: l.file, At: Place{File: l.file}}
				}
			}
		}
		n.Manager = m[1]
		s.Manager = Fact{Value: m[1], At: p.line(`"packageManager"`)}
	}
	if n.Manager == "" {
		n.Manager = "npm"
		s.Manager = Fact{Value: "npm", At: Place{File: "package.json"}, Why: "no lock says otherwise"}
		s.Notes = append(s.Notes, "no lock file: the versions in package.json move with time; `npm install --package-lock-only` writes one")
	}
	n.Lock = s.Lock.Known()
	if n.Lock {
		if what := p.stale(s.Lock.Value); what != "" {
			return fmt.Errorf("%s is out of step with package.json: %s; install once with %s, and look at what it changes", s.Lock.Value, what, n.Manager)
		}
	}
	if len(locks) > 1 {
		s.Notes = append(s.Notes, fmt.Sprintf("there are several locks (%s): %s decides", strings.Join(locks, ", "), s.Manager.At))
	}
	switch n.Manager {
	case "yarn":
		if t.has[".yarnrc.yml"] || strings.Contains(string(t.read("yarn.lock")), "__metadata:") || version != "" && !strings.HasPrefix(version, "1.") {
			n.Manager = "berry"
			n.Tool = tool("@yarnpkg/cli-dist")
			if version != "" && !strings.HasPrefix(version, "1.") {
				n.Tool.Version = version
			}
			rc := string(t.read(".yarnrc.yml"))
			n.PnP = !strings.Contains(rc, "nodeLinker: node-modules") && !strings.Contains(rc, "nodeLinker: pnpm")
		}
	case "pnpm":
		n.Tool = tool("pnpm")
		if version == "" {
			if m := regexp.MustCompile(`(?m)^lockfileVersion:\s*'?([\d.]+)`).FindSubmatch(t.read("pnpm-lock.yaml")); m != nil {
				version = knowledge.ToolVersion("pnpm lockfile " + string(m[1]))
			}
		}
		n.Tool.Version = cmp.Or(version, n.Tool.Version)
	case "bun":
		n.Tool = tool("bun")
		if v := strings.TrimSpace(string(t.read(".bun-version"))); v != "" {
			version = v
		}
		n.Tool.Version = cmp.Or(version, n.Tool.Version)
	}
	n.Files = []string{"package.json"}
	if n.Lock {
		n.Files = append(n.Files, s.Lock.Value)
	}
	for _, f := range []string{".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", "pnpm-workspace.yaml", "bunfig.toml", "patches", ".yarn", "prisma"} {
		if t.has[f] || t.dir(f) {
			n.Files = append(n.Files, f)
		}
	}
	for _, m := range p.space {
		n.Files = append(n.Files, m.Dir+"/package.json")
	}
	n.Token = regexp.MustCompile(`_authToken\s*=\s*\$\{`).Match(t.read(".npmrc"))
	n.Prisma = p.pkg.needs("prisma") || p.pkg.needs("@prisma/client")
	for _, name := range []string{"preinstall", "install", "postinstall", "prepare"} {
		if p.pkg.Scripts[name] != "" {
			n.Prepare = append(n.Prepare, name)
		}
	}
	return nil
}

// stale tells what a lock lacks of what package.json asks for; "" = nothing, or the
// lock is of a kind that does not say.
func (p *nodeProject) stale(file string) string {
	asks := map[string]string{}
	for _, list := range []map[string]string{p.pkg.Dependencies, p.pkg.Dev} {
		for name, spec := range list {
			asks[name] = spec
		}
	}
	var names []string
	for name := range asks {
		names = append(names, name)
	}
	slices.Sort(names)
	data := p.t.read(file)
	switch file {
	case "package-lock.json", "npm-shrinkwrap.json":
		var lock struct {
			Packages map[string]packageFile `json:"packages"`
		}
		if json.Unmarshal(data, &lock) != nil || lock.Packages == nil {
			return "" // of npm 6, which did not write it down
		}
		root := lock.Packages[""]
		for _, name := range names {
			if have := cmp.Or(root.Dependencies[name], root.Dev[name]); have != asks[name] {
				if have == "" {
					return fmt.Sprintf("it has no %s, which is asked for as %s", name, asks[name])
				}
				return fmt.Sprintf("it has %s for %s, and %s is asked for", have, name, asks[name])
			}
		}
	case "yarn.lock":
		text := string(data)
		if strings.Contains(text, "__metadata:") {
			return ""
		}
		for _, name := range names {
			if spec := asks[name]; !strings.Contains(text, name+"@"+spec) && !strings.Contains(spec, ":") {
				return fmt.Sprintf("it has no %s@%s", name, spec)
			}
		}
	}
	return ""
}

var nodeVersionRE = regexp.MustCompile(`^v?(\d+(?:\.\d+){0,2})$`)

// version tells which versions of Node.js the project is for.
func (p *nodeProject) version() {
	s, t := p.s, p.t
	engines := p.pkg.Engines["node"]
	s.Version.Also = engines
	set := func(v, file string, line int) bool {
		v = strings.TrimSpace(v)
		if name, ok := strings.CutPrefix(v, "lts/"); ok {
			v = base.Line("docker.io/library/node", strings.ToLower(name))
		}
		if m := nodeVersionRE.FindStringSubmatch(v); m != nil {
			s.Version.Spec, s.Version.At, s.Version.Soft = m[1], Place{file, line}, true
			return true
		}
		return false
	}
	for _, f := range []string{".nvmrc", ".node-version"} {
		n := 0
		for l := range strings.Lines(string(t.read(f))) {
			n++
			l, _, _ = strings.Cut(l, "#")
			if set(l, f, n) {
				return
			}
		}
	}
	n := 0
	for l := range strings.Lines(string(t.read(".tool-versions"))) {
		n++
		if f := strings.Fields(l); len(f) > 1 && (f[0] == "nodejs" || f[0] == "node") && set(f[1], ".tool-versions", n) {
			return
		}
	}
	if v := p.pkg.Volta["node"]; v != "" && set(v, "package.json", p.line(`"volta"`).Line) {
		return
	}
	if engines != "" && engines != "*" {
		s.Version.Spec, s.Version.At, s.Version.Soft = engines, p.line(`"node"`), false
	}
}

// load reads the source.
func (p *nodeProject) load() {
	total := 0
	list := slices.Clone(p.t.files)
	slices.SortStableFunc(list, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	for _, f := range list {
		switch path.Ext(f) {
		case ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".svelte", ".astro", ".vue":
		default:
			continue
		}
		if isSide(f) || strings.Contains(f, ".test.") || strings.Contains(f, ".spec.") || strings.Contains(f, "__tests__/") || strings.HasSuffix(f, ".d.ts") || strings.HasSuffix(f, ".min.js") || strings.HasPrefix(f, "dist/") || strings.HasPrefix(f, "build/") || strings.HasPrefix(f, "public/") {
			continue
		}
		data := p.t.read(f)
		if total += len(data); total > maxSource {
			break
		}
		p.js = append(p.js, script{f, uncommented(string(data))})
	}
}

var lineCommentRE = regexp.MustCompile(`(?m)(^|[\s;{}(,])//[^\n]*`)
var blockCommentRE = regexp.MustCompile(`(?s)/\*.*?\*/`)

// uncommented is source without its comments, in as many lines.
func uncommented(s string) string {
	if !strings.Contains(s, "//") && !strings.Contains(s, "/*") {
		return s
	}
	s = blockCommentRE.ReplaceAllStringFunc(s, func(c string) string { return strings.Repeat("\n", strings.Count(c, "\n")) })
	return lineCommentRE.ReplaceAllString(s, "$1")
}

func lineAt(text string, at int) int { return 1 + strings.Count(text[:at], "\n") }

// config is the text of a configuration file with one of these names, and its name.
func (p *nodeProject) config(stem string) (text, file string) {
	for _, ext := range []string{".js", ".mjs", ".cjs", ".ts", ".mts"} {
		if data := p.t.read(stem + ext); data != nil {
			return uncommented(string(data)), stem + ext
		}
	}
	return "", ""
}

// framework tells what the project is made with, and what starts it.
func (p *nodeProject) framework() error {
	s, n, pkg := p.s, p.n, p.pkg
	s.Kind = Service
	is := func(name, dep string) {
		s.Framework = Fact{Value: name, At: p.line(`"` + dep + `":`)}
	}
	if pkg.Scripts["build"] != "" {
		n.Script = "build"
	}
	static := func(name, dep, public string, spa bool) {
		is(name, dep)
		s.Kind, n.Public, n.SPA = Static, public, spa
		s.Server = Fact{Value: "nginx", Why: "it is a folder of files"}
		s.Exec, s.Args = []string{"nginx"}, []string{"-g", "daemon off;"}
		s.Start = Fact{Value: "nginx", Why: "a static site"}
		s.Port = Fact{Value: "8080", Why: "of nginx-unprivileged"}
	}
	start := func(words ...string) {
		s.Exec, s.Args = words[:1], words[1:]
		s.Start.Value = strings.Join(words, " ")
	}
	n.Runtime = len(pkg.Dependencies) > 0
	switch {
	case pkg.needs("next"):
		is("Next.js", "next")
		text, file := p.config("next.config")
		switch {
		case regexp.MustCompile(`output\s*:\s*['"]export['"]`).MatchString(text):
			static("Next.js", "next", "out", false)
			return nil
		case regexp.MustCompile(`output\s*:\s*[^,\n]*['"]standalone['"]`).MatchString(text):
			n.Output, n.Runtime, n.Handles = []string{".next/standalone", ".next/static"}, false, true
			start("node", "server.js")
			s.App = Fact{Value: "server.js", At: Place{file, p.t.lineOf(file, "standalone")}, Why: "output: standalone"}
			s.Set = append(s.Set, Tool{Name: "HOSTNAME", Version: "0.0.0.0"})
			s.Set = append(s.Set, Tool{Name: "PORT", Version: "3000"})
		default:
			n.Output, n.Handles = []string{".next"}, true
			if file != "" {
				n.Output = append(n.Output, file)
			}
			start("node", "node_modules/next/dist/bin/next", "start", "--hostname", "0.0.0.0", "--port", "3000")
			s.Notes = append(s.Notes, "output: 'standalone' in next.config makes an image of a tenth of the size: it copies only what the server needs")
		}
		s.Port = Fact{Value: "3000", Why: "default of Next.js"}
		s.Server = Fact{Value: "next", At: s.Framework.At}
		if p.t.dir("public") {
			n.Output = append(n.Output, "public")
		}
	case pkg.needs("@sveltejs/kit"):
		is("SvelteKit", "@sveltejs/kit")
		text, file := p.config("svelte.config")
		switch {
		case strings.Contains(text, "adapter-static"):
			static("SvelteKit", "@sveltejs/kit", "build", strings.Contains(text, "fallback"))
			return nil
		case strings.Contains(text, "adapter-node"):
			n.Output, n.Handles = []string{"build"}, true
			start("node", "build")
			s.Port = Fact{Value: "3000", Why: "default of adapter-node"}
			s.Server = Fact{Value: "sveltekit", At: Place{file, p.t.lineOf(file, "adapter-node")}}
		default:
			return &Unsupported{fmt.Sprintf("%s has an adapter that builds for a platform, and nothing that a container can run", cmp.Or(file, "svelte.config.js")), "install @sveltejs/adapter-node and name it there"}
		}
	case pkg.needs("astro"):
		is("Astro", "astro")
		text, file := p.config("astro.config")
		if strings.Contains(text, "@astrojs/node") {
			n.Output = []string{"dist"}
			start("node", "dist/server/entry.mjs")
			s.Set = append(s.Set, Tool{Name: "HOST", Version: "0.0.0.0"}, Tool{Name: "PORT", Version: "4321"})
			s.Port = Fact{Value: "4321", Why: "default of Astro"}
			s.Server = Fact{Value: "astro", At: Place{file, p.t.lineOf(file, "@astrojs/node")}}
			return nil
		}
		if strings.Contains(text, "@astrojs/vercel") || strings.Contains(text, "@astrojs/netlify") || strings.Contains(text, "@astrojs/cloudflare") {
			return &Unsupported{file + " has an adapter that builds for a platform, and nothing that a container can run", "install @astrojs/node and name it there"}
		}
		static("Astro", "astro", "dist", false)
	case pkg.needs("@react-router/serve") || pkg.needs("@remix-run/serve"):
		dep, bin := "@react-router/serve", "./node_modules/.bin/react-router-serve"
		if !pkg.needs(dep) {
			dep, bin = "@remix-run/serve", "./node_modules/.bin/remix-serve"
		}
		is("React Router", dep)
		if text, _ := p.config("react-router.config"); regexp.MustCompile(`ssr\s*:\s*false`).MatchString(text) {
			static("React Router", dep, "build/client", true)
			return nil
		}
		n.Output, n.Handles = []string{"build"}, true
		start(bin, "./build/server/index.js")
		s.Set = append(s.Set, Tool{Name: "HOST", Version: "0.0.0.0"}, Tool{Name: "PORT", Version: "3000"})
		s.Port = Fact{Value: "3000", Why: "default of react-router-serve"}
		s.Server = Fact{Value: strings.TrimPrefix(path.Base(path.Dir(dep)), "@") + "-serve", At: p.line(`"` + dep + `"`)}
	case pkg.needs("nuxt"):
		is("Nuxt", "nuxt")
		n.Output, n.Runtime, n.Handles = []string{".output"}, false, true
		start("node", ".output/server/index.mjs")
		s.Port = Fact{Value: "3000", Why: "default of Nuxt"}
		s.Set = append(s.Set, Tool{Name: "HOST", Version: "0.0.0.0"}, Tool{Name: "PORT", Version: "3000"})
		s.Server = Fact{Value: "nuxt", At: s.Framework.At}
	case p.siteOf() != "" && !p.hasServer():
		switch dep := p.siteOf(); dep {
		case "react-scripts":
			static("Create React App", dep, "build", true)
		case "gatsby":
			static("Gatsby", dep, "public", false)
		case "@angular/core":
			public := "dist"
			if m := regexp.MustCompile(`"outputPath"\s*:\s*"([^"]+)"`).FindSubmatch(p.t.read("angular.json")); m != nil {
				public = string(m[1])
			} else if pkg.Name != "" {
				public = "dist/" + pkg.Name
			}
			if strings.Contains(string(p.t.read("angular.json")), `:application"`) {
				public += "/browser"
			}
			static("Angular", dep, public, true)
		default:
			public := "dist"
			text, _ := p.config("vite.config")
			if m := regexp.MustCompile(`outDir\s*:\s*['"]([^'"]+)['"]`).FindStringSubmatch(text); m != nil {
				public = path.Clean(m[1])
			}
			static("Vite", dep, public, true)
		}
	default:
		return p.server()
	}
	return nil
}

// siteOf is the package that builds a site of files; "" = none does.
func (p *nodeProject) siteOf() string {
	for _, name := range []string{"react-scripts", "gatsby", "@angular/core", "@vue/cli-service", "vite"} {
		if p.pkg.needs(name) {
			return name
		}
	}
	return ""
}

// serverPackages are packages that programs which answer are made with.
var serverPackages = []struct{ name, title string }{
	{"@nestjs/core", "NestJS"}, {"fastify", "Fastify"}, {"express", "Express"}, {"koa", "Koa"}, {"hono", "Hono"}, {"@hapi/hapi", "hapi"}, {"restify", "Restify"}, {"polka", "Polka"}, {"socket.io", "Socket.IO"}, {"ws", "ws"},
}

// hasServer tells whether the project is one of a server, whatever builds its pages.
func (p *nodeProject) hasServer() bool {
	for _, f := range serverPackages {
		if p.pkg.Dependencies[f.name] != "" {
			return true
		}
	}
	return false
}

// server finds what starts a program that is none of a framework's own.
func (p *nodeProject) server() error {
	s, n, pkg := p.s, p.n, p.pkg
	for _, f := range serverPackages {
		if pkg.Dependencies[f.name] != "" {
			s.Framework = Fact{Value: f.title, At: p.line(`"` + f.name + `"`)}
			break
		}
	}
	type line struct {
		text string
		at   Place
	}
	var lines []line
	if p.opt.App != "" {
		lines = append(lines, line{"node " + p.opt.App, Place{}})
	}
	if web, ok := procfile(p.t)["web"]; ok {
		lines = append(lines, line{web.text, web.at})
	}
	for _, name := range []string{"start:prod", "start:production", "prod", "production", "serve:prod", "start"} {
		if text := pkg.Scripts[name]; text != "" {
			lines = append(lines, line{text, p.line(`"` + name + `"`)})
		}
	}
	for _, l := range lines {
		if file, ok := p.startOf(l.text, 0); ok {
			p.begin(file, l.at)
			return p.kind()
		}
	}
	if s.Framework.Value == "NestJS" {
		p.begin("dist/main.js", s.Framework.At)
		return p.kind()
	}
	var candidates []string
	if pkg.Main != "" {
		candidates = append(candidates, path.Clean(pkg.Main))
	}
	if pkg.Module != "" {
		candidates = append(candidates, path.Clean(pkg.Module))
	}
	candidates = append(candidates, "server.js", "index.js", "app.js", "main.js", "index.mjs", "server.mjs", "src/server.js", "src/index.js", "src/app.js", "src/main.js", "index.ts", "server.ts", "app.ts", "src/index.ts", "src/server.ts", "src/main.ts")
	for _, c := range candidates {
		if p.t.has[c] {
			p.begin(c, p.line(`"main"`))
			return p.kind()
		}
	}
	if p.t.has["index.html"] {
		s.Kind, n.Public, n.Script = Static, ".", ""
		s.Exec, s.Args = []string{"nginx"}, []string{"-g", "daemon off;"}
		s.Start = Fact{Value: "nginx", Why: "a folder of files"}
		s.Port = Fact{Value: "8080", Why: "of nginx-unprivileged"}
		return nil
	}
	return &Unclear{Question: "nothing in package.json or beside it looks like a program to start", Flag: "--app", Choices: []Choice{{"FILE.js", "the file that starts it"}}}
}

// startOf is the file that a command of a script starts, through npm run and what
// watches it at work.
func (p *nodeProject) startOf(text string, depth int) (string, bool) {
	words := parseCommand(text).words
	for len(words) > 0 && (words[0] == "cross-env" || words[0] == "dotenv" || words[0] == "env-cmd" || words[0] == "npx" || strings.Contains(words[0], "=") || words[0] == "--") {
		words = words[1:]
	}
	if len(words) == 0 || depth > 3 {
		return "", false
	}
	switch words[0] {
	case "npm", "yarn", "pnpm", "bun":
		for _, w := range words[1:] {
			if w == "run" || strings.HasPrefix(w, "-") {
				continue
			}
			if next := p.pkg.Scripts[w]; next != "" {
				return p.startOf(next, depth+1)
			}
			if words[0] == "bun" && path.Ext(w) != "" {
				p.n.Bun = true
				return path.Clean(w), true
			}
			if words[0] == "yarn" && w == "node" {
				return p.startOf(strings.Join(words[slices.Index(words, w):], " "), depth+1)
			}
			break
		}
	case "pm2", "pm2-runtime":
		for _, w := range words[1:] {
			switch path.Ext(w) {
			case ".json", ".cjs", ".js", ".mjs":
				if m := regexp.MustCompile(`["']?script["']?\s*:\s*["']([^"']+)["']`).FindSubmatch(p.t.read(path.Clean(w))); m != nil && strings.Contains(w, "config") || m != nil && path.Ext(w) == ".json" {
					return path.Clean(string(m[1])), true
				}
				if path.Ext(w) != ".json" {
					return path.Clean(w), true
				}
			}
		}
	case "node", "nodemon", "ts-node", "tsx", "ts-node-dev", "babel-node", "node-dev":
		skip := false
		for _, w := range words[1:] {
			switch {
			case skip:
				skip = false
			case w == "-r" || w == "--require" || w == "--import" || w == "--loader" || w == "--exec" || w == "--watch-path" || w == "-w" || w == "--env-file" || w == "--name":
				skip = true
			case strings.HasPrefix(w, "-") || w == "start" || w == "watch":
			default:
				return path.Clean(w), true
			}
		}
		if words[0] == "nodemon" && p.pkg.Main != "" {
			return path.Clean(p.pkg.Main), true
		}
	case "nest":
		return "dist/main.js", len(words) > 1 && words[1] == "start"
	case "fastify":
		return "", false
	}
	return "", false
}

// begin starts a file: as it is where node can, as what the build makes of it where it
// is no JavaScript.
func (p *nodeProject) begin(file string, at Place) {
	s, n := p.s, p.n
	if p.t.dir(file) {
		for _, f := range []string{"index.js", "index.mjs", "index.ts"} {
			if p.t.has[file+"/"+f] {
				file += "/" + f
				break
			}
		}
	}
	if path.Ext(file) == "" {
		for _, ext := range []string{".js", ".mjs", ".cjs", ".ts"} {
			if p.t.has[file+ext] {
				file += ext
				break
			}
		}
		if path.Ext(file) == "" && n.Script != "" {
			file += ".js"
		}
	}
	s.App = Fact{Value: file, At: at}
	exec := "node"
	if ext := path.Ext(file); (ext == ".ts" || ext == ".mts" || ext == ".tsx") && p.t.has[file] {
		if built := p.built(file); built != "" && n.Script != "" && n.Manager != "bun" {
			file = built
		} else if n.Manager == "bun" || p.mentions("Bun.") {
			exec, n.Bun = "bun", true
		}
	}
	if n.Bun {
		exec = "bun"
	}
	if p.t.has[file] {
		n.Output = nil
	} else if top, _, deep := strings.Cut(file, "/"); deep {
		n.Output = append(n.Output, top)
	} else {
		n.Output = append(n.Output, file)
	}
	if !p.t.has[file] && n.Script == "" {
		s.Notes = append(s.Notes, fmt.Sprintf("%s starts %s, which is not there and which no script builds", at, file))
	}
	if p.t.has[file] && n.Script != "" && !p.builds() {
		n.Script = "" // what it starts is source
	}
	s.Exec, s.Args = []string{exec}, []string{file}
	s.Start = Fact{Value: exec + " " + file, At: at}
	n.Handles = p.mentions("SIGTERM", "enableShutdownHooks", "close-with-grace", "http-terminator", "@godaddy/terminus", "lightship")
}

func (p *nodeProject) mentions(words ...string) bool {
	return slices.ContainsFunc(p.js, func(s script) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s.text, w) })
	})
}

// builds tells whether the build makes something that a program of source needs: pages,
// a client.
func (p *nodeProject) builds() bool {
	b := p.pkg.Scripts["build"]
	return strings.Contains(b, "vite") || strings.Contains(b, "webpack") || strings.Contains(b, "esbuild") || strings.Contains(b, "rollup") || strings.Contains(b, "parcel") || strings.Contains(b, "tailwind") || strings.Contains(b, "prisma")
}

var outDirRE = regexp.MustCompile(`"outDir"\s*:\s*"([^"]+)"`)
var rootDirRE = regexp.MustCompile(`"rootDir"\s*:\s*"([^"]+)"`)

// built is what the TypeScript compiler makes of a file; "" = its settings do not say.
func (p *nodeProject) built(file string) string {
	for _, config := range []string{"tsconfig.build.json", "tsconfig.json"} {
		text := uncommented(string(p.t.read(config)))
		m := outDirRE.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		rest := file
		if r := rootDirRE.FindStringSubmatch(text); r != nil {
			rest = strings.TrimPrefix(file, path.Clean(r[1])+"/")
		} else if strings.HasPrefix(file, "src/") {
			rest = strings.TrimPrefix(file, "src/")
		}
		ext := ".js"
		if strings.HasSuffix(rest, ".mts") {
			ext = ".mjs"
		}
		return path.Join(m[1], strings.TrimSuffix(rest, path.Ext(rest))+ext)
	}
	return ""
}

var listenRE = regexp.MustCompile(`\.listen\s*\(|createServer\s*\(|\bserve\s*\(|Bun\.serve|export\s+default\s*\{\s*(?:port|fetch)`)

// kind tells whether the program answers.
func (p *nodeProject) kind() error {
	s := p.s
	switch {
	case p.opt.Kind != "":
		s.Kind = p.opt.Kind
	case s.Framework.Known() && s.Framework.Value != "ws" && p.mentions(p.frameworkPackage()):
		s.Kind = Service
	case slices.ContainsFunc(p.js, func(f script) bool { return listenRE.MatchString(f.text) }):
		s.Kind = Service
	case p.pkg.Dependencies["bullmq"] != "" || p.pkg.Dependencies["bull"] != "" || p.pkg.Dependencies["agenda"] != "" || p.pkg.Dependencies["node-cron"] != "" || p.pkg.Dependencies["discord.js"] != "" || p.pkg.Dependencies["telegraf"] != "" || p.mentions("setInterval("):
		s.Kind = Worker
	default:
		s.Kind = Job
	}
	if s.Kind == Service {
		s.Server = Fact{Value: strings.ToLower(cmp.Or(s.Framework.Value, "node:http")), At: s.Framework.At}
	}
	return nil
}

// frameworkPackage is the package of the framework that was found.
func (p *nodeProject) frameworkPackage() string {
	for _, f := range serverPackages {
		if f.title == p.s.Framework.Value {
			return f.name
		}
	}
	return "\x00"
}

var (
	envRE      = regexp.MustCompile(`(?:process\.env|Bun\.env|import\.meta\.env)(?:\.([A-Z][A-Z0-9_]*)|\[\s*['"]([A-Z][A-Z0-9_]*)['"]\s*\])(?:\s*(?:\|\||\?\?)\s*(?:['"` + "`" + `]([^'"` + "`" + `]*)['"` + "`" + `]|(\d+)))?`)
	portLitRE  = regexp.MustCompile(`\.listen\s*\(\s*(?:\{[^}]*?\bport\s*:\s*)?(\d{2,5})\b|\b(?:const|let|var)\s+\w*[pP](?:ort|ORT)\w*\s*(?::\s*\w+\s*)?=\s*(\d{2,5})\b|\bport\s*:\s*(\d{2,5})\b`)
	localBind  = regexp.MustCompile(`\.listen\s*\([^)]*['"](127\.0\.0\.1|localhost)['"]|host\s*:\s*['"](127\.0\.0\.1|localhost)['"]`)
	withoutRE  = regexp.MustCompile(`\.listen\s*\(\s*\{\s*port\s*:[^,}]*\}\s*[,)]|\.listen\s*\(\s*\{\s*port\s*\}`)
	routeRE    = regexp.MustCompile(`(\w+)\s*\.\s*(?:get|all|use|route|head)\s*(?:<[^(]*>)?\(\s*['"` + "`" + `](/[^'"` + "`" + `]*)['"` + "`" + `]`)
	urlRE      = regexp.MustCompile(`\burl\s*:\s*['"](/[^'"]*)['"]`)
	useRE      = regexp.MustCompile(`\.\s*(?:use|register|route)\s*\(\s*(?:['"](/[^'"]*)['"]\s*,\s*)?(?:require\(\s*['"](\.[^'"]+)['"]\s*\)|(\w+))`)
	prefixRE   = regexp.MustCompile(`register\s*\(\s*(\w+)\s*,\s*\{[^}]*prefix\s*:\s*['"](/[^'"]*)['"]`)
	importRE   = regexp.MustCompile(`(?:import\s+(?:\*\s+as\s+)?(\w+)[^;'"\n]*from\s*['"](\.[^'"]+)['"])|(?:(?:const|let|var)\s+(\w+)\s*=\s*require\(\s*['"](\.[^'"]+)['"])`)
	nestCtrlRE = regexp.MustCompile(`@Controller\(\s*(?:['"]([^'"]*)['"])?`)
	nestGetRE  = regexp.MustCompile(`@Get\(\s*(?:['"]([^'"]*)['"])?\s*\)`)
	globalRE   = regexp.MustCompile(`setGlobalPrefix\(\s*['"]([^'"]+)['"]`)
)

// port tells where the program listens.
func (p *nodeProject) port() {
	s := p.s
	if p.opt.Port > 0 {
		s.Port = Fact{Value: strconv.Itoa(p.opt.Port), Why: "--port"}
		for i := range s.Set {
			if s.Set[i].Name == "PORT" {
				s.Set[i].Version = s.Port.Value
			}
		}
		if !slices.ContainsFunc(s.Set, func(t Tool) bool { return t.Name == "PORT" }) && s.Kind == Service {
			s.Set = append(s.Set, Tool{Name: "PORT", Version: s.Port.Value})
		}
		return
	}
	if s.Port.Known() || s.Kind != Service {
		return
	}
	for _, f := range p.js {
		if !strings.Contains(f.text, "PORT") {
			continue
		}
		for _, m := range envRE.FindAllStringSubmatchIndex(f.text, -1) {
			name := pick(f.text, m, 2, 4)
			if name != "PORT" && !strings.HasSuffix(name, "_PORT") || databasePort(name) {
				continue
			}
			value := pick(f.text, m, 6, 8)
			at := Place{f.file, lineAt(f.text, m[0])}
			if s.Port.Known() && (s.Port.Why == "from PORT" || value == "") {
				continue
			}
			if _, err := strconv.Atoi(value); err != nil {
				value = cmp.Or(p.schemaPort(name), "3000")
			}
			s.Port = Fact{Value: value, At: at, Why: "from " + name}
		}
	}
	if !s.Port.Known() {
		if port := p.schemaPort("PORT"); port != "" {
			s.Port = Fact{Value: port, Why: "from PORT"}
			for _, f := range p.js {
				if i := strings.Index(f.text, "PORT:"); i >= 0 && strings.Contains(f.text[i:], port) {
					s.Port.At = Place{f.file, lineAt(f.text, i)}
				}
			}
		}
	}
	if s.Port.Known() {
		s.Set = append(s.Set, Tool{Name: strings.TrimPrefix(s.Port.Why, "from "), Version: s.Port.Value})
	} else {
		for _, f := range p.js {
			if m := portLitRE.FindStringSubmatchIndex(f.text); m != nil && !strings.Contains(f.file, "config.") {
				s.Port = Fact{Value: pick(f.text, m, 2, 4, 6), At: Place{f.file, lineAt(f.text, m[0])}}
				break
			}
		}
	}
	if !s.Port.Known() {
		s.Port = Fact{Value: "3000", Why: "default"}
		s.Set = append(s.Set, Tool{Name: "PORT", Version: "3000"})
	}
	for _, f := range p.js {
		if m := localBind.FindStringIndex(f.text); m != nil {
			s.Notes = append(s.Notes, fmt.Sprintf("%s:%d binds loopback: nobody outside the container reaches it; read the address from a variable, or bind 0.0.0.0", f.file, lineAt(f.text, m[0])))
			break
		}
		if m := withoutRE.FindStringIndex(f.text); m != nil && p.pkg.needs("fastify") && !strings.Contains(f.text[m[0]:m[1]], "host") {
			s.Notes = append(s.Notes, fmt.Sprintf("%s:%d gives no host, and fastify then binds localhost: nobody outside the container reaches it; host: '0.0.0.0' says otherwise", f.file, lineAt(f.text, m[0])))
			break
		}
	}
}

// schemaPort is the default that a schema of variables has for a port; "" = none.
func (p *nodeProject) schemaPort(name string) string {
	re := regexp.MustCompile(`\b` + name + `['"]?\s*:[^\n]*?(?:default|devDefault)\w*\s*[(:]\s*['"]?(\d{2,5})`)
	for _, f := range p.js {
		if !strings.Contains(f.text, name) {
			continue
		}
		if m := re.FindStringSubmatch(f.text); m != nil {
			return m[1]
		}
	}
	return ""
}

// databasePort tells whether a variable is the port of something else.
func databasePort(name string) bool {
	for _, w := range []string{"DB_", "DATABASE", "REDIS", "PG", "POSTGRES", "MYSQL", "MONGO", "SMTP", "MAIL", "RABBIT", "KAFKA", "ELASTIC", "METRICS", "DEBUG"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// pick is the first of several groups that matched.
func pick(text string, m []int, groups ...int) string {
	for _, g := range groups {
		if g+1 < len(m) && m[g] >= 0 {
			return text[m[g]:m[g+1]]
		}
	}
	return ""
}

// health finds the route that tells how the program is.
func (p *nodeProject) health() {
	s := p.s
	if s.Kind == Static {
		s.Health = Fact{Value: "/", Why: "its index"}
		return
	}
	if s.Kind != Service {
		return
	}
	best, rank := Fact{}, len(healthy)
	note := func(where string, at Place) {
		i := slices.Index(healthy, strings.TrimPrefix(path.Base(strings.TrimSuffix(where, "/")), "_"))
		if i < 0 {
			i = slices.Index(healthy, path.Base(strings.TrimSuffix(where, "/")))
		}
		if i >= 0 && i < rank && !strings.ContainsAny(where, ":*({") {
			best, rank = Fact{Value: where, At: at}, i
		}
	}
	prefixes := p.prefixes()
	global := ""
	for _, f := range p.js {
		if m := globalRE.FindStringSubmatch(f.text); m != nil {
			global = "/" + strings.Trim(m[1], "/")
		}
	}
	for _, f := range p.js {
		pre, known := prefixes[f.file]
		if !strings.Contains(f.text, "Router") && !strings.Contains(f.text, ".get") && !strings.Contains(f.text, ".all(") && !strings.Contains(f.text, ".use(") && !strings.Contains(f.text, ".route") && !strings.Contains(f.text, "url") && !strings.Contains(f.text, "@Controller") && !strings.Contains(f.file, "health") && !strings.Contains(f.file, "ping") && !strings.Contains(f.file, "status") && !strings.Contains(f.file, "ready") && !strings.Contains(f.file, "live") {
			continue
		}
		for _, m := range routeRE.FindAllStringSubmatchIndex(f.text, -1) {
			if !known && strings.Contains(strings.ToLower(f.text[m[2]:m[3]]), "router") && len(prefixes) > 0 && p.mounted(f.file) {
				continue
			}
			note(pre+f.text[m[4]:m[5]], Place{f.file, lineAt(f.text, m[0])})
		}
		for _, m := range urlRE.FindAllStringSubmatchIndex(f.text, -1) {
			note(pre+f.text[m[2]:m[3]], Place{f.file, lineAt(f.text, m[0])})
		}
		if c := nestCtrlRE.FindStringSubmatch(f.text); c != nil {
			for _, m := range nestGetRE.FindAllStringSubmatchIndex(f.text, -1) {
				where := global + "/" + strings.Trim(c[1]+"/"+strings.Trim(pick(f.text, m, 2), "/"), "/")
				note(where, Place{f.file, lineAt(f.text, m[0])})
			}
		}
		// Routes that are files.
		name := f.file
		for _, r := range []struct{ before, after string }{{"app/", "/route"}, {"src/app/", "/route"}, {"pages/", ""}, {"src/pages/", ""}, {"src/routes/", "/+server"}, {"server/", ""}} {
			rest, ok := strings.CutPrefix(strings.TrimSuffix(name, path.Ext(name)), r.before)
			if !ok || !strings.HasSuffix(rest, r.after) {
				continue
			}
			rest = strings.TrimSuffix(rest, r.after)
			if s.Framework.Value == "Next.js" && (strings.HasPrefix(r.before, "app") || strings.HasPrefix(r.before, "src/app") || strings.HasPrefix(rest, "api/")) ||
				s.Framework.Value == "SvelteKit" && r.after == "/+server" || s.Framework.Value == "Astro" && strings.HasSuffix(r.before, "pages/") && strings.HasPrefix(rest, "api/") || s.Framework.Value == "Nuxt" && r.before == "server/" && strings.HasPrefix(rest, "api/") {
				note(p.basePath()+"/"+strings.TrimSuffix(rest, ".get"), Place{f.file, 1})
			}
		}
	}
	s.Health = best
}

// basePath is what every route of Next.js begins with.
func (p *nodeProject) basePath() string {
	text, _ := p.config("next.config")
	if m := regexp.MustCompile(`basePath\s*:\s*['"]([^'"]+)['"]`).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// mounted tells whether another file puts this one's routes somewhere.
func (p *nodeProject) mounted(file string) bool {
	stem := strings.TrimSuffix(path.Base(file), path.Ext(file))
	return slices.ContainsFunc(p.js, func(f script) bool { return f.file != file && strings.Contains(f.text, "/"+stem) })
}

// prefixes are where the routes of files begin, through the files that use them.
func (p *nodeProject) prefixes() map[string]string {
	direct := map[string][2]string{} // file to the file that uses it, and the prefix
	for _, f := range p.js {
		if !strings.Contains(f.text, ".use") && !strings.Contains(f.text, "register") && !strings.Contains(f.text, ".route") {
			continue
		}
		imports := map[string]string{}
		for _, m := range importRE.FindAllStringSubmatch(f.text, -1) {
			imports[cmp.Or(m[1], m[3])] = p.resolve(f.file, cmp.Or(m[2], m[4]))
		}
		for _, m := range useRE.FindAllStringSubmatch(f.text, -1) {
			target := ""
			if m[2] != "" {
				target = p.resolve(f.file, m[2])
			} else {
				target = imports[m[3]]
			}
			if target != "" {
				direct[target] = [2]string{f.file, strings.TrimSuffix(m[1], "/")}
			}
		}
		for _, m := range prefixRE.FindAllStringSubmatch(f.text, -1) {
			if target := imports[m[1]]; target != "" {
				direct[target] = [2]string{f.file, strings.TrimSuffix(m[2], "/")}
			}
		}
	}
	list := map[string]string{}
	for file := range direct {
		pre, at := "", file
		for range 5 {
			d, ok := direct[at]
			if !ok {
				break
			}
			pre, at = d[1]+pre, d[0]
		}
		list[file] = pre
	}
	return list
}

// resolve is the file that an import of another means.
func (p *nodeProject) resolve(from, to string) string {
	name := path.Join(path.Dir(from), to)
	stem := strings.TrimSuffix(name, path.Ext(name))
	for _, c := range []string{name, name + ".js", name + ".ts", name + ".mjs", stem + ".ts", stem + ".js", name + "/index.js", name + "/index.ts"} {
		if p.t.has[c] {
			return c
		}
	}
	return ""
}

// environment finds the variables that the source reads, and the services that it
// talks to.
func (p *nodeProject) environment() {
	s := p.s
	if s.Kind != Static {
		for _, f := range p.js {
			if !strings.Contains(f.text, ".env") {
				continue
			}
			for _, m := range envRE.FindAllStringSubmatchIndex(f.text, -1) {
				name := pick(f.text, m, 2, 4)
				if known[name] || name == "NODE_ENV" || slices.ContainsFunc(s.Env, func(v Variable) bool { return v.Name == name }) {
					continue
				}
				s.Env = append(s.Env, Variable{Name: name, At: Place{f.file, lineAt(f.text, m[0])}, Default: pick(f.text, m, 6, 8), Secret: secret.Named(name)})
			}
		}
	}
	p.validated()
	for _, c := range knowledge.ServiceClients() {
		for _, name := range c.Node {
			if p.pkg.Dependencies[name] != "" && !slices.ContainsFunc(s.Services, func(f Fact) bool { return f.Value == c.Service }) {
				s.Services = append(s.Services, Fact{Value: c.Service, At: p.line(`"` + name + `"`), Why: name})
			}
		}
	}
}

var (
	schemaRE   = regexp.MustCompile(`(?m)^\s*['"]?([A-Z][A-Z0-9_]{2,})['"]?\s*:\s*(?:Joi|joi|z|yup|str|num|url|port|bool|email|host|env\.\w+|Type|S)\s*[.(]([^\n]*(?:\n\s+\.[^\n]*)*)`)
	requiredRE = regexp.MustCompile(`(?s)\brequired\s*:\s*\[([^\]]*)\]`)
	quotedRE   = regexp.MustCompile(`['"]([A-Z][A-Z0-9_]{2,})['"]`)
)

// validated finds the variables that a schema asks for: of Joi, zod, envalid, or JSON
// Schema as fastify's env has it.
func (p *nodeProject) validated() {
	add := func(name string, need bool, def string, at Place) {
		if known[name] || name == "NODE_ENV" {
			return
		}
		for i := range p.s.Env {
			if p.s.Env[i].Name == name {
				p.s.Env[i].Required = p.s.Env[i].Required || need
				return
			}
		}
		p.s.Env = append(p.s.Env, Variable{Name: name, At: at, Required: need, Default: def, Secret: secret.Named(name)})
	}
	for _, f := range p.js {
		if !strings.Contains(f.text, "process.env") && !strings.Contains(f.text, "fastify/env") && !strings.Contains(f.text, "envalid") && !strings.Contains(f.text, "env-schema") {
			continue
		}
		for _, m := range schemaRE.FindAllStringSubmatchIndex(f.text, -1) {
			rest := f.text[m[4]:m[5]]
			need := strings.Contains(rest, "required()") || !strings.Contains(f.text, "oi.") && !strings.Contains(rest, "optional(") && !strings.Contains(rest, "default")
			add(f.text[m[2]:m[3]], need, "", Place{f.file, lineAt(f.text, m[0])})
		}
		for _, m := range requiredRE.FindAllStringSubmatchIndex(f.text, -1) {
			for _, q := range quotedRE.FindAllStringSubmatch(f.text[m[2]:m[3]], -1) {
				add(q[1], true, "", Place{f.file, lineAt(f.text, m[0])})
			}
		}
	}
}

func (p *nodeProject) native() {
	lock := string(p.t.read(p.s.Lock.Value))
	for _, n := range knowledge.Natives() {
		if n.Language != "node" {
			continue
		}
		for _, name := range n.Packages {
			if !p.pkg.needs(name) && !strings.Contains(lock, `"node_modules/`+name+`"`) {
				continue
			}
			it := Native{Package: name, At: Place{File: cmp.Or(p.s.Lock.Value, "package.json")}, Build: n.Build, Runtime: n.Runtime, Why: "it is compiled where there is no binary for this version"}
			if p.pkg.needs(name) {
				it.At = p.line(`"` + name + `"`)
			}
			p.s.Native = append(p.s.Native, it)
		}
	}
}

// nodeAside are files at the top that neither a build nor a program reads.
var nodeAside = map[string]bool{
	"README.md": true, "LICENSE": true, "Dockerfile": true, "docker-compose.yml": true, "compose.yaml": true, "Makefile": true, "Procfile": true, ".eslintrc.json": true, "eslint.config.js": true, "eslint.config.mjs": true,
	"jest.config.js": true, "jest.config.ts": true, "vitest.config.ts": true, "playwright.config.ts": true, "cypress": true, "CHANGELOG.md": true, "CONTRIBUTING.md": true, "nodemon.json": true, "renovate.json": true,
	"commitlint.config.js": true, "fly.toml": true, "render.yaml": true, "vercel.json": true, "netlify.toml": true, "app.json": true, "lerna.json": true, ".env.example": true,
}

// sources tells what the build reads, and what the program needs where it runs.
func (p *nodeProject) sources() {
	n, s := p.n, p.s
	made := map[string]bool{}
	for _, o := range n.Output {
		top, _, _ := strings.Cut(o, "/")
		if o != "public" && !strings.HasPrefix(o, "next.config") {
			made[top] = true
		}
	}
	if n.Public != "" && n.Public != "." {
		top, _, _ := strings.Cut(n.Public, "/")
		made[top] = true
	}
	for _, name := range p.t.in(".") {
		b := strings.TrimSuffix(name, "/")
		if nodeAside[b] || strings.HasPrefix(b, ".pnp.") || made[b] || slices.Contains(n.Files, b) || sides[b] && !p.reads(b) || b == "__tests__" || strings.HasSuffix(b, ".md") || strings.HasSuffix(b, ".lock") || strings.HasSuffix(b, "-lock.json") || strings.HasSuffix(b, "lock.yaml") || strings.HasPrefix(b, ".env") || strings.HasPrefix(b, ".git") || strings.HasPrefix(b, ".docker") || strings.HasPrefix(b, ".eslint") || strings.HasPrefix(b, ".prettier") || strings.HasPrefix(b, ".editor") || strings.HasPrefix(b, ".nvm") || strings.HasPrefix(b, ".node-v") || strings.HasPrefix(b, "Dockerfile") || strings.HasSuffix(b, ".lockb") {
			continue
		}
		n.Code = append(n.Code, b)
	}
	if p.t.has[".env.production"] && n.Script != "" {
		n.Code = append(n.Code, ".env.production")
	}
	slices.Sort(n.Code)
	if s.Kind == Static {
		return
	}
	// A program of source is copied as it is; of what is built, what the build made.
	if n.Script == "" {
		for _, c := range n.Code {
			if strings.HasPrefix(c, "tsconfig") || strings.Contains(c, ".config.") && !p.named(c) {
				continue
			}
			s.Sources = append(s.Sources, c)
		}
		return
	}
	for _, c := range n.Code {
		if c == "public" || c == "views" || c == "templates" || c == "static" || c == "assets" || c == "locales" || c == "migrations" {
			if p.named(c) && !slices.Contains(n.Output, c) {
				s.Sources = append(s.Sources, c)
			}
		}
	}
	if app, _, _ := strings.Cut(s.App.Value, "/"); p.t.has[s.App.Value] && path.Ext(s.App.Value) != ".ts" && len(n.Output) == 0 {
		// Source that is started beside a build: what it is in, and what is built.
		s.Sources = append(s.Sources, n.Code...)
		_ = app
	}
}

// reads tells whether the source names a file in a folder.
func (p *nodeProject) reads(dir string) bool {
	return slices.ContainsFunc(p.js, func(f script) bool {
		return strings.Contains(f.text, "'"+dir+"/") || strings.Contains(f.text, `"`+dir+"/") || strings.Contains(f.text, "'./"+dir+"/") || strings.Contains(f.text, `"./`+dir+"/") || strings.Contains(f.text, "`"+dir+"/")
	})
}

// named tells whether the source names a file or a folder.
func (p *nodeProject) named(name string) bool {
	return slices.ContainsFunc(p.js, func(f script) bool {
		return strings.Contains(f.text, "'"+name) || strings.Contains(f.text, `"`+name) || strings.Contains(f.text, "/"+name) || strings.Contains(f.text, "`"+name)
	})
}
