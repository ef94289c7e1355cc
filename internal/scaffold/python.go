package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/stack"
)

const venv = recipe.Environment

// python writes the container of a Python project.
func (p *plan) python() error {
	s, py := p.s, p.s.Python
	in := &py.Install
	want := Want{Repo: "python", Variant: "slim-%s", Spec: s.Version.Spec, Spare: 3}
	if s.Version.Spec != "" {
		want.Fits = func(v string) bool { return python.Fits(v, s.Version.Spec) }
	}
	if s.Version.Below != "" {
		want.Prefers = func(v string) bool { return python.Fits(v, "<"+s.Version.Below) }
	}
	if n := strings.Count(s.Version.Spec, "."); n > 0 && !strings.ContainsAny(s.Version.Spec, "<>=~^!,*") {
		parts := strings.SplitN(s.Version.Spec, ".", 3)
		minor := parts[0] + "." + parts[1]
		want.Relax = append(want.Relax, func(v string) bool { return python.Fits(v, minor) })
		if s.Version.Soft {
			want.Relax = append(want.Relax, func(v string) bool { return python.Fits(v, s.Version.Also) })
		}
	}
	p.likes(&want, "python")
	if p.opt.Base == "alpine" {
		want.Variant, want.Systems = "alpine%s", alpines()
	}
	base, err := p.opt.Pick(want)
	if err != nil {
		return err
	}
	minor := line(base.Version)
	if p.opt.Base == "wolfi" {
		why := base.Why
		if base, err = p.wolfiBase(); err != nil {
			return err
		}
		base.Version, base.Why = minor, "Python "+minor+": "+why
	}
	compiles := false
	if s.Version.Below != "" {
		if want.Prefers(base.Version) {
			if base.Why != "" {
				base.Why += "; " + s.Version.Why
			}
		} else {
			compiles = true
			p.chose("build-essential in the builder", s.Version.Why+" than Python "+s.Version.Below+" minus one, and no supported version of Python is that old: it is compiled")
		}
	}
	p.chose("base "+base.String(), base.Why)
	p.ships = base
	d := &p.d
	d.line("# syntax=docker/dockerfile:1")
	d.part("")
	p.from(base, "base")
	if p.opt.Base == "wolfi" {
		d.line("RUN apk add --no-cache python-%s", minor)
	}
	d.part("The build tools stay in this stage: the final stage copies only the virtual environment.")
	d.line("FROM base AS build")
	if p.opt.Base == "wolfi" {
		d.line("RUN apk add --no-cache py%s-pip", minor)
	}
	if list := py.NoMusl; p.apk() && p.opt.Base == "alpine" && len(list) > 0 {
		compiles = true
		p.chose("build-base in the builder", fmt.Sprintf("the lock has no wheels for musl of %s: they are compiled, and may need more", strings.Join(list, ", ")))
	}
	if build := p.natives(base, stack.Native.ToBuild); len(build) > 0 || compiles {
		if compiles && !slices.Contains(build, "build-essential") {
			build = append(build, "build-essential")
		}
		slices.Sort(build)
		p.add(build)
	}
	if err := p.install(); err != nil {
		return err
	}
	p.stages()
	if s.Assets != nil {
		if err := p.assets(); err != nil {
			return err
		}
	}
	d.part("The same base image, so that the virtual environment finds its interpreter at the same path.")
	d.line("FROM base AS runtime")
	env := []string{"PATH=" + venv + "/bin:$PATH", "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"}
	if py.Root != "." && !p.installed() {
		env = append(env, "PYTHONPATH="+path.Join(p.work, py.Root))
	}
	for _, v := range s.Set {
		env = append(env, v.Name+"="+v.Version)
	}
	d.line("ENV %s", strings.Join(env, " \\\n    "))
	if runtime := p.natives(base, stack.Native.ToRun); len(runtime) > 0 {
		slices.Sort(runtime)
		p.add(runtime)
	}
	p.system()
	p.user()
	d.line("COPY --from=build %s %s", venv, venv)
	d.line("WORKDIR %s", p.work)
	p.early()
	p.copies(p.pythonSources())
	if s.Assets != nil {
		for _, made := range s.Assets.Output {
			d.line("COPY --from=assets %s/%s ./%s", p.work, made, made)
		}
	}
	p.static()
	p.writable(p.work)
	p.become(p.number + ":" + p.number)
	p.serve()
	_ = in
	return nil
}

