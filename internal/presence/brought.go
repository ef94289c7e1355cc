package presence

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// brought tells whether the build's own steps bring a program of a name: a
// package of that name, or one that is known to; and perhaps, by a COPY, a
// download or a RUN that is not read.
func (i *Image) brought(name string) base.Answer {
	answer := base.No
	for step := range i.b.Steps() {
		if c := step.Copy; c != nil && copies(c, name) {
			answer = base.Unknown
		}
		run := step.Run()
		if run == nil {
			continue
		}
		if run.Opaque != "" || run.Script == nil || run.Script.Err != nil {
			answer = base.Unknown
			continue
		}
		for _, in := range run.Effects.Kept() {
			switch installs(in, name) {
			case base.Yes:
				return base.Yes
			case base.Unknown:
				answer = base.Unknown
			}
		}
		if writes(run.Effects.Files, name) || unread(run) {
			answer = base.Unknown
		}
	}
	return answer
}

// installs tells whether an install brings a program.
func installs(in packages.Install, name string) base.Answer {
	if in.System && len(in.Packages) == 0 && len(in.Manifests) > 0 {
		return base.Unknown // a list of packages that is not read
	}
	for _, p := range in.Packages {
		switch {
		case p.Known && p.Name == name && in.When == shell.Always && in.System:
			return base.Yes
		case !p.Known || p.Path || knowledge.Metapackages.Has(p.Name):
			return base.Unknown
		case strings.HasPrefix(p.Name, name) || strings.HasSuffix(p.Name, name) || knowledge.ProgramOf(p.Name) == name:
			return base.Unknown
		}
		for _, by := range knowledge.Bringers(name) {
			if strings.Contains(p.Name, by) {
				return base.Unknown
			}
		}
	}
	return base.No
}

// writes tells whether a file of a name is made, or an archive unpacked where
// programs lie.
func writes(files []effects.File, name string) bool {
	for _, fx := range files {
		if fx.Kind == effects.Delete || fx.Kind == effects.Chmod || fx.Kind == effects.Chown {
			continue
		}
		for _, p := range fx.Paths {
			if path.Base(p.Text) == name {
				return true
			}
			if fx.Kind == effects.Unpack && (p.Text == "/" || strings.HasPrefix(p.Text, "/usr") && !strings.HasPrefix(p.Text, "/usr/share") && !strings.HasPrefix(p.Text, "/usr/src")) {
				return true
			}
		}
	}
	return false
}

// unread tells whether a RUN runs what may install anything: a script, a program
// of the project, a download that is fed to a shell.
func unread(run *source.Run) bool {
	for _, c := range run.Commands() {
		p := c.Program()
		switch {
		case strings.HasSuffix(p, ".sh"), strings.HasSuffix(p, ".bash"), knowledge.Configurers.Has(p):
			return true
		case knowledge.Shells.Has(p):
			if !c.Inner && len(c.Args()) > 0 && !strings.HasPrefix(c.Args()[0].Text, "-") || c.PipeFrom != nil {
				return true
			}
		case len(c.Words) > 0 && own(c.Words[0].Text):
			return true
		}
	}
	return false
}

// own tells whether a command is given as a path outside of the system's folders:
// it came with the project, or out of a download.
func own(word string) bool {
	if !strings.Contains(word, "/") || strings.Contains(word, "/bin/") && (strings.HasPrefix(word, "/usr/") || strings.HasPrefix(word, "/bin/")) {
		return false
	}
	for _, venv := range []string{"/bin/pip", "/bin/python", "/bin/uv", "/bin/poetry", "/bin/npm", "/bin/conda"} {
		if strings.Contains(word, venv) {
			return false
		}
	}
	return true
}

// copies tells whether a COPY brings a program by name, or a folder where it may
// lie.
func copies(c *source.Copy, name string) bool {
	target := strings.TrimSuffix(c.Target, "/")
	if path.Base(target) == name {
		return true
	}
	for _, s := range c.Sources {
		v := path.Clean(s.Value)
		if path.Base(v) == name || strings.ContainsAny(v, "*?") && strings.Contains(v, "bin") {
			return true
		}
		// A tree over the system's own folders.
		if c.From != "" && (v == "/" || v == "/usr" || v == "/usr/bin" || v == "/bin" || v == "/usr/local" || v == "/usr/local/bin") {
			return true
		}
		switch target {
		case "", "/usr", "/usr/local", "/usr/bin", "/usr/local/bin", "/bin":
			if path.Ext(v) == "" && (strings.HasSuffix(s.Value, "/") || v == "." || strings.Contains(v, "root") || strings.HasSuffix(v, "bin") || strings.HasSuffix(v, "install")) {
				return true
			}
		}
	}
	return false
}
