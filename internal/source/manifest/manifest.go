// Package manifest knows the files in which projects write down their
// dependencies: which tool reads a file, whether it is a manifest or a lock,
// and, for pip, npm and pyproject.toml, what stands in it.
package manifest

import (
	"path"
	"strings"
)

// A Role is what a file does for its tool.
type Role int

const (
	Manifest Role = iota + 1 // says what is wanted: package.json, go.mod
	Lock                     // says exactly what is taken: package-lock.json, go.sum
	Settings                 // configures the tool: .npmrc, settings.gradle
	Wrapper                  // starts the tool: gradlew, mvnw
)

// String is the role in a word.
func (r Role) String() string {
	return [...]string{"", "manifest", "lock", "settings", "wrapper"}[r]
}

// An Info says what a file is to which ecosystem. The zero Info is no
// dependency file.
type Info struct {
	Ecosystem string // python, node, go, java, rust, ruby, php, dotnet, elixir, erlang, dart, swift, r, conda, haskell
	Role      Role
	Tool      string // pip, npm, maven, …
	Dev       bool   // only for development, by its name: requirements-dev.txt
}

// A file is one name, or pattern of names, and what it is.
type file struct {
	name string // with path.Match's signs
	Info
}

// files are the names in the order in which they are tried. Each tool's own
// documentation gives them.
var files = []file{
	{"requirements*.txt", Info{"python", Manifest, "pip", false}},
	{"requirements*.in", Info{"python", Manifest, "pip-tools", false}},
	{"*-requirements.txt", Info{"python", Manifest, "pip", false}},
	{"*_requirements.txt", Info{"python", Manifest, "pip", false}},
	{"constraints*.txt", Info{"python", Lock, "pip", false}},
	{"pyproject.toml", Info{"python", Manifest, "", false}},
	{"setup.py", Info{"python", Manifest, "setuptools", false}},
	{"setup.cfg", Info{"python", Manifest, "setuptools", false}},
	{"poetry.lock", Info{"python", Lock, "poetry", false}},
	{"poetry.toml", Info{"python", Settings, "poetry", false}},
	{"uv.lock", Info{"python", Lock, "uv", false}},
	{"uv.toml", Info{"python", Settings, "uv", false}},
	{"pdm.lock", Info{"python", Lock, "pdm", false}},
	{"pylock.toml", Info{"python", Lock, "pip", false}},
	{"pylock.*.toml", Info{"python", Lock, "pip", false}},
	{"Pipfile", Info{"python", Manifest, "pipenv", false}},
	{"Pipfile.lock", Info{"python", Lock, "pipenv", false}},
	{"pip.conf", Info{"python", Settings, "pip", false}},
	{"environment.yml", Info{"conda", Manifest, "conda", false}},
	{"environment.yaml", Info{"conda", Manifest, "conda", false}},
	{"environment-*.yml", Info{"conda", Manifest, "conda", false}},
	{"conda-lock.yml", Info{"conda", Lock, "conda-lock", false}},
	{"*.conda-lock.yml", Info{"conda", Lock, "conda-lock", false}},
	{"conda-*.lock", Info{"conda", Lock, "conda-lock", false}},
	{"pixi.toml", Info{"conda", Manifest, "pixi", false}},
	{"pixi.lock", Info{"conda", Lock, "pixi", false}},

	{"package.json", Info{"node", Manifest, "", false}},
	{"package-lock.json", Info{"node", Lock, "npm", false}},
	{"npm-shrinkwrap.json", Info{"node", Lock, "npm", false}},
	{"yarn.lock", Info{"node", Lock, "yarn", false}},
	{"pnpm-lock.yaml", Info{"node", Lock, "pnpm", false}},
	{"pnpm-workspace.yaml", Info{"node", Manifest, "pnpm", false}},
	{"bun.lock", Info{"node", Lock, "bun", false}},
	{"bun.lockb", Info{"node", Lock, "bun", false}},
	{"bunfig.toml", Info{"node", Settings, "bun", false}},
	{".npmrc", Info{"node", Settings, "npm", false}},
	{".yarnrc", Info{"node", Settings, "yarn", false}},
	{".yarnrc.yml", Info{"node", Settings, "yarn", false}},
	{"lerna.json", Info{"node", Settings, "lerna", false}},
	{"deno.json", Info{"node", Manifest, "deno", false}},
	{"deno.jsonc", Info{"node", Manifest, "deno", false}},
	{"deno.lock", Info{"node", Lock, "deno", false}},

	{"go.mod", Info{"go", Manifest, "go", false}},
	{"go.sum", Info{"go", Lock, "go", false}},
	{"go.work", Info{"go", Manifest, "go", false}},
	{"go.work.sum", Info{"go", Lock, "go", false}},

	{"pom.xml", Info{"java", Manifest, "maven", false}},
	{"mvnw", Info{"java", Wrapper, "maven", false}},
	{"mvnw.cmd", Info{"java", Wrapper, "maven", false}},
	{"maven-wrapper.properties", Info{"java", Wrapper, "maven", false}},
	{"build.gradle", Info{"java", Manifest, "gradle", false}},
	{"build.gradle.kts", Info{"java", Manifest, "gradle", false}},
	{"settings.gradle", Info{"java", Settings, "gradle", false}},
	{"settings.gradle.kts", Info{"java", Settings, "gradle", false}},
	{"gradle.properties", Info{"java", Settings, "gradle", false}},
	{"libs.versions.toml", Info{"java", Manifest, "gradle", false}},
	{"gradle.lockfile", Info{"java", Lock, "gradle", false}},
	{"gradlew", Info{"java", Wrapper, "gradle", false}},
	{"gradlew.bat", Info{"java", Wrapper, "gradle", false}},
	{"gradle-wrapper.properties", Info{"java", Wrapper, "gradle", false}},
	{"build.sbt", Info{"java", Manifest, "sbt", false}},

	{"Cargo.toml", Info{"rust", Manifest, "cargo", false}},
	{"Cargo.lock", Info{"rust", Lock, "cargo", false}},
	{"rust-toolchain", Info{"rust", Settings, "rustup", false}},
	{"rust-toolchain.toml", Info{"rust", Settings, "rustup", false}},

	{"Gemfile", Info{"ruby", Manifest, "bundler", false}},
	{"Gemfile.lock", Info{"ruby", Lock, "bundler", false}},
	{"gems.rb", Info{"ruby", Manifest, "bundler", false}},
	{"gems.locked", Info{"ruby", Lock, "bundler", false}},
	{"*.gemspec", Info{"ruby", Manifest, "gem", false}},

	{"composer.json", Info{"php", Manifest, "composer", false}},
	{"composer.lock", Info{"php", Lock, "composer", false}},

	{"*.csproj", Info{"dotnet", Manifest, "dotnet", false}},
	{"*.fsproj", Info{"dotnet", Manifest, "dotnet", false}},
	{"*.vbproj", Info{"dotnet", Manifest, "dotnet", false}},
	{"*.sln", Info{"dotnet", Manifest, "dotnet", false}},
	{"*.slnx", Info{"dotnet", Manifest, "dotnet", false}},
	{"packages.lock.json", Info{"dotnet", Lock, "nuget", false}},
	{"packages.config", Info{"dotnet", Manifest, "nuget", false}},
	{"Directory.Packages.props", Info{"dotnet", Manifest, "nuget", false}},
	{"Directory.Build.props", Info{"dotnet", Manifest, "dotnet", false}},
	{"Directory.Build.targets", Info{"dotnet", Manifest, "dotnet", false}},
	{"global.json", Info{"dotnet", Settings, "dotnet", false}},
	{"[Nn]u[Gg]et.[Cc]onfig", Info{"dotnet", Settings, "nuget", false}},
	{"NUGET.CONFIG", Info{"dotnet", Settings, "nuget", false}},
	{"paket.dependencies", Info{"dotnet", Manifest, "paket", false}},
	{"paket.lock", Info{"dotnet", Lock, "paket", false}},

	{"mix.exs", Info{"elixir", Manifest, "mix", false}},
	{"mix.lock", Info{"elixir", Lock, "mix", false}},
	{"rebar.config", Info{"erlang", Manifest, "rebar3", false}},
	{"rebar.lock", Info{"erlang", Lock, "rebar3", false}},
	{"pubspec.yaml", Info{"dart", Manifest, "pub", false}},
	{"pubspec.lock", Info{"dart", Lock, "pub", false}},
	{"Package.swift", Info{"swift", Manifest, "swift", false}},
	{"Package.resolved", Info{"swift", Lock, "swift", false}},
	{"DESCRIPTION", Info{"r", Manifest, "r", false}},
	{"renv.lock", Info{"r", Lock, "renv", false}},
	{"*.cabal", Info{"haskell", Manifest, "cabal", false}},
	{"cabal.project", Info{"haskell", Manifest, "cabal", false}},
	{"cabal.project.freeze", Info{"haskell", Lock, "cabal", false}},
	{"stack.yaml", Info{"haskell", Manifest, "stack", false}},
	{"stack.yaml.lock", Info{"haskell", Lock, "stack", false}},
}

