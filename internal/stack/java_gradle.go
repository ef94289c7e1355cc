package stack

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

var (
	gradlePluginRE  = regexp.MustCompile(`\bid\s*\(?\s*["']([\w.-]+)["']\s*\)?(?:\s*version\s*\(?\s*["']([\w.-]+)["'])?`)
	gradleDepRE     = regexp.MustCompile(`(?m)(?:^|[{;])\s*(\w+)\s*\(?\s*(?:platform\(|enforcedPlatform\()?\s*["']([\w.-]+):([\w.-]+)(?::([\w.$\{\}-]+))?`)
	gradleProjectRE = regexp.MustCompile(`(?m)(?:^|[{;])\s*(\w+)\s*\(?\s*project\(\s*(?:path\s*:\s*)?["']:?([\w:.-]+)["']`)
	gradleIncludeRE = regexp.MustCompile(`(?m)^\s*include\s*\(?([^)\n]+(?:,\s*\n[^)\n]+)*)`)
	gradleDirRE     = regexp.MustCompile(`project\(\s*["']:?([\w:.-]+)["']\s*\)\.projectDir\s*=\s*(?:new\s+)?[Ff]ile\(\s*(?:\w+\s*,\s*)?["']([\w./-]+)["']`)
	gradleQuotedRE  = regexp.MustCompile(`["']([^"']+)["']`)
	gradleJavaRE    = regexp.MustCompile(`JavaLanguageVersion\.of\(\s*(\d+)|jvmToolchain\(\s*(\d+)|(?:sourceCompatibility|targetCompatibility|release)\b[^\n]*?(?:VERSION_(?:1_)?|["'=\s(])(\d+(?:\.\d+)?)`)
	gradleMainRE    = regexp.MustCompile(`\bmainClass(?:Name)?\b(?:\.set\(|\s*=)\s*["']([\w.$]+)["']`)
	gradleApplyRE   = regexp.MustCompile(`\bapply\s*\(?\s*plugin\s*[:=]\s*["']([\w.-]+)["']`)
	gradleBootRE    = regexp.MustCompile(`["']org\.springframework\.boot:spring-boot-gradle-plugin:([\w.-]+)`)
	gradleWrapRE    = regexp.MustCompile(`gradle-(\d+(?:\.\d+)+)-`)
)

// expand writes out what a build file takes of the catalogue of versions.
// Source: docs.gradle.org: version catalogs.
func (p *javaProject) expand(text string) string {
	data := p.t.read("gradle/libs.versions.toml")
	if data == nil || !strings.Contains(text, "libs.") {
		return text
	}
	var c struct {
		Versions  map[string]any `toml:"versions"`
		Libraries map[string]any `toml:"libraries"`
		Plugins   map[string]any `toml:"plugins"`
	}
	if toml.Unmarshal(data, &c) != nil {
		return text
	}
	version := func(m map[string]any) string {
		v, _ := m["version"].(string)
		if ref, ok := m["version"].(map[string]any); ok {
			name, _ := ref["ref"].(string)
			v, _ = c.Versions[name].(string)
		}
		return v
	}
	dotted := strings.NewReplacer("-", ".", "_", ".")
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(c.Plugins))) {
		if m, ok := c.Plugins[name].(map[string]any); ok {
			text = strings.ReplaceAll(text, "alias(libs.plugins."+dotted.Replace(name)+")", fmt.Sprintf("id %q version %q", m["id"], version(m)))
		}
	}
	// The longest first: libs.ktor.server is no part of libs.ktor.server.netty.
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(c.Libraries))) {
		spec, _ := c.Libraries[name].(string)
		if m, ok := c.Libraries[name].(map[string]any); ok {
			spec, _ = m["module"].(string)
			if g, ok := m["group"].(string); ok {
				spec = fmt.Sprint(g, ":", m["name"])
			}
			if v := version(m); v != "" {
				spec += ":" + v
			}
		}
		text = strings.ReplaceAll(text, "libs."+dotted.Replace(name), strconv.Quote(spec))
	}
	return text
}

// gradleAt is where a dependency stands: in a build file, or in the catalogue.
func (p *javaProject) gradleAt(file, name string) Place {
	if n := p.t.lineOf(file, name); n > 0 {
		return Place{file, n}
	}
	const catalogue = "gradle/libs.versions.toml"
	if n := p.t.lineOf(catalogue, name); n > 0 {
		return Place{catalogue, n}
	}
	return Place{File: file}
}

// gradle reads the build files of every module.
func (p *javaProject) gradle() error {
	t := p.t
	at, _ := isJava(t)
	p.s.Manager = Fact{Value: "gradle", At: at}
	dirs, names := []string{"."}, map[string]string{}
	for _, f := range []string{"settings.gradle", "settings.gradle.kts"} {
		for _, m := range gradleIncludeRE.FindAllStringSubmatch(string(t.read(f)), -1) {
			for _, q := range gradleQuotedRE.FindAllStringSubmatch(m[1], -1) {
				if dir := p.gradleDir(q[1]); t.dir(dir) {
					dirs = append(dirs, dir)
					if name := strings.TrimPrefix(q[1], ":"); strings.ReplaceAll(name, ":", "/") != dir {
						names[dir] = name
					}
				}
			}
		}
	}
	root := p.buildFile(".")
	for _, dir := range dirs {
		file := p.buildFile(dir)
		if file == "" {
			continue
		}
		p.j.Files = append(p.j.Files, file)
		m := p.gradleModule(dir, file, root)
		m.project = names[dir]
		p.mods = append(p.mods, m)
	}
	for _, f := range []string{"settings.gradle", "settings.gradle.kts", "gradle.properties", "gradle/libs.versions.toml", "gradle.lockfile"} {
		if t.has[f] {
			p.j.Files = append(p.j.Files, f)
		}
	}
	p.applied()
	for _, f := range []string{"gradle.lockfile"} {
		if t.has[f] {
			p.s.Lock = Fact{Value: f, At: Place{File: f}}
		}
	}
	for _, dir := range []string{"buildSrc", "build-logic"} {
		if t.dir(dir) {
			p.j.Data = append(p.j.Data, dir)
		}
	}
	if m := gradleWrapRE.FindSubmatch(t.read("gradle/wrapper/gradle-wrapper.properties")); m != nil {
		p.j.Wrapper = string(m[1])
	}
	return nil
}

