// Package stack tells what a project is, from its files alone: its language, how
// its dependencies are installed, what starts it, where it listens, what tells
// that it is well, and what it needs of its surroundings. Every fact says where
// it stands. Nothing of the project is run.
package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Place is a line of a file of the project. The zero Place is nowhere.
type Place struct {
	File string `json:"file"`           // relative to the project
	Line int    `json:"line,omitempty"` // from 1; 0 = the file as such
}

// String is file:line.
func (p Place) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return p.File
}

// A Fact is something that is so in a project, and where it stands. The zero Fact
// is one that nobody knows.
type Fact struct {
	Value string `json:"value"`
	At    Place  `json:"at,omitzero"`   // zero = no file says so
	Why   string `json:"why,omitempty"` // how it follows, where that is not plain
}

// Known tells whether anything is known.
func (f Fact) Known() bool { return f.Value != "" }

// String is the value with its evidence: port 8000 (default).
func (f Fact) String() string {
	var why []string
	if f.At != (Place{}) {
		why = append(why, f.At.String())
	}
	if f.Why != "" {
		why = append(why, f.Why)
	}
	if why == nil {
		return f.Value
	}
	return f.Value + " (" + strings.Join(why, ", ") + ")"
}

// A Kind is what a program does for a living.
type Kind string

// The kinds.
const (
	Service Kind = "service" // it answers on a port
	Worker  Kind = "worker"  // it works on without a port
	Job     Kind = "job"     // it ends by itself, or speaks on standard input and output
	Static  Kind = "static"  // files that a web server gives out
)

// A Stack is what is known of one program of a project.
type Stack struct {
	Dir       string   `json:"dir"` // the folder of the project that is built, "." = all of it
	Language  Fact     `json:"language"`
	Version   Version  `json:"version"`
	Manager   Fact     `json:"manager"`
	Lock      Fact     `json:"lock,omitzero"` // the file with exact versions
	Framework Fact     `json:"framework,omitzero"`
	Kind      Kind     `json:"kind"`
	Server    Fact     `json:"server,omitzero"` // what serves it: uvicorn
	App       Fact     `json:"app,omitzero"`    // what the server starts: api.main:app
	Start     Fact     `json:"start"`           // in words, for people
	Exec      []string `json:"exec"`            // the program
	Args      []string `json:"args"`            // its default arguments
	Port      Fact     `json:"port,omitzero"`
	// StopSignal is the signal that ends it in order, where SIGTERM does not.
	StopSignal string     `json:"stopSignal,omitempty"`
	StopWhy    string     `json:"stopWhy,omitempty"`
	Health     Fact       `json:"health,omitzero"` // the route
	Asks       []Tool     `json:"asks,omitempty"`  // headers without which a request of the container itself is turned down
	Set        []Tool     `json:"set,omitempty"`   // environment variables that the image has to set: name and value
	Env        []Variable `json:"env,omitempty"`
	Others     []Process  `json:"others,omitempty"` // other programs of the same image
	Steps      []Process  `json:"steps,omitempty"`  // what has to run once before it: migrations
	Services   []Fact     `json:"services,omitempty"`
	Extensions []Fact     `json:"extensions,omitempty"` // of its database, that the official image lacks
	Native     []Native   `json:"native,omitempty"`
	Writes     []Fact     `json:"writes,omitempty"` // folders and files that it makes, relative to where it runs
	Sources    []string   `json:"sources"`          // files and folders that belong into the image
	Notes      []string   `json:"notes,omitempty"`  // what a person has to know

	Python *Python `json:"python,omitempty"`
	Go     *Go     `json:"go,omitempty"`
	Node   *Node   `json:"node,omitempty"`
	Rust   *Rust   `json:"rust,omitempty"`
	Java   *Java   `json:"java,omitempty"`
	DotNet *DotNet `json:"dotnet,omitempty"`
	Ruby   *Ruby   `json:"ruby,omitempty"`
	PHP    *PHP    `json:"php,omitempty"`
	CPP    *CPP    `json:"cpp,omitempty"`
	Site   *Site   `json:"site,omitempty"`
	// Assets is the part of a program in another language that Node.js builds.
	Assets        *Node   `json:"assets,omitempty"`
	AssetsVersion Version `json:"assetsVersion,omitzero"`

	tree *tree
}

