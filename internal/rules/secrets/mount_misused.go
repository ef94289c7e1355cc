package secrets

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var mountMisused = &check.Check{
	Name:     "mount-misused",
	Claim:    "the value of a secret mount is used only inside the mount and its RUN",
	Why:      "a secret mount leaves nothing in the image, but a value that is printed is in the build log, and one that is written to a file is in a layer",
	Mend:     "read the secret from the mount: set the target to the path that the tool reads (target=/root/.npmrc), or set a variable only for the command that needs it",
	Quiet:    "Where the file is removed in the same RUN, is on another mount, or contains certificates.",
	Unfixed:  "what reads the value where it is written has to read the mount instead, and only you know what that is",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run:      ranCanaries("secret", "the value of the secret mount %s ended up in the image: %s"),
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		eachStep(b, func(s *source.Step) {
			if _, ok := s.Command.(*instructions.EnvCommand); ok {
				found = append(found, envOfMount(b, s)...)
				return
			}
			run := s.Run()
			if run == nil || len(run.Mounts) == 0 || run.Script == nil {
				return
			}
			for _, m := range misuses(b, run) {
				a := recipe.Unprinted(b, s, m.command)
				if m.file != "" {
					a = recipe.Forgotten(b, s, m.file, m.command)
				}
				found = append(found, a.To(check.Finding{
					Place:   check.Place{File: b.Text(), Span: m.command.Span},
					Stage:   s.Stage,
					Message: m.what,
					Cause:   writeCause(s, m.file),
				}))
			}
		})
		return check.Judge(found)
	},
}

// writeCause is the cause of what a stage's layer holds of a secret; "" where
// none is written.
func writeCause(s *source.Step, file string) check.Cause {
	if file == "" {
		return ""
	}
	return check.Cause("written").Of(s.Stage.Index).Of(home(file))
}

// A misuse is a command that lets a mounted secret out.
type misuse struct {
	command *shell.Command
	what    string
	file    string // where it is written; "" = it is printed
}

func misuses(b *source.Build, run *source.Run) []misuse {
	t := newTaint(b.Text(), run)
	if t == nil {
		return nil
	}
	var found []misuse
	asked := 0
	for _, c := range run.Commands() {
		p := c.Program()
		out := t.reads(c) || (knowledge.Filters.Has(p) || knowledge.SettingsFile(p) != "") && t.says(c)
		if p == "printenv" {
			_, written := c.Redirected()
			out = written && len(c.Words) > 1 && t.vars[c.Words[1].Text]
		}
		if p == "gh" && !out {
			for _, r := range c.Redirects {
				out = out || r.Op == "<" && t.names(r.Target.Text)
			}
		}
		if out {
			if asked++; asked > most {
				break
			}
			if m, ok := judgeMisuse(run, c); ok {
				found = append(found, m)
			}
		} else if (p == "env" || p == "printenv" || p == "" && len(c.Words) > 0) && t.prints(c) {
			found = append(found, misuse{c, "the mounted secret is printed to the build log", ""})
		}
		t.follow(c)
	}
	return found
}

// judgeMisuse tells what becomes of a secret that a command says.
func judgeMisuse(run *source.Run, c *shell.Command) (misuse, bool) {
	if k, ok := keeps(run, c); ok {
		file := "the layer"
		if k.file != "" {
			file = k.file + ", which stays in the layer"
		}
		return misuse{c, fmt.Sprintf("the mounted secret is written to %s", file), k.file}, true
	}
	end, ok := pipelineEnd(c)
	if !ok || c.Substitution || end.Substitution || knowledge.SettingsFile(c.Program()) != "" || knowledge.Copiers.Has(c.Program()) {
		return misuse{}, false
	}
	if !knowledge.Printers.Has(end.Program()) {
		return misuse{}, false
	}
	for _, r := range end.Redirects {
		if r.Fd == 1 && strings.Contains(r.Op, ">") {
			return misuse{}, false
		}
	}
	return misuse{c, "the mounted secret is printed to the build log", ""}, true
}

// prints tells whether a command prints variables that hold a secret.
func (t *taint) prints(c *shell.Command) bool {
	if _, written := c.Redirected(); written || c.PipeTo != nil || c.Substitution || len(c.Words) == 0 || len(t.vars) == 0 {
		return false
	}
	switch base(c.Words[0]) {
	case "printenv":
		return len(c.Words) == 1 || t.vars[c.Words[1].Text]
	case "env":
		return len(c.Words) == 1
	}
	return false
}

// envOfMount is an ENV that is meant to take up a mounted secret.
func envOfMount(b *source.Build, s *source.Step) []check.Finding {
	var found []check.Finding
	for _, p := range pairs(s.Instruction) {
		if strings.Contains(p.raw, "$(") && strings.Contains(p.raw, "/run/secrets/") {
			found = append(found, recipe.Unset(b, s, p.name, p.span).To(check.Finding{
				Place:   check.Place{File: b.Text(), Span: p.span},
				Stage:   s.Stage,
				Message: fmt.Sprintf("ENV does not run commands: %s contains this text literally, and if it contained the secret, so would the image", p.name),
			}))
		}
	}
	return found
}
