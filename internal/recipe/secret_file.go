package recipe

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

const atStart = "a program that reads the file in the image gets it when it starts, as a mount or by its environment" + rotate

// KeepOut keeps files out of a build context from which a COPY brings them by their folder.
func KeepOut(b *source.Build, paths []string) Advice {
	c := b.Context
	if c == nil {
		return Advice{}
	}
	for _, p := range paths {
		if strings.ContainsAny(p, "*?[]\\!#\n") || strings.TrimSpace(p) != p {
			return unfixed("its name has signs that an ignore file reads in another way")
		}
	}
	if c.File == nil {
		list := AllowList(b)
		if len(list) == 0 || len(list[0].Create) != 1 {
			return unfixed("there is no ignore file that could keep it out")
		}
		x := list[0]
		x.Title, x.Reason = "write an allow-list that keeps "+strings.Join(paths, ", ")+" out", atStart
		x.Create = []check.Created{{Path: x.Create[0].Path, Data: append(slices.Clone(x.Create[0].Data), strings.Join(paths, "\n")+"\n"...)}}
		return Advice{Fixes: []check.Fix{x}}
	}
	title := "keep " + strings.Join(paths, ", ") + " out by " + path.Base(c.File.Name)
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, atStart, c.File, appended(c.File, paths...))}}
}

// Uncopy takes a file out of a COPY that names it. A file with which a package manager logs
// in is mounted where the stage installs; in is where the COPY puts it, "" = not known.
func Uncopy(b *source.Build, step *source.Step, source int, in string, login bool) Advice {
	c := step.Copy
	if b.Inline || step.JSON || len(c.Heredocs) > 0 {
		return Advice{}
	}
	base := path.Base(c.Sources[source].Value)
	var out text.Edit
	if len(c.Sources) == 1 {
		out = b.File.Without(step.Instruction)
	} else {
		var ok bool
		if out, ok = b.File.WithoutWord(step.Instruction, step.SourcePlace(source)); !ok {
			return Advice{}
		}
	}
	edits := []text.Edit{out}
	id := secretID(Variable(base))
	for _, s := range behind(b, step) {
		if s.Copy != nil && !s.Copy.FromContext() || s.Run() == nil {
			continue
		}
		run := s.Run()
		if n := strings.Count(b.Text().Text(s.Span), base); n > 0 {
			cut, all := removal(b, s, base)
			if cut.IsZero() || n > 1 {
				return unfixed(fmt.Sprintf("line %d names the file, and what it does with it is not known", s.Line()))
			}
			edits = append(edits, text.Edit{Span: cut})
			if all {
				edits[len(edits)-1] = b.File.Without(s.Instruction)
				continue
			}
		}
		if !login || !logsInWith(run.Effects.Installs, base) {
			continue
		}
		if in == "" {
			return unfixed("it is not known in which folder it lies in the image")
		}
		edits = append(edits, flag(s, fmt.Sprintf("--mount=type=secret,id=%s,target=%s,required=true", id, in)))
	}
	if len(edits) == 1 {
		return Advice{Fixes: []check.Fix{fix("copy it no more", check.Unsafe, atStart, b.Text(), edits...)}}
	}
	title := fmt.Sprintf("mount it where it is needed, and copy it no more: `docker build --secret id=%s,src=%s`", id, c.Sources[source].Value)
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "who builds the image gives the file as a secret"+rotate, b.Text(), edits...)}}
}

// forgettable is a path that a shell reads as it is written.
var forgettable = regexp.MustCompile(`^[A-Za-z0-9_./~-]+$`)

// Forget removes a file at the end of the RUN that writes a secret to it; why says what speaks
// against that.
func Forget(b *source.Build, step *source.Step, file string) (e text.Edit, why string) {
	end := strings.TrimRight(b.Text().Text(step.Span), " \t\r\n")
	switch {
	case b.Inline || !shells(step) || len(step.Heredocs()) > 0 || !forgettable.MatchString(file) || strings.HasSuffix(end, ";") || strings.HasSuffix(end, "&"):
		return e, "the RUN is not one command line"
	}
	base := path.Base(file)
	for _, s := range behind(b, step) {
		if run := s.Run(); run != nil && (strings.Contains(b.Text().Text(s.Span), base) || logsInWith(run.Effects.Installs, base)) {
			return e, fmt.Sprintf("line %d needs %s, which line %d writes into the layer: mount that file as the secret", s.Line(), file, step.Line())
		}
	}
	at := step.Span.Start + len(end)
	return text.Edit{Span: text.Span{Start: at, End: at}, New: " && rm -f " + file}, ""
}

