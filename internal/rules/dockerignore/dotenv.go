package dockerignore

import (
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// usesDotenv tells whether the project keeps settings in a .env file, and how
// that is known: Compose's env_file, or a library that reads it.
func usesDotenv(b *source.Build) (bool, string) {
	for _, s := range b.Services {
		for _, f := range s.EnvFiles {
			if source.IsEnvFile(path.Base(f.Text)) {
				return true, "env_file of " + s.Name.Text
			}
		}
	}
	why := b.Context.Once("a library that reads .env", func() string { return dotenvLibrary(b.Context) })
	return why != "", why
}

// dotenvLibrary names a library that reads .env files among the dependencies of
// the project in a context; "" where there is none.
func dotenvLibrary(ctx *source.Context) string {
	for _, e := range ctx.Dir(".") {
		base := path.Base(e.Path)
		info, ok := manifest.Kind(base)
		if e.Dir || !ok || info.Role != manifest.Manifest {
			continue
		}
		data, ok := ctx.Read(e.Path)
		if !ok {
			continue
		}
		if lib := dotenvIn(base, info, data); lib != "" {
			return lib + " in " + base
		}
	}
	return ""
}

// readsDefaults is the file of a framework that takes defaults from the .env file of its
// folder when the project is built; "" where there is none.
func readsDefaults(ctx *source.Context, dir string) string {
	for _, e := range ctx.Dir(dir) {
		base := path.Base(e.Path)
		for _, pattern := range knowledge.EnvReaders.Names() {
			if ok, _ := path.Match(pattern, base); ok && !e.Dir {
				return base
			}
		}
	}
	return ""
}

// directGodotenv is a requirement of the module itself, not of one that it needs.
var directGodotenv = regexp.MustCompile(`(?m)^\s*(?:require\s+)?github\.com/joho/godotenv\s+\S+\s*$`)

func dotenvIn(base string, info manifest.Info, data []byte) string {
	switch {
	case base == "package.json":
		p, err := manifest.ParsePackageJSON(data)
		if err != nil {
			return ""
		}
		for _, lib := range knowledge.DotenvLibraries.Names() {
			if p.Needs(lib) {
				return lib
			}
		}
	case base == "pyproject.toml":
		p, err := manifest.ParsePyProject(data)
		if err != nil {
			return ""
		}
		for _, d := range p.Dependencies {
			if name := requirementName(d); knowledge.DotenvLibraries.Has(name) {
				return name
			}
		}
	case info.Ecosystem == "python" && strings.HasSuffix(base, ".txt"):
		for _, r := range manifest.ParseRequirements(data) {
			if name := requirementName(r.Name); knowledge.DotenvLibraries.Has(name) {
				return name
			}
		}
	case base == "go.mod" && directGodotenv.Match(data):
		return "godotenv"
	case base == "composer.json" && strings.Contains(string(data), `"vlucas/phpdotenv"`):
		return "phpdotenv"
	case base == "Gemfile" && strings.Contains(string(data), "dotenv"):
		return "dotenv"
	case base == "Cargo.toml" && (strings.Contains(string(data), "\ndotenv") || strings.Contains(string(data), "\ndotenvy")):
		return "dotenv"
	}
	return ""
}

// requirementName is the name at the head of a requirement, as PyPI spells it.
func requirementName(s string) string {
	if i := strings.IndexAny(s, " <>=!~[;("); i >= 0 {
		s = s[:i]
	}
	return strings.ToLower(strings.ReplaceAll(s, "_", "-"))
}
