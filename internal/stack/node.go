package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

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
	Given   []Tool   `json:"given,omitempty"`  // variables of .env that the build puts into what browsers get
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
	// source tells that it is started as it is written, beside what the build makes.
	source bool
	byFile map[string]*script
	// reach are the files that the program imports; nil = not asked yet, or not known.
	reach  map[string]bool
	walked bool
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
	p.release()
	p.writes()
	if member != nil {
		p.leave(member)
	}
	return p.s, nil
}

func (p *nodeProject) line(text string) Place {
	return Place{"package.json", p.t.lineOf("package.json", text)}
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

var (
	envRE     = regexp.MustCompile(`(?:process\.env|Bun\.env|import\.meta\.env)(?:\.([A-Z][A-Z0-9_]*)|\[\s*['"]([A-Z][A-Z0-9_]*)['"]\s*\])(?:\s*(?:(?:,\s*10\s*)?\)\s*)?(?:\|\||\?\?)\s*(?:['"` + "`" + `]([^'"` + "`" + `]*)['"` + "`" + `]|(\d+)))?`)
	localBind = regexp.MustCompile(`\.listen\s*\([^)]*['"](127\.0\.0\.1|localhost)['"]`)
	// hostRE is a variable for the address to listen on that is loopback where nobody sets
	// it, as code reads it or a schema of variables says.
	hostRE     = regexp.MustCompile(`\b((?:APP_|SERVER_|HTTP_|API_|WEB_|LISTEN_|BIND_|FASTIFY_)?(?:HOST|HOSTNAME|ADDRESS))\b['"\]]*\s*(?:\?\?|\|\||:)[^\n'"]{0,80}['"](?:localhost|127\.0\.0\.1)['"]`)
	withoutRE  = regexp.MustCompile(`\.listen\s*\(\s*\{\s*port\s*:[^,}]*\}\s*[,)]|\.listen\s*\(\s*\{\s*port\s*\}`)
	routeRE    = regexp.MustCompile(`(\w+)\s*\.\s*(?:get|all|use|route|head)\s*(?:<[^(]*>)?\(\s*['"` + "`" + `](/[^'"` + "`" + `]*)['"` + "`" + `]`)
	urlRE      = regexp.MustCompile(`\burl\s*:\s*['"](/[^'"]*)['"]|\.route\s*\(\s*\{[^{}]*?\bpath\s*:\s*['"](/[^'"]*)['"]`)
	useRE      = regexp.MustCompile(`\.\s*(?:use|register|route)\s*\(\s*(?:['"](/[^'"]*)['"]\s*,\s*)?(?:require\(\s*['"](\.[^'"]+)['"]\s*\)|(\w+))`)
	prefixRE   = regexp.MustCompile(`register\s*\(\s*(\w+)\s*,\s*\{[^}]*prefix\s*:\s*['"](/[^'"]*)['"]`)
	importRE   = regexp.MustCompile(`(?:import\s+(?:\*\s+as\s+)?(\w+)[^;'"\n]*from\s*['"](\.[^'"]+)['"])|(?:(?:const|let|var)\s+(\w+)\s*=\s*require\(\s*['"](\.[^'"]+)['"])`)
	nestCtrlRE = regexp.MustCompile(`@Controller\(\s*(?:['"]([^'"]*)['"])?`)
	nestGetRE  = regexp.MustCompile(`@Get\(\s*(?:['"]([^'"]*)['"])?\s*\)`)
	globalRE   = regexp.MustCompile(`setGlobalPrefix\(\s*['"]([^'"]+)['"]`)
)
