package shell

import (
	"github.com/dockworthy/dockworthy/text"
	"mvdan.cc/sh/v3/syntax"
)

// walker goes through a program in the order in which the shell would.
type walker struct {
	frame
	script *Script
	in     Input
	root   *scope

	funcs    map[string]*function
	order    []*function // as declared
	extra    int         // statements walked again
	wild     bool        // something may call functions that is not seen
	optional bool        // some shell has options
	dirs     []value     // pushd
}

// result is what a statement comes to.
type result struct {
	status      When // exit status 0
	probe       bool // the status cannot be taken for granted
	first, last *Command
	ends        []Ending // of a statement in last place
}

func newWalker(s *Script, in Input, bash bool) *walker {
	if in.Budget == nil {
		in.Budget = NewBudget(len(in.Src))
	}
	root := &scope{}
	w := &walker{script: s, in: in, root: root, frame: frame{
		reading: reading{body: &body{src: in.Src, at: place{base: in.Base}}, bash: bash},
		process: process{env: &scope{parent: root}, cur: Always},
	}}
	if in.Dir != "" {
		root.set(dirName, value{state: known, text: in.Dir})
	} else {
		root.set(dirName, value{state: guess})
	}
	if in.Params != nil {
		w.env.set(paramsName, value{state: known, list: in.Params})
	}
	w.setOptions(in.Options)
	return w
}

func (w *walker) program(file *syntax.File) {
	r := w.stmts(file.Stmts, true)
	w.script.tail = r.ends
	if len(file.Stmts) == 0 {
		w.script.tail = []Ending{{Falls: true}}
	}
	w.cur = Never
	if w.wild {
		w.cur = Maybe
	}
	w.apart++
	// Bodies may declare functions, so the list may grow.
	for i := 0; i < len(w.order); i++ {
		if f := w.order[i]; !f.called {
			w.call(f, nil, false)
		}
	}
}

func (w *walker) stmts(list []*syntax.Stmt, tail bool) result {
	var all result
	before := w.before
	for i, s := range list {
		if i > 0 {
			w.before = behind(list[i-1])
		}
		r := w.stmt(s, tail && i == len(list)-1)
		if c := behind(s); c == Amp || i+1 < len(list) {
			r.follow(c)
		}
		if i == 0 {
			all.first = r.first
		}
		if r.last != nil {
			all.last = r.last
		}
		all.status, all.probe, all.ends = r.status, r.probe, r.ends
	}
	w.before = before
	return all
}

// arm walks statements as one branch of a construct.
func (w *walker) arm(taken When, tail bool, list []*syntax.Stmt) arm {
	return w.branch(taken, tail, func(tail bool) result { return w.stmts(list, tail) })
}

func (w *walker) substitution(list []*syntax.Stmt) {
	if w.substed {
		return
	}
	prev := w.prev
	w.alone(func() result {
		w.subst = true
		return w.stmts(list, false)
	})
	w.prev = prev
}

func (w *walker) stmt(s *syntax.Stmt, tail bool) result {
	w.in.Budget.steps.Spent++
	if w.repeated {
		w.extra++
		if !w.spend(stepsOfExtra) {
			return result{}
		}
	}
	if w.depth > maxDepth {
		w.stop(deepNest)
		return result{}
	}
	w.depth++
	defer func() { w.depth-- }()
	if s.Background || s.Disown || s.Coprocess {
		r := w.alone(func() result {
			w.detached = true
			return w.command(s, tail)
		})
		r.status, r.probe = Always, false
		if tail && len(r.ends) == 0 && r.last != nil {
			r.ends = []Ending{{Command: r.last, When: r.last.When}}
		}
		return r
	}
	r := w.command(s, tail)
	if s.Negated {
		r.status = r.status.not()
	}
	return r
}

