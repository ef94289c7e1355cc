package source

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

// A recipe is one way in which something builds a Dockerfile.
type recipe struct {
	target   string // stage name; "" = the last stage
	context  string // project path; "" = not said
	args     map[string]string
	contexts map[string]string
	folders  map[string]string // contexts, with folders as project paths
	services []*Service
	images   []string
	repos    []string   // names of images, whatever their tags, or anywhere and the last element of one
	given    []string   // arguments whose values are not known
	by       string     // the file that says so, where that is neither Compose nor the config
	step     *yaml.Node // of a job with a matrix that by has
	pushed   bool       // by publishes it
	tests    bool       // services are those of a Compose file for tests
	outcome  outcome    // what becomes of what it makes
	unnamed  bool       // by gives the image no name, and hands it to nobody
	// development is why what it makes does not ship; "" = nothing says so.
	development string
}

// A Service is a Compose service with the file it stands in.
type Service struct {
	*deploy.Service
	File *deploy.Compose
	// Development is why the file does not say what ships; "" = it does.
	Development string
}

// plain is how the Dockerfile is built where nobody says which stage: what nobody
// says is built from the Dockerfile's own folder.
func (t *targeting) plain() recipe {
	if len(t.recipes) == 0 {
		return recipe{}
	}
	r := t.recipes[0]
	r.target, r.outcome, r.unnamed = "", keeps, false
	return r
}

func (t *targeting) argsOf(r recipe) map[string]string {
	args := map[string]string{}
	maps.Copy(args, r.args)
	maps.Copy(args, t.project.opt.BuildArgs)
	return args
}

// configured are the targets that the config names for a Dockerfile.
func (p *Snapshot) configured(name string, cfg *Config) []string {
	if t, ok := cfg.target(name); ok && len(t.Stages) > 0 {
		return t.Stages
	}
	if cfg != nil {
		return cfg.Targets.Stages
	}
	return nil
}

// outside is the context of a build whose files are not in the project: a git
// URL, or a folder above its root.
const outside = "\x00outside"

// unsaid is the context of a build of which nothing tells whether it is the
// Dockerfile's own folder or one above it.
const unsaid = "\x00unsaid"

// made is the context of a build for which CI makes the folder first.
const made = "\x00made"

// recipes are the ways in which the project says that it builds a Dockerfile:
// the command line, the config, Compose.
func (p *Snapshot) recipes(name string, cfg *Config) []recipe {
	list := slices.Clone(p.composed[name])
	if t, ok := cfg.target(name); ok {
		if len(list) == 0 {
			list = append(list, recipe{})
		}
		for i := range list {
			list[i].images = append(slices.Clone(list[i].images), t.Images...)
			if t.Context != "" {
				list[i].context = path.Join(path.Dir(cfg.Path), t.Context)
			}
			if len(t.Args) > 0 {
				// Over Compose's, whose map other builds share.
				list[i].args = maps.Clone(list[i].args)
				if list[i].args == nil {
					list[i].args = map[string]string{}
				}
				maps.Copy(list[i].args, t.Args)
			}
		}
	}
	if p.opt.Context != "" {
		if len(list) == 0 {
			list = append(list, recipe{})
		}
		for i := range list {
			list[i].context = p.opt.Context
		}
	}
	return list
}

// contextOf is the folder that a build takes its files from: what something
// says, else the Dockerfile's own folder, unless what COPY names, or what is used
// of all that it takes, lies only in a folder above it.
func (t *targeting) contextOf(r recipe, stages []*Stage) string {
	if r.context != "" {
		return r.context
	}
	if dir := t.project.hinted[t.unit.Path]; dir != "" {
		return dir
	}
	own := path.Dir(t.unit.Path)
	lonely := own != "." && (t.bare(own) || copiesAll(stages) && t.alone(own))
	best, most := own, -1
	for dir := own; ; dir = path.Dir(dir) {
		found, missing := t.supplies(dir, stages)
		switch {
		case missing > 0:
		case found > 0:
			return dir
		case dir == own: // nothing is named
			if copiesAll(stages) && own != "." {
				if from := t.broadContext(own, stages); from != own {
					return from
				}
			}
			if !lonely {
				return own
			}
		}
		if found > most && found > 0 {
			best, most = dir, found
		}
		if dir == "." || dir == "/" {
			break
		}
	}
	if most > 0 {
		return best
	}
	// Nothing is named but the whole: a folder that holds Dockerfiles only is
	// not what anybody copies.
	if lonely {
		if _, err := t.files.stat(path.Join(own, ".dockerignore")); err != nil {
			dir := path.Dir(own)
			for dir != "." && t.alone(dir) {
				dir = path.Dir(dir)
			}
			return dir
		}
	}
	return own
}

