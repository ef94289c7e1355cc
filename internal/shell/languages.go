package shell

import (
	"regexp"
	"strings"
)

func plainName(s string) (string, string) { return s, "" }

func gem(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-v", "--version", "-i", "--install-dir", "-n", "--bindir", "-s", "--source", "-P", "-g", "--file")
	switch o.verb() {
	case "install", "i", "update":
		pkgs := packages(o.operands, func(s string) (string, string) {
			n, v, ok := strings.Cut(s, ":")
			if ok {
				v = "=" + v
			}
			return n, v
		})
		if v := o.get("-v", "--version").Text; v != "" && len(pkgs) == 1 {
			pkgs[0].Version = "=" + v
		}
		b.install(c, Install{Manager: "gem", Verb: "install", Packages: pkgs, Manifests: o.all("-g", "--file"), Offline: o.has("--local"), Target: o.get("-i", "--install-dir")})
	case "uninstall":
		b.remove(c, Remove{Manager: "gem", Verb: "remove", Packages: packages(o.operands, plainName)})
	case "cleanup":
		b.clean(c, "gem", false)
	}
}

func bundle(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--gemfile", "--path", "--jobs", "-j", "--retry", "--without", "--with", "--binstubs")
	verb := o.verb()
	switch verb {
	case "", "install", "update":
		i := Install{Manager: "bundle", Verb: "install", Manifests: o.all("--gemfile"), Target: o.get("--path"), Offline: o.has("--local")}
		without, _ := c.setting("BUNDLE_WITHOUT")
		without += " " + o.get("--without").Text
		if o.has("--without") {
			for _, w := range o.operands { // --without development test
				without += " " + w.Text
			}
		}
		i.OmitDev = listed(without, "development") || b.bundleWithout
		i.Frozen = o.has("--deployment", "--frozen") || c.on("BUNDLE_DEPLOYMENT") || c.on("BUNDLE_FROZEN") || b.bundleFrozen
		b.install(c, i)
	case "config":
		words := o.operands
		if len(words) > 0 && words[0].Text == "set" {
			words = words[1:]
		}
		if len(words) < 2 {
			return
		}
		switch words[0].Text {
		case "without":
			for _, w := range words[1:] {
				b.bundleWithout = b.bundleWithout || listed(w.Text, "development")
			}
		case "deployment", "frozen":
			b.bundleFrozen = truthy(words[1].Text)
		}
	case "add":
		b.install(c, Install{Manager: "bundle", Verb: "add", Packages: packages(o.operands, plainName)})
	case "clean":
		b.clean(c, "bundle", false)
	}
}

func goTool(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "-C", "-o", "-ldflags", "-tags", "-mod", "-p", "-gcflags", "-asmflags", "-modfile")
	verb := o.verb()
	pkgs := func() []Package { return packages(o.operands, nodePackage) }
	switch verb {
	case "mod", "work":
		switch v := o.verb(); v {
		case "download", "vendor", "tidy", "sync":
			b.install(c, Install{Manager: "go", Verb: v, Packages: pkgs(), Frozen: v == "download"})
		}
	case "get":
		b.install(c, Install{Manager: "go", Verb: "add", Packages: pkgs()})
	case "install":
		i := Install{Manager: "go", Verb: "install"}
		for _, p := range pkgs() {
			if p.Version != "" {
				i.Packages = append(i.Packages, p)
			}
		}
		if len(i.Packages) > 0 { // without a version it compiles what is here
			b.install(c, i)
		}
	case "clean":
		if o.has("-cache", "-modcache") {
			b.clean(c, "go", false)
		}
	}
}

func cargo(b *builder, c *Command, program string, args []Word) {
	if len(args) > 0 && strings.HasPrefix(args[0].Text, "+") { // cargo +nightly
		args = args[1:]
	}
	o := split(args, true, "--version", "--vers", "--git", "--branch", "--tag", "--rev", "--path", "--root", "--features", "-F", "--target", "--manifest-path", "--registry", "--index", "--profile", "-j", "--jobs", "--config", "-Z", "--recipe-path", "-p", "--package", "--bin", "--target-dir")
	verb := o.verb()
	i := Install{Manager: "cargo", Verb: verb, Frozen: o.has("--locked", "--frozen"), Offline: o.has("--offline", "--frozen"), Manifests: o.all("--manifest-path")}
	switch verb {
	case "fetch", "vendor", "update":
		b.install(c, i)
	case "add":
		i.Packages = packages(o.operands, nodePackage)
		b.install(c, i)
	case "install", "binstall":
		i.Verb = "install"
		i.Packages = packages(o.operands, nodePackage)
		i.Target = o.get("--root")
		if v := o.get("--version", "--vers").Text; v != "" && len(i.Packages) == 1 {
			i.Packages[0].Version = "@" + v
		}
		for _, p := range o.all("--path", "--git") {
			i.Packages = append(i.Packages, Package{Name: p.Text, Known: p.Known, Path: true, Span: p.Span, Word: p})
		}
		b.install(c, i)
	case "chef":
		if o.verb() == "cook" {
			i.Verb, i.Manifests = "cook", o.all("--recipe-path")
			b.install(c, i)
		}
	case "cache":
		b.clean(c, "cargo", false)
	}
}