// A Process is another way to start the image.
type Process struct {
	Name string   `json:"name"`
	Exec []string `json:"exec"`
	At   Place    `json:"at,omitzero"`
}

// A Version is the version of the language that a project asks for.
type Version struct {
	Spec string `json:"spec,omitempty"` // as it is written; "" = any
	At   Place  `json:"at,omitzero"`
	// Soft tells that Spec is what its people work with, and not what the project
	// says that it needs, which is Also.
	Soft bool   `json:"soft,omitempty"`
	Also string `json:"also,omitempty"`
	// Below is a version that does not do, though Spec allows it, and why.
	Below string `json:"below,omitempty"`
	Why   string `json:"why,omitempty"`
}

// A Variable is an environment variable that the source reads.
type Variable struct {
	Name     string `json:"name"`
	At       Place  `json:"at"`
	Default  string `json:"default,omitempty"`
	Required bool   `json:"required,omitempty"` // it has no default
	Secret   bool   `json:"secret,omitempty"`   // by its name
	Service  string `json:"service,omitempty"`  // the service that it says the place of, where the source tells
	Form     string `json:"form,omitempty"`     // number, boolean, duration, file (the place of one that holds it); "" = any text may do
}

// A Native is a package that needs packages of the system.
type Native struct {
	Package string   `json:"package"`
	At      Place    `json:"at,omitzero"`
	Build   []string `json:"build,omitempty"`   // Debian packages, to compile it
	Runtime []string `json:"runtime,omitempty"` // Debian packages, to run it
	Why     string   `json:"why"`
}

// ToBuild are the packages that it is compiled with.
func (n Native) ToBuild() []string { return n.Build }

// ToRun are the packages that it runs with.
func (n Native) ToRun() []string { return n.Runtime }

// Options are what a person says of a project, beyond its files.
type Options struct {
	App    string // module:object, or the folder of the program in a project with several
	Server string // the server that starts it
	Port   int
	Kind   Kind
	// Line is the command line that starts the program where it runs today, at At, and
	// Route what it is asked there to see how it is; "" = nobody says.
	Line, Route string
	At, RouteAt Place
	// PortAt is where Port stands; the zero Place = a person says it.
	PortAt Place
	// Seen tells that Port is where the program was seen to listen.
	Seen bool
}

// port is the port that is said, as a fact.
func (o Options) port() Fact {
	if o.PortAt != (Place{}) {
		return Fact{Value: strconv.Itoa(o.Port), At: o.PortAt}
	}
	if o.Seen {
		return Fact{Value: strconv.Itoa(o.Port), Why: "seen when it ran"}
	}
	return Fact{Value: strconv.Itoa(o.Port), Why: "--port"}
}

// An Unclear is a question that the files do not answer.
type Unclear struct {
	Question string
	Flag     string // that answers it
	Choices  []Choice
}

// A Choice is one answer.
type Choice struct {
	Value string
	Why   string // what stands for it
}

func (u *Unclear) Error() string {
	var b strings.Builder
	b.WriteString(u.Question)
	for _, c := range u.Choices {
		fmt.Fprintf(&b, "\n  %s %s", u.Flag, c.Value)
		if c.Why != "" {
			fmt.Fprintf(&b, "   (%s)", c.Why)
		}
	}
	return b.String()
}

// An Unsupported is a project that is understood and for which nothing can be
// done.
type Unsupported struct{ What, Instead string }

func (u *Unsupported) Error() string {
	if u.Instead == "" {
		return u.What
	}
	return u.What + ": " + u.Instead
}

// ErrEmpty is a folder with nothing in it that makes a project.
var ErrEmpty = errors.New("no manifest and no program of a known language is here")

