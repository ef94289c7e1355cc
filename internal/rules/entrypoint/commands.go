package entrypoint

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// effective are the ENTRYPOINT and CMD of this file that take effect. A CMD
// under an ENTRYPOINT in shell form is ignored by the engine.
func effective(b *source.Build) []*source.Step {
	f := b.Target.Final
	var list []*source.Step
	if f.Entrypoint != nil {
		list = append(list, f.Entrypoint)
		if !f.Entrypoint.JSON {
			return list
		}
	}
	if f.Cmd != nil {
		list = append(list, f.Cmd)
	}
	return list
}

// place is a step's arguments.
func place(b *source.Build, step *source.Step) check.Place {
	return check.Place{File: b.Text(), Span: argumentSpan(step)}
}

func argumentSpan(step *source.Step) text.Span {
	if s := step.Rest().Span; s.Len() > 0 {
		return s
	}
	return step.Span
}

// looksLikeArray tells whether shell-form arguments were meant as a JSON
// array: brackets around words. A test as `[ -f x ] && y` is none.
func looksLikeArray(s string) bool {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "[") {
		return false
	}
	if end := strings.LastIndex(s, "]"); end > 0 && strings.HasPrefix(strings.TrimSpace(s[end+1:]), "#") {
		s = s[:end+1] // a comment behind, which makes it no array
	}
	inner := strings.TrimSpace(s[1:])
	if strings.HasSuffix(s, "]") {
		// `[ -f x ]` alone is a test; an array has quotes or a comma.
		return strings.ContainsAny(s, "\"',“”‘’") && !strings.HasPrefix(inner, "-") && !strings.HasPrefix(inner, "[") && !strings.Contains(s, "] ")
	}
	for _, quote := range []string{`"`, "'", "“", "‘"} {
		if strings.HasPrefix(inner, quote) && strings.Contains(s, ",") && !strings.Contains(s, " ] ") && !strings.Contains(s, "&&") {
			return true
		}
	}
	return false
}

// foreground are the commands in which the paths of a program end and that
// keep the shell as PID 1. all tells that no path hands over by exec; ok is
// false where it cannot be told.
func foreground(s *shell.Script) (list []*shell.Command, all, ok bool) {
	ends, ok := s.Endings()
	if !ok || s.Err != nil {
		return nil, false, false
	}
	all = true
	for _, e := range ends {
		switch {
		case e.When == shell.Never:
		case e.Exec:
			all = false
		case e.Exit, e.Falls && e.Command == nil:
			// A path that ends in exit says that it failed, or is done. Before
			// `exit $?` stands the program.
			if e.Exit && e.Prev != nil && strings.Contains(e.Code, "$") && !brief(e.Prev) {
				list = append(list, e.Prev)
			}
		case e.Command == nil || brief(e.Command) && !e.Wait && !e.Loop:
		default:
			list = append(list, e.Command)
		}
	}
	return list, all, true
}

// brief tells whether a command ends at once: a script that ends in one is a
// job that is done, or hides its program elsewhere.
func brief(c *shell.Command) bool {
	p := c.Program()
	return p == "" || knowledge.Brief.Has(p)
}

// toAll tells whether the init in front sends signals to all processes of its
// group, so that they pass the shell by: dumb-init, tini -g.
func toAll(st *source.Start) bool {
	all := st.Init == "dumb-init"
	if st.Init == "" || len(st.Words) == 0 {
		return false
	}
	for _, w := range st.Words[1:] {
		switch {
		case w.Text == "--" || !strings.HasPrefix(w.Text, "-"):
			return all
		case st.Init == "dumb-init" && (w.Text == "-c" || w.Text == "--single-child"):
			all = false
		case st.Init != "dumb-init" && !strings.HasPrefix(w.Text, "--") && strings.Contains(w.Text, "g"):
			all = true
		}
	}
	return all
}

// trapped tells whether a script handles the signal that stops containers.
func trapped(s *shell.Script) bool {
	return s.Signalled("TERM", "INT", "QUIT") || s.Signalled("15") || s.Signalled("EXIT")
}

// lone tells whether a program is one simple command: bash and ash then
// replace themselves by it.
func lone(s *shell.Script) bool {
	if s == nil || s.Err != nil {
		return false
	}
	n := 0
	for _, c := range s.Commands {
		if c.Inner || c.Substitution {
			continue
		}
		n++
		if c.PipeTo != nil || c.PipeFrom != nil || c.Background || c.When != shell.Always || len(c.Words) == 0 {
			return false
		}
	}
	return n == 1
}

// replacing tells whether the shell that a build's commands run in replaces
// itself by a lone command, and names it.
func replacing(b *source.Build, step *source.Step) (string, bool) {
	if sh := step.Before.Shell; sh != nil && len(sh.Words()) > 0 {
		name := path.Base(sh.Words()[0].Text)
		return name, name == "bash" || name == "ash"
	}
	if img := b.Base(); img != nil && img.Known != nil {
		switch img.Known.Shell {
		case "bash":
			return "bash", true
		case "busybox-ash":
			return "busybox ash", true
		}
		return "", false
	}
	switch systemManager(b) {
	case "apk":
		return "busybox ash", true
	case "dnf", "microdnf", "tdnf", "yum":
		return "bash", true
	}
	return "", false
}

// systemManager is the package manager of the system that a build's steps install with,
// which tells one system from another where the base image is not known; "" = none does.
func systemManager(b *source.Build) string {
	for in := range b.Installs() {
		if in.System {
			return in.Command.Program()
		}
	}
	return ""
}

// unknownShell tells whether nothing says which shell a build's commands run in.
func unknownShell(b *source.Build, step *source.Step) bool {
	img := b.Base()
	return step.Before.Shell == nil && img != nil && img.Known == nil && !img.Scratch && systemManager(b) == ""
}
