package shell

import (
	"path"
	"strconv"
	"strings"
)

// builtin does what the shell's own commands do to the shell.
func (w *walker) builtin(c *Command, name string, prev *Command, tail bool, r *result) {
	args := c.Words[1:]
	switch name {
	case "true", ":":
		r.status, r.probe = Always, false
		w.fall(r)
	case "false":
		r.status = Never
	case "test":
		r.status = condition(args, false)
		w.fall(r)
	case "[", "[[":
		if n := len(args); n > 0 && strings.Trim(args[n-1].Text, "]") == "" {
			args = args[:n-1]
		}
		r.status = condition(args, name == "[[")
		w.fall(r)
	case "cd", "pushd", "popd":
		w.chdir(name, args)
	case "export", "readonly", "local", "declare", "typeset":
		w.declareWords(c, args)
	case "unset":
		for _, a := range args {
			if a.Text != "" && isName(a.Text[0]) {
				w.assign(a.Text, value{state: unset})
			}
		}
	case "read", "getopts", "mapfile", "readarray":
		for _, a := range args {
			if a.Text != "" && isName(a.Text[0]) {
				w.assign(a.Text, value{})
			}
		}
	case "printf":
		if len(args) > 1 && args[0].Text == "-v" {
			w.assign(args[1].Text, value{})
		}
	case "set":
		w.set(args)
	case "shift":
		w.shift(args)
	case "exit", "return", "break", "continue":
		w.leave(c, name, args, prev, r)
	case "eval":
		w.eval(c, args, tail, r)
	case ".", "source":
		r.hide()
	case "trap":
		w.trap(c, args)
	default:
		// "$@" may be a function's name.
		if !c.Words[0].Known {
			w.wild = true
		}
	}
}

// hide says that a command in last place does not show what it runs.
func (r *result) hide() {
	for i := range r.ends {
		r.ends[i].hidden = true
	}
}

// fall says that a command in last place runs nothing.
func (w *walker) fall(r *result) {
	for i := range r.ends {
		r.ends[i].Falls = true
	}
}

func (w *walker) chdir(name string, args []Word) {
	here, _ := w.env.get(dirName)
	if name == "popd" {
		to := value{}
		if n := len(w.dirs); n > 0 {
			to, w.dirs = w.dirs[n-1], w.dirs[:n-1]
		}
		w.env.set(dirName, to)
		return
	}
	for len(args) > 0 && len(args[0].Text) > 1 && args[0].Text[0] == '-' {
		args = args[1:]
	}
	if name == "pushd" {
		w.dirs = append(w.dirs, here)
	}
	to := value{}
	switch {
	case len(args) == 0:
	case args[0].Text == "-":
		to, _ = w.env.get(oldDirName)
	case !args[0].Known || args[0].Glob || strings.HasPrefix(args[0].Text, "~"):
	case strings.HasPrefix(args[0].Text, "/"):
		to = value{state: known, text: path.Clean(args[0].Text)}
	case here.state != unknown && args[0].Text != "":
		to = value{state: here.state, text: path.Join(here.text, args[0].Text)}
		if len(to.text) > maxDir {
			w.stop(longDir)
			to = value{}
		}
	}
	w.env.set(oldDirName, here)
	w.env.set(dirName, to)
}

// declareWords assigns what export and its kin name. In bash's form the
// walker has assigned already.
func (w *walker) declareWords(c *Command, args []Word) {
	if len(c.Assigns) > 0 {
		return
	}
	for _, a := range args {
		name, val, ok := cutName(a.Text)
		if !ok || name == "" {
			continue
		}
		v := value{state: known, text: val}
		if !a.Known {
			v.state = unknown
			v.text = ""
		}
		w.assign(name, v)
		as := Assign{Name: name, Value: a, Span: a.Span}
		as.Value.Text = val
		c.Assigns = append(c.Assigns, as)
	}
}

func (w *walker) shift(args []Word) {
	n := 1
	if len(args) > 0 {
		var err error
		if n, err = strconv.Atoi(args[0].Text); err != nil || n < 0 {
			w.env.set(paramsName, value{})
			return
		}
	}
	v, ok := w.env.get(paramsName)
	if !ok || v.state != known {
		w.env.set(paramsName, value{})
		return
	}
	v.list = v.list[min(n, len(v.list)):]
	w.env.set(paramsName, v)
}

// leave ends the program, a function or a loop.
func (w *walker) leave(c *Command, name string, args []Word, prev *Command, r *result) {
	f := flow{hasEnd, inShell}
	code := ""
	if len(args) > 0 {
		code = args[0].Text
	}
	switch {
	case name == "break" || name == "continue":
		f.reach = inLoop
	case len(args) > 0 && args[0].Known && code != "0", w.failed && (len(args) == 0 || !args[0].Known):
		f.lost = hasFail
	}
	if name == "return" && w.funcName != "" {
		f.reach = inFunc
	}
	if f.reach == inShell {
		if w.apart == 0 {
			w.early(Ending{Command: c, Exit: true, Code: code, When: c.When, Prev: prev})
			r.ends = nil
		}
	}
	r.status, r.probe = Always, false
	if f.lost == hasFail {
		r.status = Never
	}
	w.lose(f)
}

func (w *walker) eval(c *Command, args []Word, tail bool, r *result) {
	if len(args) == 0 {
		return
	}
	body := args[0]
	if len(args) > 1 {
		var b strings.Builder
		for i, a := range args {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(a.Text)
			body.Known = body.Known && a.Known
			body.subst = body.subst || a.subst
			body.Span = body.Span.Join(a.Span)
		}
		body.Text = b.String()
	}
	if !body.Known {
		w.wild = true
		r.hide()
	}
	if body.subst {
		return
	}
	got := w.text(body, tail)
	if tail && body.Known && len(got.ends) > 0 {
		r.ends = got.ends
	}
	r.status, r.probe = got.status, got.probe
}

func (w *walker) trap(c *Command, args []Word) {
	for len(args) > 0 && (args[0].Text == "--" || args[0].Text == "-p" || args[0].Text == "-l") {
		args = args[1:]
	}
	if len(args) < 2 {
		return
	}
	t := Trap{Handler: args[0], Reset: args[0].Text == "-", When: c.When, Span: c.Span}
	for _, a := range args[1:] {
		t.Signals = append(t.Signals, a.Text)
	}
	w.script.Traps = append(w.script.Traps, t)
	if t.Reset || t.Handler.Text == "" {
		return
	}
	prev := w.prev
	w.alone(func() result {
		w.cur = w.cur.and(Maybe)
		return w.text(t.Handler, false)
	})
	w.prev = prev
}

// cutName splits NAME=value; ok tells that there was an equals sign.
func cutName(s string) (name, val string, ok bool) {
	for i := range len(s) {
		if s[i] == '=' {
			return s[:i], s[i+1:], true
		}
		if !isName(s[i]) {
			return "", "", false
		}
	}
	return s, "", false
}
