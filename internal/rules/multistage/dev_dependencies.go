package multistage

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var devDependencies = &check.Check{
	Name:     "dev-dependencies",
	Claim:    "only dependencies that the program needs at run time are installed in the final image",
	Why:      "test runners, linters and compilers account for most of a project's packages and most of its security advisories, and are not used in production",
	Mend:     "install without them: npm ci --omit=dev, uv sync --no-dev, poetry install --only main, pip install -r requirements.txt; where the build needs them, copy node_modules from a stage that installs only production dependencies",
	Quiet:    "Where the project has no development dependencies, where npm prune --omit=dev comes before the copy, where the RUN removes the project again, where the container starts a program of the development dependencies, and where the manifest cannot be read and nothing is compiled. In an image, for what package.json or pyproject.toml lists for development and a dependency needs as well, or the command starts.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Image:    builtDev,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		if b.Toolbox() {
			return check.Judge(nil)
		}
		sd := newDeposits(b).of(b.Target)
		var found []check.Finding
		said := map[*source.Step]bool{}
		unknown := ""
		for _, dir := range sd.order {
			dep := sd.at[dir]
			if dep == nil {
				continue
			}
			if dep.guess && !dep.dev && (!sd.compiles || dep.made) {
				unknown = dep.what
				continue
			}
			if !dep.dev && !dep.guess || said[dep.step] || dep.tool != "" && starts(b, dep.tool) || dep.node && startsForDev(b) {
				continue
			}
			said[dep.step] = true
			found = append(found, devFinding(b, dep))
		}
		if len(found) == 0 && unknown != "" {
			return check.Unknown(check.ByContext, fmt.Sprintf("it is not known whether the project of %s has development dependencies", unknown))
		}
		if len(found) == 0 && sd.perhaps != "" {
			return check.Unknown(check.ByArg, fmt.Sprintf("%s adds development dependencies under a condition that is not known", sd.perhaps))
		}
		return check.Judge(found)
	},
}

// withoutDev is how managers install what the program needs alone.
// Source: the managers' own references: npm ci, yarn install, pnpm install, bun install,
// bundle config, composer install, uv sync, poetry install, pipenv install.
var withoutDev = map[string]string{
	"npm":      "npm ci --omit=dev",
	"yarn":     "yarn install --production, or yarn workspaces focus --production from Yarn 2 on",
	"pnpm":     "pnpm install --prod",
	"bun":      "bun install --production",
	"bundle":   "bundle config set --local without 'development test' before bundle install",
	"composer": "composer install --no-dev",
	"uv":       "uv sync --no-dev",
	"poetry":   "poetry install --only main",
	"pipenv":   "pipenv install --deploy, without --dev",
}

func devFinding(b *source.Build, dep *deposit) check.Finding {
	f := check.Finding{Place: check.Place{File: b.Text(), Span: dep.span}, Stage: dep.step.Stage}
	if dep.node {
		f.Cause = nodeCause
	}
	if strings.HasPrefix(dep.what, "uv pip ") || strings.HasPrefix(dep.what, "pip ") {
		f.Help = "install from the list of what the program needs alone, rather than from the one for development"
	} else if how := withoutDev[firstWord(dep.what)]; how != "" {
		f.Help = "install without them: " + how
		if dep.node {
			f.Help += "; where the build needs them, copy node_modules from a stage that installs only production dependencies"
		}
	}
	if dep.origin == nil {
		a := recipe.Production(b, dep.step, dep.span)
		f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
		f.Message = fmt.Sprintf("%s adds development dependencies to the final image (%s)", dep.what, dep.why)
		if dep.pruned != nil {
			f.Message = fmt.Sprintf("%s adds development dependencies (%s), and removing them in a later layer leaves them in this one", dep.what, dep.why)
			f.Related = append(f.Related, check.Place{File: b.Text(), Span: dep.pruned.Span, Message: "removed here, in a separate layer"})
		}
		return f
	}
	first := dep
	for first.origin != nil {
		first = first.origin
	}
	a := recipe.Prune(b, first.step)
	f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
	f.Message = fmt.Sprintf("the copied files include development dependencies (%s): %s adds them in its stage", dep.why, dep.what)
	f.Related = append(f.Related, check.Place{File: b.Text(), Span: first.span, Message: "installed here"})
	return f
}

// startsForDev tells whether the container starts a program that package.json lists for
// development, by itself or through a script: without it, it would not start.
func startsForDev(b *source.Build) bool {
	o := b.FileAt(path.Join(b.Target.Final.Workdir.Value, "package.json"))
	st := b.Start()
	if o == nil || st.Script == nil {
		return false
	}
	pkg := o.PackageJSON()
	if pkg == nil || len(pkg.DevDependencies) == 0 {
		return false
	}
	owned := map[string]bool{}
	for name := range pkg.DevDependencies {
		if _, also := pkg.Dependencies[name]; !also {
			owned[cmp.Or(knowledge.ProgramOf(name), name)] = true
		}
	}
	commands := st.Script.Commands
	if st.File != nil && st.File.Script != nil {
		commands = slices.Concat(commands, st.File.Script.Commands)
	}
	said := map[string]bool{}
	for len(commands) > 0 {
		c := commands[0]
		commands = commands[1:]
		manager := nodeManager(c.Program())
		for _, w := range c.Words {
			if owned[packageOf(strings.TrimPrefix(w.Text, "./node_modules/.bin/"))] || owned[path.Base(w.Text)] {
				return true
			}
			if text, ok := pkg.Scripts[w.Text]; ok && manager && !said[w.Text] {
				said[w.Text] = true
				commands = append(commands, shell.Parse(shell.Input{Src: []byte(text)}).Commands...)
			}
		}
	}
	return false
}

// starts tells whether the container runs a tool: then it is what the image is
// for.
func starts(b *source.Build, tool string) bool {
	st := b.Start()
	if st.Script == nil {
		return false
	}
	commands := st.Script.Commands
	if st.File != nil && st.File.Script != nil {
		commands = slices.Concat(commands, st.File.Script.Commands)
	}
	for _, c := range commands {
		for _, w := range c.Words {
			if path.Base(w.Text) == tool {
				return true
			}
		}
	}
	return false
}
