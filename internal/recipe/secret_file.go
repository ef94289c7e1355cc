package recipe

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
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
		return unfixed("there is no ignore file that could keep it out")
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
		joint := strings.Trim(strings.ReplaceAll(b.Text().Text(text.Span{Start: cut.Start, End: c.Span.Start}), "\\\n", ""), " \t\r\n")
		if joint != "&&" && joint != ";" {
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
