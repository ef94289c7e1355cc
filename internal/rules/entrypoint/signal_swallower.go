package entrypoint

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
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
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		st := b.Start()
		if c := st.Cmd; st.Script == nil && c.Step != nil && !c.Shell && len(c.Words) > 0 {
			// The base image's ENTRYPOINT is not known: it may run its arguments.
			inner := shell.FromWords(shell.Input{}, c.Literal())
			if _, ok := swallows(inner.Commands[0]); ok {
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
				break
			}
		}
		return check.Judge(found)
	},
}

// words are a command's first words, for a message.
func words(c *shell.Command) string {
	program, args := c.Underlying()
	s := program
	for i, a := range args {
		if i == 2 || strings.HasPrefix(a.Text, "-") {
			break
		}
		s += " " + a.Text
	}
	return s
}

// swallows tells whether a command starts the program as its child and does
// not hand signals on as they come.
func swallows(c *shell.Command) (why string, ok bool) {
	program, args := c.Underlying()
	first := ""
	for _, a := range args {
		if !strings.HasPrefix(a.Text, "-") {
			first = a.Text
			break
		}
	}
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
	case "gradle", "gradlew":
		return "starts a daemon that runs the program", true
	case "mvn", "mvnw":
		return "is a build tool that runs the program inside its own process or as a child process", true
	case "service":
		if len(args) > 1 && (args[1].Text == "start" || args[1].Text == "restart") {
			return "starts a daemon in the background and exits", true
		}
	case "systemctl", "rc-service":
		return "asks an init system that is not running to start a daemon", true
	}
	return "", false
}
