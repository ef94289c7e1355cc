package secret

import (
	"cmp"
	"slices"
	"strings"
)

// Hide is s with every secret of a vendor's shape masked. What may be meant for
// everybody, or has its shape by chance, is left.
func Hide(s string) string {
	found := Find(s)
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b Match) int { return cmp.Compare(a.From, b.From) })
	var b strings.Builder
	at := 0
	for _, m := range found {
		if m.Public || m.Weak() || m.From < at {
			continue
		}
		b.WriteString(s[at:m.From] + Mask(s[m.From:m.To]))
		at = m.To
	}
	return b.String() + s[at:]
}
