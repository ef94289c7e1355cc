package stack

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// An Install is how a project's dependencies come into its environment.
type Install struct {
	By          string   `json:"by"`                    // pip, uv, poetry, pdm, pipenv, pyproject
	Tool        Tool     `json:"tool,omitzero"`         // the manager, where it is not pip
	Files       []string `json:"files"`                 // what the install reads, in order
	Requires    []string `json:"requires"`              // of pip: the files that are named
	Locals      []string `json:"locals,omitempty"`      // folders of the project that it installs
	Hashes      bool     `json:"hashes,omitempty"`      // of pip: every line has its hash
	Extras      []string `json:"extras,omitempty"`      // groups and extras that the program needs
	Project     bool     `json:"project,omitempty"`     // the project is a package, and its program needs it installed
	Script      string   `json:"script,omitempty"`      // the console script that starts it
	Package     string   `json:"package,omitempty"`     // its name
	Member      string   `json:"member,omitempty"`      // of a workspace: the folder of the program
	Build       []string `json:"build,omitempty"`       // what its build needs: hatchling
	Reads       []string `json:"reads,omitempty"`       // files that its build reads: README.md
	Modules     []string `json:"modules,omitempty"`     // folders and files that are its package
	Drop        []string `json:"drop,omitempty"`        // of pip: lines that install the project itself, which is copied
	Development []string `json:"development,omitempty"` // of pip and uv: tools for people at work that stand among the others
	Without     []string `json:"without,omitempty"`     // of uv: groups for people at work that it installs unless told not to, dev apart
	Packages    []string `json:"packages,omitempty"`    // of a script: what it declares itself
	NoRoot      bool     `json:"noRoot,omitempty"`      // of poetry: package-mode is false
}

// manager tells what installs the dependencies, and what that reads.
func (p *pyProject) manager() error {
	t, s := p.t, p.s
	project, err := readPyproject(t, "pyproject.toml")
	if err != nil {
		return err
	}
	p.project = project
	in := &p.py.Install
	said := func(by, file string) {
		in.By = by
		s.Manager = Fact{Value: by, At: Place{File: file}}
	}
	locked := func(file string) { s.Lock = Fact{Value: file, At: Place{File: file}} }
	requirements := p.requirementsFile()
	switch {
	case t.has["uv.lock"] && project != nil:
		said("uv", "uv.lock")
		locked("uv.lock")
	case t.has["poetry.lock"] && project != nil:
		said("poetry", "poetry.lock")
		locked("poetry.lock")
	case t.has["pdm.lock"] && project != nil:
		said("pdm", "pdm.lock")
		locked("pdm.lock")
	case t.has["Pipfile.lock"]:
		said("pipenv", "Pipfile.lock")
		locked("Pipfile.lock")
	case t.has["Pipfile"]:
		said("pipenv", "Pipfile")
	case project != nil && project.Tool.Poetry != nil && requirements == "" && (project.Tool.Poetry.Dependencies != nil || project.Build.Backend == "poetry.core.masonry.api"):
		said("poetry", "pyproject.toml")
		s.Manager.At.Line = t.lineOf("pyproject.toml", "[tool.poetry")
	case project != nil && project.Tool.UV != nil && project.Project != nil && requirements == "":
		said("uv", "pyproject.toml")
		s.Manager.At.Line = t.lineOf("pyproject.toml", "[tool.uv")
	case requirements != "":
		said("pip", requirements)
	case project != nil && project.Project != nil:
		said("pip", "pyproject.toml")
		in.By = "pyproject"
		s.Manager.At.Line = t.lineOf("pyproject.toml", "[project]")
	case t.has["setup.py"] || t.has["setup.cfg"]:
		file := "setup.py"
		if !t.has[file] {
			file = "setup.cfg"
		}
		said("pip", file)
		in.By = "setup"
	case t.has["environment.yml"] || t.has["environment.yaml"]:
		return &Unsupported{"this project is installed by conda (environment.yml)", "conda is not supported; with a requirements.txt or a pyproject.toml beside it, pip or uv installs it"}
	default:
		if !p.inline() {
			s.Manager = Fact{Value: "none", Why: "no file names a dependency"}
			in.By = ""
		}
	}
	var others []string
	for _, o := range []struct{ by, file string }{{"uv", "uv.lock"}, {"poetry", "poetry.lock"}, {"pdm", "pdm.lock"}, {"pipenv", "Pipfile"}, {"pip", requirements}} {
		if o.file != "" && t.has[o.file] && o.by != s.Manager.Value {
			others = append(others, o.file)
		}
	}
	if len(others) > 0 && !s.Lock.Known() {
		s.Notes = append(s.Notes, fmt.Sprintf("%s is there too and is not read: %s decides", strings.Join(others, ", "), s.Manager.At.File))
	} else if len(others) > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%s is there too and is not read: %s decides, the lock of the manager comes first", strings.Join(others, ", "), s.Manager.At.File))
	}
	if in.By == "pip" && project != nil && project.Tool.Poetry != nil {
		s.Notes = append(s.Notes, fmt.Sprintf("poetry has no lock here: %s decides, and the packages of pyproject.toml are not read", requirements))
	}
	switch in.By {
	case "pip":
		return p.pip(requirements)
	case "uv":
		return p.uv()
	case "poetry":
		return p.poetry()
	case "pdm":
		in.Tool = tool("pdm")
		in.Files = p.present("pyproject.toml", "pdm.lock")
		p.projectDeps()
		p.lockDeps("pdm.lock")
		if what := p.stale("pdm.lock"); what != "" {
			return fmt.Errorf("pdm.lock is out of step with pyproject.toml: %s; `pdm lock` brings it up to date", what)
		}
		p.packaging()
	case "pipenv":
		return p.pipenv()
	case "pyproject":
		in.Files = p.present("pyproject.toml")
		p.projectDeps()
		p.packaging()
	case "setup":
		in.Files = p.present("setup.py", "setup.cfg")
		in.Project, in.Build = true, []string{"setuptools"}
		in.Reads = p.readBySetup()
		p.setupDeps()
	}
	return nil
}

