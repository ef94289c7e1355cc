package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// ruby writes the container of a Ruby project.
func (p *plan) ruby() error {
	s, r, d := p.s, p.s.Ruby, &p.d
	want := rubyWant(s.Version)
	p.likes(&want, "ruby")
	base, err := p.opt.Pick(want)
	if err != nil {
		return err
	}
	p.chose("base "+base.String(), base.Why)
	p.ships = base
	node := s.Assets != nil || r.Assets && r.Engine
	d.line("# syntax=docker/dockerfile:1")
	if node {
		at, why := stack.Place{File: "package.json"}, "the assets are built with it"
		if s.Assets == nil {
			at, why = stack.Place{File: "Gemfile.lock"}, "execjs runs a JavaScript of the system when assets are compiled"
		}
		if err := p.nodeBeside(at, why); err != nil {
			return err
		}
	}
	d.part("")
	p.from(base, "base")
	env := []string{"BUNDLE_WITHOUT=" + strings.Join(r.Without, ":")}
	if len(r.Without) == 0 {
		env = nil
	}
	if s.Lock.Known() {
		env = append(env, "BUNDLE_FROZEN=true")
	}
	for _, v := range s.Set {
		env = append(env, v.Name+"="+v.Version)
	}
	if len(env) > 0 {
		d.line("ENV %s", strings.Join(env, " \\\n    "))
	}
	d.line("WORKDIR %s", p.work)
	d.part("The compiler stays in this stage: the final stage copies only the gems, and what is compiled.")
	d.line("FROM base AS build")
	p.gems(base)
	compiled := p.rubyBuild(node)
	p.stages()
	d.part("")
	d.line("FROM base AS runtime")
	p.rubyRuntime(base, compiled)
	return nil
}

// rubyWant is the Ruby that a project asks for.
func rubyWant(v stack.Version) Want {
	w := Want{Repo: "ruby", Variant: "slim-%s", Spec: v.Spec, Spare: 3}
	if v.Spec == "" {
		return w
	}
	w.Fits = func(have string) bool { return rubyFits(have, v.Spec) }
	// One that an image is not to be had of: the same line, and said.
	if parts := strings.Split(v.Spec, "."); v.Soft && len(parts) > 2 {
		minor := parts[0] + "." + parts[1]
		w.Relax = append(w.Relax, func(have string) bool { return knowledge.Compare(have, minor) == 0 })
	}
	return w
}

// rubyFits tells whether a version does for what a Gemfile asks for.
// Source: guides.rubygems.org/patterns: pessimistic version constraint.
func rubyFits(have, spec string) bool {
	for part := range strings.SplitSeq(spec, ",") {
		part = strings.TrimSpace(part)
		op := strings.TrimRight(part[:len(part)-len(strings.TrimLeft(part, "<>=~! "))], " ")
		v := strings.TrimSpace(strings.TrimLeft(part, "<>=~! "))
		c := knowledge.Compare(have, v)
		ok := false
		switch op {
		case "", "=":
			ok = c == 0
		case "!=":
			ok = c != 0
		case ">=":
			ok = c >= 0
		case ">":
			ok = c > 0
		case "<=":
			ok = c <= 0
		case "<":
			ok = c < 0
		case "~>":
			up := v
			if i := strings.LastIndexByte(v, '.'); i > 0 {
				up = v[:i]
			}
			ok = c >= 0 && knowledge.Compare(have, up) == 0
		}
		if !ok {
			return false
		}
	}
	return true
}

// gems installs the gems, from the manifests alone.
func (p *plan) gems(base Base) {
	d, r := &p.d, p.s.Ruby
	// Ruby's image has no compiler, and hardly a project is without a gem in C.
	build := append(p.natives(base, stack.Native.ToBuild), "build-essential")
	if r.Git {
		build = append(build, "git")
	}
	slices.Sort(build)
	d.apt(slices.Compact(build))
	p.manifests(r.Files)
	p.copies(r.Paths)
	local := ""
	if r.Vendored {
		p.copies([]string{"vendor/cache"})
		local = " --local"
	}
	const cache = "RUN --mount=type=cache,target=/root/.bundle/cache \\\n    "
	rest := ""
	if r.Git {
		rest = " /usr/local/bundle/bundler/gems/*/.git"
	}
	d.line("%sBUNDLE_GLOBAL_GEM_CACHE=true bundle install --jobs 4%s \\\n && rm -rf /usr/local/bundle/cache%s", cache, local, rest)
}

