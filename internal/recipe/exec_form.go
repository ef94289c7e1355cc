package recipe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// ExecForm writes an ENTRYPOINT or CMD in shell form as a JSON array, where its
// words carry over: no variable, pattern, operator, redirection or builtin of a
// shell is in it. It is safe where the words are the whole of what is started.
func ExecForm(b *source.Build, step *source.Step) Advice {
	line := step.Rest()
	argv, why := carryOver(line.Text)
	if why == "" {
		why = needsShell(b, step, argv)
	}
	if why != "" {
		return words(why)
	}
	array := jsonArray(argv)
	if n := Own(argv); step.Keyword == "ENTRYPOINT" && n > 0 && n < len(argv) {
		array = jsonArray(argv[:n]) + "\nCMD " + jsonArray(argv[n:]) // arguments that a caller may replace
	}
	title := "write " + strings.ReplaceAll("`"+step.Keyword+" "+array+"`", "\n", "` and `")
	grade, reason := check.Safe, ""
	switch {
	case commented(step):
		grade, reason = check.Unsafe, "the comments between its lines are removed"
	case step.Keyword == "ENTRYPOINT" && givenCommand(b):
		grade, reason = check.Unsafe, "the command that Compose or Kubernetes sets, which shell form ignores, takes effect"
	case step.Keyword == "CMD" && !b.Entrypoint().Known:
		grade, reason = check.Unsafe, fmt.Sprintf("an ENTRYPOINT of %s, if there is one, receives the words instead of a shell command line", b.Base())
	case step.Keyword == "CMD" && len(b.Entrypoint().Words) > 0:
		grade, reason = check.Unsafe, "the ENTRYPOINT receives the words instead of a shell command line"
	}
	return Advice{Help: title, Fixes: []check.Fix{fix(title, grade, reason, b.Text(), text.Edit{Span: line.Span, New: b.Text().Lined(array)})}}
}

// carryOver are the words of a shell's command line that is nothing but words; why
// says what else it is.
func carryOver(line string) (argv []string, why string) {
	var word strings.Builder
	open, quote := false, byte(0)
	end := func() {
		if open {
			argv = append(argv, word.String())
		}
		word.Reset()
		open = false
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '$' && quote != '\'':
			return nil, "its variables need a shell: write the values, or start a script that ends with `exec \"$@\"`"
		case c == '`' && quote != '\'' || c == '\\':
			return nil, "it needs a shell: put it in a script that ends with `exec`"
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quote, open = c, true
		case c == ' ' || c == '\t':
			end()
		case strings.IndexByte("&|;<>()", c) >= 0:
			return nil, "it is more than one command: put it in a script that ends with `exec`, or start only the program"
		case strings.IndexByte("*?[]{}~#!^", c) >= 0:
			return nil, "its patterns need a shell: write what they expand to, or put it in a script that ends with `exec`"
		default:
			open = true
			word.WriteByte(c)
		}
	}
	if quote != 0 {
		return nil, "it needs a shell: put it in a script that ends with `exec`"
	}
	end()
	if len(argv) > 1 && argv[0] == "exec" {
		argv = argv[1:]
	}
	switch {
	case len(argv) == 0 || argv[0] == "":
		return nil, "name the program"
	case strings.Contains(argv[0], "="):
		return nil, "its variables need a shell: set them with ENV, and write the command as a JSON array"
	case builtins[argv[0]] || strings.HasPrefix(argv[0], "-"):
		return nil, argv[0] + " is a shell builtin or keyword: put it in a script that ends with `exec`"
	case slices.ContainsFunc(argv, func(w string) bool { return strings.Contains(w, "$") }):
		return nil, "it contains a literal $, which would be read as a variable in an array: put it in a script that ends with `exec`"
	}
	return argv, ""
}

// builtins are commands that no program does alike (POSIX 2024, 2.15 Special
// Built-In Utilities and 1.6 Intrinsic Utilities; bash(1)).
var builtins = map[string]bool{
	".": true, ":": true, "alias": true, "bg": true, "break": true, "builtin": true, "cd": true, "command": true, "continue": true, "declare": true, "eval": true, "exec": true,
	"exit": true, "export": true, "fc": true, "fg": true, "getopts": true, "hash": true, "jobs": true, "let": true, "local": true, "popd": true, "pushd": true, "read": true,
	"readonly": true, "return": true, "set": true, "shift": true, "shopt": true, "source": true, "time": true, "times": true, "trap": true, "type": true, "ulimit": true,
	"umask": true, "unalias": true, "unset": true, "wait": true,
	"case": true, "do": true, "done": true, "elif": true, "else": true, "esac": true, "fi": true, "for": true, "function": true, "if": true, "select": true, "then": true, "until": true, "while": true,
}