// supplies counts the literal COPY sources that a folder has and lacks.
func (t *targeting) supplies(dir string, stages []*Stage) (found, missing int) {
	seen := map[string]bool{}
	for _, s := range stages {
		for _, step := range s.Steps {
			c := step.Copy
			if c == nil || !c.FromContext() {
				continue
			}
			for _, src := range c.Sources {
				p0 := Clean(src.Value)
				if !src.Known || p0 == "." || strings.Contains(src.Value, "://") || strings.HasPrefix(src.Value, "git@") || seen[p0] {
					continue
				}
				seen[p0] = true
				if strings.ContainsAny(p0, "*?[") {
					// COPY *.sln . tells as much as a name; the ? of an
					// optional file does not.
					if strings.HasSuffix(p0, "*") && !strings.HasSuffix(p0, ".*") || strings.HasSuffix(p0, "?") {
						continue
					}
					if t.matches(path.Join(dir, p0)) {
						found++
					} else {
						missing++
					}
					continue
				}
				if _, err := t.files.stat(path.Join(dir, p0)); err == nil {
					found++
				} else {
					missing++
				}
			}
		}
	}
	return found, missing
}

// matches tells whether a pattern takes anything.
func (t *targeting) matches(pattern string) bool {
	dir, base := path.Split(pattern)
	t.files.askGlob(".", pattern)
	return t.project.answers.get("glob "+pattern, func() bool {
		return len(t.project.tree(".").glob(Clean(dir), base, 0)) > 0
	})
}

// copiesAll tells whether a COPY takes the whole context.
func copiesAll(stages []*Stage) bool {
	for _, s := range stages {
		for _, step := range s.Steps {
			if c := step.Copy; c != nil && c.FromContext() && slices.ContainsFunc(c.Sources, func(t Text) bool { return Clean(t.Value) == "." }) {
				return true
			}
		}
	}
	return false
}

// alone tells whether a folder and those below it hold Dockerfiles and nothing
// else.
func (t *targeting) alone(dir string) bool {
	t.files.ask(aboutTree, dir)
	return t.project.answers.get("alone "+dir, func() bool {
		left := 50 // entries that are looked at
		return alone(t.files.fsys, dir, &left)
	})
}

func alone(fsys fs.FS, dir string, left *int) bool {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if *left--; *left < 0 {
			return false
		}
		if e.IsDir() && !alone(fsys, path.Join(dir, e.Name()), left) || !e.IsDir() && !IsDockerfileName(e.Name()) {
			return false
		}
	}
	return true
}

// bare tells whether a folder holds nothing that a build could want: only
// Dockerfiles, their ignore files, scripts of the same purpose and Compose
// files, in a folder with a name for such things.
func (t *targeting) bare(dir string) bool {
	base := strings.ToLower(path.Base(dir))
	if !slices.Contains([]string{"docker", ".docker", "dockerfiles", "container", "containers", "build", "deploy", "deployment", "ci", "infra"}, base) {
		return false
	}
	t.files.ask(aboutNames, dir)
	return t.project.answers.get("bare "+dir, func() bool {
		entries, err := fs.ReadDir(t.files.fsys, dir)
		if err != nil {
			return false
		}
		for _, e := range entries {
			n := e.Name()
			if e.IsDir() || !IsDockerfileName(n) && !deploy.IsComposeName(n) && !strings.HasSuffix(n, ".dockerignore") && !strings.HasSuffix(n, ".md") {
				return false
			}
		}
		return true
	})
}
