package dockerignore

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
)

var deadPattern = &check.Check{
	Name:     "dead-pattern",
	Claim:    "every pattern in the ignore file has the effect that it appears to have",
	Why:      "a pattern that matches nothing excludes nothing",
	Mend:     "write **/name to match a name in any folder, put each comment on its own line, and write paths relative to the root of the build context",
	Unfixed:  "whether the pattern is misspelled or left over is for you to say",
	Severity: check.Note,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		if !effective(b.Context) {
			return check.Judge(nil)
		}
		var found []check.Finding
		add := func(p *ignore.Pattern, help, format string, args ...any) {
			found = append(found, check.Finding{
				Place:   check.Place{File: b.Context.File, Span: p.Span},
				Message: fmt.Sprintf(format, args...),
				Help:    help,
			})
		}
		if err := b.Context.Ignore.Err(); err != nil {
			found = append(found, check.Finding{Place: check.Place{File: b.Context.File}, Message: fmt.Sprintf("the builder rejects the ignore file: %v", err)})
		}
		excluded := false
		var anchored []*ignore.Pattern
		for _, p := range b.Context.Ignore.Patterns() {
			switch {
			case strings.Contains(p.Raw, " #") || strings.Contains(p.Raw, "\t#"):
				add(p, "put the comment on its own line", "the whole line %q is one pattern: a comment must be on its own line", p.Raw)
			case strings.HasPrefix(p.Text, "../") || p.Text == "..":
				add(p, "", "%s is outside the build context, so it is never sent", p.Raw)
			case p.Negated && !excluded:
				add(p, "put the exception after the pattern that excludes the file", "the exception %s has no effect: no pattern before it excludes anything", p.Raw)
			case !p.Negated && source.Unwanted(p.Text):
				anchored = append(anchored, p)
			}
			excluded = excluded || !p.Negated
		}
		if len(anchored) > 0 {
			notable, _ := b.Context.Notable()
			for _, p := range anchored {
				for _, e := range notable {
					if path.Base(e.Path) != p.Text || e.Path == p.Text {
						continue
					}
					if _, ok := letThrough(b.Context, e); ok {
						add(p, "write **/"+p.Text, "%s matches only at the root of the build context, so %s is still sent", p.Raw, e.Path)
						found[len(found)-1].Cause = check.SentCause.Of(e.Path) // sends-unwanted speaks where it is taken
						break
					}
				}
			}
		}
		return check.Judge(found)
	},
}