var (
	blockRE   = regexp.MustCompile(`(?ms)^# /// script[ \t]*\r?\n(.*?)^# ///[ \t]*\r?$`)
	commentRE = regexp.MustCompile(`(?m)^# ?`)
)

// inline reads the dependencies that a script itself declares (PEP 723).
func (p *pyProject) inline() bool {
	for _, f := range p.t.in(".") {
		if !strings.HasSuffix(f, ".py") {
			continue
		}
		m := blockRE.FindSubmatch(p.t.read(f))
		if m == nil {
			continue
		}
		var block struct {
			Requires     string   `toml:"requires-python"`
			Dependencies []string `toml:"dependencies"`
		}
		if toml.Unmarshal(commentRE.ReplaceAll(m[1], nil), &block) != nil {
			continue
		}
		in := &p.py.Install
		in.By, in.Packages = "script", block.Dependencies
		p.s.Manager = Fact{Value: "uv", At: Place{f, p.t.lineOf(f, "# /// script")}, Why: "the script declares its dependencies"}
		if block.Requires != "" {
			p.s.Version = Version{Spec: block.Requires, At: Place{f, p.t.lineOf(f, "requires-python")}}
		}
		for _, d := range block.Dependencies {
			p.take(d, Place{f, p.t.lineOf(f, d)})
		}
		return true
	}
	return false
}

func (p *pyProject) present(names ...string) (list []string) {
	for _, n := range names {
		if p.t.has[n] {
			list = append(list, n)
		}
	}
	return list
}