// rubyBuild compiles what is compiled, and names it.
func (p *plan) rubyBuild(node bool) (compiled []string) {
	d, s, r := &p.d, p.s, p.s.Ruby
	if !r.Assets && !r.Bootsnap {
		return nil
	}
	if node && r.Assets {
		p.nodeCopied()
		if s.Assets != nil {
			p.nodeInstall(nil, true)
		}
	}
	code := slices.Clone(s.Sources)
	if s.Assets != nil && r.Assets {
		code = append(code, s.Assets.Code...)
	}
	p.copies(slices.DeleteFunc(code, func(c string) bool { return slices.Contains(r.Files, c) || slices.Contains(r.Paths, c) }))
	if r.Bootsnap {
		folders := ""
		for _, dir := range []string{"app", "lib"} {
			if p.isDir(dir) {
				folders += " " + dir + "/"
			}
		}
		d.line("RUN bundle exec bootsnap precompile --gemfile%s", folders)
		compiled = append(compiled, "tmp/cache")
	}
	if r.Assets {
		d.line("# What it needs to load is made up here, for this step alone, and stands in no layer.")
		env := "SECRET_KEY_BASE_DUMMY=1"
		if r.Rails != "" && knowledge.Compare(r.Rails, "7.1") < 0 { // which does not know it yet
			env = "SECRET_KEY_BASE=unused"
		}
		for _, name := range r.Dummies {
			env += " " + name + "=unused"
		}
		for _, v := range s.Env {
			if v.Name == "DATABASE_URL" && v.Required && !slices.Contains(r.Dummies, v.Name) {
				env += " DATABASE_URL=" + p.adapter() + ":///unused"
			}
		}
		d.line("RUN %s bundle exec rails assets:precompile", env)
		compiled = append(compiled, "public")
	}
	return compiled
}

// adapter is the scheme by which Rails knows its database.
func (p *plan) adapter() string {
	for _, name := range []string{"mysql2", "trilogy"} {
		if p.s.Talks(name) {
			return name
		}
	}
	return "postgresql"
}

// rubyRuntime writes the final stage.
func (p *plan) rubyRuntime(base Base, compiled []string) {
	s, d := p.s, &p.d
	d.line("# Fewer arenas of memory: threads of Ruby otherwise keep far more than they need.")
	d.line("ENV MALLOC_ARENA_MAX=2")
	system := p.natives(base, stack.Native.ToRun)
	if s.Kind != stack.Job {
		system = append(system, "tini")
		p.chose("tini", "Ruby ends in order at SIGTERM, and as the first process of a container with status 1: behind an init it ends as everywhere else")
	}
	if len(system) > 0 {
		slices.Sort(system)
		d.apt(system)
	}
	p.system()
	p.user()
	d.line("COPY --from=build /usr/local/bundle /usr/local/bundle")
	p.early()
	p.copies(slices.DeleteFunc(slices.Clone(s.Sources), func(n string) bool { return slices.Contains(compiled, n) }))
	for _, c := range compiled {
		d.line("COPY --from=build %s/%s ./%s", p.work, c, c)
	}
	p.writable(p.work)
	p.become(p.number + ":" + p.number)
	if s.Port.Known() {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if s.Kind == stack.Service && s.Port.Known() {
		d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=60s --retries=3 \\\n    CMD %s", exec([]string{"ruby", "-rnet/http", "-e", p.rubyProbe()}))
	}
	start := s.Exec
	if s.Kind != stack.Job {
		start = append([]string{"tini", "--"}, s.Exec...)
	}
	p.begins(start, s.Args)
}

// rubyProbe is a program of one line that asks the server how it is, and no proxy.
func (p *plan) rubyProbe() string {
	route, ok := p.s.Health.Value, "== '200'"
	if route == "" {
		route, ok = "/", "< '500'"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; a route like /up that also asks what the program depends on tells more")
	}
	headers := ""
	for _, h := range p.s.Asks {
		headers += fmt.Sprintf(", '%s' => '%s'", h.Name, h.Version)
	}
	return fmt.Sprintf("h = Net::HTTP.new('127.0.0.1', %s, nil); h.open_timeout = h.read_timeout = 3; h.max_retries = 0; exit h.get('%s'%s).code %s", p.s.Port.Value, route, headers, ok)
}
