package shell

import "strings"

// nodePackage parses [@scope/]name[@version].
func nodePackage(s string) (name, version string) {
	if i := strings.LastIndexByte(s, '@'); i > 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// nodePackages are packages, with git and folder forms told apart.
func nodePackages(words []Word) []Package {
	pkgs := packages(words, nodePackage)
	for i, p := range pkgs {
		if strings.HasPrefix(p.Name, "github:") || strings.HasPrefix(p.Name, "git+") || strings.HasPrefix(p.Name, "link:") || strings.HasPrefix(p.Name, "workspace:") {
			pkgs[i].Path = true
		}
	}
	return pkgs
}

// production tells whether the environment says to leave dev packages out.
func production(c *Command) bool {
	if v, ok := c.setting("NODE_ENV"); ok && v == "production" {
		return true
	}
	for _, name := range []string{"NPM_CONFIG_OMIT", "npm_config_omit"} {
		if v, ok := c.setting(name); ok && listed(v, "dev") {
			return true
		}
	}
	return c.on("NPM_CONFIG_PRODUCTION") || c.on("npm_config_production") || c.on("YARN_PRODUCTION")
}

// omitsDev reads the options that npm, yarn, pnpm and bun share.
func omitsDev(c *Command, o options) bool {
	omit := production(c)
	for _, f := range o.flags {
		switch f.name {
		case "--production", "--prod":
			omit = f.value.Text != "false"
		case "--omit", "--only", "--include":
			switch {
			case f.name == "--omit" && listed(f.value.Text, "dev"):
				omit = true
			case f.name == "--only" && (f.value.Text == "prod" || f.value.Text == "production"):
				omit = true
			case f.name == "--include" && listed(f.value.Text, "dev"):
				return false
			}
		case "--no-dev":
			omit = true
		case "--dev", "-D", "--also":
			if f.name == "--also" {
				omit = false
			}
		}
	}
	return omit
}

func npm(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--prefix", "-C", "--omit", "--include", "--only", "--also", "--registry", "--cache", "--userconfig", "--loglevel", "-w", "--workspace", "--tag", "--location",
		"--fetch-timeout", "--fetch-retries", "--maxsockets", "--install-strategy", "--cpu", "--os", "--libc", "--script-shell", "--before", "--omit-lockfile-registry-resolved")
	verb := o.verb()
	global := o.has("-g", "--global") || o.get("--location").Text == "global"
	switch verb {
	case "install", "i", "in", "ins", "inst", "add", "isntall", "it", "install-test", "update", "up", "upgrade":
		v := "install"
		if strings.HasPrefix(verb, "up") {
			v = "update"
		}
		b.install(c, Install{
			Manager: "npm", Verb: v, Packages: nodePackages(o.operands), OmitDev: omitsDev(c, o) || b.npmOmit, Global: global,
			Offline: o.has("--offline"), Target: o.get("--prefix", "-C"),
		})
	case "ci", "clean-install", "ic", "install-clean", "cit", "install-ci-test":
		b.install(c, Install{Manager: "npm", Verb: "ci", OmitDev: omitsDev(c, o) || b.npmOmit, Frozen: true, Offline: o.has("--offline"), Target: o.get("--prefix", "-C")})
	case "uninstall", "remove", "rm", "r", "un", "unlink":
		b.remove(c, Remove{Manager: "npm", Verb: "remove", Packages: nodePackages(o.operands)})
	case "prune":
		b.remove(c, Remove{Manager: "npm", Verb: "prune", OmitDev: omitsDev(c, o)})
	case "cache":
		if v := o.verb(); v == "clean" || v == "clear" || v == "rm" {
			b.clean(c, "npm", false)
		}
	case "config", "set":
		words := o.operands
		if verb == "config" && len(words) > 0 {
			words = words[1:]
		}
		for _, w := range words {
			switch w.Text {
			case "omit=dev", "production=true", "only=production":
				b.npmOmit = true
			}
		}
		if len(words) == 2 && (words[0].Text == "omit" && words[1].Text == "dev" || words[0].Text == "production" && words[1].Text == "true") {
			b.npmOmit = true
		}
	}
}

