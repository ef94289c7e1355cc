package stack

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Member is a package of a workspace.
type Member struct {
	Dir   string `json:"dir"`
	Name  string `json:"name"`
	Build bool   `json:"build,omitempty"` // it has a build of its own
	pkg   *packageFile
}

// workspace are the packages of the workspace that the project is, by the patterns of
// package.json and of pnpm; nil = it is none.
func (p *nodeProject) workspace() (list []Member) {
	var globs []string
	switch w := p.pkg.Workspaces.(type) {
	case []any:
		globs = words(w)
	case map[string]any:
		globs = words(w["packages"])
	}
	var pnpm struct {
		Packages []string `yaml:"packages"`
	}
	if yaml.Unmarshal(p.t.read("pnpm-workspace.yaml"), &pnpm) == nil {
		globs = append(globs, pnpm.Packages...)
	}
	for _, f := range p.t.files {
		dir := path.Dir(f)
		if path.Base(f) != "package.json" || dir == "." || !inGlobs(globs, dir) {
			continue
		}
		m, err := readPackage(p.t, f)
		if err != nil {
			continue // it is told where it is needed
		}
		list = append(list, Member{Dir: dir, Name: m.Name, Build: m.Scripts["build"] != "", pkg: m})
	}
	return list
}

// inGlobs tells whether patterns of workspaces take a folder: the last that matches
// decides.
func inGlobs(globs []string, dir string) bool {
	in := false
	for _, g := range globs {
		g, not := strings.CutPrefix(strings.TrimPrefix(g, "./"), "!")
		g = strings.TrimSuffix(g, "/")
		ok, _ := path.Match(g, dir)
		if before, deep := strings.CutSuffix(g, "/**"); deep {
			ok = strings.HasPrefix(dir, before+"/")
		}
		if ok {
			in = !not
		}
	}
	return in
}

// appPackages are packages by which a member of a workspace is a program, and not a
// library of others.
var appPackages = []string{"next", "express", "fastify", "@nestjs/core", "astro", "@sveltejs/kit", "hono", "koa", "@react-router/serve", "@remix-run/serve", "nuxt", "vite", "react-scripts", "@hapi/hapi"}

// choose is the member that is the program; nil = the root is.
func (p *nodeProject) choose() (*Member, error) {
	if len(p.space) == 0 {
		return nil, nil
	}
	var apps []*Member
	var choices []Choice
	for i := range p.space {
		m := &p.space[i]
		if p.opt.App != "" && (m.Dir == path.Clean(p.opt.App) || m.Name == p.opt.App || path.Base(m.Dir) == p.opt.App) {
			p.opt.App = ""
			return m, nil
		}
		for _, name := range appPackages {
			// A library that a site shows has its framework for its peers.
			if m.pkg.Dependencies[name] != "" || m.pkg.Dev[name] != "" && (m.pkg.Scripts["build"] != "" || m.pkg.Scripts["start"] != "") {
				apps = append(apps, m)
				choices = append(choices, Choice{m.Dir, name})
				break
			}
		}
	}
	switch {
	case len(apps) == 0 || p.hasServer():
		return nil, nil
	case len(apps) == 1:
		return apps[0], nil
	}
	return nil, &Unclear{Question: "several packages of this workspace are programs", Flag: "--app", Choices: choices}
}

// enter looks at one member as if it were the project, whose install is the root's.
func (p *nodeProject) enter(m *Member) error {
	n := p.n
	n.Member = m.Dir
	seen := map[string]bool{}
	var follow func(m *Member)
	follow = func(m *Member) {
		if seen[m.Dir] {
			return
		}
		seen[m.Dir] = true
		for i := range p.space {
			if o := &p.space[i]; m.pkg.needs(o.Name) {
				follow(o)
			}
		}
		n.Uses = append(n.Uses, *m)
	}
	follow(m)
	t, err := p.t.sub(m.Dir)
	if err != nil {
		return fmt.Errorf("read %s: %w", m.Dir, err)
	}
	p.t, p.pkg = t, m.pkg
	n.Prisma = m.pkg.needs("prisma") || m.pkg.needs("@prisma/client")
	return nil
}

// leave says where everything stands from the root of the workspace.
func (p *nodeProject) leave(m *Member) {
	s, n := p.s, p.n
	at := func(list ...*Place) {
		for _, a := range list {
			if a.File != "" {
				a.File = m.Dir + "/" + a.File
			}
		}
	}
	at(&s.Framework.At, &s.Server.At, &s.App.At, &s.Start.At, &s.Port.At, &s.Health.At)
	for i := range s.Env {
		at(&s.Env[i].At)
	}
	for i := range s.Services {
		at(&s.Services[i].At)
	}
	for i := range s.Native {
		at(&s.Native[i].At)
	}
	for i, f := range s.Sources {
		s.Sources[i] = m.Dir + "/" + f
	}
	n.Code = nil
	for _, u := range n.Uses {
		n.Code = append(n.Code, u.Dir)
	}
	// Settings that its packages share lie beside them.
	for _, f := range []string{"tsconfig.json", "tsconfig.base.json", "turbo.json", "nx.json", "babel.config.js"} {
		if _, err := p.root.open(f); err == nil {
			n.Code = append(n.Code, f)
		}
	}
	slices.Sort(n.Code)
}
