package shell

import "strings"

// Options are those of a shell that decide what a failure does. The zero Options
// are a shell's own.
type Options struct {
	Errexit  bool // set -e: a command that fails ends the program
	Pipefail bool // set -o pipefail: a pipeline fails with any of its commands
}

// OptionsOf are the options in a shell's arguments, without its name: those of
// ["-euo", "pipefail", "-c"].
func OptionsOf(args []string) Options {
	var o Options
	for i := 0; i < len(args); i++ {
		name := ""
		if i+1 < len(args) {
			name = args[i+1]
		}
		named, ok := o.take(args[i], name)
		if !ok {
			break
		}
		if named {
			i++
		}
	}
	return o
}

// take reads one argument, and the one behind it where that is the name of an
// option (named). ok is false for what is no option.
func (o *Options) take(arg, name string) (named, ok bool) {
	if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' || arg == "--" {
		return false, false
	}
	if strings.HasPrefix(arg, "--") {
		return false, true // bash --login
	}
	on := arg[0] == '-'
	for i := 1; i < len(arg); i++ {
		switch arg[i] {
		case 'e':
			o.Errexit = on
		case 'O': // bash's shopt
			named = true
		case 'o':
			named = true
			switch name {
			case "errexit":
				o.Errexit = on
			case "pipefail":
				o.Pipefail = on
			}
		}
	}
	return named, true
}

// options are those that are certainly on here.
func (w *walker) options() Options {
	if !w.optional {
		return Options{}
	}
	v, _ := w.env.get(optionsName)
	return Options{Errexit: strings.Contains(v.text, "e"), Pipefail: strings.Contains(v.text, "p")}
}

func (w *walker) setOptions(o Options) {
	if !w.optional && o == (Options{}) {
		return
	}
	v := value{state: known}
	if o.Errexit {
		v.text += "e"
	}
	if o.Pipefail {
		v.text += "p"
	}
	w.optional = true
	w.env.set(optionsName, v)
}

// startOptions are those in the arguments of a shell that is started.
func startOptions(args []Word) Options {
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = a.Text
	}
	return OptionsOf(list)
}

// set changes the options and the positional parameters: set -e -- a b c.
func (w *walker) set(args []Word) {
	w.switches(args)
	for i, a := range args {
		if a.Text == "--" {
			args = args[i+1:]
			break
		}
		if a.Text == "" || a.Text[0] != '-' && a.Text[0] != '+' {
			args = args[i:]
			if i > 0 && strings.HasSuffix(args[0].Text, "o") {
				return
			}
			break
		}
		if strings.HasSuffix(a.Text, "o") || i == len(args)-1 {
			return // options only: set -eo pipefail
		}
	}
	if len(args) == 0 {
		return
	}
	v := value{state: known, array: true}
	for _, a := range args {
		if !a.Known || a.Glob || len(v.list) >= maxFields || !w.spend(stepsOfField/4) {
			v = value{}
			break
		}
		v.list = append(v.list, a.Text)
	}
	w.env.set(paramsName, v)
}

// switches does what the arguments of set do to the options.
func (w *walker) switches(args []Word) {
	o := w.options()
	for i := 0; i < len(args); i++ {
		if !args[i].Known {
			o = Options{} // it may turn off what was on
			break
		}
		name := ""
		if i+1 < len(args) {
			name = args[i+1].Text
		}
		named, ok := o.take(args[i].Text, name)
		if !ok {
			break
		}
		if named {
			i++
		}
	}
	w.setOptions(o)
}
