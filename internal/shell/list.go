package shell

import "mvdan.cc/sh/v3/syntax"

// chain walks a list of && and ||. It assumes that commands succeed, but not
// that tests do; in last place even tests must succeed, or the build stops.
func (w *walker) chain(c *syntax.BinaryCmd, tail bool) result {
	var ops []syntax.BinCmdOperator
	var items []*syntax.Stmt
	first := unchain(c, &ops, &items)

	// The last || decides up to where a failure is caught.
	lastOr := -1
	for i, op := range ops {
		if op == syntax.OrStmt {
			lastOr = i
		}
	}
	from := len(w.script.Commands)
	r := w.stmt(first, tail)
	status, probe := r.status, r.probe
	out := result{first: r.first, last: r.last}
	// won and failed are the ends of the paths on which the list so far has
	// succeeded or failed.
	won, failed := outcomes(r)
	for i, op := range ops {
		runs := Always
		if op == syntax.AndStmt {
			switch status {
			case Never:
				runs = Never
			case Maybe:
				if probe && (!tail || lastOr > i) {
					runs = Maybe
				}
			}
		} else {
			if status == Maybe {
				runs = Maybe
			} else {
				runs = status.not()
			}
			if swallows(items[i]) {
				for _, c := range w.script.Commands[from:] {
					c.Ignored = true
				}
				from = len(w.script.Commands)
			}
		}
		handsOn := w.failed
		w.failed = op == syntax.OrStmt
		a := w.branch(runs, tail, func(tail bool) result { return w.stmt(items[i], tail) })
		w.failed = handsOn
		w.settle([]arm{a}, runs == Always)
		if a.result.last != nil {
			out.last = a.result.last
		}
		if tail && runs != Never {
			yes, no := outcomes(a.result)
			if op == syntax.AndStmt {
				won, failed = yes, append(failed, no...)
			} else {
				won, failed = append(won, yes...), no
			}
		}
		switch {
		case runs == Always:
			status, probe = a.result.status, a.result.probe
		case runs == Maybe && op == syntax.AndStmt:
			status, probe = Maybe, true
		case runs == Maybe:
			status, probe = Maybe, a.result.probe && probe
			if a.result.status == Always {
				status = Always
			}
			if a.flow.lost >= hasEnd {
				// cmd || exit: who comes here has seen cmd succeed.
				status, probe = Always, false
			}
		}
	}
	out.status, out.probe = status, probe
	if tail {
		out.ends = append(won, failed...)
	}
	return out
}

// outcomes are the ends of a statement that succeeds, and of one that fails.
// Only tests are taken to fail.
func outcomes(r result) (won, failed []Ending) {
	if r.status != Never {
		won = r.ends
	}
	if r.status == Never || r.status == Maybe && r.probe {
		failed = r.ends
	}
	return won[:len(won):len(won)], failed[:len(failed):len(failed)]
}

// unchain takes the left-leaning tree apart without recursion.
func unchain(c *syntax.BinaryCmd, ops *[]syntax.BinCmdOperator, items *[]*syntax.Stmt) (first *syntax.Stmt) {
	pipe := c.Op != syntax.AndStmt && c.Op != syntax.OrStmt
	for {
		*ops = append(*ops, c.Op)
		*items = append(*items, c.Y)
		x, ok := c.X.Cmd.(*syntax.BinaryCmd)
		if !ok || len(c.X.Redirs) > 0 || c.X.Negated || pipe != (x.Op != syntax.AndStmt && x.Op != syntax.OrStmt) {
			break
		}
		c = x
	}
	reverse(*ops)
	reverse(*items)
	return c.X
}

func reverse[T any](s []T) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}

// swallows tells whether the right side of || makes any failure a success.
func swallows(s *syntax.Stmt) bool {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 || s.Negated {
		return false
	}
	switch c.Args[0].Lit() {
	case "true", ":", "echo", "printf":
		return true
	case "exit", "return":
		return len(c.Args) > 1 && c.Args[1].Lit() == "0"
	}
	return false
}

// pipeline walks commands joined by |, each in a shell of its own.
func (w *walker) pipeline(c *syntax.BinaryCmd, tail bool) result {
	var ops []syntax.BinCmdOperator
	var items []*syntax.Stmt
	first := unchain(c, &ops, &items)
	r := w.alone(func() result { return w.stmt(first, false) })
	out := result{first: r.first}
	last := r.last
	for i, item := range items {
		r = w.alone(func() result { return w.stmt(item, tail && i == len(items)-1) })
		if last != nil && r.first != nil {
			last.PipeTo, r.first.PipeFrom = r.first, last
		}
		last = r.last
	}
	out.last, out.status, out.probe, out.ends = r.last, r.status, r.probe, r.ends
	return out
}

