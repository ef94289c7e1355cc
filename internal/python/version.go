package python

import (
	"slices"
	"strconv"
	"strings"
)

// Fits tells whether a version of Python may do for what is asked: a version, or a
// specifier as requires-python (PEP 440) and poetry (^3.11, ~3.11, >=3.9 || 3.12)
// write it. A part that cannot be read rules nothing out.
func Fits(have, asked string) bool {
	if strings.Contains(asked, "||") {
		return slices.ContainsFunc(strings.Split(asked, "||"), func(s string) bool { return Fits(have, s) })
	}
	for _, part := range strings.FieldsFunc(asked, func(r rune) bool {
		return r == ',' || r == ' ' && strings.ContainsAny(asked, "<>") && !strings.ContainsAny(asked, ",")
	}) {
		part = strings.TrimSpace(part)
		version := strings.TrimLeft(part, "=<>!~^ ")
		op := strings.TrimSpace(strings.TrimSuffix(part, version))
		any := strings.HasSuffix(version, ".*")
		want, ok := numbers(strings.TrimSuffix(version, ".*"))
		got, ok2 := numbers(have)
		if !ok || !ok2 {
			continue
		}
		n := min(len(want), len(got))
		cmp := slices.Compare(got[:n], want[:n])
		whole := len(got) >= len(want)
		switch {
		case (op == "" || op == "==" || op == "===") && cmp != 0:
			return false
		case op == "!=" && cmp == 0 && (any || whole):
			return false
		case op == "~=" && (cmp < 0 || len(want) > 1 && got[0] != want[0] || len(want) > 2 && len(got) > 1 && got[1] != want[1]):
			return false
		case op == "^" && (cmp < 0 || got[0] != want[0]):
			return false
		case op == "~" && (cmp < 0 || got[0] != want[0] || len(want) > 1 && len(got) > 1 && got[1] != want[1]):
			return false
		case op == ">=" && cmp < 0:
			return false
		case op == ">" && (cmp < 0 || cmp == 0 && whole && len(want) == len(got)):
			return false
		case op == "<=" && cmp > 0 && !any:
			return false
		case op == "<" && (cmp > 0 || cmp == 0 && whole):
			return false
		}
	}
	return true
}

// numbers are the parts of a version.
func numbers(v string) ([]int, bool) {
	var list []int
	for _, part := range strings.Split(strings.TrimSpace(v), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}
