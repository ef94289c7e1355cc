package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// isProbe tells whether a program is run to learn something rather than to
// change something, so that its success cannot be taken for granted.
func isProbe(program string) bool {
	switch program {
	case "test", "[", "[[", "grep", "egrep", "fgrep", "command", "which", "type", "hash", "getent", "id", "cmp", "diff", "dpkg-query", "pgrep", "false", "read", "stat", "pidof":
		return true
	}
	return false
}

// condition evaluates test, [ and [[ on what is known. args leave out the
// program's name and the closing bracket.
func condition(args []Word, pattern bool) When {
	// -o binds weaker than -a; both are rare enough for a plain split.
	if len(args) > 3 {
		for _, op := range []string{"-o", "||"} {
			if i := operator(args, op); i > 0 {
				return or(condition(args[:i], pattern), condition(args[i+1:], pattern))
			}
		}
		for _, op := range []string{"-a", "&&"} {
			if i := operator(args, op); i > 0 {
				return condition(args[:i], pattern).and(condition(args[i+1:], pattern))
			}
		}
	}
	switch len(args) {
	case 0:
		return Never
	case 1:
		return nonEmpty(args[0])
	case 2:
		if args[0].Quoted || len(args[0].Vars) > 0 {
			return Maybe
		}
		switch args[0].Text {
		case "!":
			return condition(args[1:], pattern).not()
		case "-n":
			return nonEmpty(args[1])
		case "-z":
			return nonEmpty(args[1]).not()
		}
		return Maybe
	case 3:
		if args[1].Quoted || len(args[1].Vars) > 0 {
			return Maybe
		}
		if args[0].Text == "!" && !args[0].Quoted {
			return condition(args[1:], pattern).not()
		}
		return compare(args[1].Text, args[0], args[2], pattern && args[2].Glob)
	case 4:
		if args[0].Text == "!" && !args[0].Quoted {
			return condition(args[1:], pattern).not()
		}
	}
	return Maybe
}

// operator finds an unquoted operator; -1 means that there is none.
func operator(args []Word, op string) int {
	for i, a := range args {
		if a.Text == op && !a.Quoted && len(a.Vars) == 0 {
			return i
		}
	}
	return -1
}

func or(a, b When) When { return a.not().and(b.not()).not() }

func whenTrue(b bool) When {
	if b {
		return Always
	}
	return Never
}

// nonEmpty is the answer to -n.
func nonEmpty(w Word) When {
	if w.Known {
		return whenTrue(w.Text != "")
	}
	return Maybe
}

func compare(op string, a, b Word, pattern bool) When {
	if !a.Known || !b.Known {
		return Maybe
	}
	switch op {
	case "=", "==", "!=":
		same := a.Text == b.Text
		if pattern {
			m, ok := Match(b.Text, a.Text)
			if !ok {
				return Maybe
			}
			same = m
		}
		return whenTrue(same == (op != "!="))
	case "<":
		return whenTrue(a.Text < b.Text)
	case ">":
		return whenTrue(a.Text > b.Text)
	}
	x, err1 := strconv.Atoi(strings.TrimSpace(a.Text))
	y, err2 := strconv.Atoi(strings.TrimSpace(b.Text))
	if err1 != nil || err2 != nil {
		return Maybe
	}
	switch op {
	case "-eq":
		return whenTrue(x == y)
	case "-ne":
		return whenTrue(x != y)
	case "-lt":
		return whenTrue(x < y)
	case "-le":
		return whenTrue(x <= y)
	case "-gt":
		return whenTrue(x > y)
	case "-ge":
		return whenTrue(x >= y)
	}
	return Maybe
}

