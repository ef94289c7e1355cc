package recipe

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// hasLists tells whether what an install reads is copied by itself above a COPY of sources.
func hasLists(sources *source.Step, in packages.Install) bool {
	var names []string
	for _, m := range in.Manifests {
		names = append(names, path.Base(m.Text))
	}
	if list := lists[in.Manager]; len(names) == 0 && len(list) > 0 {
		names = list[:1]
	}
	for _, name := range names {
		if !slices.ContainsFunc(sources.Stage.Steps[:sources.Index], func(s *source.Step) bool {
			return s.Copy != nil && s.Copy.FromContext() && path.Clean(s.Copy.Target) == in.Command.Dir && slices.ContainsFunc(s.Copy.Sources, func(src source.Text) bool {
				return src.Known && path.Base(source.Clean(src.Value)) == name
			})
		}) {
			return false
		}
	}
	return len(names) > 0
}

// atManifests is an install with its lists named from the folder that they lie in, and that
// folder; "" = they lie in several.
func atManifests(in packages.Install) (packages.Install, string) {
	dir := ""
	list := slices.Clone(in.Manifests)
	for i, m := range list {
		p := m.Text
		if !path.IsAbs(p) {
			p = path.Join(in.Command.Dir, p)
		}
		if i > 0 && path.Dir(p) != dir || !path.IsAbs(p) {
			return in, ""
		}
		dir, list[i].Text = path.Dir(p), path.Base(p)
	}
	in.Manifests = list
	return in, dir
}

// lists are what managers read of a project, the manifest first, which has to be there.
var lists = map[string][]string{
	"npm":      {"package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"},
	"yarn":     {"package.json", "yarn.lock", ".yarnrc.yml", ".npmrc"},
	"pnpm":     {"package.json", "pnpm-lock.yaml", ".npmrc"},
	"bun":      {"package.json", "bun.lock", "bun.lockb", "bunfig.toml"},
	"uv":       {"pyproject.toml", "uv.lock"},
	"poetry":   {"pyproject.toml", "poetry.lock", "poetry.toml"},
	"pdm":      {"pyproject.toml", "pdm.lock"},
	"pipenv":   {"Pipfile", "Pipfile.lock"},
	"bundle":   {"Gemfile", "Gemfile.lock"},
	"composer": {"composer.json", "composer.lock"},
	"go":       {"go.mod", "go.sum"},
	"maven":    {"pom.xml"},
}

// readsOf are the files of a folder of the context that an install reads, by their paths in
// the context; why says what else it would want.
func readsOf(b *source.Build, in packages.Install, root, dir string) (files []string, why string) {
	has := func(name string) bool { return b.Context.Has(path.Join(root, name)) }
	if in.Manager == "pip" || in.Manager == "uv" && in.Verb == "install" {
		return requirements(b, in, root, dir)
	}
	names := lists[in.Manager]
	if names == nil {
		return nil, fmt.Sprintf("what %s reads is not known here", in.Manager)
	}
	for i, name := range names {
		if has(name) {
			files = append(files, path.Join(root, name))
		} else if i == 0 {
			return nil, fmt.Sprintf("there is no %s in the build context", path.Join(root, name))
		}
	}
	switch in.Manager {
	case "npm", "yarn", "pnpm", "bun":
		pkg, ok := b.Context.PackageJSON(path.Join(root, "package.json"))
		if !ok {
			return nil, "package.json cannot be read"
		}
		if why := nodeWants(b, pkg, root); why != "" {
			return nil, why
		}
	case "composer":
		if !slices.ContainsFunc(in.Command.Args(), func(w shell.Word) bool { return w.Text == "--no-scripts" }) {
			return nil, "composer runs scripts of the project as it installs: --no-scripts leaves them to a second `composer dump-autoload`"
		}
	case "bundle":
		if data, ok := b.Context.Read(path.Join(root, "Gemfile")); ok && (strings.Contains(string(data), "path:") || strings.Contains(string(data), "gemspec") || strings.Contains(string(data), "eval_gemfile") || strings.Contains(string(data), ".ruby-version")) {
			return nil, "the Gemfile takes in other files of the project"
		}
	case "uv", "poetry", "pdm":
		py, ok := b.Context.PyProject(path.Join(root, "pyproject.toml"))
		if !ok {
			return nil, "pyproject.toml cannot be read"
		}
		if why := pythonWants(b, py, root); why != "" {
			return nil, why
		}
	case "go":
		if data, ok := b.Context.Read(path.Join(root, "go.mod")); ok && (strings.Contains(string(data), "=> ./") || strings.Contains(string(data), "=> ../")) {
			return nil, "go.mod replaces modules by folders of the project"
		}
	case "maven":
		if data, ok := b.Context.Read(path.Join(root, "pom.xml")); ok && strings.Contains(string(data), "<module>") {
			return nil, "the project has several modules, the pom.xml of each of which is read"
		}
	}
	return files, ""
}