// gradleDir is the folder of a project of the build: the one that its path names, or where the
// settings say it lies. Source: docs.gradle.org: ProjectDescriptor.setProjectDir.
func (p *javaProject) gradleDir(project string) string {
	if p.dirs == nil {
		p.dirs = map[string]string{}
		for _, f := range []string{"settings.gradle.kts", "settings.gradle"} {
			for _, m := range slices.Backward(gradleDirRE.FindAllStringSubmatch(string(p.t.read(f)), -1)) {
				p.dirs[m[1]] = path.Clean(m[2])
			}
		}
	}
	project = strings.TrimPrefix(project, ":")
	return cmp.Or(p.dirs[project], strings.ReplaceAll(project, ":", "/"))
}

func (p *javaProject) buildFile(dir string) string {
	for _, f := range []string{"build.gradle", "build.gradle.kts"} {
		if f = path.Join(dir, f); p.t.has[f] {
			return f
		}
	}
	return ""
}

// gradleModule is what a build file says, and what that of the project says for all.
func (p *javaProject) gradleModule(dir, file, root string) *javaModule {
	t := p.t
	m := &javaModule{dir: dir, file: file, name: path.Base(dir), pack: "jar", plugins: map[string]string{}}
	text := p.expand(string(t.read(file)))
	if dir == "." {
		m.name = "app"
		if n := regexp.MustCompile(`rootProject\.name\s*=\s*["']([^"']+)["']`).FindStringSubmatch(string(t.read("settings.gradle")) + string(t.read("settings.gradle.kts"))); n != nil {
			m.name = n[1]
		}
	}
	versions := map[string]string{}
	if root != "" {
		all := p.expand(string(t.read(root)))
		for _, x := range gradlePluginRE.FindAllStringSubmatch(all, -1) {
			versions[x[1]] = x[2]
		}
		if x := gradleBootRE.FindStringSubmatch(all); x != nil {
			versions["org.springframework.boot"] = x[1]
		}
	}
	text = gradleApplyRE.ReplaceAllString(text, `id "$1"`)
	for _, x := range gradlePluginRE.FindAllStringSubmatch(text, -1) {
		if strings.Contains(text, x[0]+" apply false") {
			continue
		}
		m.plugins[x[1]] = ""
		v := cmp.Or(x[2], versions[x[1]])
		switch x[1] {
		case "org.springframework.boot":
			m.boot = cmp.Or(v, "2")
		case "io.quarkus":
			m.quarkus = cmp.Or(v, "2")
		case "war":
			m.pack = "war"
		}
	}
	for _, x := range gradleDepRE.FindAllStringSubmatch(text, -1) {
		scope := ""
		if strings.HasPrefix(x[1], "test") {
			scope = "test"
		}
		m.deps = append(m.deps, javaDependency{x[2], x[3], scope, p.gradleAt(file, x[2]+":"+x[3])})
	}
	for _, x := range gradleProjectRE.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(x[1], "test") {
			m.siblings = append(m.siblings, p.gradleDir(x[2]))
		}
	}
	slices.Sort(m.siblings)
	if x := gradleMainRE.FindStringSubmatch(text); x != nil {
		m.main = x[1]
	}
	for _, f := range slices.Compact([]string{file, root}) {
		for _, x := range gradleJavaRE.FindAllStringSubmatchIndex(string(t.read(f)), -1) {
			src := string(t.read(f))
			for i := 2; i < len(x); i += 2 {
				if x[i] >= 0 && p.s.Version.Spec == "" {
					v := strings.TrimPrefix(src[x[i]:x[i+1]], "1.")
					p.s.Version = Version{Spec: ">=" + v, At: Place{f, 1 + strings.Count(src[:x[i]], "\n")}}
				}
			}
		}
	}
	return m
}

var applyRE = regexp.MustCompile(`(?m)^\s*apply\s*(?:\(\s*)?from\s*[:=]\s*(?:["']|rootProject\.file\(["']|file\(["'])(?:\$(?:\{?rootDir\}?|\{?projectDir\}?)/)?([\w./-]+)["']`)

// applied adds the scripts that the build files take in: apply from: 'gradle/x.gradle'.
func (p *javaProject) applied() {
	for i := 0; i < len(p.j.Files); i++ {
		file := p.j.Files[i]
		if !strings.Contains(path.Base(file), ".gradle") {
			continue
		}
		for _, m := range applyRE.FindAllStringSubmatch(string(p.t.read(file)), -1) {
			for _, name := range []string{path.Join(path.Dir(file), m[1]), path.Clean(m[1])} {
				if p.t.has[name] && !slices.Contains(p.j.Files, name) {
					p.j.Files = append(p.j.Files, name)
				}
			}
		}
	}
}
