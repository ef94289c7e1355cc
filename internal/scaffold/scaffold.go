// Package scaffold writes a golden container for a project of which is known what
// it is: a Dockerfile, and an allow-list of what is sent to its build.
//
// The shape is the same for every language: a builder and a runtime on one base,
// manifests before sources, cache mounts, files that belong to root, a user with a
// number, a probe with a timeout of its own that asks 127.0.0.1, and the exec form
// with the default arguments in CMD.
package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/existing"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// A File is a file of a container, to be written.
type File struct {
	Name string `json:"name"`
	Data string `json:"data"`
}

// A Choice is something that could have been otherwise, and why it is so.
type Choice struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// A Plan is what would be written, and why.
type Plan struct {
	Stack   *stack.Stack `json:"stack"`
	Files   []File       `json:"files"`
	Edits   []Edit       `json:"edits,omitempty"` // files of the project's own
	Chosen  []Choice     `json:"chosen,omitempty"`
	Unknown []string     `json:"unknown,omitempty"` // what could not be known
	// Given are variables that the Compose file gives the program.
	Given map[string]string `json:"given,omitempty"`

	takes []string
	ships Base   // what the program runs on
	ca    []File // see Options.CA
}

// Options are what a plan depends on beyond the project.
type Options struct {
	// Pick finds a base. It is asked once for each.
	Pick func(Want) (Base, error)
	// NoCompose leaves out what starts the program with what it talks to.
	NoCompose bool
	// Kubernetes writes its manifests too, and AWSSecrets what brings its secrets from AWS
	// Secrets Manager.
	Kubernetes, AWSSecrets bool
	Name                   string // of the project, where no manifest has one
	// CA are certificates of authorities that builds and programs trust too, each a file
	// beside the Dockerfile.
	CA []File
	// GPU takes PyTorch with CUDA, which is several gigabytes larger.
	GPU bool
	// Keep is what the container keeps of the one that the project has; nil = it has none.
	Keep *existing.Build
}

// New plans the container of a project.
func New(s *stack.Stack, opt Options) (*Plan, error) {
	p := &plan{Plan: Plan{Stack: s, ca: opt.CA}, s: s, opt: opt, work: "/srv", number: "10001"}
	if s.Node != nil {
		p.work = "/app"
	}
	p.keep()
	var err error
	switch {
	case s.Python != nil:
		err = p.python()
	case s.Go != nil:
		err = p.golang()
	case s.Node != nil:
		err = p.node()
	case s.Rust != nil:
		err = p.rust()
	case s.Java != nil:
		err = p.java()
	case s.DotNet != nil:
		err = p.dotnet()
	case s.Ruby != nil:
		err = p.ruby()
	case s.PHP != nil:
		err = p.php()
	case s.CPP != nil:
		err = p.cpp()
	case s.Site != nil:
		err = p.site()
	default:
		err = fmt.Errorf("no container is known for %s", s.Language.Value)
	}
	if err != nil {
		return nil, err
	}
	p.Files = append(p.Files, File{"Dockerfile", p.d.String()}, File{".dockerignore", p.ignore()})
	p.Files = append(p.Files, opt.CA...)
	if !opt.NoCompose && !s.Composed() {
		if data, ok := p.compose(); ok {
			p.Files = append(p.Files, File{"compose.yaml", data})
		}
	}
	if opt.Kubernetes || opt.AWSSecrets {
		p.Files = append(p.Files, File{"kubernetes.yaml", p.kubernetes()})
	}
	if opt.AWSSecrets {
		if len(p.secrets()) == 0 {
			return nil, fmt.Errorf("there is nothing for --aws-secrets to bring: no variable that the source reads is a secret by its name")
		}
		p.Files = append(p.Files, File{"external-secrets.yaml", p.awsSecrets()})
	}
	if !s.Has(".env.example") {
		if data, ok := p.example(); ok {
			p.Files = append(p.Files, File{".env.example", data})
		}
	}
	p.Plan.takes = p.send
	return &p.Plan, nil
}

// A plan is a Plan as it is made.
type plan struct {
	Plan
	s      *stack.Stack
	opt    Options
	d      dockerfile
	send   []string // files and folders that the build takes
	work   string   // the folder in which the program runs
	number string   // of the user, and of its group, where the base brings none
}

