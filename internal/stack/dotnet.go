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

// DotNet is what is known of a .NET project beyond what every stack has.
type DotNet struct {
	Files     []string    `json:"files"`             // that a restore reads, of every project that the program is built of
	Project   string      `json:"project"`           // the project file of the program
	Assembly  string      `json:"assembly"`          // what the build makes of it, without its ending
	Framework string      `json:"framework"`         // net10.0
	Several   bool        `json:"several,omitempty"` // it is built for other frameworks too
	SDK       string      `json:"sdk,omitempty"`     // as global.json asks for it
	Roll      string      `json:"roll,omitempty"`    // which other SDK may do: global.json's rollForward
	Web       bool        `json:"web"`               // it needs ASP.NET Core where it runs
	Native    bool        `json:"native,omitempty"`  // it is compiled to a program of the machine
	Flags     []string    `json:"flags,omitempty"`   // for the build
	Node      *NodeAssets `json:"node,omitempty"`    // npm builds a part of it
	Secrets   []string    `json:"secrets,omitempty"` // variables that nuget.config takes its passwords from
	Token     string      `json:"token,omitempty"`   // the nuget.config that holds a password
	Code      []string    `json:"code"`              // files and folders that the build reads
	Data      []string    `json:"data,omitempty"`    // that the program reads where it runs, beside what is published
}

// NodeAssets tells that a build of another language needs Node.js.
type NodeAssets struct {
	At Place `json:"at"`
}

// isDotNet tells whether the project is one of .NET by what stands at its top.
func isDotNet(t *tree) (Place, bool) {
	if len(netProjects(t)) == 0 {
		return Place{}, false
	}
	for _, name := range t.in(".") {
		switch path.Ext(name) {
		case ".sln", ".slnx", ".csproj", ".fsproj", ".vbproj":
			return Place{File: name}, true
		}
		if name == "global.json" {
			return Place{File: name}, true
		}
	}
	return Place{}, false
}

// isDotNetBelow tells the same by projects in its folders, where no program of
// another language stands at its top.
func isDotNetBelow(t *tree) (Place, bool) {
	files := netProjects(t)
	if _, ok := isPython(t); ok || len(files) == 0 || t.has["package.json"] && servesNode(t) {
		return Place{}, false
	}
	return Place{File: files[0]}, true
}

// netProjects are the project files of a folder, but for those of examples.
func netProjects(t *tree) (list []string) {
	for _, f := range t.files {
		switch path.Ext(f) {
		case ".csproj", ".fsproj", ".vbproj":
			if strings.Count(f, "/") <= 5 {
				list = append(list, f)
			}
		}
	}
	// A project beside others is none of an example's, whatever the folder is called.
	if main := slices.DeleteFunc(slices.Clone(list), func(f string) bool { return netSide(f) }); len(main) > 0 {
		return main
	}
	return nil
}

// netSide tells whether a project file is one of a test, a sample or a benchmark.
func netSide(file string) bool {
	dir := path.Dir(file)
	for part := range strings.SplitSeq(dir, "/") {
		if sides[strings.ToLower(part)] && strings.ToLower(part) != "docker" {
			return true
		}
	}
	return false
}

// A netLooker is a .NET project as it is looked into.
type netLooker struct {
	t        *tree
	opt      Options
	s        *Stack
	d        *DotNet
	projects map[string]*netProject
	names    []string // of the projects, in order
	main     *netProject
	family   []*netProject // the program and what it is built of
	sources  []script
	config   map[string]netSetting
}

func detectDotNet(t *tree, opt Options) (*Stack, error) {
	p := &netLooker{t: t, opt: opt, s: &Stack{Dir: "."}, d: &DotNet{}, projects: map[string]*netProject{}, names: netProjects(t)}
	p.s.DotNet = p.d
	for _, f := range p.names {
		if _, err := p.project(f); err != nil {
			return nil, err
		}
	}
	if err := p.choose(); err != nil {
		return nil, err
	}
	if err := p.framework(); err != nil {
		return nil, err
	}
	if err := p.sdk(); err != nil {
		return nil, err
	}
	p.read()
	p.kind()
	p.variables()
	p.services()
	p.port()
	p.health()
	p.packages()
	p.publish()
	p.gather()
	return p.s, nil
}

// choose finds the project that is the program.
func (p *netLooker) choose() error {
	var list []*netProject
	var refused error
	for _, f := range p.names {
		m := p.projects[f]
		if m.test() || m.tool() {
			continue
		}
		if err := m.foreign(); err != nil {
			refused = cmp.Or(refused, err)
			continue
		}
		if m.program() {
			list = append(list, m)
		}
	}
	if app := p.opt.App; app != "" {
		for _, f := range p.names {
			m := p.projects[f]
			if m.file == path.Clean(app) || m.dir == path.Clean(app) || path.Base(m.dir) == app || m.name() == app {
				if err := m.foreign(); err != nil {
					return err
				}
				p.main = m
			}
		}
		if p.main == nil {
			return fmt.Errorf("--app %s: there is no such project", app)
		}
		return p.chosen()
	}
	if words := parseCommand(p.opt.Line).words; len(words) > 0 {
		name := path.Base(words[0])
		if name == "dotnet" && len(words) > 1 {
			name = strings.TrimSuffix(path.Base(words[1]), ".dll")
		}
		if i := slices.IndexFunc(list, func(m *netProject) bool { return m.assembly() == name }); i >= 0 {
			p.main = list[i]
			return p.chosen()
		}
	}
	if web := slices.DeleteFunc(slices.Clone(list), func(m *netProject) bool { return !m.web() }); len(list) > 1 && len(web) == 1 {
		p.main = web[0]
		return p.chosen()
	}
	switch len(list) {
	case 0:
		if refused != nil {
			return refused
		}
		return &Unsupported{"this is a library: no project of it makes a program", ""}
	case 1:
		p.main = list[0]
		return p.chosen()
	}
	u := &Unclear{Question: "several projects here can be started", Flag: "--app"}
	for _, m := range list {
		u.Choices = append(u.Choices, Choice{m.file, m.sdkName()})
	}
	return u
}

