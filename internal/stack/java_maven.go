package stack

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A pom is a pom.xml, as far as it says how something is built.
type pom struct {
	Parent struct {
		Artifact string  `xml:"artifactId"`
		Version  string  `xml:"version"`
		Path     *string `xml:"relativePath"`
	} `xml:"parent"`
	Artifact     string          `xml:"artifactId"`
	Version      string          `xml:"version"`
	Packaging    string          `xml:"packaging"`
	Modules      []string        `xml:"modules>module"`
	Properties   pomProperties   `xml:"properties"`
	Dependencies []pomDependency `xml:"dependencies>dependency"`
	Managed      []pomDependency `xml:"dependencyManagement>dependencies>dependency"`
	FinalName    string          `xml:"build>finalName"`
	Plugins      []pomPlugin     `xml:"build>plugins>plugin"`
	ManagedPlug  []pomPlugin     `xml:"build>pluginManagement>plugins>plugin"`
	Reports      []pomPlugin     `xml:"reporting>plugins>plugin"`
	file, dir    string
	up           *pom // its parent, where that is in the project
}

type pomDependency struct {
	Group    string `xml:"groupId"`
	Artifact string `xml:"artifactId"`
	Version  string `xml:"version"`
	Scope    string `xml:"scope"`
}

type pomPlugin struct {
	Artifact string `xml:"artifactId"`
	Version  string `xml:"version"`
	Inner    string `xml:",innerxml"`
}

// pomProperties are the properties of a pom, by their names.
type pomProperties map[string]string

// UnmarshalXML reads elements of any name.
func (p *pomProperties) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	*p = pomProperties{}
	for {
		tok, err := d.Token()
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			var v string
			if err := d.DecodeElement(&v, &tok); err != nil {
				return err
			}
			(*p)[tok.Name.Local] = strings.TrimSpace(v)
		case xml.EndElement:
			return nil
		}
	}
}

var pomRefRE = regexp.MustCompile(`\$\{([^}]+)\}`)

// value is a text with the properties that it names.
func (m *pom) value(text string) string {
	for range 8 {
		next := pomRefRE.ReplaceAllStringFunc(text, func(ref string) string {
			name := ref[2 : len(ref)-1]
			switch name {
			case "project.artifactId", "artifactId", "pom.artifactId":
				return m.Artifact
			case "project.version", "version", "pom.version":
				return cmp.Or(m.Version, m.Parent.Version)
			case "project.parent.version":
				return m.Parent.Version
			}
			if v, _ := m.property(name); v != "" {
				return v
			}
			return ref
		})
		if next == text {
			break
		}
		text = next
	}
	return strings.TrimSpace(text)
}

// property is a property of a pom or of its parents in the project, and the file that
// says it.
func (m *pom) property(name string) (string, *pom) {
	for at := m; at != nil; at = at.up {
		if v, ok := at.Properties[name]; ok {
			return v, at
		}
	}
	return "", nil
}

