// Package source is the model of what the files of a project say: builds with
// their stages, contexts and deployments, read once and then only asked.
package source

import (
	"cmp"
	"errors"
	"fmt"
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

// A Profile is what a build is judged by. The zero Profile is not said.
type Profile string

// The profiles.
const (
	Standard Profile = "standard"
	Banking  Profile = "banking"
)

// ParseProfile reads a profile's name; "" is the zero Profile.
func ParseProfile(name string) (Profile, error) {
	switch p := Profile(name); p {
	case "", Standard, Banking:
		return p, nil
	}
	return "", fmt.Errorf("profile %q is neither %s nor %s", name, Standard, Banking)
}

// Options are the inputs of a load that are not files. The zero Options load
// at the standard profile, without a date.
type Options struct {
	AsOf       time.Time         // the day that end-of-life dates are held against; zero = not judged
	Profile    Profile           // "" = what the config says, else Standard
	Targets    []string          // stages to judge; nil = what the project builds
	BuildArgs  map[string]string // over Compose's and the Dockerfile's own
	Environ    map[string]string // variables of the caller's that Compose files may use, over .env; no others are known
	Dockerfile string            // with Context: the one Dockerfile that is built from it
	Context    string            // a folder of the file system; "" = what the project says
	NoContext  bool              // there is no context at all, as for a Dockerfile from standard input
	Checks     []string          // the names of rules and ids of checks that a config may speak of; nil = they are not looked at
	// Bake reads Bake files; nil = they are not read, so that programs which judge
	// single files need no reader of theirs.
	Bake     func(*text.File) (*deploy.Bake, error)
	Editable bool // remember what was read of each unit, and what for, so that an edit costs little
	Mending  bool // somebody wants edits: recipes may read the project's sources for them
}

// maxFile is the largest Dockerfile or deployment file that is read.
const maxFile = 16 << 20

// A Snapshot is what the files of a project say at one moment, with the units
// found in it. Nothing of it changes: what is not read yet is read once, on the
// first question. Several goroutines may ask.
type Snapshot struct {
	Units []Unit // in path order

	files view // for what is not asked for one unit
	paths []string
	opt   Options

	compose   []*deploy.Compose
	byPath    map[string]*deploy.Compose // nil = cannot be read
	parents   map[string]bool            // Compose files that are only there to be extended
	kube      []*kubeFile
	dotenvs   map[string]*text.File      // of Compose files, by folder
	dotEnvs   map[string]deploy.DotEnv   // what they set, by path
	composed  map[string][]recipe        // by Dockerfile
	lends     map[string][]fromIn        // the Dockerfiles that have what a Dockerfile makes as a named context, and its name there
	builtFrom map[*deploy.Service]string // the Dockerfile that a service is built from
	extended  map[*deploy.Compose]string // why not all services of a file have all that they extend
	baked     map[string]string          // image name: the Dockerfile that a Bake file makes it of
	repos     map[string]string          // image name without a tag: the Dockerfile that CI makes it of
	pushed    map[string]bool            // Dockerfiles of which CI publishes an image
	hinted    map[string]string          // by Dockerfile, the context of builds of CI whose other words are not literal; "" = they have several
	versions  map[string]map[string]bool // by manifest, the images to which a kustomization gives a version
	makes     map[string]string          // image name: the Dockerfile that makes it
	named     map[string]bool            // names of folders with Dockerfiles
	links     *kubeIndex
	templates map[*deploy.Service]bool // services that are only there to be extended
	running   map[string][]*Service    // image name without a tag: the services that pull it

	extending meter.Meter // see whole
	texts     texts

	users    func() *froms               // what the FROM lines of all Dockerfiles say
	configs  table[string, *Config]      // by folder
	trees    table[string, *tree]        // by folder
	ignores  table[string, *ignoreFile]  // by path; nil = there is none
	builders table[string, builderList]  // by folder; see elsewhere
	allows   table[*text.File, []*Allow] // of files that units share
	answers  table[string, bool]         // see remember
	scripts  table[scriptKey, ranScript] // see Build.Calls
	searches sharedMeter                 // of builder files
	late     problems                    // met since it was made
	kept     table[Unit, *kept]          // where the snapshot can be edited
	lasting  *table[string, any]         // see Build.Lasting; edits have the same
}

// A table holds what is worked out once for each key, whoever asks first. Keys
// do not wait for each other.
type table[K comparable, V any] struct {
	mu   sync.Mutex
	rows map[K]*row[V]
	most int // rows; beyond it all are forgotten. 0 = any number
}

type row[V any] struct {
	once  sync.Once
	value V
}

// set gives a key its value, before anybody asks.
func (t *table[K, V]) set(key K, value V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[K]*row[V]{}
	}
	r := &row[V]{value: value}
	r.once.Do(func() {})
	t.rows[key] = r
}

