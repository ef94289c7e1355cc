package entrypoint

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var signalSwallower = &check.Check{
	Name:     "signal-swallower",
	Claim:    "PID 1 is the program, not a tool that starts it",
	Why:      "package managers and build tools start the program as a child process: SIGTERM ends the tool, or is lost, and the exit status is not the program's",
	Mend:     "name the program that the tool starts: node dist/server.js, java -jar app.jar",
	Quiet:    "Under an init process that signals the whole process group, such as dumb-init or tini -g. Under another init process the finding is a note.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source:   func(b *source.Build) check.Verdict { return besides(b, swallowers(b), ofImage) },
}

// ofImage judges what the image itself starts.
func ofImage(b *source.Build) check.Verdict {
	st := b.Start()
	if c := st.Cmd; st.Script == nil && c.Step != nil && !c.Shell && len(c.Words) > 0 {
		// The base image's ENTRYPOINT is not known: it may run its arguments.
		inner := shell.FromWords(shell.Input{}, c.Literal())
		if _, ok := swallows(inner.Commands[0]); ok { // there are words, so there is a command
			return check.Unknown(check.ByBases, fmt.Sprintf("whether %s has an ENTRYPOINT in front of %s is not known", b.Base().String(), words(inner.Commands[0])))
		}
	}
	if st.Step == nil || st.Script == nil || toAll(st) {
		return check.Judge(nil)
	}
	var found []check.Finding
	add := func(c *shell.Command, p check.Place, why string) {
		f := check.Finding{Place: p, Message: fmt.Sprintf("PID 1 is %s, which %s", words(c), why)}
		if st.Init != "" {
			f.Severity, f.Message = check.Note, fmt.Sprintf("%s starts %s, which %s", st.Init, words(c), why)
		}
		found = append(found, f)
	}
	if st.File != nil && st.File.Direct && len(st.Script.Commands) > 0 && wrapper(st.Script.Commands[0]) {
		c := st.Script.Commands[0]
		// The project's own copy of a build tool, whatever its script says.
		why, _ := swallows(c)
		add(c, check.Place{File: b.Text(), Span: c.Span}, why)
		return check.Judge(found)
	}
	if st.File != nil && st.File.Script != nil {
		ends, ok := st.File.Script.Endings()
		if !ok {
			return check.Judge(nil)
		}
		for _, e := range ends {
			if e.Command == nil || !e.Exec {
				continue
			}
			if why, ok := swallows(e.Command); ok {
				add(e.Command, check.Place{File: st.File.Origin.File, Span: e.Command.Span}, why)
			}
		}
		// exec "$@" hands over to CMD.
		if len(found) == 0 && len(ends) > 0 {
			for _, e := range ends {
				if e.Command == nil || !e.Exec || !strings.Contains(e.Command.Program(), "@") {
					continue
				}
				inner := shell.FromWords(shell.Input{}, st.File.Args)
				if len(inner.Commands) > 0 {
					if why, ok := swallows(inner.Commands[0]); ok && !inner.Commands[0].Span.IsZero() {
						add(inner.Commands[0], check.Place{File: b.Text(), Span: inner.Commands[0].Span}, why)
					}
				}
				break
			}
		}
		return check.Judge(found)
	}
	for _, c := range st.Script.Commands {
		if c.Substitution || c.PipeTo != nil || c.Background || c.Span.IsZero() {
			continue
		}
		if why, ok := swallows(c); ok {
			p := check.Place{File: b.Text(), Span: c.Span}
			add(c, p, why)
			if step := wholly(st, c); step != nil {
				a := recipe.Direct(b, step, c)
				found[0].Fixes, found[0].Unfixed = a.Fixes, a.Unfixed
			}
			break
		}
	}
	return check.Judge(found)
}

// wholly is the ENTRYPOINT or CMD of which a command is all the words; nil if there is none.
func wholly(st *source.Start, c *shell.Command) *source.Step {
	for _, step := range []*source.Step{st.Entrypoint.Step, st.Cmd.Step} {
		if step == nil || !step.JSON {
			continue
		}
		words := step.Words()
		if len(words) > 0 && len(words) == len(c.Words) && words[0].Span == c.Words[0].Span {
			return step
		}
	}
	return nil
}

// wrapper tells whether a command of this file is a project's own copy of a build tool.
func wrapper(c *shell.Command) bool {
	return !c.Span.IsZero() && (c.Program() == "mvnw" || c.Program() == "gradlew")
}

// words are a command's first words, for a message.
func words(c *shell.Command) string {
	program, args := c.Underlying()
	first, second := verbs(program, args)
	if knowledge.EcosystemOf(program) != "node" && program != "service" {
		second = "" // the value of a flag, perhaps
	}
	return strings.TrimSpace(strings.Join([]string{program, first, second}, " "))
}

// swallows tells whether a command starts the program as its child and does
// not hand signals on as they come.
func swallows(c *shell.Command) (why string, ok bool) {
	program, args := c.Underlying()
	first, second := verbs(program, args)
	switch program {
	case "npm", "pnpm":
		switch first {
		case "start", "run", "run-script", "dev", "serve", "exec", "test", "restart":
			return "starts the program through a shell and does not pass signals on", true
		}
		if program == "pnpm" && first != "" && first != "install" && first != "dlx" {
			return "starts the program through a shell and does not pass signals on", true
		}
	case "yarn":
		switch first {
		case "", "install", "add", "dlx", "cache", "config":
		default:
			return "starts the program as a child process and does not pass signals on", true
		}
	case "npx":
		return "starts the program as a child process and does not pass signals on", true
	case "conda", "mamba", "micromamba":
		if first == "run" {
			return "starts the program as a child process and does not pass signals on", true
		}
	case "gradle", "gradlew":
		return "starts a daemon that runs the program", true
	case "mvn", "mvnw":
		return "is a build tool that runs the program inside its own process or as a child process", true
	case "service":
		if second == "start" || second == "restart" {
			return "starts a daemon in the background and ends", true
		}
	case "systemctl", "rc-service":
		return "asks an init system that is not running to start a daemon", true
	}
	return "", false
}

// verbs are the first two words of a command that are neither flags nor values of
// such as stand before the sub-command: npm --prefix api run start.
func verbs(program string, args []shell.Word) (first, second string) {
	var list []string
	for i := 0; i < len(args) && len(list) < 2; i++ {
		w := args[i].Text
		if !strings.HasPrefix(w, "-") {
			list = append(list, w)
			continue
		}
		if knowledge.ScriptFlags.Has(w) && knowledge.EcosystemOf(program) == "node" {
			i++
		}
	}
	list = append(list, "", "")
	return list[0], list[1]
}