func composer(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-d", "--working-dir", "--prefer-install", "--ignore-platform-req", "--apcu-autoloader-prefix", "--repository", "--stability")
	verb := o.verb()
	global := verb == "global"
	if global {
		verb = o.verb()
	}
	i := Install{
		Manager: "composer", Verb: verb, Global: global, OmitDev: o.has("--no-dev") || c.on("COMPOSER_NO_DEV"), Target: o.get("-d", "--working-dir"),
		NoProject: o.has("--no-autoloader"), NoCache: o.has("--no-cache"),
	}
	parse := func(s string) (string, string) {
		if n, v, ok := strings.Cut(s, ":"); ok {
			return n, ":" + v
		}
		return s, ""
	}
	switch verb {
	case "install", "i":
		i.Verb, i.Frozen = "install", true
		b.install(c, i)
	case "require", "req", "create-project":
		i.Verb, i.Packages = "add", packages(o.operands, parse)
		b.install(c, i)
	case "update", "upgrade", "u":
		i.Verb = "update"
		b.install(c, i)
	case "remove", "rm":
		b.remove(c, Remove{Manager: "composer", Verb: "remove", Packages: packages(o.operands, parse)})
	case "clear-cache", "clearcache", "cc":
		b.clean(c, "composer", false)
	}
}

func maven(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "-f", "--file", "-s", "--settings", "-gs", "-P", "-pl", "--projects", "-T", "-l", "--log-file", "-t", "-b")
	for _, g := range o.operands {
		switch goal := g.Text[strings.LastIndexByte(g.Text, ':')+1:]; {
		case goal == "go-offline", goal == "resolve-dependencies", goal == "resolve", goal == "resolve-plugins", goal == "copy-dependencies", goal == "get", goal == "tree", goal == "list":
			if strings.Contains(g.Text, "dependency") || strings.Contains(g.Text, "go-offline") {
				if goal == "resolve-dependencies" {
					goal = "go-offline"
				}
				b.install(c, Install{Manager: "maven", Verb: goal, Manifests: o.all("-f", "--file"), Offline: o.has("-o", "--offline")})
			}
		}
	}
}

func gradle(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "-b", "--build-file", "-p", "--project-dir", "-c", "-I", "--init-script", "-x", "--exclude-task", "-g", "--gradle-user-home")
	for _, t := range o.operands {
		task := strings.ToLower(t.Text[strings.LastIndexByte(t.Text, ':')+1:])
		if task == "dependencies" || strings.Contains(task, "resolvedep") || strings.Contains(task, "downloaddep") || strings.Contains(task, "resolveall") {
			b.install(c, Install{Manager: "gradle", Verb: "dependencies", Manifests: o.all("-b", "--build-file"), Offline: o.has("--offline"), Target: o.get("-p", "--project-dir")})
			return
		}
	}
}

func dotnet(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "-r", "--runtime", "-s", "--source", "--packages", "--configfile", "-v", "--verbosity", "--version", "--tool-path", "--add-source", "-c", "-f", "-o")
	switch o.verb() {
	case "restore":
		b.install(c, Install{Manager: "nuget", Verb: "restore", Manifests: o.operands, Frozen: o.has("--locked-mode")})
	case "tool", "workload":
		switch o.verb() {
		case "install", "update":
			b.install(c, Install{Manager: "nuget", Verb: "install", Packages: packages(o.operands, nodePackage), Global: o.has("-g", "--global"), Target: o.get("--tool-path")})
		case "restore":
			b.install(c, Install{Manager: "nuget", Verb: "restore"})
		}
	case "add":
		for i, w := range o.operands {
			if w.Text == "package" {
				b.install(c, Install{Manager: "nuget", Verb: "add", Packages: packages(o.operands[i+1:], plainName)})
			}
		}
	case "nuget":
		if o.verb() == "locals" {
			b.clean(c, "nuget", false)
		}
	}
}

func nuget(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "-OutputDirectory", "-PackagesDirectory", "-Source")
	switch o.verb() {
	case "restore":
		b.install(c, Install{Manager: "nuget", Verb: "restore", Manifests: o.operands})
	case "install":
		b.install(c, Install{Manager: "nuget", Verb: "install", Packages: packages(o.operands, plainName)})
	}
}

func mix(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--only")
	verb := o.verb()
	if verb == "do" {
		for _, part := range tasks(args) {
			mix(b, c, program, part)
		}
		return
	}
	if verb == "deps.get" {
		only := o.get("--only").Text
		env, _ := c.setting("MIX_ENV")
		b.install(c, Install{Manager: "mix", Verb: "install", OmitDev: only == "prod" || only == "$MIX_ENV" && env == "prod", Frozen: o.has("--check-locked")})
	}
}

