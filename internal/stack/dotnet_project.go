package stack

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A netProject is a project file of .NET, with what it takes of files around it.
type netProject struct {
	file, dir string
	sdks      []string
	props     map[string]netProperty
	packages  []netPackage
	refs      []netRef
	shared    []string // frameworks that it asks for beside its SDK's
	uses      []string // files and folders outside its own folder that it names
	imports   []string // files of the build that it takes in
	execs     []netExec
	old       bool // of the time before SDKs
}

type netProperty struct {
	value string
	at    Place
}

type netPackage struct {
	name string
	at   Place
}

type netRef struct {
	file string
	at   Place
}

type netExec struct {
	command string
	at      Place
}

var netVarRE = regexp.MustCompile(`\$\(([A-Za-z_][\w.]*)\)`)

// project reads a project file, once.
func (p *netLooker) project(file string) (*netProject, error) {
	if m := p.projects[file]; m != nil {
		return m, nil
	}
	m := &netProject{file: file, dir: path.Dir(file), props: map[string]netProperty{}}
	// What stands around it comes first, from the outside in: MSBuild itself takes only
	// the nearest, which as a rule takes in the next.
	var around []string
	for dir := m.dir; ; dir = path.Dir(dir) {
		if f := path.Join(dir, "Directory.Build.props"); p.t.has[f] {
			around = append(around, f)
		}
		if dir == "." {
			break
		}
	}
	for dir := m.dir; ; dir = path.Dir(dir) { // and the nearest file of central versions
		if f := path.Join(dir, "Directory.Packages.props"); p.t.has[f] {
			around = append(around, f)
			break
		}
		if dir == "." {
			break
		}
	}
	for _, f := range slices.Backward(around) {
		if err := p.build(m, f); err != nil {
			return nil, err
		}
	}
	if err := p.build(m, file); err != nil {
		return nil, err
	}
	p.projects[file] = m
	return m, nil
}

