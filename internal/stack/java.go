package stack

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// Java is what is known of a Java or Kotlin project beyond what every stack has.
type Java struct {
	Files    []string `json:"files"`             // that say what is built, of all modules
	Module   string   `json:"module"`            // the folder of the module that is the program; "." = the project
	Project  string   `json:"project,omitempty"` // what Gradle calls the module; "" = its folder
	Jar      string   `json:"jar,omitempty"`     // what the build makes of it, from the project's folder; "" = Gradle names it
	Shape    JavaJar  `json:"shape"`             // what kind of jar that is
	Layers   string   `json:"layers,omitempty"`  // the mode in which a jar of Spring Boot takes itself apart
	Main     string   `json:"main,omitempty"`    // the class to start, where the jar does not say it
	Flags    []string `json:"flags,omitempty"`   // for the build
	Code     []string `json:"code"`              // files and folders that the build reads
	Data     []string `json:"data,omitempty"`    // files and folders that it reads where it runs
	Probe    string   `json:"probe,omitempty"`   // the port that tells how it is, where it is another one
	Wrapper  string   `json:"wrapper,omitempty"` // the version of the tool that the project works with
	Least    string   `json:"least,omitempty"`   // the oldest version of the tool that the build goes on with
	Siblings bool     `json:"siblings"`          // it is built of other modules of the project
	Reports  bool     `json:"reports,omitempty"` // it names plugins that only reports need
}

// A JavaJar is how a program is packed.
type JavaJar string

// The ways.
const (
	BootJar    JavaJar = "boot"    // Spring Boot's, with everything in it
	QuarkusJar JavaJar = "quarkus" // a folder with what it needs
	FatJar     JavaJar = "fat"     // with everything in it
	PlainJar   JavaJar = "plain"   // what it depends on has to lie beside it
)

func isJava(t *tree) (Place, bool) {
	for _, f := range []string{"pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"} {
		if t.has[f] {
			return Place{File: f}, true
		}
	}
	return Place{}, false
}

// A javaModule is one module of a project, as its build file has it.
type javaModule struct {
	project   string // what Gradle calls it, where that is not its folder
	dir, file string
	name      string // of what is built
	pack      string // jar, war, pom
	deps      []javaDependency
	siblings  []string          // folders of modules that it is built of
	boot      string            // the version of Spring Boot; "" = it is not made with it
	quarkus   string            // of Quarkus
	plugins   map[string]string // the artifact of each, with its settings as they are written
	main      string
	jar       string
}

type javaDependency struct {
	group, name, scope string
	at                 Place
}

// A javaProject is a Java project as it is looked into.
type javaProject struct {
	dirs    map[string]string // of Gradle's projects that lie elsewhere, see gradleDir
	t       *tree
	opt     Options
	s       *Stack
	j       *Java
	mods    []*javaModule
	mod     *javaModule
	sources []*javaSource
	config  []javaSetting
	poms    map[string]*pom
}

func detectJava(t *tree, opt Options) (*Stack, error) {
	p := &javaProject{t: t, opt: opt, s: &Stack{Dir: "."}, j: &Java{}, poms: map[string]*pom{}}
	p.s.Java = p.j
	var err error
	if t.has["pom.xml"] {
		err = p.maven()
		if t.has["build.gradle"] || t.has["build.gradle.kts"] {
			p.s.Notes = append(p.s.Notes, "the project can be built with Gradle too: it is built with Maven here")
		}
	} else {
		err = p.gradle()
	}
	if err != nil {
		return nil, err
	}
	if err := p.choose(); err != nil {
		return nil, err
	}
	p.read()
	p.jdk()
	if err := p.start(); err != nil {
		return nil, err
	}
	p.look()
	p.gather()
	return p.s, nil
}

