// Package shell is an interpreter that runs nothing: it tells which commands a
// shell program runs, with which words, under which conditions, how they hang
// together and where. It reads RUN instructions, commands in shell form and
// start scripts. It asks nobody: what is not known from the text and from
// Input.Lookup stays unknown, and says so. What the commands do, beyond what they
// do to the shell itself, is not its business: see the effects package.
package shell

import (
	"bytes"
	"fmt"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// Input is one shell program to be understood.
type Input struct {
	// Src is the program. Trivia that is not shell (keywords, flags, comments
	// inside continuations) is masked by spaces, so that offsets stay true.
	Src []byte
	// Base is what to add to an offset in Src to get an offset in the file.
	Base int
	// Lookup gives the variables known before the program starts (ARG, ENV).
	// nil means that nothing is known; known=false means that the variable may
	// be set by somebody else, not that it is unset.
	Lookup func(name string) (value string, known bool)
	// Watch names the variables whose values are kept with the commands of a
	// program, for Command.Setting. nil means none.
	Watch func(program string) []string
	// Shell is the base name of the shell: "" and "sh" mean a POSIX shell.
	Shell string
	// Options are those that the shell is started with.
	Options Options
	// Dir is the working directory in which the program starts; "" is unknown.
	Dir string
	// Params are the positional parameters, from $1; nil means that they are not known.
	Params []string
	// Budget is that of the file in which the program stands; nil = its own.
	Budget *Budget
}

// Script is a shell program that was understood. The zero Script runs nothing.
type Script struct {
	// Commands are the simple commands in the order in which the shell comes to
	// them. A command in a loop over known words, or in a function called
	// twice, may be listed more than once with the same span.
	Commands []*Command
	// Traps are the signal handlers that the program sets.
	Traps []Trap
	// Err is not nil when the text is not a shell program; then there are no
	// Commands.
	Err error
	// Truncated tells that nesting or expansion went beyond what is followed,
	// so that Commands may lack some.
	Truncated bool
	// Beyond says which limit the program went beyond; "" = none. Then it is
	// Truncated, or has an Err.
	Beyond string

	early, tail []Ending
}

// Limits keep a hostile program from costing more than it is worth.
const (
	maxSource  = 4 << 20  // bytes of one program
	maxNesting = 2000     // open brackets and keywords, before parsing
	maxArithm  = 16 << 10 // bytes of one arithmetic expression or test
	maxDepth   = 250      // nesting of statements that is followed
	maxValue   = 64 << 10 // bytes of one expanded value
	maxFields  = 4096     // words that one expansion may yield
	maxInner   = 6        // programs inside programs
	maxCalls   = 12       // functions inside functions
	maxUnroll  = 64       // passes through a loop over known words
	maxExtra   = 20_000   // statements walked again, in loops and calls
	maxDir     = 4096     // bytes of a working directory
)

// Parsers keep buffers worth keeping.
var (
	posixParsers = sync.Pool{New: func() any { return syntax.NewParser(syntax.Variant(syntax.LangPOSIX)) }}
	bashParsers  = sync.Pool{New: func() any { return syntax.NewParser(syntax.Variant(syntax.LangBash)) }}
)

// Parse understands one program. It never panics and never returns nil.
func Parse(in Input) *Script {
	s := &Script{}
	if err := sane(in.Src); err != nil {
		s.Err, s.Beyond = err, err.Error()
		return s
	}
	file, bash, err := parse(in.Src, in.Shell)
	if err != nil {
		s.Err = err
		return s
	}
	w := newWalker(s, in, bash)
	w.program(file)
	return s
}

// parse tries the shell's own language first and the other one after it. The
// program has to be sane.
func parse(src []byte, shell string) (file *syntax.File, bash bool, err error) {
	switch shell {
	case "bash", "zsh", "ksh", "mksh":
		bash = true
	default:
		// Busybox's sh and ksh know [[ … ]]; a POSIX parser would cut it at &&.
		bash = bytes.Contains(src, []byte("[[ "))
	}
	file, err = parseAs(src, bash)
	if err == nil {
		return file, bash, nil
	}
	if other, otherErr := parseAs(src, !bash); otherErr == nil {
		return other, !bash, nil
	}
	return nil, bash, err
}

func parseAs(src []byte, bash bool) (file *syntax.File, err error) {
	pool := &posixParsers
	if bash {
		pool = &bashParsers
	}
	p := pool.Get().(*syntax.Parser)
	defer func() {
		// A parser that gave up half-way is not put back.
		if r := recover(); r != nil {
			file, err = nil, fmt.Errorf("parse shell: %v", r)
			return
		}
		pool.Put(p)
	}()
	return p.Parse(bytes.NewReader(src), "")
}

// sane refuses programs whose nesting would exhaust the stack of a recursive
// parser: a stack overflow cannot be recovered from. It counts generously and
// knows no quotes, so it is only a bound.
func sane(src []byte) error {
	if len(src) > maxSource {
		return fmt.Errorf("shell script of %d bytes is too long", len(src))
	}
	brackets, words, chain := 0, 0, 0
	arithm := -1  // where an arithmetic expression or a test began
	start := true // a command may begin here
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch c {
		case ' ', '\t', '\r', '!':
			continue
		case '\n':
			if brackets == 0 {
				arithm = -1
			}
			start = true
			continue
		case '#':
			if i == 0 || src[i-1] == ' ' || src[i-1] == '\t' || src[i-1] == '\n' {
				for i+1 < len(src) && src[i+1] != '\n' {
					i++
				}
			}
			continue
		case '(', '{', '[':
			brackets++
			if i > 0 && c != '{' && (src[i-1] == c || src[i-1] == '$' && c == '[') && arithm < 0 {
				arithm = i
			}
			if c != '(' || i+1 >= len(src) || src[i+1] != ')' {
				chain = 0
			}
		case ')', '}', ']':
			brackets = max(0, brackets-1)
			if brackets == 0 || i > 0 && src[i-1] == c {
				arithm = -1
			}
			if c == ')' && i > 0 && src[i-1] == '(' {
				chain++
			}
		case ';', '&', '|', '`', '$', '=', '"', '\'':
			chain = 0
		default:
			if !isName(c) {
				start = false
				continue
			}
			word := nameAt(src[i:])
			i += len(word) - 1
			if !start {
				continue
			}
			switch word {
			case "if", "while", "until", "for", "case", "select":
				words++
			case "fi", "done", "esac":
				words = max(0, words-1)
			case "time", "coproc", "function":
				chain++
			case "then", "do", "else", "elif":
			default:
				start = chain > 0
			}
			if words > maxNesting || chain > maxNesting {
				return fmt.Errorf("shell script is nested more than %d levels deep at byte %d", maxNesting, i)
			}
			continue
		}
		start = true
		if brackets > maxNesting {
			return fmt.Errorf("shell script is nested more than %d levels deep at byte %d", maxNesting, i)
		}
		if arithm >= 0 && i-arithm > maxArithm {
			return fmt.Errorf("shell expression at byte %d is too long", arithm)
		}
	}
	return nil
}

func isName(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// nameAt is the name that b starts with.
func nameAt(b []byte) string {
	n := 0
	for n < len(b) && isName(b[n]) {
		n++
	}
	return string(b[:n])
}