// installed tells whether the project itself is installed into the environment, so
// that its source is not copied beside it.
func (p *plan) installed() bool { return p.s.Python.Install.Project }

// pythonSources are the files that the program needs beside its environment.
func (p *plan) pythonSources() []string {
	in := &p.s.Python.Install
	var list []string
	for _, n := range p.s.Sources {
		if in.Member != "" && (n == in.Member || strings.HasPrefix(in.Member, n+"/")) {
			if p.installed() {
				continue
			}
			n = in.Member // and not the other members beside it
		}
		if p.installed() && slices.ContainsFunc(in.Modules, func(m string) bool { return m == n || strings.HasPrefix(m, n+"/") }) {
			// What starts by its file has to be there as one.
			if !(len(p.s.Args) > 0 && strings.HasPrefix(p.s.Args[0], n+"/")) {
				continue
			}
		}
		list = append(list, n)
	}
	return list
}

// natives are packages of Debian that dependencies need, each once, by the names that
// they have in the release of a base.
func (p *plan) natives(on Base, of func(stack.Native) []string) (list []string) {
	for _, n := range p.s.Native {
		var named []string
		for _, pkg := range of(n) {
			if !p.apk() {
				pkg = knowledge.DebianName(pkg, on.release())
			}
			named = append(named, pkg)
			if !slices.Contains(list, pkg) {
				list = append(list, pkg)
			}
		}
		if len(named) > 0 {
			p.chose(strings.Join(named, ", "), fmt.Sprintf("%s (%s): %s", n.Package, n.At, n.Why))
		}
	}
	return list
}

// added are the packages that the project lacks, as pip takes them.
func (p *plan) added() string {
	var b strings.Builder
	for _, t := range p.s.Python.Add {
		b.WriteByte(' ')
		spec := t.Name
		if t.Version != "" {
			spec += "==" + t.Version
		}
		if strings.ContainsAny(spec, "[]") {
			spec = "'" + spec + "'"
		}
		b.WriteString(spec)
		p.chose(strings.TrimSpace(t.Name+" "+t.Version), t.Why)
	}
	return b.String()
}

const pipCache = "RUN --mount=type=cache,target=/root/.cache/pip \\\n    "

