// Package source is the model of what the files of a project say: builds with
// their stages, contexts and deployments, read once and then only asked.
package source

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
	"github.com/dockworthy/dockworthy/text"
)

// The profiles that a build is judged by.
const (
	Standard = "standard"
	Banking  = "banking"
)

// Options are the inputs of a load that are not files. The zero Options load
// at the standard profile, without a date.
type Options struct {
	AsOf       time.Time         // the day that end-of-life dates are held against; zero = not judged
	Profile    string            // "" = what the config says, else Standard
	Targets    []string          // stages to judge; nil = what the project builds
	BuildArgs  map[string]string // over Compose's and the Dockerfile's own
	Environ    map[string]string // variables of the caller's that Compose files may use, over .env; no others are known
	Dockerfile string            // with Context: the one Dockerfile that is built from it
	Context    string            // a folder of the file system; "" = what the project says
	NoContext  bool              // there is no context at all, as for a Dockerfile from standard input
}

// maxFile is the largest Dockerfile or deployment file that is read.
const maxFile = 16 << 20

// A Project is a file system with the units found in it.
type Project struct {
	Units    []Unit    // in path order
	Problems []Problem // what could not be looked at

	fsys    fs.FS
	opt     Options
	compose []*deploy.Compose
	byPath  map[string]*deploy.Compose // nil = cannot be read
	parents map[string]bool            // Compose files that are only there to be extended
	kube    []*kubeFile
	configs map[string]*Config       // by folder
	dotenvs map[string]*text.File    // of Compose files, by folder
	dotEnvs map[string]deploy.DotEnv // what they set, by path

	kubeOnce  sync.Once
	kubeIndex *kubeIndex

	mu        sync.Mutex
	trees     map[string]*tree
	ignores   map[string]*ignoreFile
	composed  map[string][]recipe        // by Dockerfile; nil = not asked yet
	extending meter.Meter                // see whole
	extended  map[*deploy.Compose]string // why not all services of a file have all that they extend
	makes     map[string]string          // image name: the Dockerfile that makes it; nil = not asked yet
	users     map[string][]string        // image name: the Dockerfiles built on it; nil = not asked yet
	named     map[string]bool            // names of folders with Dockerfiles; nil = not asked yet
	builders  map[string][]*text.File    // by folder; see elsewhere
	searches  meter.Meter                // of those
	answers   map[string]bool            // see remember
}

type kubeFile struct {
	file     *text.File
	manifest *deploy.Manifest
}

type ignoreFile struct {
	file *text.File
	list *ignore.List
}

// A UnitKind is what sort of file a unit is read from.
type UnitKind uint8

// The kinds of units.
const (
	_ UnitKind = iota
	Dockerfile
	ComposeFile
	KubernetesFile
)

// A Unit is one file that is judged.
type Unit struct {
	Path  string
	Kind  UnitKind
	Named bool // the user named it, rather than a folder that holds it
}

// Open finds the units under the given paths of fsys and reads the deployment
// files among and beside them, for these say how Dockerfiles are built. What
// cannot be read is a problem of the project and hides nothing else; under a
// config that cannot be understood builds are judged as if there were none.
func Open(fsys fs.FS, paths []string, opt Options) *Project {
	p := &Project{fsys: fsys, opt: opt, trees: map[string]*tree{}, ignores: map[string]*ignoreFile{}, configs: map[string]*Config{}, byPath: map[string]*deploy.Compose{}, parents: map[string]bool{}, dotenvs: map[string]*text.File{}, dotEnvs: map[string]deploy.DotEnv{}}
	var dockerfiles, composes, yamls []string
	named := map[string]bool{}
	for _, root := range paths {
		info, err := fs.Stat(fsys, root)
		if err != nil {
			named[root] = true
			p.Problems = append(p.Problems, Problem{Path: root, Err: err})
			continue
		}
		if info.IsDir() {
			l := Find(fsys, root)
			dockerfiles = append(dockerfiles, l.Dockerfiles...)
			composes = append(composes, l.Compose...)
			yamls = append(yamls, l.YAML...)
			p.Problems = append(p.Problems, l.Problems...)
			if root != "." {
				composes = append(composes, composeAbove(fsys, path.Dir(root))...)
			}
			continue
		}
		named[root] = true
		switch ext := strings.ToLower(path.Ext(root)); {
		case deploy.IsComposeName(path.Base(root)):
			composes = append(composes, root)
		case ext == ".yaml" || ext == ".yml":
			yamls = append(yamls, root)
		default:
			dockerfiles = append(dockerfiles, root)
			composes = append(composes, composeAbove(fsys, path.Dir(root))...)
		}
	}
	judged := map[string]bool{}
	for _, root := range paths {
		judged[root] = true
	}
	if opt.Dockerfile != "" && !slices.ContainsFunc(p.Problems, func(q Problem) bool { return q.Path == opt.Dockerfile }) {
		dockerfiles, named[opt.Dockerfile] = []string{opt.Dockerfile}, true
	}
	for _, name := range compact(composes) {
		p.openCompose(name, named[name], paths)
	}
	p.openExtended(paths)
	for _, name := range compact(yamls) {
		p.openKubernetes(name, named[name])
	}
	for _, name := range compact(dockerfiles) {
		p.Units = append(p.Units, Unit{Path: name, Kind: Dockerfile, Named: named[name]})
	}
	p.searches.Left = freeSearch + searchPerUnit*len(p.Units)
	sort.Slice(p.Units, func(i, j int) bool { return p.Units[i].Path < p.Units[j].Path })
	for _, u := range p.Units {
		p.config(path.Dir(u.Path))
	}
	return p
}

