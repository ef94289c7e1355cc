package fix

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/dockworthy/dockworthy/check"
)

// A fault is what is wrong after some fixes, and where.
type fault struct {
	unit, file, why string
	still           string // the check of which more is left than should be; "" = something else is wrong
}

const (
	tried      = "its fix was tried "
	tookBack   = tried + "and taken back: "
	tookBeside = tried + "beside others and taken back: "
)

// round applies fixes: all at once where that does, else those that do. Fixes of units that
// share no file have nothing to do with each other, so that what goes wrong with some says
// nothing of the others, and those of many units are tried at once.
func (r *runner[P]) round(list []Candidate) error {
	groups := grouped(list)
	var doubtful [][]Candidate
	for fine := groups.list; len(fine) > 0; {
		next, done, wrong, err := r.try(slices.Concat(fine...))
		if err != nil {
			return err
		}
		if len(wrong) == 0 {
			r.accept(next, done)
			break
		}
		why, known := groups.blamed(fine, wrong)
		if !known {
			doubtful = append(doubtful, fine...)
			break
		}
		var rest [][]Candidate
		for n, g := range fine {
			switch i := culprit(g, wrong); {
			case why[n] == "":
				rest = append(rest, g)
			case i < 0:
				doubtful = append(doubtful, g)
			default:
				// What did not quiet its own finding is known by that: the others go on without it.
				r.refuse(g[i], tookBack+why[n])
				if g = slices.Delete(slices.Clone(g), i, i+1); len(g) > 0 {
					rest = append(rest, g)
				}
			}
		}
		fine = rest
	}
	good, err := r.alone(groups, doubtful)
	if err != nil {
		return err
	}
	// Together they may still be at odds: the most of each group that are not, from the first.
	for len(good) > 0 {
		next, done, wrong, err := r.try(slices.Concat(good...))
		if err != nil {
			return err
		}
		if len(wrong) == 0 {
			r.accept(next, done)
			return nil
		}
		why, known := groups.blamed(good, wrong)
		if !known {
			why[len(why)-1] = wrong[0].why
		}
		var less [][]Candidate
		for n, g := range good {
			if why[n] != "" {
				r.refuse(g[len(g)-1], tookBeside+why[n])
				g = g[:len(g)-1]
			}
			if len(g) > 0 {
				less = append(less, g)
			}
		}
		good = less
	}
	return nil
}

// alone tries the fixes of each group one after the other, and is those that do.
func (r *runner[P]) alone(groups *groups, list [][]Candidate) ([][]Candidate, error) {
	good := make([][]Candidate, len(list))
	for i, more := 0, true; more; i++ {
		more = false
		var batch [][]Candidate
		var of []int
		for n, g := range list {
			if i < len(g) {
				batch, of, more = append(batch, g[i:i+1]), append(of, n), true
			}
		}
		why, err := r.sound(groups, batch)
		if err != nil {
			return nil, err
		}
		for n, one := range batch {
			if why[n] != "" {
				r.refuse(one[0], tookBack+why[n])
			} else {
				good[of[n]] = append(good[of[n]], one[0])
			}
		}
	}
	return slices.DeleteFunc(good, func(g []Candidate) bool { return len(g) == 0 }), nil
}

// sound is what is wrong with each of some fixes of different groups; "" = nothing. Where
// none of them can be blamed, each half of them is tried by itself.
func (r *runner[P]) sound(groups *groups, batch [][]Candidate) ([]string, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	_, _, wrong, err := r.try(slices.Concat(batch...))
	if err != nil {
		return nil, err
	}
	why, known := groups.blamed(batch, wrong)
	if known {
		return why, nil
	}
	if len(batch) == 1 {
		return []string{wrong[0].why}, nil
	}
	half := len(batch) / 2
	first, err := r.sound(groups, batch[:half])
	if err != nil {
		return nil, err
	}
	second, err := r.sound(groups, batch[half:])
	return slices.Concat(first, second), err
}

func (r *runner[P]) refuse(c Candidate, why string) { r.refused[key(c.Unit, c.Finding)] = why }

// culprit is the one fix of a group that can be blamed for all that is wrong with it; -1 =
// there is none, or several.
func culprit(group []Candidate, wrong []fault) int {
	if len(group) == 1 {
		return 0
	}
	found := -1
	for _, w := range wrong {
		for i, c := range group {
			if w.unit != fmt.Sprint(c.Unit) {
				continue
			}
			if w.still == "" || w.still == c.Finding.ID() && found >= 0 && found != i {
				return -1
			}
			if w.still == c.Finding.ID() {
				found = i
			}
		}
	}
	return found
}

// Groups are fixes that may have to do with each other: of one unit, or of one file.
type groups struct {
	list  [][]Candidate
	units map[string]int // by their names, the group that is of them
	files map[string]int
}

// grouped sorts fixes into groups, in their order.
func grouped(list []Candidate) *groups {
	g := &groups{units: map[string]int{}, files: map[string]int{}}
	parent := make([]int, len(list))
	var root func(int) int
	root = func(i int) int {
		if parent[i] != i {
			parent[i] = root(parent[i])
		}
		return parent[i]
	}
	for i, c := range list {
		parent[i] = i
		join := func(of map[string]int, name string) {
			if o, ok := of[name]; ok {
				a, b := root(o), root(i)
				parent[max(a, b)] = min(a, b)
			} else {
				of[name] = i
			}
		}
		join(g.units, fmt.Sprint(c.Unit))
		for _, e := range c.Fix.Edits {
			join(g.files, e.File.Name)
		}
		for _, n := range c.Fix.Create {
			join(g.files, n.Path)
		}
	}
	index := map[int]int{}
	for i, c := range list {
		n, ok := index[root(i)]
		if !ok {
			n = len(g.list)
			index[root(i)] = n
			g.list = append(g.list, nil)
		}
		g.list[n] = append(g.list[n], c)
	}
	for _, of := range []map[string]int{g.units, g.files} {
		for name, i := range of {
			of[name] = index[root(i)]
		}
	}
	return g
}

// blamed is what is wrong with each of some groups, or parts of them; "" = nothing that is
// known. known is false where something is wrong and none of them can be blamed.
func (g *groups) blamed(list [][]Candidate, wrong []fault) (why []string, known bool) {
	why = make([]string, len(list))
	for _, w := range wrong {
		n, ok := g.units[w.unit]
		if !ok {
			n, ok = g.files[w.file]
		}
		for i, part := range list {
			if ok && g.of(part[0].Unit) == n {
				why[i] = cmp.Or(why[i], w.why)
			}
		}
	}
	return why, len(wrong) == 0 || slices.ContainsFunc(why, func(s string) bool { return s != "" })
}

// of is the group of a unit's fixes.
func (g *groups) of(u check.Unit) int { return g.units[fmt.Sprint(u)] }
