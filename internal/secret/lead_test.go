package secret

import (
	"strings"
	"testing"
)

// Of a shape that begins with a word, the pattern begins with the prefixes.
func TestLead(t *testing.T) {
	for _, s := range shapes().all {
		if !s.lead {
			continue
		}
		for _, p := range s.Prefix {
			rest := strings.TrimPrefix(s.Pattern, `\b`)
			if rest[0] != p[0] && !strings.HasPrefix(rest, "(?:") && !strings.HasPrefix(rest, "["+p[:1]) && !strings.Contains(rest[:strings.IndexByte(rest, ']')+1], p[:1]) {
				t.Errorf("%s: %s does not begin with %s", s.What, s.Pattern, p)
			}
		}
	}
}
