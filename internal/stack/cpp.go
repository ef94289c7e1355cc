package stack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// CPP is what is known of a project in C or C++ that CMake builds, beyond what every
// stack has.
type CPP struct {
	Target   string    `json:"target"`             // the program, as CMake names it
	Binary   string    `json:"binary"`             // its file
	Out      string    `json:"out"`                // the folder in which a build in /build leaves it
	Shared   []string  `json:"shared,omitempty"`   // libraries of its own that it loads where it runs
	Preset   string    `json:"preset,omitempty"`   // of CMakePresets.json; "" = none
	Off      []string  `json:"off,omitempty"`      // options of tests and examples
	Tools    []string  `json:"tools"`              // packages of Debian that build it
	Fetches  bool      `json:"fetches,omitempty"`  // the build downloads sources
	Newer    string    `json:"newer,omitempty"`    // why it takes a compiler or a CMake newer than those of Debian 12; "" = it does not
	Code     []string  `json:"code"`               // files and folders that the build reads
	Data     []string  `json:"data,omitempty"`     // that the program reads where it runs
	Installs []CPPData `json:"installs,omitempty"` // that an install puts beside it
	Handles  bool      `json:"handles"`            // it does something about SIGTERM
	Raw      bool      `json:"raw,omitempty"`      // it speaks a protocol of its own
	GRPC     bool      `json:"grpc,omitempty"`
}

// CPPData is a file or a folder of the project, and where an install puts it.
type CPPData struct {
	Name string `json:"name"`
	To   string `json:"to"`
}

// isCMake tells whether CMake builds the project.
func isCMake(t *tree) (Place, bool) {
	if !t.has["CMakeLists.txt"] {
		return Place{}, false
	}
	if _, ok := isSite(t); ok && !cppServing(t) {
		return Place{}, false // its pages are there already
	}
	return Place{File: "CMakeLists.txt"}, true
}

// isCMakeServer tells whether a server in C or C++ is built, whatever scripts in other
// languages have a manifest beside it for their tools.
func isCMakeServer(t *tree) (Place, bool) {
	for _, f := range []string{"pyproject.toml", "setup.py", "manage.py", "package.json", "Pipfile"} {
		if t.has[f] {
			return Place{}, false
		}
	}
	if !t.has["CMakeLists.txt"] || !cppServing(t) {
		return Place{}, false
	}
	return Place{File: "CMakeLists.txt"}, true
}

// cppServing tells whether any source in C or C++ listens.
func cppServing(t *tree) bool {
	return slices.ContainsFunc(t.files, func(f string) bool {
		return cppFileRE.MatchString(f) && !isSide(f) && cppServes(uncommented(string(t.read(f)))) != nil
	})
}

// A cppProject is a project in C or C++ as it is looked into.
type cppProject struct {
	t       *tree
	opt     Options
	s       *Stack
	c       *CPP
	r       *cmakeReader
	main    *cmakeTarget
	family  []*cmakeTarget // the program and the libraries of the project in it
	sources []script
	plain   map[string]string     // sources without their comments
	served  map[string]*cppServer // how a source listens
}

