package split

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// language notes what an install of packages of a language makes.
func (s *splitter) language(p *part, in packages.Install) {
	line := p.step.Line()
	switch in.Manager {
	case "pip":
		switch {
		case in.User:
			no("line %d installs into root's home, which only root may read", line)
		case in.Target.Text != "":
			no("line %d installs into a folder of its own, %s", line, in.Target.Text)
		case tools(in):
			return // pip install poetry: for the build alone
		}
		s.python(p, "")
	case "uv":
		switch in.Verb {
		case "sync":
			at := path.Join(in.Command.Dir, ".venv")
			if v, ok := p.step.Env.Lookup("UV_PROJECT_ENVIRONMENT"); ok {
				at = v.Value
			}
			s.python(p, at)
		case "install":
			if v, ok := p.step.Env.Lookup("UV_SYSTEM_PYTHON"); ok && v.Value != "" && v.Value != "0" {
				no("UV_SYSTEM_PYTHON makes line %d install beside Python itself", line)
			}
			s.python(p, "")
			for _, w := range in.Command.Words {
				if w.Text == "--system" && !w.Quoted {
					s.edits = append(s.edits, text.Edit{Span: text.Span{Start: w.Span.Start - 1, End: w.Span.End}})
				}
			}
		default:
			no("line %d runs uv %s, of which it is not known what it makes", line, in.Verb)
		}
	case "poetry", "pdm":
		if v, ok := p.step.Env.Lookup("POETRY_VIRTUALENVS_IN_PROJECT"); ok && (v.Value == "1" || v.Value == "true") || in.Manager == "pdm" {
			s.python(p, path.Join(in.Command.Dir, ".venv"))
			return
		}
		s.python(p, "")
	case "pipenv":
		flagged := slices.ContainsFunc(in.Command.Words, func(w shell.Word) bool { return w.Text == "--system" && !w.Quoted })
		switch inside, _ := p.step.Env.Lookup("PIPENV_VENV_IN_PROJECT"); {
		case flagged:
			s.python(p, "") // it asks PATH for Python
		case inside.Value == "1" || strings.EqualFold(inside.Value, "true"):
			s.python(p, path.Join(in.Command.Dir, ".venv"))
		default:
			no("line %d lets pipenv choose where its environment is to lie: install with --system", line)
		}
	case "npm", "yarn", "pnpm", "bun":
		if in.Global {
			if tools(in) {
				return
			}
			no("line %d installs a program for all of Node.js", line)
		}
		if len(in.Packages) == 0 && in.Command.Dir != "" {
			if !in.OmitDev {
				s.prune = s.prunes(p.step, in)
			}
			p.out = append(p.out, path.Join(in.Command.Dir, "node_modules"))
			return
		}
		no("line %d adds packages that no manifest has", line)
	case "bundle":
		p.out = append(p.out, "/usr/local/bundle")
	case "go", "cargo", "maven", "gradle":
		// What is installed for a build is in the program that it makes.
	default:
		no("line %d installs by %s, of which it is not known what it makes", line, in.Manager)
	}
}

// prunes is the command that takes out the packages of a project of Node.js that only its
// build needs; "" = none is known.
func (s *splitter) prunes(step *source.Step, in packages.Install) string {
	if environ, ok := step.Env.Lookup("NODE_ENV"); ok && environ.Value == "production" {
		return ""
	}
	command := ""
	switch in.Manager {
	case "npm":
		command = "npm prune --omit=dev"
	case "pnpm":
		command = "pnpm prune --prod"
	case "yarn":
		if in.Frozen || s.b.Context == nil || !s.b.Context.Has(".yarnrc.yml") {
			command = "yarn install --production --frozen-lockfile --ignore-scripts --prefer-offline"
		}
	}
	if work := step.Before.Workdir.Value; command != "" && in.Command.Dir != work {
		command = "cd " + in.Command.Dir + " && " + command
	}
	return command
}

// tools tells whether an install brings package managers alone.
func tools(in packages.Install) bool {
	return len(in.Packages) > 0 && len(in.Manifests) == 0 && !slices.ContainsFunc(in.Packages, func(p packages.Package) bool {
		return knowledge.ClassOf(in.Manager, p.Name) == knowledge.NoTool && !knowledge.Installers.Has(p.Name)
	})
}

// python notes the virtual environment of an install; "" = the one in force, or one that is
// to be made.
func (s *splitter) python(p *part, at string) {
	if at == "" {
		at = s.environmentOf(p.step)
	}
	if at == "" {
		at = recipe.Environment
	} else {
		s.made = true
	}
	if s.venv != "" && s.venv != at {
		no("there are two virtual environments, %s and %s", s.venv, at)
	}
	s.venv = at
	if !slices.Contains(p.out, at) {
		p.out = append(p.out, at)
	}
}

// environmentOf is the virtual environment that the stage makes above a step, or in it.
func (s *splitter) environmentOf(step *source.Step) (at string) {
	for _, o := range s.t.Steps[:step.Index+1] {
		if run := o.Run(); run != nil {
			for _, fx := range run.Effects.Files {
				if fx.Kind == effects.Venv && len(fx.Paths) == 1 && path.IsAbs(fx.Paths[0].Text) {
					at = path.Clean(fx.Paths[0].Text)
				}
			}
		}
	}
	return at
}

