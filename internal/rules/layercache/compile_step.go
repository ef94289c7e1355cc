package layercache

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// downloads tells whether a compilation also downloads the dependencies, for
// no step before the sources has.
func (v *view) downloads(l *layers, step *source.Step, c *shell.Command) (string, bool) {
	what, ok := packages.Compiles(c)
	if !ok || c.When != shell.Always || v.b.Context == nil {
		return "", false
	}
	program, _, _ := strings.Cut(what, " ")
	family := knowledge.CompiledEcosystem(program)
	if family == "" || l.done[family] {
		return "", false
	}
	ctx := v.b.Context
	switch family {
	case "go":
		return what, v.contains(step, c, "h1:", "go.sum") && !ctx.Has("vendor") && !v.vendored(step, c) && !slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return w.Text == "-mod=vendor" })
	case "cargo":
		return what, (v.count(step, c, "[[package]]", "Cargo.lock") >= 2 || cargoDependencies(ctx)) && !ctx.Has("vendor") && !v.contains(step, c, "[source.vendored-sources]", ".cargo/config.toml")
	case "maven":
		// A parent brings its dependencies and plug-ins.
		return what, v.contains(step, c, "<dependency>", "pom.xml") || v.contains(step, c, "<parent>", "pom.xml")
	case "gradle":
		return what, v.gradle(step, c)
	case "sbt":
		return what, v.contains(step, c, "libraryDependencies", "build.sbt")
	case "swift":
		return what, v.contains(step, c, ".package(url", "Package.swift") || v.contains(step, c, "url:", "Package.swift")
	case "nuget":
		return what, !slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return w.Text == "--no-restore" || w.Text == "--no-build" }) && v.project(step, c)
	}
	return "", false
}

// vendored tells whether the module that a command of Go works in has its dependencies in a
// vendor folder beside its go.mod.
// Source: go.dev/ref/mod: vendoring.
func (v *view) vendored(step *source.Step, c *shell.Command) bool {
	for dir := c.Dir; path.IsAbs(dir); dir = path.Dir(dir) {
		if v.seen(step, dir, "vendor/modules.txt") != nil {
			return true
		}
		if dir == "/" || v.seen(step, dir, "go.mod") != nil {
			break
		}
	}
	return false
}

// contains tells whether a file of the project, in the folder of a command or at
// the root of the context, has a word in it.
func (v *view) contains(step *source.Step, c *shell.Command, word, name string) bool {
	return v.count(step, c, word, name) > 0
}

func (v *view) count(step *source.Step, c *shell.Command, word, name string) int {
	if o := v.seen(step, c.Dir, name); o != nil {
		data, _ := o.Data()
		return strings.Count(data, word)
	}
	data, _ := v.b.Context.Read(name)
	return strings.Count(string(data), word)
}

// gradleDependency is a line of a build script that asks for a library.
var gradleDependency = regexp.MustCompile(`(?m)^\s*(?:dependencies\s*\{\s*)?(?:implementation|api|compile|runtimeOnly|compileOnly|annotationProcessor|classpath|testImplementation)\b\s*\(?\s*["'(a-z]`)

// mostProjects bounds the files of projects that are read for one question, and
// mostOfProject the bytes of one.
const (
	mostProjects  = 40
	mostOfProject = 128 << 10
)

// gradle tells whether a build script of the context asks for a library.
func (v *view) gradle(step *source.Step, c *shell.Command) bool {
	for _, name := range []string{"build.gradle", "build.gradle.kts"} {
		if o := v.seen(step, c.Dir, name); o != nil {
			if data, _ := o.Data(); gradleDependency.MatchString(data) {
				return true
			}
		}
	}
	return v.anyHas([]string{"build.gradle", "build.gradle.kts", "*/build.gradle", "*/build.gradle.kts"}, gradleDependency.Match)
}

// packageReference is a package that a project of .NET asks for.
var packageReference = regexp.MustCompile(`<Package(?:Reference|Version)\s`)

// project tells whether a project of .NET in the context asks for a package: the
// one that the command names, else any.
func (v *view) project(step *source.Step, c *shell.Command) bool {
	for _, w := range c.Args() {
		if ext := path.Ext(w.Text); ext == ".csproj" || ext == ".fsproj" || ext == ".vbproj" {
			if o := v.seen(step, c.Dir, w.Text); o != nil {
				data, _ := o.Data()
				return packageReference.MatchString(data) || strings.Contains(data, "<ProjectReference")
			}
		}
	}
	if c.Dir != "" {
		// A folder with one project in it is built by itself.
		for _, name := range v.b.Context.Glob("*/*.csproj") {
			if o := v.seen(step, c.Dir, path.Base(name)); o != nil && o.Path == name {
				data, _ := o.Data()
				return packageReference.MatchString(data) || strings.Contains(data, "<ProjectReference")
			}
		}
	}
	return v.anyHas([]string{"*.csproj", "*.fsproj", "*/*.csproj", "*/*.fsproj", "*/*/*.csproj", "Directory.Packages.props"}, packageReference.Match)
}

// anyHas tells whether one of the files of the context that some patterns take
// has what is asked in it.
func (v *view) anyHas(patterns []string, has func([]byte) bool) bool {
	left := mostProjects
	for _, pattern := range patterns {
		for _, name := range v.b.Context.Glob(pattern) {
			if left--; left < 0 {
				return false
			}
			if data, ok := v.b.Context.Read(name); ok && len(data) <= mostOfProject && has(data) {
				return true
			}
		}
	}
	return false
}

// resolves tells whether a command before the sources has Gradle or Maven
// resolve what the build needs: any task but those that only tell something.
func resolves(c *shell.Command) (family string, ok bool) {
	family = knowledge.CompiledEcosystem(c.Program())
	if family != "gradle" && family != "maven" && family != "sbt" || c.When == shell.Never {
		return "", false
	}
	for _, w := range c.Args() {
		switch {
		case strings.HasPrefix(w.Text, "-"), strings.HasSuffix(w.Text, "/"), !w.Known:
		case slices.Contains([]string{"clean", "help", "init", "projects", "properties", "tasks", "wrapper", "wrapper:wrapper"}, w.Text):
		default:
			return family, true
		}
	}
	return "", false
}
