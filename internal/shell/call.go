package shell

import (
	"bytes"
	"strings"

	"github.com/dockworthy/dockworthy/text"
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
			c.cover(w.at.span(a.Pos().Offset(), a.End().Offset()))
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
	span := w.at.span(d.Variant.Pos().Offset(), d.Variant.End().Offset())
	c.cover(span)
	c.Words = append(c.Words, Word{Text: d.Variant.Value, Known: true, Span: span})
	for _, a := range d.Args {
		if a.Name == nil {
			if a.Value != nil {
				c.Words = w.words(c.Words, a.Value)
				c.cover(w.at.span(a.Value.Pos().Offset(), a.Value.End().Offset()))
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
		as.Value = Word{Text: strings.Join(v.list, " "), Known: v.state == known, Span: w.at.span(a.Array.Pos().Offset(), a.Array.End().Offset())}
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
	as.Span = w.at.span(start.Offset(), end.Offset())
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

// declare remembers a function; its body is walked where it is called.
func (w *walker) declare(d *syntax.FuncDecl) {
	if d.Name == nil || d.Body == nil {
		return
	}
	if w.funcs == nil {
		w.funcs = map[string]*function{}
	}
	f := &function{name: d.Name.Value, body: d.Body, src: w.src, text: w.srcText, at: w.at}
	w.funcs[f.name] = f
	w.order = append(w.order, f)
}

// call walks a function's body with its arguments.
func (w *walker) call(f *function, args []Word, tail bool) result {
	switch {
	case f.active:
		w.script.Truncated = true
		return result{}
	case w.calls >= maxCalls:
		w.stop(deepCalls)
		return result{}
	case w.extra > maxExtra || !w.spend(stepsOfField*len(args)/4):
		w.stop(manySteps)
		return result{}
	}
	src, text, at, name, repeated := w.src, w.srcText, w.at, w.funcName, w.repeated
	params, had := w.env.get(paramsName)
	w.src, w.srcText, w.at, w.funcName, w.repeated = f.src, f.text, f.at, f.name, repeated || f.called
	f.active, f.called = true, true
	w.calls++
	own := value{state: known, array: true}
	if w.cur == Never {
		own.state = unknown
	}
	for _, a := range args {
		if !a.Known {
			own.state = unknown
		}
		own.list = append(own.list, a.Text)
	}
	w.env.set(paramsName, own)
	a := w.branch(Always, tail, func(tail bool) result { return w.stmt(f.body, tail) })
	if a.flow.reach != inShell {
		a.flow = flow{}
	}
	r := w.settle([]arm{a}, true)
	r.probe = a.result.probe
	if !had {
		params = value{}
	}
	w.env.set(paramsName, params)
	w.calls--
	f.active = false
	w.src, w.srcText, w.at, w.funcName, w.repeated = src, text, at, name, repeated
	return r
}

// programs walks the programs that a command is given as text.
func (w *walker) programs(c *Command) {
	program, args := c.program, c.Args()
	switch program {
	case "gosu", "su-exec", "setpriv", "runuser", "chroot", "tini", "dumb-init":
		if p, a := c.Underlying(); isShell(p) {
			program, args = p, a
		}
	}
	switch {
	case isShell(program), program == "su", program == "runuser":
		if body, params, ok := dashC(program, args); ok {
			own := value{state: known, array: true}
			for i, p := range params {
				if i > 0 {
					own.list = append(own.list, p.Text)
				}
				if !p.Known {
					own.state = unknown
				}
			}
			w.innerProgram(body, own)
			return
		}
		for _, a := range args {
			if a.Text == "-s" {
				break
			}
			if !strings.HasPrefix(a.Text, "-") && isShell(program) {
				return // a script's name
			}
		}
		for _, r := range c.Redirects {
			if r.Fd == 0 && r.Body.Text != "" {
				w.innerProgram(r.Body, value{})
			}
		}
	}
}

// innerProgram walks a program inside a word, in a shell of its own.
func (w *walker) innerProgram(body Word, params value) {
	w.alone(func() result {
		w.env.set(paramsName, params)
		return w.text(body, false)
	})
}

// text walks a program inside a word, in this shell.
func (w *walker) text(body Word, tail bool) result {
	if w.inner >= maxInner {
		w.stop(deepInner)
		return result{}
	}
	if !w.spend(stepsOfInner * len(body.Text)) {
		return result{}
	}
	src := []byte(body.Text)
	if err := sane(src); err != nil {
		w.stop(err.Error())
		return result{}
	}
	shell := ""
	if w.bash {
		shell = "bash"
	}
	file, bash, err := parse(src, shell)
	if err != nil {
		w.script.Truncated = w.script.Truncated || body.Known
		return result{}
	}
	oldSrc, oldText, oldAt, oldBash, oldSubsted := w.src, w.srcText, w.at, w.bash, w.substed
	w.at = w.placeOf(body.Span, src)
	w.src, w.srcText, w.bash, w.substed = src, body.Text, bash, body.subst
	w.inner++
	w.depth += 10
	r := w.stmts(file.Stmts, tail)
	w.depth -= 10
	w.inner--
	w.src, w.srcText, w.at, w.bash, w.substed = oldSrc, oldText, oldAt, oldBash, oldSubsted
	return r
}

// placeOf finds the text of a word in the source, where it stands as it is.
func (w *walker) placeOf(span text.Span, src []byte) place {
	if !w.at.fixed {
		for skip := range 2 {
			from := span.Start - w.at.base + skip
			if from >= 0 && from+len(src) <= len(w.src) && from+len(src) <= span.End-w.at.base && bytes.Equal(w.src[from:from+len(src)], src) {
				return place{base: w.at.base + from}
			}
		}
	}
	return place{whole: span, fixed: true}
}