// nodeWants says what an install of a project of Node.js wants beside its lists.
func nodeWants(b *source.Build, pkg *manifest.Package, root string) string {
	for _, name := range []string{"preinstall", "install", "postinstall", "prepare", "prepublish"} {
		if s := pkg.Scripts[name]; s != "" && !strings.Contains(s, "husky") {
			return fmt.Sprintf("the script %s of package.json runs as it installs, and may need the sources", name)
		}
	}
	if data, ok := b.Context.Read(path.Join(root, "package.json")); ok {
		switch s := string(data); {
		case strings.Contains(s, `"workspaces"`) || b.Context.Has(path.Join(root, "pnpm-workspace.yaml")):
			return "it is a workspace: the package.json of each of its members is read"
		case strings.Contains(s, `"file:`) || strings.Contains(s, `"link:`) || strings.Contains(s, `"portal:`) || strings.Contains(s, `"patch:`):
			return "package.json names folders of the project"
		case strings.Contains(s, "prisma") && b.Context.Has(path.Join(root, "prisma/schema.prisma")):
			return "Prisma reads its schema as it is installed"
		case strings.Contains(s, "patchedDependencies"):
			return "patches of the project are read"
		}
	}
	return ""
}

// pythonWants says what an install of a pyproject.toml wants beside its lists.
func pythonWants(b *source.Build, py *manifest.PyProject, root string) string {
	data, ok := b.Context.Read(path.Join(root, "pyproject.toml"))
	if !ok {
		return ""
	}
	for _, s := range []string{"path =", "path=", "workspace = true", "[tool.uv.workspace]", "members ="} {
		if strings.Contains(string(data), s) {
			return "pyproject.toml names other folders of the project"
		}
	}
	return ""
}

// requirements are the files that pip is told to read, with those that they take in.
func requirements(b *source.Build, in packages.Install, root, dir string) (files []string, why string) {
	if len(in.Manifests) == 0 {
		return nil, "pip installs the project itself, for which it reads the sources"
	}
	var add func(p string, depth int) string
	add = func(p string, depth int) string {
		if slices.Contains(files, p) || depth > 5 {
			return ""
		}
		data, ok := b.Context.Read(p)
		if !ok || !b.Context.Has(p) {
			return fmt.Sprintf("there is no %s in the build context", p)
		}
		files = append(files, p)
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "-e"), strings.HasPrefix(line, "--editable"), strings.HasPrefix(line, "."), strings.Contains(line, "@ file:"), strings.HasPrefix(line, "file:"), strings.HasPrefix(line, "--find-links"):
				return p + " names folders of the project"
			}
			for _, flag := range []string{"-r", "--requirement", "-c", "--constraint"} {
				if rest, ok := strings.CutPrefix(line, flag); ok && rest != "" && (rest[0] == ' ' || rest[0] == '=' || flag[1] != '-') {
					if why := add(path.Join(path.Dir(p), strings.TrimSpace(strings.TrimLeft(rest, "= "))), depth+1); why != "" {
						return why
					}
				}
			}
		}
		return ""
	}
	for _, m := range in.Manifests {
		if m.Text == "" || strings.ContainsAny(m.Text, "*?[") {
			return nil, "which files pip reads is not known"
		}
		p := m.Text
		if strings.HasPrefix(p, "/") {
			rel, ok := strings.CutPrefix(path.Clean(p), strings.TrimSuffix(dir, "/")+"/")
			if !ok {
				return nil, fmt.Sprintf("%s lies in another folder", p)
			}
			p = rel
		}
		if why := add(path.Join(root, p), 0); why != "" {
			return nil, why
		}
	}
	if slices.ContainsFunc(in.Packages, func(p packages.Package) bool { return p.Path }) {
		return nil, "pip installs the project, too, for which it reads the sources"
	}
	return files, ""
}
