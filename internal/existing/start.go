package existing

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// start keeps how the program is started: the last command that the container comes to,
// and what runs before it.
func (r *reader) start() {
	st := r.b.Begins()
	if !st.Known() || st.Step == nil {
		return
	}
	line := st.Step.Line()
	if st.Cmd.Step != nil && st.Entrypoint.Step == nil {
		line = st.Cmd.Step.Line()
	}
	script := st.Script
	file := st.File
	if file != nil && file.Script == nil {
		file = nil // a program in another language: artisan
	}
	if file != nil {
		script = file.Called()
	}
	if st.Unread != "" {
		r.left(line, st.Unread, "it starts the program, and is not among the files of the project: how the program is started is found out from its source")
		return
	}
	if script == nil {
		return
	}
	var parts []string
	var last *shell.Command
	for _, c := range script.Commands {
		if c.Substitution || c.When == shell.Never || len(c.Words) == 0 {
			continue
		}
		last = c
	}
	if last == nil {
		return
	}
	var conditional []string
	for _, c := range script.Commands {
		if c == last || c.Substitution || c.Inner && file != nil || c.When == shell.Never || len(c.Words) == 0 || trifles[c.Program()] {
			continue
		}
		if c.When != shell.Always || c.PipeFrom != nil || c.PipeTo != nil {
			if what := text(c.Words); !slices.Contains(conditional, what) {
				conditional = append(conditional, what)
			}
			continue
		}
		if text := join(c.Words); !strings.ContainsAny(text, "$`") {
			parts = append(parts, text)
		}
	}
	if len(conditional) > 0 {
		r.left(line, strings.Join(conditional, ", "), "the start script does it before the program, under a condition or in a loop: in a container it is a step of its own, or the platform's")
	}
	words := named(started(last.Words))
	if file != nil && (len(words) == 0 || slices.ContainsFunc(words, func(w shell.Word) bool { return w.Text == "" || w.Text == "$@" || w.Text == "$*" })) {
		words = file.Args
		if st.Cmd.Step != nil {
			line = st.Cmd.Step.Line()
		}
		words = named(started(words))
	}
	if len(words) == 0 {
		return
	}
	r.out.Command = Fact{strings.Join(append(parts, join(words)), " && "), line}
}

// replaced finds who gives the container a whole command: services of Compose, and
// workloads of Kubernetes with arguments and no command, where the image has no
// ENTRYPOINT.
func (r *reader) replaced() {
	if e := r.b.Entrypoint(); e.Step != nil && !e.Empty() {
		return
	}
	for _, s := range slices.Concat(r.b.Services, r.b.RunBy()) {
		if s.Command != nil && s.Entrypoint == nil {
			r.out.Replaced = Fact{"the service " + s.Name.Text + " of " + path.Base(s.File.File.Name), 0}
			return
		}
	}
	for _, c := range r.b.Workloads() {
		if len(c.Args) > 0 && len(c.Command) == 0 {
			r.out.Replaced = Fact{"the container " + c.Name.Text + " of " + path.Base(r.b.FileOf(c).Name), 0}
			return
		}
	}
}

// trifles are commands of a start script that only prepare its shell.
var trifles = map[string]bool{"set": true, "echo": true, "cd": true, "export": true, "true": true, ":": true, "shift": true, "trap": true, "test": true, "[": true, "[[": true, "printf": true, "sleep": true, "exit": true, "chown": true, "chmod": true, "mkdir": true, "source": true, ".": true, "wait": true, "umask": true, "read": true, "continue": true, "break": true, "return": true, "local": true, "declare": true, "readonly": true, "unset": true, "shopt": true, "ulimit": true, "date": true, "ls": true, "cat": true, "id": true, "whoami": true, "pwd": true, "env": true, "command": true, "which": true, "grep": true}

// environmentRE is a program of a virtual environment, or one that lies where installs put
// it.
var environmentRE = regexp.MustCompile(`^/(?:.*/)?(?:\.?venv|env|usr/local|usr|root/\.local)/bin/([\w.-]+)$`)

// named are the words of a command with its program by its name, where it is one that an
// install leaves in a folder of PATH: that folder may be another one.
func named(words []shell.Word) []shell.Word {
	if len(words) == 0 {
		return words
	}
	if m := environmentRE.FindStringSubmatch(words[0].Text); m != nil {
		words = slices.Clone(words)
		words[0].Text = m[1]
	}
	return words
}

// started are the words of a command without what only hands over to it: an init, a
// change of the user.
func started(words []shell.Word) []shell.Word {
	for len(words) > 0 {
		switch path.Base(words[0].Text) {
		case "exec", "tini", "dumb-init", "tini-static":
			words = words[1:]
			for len(words) > 0 && strings.HasPrefix(words[0].Text, "-") {
				words = words[1:]
			}
		case "gosu", "su-exec", "setpriv":
			words = words[1:]
			for len(words) > 0 && strings.HasPrefix(words[0].Text, "-") {
				words = words[1:]
			}
			if len(words) > 0 {
				words = words[1:]
			}
		default:
			return words
		}
	}
	return nil
}

func text(words []shell.Word) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = w.Text
	}
	return strings.Join(list, " ")
}

// join are words as a shell's line.
func join(words []shell.Word) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = w.Text
		if strings.ContainsAny(w.Text, " \t\"'|&;<>()") || w.Text == "" {
			list[i] = "'" + strings.ReplaceAll(w.Text, "'", `'\''`) + "'"
		}
	}
	return strings.Join(list, " ")
}
