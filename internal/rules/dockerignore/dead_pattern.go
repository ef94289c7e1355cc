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
	Claim:    "every pattern of the ignore file does what it seems to say",
	Why:      "a pattern that matches nothing keeps nothing out",
	Mend:     "write **/name for a name in any folder, put comments on lines of their own, and give paths from the context's root",
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
			found = append(found, check.Finding{Place: check.Place{File: b.Context.File}, Message: fmt.Sprintf("the builder refuses the ignore file: %v", err)})
		}
		excluded := false
		var anchored []*ignore.Pattern
		for _, p := range b.Context.Ignore.Patterns() {
			switch {
			case strings.Contains(p.Raw, " #") || strings.Contains(p.Raw, "\t#"):
				add(p, "put the comment on a line of its own", "%q is one pattern, for a comment is a line of its own", p.Raw)
			case strings.HasPrefix(p.Text, "../") || p.Text == "..":
				add(p, "", "%s lies above the context, of which nothing is sent anyway", p.Raw)
			case p.Negated && !excluded:
				add(p, "put the exception after the pattern from which it is one", "%s is an exception, and no pattern before it excludes anything", p.Raw)
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
						add(p, "write **/"+p.Text, "%s stops the one at the context's root alone, and %s is sent", p.Raw, e.Path)
						found[len(found)-1].Cause = check.SentCause.Of(e.Path) // sends-unwanted speaks where it is taken
						break
					}
				}
			}
		}
		return check.Judge(found)
	},
}