// chosen follows what the program is built of.
func (p *netLooker) chosen() error {
	p.family = []*netProject{p.main}
	for i := 0; i < len(p.family); i++ {
		for _, ref := range p.family[i].refs {
			if !p.t.has[ref.file] {
				return fmt.Errorf("%s is built of %s, which is not there: init takes the folder that has both", ref.at, ref.file)
			}
			m, err := p.project(ref.file)
			if err != nil {
				return err
			}
			if !slices.Contains(p.family, m) {
				p.family = append(p.family, m)
			}
		}
	}
	m := p.main
	p.d.Project, p.d.Assembly = m.file, m.assembly()
	p.s.App = Fact{Value: p.d.Assembly, At: Place{File: m.file}}
	p.s.Manager = Fact{Value: "nuget", At: Place{File: m.file}}
	locked := !slices.ContainsFunc(p.family, func(m *netProject) bool { return !p.t.has[path.Join(m.dir, "packages.lock.json")] })
	if lock := path.Join(m.dir, "packages.lock.json"); locked {
		p.s.Lock = Fact{Value: lock, At: Place{File: lock}}
	} else if p.asksPackages() {
		p.s.Notes = append(p.s.Notes, "no packages.lock.json: what packages bring with them is resolved anew by every build; RestorePackagesWithLockFile in Directory.Build.props writes one for each project")
	}
	return nil
}

// assembly is what the program is called.
func (m *netProject) assembly() string {
	return cmp.Or(m.prop("AssemblyName"), strings.TrimSuffix(path.Base(m.file), path.Ext(m.file)))
}

func (p *netLooker) asksPackages() bool {
	return slices.ContainsFunc(p.family, func(m *netProject) bool { return len(m.packages) > 0 })
}

// framework tells which .NET the program is for: the newest, where there are several.
func (p *netLooker) framework() error {
	m := p.main
	best, at := "", Place{}
	for _, name := range []string{"TargetFramework", "TargetFrameworks"} {
		value, where := m.property(name)
		for tfm := range strings.SplitSeq(value, ";") {
			tfm = strings.ToLower(strings.TrimSpace(tfm))
			v := netVersion(tfm)
			if v == "" || strings.Contains(tfm, "-") && !strings.HasSuffix(tfm, "-linux") {
				continue
			}
			p.d.Several = p.d.Several || best != ""
			if best == "" || knowledge.Compare(v, netVersion(best)) > 0 {
				best, at = tfm, where
			}
		}
		if best != "" {
			break
		}
	}
	if best == "" {
		value, where := m.property("TargetFramework")
		return &Unsupported{fmt.Sprintf("%s does not say which .NET it is for (TargetFramework %q)", cmp.Or(where.String(), m.file), value), "a version like net10.0 is what init takes"}
	}
	p.d.Framework = best
	p.s.Version = Version{Spec: netVersion(best), At: at}
	return nil
}

// netVersion is the version of .NET that a moniker names; "" = another .NET, or none.
func netVersion(tfm string) string {
	tfm, _, _ = strings.Cut(tfm, "-")
	v, ok := strings.CutPrefix(tfm, "netcoreapp")
	if !ok {
		v, ok = strings.CutPrefix(tfm, "net")
	}
	if !ok || !strings.Contains(v, ".") || strings.HasPrefix(v, "standard") || strings.Trim(v, "0123456789.") != "" {
		return ""
	}
	return v
}

// sdk reads the SDK that global.json asks for.
// Source: learn.microsoft.com/dotnet/core/tools/global-json: rollForward.
func (p *netLooker) sdk() error {
	file := ""
	for dir := p.main.dir; ; dir = path.Dir(dir) {
		if f := path.Join(dir, "global.json"); p.t.has[f] {
			file = f
			break
		}
		if dir == "." {
			return nil
		}
	}
	var g struct {
		SDK struct {
			Version string `json:"version"`
			Roll    string `json:"rollForward"`
		} `json:"sdk"`
	}
	if err := json.Unmarshal(plainJSON(p.t.read(file)), &g); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	p.d.Files = append(p.d.Files, file)
	if g.SDK.Version != "" {
		p.d.SDK, p.d.Roll = g.SDK.Version, cmp.Or(g.SDK.Roll, "patch")
	}
	return nil
}
