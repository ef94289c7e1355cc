package redact

import (
	"slices"
	"strings"
)

// A matcher replaces values in text, the longest that begins at a place, in time
// that grows with the text and hardly with the number of values. Adding one costs
// no more for those that are there.
type matcher struct {
	with    map[string]string // by value
	lengths map[string][]int  // by the first bytes of values, those of values that begin so, longest first
	heads   [1 << 10]uint64   // which first bytes there are
}

// shortest is how long a value is at least; as many bytes are what it is first
// looked for by.
const shortest = 8

func (m *matcher) add(v, with string) {
	if len(v) < shortest {
		return
	}
	if m.with == nil {
		m.with, m.lengths = map[string]string{}, map[string][]int{}
	}
	m.with[v] = with
	first := v[:shortest]
	list := m.lengths[first]
	if at, ok := slices.BinarySearchFunc(list, len(v), func(have, n int) int { return n - have }); !ok {
		m.lengths[first] = slices.Insert(list, at, len(v))
	}
	n := head(v)
	m.heads[n>>6] |= 1 << (n & 63)
}

// head is a number for the first bytes of a value.
func head(s string) uint {
	n := uint(s[0]) | uint(s[1])<<8 | uint(s[2])<<16 | uint(s[3])<<24
	return n * 2654435761 >> 7 & (1<<16 - 1)
}

func (m *matcher) replace(s string) string {
	if len(m.with) == 0 {
		return s
	}
	var b strings.Builder
	done := 0
places:
	for i := 0; i+shortest <= len(s); i++ {
		if n := head(s[i:]); m.heads[n>>6]&(1<<(n&63)) == 0 {
			continue
		}
		for _, length := range m.lengths[s[i:i+shortest]] {
			if i+length > len(s) {
				continue
			}
			if with, ok := m.with[s[i:i+length]]; ok {
				b.WriteString(s[done:i])
				b.WriteString(with)
				i += length
				done = i
				i--
				continue places
			}
		}
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}
