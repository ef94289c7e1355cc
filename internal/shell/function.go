package shell

import "mvdan.cc/sh/v3/syntax"

// A function is one that the program declares.
type function struct {
	name   string
	stmt   *syntax.Stmt
	body   *body // in which stmt stands
	called bool
	active bool
}

// declare remembers a function; its body is walked where it is called.
func (w *walker) declare(d *syntax.FuncDecl) {
	if d.Name == nil || d.Body == nil {
		return
	}
	if w.funcs == nil {
		w.funcs = map[string]*function{}
	}
	f := &function{name: d.Name.Value, stmt: d.Body, body: w.body}
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
	outer := w.frame
	params, had := w.env.get(paramsName)
	w.body, w.funcName, w.before, w.repeated = f.body, f.name, None, outer.repeated || f.called
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
	a := w.branch(Always, tail, func(tail bool) result { return w.stmt(f.stmt, tail) })
	if a.flow.reach != inShell {
		a.flow = flow{}
	}
	r := w.settle([]arm{a}, true)
	r.probe = a.result.probe
	if !had {
		params = value{}
	}
	w.env.set(paramsName, params)
	f.active = false
	w.resume(outer)
	return r
}