// done are the rows of what is worked out. It is for a time when nobody else
// asks.
func (t *table[K, V]) done() map[K]V {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[K]V, len(t.rows))
	for k, r := range t.rows {
		out[k] = r.value
	}
	return out
}

func (t *table[K, V]) get(key K, work func() V) V {
	t.mu.Lock()
	r := t.rows[key]
	if r == nil {
		if t.rows == nil || t.most > 0 && len(t.rows) >= t.most {
			t.rows = map[K]*row[V]{}
		}
		r = &row[V]{}
		t.rows[key] = r
	}
	t.mu.Unlock()
	r.once.Do(func() { r.value = work() })
	return r.value
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
	// Service is the one whose dockerfile_inline the unit is; "" = the file itself.
	Service string
}

// Open finds the units under the given paths of fsys and reads the deployment
// files among and beside them, for these say how Dockerfiles are built. What
// cannot be read is a problem of the project and hides nothing else; under a
// config that cannot be understood builds are judged as if there were none.
func Open(fsys fs.FS, paths []string, opt Options) *Snapshot {
	p := &Snapshot{files: view{fsys: fsys, bare: map[string]bool{}}, paths: paths, opt: opt, byPath: map[string]*deploy.Compose{}, baked: map[string]string{}, repos: map[string]string{}, hinted: map[string]string{}, pushed: map[string]bool{}, parents: map[string]bool{}, lends: map[string][]fromIn{}, dotenvs: map[string]*text.File{}, dotEnvs: map[string]deploy.DotEnv{}}
	p.lasting = &table[string, any]{}
	if opt.Editable {
		p.files.trace, p.files.links = &trace{asked: map[question]bool{}}, &sync.Map{}
	}
	found := &finds{named: map[string]bool{}}
	for _, root := range paths {
		p.find(root, found)
	}
	if opt.Dockerfile != "" && !slices.ContainsFunc(found.problems, func(q Problem) bool { return q.Path == opt.Dockerfile }) {
		found.dockerfiles, found.named[opt.Dockerfile] = []string{opt.Dockerfile}, true
	}
	p.late.list = found.problems
	var kustomizations, unnamed []string
	for _, name := range compact(found.yaml) {
		if isKustomization(name) {
			kustomizations = append(kustomizations, name)
		}
		if p.openYAML(name, found.named[name]) {
			unnamed = append(unnamed, name)
		}
	}
	for _, list := range [][]string{found.compose, unnamed} {
		for _, name := range compact(list) {
			p.openCompose(name, found.named[name], paths)
		}
		p.openExtended(paths) // before the others, which may only be there to be extended
	}
	p.versions = p.kustomized(kustomizations)
	for _, name := range compact(found.dockerfiles) {
		p.Units = append(p.Units, Unit{Path: name, Kind: Dockerfile, Named: found.named[name]})
	}
	p.searches.Left = freeSearch + searchPerUnit*len(p.Units)
	sort.SliceStable(p.Units, func(i, j int) bool { return p.Units[i].Path < p.Units[j].Path })
	for _, u := range p.Units {
		p.config(path.Dir(u.Path))
	}
	p.composeRecipes()
	for _, name := range compact(found.bake) {
		p.openBake(name)
	}
	for _, name := range compact(found.yaml) {
		if isSkaffold(name) {
			p.openSkaffold(name)
		}
	}
	p.openCI()
	p.index()
	return p
}

// index works out what is asked for many units.
func (p *Snapshot) index() {
	p.links = newKubeIndex(p)
	p.makes, p.named = p.makers(), p.folders()
	p.running, p.templates = p.services(), p.templatesOf()
	p.users = sync.OnceValue(p.usersOfImages)
	p.answers.most, p.scripts.most = maxGlobs, maxScripts
}

// finds are the files that the paths of a snapshot hold.
type finds struct {
	dockerfiles, compose, yaml []string
	bake                       []string
	named                      map[string]bool // by the user, rather than a folder that holds it
	problems                   []Problem
}