func detectCMake(t *tree, opt Options) (*Stack, error) {
	p := &cppProject{t: t, opt: opt, s: &Stack{Dir: "."}, c: &CPP{}, plain: map[string]string{}, served: map[string]*cppServer{}}
	p.s.CPP = p.c
	p.r = &cmakeReader{t: t, options: map[string]bool{}, byName: map[string]*cmakeTarget{}, fetched: map[string]bool{}, functions: map[string]*cmakeFunction{}, install: map[string]Place{}, vars: map[string]string{
		"CMAKE_SOURCE_DIR": "@/.", "CMAKE_BINARY_DIR": "/build", "CMAKE_SYSTEM_NAME": "Linux", "CMAKE_BUILD_TYPE": "Release", "CMAKE_CXX_COMPILER_ID": "GNU", "CMAKE_C_COMPILER_ID": "GNU",
		"CMAKE_INSTALL_PREFIX": "/usr/local", "CMAKE_INSTALL_BINDIR": "bin", "CMAKE_INSTALL_DATADIR": "share", "CMAKE_INSTALL_DATAROOTDIR": "share", "CMAKE_INSTALL_SYSCONFDIR": "etc", "CMAKE_INSTALL_LIBDIR": "lib", "CMAKE_INSTALL_INCLUDEDIR": "include",
		"CMAKE_INSTALL_LOCALSTATEDIR": "var",
	}}
	p.s.Manager = Fact{Value: "cmake", At: Place{File: "CMakeLists.txt"}}
	if err := p.preset(); err != nil {
		return nil, err
	}
	p.r.read("CMakeLists.txt", ".", false)
	if len(p.r.missing) > 0 {
		m := p.r.missing[0]
		if p.t.read(".gitmodules") != nil {
			return nil, &Unsupported{fmt.Sprintf("%s adds %s, which is not there", m.at, m.title), "`git submodule update --init --recursive` brings what .gitmodules names"}
		}
		return nil, fmt.Errorf("%s adds %s, which has no CMakeLists.txt", m.at, m.title)
	}
	if err := p.choose(); err != nil {
		return nil, err
	}
	p.follow()
	p.kind()
	p.port()
	p.health()
	p.variables()
	if err := p.native(); err != nil {
		return nil, err
	}
	p.signals()
	p.idle()
	p.writes()
	p.toolchain()
	p.gather()
	return p.s, nil
}

// preset picks the preset of a release.
// Source: cmake.org/cmake/help: cmake-presets(7); what the command line says wins.
func (p *cppProject) preset() error {
	const file = "CMakePresets.json"
	if !p.t.has[file] {
		return nil
	}
	type preset struct {
		Name      string         `json:"name"`
		Hidden    bool           `json:"hidden"`
		Inherits  composerList   `json:"inherits"`
		Generator string         `json:"generator"`
		Toolchain string         `json:"toolchainFile"`
		Cache     map[string]any `json:"cacheVariables"`
	}
	var all struct {
		Presets []preset `json:"configurePresets"`
	}
	if err := json.Unmarshal(plainJSON(p.t.read(file)), &all); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	byName := map[string]preset{}
	for _, x := range all.Presets {
		byName[x.Name] = x
	}
	var whole func(x preset, depth int) preset
	whole = func(x preset, depth int) preset {
		for _, up := range x.Inherits {
			if depth > 8 {
				break
			}
			y := whole(byName[up], depth+1)
			x.Generator, x.Toolchain = cmp.Or(x.Generator, y.Generator), cmp.Or(x.Toolchain, y.Toolchain)
			for k, v := range y.Cache {
				if _, ok := x.Cache[k]; !ok {
					if x.Cache == nil {
						x.Cache = map[string]any{}
					}
					x.Cache[k] = v
				}
			}
		}
		return x
	}
	value := func(v any) string {
		if m, ok := v.(map[string]any); ok {
			v = m["value"]
		}
		return fmt.Sprint(v)
	}
	for _, name := range all.Presets {
		x := whole(name, 0)
		build := value(x.Cache["CMAKE_BUILD_TYPE"])
		lower := strings.ToLower(x.Name)
		if x.Hidden || strings.HasPrefix(x.Generator, "Visual Studio") || x.Generator == "Xcode" || strings.Contains(lower, "win") || strings.Contains(lower, "macos") || strings.Contains(lower, "clang") || build != "Release" && build != "RelWithDebInfo" && build != "MinSizeRel" {
			continue
		}
		at := Place{file, p.t.lineOf(file, `"`+x.Name+`"`)}
		if strings.Contains(x.Toolchain, "vcpkg") || strings.Contains(x.Toolchain, "conan") {
			return &Unsupported{fmt.Sprintf("%s gets the libraries by %s", at, x.Toolchain), "packages of Debian, by find_package, and FetchContent are what init takes"}
		}
		p.c.Preset = x.Name
		for k, v := range x.Cache {
			switch word := strings.ToUpper(value(v)); word {
			case "ON", "TRUE", "OFF", "FALSE":
				if !cmakeAsideRE.MatchString(k) {
					p.r.options[k] = word == "ON" || word == "TRUE"
				}
			default:
				p.r.vars[k] = value(v)
			}
		}
		return nil
	}
	return nil
}

