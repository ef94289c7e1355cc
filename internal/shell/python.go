package shell

import "strings"

// pythonPackage parses name[extras]==1.0; marker and name @ url.
func pythonPackage(s string) (name, version string) {
	if i := strings.IndexByte(s, ';'); i > 0 {
		s = s[:i]
	}
	if n, url, ok := strings.Cut(s, "@"); ok && strings.Contains(url, ":") {
		name, version = n, "@"+strings.TrimSpace(url)
	} else if i := strings.IndexAny(s, "=<>!~"); i > 0 && !strings.HasPrefix(s, "$") {
		name, version = s[:i], s[i:]
	} else {
		name = s
	}
	if i := strings.IndexByte(name, '['); i > 0 {
		name = name[:i]
	}
	return strings.TrimSpace(name), strings.TrimSpace(version)
}

// pipOptions are those of pip, and of uv pip, that take a value.
var pipOptions = []string{
	"-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints", "--override", "-e", "--editable", "-t", "--target", "--prefix", "--root", "--src",
	"-i", "--index-url", "--extra-index-url", "--index", "--default-index", "-f", "--find-links", "--no-binary", "--only-binary", "--platform", "--python-version", "--python-platform",
	"--implementation", "--abi", "--cache-dir", "--progress-bar", "--trusted-host", "--proxy", "--timeout", "--retries", "--python", "-p", "-C", "--config-settings", "--config-setting",
	"--global-option", "--install-option", "--build-option", "--log", "--cert", "--client-cert", "--exists-action", "--report", "--root-user-action", "--use-feature", "--use-deprecated",
	"--upgrade-strategy", "--group", "-b", "--build-constraint", "-d", "--dest", "-w", "--wheel-dir", "--extra", "--resolution", "--prerelease", "--index-strategy", "--keyring-provider",
	"-P", "--upgrade-package", "--reinstall-package", "--link-mode", "--exclude-newer", "--directory", "--project", "--config-file", "--torch-backend", "--allow-insecure-host",
}

func pip(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, pipOptions...)
	verb := o.verb()
	switch verb {
	case "install", "download", "wheel":
		b.install(c, pipInstall(c, o, "pip", verb))
	case "sync":
		i := pipInstall(c, o, "pip", "sync")
		i.Manifests, i.Packages = o.operands, nil
		b.install(c, i)
	case "uninstall":
		b.remove(c, Remove{Manager: "pip", Verb: "remove", Packages: packages(o.operands, pythonPackage)})
	case "cache":
		if v := o.verb(); v == "purge" || v == "remove" {
			b.clean(c, "pip", false)
		}
	}
}

func pipInstall(c *Command, o options, manager, verb string) Install {
	words, files := piped(c)
	i := Install{
		Manager: manager, Verb: verb,
		Packages:   packages(append(words, o.operands...), pythonPackage),
		Manifests:  append(o.all("-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints", "--build-constraint"), files...),
		NoCache:    o.has("--no-cache-dir", "--no-cache") || noCacheDir(c),
		NoDeps:     o.has("--no-deps", "--no-dependencies"),
		Frozen:     o.has("--require-hashes") || c.on("PIP_REQUIRE_HASHES"),
		Offline:    o.has("--no-index", "--offline"),
		User:       o.has("--user"),
		OnlyBinary: o.get("--only-binary").Text == ":all:" || o.has("--no-build"),
		Target:     o.get("-t", "--target", "--prefix", "--python", "--root"),
	}
	if v := o.get("-p"); manager == "uv" && v.Text != "" {
		i.Target = v
	}
	if v := o.get("-d", "--dest", "-w", "--wheel-dir"); verb != "install" && v.Text != "" {
		i.Target = v
	}
	for _, e := range o.all("-e", "--editable") {
		i.Editable = true
		p := packages([]Word{e}, pythonPackage)[0]
		p.Path = true
		i.Packages = append(i.Packages, p)
	}
	i.Manifests = append(i.Manifests, o.all("--group")...) // a group, or path:group
	return i
}

// noCacheDir: pip reads any value of PIP_NO_CACHE_DIR as yes, but for an old
// mishap of false, which it mends.
func noCacheDir(c *Command) bool {
	v, ok := c.setting("PIP_NO_CACHE_DIR")
	return ok && v != ""
}

func pipSync(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, pipOptions...)
	i := pipInstall(c, o, "pip", "sync")
	i.Manifests, i.Packages = o.operands, nil
	if len(i.Manifests) == 0 {
		i.Manifests = []Word{{Text: "requirements.txt", Known: true, Span: c.Span}}
	}
	b.install(c, i)
}

