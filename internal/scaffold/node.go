package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// node writes the container of a project of Node.js.
func (p *plan) node() error {
	s, n, d := p.s, p.s.Node, &p.d
	want := p.nodeWant(s.Version)
	p.likes(&want, "node")
	switch p.opt.Base {
	case "alpine":
		want.Variant, want.Systems = "alpine%s", alpines()
	case "distroless":
		want.Systems = []string{"bookworm"} // on which its image is built
	}
	base, err := p.opt.Pick(want)
	if err != nil {
		return err
	}
	major, _, _ := strings.Cut(base.Version, ".")
	if p.opt.Base == "wolfi" {
		why := base.Why
		if base, err = p.wolfiBase(); err != nil {
			return err
		}
		base.Version, base.Why = major, "Node.js "+major+": "+why
		p.number = "65532" // its own nonroot
	}
	p.ships = base
	if uid, _, _ := strings.Cut(p.nodeUser(), ":"); p.opt.Base != "distroless" {
		p.number = uid // of whom the folders are that it writes
	}
	p.chose("base "+base.String(), base.Why)
	if s.Kind == stack.Static {
		return p.builtSite(base)
	}
	if n.Member != "" {
		return p.nodeMember(base)
	}
	d.line("# syntax=docker/dockerfile:1")
	d.part("")
	p.from(base, "base")
	if p.opt.Base == "wolfi" {
		d.line("RUN apk add --no-cache nodejs-%s npm", major)
	}
	d.line("WORKDIR %s", p.work)
	built := n.Script != ""
	tools := p.natives(base, stack.Native.ToBuild)
	slices.Sort(tools)
	if built {
		d.part("The build, with what only it needs.")
		d.line("FROM base AS build")
		p.nodeInstall(tools, true)
		p.nodeBuild()
	}
	runtime := n.Runtime && !n.PnP
	if n.Bun && !built && !runtime {
		d.part("Where bun comes from.")
		d.line("FROM base AS packages")
		p.nodeTool()
	}
	if runtime {
		if built {
			d.part("What the program needs where it runs, and nothing for development.")
		} else {
			d.part("The install stays in this stage: the final stage copies only the packages.")
		}
		d.line("FROM base AS packages")
		p.nodeInstall(tools, false)
	}
	if n.PnP {
		d.part("The packages, in archives as Plug'n'Play keeps them.")
		d.line("FROM base AS packages")
		p.nodeInstall(tools, false)
	}
	p.stages()
	bare := p.opt.Base == "distroless"
	init := !n.Handles && s.Kind != stack.Job
	if init {
		p.chose("tini", "nothing in the source handles SIGTERM, which node as the first process of a container does not hear: behind an init it ends as everywhere else")
	}
	if bare && init {
		d.part("An init that needs no libraries.")
		d.line("FROM base AS init")
		p.add([]string{"tini"})
	}
	d.part("")
	if bare {
		final, err := p.opt.Pick(Want{Repo: fmt.Sprintf(distrolessNode, major), Tag: "nonroot"})
		if err != nil {
			return err
		}
		p.chose("base "+final.String(), "Node.js "+major+" and what it is linked with")
		p.ships, p.number = final, "65532"
		p.from(final, "runtime")
	} else {
		d.line("FROM base AS runtime")
	}
	env := []string{"NODE_ENV=production"}
	for _, v := range s.Set {
		env = append(env, v.Name+"="+v.Version)
	}
	d.line("ENV %s", strings.Join(env, " \\\n    "))
	system := p.natives(base, stack.Native.ToRun)
	if init && !bare {
		system = append(system, "tini")
	}
	if len(system) > 0 {
		slices.Sort(system)
		p.add(system)
	}
	p.system()
	if bare {
		d.line("WORKDIR %s", p.work)
		if init {
			d.line("COPY --from=init /usr/bin/tini-static /")
		}
	}
	if n.Bun {
		d.line("COPY --from=%s /usr/local/lib/node_modules/bun/bin/bun.exe /usr/local/bin/bun", p.firstStage(built, runtime))
	}
	standalone := slices.Contains(n.Output, ".next/standalone")
	if runtime {
		d.line("COPY --from=packages %s/node_modules ./node_modules", p.work)
	}
	if n.PnP {
		d.line("COPY --from=packages %s/.pnp.* ./", p.work)
		d.line("COPY --from=packages %s/.yarn ./.yarn", p.work)
	}
	if n.Prisma && built && runtime {
		d.line("COPY --from=build %s/node_modules/.prisma ./node_modules/.prisma", p.work)
	}
	if !standalone && !slices.Contains(s.Sources, "package.json") {
		d.line("COPY package.json ./")
		p.takes("package.json")
	}
	p.early()
	inside := func(o string) bool {
		return slices.ContainsFunc(s.Sources, func(c string) bool { return strings.HasPrefix(o, c+"/") })
	}
	for _, o := range n.Output {
		switch {
		case o == ".next/standalone":
			d.line("COPY --from=build %s/.next/standalone ./", p.work)
		case !built || inside(o):
		default:
			d.line("COPY --from=build %s/%s ./%s", p.work, o, o)
		}
	}
	var sources []string
	for _, c := range s.Sources {
		if !slices.Contains(n.Output, c) {
			sources = append(sources, c)
		}
	}
	p.copies(sources)
	for _, o := range n.Output {
		if built && inside(o) {
			// Over what a build elsewhere may have left in the folder.
			d.line("COPY --from=build %s/%s ./%s", p.work, o, o)
		}
	}
	p.writable(p.work)
	p.nodeStart(init)
	return nil
}

