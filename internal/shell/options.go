package shell

import (
	"slices"
	"strings"
)

// options are a command's arguments, told apart.
type options struct {
	flags    []option
	operands []Word
}

// option is one option with its value.
type option struct {
	name  string
	value Word
}

// split tells options from operands. valued are the options that take a
// value. bundles tells that -abc means -a -b -c, as getopt has it.
func split(args []Word, bundles bool, valued ...string) options {
	o := options{operands: make([]Word, 0, len(args))}
	for i := 0; i < len(args); i++ {
		a := args[i]
		t := a.Text
		if t == "--" {
			o.operands = append(o.operands, args[i+1:]...)
			break
		}
		if len(t) < 2 || t[0] != '-' {
			o.operands = append(o.operands, a)
			continue
		}
		take := func(name string) {
			f := option{name: name}
			if i+1 < len(args) {
				i++
				f.value = args[i]
			}
			o.flags = append(o.flags, f)
		}
		if t[1] == '-' || !bundles {
			name, val, has := strings.Cut(t, "=")
			switch {
			case has:
				v := a
				v.Text = val
				o.flags = append(o.flags, option{name, v})
			case slices.Contains(valued, t):
				take(t)
			default:
				o.flags = append(o.flags, option{name: t, value: Word{Span: a.Span}})
			}
			continue
		}
		for j := 1; j < len(t); j++ {
			name := "-" + t[j:j+1]
			if !slices.Contains(valued, name) {
				o.flags = append(o.flags, option{name: name, value: Word{Span: a.Span}})
				continue
			}
			if j+1 == len(t) {
				take(name)
			} else {
				v := a
				v.Text = strings.TrimPrefix(t[j+1:], "=")
				o.flags = append(o.flags, option{name, v})
			}
			break
		}
	}
	return o
}

// has tells whether one of the options is there, and does not say no.
func (o options) has(names ...string) bool {
	for _, f := range o.flags {
		if slices.Contains(names, f.name) && f.value.Text != "false" {
			return true
		}
	}
	return false
}

// get is the value of the last of these options.
func (o options) get(names ...string) Word {
	for i := len(o.flags) - 1; i >= 0; i-- {
		if slices.Contains(names, o.flags[i].name) {
			return o.flags[i].value
		}
	}
	return Word{}
}

// all are the values of all of these options.
func (o options) all(names ...string) []Word {
	var out []Word
	for _, f := range o.flags {
		if slices.Contains(names, f.name) && f.value.Text != "" {
			out = append(out, f.value)
		}
	}
	return out
}

// verb takes the first operand.
func (o *options) verb() string {
	if len(o.operands) == 0 {
		return ""
	}
	v := o.operands[0].Text
	o.operands = o.operands[1:]
	return v
}

// listed tells whether a comma or space separated list holds name.
func listed(list, name string) bool {
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == ':' }) {
		if s == name {
			return true
		}
	}
	return false
}

// packages turns operands into packages.
func packages(words []Word, parse func(string) (name, version string)) []Package {
	if len(words) == 0 {
		return nil
	}
	out := make([]Package, 0, len(words))
	for _, w := range words {
		p := Package{Known: w.Known, Span: w.Span, Word: w}
		if isPath(w.Text) {
			p.Name, p.Path = w.Text, true
		} else {
			p.Name, p.Version = parse(w.Text)
		}
		out = append(out, p)
	}
	return out
}

// isPath tells a file, folder or URL from a package's name.
func isPath(s string) bool {
	if s == "." || s == ".." || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/") || strings.HasPrefix(s, "~/") || strings.HasPrefix(s, ".[") {
		return true
	}
	if strings.Contains(s, "://") || strings.HasPrefix(s, "git@") || strings.HasPrefix(s, "file:") {
		return true
	}
	for _, ext := range []string{".deb", ".rpm", ".whl", ".tgz", ".tar.gz", ".apk", ".zip", ".gem"} {
		if strings.HasSuffix(s, ext) {
			return true
		}
	}
	return false
}

// piped are the packages or the file that come through a pipe or from a file
// to xargs, where that can be told.
func piped(c *Command) (words, files []Word) {
	if !c.viaXargs {
		return nil, nil
	}
	for i := range c.args {
		if t := c.Words[i].Text; (t == "-a" || t == "--arg-file") && i+1 < c.args {
			return nil, []Word{c.Words[i+1]}
		}
	}
	for _, r := range c.Redirects {
		if r.Fd == 0 && r.Op == "<" {
			return nil, []Word{r.Target}
		}
	}
	from := c.PipeFrom
	for from != nil && from.PipeFrom != nil {
		from = from.PipeFrom
	}
	if from == nil {
		return nil, nil
	}
	switch from.Program() {
	case "echo", "printf":
		for _, w := range from.Args() {
			if !strings.HasPrefix(w.Text, "-") && !strings.Contains(w.Text, "%") {
				words = append(words, w)
			}
		}
	case "cat", "grep", "egrep", "sed", "awk", "cut", "tr", "sort":
		if n := len(from.Words); n > 1 && !strings.HasPrefix(from.Words[n-1].Text, "-") {
			files = append(files, from.Words[n-1])
		}
		for _, r := range from.Redirects {
			if r.Op == "<" {
				files = append(files, r.Target)
			}
		}
	}
	return words, files
}
