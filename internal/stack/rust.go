package stack

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// Rust is what is known of a Rust project beyond what every stack has.
type Rust struct {
	Package  string   `json:"package"` // the one that is built
	Binary   string   `json:"binary"`
	Features []string `json:"features,omitempty"` // that the binary asks for
	Files    []string `json:"files"`              // manifests of all packages of the workspace, its lock, cargo's settings
	Vendor   bool     `json:"vendor,omitempty"`   // its dependencies are in the repository
	Stubs    []Stub   `json:"stubs"`              // files that cargo wants before it compiles a dependency
	Code     []string `json:"code"`               // files and folders that the build reads
	Data     []string `json:"data,omitempty"`     // files and folders that it reads where it runs
	DataIn   string   `json:"dataIn"`             // the folder that Data is relative to
	Handles  bool     `json:"handles"`            // it ends in order on SIGTERM or SIGINT
	Stale    bool     `json:"stale,omitempty"`    // the lock is not what the manifests ask for
	Offline  bool     `json:"offline,omitempty"`  // sqlx reads the types of its queries from files
	Raw      bool     `json:"raw,omitempty"`      // it answers on a port, and not in HTTP
	GRPC     bool     `json:"grpc,omitempty"`     // it speaks HTTP/2 alone
	packages []*rustPackage
}

// A Stub is the file of a target, for which an empty one stands in while the
// dependencies are compiled.
type Stub struct {
	File string `json:"file"`
	Main bool   `json:"main"` // it needs a main function
	Ours bool   `json:"ours"` // its package is built
}

func isRust(t *tree) (Place, bool) {
	if !t.has["Cargo.toml"] {
		return Place{}, false
	}
	// Python packages with a part in Rust have both.
	for _, f := range []string{"pyproject.toml", "setup.py"} {
		if data := string(t.read(f)); strings.Contains(data, "maturin") || strings.Contains(data, "setuptools-rust") || strings.Contains(data, "setuptools_rust") {
			return Place{}, false
		}
	}
	return Place{File: "Cargo.toml"}, true
}

type cargoTarget struct {
	Name     string   `toml:"name"`
	Path     string   `toml:"path"`
	Required []string `toml:"required-features"`
}

type cargoFile struct {
	Package *struct {
		Name        string `toml:"name"`
		Version     any    `toml:"version"`
		Edition     any    `toml:"edition"`
		RustVersion any    `toml:"rust-version"`
		DefaultRun  string `toml:"default-run"`
		Build       any    `toml:"build"`
		AutoBins    *bool  `toml:"autobins"`
	} `toml:"package"`
	Lib       *cargoTarget  `toml:"lib"`
	Bin       []cargoTarget `toml:"bin"`
	Bench     []cargoTarget `toml:"bench"`
	Test      []cargoTarget `toml:"test"`
	Example   []cargoTarget `toml:"example"`
	Workspace *struct {
		Members      []string       `toml:"members"`
		Exclude      []string       `toml:"exclude"`
		Default      []string       `toml:"default-members"`
		Package      map[string]any `toml:"package"`
		Dependencies map[string]any `toml:"dependencies"`
	} `toml:"workspace"`
	Dependencies      map[string]any            `toml:"dependencies"`
	BuildDependencies map[string]any            `toml:"build-dependencies"`
	DevDependencies   map[string]any            `toml:"dev-dependencies"`
	Target            map[string]cargoPlatform  `toml:"target"`
	Features          map[string][]string       `toml:"features"`
	Patch             map[string]map[string]any `toml:"patch"`
}

type cargoPlatform struct {
	Dependencies      map[string]any `toml:"dependencies"`
	BuildDependencies map[string]any `toml:"build-dependencies"`
	DevDependencies   map[string]any `toml:"dev-dependencies"`
}

// A rustPackage is one package of a workspace.
type rustPackage struct {
	dir, name string
	file      *cargoFile
	deps      map[string]cargoDependency
	tests     []string      // packages that it asks for and is not built of: for its tests, or at choice
	bins      []cargoTarget // with their paths from the project's folder
	lib       string        // the file of its library; "" = it has none
	build     string        // its build script
}

