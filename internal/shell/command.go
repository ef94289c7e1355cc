package shell

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/text"
)

// When says whether a command runs, judged from what is known and assuming
// that commands succeed. The zero When is Maybe.
type When uint8

// The three answers.
const (
	Maybe  When = iota // it depends on something that is not known
	Always             // it runs whenever the program does
	Never              // it cannot run
)

// String is the answer in one word.
func (w When) String() string {
	switch w {
	case Always:
		return "always"
	case Never:
		return "never"
	}
	return "maybe"
}

// and is w inside of o.
func (w When) and(o When) When {
	switch {
	case w == Never || o == Never:
		return Never
	case w == Maybe || o == Maybe:
		return Maybe
	}
	return Always
}

func (w When) not() When {
	switch w {
	case Always:
		return Never
	case Never:
		return Always
	}
	return Maybe
}

// Command is one simple command: a program with its arguments, or assignments
// or redirections alone.
type Command struct {
	Span      text.Span  // of the simple command with its redirections
	Words     []Word     // program and arguments after expansion; may be empty
	Assigns   []Assign   // those written before the program, or alone
	Redirects []Redirect // in the order written
	When      When

	Exec         bool   // run by the shell's exec, so it replaces the shell
	Background   bool   // it, or a list around it, ends in &
	Negated      bool   // preceded by !
	Substitution bool   // inside $(…), `…`, <(…) or >(…)
	Inner        bool   // from a program inside a word: sh -c, eval, a here-document, a trap
	Ignored      bool   // its failure is swallowed: cmd || true
	Func         string // the function in whose body it stands; "" is none
	Dir          string // working directory, relative to an unknown start where Input.Dir is ""; "" is unknown

	// Before is the connector over which the shell comes to the command: that
	// behind the command before it in the same list, or, for the first of a group,
	// of a substitution or of a loop, the one in front of that. It is None for the
	// first of a program, of a function and of a program in a word.
	Before Connector
	// After is the connector behind it; None for the last of its list.
	After Connector

	Errexit  bool // set -e is certainly in force
	Pipefail bool // set -o pipefail is certainly in force

	PipeFrom, PipeTo *Command // neighbours in a pipeline

	// Index is its place in Script.Commands.
	Index int

	program string
	args    int // index in Words of the first argument after the wrappers
	env     []setting
}

// setting is an environment variable that Input.Watch asks for.
type setting struct{ name, value string }

// Word is one word after expansion.
type Word struct {
	// Text is the value: quotes removed, known variables expanded. An unknown
	// variable stays as ${NAME} ($@, $* and the like as they are), a command
	// substitution as it is written; for ${NAME:-default} of an unknown
	// variable it is the default.
	Text string
	// Known tells that every part of Text is certain.
	Known bool
	// Span is where the word stands in the file. The words that come of one
	// expansion share its span.
	Span text.Span
	// Quoted tells that some part was quoted.
	Quoted bool
	// Glob tells that the shell would expand it as a file name pattern.
	Glob bool
	// Vars are the names of the variables referred to, known or not.
	Vars []string

	subst bool // holds a command substitution
}

// Assign is NAME=value.
type Assign struct {
	Name   string
	Value  Word
	Append bool // NAME+=value
	Span   text.Span
}

// Redirect is one redirection.
type Redirect struct {
	Op     string // ">", ">>", "<", "<<", "<<-", "<<<", ">&", "&>", …
	Fd     int    // the descriptor; by default 0 for input and 1 for output
	Target Word   // the file, descriptor or here-document's delimiter
	Body   Word   // the here-document's text; zero for others
	Span   text.Span
}

// Trap is one use of the trap builtin.
type Trap struct {
	Signals []string // as written: TERM, SIGTERM, 15, EXIT
	Handler Word     // the action; empty text means that the signal is ignored
	Reset   bool     // trap - SIG
	When    When
	Span    text.Span
}

// Program is the base name of what is really run: wrappers such as exec,
// sudo, env, time, nice, timeout and xargs are taken off, and `python -m pip`
// is pip. "" means that there is none. What is unknown stays as ${NAME}.
func (c *Command) Program() string { return c.program }

// Args are the arguments of Program.
func (c *Command) Args() []Word {
	if c.args >= len(c.Words) {
		return nil
	}
	return c.Words[c.args:]
}

// Underlying is Program and Args with the tools that change the user or the
// root directory (gosu, su-exec, runuser, setpriv, chroot) taken off as well.
func (c *Command) Underlying() (program string, args []Word) {
	program, args = c.program, c.Args()
	for range 4 {
		rest, ok := underUser(program, args)
		if !ok {
			return program, args
		}
		program, args = Unwrap(rest)
	}
	return program, args
}

// Wrapped tells whether Program is run by the wrapper of this name.
func (c *Command) Wrapped(wrapper string) bool {
	for i := 0; i < c.args-1 && i < len(c.Words); i++ {
		if path.Base(c.Words[i].Text) == wrapper {
			return true
		}
	}
	return false
}

// Redirected tells whether standard output goes to a file and which one.
func (c *Command) Redirected() (Redirect, bool) {
	for i := len(c.Redirects) - 1; i >= 0; i-- {
		r := c.Redirects[i]
		if r.Fd == 1 && r.Writes() {
			return r, true
		}
	}
	return Redirect{}, false
}

// Writes tells whether r writes to a file.
func (r Redirect) Writes() bool {
	switch r.Op {
	case ">", ">>", ">|", "&>", "&>>", "<>":
	case ">&":
		if strings.Trim(r.Target.Text, "0123456789-") == "" {
			return false
		}
	default:
		return false
	}
	return true
}

// Setting gives a variable of this command's environment: one that is written
// before it, or that Input.Watch asks for and whose value is known.
func (c *Command) Setting(name string) (string, bool) {
	for _, a := range c.Assigns {
		if a.Name == name {
			return a.Value.Text, a.Value.Known
		}
	}
	for i := 0; i < c.args-1 && i < len(c.Words); i++ {
		if n, v, ok := strings.Cut(c.Words[i].Text, "="); ok && n == name {
			return v, c.Words[i].Known
		}
	}
	for _, s := range c.env {
		if s.name == name {
			return s.value, true
		}
	}
	return "", false
}