// nodeStart writes how the program is started, and how it is seen to be well.
func (p *plan) nodeStart(init bool) {
	s, n, d := p.s, p.s.Node, &p.d
	p.become(p.nodeUser())
	if s.Port.Known() {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if s.Kind == stack.Service && s.Port.Known() {
		d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=30s --retries=3 \\\n    CMD %s", exec([]string{p.nodeBinary(), "-e", p.nodeProbe()}))
	}
	start := slices.Clone(s.Exec)
	args := s.Args
	if n.PnP {
		start = []string{"node", "-r", "./.pnp.cjs"}
	}
	if p.opt.Base == "distroless" {
		start[0] = p.nodeBinary()
	}
	if n.Bun {
		start, args = append(start, args...), nil // bun takes a first word with a dash for its own
	}
	if init && p.opt.Base == "distroless" {
		start = append([]string{"/tini-static", "--"}, start...)
	} else if init {
		start = append([]string{"tini", "--"}, start...)
	}
	p.begins(start, args)
}

// nodeUser is the user of node's image, or the one that the container had.
func (p *plan) nodeUser() string {
	if k := p.opt.Keep; k != nil && k.UID.Known() {
		return k.UID.Value + ":" + k.UID.Value
	}
	if p.opt.Base == "distroless" || p.opt.Base == "wolfi" {
		return p.number + ":" + p.number
	}
	return "1000:1000"
}

func (p *plan) nodeBinary() string {
	switch {
	case p.s.Node.Bun:
		return "bun"
	case p.opt.Base == "distroless":
		return "/nodejs/bin/node"
	}
	return "node"
}

func (p *plan) firstStage(built, runtime bool) string {
	if built {
		return "build"
	}
	if runtime {
		return "packages"
	}
	return "packages"
}

// nodeFits tells whether a version of Node.js does for a range as npm writes it. A range
// that cannot be read rules nothing out.
func nodeFits(spec string) func(string) bool {
	c, err := semver.NewConstraint(spec)
	if err != nil {
		return func(string) bool { return true }
	}
	if strings.Count(spec, ".") < 2 && !strings.ContainsAny(spec, "<>=^~|x* -") {
		return func(v string) bool { return knowledge.Compare(v, spec) == 0 }
	}
	return func(v string) bool {
		parsed, err := semver.NewVersion(v)
		return err == nil && c.Check(parsed)
	}
}

// nodeInstall installs the packages: all of them for a build, or only those that the
// program needs where it runs.
func (p *plan) nodeInstall(tools []string, all bool) {
	n, d := p.js(), &p.d
	if len(tools) > 0 {
		p.add(tools)
		d.line("# Native modules find the headers of this node, and download none.")
		d.line("ENV npm_config_nodedir=/usr/local")
	}
	p.nodeTool()
	p.nodeManifests()
	secret := ""
	if n.Token {
		secret = "--mount=type=secret,id=npmrc,target=/root/.npmrc,required=true "
	}
	if !all {
		// What the project runs after an install is for people at work, as a rule: it needs
		// tools that are not there.
		if hooks := slices.DeleteFunc(slices.Clone(n.Prepare), func(h string) bool { return h == "install" || h == "preinstall" }); len(hooks) > 0 {
			keys := make([]string, len(hooks))
			for i, h := range hooks {
				keys[i] = "scripts." + h
			}
			d.line("RUN npm pkg delete %s", strings.Join(keys, " "))
		}
	}
	run := func(cache, command string) {
		alone := ""
		if n.Manager == "yarn" || n.Manager == "berry" {
			alone = ",sharing=locked" // two of yarn at once break each other's cache
		}
		d.line("RUN %s--mount=type=cache,target=%s%s %s", secret, cache, alone, command)
	}
	switch n.Manager {
	case "npm":
		command := "npm ci"
		if !n.Lock {
			command = "npm install --no-audit --no-fund"
		}
		if !all {
			command += " --omit=dev"
		}
		run("/root/.npm", command)
	case "yarn":
		command := "yarn install"
		if n.Lock {
			command += " --frozen-lockfile"
		}
		if !all {
			command += " --production"
		}
		run("/usr/local/share/.cache/yarn", command)
	case "berry":
		yarn := "yarn"
		if r := p.berryRelease(); r != "" {
			yarn = "node " + r
		}
		if all || n.PnP {
			run("/root/.yarn/berry/cache", yarn+" install --immutable")
		} else {
			run("/root/.yarn/berry/cache", yarn+" workspaces focus --production")
		}
	case "pnpm":
		command := "pnpm install --store-dir=/pnpm"
		if n.Lock {
			command += " --frozen-lockfile"
		}
		if !all {
			command += " --prod"
		}
		d.line("ENV npm_config_manage_package_manager_versions=false")
		run("/pnpm", command)
	case "bun":
		command := "bun install"
		if n.Lock {
			command += " --frozen-lockfile"
		}
		if !all {
			command += " --production"
		}
		run("/root/.bun/install/cache", command+" && mkdir -p node_modules")
	}
}

// nodeTool installs the manager, where node's image does not bring it.
func (p *plan) nodeTool() {
	n := p.js()
	switch {
	case n.Manager == "npm":
	case n.Manager == "yarn":
		// Images of node brought it until 24; what they brought gives way.
		p.d.line("RUN --mount=type=cache,target=/root/.npm npm install --global --force yarn@%s", knowledge.ToolVersion("yarn"))
	case n.Manager == "berry" && p.berryRelease() != "":
	default:
		p.d.line("RUN --mount=type=cache,target=/root/.npm npm install --global %s@%s", n.Tool.Name, n.Tool.Version)
	}
}

// berryRelease is the yarn that a project brings; "" = none.
func (p *plan) berryRelease() string {
	for l := range strings.Lines(string(p.s.Read(".yarnrc.yml"))) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), "yarnPath:"); ok {
			return strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return ""
}