// install fills the virtual environment.
func (p *plan) install() error {
	d, in := &p.d, &p.s.Python.Install
	pip := "pip --python " + venv + "/bin/python install"
	if at := p.s.Python.Torch; at != (stack.Place{}) && !p.opt.GPU {
		if p.s.Lock.Known() && !in.Hashes {
			p.Unknown = append(p.Unknown, fmt.Sprintf("the lock has PyTorch (%s) with CUDA, several gigabytes: the index https://download.pytorch.org/whl/cpu has it for the processor alone", at))
		} else if !in.Hashes {
			pip += " --extra-index-url https://download.pytorch.org/whl/cpu"
			p.chose("PyTorch for the processor", fmt.Sprintf("%s does not say that a GPU is needed: --gpu takes the one with CUDA", at))
		}
	}
	added := p.added()
	makes := func() { d.line("RUN python -m venv --without-pip %s", venv) }
	extra := func() {
		if added != "" {
			d.line("%s%s%s", pipCache, pip, added)
		}
	}
	switch in.By {
	case "uv":
		p.uv(added)
		return nil
	case "":
		makes()
		extra()
		return nil
	case "script":
		makes()
		list := ""
		for _, spec := range in.Packages {
			list += " " + shellWord(spec)
		}
		d.line("# What the script declares in its first lines.")
		d.line("%s%s%s%s", pipCache, pip, list, added)
		return nil
	}
	makes()
	d.line("WORKDIR /src")
	p.manifests(in.Files)
	tool := func(name string) string { return name + "==" + in.Tool.Version }
	switch in.By {
	case "pip":
		for _, l := range in.Locals {
			d.line("COPY %s ./%s", l, l)
			p.takes(l)
		}
		files := ""
		for _, f := range in.Requires {
			if len(in.Drop) > 0 || len(in.Development) > 0 {
				f = p.without(f)
			}
			files += " -r " + f
		}
		hashes := ""
		if in.Hashes {
			hashes = " --require-hashes"
		}
		if in.Hashes && added != "" {
			d.line("%s%s%s%s", pipCache, pip, hashes, files)
			extra()
		} else {
			d.line("%s%s%s%s%s", pipCache, pip, hashes, files, added)
		}
		if in.Project {
			p.dependenciesOf(pip)
		}
	case "poetry":
		plugin := ""
		if !strings.HasPrefix(in.Tool.Version, "1.") {
			plugin = " poetry-plugin-export"
		}
		d.line("RUN --mount=type=cache,target=/root/.cache/pip \\\n    python -m venv /opt/poetry \\\n && /opt/poetry/bin/pip install %s%s", tool("poetry"), plugin)
		if p.s.Lock.Known() {
			d.line("# The lock says what is installed; pip installs it, from whatever index pip is set to.")
		}
		d.line("%s/opt/poetry/bin/poetry export --only main --output /tmp/requirements.txt \\\n && %s -r /tmp/requirements.txt%s", pipCache, pip, p.plain(added))
		if p.plain(added) == "" {
			extra()
		}
	case "pdm":
		d.line("RUN --mount=type=cache,target=/root/.cache/pip \\\n    python -m venv /opt/pdm \\\n && /opt/pdm/bin/pip install 'pdm[locked]==%s'", in.Tool.Version)
		d.line("RUN --mount=type=cache,target=/root/.cache/pdm \\\n    VIRTUAL_ENV=%s PDM_IGNORE_SAVED_PYTHON=1 PDM_CHECK_UPDATE=0 /opt/pdm/bin/pdm sync --prod --no-self", venv)
		extra()
	case "pipenv":
		d.line("RUN --mount=type=cache,target=/root/.cache/pip \\\n    python -m venv /opt/pipenv \\\n && /opt/pipenv/bin/pip install %s", tool("pipenv"))
		if p.s.Lock.Known() {
			d.line("%s/opt/pipenv/bin/pipenv requirements > /tmp/requirements.txt \\\n && %s -r /tmp/requirements.txt%s", pipCache, pip, p.plain(added))
			if p.plain(added) == "" {
				extra()
			}
		} else {
			d.line("%s/opt/pipenv/bin/pipenv lock && /opt/pipenv/bin/pipenv requirements > /tmp/requirements.txt \\\n && %s -r /tmp/requirements.txt", pipCache, pip)
			extra()
		}
	case "pyproject":
		p.dependenciesOf(pip)
		extra()
	case "setup":
		p.takes(in.Reads...)
		if len(in.Reads) > 0 {
			d.line("COPY %s ./", words(in.Reads))
		}
		list := ""
		for _, spec := range in.Packages {
			list += " " + shellWord(spec)
		}
		if list += added; list != "" {
			d.line("# What setup.py asks for, so that its source is no reason to install it again.")
			d.line("%s%s%s", pipCache, pip, list)
		}
		d.line("RUN --mount=type=cache,target=/root/.cache/pip \\\n    pip install wheel %s", strings.Join(in.Build, " "))
	}
	p.project(pip)
	return nil
}