// detectors are the languages, each with what tells whether a project is one of
// it, in the order in which a project of several is taken for one.
var detectors = []struct {
	language string
	is       func(*tree) (Place, bool)
	detect   func(*tree, Options) (*Stack, error)
}{
	{"go", isGo, detectGo},
	{"rust", isRust, detectRust},
	{"java", isJava, detectJava},
	{"dotnet", isDotNet, detectDotNet},
	{"ruby", isRuby, detectRuby},
	{"php", isPHP, detectPHP},
	{"", isOther, detectOther},
	{"dotnet", isDotNetBelow, detectDotNet},
	{"cpp", isCMakeServer, detectCMake},
	{"node", func(t *tree) (Place, bool) {
		at, ok := isNode(t)
		_, py := isPython(t)
		return at, ok && (!py || servesNode(t))
	}, detectNode},
	{"python", isPython, detectPython},
	{"node", isNode, detectNode},
	{"php", isPHPLate, detectPHP},
	{"ruby", isRubyLate, detectRuby},
	{"cpp", isCMake, detectCMake},
	{"", isOtherLate, detectOther},
	{"static", isSite, detectSite},
}

// Detect tells what the project in a folder of a file system is. Its errors are
// an *Unclear, an *Unsupported, ErrEmpty, or that of a file that cannot be read or
// understood.
func Detect(fsys fs.FS, opt Options) (*Stack, error) {
	t, err := walk(fsys)
	if err != nil {
		return nil, err
	}
	for _, d := range detectors {
		at, ok := d.is(t)
		if !ok {
			continue
		}
		s, err := d.detect(t, opt)
		if f, ok := errors.AsType[*foreign](err); ok {
			return nil, &Unsupported{f.Error() + ", for which init writes no container", "it writes one for " + languages()}
		}
		if path.Ext(at.File) == ".py" && (err != nil || s.Kind == Job) && foreignScripts(t) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if s.Kind == Service && !s.Port.Known() {
			where := s.Server.At.String()
			if s.Server.At == (Place{}) {
				where = s.App.String()
			}
			return nil, &Unclear{Question: fmt.Sprintf("it answers on a port (%s) that is not known; where it has none, --kind worker says so", where), Flag: "--port", Choices: []Choice{{"PORT", "that it listens on"}}}
		}
		if err := s.keeps(opt); err != nil {
			return nil, err
		}
		s.Language, s.tree = Fact{Value: d.language, At: at}, t
		s.today(opt)
		s.extensions()
		if s.Dir == "" {
			s.Dir = "."
		}
		return s, nil
	}
	return nil, ErrEmpty
}

// keeps tells of what a person said and this program does not do: nothing that is said is
// dropped in silence.
func (s *Stack) keeps(opt Options) error {
	if opt.Line != "" {
		return nil // what its Dockerfile says is told apart
	}
	if opt.Kind != "" && s.Kind != opt.Kind && !(s.Kind == Static && opt.Kind == Service) {
		return fmt.Errorf("--kind %s cannot be kept: it is a %s (%s)", opt.Kind, map[bool]string{true: "static site", false: string(s.Kind)}[s.Kind == Static], s.Start.Value)
	}
	if opt.Port == 0 || opt.PortAt != (Place{}) {
		return nil
	}
	port := strconv.Itoa(opt.Port)
	switch {
	case s.Kind == Worker || s.Kind == Job:
		return fmt.Errorf("--port %s: it listens on no port, since it is a %s (%s); --kind service says that it does", port, s.Kind, s.Start.Value)
	case s.Kind == Static && port != "8080":
		return fmt.Errorf("--port %s cannot be kept: the image that gives out a static site listens on 8080; publish that on the port that is wanted", port)
	case s.Port.Value != port:
		return fmt.Errorf("--port %s cannot be kept: it listens on %s", port, s.Port)
	}
	return nil
}

// LanguageOf is the language that Detect takes a project for; "" where it is one that no
// container is written for.
func LanguageOf(fsys fs.FS) (string, error) {
	t, err := walk(fsys)
	if err != nil {
		return "", err
	}
	for _, d := range detectors {
		if _, ok := d.is(t); ok {
			return d.language, nil
		}
	}
	return "", ErrEmpty
}

// today takes over what is said of how the program runs today.
func (s *Stack) today(opt Options) {
	if opt.Line != "" && (s.Go != nil || s.Rust != nil || s.DotNet != nil || s.CPP != nil) {
		words := parseCommand(opt.Line).words
		if len(words) > 1 && s.DotNet != nil && words[0] == "dotnet" {
			words = words[1:]
		}
		if len(words) > 1 && !strings.ContainsAny(opt.Line, "$`") {
			s.Args = words[1:]
			s.Start = Fact{Value: strings.Join(append(slices.Clone(s.Exec), s.Args...), " "), At: opt.At}
		}
	}
	if opt.Route != "" && s.Kind == Service && s.Port.Known() {
		s.Health = Fact{Value: opt.Route, At: opt.RouteAt}
	}
}