// environment makes a virtual environment above the first install into it, where the
// Dockerfile has none.
func (s *splitter) environment() {
	if s.venv == "" || s.made {
		return
	}
	for _, p := range s.parts {
		if !slices.Contains(p.out, s.venv) {
			continue
		}
		s.edits = append(s.edits, s.b.File.Above(p.step.Instruction, "RUN python -m venv "+s.venv+"\nENV VIRTUAL_ENV="+s.venv+" PATH="+s.venv+"/bin:$PATH"))
		return
	}
}

// compiles notes what a compilation makes.
func (s *splitter) compiles(p *part, c *shell.Command, what string) {
	program, _, _ := strings.Cut(what, " ")
	switch program {
	case "npm", "yarn", "yarnpkg", "pnpm", "bun", "tsc", "webpack", "esbuild", "rollup", "vite", "next", "nuxt", "ng", "astro", "nest", "babel", "swc", "tsup":
		if c.Dir == "" || c.Dir == "/" {
			no("line %d compiles in a folder that is not known", p.step.Line())
		}
		if s.node != "" && s.node != c.Dir {
			no("two projects of Node.js are compiled, in %s and in %s", s.node, c.Dir)
		}
		s.node = c.Dir
		p.out = append(p.out, c.Dir)
	case "setup.py":
		if !slices.ContainsFunc(c.Words, func(w shell.Word) bool { return w.Text == "--inplace" || w.Text == "-i" }) || c.Dir == "" || c.Dir == "/" {
			no("line %d runs %s, of which it is not known what it makes", p.step.Line(), what)
		}
		p.out = append(p.out, c.Dir) // beside the sources, which run with it
	case "go", "cargo", "mvn", "mvnw", "gradle", "gradlew", "javac", "gcc", "g++", "cc", "c++", "clang", "clang++", "make", "cmake", "ninja", "rustc":
		for _, a := range c.Args() {
			if a.Text == "install" && (program == "make" || program == "cmake" || program == "ninja") || a.Text == "--install" {
				no("line %d installs what it compiles, into folders that are not known", p.step.Line())
			}
		}
		p.out = append(p.out, "") // the program: see outputs
	default:
		no("line %d runs %s, of which it is not known what it makes", p.step.Line(), what)
	}
}

// outputs settles what is copied for each part: each thing once, a project of Node.js with
// all that is in it where it is compiled, and the program that the container starts.
func (s *splitter) outputs() {
	s.native = s.started()
	seen := map[string]bool{}
	for i := range s.parts {
		p := &s.parts[i]
		if p.role != makes {
			continue
		}
		var out []string
		for _, o := range p.out {
			if o == "" {
				if s.native == "" {
					no("line %d compiles a program, and it is not known where it puts what the container starts", p.step.Line())
				}
				o = s.native
			}
			if s.node != "" && (o == s.node || strings.HasPrefix(o, s.node+"/")) {
				if i != s.cut {
					continue
				}
				o = s.node
			}
			if !seen[o] {
				seen[o] = true
				out = append(out, o)
			}
		}
		p.out = out
	}
	last := &s.parts[s.cut]
	if s.node != "" && !seen[s.node] {
		last.out = append(last.out, s.node)
	}
	// A program is copied where the last compilation stands, others where they are made.
	for i := range s.parts {
		if p := &s.parts[i]; i != s.cut && s.native != "" && slices.Contains(p.out, s.native) {
			p.out = slices.DeleteFunc(p.out, func(o string) bool { return o == s.native })
			last.out = append(last.out, s.native)
		}
	}
}

// started is the file that a compilation makes and the container starts, by its absolute
// path; "" = it is not known.
func (s *splitter) started() string {
	words := s.command()
	if len(words) == 0 {
		return ""
	}
	work := s.b.Final().Workdir.Value
	at := func(p string) string {
		if strings.HasPrefix(p, "/") {
			return path.Clean(p)
		}
		if work == "" {
			return ""
		}
		return path.Join(work, p)
	}
	program := words[0].Text
	if path.Base(program) == "java" {
		for i, w := range words {
			if w.Text == "-jar" && i+1 < len(words) {
				return at(words[i+1].Text)
			}
		}
		return ""
	}
	if strings.Contains(program, "/") {
		return at(program)
	}
	return s.inPath(program)
}

// command is what the container starts, without a shell or an init before it; nil where it is
// not one command, or where it is not known.
func (s *splitter) command() []shell.Word {
	st := s.b.Start()
	words, _ := source.StripInit(st.Words)
	if len(words) > 0 && !knowledge.Shells.Has(path.Base(words[0].Text)) {
		return words
	}
	if st.Script == nil {
		return nil
	}
	var own []*shell.Command
	for _, c := range st.Script.Commands {
		if len(c.Words) > 0 && !knowledge.Shells.Has(c.Program()) {
			own = append(own, c)
		}
	}
	if len(own) != 1 {
		return nil
	}
	return own[0].Words
}