// exact and patterns are the same list, split for look-ups.
var exact, patterns = split(files)

func split(all []file) (map[string]Info, []file) {
	names := make(map[string]Info, len(all))
	var rest []file
	for _, f := range all {
		if strings.ContainsAny(f.name, "*?[") {
			rest = append(rest, f)
			continue
		}
		names[f.name] = f.Info
	}
	return names, rest
}

// Kind says what a file is by its base name; a path is cut to it. ok is false
// for everything that is no dependency file.
func Kind(base string) (info Info, ok bool) {
	base = path.Base(base)
	if info, ok = exact[base]; ok {
		return info, true
	}
	for _, f := range patterns {
		if match, _ := path.Match(f.name, base); match {
			info = f.Info
			info.Dev = info.Ecosystem == "python" && devName(base)
			return info, true
		}
	}
	return Info{}, false
}

// devWords mark a requirements file as one for development.
var devWords = map[string]bool{
	"dev": true, "develop": true, "development": true, "devel": true, "test": true, "tests": true, "testing": true,
	"lint": true, "docs": true, "doc": true, "ci": true, "debug": true, "local": true,
}

func devName(base string) bool {
	stem := strings.TrimSuffix(base, path.Ext(base))
	for _, word := range strings.FieldsFunc(stem, func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
		if devWords[strings.ToLower(word)] {
			return true
		}
	}
	return false
}
