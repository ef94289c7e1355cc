package secrets

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var inHeredoc = &check.Check{
	Name:     "in-heredoc",
	Claim:    "no here-document contains a secret",
	Why:      "the file that a here-document creates is in a layer, and its text is in the repository",
	Mend:     "remove the value from the file, and let the program read it from the environment or from a mounted file when it starts",
	Quiet:    "For placeholders and for variables that the program expands when it runs.",
	Unfixed:  "how the program is to get the value is for you to say: from its environment, or from a file that is mounted when it starts",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.10"},
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		eachStep(b, func(s *source.Step) {
			if c := s.Copy; c != nil && len(c.Heredocs) > 0 {
				var own []check.Finding
				for _, h := range c.Heredocs {
					own = append(own, document(b, s, h.Body, h.Name)...)
					if h.Expand {
						own = append(own, expanded(b, s, h.Body)...)
					}
				}
				for _, f := range own {
					found = append(found, recipe.Unwritten(b, s).To(f))
				}
				return
			}
			run := s.Run()
			if run == nil || len(s.Heredocs()) == 0 {
				return
			}
			docs := documents(run)
			for _, c := range run.Commands() {
				// What is only said, as a usage text, is stored nowhere.
				_, written := c.Redirected()
				if c.Program() == "cat" && !written && c.PipeTo == nil {
					continue
				}
				for _, r := range c.Redirects {
					if strings.HasPrefix(r.Op, "<<") && r.Op != "<<<" && inside(docs, r.Body.Span) {
						found = append(found, document(b, s, r.Body.Span, r.Target.Text)...)
					}
				}
			}
			if run.Script == nil {
				for _, h := range s.Heredocs() {
					found = append(found, document(b, s, h.Body, h.Name)...)
				}
			}
		})
		return check.Judge(found)
	},
}

// document are the literals of one here-document.
func document(b *source.Build, s *source.Step, body text.Span, name string) []check.Finding {
	sc := scan{file: b.Text(), runtime: true}
	for n := b.Text().Position(body.Start).Line; ; n++ {
		at := b.Text().LineSpan(n)
		if at.Start >= body.End || at.Start < body.Start {
			break
		}
		sc.look(at)
	}
	if strings.Contains(b.Text().Text(body), "PRIVATE KEY") {
		sc.look(body) // it goes over several lines
	}
	sc.content(body)
	return literals(b, s, sc.leaks, fmt.Sprintf("the here-document %s", name))
}

// expanded are the build arguments that COPY puts into a here-document.
func expanded(b *source.Build, s *source.Step, body text.Span) []check.Finding {
	var found []check.Finding
	for n := b.Text().Position(body.Start).Line; ; n++ {
		at := b.Text().LineSpan(n)
		if at.Start >= body.End || at.Start < body.Start {
			return found
		}
		for _, v := range variables(" " + b.Text().Text(at)) {
			if _, ok := argument(s, v, false); ok {
				found = append(found, check.Finding{
					Place:   check.Place{File: b.Text(), Span: at},
					Stage:   s.Stage,
					Message: fmt.Sprintf("the value of the build argument %s is written to %s", v, s.Copy.Dest.Value),
					Cause:   argCause(v),
				})
			}
		}
	}
}
