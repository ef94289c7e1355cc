package stack

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	gradlePluginRE  = regexp.MustCompile(`\bid\s*\(?\s*["']([\w.-]+)["']\s*\)?(?:\s*version\s*\(?\s*["']([\w.-]+)["'])?`)
	gradleDepRE     = regexp.MustCompile(`(?m)^\s*(\w+)\s*\(?\s*(?:platform\(|enforcedPlatform\()?\s*["']([\w.-]+):([\w.-]+)(?::([\w.$\{\}-]+))?`)
	gradleProjectRE = regexp.MustCompile(`(?m)^\s*(\w+)\s*\(?\s*project\(\s*(?:path\s*:\s*)?["']:?([\w:.-]+)["']`)
	gradleIncludeRE = regexp.MustCompile(`(?m)^\s*include\s*\(?([^)\n]+(?:,\s*\n[^)\n]+)*)`)
	gradleQuotedRE  = regexp.MustCompile(`["']([^"']+)["']`)
	gradleJavaRE    = regexp.MustCompile(`JavaLanguageVersion\.of\(\s*(\d+)|jvmToolchain\(\s*(\d+)|(?:sourceCompatibility|targetCompatibility|release)\b[^\n]*?(?:VERSION_(?:1_)?|["'=\s(])(\d+(?:\.\d+)?)`)
	gradleMainRE    = regexp.MustCompile(`\bmainClass(?:Name)?\b(?:\.set\(|\s*=)\s*["']([\w.$]+)["']`)
	gradleWrapRE    = regexp.MustCompile(`gradle-(\d+(?:\.\d+)+)-`)
)

// gradle reads the build files of every module.
func (p *javaProject) gradle() error {
	t := p.t
	at, _ := isJava(t)
	p.s.Manager = Fact{Value: "gradle", At: at}
	dirs := []string{"."}
	for _, f := range []string{"settings.gradle", "settings.gradle.kts"} {
		for _, m := range gradleIncludeRE.FindAllStringSubmatch(string(t.read(f)), -1) {
			for _, q := range gradleQuotedRE.FindAllStringSubmatch(m[1], -1) {
				if dir := strings.ReplaceAll(strings.TrimPrefix(q[1], ":"), ":", "/"); t.dir(dir) {
					dirs = append(dirs, dir)
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
		p.mods = append(p.mods, p.gradleModule(dir, file, root))
	}
	for _, f := range []string{"settings.gradle", "settings.gradle.kts", "gradle.properties", "gradle/libs.versions.toml", "gradle.lockfile"} {
		if t.has[f] {
			p.j.Files = append(p.j.Files, f)
		}
	}
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
	text := string(t.read(file))
	if dir == "." {
		m.name = "app"
		if n := regexp.MustCompile(`rootProject\.name\s*=\s*["']([^"']+)["']`).FindStringSubmatch(string(t.read("settings.gradle")) + string(t.read("settings.gradle.kts"))); n != nil {
			m.name = n[1]
		}
	}
	versions := map[string]string{}
	if root != "" {
		for _, x := range gradlePluginRE.FindAllStringSubmatch(string(t.read(root)), -1) {
			versions[x[1]] = x[2]
		}
	}
	for _, x := range gradlePluginRE.FindAllStringSubmatch(text, -1) {
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
		m.deps = append(m.deps, javaDependency{x[2], x[3], scope, Place{file, t.lineOf(file, x[2]+":"+x[3])}})
	}
	for _, x := range gradleProjectRE.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(x[1], "test") {
			m.siblings = append(m.siblings, strings.ReplaceAll(x[2], ":", "/"))
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
