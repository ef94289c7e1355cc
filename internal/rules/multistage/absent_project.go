package multistage

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// ownPlaces are what a project's files say where it is not built in the usual
// folders, or where a build does more than build.
var (
	dotnetPlaces = regexp.MustCompile(`(?i)OutputPath|OutDir|PublishDir|ArtifactsPath|UseArtifactsOutput|<Exec\b|<Copy\b|\.\.[\\/][^"]*</`)
	mavenPlaces  = regexp.MustCompile(`(?i)<(?:build)?directory>|outputDirectory|outputFile|antrun|exec-maven|frontend-maven|copy-resources|<destFile>`)
	gradlePlaces = regexp.MustCompile(`(?i)buildDir|buildDirectory|destination|outputDir|archiveFile|\binto\b|\bcopy\b|\bexec\b|installDir`)
)

// mostProjects bounds the files of projects that are read for one question, and
// mostSettings the bytes of one.
const (
	mostProjects = 60
	mostSettings = 128 << 10
)

// says tells whether a file of the context that some patterns take has what an
// expression finds, or may have it.
func (a *absence) says(re *regexp.Regexp, patterns ...string) bool {
	ctx := a.b.Context
	if ctx == nil {
		return true
	}
	return ctx.Once("places "+re.String()+strings.Join(patterns, " "), func() string {
		left := mostProjects
		for _, pattern := range patterns {
			for _, name := range ctx.Glob(pattern) {
				if left--; left < 0 {
					return "yes"
				}
				if data, ok := ctx.Read(name); !ok || len(data) > mostSettings || re.Match(data) {
					return "yes"
				}
			}
		}
		if left == mostProjects {
			return "yes" // there is nothing that can be read
		}
		return ""
	}) != ""
}

// inFolder tells whether a path lies in a folder of one of these names below dir,
// is one, or is above one.
func inFolder(p, dir string, names ...string) bool {
	rel := strings.TrimPrefix(strings.TrimPrefix(p, dir), "/")
	return slices.ContainsFunc(strings.Split(rel, "/"), func(part string) bool { return slices.Contains(names, part) })
}

// dotnet is what the SDK of .NET makes: below -o, and in bin and obj of the
// projects.
func (a *absence) dotnet(c *shell.Command, args []shell.Word) bool {
	if knowledge.StandardFolders.Has(topOf(a.path)) && !below(a.path, c.Dir) {
		return true
	}
	if len(args) == 0 || !slices.Contains([]string{"restore", "build", "publish", "tool", "--version", "--info", "nuget"}, args[0].Text) {
		return true
	}
	dirs := []string{c.Dir}
	for _, w := range args {
		if strings.Contains(w.Text, "..") || strings.ContainsAny(w.Text, "=:") && strings.Contains(w.Text, "/") && !strings.HasPrefix(w.Text, "http") {
			return true // a property may name a folder
		}
		if strings.HasPrefix(w.Text, "/") {
			dirs = append(dirs, path.Dir(w.Text))
		}
	}
	out := output(c, args)
	if out == "" {
		out = longOutput(c, args)
	}
	if out != "" {
		if over(a.path, out) {
			return true
		}
		a.note("dotnet "+args[0].Text, out)
	}
	for _, dir := range dirs {
		if a.path == dir || below(dir, a.path) {
			return true
		}
		if below(a.path, dir) && (args[0].Text == "tool" || inFolder(a.path, dir, "bin", "obj") || a.says(dotnetPlaces, "*.csproj", "*.fsproj", "*/*.csproj", "*/*.fsproj", "*/*/*.csproj", "Directory.Build.*")) {
			return true
		}
	}
	return false
}

// longOutput is the absolute path that --output names; "" where there is none.
func longOutput(c *shell.Command, args []shell.Word) string {
	for i, w := range args {
		name, value, joined := strings.Cut(w.Text, "=")
		if name != "--output" {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1].Text
		}
		if path.IsAbs(value) {
			return path.Clean(value)
		}
		return path.Join(c.Dir, value)
	}
	return ""
}

// java is what Maven and Gradle make: in target or build of the projects, and in
// their own folders of the home.
func (a *absence) java(program string, c *shell.Command, args []shell.Word) bool {
	if a.path == c.Dir || below(c.Dir, a.path) {
		return true
	}
	if !below(a.path, c.Dir) {
		return true // a plugin may write anywhere else
	}
	for _, w := range args {
		if strings.Contains(w.Text, "/") || strings.HasPrefix(w.Text, "-D") && strings.Contains(strings.ToLower(w.Text), "dir") || w.Text == "-f" || w.Text == "-p" || w.Text == "--file" || w.Text == "--project-dir" {
			return true
		}
	}
	if strings.HasPrefix(program, "mvn") {
		if inFolder(a.path, c.Dir, "target", ".mvn") || a.says(mavenPlaces, "pom.xml", "*/pom.xml") {
			return true
		}
		if what, ok := packages.Compiles(c); ok {
			a.note(what, path.Join(c.Dir, "target"))
		}
		return false
	}
	if inFolder(a.path, c.Dir, "build", ".gradle", "gradle", "bin", "out") || a.says(gradlePlaces, "build.gradle", "build.gradle.kts", "*/build.gradle", "*/build.gradle.kts", "settings.gradle*") {
		return true
	}
	if what, ok := packages.Compiles(c); ok {
		a.note(what, path.Join(c.Dir, "build"))
	}
	return false
}
