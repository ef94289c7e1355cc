package stack

import (
	"path"
	"slices"
	"strings"
)

// assets tells whether Node.js builds files that the program gives out.
func (p *phpProject) assets() error {
	if !p.t.has["package.json"] {
		return nil
	}
	pkg, err := readPackage(p.t, "package.json")
	if err != nil {
		return err
	}
	if pkg.Scripts["build"] == "" || !pkg.needs("vite") && !pkg.needs("laravel-mix") && !pkg.needs("@symfony/webpack-encore") && !pkg.needs("webpack") && !pkg.needs("esbuild") {
		return nil // tools of people
	}
	n, v, notes, err := assets(p.t)
	if err != nil {
		return err
	}
	p.s.Assets, p.s.AssetsVersion = n, v
	p.s.Notes = append(p.s.Notes, notes...)
	p.p.Public = path.Join(p.p.Root, "build")
	for _, name := range p.t.in(".") {
		base := strings.TrimSuffix(name, "/")
		switch {
		case strings.HasPrefix(base, "eslint"), strings.HasPrefix(base, "vitest"):
		case strings.Contains(base, ".config."), strings.HasPrefix(base, "tsconfig"), base == "resources", base == "assets", base == "webpack.mix.js", base == ".babelrc", base == ".browserslistrc", base == "templates" && base != name, base == "app" && base != name, base == p.p.Root:
			n.Code = append(n.Code, base)
		}
	}
	if pkg.needs("laravel-mix") {
		p.p.Public = p.p.Root // it writes among what is there
	}
	return nil
}

// phpAside are names at the top that a program in production does not read.
var phpAside = map[string]bool{"storage": true, "var": true, "node_modules": true, "vendor": true, "artisan.bat": true, "Dockerfile": true, "Makefile": true, "Procfile": true, "package.json": true, "package-lock.json": true, "yarn.lock": true, "pnpm-lock.yaml": true, "bun.lock": true, "bun.lockb": true, "phpunit.xml": true, "phpunit.dist.xml": true, "auth.json": true, "Vagrantfile": true, "server.php": true, "webpack.mix.js": true, "phpstan.neon": true, "rector.php": true, "phpcs.xml": true, "pint.json": true, "psalm.xml": true}

// gather tells what belongs into the image.
func (p *phpProject) gather() {
	for _, name := range p.t.in(".") {
		base := strings.TrimSuffix(name, "/")
		folder := base != name
		if strings.HasPrefix(base, ".") || phpAside[base] || folder && sides[base] {
			continue
		}
		if !folder && (slices.Contains([]string{".md", ".yml", ".yaml", ".sh", ".neon", ".dist", ".xml", ".toml", ".js", ".ts", ".mjs", ".cjs", ".log", ".sql"}, path.Ext(base)) || strings.Contains(base, "LICENSE") || strings.HasPrefix(base, "tsconfig") || strings.HasPrefix(base, "Dockerfile") || base == "jsconfig.json") {
			continue
		}
		if base == "composer.json" || base == "composer.lock" || base == "symfony.lock" {
			continue // Composer's, and a server with the top as its root would give them out
		}
		p.s.Sources = append(p.s.Sources, base)
	}
	if p.p.Root == "." && p.p.Composer {
		p.s.Notes = append(p.s.Notes, p.s.App.At.String()+" makes the whole project the root of the server, its vendor/ too: a folder like public/, with index.php alone in it, keeps the rest from being asked for")
	}
}