type cargoDependency struct {
	name     string // of the package
	path     string // from the project's folder; "" = from a registry
	features []string
	plain    bool // without the default features
}

// A rustProject is a Rust project as it is looked into.
type rustProject struct {
	offline   string           // the folder with what sqlx knows of its queries
	settled   map[bool][]entry // see settings
	settledBy int

	t        *tree
	opt      Options
	s        *Stack
	r        *Rust
	root     *cargoFile
	pkgs     map[string]*rustPackage // by their folders
	pkg      *rustPackage            // the one that is built
	bin      cargoTarget
	sources  map[string]*rustSource
	files    []*rustSource       // of the program
	versions map[string]string   // of all that is locked
	graph    map[string][]string // what each of that asks for
	locked   map[string]string   // of what the program is built of
	hostFlag string              // says the address that it binds, which is its own machine unless said
}

func detectRust(t *tree, opt Options) (*Stack, error) {
	p := &rustProject{t: t, opt: opt, s: &Stack{Dir: "."}, r: &Rust{DataIn: "."}, pkgs: map[string]*rustPackage{}, sources: map[string]*rustSource{}, versions: map[string]string{}, locked: map[string]string{}}
	p.s.Rust = p.r
	if err := p.manifests(); err != nil {
		return nil, err
	}
	if err := p.choose(); err != nil {
		return nil, err
	}
	if err := p.version(); err != nil {
		return nil, err
	}
	p.reach()
	if err := p.look(); err != nil {
		return nil, err
	}
	p.lockedNames()
	p.natives()
	p.gather()
	return p.s, nil
}

// manifests reads every manifest of the workspace, and its lock.
func (p *rustProject) manifests() error {
	root, err := p.manifest(".")
	if err != nil {
		return err
	}
	p.root = root
	p.s.Manager = Fact{Value: "cargo", At: Place{File: "Cargo.toml"}}
	dirs := []string{}
	if root.Package != nil {
		dirs = append(dirs, ".")
	}
	if w := root.Workspace; w != nil {
		for _, f := range p.t.files {
			dir := path.Dir(f)
			if path.Base(f) != "Cargo.toml" || dir == "." || slices.Contains(w.Exclude, dir) {
				continue
			}
			if slices.ContainsFunc(w.Members, func(m string) bool { ok, _ := path.Match(path.Clean(m), dir); return ok }) {
				dirs = append(dirs, dir)
			}
		}
	}
	for i := 0; i < len(dirs); i++ {
		pkg, err := p.read(dirs[i])
		if err != nil {
			return err
		}
		if pkg == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(pkg.deps)) {
			if d := pkg.deps[name]; d.path != "" && p.t.has[path.Join(d.path, "Cargo.toml")] && !slices.Contains(dirs, d.path) {
				dirs = append(dirs, d.path)
			}
		}
	}
	if len(p.pkgs) == 0 {
		return &Unsupported{"Cargo.toml names no package that is here", ""}
	}
	if p.t.has["Cargo.lock"] {
		p.s.Lock = Fact{Value: "Cargo.lock", At: Place{File: "Cargo.lock"}}
		return p.lock()
	}
	p.s.Notes = append(p.s.Notes, "no lock file: the versions in Cargo.toml move with time; `cargo generate-lockfile` writes one")
	return nil
}