// IsDir tells whether a name of the project is a folder.
func (s *Stack) IsDir(name string) bool {
	if s.tree == nil {
		return false
	}
	if s.tree.dir(name) {
		return true
	}
	info, err := fs.Stat(s.tree.fsys, name) // one that a tool fills is not walked: vendor
	return err == nil && info.IsDir()
}

// Never are the patterns of what is sent to no build, also inside of folders that
// are.
func (s *Stack) Never() []string {
	list := []string{"**/.git", "**/.env", "**/.env.*", "**/.DS_Store"}
	switch s.Language.Value {
	case "python":
		list = append(list, "**/__pycache__", "**/*.py[cod]", "**/.venv", "**/venv")
		if s.Assets != nil {
			list = append(list, "**/node_modules")
		}
	case "node":
		list = append(list, "**/node_modules")
	case "rust":
		list = append(list, "**/target")
	case "java":
		list = append(list, "**/src/test", "**/target", "**/.gradle")
	case "cpp":
		list = append(list, "**/CMakeUserPresets.json", "**/CMakeCache.txt", "**/CMakeFiles")
	case "ruby":
		// Keys of Rails open its credentials; they come from outside.
		list = append(list, "**/master.key", "**/credentials/*.key", "**/node_modules", "**/vendor/bundle")
	case "php":
		list = append(list, "**/node_modules", "**/auth.json")
	case "dotnet":
		// What was built elsewhere breaks a build, and settings of people are theirs.
		for _, f := range netProjects(s.tree) {
			if dir := path.Dir(f); dir != "." && slices.Contains(s.DotNet.Code, dir) {
				list = append(list, dir+"/bin", dir+"/obj")
			}
		}
		list = append(list, "**/node_modules", "**/*.user", "**/appsettings.Development.json")
	}
	seen := map[string]bool{}
	for _, f := range s.tree.files {
		dir := f
		for dir = parentDir(dir); dir != ""; dir = parentDir(dir) {
			base := dir[strings.LastIndexByte(dir, '/')+1:]
			if (s.Language.Value == "rust" || s.Language.Value == "java") && strings.Contains(dir+"/", "src/") {
				continue // a module may be called so
			}
			if (base == "tests" || base == "test" || base == "__tests__") && strings.Contains(dir, "/") && !seen[base] {
				seen[base] = true
				list = append(list, "**/"+base)
			}
		}
	}
	return list
}

func parentDir(name string) string {
	at := strings.LastIndexByte(name, '/')
	if at < 0 {
		return ""
	}
	return name[:at]
}

// Closed tells whether the project has files below these names that not everybody may
// read: a COPY keeps their modes.
func (s *Stack) Closed(names []string) bool {
	for _, n := range names {
		for _, f := range append(s.tree.below(n), n) {
			if info, err := fs.Stat(s.tree.fsys, f); err == nil && (info.IsDir() && info.Mode()&0o005 != 0o005 || !info.IsDir() && info.Mode()&0o004 == 0) {
				return true
			}
		}
	}
	return false
}

// Read is a file of the project; nil where it is not there.
func (s *Stack) Read(name string) []byte { return s.tree.read(name) }

// Has tells whether the project has a file.
func (s *Stack) Has(name string) bool { return s.tree.has[name] || s.tree.read(name) != nil }

// talks tells whether a service is noted already.
func (s *Stack) talks(service string) bool {
	return slices.ContainsFunc(s.Services, func(f Fact) bool { return f.Value == service })
}

// Composed tells whether the project has a Compose file of its own.
func (s *Stack) Composed() bool {
	for _, n := range []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"} {
		if s.tree.has[n] {
			return true
		}
	}
	return false
}

// Talks tells whether the program talks to a service through a package.
func (s *Stack) Talks(client string) bool {
	for _, f := range s.Services {
		if f.Why == client {
			return true
		}
	}
	return s.Python != nil && slices.Contains(s.Python.Packages, client)
}