func yarn(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--cwd", "--registry", "--cache-folder", "--modules-folder", "--network-timeout", "--mutex", "--network-concurrency", "--use-yarnrc", "--otp")
	verb := o.verb()
	global := verb == "global"
	if global {
		verb = o.verb()
	}
	i := Install{
		Manager: "yarn", OmitDev: omitsDev(c, o), Global: global, Offline: o.has("--offline"),
		Frozen: o.has("--frozen-lockfile", "--immutable", "--immutable-cache"), Target: o.get("--cwd", "--modules-folder"),
	}
	switch verb {
	case "":
		if o.has("--version", "-v", "--help", "-h") {
			return
		}
		i.Verb = "install"
		b.install(c, i)
	case "install", "add", "upgrade", "up":
		i.Verb, i.Packages = verb, nodePackages(o.operands)
		b.install(c, i)
	case "workspaces":
		if o.verb() == "focus" {
			i.Verb, i.OmitDev = "install", i.OmitDev || o.has("--production")
			b.install(c, i)
		}
	case "remove":
		b.remove(c, Remove{Manager: "yarn", Verb: "remove", Packages: nodePackages(o.operands)})
	case "prune":
		b.remove(c, Remove{Manager: "yarn", Verb: "prune", OmitDev: i.OmitDev})
	case "cache":
		if o.verb() == "clean" {
			b.clean(c, "yarn", false)
		}
	}
}

func pnpm(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "-F", "--filter", "--filter-prod", "-C", "--dir", "--store-dir", "--registry", "--reporter", "--loglevel", "--network-concurrency", "--node-linker", "--cpu", "--os", "--libc")
	verb := o.verb()
	if verb == "recursive" || verb == "multi" || verb == "m" {
		verb = o.verb()
	}
	i := Install{
		Manager: "pnpm", Verb: verb, OmitDev: omitsDev(c, o) || o.has("-P"), Global: o.has("-g", "--global"), Offline: o.has("--offline"),
		OnlyDev: verb != "add" && o.has("-D", "--dev"), Frozen: o.has("--frozen-lockfile"), Target: o.get("-C", "--dir"),
	}
	switch verb {
	case "install", "i", "add", "update", "up", "ci", "clean-install":
		i.Packages = nodePackages(o.operands)
		switch verb {
		case "i":
			i.Verb = "install"
		case "up":
			i.Verb = "update"
		case "ci", "clean-install":
			i.Verb, i.Frozen = "ci", true
		}
		if i.Verb == "install" && len(i.Packages) > 0 {
			i.Verb = "add"
		}
		b.install(c, i)
	case "fetch":
		i.Frozen = true
		b.install(c, i)
	case "deploy":
		if len(o.operands) > 0 {
			i.Target = o.operands[0]
		}
		b.install(c, i)
	case "remove", "rm", "uninstall", "un":
		b.remove(c, Remove{Manager: "pnpm", Verb: "remove", Packages: nodePackages(o.operands)})
	case "prune":
		b.remove(c, Remove{Manager: "pnpm", Verb: "prune", OmitDev: i.OmitDev})
	case "store":
		if o.verb() == "prune" {
			b.clean(c, "pnpm", false)
		}
	}
}

func bun(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--cwd", "--registry", "--cache-dir", "--omit", "--backend", "--filter", "-c", "--config")
	verb := o.verb()
	i := Install{Manager: "bun", OmitDev: omitsDev(c, o) || o.has("-p"), Global: o.has("-g", "--global"), Frozen: o.has("--frozen-lockfile"), Target: o.get("--cwd")}
	switch verb {
	case "install", "i", "ci", "add", "a", "update":
		switch verb {
		case "i":
			verb = "install"
		case "a":
			verb = "add"
		case "ci":
			i.Frozen = true
		}
		i.Verb, i.Packages = verb, nodePackages(o.operands)
		b.install(c, i)
	case "remove", "rm":
		b.remove(c, Remove{Manager: "bun", Verb: "remove", Packages: nodePackages(o.operands)})
	case "pm":
		if o.verb() == "cache" {
			b.clean(c, "bun", false)
		}
	}
}

func deno(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "--lock", "--config", "--import-map", "-n", "--name", "--root")
	verb := o.verb()
	switch verb {
	case "cache", "install", "add":
		b.install(c, Install{Manager: "deno", Verb: verb, Packages: nodePackages(o.operands), Global: o.has("-g", "--global"), Frozen: o.has("--frozen")})
	}
}
