package entrypoint

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var malformedJSON = &check.Check{
	Name:     "malformed-json",
	Claim:    "a command that is written as an array is JSON",
	Why:      "what is not JSON is silently taken for shell form: a shell looks for a program named [",
	Mend:     "use double quotes, a comma between the words and none after the last",
	Quiet:    "For a shell test, as `[ -f x ] && y`.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"hadolint DL3025"},
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		var found []check.Finding
		for _, step := range effective(b) {
			rest := step.Rest().Text
			if step.JSON || !looksLikeArray(rest) {
				continue
			}
			found = append(found, check.Finding{
				Place:   place(b, step),
				Message: fmt.Sprintf("%s looks like an array but is no JSON (%s), so it is a shell line", step.Keyword, flaw(rest)),
			})
		}
		return check.Judge(found)
	},
}

// flaw names what keeps an array from being JSON.
func flaw(s string) string {
	s = strings.TrimSpace(s)
	switch {
	case strings.ContainsAny(s, "“”‘’"):
		return "typographic quotes"
	case !strings.HasSuffix(s, "]"):
		return "the closing bracket is missing or something follows it"
	case strings.Contains(s, "'") && !strings.Contains(s, `"`):
		return "single quotes"
	case strings.HasSuffix(strings.TrimSpace(strings.TrimSuffix(s, "]")), ","):
		return "a comma after the last word"
	case strings.Contains(s, "'"):
		return "single quotes"
	case !strings.Contains(s, `"`):
		return "no quotes"
	}
	return "a comma or a quote is missing, or a backslash escapes nothing"
}