// linked tells whether anything needs packages of the system where it runs.
func (p *plan) linked() bool {
	if k := p.opt.Keep; k != nil && slices.ContainsFunc(k.Steps, func(s existing.Step) bool { return strings.HasPrefix(s.Text, "RUN") }) {
		return true // they need a shell
	}
	return slices.ContainsFunc(p.s.Native, func(n stack.Native) bool { return len(n.Runtime) > 0 })
}

// Takes are the files and folders of the project that the build takes.
func (p *Plan) Takes() []string { return p.takes }

func (p *plan) chose(what, why string) { p.Chosen = append(p.Chosen, Choice{what, why}) }

// takes notes what the build needs of the project.
func (p *plan) takes(names ...string) {
	for _, n := range names {
		found := false
		for _, have := range p.send {
			found = found || have == n || strings.HasPrefix(n, have+"/")
		}
		if !found {
			p.send = append(p.send, n)
		}
	}
}

// A dockerfile is a Dockerfile as it is written.
type dockerfile struct {
	strings.Builder
}

// runtime is what is written of the stage that ships.
func (d *dockerfile) runtime() string {
	s := d.String()
	return s[strings.LastIndex(s, "\nFROM ")+1:]
}

// line writes an instruction.
func (d *dockerfile) line(format string, args ...any) {
	fmt.Fprintf(d, format, args...)
	d.WriteByte('\n')
}

// part begins a part with an empty line and, where there is one, a comment.
func (d *dockerfile) part(comment string) {
	if d.Len() > 0 {
		d.WriteByte('\n')
	}
	if comment != "" {
		d.line("# %s", comment)
	}
}

// exec is an array of words as an instruction takes it.
func exec(words []string) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = quote(w)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// quote is a word as JSON has it, which signs as people read them.
func quote(w string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range w {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// copies writes the COPY lines for files and folders of the project: one for all
// files at the top, one for each folder.
func (p *plan) copies(names []string) {
	var files []string
	for _, n := range names {
		if !p.isDir(n) && !strings.Contains(n, "/") {
			files = append(files, n)
		}
	}
	p.takes(names...)
	// In numbers: older engines take signs for none at all.
	mode := func(m string, names ...string) string {
		if !p.s.Closed(names) {
			return ""
		}
		p.d.line("# Not everybody may read them where they come from.")
		return "--chmod=" + m + " "
	}
	if len(files) > 0 {
		p.d.line("COPY %s%s ./", mode("0644", files...), words(files))
	}
	for _, n := range names {
		switch {
		case p.isDir(n):
			p.d.line("COPY %s%s%s", mode("0755", n), p.owner(n), words([]string{n, "./" + n}))
		case strings.Contains(n, "/"):
			p.d.line("COPY %s%s", mode("0644", n), words([]string{n, "./" + n}))
		}
	}
}

// owner is the flag that gives a folder to the program which writes it.
func (p *plan) owner(name string) string {
	for _, w := range p.s.Writes {
		if w.Value == name {
			return "--chown=" + p.number + ":" + p.number + " "
		}
	}
	return ""
}

func (p *plan) isDir(name string) bool { return p.s.IsDir(name) }

// words are the words of a COPY: as they are, or as an array where a space is in
// one.
func words(list []string) string {
	for _, w := range list {
		if strings.ContainsAny(w, " \t") {
			out := exec(list)
			return out
		}
	}
	return strings.Join(list, " ")
}

// apt installs packages of Debian.
func (d *dockerfile) apt(packages []string) {
	d.line("RUN apt-get update \\\n && apt-get install -y --no-install-recommends %s \\\n && rm -rf /var/lib/apt/lists/*", strings.Join(packages, " "))
}

// user makes the user that the program runs as. Its home is a folder that is there and
// may be written, for what libraries keep beside a program.
func (p *plan) user() {
	p.d.line("RUN groupadd --gid %[1]s app \\\n && useradd --uid %[1]s --gid app --no-log-init --no-create-home --home-dir /tmp app", p.number)
}

// ignore is the allow-list of the build.
func (p *plan) ignore() string {
	var b strings.Builder
	b.WriteString("# Nothing is sent to the build but what is named here.\n*\n")
	for _, n := range p.send {
		fmt.Fprintf(&b, "!%s\n", n)
	}
	b.WriteString("\n# Never, also inside what is named.\n")
	for _, n := range p.s.Never() {
		fmt.Fprintf(&b, "%s\n", n)
	}
	for _, n := range p.send {
		if strings.HasPrefix(n, ".env") {
			fmt.Fprintf(&b, "!%s\n", n)
		}
	}
	return b.String()
}
