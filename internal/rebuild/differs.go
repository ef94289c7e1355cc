package rebuild

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source"
)

// counterpart is the stage of another version of a Dockerfile that a stage was; nil
// = there was none. Stages go by their names, and those without one by their place.
func counterpart(before *source.Build, st *source.Stage) *source.Stage {
	for _, old := range before.Stages {
		if st.Name != "" && old.Name == st.Name || st.Name == "" && old.Name == "" && old.Index == st.Index {
			return old
		}
	}
	return nil
}

// words are those of an instruction that the builder looks at, with variables as
// they are written.
func words(s *source.Step) string {
	line := s.Joined()
	if s.Keyword != "RUN" {
		line = strings.Join(strings.Fields(line), " ")
	}
	for _, h := range s.Heredocs() {
		line += "\n" + s.HeredocContent(h)
	}
	return strings.TrimSpace(line)
}

// mostAligned is how many instructions of a stage are compared in any order; of
// more, each is compared with the one at its place.
const mostAligned = 400

// align finds out which instructions of a stage are as they were, and notes what
// became of those that are not.
func (x *causes) align(old, st *source.Stage) {
	after := layers(st)
	if old == nil {
		if len(after) > 0 {
			x.news[after[0]] = fmt.Sprintf("the stage %s is new", stageName(st))
		}
		return
	}
	before := layers(old)
	n, m := len(before), len(after)
	texts := func(list []*source.Step) (out []string) {
		for _, s := range list {
			out = append(out, words(s))
		}
		return out
	}
	was, is := texts(before), texts(after)
	var common [][]int // the longest common sequence of what follows
	if n <= mostAligned && m <= mostAligned {
		common = make([][]int, n+1)
		for i := n; i >= 0; i-- {
			common[i] = make([]int, m+1)
			for j := m - 1; j >= 0 && i < n; j-- {
				if was[i] == is[j] {
					common[i][j] = common[i+1][j+1] + 1
				} else {
					common[i][j] = max(common[i+1][j], common[i][j+1])
				}
			}
		}
	}
	gone := 0 // instructions of old since the last one that is as it was
	var last *source.Step
	i, j := 0, 0
	for j < m {
		switch {
		case i < n && was[i] == is[j]:
			x.prior[after[j]] = before[i]
			if gone > 0 {
				x.news[after[j]] = fmt.Sprintf("%s, which was above it, was removed", Name(last))
			}
			gone = 0
			i, j = i+1, j+1
		case i < n && common != nil && common[i+1][j] >= common[i][j+1]:
			last = before[i]
			gone, i = gone+1, i+1
		default:
			switch {
			case gone > 0:
				gone--
				x.news[after[j]] = "the instruction changed"
			case common == nil && i < n:
				i++
				x.news[after[j]] = "the instruction changed"
			default:
				x.news[after[j]] = "the instruction is new"
			}
			j++
		}
	}
	if i < n {
		last = before[n-1]
		gone++
	}
	if gone > 0 {
		x.ends[st] = fmt.Sprintf("%s, which was at the end of stage %s, was removed", Name(last), stageName(st))
	}
}

func stageName(st *source.Stage) string {
	if st.Name != "" {
		return st.Name
	}
	return fmt.Sprint(st.Index)
}

// differs is what differs in the variables and the settings of an instruction whose
// words are as they were: all that the builder's key of it holds.
func (x *causes) differs(s *source.Step) string {
	old := x.prior[s]
	if old == nil {
		return ""
	}
	switch {
	case s.Copy != nil && old.Copy != nil:
		pairs := [][2]source.Text{{old.Copy.Chown, s.Copy.Chown}, {old.Copy.Chmod, s.Copy.Chmod}, {old.Copy.Dest, s.Copy.Dest}, {old.Copy.Checksum, s.Copy.Checksum}}
		for i := range s.Copy.Sources {
			if i < len(old.Copy.Sources) {
				pairs = append(pairs, [2]source.Text{old.Copy.Sources[i], s.Copy.Sources[i]})
			}
		}
		for _, p := range pairs {
			if p[0].Value != p[1].Value {
				return variable(p[0].Used, p[1].Used, s)
			}
		}
	case s.Keyword == "WORKDIR":
		if old.Value.Value != s.Value.Value {
			return variable(old.Value.Used, s.Value.Used, s)
		}
	case s.Keyword == "RUN":
		return settings(old, s)
	}
	return ""
}

// settings is what differs between the surroundings of a RUN: its user, its shell,
// its variables.
func settings(old, s *source.Step) string {
	for _, of := range []struct {
		word    string
		was, is *source.Step
	}{{"USER", old.Before.User, s.Before.User}, {"SHELL", old.Before.Shell, s.Before.Shell}} {
		switch {
		case of.was == nil && of.is == nil:
		case of.is == nil:
			return of.word + ", which was above it, was removed"
		case of.was == nil:
			return fmt.Sprintf("%s is new", Name(of.is))
		case words(of.was) != words(of.is) || of.was.Value.Value != of.is.Value.Value:
			return fmt.Sprintf("%s changed", Name(of.is))
		}
	}
	return variable(seen(old), seen(s), s)
}

// seen are the variables of the Dockerfile's own that a RUN sees: every ENV above
// it, and every ARG of its stage that has a value, whether it uses them or not.
func seen(s *source.Step) (list []source.Var) {
	for v := range s.Env.All {
		if v.Step != nil && v.Set {
			list = append(list, v)
		}
	}
	return list
}

// variable names the first variable that differs. Its value may be a secret.
func variable(was, is []source.Var, s *source.Step) string {
	named := func(list []source.Var) map[string]source.Var {
		out := map[string]source.Var{}
		for _, v := range list {
			out[v.Name] = v
		}
		return out
	}
	old, now := named(was), named(is)
	names := slices.Sorted(maps.Keys(now))
	slices.SortStableFunc(names, func(a, b string) int { return line(now[a]) - line(now[b]) })
	for _, name := range names {
		v := now[name]
		o, ok := old[name]
		if ok && o.Value == v.Value {
			continue
		}
		how := "has another value"
		if !ok {
			how = "is new"
		}
		where := kind(v) + " " + name
		if v.Step != nil {
			where += fmt.Sprintf(" (line %d)", v.Step.Line())
		}
		if s.Keyword == "RUN" && !strings.Contains(words(s), name) {
			how += ", which each RUN below it sees"
		}
		return where + " " + how
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if _, ok := now[name]; !ok {
			return fmt.Sprintf("%s %s, which was above it, was removed", kind(old[name]), name)
		}
	}
	if len(was) == 0 && len(is) == 0 || s.Keyword == "RUN" {
		return ""
	}
	return "what its variables stand for changed"
}

func line(v source.Var) int {
	if v.Step == nil {
		return 0
	}
	return v.Step.Line()
}

func kind(v source.Var) string {
	if v.Arg {
		return "ARG"
	}
	return "ENV"
}