// choose finds the module that is the program.
func (p *javaProject) choose() error {
	var list []*javaModule
	for _, m := range p.mods {
		if m.pack == "war" {
			if m.boot == "" && (len(p.mods) == 1 || p.opt.App == m.dir) {
				return &Unsupported{fmt.Sprintf("%s packs a war, which an application server runs", m.file), "packaging jar with a server of its own, such as Spring Boot's, is what a container takes"}
			}
			if m.boot == "" {
				continue
			}
		}
		if m.pack != "pom" && p.isProgram(m) {
			list = append(list, m)
		}
	}
	switch {
	case p.opt.App != "":
		for _, m := range p.mods {
			if m.dir == path.Clean(p.opt.App) || path.Base(m.dir) == p.opt.App || m.name == p.opt.App {
				p.mod = m
			}
		}
		if p.mod == nil && len(list) == 1 && strings.Contains(p.opt.App, ".") {
			p.mod, list[0].main = list[0], p.opt.App // a class
		}
		if p.mod == nil {
			return fmt.Errorf("--app %s: there is no such module", p.opt.App)
		}
	case len(list) == 0:
		return &Unsupported{"this is a library: no module of it has a class with a main method", ""}
	case len(list) > 1:
		serve := slices.DeleteFunc(slices.Clone(list), func(m *javaModule) bool { return !p.webby(m) })
		if len(serve) == 1 {
			p.mod = serve[0]
			break
		}
		u := &Unclear{Question: "several modules of this project can be started", Flag: "--app"}
		for _, m := range list {
			u.Choices = append(u.Choices, Choice{m.dir, m.file})
		}
		return u
	default:
		p.mod = list[0]
	}
	p.j.Module, p.j.Project = p.mod.dir, p.mod.project
	return nil
}

// isProgram tells whether a module makes something that starts.
func (p *javaProject) isProgram(m *javaModule) bool {
	if m.quarkus != "" || m.main != "" {
		return true
	}
	for _, f := range p.t.below(path.Join(m.dir, "src/main")) {
		if (strings.HasSuffix(f, ".java") || strings.HasSuffix(f, ".kt")) && javaMainRE.MatchString(p.code(f)) {
			return true
		}
	}
	return false
}

// webby tells whether a module has a server.
func (p *javaProject) webby(m *javaModule) bool {
	return p.frameworkOf(m) != nil && p.frameworkOf(m).Kind == string(Service)
}

// frameworkOf is what a module, or one that it is built of, is made with; nil = nothing
// that is known.
func (p *javaProject) frameworkOf(m *javaModule) *knowledge.Framework {
	f, _ := p.framework(m)
	return f
}

func (p *javaProject) framework(m *javaModule) (*knowledge.Framework, Place) {
	for _, m := range p.family(m) {
		for _, f := range knowledge.Frameworks() {
			if f.Language != "java" {
				continue
			}
			for _, d := range m.deps {
				if slices.Contains(f.Packages, d.name) && d.scope != "test" {
					return f, d.at
				}
			}
		}
	}
	return nil, Place{}
}

// family are a module and those that it is built of.
func (p *javaProject) family(m *javaModule) []*javaModule {
	list := []*javaModule{m}
	for i := 0; i < len(list); i++ {
		for _, dir := range list[i].siblings {
			at := slices.IndexFunc(p.mods, func(o *javaModule) bool { return o.dir == dir })
			if at >= 0 && !slices.Contains(list, p.mods[at]) {
				list = append(list, p.mods[at])
			}
		}
	}
	return list
}

// dep is a dependency of the program by its artifact.
func (p *javaProject) dep(names ...string) (javaDependency, bool) {
	for _, m := range p.family(p.mod) {
		for _, d := range m.deps {
			if slices.Contains(names, d.name) && d.scope != "test" {
				return d, true
			}
		}
	}
	return javaDependency{}, false
}

// jdk raises the version that the project asks for to what its framework needs.
func (p *javaProject) jdk() {
	s := p.s
	least := cmp.Or(knowledge.Minimum("Spring Boot", p.mod.boot), knowledge.Minimum("Quarkus", p.mod.quarkus))
	if p.mod.boot == "" && p.mod.quarkus == "" {
		least = ""
	}
	have := strings.TrimPrefix(s.Version.Spec, ">=")
	if least != "" && (have == "" || knowledge.Compare(have, least) < 0) {
		s.Version = Version{Spec: ">=" + least, At: Place{File: p.mod.file}}
	}
}