// lock reads what is locked, and whether that is still what the manifests ask for.
func (p *rustProject) lock() error {
	var lock struct {
		Package []struct {
			Name         string   `toml:"name"`
			Version      string   `toml:"version"`
			Source       string   `toml:"source"`
			Dependencies []string `toml:"dependencies"`
		} `toml:"package"`
	}
	if err := toml.Unmarshal(p.t.read("Cargo.lock"), &lock); err != nil {
		return fmt.Errorf("read Cargo.lock: %w", err)
	}
	asks := map[string][]string{}
	for _, k := range lock.Package {
		p.versions[k.Name] = k.Version
		var list []string
		for _, d := range k.Dependencies {
			name, _, _ := strings.Cut(d, " ")
			list = append(list, name)
		}
		asks[k.Name] = append(asks[k.Name], list...)
		at := slices.IndexFunc(p.r.packages, func(q *rustPackage) bool { return q.name == k.Name && k.Source == "" })
		if at < 0 {
			continue
		}
		want := p.r.packages[at].names()
		slices.Sort(list)
		list = slices.Compact(list)
		extra := slices.DeleteFunc(slices.Clone(list), func(n string) bool { return slices.Contains(want, n) })
		lacks := slices.DeleteFunc(want, func(n string) bool { return slices.Contains(list, n) })
		if len(extra)+len(lacks) == 0 || p.r.Stale {
			continue
		}
		p.r.Stale = true
		what := "it lacks " + strings.Join(lacks, ", ")
		if len(lacks) == 0 {
			what = "it still has " + strings.Join(extra, ", ")
		}
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("Cargo.lock:%d is out of step with %s: %s; the build goes without --locked until `cargo update --workspace` has mended it",
			p.t.lineOf("Cargo.lock", `name = "`+k.Name+`"`), path.Join(p.r.packages[at].dir, "Cargo.toml"), what))
	}
	p.graph = asks
	return nil
}