// Forgotten removes a file that holds a mounted secret at the end of the RUN that writes it. A
// RUN that does nothing else is left out: the container gets the file when it starts.
func Forgotten(b *source.Build, step *source.Step, file string, c *shell.Command) Advice {
	if b.Inline || !within(step, c) {
		return unfixed("the RUN is not one command line")
	}
	if list := step.Run().Commands(); list[len(list)-1] == c || c.PipeTo != nil && list[len(list)-1] == c.PipeTo {
		cut, whole, ok := withoutCommand(b, step, c)
		if !ok || !whole && c.PipeTo != nil {
			return unfixed("what it writes cannot be taken out of the RUN alone")
		}
		title := "write no secret to " + file + ": mount the file where it is read"
		return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, atStart, b.Text(), cut)}}
	}
	e, why := Forget(b, step, file)
	if why != "" {
		return unfixed(why)
	}
	return Advice{Fixes: []check.Fix{fix("remove "+file+" at the end of the RUN", check.Unsafe, atStart, b.Text(), e)}}
}

// Unprinted takes a command out that prints a secret.
func Unprinted(b *source.Build, step *source.Step, c *shell.Command) Advice {
	cut, _, ok := withoutCommand(b, step, c)
	if !ok || c.PipeTo != nil || c.PipeFrom != nil {
		return unfixed("the command is none of its own in the RUN")
	}
	return Advice{Fixes: []check.Fix{fix("print no secret", check.Unsafe, "the build says less"+rotate, b.Text(), cut)}}
}

// withoutCommand takes a command out of a RUN, and the RUN where it does nothing else but set
// variables that only the command reads.
func withoutCommand(b *source.Build, step *source.Step, c *shell.Command) (e text.Edit, whole, ok bool) {
	run := step.Run()
	if b.Inline || run == nil || run.Script == nil || len(step.Heredocs()) > 0 || step.JSON || !within(step, c) {
		return e, false, false
	}
	all := slices.DeleteFunc(slices.Clone(run.Commands()), func(o *shell.Command) bool {
		return o != c && (o.Substitution || o.PipeFrom == c || len(o.Words) == 0)
	})
	at := slices.Index(all, c)
	if len(all) > 1 && (at < 0 || c.PipeFrom != nil || c.PipeTo != nil || !joined(step, all, at)) {
		return e, false, false
	}
	gone := make([]bool, len(all))
	gone[at] = true
	edits, whole, ok := without(b, step, all, gone)
	if !ok {
		return e, false, false
	}
	return edits[0], whole, true
}

// joined tells whether && alone stands between a command and the one behind it, or before it
// where it is the last.
func joined(step *source.Step, all []*shell.Command, at int) bool {
	c := all[at]
	if at+1 < len(all) {
		return c.After == shell.And && within(step, all[at+1])
	}
	return c.Before == shell.And && c.After == shell.None && within(step, all[at-1]) && all[at-1].PipeTo == nil
}

// Unwritten takes a COPY out that writes a file with a secret in it.
func Unwritten(b *source.Build, step *source.Step) Advice {
	if b.Inline || step.Copy == nil || len(step.Copy.Heredocs)+len(step.Copy.Sources) != 1 {
		return unfixed("how the program is to get the value is for you to say: from its environment, or from a file that is mounted when it starts")
	}
	title := "write no secret to " + step.Copy.Target + ": mount the file where it is read"
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, atStart, b.Text(), b.File.Without(step.Instruction))}}
}

// removal is where a RUN removes a file, with what joins that to the command before it; all
// tells that the RUN does nothing else. It is zero where it removes none, or others, too.
func removal(b *source.Build, s *source.Step, base string) (cut text.Span, all bool) {
	run := s.Run()
	if run == nil || !shells(s) {
		return cut, false
	}
	list := run.Commands()
	for i, c := range list {
		args := c.Args()
		if c.Program() != "rm" || c.Inner || c.PipeTo != nil || c.PipeFrom != nil {
			continue
		}
		files := 0
		for _, w := range args {
			if !strings.HasPrefix(w.Text, "-") {
				files++
			}
		}
		if files != 1 || path.Base(args[len(args)-1].Text) != base {
			continue
		}
		if len(list) == 1 {
			return c.Span, true
		}
		if i == 0 {
			return text.Span{}, false
		}
		cut = text.Span{Start: list[i-1].Span.End, End: c.Span.End}
		if !joins(b, text.Span{Start: cut.Start, End: c.Span.Start}) {
			return text.Span{}, false
		}
		return cut, false
	}
	return text.Span{}, false
}

// logsInWith tells whether one of the installs reads a file of settings of this name.
func logsInWith(list []packages.Install, base string) bool {
	return slices.ContainsFunc(list, func(in packages.Install) bool {
		return !in.System && (path.Base(knowledge.SettingsFile(in.Manager)) == base || knowledge.HeldBy("", base) == knowledge.Netrc)
	})
}