// shellWord is a word as a shell takes it.
func shellWord(s string) string {
	if strings.ContainsAny(s, " <>=[]();'\"*~!|&$") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// plain are packages to add where the others carry no hashes; a lock's do, and
// then they are installed by themselves.
func (p *plan) plain(added string) string {
	if p.s.Lock.Known() {
		return ""
	}
	return added
}

// without is a requirements file without the lines that install the project itself,
// and tools that only people at work need.
func (p *plan) without(file string) string {
	in := &p.s.Python.Install
	out := path.Join(path.Dir(file), "runtime-"+path.Base(file))
	var drop []string
	if len(in.Drop) > 0 {
		drop = append(drop, `(-e |--editable[= ])?\.(\[|$)`)
	}
	if len(in.Development) > 0 {
		p.d.line("# Tools for development stay out of the image.")
		drop = append(drop, "("+strings.Join(in.Development, "|")+")([^A-Za-z0-9_.-]|$)")
		p.chose("without "+strings.Join(in.Development, ", "), file+" has tools for development: a file of their own, such as requirements-dev.txt, is the better place")
	}
	p.d.line("RUN grep -viE '^(%s)' %s > %s", strings.Join(drop, "|"), file, out)
	return out
}

// manifests copies the files that the install reads, each to its place.
func (p *plan) manifests(files []string) {
	p.takes(files...)
	byDir := map[string][]string{}
	var dirs []string
	for _, f := range files {
		dir := path.Dir(f)
		if byDir[dir] == nil {
			dirs = append(dirs, dir)
		}
		byDir[dir] = append(byDir[dir], f)
	}
	for _, dir := range dirs {
		to := "./"
		if dir != "." {
			to = "./" + dir + "/"
		}
		p.d.line("COPY %s", words(append(slices.Clone(byDir[dir]), to)))
	}
}

// dependenciesOf installs what [project] depends on, before its source is there.
func (p *plan) dependenciesOf(pip string) {
	if p.s.Python.Install.By == "pyproject" || len(p.s.Python.Install.Drop) > 0 {
		p.d.line("RUN python -c \"import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project'].get('dependencies', []), sep='\\n')\" > /tmp/dependencies.txt")
		p.d.line("%s%s -r /tmp/dependencies.txt", pipCache, pip)
	}
}

// project installs the project itself, where its program needs that.
func (p *plan) project(pip string) {
	in := &p.s.Python.Install
	if !in.Project {
		return
	}
	d := &p.d
	build := in.Build
	if len(build) == 0 {
		build = []string{"setuptools"}
	}
	quoted := make([]string, len(build))
	for i, b := range build {
		quoted[i] = shellWord(b)
	}
	if in.By != "setup" {
		d.line("RUN --mount=type=cache,target=/root/.cache/pip \\\n    pip install wheel %s", strings.Join(quoted, " "))
	}
	d.line("# The project itself, without its dependencies: they are there.")
	if len(in.Reads) > 0 && in.By != "setup" {
		p.takes(in.Reads...)
		d.line("COPY %s ./", words(in.Reads))
	}
	for _, m := range in.Modules {
		to := "./" + m
		if !p.isDir(m) {
			to = "./"
		}
		d.line("COPY %s", words([]string{m, to}))
		p.takes(m)
	}
	if len(in.Modules) == 0 {
		p.copies(p.s.Sources)
	}
	d.line("RUN pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheels . \\\n && %s --no-deps --no-index /tmp/wheels/*.whl", pip)
}

// uv fills the environment with uv.
func (p *plan) uv(added string) {
	d, in := &p.d, &p.s.Python.Install
	d.line("RUN --mount=type=cache,target=/root/.cache/pip \\\n    pip install uv==%s", in.Tool.Version)
	d.line("ENV UV_COMPILE_BYTECODE=1 \\\n    UV_LINK_MODE=copy \\\n    UV_PYTHON_DOWNLOADS=never \\\n    UV_PROJECT_ENVIRONMENT=%s", venv)
	d.line("WORKDIR /src")
	p.manifests(in.Files)
	const cache = "RUN --mount=type=cache,target=/root/.cache/uv \\\n    "
	locked := " --locked"
	if !p.s.Lock.Known() {
		locked = ""
	}
	flags := ""
	for _, e := range in.Extras {
		flags += " --extra " + e
	}
	for _, t := range in.Development {
		flags += " --no-install-package " + t
	}
	for _, g := range in.Without {
		flags += " --no-group " + g
	}
	if len(in.Development) > 0 {
		p.chose("without "+strings.Join(in.Development, ", "), "the project's dependencies have tools for development: a group of their own, such as dev, is the better place")
	}
	skip := " --no-install-project"
	if len(in.Locals) > 0 {
		skip = " --no-install-workspace"
	}
	if in.Member != "" {
		flags += " --package " + in.Package
	}
	// uv leaves a lock that everybody may write.
	d.line("%suv sync%s --no-dev%s%s \\\n && rm -f %s/.lock", cache, locked, skip, flags, venv)
	if added != "" {
		d.line("%suv pip install --python %s/bin/python%s \\\n && rm -f %s/.lock", cache, venv, added, venv)
	}
	if !in.Project && len(in.Locals) == 0 {
		return
	}
	d.line("# The project itself, without its dependencies: they are there.")
	if len(in.Reads) > 0 {
		p.takes(in.Reads...)
		d.line("COPY %s ./", words(in.Reads))
	}
	for _, m := range slices.Concat(in.Locals, in.Modules) {
		to := "./" + m
		if !p.isDir(m) {
			to = "./"
		}
		d.line("COPY %s", words([]string{m, to}))
		p.takes(m)
	}
	project := ""
	if !in.Project {
		project = " --no-install-project"
	}
	inexact := ""
	if added != "" {
		inexact = " --inexact"
	}
	d.line("%suv sync%s --no-dev --no-editable%s%s%s \\\n && rm -f %s/.lock", cache, locked, project, inexact, flags, venv)
}

// static collects the files that Django serves.
func (p *plan) static() {
	dj := p.s.Python.Django
	if dj == nil || !dj.Static.Known() {
		return
	}
	vars := ""
	for _, v := range p.s.Env {
		if v.Required || v.Secret && strings.Contains(strings.ToUpper(v.Name), "SECRET_KEY") {
			vars += v.Name + "=dummy "
		}
	}
	if s := dj.Settings; s.Known() && path.Base(s.At.File) != "manage.py" && !strings.Contains(string(p.s.Read("manage.py")), s.Value) {
		vars = "DJANGO_SETTINGS_MODULE=" + s.Value + " " + vars
	}
	manage := "manage.py"
	if p.s.Python.Root != "." {
		manage = p.s.Python.Root + "/manage.py"
	}
	p.d.line("RUN %spython %s collectstatic --noinput", vars, manage)
	p.chose("collectstatic in the build", fmt.Sprintf("STATIC_ROOT is set (%s)", dj.Static.At))
}

// writable makes the folders that the program writes, and declares them as volumes.
func (p *plan) writable(root string) {
	var dirs, fresh []string
	for _, w := range p.s.Writes {
		dir := w.Value
		if !path.IsAbs(dir) {
			dir = path.Join(root, dir)
		}
		dirs = append(dirs, dir)
		if !slices.Contains(p.s.Sources, w.Value) {
			fresh = append(fresh, dir)
		}
		p.chose("volume "+dir, fmt.Sprintf("the program writes there (%s)", w.At))
	}
	if len(dirs) == 0 {
		return
	}
	if len(dirs) == 1 {
		p.d.line("# The only folder that the program may write.")
	} else {
		p.d.line("# The only folders that the program may write.")
	}
	if len(fresh) > 0 {
		p.d.line("RUN install -d -o %[1]s -g %[1]s %[2]s", p.number, strings.Join(fresh, " "))
	}
	p.d.line("VOLUME %s", exec(dirs))
}

// serve writes how the program is started, and how it is seen to be well.
func (p *plan) serve() {
	s, d := p.s, &p.d
	if s.Port.Known() {
		d.line("EXPOSE %s", s.Port.Value)
	}
	if s.StopSignal != "" {
		d.line("# %s", s.StopWhy)
		d.line("STOPSIGNAL %s", s.StopSignal)
	}
	if s.Kind == stack.Service && s.Port.Known() {
		d.line("HEALTHCHECK --interval=15s --timeout=4s --start-period=30s --retries=3 \\\n    CMD %s", exec([]string{"python", "-c", p.probe()}))
	}
	p.begins(s.Exec, s.Args)
}

// probe is a program of one line that asks the server how it is: http.client, since
// urllib would ask a proxy.
func (p *plan) probe() string {
	s := p.s
	route, ok := s.Health.Value, "!= 200"
	if route == "" {
		route, ok = "/", ">= 500"
		p.Unknown = append(p.Unknown, "no route tells how the program is: the probe takes any answer below 500 of / for life; a route like /health that also asks what the program depends on tells more")
	}
	header := ""
	if dj := s.Python.Django; dj != nil && !dj.OpenHost {
		if host := hostOf(dj.Hosts); host != "" {
			header = fmt.Sprintf(", headers={'Host': '%s'}", host)
		} else if s.Health.Known() {
			ok = ">= 500" // ALLOWED_HOSTS answers 400 where nobody knows the host's name
		}
	}
	return fmt.Sprintf("import http.client as h; c = h.HTTPConnection('127.0.0.1', %s, timeout=3); c.request('GET', '%s'%s); raise SystemExit(c.getresponse().status %s)", s.Port.Value, route, header, ok)
}

// hostOf is a host that ALLOWED_HOSTS lets in.
func hostOf(hosts []string) string {
	for _, h := range hosts {
		if h != "" && !strings.Contains(h, "*") {
			return strings.TrimPrefix(h, ".")
		}
	}
	return ""
}
