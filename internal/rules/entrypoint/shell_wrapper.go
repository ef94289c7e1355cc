package entrypoint

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var shellWrapper = &check.Check{
	Name:     "shell-wrapper",
	Claim:    "a shell that is named in exec form starts the program with exec",
	Why:      `["sh", "-c", "…"] has the same effect as shell form: the shell stays PID 1 and does not pass signals on`,
	Mend:     "put exec before the last command, or name the program directly",
	Quiet:    "Where every path ends with exec, and where the shell sets a trap.",
	Severity: check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		st := b.Start()
		if st.Step == nil || st.Script == nil || len(st.Words) == 0 {
			return check.Judge(nil)
		}
		line, ok := shellLine(st)
		if !ok || line.Span.IsZero() {
			return check.Judge(nil)
		}
		// A CMD in shell form behind an ENTRYPOINT is entrypoint/shell-form's.
		if c := st.Cmd.Step; c != nil && !c.JSON && line.Span == c.Rest().Span {
			return check.Judge(nil)
		}
		inner := shell.Parse(shell.Input{Src: []byte(line.Text), Shell: st.Script.Commands[0].Program(), Lookup: b.RuntimeEnv})
		list, _, told := foreground(inner)
		if !told {
			return check.Unknown(check.ByRun, "the last command of the shell in "+st.Step.Keyword+" is not known")
		}
		if len(list) == 0 || trapped(inner) || toAll(st) {
			return check.Judge(nil)
		}
		program := list[len(list)-1]
		f := check.Finding{
			Place:   check.Place{File: b.Text(), Span: line.Span},
			Message: fmt.Sprintf("%s runs %s under %s without exec: the shell is PID 1 and does not pass SIGTERM on", st.Step.Keyword, named(program), st.Script.Commands[0].Program()),
		}
		if st.Init != "" {
			f.Message = fmt.Sprintf("%s runs %s under %s without exec: %s sends SIGTERM only to the shell, and the program is killed with the container", st.Step.Keyword, named(program), st.Script.Commands[0].Program(), st.Init)
		}
		if lone(inner) {
			name := st.Script.Commands[0].Program()
			if name == "sh" {
				name, _ = replacing(b, st.Step)
			}
			if name == "bash" || name == "ash" || name == "busybox ash" {
				f.Severity = check.Warning
				f.Message = fmt.Sprintf("%s runs %s under %s, which replaces itself with a single command: the program receives signals only while there is one command", st.Step.Keyword, named(program), name)
			}
		}
		a := recipe.Unwrap(b, st.Step, line, inner, list)
		f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
		return check.Judge([]check.Finding{f})
	},
}

// shellLine is the argument of sh -c in a start.
func shellLine(st *source.Start) (line shell.Word, ok bool) {
	if len(st.Script.Commands) == 0 {
		return line, false
	}
	program, args := st.Script.Commands[0].Underlying()
	if !knowledge.Shells.Has(program) {
		return line, false
	}
	command := false // -c was among the options
	for i := 0; i < len(args); i++ {
		flag := args[i].Text
		switch {
		case flag == "-o" || flag == "+o" || flag == "-O":
			i++ // its value
		case strings.HasPrefix(flag, "--") || strings.HasPrefix(flag, "+"):
		case strings.HasPrefix(flag, "-") && flag != "-":
			command = command || strings.Contains(flag, "c")
			if strings.HasSuffix(flag, "o") {
				i++ // -euo pipefail
			}
		case command:
			return args[i], true
		default:
			return line, false // a script's name
		}
	}
	return line, false
}

// named is how a message calls a command.
func named(c *shell.Command) string {
	if p, _ := underVariable(c); p != "" && opening(c) {
		return p
	}
	if p := c.Program(); p != "" {
		return p
	}
	return "its command"
}
