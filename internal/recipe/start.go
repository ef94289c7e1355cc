package recipe

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

// execLine is a shell's command line whose last command takes the place of the shell; ok is
// false where it has no such command, or somebody would have to look.
func execLine(line string, s *shell.Script, last []*shell.Command) (string, bool) {
	if len(last) == 0 || !endsOnce(s, last) {
		return "", false
	}
	var at []int
	for _, c := range last {
		if c.Inner || c.Substitution || c.Negated || c.Background || c.Ignored || c.PipeTo != nil || c.PipeFrom != nil || c.Func != "" || len(c.Words) == 0 || len(c.Assigns) > 0 {
			return "", false
		}
		word := c.Words[0]
		if knowledge.Builtins.Has(word.Text) || word.Span.End > len(line) || line[word.Span.Start:word.Span.End] != word.Text && !strings.Contains(word.Text, "/") {
			return "", false
		}
		if !slices.Contains(at, word.Span.Start) {
			at = append(at, word.Span.Start)
		}
	}
	slices.Sort(at)
	for _, i := range slices.Backward(at) {
		line = line[:i] + "exec " + line[i:]
	}
	return line, true
}

// Hand writes a command line that a shell has to read so that its last command takes the
// place of the shell. last are the commands in which it ends, with places in the line.
func Hand(b *source.Build, step *source.Step, line string, s *shell.Script, last []*shell.Command) Advice {
	if b.Inline || commented(step) || strings.ContainsAny(line, "\r\n\\\x00") {
		return Advice{}
	}
	st := b.Start()
	switch img := b.Base(); {
	case step.Before.Shell != nil:
		return unfixed("SHELL says which shell reads it, and with which options")
	case img.Known != nil && img.Known.HasShell() == base.No:
		return unfixed("the image has no shell to expand it")
	case !st.Entrypoint.Empty() && !st.Cmd.Empty() && st.Entrypoint.Step != nil && !st.Entrypoint.Step.JSON:
		return unfixed("an ENTRYPOINT in shell form ignores CMD, and which of both is meant is for you to say")
	}
	handed, ok := execLine(line, s, last)
	if !ok {
		return Advice{}
	}
	return write(b, step, []string{"sh", "-c", handed}, check.Unsafe, "an ENTRYPOINT in front of it, if there is one, receives these words")
}

// Unwrap names the program that a shell is told to run in exec form, or lets it take the
// shell's place. line is the word that the shell reads.
func Unwrap(b *source.Build, step *source.Step, line shell.Word, s *shell.Script, last []*shell.Command) Advice {
	raw := b.Text().Text(line.Span)
	at := strings.Index(raw, line.Text)
	if at < 0 || strings.Contains(line.Text, `"`) || strings.Contains(line.Text, `\`) {
		return Advice{}
	}
	words := step.Words()
	if argv, why := carryOver(line.Text); why == "" && step.JSON && len(words) == 3 && words[0].Text != "" && !knowledge.Inits.Has(path.Base(words[0].Text)) {
		return write(b, step, argv, check.Safe, "")
	}
	handed, ok := execLine(line.Text, s, last)
	if !ok {
		return Advice{}
	}
	span := text.Span{Start: line.Span.Start + at, End: line.Span.Start + at + len(line.Text)}
	return Advice{Fixes: []check.Fix{fix("put exec before the last command", check.Safe, "", b.Text(), text.Edit{Span: span, New: handed})}}
}

// Array mends an array that is not valid JSON: other quotes, commas that are missing or too
// many. Where it names a variable, a shell expands it.
func Array(b *source.Build, step *source.Step) Advice {
	argv := looseWords(step.Rest().Text)
	if argv == nil {
		return unfixed("what its words are cannot be told")
	}
	if slices.ContainsFunc(argv, func(w string) bool { return strings.Contains(w, "$") }) {
		if slices.ContainsFunc(argv, func(w string) bool {
			return strings.ContainsAny(w, " \t'\"&|;<>()`\\*?[]{}") && !strings.Contains(w, "${")
		}) {
			return unfixed("its variables need a shell, and its words something that a shell would read in another way")
		}
		argv = []string{"sh", "-c", "exec " + strings.Join(argv, " ")}
	}
	return write(b, step, argv, check.Unsafe, "what was in shell form, and did not start, starts")
}

