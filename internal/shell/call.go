package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// simple walks a simple command: expand, list, then do what it does to the
// shell itself.
func (w *walker) simple(s *syntax.Stmt, call *syntax.CallExpr, tail bool) result {
	c := w.newCommand()
	c.Negated = s.Negated
	if n := len(call.Args); n > 0 {
		c.Words = make([]Word, 0, n)
		declares := false
		for i, a := range call.Args {
			c.cover(w.body.at.span(a.Pos().Offset(), a.End().Offset()))
			if declares && startsAssign(a) {
				c.Words = append(c.Words, w.word(a))
				continue
			}
			c.Words = w.words(c.Words, a)
			if i == 0 && len(c.Words) > 0 {
				declares = isDeclaration(c.Words[0].Text)
			}
		}
	}
	for _, a := range call.Assigns {
		as, v := w.assignment(a)
		c.cover(as.Span)
		c.Assigns = append(c.Assigns, as)
		if len(call.Args) == 0 || w.in.Shell != "bash" && isSpecial(call.Args[0].Lit()) {
			w.assign(as.Name, v)
		}
	}
	return w.finish(c, s, tail)
}

// isSpecial tells POSIX's special builtins: an assignment before one of them
// outlives it, except in bash. People write `deps='gcc' set -x && …` and get
// away with it.
func isSpecial(name string) bool {
	switch name {
	case "set", "export", "readonly", "unset", "eval", "exec", ".", ":", "trap", "shift":
		return true
	}
	return false
}

// decl walks bash's own form of export, local, declare and readonly.
func (w *walker) decl(s *syntax.Stmt, d *syntax.DeclClause, tail bool) result {
	c := w.newCommand()
	c.Negated = s.Negated
	span := w.body.at.span(d.Variant.Pos().Offset(), d.Variant.End().Offset())
	c.cover(span)
	c.Words = append(c.Words, Word{Text: d.Variant.Value, Known: true, Span: span})
	for _, a := range d.Args {
		if a.Name == nil {
			if a.Value != nil {
				c.Words = w.words(c.Words, a.Value)
				c.cover(w.body.at.span(a.Value.Pos().Offset(), a.Value.End().Offset()))
			}
			continue
		}
		as, v := w.assignment(a)
		c.cover(as.Span)
		if a.Naked {
			c.Words = append(c.Words, Word{Text: as.Name, Known: true, Span: as.Span})
			continue
		}
		word := as.Value
		word.Text, word.Span = as.Name+"="+word.Text, as.Span
		c.Words = append(c.Words, word)
		c.Assigns = append(c.Assigns, as)
		w.assign(as.Name, v)
	}
	return w.finish(c, s, tail)
}

func isDeclaration(name string) bool {
	switch name {
	case "export", "local", "readonly", "declare", "typeset":
		return true
	}
	return false
}

// startsAssign tells whether a word is NAME=…, which a declaration does not
// split.
func startsAssign(word *syntax.Word) bool {
	lit, ok := word.Parts[0].(*syntax.Lit)
	return ok && assignment(lit.Value)
}

// assignment evaluates NAME=value; the caller sets the variable.
func (w *walker) assignment(a *syntax.Assign) (Assign, value) {
	as := Assign{Append: a.Append}
	start, end := a.Pos(), a.Pos()
	if a.Name != nil {
		as.Name = a.Name.Value
		end = a.Name.End()
	}
	v := value{}
	switch {
	case a.Array != nil:
		v = value{state: known, array: true}
		for _, e := range a.Array.Elems {
			if e.Value == nil || e.Index != nil {
				v.state = unknown
				continue
			}
			for _, word := range w.words(nil, e.Value) {
				if !word.Known || word.Glob || len(v.list) >= maxFields {
					v.state = unknown
				}
				v.list = append(v.list, word.Text)
			}
		}
		as.Value = Word{Text: strings.Join(v.list, " "), Known: v.state == known, Span: w.body.at.span(a.Array.Pos().Offset(), a.Array.End().Offset())}
		end = a.Array.End()
		if a.Append {
			if old := w.get(as.Name); old.array && old.state == known && w.spend(stepsOfField/4*len(old.list)) {
				v.list = append(old.list[:len(old.list):len(old.list)], v.list...)
			} else {
				v.state = unknown
			}
		}
		if len(v.list) > maxFields {
			v = value{}
		}
		if v.state == unknown {
			v = value{}
		}
	case a.Value != nil:
		as.Value = w.word(a.Value)
		end = a.Value.End()
		fallthrough
	default:
		if a.Value == nil {
			as.Value.Known = true
		}
		v = value{text: as.Value.Text}
		if as.Value.Known {
			v.state = known
		}
		if a.Append {
			v = appended(w.get(as.Name), v)
			if !w.spend(len(v.text)) {
				v = value{}
			}
		}
		if a.Index != nil {
			v = value{}
		}
		if v.state == unknown {
			v.text = ""
		}
	}
	as.Span = w.body.at.span(start.Offset(), end.Offset())
	return as, v
}

func appended(old, v value) value {
	if !old.certain() || old.array || v.state != known || len(old.text)+len(v.text) > maxValue {
		return value{}
	}
	return value{state: known, text: old.text + v.text}
}

// finish lists a command and does what it does to the shell.
func (w *walker) finish(c *Command, s *syntax.Stmt, tail bool) result {
	c.Redirects = w.redirects(s.Redirs)
	for _, r := range c.Redirects {
		c.cover(r.Span)
	}
	var args []Word
	c.program, args = Unwrap(c.Words)
	c.args = len(c.Words) - len(args)
	c.Exec = len(c.Words) > 1 && c.Words[0].Text == "exec" && c.program != "exec"
	c.env = w.settings(c.program)
	prev := w.prev
	w.add(c)
	r := result{status: Maybe, first: c, last: c}
	if tail {
		r.ends = []Ending{{Command: c, When: c.When, Prev: prev, Wait: c.program == "wait"}}
	}
	if len(c.Words) == 0 {
		r.status = Always
		for i := range r.ends {
			r.ends[i].Falls = true
		}
		return r
	}
	r.probe = isProbe(c.program)
	if c.Exec {
		if w.apart == 0 {
			w.early(Ending{Command: c, Exec: true, When: c.When, Prev: prev})
			r.ends = nil
		}
		w.programs(c)
		w.lose(flow{hasEnd, inShell})
		return r
	}
	name := c.Words[0].Text
	if name == "command" || name == "builtin" {
		name = c.program
	}
	if f := w.funcs[name]; f != nil && c.Words[0].Text == name {
		called := w.call(f, c.Words[1:], tail)
		called.first, called.last = c, c
		return called
	}
	w.builtin(c, name, prev, tail, &r)
	w.programs(c)
	return r
}

// settings are the watched variables whose values are known.
func (w *walker) settings(program string) []setting {
	if w.in.Watch == nil {
		return nil
	}
	var out []setting
	for _, n := range w.in.Watch(program) {
		if v := w.get(n); v.state == known {
			out = append(out, setting{n, v.text})
		}
	}
	return out
}