// tasks are those of mix do, which commas or plus signs part.
func tasks(args []Word) (list [][]Word) {
	var one []Word
	for _, w := range args {
		if w.Text == "do" {
			continue
		}
		text, end := strings.CutSuffix(w.Text, ",")
		if end = end || w.Text == "+"; w.Text != "+" {
			w.Text = text
			one = append(one, w)
		}
		if end {
			list, one = append(list, one), nil
		}
	}
	return append(list, one)
}

func cpan(b *builder, c *Command, program string, args []Word) {
	o := split(args, program == "cpan", "-L", "-l", "--local-lib", "--local-lib-contained", "--mirror", "--from", "-M", "--cpanfile")
	words := o.operands
	if program == "cpan" && len(words) > 0 && words[0].Text == "install" {
		words = words[1:]
	}
	b.install(c, Install{Manager: "cpan", Verb: "install", Packages: packages(words, nodePackage), Manifests: o.all("--cpanfile"), NoProject: o.has("--installdeps"), Target: o.get("-L", "-l", "--local-lib", "--local-lib-contained")})
}

func carton(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--cpanfile", "--path")
	if o.verb() == "install" {
		b.install(c, Install{Manager: "cpan", Verb: "install", Frozen: o.has("--deployment"), Manifests: o.all("--cpanfile")})
	}
}

func install2R(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-r", "--repos", "-l", "--libloc", "-d", "--deps", "-n", "--ncpus", "-t", "--type")
	b.install(c, Install{Manager: "R", Verb: "install", Packages: packages(o.operands, plainName)})
}

// What R programs given by -e say about packages.
var (
	rInstall = regexp.MustCompile(`(?:install\.packages|install_(?:version|github|cran|local|bioc)|pak::pkg_install|pak|BiocManager::install)\s*\(([^)]*\)?)`)
	rRestore = regexp.MustCompile(`renv::restore|install_deps\s*\(|pak::local_install_deps|packrat::restore`)
	rString  = regexp.MustCompile(`["']([A-Za-z][\w./@-]*)["']`)
)

func rscript(b *builder, c *Command, program string, args []Word) {
	for i, a := range args {
		if a.Text != "-e" || i+1 >= len(args) {
			continue
		}
		code := args[i+1]
		if rRestore.MatchString(code.Text) {
			b.install(c, Install{Manager: "R", Verb: "restore", Frozen: strings.Contains(code.Text, "restore")})
		}
		for _, m := range rInstall.FindAllStringSubmatch(code.Text, -1) {
			in := Install{Manager: "R", Verb: "install"}
			for _, s := range rString.FindAllStringSubmatch(m[1], -1) {
				in.Packages = append(in.Packages, Package{Name: s[1], Known: true, Span: code.Span, Word: code})
			}
			b.install(c, in)
		}
	}
}

func luarocks(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--tree", "--server", "--lua-version", "--only-server")
	switch o.verb() {
	case "install", "build":
		if len(o.operands) > 0 {
			b.install(c, Install{Manager: "luarocks", Verb: "install", Packages: packages(o.operands[:1], plainName), Target: o.get("--tree")})
		}
	case "remove":
		b.remove(c, Remove{Manager: "luarocks", Verb: "remove", Packages: packages(o.operands, plainName)})
	}
}

func stack(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--stack-yaml", "--resolver", "--local-bin-path")
	switch verb := o.verb(); {
	case verb == "build" && o.has("--only-dependencies", "--dependencies-only", "--only-snapshot"):
		b.install(c, Install{Manager: "stack", Verb: "install", NoProject: true, Manifests: o.all("--stack-yaml")})
	case verb == "setup":
		b.install(c, Install{Manager: "stack", Verb: "setup"})
	}
}

func cabal(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--installdir", "--install-method", "--project-file")
	switch verb := o.verb(); {
	case verb == "update" || verb == "v2-update":
		b.update(c, "cabal")
	case o.has("--only-dependencies", "--dependencies-only"):
		b.install(c, Install{Manager: "cabal", Verb: "install", NoProject: true})
	case (verb == "install" || verb == "v2-install") && len(o.operands) > 0:
		b.install(c, Install{Manager: "cabal", Verb: "install", Packages: packages(o.operands, plainName)})
	}
}

func pub(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "-C", "--directory")
	verb := o.verb()
	if program != "pub" {
		if verb != "pub" {
			return
		}
		verb = o.verb()
	}
	switch verb {
	case "get", "upgrade", "add":
		b.install(c, Install{Manager: "pub", Verb: verb, Packages: packages(o.operands, plainName), Offline: o.has("--offline"), Frozen: o.has("--enforce-lockfile"), OmitDev: o.has("--no-dev")})
	}
}

func swift(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--package-path")
	if o.verb() == "package" {
		switch v := o.verb(); v {
		case "resolve", "update":
			b.install(c, Install{Manager: "swift", Verb: v})
		}
	}
}

func opam(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-j", "--jobs", "--switch")
	switch o.verb() {
	case "install":
		b.install(c, Install{Manager: "opam", Verb: "install", Packages: packages(o.operands, plainName), NoProject: o.has("--deps-only")})
	case "update":
		b.update(c, "opam")
	case "clean":
		b.clean(c, "opam", false)
	}
}
