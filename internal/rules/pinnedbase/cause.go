package pinnedbase

import (
	"slices"
	"strings"
)

// cause is what makes a use what it is: the build arguments in the name, where
// there are some, else the image.
func (u use) cause() string {
	names := slices.Clone(u.image.Text.Missing)
	raw := u.image.Text.Raw
	if !strings.Contains(raw, "$") {
		return u.image.Text.Value
	}
	for rest := raw; ; {
		_, after, ok := strings.Cut(rest, "$")
		if !ok {
			break
		}
		after = strings.TrimPrefix(after, "{")
		n := strings.IndexFunc(after, func(r rune) bool {
			return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
		})
		if n < 0 {
			n = len(after)
		}
		names = append(names, after[:n])
		rest = after[n:]
	}
	slices.Sort(names)
	return u.image.Ref.Repo + " $" + strings.Join(slices.Compact(names), " $")
}