func (w *walker) command(s *syntax.Stmt, tail bool) result {
	var r result
	switch c := s.Cmd.(type) {
	case nil:
		return w.bare(s)
	case *syntax.CallExpr:
		return w.simple(s, c, tail)
	case *syntax.DeclClause:
		return w.decl(s, c, tail)
	case *syntax.BinaryCmd:
		if c.Op == syntax.AndStmt || c.Op == syntax.OrStmt {
			r = w.chain(c, tail)
		} else {
			r = w.pipeline(c, tail)
		}
	case *syntax.Block:
		r = w.stmts(c.Stmts, tail)
	case *syntax.Subshell:
		r = w.alone(func() result { return w.stmts(c.Stmts, tail) })
	case *syntax.IfClause:
		r = w.ifClause(c, tail)
	case *syntax.CaseClause:
		r = w.caseClause(c, tail)
	case *syntax.WhileClause:
		r = w.while(c, tail)
	case *syntax.ForClause:
		r = w.forClause(c, tail)
	case *syntax.FuncDecl:
		w.declare(c)
		r = result{status: Always}
		if tail {
			r.ends = []Ending{{Falls: true}}
		}
	case *syntax.TestClause:
		r = result{status: w.testExpr(c.X), probe: true}
		if tail {
			r.ends = []Ending{{Falls: true}}
		}
	case *syntax.TimeClause:
		if c.Stmt != nil {
			r = w.stmt(c.Stmt, tail)
		}
	case *syntax.CoprocClause:
		r = w.alone(func() result { return w.stmt(c.Stmt, false) })
	case *syntax.ArithmCmd:
		w.inside(c.X)
		w.forget(c)
		r.probe = true
	case *syntax.LetClause:
		w.forget(c)
		r.probe = true
	default:
		w.script.Truncated = true
	}
	if len(s.Redirs) > 0 {
		w.bare(s)
	}
	return r
}

// forget makes the variables unknown that arithmetic may change.
func (w *walker) forget(n syntax.Node) {
	syntax.Walk(n, func(n syntax.Node) bool {
		if word, ok := n.(*syntax.Word); ok {
			if name := word.Lit(); name != "" && isName(name[0]) && !isPositional(name) {
				w.assign(name, value{})
			}
			return false
		}
		return true
	})
}

// bare lists redirections that belong to no simple command.
func (w *walker) bare(s *syntax.Stmt) result {
	c := w.newCommand()
	c.Redirects = w.redirects(s.Redirs)
	for i, r := range c.Redirects {
		if i == 0 {
			c.Span = r.Span
		}
		c.Span = c.Span.Join(r.Span)
	}
	w.add(c)
	return result{status: Always, first: c, last: c, ends: []Ending{{Falls: true}}}
}

func (w *walker) redirects(list []*syntax.Redirect) []Redirect {
	if len(list) == 0 {
		return nil
	}
	out := make([]Redirect, 0, len(list))
	for _, r := range list {
		d := Redirect{Op: r.Op.String(), Fd: 1}
		start := r.OpPos.Offset()
		switch r.Op {
		case syntax.RdrIn, syntax.DplIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc, syntax.RdrInOut:
			d.Fd = 0
		}
		if r.N != nil {
			start = r.N.Pos().Offset()
			d.Fd = -1 // {name}>file
			if n := r.N.Value; len(n) == 1 && '0' <= n[0] && n[0] <= '9' {
				d.Fd = int(n[0] - '0')
			}
		}
		end := r.OpPos.Offset() + uint(len(d.Op))
		if r.Word != nil {
			end = r.Word.End().Offset()
			d.Target = w.word(r.Word)
		}
		if r.Op == syntax.Hdoc || r.Op == syntax.DashHdoc {
			d.Body = w.document(r.Hdoc, hasQuote(r.Word), r.Op == syntax.DashHdoc)
		} else if r.Op == syntax.WordHdoc {
			d.Body = d.Target
		}
		d.Span = w.body.at.span(start, end)
		out = append(out, d)
	}
	return out
}

// hasQuote tells whether a here-document's delimiter is quoted in any part.
func hasQuote(word *syntax.Word) bool {
	for _, p := range word.Parts {
		switch p := p.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			return true
		case *syntax.Lit:
			for i := range len(p.Value) {
				if p.Value[i] == '\\' {
					return true
				}
			}
		}
	}
	return false
}

// newCommand is a command with what the walker knows at this point.
func (w *walker) newCommand() *Command {
	o := w.options()
	return &Command{When: w.cur, Background: w.detached, Substitution: w.subst, Inner: w.inner > 0, Func: w.funcName, Dir: w.env.dir(), Before: w.before, Errexit: o.Errexit, Pipefail: o.Pipefail}
}

func (s *scope) dir() string {
	v, _ := s.get(dirName)
	return v.text
}

func (w *walker) add(c *Command) {
	c.Index = len(w.script.Commands)
	w.script.Commands = append(w.script.Commands, c)
	if !c.Substitution && !c.Background && len(c.Words) > 0 {
		w.prev = c
	}
}

// cover makes c's span hold a part of it.
func (c *Command) cover(s text.Span) {
	if c.Span.IsZero() {
		c.Span = s
		return
	}
	c.Span = c.Span.Join(s)
}