// build reads a file of the build into a project.
func (p *netLooker) build(m *netProject, file string) error {
	data, err := p.t.open(file)
	if err != nil {
		return err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = false
	d.CharsetReader = plainReader
	where := func() Place {
		line, _ := d.InputPos()
		return Place{file, line}
	}
	var stack []string
	text := ""
	for {
		tok, err := d.Token()
		if tok == nil {
			if len(stack) > 0 || err != nil && err.Error() != "EOF" {
				return fmt.Errorf("read %s: %w", file, err)
			}
			return nil
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			stack, text = append(stack, tok.Name.Local), ""
			m.element(p, file, tok, where())
		case xml.CharData:
			text += string(tok)
		case xml.EndElement:
			if len(stack) >= 2 && stack[len(stack)-2] == "PropertyGroup" {
				if v := m.value(strings.TrimSpace(text)); v != "" {
					m.props[stack[len(stack)-1]] = netProperty{v, where()}
				}
			}
			if len(stack) > 0 {
				stack = stack[:len(stack)-1]
			}
			text = ""
		}
	}
}

// element notes what an element of a file of the build says.
func (m *netProject) element(p *netLooker, file string, e xml.StartElement, at Place) {
	attr := func(name string) string {
		for _, a := range e.Attr {
			if strings.EqualFold(a.Name.Local, name) {
				return m.value(strings.ReplaceAll(a.Value, `\`, "/"))
			}
		}
		return ""
	}
	resolve := func(name string) string {
		dir := path.Dir(file)
		for _, own := range []string{"$(MSBuildThisFileDirectory)", "$(MSBuildProjectDirectory)/", "$(ProjectDir)"} {
			if rest, ok := strings.CutPrefix(name, own); ok {
				if own != "$(MSBuildThisFileDirectory)" {
					dir = m.dir
				}
				name = rest
			}
		}
		if rest, ok := strings.CutPrefix(name, "$(SolutionDir)"); ok {
			dir, name = ".", rest
		}
		// A pattern is of the folder before its first sign.
		parts := strings.Split(path.Join(dir, name), "/")
		for i, part := range parts {
			if strings.ContainsAny(part, "*?;$%") {
				parts = parts[:i]
				break
			}
		}
		return strings.Join(parts, "/")
	}
	switch e.Name.Local {
	case "Project":
		if file == m.file {
			if sdk := attr("Sdk"); sdk != "" {
				m.sdks = append(m.sdks, sdk)
			}
			m.old = attr("ToolsVersion") != "" && attr("Sdk") == ""
		}
	case "Sdk":
		m.sdks = append(m.sdks, attr("Name"))
	case "Import":
		if attr("Sdk") != "" {
			m.sdks = append(m.sdks, attr("Sdk"))
			m.old = false
		} else if f := resolve(attr("Project")); p.t.has[f] && f != file && !slices.Contains(m.imports, f) {
			m.imports = append(m.imports, f)
			_ = p.build(m, f) // one that cannot be read is the build's to tell
		}
	case "PackageReference", "GlobalPackageReference":
		if name := attr("Include"); name != "" {
			m.packages = append(m.packages, netPackage{name, at})
		}
	case "ProjectReference":
		if f := attr("Include"); f != "" && !strings.Contains(f, "$(") {
			m.refs = append(m.refs, netRef{path.Join(path.Dir(file), f), at})
		}
	case "FrameworkReference":
		m.shared = append(m.shared, attr("Include"))
	case "Exec":
		m.execs = append(m.execs, netExec{attr("Command"), at})
	default:
		if f := resolve(attr("Include")); attr("Include") != "" && f != m.dir && f != "" && f != "." && !strings.HasPrefix(f, m.dir+"/") && !strings.HasPrefix(f, "..") {
			m.uses = append(m.uses, f)
		}
	}
}

// value is a text with the properties that it names, as far as they are known here.
func (m *netProject) value(text string) string {
	for range 4 {
		next := netVarRE.ReplaceAllStringFunc(text, func(ref string) string {
			name := ref[2 : len(ref)-1]
			if name == "MSBuildProjectName" {
				return strings.TrimSuffix(path.Base(m.file), path.Ext(m.file))
			}
			if v, ok := m.props[name]; ok {
				return v.value
			}
			return ref
		})
		if next == text {
			break
		}
		text = next
	}
	return text
}

func (m *netProject) property(name string) (string, Place) {
	return m.props[name].value, m.props[name].at
}
func (m *netProject) prop(name string) string { return m.props[name].value }
func (m *netProject) is(name string) bool     { return strings.EqualFold(m.prop(name), "true") }
func (m *netProject) name() string            { return strings.TrimSuffix(path.Base(m.file), path.Ext(m.file)) }

// sdkName is the SDK that a project is made with, in short.
func (m *netProject) sdkName() string {
	if len(m.sdks) == 0 {
		return ""
	}
	name, _, _ := strings.Cut(m.sdks[0], "/")
	return name
}

func (m *netProject) asks(names ...string) (netPackage, bool) {
	for _, p := range m.packages {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, p.name) }) {
			return p, true
		}
	}
	return netPackage{}, false
}

// web tells whether a project is a server of ASP.NET Core.
func (m *netProject) web() bool {
	return m.sdkName() == "Microsoft.NET.Sdk.Web" || slices.Contains(m.shared, "Microsoft.AspNetCore.App")
}

// program tells whether a project makes something that starts.
func (m *netProject) program() bool {
	switch m.sdkName() {
	case "Microsoft.NET.Sdk.Web", "Microsoft.NET.Sdk.Worker":
		return !strings.EqualFold(m.prop("OutputType"), "Library")
	}
	return strings.EqualFold(m.prop("OutputType"), "Exe")
}

// test tells whether a project holds tests or measures something.
func (m *netProject) test() bool {
	_, ok := m.asks("Microsoft.NET.Test.Sdk", "xunit", "xunit.v3", "NUnit", "MSTest", "MSTest.TestFramework", "TUnit", "BenchmarkDotNet")
	return ok || m.is("IsTestProject") || strings.HasPrefix(m.sdkName(), "MSTest.Sdk")
}

// tool tells whether a project is for the people who work on the program: what starts
// its parts on their machines, or a build script.
func (m *netProject) tool() bool {
	if _, ok := m.asks("Nuke.Common", "Cake.Frosting", "Bullseye"); ok || m.is("IsAspireHost") || m.is("PackAsTool") {
		return true
	}
	return slices.ContainsFunc(m.sdks, func(s string) bool { return strings.HasPrefix(s, "Aspire.AppHost.Sdk") })
}

// foreign tells why a project cannot run in a container of Linux, or not in one of its
// own.
func (m *netProject) foreign() error {
	if v, at := m.property("TargetFrameworkVersion"); m.old || v != "" {
		return &Unsupported{fmt.Sprintf("%s is for .NET Framework %s, which runs on Windows alone", placeOr(at, m.file), strings.TrimPrefix(v, "v")), "a container of Linux needs .NET 6 or newer"}
	}
	for _, name := range []string{"TargetFramework", "TargetFrameworks"} {
		v, at := m.property(name)
		usable, why := false, ""
		for tfm := range strings.SplitSeq(v, ";") {
			tfm = strings.ToLower(strings.TrimSpace(tfm))
			_, system, _ := strings.Cut(tfm, "-")
			switch {
			case system != "" && system != "linux":
				why = fmt.Sprintf("%s is for %s, which is no system of a server's container", at, tfm)
			case strings.HasPrefix(tfm, "net4") && !strings.Contains(tfm, "."):
				why = fmt.Sprintf("%s is for .NET Framework (%s), which runs on Windows alone", at, tfm)
			default:
				usable = true
			}
		}
		if v != "" && !usable {
			return &Unsupported{why, ""}
		}
	}
	if _, at := m.property("AzureFunctionsVersion"); at != (Place{}) {
		return &Unsupported{fmt.Sprintf("%s is a function of Azure, which its own host runs", at), "mcr.microsoft.com/azure-functions/dotnet-isolated is the base for it"}
	}
	if v, at := m.property("AWSProjectType"); v == "Lambda" {
		return &Unsupported{fmt.Sprintf("%s is a function of AWS Lambda, which its own host runs", at), "public.ecr.aws/lambda/dotnet is the base for it"}
	}
	if m.sdkName() == "Microsoft.NET.Sdk.BlazorWebAssembly" {
		return &Unsupported{m.file + " is a site that runs in the browser", "publish it and give its wwwroot to init, or host it in a project of ASP.NET Core"}
	}
	if m.is("UseWPF") || m.is("UseWindowsForms") || m.is("UseMaui") {
		return &Unsupported{m.file + " is a program with windows", ""}
	}
	return nil
}

func placeOr(at Place, file string) string {
	if at == (Place{}) {
		return file
	}
	return at.String()
}
