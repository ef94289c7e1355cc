package recipe

import (
	"fmt"
	"slices"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// Update reads package lists where packages are installed from them, in place of a
// RUN that only reads them: apt-get update goes in front of each install that has
// none, apk add reads them itself.
func Update(b *source.Build, step *source.Step, manager string) Advice {
	install, ok := updates[manager]
	if !ok {
		return Advice{}
	}
	edits := moveUpdate(b, step, manager)
	help := fmt.Sprintf("remove this RUN, and write `%s` where packages are installed", install.shown)
	grade, reason := check.Safe, ""
	switch len(edits) {
	case 0:
		return Advice{}
	case 1: // the RUN goes, and that is all
		help = "remove this RUN: no later instruction installs packages from these lists"
		grade, reason = check.Unsafe, "manual installs in the container need an update first"
	}
	return Advice{Help: help, Fixes: []check.Fix{fix(help, grade, reason, b.Text(), edits...)}}
}

// updates are how lists are read in the RUN that installs, by manager: what is put
// in front of the command that installs, or behind its verb.
var updates = map[string]struct{ before, verb, shown string }{
	"apt": {before: "apt-get update && ", shown: "apt-get update && apt-get install …"},
	"apk": {verb: " --no-cache", shown: "apk add --no-cache …"},
}

// moveUpdate are the edits that let the installs below a RUN read the lists
// themselves and take the RUN out; none where nobody knows that this is all that it
// is good for.
func moveUpdate(b *source.Build, step *source.Step, manager string) (edits []text.Edit) {
	run := step.Run()
	if run == nil || run.Script == nil || len(run.Commands()) != 1 || len(step.Heredocs()) > 0 || step.JSON || len(step.Flags()) > 0 {
		return nil
	}
	for _, s := range b.Stages {
		if !slices.Contains(slices.Collect(s.Upwards()), step.Stage) {
			continue
		}
		for _, later := range s.Steps {
			if s == step.Stage && later.Index <= step.Index {
				continue
			}
			// What the RUN read may be used otherwise, or by what is not read.
			more, ok := readLists(later, manager)
			if !ok {
				return nil
			}
			edits = append(edits, more...)
		}
	}
	return append(edits, b.File.Without(step.Instruction))
}

// readLists are the edits by which the installs of a step read the lists
// themselves. ok is false where something else in it may use them.
func readLists(step *source.Step, manager string) (edits []text.Edit, ok bool) {
	if step.Keyword != "RUN" {
		return nil, true
	}
	run := step.Run()
	if run == nil || run.Script == nil || run.Script.Truncated {
		return nil, false
	}
	updated := false
	for _, c := range run.Commands() {
		switch {
		case reads(run, c, manager):
			updated = true
			continue
		case updated || !installs(run, c, manager):
			if !updated && usesLists(c, manager) {
				return nil, false
			}
			continue
		}
		how := updates[manager]
		if first := c.Words; len(first) > 0 && first[0].Text != "apt-get" && first[0].Text != "apt" && first[0].Text != "apk" {
			return nil, false // behind sudo, or another program
		}
		if c.Inner || c.Func != "" || c.Substitution || c.Negated || len(c.Words) == 0 || c.Span.Start < step.Span.Start || c.Span.End > step.Span.End {
			return nil, false
		}
		at := c.Span.Start
		add := how.before
		if how.verb != "" {
			i := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == "add" })
			if i < 0 {
				return nil, false
			}
			if slices.ContainsFunc(c.Words, func(w shell.Word) bool { return w.Text == "--no-cache" || w.Text == "-U" || w.Text == "--update-cache" }) {
				continue
			}
			at, add = c.Words[i].Span.End, how.verb
		} else {
			// One list read serves the rest of the RUN.
			updated = true
			if c.PipeFrom != nil || c.PipeTo != nil || c.Before == shell.Or || c.After == shell.Or || c.Background || c.When != shell.Always {
				return nil, false
			}
		}
		edits = append(edits, text.Edit{Span: text.Span{Start: at, End: at}, New: add})
	}
	return edits, true
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
	case "sh", "bash", "make", "ansible-playbook":
		return true
	}
	return false
}