// requirementsFile is the file of requirements that a production install names; ""
// = there is none.
func (p *pyProject) requirementsFile() string {
	if p.t.has["requirements.txt"] {
		// One for production counts beside it only where it has the other in it.
		for _, n := range []string{"requirements-prod.txt", "requirements-production.txt", "requirements/production.txt", "requirements/prod.txt"} {
			for _, r := range manifest.ParseRequirements(p.t.read(n)) {
				if r.Include != "" && path.Join(path.Dir(n), r.Include) == "requirements.txt" {
					return n
				}
			}
		}
		return "requirements.txt"
	}
	for _, n := range []string{"requirements-prod.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/requirements.txt", "requirements/main.txt", "requirements/base.txt", "requirements/default.txt", "requirements.lock"} {
		if p.t.has[n] {
			return n
		}
	}
	// Another name: one for production first, none for development.
	best := ""
	for _, n := range p.t.in(".") {
		info, ok := manifest.Kind(n)
		if !ok || info.Ecosystem != "python" || info.Tool != "pip" || info.Dev || strings.HasSuffix(n, "/") || !strings.HasSuffix(n, ".txt") {
			continue
		}
		if best == "" || strings.Contains(n, "prod") {
			best = n
		}
	}
	return best
}

// pip follows a file of requirements to all that it includes.
func (p *pyProject) pip(file string) error {
	in := &p.py.Install
	in.Requires = []string{file}
	in.Hashes = true
	seen := map[string]bool{}
	var follow func(name string, from Place) error
	follow = func(name string, from Place) error {
		name = path.Clean(name)
		if seen[name] {
			return nil
		}
		seen[name] = true
		data, err := p.t.open(name)
		if err != nil {
			if from.File == "" {
				return err
			}
			return fmt.Errorf("%s asks for %s, which cannot be read: %w", from, name, err)
		}
		in.Files = append(in.Files, name)
		dir := path.Dir(name)
		cpu := bytes.Contains(data, []byte("download.pytorch.org/whl/cpu"))
		for _, r := range manifest.ParseRequirements(data) {
			at := Place{File: name, Line: r.Line}
			switch {
			case r.Include != "":
				if err := follow(path.Join(dir, r.Include), at); err != nil {
					return err
				}
			case r.Constraint != "":
				if strings.Contains(r.Constraint, "://") {
					continue
				}
				file := path.Clean(path.Join(dir, r.Constraint))
				if !p.t.has[file] {
					return fmt.Errorf("%s asks for %s, which is not there", at, file)
				}
				if !seen[file] {
					seen[file] = true
					in.Files = append(in.Files, file)
				}
			case r.Path != "":
				// Paths are relative to where pip runs.
				local := path.Clean(r.Path)
				if local == "." {
					in.Project = true
					in.Drop = append(in.Drop, lineOf(data, r.Line))
					if r.Extras != "" {
						in.Extras = append(in.Extras, strings.Split(r.Extras, ",")...)
					}
					continue
				}
				if !p.t.has[local] && !p.t.dir(local) {
					return fmt.Errorf("%s asks for %s, which is not there", at, local)
				}
				in.Locals = append(in.Locals, local)
			case r.Name != "":
				d := dependency{name: normal(r.Name), version: r.Version, pinned: r.Pinned, direct: true, at: at, cpu: cpu || strings.Contains(r.Version, "+cpu")}
				d.extras = extrasOf(lineOf(data, r.Line))
				in.Hashes = in.Hashes && r.Hashed
				if knowledge.IsDevTool("pip", d.name) && name == file {
					in.Development = append(in.Development, r.Name)
				}
				if _, ok := p.deps[d.name]; !ok {
					p.deps[d.name] = d
				}
			}
		}
		return nil
	}
	if err := follow(file, Place{}); err != nil {
		return err
	}
	in.Hashes = in.Hashes && len(p.deps) > 0
	if in.Hashes {
		p.s.Lock = Fact{Value: file, At: Place{File: file}, Why: "every line has its hash"}
	}
	if in.Project {
		p.packaging()
		in.Project = true
		if p.project != nil && p.project.Project != nil {
			p.projectDeps()
			in.Files = append(in.Files, "pyproject.toml")
		}
		in.Build = []string{"setuptools"}
		if p.project != nil && len(p.project.Build.Requires) > 0 {
			in.Build = p.project.Build.Requires
		}
	}
	return nil
}