// choose finds the program.
func (p *cppProject) choose() error {
	var list []*cmakeTarget
	for _, t := range p.r.targets {
		if !t.library && !t.test && !strings.Contains(t.name, "$") {
			list = append(list, t)
		}
	}
	if app := p.opt.App; app != "" {
		for _, t := range p.r.targets {
			if !t.library && (t.name == app || t.output == app || path.Clean(app) == t.dir && t.dir != ".") {
				p.main = t
				return nil
			}
		}
		return fmt.Errorf("--app %s: CMakeLists.txt makes no such program", app)
	}
	if words := parseCommand(p.opt.Line).words; len(words) > 0 {
		for _, t := range list {
			if t.output == path.Base(words[0]) {
				p.main = t
				return nil
			}
		}
	}
	if len(list) == 0 {
		if slices.ContainsFunc(p.r.targets, func(t *cmakeTarget) bool { return t.library }) {
			return &Unsupported{"this is a library: CMakeLists.txt makes no program but tests and examples", "--app TARGET takes one of them"}
		}
		return &Unsupported{"CMakeLists.txt makes no program", "add_executable does"}
	}
	pick := func(is func(*cmakeTarget) bool) {
		if some := slices.DeleteFunc(slices.Clone(list), func(t *cmakeTarget) bool { return !is(t) }); p.main == nil && len(some) == 1 {
			p.main = some[0]
		}
	}
	pick(func(*cmakeTarget) bool { return true })
	pick(func(t *cmakeTarget) bool {
		return slices.ContainsFunc(p.read(p.familyOf(t)), func(f script) bool { return p.serves(f) != nil })
	})
	pick(func(t *cmakeTarget) bool { _, ok := p.r.install[t.name]; return ok })
	pick(func(t *cmakeTarget) bool { return strings.EqualFold(t.name, p.r.vars["CMAKE_PROJECT_NAME"]) })
	if p.main != nil {
		return nil
	}
	u := &Unclear{Question: "CMakeLists.txt makes several programs", Flag: "--app"}
	for _, t := range list {
		u.Choices = append(u.Choices, Choice{t.name, t.at.String()})
	}
	return u
}

// familyOf is a program, and the libraries of the project that it is linked with.
func (p *cppProject) familyOf(t *cmakeTarget) []*cmakeTarget {
	list := []*cmakeTarget{t}
	for i := 0; i < len(list); i++ {
		for _, name := range list[i].links {
			if l := p.r.byName[name]; l != nil && l.library && !slices.Contains(list, l) {
				list = append(list, l)
			}
		}
	}
	return list
}

// follow says what the program is built of, and how it is started.
func (p *cppProject) follow() {
	s, c, t := p.s, p.c, p.main
	p.family = p.familyOf(t)
	p.sources = p.read(p.family)
	c.Target, c.Binary = t.name, t.output
	c.Out = path.Clean(p.r.expand(t.out))
	if rest, ok := strings.CutPrefix(c.Out, "@"); ok {
		c.Out = path.Join("/src", rest)
	}
	for _, l := range p.family[1:] {
		if l.shared {
			c.Shared = append(c.Shared, l.name)
		}
	}
	s.App = Fact{Value: t.name, At: t.at}
	s.Exec = []string{path.Join(p.place(), c.Binary)}
	s.Start = Fact{Value: s.Exec[0], At: t.at}
	s.Version = p.standard()
}

// place is the folder of the program in the image: that of an install, where something else
// is put beside it there, as its settings are, or takes its name for a folder.
func (p *cppProject) place() string {
	const usual = "/usr/local/bin"
	for _, d := range p.r.data {
		if in := p.main.installed; in != "" && (d.to == in || path.Dir(d.to) == in) {
			return in
		}
		if d.to == path.Join(usual, p.main.output) {
			return d.to
		}
	}
	return usual
}

// standard is the version of the language.
func (p *cppProject) standard() Version {
	for _, name := range []string{"CMAKE_CXX_STANDARD", "CMAKE_C_STANDARD"} {
		if v := p.r.vars[name]; v != "" {
			for _, f := range append([]string{"CMakeLists.txt"}, p.r.dirs...) {
				if p.t.dir(f) {
					f = path.Join(f, "CMakeLists.txt")
				}
				if n := p.t.lineOf(f, name); n > 0 {
					return Version{Spec: map[bool]string{true: "C++", false: "C"}[name == "CMAKE_CXX_STANDARD"] + v, At: Place{f, n}}
				}
			}
		}
	}
	for _, t := range p.family {
		for _, c := range cmakeCommands(fileOf(t), p.t.read(fileOf(t))) {
			if c.name != "target_compile_features" {
				continue
			}
			for _, w := range c.args {
				if v, ok := strings.CutPrefix(w, "cxx_std_"); ok {
					return Version{Spec: "C++" + v, At: c.at}
				}
			}
		}
	}
	return Version{}
}

