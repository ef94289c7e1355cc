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
		out.follow(connects(op))
		a := w.branch(runs, tail, func(tail bool) result {
			w.failed, w.before = op == syntax.OrStmt, connects(op)
			return w.stmt(items[i], tail)
		})
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
