package report

import (
	"io"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/internal/sarif"
)

// A sarifReport writes a SARIF log. Rules carry properties.family, the number of their rule.
type sarifReport struct {
	*sarif.Log
	names Names
	index map[string]int
}

func newSARIF(w io.Writer, names Names) *sarifReport {
	return &sarifReport{Log: sarif.New(w, names), names: names}
}

// properties are what code hosts sort and show a check by.
func properties(r *check.Rule, c *check.Check) map[string]any {
	out := map[string]any{"family": r.Number, "tags": []string{"container", r.Name}, "precision": string(r.Precise)}
	if r.Security {
		out["tags"] = []string{"container", "security", r.Name}
		out["security-severity"] = severity(c.Severity)
	}
	return out
}

// severity is GitHub's security-severity: a number from 0 to 10 as a string.
func severity(s check.Severity) string {
	switch s {
	case check.Error:
		return "7.5"
	case check.Warning:
		return "5.0"
	}
	return "2.0"
}

func (s *sarifReport) begin() {
	if s.index != nil {
		return
	}
	s.index = map[string]int{}
	var list []sarif.Rule
	for _, r := range rules.All {
		for _, c := range r.Checks {
			id := r.ID(c)
			s.index[id] = len(list)
			list = append(list, sarif.Rule{
				ID:               id,
				Name:             id,
				ShortDescription: sarif.Text{Text: excerpt.Sentence(c.Claim)},
				FullDescription:  sarif.Text{Text: excerpt.Sentence(c.Why)},
				Help:             sarif.Help{Text: c.Why + "\n" + c.Mend, Markdown: rules.Page(r, c)},
				Default:          sarif.Level{Level: c.Severity.String()},
				Properties:       properties(r, c),
			})
		}
	}
	s.index[unparsable] = len(list)
	list = append(list, sarif.Rule{
		ID: unparsable, Name: unparsable,
		ShortDescription: sarif.Text{Text: "The file can be read."},
		FullDescription:  sarif.Text{Text: "A file that cannot be parsed was not judged."},
		Help:             sarif.Help{Text: "Fix the syntax of the file.", Markdown: "Fix the syntax of the file."},
		Default:          sarif.Level{Level: "note"},
		Properties:       map[string]any{"tags": []string{"container"}},
	})
	s.Begin(dockworthy.Version, list)
}

const unparsable = "input/unparsable"

// Result writes the findings of one unit.
func (s *sarifReport) Result(res *check.Result) error {
	s.begin()
	if res.Problem != nil {
		s.problem(*res.Problem, res.Unit.Named)
		return s.Flush()
	}
	hidden := s.names.Hide(res)
	for _, f := range res.Findings {
		r := sarif.Result{
			RuleID:       f.ID(),
			RuleIndex:    s.index[f.ID()],
			Level:        f.Severity.String(),
			Message:      sarif.Text{Text: hidden.Hide(excerpt.Sentence(f.Message)) + " " + excerpt.Sentence(helpOf(f, hidden))},
			Locations:    []sarif.Location{s.location(physical(f, res.Unit), 0, hidden)},
			Fingerprints: map[string]string{"dockworthy/v1": Fingerprint(f, res.Unit)},
		}
		r.Properties = map[string]any{"level": f.Level.String()}
		if t := strings.Join(f.Targets, ","); t != "" {
			r.Properties["targets"] = f.Targets
		}
		if f.Place.File.Name != res.Unit.Path && f.Level != check.Source {
			r.Message.Text += " Observed: " + hidden.Hide(excerpt.Line(f.Place, hidden))
		}
		for i, p := range f.Related {
			r.Related = append(r.Related, s.location(p, i+1, hidden))
		}
		for _, x := range shownFixes(f, hidden) {
			r.Fixes = append(r.Fixes, s.fix(x, hidden))
		}
		s.Log.Result(r)
	}
	return s.Flush()
}

// fix is a fix as SARIF has it: replacements by file, those of a file that is not
// there yet at its beginning.
func (s *sarifReport) fix(x check.Fix, hidden *excerpt.Hidden) sarif.Fix {
	out := sarif.Fix{Description: sarif.Text{Text: hidden.Hide(excerpt.Sentence(x.Title))}, Properties: map[string]string{"grade": x.Grade.String()}}
	if x.Reason != "" {
		out.Properties["reason"] = hidden.Hide(x.Reason)
	}
	replace := func(file string, r sarif.Replacement) {
		uri := s.URI(file)
		for i := range out.Changes {
			if out.Changes[i].Artifact.URI == uri {
				out.Changes[i].Replacements = append(out.Changes[i].Replacements, r)
				return
			}
		}
		out.Changes = append(out.Changes, sarif.Change{Artifact: sarif.Artifact{URI: uri}, Replacements: []sarif.Replacement{r}})
	}
	for _, e := range x.Edits {
		replace(e.File.Name, sarif.Replacement{Deleted: sarif.RegionOf(e.File, e.Span), Inserted: sarif.Text{Text: e.New}})
	}
	for _, c := range x.Create {
		replace(c.Path, sarif.Replacement{Deleted: sarif.Region{StartLine: 1, StartColumn: 1, EndLine: 1, EndColumn: 1}, Inserted: sarif.Text{Text: string(c.Data)}})
	}
	return out
}

// physical is the place of a finding in a file of the repository: what was seen
// in an image or a run is shown at the file that it was built from.
func physical(f check.Reported, u check.Unit) check.Place {
	if f.Level == check.Source || f.Place.File.Name == u.Path || f.Build == nil {
		return f.Place
	}
	return check.Place{File: f.Build.Text(), Message: f.Place.Message}
}

func (s *sarifReport) location(p check.Place, id int, hidden *excerpt.Hidden) sarif.Location {
	message := p.Message
	if message != "" {
		message = hidden.Hide(message)
	}
	return s.Location(p, id, message)
}

func (s *sarifReport) problem(p check.Problem, named bool) {
	level := "note"
	if named {
		level, s.Failed = "error", true
	}
	s.Log.Result(sarif.Result{
		RuleID:       unparsable,
		RuleIndex:    s.index[unparsable],
		Level:        level,
		Message:      sarif.Text{Text: excerpt.Sentence(s.names.Redactor.Hide(excerpt.Problem(p)))},
		Locations:    []sarif.Location{{Physical: sarif.Physical{Artifact: sarif.Artifact{URI: s.URI(p.Path)}, Region: sarif.Region{StartLine: max(1, p.Line)}}}},
		Fingerprints: map[string]string{"dockworthy/v1": sarif.Fingerprint(unparsable, p.Path, p.Err.Error())},
	})
}

// Close ends the log.
func (s *sarifReport) Close(problems []check.Problem) error {
	s.begin()
	for _, p := range problems {
		s.problem(p, false)
	}
	return s.End()
}