func pipx(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "--python", "--pip-args", "--spec", "--suffix", "-i", "--index-url")
	switch o.verb() {
	case "install", "inject":
		b.install(c, Install{Manager: "pip", Verb: "install", Packages: packages(o.operands, pythonPackage), Global: true})
	}
}

func easyInstall(b *builder, c *Command, program string, args []Word) {
	b.install(c, Install{Manager: "pip", Verb: "install", Packages: packages(split(args, true).operands, pythonPackage)})
}

// python notes `python setup.py install` and `python -m venv`.
func python(b *builder, c *Command, program string, args []Word) {
	for i, a := range args {
		switch {
		case a.Text == "-m" && i+1 < len(args) && (args[i+1].Text == "venv" || args[i+1].Text == "virtualenv"):
			virtualenv(b, c, program, args[i+2:])
			return
		case strings.HasSuffix(a.Text, "setup.py") && i+1 < len(args):
			o := split(args[i+1:], false, "--prefix", "--root")
			switch verb := o.verb(); verb {
			case "install", "develop":
				b.install(c, Install{
					Manager: "pip", Verb: "install", Editable: verb == "develop", Target: o.get("--prefix", "--root"),
					Packages: []Package{{Name: ".", Known: true, Path: true, Span: a.Span, Word: a}},
				})
			}
			return
		case !strings.HasPrefix(a.Text, "-"):
			return
		}
	}
}

func virtualenv(b *builder, c *Command, program string, args []Word) {
	o := split(args, false, "-p", "--python", "--prompt", "--seeder", "--pip", "--setuptools", "--wheel", "--app-data")
	if len(o.operands) > 0 {
		b.file(c, FileEffect{Kind: Venv, Paths: o.operands})
	}
}

func uv(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, append([]string{"--only-group", "--no-group", "--package", "--no-extra", "--no-install-package", "--no-emit-package", "-o", "--output-file", "--format", "--from", "--with"}, pipOptions...)...)
	verb := o.verb()
	i := pipInstall(c, o, "uv", verb)
	i.Packages = nil
	i.NoCache = i.NoCache || o.has("-n") || c.on("UV_NO_CACHE")
	i.Frozen = o.has("--frozen", "--locked", "--require-hashes") || c.on("UV_FROZEN") || c.on("UV_LOCKED")
	i.NoProject = o.has("--no-install-project", "--no-install-workspace", "--no-install-local", "--no-emit-project")
	i.OnlyBinary = i.OnlyBinary || o.has("--no-build")
	i.OmitDev = o.has("--no-dev", "--no-default-groups") || c.on("UV_NO_DEV")
	for _, g := range o.all("--no-group") {
		i.OmitDev = i.OmitDev || g.Text == "dev"
	}
	for _, g := range o.all("--only-group") {
		i.OmitDev = g.Text != "dev"
		i.OnlyDev = g.Text == "dev"
		i.NoProject = true
	}
	if o.has("--only-dev") {
		i.OnlyDev, i.NoProject = true, true
	}
	switch verb {
	case "sync":
		i.Manifests = nil
		i.Editable = !o.has("--no-editable") && !i.NoProject
		b.install(c, i)
	case "add":
		i.Packages = packages(o.operands, pythonPackage)
		b.install(c, i)
	case "pip":
		sub := o.verb()
		switch sub {
		case "install", "sync":
			p := pipInstall(c, o, "uv", sub)
			p.NoCache = p.NoCache || o.has("-n") || c.on("UV_NO_CACHE")
			if sub == "sync" {
				p.Manifests, p.Packages = append(o.operands, p.Manifests...), nil
			}
			b.install(c, p)
		case "uninstall":
			b.remove(c, Remove{Manager: "uv", Verb: "remove", Packages: packages(o.operands, pythonPackage)})
		}
	case "tool":
		if o.verb() == "install" {
			i.Verb, i.Global = "install", true
			i.Packages = packages(o.operands, pythonPackage)
			b.install(c, i)
		}
	case "remove":
		b.remove(c, Remove{Manager: "uv", Verb: "remove", Packages: packages(o.operands, pythonPackage)})
	case "cache":
		b.clean(c, "uv", false)
	case "venv":
		if len(o.operands) > 0 {
			b.file(c, FileEffect{Kind: Venv, Paths: o.operands[:1]})
		}
	}
}