// inPath is where a compilation of the stage puts a program of this name, if that is a folder
// in which every image looks for programs; "" = nowhere that is known.
func (s *splitter) inPath(name string) string {
	found := ""
	note := func(p string) {
		if path.Base(p) == name && slices.Contains([]string{"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"}, path.Dir(p)) {
			found = p
		}
	}
	for _, step := range s.t.Steps {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, c := range run.Commands() {
			args := c.Args()
			for i, a := range args {
				if a.Text == "-o" && i+1 < len(args) {
					note(path.Join("/", args[i+1].Text))
				}
			}
			if dir := s.installed(step, c); dir != "" {
				found = path.Join(dir, name)
			}
		}
		for _, fx := range run.Effects.Files {
			for _, p := range fx.Paths {
				if fx.Kind == effects.Write && p.Known {
					note(path.Clean(p.Text))
				}
			}
		}
	}
	return found
}

// installed is the folder into which a compiler installs what it makes; "" = it does not, or
// it is not known.
// Source: doc.rust-lang.org/cargo: cargo install, --root; go.dev/ref/mod: go install; the
// recipes of the official images: CARGO_HOME=/usr/local/cargo, GOPATH=/go.
func (s *splitter) installed(step *source.Step, c *shell.Command) string {
	program, args := c.Underlying()
	if len(args) == 0 || args[0].Text != "install" {
		return ""
	}
	home := func(variable, usual string) string {
		if v, ok := step.Env.Lookup(variable); ok && v.Value != "" {
			return v.Value + "/bin"
		}
		return usual
	}
	switch program {
	case "cargo":
		root, path := "", false
		for i, a := range args {
			path = path || a.Text == "--path" || strings.HasPrefix(a.Text, "--path=")
			if a.Text == "--root" && i+1 < len(args) {
				root = args[i+1].Text
			}
		}
		switch {
		case !path:
			return ""
		case root != "":
			return root + "/bin"
		}
		return home("CARGO_HOME", "/usr/local/cargo/bin")
	case "go":
		return home("GOPATH", "/go/bin")
	}
	return ""
}

// sources leaves out what is copied for a compiler alone: the sources of a language whose
// program is one file, and lists of packages that only an install reads.
func (s *splitter) sources() {
	compiled := s.native != "" && s.node == "" && s.venv == ""
	data := s.data()
	for i := range s.parts[:s.cut] {
		p := &s.parts[i]
		c := p.step.Copy
		if p.role != keeps || c == nil || !c.FromContext() || len(c.Heredocs) > 0 {
			continue
		}
		switch {
		case s.node != "" && (c.Target == s.node || strings.HasPrefix(c.Target, s.node+"/")):
			p.role = drops // it is in the folder that is copied
		case s.venv != "" && !slices.ContainsFunc(c.Sources, func(src source.Text) bool { return !listed(path.Base(src.Value)) }):
			p.role = drops
		case compiled && s.stack != nil:
			s.compiled(p, data)
		}
	}
}

// compiled leaves out the sources of a program that is one file, and keeps what it reads
// where it runs.
func (s *splitter) compiled(p *part, data []string) {
	c := p.step.Copy
	last := &s.parts[s.cut]
	for _, src := range c.Sources {
		for _, name := range data {
			switch from := source.Clean(src.Value); {
			case from == ".":
				if at := path.Join(c.Target, name); path.IsAbs(at) && !slices.Contains(last.out, at) {
					last.out = append(last.out, at)
				}
			case from == name, strings.HasPrefix(name, from+"/"), strings.HasPrefix(from, name+"/"), strings.ContainsAny(from, "*?["):
				return // it is repeated as it stands
			}
		}
	}
	p.role = drops
}

// data are the files and folders of the build context that the program reads where it runs,
// as its sources and the command line say.
func (s *splitter) data() (list []string) {
	add := func(names ...string) {
		for _, n := range names {
			n = source.Clean(n)
			if s.b.Context != nil && s.b.Context.Has(n) && n != "." && !slices.Contains(list, n) {
				list = append(list, n)
			}
		}
	}
	if x := s.stack; x != nil {
		switch {
		case x.Go != nil:
			add(x.Go.Data...)
		case x.Rust != nil:
			for _, d := range x.Rust.Data {
				add(path.Join(x.Rust.DataIn, d))
			}
		case x.CPP != nil:
			add(x.CPP.Data...)
		case x.Java != nil:
			add(x.Java.Data...)
		}
	}
	for i, w := range s.command() {
		if i > 0 && w.Known && !strings.HasPrefix(w.Text, "-") && !path.IsAbs(w.Text) {
			add(w.Text)
		}
	}
	return list
}

// listed tells whether a file is a list of packages that nothing but an install of Python
// reads.
func listed(name string) bool {
	switch {
	case strings.HasPrefix(name, "requirements"), strings.HasPrefix(name, "constraints"):
		return path.Ext(name) == ".txt" || path.Ext(name) == ".in"
	}
	return slices.Contains([]string{"poetry.lock", "uv.lock", "pdm.lock", "Pipfile", "Pipfile.lock"}, name)
}
