package report

import (
	"encoding/json"
	"io"
	"net/url"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/rules"
)

// A sarif writes a SARIF 2.1.0 log with one run, as GitHub's code scanning takes
// it. Rules carry properties.family, the number of their rule.
type sarif struct {
	names  Names
	w      *redact.Writer
	index  map[string]int
	wrote  bool
	failed bool
}

type (
	sarifText struct {
		Text string `json:"text"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	sarifRule struct {
		ID               string         `json:"id"`
		Name             string         `json:"name"`
		ShortDescription sarifText      `json:"shortDescription"`
		FullDescription  sarifText      `json:"fullDescription"`
		Help             sarifHelp      `json:"help"`
		HelpURI          string         `json:"helpUri,omitempty"`
		Default          sarifLevel     `json:"defaultConfiguration"`
		Properties       map[string]any `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Related      []sarifLocation   `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Fixes        []sarifFix        `json:"fixes,omitempty"`
		Properties   map[string]any    `json:"properties,omitempty"`
	}
	sarifFix struct {
		Description sarifText         `json:"description"`
		Changes     []sarifChange     `json:"artifactChanges"`
		Properties  map[string]string `json:"properties"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
)

func newSARIF(w io.Writer, names Names) *sarif {
	return &sarif{names: names, w: redact.NewWriter(w, names.Redactor, redact.JSON)}
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

func (s *sarif) begin() {
	if s.index != nil {
		return
	}
	s.index = map[string]int{}
	var list []sarifRule
	for _, r := range rules.All {
		for _, c := range r.Checks {
			id := r.ID(c)
			s.index[id] = len(list)
			list = append(list, sarifRule{
				ID:               id,
				Name:             id,
				ShortDescription: sarifText{excerpt.Sentence(c.Claim)},
				FullDescription:  sarifText{excerpt.Sentence(c.Why)},
				Help:             sarifHelp{Text: c.Why + "\n" + c.Mend, Markdown: rules.Page(r, c)},
				Default:          sarifLevel{c.Severity.String()},
				Properties:       properties(r, c),
			})
		}
	}
	s.index[unparsable] = len(list)
	list = append(list, sarifRule{
		ID: unparsable, Name: unparsable,
		ShortDescription: sarifText{"The file can be read."},
		FullDescription:  sarifText{"A file that cannot be parsed was not judged."},
		Help:             sarifHelp{Text: "Fix the syntax of the file.", Markdown: "Fix the syntax of the file."},
		Default:          sarifLevel{"note"},
		Properties:       map[string]any{"tags": []string{"container"}},
	})
	s.head(list)
}

// head begins the log, with what its results may be of.
func (s *sarif) head(list []sarifRule) {
	s.w.WriteString(`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"dockworthy","version":"` + dockworthy.Version + `","semanticVersion":"` + dockworthy.Version + `","rules":`)
	s.json(list)
	s.w.WriteString(`}},"columnKind":"unicodeCodePoints","results":[`)
}

const unparsable = "input/unparsable"

func (s *sarif) json(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain data is ever written
	}
	s.w.Write(data)
}

// Result writes the findings of one unit.
func (s *sarif) Result(res *check.Result) error {
	s.begin()
	if res.Problem != nil {
		s.problem(*res.Problem, res.Unit.Named)
		return s.w.Flush()
	}
	hidden := s.names.Hide(res)
	for _, f := range res.Findings {
		r := sarifResult{
			RuleID:       f.ID(),
			RuleIndex:    s.index[f.ID()],
			Level:        f.Severity.String(),
			Message:      sarifText{hidden.Hide(excerpt.Sentence(f.Message)) + " " + excerpt.Sentence(helpOf(f, hidden))},
			Locations:    []sarifLocation{s.location(physical(f, res.Unit), 0, hidden)},
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
		s.result(r)
	}
	return s.w.Flush()
}

// fix is a fix as SARIF has it: replacements by file, those of a file that is not
// there yet at its beginning.
func (s *sarif) fix(x check.Fix, hidden *excerpt.Hidden) sarifFix {
	out := sarifFix{Description: sarifText{hidden.Hide(excerpt.Sentence(x.Title))}, Properties: map[string]string{"grade": x.Grade.String()}}
	if x.Reason != "" {
		out.Properties["reason"] = hidden.Hide(x.Reason)
	}
	replace := func(file string, r sarifReplacement) {
		uri := s.uri(file)
		for i := range out.Changes {
			if out.Changes[i].Artifact.URI == uri {
				out.Changes[i].Replacements = append(out.Changes[i].Replacements, r)
				return
			}
		}
		out.Changes = append(out.Changes, sarifChange{sarifArtifact{uri}, []sarifReplacement{r}})
	}
	for _, e := range x.Edits {
		from, to := e.File.Position(e.Span.Start), e.File.Position(e.Span.End)
		replace(e.File.Name, sarifReplacement{sarifRegion{from.Line, from.Column, to.Line, to.Column}, sarifText{e.New}})
	}
	for _, c := range x.Create {
		replace(c.Path, sarifReplacement{sarifRegion{1, 1, 1, 1}, sarifText{string(c.Data)}})
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

func (s *sarif) result(r sarifResult) {
	if s.wrote {
		s.w.WriteByte(',')
	}
	s.wrote = true
	s.w.WriteByte('\n')
	s.json(r)
}

func (s *sarif) location(p check.Place, id int, hidden *excerpt.Hidden) sarifLocation {
	l := sarifLocation{ID: id, Physical: sarifPhysical{Artifact: sarifArtifact{s.uri(p.File.Name)}, Region: sarifRegion{StartLine: 1}}}
	if !p.Span.IsZero() {
		from, to := p.File.Position(p.Span.Start), p.File.Position(p.Span.End)
		l.Physical.Region = sarifRegion{from.Line, from.Column, to.Line, to.Column}
	}
	if p.Message != "" {
		l.Message = &sarifText{hidden.Hide(p.Message)}
	}
	return l
}

// uri is a path as a relative URI reference.
func (s *sarif) uri(p string) string {
	name := s.names.Of(p)
	if name == "<stdin>" {
		name = "stdin"
	}
	return (&url.URL{Path: name}).EscapedPath()
}

func (s *sarif) problem(p check.Problem, named bool) {
	level := "note"
	if named {
		level, s.failed = "error", true
	}
	s.result(sarifResult{
		RuleID:       unparsable,
		RuleIndex:    s.index[unparsable],
		Level:        level,
		Message:      sarifText{excerpt.Sentence(s.names.Redactor.Hide(excerpt.Problem(p)))},
		Locations:    []sarifLocation{{Physical: sarifPhysical{Artifact: sarifArtifact{s.uri(p.Path)}, Region: sarifRegion{StartLine: max(1, p.Line)}}}},
		Fingerprints: map[string]string{"dockworthy/v1": digest(unparsable, p.Path, p.Err.Error())},
	})
}

// Close ends the log.
func (s *sarif) Close(problems []check.Problem) error {
	s.begin()
	for _, p := range problems {
		s.problem(p, false)
	}
	s.w.WriteString("\n]")
	s.w.WriteString(`,"invocations":[{"executionSuccessful":`)
	s.json(!s.failed)
	s.w.WriteString("}]}]}\n")
	return s.w.Flush()
}