// nodeManifests copies the files that an install reads.
func (p *plan) nodeManifests() {
	n, d := p.js(), &p.d
	var files []string
	for _, f := range n.Files {
		if !p.isDir(f) && f != ".yarn" && !strings.Contains(f, "/") {
			files = append(files, f)
		}
	}
	p.takes(n.Files...)
	d.line("COPY %s ./", words(files))
	for _, f := range n.Files {
		switch {
		case f == ".yarn" || p.isDir(f):
			d.line("COPY %s ./%s", f, f)
		case strings.Contains(f, "/"):
			d.line("COPY %s ./%s/", f, path.Dir(f))
		}
	}
}

// nodeBuild copies the sources and builds.
func (p *plan) nodeBuild() {
	n, d := p.js(), &p.d
	p.copies(n.Code)
	run := map[string]string{"npm": "npm run", "yarn": "yarn run", "berry": "yarn run", "pnpm": "pnpm run", "bun": "bun run"}[n.Manager]
	if r := p.berryRelease(); n.Manager == "berry" && r != "" {
		run = "node " + r + " run"
	}
	if n.Prisma && !strings.Contains(string(p.s.Read("package.json")), "prisma generate") {
		d.line("RUN npx prisma generate")
	}
	if n.Member != "" {
		for _, u := range n.Uses {
			if u.Build {
				d.line("RUN %s", p.nodeRun(u))
			}
		}
		return
	}
	for i, v := range n.Given {
		if i == 0 {
			d.line("# What .env says of the site, which browsers get to know: --build-arg gives other values.")
		}
		d.line("ARG %s=%q", v.Name, v.Version)
	}
	next := ""
	if p.s.Framework.Value == "Next.js" {
		next = "NEXT_TELEMETRY_DISABLED=1 "
	}
	d.line("RUN %s%s %s", next, run, n.Script)
}

