package secrets

import (
	"fmt"
	"path"
	"regexp"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var inCommand = &check.Check{
	Name:     "in-command",
	Claim:    "neither CMD nor ENTRYPOINT nor the start script contains a secret in plain text",
	Why:      "the command is stored in the image's config, and process lists on the host show it",
	Mend:     "let the program read the secret from its environment or from a mounted file, and rotate it",
	Quiet:    "For variables that the container expands, and for placeholders.",
	Unfixed:  "how the program is to get the value is for you to say: most also read a variable or a file",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.10"},
	Image:    builtCommand,
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		eachStep(b, func(s *source.Step) {
			switch s.Command.(type) {
			case *instructions.CmdCommand, *instructions.EntrypointCommand:
				found = append(found, started(b, s)...)
			}
		})
		return check.Judge(append(found, startScript(b)...))
	},
}

// started are the literals of a command that a container runs.
func started(b *source.Build, s *source.Step) []check.Finding {
	words, ok := command(s)
	if !ok {
		return nil
	}
	sc := scan{file: b.Text(), runtime: true}
	script, _ := s.Script(words)
	if script == nil || script.Err != nil {
		sc.look(s.Rest().Span)
		return literals(b, s, sc.leaks, s.Keyword)
	}
	leaks := sc.commands(script.Commands)
	found := literals(b, s, leaks, s.Keyword)
	if len(leaks) == 1 { // several values would each write the whole command anew
		found[0] = recipe.AtStart(b, s, leaks[0].hide, leaks[0].name).To(found[0])
	}
	return found
}

// fallback is ${NAME:-value} or ${NAME:=value} in a script.
var fallback = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*):?[-=]["']?([^}$"'\s]+)["']?\}`)

// startScript are the literals of the script that the container starts with.
// A word like "postgres" there is a default for trying things out; what counts
// is what somebody could use elsewhere.
func startScript(b *source.Build) []check.Finding {
	st := b.Start().File
	if st == nil || st.Script == nil || st.Origin.File == nil || st.Origin.File == b.Text() {
		return nil
	}
	file := st.Origin.File
	sc := scan{file: file, runtime: true}
	sc.commands(st.Script.Commands)
	for _, c := range st.Script.Commands {
		if c.When == shell.Never {
			continue
		}
		raw := file.Text(c.Span)
		for _, m := range fallback.FindAllStringSubmatchIndex(raw, -1) {
			if name := raw[m[2]:m[3]]; nameOf(name) == strong && worthOf(raw[m[4]:m[5]]) == literal {
				sc.add(part(c.Span, raw, m[0], m[1]), part(c.Span, raw, m[4], m[5]), "sets "+name+" to a literal default")
			}
		}
	}
	var found []check.Finding
	for _, l := range sc.leaks {
		if v := file.Text(l.hide); len(vendors(v)) == 0 && !secret.Usable(v) {
			continue
		}
		found = append(found, check.Finding{
			Place:   check.Place{File: file, Span: l.at},
			Related: []check.Place{{File: b.Text(), Span: st.Origin.Step.Span, Message: "the script is copied here"}},
			Message: fmt.Sprintf("the start script %s %s", path.Base(st.Path), l.what),
			Secrets: []text.Span{l.hide},
		})
	}
	return found
}
