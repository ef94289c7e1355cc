package shell

import (
	"path"
	"slices"
	"strings"
)

// wrapper is a program that runs another one, named by its first operand.
type wrapper struct {
	valued   []string // options that take the next word
	assigns  bool     // NAME=value words come before the program
	operands int      // operands before the program
	stops    []string // options that make it something else than a wrapper
}

var wrappers = map[string]wrapper{
	"exec":      {valued: []string{"-a"}},
	"command":   {stops: []string{"-v", "-V"}},
	"builtin":   {},
	"sudo":      {valued: []string{"-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "-r", "-t", "-T", "-U", "-D", "--chdir", "-R"}, assigns: true, stops: []string{"-l", "-v", "-k", "-e"}},
	"doas":      {valued: []string{"-u", "-C"}},
	"env":       {valued: []string{"-u", "--unset", "-C", "--chdir", "-S"}, assigns: true},
	"time":      {valued: []string{"-f", "-o"}},
	"nice":      {valued: []string{"-n", "--adjustment"}},
	"ionice":    {valued: []string{"-c", "-n"}},
	"chrt":      {operands: 1},
	"nohup":     {},
	"setsid":    {},
	"stdbuf":    {valued: []string{"-i", "-o", "-e"}},
	"timeout":   {valued: []string{"-s", "--signal", "-k", "--kill-after"}, operands: 1},
	"xargs":     {valued: []string{"-I", "-n", "-P", "-L", "-a", "--arg-file", "-d", "-s", "-E", "--max-args", "--max-procs", "--delimiter"}},
	"eatmydata": {},
	"fakeroot":  {},
	"nocache":   {},
	"chronic":   {},
	"linux32":   {},
	"linux64":   {},
	"setarch":   {operands: 1},
	"xvfb-run":  {valued: []string{"-s", "-e", "-f", "-n", "-p", "-w", "--server-args"}},
	"busybox":   {},
	"toybox":    {},
	"corepack":  {stops: []string{"enable", "prepare", "disable", "install", "use", "hydrate", "pack", "up", "cache"}},
}

// pythonTools are the modules that `python -m` runs as programs of that name.
var pythonTools = []string{"pip", "uv", "poetry", "pipenv", "pdm", "hatch", "flit", "virtualenv", "build"}

// Unwrap finds the program that words run, and its arguments: wrappers such as
// sudo and env are taken off.
func Unwrap(words []Word) (program string, args []Word) {
	for range 8 {
		if len(words) == 0 {
			return "", nil
		}
		program, args = path.Base(words[0].Text), words[1:]
		if words[0].Text == "" {
			return "", args
		}
		w, ok := wrappers[program]
		if !ok {
			return pythonModule(program, args)
		}
		rest, ok := w.strip(args)
		if !ok {
			return program, args
		}
		words = rest
	}
	return program, args
}

// strip gives the words from the wrapped program on.
func (w wrapper) strip(args []Word) ([]Word, bool) {
	operands := w.operands
	for i := 0; i < len(args); i++ {
		a := args[i].Text
		switch {
		case slices.Contains(w.stops, a):
			return nil, false
		case a == "--":
			if i++; i+operands >= len(args) {
				return nil, false
			}
			return args[i+operands:], true
		case len(a) > 1 && a[0] == '-':
			if slices.Contains(w.valued, a) {
				i++
			}
		case w.assigns && assignment(a):
		case operands > 0:
			operands--
		default:
			return args[i:], true
		}
	}
	return nil, false
}

// assignment tells whether a word has the form NAME=value.
func assignment(s string) bool {
	n := strings.IndexByte(s, '=')
	if n <= 0 || '0' <= s[0] && s[0] <= '9' {
		return false
	}
	for i := range n {
		if !isName(s[i]) {
			return false
		}
	}
	return true
}

// pythonModule turns `python3 -m pip install` into pip install.
func pythonModule(program string, args []Word) (string, []Word) {
	if !IsPython(program) {
		return program, args
	}
	for i, a := range args {
		t := a.Text
		if t == "-m" && i+1 < len(args) {
			if slices.Contains(pythonTools, args[i+1].Text) {
				return args[i+1].Text, args[i+2:]
			}
			return program, args
		}
		if m, ok := strings.CutPrefix(t, "-m"); ok && slices.Contains(pythonTools, m) {
			return m, args[i+1:]
		}
		if t == "" || t[0] != '-' || t == "-c" {
			return program, args
		}
	}
	return program, args
}

// IsPython tells whether a program is a Python interpreter: python3, pypy3.11.
func IsPython(program string) bool {
	rest, ok := strings.CutPrefix(program, "python")
	if !ok {
		rest, ok = strings.CutPrefix(program, "pypy")
	}
	return ok && strings.Trim(rest, "0123456789.") == ""
}

// underUser gives the words of the command that a user-changing tool starts.
func underUser(program string, args []Word) ([]Word, bool) {
	var w wrapper
	switch program {
	case "gosu", "su-exec":
		w.operands = 1
	case "chroot":
		w.operands = 1
		w.valued = []string{"--userspec", "--groups"}
	case "setpriv":
		w.valued = []string{"--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set", "--securebits", "--pdeathsig"}
	case "runuser":
		w.valued = []string{"-u", "--user", "-g", "-G"}
		w.stops = []string{"-c", "--command", "-l", "-"}
	case "dumb-init", "tini":
		w.valued = []string{"-r", "--rewrite", "-p", "-e"}
	default:
		return nil, false
	}
	return w.strip(args)
}

// shells are the programs that take a program as text.
func isShell(program string) bool {
	switch program {
	case "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh":
		return true
	}
	return false
}

// dashC finds the program text in the arguments of a shell or of su, and the
// positional parameters after it.
func dashC(program string, args []Word) (body Word, params []Word, ok bool) {
	su := program == "su" || program == "runuser"
	for i := 0; i < len(args); i++ {
		a := args[i].Text
		if a == "--command" && su && i+1 < len(args) {
			return args[i+1], nil, true
		}
		if v, found := strings.CutPrefix(a, "--command="); found && su {
			w := args[i]
			w.Text = v
			return w, nil, true
		}
		if len(a) < 2 || a[0] != '-' && a[0] != '+' {
			if su {
				continue // su USER -c …: options may follow the user
			}
			return Word{}, nil, false
		}
		if strings.HasPrefix(a, "--") {
			continue
		}
		if a[0] == '-' && strings.HasSuffix(a, "c") || a[0] == '-' && strings.Contains(a, "c") && !su {
			if strings.HasSuffix(a, "o") && i+1 < len(args) { // -eco pipefail
				i++
			}
			if i+1 < len(args) {
				for i+1 < len(args) && !su && len(args[i+1].Text) > 1 && args[i+1].Text[0] == '-' && !strings.ContainsAny(args[i+1].Text, " \n") {
					i++ // bash -c -e "…"
				}
				if i+1 < len(args) {
					return args[i+1], args[i+2:], true
				}
			}
			return Word{}, nil, false
		}
		if strings.HasSuffix(a, "o") || strings.HasSuffix(a, "O") || su && (a == "-s" || a == "-g" || a == "-G" || a == "-w") {
			i++ // -o pipefail
		}
	}
	return Word{}, nil, false
}
