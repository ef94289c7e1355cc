package shell

import "slices"

// state says how much is known of a variable.
type state uint8

const (
	unknown state = iota // may be anything, or unset
	guess                // probably text, but not certainly
	known                // text, and set
	unset                // certainly not set
)

// value is what is known of one variable.
type value struct {
	state state
	text  string
	list  []string // an array's elements, or the positional parameters
	array bool
}

func (v value) certain() bool { return v.state == known || v.state == unset }

func (v value) equal(o value) bool {
	return v.state == o.state && v.text == o.text && v.array == o.array && slices.Equal(v.list, o.list)
}

// Names that no variable can have hold the rest of the shell's state, so that
// subshells and branches treat it as they treat variables.
const (
	dirName     = "\x00dir"
	oldDirName  = "\x00olddir"
	optionsName = "\x00options"
	paramsName  = "@"
)

// scope is one layer of variables: a branch, a subshell, the whole program.
type scope struct {
	vars   map[string]value
	parent *scope
	opaque bool // what lies below may have changed: a loop's second pass
}

func (s *scope) set(name string, v value) {
	if s.vars == nil {
		s.vars = map[string]value{}
	}
	s.vars[name] = v
}

// get finds a variable; ok is false where only Input.Lookup can tell.
func (s *scope) get(name string) (v value, ok bool) {
	v, ok, _ = s.find(name)
	return v, ok
}

// find is get with the number of scopes that were looked through.
func (s *scope) find(name string) (v value, ok bool, passed int) {
	for ; s != nil; s = s.parent {
		passed++
		if v, ok := s.vars[name]; ok {
			return v, true, passed
		}
		if s.opaque && name != dirName {
			return value{}, true, passed
		}
	}
	return value{}, false, passed
}

// lost says that the shell may not come to what follows.
type lost uint8

const (
	goesOn  lost = iota
	mayEnd       // some path has ended
	hasEnd       // every path has ended well
	hasFail      // every path has ended with an error
)

// reach is how far an ending reaches.
type reach uint8

const (
	inLoop reach = iota
	inFunc
	inShell
)

// flow is what a list of commands does to the ones after it.
type flow struct {
	lost  lost
	reach reach
}

// arm is one branch of a construct after it was walked.
type arm struct {
	taken  When // relative to the construct
	scope  *scope
	flow   flow
	result result
}

// settle brings the arms of a construct together: variables that all arms
// leave alike stay known, others become unknown. exhaustive tells that one of
// the arms is taken.
func (w *walker) settle(arms []arm, exhaustive bool) result {
	live := arms[:0:0]
	for _, a := range arms {
		if a.taken == Never {
			continue
		}
		if a.taken == Always {
			exhaustive = true
		}
		live = append(live, a)
	}
	w.merge(live, exhaustive)
	w.lose(join(live, exhaustive))
	r := result{}
	for i, a := range live {
		if i == 0 {
			r.status = a.result.status
		} else if r.status != a.result.status {
			r.status = Maybe
		}
		r.ends = append(r.ends, a.result.ends...)
	}
	if !exhaustive {
		r.status = Maybe
	}
	return r
}

func (w *walker) merge(arms []arm, exhaustive bool) {
	for i, a := range arms {
		// Nobody sees the variables of an arm that ends the program.
		if a.flow.lost == hasEnd || a.flow.lost == hasFail {
			rest := append([]arm(nil), arms[:i]...)
			for _, b := range arms[i+1:] {
				if b.flow.lost != hasEnd && b.flow.lost != hasFail {
					rest = append(rest, b)
				}
			}
			arms = rest
			break
		}
	}
	if len(arms) == 1 && exhaustive {
		for name, v := range arms[0].scope.vars {
			w.env.set(name, v)
		}
		return
	}
	// How many arms set a variable, and whether all to the same.
	type set struct {
		v    value
		arms int
		same bool
	}
	sets := map[string]set{}
	for _, a := range arms {
		for name, v := range a.scope.vars {
			have, ok := sets[name]
			if !ok {
				have = set{v: v, same: true}
			}
			have.arms++
			have.same = have.same && have.v.equal(v)
			sets[name] = have
		}
	}
	for name, have := range sets {
		if have.arms < len(arms) || !exhaustive {
			have.same = have.same && w.get(name).equal(have.v)
		}
		if !have.same {
			have.v = value{}
		}
		w.env.set(name, have.v)
	}
}

// join is the flow after one of the arms was taken. An arm that fails stops
// the build, so that what follows is judged as if it were not there.
func join(arms []arm, exhaustive bool) flow {
	f := flow{}
	alive, ended := !exhaustive, false
	for _, a := range arms {
		switch a.flow.lost {
		case goesOn:
			alive = true
		case mayEnd:
			alive, ended = true, true
		case hasEnd:
			ended = true
		}
		if a.flow.lost != goesOn {
			f.reach = max(f.reach, a.flow.reach)
		}
	}
	switch {
	case alive && ended:
		f.lost = mayEnd
	case ended:
		f.lost = hasEnd
	case !alive && len(arms) > 0:
		f.lost = hasFail
	default:
		f = flow{}
	}
	return f
}

// lose notes that the program may not go on here.
func (w *walker) lose(f flow) {
	if f.lost == goesOn {
		return
	}
	switch f.lost {
	case mayEnd:
		w.cur = w.cur.and(Maybe)
	default:
		w.cur = Never
	}
	w.flow.lost = max(w.flow.lost, f.lost)
	w.flow.reach = max(w.flow.reach, f.reach)
}