// find looks for files under one of the paths.
func (p *Snapshot) find(root string, to *finds) {
	info, err := p.files.stat(root)
	if err != nil {
		to.named[root] = true
		to.problems = append(to.problems, Problem{Path: root, Err: err})
		return
	}
	if info.IsDir() {
		l := Find(p.files.fsys, root)
		p.files.ask(aboutTree, root)
		maps.Copy(p.files.bare, l.bare)
		to.dockerfiles = append(to.dockerfiles, l.Dockerfiles...)
		to.compose = append(to.compose, l.Compose...)
		to.yaml = append(to.yaml, l.YAML...)
		to.bake = append(to.bake, l.Bake...)
		to.problems = append(to.problems, l.Problems...)
		if root != "." {
			to.compose = append(to.compose, p.above(path.Dir(root), deploy.IsComposeName)...)
			to.bake = append(to.bake, p.above(path.Dir(root), deploy.IsBakeName)...)
		}
		return
	}
	to.named[root] = true
	switch ext := strings.ToLower(path.Ext(root)); {
	case deploy.IsComposeName(path.Base(root)):
		to.compose = append(to.compose, root)
	case ext == ".yaml" || ext == ".yml":
		to.yaml = append(to.yaml, root)
	default:
		to.dockerfiles = append(to.dockerfiles, root)
		to.compose = append(to.compose, p.above(path.Dir(root), deploy.IsComposeName)...)
		to.bake = append(to.bake, p.above(path.Dir(root), deploy.IsBakeName)...)
	}
}

// Editable tells whether the snapshot can be edited.
func (p *Snapshot) Editable() bool { return p.opt.Editable }

// Mending tells whether somebody wants edits, for which the project's sources may be read.
func (b *Build) Mending() bool { return b.project != nil && b.project.opt.Mending }

// Problems are the files that could not be looked at, so far as anybody has
// asked.
func (p *Snapshot) Problems() []Problem {
	p.late.mu.Lock()
	defer p.late.mu.Unlock()
	return slices.Clone(p.late.list)
}

// Lasting is the answer to a question about the sources of a project, which no edit of what
// builds or deploys them changes: it is found once for a snapshot and all its edits.
func (b *Build) Lasting(question string, answer func() any) any {
	if b.project == nil {
		return answer()
	}
	return b.project.lasting.get(question, answer)
}

// Beside reads a file of the project for a recipe that adds to it; nil where there is none,
// or none that can be read. name is its path in the project.
func (b *Build) Beside(name string) *text.File {
	f, err := b.files.read(name, maxFile)
	if err != nil {
		return nil
	}
	return f
}

// problems are a list that may grow while builds are judged.
type problems struct {
	mu   sync.Mutex
	list []Problem
}

// add notes a problem, once for each path.
func (l *problems) add(q Problem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, q)
}

func (l *problems) has(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.list, func(q Problem) bool { return q.Path == name })
}

// A sharedMeter is a meter that several units spend from.
type sharedMeter struct {
	mu sync.Mutex
	meter.Meter
}

func (m *sharedMeter) spend(n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Spend(n)
}

func compact(list []string) []string {
	sort.Strings(list)
	return slices.Compact(list)
}

func underAny(name string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return under(name, r) })
}

// unread notes a file of a name that has a meaning and that cannot be read; that
// there is none is no problem.
func (p *Snapshot) unread(name string, err error) {
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) && !p.late.has(name) {
		p.late.add(Problem{Path: name, Err: err})
	}
}

// openYAML reads a file that may hold Kubernetes manifests, and tells whether it is a
// Compose file instead, as what stands in it says.
func (p *Snapshot) openYAML(name string, isNamed bool) (isCompose bool) {
	file, err := p.files.read(name, maxFile)
	switch {
	case err != nil:
		if isNamed || errors.Is(err, files.ErrOutside) {
			p.late.add(Problem{Path: name, Err: err})
		}
	case deploy.LooksLikeKubernetes(file.Data):
		p.openKubernetes(file, isNamed)
	case deploy.LooksLikeCompose(file):
		return true
	case isNamed:
		p.late.add(Problem{Path: name, Err: errors.New("is neither a Compose file nor a Kubernetes manifest")})
	}
	return false
}