// uv reads a project of uv, and the workspace that it may be.
func (p *pyProject) uv() error {
	in := &p.py.Install
	in.Tool = tool("uv")
	if m := regexp.MustCompile(`(?m)^\s*required-version\s*=\s*"==\s*([0-9.]+)"`).FindSubmatch(p.t.read("pyproject.toml")); m != nil {
		in.Tool.Version = string(m[1])
	}
	in.Files = p.present("pyproject.toml", "uv.lock")
	p.projectDeps()
	f := p.project
	if f.Tool.UV != nil && f.Tool.UV.Workspace != nil {
		if err := p.workspace(); err != nil {
			return err
		}
	}
	p.lockDeps("uv.lock")
	if what := p.stale("uv.lock"); what != "" {
		return fmt.Errorf("uv.lock is out of step with pyproject.toml: %s; `uv lock` brings it up to date", what)
	}
	for name, d := range p.deps {
		if d.direct && knowledge.IsDevTool("pip", name) {
			in.Development = append(in.Development, name)
		}
	}
	in.Development = append(in.Development, p.broughtAlong(in.Development)...)
	slices.Sort(in.Development)
	p.packaging()
	// Without a build system, a project is no package, unless it says so.
	in.Without = f.defaultsForWork()
	if f.Tool.UV != nil && f.Tool.UV.Package != nil {
		in.Project = *f.Tool.UV.Package
	} else if f.Build.Backend == "" {
		in.Project = false
	}
	return nil
}

var poetryVersionRE = regexp.MustCompile(`generated by Poetry (\d+\.\d+\.\d+)`)

func (p *pyProject) poetry() error {
	in := &p.py.Install
	in.Tool = tool("poetry")
	if m := poetryVersionRE.FindSubmatch(p.t.read("poetry.lock")); m != nil {
		in.Tool.Version = string(m[1])
	}
	in.Files = p.present("pyproject.toml", "poetry.lock", "poetry.toml")
	p.projectDeps()
	po := p.project.Tool.Poetry
	if po != nil {
		for name, v := range po.Dependencies {
			if name == "python" {
				continue
			}
			d := dependency{name: normal(name), direct: true, at: Place{"pyproject.toml", p.t.lineOf("pyproject.toml", name+" =")}}
			if table, ok := v.(map[string]any); ok {
				d.extras = words(table["extras"])
				if dir, ok := table["path"].(string); ok {
					in.Locals = append(in.Locals, path.Clean(dir))
				}
			}
			p.deps[d.name] = d
		}
	}
	p.lockDeps("poetry.lock")
	if what := p.stale("poetry.lock"); what != "" {
		return fmt.Errorf("poetry.lock is out of step with pyproject.toml: %s; `poetry lock` brings it up to date", what)
	}
	p.packaging()
	in.NoRoot = po != nil && po.PackageMode != nil && !*po.PackageMode
	if in.NoRoot {
		in.Project = false
	}
	return nil
}

func (p *pyProject) pipenv() error {
	in := &p.py.Install
	in.Tool = tool("pipenv")
	in.Files = p.present("Pipfile", "Pipfile.lock")
	var f struct {
		Packages map[string]any    `toml:"packages"`
		Requires map[string]string `toml:"requires"`
	}
	data, err := p.t.open("Pipfile")
	if err != nil {
		return err
	}
	if err := toml.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("read Pipfile: %w", err)
	}
	for name, v := range f.Packages {
		d := dependency{name: normal(name), direct: true, at: Place{"Pipfile", p.t.lineOf("Pipfile", name)}}
		switch v := v.(type) {
		case string:
			d.version, d.pinned = strings.CutPrefix(v, "==")
		case map[string]any:
			d.extras = words(v["extras"])
			if dir, ok := v["path"].(string); ok {
				if path.Clean(dir) == "." {
					in.Project = true
				} else {
					in.Locals = append(in.Locals, path.Clean(dir))
				}
			}
		}
		p.deps[d.name] = d
	}
	if what := p.pipfileLock(); what != "" {
		return fmt.Errorf("%s is out of step with Pipfile: %s; `pipenv lock` brings it up to date", "Pipfile.lock", what)
	}
	for _, key := range []string{"python_full_version", "python_version"} {
		if v := f.Requires[key]; v != "" && v != "*" {
			p.s.Version = Version{Spec: v, At: Place{"Pipfile", p.t.lineOf("Pipfile", key)}}
			break
		}
	}
	return nil
}