// testExpr evaluates bash's [[ … ]].
func (w *walker) testExpr(e syntax.TestExpr) When {
	if w.depth > maxDepth {
		w.stop(deepNest)
		return Maybe
	}
	w.depth++
	defer func() { w.depth-- }()
	switch e := e.(type) {
	case *syntax.Word:
		return nonEmpty(w.word(e))
	case *syntax.ParenTest:
		return w.testExpr(e.X)
	case *syntax.UnaryTest:
		if e.Op == syntax.TsNot {
			return w.testExpr(e.X).not()
		}
		x, ok := e.X.(*syntax.Word)
		if !ok {
			return Maybe
		}
		word := w.word(x)
		switch e.Op {
		case syntax.TsNempStr:
			return nonEmpty(word)
		case syntax.TsEmpStr:
			return nonEmpty(word).not()
		case syntax.TsVarSet:
			switch w.get(word.Text).state {
			case known:
				return Always
			case unset:
				return Never
			}
		}
		return Maybe
	case *syntax.BinaryTest:
		switch e.Op {
		case syntax.AndTest:
			return w.testExpr(e.X).and(w.testExpr(e.Y))
		case syntax.OrTest:
			return or(w.testExpr(e.X), w.testExpr(e.Y))
		}
		x, ok1 := e.X.(*syntax.Word)
		y, ok2 := e.Y.(*syntax.Word)
		if !ok1 || !ok2 {
			return Maybe
		}
		switch e.Op {
		case syntax.TsMatch, syntax.TsMatchShort, syntax.TsNoMatch:
			a, b := w.word(x), w.pattern(y)
			if !w.spend(matchSteps(b.Text, a.Text)) {
				return Maybe
			}
			return compare(strings.TrimSpace(e.Op.String()), a, b, true)
		}
		return compare(e.Op.String(), w.word(x), w.word(y), false)
	}
	return Maybe
}

// caseClause walks the items of a case; the subject decides where it is known.
func (w *walker) caseClause(c *syntax.CaseClause, tail bool) result {
	subject := w.word(c.Word)
	arms := make([]arm, 0, len(c.Items))
	left := Always // whether the case gets to the next item
	falls := false
	for _, item := range c.Items {
		hit := Never
		for _, p := range item.Patterns {
			pat := w.pattern(p)
			switch {
			case pat.Text == "*" && pat.Known:
				hit = Always
			case subject.Known && pat.Known:
				m, ok := false, w.spend(matchSteps(pat.Text, subject.Text))
				if ok {
					m, ok = Match(pat.Text, subject.Text)
				}
				if !ok {
					hit = or(hit, Maybe)
				} else {
					hit = or(hit, whenTrue(m))
				}
			default:
				hit = or(hit, Maybe)
			}
		}
		taken := left.and(hit)
		if falls && taken != Always {
			taken = Maybe
		}
		arms = append(arms, w.arm(taken, tail, item.Stmts))
		falls = item.Op != syntax.Break && taken != Never
		left = left.and(hit.not())
	}
	r := w.settle(arms, left == Never)
	if tail && left != Never {
		r.ends = append(r.ends, Ending{Falls: true})
	}
	return r
}

// ifClause walks the branches of an if.
func (w *walker) ifClause(c *syntax.IfClause, tail bool) result {
	// The conditions of a long elif chain all run before what follows, so the
	// chain is walked in a loop rather than by recursion.
	var arms []arm
	left := Always
	outer, before := w.cur, w.before
	for ; c != nil; c = c.Else {
		if !c.ThenPos.IsValid() { // a plain else
			w.before = Next
			arms = append(arms, w.arm(left, tail, c.Then))
			left = Never
			break
		}
		w.cur = outer.and(left)
		cond := w.stmts(c.Cond, false)
		if cond.status != Maybe && w.cur == Never && outer.and(left) != Never {
			cond.status = Maybe // the condition itself ended the program
		}
		w.cur, w.before = outer, Next
		arms = append(arms, w.arm(left.and(cond.status), tail, c.Then))
		left = left.and(cond.status.not())
	}
	w.cur, w.before = outer, before
	r := w.settle(arms, left == Never)
	if tail && left != Never {
		r.ends = append(r.ends, Ending{Falls: true})
	}
	return r
}