func (p *Snapshot) openKubernetes(file *text.File, isNamed bool) {
	name := file.Name
	if !isNamed && p.helmTemplate(name) {
		return
	}
	m, err := deploy.ParseKubernetes(file)
	if err != nil {
		p.late.add(Problem{Path: name, Err: err})
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
func (p *Snapshot) config(dir string) *Config {
	return p.configs.get(dir, func() *Config {
		name := path.Join(dir, ConfigName)
		file, err := p.files.read(name, maxRead)
		if err == nil {
			var c *Config
			if c, err = ParseConfig(name, file.Data, p.opt.Checks); err == nil {
				c.File = file
				return c
			}
		}
		switch {
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid):
			p.late.add(Problem{Path: name, Err: err, Config: true})
		case dir != "." && dir != "/":
			return p.config(path.Dir(dir))
		}
		return nil
	})
}

// tree is what is noticed of a folder.
func (p *Snapshot) tree(root string) *tree {
	return p.trees.get(root, func() *tree {
		t := &tree{fsys: p.files.fsys, root: root, names: meter.Meter{Left: freeNames}, walks: meter.Meter{Left: freeWalks}}
		t.answers.most = maxGlobs
		return t
	})
}

// context is the build context in a folder, for a Dockerfile whose own ignore
// file comes before the folder's.
func (p *Snapshot) context(v view, root, dockerfile string) *Context {
	t := p.tree(root)
	t.used()
	c := &Context{Root: root, files: v, tree: t}
	for _, name := range []string{dockerfile + ".dockerignore", path.Join(root, ".dockerignore")} {
		v.ask(aboutFile, name)
		ig := p.ignores.get(name, func() *ignoreFile {
			file, err := view{fsys: p.files.fsys, bare: p.files.bare}.read(name, maxFile)
			if err != nil {
				p.unread(name, err)
				return nil
			}
			return &ignoreFile{file, ignore.Parse(file)}
		})
		if ig != nil {
			c.File, c.Ignore = ig.file, ig.list
			ig.list.Used()
			break
		}
	}
	return c
}

// Builds are the builds that a unit stands for: one for each target of a
// Dockerfile, one for a deployment file. A Problem is a file that cannot be
// read or understood.
//
// Where the snapshot can be edited they are read once, and those that an edit
// cannot change are the same in the snapshots before and after it: they answer
// from the files as they were read, which for what they have been asked is as the
// files are.
func (p *Snapshot) Builds(u Unit) ([]*Build, *Problem) {
	if !p.opt.Editable {
		return p.builds(view{fsys: p.files.fsys, bare: p.files.bare}, u, nil)
	}
	k := p.kept.get(u, func() *kept {
		k := &kept{trace: &trace{asked: map[question]bool{}}}
		k.builds, k.problem = p.builds(view{p.files.fsys, k.trace, p.files.links, p.files.bare}, u, nil)
		return k
	})
	return k.builds, k.problem
}

// kept is what was read of a unit.
type kept struct {
	builds    []*Build
	problem   *Problem
	trace     *trace
	inherited bool // from the snapshot before
}

// builds is Builds for a Dockerfile on which those of the trail are built.
func (p *Snapshot) builds(v view, u Unit, trail []string) ([]*Build, *Problem) {
	switch u.Kind {
	case ComposeFile:
		if c := p.byPath[u.Path]; c != nil {
			return []*Build{p.manifest(u, func(b *Build) { b.Compose, b.files = c, v })}, nil
		}
	case KubernetesFile:
		if k := p.links.files[u.Path]; k != nil {
			return []*Build{p.manifest(u, func(b *Build) { b.Kubernetes, b.manifestFile, b.files = k.manifest, k.file, v })}, nil
		}
	}
	file, err := p.dockerfile(v, u)
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
	return p.targets(v, u, parsed, trail)
}

// texts are the Dockerfiles of a snapshot that were read, for who reads them again: at
// first for their FROM lines, then whole.
type texts struct {
	mu    sync.Mutex
	files map[string][]byte
	bytes int
}

// maxTexts bounds how many bytes of Dockerfiles are kept.
const maxTexts = 8 << 20

// read is the bytes of a Dockerfile within the size limit.
func (t *texts) read(fsys fs.FS, name string) ([]byte, error) {
	t.mu.Lock()
	data, ok := t.files[name]
	t.mu.Unlock()
	if ok {
		return data, nil
	}
	data, err := files.Read(fsys, name, maxFile)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.files == nil {
		t.files = map[string][]byte{}
	}
	if t.bytes+len(data) <= maxTexts {
		t.files[name] = data
		t.bytes += len(data)
	}
	return data, nil
}

// dockerfile is the text of a Dockerfile's unit.
func (p *Snapshot) dockerfile(v view, u Unit) (*text.File, error) {
	if u.Service == "" {
		v.ask(aboutFile, u.Path)
		data, err := p.texts.read(v.fsys, u.Path)
		if err != nil {
			return nil, err
		}
		return text.NewFile(u.Path, data), nil
	}
	c := p.byPath[u.Path]
	if c == nil {
		return nil, fs.ErrNotExist
	}
	return inline(c, u.Service)
}

func (p *Snapshot) manifest(u Unit, fill func(*Build)) *Build {
	cfg := p.config(path.Dir(u.Path))
	b := &Build{Path: u.Path, AsOf: p.opt.AsOf, Profile: p.profile(cfg), Config: cfg, project: p, memo: &memo{}, development: p.development(u.Path, u.Kind)}
	fill(b)
	if role, _ := cfg.role(u.Path); b.development == "" && b.Kubernetes != nil && role != roleProduct {
		b.development = cmp.Or(idles(b.Kubernetes), triedIn(b.Kubernetes))
	}
	b.shared()
	return b
}

func (p *Snapshot) profile(cfg *Config) Profile {
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
