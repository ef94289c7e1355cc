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
	Packages    []string `json:"packages,omitempty"`    // of a script: what it declares itself
	NoRoot      bool     `json:"noRoot,omitempty"`      // of poetry: package-mode is false
}

// A dependency is a package that a project depends on.
type dependency struct {
	name    string
	version string // where it is exact
	spec    string
	extras  []string
	at      Place
	pinned  bool
	direct  bool
	cpu     bool     // torch of the index without CUDA
	wheels  []string // names of the files that a lock lists; nil = no lock says
	sdist   bool
}

var normalRE = regexp.MustCompile(`[-_.]+`)

// normal is a package's name as indexes compare it (PEP 503).
func normal(name string) string { return strings.ToLower(normalRE.ReplaceAllString(name, "-")) }

// pyprojectFile is what is asked of a pyproject.toml beyond what rules ask.
type pyprojectFile struct {
	Project *struct {
		Name           string              `toml:"name"`
		RequiresPython string              `toml:"requires-python"`
		Dependencies   []string            `toml:"dependencies"`
		Optional       map[string][]string `toml:"optional-dependencies"`
		Dynamic        []string            `toml:"dynamic"`
		Scripts        map[string]string   `toml:"scripts"`
		Readme         any                 `toml:"readme"`
		License        any                 `toml:"license"`
		LicenseFiles   any                 `toml:"license-files"`
	} `toml:"project"`
	Build struct {
		Backend  string   `toml:"build-backend"`
		Requires []string `toml:"requires"`
	} `toml:"build-system"`
	Groups map[string][]any `toml:"dependency-groups"`
	Tool   struct {
		UV *struct {
			Package   *bool `toml:"package"`
			Workspace *struct {
				Members []string `toml:"members"`
				Exclude []string `toml:"exclude"`
			} `toml:"workspace"`
			Sources map[string]any `toml:"sources"`
		} `toml:"uv"`
		Poetry *struct {
			Name         string         `toml:"name"`
			PackageMode  *bool          `toml:"package-mode"`
			Readme       any            `toml:"readme"`
			Dependencies map[string]any `toml:"dependencies"`
			Scripts      map[string]any `toml:"scripts"`
			Packages     []struct {
				Include string `toml:"include"`
				From    string `toml:"from"`
			} `toml:"packages"`
			Group map[string]struct {
				Optional     bool           `toml:"optional"`
				Dependencies map[string]any `toml:"dependencies"`
			} `toml:"group"`
		} `toml:"poetry"`
		PDM *struct {
			Distribution *bool `toml:"distribution"`
		} `toml:"pdm"`
		FastAPI *struct {
			Entrypoint string `toml:"entrypoint"`
		} `toml:"fastapi"`
		Hatch *struct {
			Version struct {
				Path string `toml:"path"`
			} `toml:"version"`
			Build struct {
				Targets struct {
					Wheel struct {
						Packages []string `toml:"packages"`
						Include  []string `toml:"only-include"`
						Sources  any      `toml:"sources"`
					} `toml:"wheel"`
				} `toml:"targets"`
			} `toml:"build"`
		} `toml:"hatch"`
		Setuptools *struct {
			Packages   any               `toml:"packages"`
			PackageDir map[string]string `toml:"package-dir"`
			PyModules  []string          `toml:"py-modules"`
			Dynamic    map[string]struct {
				File any    `toml:"file"`
				Attr string `toml:"attr"`
			} `toml:"dynamic"`
		} `toml:"setuptools"`
	} `toml:"tool"`
}

