package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// Update reads package lists where packages are installed from them, in place of a
// RUN that only reads them: apt-get update goes in front of each install that has
// none, apk add reads them itself.
func Update(b *source.Build, step *source.Step, up packages.Update) Advice {
	m, ok := updates[up.Manager]
	if !ok {
		return Advice{}
	}
	help := fmt.Sprintf("remove this RUN, and write `%s` where packages are installed", m.shown)
	out, whole, ok := withoutCommand(b, step, up.Command)
	if !ok || whole && len(step.Flags()) > 0 || len(step.Run().Effects.Updates) != 1 {
		return Advice{Help: help, Unfixed: "the update is no command of its own in the RUN"}
	}
	edits, guess, why := moveUpdate(b, step, up)
	switch {
	case why != "":
		return Advice{Help: help, Unfixed: why}
	case len(edits) == 0:
		help = "remove this RUN: no later instruction installs packages from these lists"
		return Advice{Help: help, Fixes: []check.Fix{fix(help, check.Unsafe, "manual installs in the container need an update first", b.Text(), out)}}
	case guess:
		return Advice{Help: help, Fixes: []check.Fix{fix(help, check.Unsafe, "what a script installs is not known: lists are read where one may install", b.Text(), append(edits, out)...)}}
	}
	return Advice{Help: help, Fixes: []check.Fix{fix(help, check.Safe, "", b.Text(), append(edits, out)...)}}
}

// UpdateAgain reads package lists where packages are installed from those that a RUN has read
// for itself.
func UpdateAgain(b *source.Build, step *source.Step, up packages.Update) Advice {
	if b.Inline {
		return unfixed("the Dockerfile is written inside another file")
	}
	edits, _, why := moveUpdate(b, step, up)
	if why != "" || len(edits) == 0 {
		return unfixed(why)
	}
	return Advice{Fixes: []check.Fix{fix("read the package lists where packages are installed", check.Safe, "", b.Text(), edits...)}}
}

// updates are how lists are read in the RUN that installs, by manager: what is put
// in front of the command that installs, or behind its verb.
var updates = map[string]struct{ command, verb, shown string }{
	"apt": {command: "apt-get update", shown: "apt-get update && apt-get install …"},
	"apk": {command: "apk update", verb: " --no-cache", shown: "apk add --no-cache …"},
}

// moveUpdate are the edits that let the installs below a RUN read the lists themselves. guess
// tells that some are for scripts which may install; why, that something uses the lists that
// cannot be given its own.
func moveUpdate(b *source.Build, step *source.Step, up packages.Update) (edits []text.Edit, guess bool, why string) {
	for _, s := range b.Stages {
		if !slices.Contains(slices.Collect(s.Upwards()), step.Stage) {
			continue
		}
		for _, later := range s.Steps {
			if s == step.Stage && later.Index <= step.Index || later.Keyword != "RUN" {
				continue
			}
			more, may, ok := readLists(later, up.Manager, asWritten(up))
			if !ok {
				return nil, false, fmt.Sprintf("what line %d does with the lists is not known", later.Line())
			}
			edits, guess = append(edits, more...), guess || may
		}
	}
	return edits, guess, ""
}

// readLists are the edits by which what installs in a step reads the lists itself, and
// whether it is only known that it may. ok is false where that cannot be written. command reads
// the lists.
func readLists(step *source.Step, manager, command string) (edits []text.Edit, may, ok bool) {
	run := step.Run()
	if run == nil || run.Script == nil || run.Script.Truncated {
		return nil, false, false
	}
	m := updates[manager]
	for _, c := range run.Commands() {
		own := installs(run, c, manager)
		switch {
		case reads(run, c, manager):
			if c.When == shell.Always {
				return edits, may, true
			}
			continue
		case !own && !usesLists(c, manager):
			continue
		case own && m.verb != "":
			i := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == "add" })
			if i < 0 || !within(step, c) {
				return nil, false, false
			}
			if !slices.ContainsFunc(c.Words, func(w shell.Word) bool { return w.Text == "--no-cache" || w.Text == "-U" || w.Text == "--update-cache" }) {
				end := c.Words[i].Span.End
				edits = append(edits, text.Edit{Span: text.Span{Start: end, End: end}, New: m.verb})
			}
			continue
		}
		// One list read serves the rest of the RUN.
		may = may || !own
		at := c.Span.Start
		if !within(step, c) || c.Func != "" || c.PipeFrom != nil || c.PipeTo != nil || c.Before == shell.Or || c.After == shell.Or || c.Background || c.When != shell.Always {
			if len(step.Heredocs()) > 0 || step.JSON {
				return nil, false, false
			}
			if first := run.Commands()[0]; first.After == shell.Or || first.Background {
				return nil, false, false
			}
			at = step.Rest().Span.Start
		}
		return append(edits, text.Edit{Span: text.Span{Start: at, End: at}, New: command + " && "}), may, true
	}
	return edits, may, true
}

// asWritten is the command that reads lists, with the options that an update has.
func asWritten(up packages.Update) string {
	command := updates[up.Manager].command
	words := up.Command.Words
	if len(words) > 0 && words[0].Text == "sudo" {
		command = "sudo " + command
	}
	for _, w := range up.Command.Args() {
		switch {
		case w.Text == "update", strings.HasPrefix(w.Text, "-q"), w.Text == "-y", w.Text == "--yes", w.Text == "--assume-yes", w.Text == "--no-cache":
		case !w.Known || w.Text == "" || strings.ContainsAny(w.Text, " \t'\"\\`$;&|<>()*?[]#~!"):
			return command
		default:
			command += " " + w.Text
		}
	}
	return command
}

func reads(run *source.Run, c *shell.Command, manager string) bool {
	return slices.ContainsFunc(run.Effects.Updates, func(u packages.Update) bool { return u.Command == c && u.Manager == manager })
}

func installs(run *source.Run, c *shell.Command, manager string) bool {
	return slices.ContainsFunc(run.Effects.Installs, func(in packages.Install) bool {
		return in.Command == c && in.System && in.Manager == manager
	})
}

// usesLists tells whether a command may read package lists though it installs
// nothing that is understood: a script, a manager's other commands.
func usesLists(c *shell.Command, manager string) bool {
	switch c.Program() {
	case "apt-get", "apt", "aptitude", "apt-cache", "apt-file", "apk":
		args := c.Args()
		return len(args) == 0 || !slices.Contains([]string{"clean", "autoclean", "autoremove", "remove", "purge", "del"}, args[0].Text)
	case "sh", "bash", "ansible-playbook":
		return true
	case "make":
		return slices.ContainsFunc(c.Args(), func(w shell.Word) bool {
			return !w.Known || w.Text != "" && !strings.HasPrefix(w.Text, "-") && !strings.Contains(w.Text, "=") && strings.Trim(w.Text, "0123456789") != "" && !slices.Contains(compiles, w.Text)
		})
	}
	return false
}

// compiles are the targets of a Makefile that by custom build and install a program, from what
// the image has. Source: GNU make's manual, Standard Targets for Users.
var compiles = []string{"all", "install", "install-strip", "clean", "distclean", "check", "installcheck", "build"}
