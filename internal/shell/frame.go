package shell

import (
	"github.com/dockworthy/dockworthy/text"
)

// A frame is where a walk stands: what it reads, and the state of the shell that
// reads it. Whoever enters something copies the frame and puts the copy back
// behind it. What stays of what happened inside depends on what was entered:
//
//   - A branch (an arm of if, case or a loop, a side of && and ||) runs on a copy
//     of the shell: nothing stays, but its variables, its folder and its flow are
//     handed to settle, which brings the arms together.
//   - A subshell ((…), a side of a pipe, what ends in &, a program in a word of sh
//     -c) is a branch whose variables, folder and flow nobody asks for: exit ends
//     it alone.
//   - A substitution is a subshell that leaves no trace at all: the command before
//     it stays the one before.
//   - A function reads another text in the same shell, under its own name; its body
//     is a branch that is settled at once, so that return ends it alone.
//   - An eval reads another text in the same shell: all of the shell's state stays.
type frame struct {
	reading
	process
}

// reading is what is read, and how the walk came there.
type reading struct {
	body     *body
	bash     bool      // in bash's language
	substed  bool      // the text was listed already: skip its substitutions
	inner    int       // programs inside programs
	depth    int       // statements, words and tests inside of each other
	calls    int       // functions inside functions
	funcName string    // "" is none
	loops    *loop     // the innermost loop over known words; nil is none
	repeated bool      // inside a loop or call whose statements count as extra
	before   Connector // what leads to the next command
}

// process is the state of the shell.
type process struct {
	env  *scope   // variables, folders, parameters, options
	cur  When     // whether the next command runs
	flow flow     // what happened to the flow in the arm being walked
	prev *Command // the last foreground command that is no substitution

	apart    int  // > 0 where exit ends less than the program
	subst    bool // in a substitution
	detached bool // in the background
	failed   bool // right of ||: a bare exit hands on a failure
}

// rejoin puts a frame back behind a branch. Commands ran all the same: the last
// of them is the one before the next.
func (w *walker) rejoin(outer frame) {
	outer.prev = w.prev
	w.frame = outer
}

// resume puts back what was read before a function or an eval, which ran in this
// shell.
func (w *walker) resume(outer frame) { w.reading = outer.reading }

// branch walks a body as one arm of a construct.
func (w *walker) branch(taken When, tail bool, walk func(tail bool) result) arm {
	outer := w.frame
	w.cur, w.env, w.flow = outer.cur.and(taken), &scope{parent: outer.env}, flow{}
	r := walk(tail)
	a := arm{taken: taken, scope: w.env, flow: w.flow, result: r}
	if taken == Never {
		a.result.ends = nil
	}
	w.rejoin(outer)
	return a
}

// alone walks a body in a subshell.
func (w *walker) alone(walk func() result) result {
	return w.branch(Always, false, func(bool) result {
		w.apart++
		return walk()
	}).result
}

// body is a text that is walked: a program, or one inside a word.
type body struct {
	src  []byte
	text string // src once more, so that parts of it are had for nothing; "" = not made yet
	at   place
}

// source is the text between two offsets, cut when long.
func (b *body) source(from, to uint) string {
	if b.text == "" {
		b.text = string(b.src)
	}
	end := min(int(to), len(b.src), int(from)+1024)
	return b.text[min(int(from), end):end]
}

// place maps an offset in the program being walked to the file. Programs
// inside words (`sh -c "…"`) have only the word's span, unless the word's
// text is its source byte for byte.
type place struct {
	base  int
	whole text.Span // of the word; zero when offsets are exact
	fixed bool
}

func (p place) span(start, end uint) text.Span {
	if p.fixed {
		return p.whole
	}
	return text.Span{Start: p.base + int(start), End: p.base + int(max(start, end))}
}
