package shell

import "mvdan.cc/sh/v3/syntax"

// pipeline walks commands joined by |, each in a shell of its own.
func (w *walker) pipeline(c *syntax.BinaryCmd, tail bool) result {
	var ops []syntax.BinCmdOperator
	var items []*syntax.Stmt
	first := unchain(c, &ops, &items)
	r := w.alone(func() result { return w.stmt(first, false) })
	out := result{first: r.first}
	last := r.last
	for i, item := range items {
		r.follow(Pipe)
		r = w.alone(func() result {
			w.before = Pipe
			return w.stmt(item, tail && i == len(items)-1)
		})
		if last != nil && r.first != nil {
			last.PipeTo, r.first.PipeFrom = r.first, last
		}
		last = r.last
	}
	out.last, out.status, out.probe, out.ends = r.last, r.status, r.probe, r.ends
	return out
}
