package entrypoint

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var scriptWithoutExec = &check.Check{
	Name:     "script-without-exec",
	Claim:    "a start script starts the program with exec",
	Why:      "the shell that runs the script stays PID 1: SIGTERM does not end it, and it does not pass the signal on",
	Mend:     `put exec before the last command; a script that takes its command from CMD ends with exec "$@"`,
	Quiet:    "Where the path that CMD takes ends with exec, where the script sets a trap and waits, where it ends with a process supervisor, and where it cannot be read here.",
	Severity: check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		st := b.Start()
		f := st.File
		switch {
		case st.Step == nil:
			return check.Judge(nil)
		case f == nil && st.Unread != "":
			return check.Unknown(check.ByRun, fmt.Sprintf("%s is not among the files that could be read", st.Unread))
		case f == nil:
			return check.Judge(nil)
		}
		if f.Script == nil {
			return check.Judge(nil) // a program in another language is the program
		}
		if f.Script.Err != nil {
			return check.Unknown(check.ByRun, f.Path+" could not be parsed as a shell script")
		}
		list, all, ok := foreground(f.Script)
		if !ok {
			return check.Unknown(check.ByRun, "the last command of "+f.Path+" is not known")
		}
		if !all || len(list) == 0 {
			// What CMD gives it may take the one path that does not.
			if l, a, ok := foreground(f.Called()); ok && a && len(l) > 0 {
				list, all = l, a
			}
		}
		if c := endless(f.Called()); c != nil && (len(list) == 0 || trapped(f.Script)) {
			list, all = []*shell.Command{c}, true
		}
		if trapped(f.Script) {
			list = slices.DeleteFunc(slices.Clone(list), func(c *shell.Command) bool { return !forever(c) })
		}
		if c := hidden(f.Script); len(list) == 0 && all && c != nil && !trapped(f.Script) && !toAll(st) {
			return check.Unknown(check.ByRun, fmt.Sprintf("%s runs %s before it ends, and what that is is not known", f.Path, c.Words[0].Text))
		}
		if len(list) == 0 || !all || toAll(st) {
			return check.Judge(nil)
		}
		var related []check.Place
		for _, c := range list {
			if knowledge.Supervisors.Has(c.Program()) {
				return check.Unknown(check.ByRun, fmt.Sprintf("%s ends with the process supervisor %s", f.Path, c.Program()))
			}
			if file := sources(f.Script); file != "" && !known(c.Program()) {
				return check.Unknown(check.ByRun, fmt.Sprintf("%s ends with %s, which %s may define", f.Path, named(c), file))
			}
			if place := (check.Place{File: f.Origin.File, Span: c.Span, Message: "without exec"}); !slices.Contains(related, place) {
				related = append(related, place)
			}
		}
		last := list[len(list)-1]
		what := named(last)
		if last.Program() == "wait" {
			what = "wait, without a trap,"
		}
		if trapped(f.Script) {
			return check.Judge([]check.Finding{{
				Place:   place(b, st.Step),
				Related: related,
				Message: fmt.Sprintf("%s sets a trap, but the shell runs it only after %s ends, which stays in the foreground", f.Path, what),
				Help:    "start the program with &, and end with wait; or do without the trap, and start it with exec",
			}})
		}
		fate := "the shell stays PID 1 and does not pass SIGTERM on"
		if st.Init != "" {
			fate = st.Init + " sends SIGTERM only to the shell, and the program is killed with the container"
		}
		found := recipe.Exec(f, list).To(check.Finding{
			Place:   place(b, st.Step),
			Related: related,
			Message: fmt.Sprintf("%s ends with %s without exec: %s", f.Path, what, fate),
		})
		if loops(f.Script, last) || loops(f.Called(), last) {
			found.Message = fmt.Sprintf("%s ends with a loop around %s: %s", f.Path, what, fate)
			found.Help = "set a trap before the loop, such as trap 'exit 0' TERM, and start with & and wait for what takes long in it, because a shell runs a trap only between commands: sleep 10 & wait $!"
		}
		return check.Judge([]check.Finding{found})
	},
}

// loops tells whether a script ends with a loop whose body ends with a command: in front
// of that, exec would be the end of the loop.
func loops(s *shell.Script, last *shell.Command) bool {
	ends, _ := s.Endings()
	return slices.ContainsFunc(ends, func(e shell.Ending) bool { return e.Loop && e.Command == last })
}

// endless is the first command of a script that stays in the foreground and does
// not end by itself; nil where there is none.
func endless(s *shell.Script) *shell.Command {
	for _, c := range s.Commands {
		if c.When == shell.Always && !c.Exec && !c.Background && !c.Substitution && c.PipeTo == nil && c.Func == "" && forever(c) {
			return c
		}
	}
	return nil
}

// underVariable is the program of a command with its arguments; behind a first word that is a
// variable which may be empty, or hold a wrapper: $OPTIONAL_TIMEOUT uvicorn app:app.
func underVariable(c *shell.Command) (program string, args []shell.Word) {
	if opening(c) && len(c.Words) > 1 {
		if program, args = shell.Unwrap(c.Words[1:]); knowledge.ServerOf(program).Role == knowledge.Serves {
			return program, args
		}
	}
	return c.Underlying()
}

// opening tells whether a command begins with a variable that is not known, outside of quotes.
func opening(c *shell.Command) bool {
	return len(c.Words) > 0 && !c.Words[0].Known && !c.Words[0].Quoted && loneVariable.MatchString(c.Words[0].Text)
}

var loneVariable = regexp.MustCompile(`^\$(?:\w+|\{\w+\})$`)

// hidden is a command of a script that stays in the foreground, for all that is known of it:
// a variable says what it is; nil where there is none.
func hidden(s *shell.Script) *shell.Command {
	for _, c := range s.Commands {
		if c.When == shell.Always && !c.Exec && !c.Background && !c.Substitution && c.PipeTo == nil && c.Func == "" && opening(c) {
			return c
		}
	}
	return nil
}

// forever tells whether a command does not end by itself.
func forever(c *shell.Command) bool {
	program, args := underVariable(c)
	switch program {
	case "tail":
		return slices.ContainsFunc(args, func(a shell.Word) bool {
			return a.Text == "--follow" || strings.HasPrefix(a.Text, "-") && !strings.HasPrefix(a.Text, "--") && strings.ContainsAny(a.Text, "fF")
		})
	case "sleep":
		return len(args) > 0 && strings.HasPrefix(args[0].Text, "inf")
	}
	return knowledge.ServerOf(program).Role == knowledge.Serves && !slices.ContainsFunc(args, func(a shell.Word) bool {
		return knowledge.ServerQuestions.Has(a.Text)
	})
}

// sources is a file that a script reads its functions from, as written; ""
// where there is none. Files of settings define no programs.
func sources(s *shell.Script) string {
	for _, c := range s.Commands {
		if p := c.Program(); (p != "." && p != "source") || len(c.Args()) == 0 {
			continue
		}
		name := c.Args()[0].Text
		switch base := path.Base(name); {
		case base == "activate", base == "profile", base == "bashrc", strings.Contains(base, "env"):
		default:
			return name
		}
	}
	return ""
}

// known tells whether a name is that of a program that containers run, which
// no library of functions takes for its own.
func known(program string) bool {
	name := strings.TrimRight(program, "0123456789.")
	return strings.ContainsAny(program, "/.") || knowledge.Supervisors.Has(program) || knowledge.Shells.Has(program) || knowledge.Launchers.Has(name) || knowledge.ServerOf(program).Role == knowledge.Serves
}