// needsShell says why a command line has to be read by the shell that is in force,
// though its words carry over; "" = it has not.
func needsShell(b *source.Build, step *source.Step, argv []string) string {
	if sh := step.Before.Shell; sh != nil {
		for i, w := range sh.Words() {
			switch name := path.Base(w.Text); {
			case i == 0 && (name == "sh" || name == "bash" || name == "ash" || name == "dash"):
			case i > 0 && slices.Contains([]string{"-c", "-e", "-u", "-x", "-o", "-ec", "-eu", "-euc", "-exc", "-euxc", "-euo", "-exo", "-euxo", "-eo", "pipefail"}, w.Text):
			default:
				return "it is run by the shell that " + sh.Keyword + " sets on line " + fmt.Sprint(sh.Line()) + ": put what that shell does in a script that ends with `exec`"
			}
		}
	}
	if step.Keyword == "ENTRYPOINT" {
		if cmd := b.Cmd(); !cmd.Empty() {
			return "in shell form it ignores CMD, whose words would become its arguments in exec form: remove that CMD, or write both as JSON arrays that belong together"
		}
	}
	for _, p := range b.LookPath(argv[0]) {
		o := b.FileAt(p)
		if o == nil {
			continue
		}
		if data, ok := o.Data(); ok && !strings.HasPrefix(data, "#!") && !strings.HasPrefix(data, "\x7fELF") {
			return fmt.Sprintf("%s has no #! line, so only a shell can run it: add one, and write the command as a JSON array", path.Base(p))
		}
		break
	}
	return ""
}

// givenCommand tells whether what deploys the image gives it a command.
func givenCommand(b *source.Build) bool {
	return slices.ContainsFunc(b.Services, func(s *source.Service) bool { return s.Command != nil }) ||
		slices.ContainsFunc(b.Workloads(), func(c *deploy.Container) bool { return c.Args != nil })
}

// commented tells whether a comment stands between the lines of an instruction's words.
func commented(step *source.Step) bool { return step.File().CommentIn(step.Rest().Span) }

// write is a fix that writes an instruction as an array.
func write(b *source.Build, step *source.Step, argv []string, grade check.Grade, reason string) Advice {
	array := jsonArray(argv)
	title := "write " + step.Keyword + " " + array
	return Advice{Fixes: []check.Fix{fix(title, grade, reason, b.Text(), text.Edit{Span: step.Rest().Span, New: array})}}
}

// jsonArray is words as a Dockerfile has them in exec form.
func jsonArray(argv []string) string {
	list := make([]string, len(argv))
	for i, w := range argv {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(w) // a string
		list[i] = strings.TrimSpace(b.String())
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// Own is how many words of an argv are the program itself: an init, an
// interpreter with its options, the program, and a sub-command that names what
// it does. 0 = it cannot be told.
func Own(argv []string) int {
	if len(argv) == 0 {
		return 0
	}
	i := 0
	if knowledge.Inits.Has(path.Base(argv[0])) {
		for i++; i < len(argv) && strings.HasPrefix(argv[i], "-"); i++ {
		}
	}
	if i >= len(argv) {
		return 0
	}
	program := strings.TrimRight(path.Base(argv[i]), "0123456789.")
	i++
	skip := func(takes ...string) {
		for i < len(argv) && strings.HasPrefix(argv[i], "-") {
			flag := argv[i]
			i++
			for _, t := range takes {
				if flag == t {
					i++
				}
			}
		}
	}
	if knowledge.Shells.Has(program) || knowledge.Droppers.Has(program) {
		return 0
	}
	switch program {
	case "env":
		return 0
	case "python", "pypy":
		for i < len(argv) && strings.HasPrefix(argv[i], "-") {
			m := argv[i]
			i++
			if m == "-m" || m == "-c" {
				return min(i+1, len(argv))
			}
		}
		return min(i+1, len(argv))
	case "node", "ruby", "perl", "php", "deno", "bun", "Rscript":
		skip("-r", "--require", "--import", "-e")
		return min(i+1, len(argv))
	case "java":
		for i < len(argv) && strings.HasPrefix(argv[i], "-") {
			flag := argv[i]
			i++
			switch flag {
			case "-jar", "-m", "--module":
				return min(i+1, len(argv))
			case "-cp", "-classpath", "--class-path", "-p", "--module-path":
				i++
			}
		}
		return min(i+1, len(argv))
	case "dotnet":
		return min(i+1, len(argv))
	}
	// A sub-command belongs to the program: bundle exec puma, app serve.
	for i < len(argv) && !strings.HasPrefix(argv[i], "-") && !strings.ContainsAny(argv[i], ":/.=") {
		i++
	}
	return i
}