func compact(list []string) []string {
	sort.Strings(list)
	return slices.Compact(list)
}

func underAny(name string, roots []string) bool {
	for _, r := range roots {
		if r == "." || r == name || strings.HasPrefix(name, r+"/") {
			return true
		}
	}
	return false
}

// read is the bytes of a regular file within the size limit.
func (p *Project) read(name string) (*text.File, error) {
	data, err := files.Read(p.fsys, name, maxFile)
	if err != nil {
		return nil, err
	}
	return text.NewFile(name, data), nil
}

// unread notes a file of a name that has a meaning and that cannot be read; that
// there is none is no problem.
func (p *Project) unread(name string, err error) {
	known := slices.ContainsFunc(p.Problems, func(q Problem) bool { return q.Path == name })
	if !known && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) {
		p.Problems = append(p.Problems, Problem{Path: name, Err: err})
	}
}

func (p *Project) openKubernetes(name string, isNamed bool) {
	file, err := p.read(name)
	if err != nil {
		if isNamed || errors.Is(err, files.ErrOutside) {
			p.Problems = append(p.Problems, Problem{Path: name, Err: err})
		}
		return
	}
	if !deploy.LooksLikeKubernetes(file.Data) {
		if isNamed {
			p.Problems = append(p.Problems, Problem{Path: name, Err: errors.New("is neither a Compose file nor a Kubernetes manifest")})
		}
		return
	}
	m, err := deploy.ParseKubernetes(file)
	if err != nil {
		p.Problems = append(p.Problems, Problem{Path: name, Err: err})
		return
	}
	if m.Beyond != "" {
		m.Beyond = name + ": " + m.Beyond
	} else if len(m.Workloads)+len(m.Secrets)+len(m.Services) == 0 {
		return
	}
	p.kube = append(p.kube, &kubeFile{file, m})
	p.Units = append(p.Units, Unit{Path: name, Kind: KubernetesFile, Named: isNamed})
}

// config is the nearest config upwards from a folder; nil where there is none.
func (p *Project) config(dir string) *Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.configIn(dir)
}

func (p *Project) configIn(dir string) *Config {
	if c, ok := p.configs[dir]; ok {
		return c
	}
	var c *Config
	name := path.Join(dir, ConfigName)
	data, err := files.Read(p.fsys, name, maxRead)
	if err == nil {
		if c, err = ParseConfig(name, data); err == nil {
			c.File = text.NewFile(name, data)
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid):
		if dir != "." && dir != "/" {
			c = p.configIn(path.Dir(dir))
		}
	default:
		c = nil
		p.Problems = append(p.Problems, Problem{Path: name, Err: err, Config: true})
	}
	p.configs[dir] = c
	return c
}

// tree is what is noticed of a folder; the project is locked.
func (p *Project) tree(root string) *tree {
	t := p.trees[root]
	if t == nil {
		t = &tree{fsys: p.fsys, root: root, names: meter.Meter{Left: freeNames}, walks: meter.Meter{Left: freeWalks}}
		p.trees[root] = t
	}
	return t
}

// context is the build context in a folder, for a Dockerfile whose own ignore
// file comes before the folder's.
func (p *Project) context(root, dockerfile string) *Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tree(root)
	t.used()
	c := &Context{Root: root, fsys: p.fsys, tree: t}
	for _, name := range []string{dockerfile + ".dockerignore", path.Join(root, ".dockerignore")} {
		ig, ok := p.ignores[name]
		if !ok {
			file, err := p.read(name)
			if err == nil {
				ig = &ignoreFile{file, ignore.Parse(file)}
			} else {
				p.unread(name, err)
			}
			p.ignores[name] = ig
		}
		if ig != nil {
			c.File, c.Ignore = ig.file, ig.list
			ig.list.Used()
			break
		}
	}
	return c
}

// Builds are the builds that a unit stands for: one for each target of a
// Dockerfile, one for a deployment file. An error is a file that cannot be
// read or understood; its Problem says where.
func (p *Project) Builds(u Unit) ([]*Build, *Problem) { return p.builds(u, nil) }

// builds is Builds for a Dockerfile on which those of the trail are built.
func (p *Project) builds(u Unit, trail []string) ([]*Build, *Problem) {
	switch u.Kind {
	case ComposeFile:
		if c := p.byPath[u.Path]; c != nil {
			return []*Build{p.manifest(u, func(b *Build) { b.Compose = c })}, nil
		}
	case KubernetesFile:
		if k := p.kubeIndexed().files[u.Path]; k != nil {
			return []*Build{p.manifest(u, func(b *Build) { b.Kubernetes, b.manifestFile = k.manifest, k.file })}, nil
		}
	}
	file, err := p.read(u.Path)
	if err != nil {
		return nil, &Problem{Path: u.Path, Err: err}
	}
	parsed, err := dockerfile.Parse(file)
	if err != nil {
		prob := &Problem{Path: u.Path, Err: err}
		var perr *dockerfile.Error
		if errors.As(err, &perr) {
			prob.Line = perr.Line
			flat := *perr
			flat.Line = 0
			prob.Err = &flat
		}
		return nil, prob
	}
	return p.targets(u, parsed, trail)
}

func (p *Project) manifest(u Unit, fill func(*Build)) *Build {
	cfg := p.config(path.Dir(u.Path))
	b := &Build{Path: u.Path, AsOf: p.opt.AsOf, Profile: p.profile(cfg), Config: cfg, project: p}
	fill(b)
	return b
}

func (p *Project) profile(cfg *Config) string {
	switch {
	case p.opt.Profile != "":
		return p.opt.Profile
	case cfg != nil && cfg.Profile != "":
		return cfg.Profile
	}
	return Standard
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
