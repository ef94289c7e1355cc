package stack

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

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
	case pkg.needs("next") && p.nextServer():
		return p.kind()
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
			start("node", "node_modules/next/dist/bin/next", "start", "--hostname", "0.0.0.0", "--port", p.nextPort().Value)
			s.Notes = append(s.Notes, "output: 'standalone' in next.config makes an image of a tenth of the size: it copies only what the server needs")
		}
		s.Port = p.nextPort()
		for i := range s.Set {
			if s.Set[i].Name == "PORT" {
				s.Set[i].Version = s.Port.Value
			}
		}
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

// nextServer starts the server of the project's own that gives out the pages of Next.js,
// where the start script names one, or somebody does; false = next itself serves them.
func (p *nodeProject) nextServer() bool {
	s, n := p.s, p.n
	file, at := "", Place{}
	if p.opt.App != "" {
		file = path.Clean(p.opt.App)
	} else {
		for _, name := range startScripts {
			text := p.pkg.Scripts[name]
			if f, ok := p.startOf(text, 0); ok && !strings.Contains(f, "node_modules/") && !strings.Contains(f, ".next/") && path.Ext(f) != ".json" {
				file, at = f, p.line(`"`+name+`"`)
			}
			if text != "" {
				break
			}
		}
	}
	if text, _ := p.config("next.config"); file == "" || file == "server.js" && !p.t.has[file] && strings.Contains(text, "standalone") {
		return false // the one that next writes
	}
	s.Framework = Fact{Value: "Next.js", At: p.line(`"next":`)}
	script := n.Script
	p.begin(file, at)
	p.source = len(n.Output) == 0
	n.Script, n.Runtime = script, true
	n.Output = append(n.Output, ".next")
	if _, config := p.config("next.config"); config != "" {
		n.Output = append(n.Output, config)
	}
	if p.t.dir("public") {
		n.Output = append(n.Output, "public")
	}
	return true
}

// nextPort is where next itself listens: as the start script has it.
func (p *nodeProject) nextPort() Fact {
	for _, name := range startScripts {
		text := p.pkg.Scripts[name]
		if words := parseCommand(text).words; slices.Contains(words, "next") && slices.Contains(words, "start") {
			if v := flagValue(words, "-p", "--port"); v != "" && strings.Trim(v, "0123456789") == "" {
				return Fact{Value: v, At: p.line(`"` + name + `"`)}
			}
		}
		if text != "" {
			break
		}
	}
	return Fact{Value: "3000", Why: "default of Next.js"}
}

// startScripts are the scripts by which a project starts what people use, the one for that
// first.
var startScripts = []string{"start:prod", "start:production", "prod", "production", "serve:prod", "start"}

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
	if p.opt.Line != "" {
		lines = append(lines, line{p.opt.Line, p.opt.At})
	}
	if web, ok := procfile(p.t)["web"]; ok {
		lines = append(lines, line{web.text, web.at})
	}
	for _, name := range startScripts {
		if text := pkg.Scripts[name]; text != "" {
			lines = append(lines, line{text, p.line(`"` + name + `"`)})
		}
	}
	for _, l := range lines {
		if p.fastifyStart(l.text, l.at) {
			return nil
		}
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

// fastifyStart takes over a start by fastify-cli, which loads a file that starts nothing by
// itself.
func (p *nodeProject) fastifyStart(text string, at Place) bool {
	words := parseCommand(text).words
	if len(words) < 3 || words[0] != "fastify" || words[1] != "start" || !p.pkg.needs("fastify-cli") {
		return false
	}
	s := p.s
	port, args := "3000", []string{}
	for i := 2; i < len(words); i++ {
		switch w := words[i]; {
		case w == "-w" || w == "--watch" || w == "-P" || w == "--pretty-logs":
		case (w == "-p" || w == "--port" || w == "-a" || w == "--address") && i+1 < len(words):
			if i++; w == "-p" || w == "--port" {
				port = words[i]
			}
		default:
			args = append(args, w)
		}
	}
	if p.opt.Port > 0 {
		port = strconv.Itoa(p.opt.Port)
	}
	s.Kind, p.n.Handles = Service, true // it closes with grace
	s.App = Fact{Value: args[len(args)-1], At: at}
	s.Server = Fact{Value: "fastify-cli", At: at}
	s.Port = Fact{Value: port, At: at, Why: "of fastify-cli"}
	s.Exec = []string{"node", "node_modules/fastify-cli/cli.js"}
	s.Args = append([]string{"start", "--address", "0.0.0.0", "--port", port}, args...)
	s.Start = Fact{Value: strings.Join(append(slices.Clone(s.Exec), s.Args...), " "), At: at}
	return true
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
		switch {
		case path.Ext(file) != "" || n.Script == "":
		case p.buildsFolder(file):
			file += "/index.js"
		default:
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

// buildsFolder tells whether the build writes into a folder of this name, which node starts by
// its index.js.
func (p *nodeProject) buildsFolder(name string) bool {
	named := regexp.MustCompile(`(?i)(?:--?out-?dir|-d|"outDir")["']?[\s=:]+["']?(?:\./)?` + regexp.QuoteMeta(name) + `/?["']?(?:[\s,;&]|$)`)
	if slices.ContainsFunc(slices.Collect(maps.Values(p.pkg.Scripts)), named.MatchString) {
		return true
	}
	return slices.ContainsFunc([]string{"tsconfig.json", "tsconfig.build.json"}, func(f string) bool { return named.Match(p.t.read(f)) })
}

func (p *nodeProject) mentions(words ...string) bool {
	return slices.ContainsFunc(p.js, func(s script) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s.text, w) })
	})
}

// builds tells whether the build makes something that a program of source needs: pages,
// a client.
func (p *nodeProject) builds() bool {
	var all strings.Builder
	for _, line := range p.buildLines() {
		all.WriteString(strings.Join(line.words, " ") + "\n")
	}
	b := all.String()
	return strings.Contains(b, "vite") || strings.Contains(b, "webpack") || strings.Contains(b, "esbuild") || strings.Contains(b, "rollup") || strings.Contains(b, "parcel") || strings.Contains(b, "tailwind") || strings.Contains(b, "sass") || strings.Contains(b, "postcss") || strings.Contains(b, "prisma") || len(p.made()) > 0
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
	case s.Framework.Value == "Next.js":
		s.Kind = Service
	case s.Framework.Known() && s.Framework.Value != "ws" && p.mentions(p.frameworkPackage()):
		s.Kind = Service
	case slices.ContainsFunc(p.js, func(f script) bool { return listenRE.MatchString(f.text) }):
		s.Kind = Service
	case p.pkg.Dependencies["bullmq"] != "" || p.pkg.Dependencies["bull"] != "" || p.pkg.Dependencies["agenda"] != "" || p.pkg.Dependencies["node-cron"] != "" || p.pkg.Dependencies["discord.js"] != "" || p.pkg.Dependencies["telegraf"] != "" || p.mentions("setInterval("):
		s.Kind = Worker
	default:
		s.Kind = Job
	}
	if s.Kind == Service && s.Framework.Value == "Next.js" {
		s.Server = Fact{Value: "its own", At: s.App.At}
	} else if s.Kind == Service {
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
