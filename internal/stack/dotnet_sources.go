package stack

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

var (
	netSecretRE = regexp.MustCompile(`%([A-Za-z_][A-Za-z0-9_]*)%`)
	netClearRE  = regexp.MustCompile(`(?i)<add\s+key="(?:ClearTextPassword|Password)"\s+value="([^"]+)"`)
	netFeedRE   = regexp.MustCompile(`(?i)<add\s+key="[^"]*"\s+value="(https?://[^"]+)"`)
	netWriteRE  = regexp.MustCompile(`\b(?:Directory\.CreateDirectory|File\.WriteAll\w+|File\.Create|File\.AppendAll\w+)\(\s*"([^"]+)"|\b(?i:filename|data source)=([^;"]+\.(?:db|sqlite3?))\b|WriteTo\.File\(\s*"([^"]+)"`)
)

// packages tells what the packages need of the system.
func (p *netLooker) packages() {
	for _, n := range knowledge.Natives() {
		if n.Language != "dotnet" {
			continue
		}
		if x, ok := p.asks(n.Packages...); ok {
			p.s.Native = append(p.s.Native, Native{Package: x.name, At: x.at, Build: n.Build, Runtime: n.Runtime, Why: "its package does not bring them"})
		}
	}
	if x, ok := p.asks("Microsoft.Playwright", "PuppeteerSharp"); ok {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s drives a browser, which is in no image of .NET: it wants one of its own", x.at))
	}
}

// publish tells how the program is built and started.
func (p *netLooker) publish() {
	s, d, m := p.s, p.d, p.main
	if m.is("PublishAot") {
		d.Native = true
		// Source: learn.microsoft.com/dotnet/core/deploying/native-aot: prerequisites.
		at := m.props["PublishAot"].at
		s.Native = append(s.Native, Native{Package: "PublishAot", At: at, Build: []string{"clang", "zlib1g-dev"}, Why: "it is compiled to a program of the machine"})
		s.Exec = []string{"./" + d.Assembly}
	} else {
		d.Flags = append(d.Flags, "-p:UseAppHost=false")
		// One file, and one with its runtime, are for machines without it.
		for _, name := range []string{"PublishSingleFile", "PublishTrimmed", "PublishReadyToRun"} {
			if m.is(name) {
				d.Flags = append(d.Flags, "-p:"+name+"=false")
			}
		}
		if m.is("SelfContained") || m.is("PublishSelfContained") {
			d.Flags = append(d.Flags, "--self-contained", "false")
		}
		s.Exec = []string{"dotnet", d.Assembly + ".dll"}
	}
	s.Start = Fact{Value: strings.Join(s.Exec, " ")}
	for _, o := range p.family {
		for _, e := range o.execs {
			if w := split(e.command); len(w) > 0 && (w[0] == "npm" || w[0] == "yarn" || w[0] == "pnpm" || w[0] == "npx" || w[0] == "node") && d.Node == nil {
				d.Node = &NodeAssets{At: e.at}
			}
		}
	}
	p.writes()
}

// writes notes what the program makes where it runs.
func (p *netLooker) writes() {
	note := func(v string, at Place) {
		v = path.Clean(strings.ReplaceAll(v, `\\`, "/"))
		if strings.HasPrefix(v, "/tmp") || strings.ContainsAny(v, "{}$~ ") || strings.HasPrefix(v, "..") || strings.Contains(v, ":memory:") || strings.Contains(v, ":") {
			return
		}
		dir := v
		if path.Ext(v) != "" {
			dir = path.Dir(v)
		}
		if dir == "." {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a setting say where it lies, in a folder of its own", at, v))
		} else if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir }) {
			p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
		}
	}
	for _, f := range p.sources {
		for _, m := range netWriteRE.FindAllStringSubmatchIndex(f.text, -1) {
			for i := 2; i < len(m); i += 2 {
				if m[i] >= 0 {
					note(f.text[m[i]:m[i+1]], Place{f.file, lineAt(f.text, m[0])})
				}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.config)) {
		c := p.config[key]
		if m := netWriteRE.FindStringSubmatch(c.value); m != nil && m[2] != "" && strings.HasPrefix(key, "connectionstrings:") {
			note(m[2], c.at)
		}
		if strings.HasPrefix(key, "serilog:") && strings.HasSuffix(key, ":path") {
			note(c.value, c.at)
		}
	}
}