func readPyproject(t *tree, name string) (*pyprojectFile, error) {
	data := t.read(name)
	if data == nil {
		return nil, nil
	}
	if len(data) > manifest.MaxPyProject {
		return nil, fmt.Errorf("read %s: it has %d bytes, which is more than the limit", name, len(data))
	}
	f := &pyprojectFile{}
	if err := toml.Unmarshal(data, f); err != nil {
		var where *toml.DecodeError
		if de, ok := err.(*toml.DecodeError); ok {
			where = de
		}
		if where != nil {
			line, _ := where.Position()
			return nil, fmt.Errorf("read %s:%d: %w", name, line, err)
		}
		// A field of another type than its documentation has: the rest counts.
		if f.Project == nil && f.Tool.Poetry == nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	return f, nil
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
	case project != nil && project.Tool.Poetry != nil && (project.Tool.Poetry.Dependencies != nil || project.Build.Backend == "poetry.core.masonry.api"):
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
	if len(others) > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%s is there too and is not read: %s decides, the lock of the manager comes first", strings.Join(others, ", "), s.Manager.At.File))
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

func lineOf(data []byte, n int) string {
	i := 0
	for line := range strings.Lines(string(data)) {
		if i++; i == n {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

var extrasRE = regexp.MustCompile(`^\s*[A-Za-z0-9._-]+\s*\[([^\]]*)\]`)

func extrasOf(spec string) (list []string) {
	m := extrasRE.FindStringSubmatch(spec)
	if m == nil {
		return nil
	}
	for _, e := range strings.Split(m[1], ",") {
		list = append(list, strings.TrimSpace(e))
	}
	return list
}

var specRE = regexp.MustCompile(`^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*(.*?)\s*(?:;.*)?$`)

// take notes a dependency as a requirement has it (PEP 508).
func (p *pyProject) take(spec string, at Place) {
	m := specRE.FindStringSubmatch(spec)
	if m == nil {
		return
	}
	d := dependency{name: normal(m[1]), extras: extrasOf(spec), spec: m[3], at: at, direct: true}
	if v, ok := strings.CutPrefix(m[3], "=="); ok && !strings.Contains(v, "*") {
		d.version, d.pinned = strings.TrimSpace(v), true
	}
	if old, ok := p.deps[d.name]; ok {
		d.version, d.wheels, d.sdist = old.version, old.wheels, old.sdist
	}
	p.deps[d.name] = d
}

// projectDeps are the dependencies of [project], and of the groups that are
// installed.
func (p *pyProject) projectDeps() {
	f := p.project
	if f == nil {
		return
	}
	if f.Project != nil {
		for _, d := range f.Project.Dependencies {
			p.take(d, Place{"pyproject.toml", p.t.lineOf("pyproject.toml", d)})
		}
		for _, name := range f.Project.Dynamic {
			if name == "dependencies" && f.Tool.Setuptools != nil {
				for _, file := range words(f.Tool.Setuptools.Dynamic["dependencies"].File) {
					p.py.Install.Reads = append(p.py.Install.Reads, file)
					for _, r := range manifest.ParseRequirements(p.t.read(file)) {
						if r.Name != "" {
							p.deps[normal(r.Name)] = dependency{name: normal(r.Name), version: r.Version, pinned: r.Pinned, direct: true, at: Place{file, r.Line}}
						}
					}
				}
			}
		}
	}
}

// words are one string, or a list of them.
func words(v any) (list []string) {
	switch v := v.(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok {
				list = append(list, s)
			}
		}
	case map[string]any:
		list = append(list, words(v["file"])...)
	}
	return list
}

// lockFile is what a lock of uv, poetry or pdm says.
type lockFile struct {
	Package []struct {
		Name    string         `toml:"name"`
		Version string         `toml:"version"`
		Source  map[string]any `toml:"source"`
		// uv says what needs what; poetry and pdm say for which group.
		Dependencies any               `toml:"dependencies"`
		Optional     map[string][]need `toml:"optional-dependencies"`
		Category     string            `toml:"category"`
		Groups       []string          `toml:"groups"`
		Wheels       []struct {
			URL  string `toml:"url"`
			File string `toml:"filename"`
		} `toml:"wheels"`
		SDist map[string]any `toml:"sdist"`
		Files []lockedFile   `toml:"files"`
	} `toml:"package"`
	// Poetry before 1.2 lists the files apart.
	Metadata struct {
		Files any `toml:"files"`
	} `toml:"metadata"`
}

// A need is what a package of a lock needs.
type need struct {
	Name  string   `toml:"name"`
	Extra []string `toml:"extra"`
}

// installed are the packages of a lock that an install without what is for
// development brings.
func (l *lockFile) installed(tool string) func(i int) bool {
	if tool != "uv.lock" {
		return func(i int) bool {
			p := &l.Package[i]
			if p.Category != "" {
				return p.Category == "main"
			}
			return len(p.Groups) == 0 || slices.Contains(p.Groups, "main") || slices.Contains(p.Groups, "default")
		}
	}
	byName := map[string][]int{}
	for i, p := range l.Package {
		byName[normal(p.Name)] = append(byName[normal(p.Name)], i)
	}
	seen := map[int]bool{}
	extras := map[string]bool{}
	var follow func(i int, want []string)
	follow = func(i int, want []string) {
		p := &l.Package[i]
		list := needs(p.Dependencies)
		if seen[i] {
			list = nil
		}
		seen[i] = true
		for _, e := range want {
			if key := p.Name + "[" + e; !extras[key] {
				extras[key] = true
				list = append(list, p.Optional[e]...)
			}
		}
		for _, n := range list {
			for _, j := range byName[normal(n.Name)] {
				follow(j, n.Extra)
			}
		}
	}
	for i, p := range l.Package {
		// The project itself, and the members of its workspace.
		for _, kind := range []string{"virtual", "editable", "directory"} {
			if _, ok := p.Source[kind]; ok {
				follow(i, nil)
				break
			}
		}
	}
	return func(i int) bool { return len(seen) == 0 || seen[i] }
}

// needs are the dependencies of a package of uv's lock; those of others are a table,
// and are not asked.
func needs(v any) (out []need) {
	list, _ := v.([]any)
	for _, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			continue
		}
		name, _ := m["name"].(string)
		out = append(out, need{name, words(m["extra"])})
	}
	return out
}

type lockedFile struct {
	File string `toml:"file"`
	URL  string `toml:"url"`
}

// lockDeps notes what a lock holds: exact versions, and the files that there are.
func (p *pyProject) lockDeps(file string) {
	data := p.t.read(file)
	if data == nil {
		return
	}
	var lock lockFile
	if err := toml.Unmarshal(data, &lock); err != nil {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s cannot be read (%v): what it holds is not known", file, err))
		return
	}
	p.exact = true
	apart, _ := lock.Metadata.Files.(map[string]any)
	installed := lock.installed(path.Base(file))
	for i, pkg := range lock.Package {
		if !installed(i) {
			continue
		}
		name := normal(pkg.Name)
		list, _ := apart[pkg.Name].([]any)
		for _, f := range list {
			if m, ok := f.(map[string]any); ok {
				file, _ := m["file"].(string)
				pkg.Files = append(pkg.Files, lockedFile{File: file})
			}
		}
		d, direct := p.deps[name]
		if !direct {
			d = dependency{name: name, at: Place{file, 0}}
		}
		d.version, d.pinned = pkg.Version, true
		for _, w := range pkg.Wheels {
			if w.File != "" {
				d.wheels = append(d.wheels, w.File)
			} else {
				d.wheels = append(d.wheels, path.Base(w.URL))
			}
		}
		d.sdist = pkg.SDist != nil
		for _, f := range pkg.Files {
			name := f.File
			if name == "" {
				name = path.Base(f.URL)
			}
			if strings.HasSuffix(name, ".whl") {
				d.wheels = append(d.wheels, name)
			} else {
				d.sdist = true
			}
		}
		if reg, _ := pkg.Source["registry"].(string); strings.Contains(reg, "/cpu") || strings.Contains(pkg.Version, "+cpu") {
			d.cpu = true
		}
		p.deps[name] = d
	}
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
	for name, d := range p.deps {
		if d.direct && knowledge.IsDevTool("pip", name) {
			in.Development = append(in.Development, name)
		}
	}
	slices.Sort(in.Development)
	p.packaging()
	// Without a build system, a project is no package, unless it says so.
	if f.Tool.UV != nil && f.Tool.UV.Package != nil {
		in.Project = *f.Tool.UV.Package
	} else if f.Build.Backend == "" {
		in.Project = false
	}
	return nil
}

// workspace finds the member of a workspace that is the program.
func (p *pyProject) workspace() error {
	ws := p.project.Tool.UV.Workspace
	in := &p.py.Install
	var members []string
	for _, f := range p.t.files {
		dir := path.Dir(f)
		if path.Base(f) != "pyproject.toml" || dir == "." {
			continue
		}
		match := func(globs []string) bool {
			return slices.ContainsFunc(globs, func(g string) bool { ok, _ := path.Match(path.Clean(g), dir); return ok })
		}
		if match(ws.Members) && !match(ws.Exclude) {
			members = append(members, dir)
		}
	}
	for _, m := range members {
		in.Files = append(in.Files, m+"/pyproject.toml")
		file, err := readPyproject(p.t, m+"/pyproject.toml")
		if err != nil {
			return err
		}
		if file.Project == nil {
			continue
		}
		for _, d := range file.Project.Dependencies {
			p.take(d, Place{m + "/pyproject.toml", p.t.lineOf(m+"/pyproject.toml", d)})
		}
	}
	in.Locals = members
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
	for _, key := range []string{"python_full_version", "python_version"} {
		if v := f.Requires[key]; v != "" && v != "*" {
			p.s.Version = Version{Spec: v, At: Place{"Pipfile", p.t.lineOf("Pipfile", key)}}
			break
		}
	}
	return nil
}

// packaging tells whether the project itself is a package, and of what.
func (p *pyProject) packaging() {
	f, in := p.project, &p.py.Install
	if f == nil {
		return
	}
	name := ""
	if f.Project != nil {
		name = f.Project.Name
		for _, file := range append(words(f.Project.Readme), append(words(f.Project.License), words(f.Project.LicenseFiles)...)...) {
			if p.t.has[file] {
				in.Reads = append(in.Reads, file)
			}
		}
	}
	if po := f.Tool.Poetry; po != nil {
		if name == "" {
			name = po.Name
		}
		for _, file := range words(po.Readme) {
			if p.t.has[file] {
				in.Reads = append(in.Reads, file)
			}
		}
	}
	in.Package, in.Build = name, f.Build.Requires
	if f.Build.Backend == "" && len(f.Build.Requires) == 0 {
		return // setuptools' old ways: what is flat stays flat
	}
	base := strings.ReplaceAll(normal(name), "-", "_")
	add := func(dir string) {
		dir = path.Clean(dir)
		if dir != "" && (p.t.dir(dir) || p.t.has[dir]) && !slices.Contains(in.Modules, dir) {
			in.Modules = append(in.Modules, dir)
		}
	}
	if h := f.Tool.Hatch; h != nil {
		for _, d := range append(slices.Clone(h.Build.Targets.Wheel.Packages), h.Build.Targets.Wheel.Include...) {
			add(d)
		}
	}
	if po := f.Tool.Poetry; po != nil {
		for _, pkg := range po.Packages {
			add(path.Join(pkg.From, pkg.Include))
		}
	}
	if s := f.Tool.Setuptools; s != nil {
		for _, m := range s.PyModules {
			add(m + ".py")
		}
		for _, d := range words(s.Packages) {
			add(strings.ReplaceAll(d, ".", "/"))
		}
		if m, ok := s.Packages.(map[string]any); ok {
			find, _ := m["find"].(map[string]any)
			for _, where := range words(find["where"]) {
				if where = path.Clean(where); where == "." {
					continue
				}
				for _, n := range p.t.in(where) {
					if strings.HasSuffix(n, "/") && p.t.has[n+"__init__.py"] {
						add(strings.TrimSuffix(n, "/"))
						p.where = where
					}
				}
			}
		}
	}
	if len(in.Modules) == 0 {
		for _, d := range []string{"src/" + base, base, "src/" + name} {
			if base != "" && p.t.dir(d) {
				add(d)
				break
			}
		}
	}
	if len(in.Modules) == 0 && p.t.dir("src") {
		for _, n := range p.t.in("src") {
			if strings.HasSuffix(n, "/") && p.t.has[n+"__init__.py"] {
				add(strings.TrimSuffix(n, "/"))
			}
		}
	}
	in.Project = len(in.Modules) > 0
}

// readBySetup are files that a setup.py opens.
func (p *pyProject) readBySetup() (list []string) {
	data := string(p.t.read("setup.py"))
	for _, n := range p.t.in(".") {
		if !strings.HasSuffix(n, "/") && n != "setup.py" && (strings.Contains(data, `"`+n+`"`) || strings.Contains(data, `'`+n+`'`)) {
			list = append(list, n)
		}
	}
	return list
}

var setupRE = regexp.MustCompile(`["']([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?\s*(?:[=<>!~]=?[^"']*)?)["']`)

// setupDeps are the requirements that stand in a setup.py, as far as they do.
func (p *pyProject) setupDeps() {
	data := string(p.t.read("setup.py"))
	_, after, ok := strings.Cut(data, "install_requires")
	if !ok {
		return
	}
	list, _, _ := strings.Cut(after, "]")
	for _, m := range setupRE.FindAllStringSubmatch(list, -1) {
		p.take(m[1], Place{"setup.py", p.t.lineOf("setup.py", "install_requires")})
		p.py.Install.Packages = append(p.py.Install.Packages, m[1])
	}
}

// member tells which member of a workspace the program lies in, which is then what is
// installed.
func (p *pyProject) member() error {
	in := &p.py.Install
	for _, dir := range in.Locals {
		if in.By != "uv" || !strings.HasPrefix(p.py.Entry, dir+"/") {
			continue
		}
		f, err := readPyproject(p.t, dir+"/pyproject.toml")
		if err != nil {
			return err
		}
		if f == nil || f.Project == nil {
			continue
		}
		in.Member, in.Package = dir, f.Project.Name
		in.Project = f.Build.Backend != "" || len(f.Build.Requires) > 0
		in.Modules, in.Reads = nil, nil
		for _, file := range words(f.Project.Readme) {
			if p.t.has[dir+"/"+file] {
				in.Reads = append(in.Reads, dir+"/"+file)
			}
		}
	}
	return nil
}
