package shell

import "mvdan.cc/sh/v3/syntax"

// loop is a loop over known words that is being walked.
type loop struct {
	name  string
	used  bool
	outer *loop
}

func (w *walker) while(c *syntax.WhileClause, tail bool) result {
	var cond result
	var enters When
	var a arm
	touched := w.shaken(c, func() {
		cond = w.stmts(c.Cond, false)
		enters = cond.status
		if c.Until {
			enters = enters.not()
		}
		before := w.before
		w.before = Next
		a = w.arm(enters, false, c.Do)
		w.before = before
		if a.flow.reach == inLoop {
			a.flow = flow{}
		}
		w.settle([]arm{a}, false)
	})
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

// shaken walks a loop once for all its passes, of which a later one may see other
// values than the first one does: what the loop assigns is unknown from its
// beginning. touched is what was set in it.
func (w *walker) shaken(n syntax.Node, walk func()) (touched map[string]value) {
	changed := w.changedIn(n)
	outer := w.env
	w.env = &scope{parent: outer, opaque: changed == nil, vars: changed}
	walk()
	touched = w.env.vars
	w.env = outer
	return touched
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
			case "set":
				changed[paramsName], changed[optionsName] = value{}, value{}
			case "shift":
				changed[paramsName] = value{}
			}
		}
		return true
	})
	return changed
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
	var a arm
	touched := w.shaken(c, func() {
		if name != "" {
			w.env.set(name, v)
		}
		a = w.arm(enters, false, c.Do)
		if a.flow.reach == inLoop {
			a.flow = flow{}
		}
		w.settle([]arm{a}, enters == Always)
	})
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
	outer := w.frame
	l := &loop{name: name, outer: w.loops}
	w.loops = l
	var r result
	for i, item := range items {
		if i > 0 {
			w.repeated, w.before = true, Next
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
	w.resume(outer)
	if w.flow == outer.flow {
		w.cur = outer.cur // only the loop was left
	}
	if tail {
		r.ends = []Ending{{Loop: true, Command: r.last, When: w.cur}}
	}
	return r
}
