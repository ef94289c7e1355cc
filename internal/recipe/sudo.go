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

// Unsudo takes sudo out of a build: the package, what allows it, and the word in front of what
// RUNs do, which become root's.
func Unsudo(b *source.Build) Advice {
	if b.Inline || b.File == nil {
		return unfixed("the Dockerfile is written inside another file")
	}
	if st := b.Start(); usesSudo(st.Script) || st.File != nil && (st.File.Script == nil || usesSudo(st.File.Script)) {
		return unfixed("the container itself starts something by sudo")
	}
	var edits []text.Edit
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		if !strings.Contains(b.Text().Text(step.Span), "sudo") {
			continue
		}
		if run.Script == nil || run.Opaque != "" || step.JSON || len(step.Heredocs()) > 0 {
			return unfixed(fmt.Sprintf("line %d is not one command line", step.Line()))
		}
		more, why := unsudo(b, step, run)
		if why != "" {
			return unfixed(why)
		}
		edits = append(edits, more...)
	}
	if len(edits) == 0 {
		return Advice{}
	}
	return Advice{Fixes: []check.Fix{fix("take sudo out, and let root do what RUNs do by it", check.Unsafe, "whoever becomes root in the container by it cannot any more", b.Text(), edits...)}}
}

// usesSudo tells whether a program runs others by sudo.
func usesSudo(s *shell.Script) bool {
	return s != nil && slices.ContainsFunc(s.Commands, func(c *shell.Command) bool { return len(c.Words) > 0 && c.Words[0].Text == "sudo" })
}

// unsudo are the edits by which a RUN needs no sudo and brings none.
func unsudo(b *source.Build, step *source.Step, run *source.Run) (edits []text.Edit, why string) {
	list := run.Commands()
	gone := make([]bool, len(list))
	asRoot := false
	for i, c := range list {
		if said := b.Text().Text(c.Span); !strings.Contains(said, "sudo") && !strings.Contains(said, "NOPASSWD") {
			continue
		}
		if !within(step, c) {
			return nil, fmt.Sprintf("line %d speaks of sudo inside another command", step.Line())
		}
		if c.Words[0].Text == "sudo" {
			if len(c.Words) < 2 || strings.HasPrefix(c.Words[1].Text, "-") || strings.Contains(c.Words[1].Text, "=") {
				return nil, fmt.Sprintf("line %d gives sudo options", step.Line())
			}
			edits = append(edits, text.Edit{Span: text.Span{Start: c.Words[0].Span.Start, End: c.Words[1].Span.Start}})
			asRoot = true
		}
		switch in := installing(run, c); {
		case in != nil:
			for k, w := range c.Words {
				if w.Text != "sudo" || k == 0 || w.Quoted {
					continue
				}
				if len(in.Packages) == 1 {
					gone[i] = true
					break
				}
				edits = append(edits, text.Edit{Span: text.Span{Start: c.Words[k-1].Span.End, End: w.Span.End}})
			}
		case allowsSudo(c):
			gone[i] = true
		}
	}
	cuts, whole, ok := without(b, step, list, gone)
	switch {
	case !ok:
		return nil, fmt.Sprintf("line %d allows sudo among other commands", step.Line())
	case whole:
		return cuts, ""
	}
	edits = append(slices.DeleteFunc(edits, func(e text.Edit) bool {
		return slices.ContainsFunc(cuts, func(cut text.Edit) bool { return cut.Span.Contains(e.Span) })
	}), cuts...)
	if user := step.Before.User; asRoot && user != nil {
		if name, _, _ := strings.Cut(user.Value.Value, ":"); name != "root" && name != "0" {
			edits = append(edits, b.File.Above(step.Instruction, "USER root"), b.File.Below(step.Instruction, "USER "+user.Value.Raw))
		}
	}
	return edits, ""
}

// installing is the install of the system's packages that a command does; nil = it does none.
func installing(run *source.Run, c *shell.Command) *packages.Install {
	for i := range run.Effects.Installs {
		if in := &run.Effects.Installs[i]; in.Command == c && in.System {
			return in
		}
	}
	return nil
}

// allowsSudo tells whether a command writes the rules of sudo, or guards them.
func allowsSudo(c *shell.Command) bool {
	names := func(w string) bool { return strings.Contains(w, "/etc/sudoers") || strings.Contains(w, "NOPASSWD") }
	return slices.ContainsFunc(c.Words, func(w shell.Word) bool { return names(w.Text) }) || slices.ContainsFunc(c.Redirects, func(r shell.Redirect) bool { return names(r.Target.Text) })
}

// without takes commands out of a RUN, and the RUN where none is left. ok is false where that
// cannot be cut out of the line.
func without(b *source.Build, step *source.Step, list []*shell.Command, gone []bool) (edits []text.Edit, whole, ok bool) {
	if !slices.Contains(gone, false) {
		return []text.Edit{b.File.Without(step.Instruction)}, true, true
	}
	for i := 0; i < len(list); i++ {
		if !gone[i] {
			continue
		}
		from := i
		for i+1 < len(list) && gone[i+1] {
			i++
		}
		for _, c := range list[from : i+1] {
			if c.When != shell.Always || c.Background || c.Func != "" || c.Before == shell.Or || c.After == shell.Or {
				return nil, false, false
			}
		}
		first, last := list[from], list[i]
		cut := text.Span{Start: first.Span.Start, End: last.Span.End}
		joint := text.Span{}
		// Of the two that join it to its neighbours the && goes: what stands behind a ; runs
		// whatever came before it.
		if from == 0 || i+1 < len(list) && last.After == shell.And {
			cut.End = list[i+1].Span.Start
			joint = text.Span{Start: last.Span.End, End: cut.End}
		} else {
			cut.Start = list[from-1].Span.End
			joint = text.Span{Start: cut.Start, End: first.Span.Start}
		}
		if first.PipeFrom != nil || last.PipeTo != nil || !joins(b, joint) {
			return nil, false, false
		}
		edits = append(edits, text.Edit{Span: cut})
	}
	return edits, false, true
}

// joins tells whether nothing but && or ; stands between two commands: no bracket, no redirection.
func joins(b *source.Build, between text.Span) bool {
	if between.End < between.Start {
		return false
	}
	raw := strings.ReplaceAll(b.Text().Text(between), "\r\n", "\n")
	joint := strings.Trim(strings.ReplaceAll(raw, string(b.File.Escape)+"\n", ""), " \t\n")
	return joint == "&&" || joint == ";"
}
