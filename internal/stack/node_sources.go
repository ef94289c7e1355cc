package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// nodeAside are files at the top that neither a build nor a program reads.
var nodeAside = map[string]bool{
	"README.md": true, "LICENSE": true, "Dockerfile": true, "docker-compose.yml": true, "compose.yaml": true, "Makefile": true, "Procfile": true, ".eslintrc.json": true, "eslint.config.js": true, "eslint.config.mjs": true,
	"jest.config.js": true, "jest.config.ts": true, "vitest.config.ts": true, "playwright.config.ts": true, "cypress": true, "CHANGELOG.md": true, "CONTRIBUTING.md": true, "nodemon.json": true, "renovate.json": true,
	"commitlint.config.js": true, "fly.toml": true, "render.yaml": true, "vercel.json": true, "netlify.toml": true, "app.json": true, "lerna.json": true, ".env.example": true,
}

// sources tells what the build reads, and what the program needs where it runs.
func (p *nodeProject) sources() {
	n, s := p.n, p.s
	source := len(n.Output) == 0 || p.source // it is started as it is written
	if s.Kind != Static {
		p.outputs()
	}
	made := map[string]bool{}
	for _, o := range n.Output {
		top, _, deep := strings.Cut(o, "/")
		if deep && p.t.dir(top) && o != ".next/standalone" {
			continue // the rest of the folder is the project's own
		}
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
		if strings.HasSuffix(name, "/") && !p.t.more(b) {
			continue
		}
		n.Code = append(n.Code, b)
	}
	if p.t.has[".env.production"] && n.Script != "" {
		n.Code = append(n.Code, ".env.production")
	}
	slices.Sort(n.Code)
	p.given()
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
	if p.pkg.needs("nextra") && slices.Contains(n.Output, ".next") {
		// It reads the pages and its theme's settings when the server starts.
		for _, c := range n.Code {
			if c == "pages" || c == "app" || c == "src" || c == "content" || strings.HasPrefix(c, "theme.config") {
				s.Sources = append(s.Sources, c)
			}
		}
	}
	for _, c := range n.Code {
		if c == "public" || c == "views" || c == "templates" || c == "static" || c == "assets" || c == "locales" || c == "migrations" {
			if p.named(c) && !slices.Contains(n.Output, c) && !source {
				s.Sources = append(s.Sources, c)
			}
		}
	}
	if p.t.has[s.App.Value] && path.Ext(s.App.Value) != ".ts" && source {
		// Source that is started beside a build: what it is in, and what is built.
		s.Sources = append(s.Sources, n.Code...)
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

// publicRE matches variables that bundlers put into what browsers get, so that they are none of
// a secret. Source: the documentation of Vite, Next.js, Create React App, Nuxt, Gatsby, Vue CLI
// and Astro on environment variables.
var publicRE = regexp.MustCompile(`(?m)^\s*(?:export\s+)?((?:VITE|NEXT_PUBLIC|REACT_APP|NUXT_PUBLIC|GATSBY|VUE_APP|PUBLIC)_\w+)\s*=[ \t]*(.*)$`)

// given are the variables of a .env in the repository that the build reads and that everybody
// may know: the file itself stays out.
func (p *nodeProject) given() {
	if p.n.Script == "" || !p.t.has[".env"] || regexp.MustCompile(`(?m)^/?\.env\*?\s*$`).Match(p.t.read(".gitignore")) {
		return
	}
	own := map[string]bool{} // .env.production goes before
	for _, m := range publicRE.FindAllStringSubmatch(string(p.t.read(".env.production")), -1) {
		own[m[1]] = true
	}
	for _, m := range publicRE.FindAllStringSubmatch(string(p.t.read(".env")), -1) {
		value := strings.Trim(strings.TrimSpace(m[2]), `"'`)
		if !own[m[1]] && !strings.ContainsAny(value, "$\"'\\#") {
			p.n.Given = append(p.n.Given, Tool{Name: m[1], Version: value})
		}
	}
}
