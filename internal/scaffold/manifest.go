package scaffold

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A ManifestEdit is how packages that a project lacks come into its manifest and its lock:
// as lines more, or by a build in which the project's own manager puts them there.
type ManifestEdit struct {
	Packages []string
	Lines    map[string]string // whole files, as they have to be; nil = Dockerfile makes them
	// Dockerfile builds the files named in Files into an image that holds nothing else.
	Dockerfile string
	Ignore     string   // the allow-list of what the build takes
	Files      []string // relative to the project, and in the image to /
}

// An Edit is a change to a file of the project's own.
type Edit struct {
	Name   string `json:"name"`
	Data   string `json:"data"`
	Before string `json:"-"` // what it was made from
}

// Edit notes files of the project that are written with the container, as they are in
// before.
func (p *Plan) Edit(before fs.FS, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data, err := fs.ReadFile(before, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if string(data) != string(files[name]) {
			p.Edits = append(p.Edits, Edit{name, string(files[name]), string(data)})
		}
	}
	return nil
}

// AddToManifest is how the packages that the project lacks come into its manifest. nil = it
// lacks none.
func (p *Plan) AddToManifest() (*ManifestEdit, error) {
	s := p.Stack
	if s.Python == nil || len(s.Python.Add) == 0 {
		return nil, nil
	}
	in, e := &s.Python.Install, &ManifestEdit{}
	for _, t := range s.Python.Add {
		e.Packages = append(e.Packages, t.Name)
	}
	manager := in.By
	var words []string
	switch in.By {
	case "uv":
		words, e.Files = []string{"uv", "add", "--no-sync"}, []string{"pyproject.toml", "uv.lock"}
		if in.Member != "" {
			words, e.Files[0] = append(words, "--project", in.Member), path.Join(in.Member, "pyproject.toml")
		}
	case "poetry":
		words, e.Files = []string{"poetry", "add", "--lock"}, []string{"pyproject.toml", "poetry.lock"}
	case "pdm":
		words, e.Files = []string{"pdm", "add", "--no-sync"}, []string{"pyproject.toml", "pdm.lock"}
	case "pipenv":
		words, e.Files = []string{"pipenv", "upgrade"}, []string{"Pipfile", "Pipfile.lock"}
	case "pyproject":
		// uv knows the manifest of any backend; without a lock nothing else changes.
		manager, words, e.Files = "uv", []string{"uv", "add", "--frozen"}, []string{"pyproject.toml"}
	case "pip":
		return e, p.addToRequirements(e)
	default:
		return nil, fmt.Errorf("--add-server does not know how %s takes a package into its manifest: add %s by hand", in.By, strings.Join(e.Packages, ", "))
	}
	if in.Tool.Version != "" && in.Tool.Name == manager {
		manager += "==" + in.Tool.Version
	} else if v := knowledge.ToolVersion(manager); v != "" {
		manager += "==" + v
	}
	return e, p.editBy(e, manager, nil, append(words, e.Packages...))
}

// editBy writes the build in which a manager edits the files.
func (p *Plan) editBy(e *ManifestEdit, manager string, first []string, words []string) error {
	command, err := json.Marshal(words)
	if err != nil {
		return fmt.Errorf("write a command: %w", err)
	}
	var d dockerfile
	d.line("# syntax=docker/dockerfile:1")
	d.line("FROM %s AS edit", p.ships)
	for _, f := range p.ca {
		d.line("COPY <<'EOF' /usr/local/share/ca-certificates/%s\n%sEOF", f.Name, f.Data)
	}
	if len(p.ca) > 0 {
		d.line("RUN update-ca-certificates")
		d.line("ENV SSL_CERT_FILE=%[1]s REQUESTS_CA_BUNDLE=%[1]s", bundle)
	}
	d.line("RUN --mount=type=cache,target=/root/.cache pip install %s", manager)
	d.line("WORKDIR /project")
	d.line("COPY . .")
	for _, l := range first {
		d.line("%s", l)
	}
	d.line("RUN --mount=type=cache,target=/root/.cache %s", command)
	d.line("FROM scratch")
	for _, f := range e.Files {
		d.line("COPY --from=edit %s", exec([]string{"/project/" + f, "/" + f}))
	}
	e.Dockerfile = d.String()
	q := &plan{}
	q.takes(p.Stack.Python.Install.Files...)
	q.takes(e.Files...)
	q.takes(p.takes...)
	e.Ignore = "*\n"
	for _, n := range q.send {
		e.Ignore += "!" + n + "\n"
	}
	for _, n := range p.Stack.Never() {
		e.Ignore += n + "\n"
	}
	return nil
}

// plainRE is a path that means itself in every shell.
var plainRE = regexp.MustCompile(`^[\w./-]+$`)

// madeByRE is how a list of requirements says which command made it.
var madeByRE = regexp.MustCompile(`(?m)^#\s+((?:pip-compile|uv pip compile)\b.*)$`)

// addToRequirements adds lines to a list of requirements, or to the one that it is made
// from by a compiler, which then makes it anew.
func (p *Plan) addToRequirements(e *ManifestEdit) error {
	in := &p.Stack.Python.Install
	if len(in.Requires) == 0 {
		return fmt.Errorf("--add-server finds no list of requirements to write %s into", strings.Join(e.Packages, ", "))
	}
	list := in.Requires[0]
	text := string(p.Stack.Read(list))
	if m := madeByRE.FindStringSubmatch(text); m != nil {
		words := strings.Fields(m[1])
		source := words[len(words)-1]
		for _, w := range words {
			if strings.HasSuffix(w, ".in") {
				source = w
			}
		}
		if path.Ext(source) != ".in" || !plainRE.MatchString(source) || !p.Stack.Has(source) || strings.ContainsAny(m[1], "$`;|&<>'\"\\") {
			return fmt.Errorf("%s is made by %q from what is not a list of requirements: add %s there, and make it again", list, m[1], strings.Join(e.Packages, ", "))
		}
		if strings.TrimSuffix(source, ".in")+".txt" != list && !slices.ContainsFunc(words, func(w string) bool {
			return w == "-o" || strings.HasPrefix(w, "--output-file") || strings.HasPrefix(w, "-o=")
		}) {
			words = append(words, "--output-file="+list)
		}
		e.Files = []string{source, list}
		var first []string
		for _, n := range e.Packages {
			first = append(first, fmt.Sprintf("RUN echo %s >> %s", n, source))
		}
		manager := "pip-tools"
		if words[0] == "uv" {
			manager = "uv"
		}
		if v := knowledge.ToolVersion(manager); v != "" {
			manager += "==" + v
		}
		return p.editBy(e, manager, first, words)
	}
	if in.Hashes {
		return fmt.Errorf("%s has a hash in every line and does not say what made it: add %s where it is made from", list, strings.Join(e.Packages, ", "))
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	for _, t := range p.Stack.Python.Add {
		line := t.Name
		if t.Version != "" {
			line += "==" + t.Version
		}
		if strings.Contains(text, "\r\n") {
			line += "\r"
		}
		text += line + "\n"
	}
	e.Files, e.Lines = []string{list}, map[string]string{list: text}
	return nil
}
