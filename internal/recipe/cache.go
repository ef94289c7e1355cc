package recipe

import (
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// cleanups are what takes away what an install leaves, by manager: an option behind its
// verb, or a command behind the last install of the RUN.
var cleanups = map[string]struct{ verb, option, command, shown string }{
	"pip": {verb: "install", option: " --no-cache-dir", shown: "install with --no-cache-dir"},
	"apk": {verb: "add", option: " --no-cache", shown: "write `apk add --no-cache …`"},
	"apt": {command: "rm -rf /var/lib/apt/lists/*", shown: "add `&& rm -rf /var/lib/apt/lists/*` to the RUN"},
	"dnf": {command: " clean all", shown: "add `&& … clean all` to the RUN"},
}

// Cache takes away the cache or the lists that an install leaves in its layer: by the
// option that keeps none, or in the same RUN.
func Cache(b *source.Build, step *source.Step, in packages.Install) Advice {
	how, ok := cleanups[in.Manager]
	run := step.Run()
	if !ok || run == nil || run.Script == nil || run.Script.Truncated || len(step.Heredocs()) > 0 || step.JSON {
		return Advice{}
	}
	if how.option != "" {
		var edits []text.Edit
		for _, other := range run.Effects.Installs {
			if other.Manager != in.Manager || other.NoCache || other.Refreshes && in.Manager == "apk" {
				continue
			}
			if in.Manager == "pip" && !isPip(other.Command) {
				return Advice{} // pipx and others have options of their own
			}
			i := slices.IndexFunc(other.Command.Words, func(w shell.Word) bool { return w.Text == how.verb && !w.Quoted })
			if i < 0 || !within(step, other.Command) {
				return Advice{}
			}
			at := other.Command.Words[i].Span.End
			edits = append(edits, text.Edit{Span: text.Span{Start: at, End: at}, New: how.option})
		}
		if len(edits) == 0 {
			return Advice{}
		}
		return Advice{Help: how.shown, Fixes: []check.Fix{fix(how.shown, check.Safe, "", b.Text(), edits...)}}
	}
	last := lastOf(run, in.Manager)
	if last == nil || !within(step, last) || last.When != shell.Always || last.Before == shell.Or || last.After == shell.Or || last.PipeTo != nil || last.PipeFrom != nil || last.Background || last.Func != "" || needed(b, step, in.Manager) {
		return Advice{}
	}
	command := how.command
	if in.Manager == "dnf" {
		command = last.Program() + command
	}
	shown := strings.ReplaceAll(how.shown, "… clean all", command)
	add := " && " + command
	if gap := lineEnd(b, step); gap != "" {
		add = gap + "&& " + command
	}
	at := last.Span.End
	return Advice{Help: shown, Fixes: []check.Fix{fix(shown, check.Unsafe, "manual installs in the container need an update first", b.Text(), text.Edit{Span: text.Span{Start: at, End: at}, New: b.Text().Lined(add)})}}
}

// isPip tells whether a command is pip itself, as a program or as a module.
func isPip(c *shell.Command) bool {
	program, args := c.Underlying()
	if shell.IsPython(program) {
		return len(args) > 1 && args[0].Text == "-m" && args[1].Text == "pip"
	}
	return program == "pip" || strings.TrimRight(program, "0123456789.") == "pip"
}

// within tells whether a command stands in an instruction as it is written.
func within(step *source.Step, c *shell.Command) bool {
	return !c.Inner && !c.Substitution && !c.Negated && len(c.Words) > 0 && c.Span.Start >= step.Span.Start && c.Span.End <= step.Span.End
}

// lastOf is the last command of a manager in a RUN, after which its lists are not needed.
func lastOf(run *source.Run, manager string) (last *shell.Command) {
	for _, c := range run.Commands() {
		if installs(run, c, manager) || usesLists(c, manager) && c.Program() != "sh" && c.Program() != "bash" && c.Program() != "make" {
			last = c
		} else if usesLists(c, manager) {
			return nil // it may install, too
		}
	}
	return last
}

// needed tells whether a later RUN installs from the lists that an earlier one read.
func needed(b *source.Build, step *source.Step, manager string) bool {
	for _, s := range b.Stages {
		if !slices.Contains(slices.Collect(s.Upwards()), step.Stage) {
			continue
		}
		for _, later := range s.Steps {
			if s == step.Stage && later.Index <= step.Index {
				continue
			}
			if _, known := updates[manager]; !known {
				continue // it reads its lists when it needs them
			}
			if edits, _, ok := readLists(later, manager, ""); later.Keyword == "RUN" && !ok || len(edits) > 0 {
				return true
			}
		}
	}
	return false
}

// lineEnd is how the lines of an instruction are joined: the end of one, and what stands in
// front of the next; "" = it has one line.
func lineEnd(b *source.Build, step *source.Step) string {
	f := b.Text()
	first := f.Position(step.Span.Start).Line
	last := f.Position(max(step.Span.Start, step.Span.End-1)).Line
	if first == last {
		return ""
	}
	line := strings.TrimRight(f.Text(f.LineSpan(last)), "\r\n")
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	return " " + string(b.File.Escape) + "\n" + indent
}