func fileOf(t *cmakeTarget) string { return path.Join(t.dir, "CMakeLists.txt") }

// read reads the sources of targets, without their comments, and the headers beside them.
func (p *cppProject) read(targets []*cmakeTarget) (list []script) {
	seen := map[string]bool{}
	total := 0
	add := func(f string) {
		if seen[f] {
			return
		}
		seen[f] = true
		data := p.t.read(f)
		if total += len(data); total > maxSource {
			return
		}
		if _, ok := p.plain[f]; !ok {
			p.plain[f] = uncommented(string(data))
		}
		list = append(list, script{f, p.plain[f]})
	}
	for _, t := range targets {
		for _, f := range t.sources {
			add(f)
			for _, h := range p.t.below(path.Dir(f)) {
				if path.Dir(h) == path.Dir(f) && strings.HasPrefix(path.Ext(h), ".h") {
					add(h)
				}
			}
		}
		if len(t.sources) == 0 && !t.library { // it names them in a way that is not read
			for _, f := range p.t.below(t.dir) {
				if cppFileRE.MatchString(f) && !isSide(f) && !strings.Contains(f, "third_party/") && !strings.Contains(f, "external/") {
					add(f)
				}
			}
		}
	}
	return list
}

// toolchain names the packages that build the project.
func (p *cppProject) toolchain() {
	c, r := p.c, p.r
	cxx := len(r.langs) == 0 || slices.Contains(r.langs, "CXX") || !slices.Contains(r.langs, "C")
	c.Tools = []string{"ccache", "cmake", "ninja-build"}
	if cxx {
		c.Tools = append(c.Tools, "g++")
	} else {
		c.Tools = append(c.Tools, "gcc", "libc6-dev")
	}
	if r.pkg {
		c.Tools = append(c.Tools, "pkg-config")
	}
	if r.extern != (Place{}) {
		c.Tools = append(c.Tools, "make")
	}
	if r.git != (Place{}) {
		c.Tools = append(c.Tools, "git")
	}
	if c.Fetches = r.git != (Place{}) || r.url != (Place{}) || r.extern != (Place{}); c.Fetches {
		c.Tools = append(c.Tools, "ca-certificates")
	}
	if slices.Contains(r.langs, "ASM_NASM") {
		c.Tools = append(c.Tools, "nasm")
	}
	slices.Sort(c.Tools)
	c.Off = slices.Sorted(slices.Values(r.off))
	if r.testing && !slices.Contains(c.Off, "BUILD_TESTING") {
		c.Off = append([]string{"BUILD_TESTING"}, c.Off...)
	}
	// Source: packages.debian.org: cmake 3.25 and gcc 12 in bookworm, cmake 3.31 and gcc 14
	// in trixie; gcc.gnu.org: C++ standards support, <format> in 13, <print> in 14.
	switch {
	case r.least != "" && knowledge.Compare(r.least, "3.25") > 0:
		c.Newer = fmt.Sprintf("%s asks for CMake %s", r.leastAt, r.least)
		if knowledge.Compare(r.least, "3.31") > 0 {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s asks for CMake %s, and Debian 13 has 3.31: the build stops there", r.leastAt, r.least))
		}
	case p.s.Version.Spec == "C++23" || p.s.Version.Spec == "C++26":
		c.Newer = fmt.Sprintf("%s asks for %s", p.s.Version.At, p.s.Version.Spec)
	default:
		for _, f := range p.sources {
			for _, h := range []string{"<format>", "<print>", "<generator>", "<expected>"} {
				if i := strings.Index(f.text, "#include "+h); i >= 0 {
					c.Newer = fmt.Sprintf("%s includes %s", Place{f.file, lineAt(f.text, i)}, h)
					return
				}
			}
		}
	}
}