// gather tells what a restore reads, and what the build reads beside it.
func (p *netLooker) gather() {
	d, t := p.d, p.t
	file := func(f string) {
		if t.has[f] && !slices.Contains(d.Files, f) {
			d.Files = append(d.Files, f)
		}
	}
	var dirs []string // the folders around the projects, from the outside in
	for _, m := range p.family {
		for dir := m.dir; ; dir = path.Dir(dir) {
			if !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
			if dir == "." {
				break
			}
		}
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return depth(a) - depth(b) })
	var late []string
	for _, dir := range dirs {
		for _, name := range t.in(dir) {
			switch base := path.Base(name); {
			case strings.EqualFold(base, "nuget.config"):
				p.feeds(name)
			case base == "Directory.Build.props" || base == "Directory.Build.targets" || base == "Directory.Packages.props" || base == "Directory.Build.rsp":
				file(name)
			case base == ".editorconfig" || base == ".globalconfig":
				late = append(late, name)
			}
		}
	}
	for _, m := range p.family {
		file(m.file)
		file(path.Join(m.dir, "packages.lock.json"))
		for _, f := range m.imports {
			file(f)
		}
	}
	for _, m := range p.family {
		if m.dir == "." {
			d.Code = append(d.Code, p.top()...)
		} else {
			d.Code = append(d.Code, m.dir)
		}
	}
	for _, m := range p.family {
		for _, u := range append(m.uses, late...) {
			if (t.has[u] || t.dir(u)) && !slices.Contains(d.Files, u) && !slices.ContainsFunc(d.Code, func(c string) bool { return c == u || strings.HasPrefix(u, c+"/") }) {
				d.Code = append(d.Code, u)
			}
		}
	}
	// A folder below another comes with it.
	d.Code = slices.DeleteFunc(slices.Clone(d.Code), func(c string) bool {
		return slices.ContainsFunc(d.Code, func(o string) bool { return strings.HasPrefix(c, o+"/") })
	})
	slices.Sort(d.Code)
	d.Code = slices.Compact(d.Code)
}

func depth(dir string) int {
	if dir == "." {
		return 0
	}
	return 1 + strings.Count(dir, "/")
}

// top are the files and folders of a project that lies at the top, without those of
// others.
func (p *netLooker) top() (list []string) {
	for _, name := range p.t.in(".") {
		base := strings.TrimSuffix(name, "/")
		folder := base != name
		switch {
		case strings.HasPrefix(base, "."), folder && (base == "bin" || base == "obj" || sides[strings.ToLower(base)]):
		case folder && slices.ContainsFunc(p.names, func(f string) bool {
			return strings.HasPrefix(f, base+"/") && !slices.Contains(p.family, p.projects[f])
		}):
		case !folder && (netAside(base) || slices.Contains(p.d.Files, base) || base == "package.json" && p.d.Node == nil):
		default:
			list = append(list, base)
		}
	}
	return list
}

// netAside tells whether a file at the top is none that a build reads.
func netAside(base string) bool {
	switch path.Ext(base) {
	case ".csproj", ".fsproj", ".vbproj", ".sln", ".slnx", ".md", ".yml", ".yaml", ".user", ".http", ".ps1", ".sh", ".cmd", ".bat", ".DotSettings":
		return true
	}
	return slices.Contains([]string{"Dockerfile", "LICENSE", "Makefile", "Procfile", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "Directory.Build.rsp", "global.json", "packages.lock.json", "package-lock.json", "appsettings.Development.json"}, base) || strings.EqualFold(base, "nuget.config") || strings.HasPrefix(base, "LICENSE")
}

// feeds reads where packages come from. A password in it is no part of a layer: the
// whole file is then a secret of the build.
func (p *netLooker) feeds(file string) {
	text := string(p.t.read(file))
	for _, m := range netClearRE.FindAllStringSubmatch(text, -1) {
		if v := netSecretRE.FindStringSubmatch(m[1]); v == nil {
			p.d.Token = file
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s:%d holds a password: it is given to the build as a secret and is in no layer; out of the repository it belongs all the same", file, p.t.lineOf(file, m[0])))
			return
		}
	}
	p.d.Files = append(p.d.Files, file)
	for _, m := range netSecretRE.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(p.d.Secrets, m[1]) {
			p.d.Secrets = append(p.d.Secrets, m[1])
		}
	}
	for _, m := range netFeedRE.FindAllStringSubmatch(text, -1) {
		if len(p.d.Secrets) == 0 && !strings.Contains(m[1], "nuget.org") {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s:%d names a feed of its own: where it asks for a password, packageSourceCredentials with %%NAME%% lets a secret of the build bring it", file, p.t.lineOf(file, m[1])))
		}
	}
}