func (w *walker) while(c *syntax.WhileClause, tail bool) result {
	// A later pass may see other values than the first one does.
	changed := w.changedIn(c)
	env := w.env
	w.env = &scope{parent: env, opaque: changed == nil, vars: changed}
	cond := w.stmts(c.Cond, false)
	enters := cond.status
	if c.Until {
		enters = enters.not()
	}
	a := w.arm(enters, false, c.Do)
	if a.flow.reach == inLoop {
		a.flow = flow{}
	}
	w.settle([]arm{a}, false)
	touched := w.env.vars
	w.env = env
	for name := range touched {
		w.env.set(name, value{})
	}
	r := result{status: Maybe}
	if tail {
		e := Ending{Loop: true, Command: a.result.last, When: w.cur}
		if e.Command == nil {
			e.Command = cond.last
		}
		if enters == Never {
			e = Ending{Falls: true}
		}
		r.ends = []Ending{e}
	}
	r.first, r.last = cond.first, a.result.last
	return r
}

// changedIn are the variables that a loop assigns, all unknown; nil means
// that the loop stands too deep to look for them.
func (w *walker) changedIn(n syntax.Node) map[string]value {
	changed := map[string]value{}
	nesting := 0
	for l := w.env; l != nil; l = l.parent {
		if l.opaque {
			return nil
		}
		nesting++
	}
	if nesting > 20 {
		return nil
	}
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Assign:
			if n.Name != nil {
				changed[n.Name.Value] = value{}
			}
		case *syntax.WordIter:
			changed[n.Name.Value] = value{}
		case *syntax.CallExpr:
			if len(n.Args) == 0 {
				break
			}
			switch n.Args[0].Lit() {
			case "read", "getopts", "export", "local", "unset", "readonly", "eval", ".", "source":
				for _, a := range n.Args[1:] {
					if name, _, _ := cutName(a.Lit()); name != "" {
						changed[name] = value{}
					}
				}
			case "cd", "pushd", "popd":
				changed[dirName] = value{}
			case "shift", "set":
				changed[paramsName] = value{}
			}
		}
		return true
	})
	return changed
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

func (w *walker) forClause(c *syntax.ForClause, tail bool) result {
	iter, ok := c.Loop.(*syntax.WordIter)
	if !ok || c.Select {
		w.inside(c.Loop)
		return w.again(c, "", value{}, Maybe, tail)
	}
	var items []Word
	if iter.InPos.IsValid() {
		for _, item := range iter.Items {
			items = w.words(items, item)
		}
	} else if all := w.get(paramsName); all.state == known && all.array {
		for _, p := range all.list {
			items = append(items, Word{Text: p, Known: true})
		}
	} else {
		return w.again(c, iter.Name.Value, value{}, Maybe, tail)
	}
	certain, globs := false, false
	for _, item := range items {
		certain = certain || item.Known
		globs = globs || item.Glob || !item.Known
	}
	switch {
	case len(items) == 0:
		return w.again(c, iter.Name.Value, value{}, Never, tail)
	case !certain:
		return w.again(c, iter.Name.Value, value{}, Maybe, tail)
	case globs && len(items) == 1:
		return w.again(c, iter.Name.Value, value{state: guess, text: items[0].Text}, Always, tail)
	case len(items) > maxUnroll || w.extra > maxExtra:
		return w.again(c, iter.Name.Value, value{}, Always, tail)
	}
	return w.unroll(c, iter.Name.Value, items, tail)
}

// again walks a loop's body once for all its passes.
func (w *walker) again(c *syntax.ForClause, name string, v value, enters When, tail bool) result {
	changed := w.changedIn(c)
	env := w.env
	w.env = &scope{parent: env, opaque: changed == nil, vars: changed}
	if name != "" {
		w.env.set(name, v)
	}
	a := w.arm(enters, false, c.Do)
	if a.flow.reach == inLoop {
		a.flow = flow{}
	}
	w.settle([]arm{a}, enters == Always)
	touched := w.env.vars
	w.env = env
	if enters != Never {
		for name := range touched {
			w.env.set(name, value{})
		}
	}
	r := result{first: a.result.first, last: a.result.last}
	if tail {
		r.ends = []Ending{{Loop: true, Command: a.result.last, When: w.cur}}
	}
	return r
}

// unroll walks the body once for each word, or once when it does not look.
func (w *walker) unroll(c *syntax.ForClause, name string, items []Word, tail bool) result {
	l := &loop{name: name, outer: w.loops}
	w.loops = l
	was := w.repeated
	var r result
	cur, before := w.cur, w.flow
	for i, item := range items {
		if i > 0 {
			w.repeated = true
			if w.extra > maxExtra {
				w.stop(manySteps)
				break
			}
		}
		v := value{state: known, text: item.Text}
		if !item.Known {
			v = value{}
		} else if item.Glob {
			v.state = guess
		}
		w.assign(name, v)
		a := w.arm(Always, false, c.Do)
		r.last = a.result.last
		if i == 0 {
			r.first = a.result.first
		}
		inside := a.flow
		if inside.reach == inLoop {
			a.flow = flow{}
		}
		w.settle([]arm{a}, true)
		if !l.used || inside.lost >= hasEnd {
			break
		}
		if inside.lost == mayEnd {
			// A break under a condition: later passes may not run.
			w.cur = w.cur.and(Maybe)
		}
	}
	w.loops, w.repeated = l.outer, was
	if w.flow == before {
		w.cur = cur // only the loop was left
	}
	if tail {
		r.ends = []Ending{{Loop: true, Command: r.last, When: w.cur}}
	}
	return r
}