// nodeProbe is a program of one line that asks the server how it is.
func (p *plan) nodeProbe() string {
	route, ok := p.s.Health.Value, "r.ok"
	if route == "" {
		route, ok = "/", "r.status < 500"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; a route like /health that also asks what the program depends on tells more")
	}
	return fmt.Sprintf("fetch('http://127.0.0.1:%s%s', {redirect: 'manual', signal: AbortSignal.timeout(3000)}).then(r => process.exit(%s ? 0 : 1), () => process.exit(1))", p.s.Port.Value, route, ok)
}

// builtSite writes the container of a site of files, which a build makes.
func (p *plan) builtSite(builder Base) error {
	s, n, d := p.s, p.s.Node, &p.d
	server, err := p.opt.Pick(Want{Repo: "nginxinc/nginx-unprivileged", Product: "nginx", Spare: 3})
	if err != nil {
		return err
	}
	p.chose("base "+server.String(), "nginx without root: "+server.Why)
	d.line("# syntax=docker/dockerfile:1")
	d.part("The build stays in this stage: the final stage copies only the site.")
	p.from(builder, "build")
	d.line("WORKDIR %s", p.work)
	tools := p.natives(builder, stack.Native.ToBuild)
	slices.Sort(tools)
	p.nodeInstall(tools, true)
	p.nodeBuild()
	d.part("")
	p.from(server, "runtime")
	fallback := "=404"
	if n.SPA {
		fallback = "/index.html"
		p.chose("try_files … /index.html", "the site routes its paths itself: every path that is no file is answered by its index")
	}
	d.line(`COPY <<'EOF' /etc/nginx/conf.d/default.conf
server {
    listen 8080;
    root /usr/share/nginx/html;
    location / {
        try_files $uri $uri/ $uri.html %s;
    }
}
EOF`, fallback)
	d.line("COPY --from=build %s /usr/share/nginx/html", path.Join(p.work, n.Member, n.Public))
	p.become("101:101")
	d.line("EXPOSE 8080")
	d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=5s --retries=3 \\\n    CMD %s", exec([]string{"curl", "--fail", "--silent", "--output", "/dev/null", "--max-time", "3", "http://127.0.0.1:8080/"}))
	p.begins(s.Exec, s.Args)
	return nil
}