// start tells how the program is packed and started.
func (p *javaProject) start() error {
	s, j, m := p.s, p.j, p.mod
	j.Jar, j.Main = m.jar, m.main
	has := func(plugin string) bool { _, ok := m.plugins[plugin]; return ok }
	s.App = Fact{Value: m.name, At: Place{File: m.file}}
	switch {
	case m.boot != "" && (has("spring-boot-maven-plugin") || has("org.springframework.boot")):
		j.Shape = BootJar
		// Source: docs.spring.io/spring-boot: release notes of 2.3 (layertools) and 3.3 (tools).
		switch {
		case knowledge.Compare(m.boot, "3.3") >= 0:
			j.Layers = "tools"
		case knowledge.Compare(m.boot, "2.3") >= 0:
			j.Layers = "layertools"
			j.Main = "org.springframework.boot.loader.JarLauncher"
			if knowledge.Compare(m.boot, "3.2") >= 0 {
				j.Main = "org.springframework.boot.loader.launch.JarLauncher"
			}
		}
	case m.quarkus != "":
		j.Shape = QuarkusJar
	case has("maven-shade-plugin"), assembled(m.plugins["maven-assembly-plugin"]), has("com.github.johnrengelman.shadow"), has("com.gradleup.shadow"), has("io.ktor.plugin"):
		j.Shape = FatJar
		inner := m.plugins["maven-assembly-plugin"]
		if c := finalNameRE.FindStringSubmatch(inner); c != nil && assembled(inner) && !strings.Contains(c[1], "$") && j.Jar != "" {
			j.Jar = path.Join(path.Dir(j.Jar), c[1]+".jar")
		}
		if assembled(inner) && !strings.Contains(inner, "<appendAssemblyId>false") && j.Jar != "" {
			j.Jar = strings.TrimSuffix(j.Jar, ".jar") + "-jar-with-dependencies.jar"
		}
	default:
		j.Shape = PlainJar
	}
	if j.Shape == PlainJar || j.Shape == FatJar {
		if err := p.mainClass(); err != nil {
			return err
		}
	}
	switch {
	case j.Shape == QuarkusJar:
		s.Exec = []string{"java", "-jar", "quarkus-run.jar"}
	case j.Layers == "layertools":
		s.Exec = []string{"java", j.Main}
	case j.Shape == PlainJar && j.Jar == "":
		s.Exec = []string{"java", "-cp", "lib/*", j.Main} // Gradle puts its own jar there too
	case j.Shape == PlainJar:
		s.Exec = []string{"java", "-cp", "app.jar:lib/*", j.Main}
	case j.Shape == FatJar && j.Main != "":
		s.Exec = []string{"java", "-cp", "app.jar", j.Main}
	default:
		s.Exec = []string{"java", "-jar", "app.jar"}
	}
	s.Start = Fact{Value: strings.Join(s.Exec, " ")}
	return nil
}

var finalNameRE = regexp.MustCompile(`<finalName>\s*([^<\s]+)\s*</finalName>`)

// assembled tells whether maven-assembly-plugin makes a jar with all that it depends on when
// the project is packaged: a goal that is bound to no phase does nothing there.
// Source: maven.apache.org/plugins/maven-assembly-plugin: usage, execution.
func assembled(inner string) bool {
	return strings.Contains(inner, "jar-with-dependencies") && strings.Contains(inner, "<execution>") && strings.Contains(inner, "<goal>")
}

// mainClass finds the class to start: what the build says, else the one that has a
// main method.
func (p *javaProject) mainClass() error {
	if p.j.Main != "" {
		return nil
	}
	var list []*javaSource
	for _, f := range p.sources {
		if strings.HasPrefix(f.file, strings.TrimPrefix(p.mod.dir+"/", "./")) && javaMainRE.MatchString(f.code) {
			list = append(list, f)
		}
	}
	switch len(list) {
	case 0:
		return &Unsupported{fmt.Sprintf("no class of %s has a main method", p.mod.dir), ""}
	case 1:
		p.j.Main = list[0].class()
		p.s.App = Fact{Value: p.j.Main, At: Place{File: list[0].file}}
		return nil
	}
	u := &Unclear{Question: "several classes have a main method", Flag: "--app"}
	for _, f := range list {
		u.Choices = append(u.Choices, Choice{f.class(), f.file})
	}
	return u
}