// maven reads the pom.xml of every module.
func (p *javaProject) maven() error {
	p.s.Manager = Fact{Value: "maven", At: Place{File: "pom.xml"}}
	dirs := []string{"."}
	for i := 0; i < len(dirs); i++ {
		m, err := p.pom(dirs[i])
		if err != nil {
			return err
		}
		for _, sub := range m.Modules {
			dir := path.Join(dirs[i], strings.TrimSuffix(m.value(sub), "/pom.xml"))
			if p.t.has[path.Join(dir, "pom.xml")] && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	for _, dir := range dirs {
		p.j.Files = append(p.j.Files, p.poms[dir].file)
		p.mods = append(p.mods, p.module(p.poms[dir]))
	}
	for _, f := range []string{".mvn/maven.config", ".mvn/extensions.xml", ".mvn/jvm.config"} {
		if p.t.has[f] {
			p.j.Files = append(p.j.Files, f)
		}
	}
	if m := mavenWrapperRE.FindSubmatch(p.t.read(".mvn/wrapper/maven-wrapper.properties")); m != nil {
		p.j.Wrapper = string(m[1])
	}
	for _, m := range p.poms {
		p.j.Reports = p.j.Reports || len(m.Reports) > 0
		for _, x := range slices.Concat(m.Plugins, m.ManagedPlug) {
			if c := pomLeastRE.FindStringSubmatch(x.Inner); x.Artifact == "maven-enforcer-plugin" && c != nil {
				if v := mavenVersionRE.FindString(m.value(c[1])); v != "" && knowledge.Compare(v, cmp.Or(p.j.Least, "0")) > 0 {
					p.j.Least = v
				}
			}
		}
	}
	if strings.Contains(string(p.t.read("pom.xml")), "git-commit-id") {
		p.j.Flags = append(p.j.Flags, "-Dmaven.gitcommitid.skip=true")
	}
	return nil
}

func (p *javaProject) pom(dir string) (*pom, error) {
	if m := p.poms[dir]; m != nil {
		return m, nil
	}
	file := path.Join(dir, "pom.xml")
	data, err := p.t.open(file)
	if err != nil {
		return nil, err
	}
	m := &pom{file: file, dir: dir}
	d := xml.NewDecoder(strings.NewReader(string(data)))
	d.Strict = false
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	p.poms[dir] = m
	if m.Parent.Artifact != "" {
		rel := "../pom.xml"
		if m.Parent.Path != nil {
			rel = *m.Parent.Path
		}
		up := path.Join(dir, rel)
		if path.Base(up) != "pom.xml" {
			up = path.Join(up, "pom.xml")
		}
		if rel != "" && p.t.has[up] && up != file {
			other, err := p.pom(path.Dir(up))
			if err != nil {
				return nil, err
			}
			if other.Artifact == m.Parent.Artifact {
				m.up = other
			}
		}
	}
	return m, nil
}

// module is what a pom says, with what its parents in the project say.
func (p *javaProject) module(m *pom) *javaModule {
	mod := &javaModule{dir: m.dir, file: m.file, name: m.Artifact, pack: cmp.Or(m.Packaging, "jar"), plugins: map[string]string{}}
	for at := m; at != nil; at = at.up {
		for _, d := range at.Dependencies {
			mod.deps = append(mod.deps, javaDependency{m.value(d.Group), d.Artifact, d.Scope, Place{at.file, p.t.lineOf(at.file, "<artifactId>"+d.Artifact+"</artifactId>")}})
		}
		for _, x := range slices.Concat(at.Plugins, at.ManagedPlug) {
			mod.plugins[x.Artifact] += x.Inner
			if x.Artifact == "spring-boot-maven-plugin" || x.Artifact == "quarkus-maven-plugin" {
				continue
			}
			if c := pomMainRE.FindStringSubmatch(x.Inner); c != nil && mod.main == "" {
				mod.main = m.value(c[1])
			}
		}
		for _, d := range append(slices.Clone(at.Managed), at.Dependencies...) {
			switch {
			case d.Artifact == "spring-boot-dependencies" || mod.boot == "" && d.Group == "org.springframework.boot" && d.Version != "":
				mod.boot = cmp.Or(mod.boot, m.value(d.Version))
			case strings.HasPrefix(d.Artifact, "quarkus-bom") || d.Artifact == "quarkus-universe-bom" || m.value(d.Artifact) == "quarkus-bom":
				mod.quarkus = m.value(d.Version)
			}
		}
		if at.Parent.Artifact == "spring-boot-starter-parent" {
			mod.boot = m.value(at.Parent.Version)
		}
	}
	if _, ok := mod.plugins["quarkus-maven-plugin"]; !ok {
		mod.quarkus = ""
	}
	for _, name := range []string{"mainClass", "exec.mainClass", "start-class", "main.class"} {
		if v, _ := m.property(name); v != "" && mod.main == "" {
			mod.main = m.value(v)
		}
	}
	for _, o := range p.poms {
		for _, d := range m.Dependencies {
			if d.Artifact == o.Artifact && o != m {
				mod.siblings = append(mod.siblings, o.dir)
			}
		}
	}
	slices.Sort(mod.siblings)
	name := m.Artifact + "-" + cmp.Or(m.Version, m.Parent.Version)
	for at := m; at != nil; at = at.up {
		if at.FinalName != "" {
			name = at.FinalName
			break
		}
	}
	if c := pomClassifierRE.FindStringSubmatch(mod.plugins["spring-boot-maven-plugin"]); c != nil {
		name += "-" + c[1]
	}
	ext := ".jar"
	if mod.pack == "war" {
		ext = ".war"
	}
	mod.jar = path.Join(m.dir, "target", m.value(name)+ext)
	p.release(m)
	return mod
}

var (
	mavenWrapperRE  = regexp.MustCompile(`(?m)^\s*distributionUrl\s*=.*apache-maven-(\d+(?:\.\d+)+)-bin`)
	mavenVersionRE  = regexp.MustCompile(`\d+(?:\.\d+)*`)
	pomLeastRE      = regexp.MustCompile(`(?s)<requireMavenVersion>.*?<version>\s*([^<]+?)\s*</version>`)
	pomMainRE       = regexp.MustCompile(`<(?:mainClass|Main-Class)>\s*([^<\s]+)\s*</`)
	pomClassifierRE = regexp.MustCompile(`<classifier>\s*([^<\s]+)\s*</classifier>`)
	pomReleaseRE    = regexp.MustCompile(`<(release|source|target)>\s*([^<\s]+)\s*</`)
	javaVersionRE   = regexp.MustCompile(`^(?:1\.)?(\d+)`)
)

// release notes which Java a pom asks for; of several modules the newest.
func (p *javaProject) release(m *pom) {
	note := func(v, file string, line int) {
		c := javaVersionRE.FindStringSubmatch(v)
		if c == nil {
			return
		}
		have := strings.TrimPrefix(p.s.Version.Spec, ">=")
		if have == "" || len(c[1]) > len(have) || len(c[1]) == len(have) && c[1] > have {
			p.s.Version = Version{Spec: ">=" + c[1], At: Place{file, line}}
		}
	}
	for _, name := range []string{"maven.compiler.release", "java.version", "maven.compiler.source", "maven.compiler.target", "jdk.version", "javaVersion"} {
		if v, at := m.property(name); v != "" {
			note(m.value(v), at.file, p.t.lineOf(at.file, "<"+name+">"))
		}
	}
	for at := m; at != nil; at = at.up {
		for _, x := range slices.Concat(at.Plugins, at.ManagedPlug) {
			if x.Artifact != "maven-compiler-plugin" {
				continue
			}
			for _, c := range pomReleaseRE.FindAllStringSubmatch(x.Inner, -1) {
				note(m.value(c[2]), at.file, p.t.lineOf(at.file, "<"+c[1]+">"))
			}
		}
	}
}
