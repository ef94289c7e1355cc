package entrypoint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

var malformedJSON = &check.Check{
	Name:     "malformed-json",
	Claim:    "a command that is written as an array is valid JSON",
	Why:      "Docker silently treats an array that is not valid JSON as shell form: the shell then looks for a program named [",
	Mend:     "use double quotes, put a comma between the words, and no comma after the last one",
	Quiet:    "For a shell test, such as `[ -f x ] && y`.",
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
			a := recipe.Array(b, step)
			found = append(found, check.Finding{
				Fixes:   a.Fixes,
				Unfixed: a.Unfixed,
				Place:   place(b, step),
				Message: fmt.Sprintf("%s looks like an array but is not valid JSON (%s), so it is in shell form", step.Keyword, flaw(rest)),
				Help:    withVariable(step.Keyword, rest),
			})
		}
		return check.Judge(found)
	},
}

// withVariable is the advice where an array names a variable, which no shell would
// expand in a valid one; "" where it names none.
func withVariable(keyword, rest string) string {
	m := reference.FindString(rest)
	if m == "" {
		return ""
	}
	return fmt.Sprintf(`a valid array would leave %s as it is, so let a shell expand it: %s ["sh", "-c", "exec program %s"]`, m, keyword, m)
}

var reference = regexp.MustCompile(`\$(?:\{\w+[^}]*\}|\w+)`)

// flaw names what keeps an array from being JSON.
func flaw(s string) string {
	s = strings.TrimSpace(s)
	switch {
	case strings.ContainsAny(s, "“”‘’"):
		return "typographic quotes"
	case !strings.HasSuffix(s, "]"):
		return "the closing bracket is missing, or text follows it"
	case strings.Contains(s, "'") && !strings.Contains(s, `"`):
		return "single quotes"
	case strings.HasSuffix(strings.TrimSpace(strings.TrimSuffix(s, "]")), ","):
		return "a comma after the last word"
	case strings.Contains(s, "'"):
		return "single quotes"
	case !strings.Contains(s, `"`):
		return "no quotes"
	}
	return "a comma or a quote is missing, or an escape sequence is invalid"
}