// looseWords are the words of something that was meant for an array; nil = they cannot be
// told.
func looseWords(s string) (argv []string) {
	s = strings.TrimSpace(s)
	s, ok := strings.CutPrefix(s, "[")
	if !ok {
		return nil
	}
	if s, ok = strings.CutSuffix(s, "]"); !ok {
		return nil // something stands behind it, or is missing
	}
	s = strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'").Replace(s)
	var word strings.Builder
	quote, open := byte(0), false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
			argv, open = append(argv, word.String()), false
			word.Reset()
		case quote != 0:
			if c == '\\' || c == '\n' {
				return nil
			}
			word.WriteByte(c)
		case c == '"' || c == '\'':
			if open {
				return nil
			}
			quote = c
		case c == ',' || c == ' ' || c == '\t':
			if open {
				argv, open = append(argv, word.String()), false
				word.Reset()
			}
		case strings.IndexByte("&|;<>()`\\[]", c) >= 0:
			return nil
		default:
			open = true
			word.WriteByte(c)
		}
	}
	if quote != 0 {
		return nil
	}
	if open {
		argv = append(argv, word.String())
	}
	if len(argv) == 0 || argv[0] == "" {
		return nil
	}
	return argv
}

// Direct names the program that a script of package.json starts, where a package manager
// is told to run the script.
func Direct(b *source.Build, step *source.Step, c *shell.Command) Advice {
	if step == nil || b.Inline || b.Context == nil {
		return Advice{}
	}
	program, args := c.Underlying()
	if len(args) != len(c.Words)-1 || len(c.Assigns) > 0 || !slices.Contains([]string{"npm", "yarn", "pnpm"}, program) {
		return Advice{}
	}
	var words []string
	for _, w := range args {
		words = append(words, w.Text)
	}
	name := ""
	switch {
	case len(words) == 1 && (words[0] == "start" || program != "npm"):
		name = words[0]
	case len(words) == 2 && (words[0] == "run" || words[0] == "run-script"):
		name = words[1]
	}
	if name == "" || strings.HasPrefix(name, "-") {
		return Advice{}
	}
	work := b.Final().Workdir.Value
	o := b.FileAt(path.Join(work, "package.json"))
	if work == "" || o == nil {
		return unfixed("the package.json in the folder that it starts in is not known")
	}
	pkg := o.PackageJSON()
	if pkg == nil {
		return unfixed("package.json cannot be read")
	}
	line := pkg.Scripts[name]
	switch {
	case line == "":
		return unfixed(fmt.Sprintf("package.json has no script %s", name))
	case pkg.Scripts["pre"+name] != "" || pkg.Scripts["post"+name] != "":
		return unfixed(fmt.Sprintf("the script %s has another one before or behind it", name))
	}
	argv, why := carryOver(line)
	if why != "" {
		return unfixed(fmt.Sprintf("the script %s is %q: %s", name, line, why))
	}
	switch {
	case argv[0] == "node":
	case slices.Contains([]string{"npm", "yarn", "pnpm", "npx", "cross-env", "env-cmd", "dotenv", "sh", "bash", "cd", "concurrently", "nodemon", "ts-node-dev"}, argv[0]) || strings.Contains(argv[0], "/"):
		return unfixed(fmt.Sprintf("the script %s is %q, which starts others in turn", name, line))
	default:
		installed := "node_modules/.bin/" + argv[0]
		if presence.Of(b).Program(installed) == base.No {
			return unfixed(fmt.Sprintf("the script %s starts %s, and nothing installs it", name, argv[0]))
		}
		argv[0] = installed
	}
	return write(b, step, argv, check.Unsafe, "the variables npm_… that "+program+" sets are not there")
}

// Executable gives the file that a COPY brings the mode with which it can be started.
func Executable(b *source.Build, step *source.Step) Advice {
	if b.Inline || step == nil || step.Copy == nil || step.Copy.Chmod.Raw != "" {
		return Advice{}
	}
	if len(step.Copy.Sources)+len(step.Copy.Heredocs) != 1 {
		return unfixed("the COPY brings other files, too, which need no such mode")
	}
	if step.Copy.FromContext() && len(step.Copy.Heredocs) == 0 && b.Context != nil && step.Copy.Sources[0].Known {
		if e, err := b.Context.Stat(source.Clean(step.Copy.Sources[0].Value)); err != nil || e.Dir {
			return unfixed("the COPY brings other files, too, which need no such mode")
		}
	}
	return Advice{Fixes: []check.Fix{fix("copy it with --chmod=0755", check.Safe, "", b.Text(), flag(step, "--chmod=0755"))}}
}
