package stack

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

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
	p.files()
	p.clientKeys()
	for _, c := range knowledge.ServiceClients() {
		for _, name := range c.Node {
			if p.pkg.Dependencies[name] != "" && !slices.ContainsFunc(s.Services, func(f Fact) bool { return f.Value == c.Service }) {
				s.Services = append(s.Services, Fact{Value: c.Service, At: p.line(`"` + name + `"`), Why: name})
			}
		}
	}
	file := slices.ContainsFunc([]string{"better-sqlite3", "sqlite3", "sqlite", "sql.js", "@libsql/client"}, func(n string) bool { return p.pkg.Dependencies[n] != "" })
	s.decide(func(yield func(string, string) bool) {
		for _, f := range p.js {
			if !yield(f.file, f.text) {
				return
			}
		}
	}, file, p.t.example())
}

// fileRE is a variable that says where a file is whose text is the value.
var fileRE = regexp.MustCompile(`\b(?:readFileSync|readFile)\s*\(\s*process\.env(?:\.([A-Z][A-Z0-9_]*)|\[\s*['"]([A-Z][A-Z0-9_]*)['"]\s*\])`)

// files marks the variables whose values are places of files.
func (p *nodeProject) files() {
	for _, f := range p.js {
		if !strings.Contains(f.text, "readFile") {
			continue
		}
		for _, m := range fileRE.FindAllStringSubmatch(readerOf(f.text), -1) {
			for i := range p.s.Env {
				if p.s.Env[i].Name == m[1]+m[2] {
					p.s.Env[i].Form = "file"
				}
			}
		}
	}
}

var readerRE = regexp.MustCompile(`(?:const|let|var)\s+(\w+)\s*=\s*\(?\w+\)?\s*=>\s*[^\n]*\breadFileSync\(`)

// readerOf is a text in which what the file calls to read a file has the name of node's own.
func readerOf(text string) string {
	if m := readerRE.FindStringSubmatch(text); m != nil && m[1] != "readFileSync" {
		return regexp.MustCompile(`\b`+m[1]+`\s*\(`).ReplaceAllString(text, "readFileSync(")
	}
	return text
}

var madeRE = regexp.MustCompile(`\bnew\s+([A-Z]\w+)\s*\(([^)]*)\)`)

// clientKeys finds the variables that clients of services read by themselves.
func (p *nodeProject) clientKeys() {
	for _, f := range p.js {
		for _, m := range madeRE.FindAllStringSubmatchIndex(f.text, -1) {
			k := knowledge.ClientKeyOf("node", f.text[m[2]:m[3]])
			args := f.text[m[4]:m[5]]
			if k == nil || slices.ContainsFunc(k.Unless, func(a string) bool { return strings.Contains(args, a) }) || strings.Contains(args, "...") || args != "" && !strings.Contains(args, "{") {
				continue
			}
			if i := slices.IndexFunc(p.s.Env, func(v Variable) bool { return v.Name == k.Variable }); i >= 0 {
				p.s.Env[i].Required = true
				continue
			}
			p.s.Env = append(p.s.Env, Variable{Name: k.Variable, At: Place{f.file, lineAt(f.text, m[0])}, Required: true, Secret: secret.Named(k.Variable)})
		}
	}
}

var dotenvRE = regexp.MustCompile(`\b(\w+)\s*=\s*(?:require\(\s*['"]dotenv['"]\s*\)|dotenv)\.config\([^)]*\)`)

// withoutFile tells of a program that ends where there is no file of variables, which no
// image has.
func (p *nodeProject) withoutFile(f script) {
	m := dotenvRE.FindStringSubmatchIndex(f.text)
	if m == nil || p.s.Kind == Static {
		return
	}
	name := regexp.QuoteMeta(f.text[m[2]:m[3]])
	if at := regexp.MustCompile(`\bif\s*\(\s*` + name + `\.error\s*\)\s*\{?\s*(?:throw|process\.exit)`).FindStringIndex(f.text); at != nil {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s:%d ends the program where there is no file .env, and no image has one: variables come from outside, so let it go on without", f.file, lineAt(f.text, at[0])))
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
