package shell

import (
	"bytes"
	"strings"
)

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
			w.innerProgram(body, own, startOptions(args))
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
				w.innerProgram(r.Body, value{}, startOptions(args))
			}
		}
	}
}

// innerProgram walks a program inside a word, in a shell of its own.
func (w *walker) innerProgram(body Word, params value, o Options) {
	w.alone(func() result {
		w.env.set(paramsName, params)
		w.setOptions(o)
		return w.text(body, false)
	})
}

// text walks a program inside a word, in this shell.
func (w *walker) text(word Word, tail bool) result {
	if w.inner >= maxInner {
		w.stop(deepInner)
		return result{}
	}
	if !w.spend(stepsOfInner * len(word.Text)) {
		return result{}
	}
	src := []byte(word.Text)
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
		w.script.Truncated = w.script.Truncated || word.Known
		return result{}
	}
	outer := w.frame
	w.body, w.bash, w.substed, w.before = w.body.inner(word, src), bash, word.subst, None
	w.inner++
	w.depth += 10
	r := w.stmts(file.Stmts, tail)
	w.resume(outer)
	return r
}

// inner is the text of a word as a body, found in the source where it stands
// there as it is.
func (b *body) inner(word Word, src []byte) *body {
	inner := &body{src: src, text: word.Text, at: place{whole: word.Span, fixed: true}}
	if b.at.fixed {
		return inner
	}
	for skip := range 2 {
		from := word.Span.Start - b.at.base + skip
		if from >= 0 && from+len(src) <= len(b.src) && from+len(src) <= word.Span.End-b.at.base && bytes.Equal(b.src[from:from+len(src)], src) {
			inner.at = place{base: b.at.base + from}
			break
		}
	}
	return inner
}
