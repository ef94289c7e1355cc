package scaffold

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/stack"
)

// nodeMember writes the container of a package of a workspace: the install is that of
// the root, by its lock; the build is that of the package and of those that it uses.
func (p *plan) nodeMember(base Base) error {
	s, n, d := p.s, p.s.Node, &p.d
	d.line("# syntax=docker/dockerfile:1")
	d.part("")
	p.from(base, "base")
	d.line("WORKDIR %s", p.work)
	tools := p.natives(base, stack.Native.ToBuild)
	slices.Sort(tools)
	built := slices.ContainsFunc(n.Uses, func(u stack.Member) bool { return u.Build })
	if built {
		d.part("The build of the package and of those that it uses, with what only it needs.")
		d.line("FROM base AS build")
		p.nodeInstall(tools, true)
		p.nodeBuild()
	}
	standalone := slices.Contains(n.Output, ".next/standalone")
	if !standalone {
		d.part("What the packages need where they run, and nothing for development.")
		d.line("FROM base AS packages")
		p.nodeInstall(tools, false)
	}
	p.stages()
	d.part("")
	d.line("FROM base AS runtime")
	env := []string{"NODE_ENV=production"}
	for _, v := range s.Set {
		env = append(env, v.Name+"="+v.Version)
	}
	d.line("ENV %s", strings.Join(env, " \\\n    "))
	system := p.natives(base, stack.Native.ToRun)
	init := !n.Handles && s.Kind != stack.Job
	if init {
		system = append(system, "tini")
		p.chose("tini", "nothing in the source handles SIGTERM, which node as the first process of a container does not hear: behind an init it ends as everywhere else")
	}
	if len(system) > 0 {
		slices.Sort(system)
		d.apt(system)
	}
	p.system()
	from := ""
	if built {
		from = "--from=build " + p.work + "/"
	}
	if standalone {
		d.line("COPY --from=build %s/%s/.next/standalone ./", p.work, n.Member)
	} else {
		d.line("COPY --from=packages %s ./", p.work)
		for _, u := range n.Uses[:len(n.Uses)-1] {
			d.line("COPY %s%s ./%s", from, u.Dir, u.Dir)
		}
	}
	p.early()
	for _, o := range n.Output {
		if o != ".next/standalone" && built {
			at := path.Join(n.Member, o)
			d.line("COPY --from=build %s/%s ./%s", p.work, at, at)
		}
	}
	p.copies(slices.DeleteFunc(slices.Clone(s.Sources), func(f string) bool {
		return slices.Contains(n.Output, strings.TrimPrefix(f, n.Member+"/"))
	}))
	d.line("WORKDIR %s/%s", p.work, n.Member)
	p.writable(p.work + "/" + n.Member)
	// Packages lie at the root of the workspace, but for pnpm, which links them.
	if n.Manager != "pnpm" {
		up := strings.Repeat("../", strings.Count(n.Member, "/")+1)
		for i, a := range s.Args {
			if strings.HasPrefix(a, "node_modules/") {
				s.Args[i] = up + a
			}
		}
		s.Exec[0] = strings.Replace(s.Exec[0], "./node_modules/", up+"node_modules/", 1)
	}
	p.nodeStart(init)
	return nil
}

// nodeRun is the command that builds a package of a workspace.
func (p *plan) nodeRun(u stack.Member) string {
	switch p.s.Node.Manager {
	case "yarn", "berry":
		return "yarn workspace " + u.Name + " run build"
	case "pnpm":
		return "pnpm --filter " + u.Name + " run build"
	case "bun":
		return "bun run --filter " + u.Name + " build"
	}
	return "npm run build --workspace " + u.Dir
}