// names are the packages that a package asks for, also for its tests.
func (k *rustPackage) names() []string {
	list := slices.Clone(k.tests)
	for _, d := range k.deps {
		list = append(list, d.name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// lockedNames finds the packages that the program is built of, by the lock.
func (p *rustProject) lockedNames() {
	var follow func(name string)
	follow = func(name string) {
		if v := p.versions[name]; v != "" && p.locked[name] == "" {
			p.locked[name] = v
			for _, d := range p.graph[name] {
				follow(d)
			}
		}
	}
	for _, k := range p.ours() {
		for _, d := range k.deps {
			follow(d.name)
		}
	}
	p.optional()
}

func (p *rustProject) manifest(dir string) (*cargoFile, error) {
	file := path.Join(dir, "Cargo.toml")
	data, err := p.t.open(file)
	if err != nil {
		return nil, err
	}
	var f cargoFile
	if err := toml.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return &f, nil
}

// read reads the manifest of a package; nil = a workspace alone.
func (p *rustProject) read(dir string) (*rustPackage, error) {
	f, err := p.manifest(dir)
	if err != nil || f.Package == nil {
		return nil, err
	}
	k := &rustPackage{dir: dir, name: f.Package.Name, file: f, deps: map[string]cargoDependency{}}
	p.pkgs[dir] = k
	p.r.packages = append(p.r.packages, k)
	active := f.active()
	note := func(deps map[string]any) {
		for name, v := range deps {
			d := p.dependency(dir, name, v)
			if m, ok := v.(map[string]any); ok && m["optional"] == true && !active[name] {
				k.tests = append(k.tests, d.name) // locked, and not part of what is built
				continue
			}
			for feature := range active {
				if of, name, ok := strings.Cut(feature, "/"); ok && strings.TrimSuffix(of, "?") == d.name {
					d.features = append(d.features, name)
				}
			}
			slices.Sort(d.features)
			k.deps[name] = d
		}
	}
	note(f.Dependencies)
	note(f.BuildDependencies)
	tests := func(deps map[string]any) {
		for name, v := range deps {
			k.tests = append(k.tests, p.dependency(dir, name, v).name)
		}
	}
	tests(f.DevDependencies)
	for _, t := range f.Target {
		note(t.Dependencies)
		note(t.BuildDependencies)
		tests(t.DevDependencies)
	}
	has := func(name string) bool { return p.t.has[path.Join(dir, name)] }
	switch {
	case f.Lib != nil && f.Lib.Path != "":
		k.lib = path.Join(dir, f.Lib.Path)
	case has("src/lib.rs"):
		k.lib = path.Join(dir, "src/lib.rs")
	}
	switch b := f.Package.Build.(type) {
	case string:
		k.build = path.Join(dir, b)
	case nil:
		if has("build.rs") {
			k.build = path.Join(dir, "build.rs")
		}
	}
	for _, b := range f.Bin {
		switch {
		case b.Path != "":
			b.Path = path.Join(dir, b.Path)
		case has("src/bin/" + b.Name + ".rs"):
			b.Path = path.Join(dir, "src/bin/"+b.Name+".rs")
		case has("src/bin/" + b.Name + "/main.rs"):
			b.Path = path.Join(dir, "src/bin/"+b.Name+"/main.rs")
		default:
			b.Path = path.Join(dir, "src/main.rs")
		}
		k.bins = append(k.bins, b)
	}
	if f.Package.AutoBins != nil && !*f.Package.AutoBins {
		return k, nil
	}
	auto := func(name, file string) {
		if !slices.ContainsFunc(k.bins, func(b cargoTarget) bool { return b.Path == file || b.Name == name }) {
			k.bins = append(k.bins, cargoTarget{Name: name, Path: file})
		}
	}
	if has("src/main.rs") {
		auto(k.name, path.Join(dir, "src/main.rs"))
	}
	for _, file := range p.t.below(path.Join(dir, "src/bin")) {
		rest := strings.TrimPrefix(file, path.Join(dir, "src/bin")+"/")
		if name, ok := strings.CutSuffix(rest, ".rs"); ok && !strings.Contains(rest, "/") {
			auto(name, file)
		} else if name, ok := strings.CutSuffix(rest, "/main.rs"); ok && !strings.Contains(name, "/") {
			auto(name, file)
		}
	}
	return k, nil
}

// active are the features of a package that are on by default, the optional
// dependencies that they switch on among them, and name/feature for those that they ask
// of others. Source: doc.rust-lang.org/cargo: features.
func (f *cargoFile) active() map[string]bool {
	on := map[string]bool{}
	var follow func(name string)
	follow = func(name string) {
		if on[name] {
			return
		}
		on[name] = true
		if of, _, ok := strings.Cut(name, "/"); ok && !strings.HasSuffix(of, "?") {
			follow(of)
		}
		if dep, ok := strings.CutPrefix(name, "dep:"); ok {
			on[dep] = true
		}
		for _, next := range f.Features[name] {
			follow(next)
		}
	}
	follow("default")
	for _, b := range f.Bin {
		if b.Name == f.Package.DefaultRun || len(f.Bin) == 1 {
			for _, r := range b.Required {
				follow(r)
			}
		}
	}
	return on
}

// dependency reads what a package says of a dependency, or what its workspace does.
func (p *rustProject) dependency(dir, name string, v any) cargoDependency {
	d := cargoDependency{name: name}
	m, ok := v.(map[string]any)
	if !ok {
		return d
	}
	if of, ok := m["workspace"].(bool); ok && of && p.root != nil && p.root.Workspace != nil {
		d = p.dependency(".", name, p.root.Workspace.Dependencies[name])
	}
	if s, ok := m["package"].(string); ok {
		d.name = s
	}
	if s, ok := m["path"].(string); ok {
		d.path = path.Join(dir, s)
	}
	if b, ok := m["default-features"].(bool); ok {
		d.plain = !b
	}
	list, _ := m["features"].([]any)
	for _, f := range list {
		if s, ok := f.(string); ok {
			d.features = append(d.features, s)
		}
	}
	return d
}

// choose finds the binary that is the program.
func (p *rustProject) choose() error {
	type option struct {
		pkg  *rustPackage
		bin  cargoTarget
		rank int
	}
	var list []option
	for _, k := range p.r.packages {
		for _, b := range k.bins {
			list = append(list, option{k, b, p.rank(k, b)})
		}
	}
	slices.SortStableFunc(list, func(a, b option) int { return cmp.Compare(a.rank, b.rank) })
	at := -1
	switch {
	case p.opt.App != "":
		at = slices.IndexFunc(list, func(o option) bool { return o.bin.Name == p.opt.App })
		if at < 0 {
			at = slices.IndexFunc(list, func(o option) bool { return o.pkg.name == p.opt.App || o.pkg.dir == path.Clean(p.opt.App) })
		}
		if at < 0 {
			return fmt.Errorf("--app %s: there is no such binary", p.opt.App)
		}
	case len(list) == 0:
		return &Unsupported{"this is a library: no package of it has a binary", ""}
	case len(list) > 1 && list[0].rank == list[1].rank:
		u := &Unclear{Question: "several programs of this project can be built", Flag: "--app"}
		for _, o := range list {
			if o.rank == list[0].rank {
				u.Choices = append(u.Choices, Choice{o.bin.Name, o.bin.Path})
			}
		}
		return u
	default:
		at = 0
	}
	p.pkg, p.bin = list[at].pkg, list[at].bin
	p.r.Package, p.r.Binary, p.r.Features = p.pkg.name, p.bin.Name, p.bin.Required
	p.s.App = Fact{Value: p.bin.Name, At: Place{File: p.bin.Path}}
	if p.pkg.file.Package.DefaultRun == p.bin.Name {
		file := path.Join(p.pkg.dir, "Cargo.toml")
		p.s.App = Fact{Value: p.bin.Name, At: Place{file, p.t.lineOf(file, "default-run")}, Why: "default-run"}
	}
	p.s.Exec = []string{"/" + p.bin.Name}
	p.s.Start = Fact{Value: p.bin.Name}
	return nil
}

// rank is the lower the likelier a binary is the one that is meant: the one that its
// package runs unless told otherwise, the one that serves.
func (p *rustProject) rank(k *rustPackage, b cargoTarget) int {
	rank := 20
	switch {
	case k.file.Package.DefaultRun == b.Name:
		rank = 0
	case k.file.Package.DefaultRun != "":
		rank = 60
	case k.dir != "." && p.root.Workspace != nil && len(p.root.Workspace.Default) > 0 && !slices.Contains(p.root.Workspace.Default, k.dir):
		rank = 50
	}
	for _, t := range append([]string{"xtask"}, toolNames...) {
		if b.Name == t || strings.HasSuffix(b.Name, "-"+t) || strings.HasSuffix(b.Name, "_"+t) || isSide(b.Path) {
			rank += 30
			break
		}
	}
	own, lib := p.serves(k, b)
	switch {
	case own:
		rank -= 10
	case lib:
		rank -= 5
	}
	return rank
}

// version tells which Rust the project asks for.
func (p *rustProject) version() error {
	s, t := p.s, p.t
	for _, file := range []string{"rust-toolchain.toml", "rust-toolchain"} {
		data := t.read(file)
		if data == nil {
			continue
		}
		var f struct {
			Toolchain struct {
				Channel string `toml:"channel"`
			} `toml:"toolchain"`
		}
		channel, at := strings.TrimSpace(string(data)), 1
		if toml.Unmarshal(data, &f) == nil && f.Toolchain.Channel != "" {
			channel, at = f.Toolchain.Channel, t.lineOf(file, "channel")
		}
		switch {
		case strings.HasPrefix(channel, "nightly"), strings.HasPrefix(channel, "beta"):
			return &Unsupported{fmt.Sprintf("%s:%d asks for %s, and Rust's images have releases alone", file, at, channel), "a Dockerfile by hand can install it with rustup"}
		case channel != "" && channel[0] >= '0' && channel[0] <= '9':
			s.Version = Version{Spec: channel, At: Place{file, at}, Soft: true}
		}
		break
	}
	file := path.Join(p.pkg.dir, "Cargo.toml")
	inherit := func(v any, key string) (string, Place) {
		if m, ok := v.(map[string]any); ok && m["workspace"] == true && p.root.Workspace != nil {
			s, _ := p.root.Workspace.Package[key].(string)
			return s, Place{"Cargo.toml", t.lineOf("Cargo.toml", key)}
		}
		s, _ := v.(string)
		return s, Place{file, t.lineOf(file, key)}
	}
	least, at := inherit(p.pkg.file.Package.RustVersion, "rust-version")
	if least == "" {
		edition, where := inherit(p.pkg.file.Package.Edition, "edition")
		least, at = knowledge.Minimum("rust edition", edition), where
	}
	if least != "" {
		if s.Version.Spec == "" {
			s.Version = Version{Spec: ">=" + least, At: at}
		} else {
			s.Version.Also = ">=" + least
		}
	}
	return nil
}

// dep is a dependency of the program's packages by its name.
func (p *rustProject) dep(name string) (cargoDependency, Place, bool) {
	for _, k := range p.ours() {
		for _, key := range slices.Sorted(maps.Keys(k.deps)) {
			if d := k.deps[key]; d.name == name {
				file := path.Join(k.dir, "Cargo.toml")
				return d, Place{file, p.t.lineOf(file, key)}, true
			}
		}
	}
	return cargoDependency{}, Place{}, false
}

// ours are the package that is built and those of the project that it is built of.
func (p *rustProject) ours() []*rustPackage {
	list := []*rustPackage{p.pkg}
	for i := 0; i < len(list); i++ {
		for _, d := range list[i].deps {
			if k := p.pkgs[d.path]; d.path != "" && k != nil && !slices.Contains(list, k) {
				list = append(list, k)
			}
		}
	}
	slices.SortFunc(list[1:], func(a, b *rustPackage) int { return cmp.Compare(a.dir, b.dir) })
	return list
}

// asks is the dependency of the program's packages that a name, or a name/feature,
// means.
func (p *rustProject) asks(name string) (Place, bool) {
	name, feature, _ := strings.Cut(name, "/")
	d, at, ok := p.dep(name)
	if ok && feature == "default" {
		return at, !d.plain
	}
	return at, ok && (feature == "" || slices.Contains(d.features, feature))
}

// natives notes what the dependencies need of the system: by the lock, which names
// what others bring, else by what the project itself asks for.
func (p *rustProject) natives() {
	for _, n := range knowledge.Natives() {
		if n.Language != "rust" || p.bundled(n.Packages) {
			continue
		}
		// A lock has what a dependency brings with any of its features.
		unasked := slices.ContainsFunc(n.Packages, func(name string) bool {
			of, feature, ok := strings.Cut(name, "/")
			_, _, direct := p.dep(of)
			_, asked := p.asks(name)
			return ok && feature != "default" && direct && !asked
		})
		for _, name := range n.Packages {
			at, ok := p.asks(name)
			if p.s.Lock.Known() {
				if unasked && !ok {
					continue
				}
				if _, ok = p.locked[name]; at == (Place{}) {
					at = Place{"Cargo.lock", p.t.lineOf("Cargo.lock", `name = "`+name+`"`)}
				}
			}
			if ok {
				p.s.Native = append(p.s.Native, Native{Package: name, At: at, Build: n.Build, Runtime: n.Runtime, Why: "it needs them of the system"})
				break
			}
		}
	}
}

// bundled tells whether packages compile their library in, and need none of the
// system.
func (p *rustProject) bundled(packages []string) bool {
	with := func(feature string) bool {
		return slices.ContainsFunc(packages, func(n string) bool {
			d, _, ok := p.dep(n)
			return ok && slices.ContainsFunc(d.features, func(f string) bool { return strings.HasPrefix(f, feature) })
		})
	}
	locked := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return p.locked[n] != "" })
	}
	switch has := func(name string) bool { return slices.Contains(packages, name) }; {
	case has("openssl-sys"):
		return locked("openssl-src") || with("vendored")
	case has("libsqlite3-sys"):
		_, _, sqlx := p.dep("sqlx")
		_, _, orm := p.dep("sea-orm")
		return sqlx || orm || with("bundled")
	case has("pq-sys"), has("mysqlclient-sys"):
		return locked("pq-src", "mysqlclient-src") || with("bundled")
	case has("prost-build"):
		return locked("protoc-bin-vendored", "protox")
	}
	return false
}
