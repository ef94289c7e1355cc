package secrets

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var removedTooLate = &check.Check{
	Name:     "removed-too-late",
	Claim:    "no secret file is deleted in a later layer than the one that added it",
	Why:      "deleting a file in a later layer only hides it: the layer that added it is still in the image",
	Mend:     "mount the secret for the one RUN that needs it, or create, use and delete the file in one RUN; rotate the secret",
	Unfixed:  "which RUNs need the file is for you to say: they mount it, and nothing has to remove it",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.10"},
	Image:    builtFiles(true),
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		lying := map[*source.Stage][]hidden{}
		for _, s := range b.Stages {
			if !b.Needs(s) && b.Reaches(s) {
				continue
			}
			files := lying[s.Parent]
			files = files[:len(files):len(files)]
			for _, step := range s.Steps {
				files = append(files, hiddenBy(b, step)...)
				if len(files) > mostHidden {
					files = files[:mostHidden]
				}
				run := step.Run()
				if run == nil || len(files) == 0 {
					continue
				}
				for _, fx := range run.Effects.Files {
					if fx.Kind != effects.Delete || fx.Partial {
						continue
					}
					for _, h := range files {
						if h.step == step || !deletes(fx.Paths, h.path) {
							continue
						}
						if len(found) == most {
							return check.Judge(found)
						}
						found = append(found, h.uncopied(b).To(check.Finding{
							Place:   check.Place{File: b.Text(), Span: fx.Command.Span},
							Related: []check.Place{{File: b.Text(), Span: h.at, Message: "the file is in the layer of this instruction"}},
							Stage:   s,
							Message: fmt.Sprintf("%s is deleted here, but stays in the layer of line %d", h.path, b.Text().Position(h.at.Start).Line),
							Cause:   h.cause,
						}))
					}
				}
			}
			lying[s] = files
		}
		return check.Judge(found)
	},
}

// A hidden is a secret file that a layer of the stage holds.
type hidden struct {
	path  string // in the image
	at    text.Span
	step  *source.Step
	cause check.Cause
}

// uncopied keeps the file out of the layer.
func (h hidden) uncopied(b *source.Build) recipe.Advice {
	if h.step.Copy == nil || !h.step.Copy.FromContext() {
		return recipe.Advice{}
	}
	gifts, _ := brought(b, h.step, false)
	for _, g := range gifts {
		if g.in == h.path {
			return uncopied(b, h.step, []gift{g})
		}
	}
	return recipe.Advice{}
}

// mostHidden bounds the files that are followed through a chain of stages.
const mostHidden = 64

// hiddenBy are the secret files that a step leaves in its layer.
func hiddenBy(b *source.Build, s *source.Step) []hidden {
	var list []hidden
	if c := s.Copy; c != nil {
		gifts, _ := brought(b, s, false)
		for _, g := range gifts {
			if g.in != "" {
				list = append(list, hidden{g.in, g.at, s, g.cause})
			}
		}
		for i, src := range c.Sources {
			// ADD of a URL, by its name alone.
			if base := path.Base(src.Value); strings.Contains(src.Value, "://") && namedSecret(base, "") {
				if in := landing(c, base, false); in != "" {
					list = append(list, hidden{in, s.SourcePlace(i), s, ""})
				}
			}
		}
		return list
	}
	run := s.Run()
	if run == nil {
		return nil
	}
	for i, fx := range run.Effects.Files {
		if fx.Kind != effects.Write || fx.Link {
			continue
		}
		p := fx.Paths[len(fx.Paths)-1].Text
		if namedSecret(path.Base(p), path.Base(path.Dir(p))) && lasting(run, p) && !removed(run, p, i) && len(spoken(b, s, run, &mountNames{b: b})) == 0 {
			list = append(list, hidden{home(p), fx.Command.Span, s, ""})
		}
	}
	if len(run.Mounts) > 0 && run.Script != nil {
		for _, m := range misuses(b, run) {
			if m.file != "" {
				list = append(list, hidden{home(m.file), m.command.Span, s, writeCause(s, m.file)})
			}
		}
	}
	for _, a := range argumentFiles(s, run) {
		list = append(list, hidden{home(a.file), a.command.Span, s, argCause(a.name)})
	}
	return list
}

// namedSecret tells whether a file is a secret by its name alone.
func namedSecret(base, dir string) bool {
	switch knowledge.HeldBy(dir, base) {
	case knowledge.SSHKey, knowledge.GitCredentials, knowledge.Netrc, knowledge.AWSCredentials:
		return true
	}
	return false
}

// deletes tells whether one of the paths is the file, or the folder that is
// made for such files.
func deletes(paths []shell.Word, file string) bool {
	for _, w := range paths {
		p := home(strings.TrimSuffix(w.Text, "/*"))
		if p == file {
			return true
		}
		dir := path.Dir(file)
		if p == dir && strings.HasPrefix(path.Base(dir), ".") {
			return true
		}
		if path.Dir(p) == dir && strings.ContainsAny(path.Base(p), "*?") {
			if ok, err := path.Match(path.Base(p), path.Base(file)); err == nil && ok {
				return true
			}
		}
	}
	return false
}