func poetry(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "--only", "--without", "--with", "-E", "--extras", "-C", "--directory", "-P", "--project", "-G", "--group", "-f", "--format", "-o", "--output", "--python", "--source")
	verb := o.verb()
	if verb == "self" {
		return
	}
	i := Install{
		Manager: "poetry", Verb: verb, NoCache: o.has("--no-cache"), NoProject: o.has("--no-root"),
		NoDeps: o.has("--only-root"), OmitDev: o.has("--no-dev", "--only-root"),
	}
	for _, g := range o.all("--without") {
		i.OmitDev = i.OmitDev || listed(g.Text, "dev")
	}
	for _, g := range o.all("--only") {
		i.OmitDev = !listed(g.Text, "dev")
		i.OnlyDev = g.Text == "dev"
		i.NoProject = true
	}
	switch verb {
	case "install", "sync", "update":
		i.Frozen = verb != "update"
		i.Editable = !i.NoProject
		b.install(c, i)
	case "add":
		i.Packages = packages(o.operands, pythonPackage)
		b.install(c, i)
	case "remove":
		b.remove(c, Remove{Manager: "poetry", Verb: "remove", Packages: packages(o.operands, pythonPackage)})
	case "cache":
		b.clean(c, "poetry", false)
	}
}

func pipenv(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-r", "--requirements", "-i", "--index", "--python", "--categories", "--extra-pip-args", "--pypi-mirror")
	verb := o.verb()
	switch verb {
	case "install", "sync", "update":
		b.install(c, Install{
			Manager: "pipenv", Verb: verb, Packages: packages(o.operands, pythonPackage), Manifests: o.all("-r", "--requirements"),
			OmitDev: !o.has("-d", "--dev", "--dev-only"), OnlyDev: o.has("--dev-only"), Global: o.has("--system"),
			Frozen: verb == "sync" || o.has("--deploy", "--ignore-pipfile"),
		})
	case "uninstall":
		b.remove(c, Remove{Manager: "pipenv", Verb: "remove", Packages: packages(o.operands, pythonPackage)})
	case "--clear":
		b.clean(c, "pipenv", false)
	}
}

func pdm(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-p", "--project", "-G", "--group", "-L", "--lockfile", "--venv", "--python")
	verb := o.verb()
	omit := o.has("--prod", "--production", "--no-dev")
	switch verb {
	case "install", "sync", "update", "add":
		b.install(c, Install{
			Manager: "pdm", Verb: verb, Packages: packages(o.operands, pythonPackage), OmitDev: omit, Global: o.has("-g", "--global"),
			NoProject: o.has("--no-self"), Editable: !o.has("--no-editable", "--no-self"), Frozen: verb == "sync" || o.has("--frozen-lockfile", "--check", "--no-lock"),
		})
	case "remove":
		b.remove(c, Remove{Manager: "pdm", Verb: "remove", Packages: packages(o.operands, pythonPackage)})
	case "cache":
		b.clean(c, "pdm", false)
	}
}

func flit(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "--deps", "--extras", "--python", "-f")
	if o.verb() != "install" {
		return
	}
	deps := o.get("--deps").Text
	b.install(c, Install{
		Manager: "pip", Verb: "install", Editable: o.has("-s", "--symlink", "--pth-file"), NoDeps: deps == "none", OmitDev: deps == "production" || deps == "none",
		Packages: []Package{{Name: ".", Known: true, Path: true, Span: c.Span}},
	})
}

// condaPackage parses [channel::]name[=version[=build]].
func condaPackage(s string) (name, version string) {
	if _, n, ok := strings.Cut(s, "::"); ok {
		s = n
	}
	return pythonPackage(s)
}

func conda(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-n", "--name", "-p", "--prefix", "-c", "--channel", "-f", "--file", "-r", "--root-prefix", "--solver", "--repodata-fn", "--category")
	verb := o.verb()
	if verb == "env" {
		verb = o.verb()
	}
	switch verb {
	case "install", "create", "update", "upgrade":
		b.install(c, Install{
			Manager: "conda", Verb: verb, Packages: packages(o.operands, condaPackage), Manifests: o.all("-f", "--file"),
			NoDeps: o.has("--no-deps"), Offline: o.has("--offline"), Target: o.get("-p", "--prefix"),
		})
	case "remove", "uninstall":
		b.remove(c, Remove{Manager: "conda", Verb: "remove", Packages: packages(o.operands, condaPackage)})
	case "clean":
		b.clean(c, "conda", false)
	}
}
