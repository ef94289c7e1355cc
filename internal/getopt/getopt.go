// Package getopt tells the options of a command from its operands.
package getopt

import (
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// Options are a command's arguments, told apart. The zero Options has none.
type Options struct {
	Flags    []Flag // in the order written, as often as written
	Operands []shell.Word
}

// A Flag is one option with its value.
type Flag struct {
	Name string // with its dashes
	// Value is the word that belongs to it. Where there is none its Text is empty
	// and its Span is the option's own.
	Value shell.Word
}

// Split tells options from operands. valued are the options that take a
// value. bundles tells that -abc means -a -b -c, as getopt has it.
func Split(args []shell.Word, bundles bool, valued ...string) Options {
	o := Options{Operands: make([]shell.Word, 0, len(args))}
	for i := 0; i < len(args); i++ {
		a := args[i]
		t := a.Text
		if t == "--" {
			o.Operands = append(o.Operands, args[i+1:]...)
			break
		}
		if len(t) < 2 || t[0] != '-' {
			o.Operands = append(o.Operands, a)
			continue
		}
		take := func(name string) {
			f := Flag{Name: name}
			if i+1 < len(args) {
				i++
				f.Value = args[i]
			}
			o.Flags = append(o.Flags, f)
		}
		if t[1] == '-' || !bundles {
			name, val, has := strings.Cut(t, "=")
			switch {
			case has:
				v := a
				v.Text = val
				o.Flags = append(o.Flags, Flag{name, v})
			case slices.Contains(valued, t):
				take(t)
			default:
				o.Flags = append(o.Flags, Flag{Name: t, Value: shell.Word{Span: a.Span}})
			}
			continue
		}
		for j := 1; j < len(t); j++ {
			name := "-" + t[j:j+1]
			if !slices.Contains(valued, name) {
				o.Flags = append(o.Flags, Flag{Name: name, Value: shell.Word{Span: a.Span}})
				continue
			}
			if j+1 == len(t) {
				take(name)
			} else {
				v := a
				v.Text = strings.TrimPrefix(t[j+1:], "=")
				o.Flags = append(o.Flags, Flag{name, v})
			}
			break
		}
	}
	return o
}

// Has tells whether one of the options is there, and does not say no.
func (o Options) Has(names ...string) bool {
	for _, f := range o.Flags {
		if slices.Contains(names, f.Name) && f.Value.Text != "false" {
			return true
		}
	}
	return false
}

// Get is the value of the last of these options.
func (o Options) Get(names ...string) shell.Word {
	for i := len(o.Flags) - 1; i >= 0; i-- {
		if slices.Contains(names, o.Flags[i].Name) {
			return o.Flags[i].Value
		}
	}
	return shell.Word{}
}

// All are the values of all of these options.
func (o Options) All(names ...string) []shell.Word {
	var out []shell.Word
	for _, f := range o.Flags {
		if slices.Contains(names, f.Name) && f.Value.Text != "" {
			out = append(out, f.Value)
		}
	}
	return out
}

// Verb takes the first operand.
func (o *Options) Verb() string {
	if len(o.Operands) == 0 {
		return ""
	}
	v := o.Operands[0].Text
	o.Operands = o.Operands[1:]
	return v
}
