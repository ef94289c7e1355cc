package shell

import "strings"

const maxTrim = 4096 // bytes of a value of which something is taken off

// maxMatch bounds the work of one match: length of text times pattern.
const maxMatch = 1 << 20

// Match tells whether all of s matches a shell pattern (*, ?, […], backslash).
// ok is false when it would cost too much to tell.
func Match(pattern, s string) (matched, ok bool) {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return pattern == s, true
	}
	if len(pattern)*len(s) > maxMatch {
		return false, false
	}
	return glob(pattern, s), true
}

// matchSteps is what a match takes of a budget.
func matchSteps(pattern, s string) int { return len(pattern) + len(pattern)*len(s)/bytesOfCopy }

// trimSteps is what taking a prefix or suffix off takes of a budget: it is tried
// at each length.
func trimSteps(s, pattern string) int { return (1 + len(s)) * (1 + len(pattern)*len(s)/bytesOfCopy) }

// glob goes back to the last star only, which is enough and not exponential.
func glob(p, s string) bool {
	starP, starS := -1, 0
	i, j := 0, 0
	for j < len(s) {
		if i < len(p) {
			if p[i] == '*' {
				starP, starS = i, j
				i++
				continue
			}
			if n, ok := one(p[i:], s[j]); ok {
				i += n
				j++
				continue
			}
		}
		if starP < 0 {
			return false
		}
		starS++
		i, j = starP+1, starS
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// one matches a single byte; n is the length of the pattern's element.
func one(p string, c byte) (n int, ok bool) {
	switch p[0] {
	case '?':
		return 1, true
	case '\\':
		if len(p) > 1 {
			return 2, p[1] == c
		}
		return 1, c == '\\'
	case '[':
		end := strings.IndexByte(p[1:], ']')
		if end == 0 || end == 1 && (p[1] == '!' || p[1] == '^') {
			if e := strings.IndexByte(p[end+2:], ']'); e >= 0 {
				end += e + 1
			}
		}
		if end < 1 {
			return 1, c == '['
		}
		set, not := p[1:end+1], false
		if set[0] == '!' || set[0] == '^' {
			set, not = set[1:], true
		}
		in := false
		for k := 0; k < len(set); k++ {
			if k+2 < len(set) && set[k+1] == '-' {
				in = in || set[k] <= c && c <= set[k+2]
				k += 2
				continue
			}
			in = in || set[k] == c
		}
		return end + 2, in != not
	}
	return 1, p[0] == c
}

func escapePattern(s string) string {
	b := make([]byte, 0, len(s)+4)
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(`*?[\`, s[i]) >= 0 {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return string(b)
}

// trim takes a matching prefix or suffix off s.
func trim(s, pattern string, suffix, longest bool) (string, bool) {
	if len(s) > maxTrim || len(pattern)*len(s) > 1<<14 {
		return "", false
	}
	for k := 0; k <= len(s); k++ {
		n := k // length of what is taken off
		if longest {
			n = len(s) - k
		}
		if suffix {
			if glob(pattern, s[len(s)-n:]) {
				return s[:len(s)-n], true
			}
		} else if glob(pattern, s[:n]) {
			return s[n:], true
		}
	}
	return s, true
}

// braces expands {a,b} as bash does; more than limit words stay as they are.
func braces(s string, limit int) []string {
	done := []string{}
	todo := []string{s}
	for len(todo) > 0 {
		t := todo[0]
		todo = todo[1:]
		open, parts, end := braceGroup(t)
		if parts == nil {
			done = append(done, t)
		} else {
			next := make([]string, 0, len(parts)+len(todo))
			for _, p := range parts {
				next = append(next, t[:open]+p+t[end:])
			}
			todo = append(next, todo...)
		}
		if len(done)+len(todo) > limit {
			return []string{s}
		}
	}
	return done
}

// braceGroup finds the first {…,…} of s.
func braceGroup(s string) (open int, parts []string, end int) {
	for open = strings.IndexByte(s, '{'); open >= 0 && open < len(s); open++ {
		if s[open] != '{' || open > 0 && s[open-1] == '$' {
			continue
		}
		depth, from := 0, open+1
		parts = nil
		for i := open; i < len(s); i++ {
			switch s[i] {
			case '{':
				depth++
			case ',':
				if depth == 1 {
					parts = append(parts, s[from:i])
					from = i + 1
				}
			case '}':
				depth--
				if depth == 0 {
					if parts == nil {
						i = len(s) // {x}: not a group
						break
					}
					return open, append(parts, s[from:i]), i + 1
				}
			}
		}
		if len(s) > 1024 {
			break // unbalanced and long: not worth a second look
		}
	}
	return 0, nil, 0
}
